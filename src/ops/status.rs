//! Is all well? One look at everything: the engine, each job's last good backup against its schedule, what was proven, what
//! waits for repair, what runs now; and what the answer to "if this dies now" would be.

mod back;
mod damage;
mod jobless;
mod newest;
mod next;
mod reach;
mod unwell;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::Serialize;

pub use self::back::Back;
pub use self::damage::{Broken, Damaged, damage_found, damage_of, mend, mend_at};
use self::damage::{DAMAGED, damaged};
pub use self::jobless::Jobless;
use self::newest::Newest;
pub(super) use self::next::retry_at;
pub use self::next::{Following, Next};
use self::reach::out_of_reach;
pub use self::reach::{Away, Left, OutOfReach};
pub use self::unwell::Unwell;
use super::Session;
use super::doctor::HARDLY_FREE_BYTES;
use super::engine_process::{self, EngineStatus};
use crate::disk;
use crate::domain::adapter::{Adapter, AdapterType};
use crate::domain::backup::{Backup, Copy, Level};
use crate::domain::execution::{Execution, ExecutionType, Failure, Status};
use crate::domain::id::{BackupId, ExecutionId};
use crate::domain::job::Job;
use crate::domain::paging::Edge;
use crate::domain::schedule::Schedule;
use crate::domain::setting::MAX_CONCURRENT_JOBS;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, units};
use crate::store::executions::{self, Filter};
use crate::store::{Db, adapters, backups, jobs, settings};

/// A run may take this long before its job is late, and twice as long as the last one took beyond that.
const GRACE: Duration = Duration::from_mins(10);

/// A restore that failed is told of for so long.
const RESTORE_TOLD: Duration = Duration::from_hours(7 * 24);

/// How a job stands. The order is that of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The last run failed, no good backup is left, none was made though one was due, or its schedule cannot be read.
    Failed,
    /// It has good backups, and every copy of them is at a destination that does not answer.
    OutOfReach,
    /// A run was due, and there is no good backup of since.
    Late,
    /// The last run did not do all it was asked for.
    Partial,
    /// It has a schedule, and is not enabled: nothing backs it up any more, and no end is set to that.
    NotEnabled,
    /// It was not backed up yet, and was not due.
    New,
    /// It is well.
    Good,
    /// Its schedule is paused, and followed again at a time that is set.
    Paused,
}

/// The answer as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// 0 all well, 1 something failed or is out of reach or nobody does the work, 3 something partial, late, damaged, not enabled or
    /// not backed up yet.
    pub exit_code: u8,
    /// The engine.
    pub engine: EngineStatus,
    /// Whether there are schedules to follow, or runs to end, and no engine to do it.
    pub engine_missing: bool,
    /// Why nothing can be recorded any more, or soon: then no backup is made either.
    pub home: Option<Failure>,
    /// The jobs, the most urgent first, then by name.
    pub jobs: Vec<JobStatus>,
    /// What runs or waits now.
    pub open: Vec<Execution>,
    /// Backups with a copy that is missing or corrupt.
    pub damaged: Vec<Damaged>,
    /// Backups whose date is to come, the furthest first; retention keeps them, and nothing counts on them.
    pub ahead: Vec<Ahead>,
    /// Adapters whose last probes failed, the worst first, then by name.
    pub unwell: Vec<Unwell>,
    /// Sources that no job backs up, by name.
    pub sources_without_job: Vec<String>,
    /// What there is to restore all the same, where there is no job.
    pub jobless: Option<Jobless>,
    /// How many backups may run at a time; it is read only where a run waits.
    #[serde(skip)]
    pub places: u64,
}

