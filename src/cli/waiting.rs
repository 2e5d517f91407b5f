//! Waiting for a run: makes sure that an engine is there, shows how far it is, and turns its verdict into an exit code.
//! Ctrl-C stops the waiting, never the run.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::output::table::wrapped;
use super::{Cx, show, terminal};
use crate::domain::execution::{Execution, ExecutionType, Failure, LogLevel, LogLine, Status};
use crate::domain::id::ExecutionId;
use crate::domain::units;
use crate::domain::{Error, Kind, Result};
use crate::ops::retries::{self, Retry};
use crate::ops::runs::{self, Asked, EngineNews, Follow, Outcome, OutcomeBackup};
use crate::ops::{Session, engine_process, status};

/// With an estimate of the whole, the same where there is little room, without an estimate, and where no bytes move.
const BAR: &str = "{prefix:10} {wide_bar} {binary_bytes} of about {binary_total_bytes}  {binary_bytes_per_sec}  {msg}";
const SHORT_BAR: &str = "{prefix:10} {wide_bar} {percent}%  {binary_bytes_per_sec}";
const COUNTER: &str = "{prefix:10} {binary_bytes}  {binary_bytes_per_sec}  {msg}";
const CLOCK: &str = "{prefix:10} {elapsed}  {msg}";

/// How often the clock is drawn.
const CLOCK_TICK: Duration = Duration::from_secs(1);

/// Terminals that are narrower have no room for the bar with everything.
const BAR_WIDTH: usize = 76;

/// A message is not squeezed below this by what stands before it.
const NARROWEST_MESSAGE: usize = 40;

/// Whether to wait for a run, and how much to hear of it.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Wait {
    /// Print the run's log while waiting.
    #[arg(long)]
    follow: bool,
    /// Do not wait: ask for the run and leave.
    #[arg(long, conflicts_with = "follow")]
    detach: bool,
}

/// Sees a run that was asked for to its verdict, or with `--detach` to the engine.
pub async fn wait(cx: &Cx, session: &Session, mut asked: Asked, wait: &Wait) -> Result<u8> {
    tell_notes(cx, &asked.notes);
    let id = asked.execution.id;
    if let Err(error) = ensure_engine(cx, session).await {
        // Nobody is there to do it, and the operator has been told that it did not work: it must not start on its own later.
        runs::cancel(session, &id.to_string())?;
        return Err(error);
    }
    if let Some(lacking) = engine_process::lacking(session)? {
        let note = format!("{lacking} · `backstay daemon start` starts one");
        tell_notes(cx, std::slice::from_ref(&note));
        asked.notes.push(note);
    }
    if wait.detach {
        return detach(cx, &asked);
    }
    let follow = if wait.follow {
        follow(session, id)?
    } else {
        Follow::new(session, id)?
    };
    let ended = tokio::select! {
        biased;
        ended = watch(cx, follow, wait.follow) => ended?,
        _ = tokio::signal::ctrl_c() => return Ok(left(cx, &asked.execution)),
    };
    verdict(cx, session, &ended, &asked.notes)
}

/// Follows a run for somebody who watches: a person at a terminal decides how long to wait for an engine.
pub fn follow(session: &Session, id: ExecutionId) -> Result<Follow> {
    let follow = Follow::new(session, id)?;
    Ok(if std::io::stderr().is_terminal() {
        follow.without_limit()
    } else {
        follow
    })
}

/// Remarks for people, on stderr.
pub fn tell_notes(cx: &Cx, notes: &[String]) {
    for note in notes {
        cx.output.note(&format!("note: {note}"));
    }
}

/// Says that the engine a run waits for is gone, or back.
pub fn tell_engine(cx: &Cx, news: EngineNews) {
    cx.output.note(match news {
        EngineNews::Gone => engine_process::NONE_RUNS,
        EngineNews::Back => "an engine runs again",
    });
}

/// The answer as one JSON document, with what the operator should know.
pub fn tell(cx: &Cx, document: &impl Serialize, notes: &[String]) -> Result<()> {
    cx.output.json(&Noted { document, notes })
}

