//! What can be told of the database itself without reading it.

use rusqlite::types::Value;

use super::Db;
use crate::domain::Result;

/// The file as SQLite sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Bytes of a page.
    pub bytes: u64,
    /// Pages there are.
    pub count: u64,
    /// Pages that hold nothing any more and will be used again.
    pub free: u64,
}

/// The pages of the file.
pub fn pages(db: &Db) -> Result<Pages> {
    let ask = |what: &str| -> Result<u64> {
        let value = db.query_row(&format!("PRAGMA {what}"), [], |row| row.get(0))?;
        Ok(match value {
            Value::Integer(number) => u64::try_from(number).unwrap_or(0),
            // SQLCipher answers some of them itself, in text.
            Value::Text(number) => number.parse().unwrap_or(0),
            _ => 0,
        })
    };
    Ok(Pages {
        bytes: ask("page_size")?,
        count: ask("page_count")?,
        free: ask("freelist_count")?,
    })
}

/// The newest migration.
pub fn schema(db: &Db) -> Result<String> {
    Ok(db.query_row("SELECT coalesce(max(name), '') FROM _migrations", [], |row| row.get(0))?)
}

/// Each table with the span of its row numbers: as many rows as it has, or more where some in the middle were deleted.
pub fn tables(db: &Db) -> Result<Vec<(String, u64)>> {
    let mut statement = db.prepare_cached(
        r"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
             AND name NOT LIKE '\_%' ESCAPE '\' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names
        .into_iter()
        .map(|name| {
            // Two statements in one: a single `max - min` would read the whole table.
            let text =
                format!("SELECT coalesce((SELECT max(rowid) FROM {name}) - (SELECT min(rowid) FROM {name}) + 1, 0)");
            let rows: i64 = db.query_row(&text, [], |row| row.get(0))?;
            Ok((name, u64::try_from(rows).unwrap_or(0)))
        })
        .collect()
}
