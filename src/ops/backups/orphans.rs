//! Orphans: what unfinished runs left at a destination. A folder without a manifest, older than a day, of no run that is
//! still going on. Listed for a person, and removed only when told to.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::{destination_called, open};
use crate::catalog::{copies, import};
use crate::destination::Entry;
use crate::domain::audit::Event;
use crate::domain::backup::CopyState;
use crate::domain::execution::Request;
use crate::domain::id::BackupId;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::store::{Db, backups, executions};

/// A folder younger than this may be of a run on another machine that still goes on.
const GRACE: Duration = Duration::from_hours(24);

/// A folder that is not a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// The folder.
    pub folder: String,
    /// When the run began that left it.
    pub taken_at: Timestamp,
    /// Files in it.
    pub files: usize,
    /// Their size together, in bytes.
    pub bytes: u64,
}

/// A folder of a backup that is in the catalogue: its manifest is lost, and it is not to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catalogued {
    /// The folder.
    pub folder: String,
    /// The backup whose copy it is.
    pub backup: BackupId,
}

/// The folders without a manifest at a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Those that are nobody's.
    pub orphans: Vec<Orphan>,
    /// Those that are copies of known backups, which a repair makes whole.
    pub catalogued: Vec<Catalogued>,
}

/// What has no manifest at a destination, by folder.
pub async fn find_orphans(session: &Session, destination: &str) -> Result<Found> {
    let adapter = session.instance.store.read(|db| destination_called(db, destination))?;
    let opened = open(session, adapter.id)?;
    // Before the listing: a run that ends in between still counts as going on.
    let in_use = session.instance.store.read(in_use)?;
    let folders = import::folders(opened.driver.as_ref(), "")
        .await
        .map_err(|error| error.or_on(format!("adapter {}", adapter.name)))?;
    let now = session.now();
    let mut orphans = Vec::new();
    let mut catalogued = Vec::new();
    for (folder, entries) in folders.others {
        let known = session
            .instance
            .store
            .read(|db| backups::copy_at(db, adapter.id, &folder))?;
        match known.filter(|copy| copy.state != CopyState::Deleted) {
            Some(copy) => catalogued.push(Catalogued {
                folder,
                backup: copy.backup_id,
            }),
            None => orphans.extend(orphan(folder, &entries, &in_use, now)),
        }
    }
    Ok(Found { orphans, catalogued })
}

/// Folders that open runs write to: those of backups being made, and those of backups being repaired.
fn in_use(db: &Db) -> Result<BTreeSet<String>> {
    let mut folders = BTreeSet::new();
    for run in executions::open(db)? {
        if let Request::Repair { backup } = &run.request
            && let Some(backup) = backups::by_id(db, *backup)?
        {
            folders.extend(backup.copies.into_iter().map(|copy| copy.path));
        }
        folders.extend(run.path);
    }
    Ok(folders)
}

/// Deletes orphans found before. Each is looked at again first: what has become a backup in the meantime stays.
pub async fn remove_orphans(session: &Session, destination: &str, found: &[Orphan]) -> Result<()> {
    let adapter = session.instance.store.read(|db| destination_called(db, destination))?;
    let opened = open(session, adapter.id)?;
    let still: BTreeSet<String> = find_orphans(session, destination)
        .await?
        .orphans
        .into_iter()
        .map(|orphan| orphan.folder)
        .collect();
    for orphan in found.iter().filter(|orphan| still.contains(&orphan.folder)) {
        // On record first: what is gone without a word is worse than a word of what is still there.
        let facts = json!({ "folder": orphan.folder, "bytes": orphan.bytes });
        let event = Event::new("backup.remove_orphan", "adapter", adapter.id, &adapter.name).with(facts);
        session.instance.store.write(|db| session.record(db, &event))?;
        copies::take_back(opened.driver.as_ref(), &orphan.folder).await?;
    }
    let left = found.iter().find(|orphan| !still.contains(&orphan.folder));
    match left {
        None => Ok(()),
        Some(orphan) => Err(Error::refused("it is no orphan any more").on(orphan.folder.clone())),
    }
}

fn orphan(folder: String, entries: &[Entry], in_use: &BTreeSet<String>, now: Timestamp) -> Option<Orphan> {
    let taken_at = taken_at(&folder)?;
    if in_use.contains(&folder) || now.since(taken_at) < GRACE {
        return None;
    }
    Some(Orphan {
        folder,
        taken_at,
        files: entries.len(),
        bytes: entries.iter().map(|entry| entry.size).sum(),
    })
}

/// When a run began, from its folder's name `<job>/<2026-11-21T03-00-00Z>-<8 hex>`. Nothing for a stranger's folder: only
/// what Backstay named is Backstay's to delete.
fn taken_at(folder: &str) -> Option<Timestamp> {
    let (_, name) = folder.split_once('/').filter(|(_, name)| !name.contains('/'))?;
    let (time, id) = name.rsplit_once('-')?;
    if id.len() != 8 || !id.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let (date, clock) = time.split_once('T')?;
    Timestamp::parse(&format!("{date}T{}", clock.replace('-', ":"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "nightly/2026-11-21T03-00-00Z-0123abcd";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn found(folder: &str, in_use: &[&str], now: &str) -> Option<Orphan> {
        let entries = [Entry {
            path: format!("{folder}/app.db"),
            size: 7,
        }];
        let in_use = in_use.iter().map(|&folder| folder.to_owned()).collect();
        orphan(folder.to_owned(), &entries, &in_use, at(now))
    }

    #[test]
    fn a_folder_tells_when_its_run_began() {
        assert_eq!(taken_at(FOLDER), Some(at("2026-11-21T03:00:00Z")));
    }

    #[test]
    fn a_strangers_folder_is_nobodys_orphan() {
        for folder in [
            "",
            "photos",
            "photos/2026",
            "nightly/2026-11-21T03-00-00Z-xyz",
            "a/b/2026-11-21T03-00-00Z-0123abcd",
        ] {
            assert_eq!(taken_at(folder), None, "{folder}");
        }
    }

    #[test]
    fn what_is_young_or_in_use_is_left_alone() {
        assert_eq!(found(FOLDER, &[], "2026-11-22T02:59:59Z"), None);
        assert_eq!(found(FOLDER, &[FOLDER], "2026-12-01T00:00:00Z"), None);
        assert_eq!(found(FOLDER, &[], "2026-11-22T03:00:00Z").unwrap().bytes, 7);
    }
}
