//! The first two lines of the status: the answer in one, and the engine.

use super::Overview;
use crate::cli::show;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::status::{Following, State};

pub(super) fn headline(overview: &Overview) -> String {
    let count = |state: State| overview.jobs.iter().filter(|job| job.state == state).count();
    let wrong = [
        (State::Failed, "failed"),
        (State::OutOfReach, "out of reach"),
        (State::Late, "late"),
        (State::Partial, "partial"),
        (State::New, "not backed up yet"),
    ];
    let mut told: Vec<String> = wrong
        .iter()
        .filter(|(state, _)| count(*state) > 0)
        .map(|(state, word)| format!("{} {word}", count(*state)))
        .collect();
    let not_enabled = overview.asleep(Following::NotEnabled).count();
    if not_enabled > 0 {
        told.push(format!("{not_enabled} not enabled"));
    }
    told.extend(paused(overview));
    let restores = overview.jobs.iter().filter(|job| job.restore_failed.is_some()).count();
    if restores > 0 {
        told.push(format!("{} failed", units::count(restores, "restore")));
    }
    if !overview.damaged.is_empty() {
        told.push(format!("{} damaged", overview.damaged.len()));
    }
    if !overview.ahead.is_empty() {
        told.push(format!("{} ahead of the clock", overview.ahead.len()));
    }
    let unguarded = overview.sources_without_job.len();
    let no_job = if unguarded == 1 {
        "1 source has no job".to_owned()
    } else {
        format!("{unguarded} sources have no job")
    };
    if unguarded > 0 && !overview.jobs.is_empty() {
        told.push(no_job);
    }
    if overview.engine_missing {
        told.push("no engine to do the work".to_owned());
    }
    if overview.home.is_some() {
        told.push("no room to record anything".to_owned());
    }
    if overview.jobless.is_some() {
        told.push("no job backs anything up".to_owned());
    } else if overview.jobs.is_empty() {
        told.push("nothing is backed up".to_owned());
    }
    match overview.exit_code {
        0 if told.is_empty() => "● All is well".to_owned(),
        0 => format!("▲ Every job is well, {}", told.join(", ")),
        1 => format!("✖ {}", told.join(", ")),
        _ => format!("▲ {}", told.join(", ")),
    }
}

/// How many jobs are paused, and when the last pause ends.
fn paused(overview: &Overview) -> Option<String> {
    let paused = overview.asleep(Following::Paused);
    let (number, ends) = paused.fold((0, None), |(number, ends), job| {
        (number + 1, ends.max(job.paused_until))
    });
    ends.map(|ends| format!("{number} paused until {}", show::minute(ends)))
}

pub(super) fn engine(overview: &Overview, now: Timestamp) -> String {
    let status = &overview.engine;
    if let Some(until) = status.stopping_until() {
        let (runs, has) = match status.runs_running {
            1 => ("1 run".to_owned(), "has"),
            number => (units::count(number, "run"), "have"),
        };
        let what = if until > now {
            format!("{runs} {has} until {} to end", show::clock(until))
        } else {
            format!("cancels {runs}")
        };
        let waiting = match status.runs_pending {
            0 => String::new(),
            1 => "; 1 waits for the next engine".to_owned(),
            number => format!("; {number} wait for the next engine"),
        };
        return format!("Engine stopping: {what}{waiting}");
    }
    match &status.engine {
        Some(engine) => format!(
            "Engine running for {}, {}, {} waiting",
            units::duration(now.since(engine.started_at)),
            units::count(status.runs_running, "run"),
            status.runs_pending
        ),
        None if status.running => "Engine is just starting".to_owned(),
        None if overview.engine_missing => "Engine not running: `backstay daemon start`".to_owned(),
        None => "Engine not running; `backstay run` or `backstay daemon start` starts it".to_owned(),
    }
}
