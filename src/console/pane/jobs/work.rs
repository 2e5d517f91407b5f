//! What the jobs ask of `ops`.

use super::act::Act;
use crate::console::message::{self, Done, Effect, Place};
use crate::console::work::{file_named, reading};
use crate::domain::adapter::{Adapter, Database};
use crate::domain::id::JobId;
use crate::domain::job::Definition;
use crate::domain::profile::Profile;
use crate::domain::retention::Policy;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Kind, Result};
use crate::ops::jobs::draft::{self, FieldError};
use crate::ops::jobs::{Action, AfterRun, Applied, JobHistory, JobView, Overtaken, Preview, Revision, Saving};
use crate::ops::{Session, adapters, jobs, profiles};

/// Runs of the strip.
const RUNS: u32 = 30;

/// Fires that are shown of a job.
const FIRES: usize = 5;

/// What the pane asks of `ops`.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// The jobs, and what they are made of.
    List,
    /// Everything about one job.
    Detail(JobId),
    /// What a job was.
    Revisions(JobId),
    /// What the retention would do now.
    Retention(JobId),
    /// What is on a source.
    Databases(String),
    /// Whether a definition can be saved; the job it would change.
    Check(Box<Definition>, Option<JobId>),
    /// What policies would do at destinations of a job once a run that begins at that time has brought another copy.
    Keeps(JobId, Vec<(String, Policy)>, Timestamp),
    /// What a job file of that name would change.
    Compare(String),
    /// What definitions of a job file would change by now; the name is the file's.
    CompareAgain(String, Vec<Definition>),
    /// Make jobs what a file says.
    Apply(Box<Compared>),
    /// What the retention of jobs would let go once they have run; names or ids.
    AfterRun(Vec<String>),
    /// Do something to jobs.
    Act(Act),
    /// Save what a form holds.
    Save(Box<Saving>),
}

/// The jobs, and what they are made of.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// By name.
    pub jobs: Vec<JobView>,
    /// Sources and destinations.
    pub adapters: Vec<Adapter>,
    /// Keys.
    pub profiles: Vec<Profile>,
}

/// Everything about one job.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The job, with its next fires.
    pub job: JobView,
    /// How it has been doing.
    pub history: JobHistory,
}

/// What a policy would do at one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The destination.
    pub destination: String,
    /// The policy.
    pub policy: Policy,
    /// Copies there are that would stay.
    pub stay: usize,
    /// Copies there are that would go.
    pub go: usize,
}

/// A job file, and what it would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What the file says.
    pub definitions: Vec<Definition>,
    /// What that would change, job by job.
    pub shown: Vec<Applied>,
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// The jobs, and what they are made of.
    List(Result<Box<List>>),
    /// Everything about one job.
    Detail(JobId, Result<Box<Detail>>),
    /// What a job was, newest first.
    Revisions(JobId, Result<Vec<Revision>>),
    /// What the retention would do now.
    Retention(JobId, Result<Vec<Preview>>),
    /// What is on a source.
    Databases(String, Result<Vec<Database>>),
    /// What keeps a definition from being saved.
    Check(Box<Definition>, Result<Vec<FieldError>>),
    /// What policies would do.
    Keeps(Result<Vec<Kept>>),
    /// What the job file of that name would change.
    Compared(String, Result<Box<Compared>>),
    /// What the retention of jobs would let go once they have run.
    AfterRun(Result<Vec<AfterRun>>),
    /// It was not saved. What was is a [`Done`].
    NotSaved(Error),
    /// It was not saved since somebody else changed the job meanwhile, as this says.
    Overtaken(Error, Box<Overtaken>),
    /// What a form holds is to be saved on top of this.
    OnTop(Box<Definition>),
}

