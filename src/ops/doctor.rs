//! Is everything in order: keys, database, disks, tools, engine, and what is left unprotected. Each finding says what to do.

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::{Session, adapters, audit};
use crate::disk;
use crate::domain::adapter::{Adapter, AdapterType, Probe};
use crate::domain::units::{self, count, size};
use crate::domain::{Error, Result};
use crate::store::adapters as rows;

mod engine;
mod protection;

/// Less than this beside the database is worth a word.
const LITTLE_FREE_BYTES: u64 = 1 << 30;

/// Less than this beside the database and soon nothing can be recorded.
pub(super) const HARDLY_FREE_BYTES: u64 = 64 << 20;

/// Probes that go on at the same time.
const PROBES_AT_ONCE: usize = 5;

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// In order.
    Ok,
    /// Works, and should be looked at.
    Warn,
    /// Does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `master key`, `adapter nas`, `job nightly`.
    pub check: String,
    /// How it is.
    pub status: Mark,
    /// What was found, one sentence.
    pub message: String,
    /// What to do; empty when there is nothing.
    pub next: String,
}

impl Finding {
    fn ok(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Mark::Ok, check, message, "")
    }

    fn warn(check: impl Into<String>, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Mark::Warn, check, message, next)
    }

    fn fail(check: impl Into<String>, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Mark::Fail, check, message, next)
    }

    fn new(status: Mark, check: impl Into<String>, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            status,
            message: message.into(),
            next: next.into(),
        }
    }

    fn of_error(check: impl Into<String>, error: &Error) -> Self {
        let object = if error.object.is_empty() {
            String::new()
        } else {
            format!("{}: ", error.object)
        };
        Self::fail(check, format!("{object}{}", error.message), error.next.clone())
    }
}

/// Looks at everything. An installation that could not be opened is a finding too.
pub async fn examine(opened: Result<Session>) -> Vec<Finding> {
    match opened {
        Ok(session) => examine_open(&session).await,
        Err(error) => vec![Finding::of_error("installation", &error)],
    }
}

async fn examine_open(session: &Session) -> Vec<Finding> {
    let mut findings = vec![
        master_key(session),
        database(session),
        audit_log(session),
        data_disk(session),
        scratch(session),
    ];
    findings.push(engine::look(session));
    match session.instance.store.read(rows::list) {
        Err(error) => findings.push(Finding::of_error("adapters", &error)),
        Ok(all) => {
            let looked = stream::iter(all.into_iter().map(|adapter| endpoint(session, adapter)));
            findings.extend(looked.buffered(PROBES_AT_ONCE).collect::<Vec<_>>().await.concat());
        }
    }
    findings.extend(protection::look(session));
    findings
}

/// Opening has refused a key that others can read, or that does not fit, already.
fn master_key(session: &Session) -> Finding {
    Finding::ok(
        "master key",
        format!(
            "{}, private to its owner, opens the database",
            session.instance.key_origin
        ),
    )
}

fn database(session: &Session) -> Finding {
    let store = &session.instance.store;
    match store.integrity() {
        Ok(problems) if problems.is_empty() => Finding::ok("database", format!("{} is sound", store.path().display())),
        Ok(problems) => Finding::fail(
            "database",
            format!("{}: {}", store.path().display(), problems.join("; ")),
            "stop the engine and restore the file from a copy; `backstay backup scan` finds backups again",
        ),
        Err(error) => Finding::of_error("database", &error),
    }
}

fn audit_log(session: &Session) -> Finding {
    match audit::verify(session) {
        Ok(verdict) => match verdict.broken {
            None => Finding::ok(
                "audit log",
                format!("the chain of {} holds", count(verdict.rows, "row")),
            ),
            Some(broken) => Finding::fail(
                "audit log",
                format!("the chain is broken at row {}: {}", broken.seq, broken.reason),
                "find out who could write to the database; rows before that one are as they were written",
            ),
        },
        Err(error) => Finding::of_error("audit log", &error),
    }
}

fn data_disk(session: &Session) -> Finding {
    let path = &session.instance.paths.data;
    let next = "free some space there: nothing can be recorded on a full disk";
    match disk::space(path) {
        Err(error) => Finding::of_error("disk", &error),
        Ok(space) if space.read_only => Finding::fail(
            "disk",
            format!("{} is mounted read-only", path.display()),
            "mount it writable",
        ),
        Ok(space) => {
            let told = format!("{} free at {}", size(space.free_bytes), path.display());
            match space.free_bytes {
                ..HARDLY_FREE_BYTES => Finding::fail("disk", told, next),
                HARDLY_FREE_BYTES..LITTLE_FREE_BYTES => Finding::warn("disk", told, next),
                _ => Finding::ok("disk", told),
            }
        }
    }
}

fn scratch(session: &Session) -> Finding {
    let tried = crate::catalog::endpoints::tools(&session.instance).and_then(|tools| {
        let made = tempfile::tempfile_in(&tools.scratch);
        let shown = tools.scratch.display().to_string();
        made.map(|_| shown.clone())
            .map_err(|error| crate::domain::error::from_io(&error, "cannot write there", &shown))
    });
    match tried {
        Ok(shown) => Finding::ok("scratch", format!("{shown} can be written to")),
        Err(error) => Finding::of_error("scratch", &error),
    }
}

/// An adapter's own probe knows its tools, versions and rights; nothing is recorded.
async fn endpoint(session: &Session, adapter: Adapter) -> Vec<Finding> {
    let check = format!("adapter {}", adapter.name);
    match adapters::probe_stored(session, &adapter).await {
        Err(error) => vec![Finding::of_error(check, &error)],
        Ok(probe) => {
            let mut findings = vec![Finding::ok(check.clone(), answered(&probe))];
            findings.extend(room(&adapter, &probe, &check));
            findings.extend(probe.blockers.iter().map(|blocker| {
                let (message, next) = blocker.split_once(" · ").unwrap_or((blocker, ""));
                Finding::fail(check.clone(), message, next)
            }));
            findings
        }
    }
}

fn answered(probe: &Probe) -> String {
    let free = probe.free_bytes.map(|free| format!("{} free", size(free)));
    let said = std::iter::once(format!(
        "{}, answered in {}",
        probe.version,
        units::millis(probe.latency_ms)
    ));
    said.chain(free)
        .chain(probe.notes.iter().cloned())
        .collect::<Vec<_>>()
        .join("; ")
}

fn room(adapter: &Adapter, probe: &Probe, check: &str) -> Option<Finding> {
    let free = probe
        .free_bytes
        .filter(|free| adapter.kind == AdapterType::Destination && *free < LITTLE_FREE_BYTES)?;
    Some(Finding::warn(
        check,
        format!("only {} free", size(free)),
        "free some space there, or keep fewer copies",
    ))
}
