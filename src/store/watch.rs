//! Change notice without polling: the WAL file's events say "look", `PRAGMA data_version` says whether anything changed.

use std::path::Path;
use std::sync::Arc;

use super::Store;
use crate::domain::Result;
use crate::file_events::{FileEvents, Interest};

/// Waits for changes that other connections made.
pub struct Watch {
    store: Arc<Store>,
    seen: i64,
    events: FileEvents,
}

impl Watch {
    /// Watches `store`. Use a connection of its own: a connection does not see its own commits as changes.
    pub fn new(store: Arc<Store>) -> Result<Self> {
        let path = store.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let directory = path.parent().unwrap_or(Path::new("."));
        let events = FileEvents::of(directory, format!("{name}-wal"), Interest::Writing);
        let seen = store.data_version()?;
        Ok(Self { store, seen, events })
    }

    /// Returns once something has changed since the last call. May be given up and called again at any time.
    pub async fn changed(&mut self) -> Result<()> {
        while !self.look()? {
            self.events.next().await;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<bool> {
        let now = self.store.data_version()?;
        Ok(std::mem::replace(&mut self.seen, now) != now)
    }
}
