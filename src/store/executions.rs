//! Executions: asked for by a row, claimed by a conditional update, ended with a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Statement, ToSql, params};
use serde::{Deserialize, Serialize};

use super::Db;
use super::sql::{Columns, first_of_each_job, order, span, to_integer, to_json};
use crate::domain::execution::{Execution, ExecutionType, Failure, Progress, Request, Status, Trigger};
use crate::domain::id::{AdapterId, BackupId, CopyId, ExecutionId, JobId, floor};
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// A run about to be asked for.
#[derive(Clone, Debug)]
pub struct NewExecution {
    /// The job, if it belongs to one.
    pub job_id: Option<JobId>,
    /// The job's name.
    pub job_name: String,
    /// The job's revision.
    pub revision: Option<u32>,
    /// What is asked for; its kind is the run's type.
    pub request: Request,
    /// What started it.
    pub trigger: Trigger,
    /// Who, or what for.
    pub triggered_by: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// The source a dump reads from.
    pub source_id: Option<AdapterId>,
    /// It does not start before this.
    pub not_before: Timestamp,
}

/// What the next engine needs in order to clean up after one that died.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footprint {
    /// The destinations being written to, under the execution's `path`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<AdapterId>,
    /// The database being restored, for good or for a verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restoring: Option<Restoring>,
    /// The copies that retention has begun to delete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expiring: Vec<(BackupId, CopyId)>,
    /// The copies that a repair works on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mending: Vec<Mending>,
}

/// A copy being made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mending {
    /// The copy.
    pub copy: CopyId,
    /// Nothing of it was there before. Otherwise what lies there may be the last that is left of the backup.
    pub from_nothing: bool,
}

/// A restore under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// The source adapter restored into.
    pub adapter: AdapterId,
    /// The database's name there.
    pub target: String,
    /// What the names of everything begin or end with that the restore makes for a while.
    pub tag: String,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// A final status.
    pub status: Status,
    /// Why it did not do all it was asked for.
    pub error: Option<Failure>,
    /// Stored bytes of a backup, plain bytes of a restore.
    pub size: Option<u64>,
    /// The last progress.
    pub progress: Progress,
}

/// A restore that worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRestore {
    /// What was restored.
    pub bytes: Option<u64>,
    /// How long it took.
    pub took: Option<Duration>,
}

/// Which runs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this job.
    pub job: Option<JobId>,
    /// Only of jobs of this name that were removed; then of no other.
    pub removed: Option<String>,
    /// Only with one of these; none means with any.
    pub statuses: Vec<Status>,
    /// Only of this type.
    pub kind: Option<ExecutionType>,
    /// Only asked for at this instant or later.
    pub since: Option<Timestamp>,
    /// Only asked for before this instant.
    pub until: Option<Timestamp>,
}

/// What [`read`] reads, by position: looking columns up by their names takes as long as all the rest.
const COLUMNS: &str =
    "id, job_id, job_name, revision, type, status, \"trigger\", triggered_by, attempt, source_id, created_at,
    not_before, started_at, ended_at, cancel_requested_at, size, path, error, progress, request";

/// Asks for a run.
pub fn insert(db: &Db, new: &NewExecution, now: Timestamp) -> Result<ExecutionId> {
    let id = ExecutionId::generate(now);
    db.prepare_cached(
        "INSERT INTO executions (id, job_id, job_name, revision, type, status, \"trigger\", triggered_by, attempt, source_id,
             not_before, request, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
    )?
    .execute(params![
        id,
        new.job_id,
        new.job_name,
        new.revision,
        new.request.kind(),
        new.trigger,
        new.triggered_by,
        new.attempt,
        new.source_id,
        new.not_before,
        to_json(&new.request)?,
        now
    ])?;
    Ok(id)
}

/// Takes a pending run for this engine. `false` when somebody else has, or it is no longer wanted.
pub fn claim(db: &Db, id: ExecutionId, now: Timestamp) -> Result<bool> {
    let changed = db.execute(
        "UPDATE executions SET status = 'running', started_at = ?2, heartbeat_at = ?2, updated_at = ?2
         WHERE id = ?1 AND status = 'pending'",
        params![id, now],
    )?;
    Ok(changed == 1)
}

/// Says that the run is alive and how far it is.
pub fn heartbeat(db: &Db, id: ExecutionId, progress: &Progress, now: Timestamp) -> Result<()> {
    db.prepare_cached(
        "UPDATE executions SET heartbeat_at = ?2, progress = ?3, updated_at = ?2 WHERE id = ?1 AND status = 'running'",
    )?
    .execute(params![id, now, to_json(progress)?])?;
    Ok(())
}

