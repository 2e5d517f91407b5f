//! The catalogue rebuilt from what lies at a destination: manifests become rows, rows whose folder is gone are marked missing.

use serde::Serialize;
use serde_json::json;

use super::{destination_called, open};
use crate::catalog::import::{self, Found};
use crate::catalog::{copies, keys, manifest as manifests};
use crate::destination::{Destination, Entry};
use crate::domain::audit::Event;
use crate::domain::backup::{Copy, CopyState};
use crate::domain::execution::Failure;
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::manifest::{Inside, Manifest};
use crate::domain::naming;
use crate::domain::paging::Edge;
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::store::backups::{self, Filter};
use crate::vault::Key;

/// Backups read from the catalogue at once.
const PAGE: u32 = 500;

/// What a scan of a destination found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scanned {
    /// Backups whose copy here was not known.
    pub new: Vec<BackupId>,
    /// Copies that were known, and are there.
    pub known: usize,
    /// Folders whose manifest cannot be used, and why.
    pub unreadable: Vec<Unreadable>,
    /// Folders of copies that were known and are gone; they are marked missing.
    pub missing: Vec<String>,
    /// Backups that were taken in and whose key is not here: they cannot be read until it is brought in.
    pub without_key: Vec<BackupId>,
}

/// A folder whose manifest cannot be used.
#[derive(Clone, Debug, Serialize)]
pub struct Unreadable {
    /// The folder.
    pub folder: String,
    /// Why.
    pub error: Failure,
}

/// Scans a destination. What cannot be read is told of and stops nothing; a listing that fails does, and changes nothing.
pub async fn scan(session: &Session, destination: &str) -> Result<Scanned> {
    let adapter = session.instance.store.read(|db| destination_called(db, destination))?;
    let opened = open(session, adapter.id)?;
    // Before the listing: a copy that is committed after it is in neither.
    let known = believed_there(session, adapter.id)?;
    let folders = import::folders(opened.driver.as_ref(), "")
        .await
        .map_err(|error| error.or_on(format!("adapter {}", adapter.name)))?;
    let mut scanned = Scanned::default();
    for (folder, lying) in &folders.backups {
        let place = Place {
            destination: adapter.id,
            folder,
            lying,
        };
        if let Err(error) = take_in(session, opened.driver.as_ref(), &place, &mut scanned).await {
            mark_if_damaged(session, &place, &error)?;
            scanned.unreadable.push(Unreadable {
                folder: folder.clone(),
                error: Failure::from(&error),
            });
        }
    }
    let unlisted = known.iter().filter(|copy| !folders.backups.contains_key(&copy.path));
    for copy in unlisted {
        if mark_if_missing(session, opened.driver.as_ref(), copy).await? {
            scanned.missing.push(copy.path.clone());
        }
    }
    let facts = json!({ "new": scanned.new.len(), "known": scanned.known, "missing": scanned.missing, "unreadable": scanned.unreadable.len() });
    let event = Event::new("backup.scan", "adapter", adapter.id, &adapter.name).with(facts);
    session.instance.store.write(|db| session.record(db, &event))?;
    Ok(scanned)
}

/// A folder with a manifest, and what lies in it.
struct Place<'a> {
    destination: AdapterId,
    folder: &'a str,
    lying: &'a [Entry],
}

async fn take_in(session: &Session, driver: &dyn Destination, place: &Place<'_>, scanned: &mut Scanned) -> Result<()> {
    let Place {
        destination, folder, ..
    } = *place;
    let (manifest, value) = manifests::read(driver, folder).await?;
    let key = key_of(session, &manifest)?;
    if let Some(key) = &key {
        manifests::check(&manifest, &value, key)?;
    }
    let is_whole = copies::sizes_fit(folder, &manifest.objects, place.lying);
    let cut = || {
        Error::failed("an object is missing in it, or has another size than its manifest says")
            .next("bring the folder there in full, then scan again")
    };
    let known = session
        .instance
        .store
        .read(|db| backups::copy_at(db, destination, folder))?;
    match known {
        Some(copy) if copy.state.is_held() && copy.backup_id == manifest.id => {
            if !is_whole {
                return Err(cut().next("`backstay backup repair` makes the copy anew from a good one"));
            }
            scanned.known += 1;
            return Ok(());
        }
        Some(copy) if copy.backup_id != manifest.id => {
            return Err(Error::failed(format!(
                "its manifest is of backup {}, and backup {} is known to lie there",
                manifest.id, copy.backup_id
            ))
            .next("somebody moved or copied folders; put them back as they were"));
        }
        _ if !is_whole => return Err(cut()),
        _ => {}
    }
    lies_in_its_place(&manifest, folder)?;
    same_as_committed(session, &manifest)?;
    let inside = inside(&manifest, key.as_ref())?;
    let sealed = manifest.encryption.is_some() && key.is_none();
    let found = Found {
        manifest: &manifest,
        inside: inside.as_ref(),
        destination,
        folder,
        state: CopyState::Present,
        verified: None,
        priority: 0,
        execution: None,
    };
    let now = session.now();
    session.instance.store.write(|db| import::record(db, &found, now))?;
    scanned.new.push(manifest.id);
    if sealed {
        scanned.without_key.push(manifest.id);
    }
    Ok(())
}

