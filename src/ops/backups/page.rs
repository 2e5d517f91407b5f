//! What there is to restore from, a page at a time: of a job, at a destination, in a span of time, from either end or next to
//! a backup.

use super::destination_called;
use crate::domain::Result;
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::ops::Session;
use crate::store::backups::{self, Filter};
use crate::store::{Db, jobs};

/// Which backups to list, in the words of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only made for the job of this name, which may be gone, or id.
    pub job: Option<String>,
    /// Only with a copy at this destination: name or id.
    pub destination: Option<String>,
    /// Only taken at this instant or later.
    pub since: Option<Timestamp>,
    /// Only taken before this instant.
    pub until: Option<Timestamp>,
    /// Also those whose every copy was deleted.
    pub deleted: bool,
}

impl Wanted {
    fn filter(&self, db: &Db) -> Result<Filter> {
        let destination = self.destination.as_deref();
        Ok(Filter {
            job_name: self.job.as_deref().map(|job| job_name(db, job)).transpose()?,
            destination: destination
                .map(|name| destination_called(db, name))
                .transpose()?
                .map(|adapter| adapter.id),
            since: self.since,
            until: self.until,
            deleted: self.deleted,
        })
    }
}

/// The backups next to an edge, at most `limit`, always newest first by the instant their data is of.
pub fn page(session: &Session, wanted: &Wanted, edge: Edge<BackupId>, limit: u32) -> Result<Vec<Backup>> {
    session.instance.store.read(|db| {
        let key = |id: BackupId| -> Result<_> { Ok((backups::get(db, id)?.taken_at, id)) };
        let edge = match edge {
            Edge::Newest => Edge::Newest,
            Edge::Oldest => Edge::Oldest,
            Edge::Before(id) => Edge::Before(key(id)?),
            Edge::After(id) => Edge::After(key(id)?),
        };
        backups::list(db, &wanted.filter(db)?, edge, limit)
    })
}

/// One backup by its id, the start or end of one, or `latest:JOB`.
pub fn find(session: &Session, backup: &str) -> Result<Backup> {
    session.instance.store.read(|db| backups::find(db, backup))
}

/// A job's name from its name, which may be of a job that is gone, or its id.
fn job_name(db: &Db, text: &str) -> Result<String> {
    let filter = Filter {
        job_name: Some(text.to_owned()),
        deleted: true,
        ..Filter::default()
    };
    if backups::list(db, &filter, Edge::Newest, 1)?.is_empty() {
        return jobs::find(db, text).map(|job| job.definition.name);
    }
    Ok(text.to_owned())
}
