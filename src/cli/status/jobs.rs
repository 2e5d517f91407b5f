//! The table of jobs.

use super::{NAME, Overview, age};
use crate::cli::output::table::{self, Column, column, cut};
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::status::{JobStatus, Next, State};

const COLUMNS: [Column; 6] = [
    column("  job"),
    column("state"),
    column("last good"),
    column("proven by").leaves(1),
    column("size").leaves(3),
    column("next").leaves(2),
];

/// The table of jobs, with `room` lines below its head; the least urgent ones are counted only.
pub(super) fn jobs(overview: &Overview, now: Timestamp, room: usize, width: usize) -> Vec<String> {
    let all = overview.jobs.len();
    let shown = if all > room { room.saturating_sub(1) } else { all };
    let rows = overview.jobs.iter().take(shown).map(|job| job_row(job, overview, now));
    let mut lines = table::lines(COLUMNS, rows, Some(width));
    if all > shown {
        lines.push(format!(
            "  … and {} more, none more urgent: `backstay job list`",
            all - shown
        ));
    }
    lines
}

fn job_row(job: &JobStatus, overview: &Overview, now: Timestamp) -> [String; 6] {
    let (mark, word) = match job.state {
        State::Good => ("●", "good"),
        State::New => ("○", "not yet"),
        State::Paused => ("○", "paused"),
        State::Partial => ("▲", "partial"),
        State::NotEnabled => ("▲", "not enabled"),
        State::Late => ("▲", "late"),
        State::Failed => ("✖", "failed"),
        State::OutOfReach => ("✖", "out of reach"),
    };
    let good = job
        .last_good
        .as_ref()
        .map_or_else(|| none_good(job).to_owned(), |good| age(good.age_seconds));
    let proven = match &job.proven {
        _ if job.out_of_reach.is_some() => "out of reach".to_owned(),
        None => "nothing".to_owned(),
        Some(proven) if proof_is_of_another(job) => format!("{}, {}", proven.level, age(proven.age_seconds)),
        Some(proven) => proven.level.to_string(),
    };
    let size = job
        .last_good
        .as_ref()
        .map(|good| units::size(good.logical_size))
        .unwrap_or_default();
    let next = match overview.next(job) {
        Next::Fires(at) => ahead(at, now),
        Next::Retries(at) => format!("retry {}", ahead(at, now)),
        Next::Paused(until) => format!("paused for {}", units::duration(until.since(now))),
        Next::NoEngine => "no engine".to_owned(),
        Next::NotEnabled => "not enabled".to_owned(),
        Next::ByHand => "by hand".to_owned(),
        Next::Never => "never".to_owned(),
    };
    [
        format!("{mark} {}", cut(&job.job, NAME)),
        word.to_owned(),
        good,
        proven,
        size,
        next,
    ]
}

/// What stands for the age of a good backup where there is none.
const fn none_good(job: &JobStatus) -> &'static str {
    if job.lost.is_some() { "none left" } else { "never" }
}

/// Whether what was proven is another backup than the last good one.
pub(super) fn proof_is_of_another(job: &JobStatus) -> bool {
    match (&job.proven, &job.last_good) {
        (Some(proven), Some(good)) => proven.backup != good.backup,
        (proven, _) => proven.is_some(),
    }
}

fn ahead(at: Timestamp, now: Timestamp) -> String {
    format!("in {}", units::duration(at.since(now)))
}