/// When a run last said that it is alive; nothing of one that never started.
pub fn last_heartbeat(db: &Db, id: ExecutionId) -> Result<Option<Timestamp>> {
    Ok(
        db.query_row("SELECT heartbeat_at FROM executions WHERE id = ?1", [id], |row| {
            row.time_or_null(0)
        })?,
    )
}

/// Records where a run is about to write, before it writes.
pub fn set_footprint(
    db: &Db,
    id: ExecutionId,
    path: Option<&str>,
    footprint: &Footprint,
    now: Timestamp,
) -> Result<()> {
    db.execute(
        "UPDATE executions SET path = coalesce(?2, path), metadata = ?3, updated_at = ?4 WHERE id = ?1",
        params![id, path, to_json(footprint)?, now],
    )?;
    Ok(())
}

/// Changes what is recorded of where a run is writing.
pub fn edit_footprint(db: &Db, id: ExecutionId, now: Timestamp, edit: impl FnOnce(&mut Footprint)) -> Result<()> {
    let mut footprint = footprint(db, id)?;
    edit(&mut footprint);
    set_footprint(db, id, None, &footprint, now)
}

/// Where a run was writing.
pub fn footprint(db: &Db, id: ExecutionId) -> Result<Footprint> {
    Ok(
        db.query_row("SELECT metadata FROM executions WHERE id = ?1", [id], |row| {
            row.json("metadata")
        })?,
    )
}

/// Ends a run that is still open. `false` when it has its verdict already.
pub fn finish(db: &Db, id: ExecutionId, verdict: &Verdict, now: Timestamp) -> Result<bool> {
    let error = verdict.error.as_ref().map(to_json).transpose()?;
    let changed = db.execute(
        "UPDATE executions SET status = ?2, error = ?3, size = ?4, progress = ?5, ended_at = ?6, updated_at = ?6
         WHERE id = ?1 AND status IN ('pending', 'running')",
        params![
            id,
            verdict.status,
            error,
            verdict.size.map(to_integer),
            to_json(&verdict.progress)?,
            now
        ],
    )?;
    Ok(changed == 1)
}

/// Ends a run that never started.
pub fn skip(db: &Db, id: ExecutionId, reason: &Failure, now: Timestamp) -> Result<bool> {
    let changed = db.execute(
        "UPDATE executions SET status = 'skipped', error = ?2, ended_at = ?3, updated_at = ?3 WHERE id = ?1 AND status = 'pending'",
        params![id, to_json(reason)?, now],
    )?;
    Ok(changed == 1)
}

/// Asks a running execution to stop. `false` when it is not running or has been asked already.
pub fn request_cancel(db: &Db, id: ExecutionId, now: Timestamp) -> Result<bool> {
    let changed = db.execute(
        "UPDATE executions SET cancel_requested_at = ?2, updated_at = ?2
         WHERE id = ?1 AND status = 'running' AND cancel_requested_at IS NULL",
        params![id, now],
    )?;
    Ok(changed == 1)
}

/// The run with that id.
pub fn get(db: &Db, id: ExecutionId) -> Result<Execution> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM executions WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .ok_or_else(|| Error::not_found("the run is gone").on(format!("run {id}")))
}

/// The run with that id, or the only one whose id starts or ends so.
pub fn find(db: &Db, text: &str) -> Result<Execution> {
    match super::find_by_id_prefix(db, "executions", text)? {
        Some(id) => get(db, id),
        None => Err(Error::not_found(format!("there is no run '{text}'")).next("`backstay runs list` shows them")),
    }
}

/// The newest run of a job.
pub fn latest_of_job(db: &Db, job: JobId, kind: ExecutionType) -> Result<Option<Execution>> {
    let text = format!("SELECT {COLUMNS} FROM executions WHERE job_id = ?1 AND type = ?2 ORDER BY id DESC LIMIT 1");
    Ok(db
        .prepare_cached(&text)?
        .query_row(params![job, kind], read)
        .optional()?)
}

