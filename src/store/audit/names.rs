//! The names in the log. Each is found by leaping from the one before it, so that it does not matter how many rows it has.

use rusqlite::named_params;

use crate::domain::Result;
use crate::store::Db;

/// Everybody who is in the log.
pub fn actors(db: &Db) -> Result<Vec<String>> {
    distinct(db, "actor")
}

/// Every action that is in the log.
pub fn actions(db: &Db) -> Result<Vec<String>> {
    distinct(db, "action")
}

/// The values of an indexed column.
fn distinct(db: &Db, column: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(&format!(
        "WITH RECURSIVE value(text) AS (
             SELECT min({column}) FROM audit_log
             UNION ALL SELECT (SELECT min({column}) FROM audit_log WHERE {column} > text) FROM value WHERE text IS NOT NULL
         )
         SELECT text FROM value WHERE text IS NOT NULL"
    ))?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a thing of that id or name is in the log.
pub fn has_thing(db: &Db, key: &str) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM audit_log INDEXED BY audit_log_by_entity WHERE entity_id = :key)
             OR EXISTS (SELECT 1 FROM audit_log INDEXED BY audit_log_by_entity_name WHERE entity_name = :key)",
    )?;
    Ok(statement.query_row(named_params! { ":key": key }, |row| row.get(0))?)
}

/// The names of things that begin so, at most `limit` of them: there are as many as there were backups.
pub fn things_from(db: &Db, beginning: &str, limit: usize) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(
        "WITH RECURSIVE name(text) AS (
             SELECT min(entity_name) FROM audit_log WHERE entity_name >= :beginning
             UNION ALL SELECT (SELECT min(entity_name) FROM audit_log WHERE entity_name > text) FROM name
                 WHERE substr(text, 1, length(:beginning)) = :beginning
         )
         SELECT text FROM name WHERE substr(text, 1, length(:beginning)) = :beginning LIMIT :limit",
    )?;
    let values = named_params! { ":beginning": beginning, ":limit": i64::try_from(limit).unwrap_or(i64::MAX) };
    let rows = statement.query_map(values, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
