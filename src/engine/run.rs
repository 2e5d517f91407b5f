//! One run while it goes on: its log, its progress and what it may not say. Lines are kept for a moment and written in
//! batches; the bytes it moves are counted outside the database and written a few times a second, only when they changed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::Result;
use crate::domain::audit::CANCEL;
use crate::domain::error::Error;
use crate::domain::execution::{Execution, LogLevel, Progress, Stage, Status};
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::domain::secret::Redactor;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::instance::Instance;
use crate::pipeline::meter::Meter;
use crate::source::Source;
use crate::store::audit;
use crate::store::executions::{self, Footprint};
use crate::store::logs::{self, NewLine};

/// How often a run that goes on writes down how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// A run that says nothing and moves nothing still says that often that it lives.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);

/// How long a server may take to say whether it is at work.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// What a run came to, when it came to an end by itself.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Stored bytes of a backup, plain bytes of a restore.
    pub size: Option<u64>,
    /// What was asked for and not done although the data is safe. Empty means success.
    pub shortfalls: Vec<Error>,
}

impl Outcome {
    /// The status and the words for it.
    pub fn verdict(&self) -> (Status, Option<Error>) {
        match Error::several(self.shortfalls.clone()) {
            None => (Status::Success, None),
            Some(error) => (Status::Partial, Some(error)),
        }
    }
}

/// One run while it goes on.
pub struct Run {
    /// The installation it belongs to.
    pub instance: Arc<Instance>,
    /// Its row when it was claimed.
    pub execution: Execution,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    redactor: Redactor,
    lines: Vec<NewLine>,
    /// Lines said so far.
    said: usize,
    /// The last error that was told.
    last_error: String,
    progress: Progress,
    stage_since: Timestamp,
    meter: Arc<Meter>,
    copy_names: Vec<String>,
    elsewhere: Option<Elsewhere>,
    has_limit_of_its_own: bool,
}

/// What somebody else's server does for a run at the moment.
#[derive(Clone)]
pub struct Elsewhere {
    /// The server.
    pub source: Arc<dyn Source>,
    /// The database that is dumped, restored into or counted.
    pub database: String,
    /// The restore's tag; empty for a dump.
    pub tag: String,
}

impl Run {
    /// A run that was just claimed.
    pub fn new(instance: Arc<Instance>, execution: Execution) -> Arc<Self> {
        Arc::new(Self {
            instance,
            execution,
            inner: Mutex::default(),
        })
    }

    /// Its id.
    pub fn id(&self) -> ExecutionId {
        self.execution.id
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.instance.clock.now()
    }

    /// From now on these values are masked in everything it says.
    pub fn hide(&self, redactor: Redactor) {
        self.lock().redactor = redactor;
    }

    /// An error, masked.
    pub fn masked(&self, error: &Error) -> Error {
        self.lock().redactor.mask_error(error)
    }

    /// From now on bytes are counted here, by the named copies.
    pub fn count_on(&self, meter: Arc<Meter>, copy_names: Vec<String>) {
        let mut inner = self.lock();
        inner.meter = meter;
        inner.copy_names = copy_names;
    }

