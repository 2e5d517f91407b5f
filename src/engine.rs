//! The engine: what happens without a person. It holds the home's lock, follows the schedule, starts what waits, and sees
//! every run to a verdict. Between events it sleeps: a change in the database, an alarm on the wall clock, the end of a run
//! or a signal wakes it, and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::alarm::Alarm;
use self::lock::EngineLock;
use self::plan::Plan;
use crate::domain::audit::{Actor, Event};
use crate::domain::error::{Error, Result, in_words};
use crate::domain::execution::{Execution, Status};
use crate::domain::housekeeping::EVERY;
use crate::domain::id::ExecutionId;
use crate::domain::setting;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::instance::{Instance, machine_name};
use crate::store::watch::Watch;
use crate::store::{audit, executions, settings};

pub mod alarm;
mod backup;
mod emptied;
mod execute;
mod health;
mod hooks;
mod housekeeping;
pub mod lock;
pub mod plan;
pub mod process;
pub mod queue;
mod reading;
mod recover;
mod repair;
mod restore;
mod retain;
pub mod run;
mod schedule;
mod sites;
pub mod supervise;
mod verify;

/// Runs the engine until `stop`: then nothing new starts, what runs gets the grace period, and what is left after that is
/// cancelled and recorded as such.
pub async fn run(instance: Arc<Instance>, stop: CancellationToken) -> Result<()> {
    let mut lock = EngineLock::take(&instance.paths, instance.clock.now())?;
    recover::empty_scratch(&instance);
    let mut engine = Engine::new(instance, stop)?;
    engine.recover().await?;
    lock.ready()?;
    engine.ready();
    let outcome = engine.serve().await;
    engine.wind_down(&mut lock).await?;
    outcome
}

/// How long the engine waits for what the one before it left to be settled, before it goes on while that goes on.
const SETTLING: Duration = Duration::from_secs(5);

/// A pause after the database could not be read or written.
const PAUSE: Duration = Duration::from_secs(10);

struct Engine {
    instance: Arc<Instance>,
    plan: Plan,
    /// What this engine works on, and what stops it.
    running: HashMap<ExecutionId, CancellationToken>,
    tasks: JoinSet<ExecutionId>,
    abandon: CancellationToken,
    alarm: Alarm,
    watch: Watch,
    stop: CancellationToken,
    next_health: Timestamp,
    next_tidying: Timestamp,
    next_watchdog: Option<Timestamp>,
    watchdog: Option<Duration>,
}

impl Engine {
    fn new(instance: Arc<Instance>, stop: CancellationToken) -> Result<Self> {
        Ok(Self {
            watch: Watch::new(instance.another_connection()?)?,
            plan: Plan::default(),
            running: HashMap::new(),
            tasks: JoinSet::new(),
            abandon: CancellationToken::new(),
            alarm: Alarm::new()?,
            stop,
            next_health: instance.clock.now(),
            next_tidying: instance.clock.now(),
            next_watchdog: None,
            // Half the time systemd allows, so that one late look does not end the engine.
            watchdog: sd_notify::watchdog_enabled().map(|limit| limit / 2),
            instance,
        })
    }

    /// Sees to what an engine before this one left: runs get their verdict, and what they left half-done is taken back. A
    /// server or a destination that does not answer holds up nothing but that.
    async fn recover(&mut self) -> Result<()> {
        let (open, left) = self
            .instance
            .store
            .read(|db| Ok((executions::open(db)?, executions::unsettled(db)?)))?;
        for run in open.iter().filter(|run| run.status == Status::Running) {
            tracing::warn!("run {} of {} was interrupted: its engine is gone", run.id, run.job_name);
        }
        self.adopt_orphans(&open);
        if let Some(first) = left.first().map(|run| run.id) {
            let instance = Arc::clone(&self.instance);
            self.see_to(first, async move { recover::settle_left(&instance, left).await });
        }
        let settled = async {
            while let Some(ended) = self.tasks.join_next().await {
                forget(&mut self.running, &ended);
            }
        };
        tokio::select! {
            biased;
            () = settled => {}
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(SETTLING) => tracing::warn!("what was left by an engine before is being settled still"),
        }
        Ok(())
    }

    fn ready(&mut self) {
        self.next_watchdog = self.watchdog.map(|_| self.now());
        tracing::info!(
            "engine {} up, process {}",
            env!("CARGO_PKG_VERSION"),
            std::process::id()
        );
        notify_systemd(&[sd_notify::NotifyState::Ready]);
        // It is also how consoles learn that there is an engine again: they watch the database, and nothing else.
        if let Err(error) = self.record_start() {
            tracing::error!("the start is not on record: {error}");
        }
    }

