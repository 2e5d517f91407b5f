//! Locks. The row says it at once, so that retention keeps its hands off; then the manifest of every copy, so that the lock
//! survives the catalogue.

use serde::Serialize;
use serde_json::json;

use super::{Material, named, open, refuse_while_expiring};
use crate::catalog::manifest as manifests;
use crate::domain::audit::Event;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::execution::Failure;
use crate::domain::manifest::{Lock, Manifest};
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::store::{Db, backups};
use crate::vault::Key;

/// What came of locking or unlocking.
#[derive(Clone, Debug, Serialize)]
pub struct Locked {
    /// The backup as it is now.
    pub backup: Backup,
    /// Destinations whose manifest could not be written, and why: the lock is in the catalogue only, for them.
    pub failed: Vec<NotWritten>,
}

/// A destination whose manifest does not tell of the lock.
#[derive(Clone, Debug, Serialize)]
pub struct NotWritten {
    /// The destination's name.
    pub destination: String,
    /// Why.
    pub error: Failure,
}

/// Locks a backup: nothing deletes it until it is unlocked. A lock that is there gets the new reason.
pub async fn lock(session: &Session, backup: &str, reason: &str) -> Result<Locked> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::usage("a lock needs a reason").next("say why it is to be kept"));
    }
    set(session, backup, Some(reason)).await
}

/// Unlocks a backup: retention decides about it again.
pub async fn unlock(session: &Session, backup: &str) -> Result<Locked> {
    set(session, backup, None).await
}

/// Asking for what is so already changes no row, and writes the manifests that do not tell of it yet: a destination that was
/// away is caught up with by asking again.
async fn set(session: &Session, backup: &str, reason: Option<&str>) -> Result<Locked> {
    let material = Material::find(&session.instance, backup)?;
    let before = &material.backup;
    let mut manifest = material.manifest.clone();
    let as_it_is = before.locked == reason.is_some() && before.lock_reason.as_deref() == reason;
    if !as_it_is || manifest.lock.is_some() != reason.is_some() {
        manifest.lock = reason.map(|reason| Lock {
            at: session.now(),
            by: session.actor.name.clone(),
            reason: reason.to_owned(),
        });
    }
    let signed = sign(&mut manifest, material.key.as_ref());
    let after = session.instance.store.write(|db| {
        let current = backups::get(db, before.id)?;
        refuse(db, &current)?;
        if as_it_is && manifest == material.manifest {
            return Ok(current);
        }
        backups::set_lock(db, before.id, reason, &manifest, session.now())?;
        session.record(db, &event(before, reason))?;
        backups::get(db, before.id)
    })?;
    let mut failed = Vec::new();
    for copy in after.copies.iter().filter(|copy| copy.state != CopyState::Deleted) {
        if let Err(error) = write(session, copy, &manifest, &signed).await {
            failed.push(NotWritten {
                destination: copy.destination.clone(),
                error: Failure::from(&error),
            });
        }
    }
    Ok(Locked { backup: after, failed })
}

/// A lock on what is gone, or about to be, would be a promise that nobody keeps.
fn refuse(db: &Db, backup: &Backup) -> Result<()> {
    if backup.copies.iter().all(|copy| copy.state == CopyState::Deleted) {
        return Err(Error::not_found("it has no copy left").on(named(backup)));
    }
    refuse_while_expiring(db, backup)
}

fn event(before: &Backup, reason: Option<&str>) -> Event {
    let action = if reason.is_some() {
        "backup.lock"
    } else {
        "backup.unlock"
    };
    let state = |locked: bool, reason: Option<&str>| json!({ "locked": locked, "reason": reason });
    Event::new(action, "backup", before.id, before.id.short()).changed(
        &state(before.locked, before.lock_reason.as_deref()),
        &state(reason.is_some(), reason),
    )
}

fn sign(manifest: &mut Manifest, key: Option<&Key>) -> Result<()> {
    if let (Some(note), None) = (&manifest.encryption, key) {
        return Err(
            Error::failed(format!("the key {} that signs its manifest is not here", note.key_id))
                .next("bring it in with `backstay profile import NAME --key-file FILE`, then lock it again"),
        );
    }
    manifests::sign(manifest, key)
}

/// Replaces the manifest of a copy that tells of another lock. A copy that has none is not a backup any more, and must not
/// look like one.
async fn write(session: &Session, copy: &Copy, manifest: &Manifest, signed: &Result<()>) -> Result<()> {
    let destination = open(session, copy.destination_id)?;
    let (there, _) = manifests::read(destination.driver.as_ref(), &copy.path).await?;
    if there.lock == manifest.lock {
        return Ok(());
    }
    signed.clone()?;
    manifests::write(destination.driver.as_ref(), &copy.path, manifest).await
}
