//! What the audit pane asks of `ops`.

use super::filters::Only;
use crate::console::message::{self, Done, Effect, Place};
use crate::console::pane::PaneId;
use crate::console::widget::paged::SLICE;
use crate::console::work::{file_named, reading};
use crate::domain::audit::AuditRow;
use crate::domain::paging::Edge;
use crate::domain::{Error, Result, units};
use crate::ops::audit::{self, Verdict, Wanted};
use crate::ops::{Session, adapters, backups, jobs, profiles, runs};

/// What the pane asks of `ops`.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Rows next to an edge.
    Page(Wanted, Edge<i64>),
    /// Everybody who is in the record.
    Actors,
    /// Everything that was done.
    Actions,
    /// Walk the chain.
    Verify,
    /// Where the thing of a row is now.
    Find(Box<AuditRow>),
    /// Write all of it to a file of that name.
    Export(String),
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// Rows next to an edge.
    Page(Wanted, Edge<i64>, Result<Vec<AuditRow>>),
    /// Everybody who is in the record.
    Actors(Result<Vec<String>>),
    /// Everything that was done.
    Actions(Result<Vec<String>>),
    /// What became of the walk.
    Verified(Result<Verdict>),
    /// Where the thing of the row of that number is now.
    Found(i64, Result<Place>),
    /// Which rows are to be shown, as a question was answered.
    Only(Only),
}

/// Work of this pane as an effect.
pub fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Audit(ask))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Page(..) => Some(0),
            Self::Actors => Some(1),
            Self::Actions => Some(2),
            Self::Verify => Some(3),
            Self::Find(_) => Some(4),
            Self::Export(_) => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Export(_))
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Audit(match self {
            Self::Page(wanted, edge) => {
                let these = wanted.clone();
                let rows = reading(session, move |session| audit::page(session, &these, edge, SLICE)).await;
                Reply::Page(wanted, edge, rows)
            }
            Self::Actors => Reply::Actors(reading(session, audit::actors).await),
            Self::Actions => Reply::Actions(reading(session, audit::actions).await),
            Self::Verify => Reply::Verified(reading(session, audit::verify).await),
            Self::Find(row) => {
                let seq = row.seq;
                Reply::Found(seq, reading(session, move |session| find(session, &row)).await)
            }
            Self::Export(name) => {
                let written = reading(session, move |session| export(session, &name));
                return message::Reply::Done(written.await);
            }
        })
    }
}

fn export(session: &Session, name: &str) -> Result<Done> {
    let path = file_named(name)?;
    let rows = audit::export_to(session, &path)?;
    let rows = units::count(rows, "row");
    Ok(Done::say(format!("{rows} written to {}", path.display())))
}

/// Where a thing is now, under whatever name it has by now.
fn find(session: &Session, row: &AuditRow) -> Result<Place> {
    let id = row.entity_id.as_str();
    let found = match row.entity_type.as_str() {
        "job" => jobs::find(session, id).map(|job| Place::Job(job.definition.name)),
        "adapter" => adapters::show(session, id).map(|shown| Place::Adapter(shown.adapter.name)),
        "execution" => runs::find(session, id).map(|run| Place::Run(run.id)),
        "backup" => backups::find(session, id).map(|backup| Place::Backup(backup.id)),
        "profile" => profiles::show(session, id).map(|shown| Place::Profile(shown.profile.name)),
        "setting" | "engine" | "recovery-kit" => Ok(Place::Pane(PaneId::System)),
        _ => Err(Error::not_found("there is nothing to show of it")),
    };
    found.map_err(|error| match error.kind {
        crate::domain::Kind::NotFound if super::has_place(&row.entity_type) => {
            Error::not_found("it is gone; what was done to it stays on record")
                .on(format!("{} {}", row.entity_type, row.entity_name))
        }
        _ => error,
    })
}
