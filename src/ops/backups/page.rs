//! What there is to restore from, a page at a time: of a job, at a destination, in a span of time, from either end or next to
//! a backup.

use super::destination_called;
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Kind, Result};
use crate::ops::Session;
use crate::store::backups::{self, Filter, Whose};
use crate::store::{Db, jobs};

/// Which backups to list, in the words of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only made for this job: its name, whatever it was called then, or its id; or the name of one that is gone.
    pub job: Option<String>,
    /// Only made for jobs with this text in their name; case does not matter.
    pub job_part: Option<String>,
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
            whose: self.whose(db)?,
            destination: destination
                .map(|name| destination_called(db, name))
                .transpose()?
                .map(|adapter| adapter.id),
            since: self.since,
            until: self.until,
            deleted: self.deleted,
        })
    }

    fn whose(&self, db: &Db) -> Result<Whose> {
        let part = self.job_part.as_deref().map(str::to_lowercase);
        let has_part = |name: &str| part.as_ref().is_none_or(|part| name.to_lowercase().contains(part));
        let of_part = |names: Vec<String>| Whose::Named(names.into_iter().filter(|name| has_part(name)).collect());
        match (&self.job, &part) {
            (None, None) => Ok(Whose::Anybody),
            (None, Some(_)) => Ok(of_part(backups::job_names(db)?)),
            (Some(job), _) => Ok(match job_called(db, job)? {
                Whose::Job(_, name) if !has_part(&name) => Whose::Named(Vec::new()),
                Whose::Named(names) => of_part(names),
                other => other,
            }),
        }
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

/// The names of the jobs that there are backups of, also of jobs that are gone.
pub fn jobs_of(session: &Session) -> Result<Vec<String>> {
    session.instance.store.read(backups::job_names)
}

/// One backup by its id, the start or end of one, or `latest:JOB`.
pub fn find(session: &Session, backup: &str) -> Result<Backup> {
    session
        .instance
        .store
        .read(|db| backups::find(db, backup, session.now()))
}

/// Of the job of that name or id; or of one that is gone, by its name.
fn job_called(db: &Db, text: &str) -> Result<Whose> {
    let unknown = match jobs::find(db, text) {
        Ok(job) => return Ok(Whose::Job(job.id, job.definition.name)),
        Err(error) if error.kind == Kind::NotFound => error,
        Err(error) => return Err(error),
    };
    let filter = Filter {
        whose: Whose::Named(vec![text.to_owned()]),
        deleted: true,
        ..Filter::default()
    };
    if backups::list(db, &filter, Edge::Newest, 1)?.is_empty() {
        return Err(unknown);
    }
    Ok(filter.whose)
}
