//! Adapters: adding one (tested before it is kept), changing, probing, removing. Configurations are sealed before they reach
//! the store and masked before they reach the audit log or a screen.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Session;
use crate::catalog::endpoints::{self, Opened};
use crate::domain::adapter::{Adapter, AdapterType, Database, Health, HealthCheck, Probe, Tables};
use crate::domain::audit::Event;
use crate::domain::naming::valid_name;
use crate::domain::secret::{Redactor, Secret};
use crate::domain::{Error, Result, units};
use crate::driver;
use crate::source::Source;
use crate::store::{adapters, backups, health};

mod draft;
mod kinds;
mod remove;

pub use self::draft::Draft;
use self::draft::probe;
use self::kinds::open;
pub use self::kinds::{DriverInfo, driver_info, drivers, shown};
pub use self::remove::{Forgetting, Forgotten, forget, held_by_copies, plan_forgetting, remove};
pub use crate::driver::Field as DriverField;
pub use crate::source::is_copied_whole;

/// A probe that takes longer has failed.
const PROBE_LIMIT: Duration = Duration::from_secs(15);

/// Fields of a driver's settings, as they were typed.
#[derive(Debug, Default)]
pub struct Fields {
    /// Fields that may be seen.
    pub set: Vec<(String, String)>,
    /// Fields that may not.
    pub secrets: Vec<(String, Secret)>,
}

/// An adapter to be added.
#[derive(Debug)]
pub struct NewAdapter {
    /// Its name.
    pub name: String,
    /// Its driver's name.
    pub driver: String,
    /// Source or destination, for a driver that is both.
    pub kind: Option<AdapterType>,
    /// Its settings.
    pub fields: Fields,
    /// Whether to connect before it is kept.
    pub test: bool,
}

/// An adapter with everything that may be seen of it.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Its row.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// Its settings, secrets masked.
    pub config: Value,
    /// The jobs that use it.
    pub jobs: Vec<String>,
}

/// What came of a probe.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    /// The adapter's name.
    pub adapter: String,
    /// Its health now.
    pub status: Health,
    /// What was found.
    #[serde(flatten)]
    pub probe: Probe,
}

/// All adapters by name.
pub fn list(session: &Session) -> Result<Vec<Adapter>> {
    session.instance.store.read(adapters::list)
}

/// The adapter of that name or id.
pub fn find(session: &Session, name: &str) -> Result<Adapter> {
    session.instance.store.read(|db| adapters::find(db, name))
}

/// One adapter with its settings, masked, and the jobs that use it.
pub fn show(session: &Session, name: &str) -> Result<Shown> {
    let (adapter, jobs) = session.instance.store.read(|db| {
        let adapter = adapters::find(db, name)?;
        let jobs = adapters::used_by(db, adapter.id)?;
        Ok((adapter, jobs))
    })?;
    let config = endpoints::config(&session.instance, adapter.id)?;
    Ok(Shown {
        config: driver::masked(&endpoints::schema(&adapter)?, &config),
        adapter,
        jobs,
    })
}

/// An adapter in a list of all.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its row.
    pub adapter: Adapter,
    /// The jobs that use it, by name.
    pub jobs: Vec<String>,
    /// Copies of backups that keep it, as they lie there or should; not counted where a job keeps it already.
    pub copies: u64,
}

/// All adapters by name, with the jobs that use them.
pub fn listed(session: &Session) -> Result<Vec<Listed>> {
    session.instance.store.read(|db| {
        let mut uses = adapters::uses(db)?;
        let all = adapters::list(db)?.into_iter();
        let listed = all.map(|adapter| {
            let jobs = uses.remove(&adapter.id).unwrap_or_default();
            let copies = if jobs.is_empty() {
                backups::kept_at(db, adapter.id)?
            } else {
                0
            };
            Ok(Listed { adapter, jobs, copies })
        });
        listed.collect()
    })
}

/// Adds an adapter. Unless told otherwise it is connected to first, and kept only when that works.
pub async fn add(session: &Session, new: NewAdapter) -> Result<(Adapter, Option<Probe>)> {
    keep(session, Draft::of_new(session, &new)?, new.test).await
}

/// Changes settings of an adapter, connecting first like [`add`].
pub async fn edit(session: &Session, name: &str, fields: Fields, test: bool) -> Result<(Adapter, Option<Probe>)> {
    keep(session, Draft::of_change(session, name, &fields)?, test).await
}

async fn keep(session: &Session, draft: Draft, test: bool) -> Result<(Adapter, Option<Probe>)> {
    let probe = if test {
        Some(draft.probe().await.map_err(untested)?)
    } else {
        None
    };
    Ok((draft.keep(session, probe.as_ref())?, probe))
}

