//! Runs: asked for, listed, cancelled, tried again. Asking is a row; the engine does the work.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Session, engine_process};
use crate::domain::audit::{AuditRow, CANCEL, Event};
use crate::domain::backup::{Backup, CopyState, Level};
use crate::domain::execution::{
    Execution, ExecutionType, Failure, LogLevel, LogLine, Renamed, Request, RestoreOptions, Status, Trigger,
};
use crate::domain::id::{AdapterId, BackupId, ExecutionId};
use crate::domain::job::Job;
use crate::domain::paging::Edge;
use crate::domain::retention::{self, EXPIRE};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, units};
use crate::store::executions::{Filter, NewExecution};
use crate::store::{Db, adapters, audit, backups, executions, jobs, logs};

mod calendar;
mod follow;
mod log;
mod page;
mod turn;

pub use calendar::{Day, calendar};
pub use follow::{EngineNews, Follow, Update};
pub use log::{Direction, LogEdge, Search, Searched, log_next_error, log_page, log_search, save_log};
pub use page::{Wanted, count, find, page, removed_jobs};
pub use turn::waits_for;

/// Log lines, or rows of the audit log, read at once.
const LINES: u32 = 1_000;

/// A run that was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its row as it was made.
    pub execution: Execution,
    /// What the operator should know, one sentence each.
    pub notes: Vec<String>,
}

/// A run with what came of it, in the shape scripts rely on.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Its id.
    pub id: ExecutionId,
    /// The job's name.
    pub job: String,
    /// What kind of run.
    #[serde(rename = "type")]
    pub kind: ExecutionType,
    /// Its verdict.
    pub status: Status,
    /// When an engine took it.
    pub started_at: Option<Timestamp>,
    /// When it got its verdict.
    pub ended_at: Option<Timestamp>,
    /// The backup it made, or worked on.
    pub backup: Option<OutcomeBackup>,
    /// What its retention deleted and by which rule, one sentence a copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub let_go: Vec<String>,
    /// Why it did not do all it was asked for.
    pub error: Option<Failure>,
}

/// A backup in an [`Outcome`]. Sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeBackup {
    /// Its id.
    pub id: BackupId,
    /// Plain bytes, all objects.
    pub logical_size: u64,
    /// Where it is.
    pub copies: Vec<OutcomeCopy>,
}

/// A copy in an [`Outcome`]. Sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeCopy {
    /// The destination's name.
    pub destination: String,
    /// Its folder there.
    pub path: String,
    /// Whether it is there.
    pub state: CopyState,
    /// Bytes stored.
    pub stored_size: u64,
    /// What was proven of it: absent when nothing was, or when the last look found it wanting.
    pub verified_level: Option<Level>,
}

/// A run with everything known of it.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The run.
    #[serde(flatten)]
    pub execution: Execution,
    /// The backup it made, or worked on.
    pub backup: Option<OutcomeBackup>,
}

impl From<Backup> for OutcomeBackup {
    fn from(backup: Backup) -> Self {
        let copies = backup.copies.into_iter().map(|copy| OutcomeCopy {
            verified_level: copy.proof().map(|(level, _)| level),
            destination: copy.destination,
            path: copy.path,
            state: copy.state,
            stored_size: copy.stored_size,
        });
        Self {
            id: backup.id,
            logical_size: backup.logical_size,
            copies: copies.collect(),
        }
    }
}

/// Asks for a run of a job. A paused job is run all the same, and said to be paused.
pub fn start(session: &Session, job: &str, trigger: Trigger) -> Result<Asked> {
    session.instance.store.write(|db| {
        let job = jobs::find(db, job)?;
        let event = Event::new("job.run", "job", job.id, &job.definition.name);
        let execution = ask(
            session,
            db,
            Some(&job),
            &job.definition.name,
            Request::Backup,
            trigger,
            event,
        )?;
        Ok(Asked {
            execution,
            notes: notes(&job, session.now()),
        })
    })
}

/// Asks for the same thing again. A job that is gone cannot be backed up again.
pub fn retry(session: &Session, run: &str, trigger: Trigger) -> Result<Asked> {
    session.instance.store.write(|db| {
        let old = executions::find(db, run)?;
        let object = format!("run {}", old.id.short());
        if !old.status.is_final() {
            return Err(Error::busy("it has not ended yet")
                .on(object)
                .next("`backstay runs show` says how far it is"));
        }
        let job = old.job_id.map(|id| jobs::get(db, id)).transpose()?;
        if job.is_none() && old.kind == ExecutionType::Backup {
            return Err(Error::not_found(format!("its job '{}' was removed", old.job_name)).on(object));
        }
        let event = Event::new("run.retry", "execution", old.id, &old.job_name);
        let execution = ask(session, db, job.as_ref(), &old.job_name, old.request, trigger, event)?;
        Ok(Asked {
            execution,
            notes: job.map(|job| notes(&job, session.now())).unwrap_or_default(),
        })
    })
}

