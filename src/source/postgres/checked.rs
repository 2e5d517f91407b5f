//! An archive on its way to whoever needs it, read along: it ends well only if its sender says so and the format does too.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinError;

use super::archive::{Archive, Contents};
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::process::bulk::BulkWriter;
use crate::process::{Ended, Running};
use crate::source::Stop;

/// How an archive goes on to who reads it.
#[derive(Clone, Copy)]
pub(super) enum Framing {
    /// Byte by byte as it came: whether a tool can read that is the question.
    AsItIs,
    /// In larger parts, which a restore is quicker with.
    Larger,
}

/// An archive whose table of contents is known and whose data is still to come.
pub(super) struct Checked {
    archive: Archive,
    framing: Framing,
    /// What was read in order to know the table of contents.
    read: VecDeque<Bytes>,
    chunks: Chunks,
}

impl Framing {
    /// Reads the next bytes along, and gives them as they go on; in `room`, if they need any.
    fn pass(self, archive: &mut Archive, chunk: Bytes, mut room: Vec<u8>) -> Result<Bytes> {
        match self {
            Self::AsItIs => archive.feed(&chunk).map(|()| chunk),
            Self::Larger => {
                room.clear();
                archive.repack(&chunk, &mut room)?;
                Ok(room.into())
            }
        }
    }
}

impl Checked {
    /// Reads up to the end of the table of contents.
    pub(super) async fn open(mut chunks: Chunks, framing: Framing) -> Result<Self> {
        let mut archive = Archive::default();
        let mut read = VecDeque::new();
        while archive.contents().is_none() {
            let Some(chunk) = chunks.next().await? else {
                archive.finish()?;
                break;
            };
            read.push_back(framing.pass(&mut archive, chunk, Vec::new())?);
        }
        Ok(Self {
            archive,
            framing,
            read,
            chunks,
        })
    }

    /// The table of contents.
    pub(super) fn contents(&self) -> Result<&Contents> {
        self.archive
            .contents()
            .ok_or_else(|| Error::failed("the archive has no table of contents"))
    }

    /// The archive without its data. It says everything about what is restored when all rows are there.
    pub(super) fn head(&self) -> Vec<u8> {
        let bytes = self.read.iter().flatten().copied();
        bytes.take(self.archive.head_bytes()).collect()
    }

    /// The next bytes; `None` only after the last of a complete archive.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(chunk) = self.read.pop_front() {
            return Ok(Some(chunk));
        }
        if let Some(chunk) = self.chunks.next().await? {
            return self.framing.pass(&mut self.archive, chunk, Vec::new()).map(Some);
        }
        self.archive.finish().map(|_| None)
    }

    /// Pipes all of it into a child's input and waits for both. A child that fails ends it at once; what the sender says of a failure
    /// comes before what the child makes of it.
    pub(super) async fn feed(self, running: Running, input: BulkWriter) -> Result<(Ended, Stats)> {
        let (stop, _guard) = Stop::default().until_dropped();
        let mut poured = tokio::task::spawn_blocking(move || self.pour(input, &stop));
        let mut ended = std::pin::pin!(running.wait());
        tokio::select! {
            biased;
            stats = &mut poured => {
                let stats = joined(stats)?;
                Ok((ended.await?, stats))
            }
            outcome = &mut ended => {
                let outcome = outcome?;
                // One that has what it needs may leave the rest unread; the rest must be good all the same.
                let stats = if outcome.success { joined(poured.await)? } else { Stats::default() };
                Ok((outcome, stats))
            }
        }
    }

    fn pour(mut self, input: BulkWriter, stop: &Stop) -> Result<Stats> {
        let runtime = Handle::current();
        let (mut input, mut room) = (Some(input), Vec::new());
        for chunk in std::mem::take(&mut self.read) {
            give(&mut input, &chunk);
        }
        while let Some(chunk) = runtime.block_on(stop.during(self.chunks.next()))?? {
            let onward = self.framing.pass(&mut self.archive, chunk, room)?;
            give(&mut input, &onward);
            room = onward.into();
        }
        self.archive.finish()
    }
}

/// A child that reads no more is passed over: its exit status says why.
fn give(input: &mut Option<BulkWriter>, chunk: &[u8]) {
    if input.as_mut().is_some_and(|open| open.write_all(chunk).is_err()) {
        *input = None;
    }
}

fn joined(stats: Result<Result<Stats>, JoinError>) -> Result<Stats> {
    stats.unwrap_or_else(|error| Err(Error::failed(format!("feeding the tool broke off: {error}"))))
}
