//! Reading: a blocking thread that feeds a queue and stops when nobody reads it any more.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::Bytes;
use rustix::fs::Advice;

use super::place::{Place, failure};
use crate::domain::{Error, Result};
use crate::pipeline::chunks::{self, CHUNK_BYTES, ChunkSender, Chunks};

/// Opens the object `path` and starts reading it. A range that goes past its end is an error, as the reader knows the size.
pub(super) fn start(place: &Place, path: &str, range: Option<Range<u64>>) -> Result<Chunks> {
    let at = place.resolve(path)?;
    let missing = || Error::not_found("the object does not exist").on(at.display().to_string());
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(&at);
    let mut file = place.unless_gone(opened, "cannot open it", &at)?.ok_or_else(missing)?;
    let found = file
        .metadata()
        .map_err(|error| failure(&error, "cannot look at it", &at))?;
    if !found.is_file() {
        return Err(missing());
    }
    let range = range.unwrap_or(0..found.len());
    if range.start > range.end || range.end > found.len() {
        return Err(Error::failed(format!(
            "bytes {}..{} were asked for, it has {}",
            range.start,
            range.end,
            found.len()
        ))
        .on(at.display().to_string()));
    }
    // Advice: where it is not taken, nothing breaks.
    let _ = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
    file.seek(SeekFrom::Start(range.start))
        .map_err(|error| failure(&error, "cannot read", &at))?;
    let (sender, chunks) = chunks::channel();
    tokio::task::spawn_blocking(move || {
        let verdict = feed(&mut file, range.end - range.start, &sender, &at);
        sender.blocking_finish(verdict);
    });
    Ok(chunks)
}

fn feed(file: &mut File, mut left_bytes: u64, sender: &ChunkSender, at: &Path) -> Result<()> {
    while left_bytes > 0 {
        let wanted = left_bytes.min(CHUNK_BYTES as u64);
        let mut chunk = Vec::with_capacity(CHUNK_BYTES.min(usize::try_from(wanted).unwrap_or(CHUNK_BYTES)));
        let got = io::Read::by_ref(file)
            .take(wanted)
            .read_to_end(&mut chunk)
            .map_err(|error| failure(&error, "cannot read", at))? as u64;
        if got < wanted {
            return Err(Error::failed("it became shorter while it was read").on(at.display().to_string()));
        }
        left_bytes -= got;
        sender.blocking_send(Bytes::from(chunk))?;
    }
    Ok(())
}
