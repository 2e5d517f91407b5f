//! Writing: a temporary file in the object's own directory, made durable, then renamed over the object.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use rustix::fs::Advice;
use tempfile::NamedTempFile;

use super::super::{PARTIAL, Sink};
use super::place::Place;
use crate::disk::{self, blocking};
use crate::domain::error::{Context as _, from_io};
use crate::domain::{Error, Kind, Result};

/// Each time this many bytes were written, free space is looked at again, and they are sent on to the disk.
const STRIDE_BYTES: u64 = 16 << 20;

/// Longest file name of common file systems, in bytes.
const NAME_MAX_BYTES: usize = 255;

/// How often a directory that is taken away again is made.
const TRIES: u32 = 5;

/// What surrounds the object's name in a temporary one: a dot in front, and `.12345678.part` behind.
const AROUND_NAME_BYTES: usize = 15;

/// An object on its way. Work on it happens on a blocking thread that owns it meanwhile, so that a sink dropped during a
/// write is cleaned up by that thread.
pub(super) struct LocalSink {
    partial: Option<Partial>,
}

struct Partial {
    /// Removed when dropped.
    file: NamedTempFile,
    place: Place,
    at: PathBuf,
    min_free_bytes: u64,
    written_bytes: u64,
    check_again_at: u64,
}

/// Opens the temporary file for the object `path`.
pub(super) fn start(place: &Place, path: &str, min_free_bytes: u64) -> Result<LocalSink> {
    let at = place.resolve(path)?;
    let (Some(directory), Some(name)) = (at.parent(), at.file_name().and_then(|name| name.to_str())) else {
        return Err(Error::usage(format!("'{path}' names no object")));
    };
    place.check()?;
    disk::require_free(place.base(), min_free_bytes)?;
    let file = temporary(place, directory, name)?;
    place.leave_mark()?;
    let partial = Partial {
        file,
        place: place.clone(),
        at,
        min_free_bytes,
        written_bytes: 0,
        check_again_at: STRIDE_BYTES,
    };
    Ok(LocalSink { partial: Some(partial) })
}

/// A temporary file in `directory`, which is made. A neighbour that cleans up may take an empty directory away in between.
fn temporary(place: &Place, directory: &Path, name: &str) -> Result<NamedTempFile> {
    let mut tries = 0;
    loop {
        tries += 1;
        let made = place.make_directories(directory).and_then(|()| {
            tempfile::Builder::new()
                .prefix(&format!(".{}.", shortened(name)))
                .suffix(PARTIAL)
                .rand_bytes(8)
                .tempfile_in(directory)
                .doing("cannot make a file", directory.display())
        });
        match made {
            Err(error) if error.kind == Kind::NotFound && tries < TRIES => {}
            made => return made,
        }
    }
}

/// As much of `name` as leaves room for what surrounds it.
fn shortened(name: &str) -> &str {
    let mut end = name.len().min(NAME_MAX_BYTES - AROUND_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

impl Partial {
    fn append(&mut self, chunk: &[u8]) -> Result<()> {
        self.file
            .as_file_mut()
            .write_all(chunk)
            .map_err(|error| self.told(&error, "cannot write"))?;
        self.written_bytes += chunk.len() as u64;
        if self.written_bytes >= self.check_again_at {
            self.check_again_at = self.written_bytes + STRIDE_BYTES;
            disk::require_free(self.directory(), self.min_free_bytes)?;
            self.let_go();
        }
        Ok(())
    }

    fn commit(self) -> Result<u64> {
        self.file
            .as_file()
            .sync_all()
            .map_err(|error| self.told(&error, "cannot make the object durable"))?;
        // Reading it back later is to ask the disk, not this machine's memory.
        self.let_go();
        let Self {
            file,
            place,
            at,
            written_bytes,
            ..
        } = self;
        if let Err(failed) = file.persist(&at) {
            place.check()?;
            return Err(from_io(
                &failed.error,
                "cannot give the object its name",
                &at.display().to_string(),
            ));
        }
        // Directories made for this object, by us or by a neighbour a moment ago, need it as much as the one it lies in.
        let directory = at.parent().unwrap_or(place.base());
        place.up_to_base(directory).try_for_each(disk::sync_directory)?;
        Ok(written_bytes)
    }

    /// Has the system write out what it holds of the file, and forget what it has written: so there is little left to wait
    /// for at the end, and a backup does not push others' data out of memory. Advice: where it is not taken, nothing breaks.
    fn let_go(&self) {
        let _ = rustix::fs::fadvise(self.file.as_file(), 0, None, Advice::DontNeed);
    }

    fn directory(&self) -> &Path {
        self.at.parent().unwrap_or(self.place.base())
    }

    /// Names the object, and for a full disk the figures.
    fn told(&self, error: &std::io::Error, what: &str) -> Error {
        use std::io::ErrorKind as Io;
        let at = self.at.display().to_string();
        let told = from_io(error, what, &at);
        if !matches!(error.kind(), Io::StorageFull | Io::QuotaExceeded) {
            return told;
        }
        let free = disk::space(self.directory()).map_or(0, |space| space.free_bytes);
        Error {
            message: format!(
                "{}; {} free, {} were written",
                told.message,
                crate::domain::units::size(free),
                crate::domain::units::size(self.written_bytes)
            ),
            ..told
        }
    }
}

#[async_trait]
impl Sink for LocalSink {
    async fn write(&mut self, chunk: Bytes) -> Result<()> {
        let mut partial = self.partial.take().ok_or_else(broken)?;
        // On failure `partial` is dropped with the closure, and the temporary file with it.
        let partial = blocking(move || partial.append(&chunk).map(|()| partial)).await?;
        self.partial = Some(partial);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<u64> {
        let partial = self.partial.take().ok_or_else(broken)?;
        blocking(move || partial.commit()).await
    }
}

fn broken() -> Error {
    Error::failed("an earlier write of this object did not succeed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_leaves_room_for_the_temporary_one() {
        let long = "ü".repeat(127);
        assert!(shortened(&long).len() + AROUND_NAME_BYTES <= NAME_MAX_BYTES);
        assert_eq!(shortened("app.dump.zst.enc"), "app.dump.zst.enc");
    }
}