/// A JSON document that also has what the operator should know, when there is any.
#[derive(Serialize)]
struct Noted<'a, T: Serialize> {
    #[serde(flatten)]
    document: &'a T,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

/// A verdict as programs get it: with the attempt that waits, where one does.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<Retry>,
}

/// Tells of a verdict and gives its exit code. A run that failed has failed, also when the engine will try again.
pub fn verdict(cx: &Cx, session: &Session, execution: &Execution, notes: &[String]) -> Result<u8> {
    let mut outcome = runs::outcome(session, execution.id)?;
    let code = outcome.status.exit_code();
    if let Some(failure) = &mut outcome.error {
        failure.next = next_step(session, outcome.kind, outcome.status, outcome.backup.as_ref(), failure)?;
    }
    let retry = retries::after(session, execution)?;
    if cx.output.is_json() {
        tell(cx, &Told { outcome, retry }, notes)?;
        return Ok(code);
    }
    cx.output.say(&sentence(&outcome, execution, retry.as_ref()))?;
    if let Some(backup) = &outcome.backup {
        cx.output.say(&copies(backup))?;
    }
    for gone in &outcome.let_go {
        cx.output.note(&format!("note: {gone}"));
    }
    tell_failure(cx, &outcome);
    if let Some(retry) = &retry {
        cx.output.note(&format!(
            "tried again: {}; `backstay logs {1} -f` follows it, `backstay runs cancel {1}` calls it off",
            further_attempt(retry),
            retry.id.short()
        ));
    }
    Ok(code)
}

/// `2026-11-21 04:00:00 CET, attempt 2 of 3, run 0123abcd`.
pub fn further_attempt(retry: &Retry) -> String {
    format!(
        "{}, attempt {} of {}, run {}",
        show::time(retry.not_before),
        retry.attempt,
        retry.attempts_at_most,
        retry.id.short()
    )
}

/// What to do after a failure. The advice of one that could not read a copy is about reading; what mends what it found depends
/// on the other copies.
pub fn next_step(
    session: &Session,
    kind: ExecutionType,
    status: Status,
    backup: Option<&OutcomeBackup>,
    failure: &Failure,
) -> Result<String> {
    let damage = match backup {
        Some(backup) => status::damage_found(session, kind, status, backup.id, failure)?,
        None => None,
    };
    Ok(damage.map_or_else(
        || failure.next.clone(),
        |damage| format!("`{}` ({})", damage.next, damage.told(show::moment)),
    ))
}

/// One log line as people read it. In a narrow terminal only what cannot be missed stands before the message.
pub fn log_line(line: &LogLine) -> String {
    let clock = show::clock(line.at);
    let full = format!("{clock}  {:5}  {:10}  ", line.level, line.stage);
    let Some(width) = terminal::width() else {
        return full + &line.message;
    };
    let before = match line.level {
        _ if width >= full.len() + NARROWEST_MESSAGE => full,
        LogLevel::Info => format!("{clock}  "),
        level => format!("{clock}  {level}  "),
    };
    let room = width.saturating_sub(before.len()).max(NARROWEST_MESSAGE / 2);
    let hanging = format!("\n{:1$}", "", before.len());
    before + &wrapped(&line.message, room).join(&hanging)
}

async fn ensure_engine(cx: &Cx, session: &Session) -> Result<()> {
    let (engine, started) = engine_process::ensure(session, cx.home.as_deref()).await?;
    if started {
        cx.output.note(&format!(
            "The engine was not running; it is now, with process id {}.",
            engine.pid
        ));
    }
    Ok(())
}

fn detach(cx: &Cx, asked: &Asked) -> Result<u8> {
    if cx.output.is_json() {
        tell(cx, &asked.execution, &asked.notes)?;
        return Ok(0);
    }
    let short = asked.execution.id.short();
    cx.output.say(&format!(
        "Run {short} was asked for. `backstay logs {short} -f` follows it."
    ))?;
    Ok(0)
}

fn left(cx: &Cx, execution: &Execution) -> u8 {
    let short = execution.id.short();
    cx.output.note(&format!(
        "\nThe run goes on without you. `backstay logs {short} -f` follows it, `backstay runs cancel {short}` stops it."
    ));
    Kind::Interrupted.exit_code()
}

