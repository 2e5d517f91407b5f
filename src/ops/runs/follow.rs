//! Watching one run: everything that changes about it, as it changes, until its verdict; and whether there is an engine to
//! bring it there.

use std::time::Duration;

use tokio::time::Instant;

use super::lines_after;
use crate::domain::execution::{Execution, LogLine};
use crate::domain::id::ExecutionId;
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::ops::engine_process::Presence;
use crate::store::executions;
use crate::store::watch::Watch;

/// How long somebody waits for an engine who was told that there is none: a restart by systemd takes a moment.
const PATIENCE: Duration = Duration::from_secs(15);

/// Follows one run.
pub struct Follow {
    session: Session,
    watch: Watch,
    presence: Presence,
    id: ExecutionId,
    told: Option<Execution>,
    told_engine: bool,
    last_line: i64,
    /// How long an engine is waited for; `None` for as long as it takes.
    limit: Option<Duration>,
    /// Until when one is waited for, while there is none.
    patience: Option<Instant>,
}

/// What is new about a run.
pub struct Update {
    /// The run now.
    pub execution: Execution,
    /// Log lines not told of before, oldest first.
    pub lines: Vec<LogLine>,
    /// Set when the engine it waits for is found gone, or is back.
    pub engine: Option<EngineNews>,
}

/// What became of the engine that a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineNews {
    /// None runs: nothing will happen to the run until one is started.
    Gone,
    /// One runs again.
    Back,
}

impl Follow {
    /// Follows the run from its first log line on.
    pub fn new(session: &Session, id: ExecutionId) -> Result<Self> {
        Ok(Self {
            watch: Watch::new(session.instance.another_connection()?)?,
            presence: Presence::new(&session.instance.paths)?,
            session: session.clone(),
            id,
            told: None,
            told_engine: true,
            last_line: 0,
            limit: Some(PATIENCE),
            patience: None,
        })
    }

    /// For somebody who sees that there is no engine and can start one, or stop waiting: never gives up by itself.
    #[must_use]
    pub const fn without_limit(mut self) -> Self {
        self.limit = None;
        self
    }

    /// The next news of the run; the first call tells how it stands. `None` once its verdict and all of its log have been
    /// told. Fails when the run is not over, there is no engine, and none comes within a moment of that having been told.
    pub async fn next(&mut self) -> Result<Option<Update>> {
        if self.told.as_ref().is_some_and(|run| run.status.is_final()) {
            return Ok(None);
        }
        loop {
            if let Some(update) = self.look()? {
                return Ok(Some(update));
            }
            tokio::select! {
                changed = self.watch.changed() => changed?,
                changed = self.presence.changed() => { changed?; }
                () = over(self.patience) => return Err(self.nobody_left()),
            }
        }
    }

    /// Follows to the verdict and gives the run, telling nothing on the way.
    pub async fn verdict(mut self) -> Result<Execution> {
        let mut last = None;
        while let Some(update) = self.next().await? {
            last = Some(update.execution);
        }
        last.or(self.told).ok_or_else(|| Error::not_found("the run is gone"))
    }

    fn look(&mut self) -> Result<Option<Update>> {
        let (id, last) = (self.id, self.last_line);
        let (execution, lines) = self
            .session
            .instance
            .store
            .read(|db| Ok((executions::get(db, id)?, lines_after(db, id, last)?)))?;
        let engine = self.engine_news(&execution);
        if lines.is_empty() && engine.is_none() && self.told.as_ref() == Some(&execution) {
            return Ok(None);
        }
        self.last_line = lines.last().map_or(last, |line| line.id);
        self.told = Some(execution.clone());
        Ok(Some(Update {
            execution,
            lines,
            engine,
        }))
    }

    fn engine_news(&mut self, execution: &Execution) -> Option<EngineNews> {
        // A run that is over waits for nobody.
        let runs = self.presence.is_running() || execution.status.is_final();
        if std::mem::replace(&mut self.told_engine, runs) == runs {
            return None;
        }
        self.patience = self.limit.filter(|_| !runs).map(|limit| Instant::now() + limit);
        if execution.status.is_final() {
            return None;
        }
        Some(if runs { EngineNews::Back } else { EngineNews::Gone })
    }

    fn nobody_left(&self) -> Error {
        Error::failed("no engine is left to end it")
            .on(format!("run {}", self.id.short()))
            .next("`backstay daemon start`; the engine records what became of it")
    }
}

/// Returns when somebody's patience has come to its end.
async fn over(patience: Option<Instant>) {
    match patience {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
