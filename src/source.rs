//! Sources: what is backed up. A driver is one file (with a folder beside it where it is large) and one line in [`DRIVERS`].

pub mod postgres;
mod stop;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::adapter::{Database, Probe, Tables};
use crate::domain::blocker::Blocker;
use crate::domain::execution::{Renamed, RestoreOptions};
use crate::domain::job::Selection;
use crate::domain::manifest::{DumpFormat, InsideObject, ObjectKind, Stats};
use crate::domain::{Error, Result};
use crate::driver::Driver;
use crate::pipeline::chunks::Chunks;

pub mod sqlite;

pub use stop::Stop;

/// Tables of one database that are listed at most: nobody reads more, and a database may have a hundred thousand.
pub const TABLES_LISTED: usize = 1000;

/// What drivers need of this installation, whatever the adapter.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// The setting `postgres_client_dir`; empty when unset.
    pub postgres_client_dir: Option<PathBuf>,
    /// Where scratch files may be made; exists, mode 0700.
    pub scratch: PathBuf,
}

/// What a selection means at this moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DumpPlan {
    /// The engine's version: `15.18`.
    pub engine_version: String,
    /// One entry per object to be made, in order.
    pub objects: Vec<PlannedObject>,
    /// Databases that the selection names and that do not exist. They keep nobody from backing up the others.
    pub gone: Vec<String>,
    /// What the operator should know, one sentence each; goes into the run's log.
    pub notes: Vec<String>,
}

/// One object to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedObject {
    /// A database, or cluster-wide definitions.
    pub kind: ObjectKind,
    /// The database's name, or what stands for one: `globals`.
    pub name: String,
    /// The dump's own format.
    pub format: DumpFormat,
    /// Plain bytes a dump will about have; 0 when there is no telling.
    pub estimated_bytes: u64,
}

/// One dump on its way: its bytes, which end with a verdict, and what was counted on the way.
pub struct DumpStream {
    /// The dump. `None` from it means: exit status 0, complete by its own format's measure, nothing cut.
    pub chunks: Chunks,
    /// Set before the verdict.
    pub stats: Arc<OnceLock<Stats>>,
    /// What the tool warned of although it succeeded, one warning each; set before the verdict, if there was any. Bounded.
    pub warnings: Arc<OnceLock<Vec<String>>>,
    /// What the operator should know: the tool and its version.
    pub notes: Vec<String>,
}

/// What stands where a restore would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// Something of that name exists.
    pub exists: bool,
    /// It exists and holds nothing anybody would miss.
    pub empty: bool,
    /// Its size in bytes, if it exists.
    pub size_bytes: u64,
    /// Who has it open: `pid 4242 (shop)`, one each.
    pub in_use_by: Vec<String>,
    /// The file it is, where it is one: the name alone does not say where that lies.
    pub file: Option<PathBuf>,
}

/// What a restore into a server must satisfy, found out before anything is touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreCheck {
    /// What makes it impossible or dangerous, with the way out.
    pub blockers: Vec<Blocker>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// One database to be restored.
#[derive(Clone, Debug)]
pub struct DatabaseRestore<'a> {
    /// From and to.
    pub names: &'a Renamed,
    /// The dump: its format, whether it has definitions or rows or both, its plain bytes, what was counted in it.
    pub object: &'a InsideObject,
    /// The version of the engine it was taken from.
    pub engine_version: &'a str,
    /// How.
    pub options: &'a RestoreOptions,
    /// Names this restore and no other. What it makes for a while has it in its name, so that [`Source::clean_up`] finds it.
    pub tag: &'a str,
}

/// What became of a database that was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The file it is now, where it is one.
    pub file: Option<PathBuf>,
    /// What the operator should know, one sentence each.
    pub notes: Vec<String>,
    /// What was asked for and is not there although the database is: its owner, its grants. One error each, with the next step.
    pub shortfalls: Vec<Error>,
}

/// What became of cluster-wide definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalsRestored {
    /// What existed already and was left as it is, one sentence each.
    pub left: Vec<String>,
    /// What could not be restored, or not in full: one error each, which names it.
    pub failed: Vec<Error>,
}

/// A kind of source.
#[async_trait]
pub trait Source: Send + Sync {
    /// What a list may show: `backup@db1:5432`. No secret in it.
    fn summary(&self) -> String;

    /// Where the source's own file is, for sources that are files.
    fn local_path(&self) -> Option<&Path> {
        None
    }

    /// Connects, asks for the version, and measures. Changes nothing.
    async fn probe(&self) -> Result<Probe>;

