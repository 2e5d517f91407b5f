//! What retention would keep and let go, before it does: judged by what the catalogue knows, as the run will judge by the
//! manifests at the destination.

use serde::Serialize;

use crate::domain::Result;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::id::{AdapterId, BackupId, CopyId};
use crate::domain::job::Job;
use crate::domain::retention::{self, Candidate, Policy, plan};
use crate::domain::time::{Timestamp, zone};
use crate::ops::Session;
use crate::store::{Db, backups, jobs};

/// What would happen at one destination.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The destination.
    pub destination: String,
    /// The policy it was judged by.
    pub keep: Policy,
    /// Every copy there, newest first.
    pub copies: Vec<PreviewedCopy>,
}

/// What would happen to one copy.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewedCopy {
    /// Its backup.
    pub backup: BackupId,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// Bytes stored.
    pub stored_size: u64,
    /// Whether it stays.
    pub keep: bool,
    /// Why.
    pub reason: String,
}

/// What the job's policies would do now, or what `instead` would do in their place.
pub fn preview(session: &Session, name: &str, instead: Option<Policy>) -> Result<Vec<Preview>> {
    session.instance.store.read(|db| {
        let job = jobs::find(db, name)?;
        let targets = job.destination_ids.iter().zip(&job.definition.destinations);
        targets
            .map(|(id, target)| {
                let keep = instead.unwrap_or(target.keep);
                Ok(Preview {
                    destination: target.adapter.clone(),
                    keep,
                    copies: judge(session, db, &job, *id, keep)?,
                })
            })
            .collect()
    })
}

fn judge(session: &Session, db: &Db, job: &Job, destination: AdapterId, keep: Policy) -> Result<Vec<PreviewedCopy>> {
    let known = backups::at_destination(db, job.id, destination)?;
    let here: Vec<(&Backup, &Copy)> = known
        .iter()
        .flat_map(|backup| backup.copies.iter().map(move |copy| (backup, copy)))
        .filter(|(_, copy)| copy.destination_id == destination && copy.state != CopyState::Deleted)
        .collect();
    let candidates: Vec<Candidate<CopyId>> = here.iter().map(|(backup, copy)| candidate(backup, copy)).collect();
    let decisions = plan(keep, &candidates, zone(&job.definition.timezone)?, session.now());
    let shown = decisions.into_iter().filter_map(|decision| {
        let (backup, copy) = here.iter().find(|(_, copy)| copy.id == decision.id)?;
        Some(PreviewedCopy {
            backup: backup.id,
            taken_at: backup.taken_at,
            stored_size: copy.stored_size,
            keep: decision.keep,
            reason: decision.reason.to_string(),
        })
    });
    Ok(shown.collect())
}

fn candidate(backup: &Backup, copy: &Copy) -> Candidate<CopyId> {
    Candidate {
        id: copy.id,
        taken_at: backup.taken_at,
        locked: backup.locked,
        complete: retention::counts(backup, copy),
    }
}
