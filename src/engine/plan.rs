//! When each job fires next, and what to do about fires that were missed. Pure: the time comes in, fires come out.
//!
//! Each job remembers up to which instant its fires are accounted for. A fire is due when its instant has come and is not
//! accounted for; so a clock that jumps, forwards or back, fires nothing twice.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::domain::Result;
use crate::domain::id::JobId;
use crate::domain::job::Job;
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;

/// A fire this late is still on time; beyond, it was missed.
const ON_TIME: Duration = Duration::from_mins(1);

/// A clock set back by more than this was wrong before: what was accounted for beyond it no longer counts. Anything less
/// (a correction, a zone set wrong) waits until the clock has caught up.
const CLOCK_WAS_WRONG: Duration = Duration::from_hours(25);

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The job.
    pub job: JobId,
    /// The instant it was scheduled for; fires up to here are now accounted for.
    pub at: Timestamp,
    /// What is to be done about it.
    pub kind: FireKind,
}

/// Whether a fire is on time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireKind {
    /// It is time.
    Due,
    /// It was missed and is caught up with, once however many were missed.
    CatchUp,
    /// It was missed and the job does not want it caught up.
    Missed,
}

/// What decides whether a job's entry still holds.
pub type Version = (u32, Option<Timestamp>);

struct Entry {
    version: Version,
    schedule: Option<Schedule>,
    catch_up: bool,
    /// Fires up to here are accounted for, by having happened or by a pause.
    accounted: Timestamp,
    next: Option<Timestamp>,
}

/// The next fire of every job.
#[derive(Default)]
pub struct Plan {
    entries: BTreeMap<JobId, Entry>,
    /// Fires by time. An entry that has changed since leaves its old fire here; it is passed over when its turn comes.
    queue: BinaryHeap<Reverse<(Timestamp, JobId)>>,
    last_look: Timestamp,
    /// The store's version of all jobs that this plan was made from.
    pub made_from: Option<i64>,
}

impl Plan {
    /// The jobs whose entry is not of this version, and forgets those that are gone.
    pub fn outdated(&mut self, current: &[(JobId, u32, Option<Timestamp>)]) -> Vec<JobId> {
        let known: BTreeMap<JobId, Version> = current
            .iter()
            .map(|(id, revision, pause)| (*id, (*revision, *pause)))
            .collect();
        self.entries.retain(|id, _| known.contains_key(id));
        let holds = |id: &JobId, version: &Version| self.entries.get(id).is_some_and(|entry| entry.version == *version);
        known
            .iter()
            .filter(|(id, version)| !holds(id, version))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Takes a job in, new or changed.
    pub fn put(&mut self, job: &Job, now: Timestamp) -> Result<()> {
        let definition = &job.definition;
        let schedule = if definition.enabled && !definition.schedule.is_empty() {
            Some(Schedule::parse(&definition.schedule, &definition.timezone)?)
        } else {
            None
        };
        let accounted = job.scheduled_through.max(job.paused_until.unwrap_or_default());
        let mut entry = Entry {
            version: (job.revision, job.paused_until),
            schedule,
            catch_up: definition.options.catch_up,
            accounted,
            next: None,
        };
        // A pause may well end far ahead; what was accounted for may not.
        if job.paused_until.is_none_or(|until| until <= now) {
            entry.distrust_the_future(now);
        }
        entry.look_ahead();
        if let Some(next) = entry.next {
            self.queue.push(Reverse((next, job.id)));
        }
        self.entries.insert(job.id, entry);
        Ok(())
    }

    /// The earliest fire of all.
    pub fn next_fire(&mut self) -> Option<Timestamp> {
        while let Some(Reverse((at, job))) = self.queue.peek() {
            if self.entries.get(job).is_some_and(|entry| entry.next == Some(*at)) {
                return Some(*at);
            }
            self.queue.pop();
        }
        None
    }

    /// Everything due at `now`, one fire a job at most, and moves those jobs on to their next fire.
    pub fn due(&mut self, now: Timestamp) -> Vec<Fire> {
        if now < self.last_look {
            self.clock_went_back(now);
        }
        self.last_look = now;
        let mut fires = Vec::new();
        while let Some(at) = self.next_fire().filter(|at| *at <= now) {
            let Some(Reverse((_, job))) = self.queue.pop() else {
                break;
            };
            let Some(entry) = self.entries.get_mut(&job) else {
                continue;
            };
            let latest = entry
                .schedule
                .as_ref()
                .and_then(|schedule| schedule.missed_between(entry.accounted, now));
            let latest = latest.unwrap_or(at);
            let kind = match (now.since(latest) <= ON_TIME, entry.catch_up) {
                (true, _) => FireKind::Due,
                (false, true) => FireKind::CatchUp,
                (false, false) => FireKind::Missed,
            };
            entry.accounted = latest;
            entry.look_ahead();
            if let Some(next) = entry.next {
                self.queue.push(Reverse((next, job)));
            }
            fires.push(Fire { job, at: latest, kind });
        }
        fires
    }

    fn clock_went_back(&mut self, now: Timestamp) {
        for (job, entry) in &mut self.entries {
            if entry.version.1.is_none_or(|until| until <= now) && entry.distrust_the_future(now) {
                entry.look_ahead();
                if let Some(next) = entry.next {
                    self.queue.push(Reverse((next, *job)));
                }
            }
        }
    }
}

impl Entry {
    fn look_ahead(&mut self) {
        self.next = self
            .schedule
            .as_ref()
            .and_then(|schedule| schedule.next_after(self.accounted));
    }

    fn distrust_the_future(&mut self, now: Timestamp) -> bool {
        let wrong = self.accounted > now.plus(CLOCK_WAS_WRONG);
        if wrong {
            self.accounted = now;
        }
        wrong
    }
}

#[cfg(test)]
mod tests;
