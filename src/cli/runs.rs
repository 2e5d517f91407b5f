//! `backstay run`, `backstay runs …`, `backstay logs …`

use clap::{Args, Subcommand};

use super::output::column;
use super::waiting::{self, Wait};
use super::{Cx, show, terminal};
use crate::domain::execution::{Execution, ExecutionType, LogLevel, Status, Trigger};
use crate::domain::paging::Edge;
use crate::domain::units;
use crate::domain::{Kind, Result};
use crate::ops::runs::{self, Detail, Follow, Wanted};
use crate::ops::{Session, jobs, retries};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The job: name or id.
    job: String,
    /// Do not ask where the retention would let go of more than one backup after the run. Where nobody can be asked, it runs
    /// without the question.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
}

/// What can be done with runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show runs, the newest first.
    List(List),
    /// Show one run: what was asked for, how far it is, what came of it.
    Show {
        /// The run: id, or the start or end of one.
        run: String,
    },
    /// Stop a run; waits until it has stopped. One that has not started is skipped.
    Cancel {
        /// The run: id, or the start or end of one.
        run: String,
        /// Do not wait until it has stopped.
        #[arg(long)]
        detach: bool,
    },
    /// Ask for the same thing again.
    Retry {
        /// The run: id, or the start or end of one.
        run: String,
        /// Do not ask where the retention would let go of more than one backup after the run. Where nobody can be asked, it
        /// runs without the question.
        #[arg(long)]
        yes: bool,
        /// Whether to wait.
        #[command(flatten)]
        wait: Wait,
    },
}

/// Arguments of `runs list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this job.
    #[arg(long)]
    job: Option<String>,
    /// Only with this status: pending, running, success, partial, failed, cancelled, skipped.
    #[arg(long)]
    status: Option<Status>,
    /// Only of this type: backup, restore, verify, repair.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<ExecutionType>,
    /// How many at most.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Only older than this run: the last one of the page before.
    #[arg(long, value_name = "ID")]
    before: Option<String>,
}

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// The run by its id, or a job by its name for its newest run.
    #[arg(value_name = "ID|JOB")]
    of: String,
    /// Go on until the run has ended; the exit code is then its verdict. With --json, one object a line.
    #[arg(long, short)]
    follow: bool,
    /// Only lines of this level or above: info, warn, error.
    #[arg(long, default_value_t = LogLevel::Info)]
    level: LogLevel,
}

/// Runs a job.
pub async fn run_job(arguments: Run, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    spare(&session, &arguments.job, arguments.yes, cx)?;
    let asked = runs::start(&session, &arguments.job, Trigger::Cli)?;
    waiting::wait(cx, &session, asked, &arguments.wait).await
}

/// Carries it out.
pub async fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::List(arguments) => list(arguments, cx),
        Command::Show { run } => show_run(&run, cx),
        Command::Cancel { run, detach } => cancel(&run, detach, cx).await,
        Command::Retry { run, yes, wait } => {
            let session = cx.session()?;
            let old = runs::find(&session, &run)?;
            let job = old
                .job_id
                .filter(|_| old.kind == ExecutionType::Backup && old.status.is_final());
            if let Some(job) = job {
                spare(&session, &job.to_string(), yes, cx)?;
            }
            let asked = runs::retry(&session, &run, Trigger::Cli)?;
            waiting::wait(cx, &session, asked, &wait).await
        }
    }
}

/// Says what the retention of a job would let go after a run where that is more than one backup, and asks a person who is
/// there whether to go on.
fn spare(session: &Session, job: &str, yes: bool, cx: &Cx) -> Result<()> {
    let after = jobs::preview_after_run(session, job, session.now(), None)?;
    if after.only_rotates() {
        return Ok(());
    }
    let object = format!("job {}", after.name);
    cx.output
        .note(&format!("{object}: {}", after.goes(show::time).join("\n")));
    let is_settled = yes || !terminal::is_interactive();
    cx.confirm(&format!("Run {object} now?"), "--yes", is_settled)
        .map_err(|error| error.or_on(object))
}

