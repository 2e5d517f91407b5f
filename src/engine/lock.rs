//! Exactly one engine per home: an operating-system file lock held for its life. The file says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use crate::domain::error::Context;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::instance::{Paths, machine_name};
use crate::process::left::Owner;

/// Held while the engine lives; the operating system lets go of it however the process ends.
pub struct EngineLock {
    file: File,
    started_at: Timestamp,
    /// Whether it takes work.
    ready: bool,
    /// Set once it is to stop: what has not ended by then is cancelled.
    stopping_until: Option<Timestamp>,
}

impl EngineLock {
    /// Takes the lock, or says that another engine has it. Programs that one before this left running, because it was killed, end
    /// before it is forgotten: what they still did would come after its runs were settled.
    pub fn take(paths: &Paths, now: Timestamp) -> Result<Self> {
        let path = paths.lock();
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .doing("cannot open the engine's lock", path.display())?;
        if !taken(&file) {
            return Err(Error::busy("an engine runs already for this home")
                .on(path.display().to_string())
                .next("`backstay daemon status` says which; `backstay daemon stop` ends it"));
        }
        for program in last_owner(&mut file).map(Owner::end_what_it_left).unwrap_or_default() {
            tracing::warn!("ended {program}, which an engine that was killed had left running");
        }
        let mut lock = Self {
            file,
            started_at: now,
            ready: false,
            stopping_until: None,
        };
        lock.note().doing("cannot write the engine's lock", path.display())?;
        Ok(lock)
    }

    /// Says that what an engine before this one left is settled and the schedule is being followed.
    pub fn ready(&mut self) -> Result<()> {
        self.ready = true;
        self.note().doing("cannot write", "the engine's lock")
    }

    /// Says that nothing new is begun, and when what runs is cancelled.
    pub fn stopping(&mut self, until: Timestamp) -> Result<()> {
        self.stopping_until = Some(until);
        self.note().doing("cannot write", "the engine's lock")
    }

    fn note(&mut self) -> std::io::Result<()> {
        let owner = Owner::this();
        let note = json!({
            "pid": std::process::id(),
            "started_at": self.started_at,
            "version": env!("CARGO_PKG_VERSION"),
            "host": machine_name(),
            "ready": self.ready,
            "stopping_until": self.stopping_until,
            "born": owner.map(|owner| owner.born),
            "session": owner.map(|owner| owner.session),
        });
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(format!("{note}\n").as_bytes())
    }
}

/// Who held the lock before. Nothing in a new file, and in one that was never written to its end.
fn last_owner(file: &mut File) -> Option<Owner> {
    let mut note = String::new();
    file.read_to_string(&mut note).ok()?;
    serde_json::from_str(&note).ok()
}

/// Whoever asks whether an engine runs holds the lock for an instant in order to see. So one refusal proves nothing yet.
fn taken(file: &File) -> bool {
    const TRIES: u32 = 10;
    (0..TRIES).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
    })
}
