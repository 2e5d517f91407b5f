//! Reading the audit log, and checking that nobody has changed it.

use serde::Serialize;

use super::Session;
use crate::domain::Result;
use crate::domain::audit::{AuditRow, Event};
use crate::store::audit;
pub use crate::store::audit::Filter;

/// What became of a walk along the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Rows that were looked at.
    pub rows: u64,
    /// The first row that does not fit, if there is one.
    pub broken: Option<Broken>,
}

/// A row where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Its number.
    pub seq: i64,
    /// What is wrong, one sentence.
    pub reason: String,
}

/// Rows, newest first.
pub fn list(session: &Session, filter: &Filter, limit: u32) -> Result<Vec<AuditRow>> {
    session.instance.store.read(|db| audit::list(db, filter, limit))
}

/// Walks the chain from its start.
pub fn verify(session: &Session) -> Result<Verdict> {
    session.instance.store.read(|db| {
        let mut rows = 0_u64;
        let mut broken = None;
        let mut expected_seq = 1;
        let mut last_hash = String::new();
        audit::walk(db, |row| {
            rows += 1;
            if broken.is_none() {
                broken = fault(&row, expected_seq, &last_hash).map(|reason| Broken { seq: row.seq, reason });
            }
            expected_seq = row.seq + 1;
            last_hash = row.hash;
            Ok(())
        })?;
        Ok(Verdict { rows, broken })
    })
}

fn fault(row: &AuditRow, expected_seq: i64, last_hash: &str) -> Option<String> {
    if row.seq != expected_seq {
        return Some(format!("row {expected_seq} is missing before it"));
    }
    if row.prev_hash != last_hash {
        return Some("it does not follow the row before it, which was changed or replaced".to_owned());
    }
    (row.hash != row.expected_hash()).then(|| "its content is not what its hash was made of".to_owned())
}

/// Hands over every row, oldest first, and puts the export itself on record before.
pub fn export(session: &Session, each: impl FnMut(AuditRow) -> Result<()>) -> Result<()> {
    session
        .instance
        .store
        .write(|db| session.record(db, &Event::new("audit.export", "audit", "", "")))?;
    session.instance.store.read(|db| audit::walk(db, each))
}
