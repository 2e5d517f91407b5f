//! From a due fire to a row: what happens when the last run has not ended, and what was missed.

use super::plan::{Fire, FireKind, Plan};
use super::queue::{self, Overlap};
use crate::domain::Result;
use crate::domain::execution::{Execution, Failure, Request, Status, Trigger};
use crate::domain::id::ExecutionId;
use crate::domain::job::{self, Job};
use crate::domain::time::Timestamp;
use crate::instance::Instance;
use crate::store::executions::{self, NewExecution};
use crate::store::{Db, jobs};

/// Brings the plan up to the jobs as they are. A job whose schedule cannot be read is left out and said.
pub fn refresh(instance: &Instance, plan: &mut Plan, now: Timestamp) -> Result<()> {
    let version = instance.store.read(jobs::schedule_version)?;
    if plan.made_from == Some(version) {
        return Ok(());
    }
    let (version, changed) = instance.store.read(|db| {
        let outdated = plan.outdated(&jobs::versions(db)?);
        let changed = outdated
            .iter()
            .map(|id| jobs::get(db, *id))
            .collect::<Result<Vec<_>>>()?;
        Ok((jobs::schedule_version(db)?, changed))
    })?;
    for job in changed {
        if let Err(error) = plan.put(&job, now) {
            tracing::error!("job {} cannot be scheduled: {error}", job.definition.name);
        }
    }
    plan.made_from = Some(version);
    Ok(())
}

/// Turns due fires into rows, in one transaction with the note that they are accounted for.
pub fn enqueue(instance: &Instance, fires: &[Fire], now: Timestamp) -> Result<()> {
    if fires.is_empty() {
        return Ok(());
    }
    instance.store.write(|db| {
        for fire in fires {
            jobs::set_scheduled_through(db, fire.job, fire.at)?;
            // Removed a moment ago; the plan will hear of it.
            let Some(job) = jobs::by_id(db, fire.job)? else {
                continue;
            };
            match fire.kind {
                FireKind::Due => enqueue_one(db, &job, fire, Trigger::Schedule, now)?,
                FireKind::CatchUp => enqueue_one(db, &job, fire, Trigger::CatchUp, now)?,
                FireKind::Missed => {
                    tracing::info!("job {}: missed {}, not caught up with", job.definition.name, fire.at);
                }
            }
        }
        Ok(())
    })
}

fn enqueue_one(db: &Db, job: &Job, fire: &Fire, trigger: Trigger, now: Timestamp) -> Result<()> {
    let open = executions::open_of_job(db, job.id)?;
    let new = NewExecution {
        job_id: Some(job.id),
        job_name: job.definition.name.clone(),
        revision: Some(job.revision),
        request: Request::Backup,
        trigger,
        triggered_by: format!("due {}", fire.at),
        attempt: 1,
        source_id: Some(job.source_id),
        not_before: now,
    };
    let overlap = queue::overlap(&open, job.id, now);
    if let Overlap::Replaces(retry) = overlap {
        executions::skip(db, retry, &because("the next scheduled run takes its place", ""), now)?;
    }
    let id = executions::insert(db, &new, now)?;
    match (overlap, job.definition.options.overlap) {
        (Overlap::Clear | Overlap::Replaces(_), _) | (Overlap::Running(_), job::Overlap::Queue) => Ok(()),
        (Overlap::Running(other), job::Overlap::Skip) => {
            skip(db, id, "was still running when this one was due", other, now)
        }
        (Overlap::Waiting(other), _) => skip(db, id, "was still waiting to start when this one was due", other, now),
    }
}

fn skip(db: &Db, id: ExecutionId, what: &str, other: ExecutionId, now: Timestamp) -> Result<()> {
    let reason = because(
        &format!("run {} of this job {what}", other.short()),
        "if that happens often, run the job less often or look at what takes so long",
    );
    executions::skip(db, id, &reason, now).map(drop)
}

/// Runs asked for by schedule or retry whose job has been paused or is not enabled any more.
pub fn skip_unwanted(instance: &Instance, open: &[Execution], now: Timestamp) -> Result<()> {
    let automatic = |run: &&Execution| {
        run.status == Status::Pending && matches!(run.trigger, Trigger::Schedule | Trigger::Retry | Trigger::CatchUp)
    };
    for run in open.iter().filter(automatic) {
        let Some(job) = run.job_id else { continue };
        let off = |job: Job| job.is_paused(now) || !job.definition.enabled;
        let paused = instance.store.read(|db| Ok(jobs::by_id(db, job)?.is_some_and(off)))?;
        if paused {
            let reason = because("the job is paused or not enabled", "`backstay job resume` ends a pause");
            instance.store.write(|db| executions::skip(db, run.id, &reason, now))?;
        }
    }
    Ok(())
}

fn because(message: &str, next: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        object: String::new(),
        next: next.to_owned(),
        parts: Vec::new(),
    }
}
