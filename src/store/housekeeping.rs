//! What housekeeping has done.

use rusqlite::{OptionalExtension, params};

use super::Db;
use super::sql::{Columns, to_integer};
use crate::domain::Result;
use crate::domain::housekeeping::Housekeeping;

/// What is known of it; nothing before its first look.
pub fn get(db: &Db) -> Result<Option<Housekeeping>> {
    let known = db
        .prepare_cached("SELECT looked_at, steady_since, removed_at, removed_lines FROM housekeeping")?
        .query_row([], |row| {
            Ok(Housekeeping {
                looked_at: row.time("looked_at")?,
                steady_since: row.time("steady_since")?,
                removed_at: row.time_or_null("removed_at")?,
                removed_lines: row.count("removed_lines")?,
            })
        })
        .optional()?;
    Ok(known)
}

/// Keeps what is known of it now.
pub fn set(db: &Db, known: &Housekeeping) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO housekeeping (id, looked_at, steady_since, removed_at, removed_lines) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET looked_at = excluded.looked_at, steady_since = excluded.steady_since,
             removed_at = excluded.removed_at, removed_lines = excluded.removed_lines",
    )?
    .execute(params![
        known.looked_at,
        known.steady_since,
        known.removed_at,
        to_integer(known.removed_lines)
    ])?;
    Ok(())
}
