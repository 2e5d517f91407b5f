//! Jobs, their destinations and their revisions.

use rusqlite::{Row, params};
use serde::Serialize;

use super::Db;
use super::sql::{Columns, name_taken, to_json};
use crate::domain::id::{AdapterId, JobId, ProfileId};
use crate::domain::job::{Definition, Hook, Job, Target};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// What a definition's names stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    /// The source adapter.
    pub source: AdapterId,
    /// The encryption profile.
    pub profile: Option<ProfileId>,
    /// The destination adapters, in the definition's order.
    pub destinations: Vec<AdapterId>,
}

/// One revision of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revision {
    /// 1 for the first.
    pub version: u32,
    /// What the job was then.
    pub definition: Definition,
    /// Who made it.
    pub author: String,
    /// Why, if it was said.
    pub note: String,
    /// When.
    pub created_at: Timestamp,
}

/// Stores a new job as revision 1. Fire times before `now` are none of its business.
pub fn insert(
    db: &Db,
    id: JobId,
    definition: &Definition,
    references: &References,
    author: &str,
    now: Timestamp,
) -> Result<()> {
    db.execute(
        "INSERT INTO jobs (id, name, schedule, timezone, enabled, source_id, selection, compression, encryption_profile_id,
             options, hooks, revision, scheduled_through, awake_since, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12, ?12, ?12, ?12)",
        params![
            id,
            definition.name,
            definition.schedule,
            definition.timezone,
            definition.enabled,
            references.source,
            to_json(&definition.selection)?,
            definition.compression.to_string(),
            references.profile,
            to_json(&definition.options)?,
            to_json(&definition.hooks)?,
            now
        ],
    )
    .map_err(|error| name_taken(error, "job", &definition.name))?;
    set_destinations(db, id, definition, references)?;
    add_revision(db, id, 1, definition, author, "created", now)
}

/// Changes a job: the next revision. A changed schedule counts from `now`.
pub fn update(
    db: &Db,
    job: &Job,
    definition: &Definition,
    references: &References,
    author: &str,
    note: &str,
    now: Timestamp,
) -> Result<u32> {
    let revision = job.revision + 1;
    // Runs that wait will be of the new revision, and read its source.
    db.execute(
        "UPDATE executions SET revision = ?2, source_id = ?3, job_name = ?4
         WHERE job_id = ?1 AND status = 'pending' AND type = 'backup'",
        params![job.id, revision, references.source, definition.name],
    )?;
    let same_schedule =
        (&job.definition.schedule, &job.definition.timezone) == (&definition.schedule, &definition.timezone);
    let resumed = definition.enabled && !job.definition.enabled;
    let (scheduled_through, awake_since) = if same_schedule && !resumed {
        (job.scheduled_through, job.awake_since)
    } else {
        (now, now)
    };
    db.execute(
        "UPDATE jobs SET name = ?2, schedule = ?3, timezone = ?4, enabled = ?5, source_id = ?6, selection = ?7, compression = ?8,
             encryption_profile_id = ?9, options = ?10, hooks = ?11, revision = ?12, scheduled_through = ?13, awake_since = ?14,
             updated_at = ?15
         WHERE id = ?1",
        params![
            job.id,
            definition.name,
            definition.schedule,
            definition.timezone,
            definition.enabled,
            references.source,
            to_json(&definition.selection)?,
            definition.compression.to_string(),
            references.profile,
            to_json(&definition.options)?,
            to_json(&definition.hooks)?,
            revision,
            scheduled_through,
            awake_since,
            now
        ],
    )
    .map_err(|error| name_taken(error, "job", &definition.name))?;
    db.execute("DELETE FROM job_destinations WHERE job_id = ?1", [job.id])?;
    set_destinations(db, job.id, definition, references)?;
    add_revision(db, job.id, revision, definition, author, note, now)?;
    Ok(revision)
}

fn set_destinations(db: &Db, id: JobId, definition: &Definition, references: &References) -> Result<()> {
    let targets = definition.destinations.iter().zip(&references.destinations);
    for (priority, (target, adapter)) in targets.enumerate() {
        db.execute(
            "INSERT INTO job_destinations (job_id, adapter_id, priority, retention) VALUES (?1, ?2, ?3, ?4)",
            params![
                id,
                adapter,
                i64::try_from(priority).unwrap_or(i64::MAX),
                target.keep.to_string()
            ],
        )
        .map_err(|error| name_taken(error, "destination", &target.adapter))?;
    }
    Ok(())
}

fn add_revision(
    db: &Db,
    id: JobId,
    version: u32,
    definition: &Definition,
    author: &str,
    note: &str,
    now: Timestamp,
) -> Result<()> {
    db.execute(
        "INSERT INTO job_revisions (job_id, version, definition, author, note, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, version, to_json(definition)?, author, note, now],
    )?;
    Ok(())
}

/// Pauses until then, or with `None` ends a pause. Fires missed while paused are not caught up.
pub fn set_paused_until(db: &Db, id: JobId, until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE jobs SET paused_until = ?2, scheduled_through = max(scheduled_through, ?3),
             awake_since = CASE WHEN ?2 IS NULL THEN ?3 ELSE awake_since END, updated_at = ?3
         WHERE id = ?1",
        params![id, until, now],
    )?;
    Ok(())
}

/// Fire times up to `through` are accounted for.
pub fn set_scheduled_through(db: &Db, id: JobId, through: Timestamp) -> Result<()> {
    db.prepare_cached("UPDATE jobs SET scheduled_through = ?2 WHERE id = ?1")?
        .execute(params![id, through])?;
    Ok(())
}

