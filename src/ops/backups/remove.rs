//! Deleting a backup on request: looked at first, refused while it is locked, in use, or the last good one of its job.

use serde::Serialize;
use serde_json::json;

use super::lock::NotWritten;
use super::{named, open};
use crate::catalog::copies;
use crate::domain::audit::Event;
use crate::domain::backup::{Backup, CopyState};
use crate::domain::execution::{Failure, Request};
use crate::domain::id::BackupId;
use crate::domain::{Error, Result};
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
        let backup = backups::find(db, backup)?;
        refuse(db, &backup, force)?;
        Ok(backup)
    })
}

/// Deletes the copies at their destinations; the backup stays in the catalogue as deleted.
pub async fn remove(session: &Session, backup: &str, force: bool) -> Result<Removal> {
    let backup = plan_removal(session, backup, force)?;
    let facts = json!({ "job": backup.job_name, "taken_at": backup.taken_at, "forced": force });
    let event = Event::new("backup.remove", "backup", backup.id, backup.id.short()).with(facts);
    session.instance.store.write(|db| {
        // Somebody may have locked it while it was being confirmed.
        refuse(db, &backups::get(db, backup.id)?, force)?;
        session.record(db, &event)
    })?;
    let mut failed = Vec::new();
    for copy in backup.copies.iter().filter(|copy| copy.state != CopyState::Deleted) {
        let deleted = async {
            let destination = open(session, copy.destination_id)?;
            copies::delete(destination.driver.as_ref(), &copy.path).await
        };
        match deleted.await {
            Ok(()) => {
                let now = session.now();
                session
                    .instance
                    .store
                    .write(|db| backups::set_state(db, copy.id, CopyState::Deleted, now))?;
            }
            Err(error) => failed.push(NotWritten {
                destination: copy.destination.clone(),
                error: Failure::from(&error),
            }),
        }
    }
    let backup = session.instance.store.read(|db| backups::get(db, backup.id))?;
    Ok(Removal { backup, failed })
}

fn refuse(db: &Db, backup: &Backup, force: bool) -> Result<()> {
    let short = backup.id.short();
    if backup.copies.iter().all(|copy| copy.state == CopyState::Deleted) {
        return Err(Error::not_found("every copy of it was deleted before").on(named(backup)));
    }
    if backup.locked {
        let reason = backup.lock_reason.as_deref().unwrap_or("no reason given");
        return Err(Error::refused(format!("it is locked: {reason}"))
            .on(named(backup))
            .next(format!("`backstay backup unlock {short}` first")));
    }
    let in_use = executions::open(db)?
        .into_iter()
        .find(|run| about(&run.request) == Some(backup.id));
    if let Some(run) = in_use {
        return Err(Error::busy(format!("a {} run works on it", run.kind))
            .on(named(backup))
            .next(format!("wait for it, or `backstay runs cancel {}`", run.id.short())));
    }
    let newest = backups::latest(db, backup.job_id, &backup.job_name)?.is_some_and(|latest| latest.id == backup.id);
    if newest && !force {
        return Err(Error::refused("it is the newest good backup of its job")
            .on(named(backup))
            .next(format!(
                "run the job first, or give --force: `backstay backup remove {short} --force`"
            )));
    }
    Ok(())
}

fn about(request: &Request) -> Option<BackupId> {
    match request {
        Request::Backup => None,
        Request::Restore(request) => Some(request.backup),
        Request::Verify(request) => Some(request.backup),
        Request::Repair { backup } => Some(*backup),
    }
}
