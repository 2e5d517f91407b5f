//! Further attempts of runs that failed: the engine asks for them by itself, and whoever reads of the failure should know.

use serde::Serialize;

use super::Session;
use crate::domain::Result;
use crate::domain::execution::{Execution, Status, Trigger};
use crate::domain::id::ExecutionId;
use crate::domain::time::Timestamp;
use crate::store::{executions, jobs};

/// A further attempt that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// The run that will be the attempt.
    pub id: ExecutionId,
    /// Which attempt it is; 2 is the first that is a further one.
    pub attempt: u32,
    /// How many attempts there are at most, by the job as it is now.
    pub attempts_at_most: u32,
    /// It does not start before this.
    pub not_before: Timestamp,
}

/// The attempt that waits because this run failed, if one does.
pub fn after(session: &Session, failed: &Execution) -> Result<Option<Retry>> {
    let Some(job) = failed.job_id.filter(|_| failed.status == Status::Failed) else {
        return Ok(None);
    };
    session.instance.store.read(|db| {
        let open = executions::open_of_job(db, job)?;
        let Some(waiting) = open.into_iter().find(|run| follows(run, failed)) else {
            return Ok(None);
        };
        let retries = jobs::by_id(db, job)?.map_or(0, |job| job.definition.options.retries);
        Ok(Some(Retry {
            id: waiting.id,
            attempt: waiting.attempt,
            attempts_at_most: waiting.attempt.max(retries.saturating_add(1)),
            not_before: waiting.not_before,
        }))
    })
}

/// Whether a run waits to try again what another one failed to do.
fn follows(run: &Execution, failed: &Execution) -> bool {
    waits(run) && run.attempt == failed.attempt + 1 && failed.ended_at.is_some_and(|ended| run.created_at >= ended)
}

/// Whether a run is a further attempt that waits.
pub fn waits(run: &Execution) -> bool {
    run.status == Status::Pending && run.trigger == Trigger::Retry
}
