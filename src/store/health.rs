//! The history of health probes.

use rusqlite::params;

use super::Db;
use super::sql::to_integer;
use crate::domain::Result;
use crate::domain::adapter::Health;
use crate::domain::id::{AdapterId, HealthCheckId};
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

/// Deletes probes older than `before`.
pub fn prune(db: &Db, before: Timestamp) -> Result<usize> {
    Ok(db.execute("DELETE FROM health_checks WHERE created_at < ?1", [before])?)
}