impl Overview {
    /// What failed and is not yet repaired, the worst first: the job, and what is wrong with it.
    pub fn unrepaired(&self) -> Vec<(&str, &'static str)> {
        let of_job = |job: &JobStatus| match job.state {
            State::Failed => Some("failed"),
            State::OutOfReach => Some("out of reach"),
            State::Late => Some("late"),
            State::Partial => Some("partial"),
            State::NotEnabled | State::Good | State::New | State::Paused => None,
        };
        let jobs = self.jobs.iter();
        let runs = jobs.clone().filter_map(|job| Some((job.job.as_str(), of_job(job)?)));
        let mut all: Vec<_> = runs.collect();
        for damaged in &self.damaged {
            // One job may have many.
            if !all.contains(&(damaged.job.as_str(), "damaged")) {
                all.push((&damaged.job, "damaged"));
            }
        }
        let restores = jobs.filter(|job| job.restore_failed.is_some());
        all.extend(restores.map(|job| (job.job.as_str(), "restore failed")));
        all
    }

    /// Whether a run says that it runs, and there is no engine to run it.
    pub fn is_left(&self, run: &Execution) -> bool {
        run.status == Status::Running && !self.engine.running
    }
}

/// How one job stands. Sizes in bytes, ages in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStatus {
    /// Its name.
    pub job: String,
    /// How it stands.
    pub state: State,
    /// Why, where that is not plain from the state.
    pub reason: Option<Failure>,
    /// The last run that got a verdict.
    pub last_run: Option<ExecutionId>,
    /// Its newest complete backup with a copy that is there and was not found bad.
    pub last_good: Option<LastGood>,
    /// Where there is none any more: its newest complete backup, whose copies were all found missing or corrupt since.
    pub lost: Option<Lost>,
    /// Why the last good one cannot be read now, where that is so; then `reason` says it too.
    pub out_of_reach: Option<OutOfReach>,
    /// Its newest complete backup with a copy that was read back and found good: what would be left if the source died now.
    pub proven: Option<Proven>,
    /// How long the last restore of one of its backups took that succeeded, in milliseconds; a verification at level restore
    /// counts. It may have been of a part.
    pub last_restore_ms: Option<u64>,
    /// The plain bytes that it gave back.
    pub last_restore_bytes: Option<u64>,
    /// Whether it runs by itself.
    pub following: Following,
    /// Its last restore, where that failed within a week: told until one succeeds.
    pub restore_failed: Option<RestoreFailed>,
    /// When it fires next.
    pub next_fire: Option<Timestamp>,
    /// When its last run, which failed, is tried again; absent where that is not to come.
    pub retry_at: Option<Timestamp>,
    /// The fire that passed without a good backup.
    pub late_since: Option<Timestamp>,
    /// It does not fire before this.
    pub paused_until: Option<Timestamp>,
}

impl JobStatus {
    /// Why it stands so, with times as `time` writes them.
    pub fn why(&self, time: impl Fn(Timestamp) -> String) -> Option<Failure> {
        match &self.out_of_reach {
            Some(away) => Some(away.told(time)),
            None => self.reason.clone(),
        }
    }
}

/// A restore that failed and was not done since.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RestoreFailed {
    /// The run.
    pub run: ExecutionId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Why.
    pub error: Option<Failure>,
}

/// A job's newest good backup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastGood {
    /// Its id.
    pub backup: BackupId,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// How old that is.
    pub age_seconds: u64,
    /// Plain bytes.
    pub logical_size: u64,
    /// Bytes of its largest copy.
    pub stored_size: u64,
}

/// A backup that was good once and of which no good copy is left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lost {
    /// Its id.
    pub backup: BackupId,
    /// The instant the data was of.
    pub taken_at: Timestamp,
}

/// A job's newest proven backup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proven {
    /// Its id.
    pub backup: BackupId,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// How old that is.
    pub age_seconds: u64,
    /// How hard it was looked at.
    pub level: Level,
    /// When it was.
    pub verified_at: Timestamp,
}

/// A backup that was taken by a clock ahead of this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ahead {
    /// The backup.
    pub backup: BackupId,
    /// Its job's name.
    pub job: String,
    /// The instant its data is said to be of.
    pub taken_at: Timestamp,
    /// What to do, whichever clock is wrong.
    pub next: String,
}

