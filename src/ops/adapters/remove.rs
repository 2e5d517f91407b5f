//! Removing an adapter. One that copies lie at goes only with them: they are deleted first, or, where their destination is gone
//! for good, forgotten.

use serde::Serialize;
use serde_json::{Value, json};

use super::named_jobs;
use crate::domain::adapter::{Adapter, Health};
use crate::domain::audit::Event;
use crate::domain::id::{AdapterId, JobId};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, units, words};
use crate::ops::Session;
use crate::store::backups::Held;
use crate::store::{Db, adapters, backups, executions, jobs};

/// Jobs that are told of by name.
const LISTED: usize = 6;

/// An adapter that is removed together with what the catalogue knows of the copies there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forgetting {
    /// Its row.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// What is no longer counted on.
    pub forgotten: Forgotten,
}

/// What is no longer counted on when the copies at a destination are forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Copies that lie there or should.
    pub copies: u64,
    /// The backups they are of.
    pub backups: u64,
    /// Those of the backups that have no good copy anywhere else.
    pub only_there: u64,
    /// Those of these that are locked.
    pub locked: u64,
    /// The names of the jobs whose last good backup goes with it; a job may be gone itself.
    pub jobs_without_backup: Vec<String>,
}

impl Forgetting {
    /// What is lost, one sentence each; nothing where everything has a good copy elsewhere.
    pub fn losses(&self) -> Vec<String> {
        let forgotten = &self.forgotten;
        let locked = match forgotten.locked {
            0 => String::new(),
            number => format!(", {number} of them locked"),
        };
        let have = if forgotten.only_there == 1 { "has" } else { "have" };
        let only_there = (forgotten.only_there > 0).then(|| {
            let backups = units::count(forgotten.only_there, "backup");
            format!("{backups} {have} no good copy anywhere else{locked}.")
        });
        let bereft = self
            .bereft()
            .map(|(jobs, loses)| format!("The {jobs} {loses} last good backup."));
        only_there.into_iter().chain(bereft).collect()
    }

    /// `job nightly` with `loses its`; of many jobs the first few by name and the others by number.
    fn bereft(&self) -> Option<(String, &'static str)> {
        let jobs = &self.forgotten.jobs_without_backup;
        let (named, more) = jobs.split_at_checked(LISTED).unwrap_or((jobs, &[]));
        Some(match (jobs.len(), more.len()) {
            (0, _) => return None,
            (1, _) => (named_jobs(named), "loses its"),
            (_, 0) => (named_jobs(named), "lose their"),
            (_, more) => (format!("{} and {more} more", named_jobs(named)), "lose their"),
        })
    }

    /// What else there is to know before it is done, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let Forgotten { copies, backups, .. } = &self.forgotten;
        let counted = format!(
            "{} of {} there will no longer be counted on.",
            units::count(*copies, "copy"),
            units::count(*backups, "backup")
        );
        let answers = (self.adapter.last_status == Health::Online).then(|| {
            format!(
                "{} answers: what lies there stays, and no retention deletes it any more.",
                self.adapter.name
            )
        });
        let back = "Nothing is deleted there. Added again and scanned, what still lies there is found.".to_owned();
        [Some(counted), answers, Some(back)].into_iter().flatten().collect()
    }
}

/// Removes an adapter that no job uses and no copy lies at.
pub fn remove(session: &Session, name: &str) -> Result<Adapter> {
    session.instance.store.write(|db| {
        let adapter = unused(db, name)?;
        if let Some(held) = held_by_copies(&adapter.name, backups::kept_at(db, adapter.id)?) {
            return Err(held);
        }
        let facts = json!({ "driver": adapter.driver, "summary": adapter.summary });
        delete(session, db, &adapter, facts)?;
        Ok(adapter)
    })
}

/// What forgetting the copies at a destination would mean. Refused as [`forget`] is.
pub fn plan_forgetting(session: &Session, name: &str) -> Result<Forgetting> {
    session.instance.store.read(|db| forgetting(db, name, session.now()))
}

