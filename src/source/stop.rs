//! The wish that a restore ends. A thread or a program on a server goes on when the future that waits for it is dropped, so a
//! restore is never just dropped: it is asked to stop, and then waited for until it has taken back what it made.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::domain::{Error, Result};

/// Asks a restore to stop, and tells the restore that it was asked. Clones are the same wish.
///
/// Whoever restores looks at it while it works, and for the last time right before the step that cannot be undone. After that
/// step it ends with success, asked or not: its result is what became of the target.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    asked: CancellationToken,
    why: Arc<OnceLock<Error>>,
    looks: Arc<AtomicU64>,
}

impl Stop {
    /// Asks it to stop; `why` is the error it ends with. Only the first reason counts.
    pub fn ask(&self, why: Error) {
        // The reason comes first, so that nobody sees the wish without it.
        let _ = self.why.set(why);
        self.asked.cancel();
    }

    /// Another one, which is asked along with this one and when what this gives back is dropped.
    pub(super) fn until_dropped(&self) -> (Self, DropGuard) {
        let asked = self.asked.child_token();
        (
            Self {
                asked: asked.clone(),
                why: Arc::clone(&self.why),
                looks: Arc::clone(&self.looks),
            },
            asked.drop_guard(),
        )
    }

    /// Whether it was asked to stop. Whoever looks is at work, and counted.
    pub fn is_asked(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.asked.is_cancelled()
    }

    /// How often somebody who works has looked. A number that does not grow says nothing: not all work can look.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Fails with the reason once it was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_asked() { Err(self.why()) } else { Ok(()) }
    }

    /// Does `work`, and drops it when asked to stop: for what leaves nothing behind.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.asked.cancelled() => Err(self.why()),
            done = work => Ok(done),
        }
    }

    fn why(&self) -> Error {
        let dropped = || Error::interrupted("nobody waits for it any more");
        self.why.get().cloned().unwrap_or_else(dropped)
    }
}