/// How one job stands: name or id.
pub fn of_job(session: &Session, job: &str) -> Result<JobStatus> {
    session.instance.store.read(|db| {
        let job = jobs::find(db, job)?;
        let open = executions::open_of_job(db, job.id)?;
        job_status(db, &job, &schedule(&job), &mut Newest::default(), &open, session.now())
    })
}

/// Looks at everything.
pub fn overview(session: &Session) -> Result<Overview> {
    let now = session.now();
    let engine = engine_process::status(session)?;
    let (mut standing, open, damaged, ahead, adapters, unwell, jobs, jobless) = session.instance.store.read(|db| {
        let all = jobs::list(db)?;
        let open = executions::open(db)?;
        let standing = how_they_stand(db, &all, &open, now)?;
        let bereft = |job: &str| {
            standing
                .iter()
                .any(|status| status.job == job && status.last_good.is_none())
        };
        let damaged = backups::damaged(db, DAMAGED)?
            .iter()
            .map(|backup| {
                let job = all.iter().find(|job| Some(job.id) == backup.job_id);
                let job = job.map_or(&backup.job_name, |job| &job.definition.name);
                damaged(backup, job.clone(), bereft(job))
            })
            .collect::<Vec<_>>();
        let adapters = adapters::list(db)?;
        let unwell = unwell::find(db, &adapters)?;
        let jobless = match all.as_slice() {
            [] => jobless::find(db, &adapters)?,
            _ => None,
        };
        Ok((
            standing,
            open,
            damaged,
            backups::ahead(db, now, DAMAGED)?.iter().map(ahead).collect::<Vec<_>>(),
            adapters,
            unwell,
            all,
            jobless,
        ))
    })?;
    // A pause ends by itself, and then somebody has to be there.
    let scheduled = jobs
        .iter()
        .any(|job| job.definition.enabled && !job.definition.schedule.is_empty());
    // One that is well and has a copy to mend, or a restore that failed, comes before those that have nothing to be done.
    let jobs_damaged: BTreeSet<&str> = damaged.iter().map(|damaged| damaged.job.as_str()).collect();
    let has_trouble = |job: &JobStatus| job.restore_failed.is_some() || jobs_damaged.contains(job.job.as_str());
    standing.sort_by_cached_key(|job| {
        let least = if has_trouble(job) { State::NotEnabled } else { job.state };
        (job.state.min(least), job.job.clone())
    });
    let engine_missing = !engine.running && (scheduled || !open.is_empty());
    let states: Vec<State> = standing.iter().map(|job| job.state).collect();
    let home = home(session);
    let places = if open.iter().any(|run| run.status == Status::Pending) {
        let limit = |db: &Db| settings::number(db, &MAX_CONCURRENT_JOBS);
        session.instance.store.read(limit)?
    } else {
        0
    };
    Ok(Overview {
        exit_code: exit_code(
            engine_missing || home.is_some(),
            &states,
            !damaged.is_empty() || !ahead.is_empty() || standing.iter().any(|job| job.restore_failed.is_some()),
        ),
        engine,
        engine_missing,
        home,
        jobs: standing,
        open,
        damaged,
        ahead,
        sources_without_job: without_job(&adapters, &jobs),
        unwell,
        jobless,
        places,
    })
}

fn without_job(adapters: &[Adapter], jobs: &[Job]) -> Vec<String> {
    let sources = adapters.iter().filter(|adapter| adapter.kind == AdapterType::Source);
    sources
        .filter(|source| jobs.iter().all(|job| job.source_id != source.id))
        .map(|source| source.name.clone())
        .collect()
}

/// Whether what happens can be recorded.
fn home(session: &Session) -> Option<Failure> {
    let data = &session.instance.paths.data;
    let space = disk::space(data);
    let error = match space {
        Err(error) => error,
        Ok(space) if space.read_only => Error::failed("its disk is read-only, so nothing can be recorded")
            .on("Backstay's database")
            .next(format!("make {} writable again", data.display())),
        Ok(space) if space.free_bytes < HARDLY_FREE_BYTES => {
            let told = match space.free_bytes {
                0 => "its disk is full, and no backup can be made".to_owned(),
                free => format!(
                    "its disk has {} left, and when it is full no backup can be made",
                    units::size(free)
                ),
            };
            Error::failed(told)
                .on("Backstay's database")
                .next(format!("free some space at {}", data.display()))
        }
        Ok(_) => return None,
    };
    Some(Failure::from(&error))
}

