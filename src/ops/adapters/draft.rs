//! An adapter that is about to be kept, new or changed: its settings are read and opened once, tried as often as wanted, and
//! stored only then. Command line and forms go through it alike.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kinds::{self, Open, driver_type, open, schema};
use super::{Fields, NewAdapter, PROBE_LIMIT};
use crate::catalog::endpoints;
use crate::domain::adapter::{Adapter, AdapterType, Probe};
use crate::domain::audit::Event;
use crate::domain::error::Context as _;
use crate::domain::id::AdapterId;
use crate::domain::naming::valid_name;
use crate::domain::secret::Redactor;
use crate::domain::{Error, Result};
use crate::driver;
use crate::ops::places::{overlap, resolved};
use crate::ops::{Session, jobs};
use crate::store::adapters;

/// An adapter that is not stored yet, opened.
pub struct Draft {
    name: String,
    kind: AdapterType,
    driver: String,
    schema: schemars::Schema,
    config: Value,
    opened: Open,
    redactor: Redactor,
    /// The adapter it takes the place of, and its settings.
    before: Option<(Adapter, Value)>,
}

impl Draft {
    /// Of a new adapter. Its name has to be free, its settings those of its driver.
    pub fn of_new(session: &Session, new: &NewAdapter) -> Result<Self> {
        let object = format!("adapter {}", new.name);
        valid_name("adapter", &new.name)?;
        let taken = session.instance.store.read(|db| adapters::by_name(db, &new.name))?;
        if taken.is_some() {
            return Err(Error::usage("that name is taken")
                .on(object)
                .next("choose another name"));
        }
        let kind = driver_type(&new.driver, new.kind).map_err(|error| error.or_on(&object))?;
        let empty = Value::Object(serde_json::Map::new());
        Self::opened(session, (&new.name, kind, &new.driver), &new.fields, &empty, None)
    }

    /// Of an adapter with some of its settings changed.
    pub fn of_change(session: &Session, name: &str, fields: &Fields) -> Result<Self> {
        let adapter = session.instance.store.read(|db| adapters::find(db, name))?;
        let before = endpoints::config(&session.instance, adapter.id)?;
        let (name, driver) = (adapter.name.clone(), adapter.driver.clone());
        let draft = Self::opened(
            session,
            (&name, adapter.kind, &driver),
            fields,
            &before,
            Some(adapter.clone()),
        )?;
        if let Some(place) = draft.opened.local_path() {
            jobs::stays_apart(session, adapter.id, place)?;
        }
        Ok(draft)
    }

    fn opened(
        session: &Session,
        (name, kind, driver): (&str, AdapterType, &str),
        fields: &Fields,
        base: &Value,
        replacing: Option<Adapter>,
    ) -> Result<Self> {
        let object = format!("adapter {name}");
        let schema = schema(kind, driver)?;
        let config = fields.apply(&schema, base).map_err(|error| error.or_on(&object))?;
        let redactor = Redactor::new(driver::secret_values(&schema, &config));
        let own = replacing.as_ref().map(|adapter| adapter.id);
        let opened = open(session, kind, driver, &config, own)
            .and_then(|opened| has_its_own_place(session, own, &opened).map(|()| opened))
            .map_err(|error| redactor.mask_error(&error.or_on(&object)))?;
        Ok(Self {
            name: name.to_owned(),
            kind,
            driver: driver.to_owned(),
            schema,
            config,
            opened,
            redactor,
            before: replacing.map(|adapter| (adapter, base.clone())),
        })
    }

    /// Connects. Nothing is recorded.
    pub async fn probe(&self) -> Result<Probe> {
        let found = probe(&self.opened).await;
        found.map_err(|error| self.redactor.mask_error(&error.or_on(format!("adapter {}", self.name))))
    }