/// Deletes a job. Its runs and backups stay, under its name.
pub fn delete(db: &Db, id: JobId) -> Result<()> {
    db.execute("DELETE FROM jobs WHERE id = ?1", [id])?;
    Ok(())
}

const SELECT: &str = "SELECT jobs.*, adapters.name AS source_name, encryption_profiles.name AS profile_name,
         (SELECT created_at FROM job_revisions WHERE job_id = jobs.id AND version = jobs.revision) AS revised_at
     FROM jobs JOIN adapters ON adapters.id = source_id
     LEFT JOIN encryption_profiles ON encryption_profiles.id = encryption_profile_id";

/// The job of that name, or with that id or the only one whose id starts so.
pub fn find(db: &Db, name: &str) -> Result<Job> {
    let named = query(db, "WHERE jobs.name = ?1", [name])?.pop();
    let found = match named {
        Some(job) => Some(job),
        None => super::find_by_id_prefix(db, "jobs", name)?
            .map(|id| get(db, id))
            .transpose()?,
    };
    found.ok_or_else(|| Error::not_found(format!("there is no job '{name}'")).next("`backstay job list` shows them"))
}

/// The job of exactly that name.
pub fn by_name(db: &Db, name: &str) -> Result<Option<Job>> {
    Ok(query(db, "WHERE jobs.name = ?1", [name])?.pop())
}

/// The job with that id, if it is still there.
pub fn by_id(db: &Db, id: JobId) -> Result<Option<Job>> {
    Ok(query(db, "WHERE jobs.id = ?1", [id])?.pop())
}

/// The job with that id.
pub fn get(db: &Db, id: JobId) -> Result<Job> {
    by_id(db, id)?.ok_or_else(|| Error::not_found("the job is gone").on(format!("job {id}")))
}

/// All jobs by name.
pub fn list(db: &Db) -> Result<Vec<Job>> {
    query(db, "ORDER BY jobs.name", [])
}

/// The jobs that seal with a profile.
pub fn using_profile(db: &Db, profile: ProfileId) -> Result<Vec<Job>> {
    query(db, "WHERE encryption_profile_id = ?1 ORDER BY jobs.name", [profile])
}

/// Changes whenever [`versions`] does.
pub fn schedule_version(db: &Db) -> Result<i64> {
    Ok(db
        .prepare_cached("SELECT version FROM schedule_version")?
        .query_row([], |row| row.get(0))?)
}

/// The jobs' ids and when they were last changed: what a scheduler needs to see whether its plan still holds.
pub fn versions(db: &Db) -> Result<Vec<(JobId, u32, Option<Timestamp>)>> {
    let mut statement = db.prepare_cached("SELECT id, revision, paused_until FROM jobs")?;
    let rows = statement.query_map([], |row| {
        Ok((row.text("id")?, row.get("revision")?, row.time_or_null("paused_until")?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All revisions of a job, newest first.
pub fn revisions(db: &Db, id: JobId) -> Result<Vec<Revision>> {
    let mut statement = db.prepare_cached("SELECT * FROM job_revisions WHERE job_id = ?1 ORDER BY version DESC")?;
    let rows = statement.query_map([id], |row| {
        Ok(Revision {
            version: row.get("version")?,
            definition: row.json("definition")?,
            author: row.get("author")?,
            note: row.get("note")?,
            created_at: row.time("created_at")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn query(db: &Db, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<Job>> {
    let mut statement = db.prepare_cached(&format!("{SELECT} {condition}"))?;
    let rows = statement.query_map(parameters, read)?;
    let mut jobs: Vec<Job> = rows.collect::<Result<_, _>>()?;
    let mut destinations = db.prepare_cached(
        "SELECT adapter_id, adapters.name, retention FROM job_destinations JOIN adapters ON adapters.id = adapter_id
         WHERE job_id = ?1 ORDER BY priority",
    )?;
    for job in &mut jobs {
        let mut rows = destinations.query([job.id])?;
        while let Some(row) = rows.next()? {
            job.destination_ids.push(row.text(0)?);
            job.definition.destinations.push(Target {
                adapter: row.get(1)?,
                keep: row.text(2)?,
            });
        }
    }
    Ok(jobs)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.text("id")?,
        definition: Definition {
            name: row.get("name")?,
            source: row.get("source_name")?,
            schedule: row.get("schedule")?,
            timezone: row.get("timezone")?,
            enabled: row.get("enabled")?,
            compression: row.text("compression")?,
            profile: row.get("profile_name")?,
            selection: row.json("selection")?,
            options: row.json("options")?,
            destinations: Vec::new(),
            hooks: row.json::<Vec<Hook>>("hooks")?,
        },
        revision: row.get("revision")?,
        source_id: row.text("source_id")?,
        profile_id: row.text_or_null("encryption_profile_id")?,
        destination_ids: Vec::new(),
        paused_until: row.time_or_null("paused_until")?,
        scheduled_through: row.time("scheduled_through")?,
        awake_since: row.time("awake_since")?,
        created_at: row.time("created_at")?,
        revised_at: row.time("revised_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// The policy of a job at a destination, if it still goes there.
pub fn policy(job: &Job, destination: AdapterId) -> Option<&Target> {
    job.destination_ids
        .iter()
        .zip(&job.definition.destinations)
        .find(|(id, _)| **id == destination)
        .map(|(_, target)| target)
}