fn ahead(backup: &Backup) -> Ahead {
    let short = backup.id.short();
    Ahead {
        backup: backup.id,
        job: backup.job_name.clone(),
        taken_at: backup.taken_at,
        next: format!(
            "set this machine's clock right; if it is, `backstay backup remove {short}` once there are newer ones"
        ),
    }
}

fn exit_code(stopped: bool, states: &[State], worth_telling: bool) -> u8 {
    let worth_a_look = |state: &State| matches!(state, State::Late | State::Partial | State::NotEnabled | State::New);
    if stopped || states.contains(&State::Failed) || states.contains(&State::OutOfReach) {
        1
    // Without a job nothing is backed up, and that is not well.
    } else if worth_telling || states.is_empty() || states.iter().any(worth_a_look) {
        3
    } else {
        0
    }
}

/// How each job stands.
fn how_they_stand(db: &Db, jobs: &[Job], open: &[Execution], now: Timestamp) -> Result<Vec<JobStatus>> {
    let mut newest = Newest::find(db, jobs.len(), now)?;
    // Many jobs run at the same time of the day.
    let mut schedules = HashMap::new();
    let each = jobs.iter().map(|job| {
        let text = (&job.definition.schedule, &job.definition.timezone);
        let schedule = schedules.entry(text).or_insert_with(|| schedule(job));
        job_status(db, job, schedule, &mut newest, open, now)
    });
    each.collect()
}

fn job_status(
    db: &Db,
    job: &Job,
    schedule: &Result<Option<Schedule>>,
    newest: &mut Newest,
    open: &[Execution],
    now: Timestamp,
) -> Result<JobStatus> {
    let name = &job.definition.name;
    let last = settled(
        newest.run(db, job.id)?,
        db,
        job,
        &[Status::Success, Status::Partial, Status::Failed],
    )?;
    let newest_backup = newest.backup(db, job.id, now)?;
    let whole = newest_backup
        .as_ref()
        .filter(|backup| backup.complete)
        .map(|backup| Lost {
            backup: backup.id,
            taken_at: backup.taken_at,
        });
    let has_part = newest_backup.as_ref().is_some_and(is_good_part);
    let (last_good, proven_backup) = good_and_proven(newest_backup, db, job, now)?;
    let held = match (&last_good, has_part) {
        (Some(_), _) => Held::Whole,
        (None, true) => Held::Part,
        (None, false) => Held::Nothing,
    };
    let gone = whole.filter(|_| last_good.is_none());
    let (schedule, unreadable) = match schedule {
        Ok(schedule) => (schedule.as_ref(), None),
        Err(error) => (None, Some(Failure::from(error))),
    };
    let following = Following::of(job, now);
    let late = match schedule.filter(|_| !following.is_asleep()) {
        Some(schedule) => {
            let took = took_last(db, job, last.as_ref())?;
            late_since(schedule, accounted(job, last_good.as_ref(), now), GRACE + 2 * took, now)
        }
        None => None,
    };
    let outcome = match &last {
        Some(run) if run.status == Status::Partial && is_mended(db, job, run)? => Some(Status::Success),
        other => other.as_ref().map(|run| run.status),
    };
    let error = last.as_ref().and_then(|run| run.error.clone());
    let out_of_reach = out_of_reach(last_good.as_ref(), db, job, now)?;
    let (state, reason) = match (unreadable, &out_of_reach) {
        (_, Some(away)) if away.left.is_none() => (State::OutOfReach, None),
        (Some(reason), _) => (State::Failed, Some(reason)),
        (None, _) => state(following, (outcome, error), held, late),
    };
    let away = out_of_reach.as_ref().map(|away| away.told(Timestamp::rfc3339));
    let last_restore = executions::last_restore(db, job.id)?;
    Ok(JobStatus {
        job: name.clone(),
        state,
        reason: away.or(reason),
        last_run: last.as_ref().map(|run| run.id),
        last_restore_ms: last_restore
            .and_then(|restore| restore.took)
            .and_then(|took| u64::try_from(took.as_millis()).ok()),
        last_restore_bytes: last_restore.and_then(|restore| restore.bytes),
        last_good: last_good.map(|backup| self::last_good(&backup, now)),
        lost: gone,
        out_of_reach,
        proven: proven_backup.and_then(|backup| proven(&backup, now)),
        following,
        restore_failed: if newest.may_be_unrestored(job.id) {
            restore_failed(db, job, now)?
        } else {
            None
        },
        next_fire: schedule
            .filter(|_| job.definition.enabled)
            .and_then(|schedule| schedule.next_after(job.paused_until.map_or(now, |until| until.max(now)))),
        retry_at: retry_at(job, open, now),
        late_since: late,
        paused_until: job.paused_until.filter(|until| *until > now),
    })
}