/// Refuses a backup in a folder that is not called after it: retention would count it once more, and nobody would tell it from
/// the one it was copied from.
fn lies_in_its_place(manifest: &Manifest, folder: &str) -> Result<()> {
    let own = naming::backup_folder(&manifest.job.name, manifest.taken_at, manifest.id)?;
    if folder == own {
        return Ok(());
    }
    let next = match folder.strip_suffix(&own).and_then(|above| above.strip_suffix('/')) {
        Some(above) => format!("give the adapter the prefix that ends in '{above}', then scan again"),
        None => format!("its folder is called '{own}' where it was made; move it there, then scan again"),
    };
    Err(Error::refused("a backup is in a folder that is not its own").next(next))
}

/// Refuses a manifest that tells otherwise than the one in the catalogue: without the key nothing vouches for it.
fn same_as_committed(session: &Session, found: &Manifest) -> Result<()> {
    let known = session.instance.store.read(|db| {
        let known = backups::by_id(db, found.id)?;
        known.map(|backup| backups::manifest(db, backup.id)).transpose()
    })?;
    match known {
        Some(committed) if !found.is_of_the_same(&committed) => Err(Error::failed(format!(
            "its manifest is not the one that backup {} was committed with",
            found.id.short()
        ))
        .next("the catalogue stays as it is; `backstay backup verify` looks at the copies it knows")),
        _ => Ok(()),
    }
}

/// The key a manifest is sealed with, when it is here.
fn key_of(session: &Session, manifest: &Manifest) -> Result<Option<Key>> {
    let Some(note) = &manifest.encryption else {
        return Ok(None);
    };
    let known = session
        .instance
        .store
        .read(|db| crate::store::profiles::by_key_id(db, &note.key_id))?;
    known
        .map(|profile| keys::of_profile(&session.instance, profile.id))
        .transpose()
}

fn inside(manifest: &Manifest, key: Option<&Key>) -> Result<Option<Inside>> {
    if manifest.encryption.is_some() && key.is_none() {
        return Ok(None);
    }
    manifests::inside(manifest, key).map(Some)
}

/// A copy that passed for good and turns out not to be is marked so.
fn mark_if_damaged(session: &Session, place: &Place<'_>, error: &Error) -> Result<()> {
    if error.says_nothing() {
        return Ok(());
    }
    let now = session.now();
    session
        .instance
        .store
        .write(|db| match backups::copy_at(db, place.destination, place.folder)? {
            Some(copy) if copy.state == CopyState::Present => backups::set_state(db, copy.id, CopyState::Corrupt, now),
            _ => Ok(()),
        })
}

/// Marks a copy missing whose manifest is gone now too, unless somebody has deleted it since.
async fn mark_if_missing(session: &Session, driver: &dyn Destination, copy: &Copy) -> Result<bool> {
    if driver.stat(&manifests::path_in(&copy.path)).await?.is_some() {
        return Ok(false);
    }
    let now = session.now();
    session.instance.store.write(|db| {
        let known = backups::copy_at(db, copy.destination_id, &copy.path)?;
        if !known.is_some_and(|known| known.state.is_held()) {
            return Ok(false);
        }
        backups::set_state(db, copy.id, CopyState::Missing, now)?;
        Ok(true)
    })
}

/// The copies that should be at a destination.
fn believed_there(session: &Session, destination: AdapterId) -> Result<Vec<Copy>> {
    let mut there = Vec::new();
    let mut edge = Edge::Newest;
    loop {
        let filter = Filter {
            destination: Some(destination),
            ..Filter::default()
        };
        let page = session
            .instance
            .store
            .read(|db| backups::list(db, &filter, edge, PAGE))?;
        let Some(last) = page.last() else {
            return Ok(there);
        };
        edge = Edge::Before((last.taken_at, last.id));
        let copies = page
            .into_iter()
            .flat_map(|backup| backup.copies)
            .filter(|copy| copy.destination_id == destination);
        there.extend(copies.filter(|copy| copy.state.is_held()));
    }
}
