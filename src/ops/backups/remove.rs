//! Deleting a backup on request: looked at first, refused while it is locked, in use, or the last good one of its job.

use serde::Serialize;
use serde_json::json;

use super::lock::NotWritten;
use super::{named, open, refuse_while_expiring};
use crate::catalog::{copies, manifest as manifests};
use crate::domain::audit::Event;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::error::joined;
use crate::domain::execution::Failure;
use crate::domain::id::BackupId;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, words};
use crate::ops::Session;
use crate::store::{Db, backups, executions};

/// What came of deleting.
#[derive(Clone, Debug, Serialize)]
pub struct Removal {
    /// The backup as it is now.
    pub backup: Backup,
    /// Copies that are still there, and why.
    pub failed: Vec<NotWritten>,
}

/// The backup that would be deleted, if nothing is against it. `force` lets the newest good backup of a job go.
pub fn plan_removal(session: &Session, backup: &str, force: bool) -> Result<Backup> {
    session.instance.store.read(|db| {
        let backup = backups::find(db, backup, session.now())?;
        refuse(db, &backup, force, session.now())?;
        Ok(backup)
    })
}

/// Deletes the copies at their destinations; the backup stays in the catalogue as deleted.
pub async fn remove(session: &Session, backup: &str, force: bool) -> Result<Removal> {
    let backup = plan_removal(session, backup, force)?;
    let facts = json!({ "job": backup.job_name, "taken_at": backup.taken_at, "forced": force });
    let event = Event::new("backup.remove", "backup", backup.id, backup.id.short()).with(facts);
    let going = session.instance.store.write(|db| {
        // Somebody may have locked it while it was being confirmed.
        let backup = backups::get(db, backup.id)?;
        refuse(db, &backup, force, session.now())?;
        let going: Vec<Copy> = backup
            .copies
            .into_iter()
            .filter(|copy| copy.state != CopyState::Deleted)
            .collect();
        // Before the first byte goes: whatever interrupts this, no row tells of a copy that is not there, and nobody locks it.
        for copy in &going {
            backups::set_state(db, copy.id, CopyState::Deleted, session.now())?;
        }
        session.record(db, &event)?;
        Ok(going)
    })?;
    let mut failed = Vec::new();
    for copy in &going {
        let deleted = async {
            let destination = open(session, copy.destination_id)?;
            copies::delete(destination.driver.as_ref(), &copy.path).await
        };
        if let Err(error) = deleted.await {
            keep_if_there(session, copy).await?;
            failed.push(NotWritten {
                destination: copy.destination.clone(),
                error: Failure::from(&to_be_done(backup.id, &copy.destination, error)),
            });
        }
    }
    let backup = session.instance.store.read(|db| backups::get(db, backup.id))?;
    Ok(Removal { backup, failed })
}

/// Why a copy stays, with what deletes it later; where its destination never answers again, it can only be forgotten.
fn to_be_done(backup: BackupId, destination: &str, error: Error) -> Error {
    let (short, quoted) = (backup.short(), words::quoted(destination));
    let then = format!("then `backstay backup remove {short}` deletes that copy too");
    let never = format!("if {destination} is gone for good, `backstay adapter remove {quoted} --forget-copies`");
    let next = joined([error.next.as_str(), &then, &never]);
    error.next(next)
}

/// A copy that could not be deleted is what it was before, unless its manifest is known to be gone: then what is left of it
/// is an orphan.
async fn keep_if_there(session: &Session, copy: &Copy) -> Result<()> {
    let looked = async {
        let destination = open(session, copy.destination_id)?;
        destination.driver.stat(&manifests::path_in(&copy.path)).await
    };
    if matches!(looked.await, Ok(None)) {
        return Ok(());
    }
    let now = session.now();
    let store = &session.instance.store;
    store.write(|db| backups::set_state(db, copy.id, copy.state, now))
}

fn refuse(db: &Db, backup: &Backup, force: bool, now: Timestamp) -> Result<()> {
    let short = backup.id.short();
    if backup.copies.iter().all(|copy| copy.state == CopyState::Deleted) {
        return Err(Error::not_found("it has no copy left that could be deleted").on(named(backup)));
    }
    if backup.locked {
        let reason = backup.lock_reason.as_deref().unwrap_or("no reason given");
        return Err(Error::refused(format!("it is locked: {reason}"))
            .on(named(backup))
            .next(format!("`backstay backup unlock {short}` first")));
    }
    let in_use = executions::open(db)?
        .into_iter()
        .find(|run| Some(run.id) == backup.execution_id || run.request.backup() == Some(backup.id));
    if let Some(run) = in_use {
        return Err(Error::busy(format!("a {} run works on it", run.kind))
            .on(named(backup))
            .next(format!("wait for it, or `backstay runs cancel {}`", run.id.short())));
    }
    refuse_while_expiring(db, backup)?;
    let newest =
        backups::latest(db, backup.job_id, &backup.job_name, now)?.is_some_and(|latest| latest.id == backup.id);
    if newest && !force {
        return Err(Error::refused("it is the newest good backup of its job")
            .on(named(backup))
            .next(format!(
                "run the job first; `backstay backup remove {short} --force` removes it all the same"
            )));
    }
    Ok(())
}
