//! Which tables are in a database file, and how large they are. SQLite keeps no figures of that: sizes come from walking through
//! all pages, which is done for a small file only, and numbers of rows from `ANALYZE`, if anybody has run it.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::check::USER_TABLES;
use super::connect::{explain, number, shape};
use crate::domain::Result;
use crate::domain::adapter::{Table, Tables};
use crate::domain::units::size;
use crate::source::TABLES_LISTED;

/// Files up to this size are walked through: a fraction of a second from a slow disk.
const WALKED_BYTES: u64 = 64 << 20;

/// Bytes of each table with its indexes. A b-tree has the name of the table or index that it is.
const SIZES: &str = "(SELECT owner.tbl_name AS tbl, sum(tree.pgsize) AS bytes FROM dbstat AS tree
    JOIN sqlite_schema AS owner ON owner.name = tree.name WHERE tree.aggregate = TRUE GROUP BY owner.tbl_name)";

/// Rows of each table, as `ANALYZE` counted them: the first number of what it keeps of any index.
const ROWS: &str = "(SELECT tbl, max(CAST(stat AS INTEGER)) AS rows FROM sqlite_stat1 GROUP BY tbl)";

/// In place of either where it cannot be had.
const NONE: &str = "(SELECT NULL AS tbl, NULL AS bytes, NULL AS rows)";

/// The largest tables.
pub(super) fn largest(reader: &Connection, path: &Path) -> Result<Tables> {
    let file_bytes = shape(reader, path)?.size_bytes();
    let measured = file_bytes <= WALKED_BYTES;
    let tables = ask(reader, measured).map_err(explain(path))?;
    let mut notes = Vec::new();
    if !measured {
        notes.push(format!(
            "sizes are not known: SQLite would have to read all {} of the file",
            size(file_bytes)
        ));
    }
    if tables.iter().any(|(table, ..)| table.estimated_rows.is_none()) {
        notes.push("numbers of rows are known where `ANALYZE` has counted them, and are not counted here".to_owned());
    }
    let (count, size_bytes) = tables.first().map_or((0, 0), |(_, count, bytes)| (*count, *bytes));
    Ok(Tables {
        tables: tables.into_iter().map(|(table, ..)| table).collect(),
        count,
        size_bytes: measured.then_some(size_bytes),
        notes,
    })
}

/// Each with the number of all tables and the bytes of all.
fn ask(reader: &Connection, measured: bool) -> rusqlite::Result<Vec<(Table, u64, u64)>> {
    let analysed = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sqlite_stat1')";
    let rows = if number(reader, analysed)? == 1 { ROWS } else { NONE };
    let sizes = if measured { SIZES } else { NONE };
    let mut statement = reader.prepare(&format!(
        "SELECT found.name, counted.rows, sized.bytes, count(*) OVER (), sum(sized.bytes) OVER ()
         FROM (SELECT name {USER_TABLES}) AS found
         LEFT JOIN {sizes} AS sized ON sized.tbl = found.name LEFT JOIN {rows} AS counted ON counted.tbl = found.name
         ORDER BY sized.bytes DESC, found.name LIMIT {TABLES_LISTED}"
    ))?;
    let figure = |row: &Row<'_>, column: usize| -> rusqlite::Result<Option<u64>> {
        Ok(row
            .get::<_, Option<i64>>(column)?
            .and_then(|figure| figure.try_into().ok()))
    };
    let tables = statement.query_map([], |row| {
        let table = Table {
            schema: None,
            name: row.get(0)?,
            estimated_rows: figure(row, 1)?,
            size_bytes: figure(row, 2)?,
        };
        Ok((table, figure(row, 3)?.unwrap_or(0), figure(row, 4)?.unwrap_or(0)))
    })?;
    tables.collect()
}
