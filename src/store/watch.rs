//! Change notice without polling: the WAL file's events say "look", `PRAGMA data_version` says whether anything changed.
//!
//! The file event arrives before the commit is visible, so the version is looked at again, after 2 ms and later and later. The
//! directory is watched, since the WAL file comes and goes. Where file events cannot be had, a look every second takes their place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::Store;
use crate::domain::Result;

/// Pauses before each look after a file event, in milliseconds; taken from the end. The last ones are for disks that take
/// their time: a commit is written to the file, which is the event, and becomes visible only once the disk has confirmed it.
const LOOKS: [u64; 7] = [5_000, 1_000, 250, 50, 10, 2, 0];

/// Waits for changes that other connections made.
pub struct Watch {
    store: Arc<Store>,
    seen: i64,
    touched: Arc<Notify>,
    /// Looks still to be taken for the last file event. Kept here, so that a wait that is given up loses none of them.
    looks: Vec<u64>,
    /// Kept for its thread; `None` where file events do not exist.
    watcher: Option<notify::RecommendedWatcher>,
}

impl Watch {
    /// Watches `store`. Use a connection of its own: a connection does not see its own commits as changes.
    pub fn new(store: Arc<Store>) -> Result<Self> {
        let touched = Arc::new(Notify::new());
        let watcher = start(store.path(), Arc::clone(&touched));
        let seen = store.data_version()?;
        Ok(Self {
            store,
            seen,
            touched,
            looks: Vec::new(),
            watcher,
        })
    }

    /// Returns once something has changed since the last call. May be given up and called again at any time.
    pub async fn changed(&mut self) -> Result<()> {
        while !self.look()? {
            if self.watcher.is_none() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            } else {
                tokio::select! {
                    () = self.touched.notified() => self.looks = LOOKS.to_vec(),
                    () = next_look(&self.looks) => { self.looks.pop(); }
                }
            }
        }
        Ok(())
    }

    fn look(&mut self) -> Result<bool> {
        let now = self.store.data_version()?;
        Ok(std::mem::replace(&mut self.seen, now) != now)
    }
}

async fn next_look(looks: &[u64]) {
    match looks.last() {
        Some(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
        None => std::future::pending().await,
    }
}

fn start(database: &Path, touched: Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let directory = database.parent()?;
    let wal = format!("{}-wal", database.file_name()?.to_string_lossy());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reads open and close files too; only writes to the WAL can be a commit. A lost event means "look".
        let look = event.map_or(true, |event| {
            !event.kind.is_access()
                && event
                    .paths
                    .iter()
                    .any(|path| path.file_name().is_some_and(|name| *name == *wal))
        });
        if look {
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
