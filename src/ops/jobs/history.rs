//! How one job has been doing: its last backups in a row, how long they take, and whether it could be restored.

use serde::Serialize;

use crate::domain::Result;
use crate::domain::execution::{Execution, Status};
use crate::domain::id::ExecutionId;
use crate::domain::time::Timestamp;
use crate::ops::Session;
use crate::ops::status::{self, JobStatus};
use crate::store::{executions, jobs};

/// A job's last backup runs, and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobHistory {
    /// Those that got a verdict, oldest first.
    pub runs: Vec<PastRun>,
    /// Half of those that made a backup took no longer, in milliseconds.
    pub p50_ms: Option<u64>,
    /// 95 of 100 of those that made a backup took no longer, in milliseconds.
    pub p95_ms: Option<u64>,
    /// How it stands now: its newest good backup, the newest proven one, how long the last restore took.
    pub standing: JobStatus,
}

/// A backup run that got its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PastRun {
    /// Its id.
    pub id: ExecutionId,
    /// Its verdict: success, partial, failed or cancelled.
    pub status: Status,
    /// When an engine took it.
    pub started_at: Option<Timestamp>,
    /// From then to its verdict, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Bytes stored.
    pub size: Option<u64>,
}

/// The last `limit` backup runs of a job (name or id), and how it stands.
pub fn history(session: &Session, job: &str, limit: u32) -> Result<JobHistory> {
    let runs = session.instance.store.read(|db| {
        let job = jobs::find(db, job)?;
        executions::outcomes(db, job.id, limit)
    })?;
    let runs: Vec<PastRun> = runs.iter().rev().map(past).collect();
    let made_one = |run: &&PastRun| matches!(run.status, Status::Success | Status::Partial);
    let mut took: Vec<u64> = runs.iter().filter(made_one).filter_map(|run| run.duration_ms).collect();
    took.sort_unstable();
    Ok(JobHistory {
        p50_ms: percentile(&took, 50),
        p95_ms: percentile(&took, 95),
        runs,
        standing: status::of_job(session, job)?,
    })
}

fn past(run: &Execution) -> PastRun {
    let took = run.started_at.zip(run.ended_at).map(|(from, to)| to.since(from));
    PastRun {
        id: run.id,
        status: run.status,
        started_at: run.started_at,
        duration_ms: took.and_then(|took| u64::try_from(took.as_millis()).ok()),
        size: run.size,
    }
}

/// The smallest of them that `percent` of them do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!(
            (percentile(&hundred, 50), percentile(&hundred, 95)),
            (Some(50), Some(95))
        );
        assert_eq!((percentile(&[7], 50), percentile(&[7], 95)), (Some(7), Some(7)));
        assert_eq!(percentile(&[3, 9], 95), Some(9));
        assert_eq!(percentile(&[], 95), None);
    }
}
