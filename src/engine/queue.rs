//! Which of the runs that wait may start now. Pure.

use std::collections::BTreeSet;

use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::id::{AdapterId, BackupId, ExecutionId, JobId};
use crate::domain::time::Timestamp;

/// The runs to start at `now`, in order. Backups share `limit` places; restores, verifications and repairs have as many
/// of their own, so that a restore never waits behind a nightly queue. A job runs once at a time, and so does the reading
/// of a source. Nothing else is done with a backup while it is being repaired.
pub fn startable(open: &[Execution], limit: usize, now: Timestamp) -> Vec<ExecutionId> {
    let mut jobs: BTreeSet<JobId> = BTreeSet::new();
    let mut sources: BTreeSet<AdapterId> = BTreeSet::new();
    let mut read: BTreeSet<BackupId> = BTreeSet::new();
    let mut repaired: BTreeSet<BackupId> = BTreeSet::new();
    let (mut backups, mut others) = (0, 0);
    for run in open.iter().filter(|run| run.status == Status::Running) {
        if run.kind == ExecutionType::Backup {
            backups += 1;
            jobs.extend(run.job_id);
            sources.extend(run.source_id);
        } else {
            others += 1;
            let set = if run.kind == ExecutionType::Repair {
                &mut repaired
            } else {
                &mut read
            };
            set.extend(run.request.backup());
        }
    }
    let mut start = Vec::new();
    for run in open
        .iter()
        .filter(|run| run.status == Status::Pending && run.not_before <= now)
    {
        if run.kind != ExecutionType::Backup {
            let about = run.request.backup();
            let is_repair = run.kind == ExecutionType::Repair;
            let taken = about.is_some_and(|id| repaired.contains(&id) || is_repair && read.contains(&id));
            if others < limit && !taken {
                others += 1;
                let set = if is_repair { &mut repaired } else { &mut read };
                set.extend(about);
                start.push(run.id);
            }
            continue;
        }
        let taken = run.job_id.is_some_and(|job| jobs.contains(&job))
            || run.source_id.is_some_and(|source| sources.contains(&source));
        if backups < limit && !taken {
            backups += 1;
            jobs.extend(run.job_id);
            sources.extend(run.source_id);
            start.push(run.id);
        }
    }
    start
}

/// When the next waiting run may start that may not yet.
pub fn next_start(open: &[Execution], now: Timestamp) -> Option<Timestamp> {
    open.iter()
        .filter(|run| run.status == Status::Pending && run.not_before > now)
        .map(|run| run.not_before)
        .min()
}

/// What a due fire finds of its own job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Nothing of the job is open.
    Clear,
    /// A retry waits; the due run takes its place.
    Replaces(ExecutionId),
    /// A run of the job is going on.
    Running(ExecutionId),
    /// A run of the job waits to start.
    Waiting(ExecutionId),
}

/// Looks for an open backup of `job`.
pub fn overlap(open: &[Execution], job: JobId, now: Timestamp) -> Overlap {
    let mine = || {
        open.iter()
            .filter(|run| run.job_id == Some(job) && run.kind == ExecutionType::Backup)
    };
    let waiting = mine().find(|run| run.status == Status::Pending);
    match (mine().find(|run| run.status == Status::Running), waiting) {
        (_, Some(run)) if run.not_before <= now => Overlap::Waiting(run.id),
        // Also while a retry waits: what it would try again is being done.
        (Some(run), _) => Overlap::Running(run.id),
        (None, Some(run)) => Overlap::Replaces(run.id),
        (None, None) => Overlap::Clear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backup::Level;
    use crate::domain::execution::{Progress, Request, Trigger, VerifyRequest};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn backup(job: JobId, source: AdapterId, status: Status) -> Execution {
        Execution {
            id: ExecutionId::generate(NOW),
            job_id: Some(job),
            job_name: "nightly".to_owned(),
            revision: Some(1),
            kind: ExecutionType::Backup,
            status,
            trigger: Trigger::Schedule,
            triggered_by: String::new(),
            attempt: 1,
            source_id: Some(source),
            created_at: NOW,
            not_before: NOW,
            started_at: None,
            ended_at: None,
            cancel_requested_at: None,
            size: None,
            path: None,
            error: None,
            progress: Progress::default(),
            request: Request::Backup,
        }
    }

    fn verify() -> Execution {
        let request = VerifyRequest {
            backup: BackupId::generate(NOW),
            destination: None,
            level: Level::Bytes,
            scratch: None,
        };
        Execution {
            kind: ExecutionType::Verify,
            job_id: None,
            source_id: None,
            request: Request::Verify(request),
            ..backup(JobId::generate(NOW), AdapterId::generate(NOW), Status::Pending)
        }
    }

    fn ids() -> (JobId, AdapterId) {
        (JobId::generate(NOW), AdapterId::generate(NOW))
    }

    #[test]
    fn places_are_limited_and_a_verification_has_its_own() {
        let open: Vec<_> = (0..3)
            .map(|_| ids())
            .map(|(job, source)| backup(job, source, Status::Pending))
            .collect();
        let check = verify();
        let all = [open.as_slice(), std::slice::from_ref(&check)].concat();
        assert_eq!(startable(&all, 2, NOW), [open[0].id, open[1].id, check.id]);
    }

    #[test]
    fn one_source_is_read_once_at_a_time() {
        let (job, source) = ids();
        let (other, _) = ids();
        let open = [
            backup(job, source, Status::Running),
            backup(other, source, Status::Pending),
        ];
        assert_eq!(startable(&open, 4, NOW), []);
    }

    #[test]
    fn a_retry_waits_for_its_time() {
        let (job, source) = ids();
        let mut retry = backup(job, source, Status::Pending);
        retry.not_before = Timestamp::from_millis(NOW.millis() + 1);
        let open = [retry.clone()];
        assert_eq!(startable(&open, 4, NOW), []);
        assert_eq!(next_start(&open, NOW), Some(retry.not_before));
        assert_eq!(overlap(&open, job, NOW), Overlap::Replaces(retry.id));
    }

    #[test]
    fn a_backup_that_is_repaired_is_left_alone_meanwhile() {
        let check = verify();
        let about = check.request.backup().unwrap();
        let repair = |status| Execution {
            id: ExecutionId::generate(NOW),
            kind: ExecutionType::Repair,
            request: Request::Repair { backup: about },
            ..Execution {
                status,
                ..check.clone()
            }
        };
        let other = verify();
        let (first, second) = (repair(Status::Pending), repair(Status::Pending));
        let open = [first.clone(), check.clone(), second, other.clone()];
        assert_eq!(startable(&open, 4, NOW), [first.id, other.id]);
        let running = Execution {
            status: Status::Running,
            ..check.clone()
        };
        assert_eq!(startable(&[running, first], 4, NOW), []);
        assert_eq!(startable(&[repair(Status::Running), other.clone()], 4, NOW), [other.id]);
    }

    #[test]
    fn a_job_that_runs_is_seen_by_the_next_fire() {
        let (job, source) = ids();
        let open = [backup(job, source, Status::Running)];
        assert_eq!(overlap(&open, job, NOW), Overlap::Running(open[0].id));
        assert_eq!(overlap(&open, ids().0, NOW), Overlap::Clear);
        let mut retry = backup(job, source, Status::Pending);
        retry.not_before = Timestamp::from_millis(NOW.millis() + 1);
        let running = open[0].clone();
        assert_eq!(
            overlap(&[running.clone(), retry], job, NOW),
            Overlap::Running(running.id)
        );
    }
}
