//! What of a job's backups cannot be read now, because no destination that holds a good copy answers. It is told from what the
//! probes found, and nothing else is kept of it.

use serde::Serialize;

use crate::domain::Result;
use crate::domain::backup::{Backup, Copy};
use crate::domain::execution::Failure;
use crate::domain::id::BackupId;
use crate::domain::job::Job;
use crate::domain::time::Timestamp;
use crate::domain::words;
use crate::store::{Db, backups};

/// Why the newest good backup of a job cannot be read now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutOfReach {
    /// The destinations of its good copies, none of which answers, in the job's order.
    pub destinations: Vec<Away>,
    /// The newest good backup that can be read all the same: what would be left if the source died now.
    pub left: Option<Left>,
}

/// A destination that does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Away {
    /// Its name.
    pub destination: String,
    /// The first of the probes in a row that failed, as far back as they are kept.
    pub since: Timestamp,
}

/// A good backup that can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Left {
    /// Its id.
    pub backup: BackupId,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// How old that is.
    pub age_seconds: u64,
    /// Whether a copy of it that can be read was read back and found good.
    pub proven: bool,
}

impl OutOfReach {
    /// What that means and what to do, with times as `time` writes them.
    pub fn told(&self, time: impl Fn(Timestamp) -> String) -> Failure {
        let away = self
            .destinations
            .iter()
            .map(|away| format!("{} has not answered since {}", away.destination, time(away.since)));
        let away = away.collect::<Vec<_>>().join(", ");
        let message = match &self.left {
            None => format!("no good copy is in reach: {away}"),
            Some(left) => {
                let date = time(left.taken_at);
                format!("its newest backup is out of reach: {away}; the newest in reach is of {date}")
            }
        };
        let next = self.destinations.first().map_or_else(String::new, |first| {
            let (name, quoted) = (&first.destination, words::quoted(&first.destination));
            format!(
                "bring {name} back; `backstay adapter test {quoted}` looks again; \
                 if it is gone for good, `backstay adapter remove {quoted} --forget-copies`"
            )
        });
        Failure {
            message,
            object: String::new(),
            next,
            parts: Vec::new(),
        }
    }
}

/// Why a job's newest good backup cannot be read now; nothing where it can.
pub(super) fn out_of_reach(good: Option<&Backup>, db: &Db, job: &Job, now: Timestamp) -> Result<Option<OutOfReach>> {
    let copies = good.iter().flat_map(|good| &good.copies).filter(|copy| copy.is_good());
    let destinations: Option<Vec<Away>> = copies
        .map(|copy| {
            Some(Away {
                destination: copy.destination.clone(),
                since: copy.out_of_reach_since?,
            })
        })
        .collect();
    let Some(destinations) = destinations.filter(|away| !away.is_empty()) else {
        return Ok(None);
    };
    let newest = backups::latest_in_reach(db, job.id, &job.definition.name, now)?;
    Ok(Some(OutOfReach {
        destinations,
        left: newest
            .filter(|newest| !newest.is_ahead(now))
            .map(|newest| left(&newest, now)),
    }))
}

fn left(backup: &Backup, now: Timestamp) -> Left {
    let is_proof = |copy: &Copy| copy.is_in_reach() && copy.proof().is_some();
    Left {
        backup: backup.id,
        taken_at: backup.taken_at,
        age_seconds: now.since(backup.taken_at).as_secs(),
        proven: backup.copies.iter().any(is_proof),
    }
}