/// Cancels a run: one that waits is skipped at once, one that runs is told to stop. Gives its row afterwards.
pub fn cancel(session: &Session, run: &str) -> Result<Execution> {
    session.instance.store.write(|db| {
        let execution = executions::find(db, run)?;
        let id = execution.id;
        let reason = Failure {
            message: "cancelled before start".to_owned(),
            object: String::new(),
            next: format!("`backstay runs retry {}` asks for it again", id.short()),
            parts: Vec::new(),
        };
        let now = session.now();
        if !executions::skip(db, id, &reason, now)?
            && !executions::request_cancel(db, id, now)?
            && execution.status.is_final()
        {
            return Err(
                Error::failed(format!("it has ended already: {}", execution.status)).on(format!("run {}", id.short()))
            );
        }
        session.record(db, &Event::new(CANCEL, "execution", id, &execution.job_name))?;
        executions::get(db, id)
    })
}

/// What becomes of a run that was told to stop while no engine runs to hear it; nothing when there is one, or nothing is left
/// to be done.
pub fn unheard(session: &Session, run: &Execution) -> Result<Option<String>> {
    let waits = run.status == Status::Running && run.cancel_requested_at.is_some();
    if !waits || engine_process::is_running(&session.instance.paths)? {
        return Ok(None);
    }
    Ok(Some(
        "no engine runs, so nothing works on it any more; the next one takes back what it had written and records it as cancelled, \
         unless its backup was complete by then · start one with `backstay daemon start`"
            .to_owned(),
    ))
}

/// One run by id, with everything known of it.
pub fn detail(session: &Session, run: &str) -> Result<Detail> {
    session.instance.store.read(|db| {
        let execution = executions::find(db, run)?;
        Ok(Detail {
            backup: backup_of(db, &execution)?,
            execution,
        })
    })
}

/// One run by id, or the newest of a job by its name.
pub fn find_or_latest(session: &Session, text: &str) -> Result<Execution> {
    session.instance.store.read(|db| {
        let Some(job) = jobs::by_name(db, text)? else {
            return executions::find(db, text)
                .map_err(|error| error.next("`backstay runs list` shows runs, `backstay job list` shows jobs"));
        };
        let filter = Filter {
            job: Some(job.id),
            ..Filter::default()
        };
        executions::list(db, &filter, Edge::Newest, 1)?.pop().ok_or_else(|| {
            Error::not_found("it has never run")
                .on(format!("job {text}"))
                .next(format!("`backstay run {text}` runs it now"))
        })
    })
}

/// What came of a run.
pub fn outcome(session: &Session, id: ExecutionId) -> Result<Outcome> {
    session.instance.store.read(|db| {
        let execution = executions::get(db, id)?;
        Ok(Outcome {
            id,
            backup: backup_of(db, &execution)?,
            let_go: let_go(db, &execution)?,
            job: execution.job_name,
            kind: execution.kind,
            status: execution.status,
            started_at: execution.started_at,
            ended_at: execution.ended_at,
            error: execution.error,
        })
    })
}

