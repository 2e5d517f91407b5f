//! What the runs pane asks of `ops`.

use std::collections::{BTreeMap, BTreeSet};

use super::acts::RECORDED;
use super::filters::Only;
use crate::console::message::{self, Done, Effect, Place};
use crate::console::widget::log::{Given, Need, PAGE};
use crate::console::widget::paged::SLICE;
use crate::console::work::{file_named, reading};
use crate::domain::backup::Backup;
use crate::domain::execution::{Execution, ExecutionType, LogLevel, LogLine, Request, Status, Trigger};
use crate::domain::id::{AdapterId, ExecutionId, JobId};
use crate::domain::paging::Edge;
use crate::domain::{Error, Result, units};
use crate::ops::jobs::AfterRun;
use crate::ops::runs::{self, LogEdge, Wanted};
use crate::ops::{Session, adapters, backups, engine_process, jobs, status};

/// What the pane asks of `ops`.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Runs next to an edge.
    Page(Wanted, Edge<ExecutionId>),
    /// A run among all the others.
    Around(ExecutionId),
    /// How these runs stand now.
    Again(Vec<ExecutionId>),
    /// One run with what came of it.
    Run(ExecutionId),
    /// Something of a run's log, from this level up.
    Log(ExecutionId, LogLevel, Need),
    /// The names of jobs that were removed and have runs.
    RemovedJobs,
    /// Stop these.
    Cancel(Vec<ExecutionId>),
    /// What the retention of their jobs would let go once these were asked for again.
    AfterRetry(Vec<Execution>),
    /// Ask for the same again.
    Retry(Vec<ExecutionId>),
    /// Write a log to a file of this name.
    Save(ExecutionId, String),
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// Runs next to an edge.
    Page(Wanted, Edge<ExecutionId>, Result<Vec<Execution>>),
    /// A run among all the others.
    Around(ExecutionId, Result<Box<Slice>>),
    /// How these runs stand now.
    Again(Result<Vec<Execution>>),
    /// One run with what came of it.
    Run(ExecutionId, Result<Box<Known>>),
    /// What the retention of their jobs would let go once these were asked for again.
    AfterRetry(Vec<Execution>, Result<Vec<AfterRun>>),
    /// Something of a run's log.
    Log(ExecutionId, LogLevel, Need, Result<Given>),
    /// The names of jobs that were removed and have runs.
    RemovedJobs(Result<Vec<String>>),
    /// Which runs are to be shown, as a question was answered.
    Only(Only),
}

/// A run between those right before and right after it.
#[derive(Debug)]
pub struct Slice {
    /// Newer ones, newest first.
    pub newer: Vec<Execution>,
    /// It.
    pub run: Execution,
    /// Older ones, newest first.
    pub older: Vec<Execution>,
}

/// All that is known of a run.
#[derive(Debug)]
pub struct Known {
    /// It.
    pub run: Execution,
    /// The backup it made, or works on.
    pub backup: Option<Backup>,
    /// What mends that backup and what that does, where the run could not read a copy of it.
    pub mend: Option<String>,
    /// The names of the adapters it names.
    pub adapters: BTreeMap<AdapterId, String>,
}

/// Work of this pane as an effect.
pub fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Runs(ask))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Page(..) => Some(0),
            Self::Around(_) => Some(1),
            Self::Again(_) => Some(2),
            Self::Run(_) => Some(3),
            Self::Log(_, _, Need::Lines(_) | Need::Around(_)) => Some(4),
            Self::Log(_, _, Need::Tail(_)) => Some(5),
            Self::Log(_, _, Need::NextError(_) | Need::Search(_)) => Some(6),
            Self::RemovedJobs => Some(7),
            Self::AfterRetry(_) | Self::Cancel(_) | Self::Retry(_) | Self::Save(..) => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Cancel(_) | Self::Retry(_))
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Runs(match self {
            Self::Page(wanted, edge) => {
                let filter = wanted.clone();
                let rows = reading(session, move |session| runs::page(session, &filter, edge, SLICE)).await;
                Reply::Page(wanted, edge, rows)
            }
            Self::Around(id) => Reply::Around(id, reading(session, move |session| around(session, id)).await),
            Self::Again(ids) => {
                let find = move |session: &Session| ids.iter().map(|id| runs::find(session, &id.to_string())).collect();
                Reply::Again(reading(session, find).await)
            }
            Self::Run(id) => Reply::Run(id, reading(session, move |session| known(session, id)).await),
            Self::Log(id, level, need) => {
                let wanted = need.clone();
                let given = reading(session, move |session| log(session, id, level, &wanted)).await;
                Reply::Log(id, level, need, given)
            }
            Self::RemovedJobs => Reply::RemovedJobs(reading(session, runs::removed_jobs).await),
            Self::AfterRetry(runs) => {
                let those = runs.clone();
                let after = reading(session, move |session| after_retry(session, &those)).await;
                Reply::AfterRetry(runs, after)
            }
            Self::Cancel(ids) => {
                return message::Reply::Done(reading(session, move |session| cancel(session, &ids)).await);
            }
            Self::Retry(ids) => {
                return message::Reply::Done(reading(session, move |session| retry(session, &ids)).await);
            }
            Self::Save(id, name) => {
                return message::Reply::Done(reading(session, move |session| save(session, id, &name)).await);
            }
        })
    }
}

