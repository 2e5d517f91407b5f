//! Backups: listed, shown, proven, repaired, locked, deleted, read, and found again at a destination.

use serde::Serialize;

use super::runs::{self, Asked};
use super::{Session, status};
use crate::catalog::{endpoints, keys, manifest as manifests};
use crate::domain::adapter::{Adapter, AdapterType};
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::execution::{Request, Trigger, VerifyRequest};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::manifest::{Inside, InsideObject, Manifest, ObjectKind, Stats, StoredObject};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::instance::Instance;
use crate::store::{Db, adapters, backups, executions, jobs};
use crate::vault::Key;

mod lock;
mod orphans;
mod page;
mod read;
mod remove;
mod scan;
mod storage;

pub use lock::{Locked, lock, unlock};
pub use orphans::{Catalogued, Found, Orphan, find_orphans, remove_orphans};
pub use page::{Wanted, find, jobs_of, page};
pub use read::{Download, Fetch, Form, Plan, cat, download, plan_download};
pub use remove::{Removal, plan_removal, remove};
pub use scan::{Scanned, Unreadable, scan};
pub use storage::{Storage, Week, storage};

/// A backup with what is known of its objects.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The backup and its copies.
    #[serde(flatten)]
    pub backup: Backup,
    /// The name of the source adapter it was made from; absent when its key is not here.
    pub source: Option<String>,
    /// Its objects.
    pub objects: Vec<ShownObject>,
    /// What was asked for and is not in it, with the reason.
    pub missing: Vec<String>,
    /// Why it cannot be said what is inside, when it cannot.
    pub sealed: Option<String>,
    /// The command that mends it, where a copy is missing or corrupt.
    pub mend: Option<String>,
    /// Newer backups that were passed over, in words, when it was asked for as the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One object of a backup. Sizes in bytes; what is inside is absent when the key is not here.
#[derive(Clone, Debug, Serialize)]
pub struct ShownObject {
    /// File name in the folder.
    pub name: String,
    /// Bytes stored.
    pub stored_size: u64,
    /// SHA-256 of the stored bytes, hex.
    pub sha256: String,
    /// A database, or cluster-wide definitions.
    pub kind: Option<ObjectKind>,
    /// The database's name.
    pub database: Option<String>,
    /// Plain bytes.
    pub logical_size: Option<u64>,
    /// What was counted while it was dumped.
    pub stats: Option<Stats>,
}

/// What to prove of a backup, in the words of people.
#[derive(Clone, Debug)]
pub struct Proof {
    /// How hard.
    pub level: Level,
    /// Only the copy at this destination.
    pub destination: Option<String>,
    /// The source adapter a scratch database is made on.
    pub scratch: Option<String>,
}

/// What came of asking for a repair.
#[derive(Clone, Debug)]
pub enum Repair {
    /// The engine does it.
    Asked(Box<Asked>),
    /// Every copy is there, and none is known to be damaged.
    NothingToDo {
        /// The backup.
        backup: BackupId,
        /// What the operator should know, one sentence each.
        notes: Vec<String>,
    },
}

/// One backup with its objects, by id or `latest:JOB`.
pub fn show(session: &Session, backup: &str) -> Result<Shown> {
    let material = Material::find(&session.instance, backup)?;
    let inside_of = |name: &str| {
        material
            .inside
            .as_ref()
            .ok()?
            .objects
            .iter()
            .find(|inside| inside.name == name)
    };
    let objects = material.manifest.objects.iter().map(|stored| {
        let inside = inside_of(&stored.name);
        ShownObject {
            name: stored.name.clone(),
            stored_size: stored.stored_size,
            sha256: stored.sha256.clone(),
            kind: inside.map(|inside| inside.kind),
            database: inside.and_then(|inside| inside.database.clone()),
            logical_size: inside.map(|inside| inside.logical_size),
            stats: inside.map(|inside| inside.stats.clone()),
        }
    });
    Ok(Shown {
        objects: objects.collect(),
        source: material.inside.as_ref().ok().map(|inside| inside.source.clone()),
        missing: material
            .inside
            .as_ref()
            .map(|inside| inside.missing.clone())
            .unwrap_or_default(),
        sealed: material.inside.as_ref().err().map(ToString::to_string),
        note: material.note,
        mend: session
            .instance
            .store
            .read(|db| status::mend(db, &material.backup, session.now()))?,
        backup: material.backup,
    })
}

