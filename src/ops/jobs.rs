//! Jobs: what to back up, when and to where. Every change is checked by name, makes a revision, and is on record, all in one
//! transaction.

use std::time::Duration;

use serde_json::json;

use super::Session;
use crate::domain::audit::Event;
use crate::domain::id::JobId;
use crate::domain::job::{Definition, Job};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::store::jobs;
pub use crate::store::jobs::Revision;
use crate::store::{Db, executions};

mod check;
pub mod draft;
mod file;
mod history;
mod retention;
mod save;
mod view;

pub(super) use self::check::stays_apart;
pub use self::file::{Action, Applied, apply, apply_as_shown, diff, parse, read, to_toml, write};
pub use self::history::{JobHistory, PastRun, history};
pub use self::retention::{AfterRun, Preview, PreviewedCopy, preview, preview_after_run};
pub use self::save::{Overtaken, Saved, Saving, overtaken, save};
pub use self::view::{JobView, LastRun, list, show};

/// What is said in place of a schedule where there is none.
const BY_HAND: &str = "by hand";

/// How long a pause is when nothing is said: one that has no end is forgotten.
pub const DEFAULT_PAUSE: Duration = Duration::from_hours(24);

/// The job of that name or id.
pub fn find(session: &Session, name: &str) -> Result<Job> {
    session.instance.store.read(|db| jobs::find(db, name))
}

/// Adds a job.
pub fn add(session: &Session, definition: &Definition) -> Result<Job> {
    let definition = check::prepared(session, definition)?;
    session
        .instance
        .store
        .write(|db| create(session, db, &definition, "job.create"))
}

/// Changes a job. Nothing happens, and no revision is made, when `change` leaves it as it was.
pub fn edit(session: &Session, name: &str, change: impl FnOnce(&mut Definition) -> Result<()>) -> Result<Job> {
    let job = find(session, name)?;
    let mut definition = job.definition.clone();
    change(&mut definition).map_err(|error| error.or_on(object(&job.definition)))?;
    let definition = check::prepared(session, &definition)?;
    session
        .instance
        .store
        .write(|db| change_to(session, db, &job, &definition, "job.update", "changed"))
}

/// Gives a job another name. Backups made so far stay under the old one.
pub fn rename(session: &Session, name: &str, to: &str) -> Result<Job> {
    let job = find(session, name)?;
    let definition = Definition {
        name: to.to_owned(),
        ..job.definition.clone()
    };
    let note = format!("renamed from {}", job.definition.name);
    session
        .instance
        .store
        .write(|db| change_to(session, db, &job, &definition, "job.rename", &note))
}

/// A new job like another one, with changes.
pub fn clone(
    session: &Session,
    name: &str,
    to: &str,
    change: impl FnOnce(&mut Definition) -> Result<()>,
) -> Result<Job> {
    let mut definition = find(session, name)?.definition;
    to.clone_into(&mut definition.name);
    change(&mut definition).map_err(|error| error.or_on(object(&definition)))?;
    let definition = check::prepared(session, &definition)?;
    session
        .instance
        .store
        .write(|db| create(session, db, &definition, "job.clone"))
}

/// Makes a job what it was at a revision: a new revision that is like the old one.
pub fn revert(session: &Session, name: &str, version: u32) -> Result<Job> {
    let job = find(session, name)?;
    let definition = revision(session, &job, version)?.definition;
    let definition = check::prepared(session, &definition)?;
    let note = format!("back to revision {version}");
    session
        .instance
        .store
        .write(|db| change_to(session, db, &job, &definition, "job.revert", &note))
}

/// Stops a job from firing until then. Running work goes on.
pub fn pause(session: &Session, name: &str, until: Timestamp) -> Result<Job> {
    if until <= session.now() {
        return Err(Error::usage(format!("{until} is over already"))
            .on(format!("job {name}"))
            .next("give a time to come, or how long"));
    }
    set_paused(session, name, Some(until), "job.pause")
}

/// Ends a pause. Fires missed in it are not caught up.
pub fn resume(session: &Session, name: &str) -> Result<Job> {
    set_paused(session, name, None, "job.resume")
}

