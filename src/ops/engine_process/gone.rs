//! The end of the engine's process, told by the kernel: `pidfd_open(2)` gives a file that becomes readable when the process
//! ends, however it ends. Nothing polls, and nobody touches the lock that a new engine wants to take.

use std::future::Future;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{Engine, LOOK, is_running, note};
use crate::domain::Result;
use crate::domain::error::Context;
use crate::instance::Paths;
use crate::ops::Session;
use crate::process::born;

/// How often the lock is looked at where the process cannot be seen.
const UNSEEN: std::time::Duration = std::time::Duration::from_secs(1);

/// Looks for the note of an engine that is just writing it.
const NOTE_LOOKS: u32 = 10;

/// Done when the engine that runs now has ended, at once when none does.
///
/// An engine whose process cannot be seen from here (it runs in another container on the same home, or the kernel is older
/// than Linux 5.3) is looked for once a second instead.
pub fn gone(session: &Session) -> impl Future<Output = Result<()>> + Send + use<> {
    let paths = session.instance.paths.clone();
    async move {
        loop {
            if let Some(engine) = named(&paths).await
                && let Some(process) = open(&engine)?
            {
                return ended(process, &engine).await;
            }
            if !is_running(&paths)? {
                return Ok(());
            }
            tokio::time::sleep(UNSEEN).await;
        }
    }
}

/// The engine that the lock file names; it is empty for an instant while an engine writes it.
async fn named(paths: &Paths) -> Option<Engine> {
    for _ in 0..NOTE_LOOKS {
        if let Some(engine) = note(paths) {
            return Some(engine);
        }
        if !paths.lock().exists() {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

/// The engine's process, if there still is one and it is the engine's.
fn open(engine: &Engine) -> Result<Option<std::os::fd::OwnedFd>> {
    let Some(pid) = Pid::from_raw(engine.pid) else {
        return Ok(None);
    };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH | Errno::NOSYS | Errno::PERM | Errno::INVAL) => return Ok(None),
        Err(error) => return Err(std::io::Error::from(error)).doing("cannot watch it", object(engine)),
    };
    // The number may have been given to another process since the note was written. Whoever has it now, after the file was
    // opened, and was born when the engine was, is the engine, and so was whoever had it in between.
    let same = engine.born.is_none_or(|at| born(engine.pid) == Some(at));
    Ok(same.then_some(process))
}

async fn ended(process: std::os::fd::OwnedFd, engine: &Engine) -> Result<()> {
    #[expect(
        deprecated,
        reason = "what replaces it asks for unsafe code, for descriptors somebody else may close; this one is owned"
    )]
    let watched = AsyncFd::with_interest(process, Interest::READABLE).doing("cannot watch it", object(engine))?;
    let readable = watched.readable().await;
    readable.map(drop).doing("cannot watch it", object(engine))
}

fn object(engine: &Engine) -> String {
    format!("engine, process id {}", engine.pid)
}
