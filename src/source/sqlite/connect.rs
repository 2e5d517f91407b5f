//! Opening database files as the reader they need, and saying in plain words why one cannot be opened.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use rustix::fs::Access;

use crate::domain::error::Context as _;
use crate::domain::{Error, Result};

/// How long a lock of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a database file is made of, as one transaction sees it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Pages, the write-ahead log's included.
    pub(super) pages: u64,
    /// Bytes in a page.
    pub(super) page_bytes: u64,
    /// `wal`, `delete`, `truncate`, `persist` …
    pub(super) journal_mode: String,
}

impl Shape {
    /// Bytes of the whole database.
    pub(super) fn size_bytes(&self) -> u64 {
        self.pages * self.page_bytes
    }
}

/// Asks for one count or size; SQLite's integers are signed, these are never below zero.
pub(super) fn number(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection
        .query_row(sql, [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// Asks for the shape, which also begins the read of an open transaction.
pub(super) fn shape(connection: &Connection, path: &Path) -> Result<Shape> {
    let asked = || {
        Ok(Shape {
            pages: number(connection, "PRAGMA page_count")?,
            page_bytes: number(connection, "PRAGMA page_size")?,
            journal_mode: connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
        })
    };
    asked().map_err(explain(path))
}

/// Opens a database to read it. Read-only, unless a writer died amid a transaction and left its rollback journal: then as any
/// reader does, who first has to roll that back.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    check_access(path)?;
    let opened = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(touch);
    let opened = match opened {
        Err(error) if extended_code(&error) == Some(ffi::SQLITE_READONLY_ROLLBACK) => {
            open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
                connection.pragma_update(None, "query_only", true)?;
                touch(connection)
            })
        }
        other => other,
    };
    opened.map_err(explain(path))
}

/// Opens a database to change it; it must exist.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a file of our own that nobody else knows: no locks, and no `-wal` or `-shm` made beside it.
pub(super) fn private(path: &Path) -> Result<Connection> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    open(Path::new(&uri), flags).and_then(touch).map_err(explain(path))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// SQLite opens lazily; only a first read tells whether it can be opened.
fn touch(connection: Connection) -> rusqlite::Result<Connection> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn check_access(path: &Path) -> Result<()> {
    let found = std::fs::metadata(path).doing("cannot look at the database", path.display())?;
    if !found.is_file() {
        return Err(Error::failed("is not a file")
            .on(path.display().to_string())
            .next("give the path of the database file itself"));
    }
    rustix::fs::access(path, Access::READ_OK)
        .map_err(std::io::Error::from)
        .doing("cannot read the database", path.display())
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|failure| failure.extended_code)
}

/// Whether it is the file's content that is at fault.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Whether somebody else's lock is in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// A failure of SQLite in words, on the file it happened to.
pub(super) fn explain(path: &Path) -> impl Fn(rusqlite::Error) -> Error + use<> {
    let object = path.display().to_string();
    move |error| {
        let said = error.to_string();
        let told = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::busy("another process holds a lock on the database")
                    .next("wait until its transaction has ended, then run it again")
            }
            Some(ErrorCode::NotADatabase) => Error::failed("is not a SQLite database, or it is an encrypted one")
                .next("check the path; encrypted databases cannot be read"),
            Some(ErrorCode::DatabaseCorrupt) => Error::failed(format!("the database is damaged: {said}"))
                .next("restore it from the last backup that was verified"),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => Error::failed(format!("cannot open the database: {said}"))
                .next(
                    "its directory must be writable, since a database in WAL mode, or with a journal left by a crash, needs files beside it",
                ),
            Some(ErrorCode::DiskFull) => {
                Error::failed("the disk is full").next("free some space there, then run it again")
            }
            Some(ErrorCode::OperationInterrupted) => Error::interrupted("the reading side stopped"),
            _ => Error::failed(format!("SQLite says: {said}")),
        };
        told.on(object.clone())
    }
}
