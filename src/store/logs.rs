//! Log lines of runs: written in batches, followed by `id > last`, paged from both ends.

use rusqlite::{Row, params};

use super::Db;
use super::sql::{Columns, order};
use crate::domain::Result;
use crate::domain::execution::{LogLevel, LogLine, Stage};
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;

/// A line about to be stored.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// When it was said.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// In which stage.
    pub stage: Stage,
    /// What was said; secrets masked.
    pub message: String,
}

/// Appends lines, in order.
pub fn append(db: &Db, execution: ExecutionId, lines: &[NewLine]) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO execution_logs (execution_id, at, level, stage, message) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for line in lines {
        statement.execute(params![execution, line.at, line.level, line.stage, line.message])?;
    }
    Ok(())
}

/// The lines next to an edge that are of `level` or above, oldest first.
pub fn list(db: &Db, execution: ExecutionId, edge: Edge<i64>, level: LogLevel, limit: u32) -> Result<Vec<LogLine>> {
    let text = format!(
        "{} ORDER BY id {} LIMIT ?4",
        select("id, at, level, stage, message", level),
        order(&edge)
    );
    let mut statement = db.prepare_cached(&text)?;
    let lower = edge.lower().copied().unwrap_or(i64::MIN);
    let upper = edge.upper().copied().unwrap_or(i64::MAX);
    let rows = statement.query_map(params![execution, lower, upper, limit], read)?;
    let mut lines: Vec<LogLine> = rows.collect::<Result<_, _>>()?;
    if !edge.is_ascending() {
        lines.reverse();
    }
    Ok(lines)
}

/// Removes the oldest lines of all runs that were said before this moment, so many at most; gives how many. Lines come in the
/// order of their ids, so that nothing else is looked at.
pub fn remove_oldest(db: &Db, before: Timestamp, most: u32) -> Result<usize> {
    let removed = db
        .prepare_cached(
            "DELETE FROM execution_logs
             WHERE id IN (SELECT id FROM execution_logs ORDER BY id LIMIT ?2) AND at < ?1",
        )?
        .execute(params![before, most])?;
    Ok(removed)
}

/// One SELECT for each level from `level` up: each is answered in order from the index, and SQLite merges them as it goes.
fn select(columns: &str, level: LogLevel) -> String {
    let wanted = LogLevel::ALL.iter().filter(|one| **one >= level);
    let selects = wanted.map(|one| {
        format!(
            "SELECT {columns} FROM execution_logs WHERE execution_id = ?1 AND level = '{one}' AND id > ?2 AND id < ?3"
        )
    });
    selects.collect::<Vec<_>>().join(" UNION ALL ")
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        id: row.get("id")?,
        at: row.time("at")?,
        level: row.text("level")?,
        stage: row.text("stage")?,
        message: row.get("message")?,
    })
}