/// What the audit log has of the run's retention, oldest first; of a great many, the last.
fn let_go(db: &Db, execution: &Execution) -> Result<Vec<String>> {
    if execution.kind != ExecutionType::Backup {
        return Ok(Vec::new());
    }
    let filter = audit::Filter {
        actions: Some(vec![EXPIRE.to_owned()]),
        since: execution.started_at,
        until: execution.ended_at.map(|ended| ended.plus(Duration::from_millis(1))),
        ..audit::Filter::default()
    };
    let rows = audit::list(db, &filter, Edge::Newest, LINES)?;
    let fact = |row: &AuditRow, name: &str| -> String {
        let value = row.diff.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let id = execution.id.to_string();
    let own = rows.iter().rev().filter(|row| fact(row, "run") == id);
    let told = own.map(|row| {
        let backup = row.entity_id.parse::<BackupId>().map(|backup| backup.short());
        retention::let_go(
            &fact(row, "destination"),
            &backup.unwrap_or_default(),
            &fact(row, "taken_at"),
            &fact(row, "reason"),
        )
    });
    Ok(told.collect())
}

fn backup_of(db: &Db, execution: &Execution) -> Result<Option<OutcomeBackup>> {
    let backup = match &execution.request {
        Request::Backup => backups::of_execution(db, execution.id)?,
        Request::Restore(request) => backups::by_id(db, request.backup)?,
        Request::Verify(request) => backups::by_id(db, request.backup)?,
        Request::Repair { backup } => backups::by_id(db, *backup)?,
    };
    Ok(backup.map(OutcomeBackup::from))
}

/// A run's log so far, oldest first, from `level` up.
pub fn log(session: &Session, id: ExecutionId, level: LogLevel) -> Result<Vec<LogLine>> {
    let mut all = Vec::new();
    log::each_page(session, id, level, |lines| {
        all.extend(lines);
        Ok(())
    })?;
    Ok(all)
}

/// Every line after `last`.
fn lines_after(db: &Db, id: ExecutionId, mut last: i64) -> Result<Vec<LogLine>> {
    let mut all = Vec::new();
    loop {
        let some = logs::list(db, id, Edge::After(last), LogLevel::Info, LINES)?;
        let Some(end) = some.last() else {
            return Ok(all);
        };
        last = end.id;
        all.extend(some);
    }
}

/// Asks for a run about a backup; it goes under the backup's job.
pub(super) fn ask_about(
    session: &Session,
    db: &Db,
    backup: &Backup,
    request: Request,
    trigger: Trigger,
    action: &str,
) -> Result<Execution> {
    let job = backup.job_id.map(|id| jobs::get(db, id)).transpose()?;
    let mut facts = json!({ "job": backup.job_name, "taken_at": backup.taken_at });
    if let (Some(facts), Value::Object(asked)) = (facts.as_object_mut(), asked_for(db, &request)?) {
        facts.extend(asked);
    }
    let event = Event::new(action, "backup", backup.id, backup.id.short()).with(facts);
    ask(session, db, job.as_ref(), &backup.job_name, request, trigger, event)
}

/// What was asked for, as people will want to read it when the adapters it names are long gone.
fn asked_for(db: &Db, request: &Request) -> Result<Value> {
    let name = |id: AdapterId| adapters::get(db, id).map(|adapter| adapter.name);
    let name_of = |id: Option<AdapterId>| id.map(name).transpose();
    Ok(match request {
        Request::Backup | Request::Repair { .. } => json!({}),
        Request::Verify(request) => json!({
            "level": request.level,
            "from": name_of(request.destination)?,
            "scratch": name_of(request.scratch)?,
        }),
        Request::Restore(request) => {
            let mut options = serde_json::to_value(&request.options).unwrap_or_default();
            if let (Some(options), Ok(Value::Object(usual))) =
                (options.as_object_mut(), serde_json::to_value(RestoreOptions::default()))
            {
                options.retain(|option, value| usual.get(option) != Some(value));
            }
            json!({
                "to": name(request.to)?,
                "databases": request.databases.iter().map(Renamed::to_string).collect::<Vec<_>>(),
                "from": name_of(request.from)?,
                "globals": request.globals.then_some(true),
                "options": options,
            })
        }
    })
}

/// Asks for a run; the record of that names it, which is how it is found among what was done to the run.
fn ask(
    session: &Session,
    db: &Db,
    job: Option<&Job>,
    job_name: &str,
    request: Request,
    trigger: Trigger,
    event: Event,
) -> Result<Execution> {
    let now = session.now();
    let source_id = job.filter(|_| request == Request::Backup).map(|job| job.source_id);
    let new = NewExecution {
        job_id: job.map(|job| job.id),
        job_name: job_name.to_owned(),
        revision: job.map(|job| job.revision),
        request,
        trigger,
        triggered_by: session.actor.name.clone(),
        attempt: 1,
        source_id,
        not_before: now,
    };
    let id = executions::insert(db, &new, now)?;
    session.record(db, &event.fact("run", id.to_string().into()))?;
    executions::get(db, id)
}

fn notes(job: &Job, now: Timestamp) -> Vec<String> {
    let name = &job.definition.name;
    let mut notes = Vec::new();
    // There is no schedule that could stand still.
    if job.definition.schedule.is_empty() {
        return notes;
    }
    if let Some(until) = job.paused_until.filter(|until| *until > now) {
        let left = units::duration(until.since(now));
        notes.push(format!(
            "job {name} is paused for {left}: this run goes ahead, its schedule does not · `backstay job resume {name}`"
        ));
    }
    if !job.definition.enabled {
        notes.push(format!(
            "job {name} is not enabled: this run goes ahead, its schedule does not"
        ));
    }
    notes
}
