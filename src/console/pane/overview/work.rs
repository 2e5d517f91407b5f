//! What the overview asks of `ops`.

use std::sync::Arc;

use crate::console::message::{self, Effect};
use crate::console::work::reading;
use crate::domain::Result;
use crate::domain::adapter::AdapterType;
use crate::ops::backups::Storage;
use crate::ops::runs::Day;
use crate::ops::{Session, adapters, backups, profiles, runs, status};

/// Days of the calendar: twelve whole weeks and the one that is not over.
const DAYS: u32 = 13 * 7;

/// How much of what a first job needs is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Sources.
    pub sources: usize,
    /// Destinations.
    pub destinations: usize,
    /// Profiles.
    pub profiles: usize,
}

/// What the pane asks of `ops`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// How everything stands, for the header too.
    Status,
    /// What there is already.
    Setup,
    /// Each day's worst outcome.
    Calendar(chrono_tz::Tz),
    /// What lies where.
    Storage,
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// How everything stands.
    Status(Result<Arc<status::Overview>>),
    /// What there is already.
    Setup(Result<Setup>),
    /// Each day's worst outcome, oldest first.
    Calendar(Result<Vec<Day>>),
    /// What lies where.
    Storage(Result<Vec<Storage>>),
}

/// Asks how everything stands.
pub const fn ask_status() -> Effect {
    Effect::Ask(message::Ask::Overview(Ask::Status))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Status => Some(0),
            Self::Setup => Some(1),
            Self::Calendar(_) => Some(2),
            Self::Storage => Some(3),
        }
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Overview(match self {
            Self::Status => Reply::Status(reading(session, status::overview).await.map(Arc::new)),
            Self::Setup => Reply::Setup(reading(session, setup).await),
            Self::Calendar(zone) => {
                Reply::Calendar(reading(session, move |session| runs::calendar(session, None, DAYS, zone)).await)
            }
            Self::Storage => Reply::Storage(reading(session, backups::storage).await),
        })
    }
}

fn setup(session: &Session) -> Result<Setup> {
    let adapters = adapters::list(session)?;
    let count = |kind: AdapterType| adapters.iter().filter(|adapter| adapter.kind == kind).count();
    Ok(Setup {
        sources: count(AdapterType::Source),
        destinations: count(AdapterType::Destination),
        profiles: profiles::list(session)?.len(),
    })
}
