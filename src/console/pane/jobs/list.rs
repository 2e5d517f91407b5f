//! The list of jobs: what a filter looks at, what it is sorted by, and how each of them stands.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::console::widget::rows::{Entry, known_first};
use crate::domain::execution::{Execution, ExecutionType};
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;
use crate::ops::jobs::JobView;
use crate::ops::status::{JobStatus, Next, Overview};

/// How the jobs stand, and what runs.
#[derive(Debug, Default)]
pub struct Standing {
    /// Of everything, once it is known.
    status: Option<Arc<Overview>>,
    /// The places of jobs in it, by their names.
    places: HashMap<String, usize>,
}

impl Standing {
    /// How they stand now.
    pub fn new(status: &Arc<Overview>) -> Self {
        let places = status.jobs.iter().enumerate().map(|(at, job)| (job.job.clone(), at));
        Self {
            status: Some(Arc::clone(status)),
            places: places.collect(),
        }
    }

    /// How a job stands.
    pub fn of(&self, job: &JobView) -> Option<&JobStatus> {
        self.status.as_ref()?.jobs.get(*self.places.get(&job.name)?)
    }

    /// What comes next of a job; whether there is an engine for it is known once the status is.
    pub fn next(&self, job: &JobView) -> Next {
        self.status
            .as_ref()
            .map_or(job.next, |status| status.by_engine(job.next))
    }

    /// The backup of a job that runs or waits.
    pub fn open_run(&self, id: JobId) -> Option<&Execution> {
        let mut runs = self.backups_open().filter(|run| run.job_id == Some(id));
        // What runs tells more than what waits behind it.
        runs.clone()
            .find(|run| run.started_at.is_some())
            .or_else(|| runs.next())
    }

    /// The first backup that runs.
    pub fn running(&self) -> Option<&Execution> {
        self.backups_open()
            .find(|run| run.started_at.is_some() && !self.is_left(run))
    }

    /// Whether it says that it runs, and there is no engine to run it.
    pub fn is_left(&self, run: &Execution) -> bool {
        self.status.as_ref().is_some_and(|status| status.is_left(run))
    }

    fn backups_open(&self) -> impl Iterator<Item = &Execution> + Clone {
        let open = self.status.iter().flat_map(|status| &status.open);
        open.filter(|run| run.kind == ExecutionType::Backup)
    }

    fn size(&self, job: &JobView) -> Option<u64> {
        Some(self.of(job)?.last_good.as_ref()?.logical_size)
    }
}

impl Entry for JobView {
    type Id = JobId;
    type Known = Standing;
    /// The columns of the table.
    const SORTS: usize = 5;

    fn id(&self) -> JobId {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn has(&self, wanted: &str) -> bool {
        let destinations = self.destinations.iter().map(|target| &target.adapter);
        [&self.name, &self.source]
            .into_iter()
            .chain(destinations)
            .chain(&self.profile)
            .any(|text| text.to_lowercase().contains(wanted))
    }

    fn compare(&self, other: &Self, standing: &Standing, (column, downwards): (usize, bool)) -> Ordering {
        let order = |a: Ordering| if downwards { a.reverse() } else { a };
        match column {
            1 => order(self.source.cmp(&other.source)),
            2 => known_first(last(self), last(other), order),
            3 => known_first(next_at(self), next_at(other), order),
            4 => known_first(standing.size(self), standing.size(other), order),
            _ => order(self.name.cmp(&other.name)),
        }
    }
}

/// When a job runs by itself, be it after a pause.
fn next_at(job: &JobView) -> Option<Timestamp> {
    match job.next {
        Next::Retries(at) => Some(at),
        _ => job.next_fires.first().copied(),
    }
}

/// When a job's last run ended, or began where it has not ended.
pub fn last(job: &JobView) -> Option<Timestamp> {
    let run = job.last_run.as_ref()?;
    run.ended_at.or(run.started_at)
}
