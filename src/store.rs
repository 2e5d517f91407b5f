//! The database: SQLCipher, always. All SQL is in here, one file per aggregate; no other layer knows which database it is.
//!
//! A [`Store`] is one connection. Reads and writes are closures over [`Db`]; a write is one `BEGIN IMMEDIATE` transaction,
//! so that a change and its audit row come together or not at all, and waiting for another process happens at its start.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tempfile::NamedTempFile;

use self::turns::Turns;
use crate::disk;
use crate::domain::error::Context;
use crate::domain::{Error, Result};

pub mod adapters;
pub mod audit;
pub mod backups;
pub mod executions;
pub mod facts;
pub mod health;
pub mod housekeeping;
pub mod jobs;
pub mod logs;
mod migrate;
pub mod profiles;
pub mod settings;
mod sql;
pub mod turns;
pub mod watch;

/// What the functions of the aggregates work on: a connection, inside a transaction when they write.
pub type Db = Connection;

/// How long a write waits for another process before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// SQLCipher initialises itself after SQLite has said that all is initialised: until then, who opens a database on another
/// thread is refused its key. So one thread comes first.
static INITIALISED: Once = Once::new();

/// File name of the database in the data directory.
const DATABASE: &str = "backstay.db";

/// File name of the note that says which key the database was made with.
const KEY_NOTE: &str = "backstay.key-id";

/// The key that opens the database, and how to tell it from another.
pub struct DatabaseKey {
    /// 64 hex digits: SQLCipher's raw key.
    pub hex: String,
    /// Names the key without giving anything of it away.
    pub id: String,
}

/// An open database.
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// Who waits to ask it.
    pub turns: Turns,
}

impl Store {
    /// Opens the database in `data_dir`, making it and migrating it as needed.
    ///
    /// Errors are told apart: a key that does not fit, a damaged file, a newer schema, a lock that is not given up.
    pub fn open(data_dir: &Path, key: &DatabaseKey) -> Result<Self> {
        Self::open_with(data_dir, key, migrate::run)
    }

    /// Opens the database in `data_dir` for somebody who only looks: one of an older schema is refused and stays as it is.
    pub fn look(data_dir: &Path, key: &DatabaseKey) -> Result<Self> {
        Self::open_with(data_dir, key, |connection, path, _| {
            migrate::refuse_older(connection, path)
        })
    }

