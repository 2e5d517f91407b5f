//! A run under its limits: it may be cancelled, take too long, get stuck, or outlive its engine. Whatever ends it, dropping
//! its work kills its children's process groups and takes back what it was writing; then it gets its verdict.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::run::{Outcome, Run};
use crate::domain::error::{Error, Result};
use crate::domain::units;

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

/// Sees `work` to its end, or ends it.
pub async fn supervise(run: &Run, limits: &Limits, work: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
    tokio::select! {
        biased;
        result = work => result,
        () = limits.cancel.cancelled() => Err(Error::interrupted("cancelled on request")),
        () = limits.abandon.cancelled() => {
            Err(Error::interrupted("the engine was stopped before it was done").next("run it again once the engine is up"))
        }
        () = limit(limits.timeout) => Err(
            Error::failed(format!("it took longer than its limit of {}", units::duration(limits.timeout)))
                .on(run.at())
                .next("look at its log for what took so long, or raise `options.timeout` of the job"),
        ),
        () = stuck(run, limits.stuck) => Err(
            Error::failed(format!("no progress for {}", units::duration(limits.stuck)))
                .on(run.at())
                .next("look at the server and the network; the setting stuck_timeout_seconds is the limit")
                .transient(),
        ),
        never = run.report() => match never {},
    }
}

async fn limit(after: Duration) {
    if after.is_zero() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(after).await;
}

async fn stuck(run: &Run, after: Duration) {
    if after.is_zero() {
        std::future::pending::<()>().await;
    }
    let mut seen = run.activity();
    loop {
        tokio::time::sleep(after).await;
        let now = run.activity();
        if now == seen {
            return;
        }
        seen = now;
    }
}
