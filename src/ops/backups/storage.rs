//! What lies where: how many copies, how many bytes, and how that grew.

use std::time::Duration;

use serde::Serialize;

use crate::domain::Result;
use crate::domain::adapter::{Adapter, AdapterType, Health};
use crate::domain::backup::CopyState;
use crate::domain::id::BackupId;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::{Session, status};
use crate::store::{Db, adapters, backups, health};

/// Points of a trend.
const WEEKS: u32 = 12;

const WEEK: Duration = Duration::from_hours(7 * 24);

/// What lies at a destination, as far as the catalogue knows. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// The destination adapter's name.
    pub adapter: String,
    /// Its driver.
    pub driver: String,
    /// Copies that are there.
    pub copies: u64,
    /// Bytes stored in them.
    pub stored_bytes: u64,
    /// Copies that should be there and were found gone.
    pub missing: u64,
    /// Copies that are there and were found to differ from their manifest.
    pub corrupt: u64,
    /// The command that mends the newest backup of those, where there is one.
    pub mend: Option<String>,
    /// How the destination is.
    pub health: Health,
    /// What the last probe said that failed.
    pub error: Option<String>,
    /// The instant the data of the oldest of them is of.
    pub oldest: Option<Timestamp>,
    /// The instant the data of the newest of them is of.
    pub newest: Option<Timestamp>,
    /// Since when it has not answered, where it is offline: the copies are out of reach.
    pub out_of_reach_since: Option<Timestamp>,
    /// What was free when it was last probed, where its driver can tell and it answered.
    pub free_bytes: Option<u64>,
    /// The last twelve weeks, each seven days long and the last one ending now, oldest first.
    pub trend: Vec<Week>,
}

impl Storage {
    /// `2 copies corrupt, 1 missing`; nothing where none is known to be.
    pub fn broken(&self) -> Option<String> {
        let counted = [(self.corrupt, "corrupt"), (self.missing, "missing")];
        let mut told = counted.into_iter().filter(|(number, _)| *number > 0);
        let (number, word) = told.next()?;
        let more = told
            .next()
            .map_or_else(String::new, |(number, word)| format!(", {number} {word}"));
        Some(format!("{} {word}{more}", units::count(number, "copy")))
    }
}

/// A point of a trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Week {
    /// The end of the week.
    pub ends_at: Timestamp,
    /// Bytes of those copies that are there **now** whose data is of before that end. Copies deleted since are not in it, so
    /// this is the growth of what is kept and not the history of the disk.
    pub stored_bytes: u64,
}

/// Every destination by name.
pub fn storage(session: &Session) -> Result<Vec<Storage>> {
    let now = session.now();
    session.instance.store.read(|db| {
        let all = adapters::list(db)?.into_iter();
        all.filter(|adapter| adapter.kind == AdapterType::Destination)
            .map(|adapter| of(db, adapter, now))
            .collect()
    })
}

fn of(db: &Db, adapter: Adapter, now: Timestamp) -> Result<Storage> {
    let all = backups::usage(db, adapter.id, None, None)?;
    let mut trend = Vec::new();
    let (mut ends_at, mut stored_bytes) = (now, all.stored_bytes);
    for _ in 0..WEEKS {
        trend.push(Week { ends_at, stored_bytes });
        let since = ends_at.minus(WEEK);
        // The first of these weeks is open: a machine whose clock is behind may have taken backups "after" now.
        let until = Some(ends_at).filter(|end| *end < now);
        stored_bytes -= backups::usage(db, adapter.id, Some(since), until)?
            .stored_bytes
            .min(stored_bytes);
        ends_at = since;
    }
    trend.reverse();
    let missing = backups::copies_in(db, adapter.id, CopyState::Missing)?;
    let corrupt = backups::copies_in(db, adapter.id, CopyState::Corrupt)?;
    Ok(Storage {
        copies: all.copies,
        stored_bytes: all.stored_bytes,
        missing,
        corrupt,
        mend: match missing + corrupt {
            0 => None,
            _ => status::mend_at(db, adapter.id, now)?,
        },
        health: adapter.last_status,
        out_of_reach_since: match adapter.last_status {
            Health::Offline => health::failing_since(db, adapter.id, adapter.consecutive_failures)?,
            _ => None,
        },
        free_bytes: free_bytes(&adapter),
        error: adapter.last_error,
        oldest: all.oldest.as_ref().map(BackupId::made_at),
        newest: all.newest.as_ref().map(BackupId::made_at),
        adapter: adapter.name,
        driver: adapter.driver,
        trend,
    })
}

/// Free space that was seen before a destination went away is no longer there to be told of.
fn free_bytes(adapter: &Adapter) -> Option<u64> {
    adapter
        .metadata
        .get("free_bytes")?
        .as_u64()
        .filter(|_| adapter.answers())
}
