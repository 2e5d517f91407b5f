//! Backups with a copy that is missing or corrupt, and the one step that mends each: told the same wherever it is told.

use serde::Serialize;

use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::execution::{ExecutionType, Failure, Status};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::time::Timestamp;
use crate::domain::{Result, words};
use crate::ops::Session;
use crate::store::{Db, backups, jobs};

/// Damaged backups that are told of.
pub(super) const DAMAGED: u32 = 100;

/// A backup with a copy that is missing or corrupt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Damaged {
    /// The backup.
    pub backup: BackupId,
    /// Its job's name.
    pub job: String,
    /// The destinations whose copy is missing or corrupt.
    pub destinations: Vec<String>,
    /// Those copies.
    pub copies: Vec<Broken>,
    /// The command that puts it right: repair, or looking again for where the good copy is; or where no good copy is left,
    /// another run or removing what is useless.
    pub next: String,
    /// What that does, as the end of a sentence that begins with it.
    #[serde(skip)]
    pub does: String,
}

/// A copy that is missing or corrupt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Its destination.
    pub destination: String,
    /// Which of the two it is.
    pub state: CopyState,
    /// When a verification found it so; absent where something else noticed.
    pub found_at: Option<Timestamp>,
}

impl Damaged {
    /// The command that puts it right, and what it does.
    pub fn step(&self) -> String {
        format!("`{}` {}", self.next, self.does)
    }

    /// `copy at nas found corrupt 2026-11-21 04:00:00, at far missing`, times as `time` writes them.
    pub fn told(&self, time: impl Fn(Timestamp) -> String) -> String {
        let copies = self.copies.iter().map(|copy| {
            let Broken { destination, state, .. } = copy;
            match copy.found_at {
                Some(at) => format!("at {destination} found {state} {}", time(at)),
                None => format!("at {destination} {state}"),
            }
        });
        format!("copy {}", copies.collect::<Vec<_>>().join(", "))
    }
}

/// What is wrong with the backup that a run could not read, and what mends it, which depends on its other copies. Nothing where
/// the failure's own advice is the one to follow.
pub fn damage_found(
    session: &Session,
    kind: ExecutionType,
    status: Status,
    backup: BackupId,
    failure: &Failure,
) -> Result<Option<Damaged>> {
    if !matches!(kind, ExecutionType::Verify | ExecutionType::Restore) || status != Status::Failed {
        return Ok(None);
    }
    session.instance.store.read(|db| {
        let Some(backup) = backups::by_id(db, backup)?.filter(is_damaged) else {
            return Ok(None);
        };
        let told = |of: &str| failure.object.contains(of) || failure.message.contains(of);
        let is_about =
            |copy: &Copy| is_broken(copy) && (told(&copy.path) || told(&format!("copy at {}", copy.destination)));
        // What keeps a copy from being looked at is told by the failure alone.
        let looked_at = backup.copies.iter().any(is_about) || failure.next.is_empty();
        if !looked_at {
            return Ok(None);
        }
        let mut damaged = damage_of(db, &backup, session.now())?;
        // Who wants data back is not helped by removing what gave none.
        let is_in_vain = kind == ExecutionType::Restore && backup.readable_copies().is_empty();
        let another = is_in_vain.then(|| backups::latest(db, backup.job_id, &backup.job_name, session.now()));
        if let Some(good) = another.transpose()?.flatten() {
            damaged.next = format!("backstay restore {} --to ADAPTER", good.id.short());
            damaged.does = format!(
                "gives back {}, the newest good backup of {}",
                good.id.short(),
                damaged.job
            );
        }
        Ok(Some(damaged))
    })
}

/// What mends a backup with a copy that is missing or corrupt; nothing where all are well.
pub fn mend(db: &Db, backup: &Backup, now: Timestamp) -> Result<Option<String>> {
    if !is_damaged(backup) {
        return Ok(None);
    }
    damage_of(db, backup, now).map(|damaged| Some(damaged.next))
}

/// What mends the newest backup whose copy at this destination is missing or corrupt.
pub fn mend_at(db: &Db, destination: AdapterId, now: Timestamp) -> Result<Option<String>> {
    let is_there = |copy: &Copy| copy.destination_id == destination && is_broken(copy);
    let all = backups::damaged(db, DAMAGED)?;
    match all.iter().find(|backup| backup.copies.iter().any(is_there)) {
        Some(backup) => mend(db, backup, now),
        None => Ok(None),
    }
}

/// What is wrong with a backup that has a broken copy.
pub fn damage_of(db: &Db, backup: &Backup, now: Timestamp) -> Result<Damaged> {
    let by_id = backup.job_id.map(|id| jobs::by_id(db, id)).transpose()?.flatten();
    let job = match by_id {
        Some(job) => Some(job),
        None => jobs::by_name(db, &backup.job_name)?,
    };
    let is_bereft = job.is_some() && backups::latest(db, backup.job_id, &backup.job_name, now)?.is_none();
    let name = job.map_or_else(|| backup.job_name.clone(), |job| job.definition.name);
    Ok(damaged(backup, name, is_bereft))
}

fn is_damaged(backup: &Backup) -> bool {
    backup.copies.iter().any(is_broken)
}

fn is_broken(copy: &Copy) -> bool {
    copy.state.is_broken()
}

/// The same of a backup of this job, which may have no good one left.
pub(super) fn damaged(backup: &Backup, job: String, is_bereft: bool) -> Damaged {
    let broken = backup.copies.iter().filter(|copy| is_broken(copy));
    let short = backup.id.short();
    let (next, does) = match backup.readable_copies().first() {
        Some(good) if good.is_in_reach() => (
            format!("backstay backup repair {short}"),
            format!("makes the bad copy anew from the good one at {}", good.destination),
        ),
        // It would be made from this one.
        Some(good) => (
            format!("backstay adapter test {}", words::quoted(&good.destination)),
            format!("looks again for {}, where a good copy is", good.destination),
        ),
        None if is_bereft => (
            format!("backstay run {}", words::quoted(&job)),
            format!("makes another: no good copy is left of {short} nor of any other backup"),
        ),
        None => (
            format!("backstay backup remove {short}"),
            format!("deletes backup {short}, of which no good copy is left; other backups stay"),
        ),
    };
    Damaged {
        backup: backup.id,
        job,
        destinations: broken.clone().map(|copy| copy.destination.clone()).collect(),
        copies: broken
            .map(|copy| Broken {
                destination: copy.destination.clone(),
                state: copy.state,
                found_at: copy.verified_at.filter(|_| copy.verified_ok == Some(false)),
            })
            .collect(),
        next,
        does,
    }
}
