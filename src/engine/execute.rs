//! One claimed run from its row to its verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::backup::BackupRun;
use super::run::{Outcome, Run};
use super::supervise::{Limits, supervise, supervise_to_end};
use super::{health, recover, repair, restore, verify};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::{Execution, Failure, Request, Status, Trigger};
use crate::domain::setting;
use crate::instance::Instance;
use crate::store::executions::{self, NewExecution, Verdict};
use crate::store::{jobs, settings};

/// The longest wait before a retry.
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// How long a verdict waits for a look at what the run has used. A look that takes longer goes on by itself.
const HEALTH_LIMIT: Duration = Duration::from_secs(2);

/// Pause before a verdict that could not be written is tried to be written again.
const VERDICT_PAUSE: Duration = Duration::from_secs(10);

/// Sees a claimed run to its verdict. The verdict is what must not get lost: it is tried to be written until it is.
pub async fn execute(
    instance: Arc<Instance>,
    execution: Execution,
    cancel: CancellationToken,
    abandon: CancellationToken,
) {
    let run = Run::new(Arc::clone(&instance), execution);
    let stopped = || cancel.is_cancelled() || abandon.is_cancelled();
    let result = attempt(&run, &cancel, &abandon)
        .await
        .map_err(|error| match error.kind {
            // A stage that was interrupted although nobody asked for it has failed.
            Kind::Interrupted if !stopped() => Error {
                kind: Kind::Failed,
                ..error
            },
            _ => error,
        });
    let (verdict, retry) = judge(&run, &result);
    if matches!(verdict.status, Status::Failed | Status::Partial) && !abandon.is_cancelled() {
        // Whoever reads the verdict looks at the adapters next, which should not be said to be well when they are not.
        let look = tokio::spawn(health::probe_used(instance, run.execution.clone()));
        let _ = tokio::time::timeout(HEALTH_LIMIT, run.reporting(look)).await;
    }
    while let Err(error) = conclude(&run, &verdict, retry.as_ref()) {
        tracing::error!("run {}: cannot record its verdict: {error}", run.id());
        if abandon.is_cancelled() {
            // The row stays as running; the next engine's start gives it a verdict.
            return;
        }
        tokio::time::sleep(VERDICT_PAUSE).await;
    }
}

async fn attempt(run: &Run, cancel: &CancellationToken, abandon: &CancellationToken) -> Result<Outcome> {
    let stuck = run
        .instance
        .store
        .read(|db| settings::number(db, &setting::STUCK_TIMEOUT))?;
    let mut limits = Limits {
        timeout: Duration::ZERO,
        stuck: Duration::from_secs(stuck),
        cancel: cancel.clone(),
        abandon: abandon.clone(),
    };
    match &run.execution.request {
        Request::Backup => {
            let gone = || Error::failed("the job was removed before its run started");
            let id = run.execution.job_id.ok_or_else(gone)?;
            let job = run.instance.store.read(|db| jobs::get(db, id))?;
            limits.timeout = job.definition.options.timeout;
            let mut backup = BackupRun::prepare(run, &job)?;
            let made = supervise(run, &limits, backup.make()).await;
            run.reporting(backup.settle(made, &limits)).await
        }
        Request::Restore(request) => supervise_to_end(run, &limits, |stop| restore::restore(run, request, stop)).await,
        Request::Verify(request) => supervise_to_end(run, &limits, |stop| verify::verify(run, request, stop)).await,
        Request::Repair { backup } => {
            let repaired = supervise(run, &limits, repair::repair(run, *backup)).await;
            if repaired.is_err() {
                run.reporting(recover::clean_up_after(run)).await?;
            }
            repaired
        }
    }
}

fn judge(run: &Run, result: &Result<Outcome>) -> (Verdict, Option<NewExecution>) {
    let (status, error, size) = match result {
        Ok(outcome) => {
            let (status, error) = outcome.verdict();
            (
                status,
                error.map(|error| Failure::from(&run.masked(&error))),
                outcome.size,
            )
        }
        Err(error) => {
            let error = run.masked(error);
            // Whoever stops a run gets what was asked for, which is no error.
            let status = if error.kind == Kind::Interrupted {
                run.info(error.without_next());
                Status::Cancelled
            } else {
                run.error(&error);
                Status::Failed
            };
            run.break_off();
            (status, Some(Failure::from(&error)), None)
        }
    };
    let retry = result
        .as_ref()
        .err()
        .and_then(|error| retry(run, error).unwrap_or_default());
    if let Some(retry) = &retry {
        run.info(format!("will be tried again at {}", retry.not_before));
    }
    let verdict = Verdict {
        status,
        error,
        size,
        progress: run.progress(),
    };
    (verdict, retry)
}

fn conclude(run: &Run, verdict: &Verdict, retry: Option<&NewExecution>) -> Result<()> {
    let verdict = Verdict {
        progress: run.close()?,
        ..verdict.clone()
    };
    let now = run.now();
    run.instance.store.write(|db| {
        let ended = executions::finish(db, run.id(), &verdict, now)?;
        if let Some(retry) = retry.filter(|_| ended) {
            executions::insert(db, retry, now)?;
        }
        Ok(())
    })
}

/// A failure that may pass is tried again, later and later. One that cannot (wrong password, no such database) is not.
fn retry(run: &Run, error: &Error) -> Result<Option<NewExecution>> {
    let execution = &run.execution;
    let Some(job) = execution
        .job_id
        .filter(|_| error.transient && execution.request == Request::Backup)
    else {
        return Ok(None);
    };
    // Somebody may have removed the job in the meantime: then nothing is tried again.
    let Some(job) = run.instance.store.read(|db| jobs::by_id(db, job))? else {
        return Ok(None);
    };
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
        not_before: run.now().plus(delay),
    }))
}