    fn record_start(&self) -> Result<()> {
        let event = Event::new("engine.start", "engine", std::process::id(), machine_name())
            .with(serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }));
        let now = self.now();
        self.instance
            .store
            .write(|db| audit::append(db, &Actor::engine(), &event, now))
    }

    async fn serve(&mut self) -> Result<()> {
        loop {
            // An engine that gives up makes no backups: whatever is wrong now is tried again in a moment.
            let next = self.tick().unwrap_or_else(|error| {
                tracing::error!("{error}");
                Some(self.now().plus(PAUSE))
            });
            self.alarm.set(next)?;
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(ended) = self.tasks.join_next() => forget(&mut self.running, &ended),
                changed = self.watch.changed() => if let Err(error) = changed {
                    tracing::error!("{error}");
                    tokio::time::sleep(PAUSE).await;
                },
                () = self.alarm.ring() => {}
            }
        }
    }

    /// Does everything that is due and says when to look again.
    fn tick(&mut self) -> Result<Option<Timestamp>> {
        let now = self.now();
        schedule::refresh(&self.instance, &mut self.plan, now)?;
        let fires = self.plan.due(now);
        if let Err(error) = schedule::enqueue(&self.instance, &fires, now) {
            // The plan has moved on, the database has not: it is made anew from there, and nothing is lost.
            self.plan = Plan::default();
            return Err(error);
        }
        let next_start = self.start_waiting(now)?;
        let next_health = self.health(now)?;
        let next_tidying = Some(self.tidying(now));
        let next_watchdog = self.pat_watchdog(now);
        Ok([
            self.plan.next_fire(),
            next_start,
            next_health,
            next_tidying,
            next_watchdog,
        ]
        .into_iter()
        .flatten()
        .min())
    }

    fn start_waiting(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        let open = self.heed_cancels()?;
        self.adopt_orphans(&open);
        let waiting = open.iter().any(|run| run.status == Status::Pending);
        if !waiting {
            return Ok(None);
        }
        schedule::skip_unwanted(&self.instance, &open, now)?;
        let limit = self
            .instance
            .store
            .read(|db| settings::number(db, &setting::MAX_CONCURRENT_JOBS))?;
        for id in queue::startable(&open, usize::try_from(limit).unwrap_or(1), now) {
            if self.instance.store.write(|db| executions::claim(db, id, now))? {
                self.start(id)?;
            }
        }
        Ok(queue::next_start(&open, now))
    }

    fn start(&mut self, id: ExecutionId) -> Result<()> {
        let execution = self.instance.store.read(|db| executions::get(db, id))?;
        tracing::info!("run {id}: {} {} starts", execution.kind, execution.job_name);
        let cancel = CancellationToken::new();
        let asked = cancel.clone();
        let (instance, abandon) = (Arc::clone(&self.instance), self.abandon.clone());
        self.go(id, cancel, move || {
            execute::execute(instance, execution, asked, abandon)
        });
        Ok(())
    }

    /// Sees `work` to its end on a thread of its own: hashing and comparing in one run hold up neither the schedule nor another
    /// run, and a run needs none of the threads that a dead mount may hold.
    fn go<W>(&mut self, id: ExecutionId, cancel: CancellationToken, work: impl FnOnce() -> W + Send + 'static)
    where
        W: Future<Output = ()>,
    {
        let runtime = Handle::current();
        let (over, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("run".to_owned()).spawn(move || {
            runtime.block_on(work());
            // An engine that is gone does not want to know.
            let _ = over.send(());
        });
        self.running.insert(id, cancel);
        self.tasks.spawn(async move {
            // Its row is running while nothing works on it, which is how it is found.
            match thread {
                Err(error) => tracing::error!("run {id}: cannot start a thread: {}", in_words(&error)),
                Ok(_) if ended.await.is_err() => tracing::error!("run {id} broke off"),
                Ok(_) => tracing::info!("run {id} has ended"),
            }
            id
        });
    }

    /// A row that is running while nothing here works on it: its run broke off. It gets the verdict it would get at the
    /// next start.
    fn adopt_orphans(&mut self, open: &[Execution]) {
        let orphan = |run: &&Execution| run.status == Status::Running && !self.running.contains_key(&run.id);
        for execution in open.iter().filter(orphan).cloned().collect::<Vec<_>>() {
            let instance = Arc::clone(&self.instance);
            self.see_to(
                execution.id,
                async move { recover::recover_one(&instance, execution).await },
            );
        }
    }

    /// Sees to what is left of a run, beside everything else. What an engine that ends has not come to is the next one's.
    fn see_to(&mut self, id: ExecutionId, work: impl Future<Output = Result<()>> + Send + 'static) {
        let abandon = self.abandon.clone();
        let work = async move {
            if let Err(error) = work.await {
                tracing::error!("run {id}: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        };
        self.go(id, CancellationToken::new(), || async move {
            abandon.run_until_cancelled(work).await;
        });
    }

    fn health(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        let seconds = self
            .instance
            .store
            .read(|db| settings::number(db, &setting::HEALTH_INTERVAL))?;
        if seconds == 0 {
            return Ok(None);
        }
        let interval = Duration::from_secs(seconds);
        // A clock that was set back must not end probing.
        if now >= self.next_health || self.next_health > now.plus(interval) {
            self.next_health = now.plus(interval);
            let instance = Arc::clone(&self.instance);
            tokio::spawn(async move {
                if let Err(error) = health::probe_all(instance).await {
                    tracing::warn!("health: {error}");
                }
            });
        }
        Ok(Some(self.next_health))
    }

    fn tidying(&mut self, now: Timestamp) -> Timestamp {
        let every = EVERY;
        // A clock that was set back must not end it.
        if now >= self.next_tidying || self.next_tidying > now.plus(every) {
            self.next_tidying = now.plus(every);
            let instance = Arc::clone(&self.instance);
            tokio::task::spawn_blocking(move || match housekeeping::tidy(&instance) {
                Ok(0) => {}
                Ok(removed) => tracing::info!("housekeeping: {} removed", units::count(removed, "old log line")),
                Err(error) => tracing::warn!("housekeeping: {error}"),
            });
        }
        self.next_tidying
    }

    fn pat_watchdog(&mut self, now: Timestamp) -> Option<Timestamp> {
        let every = self.watchdog?;
        if self
            .next_watchdog
            .is_none_or(|next| now >= next || next > now.plus(every))
        {
            notify_systemd(&[sd_notify::NotifyState::Watchdog]);
            self.next_watchdog = Some(now.plus(every));
        }
        self.next_watchdog
    }

    async fn wind_down(&mut self, lock: &mut EngineLock) -> Result<()> {
        notify_systemd(&[sd_notify::NotifyState::Stopping]);
        if self.tasks.is_empty() {
            return Ok(());
        }
        let grace = self
            .instance
            .store
            .read(|db| settings::number(db, &setting::GRACE_PERIOD))
            .unwrap_or_else(|error| {
                tracing::error!("running work gets no grace period: {error}");
                0
            });
        tracing::info!(
            "stopping: {} may take {grace} s to end",
            units::count(self.tasks.len(), "run")
        );
        let grace = Duration::from_secs(grace);
        // Whatever becomes of the note, what runs needs its verdict.
        if let Err(error) = self.say_stopping(lock, grace) {
            tracing::error!("nobody is told that the engine is stopping: {error}");
        }
        let deadline = tokio::time::Instant::now() + grace;
        while !self.tasks.is_empty() {
            tokio::select! {
                Some(ended) = self.tasks.join_next() => forget(&mut self.running, &ended),
                () = tokio::time::sleep_until(deadline), if !self.abandon.is_cancelled() => self.abandon.cancel(),
                // Runs that end need their verdict more than this needs to know who was cancelled.
                changed = self.watch.changed() => if let Err(error) = changed.and_then(|()| self.heed_cancels()) {
                    tracing::error!("{error}");
                    tokio::time::sleep(PAUSE).await;
                },
            }
        }
        Ok(())
    }

    /// In the lock file, for whoever asks, and in the audit log: consoles watch the database, and look then.
    fn say_stopping(&self, lock: &mut EngineLock, grace: Duration) -> Result<()> {
        let now = self.now();
        let until = now.plus(grace);
        lock.stopping(until)?;
        let event = Event::new("engine.stopping", "engine", std::process::id(), machine_name())
            .with(serde_json::json!({ "waits_for_runs": self.tasks.len(), "until": until }));
        self.instance
            .store
            .write(|db| audit::append(db, &Actor::engine(), &event, now))
    }

    /// Passes on what was asked to stop; gives everything that is open.
    fn heed_cancels(&self) -> Result<Vec<Execution>> {
        let open = self.instance.store.read(executions::open)?;
        for run in open.iter().filter(|run| run.cancel_requested_at.is_some()) {
            if let Some(cancel) = self.running.get(&run.id) {
                cancel.cancel();
            }
        }
        Ok(open)
    }

    fn now(&self) -> Timestamp {
        self.instance.clock.now()
    }
}

fn forget(running: &mut HashMap<ExecutionId, CancellationToken>, ended: &Result<ExecutionId, JoinError>) {
    // What only waits for a thread does not break off.
    if let Ok(id) = ended {
        running.remove(id);
    }
}

/// A token that SIGTERM or SIGINT cancels.
pub fn stop_on_signals() -> Result<CancellationToken> {
    let deaf = |error| Error::failed(format!("cannot listen for signals: {}", in_words(&error)));
    let handler = |kind| signal(kind).map_err(deaf);
    let (mut terminate, mut interrupt) = (handler(SignalKind::terminate())?, handler(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(token)
}

fn notify_systemd(state: &[sd_notify::NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("systemd: {}", in_words(&error));
    }
}
