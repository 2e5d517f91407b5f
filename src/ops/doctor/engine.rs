//! Does an engine run: its lock says so, and who holds it.

use std::fs::File;
use std::io::ErrorKind;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::Deserialize;

use super::Finding;
use crate::domain::Result;
use crate::domain::error::from_io;
use crate::domain::time::Timestamp;
use crate::instance::Paths;
use crate::ops::Session;

const CHECK: &str = "engine";

/// What the holder wrote into the lock file.
#[derive(Deserialize)]
struct Note {
    pid: u32,
    started_at: Timestamp,
    version: String,
}

pub(super) fn look(session: &Session) -> Finding {
    let paths = &session.instance.paths;
    match is_held(paths) {
        Err(error) => Finding::of_error(CHECK, &error),
        Ok(false) => Finding::warn(
            CHECK,
            "none runs, so no schedule is followed",
            "`backstay daemon start` starts one; `backstay daemon install` starts it with the machine",
        ),
        Ok(true) => running(paths),
    }
}

fn running(paths: &Paths) -> Finding {
    let note = std::fs::read_to_string(paths.lock())
        .ok()
        .and_then(|text| serde_json::from_str::<Note>(&text).ok());
    let Some(note) = note else {
        return Finding::ok(CHECK, "one is just starting");
    };
    let told = format!("runs as process {} since {}", note.pid, note.started_at);
    if note.version == env!("CARGO_PKG_VERSION") {
        return Finding::ok(CHECK, told);
    }
    Finding::warn(
        CHECK,
        format!(
            "{told}, and is version {} where this program is {}",
            note.version,
            env!("CARGO_PKG_VERSION")
        ),
        "`backstay daemon stop`, then `backstay daemon start`",
    )
}

fn is_held(paths: &Paths) -> Result<bool> {
    let path = paths.lock();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(from_io(&error, "cannot read the lock", &path.display().to_string())),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(from_io(
            &error.into(),
            "cannot look at the lock",
            &path.display().to_string(),
        )),
    }
}