fn set_paused(session: &Session, name: &str, until: Option<Timestamp>, action: &str) -> Result<Job> {
    session.instance.store.write(|db| {
        let job = jobs::find(db, name)?;
        // Ending what has ended already changes nothing, least of all what the job is late for.
        if until.is_none() && !job.is_paused(session.now()) {
            return Ok(job);
        }
        jobs::set_paused_until(db, job.id, until, session.now())?;
        let event = Event::new(action, "job", job.id, job.definition.name.clone()).changed(
            &json!({ "paused_until": job.paused_until }),
            &json!({ "paused_until": until }),
        );
        session.record(db, &event)?;
        jobs::get(db, job.id)
    })
}

/// Removes a job that has no run waiting or going on. Its runs and backups stay, under its name.
pub fn remove(session: &Session, name: &str) -> Result<Job> {
    session.instance.store.write(|db| {
        let job = jobs::find(db, name)?;
        let open = executions::open(db)?;
        if let Some(run) = open.iter().find(|run| run.job_id == Some(job.id)) {
            return Err(Error::busy(format!("a run of it is {}", run.status))
                .on(object(&job.definition))
                .next(format!("wait for it, or `backstay runs cancel {}`", run.id.short())));
        }
        jobs::delete(db, job.id)?;
        let facts = json!({ "definition": job.definition, "revision": job.revision });
        session.record(
            db,
            &Event::new("job.remove", "job", job.id, job.definition.name.clone()).with(facts),
        )?;
        Ok(job)
    })
}

/// All revisions of a job, newest first.
pub fn revisions(session: &Session, job: &Job) -> Result<Vec<Revision>> {
    session.instance.store.read(|db| jobs::revisions(db, job.id))
}

/// One revision of a job.
pub fn revision(session: &Session, job: &Job, version: u32) -> Result<Revision> {
    let name = &job.definition.name;
    revisions(session, job)?
        .into_iter()
        .find(|revision| revision.version == version)
        .ok_or_else(|| {
            Error::not_found(format!("it has no revision {version}"))
                .on(object(&job.definition))
                .next(format!("`backstay job revisions {name}` shows them"))
        })
}

/// What a revision changed, as a unified diff of job files.
pub fn revision_diff(session: &Session, job: &Job, version: u32) -> Result<String> {
    let after = revision(session, job, version)?;
    let before = revisions(session, job)?
        .into_iter()
        .find(|revision| revision.version < version);
    let heading = |version: u32| format!("revision {version}");
    diff(
        (
            &before
                .as_ref()
                .map_or_else(|| "(no such job)".to_owned(), |before| heading(before.version)),
            before.as_ref().map(|before| &before.definition),
        ),
        (&heading(version), &after.definition),
    )
}

/// Stores a new job; call it in a transaction, after [`check::prepared`].
fn create(session: &Session, db: &Db, definition: &Definition, action: &str) -> Result<Job> {
    check::definition(definition)?;
    check::name_is_free(db, definition, None)?;
    let references = check::references(db, definition)?;
    check::can_be_read(db, definition, &references)?;
    let id = JobId::generate(session.now());
    jobs::insert(db, id, definition, &references, &session.actor.name, session.now())?;
    let event = Event::new(action, "job", id, definition.name.clone()).changed(&json!({}), &json!(definition));
    session.record(db, &event)?;
    jobs::get(db, id)
}

/// Stores a changed job; call it in a transaction, after [`check::prepared`].
fn change_to(session: &Session, db: &Db, job: &Job, definition: &Definition, action: &str, note: &str) -> Result<Job> {
    let current = jobs::get(db, job.id)?;
    if current.revision != job.revision {
        return Err(Error::busy("somebody else changed it at the same moment")
            .on(object(&job.definition))
            .next("try again"));
    }
    if current.definition == *definition {
        return Ok(current);
    }
    check::definition(definition)?;
    check::name_is_free(db, definition, Some(job.id))?;
    let references = check::references(db, definition)?;
    if references.source != current.source_id {
        check::can_be_read(db, definition, &references)?;
    }
    jobs::update(
        db,
        &current,
        definition,
        &references,
        &session.actor.name,
        note,
        session.now(),
    )?;
    let event = Event::new(action, "job", job.id, definition.name.clone())
        .changed(&json!(current.definition), &json!(definition));
    session.record(db, &event)?;
    jobs::get(db, job.id)
}

fn object(definition: &Definition) -> String {
    format!("job {}", definition.name)
}
