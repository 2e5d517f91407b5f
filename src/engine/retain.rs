//! Retention at one destination after a run: what the policy lets go is deleted there, and nothing else.
//!
//! Judged by the manifests as they lie at the destination. One that cannot be read deletes nothing at all: it might be the
//! lock that keeps a backup, or the newest one there is.

use chrono_tz::Tz;

use super::run::Run;
use crate::catalog::{copies, manifest as manifests};
use crate::destination::Destination;
use crate::domain::audit::{Actor, Event};
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::id::{AdapterId, CopyId};
use crate::domain::job::Job;
use crate::domain::retention::{Candidate, plan};
use crate::domain::time::zone;
use crate::store::executions::{self, Footprint};
use crate::store::{audit, backups, jobs};

/// Applies the job's policy at `destination`.
pub async fn apply(run: &Run, job: &Job, destination: AdapterId, driver: &dyn Destination) -> Result<()> {
    let instance = &run.instance;
    let Some(target) = jobs::policy(job, destination).filter(|target| !target.keep.keeps_everything()) else {
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
    {
        let held = copy.destination_id == destination && matches!(copy.state, CopyState::Present | CopyState::Corrupt);
        if held && let Some(candidate) = candidate(run, backup, copy, driver).await? {
            candidates.push(candidate);
            here.push((backup, copy));
        }
    }
    for decision in plan(target.keep, &candidates, zone, run.now())
        .iter()
        .filter(|decision| !decision.keep)
    {
        let Some((backup, copy)) = here.iter().find(|(_, copy)| copy.id == decision.id) else {
            continue;
        };
        // A folder that has lost its manifest and nothing else is nobody's: the next engine finishes what this one began.
        let begun = Footprint {
            deleting: Some((backup.id, copy.id)),
            ..Footprint::default()
        };
        let spared = instance.store.write(|db| {
            // Since it was judged somebody may have locked it, or asked for something to be done with it.
            let wanted = executions::open(db)?
                .iter()
                .any(|open| open.request.backup() == Some(backup.id));
            if wanted || backups::get(db, backup.id)?.locked {
                return Ok(true);
            }
            executions::set_footprint(db, run.id(), None, &begun, run.now())?;
            Ok(false)
        })?;
        if spared {
            continue;
        }
        copies::delete(driver, &copy.path).await?;
        let event = Event::new("backup.expire", "backup", backup.id, backup.job_name.clone()).with(serde_json::json!({
            "destination": copy.destination, "path": copy.path, "taken_at": backup.taken_at,
            "policy": target.keep.to_string(), "reason": decision.reason.to_string(),
        }));
        instance.store.write(|db| {
            backups::set_state(db, copy.id, CopyState::Deleted, run.now())?;
            executions::set_footprint(db, run.id(), None, &Footprint::default(), run.now())?;
            audit::append(db, &Actor::engine(), &event, run.now())
        })?;
        run.info(format!(
            "{}: deleted the copy of {} ({})",
            copy.destination, backup.taken_at, decision.reason
        ));
    }
    Ok(())
}

/// What retention may count on: the manifest as it lies there. A copy that is gone is recorded as such.
async fn candidate(
    run: &Run,
    backup: &Backup,
    copy: &Copy,
    driver: &dyn Destination,
) -> Result<Option<Candidate<CopyId>>> {
    let manifest = match manifests::read(driver, &copy.path).await {
        Ok((manifest, _)) => manifest,
        Err(error) if error.kind == Kind::NotFound => {
            run.warn(format!("{}: the copy of {} is gone", copy.destination, backup.taken_at));
            run.instance
                .store
                .write(|db| backups::set_state(db, copy.id, CopyState::Missing, run.now()))?;
            return Ok(None);
        }
        Err(error) => {
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
    if manifest.id != backup.id {
        return Err(
            Error::failed("nothing was deleted, since a manifest there is of another backup").on(copy.path.clone()),
        );
    }
    Ok(Some(Candidate {
        id: copy.id,
        taken_at: manifest.taken_at,
        locked: manifest.lock.is_some() || backup.locked,
        complete: manifest.complete && copy.state == CopyState::Present && copy.verified_ok != Some(false),
    }))
}
