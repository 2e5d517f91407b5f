//! Reading the audit log, and checking that nobody has changed it.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::Session;
use super::private_file::{Existing, PrivateFile, another_name};
use crate::domain::audit::{AuditRow, Event};
use crate::domain::error::Context;
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::domain::setting;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::store::audit::{self, Filter};
use crate::store::{Db, adapters, jobs, profiles};

/// The types of the things in the log.
pub const TYPES: [&str; 9] = [
    "job",
    "execution",
    "backup",
    "adapter",
    "profile",
    "setting",
    "engine",
    "recovery-kit",
    "audit",
];

/// So many things may be meant by a part of a name; the rows of each are looked for.
const MANY: usize = 100;

/// Which rows are wanted. A whole name stands for itself; a part of one, in letters of either case, for every name that has
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only what these did.
    pub actor: Option<String>,
    /// Only these actions.
    pub action: Option<String>,
    /// Only about these things: an id, a name, a part of the name of what there is, or the beginning of that of what there
    /// was; behind `job:`, `adapter:` and so on only of that type.
    pub thing: Option<String>,
    /// Only rows of this instant or later.
    pub since: Option<Timestamp>,
    /// Only rows of before this instant.
    pub until: Option<Timestamp>,
}

impl Wanted {
    /// The names that are meant.
    pub fn names(&self, db: &Db) -> Result<Filter> {
        let like = |part: Option<&str>, all: fn(&Db) -> Result<Vec<String>>| -> Result<Option<Vec<String>>> {
            Ok(match part {
                Some(part) => Some(having(all(db)?, part)),
                None => None,
            })
        };
        let (entity_type, part) = match self.thing.as_deref() {
            // A name may begin like a type.
            Some(thing) if audit::has_thing(db, thing)? => (None, Some(thing)),
            Some(thing) => {
                let (entity_type, part) = typed(thing);
                (entity_type, Some(part))
            }
            None => (None, None),
        };
        Ok(Filter {
            actors: like(self.actor.as_deref(), audit::actors)?,
            actions: like(self.action.as_deref(), audit::actions)?,
            things: part.map(|part| things(db, part)).transpose()?,
            entity_type: entity_type.map(str::to_owned),
            since: self.since,
            until: self.until,
        })
    }
}

/// The type that stands before a name, and the name.
fn typed(thing: &str) -> (Option<&str>, &str) {
    match thing.split_once(':') {
        Some((kind, name)) if TYPES.contains(&kind) && !name.trim().is_empty() => (Some(kind), name.trim()),
        _ => (None, thing),
    }
}

/// The name that is this one, or else those that have it in them.
fn having(names: Vec<String>, part: &str) -> Vec<String> {
    if names.iter().any(|name| name == part) {
        return vec![part.to_owned()];
    }
    let part = part.to_lowercase();
    let mut names = names;
    names.retain(|name| name.to_lowercase().contains(&part));
    names
}

/// The ids and names of the things that are meant.
fn things(db: &Db, part: &str) -> Result<Vec<String>> {
    // A run is told of also where only another thing's row speaks of it.
    if part.parse::<ExecutionId>().is_ok() || audit::has_thing(db, part)? {
        return Ok(vec![part.to_owned()]);
    }
    let jobs = jobs::list(db)?.into_iter().map(|job| job.definition.name);
    let adapters = adapters::list(db)?.into_iter().map(|adapter| adapter.name);
    let profiles = profiles::list(db)?.into_iter().map(|profile| profile.name);
    let settings = setting::ALL.iter().map(|setting| setting.key.to_owned());
    let mut names = having(jobs.chain(adapters).chain(profiles).chain(settings).collect(), part);
    // A backup, and what was removed or renamed, is called so in the log alone, where no more than a beginning is found quickly.
    names.extend(audit::things_from(db, part, MANY + 1)?);
    names.sort();
    names.dedup();
    if names.len() > MANY {
        return Err(Error::usage(format!("more than {MANY} things are called like that"))
            .on(format!("'{part}'"))
            .next("write more of the name"));
    }
    Ok(names)
}

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
pub fn page(session: &Session, wanted: &Wanted, edge: Edge<i64>, limit: u32) -> Result<Vec<AuditRow>> {
    let store = &session.instance.store;
    store.read(|db| audit::list(db, &wanted.names(db)?, edge, limit))
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