/// Asks for a verification.
pub fn verify(session: &Session, asked: &str, proof: &Proof, trigger: Trigger) -> Result<Asked> {
    session.instance.store.write(|db| {
        let backup = backups::find(db, asked, session.now())?;
        let notes = passed_over(db, asked, &backup, session.now())?.into_iter().collect();
        let copies: Vec<&Copy> = backup
            .copies
            .iter()
            .filter(|copy| copy.state != CopyState::Deleted)
            .collect();
        let destination = proof
            .destination
            .as_deref()
            .map(|name| destination_called(db, name))
            .transpose()?;
        let wanted = |copy: &&Copy| {
            destination
                .as_ref()
                .is_none_or(|wanted| wanted.id == copy.destination_id)
        };
        if !copies.iter().any(wanted) {
            return Err(Error::not_found("there is no copy to verify")
                .on(named(&backup))
                .next("`backstay backup show` tells what became of its copies"));
        }
        if proof.scratch.is_some() && proof.level != Level::Restore {
            return Err(Error::usage("a scratch adapter is only for level restore")
                .next("verify at level restore, or leave the scratch adapter out"));
        }
        let scratch = if proof.level == Level::Restore {
            Some(scratch(db, &backup, proof)?)
        } else {
            None
        };
        let request = Request::Verify(VerifyRequest {
            backup: backup.id,
            destination: destination.map(|adapter| adapter.id),
            level: proof.level,
            scratch,
        });
        let execution = runs::ask_about(session, db, &backup, request, trigger, "backup.verify")?;
        Ok(Asked { execution, notes })
    })
}

/// Where the scratch database is made: the adapter named, else the source of the backup's job.
fn scratch(db: &Db, backup: &Backup, proof: &Proof) -> Result<AdapterId> {
    if let Some(name) = &proof.scratch {
        return source_called(db, name, &backup.driver).map(|adapter| adapter.id);
    }
    let job = backup.job_id.map(|id| jobs::get(db, id)).transpose()?;
    let source = job.map(|job| adapters::get(db, job.source_id)).transpose()?;
    source
        .filter(|source| source.driver == backup.driver)
        .map(|source| source.id)
        .ok_or_else(|| {
            Error::usage("its job has no source of that kind any more to make a scratch database on")
                .on(named(backup))
                .next("name another source for it")
        })
}

/// Asks for a repair: copies that are missing or corrupt are made anew from a good one.
pub fn repair(session: &Session, asked: &str, trigger: Trigger) -> Result<Repair> {
    session.instance.store.write(|db| {
        let backup = backups::find(db, asked, session.now())?;
        let notes = passed_over(db, asked, &backup, session.now())?.into_iter().collect();
        if !backup.copies.iter().any(|copy| copy.state.is_broken()) {
            return Ok(Repair::NothingToDo {
                backup: backup.id,
                notes,
            });
        }
        if backup.readable_copies().is_empty() {
            return Err(Error::failed("it has no good copy to repair the others from")
                .on(named(&backup))
                .next("`backstay backup verify` looks at each copy again; if none is good, run the job again"));
        }
        let request = Request::Repair { backup: backup.id };
        if let Some(open) = executions::open(db)?.iter().find(|open| open.request == request) {
            return Err(Error::busy("a repair of it is under way")
                .on(named(&backup))
                .next(format!("`backstay logs {} -f` follows it", open.id.short())));
        }
        let execution = runs::ask_about(session, db, &backup, request, trigger, "backup.repair")?;
        Ok(Repair::Asked(Box::new(Asked { execution, notes })))
    })
}

/// What to say of newer backups that `latest:JOB` passed over to come to `found`; nothing when it is the newest, or was
/// asked for by its id.
pub(super) fn passed_over(db: &Db, asked: &str, found: &Backup, now: Timestamp) -> Result<Option<String>> {
    let Some(job) = asked.strip_prefix("latest:") else {
        return Ok(None);
    };
    let id = jobs::by_name(db, job)?.map(|job| job.id);
    if found.is_ahead(now) {
        return Ok(Some(format!(
            "it is dated {}, ahead of this machine's clock, as every good backup of the job is; set the clock right",
            found.taken_at
        )));
    }
    let (ahead, newer): (Vec<Backup>, Vec<Backup>) = backups::newer(db, id, job, found)?
        .into_iter()
        .partition(|backup| backup.is_ahead(now));
    let passed = newer.first().map(|newest| {
        let at = newest.taken_at;
        match newer.len() {
            1 if newest.complete => format!("the newest backup, of {at}, has no good copy; this is the one before"),
            1 => format!("the newest backup, of {at}, is not complete; this is the one before"),
            count => format!(
                "the {count} newest backups, the last of {at}, have no good copy or are not complete; this is the one before them"
            ),
        }
    });
    let ahead = ahead.first().map(|first| {
        let (short, at) = (first.id.short(), first.taken_at);
        format!("backup {short} is dated {at}, ahead of this machine's clock, and is passed over; asked for by its id it is read")
    });
    let notes: Vec<String> = passed.into_iter().chain(ahead).collect();
    Ok((!notes.is_empty()).then(|| notes.join("; ")))
}

/// What errors call a backup.
pub(super) fn named(backup: &Backup) -> String {
    format!("backup {} of {}", backup.id.short(), backup.job_name)
}

