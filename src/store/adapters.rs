//! Adapters, with their sealed configuration.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::sql::{Columns, name_taken, still_used, to_json};
use super::{Db, audit, health};
use crate::domain::adapter::{Adapter, AdapterType, Health, Probe, with_edit};
use crate::domain::audit::{Actor, Event};
use crate::domain::id::AdapterId;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// An adapter about to be stored.
pub struct NewAdapter<'a> {
    /// Its id, which the sealed configuration is bound to.
    pub id: AdapterId,
    /// Unique.
    pub name: &'a str,
    /// What it is for.
    pub kind: AdapterType,
    /// The driver's name.
    pub driver: &'a str,
    /// The sealed configuration.
    pub config: &'a str,
    /// What a list may show.
    pub summary: &'a str,
}

/// Stores a new adapter.
pub fn insert(db: &Db, new: &NewAdapter<'_>, now: Timestamp) -> Result<()> {
    db.execute(
        "INSERT INTO adapters (id, name, type, driver, config, summary, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![new.id, new.name, new.kind, new.driver, new.config, new.summary, now],
    )
    .map(drop)
    .map_err(|error| name_taken(error, "adapter", new.name))
}

/// Replaces an adapter's name, configuration and summary; its health starts anew.
pub fn update(db: &Db, id: AdapterId, name: &str, config: &str, summary: &str, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE adapters SET name = ?2, config = ?3, summary = ?4, updated_at = ?5, last_status = 'unknown',
             last_error = NULL, consecutive_failures = 0
         WHERE id = ?1",
        params![id, name, config, summary, now],
    )
    .map(drop)
    .map_err(|error| name_taken(error, "adapter", name))
}

/// Gives an adapter another name; what is known of its health stays.
pub fn rename(db: &Db, id: AdapterId, name: &str, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE adapters SET name = ?2, updated_at = ?3 WHERE id = ?1",
        params![id, name, now],
    )
    .map(drop)
    .map_err(|error| name_taken(error, "adapter", name))
}

/// Deletes an adapter that nothing uses.
pub fn delete(db: &Db, adapter: &Adapter) -> Result<()> {
    // Copies that were deleted are history and keep no destination alive.
    db.execute(
        "DELETE FROM backup_copies WHERE destination_id = ?1 AND state = 'deleted'",
        [adapter.id],
    )?;
    db.execute("DELETE FROM adapters WHERE id = ?1", [adapter.id])
        .map(drop)
        .map_err(|error| still_used(error, "adapter", &adapter.name))
}

/// The adapter of that name, or with that id or the only one whose id starts so.
pub fn find(db: &Db, name: &str) -> Result<Adapter> {
    by_name(db, name)?.map_or_else(
        || {
            super::find_by_id_prefix(db, "adapters", name)?
                .map(|id| get(db, id))
                .transpose()?
                .ok_or_else(|| {
                    Error::not_found(format!("there is no adapter '{name}'")).next("`backstay adapter list` shows them")
                })
        },
        Ok,
    )
}

/// The adapter of exactly that name.
pub fn by_name(db: &Db, name: &str) -> Result<Option<Adapter>> {
    Ok(db
        .query_row("SELECT * FROM adapters WHERE name = ?1", [name], read)
        .optional()?)
}

/// The adapter with that id.
pub fn get(db: &Db, id: AdapterId) -> Result<Adapter> {
    db.query_row("SELECT * FROM adapters WHERE id = ?1", [id], read)
        .optional()?
        .ok_or_else(|| Error::not_found("the adapter is gone").on(format!("adapter {id}")))
}

/// All adapters by name.
pub fn list(db: &Db) -> Result<Vec<Adapter>> {
    let mut statement = db.prepare_cached("SELECT * FROM adapters ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sealed configuration.
pub fn config(db: &Db, id: AdapterId) -> Result<String> {
    Ok(db.query_row("SELECT config FROM adapters WHERE id = ?1", [id], |row| row.get(0))?)
}

/// The names of the jobs that use an adapter.
pub fn used_by(db: &Db, id: AdapterId) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(
        "SELECT name FROM jobs WHERE source_id = ?1
         UNION SELECT jobs.name FROM jobs JOIN job_destinations ON job_id = jobs.id WHERE adapter_id = ?1 ORDER BY 1",
    )?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names of the jobs that use each adapter, for all that are used.
pub fn uses(db: &Db) -> Result<BTreeMap<AdapterId, Vec<String>>> {
    let mut statement = db.prepare_cached(
        "SELECT source_id AS adapter_id, name FROM jobs
         UNION SELECT adapter_id, jobs.name FROM jobs JOIN job_destinations ON job_id = jobs.id ORDER BY 2",
    )?;
    let rows = statement.query_map([], |row| Ok((row.text("adapter_id")?, row.get("name")?)))?;
    let mut uses: BTreeMap<AdapterId, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (adapter, job) = row?;
        uses.entry(adapter).or_default().push(job);
    }
    Ok(uses)
}

/// Records what a probe found. Gives the health before and after.
pub fn record_probe(db: &Db, id: AdapterId, found: Result<&Probe, &Error>, now: Timestamp) -> Result<(Health, Health)> {
    let before = get(db, id)?;
    let failures = if found.is_ok() {
        0
    } else {
        before.consecutive_failures.saturating_add(1)
    };
    // What answers and cannot be backed up is not well, and does not go offline by that either.
    let blocked = found.ok().and_then(|probe| probe.blockers.first().cloned());
    let after = match &blocked {
        Some(_) => Health::Degraded,
        None => Health::after_failures(failures),
    };
    let metadata = match found {
        Ok(probe) => {
            // A mere look does not measure where that is work: the size stays the one that was measured last.
            let measured = || before.metadata.get("size_bytes")?.as_u64();
            to_json(&Probe {
                size_bytes: probe.size_bytes.or_else(measured),
                ..probe.clone()
            })?
        }
        Err(_) => to_json(&before.metadata)?,
    };
    let failed = found
        .err()
        .map(|error| with_edit(error.clone(), &before.name).to_string());
    let error = failed.or(blocked);
    db.execute(
        "UPDATE adapters SET last_health_check = ?2, last_status = ?3, last_error = ?4, consecutive_failures = ?5, metadata = ?6
         WHERE id = ?1",
        params![id, now, after, error, failures, metadata],
    )?;
    health::insert(
        db,
        id,
        after,
        found.ok().map(|probe| probe.latency_ms),
        error.as_deref(),
        now,
    )?;
    Ok((before.last_status, after))
}

/// The same with an audit row where its health has changed by that, whoever looked. Gives the health after.
pub fn record_health(
    db: &Db,
    adapter: &Adapter,
    found: Result<&Probe, &Error>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Health> {
    let (before, after) = record_probe(db, adapter.id, found, now)?;
    if before != after {
        let said = found.err().map(ToString::to_string);
        let event = Event::new("adapter.health", "adapter", adapter.id, adapter.name.clone())
            .with(serde_json::json!({ "before": before, "after": after, "error": said }));
        audit::append(db, actor, &event, now)?;
    }
    Ok(after)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Adapter> {
    Ok(Adapter {
        id: row.text("id")?,
        name: row.get("name")?,
        kind: row.text("type")?,
        driver: row.get("driver")?,
        summary: row.get("summary")?,
        metadata: row.json::<Value>("metadata")?,
        last_status: row.text("last_status")?,
        last_health_check: row.time_or_null("last_health_check")?,
        last_error: row.get("last_error")?,
        consecutive_failures: row.get("consecutive_failures")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
