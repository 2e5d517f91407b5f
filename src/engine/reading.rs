//! A backup opened for reading: its committed manifest, its key, what is inside, and the copies to read from.

use std::sync::Arc;

use super::run::Run;
use crate::catalog::{copies, endpoints, keys, manifest as manifests};
use crate::destination::Destination;
use crate::domain::adapter::Adapter;
use crate::domain::backup::{Backup, Copy};
use crate::domain::error::{Error, Result};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::manifest::{Inside, InsideObject, Manifest, ObjectKind, StoredObject};
use crate::pipeline::chunks::Chunks;
use crate::pipeline::open::Proof;
use crate::store::backups;
use crate::vault::Key;

/// A backup opened for reading.
pub struct Reading {
    /// Its rows.
    pub backup: Backup,
    /// The manifest as it was committed, or found by a scan.
    pub manifest: Manifest,
    /// The key that sealed it.
    pub key: Option<Key>,
    /// What is inside.
    pub inside: Inside,
}

impl Reading {
    /// Opens a backup; fails when the key is not here.
    pub fn open(run: &Run, id: BackupId) -> Result<Self> {
        let instance = &run.instance;
        let (backup, manifest) = instance
            .store
            .read(|db| Ok((backups::get(db, id)?, backups::manifest(db, id)?)))?;
        let key = match &manifest.encryption {
            Some(note) => Some(keys::by_key_id(instance, &note.key_id)?.1),
            None => None,
        };
        let inside = manifests::inside(&manifest, key.as_ref())?;
        Ok(Self {
            backup,
            manifest,
            key,
            inside,
        })
    }

    /// Refuses an adapter of another kind than the one it was made from.
    pub fn fits_into(&self, target: &Adapter) -> Result<()> {
        let (from, to) = (&self.backup.driver, &target.driver);
        if from == to {
            return Ok(());
        }
        Err(Error::usage(format!("a backup of {from} cannot be restored into {to}"))
            .on(format!("adapter {}", target.name))
            .next(format!("choose an adapter of {from}")))
    }

    /// The copies that may be read, best first; only those at `destination` when one is given.
    pub fn copies(&self, destination: Option<AdapterId>) -> Result<Vec<&Copy>> {
        let mut copies = self.backup.copies_to_try();
        copies.retain(|copy| destination.is_none_or(|wanted| copy.destination_id == wanted));
        if copies.is_empty() {
            return Err(Error::failed("there is no copy to read from")
                .on(format!("backup {}", self.backup.id.short()))
                .next("`backstay backup show` tells what became of its copies"));
        }
        Ok(copies)
    }

    /// The stored and the inner side of each object, in order.
    pub fn objects(&self) -> impl Iterator<Item = (&StoredObject, &InsideObject)> {
        self.inside.objects.iter().filter_map(|inside| {
            self.manifest
                .objects
                .iter()
                .find(|stored| stored.name == inside.name)
                .map(|stored| (stored, inside))
        })
    }

    /// The object that holds a database.
    pub fn database(&self, name: &str) -> Result<(&StoredObject, &InsideObject)> {
        self.objects()
            .find(|(_, inside)| inside.database.as_deref() == Some(name))
            .ok_or_else(|| {
                let there: Vec<&str> = self
                    .inside
                    .objects
                    .iter()
                    .filter_map(|inside| inside.database.as_deref())
                    .collect();
                Error::not_found(format!("database '{name}' is not in it"))
                    .on(format!("backup {}", self.backup.id.short()))
                    .next(format!("it holds {}", there.join(", ")))
            })
    }

    /// The object that holds roles and tablespaces, if there is one.
    pub fn globals(&self) -> Option<(&StoredObject, &InsideObject)> {
        self.objects().find(|(_, inside)| inside.kind == ObjectKind::Globals)
    }

    /// The dump in an object of one copy, counted on the run's meter and compared as `proof` says.
    pub async fn dump(
        &self,
        run: &Run,
        driver: &dyn Destination,
        copy: &Copy,
        object: (&StoredObject, &InsideObject),
        proof: Proof,
    ) -> Result<Chunks> {
        let (stored, inside) = object;
        let plain = copies::read_plain(
            driver,
            &copy.path,
            &self.manifest,
            stored,
            Some(inside),
            self.key.as_ref(),
            proof,
        )
        .await?;
        Ok(plain.metered(run.meter()))
    }
}

/// Opens the destination a copy is at and looks whether it is there at all: a destination that is away (not mounted, no
/// network) says nothing about the copy.
pub async fn reach(run: &Run, copy: &Copy) -> Result<Arc<dyn Destination>> {
    let opened = endpoints::destination(&run.instance, copy.destination_id)?;
    opened.driver.reach().await?;
    Ok(opened.driver)
}