    /// A look that may be taken every minute: is it there and does it answer? Cheaper than [`Source::probe`] where that matters.
    async fn look(&self) -> Result<Probe> {
        self.probe().await
    }

    /// What reads its dumps: `tools`, or what it has of its own in their place.
    fn tools(&self, tools: Tools) -> Tools {
        tools
    }

    /// Every database that could be backed up, by name.
    async fn databases(&self) -> Result<Vec<Database>>;

    /// The tables of one database that a backup of all of it has rows of: the [`TABLES_LISTED`] largest, and how many there are.
    async fn tables(&self, database: &str) -> Result<Tables>;

    /// What `selection` means right now. Fails when that is no database at all, naming those that do not exist.
    async fn plan(&self, selection: &Selection) -> Result<DumpPlan>;

    /// Starts dumping one object of a plan. Dropping the stream stops it, child processes included.
    async fn dump(&self, object: &PlannedObject, selection: &Selection) -> Result<DumpStream>;

    /// What stands under `name`.
    async fn target(&self, name: &str) -> Result<TargetState>;

    /// What would get in the way of restoring a dump of `engine_version` here. Changes nothing.
    async fn check_restore(&self, restore: &DatabaseRestore<'_>) -> Result<RestoreCheck>;

    /// Restores one database. Until `dump` has ended with success, whatever stood under the target's name stays as it was;
    /// after any failure it still is, and nothing the restore made is left. A dump of rows alone goes into the database that is
    /// there, all of it or nothing. `stop` ends it soon, with its reason; success says that it came too late.
    async fn restore(&self, restore: &DatabaseRestore<'_>, dump: Chunks, stop: &Stop) -> Result<Restored>;

    /// Restores cluster-wide definitions, each by itself; what exists already stays. `stop` ends it before the first definition
    /// is restored, and not after that.
    async fn restore_globals(&self, dump: Chunks, stop: &Stop) -> Result<GlobalsRestored>;

    /// Counts tables and rows of one database.
    async fn count(&self, database: &str) -> Result<Stats>;

    /// Whether the engine works at this moment on what was asked of it for `database`, or for a restore of this tag into it,
    /// although nothing comes out or goes in: it builds an index, or counts. Waiting for a lock or for us is no work.
    async fn is_at_work(&self, database: &str, tag: &str) -> Result<bool>;

    /// A name that does not exist here, for a scratch restore: `backstay_verify_<tag>`.
    fn scratch_name(&self, tag: &str) -> String;

    /// Takes back what a restore of this tag into `target` left, wherever it was interrupted: the database its users know is
    /// there afterwards, the whole old or the whole new one, open to them. A target that is the tag's [`Source::scratch_name`]
    /// is dropped. Says what was done, one sentence each; finding nothing is no error.
    async fn clean_up(&self, tag: &str, target: &str) -> Result<Vec<String>>;
}

/// A name as SQL quotes it, whatever is in it.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name for what a restore makes for a while: the prefix and the tag, in which only lower-case letters, digits and `_` are
/// left.
fn tagged(prefix: &str, tag: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    format!("{prefix}{}", tag.chars().map(plain).collect::<String>())
}

/// Every source driver there is.
pub const DRIVERS: &[Driver<dyn Source, Tools>] = &[postgres::DRIVER, sqlite::DRIVER];

/// Whether a source of that driver is a file that is copied whole, so that no part of it can be chosen or left out.
pub fn is_copied_whole(driver: &str) -> bool {
    driver == sqlite::DRIVER.name
}

/// The driver called `name`.
pub fn driver(name: &str) -> Result<&'static Driver<dyn Source, Tools>> {
    DRIVERS.iter().find(|driver| driver.name == name).ok_or_else(|| {
        let known: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
        Error::not_found(format!("there is no source driver '{name}'")).next(format!("use one of {}", known.join(", ")))
    })
}

/// Opens a source from its configuration.
pub fn open(driver_name: &str, config: &Value, tools: &Tools) -> Result<Arc<dyn Source>> {
    driver(driver_name)?.open(config, tools)
}

/// Reads a dump to its end and parses all of it with the engine's own means. Gives what was counted on the way.
/// `stop` ends it.
pub async fn check_content(format: DumpFormat, dump: Chunks, tools: &Tools, stop: &Stop) -> Result<Stats> {
    match format {
        DumpFormat::PgCustom => stop.during(postgres::parse_archive(dump, tools)).await?,
        DumpFormat::Sql => stop
            .during(postgres::check_globals(dump))
            .await?
            .map(|()| Stats::default()),
        DumpFormat::SqliteFile => sqlite::check_file(dump, &tools.scratch, stop).await,
    }
}