/// Asks it.
pub const fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Jobs(ask))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::List => Some(0),
            Self::Detail(_) => Some(1),
            Self::Revisions(_) => Some(2),
            Self::Retention(_) => Some(3),
            Self::Databases(_) => Some(4),
            Self::Check(..) => Some(5),
            Self::Keeps(..) => Some(6),
            Self::Compare(..) | Self::CompareAgain(..) => Some(7),
            // Each is the beginning of a run: none is dropped for the next.
            Self::AfterRun(_) | Self::Apply(_) | Self::Act(_) | Self::Save(_) => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Apply(_) | Self::Act(_) | Self::Save(_))
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Jobs(match self {
            Self::List => Reply::List(reading(session, list).await.map(Box::new)),
            Self::Detail(id) => Reply::Detail(id, reading(session, move |session| detail(session, id)).await),
            Self::Revisions(id) => {
                let looked = reading(session, move |session| {
                    jobs::revisions(session, &jobs::find(session, &id.to_string())?)
                });
                Reply::Revisions(id, looked.await)
            }
            Self::Retention(id) => {
                let looked = reading(session, move |session| jobs::preview(session, &id.to_string(), None));
                Reply::Retention(id, looked.await)
            }
            Self::AfterRun(names) => {
                let all = move |session: &Session| {
                    names
                        .iter()
                        .map(|name| jobs::preview_after_run(session, name, session.now(), None))
                        .collect()
                };
                Reply::AfterRun(reading(session, all).await)
            }
            Self::Databases(source) => {
                let found = adapters::databases(session, &source).await;
                Reply::Databases(source, found)
            }
            Self::Check(definition, replacing) => {
                let replacing = replacing.map(|id| id.to_string());
                let wanted = definition.clone();
                let looked = reading(session, move |session| {
                    draft::check(session, &wanted, replacing.as_deref())
                });
                Reply::Check(definition, looked.await)
            }
            Self::Keeps(id, policies, at) => {
                Reply::Keeps(reading(session, move |session| keeps(session, id, &policies, at)).await)
            }
            Self::Compare(name) => {
                let file = name.clone();
                let looked = reading(session, move |session| {
                    compared(session, jobs::read(&file_named(&file)?)?)
                });
                Reply::Compared(name, looked.await)
            }
            Self::CompareAgain(name, definitions) => {
                let looked = reading(session, move |session| compared(session, definitions));
                Reply::Compared(name, looked.await)
            }
            Self::Apply(compared) => {
                return message::Reply::Done(reading(session, move |session| apply(session, &compared)).await);
            }
            Self::Save(saving) => {
                let saved = reading(session, move |session| {
                    Ok(save(session, &saving).map_err(|error| not_saved(session, &saving, error)))
                });
                match saved.await {
                    Ok(Ok(done)) => return message::Reply::Done(Ok(done)),
                    Ok(Err(refused)) => refused,
                    Err(error) => Reply::NotSaved(error),
                }
            }
            Self::Act(act) => {
                return message::Reply::Done(reading(session, move |session| act.carry_out(session)).await);
            }
        })
    }
}

fn list(session: &Session) -> Result<List> {
    Ok(List {
        jobs: jobs::list(session)?,
        adapters: adapters::list(session)?,
        profiles: profiles::list(session)?
            .into_iter()
            .map(|shown| shown.profile)
            .collect(),
    })
}

fn detail(session: &Session, id: JobId) -> Result<Box<Detail>> {
    let id = id.to_string();
    Ok(Box::new(Detail {
        job: jobs::show(session, &id, FIRES)?,
        history: jobs::history(session, &id, RUNS)?,
    }))
}

fn keeps(session: &Session, id: JobId, policies: &[(String, Policy)], at: Timestamp) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    for (destination, policy) in policies {
        let after = jobs::preview_after_run(session, &id.to_string(), at, Some(*policy))?;
        let here = after
            .places
            .into_iter()
            .find(|preview| preview.destination == *destination);
        kept.extend(here.map(|preview| {
            let stay = preview.copies.iter().filter(|copy| copy.keep).count();
            Kept {
                destination: preview.destination,
                policy: *policy,
                stay,
                go: preview.copies.len() - stay,
            }
        }));
    }
    Ok(kept)
}

fn compared(session: &Session, definitions: Vec<Definition>) -> Result<Box<Compared>> {
    let shown = jobs::apply(session, &definitions, true)?;
    Ok(Box::new(Compared { definitions, shown }))
}

fn apply(session: &Session, compared: &Compared) -> Result<Done> {
    let applied = jobs::apply_as_shown(session, &compared.definitions, &compared.shown)?;
    let of = |action: Action| -> Vec<&Applied> { applied.iter().filter(|done| done.action == action).collect() };
    let said = |done: &[&Applied], word: &str| match done {
        [] => None,
        [one] => Some(format!("job {} {word}", one.job)),
        several => Some(format!("{} jobs {word}", several.len())),
    };
    let (created, updated) = (of(Action::Created), of(Action::Updated));
    let said: Vec<String> = [said(&created, "added"), said(&updated, "changed")]
        .into_iter()
        .flatten()
        .collect();
    let done = Done::say(said.join(", "));
    Ok(match created.iter().chain(&updated).next() {
        Some(first) => done.go(Place::Job(first.job.clone())),
        None => done,
    })
}

/// Why it was not saved, with what was changed meanwhile where that is why.
fn not_saved(session: &Session, saving: &Saving, error: Error) -> Reply {
    match jobs::overtaken(session, saving) {
        Ok(Some(overtaken)) if error.kind == Kind::Busy => Reply::Overtaken(error, Box::new(overtaken)),
        _ => Reply::NotSaved(error),
    }
}

fn save(session: &Session, saving: &Saving) -> Result<Done> {
    let saved = jobs::save(session, saving)?;
    let name = saved.job.definition.name;
    let said = match saving.replacing {
        None => format!("job {name} added"),
        Some(_) => format!("job {name} changed: revision {}", saved.job.revision),
    };
    let key = saved.profile.map(|profile| {
        let profile = profile.name;
        format!(" · its key {profile} is only on this machine: write a recovery kit under System")
    });
    let said = said + &key.unwrap_or_default();
    Ok(Done::say(said).go(Place::Job(name)))
}
