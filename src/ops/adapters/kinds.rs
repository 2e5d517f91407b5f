//! What sources and destinations have in common for whoever only wants to open, probe and describe them.

use std::path::Path;
use std::sync::Arc;

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::catalog::endpoints;
use crate::destination::{self, Destination, Known};
use crate::domain::adapter::{AdapterType, Probe};
use crate::domain::id::AdapterId;
use crate::domain::{Error, Result};
use crate::driver::{self, Field};
use crate::ops::Session;
use crate::source::{self, Source};

/// An opened adapter of either type.
pub(super) enum Open {
    Source(Arc<dyn Source>),
    Destination(Arc<dyn Destination>),
}

impl Open {
    pub(super) fn summary(&self) -> String {
        match self {
            Self::Source(source) => source.summary(),
            Self::Destination(destination) => destination.summary(),
        }
    }

    /// Where it is on this machine, if it is.
    pub(super) fn local_path(&self) -> Option<&Path> {
        match self {
            Self::Source(source) => source.local_path(),
            Self::Destination(destination) => destination.local_path(),
        }
    }

    /// The directory on this machine that has to be there before anything is written.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Source(_) => None,
            Self::Destination(destination) => destination.directory(),
        }
    }

    pub(super) async fn probe(&self) -> Result<Probe> {
        match self {
            Self::Source(source) => source.probe().await,
            Self::Destination(destination) => destination.probe().await,
        }
    }
}

/// A driver, for people who choose one.
#[derive(Clone, Debug, Serialize)]
pub struct DriverInfo {
    /// Its name.
    pub name: &'static str,
    /// What its adapters are for.
    #[serde(rename = "type")]
    pub kind: AdapterType,
    /// One line about it.
    pub about: &'static str,
    /// Its settings.
    pub fields: Vec<Field>,
}

/// Every driver there is.
pub fn drivers() -> Vec<DriverInfo> {
    let sources = source::DRIVERS.iter().map(|driver| DriverInfo {
        name: driver.name,
        kind: AdapterType::Source,
        about: driver.about,
        fields: driver::fields(&(driver.schema)()),
    });
    let destinations = destination::DRIVERS.iter().map(|driver| DriverInfo {
        name: driver.name,
        kind: AdapterType::Destination,
        about: driver.about,
        fields: driver::fields(&(driver.schema)()),
    });
    sources.chain(destinations).collect()
}

/// A value of a driver's setting as it is shown to people and may be written by them.
pub fn shown(driver: &str, key: &str, value: &str) -> String {
    let fields = driver_info(driver).map(|driver| driver.fields).unwrap_or_default();
    let field = fields.iter().find(|field| field.name == key);
    field.map_or_else(|| value.to_owned(), |field| field.shown(value))
}

/// The driver of that name.
pub fn driver_info(name: &str) -> Result<DriverInfo> {
    let all = drivers();
    let names: Vec<&str> = all.iter().map(|driver| driver.name).collect();
    let unknown =
        Error::not_found(format!("there is no driver '{name}'")).next(format!("use one of {}", names.join(", ")));
    all.into_iter().find(|driver| driver.name == name).ok_or(unknown)
}

/// What adapters of a driver are for. A driver that is both needs to be told.
pub(super) fn driver_type(name: &str, told: Option<AdapterType>) -> Result<AdapterType> {
    let kinds: Vec<AdapterType> = drivers()
        .iter()
        .filter(|driver| driver.name == name)
        .map(|driver| driver.kind)
        .collect();
    match (told, kinds.as_slice()) {
        (_, []) => driver_info(name).map(|driver| driver.kind),
        (Some(told), kinds) if kinds.contains(&told) => Ok(told),
        (Some(told), [only, ..]) => Err(Error::usage(format!("driver {name} is for a {only}, not for a {told}"))
            .next(format!("add it as a {only}"))),
        (None, [only]) => Ok(*only),
        (None, _) => {
            Err(Error::usage(format!("driver {name} is for sources and destinations")).next("say which it is to be"))
        }
    }
}

/// The schema of a driver's settings.
pub(super) fn schema(kind: AdapterType, name: &str) -> Result<Schema> {
    match kind {
        AdapterType::Source => Ok((source::driver(name)?.schema)()),
        AdapterType::Destination => Ok((destination::driver(name)?.schema)()),
        AdapterType::Channel => Err(Error::not_found(format!("there is no channel driver '{name}'"))),
    }
}

/// Opens an adapter with settings that may not be stored yet; `id` when there is such an adapter.
pub(super) fn open(
    session: &Session,
    kind: AdapterType,
    name: &str,
    config: &Value,
    id: Option<AdapterId>,
) -> Result<Open> {
    match kind {
        AdapterType::Source => source::open(name, config, &endpoints::tools(&session.instance)?).map(Open::Source),
        AdapterType::Destination => {
            let known = match id {
                Some(id) => endpoints::known(&session.instance, id)?,
                None => Known::default(),
            };
            destination::open(name, config, &known).map(Open::Destination)
        }
        AdapterType::Channel => Err(Error::not_found(format!("there is no channel driver '{name}'"))),
    }
}

/// `after` with its secrets masked, those that differ from `before` said to be changed, which masks alone would hide.
pub(super) fn masked_with_changes(schema: &Schema, before: &Value, after: &Value) -> Value {
    let mut masked = driver::masked(schema, after);
    for field in driver::fields(schema).iter().filter(|field| field.secret) {
        let changed = after.get(&field.name).is_some() && before.get(&field.name) != after.get(&field.name);
        if let Some(shown) = masked.get_mut(&field.name).filter(|_| changed) {
            *shown = Value::from("**** (changed)");
        }
    }
    masked
}