async fn watch(cx: &Cx, mut follow: Follow, print_log: bool) -> Result<Execution> {
    let bar = Bar::new(!print_log);
    let mut last = None;
    while let Some(update) = follow.next().await? {
        for line in update
            .lines
            .iter()
            .filter(|line| print_log && line.level >= LogLevel::Info)
        {
            cx.output.say(&log_line(line))?;
        }
        if let Some(news) = update.engine {
            bar.aside(|| tell_engine(cx, news));
        }
        bar.show(&update.execution);
        last = Some(update.execution);
    }
    last.ok_or_else(|| Error::not_found("the run is gone").next("`backstay runs list` shows those there are"))
}

fn sentence(outcome: &Outcome, execution: &Execution, retry: Option<&Retry>) -> String {
    let what = match outcome.kind {
        ExecutionType::Backup => "Backup",
        ExecutionType::Restore => "Restore",
        ExecutionType::Verify => "Verification",
        ExecutionType::Repair => "Repair",
    };
    let took = outcome
        .started_at
        .zip(outcome.ended_at)
        .map(|(from, to)| format!(" in {}", units::duration(to.since(from))));
    let size = execution
        .size
        .map(|size| format!(", {} {}", units::size(size), execution.kind.moved()));
    let again = retry.map(|retry| format!(", tries again at {}", show::clock(retry.not_before)));
    format!(
        "{what} of {}: {}{}{}{}  (run {})",
        outcome.job,
        outcome.status,
        size.unwrap_or_default(),
        took.unwrap_or_default(),
        again.unwrap_or_default(),
        outcome.id.short()
    )
}

fn copies(backup: &OutcomeBackup) -> String {
    let copies = backup.copies.iter().map(|copy| {
        let proven = copy
            .verified_level
            .map(|level| format!(", proven by {level}"))
            .unwrap_or_default();
        format!("{} {}{proven}", copy.destination, copy.state)
    });
    format!(
        "Backup {}: {}",
        backup.id.short(),
        copies.collect::<Vec<_>>().join("; ")
    )
}

fn tell_failure(cx: &Cx, outcome: &Outcome) {
    let Some(failure) = &outcome.error else { return };
    let object = if failure.object.is_empty() {
        String::new()
    } else {
        format!("{}: ", failure.object)
    };
    let label = if outcome.status == Status::Failed {
        "error"
    } else {
        "note"
    };
    cx.output.note(&format!("{label}: {object}{}", failure.message));
    if !failure.next.is_empty() {
        cx.output.note(&format!("next: {}", failure.next));
    }
}

/// A progress bar on stderr when that is a terminal, else nothing.
struct Bar(ProgressBar);

impl Bar {
    fn new(wanted: bool) -> Self {
        let bar = if wanted && std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            // So that the clock goes on where no bytes move.
            bar.enable_steady_tick(CLOCK_TICK);
            bar
        } else {
            ProgressBar::hidden()
        };
        Self(bar)
    }

    /// Does what writes to the terminal, without the bar in its way.
    fn aside(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }

    fn show(&self, run: &Execution) {
        let progress = &run.progress;
        let narrow = terminal::width_of(std::io::stderr()).is_some_and(|width| width < BAR_WIDTH);
        let template = match (progress.plain_bytes, progress.estimated_bytes) {
            (0, _) => CLOCK,
            // The estimate may be too low, or all of it is read and not yet written: a bar that is full and goes on would be a lie.
            (done, estimate) if done >= estimate || progress.compressing_rest => COUNTER,
            _ if narrow => SHORT_BAR,
            _ => BAR,
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        if progress.estimated_bytes > 0 {
            self.0.set_length(progress.estimated_bytes);
        }
        let stage = match (progress.stage, run.status) {
            (Some(stage), _) => stage.to_string(),
            (None, Status::Pending) => "waiting for its turn".to_owned(),
            (None, status) => status.to_string(),
        };
        self.0.set_prefix(stage);
        self.0.set_message(if progress.compressing_rest {
            format!("{}: all read, compressing the rest", progress.object)
        } else {
            progress.object.clone()
        });
        self.0.set_position(progress.plain_bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
