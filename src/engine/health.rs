//! Health: every adapter is probed now and then, five at a time, and never written to. A change of state is an event.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::catalog::endpoints;
use crate::domain::adapter::{Adapter, AdapterType, Probe};
use crate::domain::audit::Actor;
use crate::domain::error::{Error, Result};
use crate::domain::secret::Redactor;
use crate::instance::Instance;
use crate::patience::ask;
use crate::store::{Db, adapters, health};

const AT_ONCE: usize = 5;
/// How long the outcome of a probe is kept.
const HISTORY: Duration = Duration::from_hours(30 * 24);
/// How many are kept of an adapter, however often it is probed: some three days by the minute.
const KEPT: u32 = 5_000;

/// Probes every adapter and records what was found.
pub async fn probe_all(instance: Arc<Instance>) -> Result<()> {
    let all = instance.store.read(adapters::list)?;
    let kept_since = instance.clock.now().minus(HISTORY);
    instance.store.write(|db| {
        health::prune(db, kept_since)?;
        all.iter()
            .try_for_each(|adapter| health::keep_newest(db, adapter.id, KEPT).map(drop))
    })?;
    stream::iter(all)
        .for_each_concurrent(AT_ONCE, |adapter| {
            let instance = Arc::clone(&instance);
            async move {
                if let Err(error) = probe_one(&instance, &adapter).await {
                    tracing::warn!("health of {}: {error}", adapter.name);
                }
            }
        })
        .await;
    Ok(())
}

async fn probe_one(instance: &Instance, adapter: &Adapter) -> Result<()> {
    let found = probe(instance, adapter).await;
    let now = instance.clock.now();
    let record = |db: &Db| adapters::record_health(db, adapter, found.as_ref(), &Actor::engine(), now);
    instance.store.write(record).map(drop)
}

async fn probe(instance: &Instance, adapter: &Adapter) -> Result<Probe> {
    let (result, secrets) = match adapter.kind {
        AdapterType::Source => {
            let opened = endpoints::source(instance, adapter.id)?;
            let whom = adapter.id.to_string();
            let looked = ask(&whom, async move { opened.driver.look().await }).await;
            (looked, opened.secrets)
        }
        AdapterType::Destination => {
            let opened = endpoints::destination(instance, adapter.id)?;
            (opened.driver.probe().await, opened.secrets)
        }
        AdapterType::Channel => return Err(Error::failed("channels are not probed")),
    };
    result.map_err(|error| Redactor::new(secrets).mask_error(&error))
}