/// The last restore of a job's backups, if it failed lately. Whoever gave up on one is not told of it for ever.
fn restore_failed(db: &Db, job: &Job, now: Timestamp) -> Result<Option<RestoreFailed>> {
    let last = executions::latest_of_job(db, job.id, ExecutionType::Restore)?;
    let Some(last) = last.filter(|run| run.status == Status::Failed) else {
        return Ok(None);
    };
    let ended_at = last.ended_at.filter(|ended| now.since(*ended) < RESTORE_TOLD);
    Ok(ended_at.map(|ended_at| RestoreFailed {
        run: last.id,
        ended_at,
        error: last.error,
    }))
}

/// The job's newest backup run with one of these statuses, which mostly is its `newest` of all.
fn settled(newest: Option<Execution>, db: &Db, job: &Job, statuses: &[Status]) -> Result<Option<Execution>> {
    if newest.as_ref().is_none_or(|run| statuses.contains(&run.status)) {
        return Ok(newest);
    }
    let filter = Filter {
        job: Some(job.id),
        statuses: statuses.to_vec(),
        kind: Some(ExecutionType::Backup),
        ..Filter::default()
    };
    Ok(executions::list(db, &filter, Edge::Newest, 1)?.pop())
}

/// How long the last run took that made a backup; `last` is that one, or a newer one that failed.
fn took_last(db: &Db, job: &Job, last: Option<&Execution>) -> Result<Duration> {
    let made_one = settled(last.cloned(), db, job, &[Status::Success, Status::Partial])?;
    Ok(made_one.as_ref().and_then(took).unwrap_or_default())
}

/// The newest good backup and the newest proven one, which mostly are one and the `newest` of all. One whose date is to come
/// makes no job safe.
fn good_and_proven(
    newest: Option<Backup>,
    db: &Db,
    job: &Job,
    now: Timestamp,
) -> Result<(Option<Backup>, Option<Backup>)> {
    let (id, name) = (Some(job.id), job.definition.name.as_str());
    let is_proven = |copy: &Copy| copy.proof().is_some();
    if let Some(both) = newest.filter(|backup| backup.complete && backup.copies.iter().any(is_proven)) {
        return Ok((Some(both.clone()), Some(both)));
    }
    let good = backups::latest(db, id, name, now)?;
    let proven = backups::newest_proven(db, id, name, now)?;
    let by_now = |backup: &Backup| !backup.is_ahead(now);
    Ok((good.filter(by_now), proven.filter(by_now)))
}

fn schedule(job: &Job) -> Result<Option<Schedule>> {
    match job.definition.schedule.as_str() {
        "" => Ok(None),
        text => Schedule::parse(text, &job.definition.timezone).map(Some),
    }
}

/// Fires up to here are of no account: the newest good backup is of then, or the job was made or woke up then.
fn accounted(job: &Job, good: Option<&Backup>, now: Timestamp) -> Timestamp {
    let good = good.map(|backup| backup.taken_at);
    newest_by(
        now,
        [Some(job.created_at), Some(job.awake_since), good, job.paused_until],
    )
}

