//! What retention would keep and let go, before it does: judged by what the catalogue knows, as the run will judge by the
//! manifests at the destination.

use serde::Serialize;

use crate::domain::Result;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::id::{AdapterId, BackupId, CopyId, JobId};
use crate::domain::job::{Job, Target};
use crate::domain::retention::{self, Candidate, Policy, plan};
use crate::domain::time::{Timestamp, zone};
use crate::ops::Session;
use crate::store::{Db, backups, jobs};

/// What would happen at one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The destination.
    pub destination: String,
    /// The policy it was judged by.
    pub keep: Policy,
    /// Every copy there, newest first.
    pub copies: Vec<PreviewedCopy>,
}

/// What would happen to one copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewedCopy {
    /// Its backup.
    pub backup: BackupId,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// Bytes stored.
    pub stored_size: u64,
    /// Whether it stays.
    pub keep: bool,
    /// Why.
    pub reason: String,
}

/// What a run of a job would do to the copies that are there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterRun {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// Its destinations.
    pub places: Vec<Preview>,
}

impl AfterRun {
    /// Whether at no destination more than one backup makes room for the new one. Where more would go, somebody has made the
    /// retention stricter, and may want to lock what is there.
    pub fn only_rotates(&self) -> bool {
        self.places.iter().all(|place| place.going().count() <= 1)
    }

    /// What would go, a sentence for each destination that lets something go; dates as `date` writes them.
    pub fn goes(&self, date: impl Fn(Timestamp) -> String) -> Vec<String> {
        self.places.iter().filter_map(|place| place.goes(&date)).collect()
    }
}

impl Preview {
    /// When the data is of that would go, the newest first.
    fn going(&self) -> impl Iterator<Item = Timestamp> {
        self.copies.iter().filter(|copy| !copy.keep).map(|copy| copy.taken_at)
    }

    /// `nas keeps the newest 7: the backup of 03 Nov 03:00 would go after the run.`
    fn goes(&self, date: &impl Fn(Timestamp) -> String) -> Option<String> {
        let going: Vec<Timestamp> = self.going().collect();
        let what = match going.as_slice() {
            [] => return None,
            [one] => format!("the backup of {}", date(*one)),
            [newer, older] => format!("the backups of {} and {}", date(*older), date(*newer)),
            [newest, .., oldest] => format!(
                "{} backups, the oldest of {} and the newest of {},",
                going.len(),
                date(*oldest),
                date(*newest)
            ),
        };
        let (destination, keep) = (&self.destination, self.keep.describe());
        Some(format!("{destination} keeps {keep}: {what} would go after the run."))
    }
}

/// What the job's policies would do now, or what `instead` would do in their place.
pub fn preview(session: &Session, name: &str, instead: Option<Policy>) -> Result<Vec<Preview>> {
    session.instance.store.read(|db| {
        let job = jobs::find(db, name)?;
        previews(db, &job, session.now(), |target| (instead.unwrap_or(target.keep), None))
    })
}

/// What the job's policies, or `instead` in their place, would do once a run that begins `at` that time has brought a good copy
/// to each destination.
pub fn preview_after_run(session: &Session, name: &str, at: Timestamp, instead: Option<Policy>) -> Result<AfterRun> {
    let coming = Candidate {
        id: None,
        taken_at: at,
        locked: false,
        complete: true,
    };
    session.instance.store.read(|db| {
        let job = jobs::find(db, name)?;
        let places = previews(db, &job, at, |target| (instead.unwrap_or(target.keep), Some(coming)))?;
        Ok(AfterRun {
            job: job.id,
            name: job.definition.name,
            places,
        })
    })
}

/// A copy, or the one that is to come, which has no id yet.
type Judged = Candidate<Option<CopyId>>;

/// What would happen at each destination by its policy, and with the copy that is to come, if one is.
fn previews(
    db: &Db,
    job: &Job,
    now: Timestamp,
    by: impl Fn(&Target) -> (Policy, Option<Judged>),
) -> Result<Vec<Preview>> {
    let targets = job.destination_ids.iter().zip(&job.definition.destinations);
    targets
        .map(|(id, target)| {
            let (keep, coming) = by(target);
            Ok(Preview {
                destination: target.adapter.clone(),
                keep,
                copies: judge(db, job, *id, keep, coming, now)?,
            })
        })
        .collect()
}

fn judge(
    db: &Db,
    job: &Job,
    destination: AdapterId,
    keep: Policy,
    coming: Option<Judged>,
    now: Timestamp,
) -> Result<Vec<PreviewedCopy>> {
    let known = backups::at_destination(db, job.id, destination)?;
    let here: Vec<(&Backup, &Copy)> = known
        .iter()
        .flat_map(|backup| backup.copies.iter().map(move |copy| (backup, copy)))
        .filter(|(_, copy)| copy.destination_id == destination && copy.state != CopyState::Deleted)
        .collect();
    let known = here.iter().map(|(backup, copy)| candidate(backup, copy));
    let candidates: Vec<Judged> = known.chain(coming).collect();
    let decisions = plan(keep, &candidates, zone(&job.definition.timezone)?, now);
    let shown = decisions.into_iter().filter_map(|decision| {
        let (backup, copy) = here.iter().find(|(_, copy)| Some(copy.id) == decision.id)?;
        Some(PreviewedCopy {
            backup: backup.id,
            taken_at: backup.taken_at,
            stored_size: copy.stored_size,
            keep: decision.keep,
            reason: decision.reason.to_string(),
        })
    });
    Ok(shown.collect())
}

fn candidate(backup: &Backup, copy: &Copy) -> Judged {
    Candidate {
        id: Some(copy.id),
        taken_at: backup.taken_at,
        locked: backup.locked,
        complete: retention::counts(backup, copy),
    }
}