/// Shows the runs of one job, for `job history`.
pub fn list_of_job(job: String, limit: u32, cx: &Cx) -> Result<u8> {
    let of_job = List {
        job: Some(job),
        status: None,
        kind: None,
        limit,
        before: None,
    };
    list(of_job, cx)
}

fn list(arguments: List, cx: &Cx) -> Result<u8> {
    let everything =
        arguments.job.is_none() && arguments.status.is_none() && arguments.kind.is_none() && arguments.before.is_none();
    let wanted = Wanted {
        job: arguments.job,
        statuses: arguments.status.into_iter().collect(),
        kind: arguments.kind,
        ..Wanted::default()
    };
    let session = cx.session()?;
    let edge = match &arguments.before {
        Some(run) => Edge::Before(runs::find(&session, run)?.id),
        None => Edge::Newest,
    };
    let found = runs::page(&session, &wanted, edge, arguments.limit)?;
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(0);
    }
    let now = session.now();
    let rows = found.iter().map(|run| {
        let took = run
            .started_at
            .map(|from| units::duration(run.ended_at.unwrap_or(now).since(from)));
        [
            run.id.short(),
            run.job_name.clone(),
            run.kind.to_string(),
            run.status.to_string(),
            run.started_at.map(show::moment).unwrap_or_default(),
            took.unwrap_or_default(),
            run.size.map(units::size).unwrap_or_default(),
            why(run),
        ]
    });
    let columns = [
        column("run"),
        column("job"),
        column("type").leaves(4),
        column("status"),
        column("started").leaves(3),
        column("took").leaves(5),
        column("moved").leaves(6),
        column("why").wraps().leaves(2),
    ];
    let none = if everything {
        "Nothing has run yet. `backstay run JOB` runs a job now."
    } else {
        "No run is like that; `backstay runs list` shows all."
    };
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

/// Why it did not do all it was asked for, or what it waits for.
fn why(run: &Execution) -> String {
    match &run.error {
        Some(failure) => failure.message.clone(),
        None if retries::waits(run) => {
            format!("attempt {}, not before {}", run.attempt, show::moment(run.not_before))
        }
        None => String::new(),
    }
}

fn show_run(run: &str, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let detail = runs::detail(&session, run)?;
    if cx.output.is_json() {
        cx.output.json(&detail)?;
    } else {
        let mut facts = facts(&detail);
        facts.extend(steps(&session, &detail)?);
        cx.output.facts(&facts)?;
    }
    Ok(0)
}

/// What is to be done after a run that did not do all it was asked for, and what will be done by itself.
fn steps(session: &Session, detail: &Detail) -> Result<Vec<(&'static str, String)>> {
    let run = &detail.execution;
    let mut steps = Vec::new();
    if let Some(failure) = &run.error {
        let step = waiting::next_step(session, run.kind, run.status, detail.backup.as_ref(), failure)?;
        steps.push(("next", step));
    }
    if let Some(retry) = retries::after(session, run)? {
        steps.push(("tried again", waiting::further_attempt(&retry)));
    }
    Ok(steps)
}

