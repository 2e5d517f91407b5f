//! Effects that ask something of `ops`: to whom a question goes, and in which lane.

use std::path::PathBuf;

use super::message::{Ask, Lane, Reply, Ticket};
use super::pane::backups::work::Look;
use super::pane::{PaneId, adapters, backups, jobs, system};
use crate::domain::error::Context;
use crate::domain::{Error, Result};
use crate::ops::Session;

impl Ask {
    /// The lane it is asked in; `None` for what is done whatever else is asked.
    pub fn lane(&self) -> Option<Lane> {
        let (pane, number) = match self {
            Self::For(_, ask) => return ask.lane(),
            Self::Overview(ask) => (PaneId::Overview, ask.lane()),
            Self::Jobs(ask) => (PaneId::Jobs, ask.lane()),
            Self::Runs(ask) => (PaneId::Runs, ask.lane()),
            Self::Backups(ask) => (PaneId::Backups, ask.lane()),
            Self::Adapters(ask) => (PaneId::Adapters, ask.lane()),
            Self::Audit(ask) => (PaneId::Audit, ask.lane()),
            Self::System(ask) => (PaneId::System, ask.lane()),
        };
        number.map(|number| Lane(pane, number))
    }

    /// Whether it changes something outside the console: with `--read-only` it is not asked, by whatever way it came.
    pub const fn changes(&self) -> bool {
        match self {
            Self::For(_, ask) => ask.changes(),
            Self::Overview(_) => false,
            Self::Jobs(ask) => ask.changes(),
            Self::Runs(ask) => ask.changes(),
            Self::Backups(ask) => ask.changes(),
            Self::Adapters(ask) => ask.changes(),
            Self::Audit(ask) => ask.changes(),
            Self::System(ask) => ask.changes(),
        }
    }

    /// Who is told of the answer first.
    pub const fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::For(ticket, _) => Some(*ticket),
            _ => None,
        }
    }

    /// The answer to it when it is not carried out, for this reason: whoever waits for one gets one.
    pub fn refused(self, error: Error) -> Reply {
        match self {
            Self::For(ticket, ask) => ask.refused(error).told_to(Some(ticket)),
            Self::Jobs(jobs::Ask::Save(_)) => Reply::Jobs(jobs::Reply::NotSaved(error)),
            Self::Adapters(adapters::Ask::Save(wish, _)) => {
                Reply::Adapters(adapters::Reply::Saved(wish, Err(adapters::NotSaved::Wrong(error))))
            }
            Self::Adapters(adapters::Ask::Test(id)) => Reply::Adapters(adapters::Reply::Tested(id, Err(error))),
            Self::System(system::Ask::Reveal(_)) => Reply::System(system::Reply::Revealed(Err(error))),
            Self::Backups(backups::Ask::Look(Look::Scan(destination))) => {
                let scanned = Err(error);
                Reply::Backups(backups::Reply::Scanned { destination, scanned })
            }
            _ => Reply::Done(Err(error)),
        }
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> Reply {
        match self {
            Self::For(ticket, ask) => Box::pin(ask.perform(session)).await.told_to(Some(ticket)),
            Self::Overview(ask) => ask.perform(session).await,
            Self::Jobs(ask) => ask.perform(session).await,
            Self::Runs(ask) => ask.perform(session).await,
            Self::Backups(ask) => ask.perform(session).await,
            Self::Adapters(ask) => ask.perform(session).await,
            Self::Audit(ask) => ask.perform(session).await,
            Self::System(ask) => ask.perform(session).await,
        }
    }
}

impl Reply {
    /// That something was done is told to the layer that has this ticket.
    #[must_use]
    pub fn told_to(self, ticket: Option<Ticket>) -> Self {
        match (ticket, self) {
            (Some(ticket), Self::Done(done)) => Self::DoneFor(ticket, done),
            (_, reply) => reply,
        }
    }
}

/// Calls a function of `ops` that works on the database, on a thread that may wait for it.
pub async fn reading<T: Send + 'static>(
    session: &Session,
    call: impl FnOnce(&Session) -> Result<T> + Send + 'static,
) -> Result<T> {
    let answer = session.in_turn(call).await;
    answer.unwrap_or_else(|| Err(Error::failed("the question broke off").next("try again; this is a defect")))
}

/// The path a typed name stands for: below the home directory when it begins with `~/`, else from where the console was started.
pub fn file_named(name: &str) -> Result<PathBuf> {
    let path = match name.strip_prefix("~/") {
        Some(rest) => std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default()
            .join(rest),
        None => PathBuf::from(name),
    };
    std::path::absolute(&path).doing("there is no such file name", path.display())
}
