//! Watching one run: everything that changes about it, as it changes, until its verdict.

use std::time::Duration;

use super::lines_after;
use crate::domain::execution::{Execution, LogLine};
use crate::domain::id::ExecutionId;
use crate::domain::{Error, Result};
use crate::ops::{Session, engine_process};
use crate::store::executions;
use crate::store::watch::Watch;

/// How often somebody who waits makes sure that there is still an engine to wait for.
const ENGINE_LOOK: Duration = Duration::from_secs(5);

/// Looks in a row without an engine after which there is none: a restart by systemd takes a moment.
const ENGINE_MISSING: u32 = 3;

/// Follows one run.
pub struct Follow {
    session: Session,
    watch: Watch,
    id: ExecutionId,
    told: Option<Execution>,
    last_line: i64,
    engine_missing: u32,
}

/// What is new about a run.
pub struct Update {
    /// The run now.
    pub execution: Execution,
    /// Log lines not told of before, oldest first.
    pub lines: Vec<LogLine>,
}

impl Follow {
    /// Follows the run from its first log line on.
    pub fn new(session: &Session, id: ExecutionId) -> Result<Self> {
        Ok(Self {
            watch: Watch::new(session.instance.another_connection()?)?,
            session: session.clone(),
            id,
            told: None,
            last_line: 0,
            engine_missing: 0,
        })
    }

    /// The next news of the run; the first call tells how it stands. `None` once its verdict and all of its log have been
    /// told. Fails when the run is not over and no engine is left to end it.
    pub async fn next(&mut self) -> Result<Option<Update>> {
        if self.told.as_ref().is_some_and(|run| run.status.is_final()) {
            return Ok(None);
        }
        loop {
            if let Some(update) = self.look()? {
                return Ok(Some(update));
            }
            match tokio::time::timeout(ENGINE_LOOK, self.watch.changed()).await {
                Ok(changed) => changed?,
                Err(_) => self.look_for_engine()?,
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
        if lines.is_empty() && self.told.as_ref() == Some(&execution) {
            return Ok(None);
        }
        self.last_line = lines.last().map_or(last, |line| line.id);
        self.told = Some(execution.clone());
        Ok(Some(Update { execution, lines }))
    }

    fn look_for_engine(&mut self) -> Result<()> {
        if engine_process::is_running(&self.session.instance.paths)? {
            self.engine_missing = 0;
            return Ok(());
        }
        self.engine_missing += 1;
        if self.engine_missing < ENGINE_MISSING {
            return Ok(());
        }
        Err(Error::failed("no engine is left to end it")
            .on(format!("run {}", self.id.short()))
            .next("`backstay daemon start`; the engine records what became of it"))
    }
}
