//! Checking and counting a database: what a probe, a verification and a restore rely on.

use std::io::Write as _;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};
use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use super::connect::{explain, number, private, shape};
use crate::disk::blocking;
use crate::domain::error::Context as _;
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::source::{Stop, identifier};

/// What every database file that is not empty begins with.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Problems named in an error; one is bad enough, and a ruined file has thousands.
const PROBLEMS_SHOWN: u32 = 3;

/// SQLite's steps between two looks at whether it is still to go on; some thousands take a millisecond.
const STEPS: i32 = 10_000;

/// Proves that `chunks` are a sound database, by a full `integrity_check` of a private copy in `scratch`, and counts it. The
/// copy is gone afterwards, whatever comes out.
pub async fn check_file(chunks: Chunks, scratch: &Path, stop: &Stop) -> Result<Stats> {
    let scratch = scratch.to_owned();
    let (stop, _guard) = stop.until_dropped();
    blocking(move || {
        let mut copy = scratch_file(&scratch)?;
        spool(chunks, &mut copy, &stop)?;
        let reader = whole(copy.path(), &stop)?;
        count(&reader, copy.path(), &|| true)
    })
    .await
}

/// A private file in `scratch` that goes away by itself.
pub(super) fn scratch_file(scratch: &Path) -> Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix("backstay-sqlite-")
        .suffix(".db")
        .tempfile_in(scratch)
        .doing("cannot make a scratch file", scratch.display())
}

/// Writes a stream to a file, up to and including its verdict. Gives the bytes written. For a thread where it may block; a
/// stream that hangs does not keep it from stopping.
pub(super) fn spool(mut chunks: Chunks, into: &mut NamedTempFile, stop: &Stop) -> Result<u64> {
    let runtime = Handle::current();
    let mut written_bytes = 0;
    while let Some(chunk) = runtime.block_on(stop.during(chunks.next()))?? {
        into.as_file_mut()
            .write_all(&chunk)
            .doing("cannot write", into.path().display())?;
        written_bytes += chunk.len() as u64;
    }
    Ok(written_bytes)
}

/// Opens a private file and proves that it is whole. What the connection does ends when asked to stop, then and later.
pub(super) fn whole(path: &Path, stop: &Stop) -> Result<Connection> {
    let size_bytes = std::fs::metadata(path).doing("cannot look at", path.display())?.len();
    let mut connection = private(path)?;
    let asked = stop.clone();
    connection
        .progress_handler(STEPS, Some(move || asked.is_asked()))
        .map_err(explain(path))?;
    let page_bytes = shape(&connection, path)?.page_bytes;
    // SQLite reads what is missing of the last page as zeroes.
    if !size_bytes.is_multiple_of(page_bytes.max(1)) {
        return Err(Error::failed("the database is cut off in the middle of a page").on(path.display().to_string()));
    }
    let sound = check(&connection, path, "integrity_check");
    stop.check()?;
    sound.map(|()| connection)
}

/// Looks for damage without comparing indexes with their tables, so that it takes little more than reading the file.
pub(super) fn quick(connection: &Connection, path: &Path) -> Result<()> {
    check(connection, path, "quick_check")
}

fn check(connection: &Connection, path: &Path, pragma: &str) -> Result<()> {
    match texts(connection, &format!("PRAGMA {pragma}({PROBLEMS_SHOWN})")) {
        Err(error) if needs_application(&error) => check_each(connection, path, pragma),
        outcome => judge(&outcome.map_err(explain(path))?, path, pragma),
    }
}

/// Table by table. One that only its application can compare or tokenise is still read to its last byte; where even that needs
/// the application, nobody else can prove more.
fn check_each(connection: &Connection, path: &Path, pragma: &str) -> Result<()> {
    for table in tables(connection, path)? {
        let outcome = match texts(connection, &format!("PRAGMA {pragma}({})", identifier(&table))) {
            Err(error) if needs_application(&error) => read_all(connection, &table).map(|()| vec!["ok".to_owned()]),
            outcome => outcome,
        };
        match outcome {
            Err(error) if needs_application(&error) => {}
            outcome => judge(&outcome.map_err(explain(path))?, path, pragma)?,
        }
    }
    Ok(())
}

fn judge(problems: &[String], path: &Path, pragma: &str) -> Result<()> {
    if problems == ["ok"] {
        return Ok(());
    }
    let problems = problems.join("; ").replace('\n', " ");
    Err(Error::failed(format!("{pragma} found damage: {problems}"))
        .on(path.display().to_string())
        .next("restore it from the last backup that was verified"))
}

fn read_all(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {} NOT INDEXED", identifier(table)))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            row.get_ref(column)?;
        }
    }
    Ok(())
}

/// Whether SQL failed for want of something only the database's application defines: a collation, a tokeniser, a module.
fn needs_application(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown)
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Tables with rows of their own, in `sqlite_schema`. Virtual tables keep theirs in shadow tables, which are listed; SQLite's own
/// bookkeeping is not.
pub(super) const USER_TABLES: &str =
    "FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Every table with rows of its own, by name.
pub(super) fn tables(connection: &Connection, path: &Path) -> Result<Vec<String>> {
    texts(connection, &format!("SELECT name {USER_TABLES} ORDER BY name")).map_err(explain(path))
}

/// Counts every row in every table; a table that only its application can read is left out. Stops with an error between two
/// tables once `wanted` says no.
pub(super) fn count(connection: &Connection, path: &Path, wanted: &dyn Fn() -> bool) -> Result<Stats> {
    let mut stats = Stats::default();
    for table in tables(connection, path)? {
        if !wanted() {
            return Err(Error::interrupted("the reading side stopped"));
        }
        let sql = format!("SELECT count(*) FROM {}", identifier(&table));
        let counted = match number(connection, &sql) {
            // The smallest index is what is counted by; the table itself may not need the collation that the index does.
            Err(error) if needs_application(&error) => number(connection, &format!("{sql} NOT INDEXED")),
            outcome => outcome,
        };
        let rows = match counted {
            Err(error) if needs_application(&error) => continue,
            outcome => outcome.map_err(explain(path))?,
        };
        stats.tables += 1;
        stats.rows += rows;
        stats.rows_by_table.insert(table, rows);
    }
    Ok(stats)
}