/// Refuses while retention deletes a copy of it: what becomes of it is known in a moment.
pub(super) fn refuse_while_expiring(db: &Db, backup: &Backup) -> Result<()> {
    for run in executions::open(db)? {
        let expiring = executions::footprint(db, run.id)?.expiring;
        if expiring.iter().any(|(id, _)| *id == backup.id) {
            return Err(Error::busy("retention is deleting a copy of it")
                .on(named(backup))
                .next(format!(
                    "wait for run {}, then look at what is left of it",
                    run.id.short()
                )));
        }
    }
    Ok(())
}

/// A backup with its committed manifest and, when its key is here, what is inside.
pub(super) struct Material {
    pub(super) backup: Backup,
    /// Newer backups that were passed over, in words, when it was asked for as the latest.
    pub(super) note: Option<String>,
    pub(super) manifest: Manifest,
    pub(super) key: Option<Key>,
    pub(super) inside: Result<Inside>,
}

impl Material {
    pub(super) fn find(instance: &Instance, asked: &str) -> Result<Self> {
        let now = instance.clock.now();
        let (backup, note, manifest) = instance.store.read(|db| {
            let backup = backups::find(db, asked, now)?;
            let note = passed_over(db, asked, &backup, now)?;
            let manifest = backups::manifest(db, backup.id)?;
            Ok((backup, note, manifest))
        })?;
        let key = match &manifest.encryption {
            Some(note) => keys::by_key_id(instance, &note.key_id).map(|(_, key)| Some(key)),
            None => Ok(None),
        };
        Ok(Self {
            inside: key.clone().and_then(|key| manifests::inside(&manifest, key.as_ref())),
            key: key.ok().flatten(),
            backup,
            note,
            manifest,
        })
    }

    /// The best copy there is, or the one at `destination`.
    pub(super) fn copy(&self, instance: &Instance, destination: Option<&str>) -> Result<&Copy> {
        let wanted = match destination {
            Some(name) => Some(instance.store.read(|db| destination_called(db, name))?),
            None => None,
        };
        let fits = |copy: &&Copy| wanted.as_ref().is_none_or(|adapter| adapter.id == copy.destination_id);
        let readable = self.backup.copies_to_try().into_iter().find(fits);
        readable.ok_or_else(|| self.unreadable(wanted.as_ref()))
    }

    /// Why no copy can be read, or none at the destination that was asked for.
    fn unreadable(&self, wanted: Option<&Adapter>) -> Error {
        let Some(wanted) = wanted else {
            return Error::not_found("there is no copy to read from")
                .on(named(&self.backup))
                .next("`backstay backup show` tells what became of its copies");
        };
        let error = Error::not_found(format!("it has no copy at {}", wanted.name)).on(named(&self.backup));
        match self.backup.copies_to_try().first() {
            None => error.next("no other copy is there either: use another backup, or run the job again"),
            Some(other) => error.next(format!("read it from {}", other.destination)),
        }
    }

    /// What is known of an object's inside; an error when the backup is sealed and its key is not here.
    pub(super) fn inside_of(&self, stored: &StoredObject) -> Result<&InsideObject> {
        let inside = self
            .inside
            .as_ref()
            .map_err(|error| error.clone().or_on(named(&self.backup)))?;
        inside
            .objects
            .iter()
            .find(|inside| inside.name == stored.name)
            .ok_or_else(|| Error::failed("the manifest does not say what is inside").on(stored.name.clone()))
    }
}

/// The destination adapter of that name or id.
pub(super) fn destination_called(db: &Db, name: &str) -> Result<Adapter> {
    of_type(adapters::find(db, name)?, AdapterType::Destination)
}

/// The source adapter of that name or id, which has to be of `driver`.
pub(super) fn source_called(db: &Db, name: &str, driver: &str) -> Result<Adapter> {
    let adapter = of_type(adapters::find(db, name)?, AdapterType::Source)?;
    if adapter.driver == driver {
        return Ok(adapter);
    }
    Err(Error::usage(format!(
        "a {driver} backup does not go into a {} source",
        adapter.driver
    ))
    .on(format!("adapter {}", adapter.name))
    .next(format!(
        "name a source with driver {driver}; `backstay adapter list` shows them"
    )))
}

fn of_type(adapter: Adapter, wanted: AdapterType) -> Result<Adapter> {
    if adapter.kind == wanted {
        return Ok(adapter);
    }
    Err(Error::usage(format!("it is a {}, not a {wanted}", adapter.kind))
        .on(format!("adapter {}", adapter.name))
        .next(format!("name a {wanted}; `backstay adapter list` shows which is what")))
}

/// Opens the destination a copy is at.
pub(super) fn open(
    session: &Session,
    destination: AdapterId,
) -> Result<endpoints::Opened<dyn crate::destination::Destination>> {
    endpoints::destination(&session.instance, destination)
}
