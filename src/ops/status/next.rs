//! What comes next of a job by itself: one answer for every screen that tells it, so that none promises what will not happen.

use serde::Serialize;

use super::{JobStatus, Overview};
use crate::domain::execution::Execution;
use crate::domain::job::Job;
use crate::domain::time::Timestamp;
use crate::ops::retries;

/// Whether a job runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Following {
    /// It has no schedule.
    ByHand,
    /// Its schedule is followed.
    Followed,
    /// Its schedule is followed again once the pause ends.
    Paused,
    /// It has a schedule that nobody follows, until somebody enables the job.
    NotEnabled,
}

impl Following {
    /// That of a job at `now`.
    pub(in crate::ops) fn of(job: &Job, now: Timestamp) -> Self {
        if job.definition.schedule.is_empty() {
            Self::ByHand
        } else if !job.definition.enabled {
            Self::NotEnabled
        } else if job.is_paused(now) {
            Self::Paused
        } else {
            Self::Followed
        }
    }

    /// Whether there is a schedule, and it is not followed now.
    pub const fn is_asleep(self) -> bool {
        matches!(self, Self::Paused | Self::NotEnabled)
    }
}

/// When a job whose last run failed is tried again by itself, by those of its runs that are `open`. Nobody tries again while the
/// job is paused or not enabled, and what is due already waits for nothing but its turn.
pub(in crate::ops) fn retry_at(job: &Job, open: &[Execution], now: Timestamp) -> Option<Timestamp> {
    if job.is_paused(now) || !job.definition.enabled {
        return None;
    }
    let waiting = open
        .iter()
        .filter(|run| run.job_id == Some(job.id) && retries::waits(run) && run.not_before > now);
    waiting.map(|run| run.not_before).min()
}

/// What comes next of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// What its last run failed to do is tried again then, before it would fire.
    Retries(Timestamp),
    /// It fires then.
    Fires(Timestamp),
    /// It would fire, and there is no engine that takes work.
    NoEngine,
    /// The pause ends then.
    Paused(Timestamp),
    /// It is not enabled, so its schedule fires nothing.
    NotEnabled,
    /// It has no schedule.
    ByHand,
    /// Its schedule cannot be read.
    Never,
}

impl Next {
    /// What comes next by these, as long as there is an engine that takes work.
    pub(in crate::ops) fn of(
        following: Following,
        retry_at: Option<Timestamp>,
        paused_until: Option<Timestamp>,
        next_fire: Option<Timestamp>,
    ) -> Self {
        // A fire that is due takes the place of a retry that waits.
        let retry = retry_at.filter(|at| next_fire.is_none_or(|fire| *at < fire));
        match (retry, following, paused_until, next_fire) {
            (Some(at), ..) => Self::Retries(at),
            (None, Following::ByHand, None, _) => Self::ByHand,
            (None, Following::NotEnabled, ..) => Self::NotEnabled,
            (None, _, Some(until), _) => Self::Paused(until),
            (None, _, None, Some(fire)) => Self::Fires(fire),
            (None, _, None, None) => Self::Never,
        }
    }
}

impl Overview {
    /// What comes next of a job.
    pub fn next(&self, job: &JobStatus) -> Next {
        self.by_engine(Next::of(job.following, job.retry_at, job.paused_until, job.next_fire))
    }

    /// The same of what is known without a look at the engine.
    pub fn by_engine(&self, next: Next) -> Next {
        match next {
            Next::Retries(_) | Next::Fires(_) if !self.takes_work() => Next::NoEngine,
            next => next,
        }
    }

    /// Whether there is an engine that begins what is due.
    pub fn takes_work(&self) -> bool {
        self.engine.running && self.engine.stopping_until().is_none()
    }

    /// The jobs with a schedule that is not followed: those that are not enabled, and those that are paused.
    pub fn asleep(&self, how: Following) -> impl Iterator<Item = &JobStatus> {
        self.jobs
            .iter()
            .filter(move |job| job.following == how && job.following.is_asleep())
    }
}