/// Removes a destination that is gone for good: its copies are no longer counted on. Nothing is deleted there, and once it is
/// added again a scan finds what still lies there.
pub fn forget(session: &Session, name: &str) -> Result<Forgetting> {
    session.instance.store.write(|db| {
        let going = forgetting(db, name, session.now())?;
        let adapter = &going.adapter;
        backups::forget_at(db, adapter.id)?;
        let facts = json!({ "driver": adapter.driver, "summary": adapter.summary, "forgotten": going.forgotten });
        delete(session, db, adapter, facts)?;
        Ok(going)
    })
}

/// Why a destination that no job uses cannot go all the same: so many copies lie there.
pub fn held_by_copies(name: &str, copies: u64) -> Option<Error> {
    if copies == 0 {
        return None;
    }
    let (counted, verb) = (units::count(copies, "copy"), if copies == 1 { "lies" } else { "lie" });
    let quoted = words::quoted(name);
    Some(
        Error::refused(format!("{counted} of backups {verb} there"))
            .on(format!("adapter {name}"))
            .next(format!(
                "`backstay backup list --destination {quoted}` shows which; once they are removed, it can go; \
                 if it is gone for good, `backstay adapter remove {quoted} --forget-copies`"
            )),
    )
}

fn delete(session: &Session, db: &Db, adapter: &Adapter, facts: Value) -> Result<()> {
    adapters::delete(db, adapter)?;
    let event = Event::new("adapter.remove", "adapter", adapter.id, adapter.name.clone()).with(facts);
    session.record(db, &event)
}

/// The adapter of that name, which no job uses and no run writes to.
fn unused(db: &Db, name: &str) -> Result<Adapter> {
    let adapter = adapters::find(db, name)?;
    let named = format!("adapter {}", adapter.name);
    let jobs = adapters::used_by(db, adapter.id)?;
    if !jobs.is_empty() {
        return Err(Error::refused(format!("it is used by {}", named_jobs(&jobs)))
            .on(named)
            .next("give those jobs another adapter with `backstay job edit`, or remove them first"));
    }
    // A run goes on with the destinations its job had when it began.
    for run in executions::open(db)? {
        if executions::footprint(db, run.id)?.destinations.contains(&adapter.id) {
            return Err(Error::busy(format!("a run of {} writes there", run.job_name))
                .on(named)
                .next(format!("wait for it, or `backstay runs cancel {}`", run.id.short())));
        }
    }
    Ok(adapter)
}

fn forgetting(db: &Db, name: &str, now: Timestamp) -> Result<Forgetting> {
    let adapter = unused(db, name)?;
    let Held {
        copies,
        backups,
        only_there,
        locked,
    } = backups::held_at(db, adapter.id)?;
    Ok(Forgetting {
        forgotten: Forgotten {
            copies,
            backups,
            only_there,
            locked,
            jobs_without_backup: bereft(db, adapter.id, now)?,
        },
        adapter,
    })
}

/// The names of the jobs whose every good backup is at that destination alone.
fn bereft(db: &Db, destination: AdapterId, now: Timestamp) -> Result<Vec<String>> {
    let known = jobs::list(db)?;
    let known: Vec<(JobId, String)> = known.into_iter().map(|job| (job.id, job.definition.name)).collect();
    let mut names = Vec::new();
    for (id, name) in &known {
        if loses_all(db, Some(*id), name, destination, now)? {
            names.push(name.clone());
        }
    }
    // What a job leaves that was removed goes by the name it was made under.
    for name in backups::job_names(db)? {
        if known.iter().all(|(_, known)| *known != name) && loses_all(db, None, &name, destination, now)? {
            names.push(name);
        }
    }
    Ok(names)
}

fn loses_all(db: &Db, job: Option<JobId>, name: &str, destination: AdapterId, now: Timestamp) -> Result<bool> {
    let Some(good) = backups::latest(db, job, name, now)? else {
        return Ok(false);
    };
    // A job that was renamed goes by its new name.
    let is_its_own = job.is_some() || good.job_id.is_none();
    Ok(is_its_own && backups::latest_besides(db, job, name, destination, now)?.is_none())
}
