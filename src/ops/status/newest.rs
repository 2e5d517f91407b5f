//! The newest backup run and the newest backup of each job, of which mostly all are found together: each page of the database
//! has to be read, verified and decrypted, and what is new lies side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::Result;
use crate::domain::backup::Backup;
use crate::domain::execution::{Execution, ExecutionType};
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;
use crate::store::{Db, backups, executions};

/// A restore that was asked for before this has ended long ago.
const LATELY: Duration = Duration::from_hours(30 * 24);

/// What was found together. What was not is read when it is asked for, and each is asked for once.
#[derive(Default)]
pub(super) struct Newest {
    runs: BTreeMap<JobId, Execution>,
    backups: BTreeMap<JobId, Backup>,
    /// The jobs of which a restore failed lately; `None` where that was not asked.
    unrestored: Option<BTreeSet<JobId>>,
}

impl Newest {
    /// For so many jobs.
    pub(super) fn find(db: &Db, jobs: usize, now: Timestamp) -> Result<Self> {
        Ok(Self {
            runs: executions::latest_by_job(db, ExecutionType::Backup, jobs)?,
            backups: backups::newest_by_job(db, now, jobs)?,
            unrestored: Some(executions::jobs_failed_since(
                db,
                ExecutionType::Restore,
                now.minus(LATELY),
            )?),
        })
    }

    /// The newest backup run of a job.
    pub(super) fn run(&mut self, db: &Db, job: JobId) -> Result<Option<Execution>> {
        match self.runs.remove(&job) {
            Some(run) => Ok(Some(run)),
            None => executions::latest_of_job(db, job, ExecutionType::Backup),
        }
    }

    /// Whether a restore of a job may have failed lately: hardly any has, and then each is looked at.
    pub(super) fn may_be_unrestored(&self, job: JobId) -> bool {
        self.unrestored.as_ref().is_none_or(|jobs| jobs.contains(&job))
    }

    /// The newest backup of a job taken by `now` of which a copy was not deleted.
    pub(super) fn backup(&mut self, db: &Db, job: JobId, now: Timestamp) -> Result<Option<Backup>> {
        match self.backups.remove(&job) {
            Some(backup) => Ok(Some(backup)),
            None => backups::newest_kept(db, job, now),
        }
    }
}
