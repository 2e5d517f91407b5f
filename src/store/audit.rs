//! The audit log: appended to in the transaction of the change, and walked to see whether the chain holds.

use rusqlite::{OptionalExtension, Row, ToSql, params};

use super::Db;
use super::sql::{Columns, order, to_json};
use crate::domain::Result;
use crate::domain::audit::{Actor, AuditRow, Event};
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;

/// Which rows to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this actor's.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only about the thing with this id or name; of a run also that it was asked for.
    pub entity: Option<String>,
    /// Only rows of this instant or later.
    pub since: Option<Timestamp>,
    /// Only rows of before this instant.
    pub until: Option<Timestamp>,
}

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

/// The rows next to an edge, newest first.
pub fn list(db: &Db, filter: &Filter, edge: Edge<i64>, limit: u32) -> Result<Vec<AuditRow>> {
    // Only what is asked for is in the text: each combination is answered from its own index.
    let mut conditions = vec!["seq > :lower AND seq < :upper"];
    let since = filter.since.map(|since| first_at(db, since)).transpose()?;
    let until = filter.until.map(|until| first_at(db, until)).transpose()?;
    let lower = edge
        .lower()
        .copied()
        .max(since.map(|first| first - 1))
        .unwrap_or(i64::MIN);
    let upper = [edge.upper().copied(), until]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(i64::MAX);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":lower", &lower), (":upper", &upper), (":limit", &limit)];
    if let Some(actor) = &filter.actor {
        conditions.push("actor = :actor");
        values.push((":actor", actor));
    }
    if let Some(action) = &filter.action {
        conditions.push("action = :action");
        values.push((":action", action));
    }
    let (conditions, order) = (conditions.join(" AND "), order(&edge));
    // Left to itself SQLite takes a span of numbers to be narrower than a name is.
    let page = |index: &str, condition: &str| {
        format!("SELECT * FROM audit_log {index} WHERE {conditions}{condition} ORDER BY seq {order} LIMIT :limit")
    };
    let text = if let Some(entity) = &filter.entity {
        values.push((":entity", entity));
        // The rows of one thing are few, and found by it alone.
        let by_id = page("INDEXED BY audit_log_by_entity", " AND entity_id = :entity");
        let by_name = page("INDEXED BY audit_log_by_entity_name", " AND entity_name = :entity");
        // Who asks for a run does so of its backup or its job.
        let asked = page(
            "INDEXED BY audit_log_by_entity",
            " AND entity_id IN (SELECT json_extract(request, '$.backup') FROM executions WHERE id = :entity
                 UNION ALL SELECT job_id FROM executions WHERE id = :entity) AND json_extract(diff, '$.run') = :entity",
        );
        format!(
            "SELECT * FROM ({by_id}) UNION SELECT * FROM ({by_name}) UNION SELECT * FROM ({asked}) ORDER BY seq {order} LIMIT :limit"
        )
    } else {
        let index = match (&filter.actor, &filter.action) {
            (None, None) => "",
            (Some(_), None) => "INDEXED BY audit_log_by_actor",
            (None, Some(_)) => "INDEXED BY audit_log_by_action",
            (Some(_), Some(_)) => "INDEXED BY audit_log_by_actor_action",
        };
        page(index, "")
    };
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map(values.as_slice(), read)?;
    let mut rows: Vec<AuditRow> = rows.collect::<Result<_, _>>()?;
    if edge.is_ascending() {
        rows.reverse();
    }
    Ok(rows)
}

/// The number of the first row of `at` or later; one more than there are when there is none. Rows follow each other in time,
/// so it is found by halving; a clock that was set back makes the place that unsharp.
fn first_at(db: &Db, at: Timestamp) -> Result<i64> {
    let last: Option<i64> = db
        .prepare_cached("SELECT max(seq) FROM audit_log")?
        .query_row([], |row| row.get(0))?;
    let mut time = db.prepare_cached("SELECT at FROM audit_log WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let (mut low, mut high) = (1, last.unwrap_or(0) + 1);
    while low < high {
        let middle = i64::midpoint(low, high);
        if time.query_row([middle], |row| row.time("at"))? < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Everybody who is in the log.
pub fn actors(db: &Db) -> Result<Vec<String>> {
    distinct(db, "actor")
}

/// Every action that is in the log.
pub fn actions(db: &Db) -> Result<Vec<String>> {
    distinct(db, "action")
}

/// The values of an indexed column, each found by leaping from the one before it.
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
