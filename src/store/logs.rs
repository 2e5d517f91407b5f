//! Log lines of runs: written in batches, followed by `id > last`.

use rusqlite::{Row, params};

use super::Db;
use super::sql::Columns;
use crate::domain::Result;
use crate::domain::execution::{LogLevel, LogLine, Stage};
use crate::domain::id::ExecutionId;
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

/// The lines after `last`, oldest first.
pub fn after(db: &Db, execution: ExecutionId, last: i64, limit: u32) -> Result<Vec<LogLine>> {
    let mut statement = db.prepare_cached(
        "SELECT id, at, level, stage, message FROM execution_logs WHERE execution_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![execution, last, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
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
