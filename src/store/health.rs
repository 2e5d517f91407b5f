//! The history of health probes.

use rusqlite::params;

use super::Db;
use super::sql::{Columns, to_integer};
use crate::domain::Result;
use crate::domain::adapter::{Health, HealthCheck};
use crate::domain::id::{AdapterId, HealthCheckId, floor};
use crate::domain::time::Timestamp;

/// Records one probe.
pub fn insert(
    db: &Db,
    adapter: AdapterId,
    status: Health,
    latency_ms: Option<u64>,
    error: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let id = HealthCheckId::generate(now);
    db.execute(
        "INSERT INTO health_checks (id, adapter_id, status, latency_ms, error, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, adapter, status, latency_ms.map(to_integer), error, now],
    )?;
    Ok(())
}

/// The newest probes of an adapter, oldest first.
pub fn recent(db: &Db, adapter: AdapterId, limit: u32) -> Result<Vec<HealthCheck>> {
    let mut statement = db.prepare_cached(
        "SELECT created_at, status, latency_ms, error FROM health_checks WHERE adapter_id = ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![adapter, limit], |row| {
        Ok(HealthCheck {
            at: row.time("created_at")?,
            status: row.text("status")?,
            latency_ms: row
                .get::<_, Option<i64>>("latency_ms")?
                .and_then(|ms| u64::try_from(ms).ok()),
            error: row.get("error")?,
        })
    })?;
    let mut checks: Vec<HealthCheck> = rows.collect::<Result<_, _>>()?;
    checks.reverse();
    Ok(checks)
}

/// When the first of an adapter's last `failures` probes was, which all failed; of as many as are kept. Nothing for none.
pub fn failing_since(db: &Db, adapter: AdapterId, failures: u32) -> rusqlite::Result<Option<Timestamp>> {
    if failures == 0 {
        return Ok(None);
    }
    // The id tells when, and so only the index is read.
    let mut statement = db.prepare_cached(
        "SELECT min(id) AS first FROM
             (SELECT id FROM health_checks WHERE adapter_id = ?1 ORDER BY id DESC LIMIT ?2)",
    )?;
    let first: Option<HealthCheckId> =
        statement.query_row(params![adapter, failures], |row| row.text_or_null("first"))?;
    Ok(first.map(|id| id.made_at()))
}

/// Deletes probes older than `before`, whose ids are the first ones.
pub fn prune(db: &Db, before: Timestamp) -> Result<usize> {
    Ok(db.execute("DELETE FROM health_checks WHERE id < ?1", [floor(before)])?)
}

/// Deletes all but the newest `most` probes of an adapter.
pub fn keep_newest(db: &Db, adapter: AdapterId, most: u32) -> Result<usize> {
    Ok(db.execute(
        "DELETE FROM health_checks WHERE adapter_id = ?1 AND id <=
             (SELECT id FROM health_checks WHERE adapter_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![adapter, most],
    )?)
}
