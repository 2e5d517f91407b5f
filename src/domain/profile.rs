//! Encryption profiles, as lists show them: never with their key.

use serde::Serialize;

use super::id::ProfileId;
use super::time::Timestamp;

/// A named 256-bit key that seals backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// Unique among profiles.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Names the key: 32 hex digits.
    pub key_id: String,
    /// Since when it seals nothing new; it still reads.
    pub retired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
