//! A download on its way: how far it is, for whoever watches, and a way to stop it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::work::{Decrypt, Download};
use crate::console::message::Done;
use crate::console::work::{file_named, reading};
use crate::domain::units;
use crate::domain::{Error, Kind, Result};
use crate::ops::backups::Fetch;
use crate::ops::given_key::GivenKey;
use crate::ops::recovery::Opening;
use crate::ops::{Session, backups, recovery};

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Bytes that came.
    pub bytes: u64,
    /// Bytes there will be.
    pub total: u64,
    /// Nothing more will come.
    pub ended: bool,
}

impl Moved {
    fn percent(self) -> u64 {
        (self.bytes * 100).checked_div(self.total).unwrap_or(0)
    }
}

/// A download on its way.
#[derive(Debug, Default)]
pub struct Transfer {
    moved: watch::Sender<Moved>,
    stop: CancellationToken,
}

impl Transfer {
    /// How far it is, once it is further than `seen` by a hundredth of the whole.
    pub async fn further_than(&self, seen: Moved) -> Moved {
        let mut moved = self.moved.subscribe();
        let is_further = |now: &Moved| now.ended || now.percent() > seen.percent() || now.total != seen.total;
        let now = moved.wait_for(is_further).await.map(|now| *now);
        now.unwrap_or(Moved { ended: true, ..seen })
    }

    /// Stops it and waits until it has.
    pub async fn stop(&self) -> Moved {
        self.stop.cancel();
        let mut moved = self.moved.subscribe();
        let now = moved.wait_for(|now| now.ended).await.map(|now| *now);
        now.unwrap_or_default()
    }

    fn expect(&self, total: u64) {
        self.moved.send_modify(|moved| moved.total = total);
    }

    fn add(&self, bytes: u64) {
        self.moved.send_if_modified(|moved| {
            let before = moved.percent();
            moved.bytes += bytes;
            moved.percent() > before
        });
    }
}

/// Says that nothing more will come, however a download ends.
struct Ended(Arc<Transfer>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.moved.send_modify(|moved| moved.ended = true);
    }
}

/// Fetches the files.
pub async fn download(session: &Session, asked: Download) -> Result<Done> {
    let transfer = Ended(Arc::clone(&asked.transfer));
    let wanted = Fetch {
        directory: expanded(&asked.wanted.directory),
        ..asked.wanted
    };
    let plan = {
        let wanted = wanted.clone();
        reading(session, move |session| backups::plan_download(session, &wanted))
            .await
            .map_err(in_the_form)?
    };
    transfer.0.expect(plan.bytes);
    let moved = |bytes| transfer.0.add(bytes);
    let fetched = tokio::select! {
        biased;
        () = transfer.0.stop.cancelled() => None,
        fetched = backups::download(session, &wanted, moved) => Some(fetched.map_err(in_the_form)?),
    };
    let shown = wanted.directory.display();
    match fetched {
        Some(fetched) => Ok(Done::say(format!(
            "{}, {}, from {} in {shown}; every digest matched",
            units::count(fetched.files.len(), "file"),
            units::size(fetched.bytes),
            fetched.destination
        ))),
        None => Err(Error::interrupted("the download was stopped")
            .on(shown.to_string())
            .next("files that were whole by then are there, nothing else")),
    }
}

/// Decrypts an object into a file.
pub async fn decrypt(asked: Decrypt) -> Result<Done> {
    let transfer = Ended(Arc::clone(&asked.transfer));
    let opening = Opening {
        file: file_named(&asked.file)?,
        out: Some(file_named(&asked.out)?),
        keep_compressed: asked.keep_compressed,
        existing: asked.existing,
    };
    let key = asked.key_file.as_deref().map(file_named).transpose()?;
    let key = key.as_deref().map(GivenKey::read).transpose()?;
    transfer
        .0
        .expect(opening.file.metadata().map_or(0, |metadata| metadata.len()));
    let moved = {
        let transfer = Arc::clone(&asked.transfer);
        move |bytes| transfer.add(bytes)
    };
    let opened = tokio::select! {
        biased;
        () = transfer.0.stop.cancelled() => None,
        opened = recovery::decrypt_to_file(&opening, key.as_ref(), moved) => Some(opened?),
    };
    let Some(opened) = opened else {
        return Err(Error::interrupted("decrypting was stopped")
            .on(opening.file.display().to_string())
            .next("nothing was written"));
    };
    let caution = recovery::layers(&asked.file, asked.keep_compressed)?.caution();
    let mut said = vec![format!(
        "decrypted into {}, {}",
        opened.path.display(),
        units::size(opened.size)
    )];
    said.extend(key.as_ref().and_then(GivenKey::warning));
    said.extend(caution.map(str::to_owned));
    Ok(Done::say(said.join("; but ")))
}

/// What the form calls otherwise than the command line does.
fn in_the_form(error: Error) -> Error {
    match error.kind {
        Kind::Refused => error.next("choose another directory, or switch 'Replace files' on"),
        _ => error,
    }
}

/// A path that begins with `~/` is below the home directory, as it is in a shell.
fn expanded(path: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