/// The jobs of which a run of a kind failed that was asked for since an instant.
pub fn jobs_failed_since(db: &Db, kind: ExecutionType, since: Timestamp) -> Result<BTreeSet<JobId>> {
    let mut statement = db.prepare_cached(
        "SELECT job_id FROM executions WHERE type = ?1 AND status = 'failed' AND id >= ?2 AND job_id IS NOT NULL",
    )?;
    let rows = statement.query_map(params![kind, floor(since)], |row| row.text(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest run of each job, of those among the newest runs of a kind, for `jobs` jobs: mostly all of them, since each page is
/// read but once where runs lie side by side.
pub fn latest_by_job(db: &Db, kind: ExecutionType, jobs: usize) -> Result<BTreeMap<JobId, Execution>> {
    let text = format!("SELECT {COLUMNS} FROM executions WHERE type = ?1 ORDER BY id DESC LIMIT ?2");
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query(params![kind, to_integer(2 * jobs as u64)])?;
    Ok(first_of_each_job(rows, 1, jobs, read)?)
}

/// The runs next to an edge, newest first.
pub fn list(db: &Db, filter: &Filter, edge: Edge<ExecutionId>, limit: u32) -> Result<Vec<Execution>> {
    let text = format!("{} ORDER BY id {} LIMIT :limit", filter.select(COLUMNS), order(&edge));
    let mut rows = filter.ask(db, &text, edge, limit, |statement, values| {
        statement.query_map(values, read)?.collect::<rusqlite::Result<Vec<_>>>()
    })?;
    if edge.is_ascending() {
        rows.reverse();
    }
    Ok(rows)
}

/// The oldest of them.
pub fn first(db: &Db, filter: &Filter) -> Result<Option<ExecutionId>> {
    let text = format!("{} ORDER BY id LIMIT :limit", filter.select("id"));
    filter.ask(db, &text, Edge::Oldest, 1, |statement, values| {
        statement.query_row(values, |row| row.text("id")).optional()
    })
}

/// The last restore of a backup of a job that worked; a verification that restores into a scratch database is one too.
pub fn last_restore(db: &Db, job: JobId) -> Result<Option<LastRestore>> {
    // The condition is that of the index, to the letter, and nothing else is read.
    let text = "SELECT size, started_at, ended_at FROM executions INDEXED BY executions_restored
         WHERE job_id = ?1 AND status = 'success'
             AND (type = 'restore' OR type = 'verify' AND json_extract(request, '$.level') = 'restore')
         ORDER BY id DESC LIMIT 1";
    let last = db.prepare_cached(text)?.query_row([job], |row| {
        let ended_at = row.time_or_null(2)?;
        Ok(LastRestore {
            bytes: row.get::<_, Option<i64>>(0)?.and_then(|size| u64::try_from(size).ok()),
            took: row
                .time_or_null(1)?
                .and_then(|started_at| Some(ended_at?.since(started_at))),
        })
    });
    Ok(last.optional()?)
}

/// How many there are, counted up to `at_most`.
pub fn count(db: &Db, filter: &Filter, at_most: u32) -> Result<u32> {
    let text = format!("SELECT count(*) FROM ({} LIMIT :limit)", filter.select("1"));
    filter.ask(db, &text, Edge::Newest, at_most, |statement, values| {
        statement.query_row(values, |row| row.get(0))
    })
}

impl Filter {
    /// One SELECT for each status: each is answered in the order of ids from the index of just these columns, and SQLite
    /// merges them as it goes, so that no row is read that is not shown.
    fn select(&self, columns: &str) -> String {
        let wanted = Status::ALL.iter().filter(|status| self.statuses.contains(status));
        let statuses: Vec<_> = wanted.map(|status| format!(" AND status = '{status}'")).collect();
        let any = [String::new()];
        let statuses = if statuses.is_empty() || statuses.len() == Status::ALL.len() {
            any.as_slice()
        } else {
            statuses.as_slice()
        };
        let selects = statuses.iter().map(|status| {
            let (index, conditions) = match (self.job, self.kind, status.is_empty()) {
                // What is left of a removed job is looked through for a type or a status.
                (_, None, _) if self.removed.is_some() => (
                    "INDEXED BY executions_unowned",
                    " AND job_name = :removed AND job_id IS NULL",
                ),
                (_, Some(_), _) if self.removed.is_some() => (
                    "INDEXED BY executions_unowned",
                    " AND job_name = :removed AND job_id IS NULL AND type = :type",
                ),
                (None, None, true) => ("", ""),
                (None, None, false) => ("INDEXED BY executions_by_status", ""),
                (None, Some(_), true) => ("INDEXED BY executions_by_type", " AND type = :type"),
                (None, Some(_), false) => ("INDEXED BY executions_by_type_status", " AND type = :type"),
                (Some(_), None, true) => ("INDEXED BY executions_by_job", " AND job_id = :job"),
                (Some(_), None, false) => ("INDEXED BY executions_by_job_status", " AND job_id = :job"),
                (Some(_), Some(_), true) => (
                    "INDEXED BY executions_by_job_type",
                    " AND job_id = :job AND type = :type",
                ),
                (Some(_), Some(_), false) => (
                    "INDEXED BY executions_by_job_type_status",
                    " AND job_id = :job AND type = :type",
                ),
            };
            // Left to itself SQLite takes a span of ids to be narrower than a type or a status is.
            format!("SELECT {columns} FROM executions {index} WHERE id > :lower AND id < :upper{conditions}{status}")
        });
        selects.collect::<Vec<_>>().join(" UNION ALL ")
    }

    fn ask<T>(
        &self,
        db: &Db,
        text: &str,
        edge: Edge<ExecutionId>,
        limit: u32,
        run: impl FnOnce(&mut Statement<'_>, &[(&str, &dyn ToSql)]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let (lower, upper) = span(self.since, self.until, &edge);
        let mut values: Vec<(&str, &dyn ToSql)> = vec![(":lower", &lower), (":upper", &upper), (":limit", &limit)];
        if let Some(removed) = &self.removed {
            values.push((":removed", removed));
        } else if let Some(job) = &self.job {
            values.push((":job", job));
        }
        if let Some(kind) = &self.kind {
            values.push((":type", kind));
        }
        Ok(run(&mut *db.prepare_cached(text)?, &values)?)
    }
}

/// The names of jobs that were removed and have runs, each found by leaping from the one before it.
pub fn removed_jobs(db: &Db) -> Result<Vec<String>> {
    let next = "SELECT min(job_name) FROM executions INDEXED BY executions_unowned WHERE job_id IS NULL";
    let text = format!(
        "WITH RECURSIVE value(text) AS (
             {next} UNION ALL SELECT ({next} AND job_name > text) FROM value WHERE text IS NOT NULL
         )
         SELECT text FROM value WHERE text IS NOT NULL"
    );
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Everything pending or running, in the order it may start.
pub fn open(db: &Db) -> Result<Vec<Execution>> {
    let text =
        format!("SELECT {COLUMNS} FROM executions WHERE status IN ('pending', 'running') ORDER BY not_before, id");
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Runs that have their verdict and left something to clean up.
pub fn unsettled(db: &Db) -> Result<Vec<Execution>> {
    let text = format!(
        "SELECT {COLUMNS} FROM executions WHERE metadata <> '{{}}' AND status NOT IN ('pending', 'running') ORDER BY id"
    );
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The same of one job.
pub fn open_of_job(db: &Db, job: JobId) -> Result<Vec<Execution>> {
    let text = format!(
        "SELECT {COLUMNS} FROM executions WHERE job_id = ?1 AND status IN ('pending', 'running') ORDER BY not_before, id"
    );
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query_map([job], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest backups of a job that were tried and got a verdict, newest first.
pub fn outcomes(db: &Db, job: JobId, limit: u32) -> Result<Vec<Execution>> {
    let filter = Filter {
        job: Some(job),
        statuses: vec![Status::Success, Status::Partial, Status::Failed, Status::Cancelled],
        kind: Some(ExecutionType::Backup),
        ..Filter::default()
    };
    list(db, &filter, Edge::Newest, limit)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Execution> {
    let error: Option<String> = row.get(17)?;
    Ok(Execution {
        id: row.text(0)?,
        job_id: row.text_or_null(1)?,
        job_name: row.get(2)?,
        revision: row.get(3)?,
        kind: row.text(4)?,
        status: row.text(5)?,
        trigger: row.text(6)?,
        triggered_by: row.get(7)?,
        attempt: row.get(8)?,
        source_id: row.text_or_null(9)?,
        created_at: row.time(10)?,
        not_before: row.time(11)?,
        started_at: row.time_or_null(12)?,
        ended_at: row.time_or_null(13)?,
        cancel_requested_at: row.time_or_null(14)?,
        size: row.get::<_, Option<i64>>(15)?.and_then(|size| u64::try_from(size).ok()),
        path: row.get(16)?,
        error: error.map(|_| row.json(17)).transpose()?,
        progress: row.json(18)?,
        request: row.json(19)?,
    })
}
