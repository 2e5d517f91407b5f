//! Jobs as lists and pages show them: with their schedule in words, their next fires, and how their last run ended.

use serde::Serialize;

use super::BY_HAND;
use crate::domain::Result;
use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::id::{ExecutionId, JobId};
use crate::domain::job::{Compression, Definition, Hook, Job, Options, Selection, Target};
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;
use crate::ops::Session;
use crate::ops::status::{Following, Next, retry_at};
use crate::store::{Db, executions, jobs};

/// A job's definition, every field of it, with what follows from it.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Unique among jobs.
    pub name: String,
    /// The source adapter's name.
    pub source: String,
    /// Cron; empty means only by hand.
    pub schedule: String,
    /// The zone it is read in.
    pub timezone: String,
    /// Whether the schedule is followed.
    pub enabled: bool,
    /// How objects are compressed.
    pub compression: Compression,
    /// The encryption profile's name; null means stored in the clear.
    pub profile: Option<String>,
    /// Which databases, and what of them.
    pub selection: Selection,
    /// Everything else that can be set.
    pub options: Options,
    /// Where copies go.
    pub destinations: Vec<Target>,
    /// What runs before and after.
    pub hooks: Vec<Hook>,
    /// Grows with every change.
    pub revision: u32,
    /// It does not fire before this.
    pub paused_until: Option<Timestamp>,
    /// The schedule in words; `by hand` when there is none, and why it cannot be read when it cannot.
    pub schedule_text: String,
    /// The next times it fires; none while it is not enabled.
    pub next_fires: Vec<Timestamp>,
    /// When its last run, which failed, is tried again; absent where that is not to come.
    pub retry_at: Option<Timestamp>,
    /// What comes next, as long as there is an engine that takes work.
    #[serde(skip)]
    pub next: Next,
    /// Its latest backup run.
    pub last_run: Option<LastRun>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its definition became what it is.
    pub revised_at: Timestamp,
    /// When anything about it was last changed, a pause too.
    pub updated_at: Timestamp,
}

impl JobView {
    /// What people wrote.
    pub fn definition(&self) -> Definition {
        Definition {
            name: self.name.clone(),
            source: self.source.clone(),
            schedule: self.schedule.clone(),
            timezone: self.timezone.clone(),
            enabled: self.enabled,
            compression: self.compression,
            profile: self.profile.clone(),
            selection: self.selection.clone(),
            options: self.options.clone(),
            destinations: self.destinations.clone(),
            hooks: self.hooks.clone(),
        }
    }
}

/// How a run went.
#[derive(Clone, Debug, Serialize)]
pub struct LastRun {
    /// The run.
    pub id: ExecutionId,
    /// Where it stands.
    pub status: Status,
    /// When an engine took it.
    pub started_at: Option<Timestamp>,
    /// When it got its verdict.
    pub ended_at: Option<Timestamp>,
}

/// All jobs by name, each with its next fire.
pub fn list(session: &Session) -> Result<Vec<JobView>> {
    session.instance.store.read(|db| {
        let open = executions::open(db)?;
        jobs::list(db)?
            .into_iter()
            .map(|job| view(session, db, job, &open, 1))
            .collect()
    })
}

/// One job, with its next `fires` fires.
pub fn show(session: &Session, name: &str, fires: usize) -> Result<JobView> {
    session.instance.store.read(|db| {
        let job = jobs::find(db, name)?;
        let open = executions::open_of_job(db, job.id)?;
        view(session, db, job, &open, fires)
    })
}

/// `open` are at least those of its runs that have no verdict yet.
fn view(session: &Session, db: &Db, job: Job, open: &[Execution], fires: usize) -> Result<JobView> {
    let now = session.now();
    // A zone that this version does not know any more must not keep the other jobs from being shown.
    let (schedule, schedule_text) = match job.definition.schedule.as_str() {
        "" => (None, BY_HAND.to_owned()),
        cron => match Schedule::parse(cron, &job.definition.timezone) {
            Ok(schedule) => (Some(schedule.clone()), schedule.describe()),
            Err(error) => (None, format!("it cannot be read: {}", error.message)),
        },
    };
    let from = job.paused_until.unwrap_or(now).max(now);
    let next_fires = schedule
        .as_ref()
        .filter(|_| job.definition.enabled)
        .map(|schedule| schedule.upcoming(from, fires))
        .unwrap_or_default();
    let paused_until = job.paused_until.filter(|until| *until > now);
    let retry_at = retry_at(&job, open, now);
    let following = Following::of(&job, now);
    let next = Next::of(following, retry_at, paused_until, next_fires.first().copied());
    let last_run = executions::latest_of_job(db, job.id, ExecutionType::Backup)?.map(|run| LastRun {
        id: run.id,
        status: run.status,
        started_at: run.started_at,
        ended_at: run.ended_at,
    });
    let definition = job.definition;
    Ok(JobView {
        id: job.id,
        revision: job.revision,
        paused_until,
        schedule_text,
        next_fires,
        retry_at,
        next,
        last_run,
        created_at: job.created_at,
        revised_at: job.revised_at,
        updated_at: job.updated_at,
        name: definition.name,
        source: definition.source,
        schedule: definition.schedule,
        timezone: definition.timezone,
        enabled: definition.enabled,
        compression: definition.compression,
        profile: definition.profile,
        selection: definition.selection,
        options: definition.options,
        destinations: definition.destinations,
        hooks: definition.hooks,
    })
}