    /// The directory of a new destination that is not there and could be made, since the one above it is there. That of one that is
    /// known is no such: it was there once, so a mount has gone.
    pub fn missing_directory(&self) -> Option<PathBuf> {
        let directory = self.opened.directory().filter(|_| self.before.is_none())?;
        let is_missing = directory.symlink_metadata().is_err() && directory.parent().is_some_and(Path::is_dir);
        is_missing.then(|| directory.to_owned())
    }

    /// Makes that directory, open to its owner alone. Only for whoever said so: where a mount has gone, a directory that was made
    /// in its place takes backups that nobody finds again.
    pub fn make_directory(&self) -> Result<()> {
        let Some(directory) = self.missing_directory() else {
            return Ok(());
        };
        let made = DirBuilder::new().mode(0o700).create(&directory);
        made.doing("cannot make the directory", directory.display())
    }

    /// Stores it, with what a probe of it has found.
    pub fn keep(self, session: &Session, probe: Option<&Probe>) -> Result<Adapter> {
        let id = match &self.before {
            Some((adapter, _)) => adapter.id,
            None => AdapterId::generate(session.now()),
        };
        let sealed = endpoints::seal_config(&session.instance, id, &self.config)?;
        let summary = self.opened.summary();
        let masked = driver::masked(&self.schema, &self.config);
        let event = match &self.before {
            Some((_, before)) => Event::new("adapter.update", "adapter", id, self.name.clone()).changed(
                &driver::masked(&self.schema, before),
                &kinds::masked_with_changes(&self.schema, before, &self.config),
            ),
            None => Event::new("adapter.create", "adapter", id, self.name.clone())
                .changed(&Value::Null, &audited(&self.name, &self.driver, masked)),
        };
        session.instance.store.write(|db| {
            if self.before.is_some() {
                adapters::update(db, id, &self.name, &sealed, &summary, session.now())?;
            } else {
                let row = adapters::NewAdapter {
                    id,
                    name: &self.name,
                    kind: self.kind,
                    driver: &self.driver,
                    config: &sealed,
                    summary: &summary,
                };
                adapters::insert(db, &row, session.now())?;
            }
            session.record(db, &event)?;
            if let Some(probe) = probe {
                adapters::record_probe(db, id, Ok(probe), session.now())?;
            }
            adapters::get(db, id)
        })
    }
}

/// Refuses a destination in the directory of another one: each would take the other's copies for its own, or for nobody's.
fn has_its_own_place(session: &Session, own: Option<AdapterId>, opened: &Open) -> Result<()> {
    let (Open::Destination(_), Some(place)) = (opened, opened.local_path().map(resolved)) else {
        return Ok(());
    };
    let others = session.instance.store.read(adapters::list)?.into_iter();
    for other in others.filter(|other| other.kind == AdapterType::Destination && Some(other.id) != own) {
        // One that cannot be opened now has no place to compare.
        let Ok(there) = endpoints::destination(&session.instance, other.id) else {
            continue;
        };
        if there
            .driver
            .local_path()
            .is_some_and(|path| overlap(&place, &resolved(path)))
        {
            return Err(Error::usage(format!(
                "{} is the directory of adapter {}, or one lies in the other",
                place.display(),
                other.name
            ))
            .next("use that adapter, or give this one a directory or a prefix of its own"));
        }
    }
    Ok(())
}

/// Connects, and waits for an answer no longer than a person would.
pub(super) async fn probe(opened: &Open) -> Result<Probe> {
    let late = |_| {
        Error::failed(format!("it did not answer within {} seconds", PROBE_LIMIT.as_secs()))
            .next("check host, port and firewall")
            .transient()
    };
    tokio::time::timeout(PROBE_LIMIT, opened.probe()).await.map_err(late)?
}

/// What the audit log keeps of a new adapter.
fn audited(name: &str, driver: &str, masked: Value) -> Value {
    let mut facts = serde_json::Map::new();
    facts.insert("name".to_owned(), name.into());
    facts.insert("driver".to_owned(), driver.into());
    if let Value::Object(fields) = masked {
        facts.extend(fields);
    }
    Value::Object(facts)
}