fn facts(detail: &Detail) -> Vec<(&'static str, String)> {
    let run = &detail.execution;
    let progress = &run.progress;
    let mut facts = vec![
        ("run", run.id.to_string()),
        (
            "job",
            run.revision.map_or_else(
                || run.job_name.clone(),
                |revision| format!("{}, revision {revision}", run.job_name),
            ),
        ),
        ("type", run.kind.to_string()),
        ("status", run.status.to_string()),
        (
            "asked for",
            format!(
                "{}, {} by {}",
                show::time(run.created_at),
                run.trigger,
                run.triggered_by
            ),
        ),
        ("started", run.started_at.map(show::time).unwrap_or_default()),
        ("ended", run.ended_at.map(show::time).unwrap_or_default()),
        (run.kind.moved(), run.size.map(units::size).unwrap_or_default()),
        ("folder", run.path.clone().unwrap_or_default()),
    ];
    if run.attempt > 1 {
        facts.push(("attempt", run.attempt.to_string()));
    }
    if !run.status.is_final() && run.started_at.is_none() && run.not_before > run.created_at {
        facts.push(("not before", show::time(run.not_before)));
    }
    if !run.status.is_final()
        && let Some(stage) = progress.stage
    {
        facts.push((
            "progress",
            format!("{stage} {} {}", progress.object, units::size(progress.plain_bytes)),
        ));
    }
    let stages = progress.ended_stages().map(|(stage, ms, is_unseen)| {
        let how = if is_unseen { "last heard of after " } else { "" };
        format!("{stage} {how}{}", units::duration(std::time::Duration::from_millis(ms)))
    });
    facts.push(("stages", stages.collect::<Vec<_>>().join(", ")));
    if let Some(backup) = &detail.backup {
        facts.push(("backup", backup.id.to_string()));
        let copies = backup.copies.iter().map(|copy| {
            format!(
                "{} {} ({})",
                copy.destination,
                copy.state,
                units::size(copy.stored_size)
            )
        });
        facts.push(("copies", copies.collect::<Vec<_>>().join("\n")));
    }
    if let Some(failure) = &run.error {
        facts.push(("on", failure.object.clone()));
        let each = failure.parts.iter().map(|part| match part.object.as_str() {
            "" => part.message.clone(),
            object => format!("{object}: {}", part.message),
        });
        let each = each.collect::<Vec<_>>().join("\n");
        facts.push(("why", if each.is_empty() { failure.message.clone() } else { each }));
    }
    facts
}

async fn cancel(run: &str, detach: bool, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let told = runs::cancel(&session, run)?;
    let unheard = runs::unheard(&session, &told)?;
    let ended = if detach || unheard.is_some() {
        told
    } else {
        Follow::new(&session, told.id)?.verdict().await?
    };
    if cx.output.is_json() {
        waiting::tell(cx, &runs::outcome(&session, ended.id)?, unheard.as_slice())?;
    } else {
        cx.output.say(&cancelled(&ended))?;
    }
    waiting::tell_notes(cx, unheard.as_slice());
    Ok(0)
}

fn cancelled(run: &Execution) -> String {
    let short = run.id.short();
    match run.status {
        Status::Cancelled if run.kind == ExecutionType::Repair => {
            format!(
                "Run {short} was cancelled; what it had begun of a new copy was taken back, what it had mended stays."
            )
        }
        Status::Cancelled => format!("Run {short} was cancelled; what it had written was taken back."),
        Status::Skipped => format!("Run {short} had not started and will not."),
        Status::Running => format!("Run {short} was told to stop."),
        other => format!("Run {short} had come to its end before it could be stopped: {other}."),
    }
}

/// Shows a run's log.
pub async fn logs(arguments: Logs, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let run = runs::find_or_latest(&session, &arguments.of)?;
    if arguments.follow {
        return tokio::select! {
            biased;
            code = follow_log(&session, &run, arguments.level, cx) => code,
            _ = tokio::signal::ctrl_c() => Ok(Kind::Interrupted.exit_code()),
        };
    }
    let lines = runs::log(&session, run.id, arguments.level)?;
    if cx.output.is_json() {
        cx.output.json(&lines)?;
        return Ok(0);
    }
    lines
        .iter()
        .try_for_each(|line| cx.output.say(&waiting::log_line(line)))?;
    Ok(0)
}

async fn follow_log(session: &Session, run: &Execution, level: LogLevel, cx: &Cx) -> Result<u8> {
    let mut follow = waiting::follow(session, run.id)?;
    let mut status = run.status;
    while let Some(update) = follow.next().await? {
        for line in update.lines.iter().filter(|line| line.level >= level) {
            if cx.output.is_json() {
                cx.output.json_line(line)?;
            } else {
                cx.output.say(&waiting::log_line(line))?;
            }
        }
        if let Some(news) = update.engine {
            waiting::tell_engine(cx, news);
        }
        status = update.execution.status;
        if cx.output.is_closed() {
            return Ok(0);
        }
    }
    Ok(status.exit_code())
}
