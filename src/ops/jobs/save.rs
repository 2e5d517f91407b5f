//! What a form holds, saved as a whole or not at all: the job, and the profile that is made with it.

use super::{Revision, change_to, check, create, diff, object};
use crate::domain::id::JobId;
use crate::domain::job::{Definition, Job};
use crate::domain::profile::Profile;
use crate::domain::{Error, Kind, Result};
use crate::ops::{Session, profiles};
use crate::store::{Db, jobs};
use crate::vault::Key;

/// What a form holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// The job as it is to be.
    pub definition: Definition,
    /// The job that is changed, and what it was when the form was opened.
    pub replacing: Option<(JobId, Definition)>,
    /// A profile to be made with it; the definition names it already.
    pub new_profile: Option<String>,
}

/// What was saved.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The job.
    pub job: Job,
    /// The profile that was made with it.
    pub profile: Option<Profile>,
}

/// Saves it, all of it in one transaction. Refuses to change a job that is no longer what it was when the form was opened.
pub fn save(session: &Session, saving: &Saving) -> Result<Saved> {
    let definition = prepared(session, saving)?;
    let key = saving.new_profile.as_ref().map(|_| Key::generate()).transpose()?;
    let new = saving.new_profile.as_deref().zip(key.as_ref());
    let new = new.map(|(name, key)| profiles::prepared(session, name, "", key, "profile.create"));
    let new = new.transpose()?;
    session.instance.store.write(|db| {
        let replaced = saving.replacing.as_ref();
        let replaced = replaced.map(|(id, before)| unchanged(db, *id, before)).transpose()?;
        let profile = new.as_ref().map(|new| new.keep(session, db)).transpose()?;
        let job = match &replaced {
            None => create(session, db, &definition, "job.create"),
            Some(job) => change_to(session, db, job, &definition, "job.update", "changed"),
        }?;
        Ok(Saved { job, profile })
    })
}

/// A form that is open for a job knows its name; what is not found any more is known by its id alone.
pub(super) fn if_removed(error: Error, definition: &Definition) -> Error {
    match error.kind {
        Kind::NotFound => Error::not_found("somebody removed it while the form was open")
            .on(object(definition))
            .next("close the form; a new job may take its name"),
        _ => error,
    }
}

fn unchanged(db: &Db, id: JobId, before: &Definition) -> Result<Job> {
    let job = jobs::get(db, id).map_err(|error| if_removed(error, before))?;
    if job.definition == *before {
        return Ok(job);
    }
    Err(Error::busy("somebody else changed it while the form was open")
        .on(object(before))
        .next("save again to see what was changed, then save on top of it or leave the form"))
}

/// What became of a job while a form was open for it.
#[derive(Clone, Debug)]
pub struct Overtaken {
    /// What it is now.
    pub now: Definition,
    /// What was made of it since the form was opened, newest first: its definitions are somebody else's.
    pub since: Vec<Revision>,
    /// What differs between the job as the form began with it and as it is, as a unified diff.
    pub diff: String,
}

/// What somebody else made of the job that `saving` is to change; `None` when nobody did.
pub fn overtaken(session: &Session, saving: &Saving) -> Result<Option<Overtaken>> {
    let Some((id, before)) = &saving.replacing else {
        return Ok(None);
    };
    let (now, revisions) = session.instance.store.read(|db| {
        let now = jobs::get(db, *id)?.definition;
        Ok((now, jobs::revisions(db, *id)?))
    })?;
    if now == *before {
        return Ok(None);
    }
    let since = revisions
        .into_iter()
        .take_while(|revision| revision.definition != *before)
        .collect();
    let diff = diff(("before", Some(before)), ("now", &now))?;
    Ok(Some(Overtaken { now, since, diff }))
}

/// The definition after every check but that of a profile which is not made yet.
fn prepared(session: &Session, saving: &Saving) -> Result<Definition> {
    if saving.new_profile.is_none() {
        return check::prepared(session, &saving.definition);
    }
    let unsealed = Definition {
        profile: None,
        ..saving.definition.clone()
    };
    Ok(Definition {
        profile: saving.definition.profile.clone(),
        ..check::prepared(session, &unsealed)?
    })
}
