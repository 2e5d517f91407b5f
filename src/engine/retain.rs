//! Retention at one destination after a run: what the policy lets go is deleted there, and nothing else.
//!
//! Judged by the manifests as they lie at the destination. One that cannot be read deletes nothing at all: it might be the
//! lock that keeps a backup, or the newest one there is.

use chrono_tz::Tz;

use super::recover;
use super::run::Run;
use crate::catalog::{copies, manifest as manifests};
use crate::destination::Destination;
use crate::domain::audit::{Actor, Event};
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::Execution;
use crate::domain::id::{AdapterId, CopyId, JobId};
use crate::domain::retention::{self, Candidate, EXPIRE, Policy, Reason, plan};
use crate::domain::time::zone;
use crate::store::{Db, audit, backups, executions, jobs};

/// Applies the job's policy at `destination`, as it is by now: it may have been changed while the run went on.
pub async fn apply(run: &Run, job: JobId, destination: AdapterId, driver: &dyn Destination) -> Result<()> {
    let instance = &run.instance;
    let Some(job) = instance.store.read(|db| jobs::by_id(db, job))? else {
        return Ok(());
    };
    let Some(target) = jobs::policy(&job, destination).filter(|target| !target.keep.keeps_everything()) else {
        return Ok(());
    };
    let zone: Tz = zone(&job.definition.timezone)?;
    let known = instance
        .store
        .read(|db| backups::at_destination(db, job.id, destination))?;
    let mut candidates = Vec::new();
    let mut here: Vec<(&Backup, &Copy)> = Vec::new();
    for (backup, copy) in known
        .iter()
        .flat_map(|backup| backup.copies.iter().map(move |copy| (backup, copy)))
        .filter(|(_, copy)| copy.destination_id == destination && copy.state != CopyState::Deleted)
    {
        candidates.push(candidate(run, backup, copy, driver).await?);
        here.push((backup, copy));
    }
    for decision in plan(target.keep, &candidates, zone, run.now())
        .iter()
        .filter(|decision| !decision.keep)
    {
        if let Some((backup, copy)) = here.iter().find(|(_, copy)| copy.id == decision.id) {
            let expiry = Expiry {
                backup,
                copy,
                policy: target.keep,
                reason: decision.reason,
            };
            expire(run, driver, &expiry).await?;
        }
    }
    Ok(())
}

/// A copy that the policy lets go.
struct Expiry<'a> {
    backup: &'a Backup,
    copy: &'a Copy,
    policy: Policy,
    reason: Reason,
}

async fn expire(run: &Run, driver: &dyn Destination, expiry: &Expiry<'_>) -> Result<()> {
    let (store, Expiry { backup, copy, .. }) = (&run.instance.store, expiry);
    // A folder that has lost its manifest and nothing else is nobody's: whoever comes next finishes what this one began.
    let begun = (backup.id, copy.id);
    let spared = store.write(|db| {
        if let Some(why) = spared(db, expiry)? {
            return Ok(Some(why));
        }
        executions::edit_footprint(db, run.id(), run.now(), |footprint| footprint.expiring.push(begun))?;
        Ok(None)
    })?;
    if let Some(why) = spared {
        run.info(format!(
            "{}: kept the copy of {}: {why}",
            copy.destination, backup.taken_at
        ));
        return Ok(());
    }
    if let Err(error) = copies::delete(driver, &copy.path).await {
        // What is left may be without its manifest by now, and then it is no copy any more.
        recover::finish_deletions(run).await?;
        return Err(error);
    }
    let rule = match expiry.policy {
        Policy::Smart { .. } => ", which keeps the newest of a day, week, month or year",
        _ => "",
    };
    let reason = format!("{}{rule}", expiry.reason);
    let event = Event::new(EXPIRE, "backup", backup.id, backup.job_name.clone()).with(serde_json::json!({
        "destination": copy.destination, "path": copy.path, "taken_at": backup.taken_at,
        "policy": expiry.policy.to_string(), "reason": reason, "run": run.id(),
    }));
    store.write(|db| {
        backups::set_state(db, copy.id, CopyState::Deleted, run.now())?;
        executions::edit_footprint(db, run.id(), run.now(), |footprint| {
            footprint.expiring.retain(|known| *known != begun);
        })?;
        audit::append(db, &Actor::engine(), &event, run.now())
    })?;
    run.info(retention::let_go(
        &copy.destination,
        &backup.id.short(),
        &backup.taken_at.to_string(),
        &reason,
    ));
    Ok(())
}

