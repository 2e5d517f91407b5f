//! Waiting for a run: makes sure that an engine is there, shows how far it is, and turns its verdict into an exit code.
//! Ctrl-C stops the waiting, never the run.

use std::io::IsTerminal;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Cx, show};
use crate::domain::execution::{Execution, ExecutionType, LogLevel, LogLine, Status};
use crate::domain::id::ExecutionId;
use crate::domain::units;
use crate::domain::{Error, Kind, Result};
use crate::ops::runs::{self, Asked, EngineNews, Follow, Outcome, OutcomeBackup};
use crate::ops::{Session, engine_process};

/// With an estimate of the whole, and without.
const BAR: &str = "{prefix:10} {wide_bar} {binary_bytes} of about {binary_total_bytes}  {binary_bytes_per_sec}  {msg}";
const COUNTER: &str = "{prefix:10} {binary_bytes}  {binary_bytes_per_sec}  {msg}";

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
pub async fn wait(cx: &Cx, session: &Session, asked: Asked, wait: &Wait) -> Result<u8> {
    tell_notes(cx, &asked.notes);
    let id = asked.execution.id;
    if let Err(error) = ensure_engine(cx, session).await {
        // Nobody is there to do it, and the operator has been told that it did not work: it must not start on its own later.
        runs::cancel(session, &id.to_string())?;
        return Err(error);
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

/// Tells of a verdict and gives its exit code.
fn verdict(cx: &Cx, session: &Session, execution: &Execution, notes: &[String]) -> Result<u8> {
    let outcome = runs::outcome(session, execution.id)?;
    if cx.output.is_json() {
        tell(cx, &outcome, notes)?;
    } else {
        cx.output.say(&sentence(&outcome, execution))?;
        if let Some(backup) = &outcome.backup {
            cx.output.say(&copies(backup))?;
        }
        tell_failure(cx, &outcome);
    }
    Ok(outcome.status.exit_code())
}

/// One log line as people read it.
pub fn log_line(line: &LogLine) -> String {
    format!(
        "{}  {:5}  {:10}  {}",
        show::clock(line.at),
        line.level,
        line.stage,
        line.message
    )
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
    last.ok_or_else(|| Error::not_found("the run is gone"))
}

fn sentence(outcome: &Outcome, execution: &Execution) -> String {
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
    let size = execution.size.map(|size| format!(", {}", units::size(size)));
    format!(
        "{what} of {}: {}{}{}  (run {})",
        outcome.job,
        outcome.status,
        size.unwrap_or_default(),
        took.unwrap_or_default(),
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
            ProgressBar::new_spinner()
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
        let template = if progress.estimated_bytes > 0 { BAR } else { COUNTER };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        if progress.estimated_bytes > 0 {
            // The estimate may be too low; a bar that is full and goes on would be a lie.
            self.0.set_length(progress.estimated_bytes.max(progress.plain_bytes));
        }
        let stage = progress
            .stage
            .map_or_else(|| run.status.to_string(), |stage| stage.to_string());
        self.0.set_prefix(stage);
        self.0.set_message(progress.object.clone());
        self.0.set_position(progress.plain_bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