/// The newest of them that is not to come: a clock that was ahead when it was written down must not hide that a job is late.
fn newest_by(now: Timestamp, all: [Option<Timestamp>; 4]) -> Timestamp {
    all.into_iter()
        .flatten()
        .filter(|at| *at <= now)
        .max()
        .unwrap_or_default()
}

/// The first fire after `accounted`, when it is longer ago than `grace`.
fn late_since(schedule: &Schedule, accounted: Timestamp, grace: Duration, now: Timestamp) -> Option<Timestamp> {
    schedule.next_after(accounted).filter(|fire| fire.plus(grace) < now)
}

/// Repairs that are looked through for the one that made a partial run good; it is among the first after it.
const REPAIRS: u32 = 100;

/// Whether what a partial run did not do has been done since: nothing was missing in its backup, and a repair has made its copies.
/// A copy that went bad after that is damage, which is told as such, and not what the run did not do.
fn is_mended(db: &Db, job: &Job, partial: &Execution) -> Result<bool> {
    // Most were not repaired, and this is asked of many jobs.
    let latest = executions::latest_of_job(db, job.id, ExecutionType::Repair)?;
    if latest.is_none_or(|repair| repair.id < partial.id) {
        return Ok(false);
    }
    let Some(backup) = backups::of_execution(db, partial.id)?.filter(|backup| backup.complete) else {
        return Ok(false);
    };
    let filter = Filter {
        job: Some(job.id),
        statuses: vec![Status::Success],
        kind: Some(ExecutionType::Repair),
        ..Filter::default()
    };
    let repairs = executions::list(db, &filter, Edge::After(partial.id), REPAIRS)?;
    let is_repaired = repairs.iter().any(|repair| repair.request.backup() == Some(backup.id));
    Ok(is_repaired && backup.copies.iter().all(|copy| copy.proven_at.is_some()))
}

/// What there is of a job to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// A complete backup with a good copy.
    Whole,
    /// Only backups in which something is missing that was asked for.
    Part,
    /// No good copy of anything.
    Nothing,
}

/// Whether something is missing in it that was asked for, and a copy of the rest is good.
fn is_good_part(backup: &Backup) -> bool {
    !backup.complete && backup.copies.iter().any(Copy::is_good)
}

/// How a job stands whose last run came to `outcome`, with that error.
fn state(
    following: Following,
    (outcome, error): (Option<Status>, Option<Failure>),
    held: Held,
    late: Option<Timestamp>,
) -> (State, Option<Failure>) {
    let has_good = held == Held::Whole;
    let state = match outcome {
        Some(Status::Failed) => State::Failed,
        // As the run is called; that there is no whole backup is told beside it.
        Some(Status::Partial) if held == Held::Part => State::Partial,
        Some(_) if !has_good => State::Failed,
        _ if late.is_some() && !has_good => State::Failed,
        _ if late.is_some() => State::Late,
        Some(Status::Partial) => State::Partial,
        _ if following == Following::NotEnabled => State::NotEnabled,
        _ if following == Following::Paused => State::Paused,
        None if !has_good => State::New,
        _ => State::Good,
    };
    let told = error.filter(|_| matches!(state, State::Failed | State::Partial));
    let nothing_left = (outcome.is_some() && held == Held::Nothing).then(|| Failure {
        message: "it has no good backup left".to_owned(),
        object: String::new(),
        next: "run it again".to_owned(),
        parts: Vec::new(),
    });
    (state, told.or(nothing_left))
}

fn last_good(backup: &Backup, now: Timestamp) -> LastGood {
    LastGood {
        backup: backup.id,
        taken_at: backup.taken_at,
        age_seconds: now.since(backup.taken_at).as_secs(),
        logical_size: backup.logical_size,
        stored_size: backup.copies.iter().map(|copy| copy.stored_size).max().unwrap_or(0),
    }
}

