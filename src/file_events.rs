//! Waiting for something to happen to a file, without polling: the system's file events say "look".
//!
//! An event comes before what it is about can be seen (a commit before it is visible, a closed file before its lock is gone),
//! so each is worth several looks, later and later. The directory is watched, since files come and go. Where file events cannot
//! be had, a look every second takes their place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Pauses before each look after an event, in milliseconds; taken from the end. The last ones are for disks that take their
/// time: a commit is written to the file, which is the event, and becomes visible only once the disk has confirmed it.
const LOOKS: [u64; 7] = [5_000, 1_000, 250, 50, 10, 2, 0];

/// What of a file is worth a look, besides its coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// That it was written to.
    Writing,
    /// Also that a process which could write to it has closed it, were it by dying.
    Closing,
}

/// Says when a file is worth a look.
pub struct FileEvents {
    touched: Arc<Notify>,
    /// Looks still to be taken for the last event. Kept here, so that a wait that is given up loses none of them.
    looks: Vec<u64>,
    /// Kept for its thread; `None` where file events do not exist.
    watcher: Option<notify::RecommendedWatcher>,
}

impl FileEvents {
    /// Of the file `name` in `directory`, which need not be there yet.
    pub fn of(directory: &Path, name: String, interest: Interest) -> Self {
        let touched = Arc::new(Notify::new());
        Self {
            watcher: start(directory, name, interest, Arc::clone(&touched)),
            touched,
            looks: Vec::new(),
        }
    }

    /// Returns when it is time for a look, which may be once too often. May be given up and called again at any time.
    pub async fn next(&mut self) {
        if self.watcher.is_none() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return;
        }
        tokio::select! {
            () = self.touched.notified() => self.looks = LOOKS.to_vec(),
            () = next_look(&self.looks) => { self.looks.pop(); }
        }
    }
}

async fn next_look(looks: &[u64]) {
    match looks.last() {
        Some(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
        None => std::future::pending().await,
    }
}

/// Reading opens and closes files too; only what may have changed one counts.
fn counts(event: &Event, name: &str, interest: Interest) -> bool {
    let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
    let wanted = !event.kind.is_access() || (interest == Interest::Closing && event.kind == closed);
    let named = || {
        event
            .paths
            .iter()
            .any(|path| path.file_name().is_some_and(|it| it == name))
    };
    event.need_rescan() || (wanted && named())
}

fn start(
    directory: &Path,
    name: String,
    interest: Interest,
    touched: Arc<Notify>,
) -> Option<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // A lost event means "look".
        if event.map_or(true, |event| counts(&event, &name, interest)) {
            touched.notify_one();
        }
    })
    .map_err(|error| tracing::warn!("no file events: {error}"))
    .ok()?;
    watcher
        .watch(directory, RecursiveMode::NonRecursive)
        .map_err(|error| tracing::warn!("no file events: {error}"))
        .ok()?;
    Some(watcher)
}
