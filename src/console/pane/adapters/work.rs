//! What the adapters pane asks of `ops`.

use std::path::PathBuf;

use crate::console::message::{self, Done, Effect, Place};
use crate::console::work::reading;
use crate::domain::adapter::{AdapterType, Database, HealthCheck, Probe, Tables};
use crate::domain::id::AdapterId;
use crate::domain::secret::Secret;
use crate::domain::{Error, Result, units};
use crate::ops::Session;
use crate::ops::adapters::{self, Draft, DriverInfo, Fields, Forgetting, Listed, NewAdapter, Shown, Tested};
use crate::ops::backups::{self, Storage};

/// Checks of an adapter's health that are shown.
pub const CHECKS: u32 = 60;

/// What the pane asks of `ops`.
#[derive(Clone, Debug)]
pub enum Ask {
    /// All adapters.
    List,
    /// Everything about one.
    Detail(AdapterId),
    /// Connect, and record what is found.
    Test(AdapterId),
    /// Connect with what a form says, and record nothing.
    Try(Box<Wish>),
    /// Keep what a form says.
    Save(Box<Wish>, Proof),
    /// Give it another name.
    Rename(AdapterId, String),
    /// Remove these.
    Remove(Vec<AdapterId>),
    /// What it would mean to forget the copies at a destination.
    PlanForgetting(AdapterId),
    /// Remove it, and forget the copies there.
    Forget(AdapterId),
    /// The databases of a source.
    Databases(AdapterId),
    /// The tables of a database of it.
    Tables(AdapterId, String),
}

/// Whether what is kept has to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is connected to first.
    Connect,
    /// Its directory is made, and then it is connected to.
    Made,
    /// It is kept as it is.
    None,
}

/// What a form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What it is about.
    pub of: Of,
    /// Settings that may be seen; an empty one is taken away.
    pub set: Vec<(String, String)>,
    /// Settings that may not.
    pub secrets: Vec<(String, Secret)>,
}

/// A new adapter, or one that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A new one.
    New {
        /// Its name.
        name: String,
        /// Its driver.
        driver: String,
        /// What it is for.
        kind: AdapterType,
    },
    /// One that is there.
    Known(AdapterId),
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// All adapters.
    List(Result<Vec<Listed>>),
    /// Everything about one.
    Detail(AdapterId, Result<Box<Detail>>),
    /// What connecting has found.
    Tested(AdapterId, Result<Tested>),
    /// What connecting with what a form says has found.
    Tried(Box<Wish>, Result<Probe>),
    /// Under which name what a form says was kept, or why it was not.
    Saved(Box<Wish>, Result<String, NotSaved>),
    /// The form was left before what it says was kept or refused.
    Left(Box<Wish>),
    /// What it would mean to forget the copies at a destination.
    Forgetting(Result<Box<Forgetting>>),
    /// The databases of a source.
    Databases(AdapterId, Result<Vec<Database>>),
    /// The tables of a database of it.
    Tables(AdapterId, String, Result<Tables>),
    /// The driver of a new adapter was chosen.
    Chosen(Box<DriverInfo>),
}

/// Why a form was not kept.
#[derive(Debug)]
pub enum NotSaved {
    /// What it says cannot be.
    Wrong(Error),
    /// It cannot be connected to.
    Unreachable(Error),
    /// The directory that copies would go to is not there; it can be made.
    Missing(Error, PathBuf),
}

/// Everything about an adapter.
#[derive(Debug)]
pub struct Detail {
    /// Itself, its settings, the jobs that use it.
    pub shown: Shown,
    /// Its last checks, oldest first.
    pub health: Vec<HealthCheck>,
    /// What lies there.
    pub storage: Option<Storage>,
}

