//! What the local destination and file sources need of a file system beyond `std::fs`: how much is free, whether it can
//! be written to, and directories made durable. Everything here blocks; async code calls it through [`blocking`].

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::StatVfsMountFlags;

use crate::domain::error::Context as _;
use crate::domain::units::size;
use crate::domain::{Error, Result};

/// A file system as statvfs(3) describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes this user may still write.
    pub free_bytes: u64,
    /// It is mounted read-only.
    pub read_only: bool,
}

/// The file system that `path` lies on.
pub fn space(path: &Path) -> Result<Space> {
    let found = rustix::fs::statvfs(path)
        .map_err(io::Error::from)
        .doing("cannot ask how much is free", path.display())?;
    Ok(Space {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// Fails, with both figures, unless at least `needed_bytes` are free where `path` lies.
pub fn require_free(path: &Path, needed_bytes: u64) -> Result<()> {
    let free_bytes = space(path)?.free_bytes;
    if free_bytes >= needed_bytes {
        return Ok(());
    }
    Err(Error::failed(format!(
        "not enough room: {} free, {} needed",
        size(free_bytes),
        size(needed_bytes)
    ))
    .on(path.display().to_string())
    .next("free some space there, then run it again"))
}

/// Makes what happened to the entries of `directory` (new, renamed, gone) durable.
pub fn sync_directory(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .doing("cannot make the directory durable", directory.display())
}

/// Runs blocking work on a thread where it may block.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::interrupted(format!("the work was stopped: {error}")))?
}
