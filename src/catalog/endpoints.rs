//! From an adapter's row to an open driver.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::Schema;
use serde_json::Value;

use crate::destination::{self, Destination, Known, Patient};
use crate::domain::adapter::{Adapter, AdapterType, with_edit};
use crate::domain::backup::CopyState;
use crate::domain::error::Context;
use crate::domain::id::AdapterId;
use crate::domain::setting;
use crate::domain::{Error, Result};
use crate::driver;
use crate::instance::Instance;
use crate::source::{self, Source, Tools};
use crate::store::{adapters, backups, settings};
use crate::vault::sealed::Place;

const TABLE: &str = "adapters";
const COLUMN: &str = "config";

/// An adapter opened by its driver.
pub struct Opened<T: ?Sized> {
    /// Its row.
    pub adapter: Adapter,
    /// The driver at work.
    pub driver: Arc<T>,
    /// Its secret values, for masking.
    pub secrets: Vec<String>,
}

impl<T: ?Sized> Opened<T> {
    /// A failure to use it: where its settings are to be corrected, with the command that does that.
    pub fn explain(&self, error: Error) -> Error {
        with_edit(error, &self.adapter.name)
    }
}

/// Opens a source adapter.
pub fn source(instance: &Instance, id: AdapterId) -> Result<Opened<dyn Source>> {
    let (adapter, config) = load(instance, id, AdapterType::Source)?;
    let opened = source::open(&adapter.driver, &config, &tools(instance)?).map_err(|error| named(error, &adapter))?;
    Ok(Opened {
        secrets: driver::secret_values(&schema(&adapter)?, &config),
        driver: opened,
        adapter,
    })
}

/// Opens a destination adapter.
pub fn destination(instance: &Instance, id: AdapterId) -> Result<Opened<dyn Destination>> {
    let (adapter, config) = load(instance, id, AdapterType::Destination)?;
    let known = known(instance, id)?;
    let opened = destination::open(&adapter.driver, &config, &known).map_err(|error| named(error, &adapter))?;
    // A run whose destination hangs gives up that copy before it counts as stuck as a whole.
    let stuck = instance
        .store
        .read(|db| settings::number(db, &setting::STUCK_TIMEOUT))?;
    Ok(Opened {
        secrets: driver::secret_values(&schema(&adapter)?, &config),
        driver: Arc::new(Patient::new(opened, Duration::from_secs(stuck) / 2)),
        adapter,
    })
}

/// What is known of a destination besides its settings.
pub fn known(instance: &Instance, id: AdapterId) -> Result<Known> {
    instance.store.read(|db| {
        Ok(Known {
            holds_copies: backups::made_here(db, id)?,
            copies: backups::copies_in(db, id, CopyState::Present)?,
        })
    })
}

/// An adapter's configuration, in the clear. Only for handing to a driver, or to be masked and shown.
pub fn config(instance: &Instance, id: AdapterId) -> Result<Value> {
    let sealed = instance.store.read(|db| adapters::config(db, id))?;
    let plain = instance.sealer.open(&sealed, place(&id.to_string()))?;
    serde_json::from_slice(&plain).map_err(|error| {
        Error::failed(format!("its stored settings are damaged: {error}"))
            .next("`backstay doctor` looks at the database; give the settings anew with `backstay adapter edit`")
    })
}

/// Seals a configuration for the adapter with that id.
pub fn seal_config(instance: &Instance, id: AdapterId, config: &Value) -> Result<String> {
    instance
        .sealer
        .seal(config.to_string().as_bytes(), place(&id.to_string()))
}

/// The schema of an adapter's settings.
pub fn schema(adapter: &Adapter) -> Result<Schema> {
    match adapter.kind {
        AdapterType::Source => Ok((source::driver(&adapter.driver)?.schema)()),
        AdapterType::Destination => Ok((destination::driver(&adapter.driver)?.schema)()),
        AdapterType::Channel => Err(Error::not_found(format!(
            "there is no channel driver '{}'",
            adapter.driver
        ))),
    }
}

/// What drivers need of this installation. Makes the scratch directory if it is not there.
pub fn tools(instance: &Instance) -> Result<Tools> {
    let (clients, spool) = instance.store.read(|db| {
        Ok((
            settings::get(db, &setting::POSTGRES_CLIENT_DIR)?,
            settings::get(db, &setting::SPOOL_DIR)?,
        ))
    })?;
    let scratch = instance.paths.scratch(&spool);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&scratch)
        .doing("cannot make the scratch directory", scratch.display())?;
    Ok(Tools {
        postgres_client_dir: Some(clients).filter(|path| !path.is_empty()).map(PathBuf::from),
        scratch,
    })
}

fn load(instance: &Instance, id: AdapterId, wanted: AdapterType) -> Result<(Adapter, Value)> {
    let adapter = instance.store.read(|db| adapters::get(db, id))?;
    if adapter.kind != wanted {
        return Err(Error::usage(format!("it is a {}, not a {wanted}", adapter.kind))
            .on(format!("adapter {}", adapter.name))
            .next(format!(
                "name a {wanted}; `backstay adapter list` shows which there are"
            )));
    }
    let config = config(instance, id).map_err(|error| named(error, &adapter))?;
    Ok((adapter, config))
}

fn named(error: Error, adapter: &Adapter) -> Error {
    error.or_on(format!("adapter {}", adapter.name))
}

fn place(id: &str) -> Place<'_> {
    Place {
        table: TABLE,
        id,
        column: COLUMN,
    }
}
