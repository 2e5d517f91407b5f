//! Checking and counting a database: what a probe, a verification and a restore rely on.

use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::connect::{explain, number, private, shape};
use crate::disk::blocking;
use crate::domain::error::Context as _;
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;

/// What every database file that is not empty begins with.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Problems named in an error; one is bad enough, and a ruined file has thousands.
const PROBLEMS_SHOWN: u32 = 3;

/// Proves that `chunks` are a sound database, by a full `integrity_check` of a private copy in `scratch`, and counts it. The
/// copy is gone afterwards, whatever comes out.
pub async fn check_file(chunks: Chunks, scratch: &Path) -> Result<Stats> {
    let scratch = scratch.to_owned();
    blocking(move || {
        let mut copy = scratch_file(&scratch)?;
        spool(chunks, &mut copy)?;
        let reader = whole(copy.path())?;
        count(&reader, copy.path(), &|| true)
    })
    .await
}

/// A private file in `scratch` that goes away by itself.
pub(super) fn scratch_file(scratch: &Path) -> Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix("sqlite-")
        .suffix(".db")
        .tempfile_in(scratch)
        .doing("cannot make a scratch file", scratch.display())
}

/// Writes a stream to a file, up to and including its verdict. Gives the bytes written.
pub(super) fn spool(mut chunks: Chunks, into: &mut NamedTempFile) -> Result<u64> {
    let mut written_bytes = 0;
    while let Some(chunk) = chunks.blocking_next()? {
        into.as_file_mut()
            .write_all(&chunk)
            .doing("cannot write", into.path().display())?;
        written_bytes += chunk.len() as u64;
    }
    Ok(written_bytes)
}

/// Opens a private file and proves that it is whole.
pub(super) fn whole(path: &Path) -> Result<Connection> {
    let size_bytes = std::fs::metadata(path).doing("cannot look at", path.display())?.len();
    let connection = private(path)?;
    let page_bytes = shape(&connection, path)?.page_bytes;
    // SQLite reads what is missing of the last page as zeroes.
    if !size_bytes.is_multiple_of(page_bytes.max(1)) {
        return Err(Error::failed("the database is cut off in the middle of a page").on(path.display().to_string()));
    }
    check(&connection, path, "integrity_check")?;
    Ok(connection)
}

/// Looks for damage without comparing indexes with their tables, so that it takes little more than reading the file.
pub(super) fn quick(connection: &Connection, path: &Path) -> Result<()> {
    check(connection, path, "quick_check")
}

fn check(connection: &Connection, path: &Path, pragma: &str) -> Result<()> {
    let ask = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA {pragma}({PROBLEMS_SHOWN})"))?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let problems = ask().map_err(explain(path))?;
    if problems == ["ok"] {
        return Ok(());
    }
    Err(Error::failed(format!(
        "{pragma} found damage: {}",
        problems.join("; ").replace('\n', " ")
    ))
    .on(path.display().to_string())
    .next("restore it from the last backup that was verified"))
}

/// Every table with rows of its own, by name. Virtual tables keep theirs in shadow tables, which are listed; SQLite's own
/// bookkeeping is not.
pub(super) fn tables(connection: &Connection, path: &Path) -> Result<Vec<String>> {
    let ask = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    ask().map_err(explain(path))
}

/// Counts every row in every table. Stops with an error between two tables once `wanted` says no.
pub(super) fn count(connection: &Connection, path: &Path, wanted: &dyn Fn() -> bool) -> Result<Stats> {
    let mut stats = Stats::default();
    for table in tables(connection, path)? {
        if !wanted() {
            return Err(Error::interrupted("the reading side stopped"));
        }
        let quoted = table.replace('"', "\"\"");
        let rows = number(connection, &format!("SELECT count(*) FROM \"{quoted}\""))
            // An index whose collation only the application has cannot be read; the table itself can.
            .or_else(|_| number(connection, &format!("SELECT count(*) FROM \"{quoted}\" NOT INDEXED")))
            .map_err(explain(path))?;
        stats.tables += 1;
        stats.rows += rows;
        stats.rows_by_table.insert(table, rows);
    }
    Ok(stats)
}
