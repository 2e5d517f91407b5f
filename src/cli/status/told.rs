//! What is told below the table: what is wrong and what to do about it, and what runs or waits.

use super::jobs::proof_is_of_another;
use super::prospects::prospects;
use super::{NAME, Overview};
use crate::cli::output::table::{self, cut};
use crate::cli::show;
use crate::domain::execution::{Execution, Status};
use crate::domain::{units, words};
use crate::ops::retries;
use crate::ops::status::Following;

/// Reasons, damaged backups and open runs that are told of one by one, each.
const OTHERS: usize = 3;

/// Everything below the table.
pub(super) fn told(overview: &Overview, width: usize) -> Vec<String> {
    let mut told = Vec::new();
    let home = overview.home.iter();
    told.extend(home.map(|home| format!("✖ {}: {}: {}", home.object, home.message, home.next)));
    if overview.jobs.iter().any(proof_is_of_another) {
        told.push("  A proof with an age is of another backup than the last good one.".to_owned());
    }
    told.extend(first(reasons(overview), "`backstay job list`"));
    let restores = overview.jobs.iter().filter_map(|job| {
        let failed = job.restore_failed.as_ref()?;
        let head = format!("▲ {}: restore failed: ", cut(&job.job, NAME));
        let why = failed.error.as_ref().map_or("", |error| &error.message);
        let command = format!("backstay runs show {}", failed.run.short());
        Some(between(&head, why, &command, width))
    });
    told.extend(first(restores.collect(), "`backstay runs list`"));
    let damaged = overview.damaged.iter().map(|damaged| {
        let head = format!("▲ {}: ", cut(&damaged.job, NAME));
        let told = damaged.told(show::minute);
        let whole = format!("{head}{told}: {}", damaged.step());
        if table::width(&whole) <= width {
            whole
        } else {
            between(&head, &told, &damaged.next, width)
        }
    });
    told.extend(first(damaged.collect(), "`backstay doctor`"));
    let ahead = overview.ahead.iter().map(|ahead| {
        let (job, date, short) = (&ahead.job, ahead.taken_at.utc().date_naive(), ahead.backup.short());
        format!("▲ {job}, of {date}: check the clock, or `backstay backup remove {short}`")
    });
    told.extend(first(ahead.collect(), "`backstay backup list`"));
    let unwell = overview.unwell.iter().map(|adapter| {
        let name = &adapter.adapter;
        // Behind the dot stands the next step, which is told here anyway.
        let error = adapter.error.as_deref().unwrap_or_default();
        let what = error.split(" · ").next().unwrap_or_default();
        let since = adapter
            .since
            .map_or_else(String::new, |at| format!(" since {}", show::minute(at)));
        let head = format!("▲ {} is {}{since}", cut(name, NAME), adapter.health);
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(", {what}")
        };
        between(&head, &what, &adapter.next, width)
    });
    told.extend(first(unwell.collect(), "`backstay adapter list`"));
    told.extend(not_enabled(overview, width));
    told.extend(without_job(overview, width));
    let open = overview
        .open
        .iter()
        .map(|run| open_line(run, overview.engine.running))
        .collect();
    told.extend(first(open, "`backstay runs list`"));
    told.extend(prospects(overview));
    told
}

/// Sources that nothing backs up.
fn without_job(overview: &Overview, width: usize) -> Option<String> {
    let sources = &overview.sources_without_job;
    let has = if sources.len() == 1 { "has" } else { "have" };
    let tail = format!(" {has} no job: `backstay job add`");
    let room = width.saturating_sub(table::width(&tail) + 2);
    (!sources.is_empty()).then(|| format!("▲ {}{tail}", cut(&sources.join(", "), room)))
}

/// A line whose middle is cut where it is too long for the width, so that the command at its end stays.
fn between(head: &str, middle: &str, command: &str, width: usize) -> String {
    let tail = format!(": `{command}`");
    let room = width.saturating_sub(table::width(head) + table::width(&tail));
    format!("{head}{}{tail}", cut(middle, room))
}

/// The first few of them, and how many there are beyond; `all` shows the rest.
fn first(mut lines: Vec<String>, all: &str) -> Vec<String> {
    if lines.len() > OTHERS {
        let more = lines.split_off(OTHERS - 1).len();
        lines.push(format!("  … and {more} more: {all}"));
    }
    lines
}

/// What to do about jobs that are not enabled.
fn not_enabled(overview: &Overview, width: usize) -> Option<String> {
    let jobs: Vec<&str> = overview
        .asleep(Following::NotEnabled)
        .map(|job| job.job.as_str())
        .collect();
    let first = words::quoted(jobs.first()?);
    let tail = format!(" not enabled: `backstay job edit {first} --enabled yes`");
    let room = width.saturating_sub(table::width(&tail) + 2);
    Some(format!("▲ {}{tail}", cut(&jobs.join(", "), room)))
}

fn reasons(overview: &Overview) -> Vec<String> {
    let told = overview.jobs.iter().filter_map(|job| {
        let failure = job.why(show::minute)?;
        let last = job
            .lost
            .as_ref()
            .map(|lost| format!("; the last was of {}", show::time(lost.taken_at)));
        Some(format!(
            "  {}: {}{}",
            job.job,
            failure.message,
            last.unwrap_or_default()
        ))
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
    told.chain(late).collect()
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
        _ if retries::waits(run) => format!(
            "◌ {} {}: tries again at {}, attempt {}",
            run.job_name,
            run.kind,
            show::clock(run.not_before),
            run.attempt
        ),
        (Status::Running, Some(stage)) => {
            let of = if progress.compressing_rest {
                ", compressing the rest".to_owned()
            } else if progress.estimated_bytes > 0 {
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
