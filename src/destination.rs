//! Destinations: where copies are kept. A driver is one file and one line in [`DRIVERS`]. Paths are relative, with `/`
//! between parts, below the adapter's prefix.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::domain::adapter::Probe;
use crate::domain::{Error, Result};
use crate::driver::Driver;
use crate::pipeline::chunks::Chunks;
pub use crate::pipeline::sink::Sink;

mod local;
mod patient;

pub use self::patient::Patient;

/// What the name of an object ends in while it is written; it begins with a dot then, as no object's of a backup does.
const PARTIAL: &str = ".part";

/// Whether this is what a broken write left, and no object.
pub fn is_partial(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.starts_with('.') && name.ends_with(PARTIAL)
}

/// One object at a destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Below the prefix.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// A kind of destination.
#[async_trait]
pub trait Destination: Send + Sync {
    /// What a list may show. No secret in it.
    fn summary(&self) -> String;

    /// The directory it writes below, for destinations that are directories on this machine.
    fn local_path(&self) -> Option<&Path> {
        None
    }

    /// The directory on this machine that has to be there before anything is written, for destinations that are directories.
    fn directory(&self) -> Option<&Path> {
        None
    }

    /// Looks whether it could be written to, and how much is free. Never writes.
    async fn probe(&self) -> Result<Probe>;

    /// Looks whether it could be read from: whether it is there at all. A destination that is full or read-only is.
    async fn reach(&self) -> Result<()>;

    /// Starts an object. It appears under `path` only when the sink is finished; until then readers see what was there before.
    async fn write(&self, path: &str) -> Result<Box<dyn Sink>>;

    /// Reads an object, or a part of it (byte range). An error of the kind `Inaccessible` says nothing about the object.
    async fn read(&self, path: &str, range: Option<Range<u64>>) -> Result<Chunks>;

    /// Every object below `prefix` (empty for all), at any depth, sorted by path, leftovers of broken writes included.
    /// A place that does not exist has none; anything else that goes wrong is an error, never a short list.
    async fn list(&self, prefix: &str) -> Result<Vec<Entry>>;

    /// The object's size; `None` when it is not there.
    async fn stat(&self, path: &str) -> Result<Option<u64>>;

    /// Deletes one object. Not being there is no error.
    async fn delete(&self, path: &str) -> Result<()>;

    /// Removes `folder` and those above it, as far as they are empty, where there are such things. Whatever lies in them stays.
    async fn remove_empty_folder(&self, folder: &str) -> Result<()>;
}

/// What is known of a destination besides its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Copies were written there and should be there still: a place that shows no trace of that is not the place that is meant.
    pub holds_copies: bool,
    /// Copies that the catalogue has there.
    pub copies: u64,
}

/// Every destination driver there is.
pub const DRIVERS: &[Driver<dyn Destination, Known>] = &[local::DRIVER];

/// The driver called `name`.
pub fn driver(name: &str) -> Result<&'static Driver<dyn Destination, Known>> {
    DRIVERS.iter().find(|driver| driver.name == name).ok_or_else(|| {
        let known: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
        Error::not_found(format!("there is no destination driver '{name}'"))
            .next(format!("use one of {}", known.join(", ")))
    })
}

/// Opens a destination from its configuration.
pub fn open(driver_name: &str, config: &Value, known: &Known) -> Result<Arc<dyn Destination>> {
    driver(driver_name)?.open(config, known)
}
