//! A directory on this machine, or anything mounted into it. Objects are atomic (a temporary name, fsync, rename) and
//! private (directories 0700, files 0600). The directory itself is never made: where a mount has gone, an empty directory
//! in its place would take backups that nobody finds again. Where one is left when the mount goes, a small file that the first
//! write made is missing in it.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use rustix::fs::Access;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Destination, Entry, Known, Sink};
use crate::disk::{self, blocking};
use crate::domain::adapter::Probe;
use crate::domain::error::Context as _;
use crate::domain::{Error, Result};
use crate::driver::{self, Driver};
use crate::pipeline::chunks::Chunks;

mod list;
mod place;
mod read;
mod write;

use place::Place;

/// The driver's line in the list.
pub const DRIVER: Driver<dyn Destination, Known> = Driver {
    name: "local",
    about: "a directory on this machine or mounted into it",
    schema: driver::schema_of::<Config>,
    build: |config, known| Ok(Arc::new(Local::new(config, *known)?)),
};

const MIN_FREE_BYTES: u64 = 64 << 20;

/// The settings of a local destination.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Absolute path of the directory copies are kept in; it must exist
    #[schemars(extend("format" = "path"))]
    path: PathBuf,
    /// Folder below the directory, made when it is needed: `backups/db1`
    #[serde(default)]
    prefix: String,
    /// Bytes that must stay free there; a write that would use them fails
    #[serde(default = "min_free_bytes")]
    #[schemars(extend("format" = "bytes"))]
    min_free_bytes: u64,
}

fn min_free_bytes() -> u64 {
    MIN_FREE_BYTES
}

/// A directory as a destination.
struct Local {
    place: Place,
    min_free_bytes: u64,
}

impl Local {
    fn new(config: &Value, known: Known) -> Result<Self> {
        let config: Config = driver::read_config(config)?;
        Ok(Self {
            place: Place::new(config.path, &config.prefix, known)?,
            min_free_bytes: config.min_free_bytes,
        })
    }
}

#[async_trait]
impl Destination for Local {
    fn summary(&self) -> String {
        self.place.root().display().to_string()
    }

    fn local_path(&self) -> Option<&Path> {
        Some(self.place.root())
    }

    fn directory(&self) -> Option<&Path> {
        Some(self.place.base())
    }

    async fn probe(&self) -> Result<Probe> {
        let (place, min_free_bytes) = (self.place.clone(), self.min_free_bytes);
        blocking(move || probe(&place, min_free_bytes)).await
    }

    async fn reach(&self) -> Result<()> {
        let place = self.place.clone();
        blocking(move || {
            place.check()?;
            may(place.nearest(), Access::READ_OK | Access::EXEC_OK, "cannot be read")
        })
        .await
    }

    async fn write(&self, path: &str) -> Result<Box<dyn Sink>> {
        let (place, min_free_bytes, path) = (self.place.clone(), self.min_free_bytes, path.to_owned());
        let sink = blocking(move || write::start(&place, &path, min_free_bytes)).await?;
        Ok(Box::new(sink))
    }

    async fn read(&self, path: &str, range: Option<Range<u64>>) -> Result<Chunks> {
        let (place, path) = (self.place.clone(), path.to_owned());
        blocking(move || read::start(&place, &path, range)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Entry>> {
        let (place, prefix) = (self.place.clone(), prefix.to_owned());
        blocking(move || list::list(&place, &prefix)).await
    }

    async fn stat(&self, path: &str) -> Result<Option<u64>> {
        let (place, path) = (self.place.clone(), path.to_owned());
        blocking(move || {
            let at = place.resolve(&path)?;
            let found = place.unless_gone(std::fs::symlink_metadata(&at), "cannot look at it", &at)?;
            Ok(found.filter(std::fs::Metadata::is_file).map(|found| found.len()))
        })
        .await
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let (place, path) = (self.place.clone(), path.to_owned());
        blocking(move || {
            let at = place.resolve(&path)?;
            place.unless_gone(std::fs::remove_file(&at), "cannot delete it", &at)?;
            Ok(())
        })
        .await
    }

    async fn remove_empty_folder(&self, folder: &str) -> Result<()> {
        let (place, folder) = (self.place.clone(), folder.to_owned());
        blocking(move || {
            let at = place.resolve(&folder)?;
            let removed = std::fs::remove_dir(&at);
            if matches!(&removed, Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty) {
                return Ok(());
            }
            place.unless_gone(removed, "cannot delete the folder", &at)?;
            place.remove_empty_above(&at);
            Ok(())
        })
        .await
    }
}

fn probe(place: &Place, min_free_bytes: u64) -> Result<Probe> {
    let asked = Instant::now();
    place.check()?;
    let space = disk::space(place.base())?;
    let object = || place.base().display().to_string();
    if space.read_only {
        return Err(Error::failed("the file system is mounted read-only")
            .on(object())
            .next("mount it read-write"));
    }
    let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    may(place.nearest(), all, "cannot be written to")?;
    disk::require_free(place.base(), min_free_bytes)?;
    Ok(Probe {
        version: "local file system".to_owned(),
        latency_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
        free_bytes: Some(space.free_bytes),
        ..Probe::default()
    })
}

fn may(directory: &Path, access: Access, otherwise: &str) -> Result<()> {
    rustix::fs::access(directory, access)
        .map_err(std::io::Error::from)
        .doing(otherwise, directory.display())
}
