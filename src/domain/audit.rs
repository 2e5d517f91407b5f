//! The audit log: who did what to which thing, chained by hashes so that a changed or missing row shows.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::time::Timestamp;

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The operating system's user name, or `engine`.
    pub name: String,
    /// A person or script, or the engine by itself.
    pub kind: ActorKind,
    /// The SSH client's address when there is one, and the terminal.
    pub client: String,
}

/// A person or script, or the engine by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// Somebody at the command line or the console.
    User,
    /// The engine by itself.
    Engine,
}

text_enum!(ActorKind, "kind of actor", { User => "user", Engine => "engine" });

/// The action of a person who tells a run to stop.
pub const CANCEL: &str = "run.cancel";

impl Actor {
    /// The engine by itself.
    pub fn engine() -> Self {
        Self {
            name: "engine".to_owned(),
            kind: ActorKind::Engine,
            client: String::new(),
        }
    }
}

/// What was done to what.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `job.create`, `profile.reveal` …
    pub action: String,
    /// `job`, `adapter`, `backup` …
    pub entity_type: &'static str,
    /// Its id.
    pub entity_id: String,
    /// Its name then.
    pub entity_name: String,
    /// Before and after, secrets masked.
    pub diff: Value,
}

impl Event {
    /// An event without a diff.
    pub fn new(
        action: &str,
        entity_type: &'static str,
        entity_id: impl fmt::Display,
        entity_name: impl Into<String>,
    ) -> Self {
        Self {
            action: action.to_owned(),
            entity_type,
            entity_id: entity_id.to_string(),
            entity_name: entity_name.into(),
            diff: json!({}),
        }
    }

    /// With what changed: fields that are equal on both sides are left out.
    #[must_use]
    pub fn changed(mut self, before: &Value, after: &Value) -> Self {
        self.diff = difference(before, after);
        self
    }

    /// With one fact more.
    #[must_use]
    pub fn fact(mut self, name: &str, fact: Value) -> Self {
        if let Some(facts) = self.diff.as_object_mut() {
            facts.insert(name.to_owned(), fact);
        }
        self
    }

    /// With free facts in place of a before and after.
    #[must_use]
    pub fn with(mut self, facts: Value) -> Self {
        self.diff = facts;
        self
    }
}

/// `{"field": {"before": …, "after": …}}` for every field that differs.
fn difference(before: &Value, after: &Value) -> Value {
    let empty = serde_json::Map::new();
    let old = before.as_object().unwrap_or(&empty);
    let new = after.as_object().unwrap_or(&empty);
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let changed = keys.filter(|key| old.get(*key) != new.get(*key)).map(|key| {
        let side = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
        (key.clone(), json!({ "before": side(old), "after": side(new) }))
    });
    Value::Object(changed.collect())
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRow {
    /// Grows by one with every row.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// A person or the engine.
    pub actor_kind: ActorKind,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub entity_type: String,
    /// To which.
    pub entity_id: String,
    /// Its name then.
    pub entity_name: String,
    /// Before and after, secrets masked.
    pub diff: Value,
    /// From where.
    pub client: String,
    /// The hash of the row before; empty on the first.
    pub prev_hash: String,
    /// `SHA-256(prev_hash ‖ canonical row)`, hex.
    pub hash: String,
}

impl AuditRow {
    /// What the hash of this row has to be. The canonical row is JSON with sorted keys and without the two hashes.
    pub fn expected_hash(&self) -> String {
        let mut diff = self.diff.clone();
        diff.sort_all_objects();
        let mut row = json!({
            "seq": self.seq, "at": self.at.millis(), "actor": self.actor, "actor_kind": self.actor_kind,
            "action": self.action, "entity_type": self.entity_type, "entity_id": self.entity_id,
            "entity_name": self.entity_name, "diff": diff, "client": self.client,
        });
        row.sort_all_objects();
        hex::encode(
            Sha256::new()
                .chain_update(&self.prev_hash)
                .chain_update(row.to_string())
                .finalize(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_only_what_changed() {
        let diff = difference(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3, "c": 4}));
        assert_eq!(
            diff,
            json!({"b": {"before": 2, "after": 3}, "c": {"before": null, "after": 4}})
        );
    }
}
