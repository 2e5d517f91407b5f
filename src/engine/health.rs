//! Health: every adapter is probed now and then, five at a time, and never written to; so is what a failed run has used, at
//! once. A change of state is an event.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::catalog::endpoints;
use crate::domain::adapter::{Adapter, AdapterType, Health, Probe};
use crate::domain::audit::Actor;
use crate::domain::backup::CopyState;
use crate::domain::error::{Error, Result};
use crate::domain::execution::{Execution, Request};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::secret::Redactor;
use crate::domain::setting;
use crate::instance::Instance;
use crate::patience::ask;
use crate::store::{Db, adapters, backups, health, jobs, settings};

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
    probe_each(&instance, all).await;
    Ok(())
}

/// Probes what a run has used that was not done in full, where it passes for well: which of it let the run down, if any did, a
/// look of its own tells. One that is known to be unwell waits for its turn, or many runs would soon make it out to be offline.
pub async fn probe_used(instance: Arc<Instance>, execution: Execution) {
    let suspects = instance.store.read(|db| {
        if settings::number(db, &setting::HEALTH_INTERVAL)? == 0 {
            return Ok(Vec::new());
        }
        let used = used_by(db, &execution)?;
        let mut all = adapters::list(db)?;
        all.retain(|adapter| {
            used.contains(&adapter.id) && matches!(adapter.last_status, Health::Online | Health::Unknown)
        });
        Ok(all)
    });
    match suspects {
        Ok(suspects) => probe_each(&instance, suspects).await,
        Err(error) => tracing::warn!("health of what run {} used: {error}", execution.id),
    }
}

/// The adapters a run had to do with.
fn used_by(db: &Db, execution: &Execution) -> Result<Vec<AdapterId>> {
    let holding = |backup: BackupId, only: Option<AdapterId>| -> Result<Vec<AdapterId>> {
        if let Some(only) = only {
            return Ok(vec![only]);
        }
        let copies = backups::by_id(db, backup)?.map_or_else(Vec::new, |backup| backup.copies);
        let kept = copies.iter().filter(|copy| copy.state != CopyState::Deleted);
        Ok(kept.map(|copy| copy.destination_id).collect())
    };
    let (mut used, other) = match &execution.request {
        Request::Backup => match execution.job_id.map(|job| jobs::by_id(db, job)).transpose()?.flatten() {
            Some(job) => (job.destination_ids, Some(job.source_id)),
            None => (Vec::new(), execution.source_id),
        },
        Request::Restore(request) => (holding(request.backup, request.from)?, Some(request.to)),
        Request::Verify(request) => (holding(request.backup, request.destination)?, request.scratch),
        Request::Repair { backup } => (holding(*backup, None)?, None),
    };
    used.extend(other);
    Ok(used)
}

async fn probe_each(instance: &Arc<Instance>, adapters: Vec<Adapter>) {
    stream::iter(adapters)
        .for_each_concurrent(AT_ONCE, |adapter| {
            let instance = Arc::clone(instance);
            async move {
                if let Err(error) = probe_one(&instance, &adapter).await {
                    tracing::warn!("health of {}: {error}", adapter.name);
                }
            }
        })
        .await;
}

async fn probe_one(instance: &Instance, adapter: &Adapter) -> Result<()> {
    let asked_at = instance.clock.now();
    let found = probe(instance, adapter).await;
    let now = instance.clock.now();
    instance.store.write(|db| {
        // Looks that go on at the same time see the same, and count once.
        let known = adapters::get(db, adapter.id)?.last_health_check;
        if known.is_some_and(|at| at > asked_at && at <= now) {
            return Ok(());
        }
        adapters::record_health(db, adapter, found.as_ref(), &Actor::engine(), now).map(drop)
    })
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