/// Work of this pane as an effect.
pub fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Adapters(ask))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::List => Some(0),
            Self::Detail(_) => Some(1),
            // Nobody asks twice at a time, and who leaves gives the question up.
            Self::Databases(_) => Some(2),
            Self::Tables(..) => Some(3),
            // A server that does not answer must not be in the way of another one.
            Self::Test(_)
            | Self::Try(_)
            | Self::Save(..)
            | Self::Rename(..)
            | Self::Remove(_)
            | Self::PlanForgetting(_)
            | Self::Forget(_) => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        matches!(
            self,
            Self::Test(_) | Self::Save(..) | Self::Rename(..) | Self::Remove(_) | Self::Forget(_)
        )
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Adapters(match self {
            Self::List => Reply::List(reading(session, adapters::listed).await),
            Self::Detail(id) => Reply::Detail(id, reading(session, move |session| detail(session, id)).await),
            Self::Test(id) => Reply::Tested(id, adapters::test(session, &id.to_string()).await),
            Self::Try(wish) => {
                let found = match draft(session, wish.clone()).await {
                    Ok(draft) => draft.probe().await,
                    Err(error) => Err(error),
                };
                Reply::Tried(wish, found)
            }
            Self::Save(wish, proof) => {
                let kept = save(session, wish.clone(), proof).await;
                Reply::Saved(wish, kept)
            }
            Self::Databases(id) => Reply::Databases(id, adapters::databases(session, &id.to_string()).await),
            Self::Tables(id, database) => {
                let found = adapters::tables(session, &id.to_string(), &database).await;
                Reply::Tables(id, database, found)
            }
            Self::Rename(id, name) => {
                let renamed = reading(session, move |session| {
                    adapters::rename(session, &id.to_string(), &name)
                })
                .await;
                return message::Reply::Done(renamed.map(|adapter| {
                    Done::say(format!("it is called {} now", adapter.name)).go(Place::Adapter(adapter.name))
                }));
            }
            Self::PlanForgetting(id) => Reply::Forgetting(
                reading(session, move |session| {
                    adapters::plan_forgetting(session, &id.to_string()).map(Box::new)
                })
                .await,
            ),
            Self::Forget(id) => {
                let done = reading(session, move |session| adapters::forget(session, &id.to_string())).await;
                return message::Reply::Done(done.map(|done| {
                    let copies = units::count(done.forgotten.copies, "copy");
                    Done::say(format!("removed {}; {copies} forgotten", done.adapter.name))
                }));
            }
            Self::Remove(ids) => {
                return message::Reply::Done(reading(session, move |session| remove(session, &ids)).await);
            }
        })
    }
}

fn detail(session: &Session, id: AdapterId) -> Result<Box<Detail>> {
    let shown = adapters::show(session, &id.to_string())?;
    let storage = if shown.adapter.kind == AdapterType::Destination {
        let all = backups::storage(session)?;
        all.into_iter().find(|storage| storage.adapter == shown.adapter.name)
    } else {
        None
    };
    Ok(Box::new(Detail {
        health: adapters::health(session, &id.to_string(), CHECKS)?,
        storage,
        shown,
    }))
}

async fn draft(session: &Session, wish: Box<Wish>) -> Result<Draft> {
    reading(session, move |session| {
        let fields = Fields {
            set: wish.set,
            secrets: wish.secrets,
        };
        match wish.of {
            Of::New { name, driver, kind } => {
                let new = NewAdapter {
                    name,
                    driver,
                    kind: Some(kind),
                    fields,
                    test: false,
                };
                Draft::of_new(session, &new)
            }
            Of::Known(id) => Draft::of_change(session, &id.to_string(), &fields),
        }
    })
    .await
}

async fn save(session: &Session, wish: Box<Wish>, proof: Proof) -> Result<String, NotSaved> {
    let draft = draft(session, wish).await.map_err(NotSaved::Wrong)?;
    let probe = match proof {
        Proof::Connect => Some(draft.probe().await.map_err(|error| match draft.missing_directory() {
            Some(directory) => NotSaved::Missing(error, directory),
            None => NotSaved::Unreachable(error),
        })?),
        Proof::Made => {
            draft.make_directory().map_err(NotSaved::Wrong)?;
            Some(draft.probe().await.map_err(NotSaved::Unreachable)?)
        }
        Proof::None => None,
    };
    let kept = reading(session, move |session| draft.keep(session, probe.as_ref())).await;
    kept.map(|adapter| adapter.name).map_err(NotSaved::Wrong)
}

/// Removes those that can be. Of the others the first says why.
fn remove(session: &Session, ids: &[AdapterId]) -> Result<Done> {
    let mut gone = Vec::new();
    let mut failed = None;
    for id in ids {
        match adapters::remove(session, &id.to_string()) {
            Ok(adapter) => gone.push(adapter.name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(Done::say(format!("removed {}", gone.join(", ")))),
        Some(error) if gone.is_empty() => Err(error),
        Some(error) => Err(Error {
            message: format!("{} ({} removed)", error.message, gone.join(", ")),
            ..error
        }),
    }
}
