//! The history of runs, a page at a time: any filters together, from either end or next to a run.

use crate::domain::Result;
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
    /// Only of this job: name or id.
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
        let job = self.job.as_deref().map(|job| jobs::find(db, job)).transpose()?;
        Ok(Filter {
            job: job.map(|job| job.id),
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

/// One run by its id, or the start or end of one.
pub fn find(session: &Session, run: &str) -> Result<Execution> {
    session.instance.store.read(|db| executions::find(db, run))
}
