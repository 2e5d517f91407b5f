//! What the rows of the form are called, and the values of its choices that decide about other rows.

pub const NAME: &str = "name";
pub const SOURCE: &str = "source";
pub const DATABASES: &str = "databases";
/// Databases picked from what the server has.
pub const PICKED: &str = "picked";
/// Databases typed, while it is not known what the server has.
pub const TYPED: &str = "typed";
pub const EXCLUDE_DATABASES: &str = "exclude_databases";
pub const EXCLUDE_SCHEMAS: &str = "exclude_schemas";
pub const EXCLUDE_TABLES: &str = "exclude_tables";
pub const CONTENTS: &str = "contents";
pub const GLOBALS: &str = "globals";
pub const SCHEDULE: &str = "schedule";
pub const TIMEZONE: &str = "timezone";
pub const ENABLED: &str = "enabled";
pub const DESTINATIONS: &str = "destinations";
pub const COMPRESSION: &str = "compression";
pub const LEVEL: &str = "level";
pub const PROFILE: &str = "profile";
pub const NEW_PROFILE: &str = "new_profile";
pub const OVERLAP: &str = "overlap";
pub const CATCH_UP: &str = "catch_up";
pub const RERUN: &str = "rerun_interrupted";
pub const RETRIES: &str = "retries";
pub const RETRY_DELAY: &str = "retry_delay";
pub const TIMEOUT: &str = "timeout";
pub const READ_BACK: &str = "read_back";
pub const BEFORE: &str = "before";
pub const AFTER: &str = "after";
/// What is chosen where all databases are meant.
pub const ALL: &str = "all";
/// What is chosen where some are meant.
pub const THESE: &str = "these";
/// What is chosen for no compression.
pub const UNCOMPRESSED: &str = "none";
