//! Whether an engine runs, told when it changes: an engine that ends, however it ends, closes its lock file, and one that
//! starts writes to it.

use crate::domain::Result;
use crate::file_events::{FileEvents, Interest};
use crate::instance::Paths;

/// What to say while a run waits for an engine and there is none.
pub const NONE_RUNS: &str = "no engine runs; start one with `backstay daemon start`";

/// Follows the coming and going of a home's engine.
pub struct Presence {
    paths: Paths,
    running: bool,
    events: FileEvents,
}

impl Presence {
    /// Looks for the engine, and follows it from then on.
    pub fn new(paths: &Paths) -> Result<Self> {
        let lock = paths.lock();
        let name = lock.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let events = FileEvents::of(&paths.state, name, Interest::Closing);
        Ok(Self {
            running: super::is_running(paths)?,
            paths: paths.clone(),
            events,
        })
    }

    /// Whether one ran at the last look.
    pub const fn is_running(&self) -> bool {
        self.running
    }

    /// Returns when it is time for a look at the engine, which may be once too often.
    pub(super) async fn stirs(&mut self) {
        self.events.next().await;
    }

    /// Returns once an engine has come or gone: whether one runs now. May be given up and called again at any time.
    pub async fn changed(&mut self) -> Result<bool> {
        loop {
            let now = super::is_running(&self.paths)?;
            if std::mem::replace(&mut self.running, now) != now {
                return Ok(now);
            }
            self.events.next().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::fs::{FlockOperation, flock};

    use super::*;

    #[tokio::test]
    async fn an_engine_that_comes_and_goes_is_noticed_by_its_lock_alone() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::new(Some(directory.path())).unwrap();
        std::fs::create_dir_all(&paths.state).unwrap();
        let mut presence = Presence::new(&paths).unwrap();
        assert!(!presence.is_running());
        for _ in 0..3 {
            let mut held = std::fs::File::create(paths.lock()).unwrap();
            flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
            std::io::Write::write_all(&mut held, b"{}").unwrap();
            let limit = Duration::from_secs(30);
            let now = tokio::time::timeout(limit, presence.changed()).await;
            assert!(now.expect("its coming is noticed").unwrap());
            drop(held);
            let now = tokio::time::timeout(limit, presence.changed()).await;
            assert!(!now.expect("its going is noticed").unwrap());
        }
    }
}
