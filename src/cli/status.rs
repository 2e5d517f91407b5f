//! `backstay status`: one screen, 24 lines of 80 columns at most, however many jobs there are.

use std::time::Duration;

use super::{Cx, show};
use crate::domain::Result;
use crate::domain::execution::{Execution, Status};
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::status::{self, JobStatus, Overview, State};

/// Jobs that are told of one by one; the rest are the least urgent.
const JOBS: usize = 10;

/// Open runs and damaged backups that are told of one by one, each.
const OTHERS: usize = 3;

/// Columns of a plain terminal.
const WIDTH: usize = 80;

/// Carries it out.
pub fn run(cx: &Cx) -> Result<u8> {
    let session = cx.existing()?;
    let overview = status::overview(&session)?;
    if cx.output.is_json() {
        cx.output.json(&overview)?;
    } else {
        for line in screen(&overview, session.now()) {
            cx.output.say(&line)?;
        }
    }
    Ok(overview.exit_code)
}

fn screen(overview: &Overview, now: Timestamp) -> Vec<String> {
    let mut lines = vec![headline(overview), engine(overview, now)];
    if overview.jobs.is_empty() {
        lines.push(
            "No jobs yet. `backstay demo` shows how it looks, `backstay job add --help` how to begin.".to_owned(),
        );
        return clipped(lines);
    }
    lines.push(String::new());
    lines.push(format!(
        "  {:18} {:7} {:>9}  {:15} {:>9}  {}",
        "JOB", "STATE", "LAST GOOD", "PROVEN", "SIZE", "NEXT"
    ));
    lines.extend(overview.jobs.iter().take(JOBS).map(|job| job_line(job, now)));
    if let Some(more) = overview.jobs.len().checked_sub(JOBS).filter(|more| *more > 0) {
        lines.push(format!(
            "  … and {more} more, none more urgent; `backstay job list` shows all"
        ));
    }
    lines.extend(reasons(overview));
    lines.extend(overview.damaged.iter().take(OTHERS).map(|damaged| {
        let places = damaged.destinations.join(", ");
        format!("▲ {} damaged at {places}: `{}`", damaged.job, damaged.next)
    }));
    lines.extend(
        overview
            .open
            .iter()
            .take(OTHERS)
            .map(|run| open_line(run, overview.engine.running)),
    );
    lines.extend(prospects(overview));
    clipped(lines)
}

fn headline(overview: &Overview) -> String {
    let count = |state: State| overview.jobs.iter().filter(|job| job.state == state).count();
    let wrong = [
        (State::Failed, "failed"),
        (State::Late, "late"),
        (State::Partial, "partial"),
    ];
    let mut told: Vec<String> = wrong
        .iter()
        .filter(|(state, _)| count(*state) > 0)
        .map(|(state, word)| format!("{} {word}", count(*state)))
        .collect();
    if !overview.damaged.is_empty() {
        told.push(format!("{} damaged", overview.damaged.len()));
    }
    if overview.engine_missing {
        told.push("no engine to do the work".to_owned());
    }
    match overview.exit_code {
        0 => "● All is well".to_owned(),
        1 => format!("✖ {}", told.join(", ")),
        _ => format!("▲ {}", told.join(", ")),
    }
}

fn engine(overview: &Overview, now: Timestamp) -> String {
    let status = &overview.engine;
    match &status.engine {
        Some(engine) => format!(
            "Engine running for {}, {} going on, {} waiting",
            units::duration(now.since(engine.started_at)),
            show::count(status.runs_running as u64, "run"),
            status.runs_pending
        ),
        None if status.running => "Engine is just starting".to_owned(),
        None => "Engine not running: `backstay daemon start`".to_owned(),
    }
}

fn job_line(job: &JobStatus, now: Timestamp) -> String {
    let (mark, word) = match job.state {
        State::Good => ("●", "good"),
        State::New => ("○", "new"),
        State::Paused => ("○", "paused"),
        State::Partial => ("▲", "partial"),
        State::Late => ("▲", "late"),
        State::Failed => ("✖", "failed"),
    };
    let good = job
        .last_good
        .as_ref()
        .map_or_else(|| "never".to_owned(), |good| age(good.age_seconds));
    let proven = job.proven.as_ref().map_or_else(
        || "never".to_owned(),
        |proven| format!("{} {}", proven.level, age(proven.age_seconds)),
    );
    let size = job
        .last_good
        .as_ref()
        .map(|good| units::size(good.logical_size))
        .unwrap_or_default();
    let next = match (job.paused_until, job.next_fire) {
        (Some(until), _) => format!("paused {}", ahead(until, now)),
        (None, Some(fire)) => ahead(fire, now),
        (None, None) => "by hand".to_owned(),
    };
    format!(
        "{mark} {:18} {word:7} {good:>9}  {proven:15} {size:>9}  {next}",
        shortened(&job.job, 18)
    )
}

fn reasons(overview: &Overview) -> Vec<String> {
    let told = overview.jobs.iter().filter_map(|job| {
        let failure = job.reason.as_ref()?;
        Some(format!("  {}: {}", job.job, failure.message))
    });
    let late = overview
        .jobs
        .iter()
        .filter(|job| job.reason.is_none())
        .filter_map(|job| {
            Some(format!(
                "  {}: no good backup since it was due {}",
                job.job,
                show::time(job.late_since?)
            ))
        });
    told.chain(late).take(OTHERS).collect()
}

fn open_line(run: &Execution, engine_runs: bool) -> String {
    let progress = &run.progress;
    if !engine_runs && run.status == Status::Running {
        return format!(
            "✖ {} {}: its engine is gone; the next one records what it left",
            run.job_name, run.kind
        );
    }
    match (run.status, progress.stage) {
        (Status::Running, Some(stage)) => {
            let of = if progress.estimated_bytes > 0 {
                format!(" of about {}", units::size(progress.estimated_bytes))
            } else {
                String::new()
            };
            format!(
                "▶ {} {}: {stage} {} {}{of}",
                run.job_name,
                run.kind,
                progress.object,
                units::size(progress.plain_bytes)
            )
        }
        (status, _) => format!("▶ {} {}: {status}", run.job_name, run.kind),
    }
}

/// What would be lost, and how long it would take, if a source died now: measured, of the job that stands worst.
fn prospects(overview: &Overview) -> Vec<String> {
    let never = overview.jobs.iter().find(|job| job.proven.is_none());
    let oldest = overview
        .jobs
        .iter()
        .filter_map(|job| Some((job.proven.as_ref()?.age_seconds, &job.job)))
        .max();
    let loss = match (never, oldest) {
        (Some(job), _) => format!("everything of {}: none of its backups is proven", job.job),
        (None, Some((seconds, job))) => format!("the last {} of {job}", age(seconds)),
        (None, None) => return Vec::new(),
    };
    let slowest = overview
        .jobs
        .iter()
        .filter_map(|job| Some((job.last_restore_ms?, &job.job)))
        .max();
    let back = slowest.map_or_else(
        || "unknown, no restore was measured yet".to_owned(),
        |(ms, job)| format!("{}, as measured of {job}", units::duration(Duration::from_millis(ms))),
    );
    vec![
        format!("If it dies now, lost:  {loss}"),
        format!("Back within:           {back}"),
    ]
}

fn age(seconds: u64) -> String {
    units::duration(Duration::from_secs(seconds.max(1)))
}

fn ahead(at: Timestamp, now: Timestamp) -> String {
    format!("in {}", units::duration(at.since(now)))
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

fn clipped(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| shortened(&line, WIDTH)).collect()
}
