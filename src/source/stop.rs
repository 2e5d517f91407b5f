//! The wish that a restore ends. A thread or a program on a server goes on when the future that waits for it is dropped, so a
//! restore is never just dropped: it is asked to stop, and then waited for until it has taken back what it made.

use std::future::Future;
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
        let why = Arc::clone(&self.why);
        (
            Self {
                asked: asked.clone(),
                why,
            },
            asked.drop_guard(),
        )
    }

    /// Whether it was asked to stop.
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
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