fn proven(backup: &Backup, now: Timestamp) -> Option<Proven> {
    let (level, verified_at) = backup.copies.iter().filter_map(Copy::proof).max()?;
    Some(Proven {
        backup: backup.id,
        taken_at: backup.taken_at,
        age_seconds: now.since(backup.taken_at).as_secs(),
        level,
        verified_at,
    })
}

fn took(run: &Execution) -> Option<Duration> {
    Some(run.ended_at?.since(run.started_at?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn nightly_late(accounted: &str, now: &str) -> bool {
        let schedule = Schedule::parse("0 3 * * *", "UTC").unwrap();
        late_since(&schedule, at(accounted), GRACE, at(now)).is_some()
    }

    #[test]
    fn a_success_of_tonight_holds_until_tomorrow_and_a_grace() {
        assert!(!nightly_late("2026-11-21T03:00:00.250Z", "2026-11-22T03:09:00Z"));
        assert!(nightly_late("2026-11-21T03:00:00.250Z", "2026-11-22T03:11:00Z"));
    }

    #[test]
    fn what_a_clock_that_was_ahead_wrote_down_hides_no_late_job() {
        let (now, made) = (at("2026-11-21T12:00:00Z"), at("2026-11-01T00:00:00Z"));
        let ahead = Some(at("2031-01-01T00:00:00Z"));
        assert_eq!(newest_by(now, [Some(made), ahead, None, ahead]), made);
        assert_eq!(newest_by(now, [ahead, Some(made), Some(now), None]), now);
    }

    #[test]
    fn a_job_made_this_morning_is_not_late_for_last_night() {
        assert!(!nightly_late("2026-11-21T09:00:00Z", "2026-11-21T23:00:00Z"));
    }

    #[test]
    fn a_job_that_never_ran_though_due_has_failed_and_one_not_due_is_new() {
        let follows = Following::Followed;
        assert_eq!(
            state(follows, (None, None), Held::Nothing, Some(at("2026-11-21T03:00:00Z"))).0,
            State::Failed
        );
        assert_eq!(state(follows, (None, None), Held::Nothing, None).0, State::New);
        assert_eq!(
            state(follows, (None, None), Held::Whole, Some(at("2026-11-21T03:00:00Z"))).0,
            State::Late
        );
        assert_eq!(
            state(Following::Paused, (None, None), Held::Whole, None).0,
            State::Paused
        );
        assert_eq!(
            state(Following::NotEnabled, (None, None), Held::Whole, None).0,
            State::NotEnabled
        );
    }

    #[test]
    fn a_job_is_called_as_its_last_run_is_while_a_part_of_its_data_is_safe() {
        let error = Error::failed("database nope: it does not exist");
        let told = |held| {
            let outcome = (Some(Status::Partial), Some(Failure::from(&error)));
            state(Following::Followed, outcome, held, Some(at("2026-11-21T03:00:00Z")))
        };
        let (found, why) = told(Held::Part);
        assert_eq!((found, why.unwrap().message), (State::Partial, error.message.clone()));
        assert_eq!(told(Held::Nothing).0, State::Failed);
        assert_eq!(told(Held::Whole).0, State::Late);
    }

    #[test]
    fn the_worst_decides_the_exit_code() {
        assert_eq!(exit_code(false, &[State::Good, State::Paused], false), 0);
        assert_eq!(exit_code(false, &[State::Good, State::New], false), 3);
        assert_eq!(exit_code(false, &[State::Good, State::NotEnabled], false), 3);
        assert_eq!(exit_code(false, &[], false), 3);
        assert_eq!(exit_code(true, &[], false), 1);
        assert_eq!(exit_code(false, &[State::Good, State::Late], false), 3);
        assert_eq!(exit_code(false, &[State::Good], true), 3);
        assert_eq!(exit_code(false, &[State::Partial, State::Failed], false), 1);
        assert_eq!(exit_code(true, &[State::Good], false), 1);
        assert_eq!(exit_code(false, &[State::Good, State::OutOfReach], false), 1);
    }
}