    fn open_with(
        data_dir: &Path,
        key: &DatabaseKey,
        schema: impl FnOnce(&mut Connection, &Path, &DatabaseKey) -> Result<()>,
    ) -> Result<Self> {
        let path = data_dir.join(DATABASE);
        let note = data_dir.join(KEY_NOTE);
        let made_with = key_note(&note)?;
        if path.exists() {
            check_key(made_with.as_deref(), key, &path)?;
            refuse_emptied(&note, &path)?;
        } else if note.exists() {
            return Err(Error::failed("the database is gone; only the note about its key is left")
                .on(path.display().to_string())
                .next(format!(
                    "put backstay.db back; to begin anew without it: rm '{}', then `backstay backup scan` finds the backups again",
                    note.display()
                )));
        }
        INITIALISED.call_once(|| drop(Connection::open_in_memory()));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| explain(error, &path))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        prepare(&connection, key).map_err(|error| unopened(error, &path, made_with.is_some()))?;
        restrict(&path)?;
        let mut store = Self {
            connection: Mutex::new(connection),
            path,
            turns: Turns::default(),
        };
        schema(
            store.connection.get_mut().unwrap_or_else(PoisonError::into_inner),
            &store.path,
            key,
        )?;
        if made_with.is_none() {
            write_key_note(&note, key)?;
        }
        Ok(store)
    }

    /// Whether there is a database in `data_dir`.
    pub fn exists(data_dir: &Path) -> bool {
        // What cannot be looked at is there: better an error about it than another one made in its place.
        data_dir.join(DATABASE).try_exists().unwrap_or(true)
    }

    /// Where the database file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs queries against one consistent state.
    pub fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs changes in one transaction: all of them, or on an error none.
    pub fn write<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// A number that changes when another connection has committed.
    pub fn data_version(&self) -> Result<i64> {
        Ok(self.lock().query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Reads the whole file: page checksums first, then SQLite's own check. Empty means sound.
    pub fn integrity(&self) -> Result<Vec<String>> {
        self.problems(&["PRAGMA cipher_integrity_check", "PRAGMA integrity_check"])
    }

    /// Whether the file hangs together, without comparing indexes with their tables: a part of [`Store::integrity`], and much
    /// quicker. Empty means sound.
    pub fn quick_check(&self) -> Result<Vec<String>> {
        self.problems(&["PRAGMA quick_check(20)"])
    }

    fn problems(&self, checks: &[&str]) -> Result<Vec<String>> {
        let connection = self.lock();
        let mut problems = Vec::new();
        for check in checks {
            let mut statement = connection.prepare(check)?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            for row in rows {
                problems.push(row?);
            }
        }
        problems.retain(|problem| problem != "ok");
        Ok(problems)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a closure rolled its transaction back; the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id in `table` that starts with `text`, or whose last eight digits are `text`, if exactly one does.
fn find_by_id_prefix<I: std::str::FromStr>(db: &Db, table: &str, text: &str) -> Result<Option<I>> {
    let plausible = text.len() >= 4 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if !plausible {
        return Ok(None);
    }
    let mut statement = db.prepare_cached(&format!(
        "SELECT id FROM {table} WHERE substr(id, -8) = ?1 UNION SELECT id FROM {table} WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2"
    ))?;
    let found: Vec<String> = statement
        .query_map([text.to_ascii_lowercase()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    match found.as_slice() {
        [one] => Ok(one.parse().ok()),
        [] => Ok(None),
        _ => Err(Error::usage(format!("'{text}' is the start of more than one id")).next("give more of its digits")),
    }
}

/// Gives a connection its key, and reads by it.
fn unlock(connection: &Connection, key: &DatabaseKey) -> rusqlite::Result<()> {
    // SQLCipher would write its own account of a wrong key to the terminal; ours is in the error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    connection.execute_batch(&format!("PRAGMA key = \"x'{}'\";", key.hex))?;
    // The first read is where a wrong key shows.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map(drop)
}

fn prepare(connection: &Connection, key: &DatabaseKey) -> rusqlite::Result<()> {
    unlock(connection, key)?;
    // A screen's pages fit into a quarter of SQLite's usual 2 MB of cache.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -500;
         PRAGMA trusted_schema = OFF;",
    )?;
    connection.set_prepared_statement_cache_capacity(128);
    // Without it SQLite looks at what is bound to LIMIT, and makes the statement anew each time something is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let enforced: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    if enforced {
        Ok(())
    } else {
        Err(rusqlite::Error::InvalidQuery)
    }
}

/// The id of the key that the database was made with. A note that a crash left empty says nothing.
fn key_note(note: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(note) {
        Ok(made_with) => Ok(Some(made_with.trim().to_owned()).filter(|id| !id.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing("cannot read", note.display()),
    }
}

fn write_key_note(note: &Path, key: &DatabaseKey) -> Result<()> {
    let mut file = beside(note)?;
    writeln!(file, "{}", key.id).doing("cannot write", note.display())?;
    keep(file, note)
}

fn check_key(made_with: Option<&str>, key: &DatabaseKey, database: &Path) -> Result<()> {
    match made_with {
        Some(made_with) if made_with != key.id => Err(Error::usage(format!(
            "the key in use ({}) is not the one it was made with ({made_with})",
            key.id
        ))
        .on(format!("database {}", database.display()))
        .next("put the right master key back; the recovery kit of this instance holds it")),
        _ => Ok(()),
    }
}

/// A private file on its way to the name `path`.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let directory = path.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".backstay-")
        .tempfile_in(directory)
        .doing("cannot make a file there", directory.display())
}

/// Gives a file its name, durably: whatever happens, the old one is there, or the whole new one.
fn keep(file: NamedTempFile, path: &Path) -> Result<()> {
    file.as_file().sync_all().doing("cannot write", path.display())?;
    file.persist(path)
        .map_err(|refused| refused.error)
        .doing("cannot write", path.display())?;
    disk::sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// An empty file is what a first start makes of a name; but the note beside it is written only when there is a database.
fn refuse_emptied(note: &Path, database: &Path) -> Result<()> {
    let is_empty = std::fs::metadata(database).is_ok_and(|found| found.len() == 0);
    if !is_empty || !note.exists() {
        return Ok(());
    }
    Err(Error::failed("it is empty: somebody or something has cut it off")
        .on(format!("database {}", database.display()))
        .next(format!(
            "restore the file from a copy; or remove it and {} to begin anew, and find the backups again by `backstay backup scan`",
            note.display()
        )))
}

fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).doing("cannot restrict", path.display())
}

/// Why a database could not be opened. `known_key` says that the key is the one it was made with.
fn unopened(error: rusqlite::Error, path: &Path, known_key: bool) -> Error {
    let object = format!("database {}", path.display());
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) if known_key => Error::failed(
            "it is damaged: its own key does not open it",
        )
        .on(object)
        .next("stop the engine and restore the file from a copy; backups are found again by `backstay backup scan`"),
        Some(rusqlite::ErrorCode::NotADatabase) => Error::usage("this key does not open it, or the file is damaged")
            .on(object)
            .next("check the master key against the recovery kit; if it is right, restore the file from a copy"),
        _ => explain(error, path),
    }
}

fn explain(error: rusqlite::Error, path: &Path) -> Error {
    let object = format!("database {}", path.display());
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => Error::failed(format!("it is damaged: {error}")).next(
            "stop the engine and restore the file from a copy; backups are found again by `backstay backup scan`",
        ),
        Some(rusqlite::ErrorCode::CannotOpen) => {
            Error::failed(format!("cannot open it: {error}")).next("check that the directory exists and belongs to you")
        }
        Some(rusqlite::ErrorCode::ReadOnly) => {
            Error::failed("it cannot be written").next("check its owner and permissions, and that the disk is writable")
        }
        _ => Error::from(error),
    }
    .on(object)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::busy("the database is held by another process")
                    .next("try again; `backstay doctor` shows who runs")
            }
            Some(rusqlite::ErrorCode::DiskFull) => Self::failed("the disk with Backstay's database is full")
                .next("free some space there")
                .transient(),
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::failed(format!("it is damaged: {error}"))
                    .on("Backstay's database")
                    .next("`backstay doctor` says where it is and looks at all of it; put back an older backstay.db, or begin anew and find the backups with `backstay backup scan`")
            }
            _ => Self::failed(format!("database: {error}")),
        }
    }
}
