//! What would be lost if a source died now, and how long it would take to have it back.

use std::time::Duration;

use super::{Overview, age};
use crate::domain::units;
use crate::ops::status::{Back, JobStatus};

/// What would be lost, and how long it would take, if a source died now: measured, of the job that stands worst.
pub(super) fn prospects(overview: &Overview) -> Vec<String> {
    let without = |wanted: fn(&JobStatus) -> bool| {
        let mut jobs = overview.jobs.iter().filter(move |job| wanted(job));
        jobs.next().map(|job| and_others(&job.job, 1 + jobs.count()))
    };
    let away = without(|job| job.out_of_reach.as_ref().is_some_and(|away| away.left.is_none()));
    let bereft = without(|job| job.proven.is_none() && job.last_good.is_none());
    let unproven = without(|job| match &job.out_of_reach {
        Some(away) => away.left.as_ref().is_some_and(|left| !left.proven),
        None => job.proven.is_none(),
    });
    let oldest = overview
        .jobs
        .iter()
        .filter_map(|job| Some((left_age(job)?, &job.job)))
        .max();
    let loss = match (bereft, away, unproven, oldest) {
        (Some(jobs), ..) => format!("all of {jobs}: no good backup"),
        (_, Some(jobs), ..) => format!("all of {jobs}: no good copy in reach"),
        (_, _, Some(jobs), _) => format!("maybe all of {jobs}: no proven backup"),
        (_, _, _, Some((seconds, job))) => format!("the last {} of {job}", age(seconds)),
        (_, _, _, None) => return Vec::new(),
    };
    let slowest = overview.jobs.iter().filter(|job| job.back().ms().is_some());
    let slowest = slowest.max_by_key(|job| (job.back().ms(), &job.job));
    let unmeasured = overview.jobs.iter().filter(|job| job.back().ms().is_none());
    let (first, count) = (unmeasured.clone().next(), unmeasured.count());
    let unknown = first.map_or_else(String::new, |job| {
        format!("; unknown of {}", and_others(&job.job, count))
    });
    let back = slowest.map_or_else(|| not_known(overview), |job| format!("{}{unknown}", takes(job)));
    vec![
        format!("If it dies now, lost:  {loss}"),
        format!("Back within:           {back}"),
    ]
}

/// How long it takes to have a job back, and how that is known.
fn takes(job: &JobStatus) -> String {
    let took = |ms| units::duration(Duration::from_millis(ms));
    let name = &job.job;
    match job.back() {
        Back::Measured { ms } => format!("{}, as measured of {name}", took(ms)),
        Back::Estimated { ms, bytes } => {
            let part = units::size(bytes);
            format!("{} for {name}, estimated from a restore of {part}", took(ms))
        }
        Back::TooLittle { .. } | Back::Unmeasured => String::new(),
    }
}

/// Why it is known of no job.
fn not_known(overview: &Overview) -> String {
    let too_little = overview.jobs.iter().find_map(|job| match job.back() {
        Back::TooLittle { bytes } => Some((bytes, &job.job)),
        _ => None,
    });
    match too_little {
        Some((bytes, job)) => format!("unknown, the last restore of {job} was of {} only", units::size(bytes)),
        None => "unknown, no restore was measured yet".to_owned(),
    }
}

/// The age in seconds of what would be left of a job.
fn left_age(job: &JobStatus) -> Option<u64> {
    match &job.out_of_reach {
        Some(away) => Some(away.left.as_ref()?.age_seconds),
        None => Some(job.proven.as_ref()?.age_seconds),
    }
}

/// `shop and 3 more`.
fn and_others(first: &str, count: usize) -> String {
    match count {
        0 | 1 => first.to_owned(),
        _ => format!("{first} and {} more", count - 1),
    }
}
