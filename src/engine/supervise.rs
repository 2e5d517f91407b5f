//! A run under its limits: it may be cancelled, take too long, get stuck, or outlive its engine. Whatever ends it, dropping
//! its work kills its children's process groups; what writes to somebody's database is asked to stop instead, and awaited.
//! Then it gets its verdict.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::run::{Outcome, Run};
use crate::domain::error::{Error, Result};
use crate::domain::units;
use crate::source::Stop;

/// How long work that was asked to stop may take to clean up after itself.
const ENDING: Duration = Duration::from_mins(2);

/// How long what comes after a run's work may take when the engine is already being stopped.
const AFTERWARDS: Duration = Duration::from_secs(10);

/// What may end a run before it ends by itself.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The whole run. Zero means no limit.
    pub timeout: Duration,
    /// Without any progress. Zero means no limit.
    pub stuck: Duration,
    /// Somebody asked for it to stop.
    pub cancel: CancellationToken,
    /// The engine ends and the grace period is over.
    pub abandon: CancellationToken,
}

impl Limits {
    /// Returns when what comes after a run's work has to end too. A run that was cancelled already is told only by its engine, and an
    /// engine that has ended its runs already waits a moment.
    pub async fn told_to_stop(&self, run: &Run) -> Error {
        let is_cancelled = self.cancel.is_cancelled();
        let abandoned = self.abandon.is_cancelled();
        tokio::select! {
            biased;
            () = self.cancel.cancelled(), if !is_cancelled => cancelled(run),
            () = self.abandon.cancelled(), if !abandoned => engine_stopped(),
            () = tokio::time::sleep(AFTERWARDS), if abandoned => engine_stopped(),
            else => std::future::pending().await,
        }
    }
}

fn cancelled(run: &Run) -> Error {
    Error::interrupted(run.cancelled())
}

fn engine_stopped() -> Error {
    Error::interrupted("the engine was stopped before it was done").next("run it again once the engine is up")
}

/// Sees `work` to its end, or drops it.
pub async fn supervise(run: &Run, limits: &Limits, work: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
    // What is dropped instead is not asked to stop.
    let nobody = Stop::default();
    tokio::select! {
        biased;
        result = work => result,
        why = broken_off(run, limits, &nobody) => Err(why),
    }
}

/// Sees work that must not be dropped to its end, or asks it to stop and waits until it has taken back what it made. Its own
/// word counts: work that was past its last step when it was asked has succeeded.
pub async fn supervise_to_end<W>(run: &Run, limits: &Limits, work: impl FnOnce(Stop) -> W) -> Result<Outcome>
where
    W: Future<Output = Result<Outcome>>,
{
    let stop = Stop::default();
    let mut work = pin!(work(stop.clone()));
    let why = tokio::select! {
        biased;
        result = &mut work => return result,
        why = broken_off(run, limits, &stop) => why,
    };
    run.info(format!("stopping: {}", why.message));
    stop.ask(why.clone());
    tokio::select! {
        biased;
        result = work => {
            if result.is_ok() {
                run.warn(format!("it was done before it could be stopped ({})", why.message));
            }
            result
        }
        () = tokio::time::sleep(ENDING) => Err(
            Error::failed(format!("{}, and it did not end within {} of that", why.message, units::duration(ENDING)))
                .on(run.at())
                .next("look at the target: it is as it was, or whole and new, and what was made for a while may still be there"),
        ),
        never = run.report() => match never {},
    }
}

/// Waits for whatever ends a run before it ends by itself; reports meanwhile.
async fn broken_off(run: &Run, limits: &Limits, stop: &Stop) -> Error {
    tokio::select! {
        biased;
        () = limits.cancel.cancelled() => cancelled(run),
        () = limits.abandon.cancelled() => engine_stopped(),
        () = limit(limits.timeout) => {
            Error::failed(format!("it took longer than its limit of {}", units::duration(limits.timeout)))
                .on(run.at())
                .next("look at its log for what took so long, or raise `options.timeout` of the job")
        }
        () = stuck(run, limits.stuck, stop) => {
            Error::failed(format!("no progress for {}", units::duration(limits.stuck)))
                .on(run.at())
                .next("look at the server and the network; the setting stuck_timeout_seconds is the limit")
                .transient()
        }
        never = run.report() => match never {},
    }
}

async fn limit(after: Duration) {
    if after.is_zero() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(after).await;
}

/// Returns when nothing has moved for that long: no byte, no word, nobody who looks whether to stop, and no server at work.
async fn stuck(run: &Run, after: Duration, stop: &Stop) {
    if after.is_zero() {
        std::future::pending::<()>().await;
    }
    let signs = || (run.activity(), stop.looks());
    let mut seen = signs();
    loop {
        tokio::time::sleep(after).await;
        let now = signs();
        if now == seen && !run.is_at_work_elsewhere().await {
            return;
        }
        seen = now;
    }
}
