//! What a form needs while somebody types: a schedule in words, and every mistake beside the field it is in.

use serde::Serialize;

use super::check;
pub use super::check::{Field, FieldError};
use super::save::if_removed;
use crate::domain::Result;
use crate::domain::job::Definition;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Timestamp, zone};
use crate::ops::Session;
use crate::store::jobs;

/// What a schedule means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// In words; `by hand` when there is none.
    pub text: String,
    /// When it fires next.
    pub next_fires: Vec<Timestamp>,
    /// The zone it is read in, as the zone database writes it.
    pub zone_name: String,
}

/// What a schedule means, with its next `count` fires. It does not look into the database, so that it may be asked at each key.
pub fn describe(session: &Session, schedule: &str, timezone: &str, count: usize) -> Result<Reading> {
    let zone_name = zone(timezone)?.name().to_owned();
    if schedule.trim().is_empty() {
        return Ok(Reading {
            text: super::BY_HAND.to_owned(),
            next_fires: Vec::new(),
            zone_name,
        });
    }
    let schedule = Schedule::parse(schedule, timezone)?;
    Ok(Reading {
        text: schedule.describe(),
        next_fires: schedule.upcoming(session.now(), count),
        zone_name,
    })
}

/// Everything that keeps a definition from being saved, in the order of the fields; nothing when it can be. `replacing` is the
/// job that is being changed, by name or id: it may keep its name.
pub fn check(session: &Session, definition: &Definition, replacing: Option<&str>) -> Result<Vec<FieldError>> {
    let own = session.instance.store.read(|db| {
        let own = replacing.map(|name| jobs::find(db, name).map_err(|error| if_removed(error, definition)));
        let own = own.transpose()?;
        Ok(own.map(|job| job.id))
    })?;
    check::everything(session, definition, own)
}