/// Gives an adapter another name. Jobs go on using it.
pub fn rename(session: &Session, name: &str, to: &str) -> Result<Adapter> {
    valid_name("adapter", to)?;
    session.instance.store.write(|db| {
        let adapter = adapters::find(db, name)?;
        adapters::rename(db, adapter.id, to, session.now())?;
        let event = Event::new("adapter.rename", "adapter", adapter.id, to).changed(
            &serde_json::json!({ "name": adapter.name }),
            &serde_json::json!({ "name": to }),
        );
        session.record(db, &event)?;
        adapters::get(db, adapter.id)
    })
}

/// What the last `limit` probes of an adapter found, oldest first.
pub fn health(session: &Session, name: &str, limit: u32) -> Result<Vec<HealthCheck>> {
    session.instance.store.read(|db| {
        let adapter = adapters::find(db, name)?;
        health::recent(db, adapter.id, limit)
    })
}

/// Connects and records what was found, a failure too.
pub async fn test(session: &Session, name: &str) -> Result<Tested> {
    let adapter = session.instance.store.read(|db| adapters::find(db, name))?;
    let outcome = probe_stored(session, &adapter).await;
    let status = session
        .instance
        .store
        .write(|db| adapters::record_health(db, &adapter, outcome.as_ref(), &session.actor, session.now()))?;
    Ok(Tested {
        adapter: adapter.name,
        status,
        probe: outcome?,
    })
}

/// Connects without recording anything.
pub(super) async fn probe_stored(session: &Session, adapter: &Adapter) -> Result<Probe> {
    let config = endpoints::config(&session.instance, adapter.id)?;
    let redactor = Redactor::new(driver::secret_values(&endpoints::schema(adapter)?, &config));
    let outcome = match open(session, adapter.kind, &adapter.driver, &config, Some(adapter.id)) {
        Ok(opened) => probe(&opened).await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| redactor.mask_error(&error.or_on(format!("adapter {}", adapter.name))))
}

/// The databases of a source.
pub async fn databases(session: &Session, name: &str) -> Result<Vec<Database>> {
    let opened = opened(session, name)?;
    let found = opened.driver.databases().await;
    found.map_err(|error| told_of(error, opened))
}

/// The tables of one database of a source, the largest first; very many are not all listed.
pub async fn tables(session: &Session, name: &str, database: &str) -> Result<Tables> {
    let opened = opened(session, name)?;
    let found = opened.driver.tables(database).await;
    found.map_err(|error| told_of(error, opened))
}

/// The source of that name, to be asked for what is on it.
fn opened(session: &Session, name: &str) -> Result<Opened<dyn Source>> {
    endpoints::source(&session.instance, find(session, name)?.id)
}

/// What it answered instead, without the secrets of its settings.
fn told_of(error: Error, of: Opened<dyn Source>) -> Error {
    Redactor::new(of.secrets).mask_error(&error.or_on(format!("adapter {}", of.adapter.name)))
}

impl Fields {
    /// The configuration `base` with these fields. A secret never comes as plain text, and what is no secret is not treated as one.
    fn apply(&self, schema: &schemars::Schema, base: &Value) -> Result<Value> {
        let known = driver::fields(schema);
        let is_secret = |key: &str| known.iter().find(|field| field.name == key).map(|field| field.secret);
        if let Some((key, _)) = self
            .set
            .iter()
            .find(|(key, value)| is_secret(key) == Some(true) && !value.is_empty())
        {
            return Err(
                Error::usage(format!("field {key} is a secret, which no argument may show")).next(format!(
                    "give it by --secret {key}=env:NAME, file:PATH, stdin or prompt"
                )),
            );
        }
        if let Some((key, _)) = self.secrets.iter().find(|(key, _)| is_secret(key) == Some(false)) {
            return Err(Error::usage(format!("field {key} is no secret")).next(format!("give it by --set {key}=VALUE")));
        }
        let secrets = self
            .secrets
            .iter()
            .map(|(key, value)| (key.clone(), value.expose().to_owned()));
        let changes: Vec<_> = self.set.iter().cloned().chain(secrets).collect();
        driver::apply(schema, base, &changes)
    }
}

/// A connection that did not work keeps nothing; says how to keep it all the same.
fn untested(error: Error) -> Error {
    let next = [error.next.as_str(), "--no-test keeps it without connecting"];
    let next = next
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    error.next(next)
}

/// `job nightly` or `jobs nightly, weekly`.
pub fn named_jobs(jobs: &[String]) -> String {
    format!("{} {}", units::plural(jobs.len(), "job"), jobs.join(", "))
}
