//! An archive on its way to whoever needs it, read along: it ends well only if its sender says so and the format does too.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

use super::archive::{Archive, Contents};
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::process::{Ended, Running};

/// An archive whose table of contents is known and whose data is still to come.
pub(super) struct Checked {
    archive: Archive,
    /// What was read in order to know the table of contents.
    read: VecDeque<Bytes>,
    chunks: Chunks,
}

impl Checked {
    /// Reads up to the end of the table of contents.
    pub(super) async fn open(mut chunks: Chunks) -> Result<Self> {
        let mut archive = Archive::default();
        let mut read = VecDeque::new();
        while archive.contents().is_none() {
            let Some(chunk) = chunks.next().await? else {
                archive.finish()?;
                break;
            };
            archive.feed(&chunk)?;
            read.push_back(chunk);
        }
        Ok(Self { archive, read, chunks })
    }

    /// The table of contents.
    pub(super) fn contents(&self) -> Result<&Contents> {
        self.archive
            .contents()
            .ok_or_else(|| Error::failed("the archive has no table of contents"))
    }

    /// The next bytes; `None` only after the last of a complete archive.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(chunk) = self.read.pop_front() {
            return Ok(Some(chunk));
        }
        if let Some(chunk) = self.chunks.next().await? {
            self.archive.feed(&chunk)?;
            return Ok(Some(chunk));
        }
        self.archive.finish().map(|_| None)
    }

    /// Pipes all of it into a child and waits for both. A child that fails ends it at once; what the sender says of a failure
    /// comes before what the child makes of it.
    pub(super) async fn feed(mut self, mut running: Running) -> Result<(Ended, Stats)> {
        let stdin = running.stdin.take();
        let mut ended = std::pin::pin!(running.wait());
        let mut fed = std::pin::pin!(self.pour(stdin));
        tokio::select! {
            biased;
            poured = &mut fed => {
                let stats = poured?;
                Ok((ended.await?, stats))
            }
            outcome = &mut ended => {
                let outcome = outcome?;
                // One that has what it needs may leave the rest unread; the rest must be good all the same.
                let stats = if outcome.success { fed.await? } else { Stats::default() };
                Ok((outcome, stats))
            }
        }
    }

    async fn pour(&mut self, mut stdin: Option<ChildStdin>) -> Result<Stats> {
        while let Some(chunk) = self.next().await? {
            if let Some(open) = &mut stdin
                && open.write_all(&chunk).await.is_err()
            {
                // Its exit status says why it did not want more.
                stdin = None;
            }
        }
        self.archive.finish()
    }
}
