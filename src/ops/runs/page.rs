//! The history of runs, a page at a time: any filters together, from either end or next to a run.

use crate::domain::Result;
use crate::domain::error::Kind;
use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::ops::Session;
use crate::store::executions::{self, Filter};
use crate::store::{Db, jobs};

/// Which runs to list, in the words of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only of this job: name or id, or the name that one had which was removed.
    pub job: Option<String>,
    /// Only with one of these; none means with any.
    pub statuses: Vec<Status>,
    /// Only of this type.
    pub kind: Option<ExecutionType>,
    /// Only asked for at this instant or later.
    pub since: Option<Timestamp>,
    /// Only asked for before this instant.
    pub until: Option<Timestamp>,
}

impl Wanted {
    fn filter(&self, db: &Db) -> Result<Filter> {
        let (job, removed) = match &self.job {
            None => (None, None),
            Some(name) => match jobs::find(db, name) {
                Ok(job) => (Some(job.id), None),
                Err(error) if error.kind == Kind::NotFound && executions::removed_jobs(db)?.contains(name) => {
                    (None, Some(name.clone()))
                }
                Err(error) => return Err(error),
            },
        };
        Ok(Filter {
            job,
            removed,
            statuses: self.statuses.clone(),
            kind: self.kind,
            since: self.since,
            until: self.until,
        })
    }
}

/// The runs next to an edge, at most `limit`, always newest first.
pub fn page(session: &Session, wanted: &Wanted, edge: Edge<ExecutionId>, limit: u32) -> Result<Vec<Execution>> {
    session
        .instance
        .store
        .read(|db| executions::list(db, &wanted.filter(db)?, edge, limit))
}

/// How many there are, counted no further than `at_most`: that number means "so many or more".
pub fn count(session: &Session, wanted: &Wanted, at_most: u32) -> Result<u32> {
    session
        .instance
        .store
        .read(|db| executions::count(db, &wanted.filter(db)?, at_most))
}

/// The names of jobs that were removed and have runs.
pub fn removed_jobs(session: &Session) -> Result<Vec<String>> {
    session.instance.store.read(executions::removed_jobs)
}

/// One run by its id, or the start or end of one.
pub fn find(session: &Session, run: &str) -> Result<Execution> {
    session.instance.store.read(|db| executions::find(db, run))
}
