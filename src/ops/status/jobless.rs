//! Backups without a job: those of jobs that were removed, and on a new machine those that a scan has found.

use serde::Serialize;

use crate::domain::Result;
use crate::domain::adapter::{Adapter, AdapterType};
use crate::domain::id::BackupId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::store::{Db, backups};

/// What there is to restore where there is no job at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jobless {
    /// Backups with a copy that is there.
    pub backups: u64,
    /// Those of them that are sealed with a key that is not here.
    pub without_key: u64,
    /// The destinations where they lie, by name.
    pub destinations: Vec<String>,
    /// The newest of them.
    pub newest: BackupId,
    /// The name of its job.
    pub newest_job: String,
    /// The instant its data is of.
    pub newest_taken_at: Timestamp,
}

impl Jobless {
    /// `3 backups lie at far, nas`, by where they lie as `names` writes it.
    pub fn told(&self, names: impl Fn(&[&str]) -> String) -> String {
        let lie = if self.backups == 1 { "lies" } else { "lie" };
        let destinations: Vec<&str> = self.destinations.iter().map(String::as_str).collect();
        let backups = units::count(self.backups, "backup");
        format!("{backups} {lie} at {}", names(&destinations))
    }

    /// Which of them cannot be read, if any: `2 are sealed with a key that is not here`.
    pub fn lacking(&self) -> Option<String> {
        let are = match (self.without_key, self.backups) {
            (0, _) => return None,
            (1, 1) => "it is".to_owned(),
            (all, there) if all == there => "all of them are".to_owned(),
            (1, _) => "1 of them is".to_owned(),
            (number, _) => format!("{number} of them are"),
        };
        Some(format!("{are} sealed with a key that is not here"))
    }
}

/// Looks for them.
pub(super) fn find(db: &Db, adapters: &[Adapter]) -> Result<Option<Jobless>> {
    let there = backups::there(db)?;
    let newest = backups::list(db, &backups::Filter::default(), Edge::Newest, 1)?.pop();
    let Some(newest) = newest.filter(|_| there.backups > 0) else {
        return Ok(None);
    };
    let mut destinations = Vec::new();
    for adapter in adapters
        .iter()
        .filter(|adapter| adapter.kind == AdapterType::Destination)
    {
        if backups::usage(db, adapter.id, None, None)?.copies > 0 {
            destinations.push(adapter.name.clone());
        }
    }
    Ok(Some(Jobless {
        backups: there.backups,
        without_key: there.without_key,
        destinations,
        newest: newest.id,
        newest_job: newest.job_name,
        newest_taken_at: newest.taken_at,
    }))
}