    /// The counters of the run.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.lock().meter)
    }

    /// Begins a stage; the one before is over, and the log says how long it took.
    pub fn stage(&self, stage: Stage) {
        let now = self.now();
        self.end_stage(now, "done in");
        let mut inner = self.lock();
        inner.progress.stage = Some(stage);
        inner.stage_since = now;
    }

    /// The stage it is in is not done and goes no further.
    pub fn break_off(&self) {
        self.end_stage(self.now(), "stopped after");
    }

    /// The same of one whose engine died: it went on until this moment at least.
    pub fn break_off_unseen(&self, alive: Timestamp) {
        let is_in_one = self.lock().progress.stage.is_some();
        self.end_stage(alive, "was last heard of after");
        self.lock().progress.ends_unseen = is_in_one;
    }

    /// Takes up where another engine left it: what is said from now on is of the stage it was in.
    pub fn take_up(&self) {
        let Execution {
            started_at, progress, ..
        } = &self.execution;
        let before = progress.stages.iter().map(|(_, ms)| ms).sum();
        let mut inner = self.lock();
        inner.progress.stage = progress.stage;
        inner.progress.stages.clone_from(&progress.stages);
        inner.stage_since = started_at.unwrap_or_default().plus(Duration::from_millis(before));
    }

    /// How many objects there will be, and about how many bytes.
    pub fn expect(&self, objects: usize, bytes: u64) {
        let mut inner = self.lock();
        inner.progress.objects_total = u32::try_from(objects).unwrap_or(u32::MAX);
        inner.progress.estimated_bytes = bytes;
    }

    /// Names the object being worked on.
    pub fn object(&self, name: &str) {
        name.clone_into(&mut self.lock().progress.object);
    }

    /// What it is moving right now, for errors of the run as a whole. Empty between objects' stages.
    pub fn at(&self) -> String {
        let inner = self.lock();
        match inner.progress.stage {
            Some(Stage::Dump | Stage::Restore) => inner.progress.object.clone(),
            _ => String::new(),
        }
    }

    /// One more object is done.
    pub fn object_done(&self) {
        self.lock().progress.objects_done += 1;
    }

    /// Says what happens.
    pub fn info(&self, message: impl AsRef<str>) {
        self.say(LogLevel::Info, message.as_ref());
    }

    /// Says what should be looked at.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.say(LogLevel::Warn, message.as_ref());
    }

    /// Says why something failed, once: what an object failed for is what the run has failed for when it is the only one.
    pub fn error(&self, error: &Error) {
        let text = self.masked(error).to_string();
        if std::mem::replace(&mut self.lock().last_error, text.clone()) != text {
            self.say(LogLevel::Error, &text);
        }
    }

    /// What ends it when somebody asked for that, and who did.
    pub fn cancelled(&self) -> String {
        let filter = audit::Filter {
            actions: Some(vec![CANCEL.to_owned()]),
            things: Some(vec![self.id().to_string()]),
            ..audit::Filter::default()
        };
        let asked = self.instance.store.read(|db| audit::list(db, &filter, Edge::Newest, 1));
        match asked.unwrap_or_default().first() {
            Some(row) => format!("cancelled by {}", row.actor),
            None => "cancelled on request".to_owned(),
        }
    }

    fn say(&self, level: LogLevel, message: &str) {
        let at = self.now();
        {
            let mut inner = self.lock();
            let stage = inner.progress.stage.unwrap_or(Stage::Initialize);
            let message = one_line(&inner.redactor.mask(message));
            inner.said += 1;
            inner.lines.push(NewLine {
                at,
                level,
                stage,
                message,
            });
        }
    }

    /// Where it is about to write, so that the next engine can clean up after this one.
    pub fn footprint(&self, path: Option<&str>, footprint: &Footprint) -> Result<()> {
        self.instance
            .store
            .write(|db| executions::set_footprint(db, self.id(), path, footprint, self.now()))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let inner = self.lock();
        let counted = inner
            .copy_names
            .iter()
            .cloned()
            .zip(inner.meter.copies())
            .collect::<BTreeMap<_, _>>();
        Progress {
            plain_bytes: inner.meter.plain(),
            compressing_rest: inner.meter.is_compressing_rest(),
            copies: counted,
            ..inner.progress.clone()
        }
    }

    /// Ends the last stage and writes down what was still kept. Gives the final progress.
    pub fn close(&self) -> Result<Progress> {
        self.end_stage(self.now(), "done in");
        self.flush()?;
        Ok(self.progress())
    }

    /// Reports until dropped: log lines shortly after they were said, progress when it changed, and a heartbeat.
    pub async fn report(&self) -> Infallible {
        let mut last = Progress::default();
        let mut silent = Duration::ZERO;
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            silent += REPORT_EVERY;
            let progress = self.progress();
            let quiet = progress == last && self.lock().lines.is_empty();
            if quiet && silent < HEARTBEAT_EVERY {
                continue;
            }
            silent = Duration::ZERO;
            // A database that cannot be written now is tried again in a moment; the verdict is what must not get lost.
            let written = self.flush().and_then(|()| {
                self.instance
                    .store
                    .write(|db| executions::heartbeat(db, self.id(), &progress, self.now()))
            });
            if let Err(error) = written {
                tracing::warn!("run {}: cannot report: {error}", self.id());
            }
            last = progress;
        }
    }

    /// Sees `work` to its end and reports meanwhile.
    pub async fn reporting<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.report() => match never {},
        }
    }

    /// A number that changes whenever the run gets anywhere.
    pub fn activity(&self) -> (u64, usize) {
        let inner = self.lock();
        (inner.meter.total(), inner.said)
    }

    /// From now on this is where work may go on that neither moves a byte nor says a word.
    pub fn works_elsewhere(&self, work: Elsewhere) {
        self.lock().elsewhere = Some(work);
    }

    /// Whether what it waits for now may take as long as it likes, up to a limit that somebody else watches.
    pub fn has_limit_of_its_own(&self, has: bool) {
        self.lock().has_limit_of_its_own = has;
    }

    /// Whether something else is at work for it: a command with a limit of its own, or the server it works with, which is asked.
    /// One that gives no answer is not.
    pub async fn is_at_work_elsewhere(&self) -> bool {
        let work = {
            let inner = self.lock();
            if inner.has_limit_of_its_own {
                return true;
            }
            inner.elsewhere.clone()
        };
        let Some(work) = work else { return false };
        let asked = work.source.is_at_work(&work.database, &work.tag);
        matches!(tokio::time::timeout(ANSWER_LIMIT, asked).await, Ok(Ok(true)))
    }

    fn flush(&self) -> Result<()> {
        let lines = std::mem::take(&mut self.lock().lines);
        if lines.is_empty() {
            return Ok(());
        }
        let written = self.instance.store.write(|db| logs::append(db, self.id(), &lines));
        if written.is_err() {
            let mut inner = self.lock();
            let later = std::mem::replace(&mut inner.lines, lines);
            inner.lines.extend(later);
        }
        written
    }

    fn end_stage(&self, now: Timestamp, how: &str) {
        let ended = {
            let mut inner = self.lock();
            let took = now.since(inner.stage_since);
            inner.progress.stage.map(|stage| {
                inner
                    .progress
                    .stages
                    .push((stage, u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
                (stage, took)
            })
        };
        // Where there is little room a log shows no stage beside its lines.
        if let Some((stage, took)) = ended {
            self.info(format!("{stage} {how} {}", units::duration(took)));
        }
        self.lock().progress.stage = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Log text is one line of printable characters, whatever a tool wrote.
fn one_line(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            // What would steer a terminal is shown: U+2400 and on are the pictures of these characters.
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(' '),
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}
