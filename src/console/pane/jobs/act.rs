//! What is done to jobs, to one or to all that are marked, and how that is told.

use chrono_tz::Tz;

use crate::console::message::{Done, Place};
use crate::console::work::file_named;
use crate::domain::Result;
use crate::domain::execution::Trigger;
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;
use crate::ops::{Session, engine_process, jobs, runs};

/// Something done to jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Run them now.
    Run(Vec<JobId>),
    /// Pause them until then, which is told in that zone.
    Pause(Vec<JobId>, Timestamp, Tz),
    /// End their pauses.
    Resume(Vec<JobId>),
    /// A new job of that name like this one.
    Clone(JobId, String),
    /// Give it that name.
    Rename(JobId, String),
    /// Remove them.
    Remove(Vec<JobId>),
    /// Write its definition to a file of that name.
    Export(JobId, String),
    /// Make it what it was at that revision.
    GoBack(JobId, u32),
}

impl Act {
    /// Carries it out.
    pub fn carry_out(self, session: &Session) -> Result<Done> {
        match self {
            Self::Run(ids) => run(session, &ids),
            Self::Pause(ids, until, zone) => {
                let names = each(&ids, |id| Ok(jobs::pause(session, id, until)?.definition.name))?;
                let local = until.utc().with_timezone(&zone).format("%a %d %b %H:%M %Z");
                Ok(Done::say(format!(
                    "{} until {local}",
                    told(&names, "is paused", "are paused")
                )))
            }
            Self::Resume(ids) => {
                let names = each(&ids, |id| Ok(jobs::resume(session, id)?.definition.name))?;
                Ok(Done::say(told(&names, "is no longer paused", "are no longer paused")))
            }
            Self::Clone(id, to) => {
                let name = jobs::clone(session, &id.to_string(), &to, |_| Ok(()))?.definition.name;
                Ok(Done::say(format!("job {name} added")).go(Place::Job(name)))
            }
            Self::Rename(id, to) => {
                let name = jobs::rename(session, &id.to_string(), &to)?.definition.name;
                Ok(Done::say(format!("it is called {name} now")).go(Place::Job(name)))
            }
            Self::Remove(ids) => {
                let names = each(&ids, |id| Ok(jobs::remove(session, id)?.definition.name))?;
                Ok(Done::say(told(
                    &names,
                    "removed, its backups stay",
                    "removed, their backups stay",
                )))
            }
            Self::Export(id, name) => {
                let path = file_named(&name)?;
                let job = jobs::write(session, &id.to_string(), &path)?;
                Ok(Done::say(format!(
                    "job {} written to {}",
                    job.definition.name,
                    path.display()
                )))
            }
            Self::GoBack(id, version) => {
                let job = jobs::revert(session, &id.to_string(), version)?;
                let name = job.definition.name;
                Ok(Done::say(format!(
                    "job {name} is as at revision {version}: that is revision {} now",
                    job.revision
                )))
            }
        }
    }
}

fn run(session: &Session, ids: &[JobId]) -> Result<Done> {
    let mut asked = Vec::new();
    each(ids, |id| {
        let started = runs::start(session, id, Trigger::Manual)?;
        let name = started.execution.job_name.clone();
        asked.push(started);
        Ok(name)
    })?;
    let lacking = engine_process::lacking(session)?;
    let waits = lacking.map_or_else(String::new, |lacking| format!("; {lacking}"));
    Ok(match asked.as_slice() {
        [one] => {
            let job = &one.execution.job_name;
            // What there is to note is that the job is paused or not enabled.
            let asleep = if one.notes.is_empty() {
                ""
            } else {
                "; nobody follows its schedule"
            };
            Done::say(format!("a run of {job} was asked for{asleep}{waits}")).go(Place::Run(one.execution.id))
        }
        several => Done::say(format!("runs of {} jobs were asked for{waits}", several.len())),
    })
}

/// Does it to each and gives their names; when some fail, the others are done all the same and the first failure is told.
fn each(ids: &[JobId], mut act: impl FnMut(&str) -> Result<String>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut failed = None;
    for id in ids {
        match act(&id.to_string()) {
            Ok(name) => names.push(name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(names),
        Some(error) if ids.len() == 1 => Err(error),
        Some(mut error) => {
            error.message = format!("{} (done for {} of {})", error.message, names.len(), ids.len());
            Err(error)
        }
    }
}

/// `job nightly is paused`, `3 jobs are paused`.
fn told(names: &[String], one: &str, several: &str) -> String {
    match names {
        [name] => format!("job {name} {one}"),
        names => format!("{} jobs {several}", names.len()),
    }
}
