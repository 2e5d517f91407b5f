//! What comes next of a job by itself: one answer for every screen that tells it, so that none promises what will not happen.

use serde::Serialize;

use super::{JobStatus, Overview};
use crate::domain::job::Job;
use crate::domain::time::Timestamp;

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
    pub(super) fn of(job: &Job, now: Timestamp) -> Self {
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

/// What comes next of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
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

impl Overview {
    /// What comes next of a job.
    pub fn next(&self, job: &JobStatus) -> Next {
        match (job.following, job.paused_until, job.next_fire) {
            (Following::ByHand, ..) => Next::ByHand,
            (Following::NotEnabled, ..) => Next::NotEnabled,
            (_, Some(until), _) => Next::Paused(until),
            (_, None, Some(_)) if !self.takes_work() => Next::NoEngine,
            (_, None, Some(fire)) => Next::Fires(fire),
            (_, None, None) => Next::Never,
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
