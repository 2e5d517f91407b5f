//! Backups found at a destination: from manifests alone to rows, so that a catalogue lost with its machine is rebuilt.

use std::collections::BTreeMap;

use super::manifest as manifests;
use crate::destination::{Destination, Entry};
use crate::domain::Result;
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::id::{AdapterId, CopyId, ExecutionId};
use crate::domain::job::Compression;
use crate::domain::manifest::{Inside, Manifest};
use crate::domain::time::Timestamp;
use crate::store::{Db, backups, jobs, profiles};

/// Everything at a destination, by folder (`<job>/<time>-<id>`): what has a manifest and what has not.
#[derive(Debug, Default)]
pub struct Folders {
    /// Folders with a manifest, and the objects in them.
    pub backups: BTreeMap<String, Vec<Entry>>,
    /// Folders without one.
    pub others: BTreeMap<String, Vec<Entry>>,
}

/// Lists a destination, or only one job's part of it.
pub async fn folders(destination: &dyn Destination, prefix: &str) -> Result<Folders> {
    let mut all: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in destination.list(prefix).await? {
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        all.entry(folder).or_default().push(entry);
    }
    let mut found = Folders::default();
    for (folder, entries) in all {
        let manifest = manifests::path_in(&folder);
        let place = if entries.iter().any(|entry| entry.path == manifest) {
            &mut found.backups
        } else {
            &mut found.others
        };
        place.insert(folder, entries);
    }
    Ok(found)
}

/// Where a backup was found, and what it is known to be.
pub struct Found<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// What is inside, when the key is here.
    pub inside: Option<&'a Inside>,
    /// At which destination.
    pub destination: AdapterId,
    /// In which folder.
    pub folder: &'a str,
    /// The state and proof of this copy.
    pub state: CopyState,
    /// What has been proven of it and when.
    pub verified: Option<(Level, Timestamp)>,
    /// Its place in the job's list of destinations.
    pub priority: usize,
    /// The run that made it, if it is known.
    pub execution: Option<ExecutionId>,
}

/// Stores a backup and this copy of it. A backup that is known gets the copy added.
pub fn record(db: &Db, found: &Found<'_>, now: Timestamp) -> Result<()> {
    let manifest = found.manifest;
    let key_id = manifest.encryption.as_ref().map(|note| note.key_id.clone());
    let profile = key_id
        .as_deref()
        .map(|id| profiles::by_key_id(db, id))
        .transpose()?
        .flatten();
    let job = jobs::get(db, manifest.job.id).ok();
    let backup = Backup {
        id: manifest.id,
        execution_id: found.execution,
        job_id: job.map(|job| job.id),
        job_name: manifest.job.name.clone(),
        taken_at: manifest.taken_at,
        driver: manifest.driver.clone(),
        engine_version: manifest.engine_version.clone(),
        databases: found.inside.map(Inside::databases).unwrap_or_default(),
        complete: manifest.complete,
        profile_id: profile.map(|profile| profile.id),
        key_id,
        compression: compression(manifest),
        logical_size: found.inside.map_or(0, Inside::logical_size),
        locked: manifest.lock.is_some(),
        lock_reason: manifest.lock.as_ref().map(|lock| lock.reason.clone()),
        copies: Vec::new(),
    };
    backups::insert(db, &backup, manifest, now)?;
    let copy = Copy {
        id: CopyId::generate(now),
        backup_id: manifest.id,
        destination_id: found.destination,
        destination: String::new(),
        path: found.folder.to_owned(),
        stored_size: manifest.stored_size(),
        state: found.state,
        verified_at: found.verified.map(|(_, at)| at),
        verified_level: found.verified.map(|(level, _)| level),
        verified_ok: found.verified.map(|_| true),
        proven_at: found.verified.map(|(_, at)| at),
        proven_level: found.verified.map(|(level, _)| level),
        out_of_reach_since: None,
    };
    backups::insert_copy(db, &copy, found.priority, now)
}

fn compression(manifest: &Manifest) -> String {
    let note = &manifest.compression;
    match note.level {
        Some(level) => format!("{}:{level}", note.algorithm),
        None => Compression::None.to_string(),
    }
}