fn around(session: &Session, id: ExecutionId) -> Result<Box<Slice>> {
    let all = Wanted::default();
    Ok(Box::new(Slice {
        newer: runs::page(session, &all, Edge::After(id), SLICE)?,
        run: runs::find(session, &id.to_string())?,
        older: runs::page(session, &all, Edge::Before(id), SLICE)?,
    }))
}

fn known(session: &Session, id: ExecutionId) -> Result<Box<Known>> {
    let detail = runs::detail(session, &id.to_string())?;
    let backup = detail
        .backup
        .map(|backup| backups::find(session, &backup.id.to_string()))
        .transpose()?;
    let names_some = matches!(detail.execution.request, Request::Restore(_) | Request::Verify(_));
    let all = if names_some {
        adapters::list(session)?
    } else {
        Vec::new()
    };
    Ok(Box::new(Known {
        mend: mend(session, &detail.execution, backup.as_ref())?,
        run: detail.execution,
        backup,
        adapters: all.into_iter().map(|adapter| (adapter.id, adapter.name)).collect(),
    }))
}

fn mend(session: &Session, run: &Execution, backup: Option<&Backup>) -> Result<Option<String>> {
    let Some((failure, backup)) = run.error.as_ref().zip(backup) else {
        return Ok(None);
    };
    let damage = status::damage_found(session, run.kind, run.status, backup.id, failure)?;
    Ok(damage.map(|damage| damage.step()))
}

fn log(session: &Session, id: ExecutionId, level: LogLevel, need: &Need) -> Result<Given> {
    let page = |edge: LogEdge, limit: u32| runs::log_page(session, id, edge, level, limit);
    match need {
        Need::Lines(edge) => page(*edge, PAGE).map(Given::Lines),
        Need::Tail(after) => page(LogEdge::After(*after), PAGE).map(Given::Lines),
        Need::Around(line) => {
            let mut lines: Vec<LogLine> = page(LogEdge::Before(*line), PAGE / 2)?;
            lines.extend(page(LogEdge::After(line - 1), PAGE / 2)?);
            Ok(Given::Lines(lines))
        }
        Need::NextError(after) => runs::log_next_error(session, id, *after).map(Given::from),
        Need::Search(search) => runs::log_search(session, id, search).map(Given::Found),
    }
}

fn cancel(session: &Session, ids: &[ExecutionId]) -> Result<Done> {
    let told = each(ids, "cancelled", |id| runs::cancel(session, &id.to_string()))?;
    let of = |status: Status| told.iter().filter(|run| run.status == status).count();
    let is_left = of(Status::Running) > 0 && !engine_process::status(session)?.running;
    let say = match told.as_slice() {
        [run] if is_left => format!("run {} of {} is told to stop", run.id.short(), run.job_name),
        [run] if run.status == Status::Skipped => format!("run {} had not started and will not", run.id.short()),
        [run] => format!("run {} of {} is being cancelled", run.id.short(), run.job_name),
        _ => format!(
            "{} are {}, {} that had not started will not",
            units::count(told.len() - of(Status::Skipped), "run"),
            if is_left { "told to stop" } else { "being cancelled" },
            of(Status::Skipped)
        ),
    };
    Ok(Done::say(if is_left { format!("{say}; {RECORDED}") } else { say }))
}

/// Of the jobs that there still are, each once.
fn after_retry(session: &Session, again: &[Execution]) -> Result<Vec<AfterRun>> {
    let backups = again.iter().filter(|run| run.kind == ExecutionType::Backup);
    let jobs: BTreeSet<JobId> = backups.filter_map(|run| run.job_id).collect();
    let after = |job: JobId| jobs::preview_after_run(session, &job.to_string(), session.now(), None);
    jobs.into_iter().map(after).collect()
}

fn retry(session: &Session, ids: &[ExecutionId]) -> Result<Done> {
    let asked = each(ids, "asked for again", |id| {
        runs::retry(session, &id.to_string(), Trigger::Manual)
    })?;
    let mut say = match asked.as_slice() {
        [one] => format!("{} of {} asked for", one.execution.kind, one.execution.job_name),
        all => format!("{} asked for", units::count(all.len(), "run")),
    };
    for note in asked.iter().flat_map(|asked| &asked.notes) {
        say.push_str("; ");
        say.push_str(note);
    }
    if let Some(lacking) = engine_process::lacking(session)? {
        say.push_str("; ");
        say.push_str(lacking);
    }
    let done = Done::say(say);
    Ok(match asked.as_slice() {
        [one] => done.go(Place::Run(one.execution.id)),
        _ => done,
    })
}

fn save(session: &Session, id: ExecutionId, name: &str) -> Result<Done> {
    let path = file_named(name)?;
    let lines = runs::save_log(session, id, &path)?;
    let lines = units::count(lines, "line");
    Ok(Done::say(format!("{lines} written to {}", path.display())))
}

/// Does something with each of several runs. Of those that could not be done the first says why; the others are done.
fn each<T>(ids: &[ExecutionId], what: &str, act: impl Fn(&ExecutionId) -> Result<T>) -> Result<Vec<T>> {
    let mut done = Vec::new();
    let mut failed: Vec<Error> = Vec::new();
    for id in ids {
        match act(id) {
            Ok(one) => done.push(one),
            Err(error) => failed.push(error),
        }
    }
    match failed.into_iter().next() {
        None => Ok(done),
        Some(error) if ids.len() == 1 => Err(error),
        Some(error) => {
            let message = format!(
                "{} ({} of {} were {what})",
                error.message,
                done.len(),
                units::count(ids.len(), "run")
            );
            Err(Error { message, ..error })
        }
    }
}
