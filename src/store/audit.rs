//! The audit log: appended to in the transaction of the change, and walked to see whether the chain holds.

mod names;
mod page;

use rusqlite::{OptionalExtension, Row, params};

pub use self::names::{actions, actors, has_thing, things_from};
pub use self::page::{Filter, list};
use super::Db;
use super::sql::{Columns, to_json};
use crate::domain::Result;
use crate::domain::audit::{Actor, AuditRow, Event};
use crate::domain::time::Timestamp;

/// Appends one row. Call it inside the transaction of the change it tells of.
pub fn append(db: &Db, actor: &Actor, event: &Event, now: Timestamp) -> Result<()> {
    let last: Option<(i64, String)> = db
        .prepare_cached("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, prev_hash) = last.map_or((1, String::new()), |(seq, hash)| (seq + 1, hash));
    let mut row = AuditRow {
        seq,
        at: now,
        actor: actor.name.clone(),
        actor_kind: actor.kind,
        action: event.action.clone(),
        entity_type: event.entity_type.to_owned(),
        entity_id: event.entity_id.clone(),
        entity_name: event.entity_name.clone(),
        diff: event.diff.clone(),
        client: actor.client.clone(),
        prev_hash,
        hash: String::new(),
    };
    row.hash = row.expected_hash();
    db.prepare_cached(
        "INSERT INTO audit_log (seq, at, actor, actor_kind, action, entity_type, entity_id, entity_name, diff, client, prev_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        row.seq,
        row.at,
        row.actor,
        row.actor_kind.as_str(),
        row.action,
        row.entity_type,
        row.entity_id,
        row.entity_name,
        to_json(&row.diff)?,
        row.client,
        row.prev_hash,
        row.hash
    ])?;
    Ok(())
}

/// Hands every row, oldest first, to `each`.
pub fn walk(db: &Db, mut each: impl FnMut(AuditRow) -> Result<()>) -> Result<()> {
    let mut statement = db.prepare("SELECT * FROM audit_log ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(read(row)?)?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get("seq")?,
        at: row.time("at")?,
        actor: row.get("actor")?,
        actor_kind: row.text("actor_kind")?,
        action: row.get("action")?,
        entity_type: row.get("entity_type")?,
        entity_id: row.get("entity_id")?,
        entity_name: row.get("entity_name")?,
        diff: row.json("diff")?,
        client: row.get("client")?,
        prev_hash: row.get("prev_hash")?,
        hash: row.get("hash")?,
    })
}
