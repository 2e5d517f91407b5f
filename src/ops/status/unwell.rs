//! Adapters that did not answer of late, and the command that helps: one that says that its settings are wrong is not helped by
//! looking again.

use serde::Serialize;

use crate::domain::adapter::{Adapter, EDIT, Health};
use crate::domain::time::Timestamp;
use crate::domain::{Result, words};
use crate::store::{Db, health};

/// An adapter that did not answer of late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unwell {
    /// Its name.
    pub adapter: String,
    /// How it is: degraded or offline.
    pub health: Health,
    /// The first of the probes in a row that failed; absent where it answers and cannot be backed up from here.
    pub since: Option<Timestamp>,
    /// What the last failed probe said.
    pub error: Option<String>,
    /// The command that helps: to change its settings where they are wrong, as a password is that the server rejects; else to
    /// look again.
    pub next: String,
}

impl Unwell {
    /// The command that helps, and what it does.
    pub fn step(&self) -> String {
        let does = if self.next.starts_with(EDIT) {
            "corrects it"
        } else {
            "looks again"
        };
        format!("`{}` {does}", self.next)
    }
}

/// Those of all adapters, the worst first, then by name.
pub(super) fn find(db: &Db, adapters: &[Adapter]) -> Result<Vec<Unwell>> {
    let unwell = adapters
        .iter()
        .filter(|adapter| matches!(adapter.last_status, Health::Degraded | Health::Offline));
    let told = unwell.map(|adapter| {
        Ok(Unwell {
            adapter: adapter.name.clone(),
            health: adapter.last_status,
            since: health::failing_since(db, adapter.id, adapter.consecutive_failures)?,
            error: adapter.last_error.clone(),
            next: next(&adapter.name, adapter.last_error.as_deref().unwrap_or_default()),
        })
    });
    let mut unwell = told.collect::<Result<Vec<_>>>()?;
    // They come by name.
    unwell.sort_by_key(|adapter| adapter.health != Health::Offline);
    Ok(unwell)
}

/// What the probe advised is kept as text, and names the command where settings are to be changed.
fn next(name: &str, error: &str) -> String {
    let command = if error.contains(EDIT) {
        EDIT
    } else {
        "backstay adapter test"
    };
    format!("{command} {}", words::quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_wrong_are_changed_and_everything_else_is_looked_at_again() {
        let wrong = "login rejected · correct it: `backstay adapter edit 'the shop'`";
        assert_eq!(next("the shop", wrong), "backstay adapter edit 'the shop'");
        assert_eq!(
            next("nas", "no route to host · bring it back"),
            "backstay adapter test nas"
        );
    }
}
