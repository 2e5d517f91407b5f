//! Reading the audit log, and checking that nobody has changed it.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::Session;
use super::private_file::{Existing, PrivateFile, another_name};
use crate::domain::audit::{AuditRow, Event};
use crate::domain::error::Context;
use crate::domain::paging::Edge;
use crate::domain::{Error, Result};
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

/// The rows next to an edge, known by their `seq`; at most `limit`, always newest first.
pub fn page(session: &Session, filter: &Filter, edge: Edge<i64>, limit: u32) -> Result<Vec<AuditRow>> {
    session.instance.store.read(|db| audit::list(db, filter, edge, limit))
}

/// Everybody who is in the log, by name.
pub fn actors(session: &Session) -> Result<Vec<String>> {
    session.instance.store.read(audit::actors)
}

/// Every action that is in the log, by name.
pub fn actions(session: &Session) -> Result<Vec<String>> {
    session.instance.store.read(audit::actions)
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

/// Writes every row as a line of JSON, oldest first, to a file of mode 0600; gives how many. A file that exists stays.
pub fn export_to(session: &Session, path: &Path) -> Result<u64> {
    let mut file = PrivateFile::create(path, Existing::Keep).map_err(another_name)?;
    let mut out = BufWriter::new(file.file());
    let mut rows = 0;
    export(session, |row| {
        let line = serde_json::to_string(&row)
            .map_err(|error| Error::failed(format!("cannot write row {}: {error}", row.seq)))?;
        rows += 1;
        writeln!(out, "{line}").doing("cannot write", path.display())
    })?;
    out.flush().doing("cannot write", path.display())?;
    drop(out);
    file.keep().map_err(another_name)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::ActorKind;
    use crate::domain::time::Timestamp;

    fn row(seq: i64, prev_hash: &str) -> AuditRow {
        let mut row = AuditRow {
            seq,
            at: Timestamp::from_millis(seq),
            actor: "ada".to_owned(),
            actor_kind: ActorKind::User,
            action: "job.update".to_owned(),
            entity_type: "job".to_owned(),
            entity_id: "1".to_owned(),
            entity_name: "nightly".to_owned(),
            diff: serde_json::json!({}),
            client: String::new(),
            prev_hash: prev_hash.to_owned(),
            hash: String::new(),
        };
        row.hash = row.expected_hash();
        row
    }

    #[test]
    fn a_link_holds_only_when_number_order_and_content_do() {
        let first = row(1, "");
        let second = row(2, &first.hash);
        assert_eq!(fault(&first, 1, ""), None);
        assert_eq!(fault(&second, 2, &first.hash), None);

        let removed = fault(&row(3, &first.hash), 2, &first.hash);
        assert!(removed.is_some_and(|reason| reason.contains("row 2 is missing")));
        let slipped_in = fault(&row(2, "another"), 2, &first.hash);
        assert!(slipped_in.is_some_and(|reason| reason.contains("does not follow")));
        let changed = AuditRow {
            actor: "eve".to_owned(),
            ..second
        };
        assert!(fault(&changed, 2, &first.hash).is_some_and(|reason| reason.contains("content")));
    }
}
