//! One claimed run from its row to its verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::backup::BackupRun;
use super::run::{Outcome, Run};
use super::supervise::{Limits, supervise};
use super::{repair, restore, verify};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::{Execution, Failure, Request, Status, Trigger};
use crate::domain::job::Job;
use crate::domain::setting;
use crate::domain::time::Timestamp;
use crate::instance::Instance;
use crate::store::executions::{self, NewExecution, Verdict};
use crate::store::{jobs, settings};

/// The longest wait before a retry.
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// Sees a claimed run to its verdict.
pub async fn execute(
    instance: Arc<Instance>,
    execution: Execution,
    cancel: CancellationToken,
    abandon: CancellationToken,
) {
    let run = Run::new(Arc::clone(&instance), execution);
    let result = attempt(&run, cancel, abandon).await;
    if let Err(error) = conclude(&run, result) {
        // The row stays as running; the next engine's start gives it a verdict.
        tracing::error!("run {}: cannot record its verdict: {error}", run.id());
    }
}

async fn attempt(run: &Run, cancel: CancellationToken, abandon: CancellationToken) -> Result<(Outcome, Option<Job>)> {
    let stuck = run
        .instance
        .store
        .read(|db| settings::number(db, &setting::STUCK_TIMEOUT))?;
    let mut limits = Limits {
        timeout: Duration::ZERO,
        stuck: Duration::from_secs(stuck),
        cancel,
        abandon,
    };
    match &run.execution.request {
        Request::Backup => {
            let id = run
                .execution
                .job_id
                .ok_or_else(|| Error::failed("the job was removed before its run started"))?;
            let job = run.instance.store.read(|db| jobs::get(db, id))?;
            limits.timeout = job.definition.options.timeout;
            let mut backup = BackupRun::prepare(run, &job)?;
            let result = supervise(run, &limits, backup.make()).await;
            if result.is_err() {
                backup.take_back().await;
            }
            result.map(|outcome| (outcome, Some(job)))
        }
        Request::Restore(request) => supervise(run, &limits, restore::restore(run, request))
            .await
            .map(|outcome| (outcome, None)),
        Request::Verify(request) => supervise(run, &limits, verify::verify(run, request))
            .await
            .map(|outcome| (outcome, None)),
        Request::Repair { backup } => supervise(run, &limits, repair::repair(run, *backup))
            .await
            .map(|outcome| (outcome, None)),
    }
}

fn conclude(run: &Run, result: Result<(Outcome, Option<Job>)>) -> Result<()> {
    let now = run.now();
    let retry = match &result {
        Err(error) => retry(run, error, now)?,
        Ok(_) => None,
    };
    let verdict = match result {
        Ok((outcome, _)) => {
            let (status, error) = outcome.verdict();
            (status, error, outcome.size)
        }
        Err(error) => {
            let error = run.masked(&error);
            run.error(&error);
            let status = if error.kind == Kind::Interrupted {
                Status::Cancelled
            } else {
                Status::Failed
            };
            (status, Some(Failure::from(&error)), None)
        }
    };
    if let Some(retry) = &retry {
        run.info(format!("will be tried again at {}", retry.not_before));
    }
    let (status, error, size) = verdict;
    let verdict = Verdict {
        status,
        error,
        size,
        progress: run.close()?,
    };
    run.instance.store.write(|db| {
        let ended = executions::finish(db, run.id(), &verdict, now)?;
        if let Some(retry) = retry.filter(|_| ended) {
            executions::insert(db, &retry, now)?;
        }
        Ok(())
    })
}

/// A failure that may pass is tried again, later and later. One that cannot (wrong password, no such database) is not.
fn retry(run: &Run, error: &Error, now: Timestamp) -> Result<Option<NewExecution>> {
    let execution = &run.execution;
    let Some(job) = execution
        .job_id
        .filter(|_| error.transient && execution.request == Request::Backup)
    else {
        return Ok(None);
    };
    let job = run.instance.store.read(|db| jobs::get(db, job))?;
    let options = &job.definition.options;
    if execution.attempt > options.retries {
        return Ok(None);
    }
    let delay = options
        .retry_delay
        .saturating_mul(1 << (execution.attempt - 1).min(16))
        .min(LONGEST_DELAY);
    Ok(Some(NewExecution {
        job_id: Some(job.id),
        job_name: job.definition.name.clone(),
        revision: Some(job.revision),
        request: Request::Backup,
        trigger: Trigger::Retry,
        triggered_by: format!("run {} failed", execution.id.short()),
        attempt: execution.attempt + 1,
        source_id: Some(job.source_id),
        not_before: now.plus(delay),
    }))
}