/// Why a copy stays that the policy lets go: since it was judged somebody may have locked its backup, or asked for something
/// to be done with it, and a corrupt copy elsewhere may have to be made anew from it.
fn spared(db: &Db, expiry: &Expiry<'_>) -> Result<Option<String>> {
    let backup = backups::get(db, expiry.backup.id)?;
    if backup.locked {
        return Ok(Some("it was locked".to_owned()));
    }
    let wanted = |open: &Execution| open.request.backup() == Some(backup.id);
    if let Some(open) = executions::open(db)?.iter().find(|open| wanted(open)) {
        return Ok(Some(format!("a {} run works on it", open.kind)));
    }
    let corrupt = backup.copies.iter().find(|copy| copy.state == CopyState::Corrupt);
    let is_last = matches!(backup.readable_copies().as_slice(), [last] if last.id == expiry.copy.id);
    Ok(corrupt.filter(|_| is_last).map(|corrupt| {
        let (at, short) = (&corrupt.destination, backup.id.short());
        format!("the one at {at} is corrupt, and `backstay backup repair {short}` needs this one")
    }))
}

/// What retention may count on: the manifest as it lies there, and objects beside it of the sizes it tells. Copies that are
/// missing or corrupt are recorded as such.
async fn candidate(run: &Run, backup: &Backup, copy: &Copy, driver: &dyn Destination) -> Result<Candidate<CopyId>> {
    let of = |taken_at, locked, complete| Candidate {
        id: copy.id,
        taken_at,
        locked,
        complete,
    };
    let set = |state| {
        let store = &run.instance.store;
        store.write(|db| backups::set_state(db, copy.id, state, run.now()))
    };
    let committed = run.instance.store.read(|db| backups::manifest(db, backup.id))?;
    let read = manifests::read(driver, &copy.path).await;
    let found = read.and_then(|(manifest, _)| {
        if manifest.is_of_the_same(&committed) {
            return Ok(manifest);
        }
        Err(Error::failed("the manifest there is not the one that was committed").on(copy.path.clone()))
    });
    let manifest = match found {
        Ok(manifest) => manifest,
        // Neither a lock nor a date can be lost with it: both are the catalogue's.
        Err(error) if error.kind == Kind::NotFound => {
            if copy.state != CopyState::Missing {
                run.warn(format!("{}: the copy of {} is gone", copy.destination, backup.taken_at));
                set(CopyState::Missing)?;
            }
            return Ok(of(backup.taken_at, backup.locked, false));
        }
        Err(error) => {
            if !error.says_nothing() && copy.state == CopyState::Present {
                set(CopyState::Corrupt)?;
            }
            return Err(Error {
                message: format!("nothing was deleted, since {}", error.message),
                next: format!(
                    "`backstay backup verify {0}` looks at it, `backstay backup repair {0}` mends it",
                    backup.id.short()
                ),
                ..error
            });
        }
    };
    let lying = driver.list(&copy.path).await?;
    let is_whole = copies::sizes_fit(&copy.path, &manifest.objects, &lying);
    if !is_whole && copy.state == CopyState::Present {
        run.warn(format!(
            "{}: the copy of {} lacks an object, or has one of another size",
            copy.destination, backup.taken_at
        ));
        set(CopyState::Corrupt)?;
    }
    let locked = manifest.lock.is_some() || backup.locked;
    let complete = is_whole && retention::counts(backup, copy) && manifest.complete;
    Ok(of(manifest.taken_at, locked, complete))
}
