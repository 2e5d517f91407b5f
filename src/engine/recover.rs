//! After an engine that died: the truth goes into the database, and nothing half-written is left at a destination.

use std::sync::Arc;
use std::time::Duration;

use super::run::Run;
use crate::catalog::import::{self, Found};
use crate::catalog::{copies, endpoints, keys, manifest as manifests};
use crate::destination::Destination;
use crate::domain::audit::{Actor, Event};
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::error::{Context, Error, Kind, Result, in_words};
use crate::domain::execution::{Execution, ExecutionType, Failure, Request, Status, Trigger};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::manifest::Manifest;
use crate::domain::retention::EXPIRE;
use crate::domain::secret::Redactor;
use crate::domain::units;
use crate::instance::Instance;
use crate::store::executions::{self, Footprint, Mending, NewExecution, Restoring, Verdict};
use crate::store::{Db, adapters, audit, backups, jobs};

/// How long a server or a destination is waited for that does not answer.
const CLEAN_UP_LIMIT: Duration = Duration::from_mins(2);

/// Tries again to clean up after runs that have their verdict, where that was not possible before.
pub async fn settle_left(instance: &Arc<Instance>, left: Vec<Execution>) -> Result<()> {
    for execution in left {
        let run = Run::new(Arc::clone(instance), execution);
        clean_up_after(&run).await?;
        run.close()?;
    }
    Ok(())
}

/// Gives one run whose work is gone its verdict.
pub async fn recover_one(instance: &Arc<Instance>, execution: Execution) -> Result<()> {
    let run = Run::new(Arc::clone(instance), execution);
    run.take_up();
    let committed = clean_up_after(&run).await?;
    let made = run.execution.kind == ExecutionType::Backup && (committed || already_recorded(&run)?);
    // As it is now: somebody may have asked for it to stop when there was no engine any more.
    let cancelled = run
        .instance
        .store
        .read(|db| executions::get(db, run.id()))?
        .cancel_requested_at
        .is_some();
    let (status, message, next) = match (made, cancelled) {
        (true, _) => (
            Status::Partial,
            "interrupted: engine stopped after the backup was written; what follows (verification, retention, hooks) was not done"
                .to_owned(),
            "`backstay backup verify` proves the copies",
        ),
        (false, true) => {
            let message = format!("{}; its engine had stopped", run.cancelled());
            (Status::Cancelled, message, "")
        }
        (false, false) => (Status::Failed, "interrupted: engine stopped".to_owned(), "run it again"),
    };
    let failure = Failure {
        message,
        object: String::new(),
        next: next.to_owned(),
        parts: Vec::new(),
    };
    if status == Status::Cancelled {
        run.info(&failure.message);
    } else {
        run.error(&Error::failed(failure.message.clone()).next(failure.next.clone()));
    }
    let alive = instance.store.read(|db| executions::last_heartbeat(db, run.id()))?;
    run.break_off_unseen(alive.unwrap_or_else(|| run.now()));
    let progress = run.close()?;
    let verdict = Verdict {
        status,
        error: Some(failure),
        size: None,
        progress,
    };
    instance.store.write(|db| {
        executions::finish(db, run.id(), &verdict, run.now())?;
        if status == Status::Failed {
            rerun(db, &run)
        } else {
            Ok(())
        }
    })
}

/// Follows the footprint of a run whose work is over. What could be settled is struck from it; what could not (a destination
/// that is away) stays for the next start. Gives whether the run had committed its backup.
pub async fn clean_up_after(run: &Run) -> Result<bool> {
    let mut left = run.instance.store.read(|db| executions::footprint(db, run.id()))?;
    let committed = settle_destinations(run, &mut left).await?;
    settle_mending(run, &mut left).await;
    if let Some(restoring) = &left.restoring
        && take_back_restore(run, restoring).await
    {
        left.restoring = None;
    }
    run.instance.store.write(|db| {
        executions::edit_footprint(db, run.id(), run.now(), |footprint| {
            footprint.destinations = left.destinations;
            footprint.restoring = left.restoring;
            footprint.mending = left.mending;
        })
    })?;
    if let Err(error) = finish_deletions(run).await {
        run.warn(format!(
            "a copy that retention had begun to delete could not be deleted: {error}"
        ));
    }
    Ok(committed)
}

/// A folder with the run's manifest is a backup: the run had come that far. Any other is taken back.
async fn settle_destinations(run: &Run, footprint: &mut Footprint) -> Result<bool> {
    let Some(folder) = run.execution.path.clone() else {
        return Ok(false);
    };
    let mut away = Vec::new();
    let mut found = None;
    let mut without = Vec::new();
    // Nobody counts on a destination that was removed since, and nothing can be looked at there.
    let known = run.instance.store.read(adapters::list)?;
    let written = footprint.destinations.iter().enumerate();
    for (priority, id) in written.filter(|(_, id)| known.iter().any(|adapter| adapter.id == **id)) {
        match settle(run, *id, &folder, priority).await {
            Ok(Some(manifest)) => found = Some(manifest),
            Ok(None) => without.push((priority, *id)),
            Err(error) => {
                run.warn(format!("leftovers in {folder} could not be looked at: {error}"));
                without.push((priority, *id));
                away.push(*id);
            }
        }
    }
    footprint.destinations = away;
    let Some(manifest) = found else {
        return Ok(false);
    };
    // What other destinations lack can be made from the copy that is there, once it is known to be lacking.
    for (priority, id) in without {
        record(run, id, &folder, priority, &manifest, CopyState::Missing)?;
    }
    Ok(true)
}

async fn settle(run: &Run, id: AdapterId, folder: &str, priority: usize) -> Result<Option<Manifest>> {
    let opened = endpoints::destination(&run.instance, id)?;
    let driver = opened.driver.as_ref();
    let reading = tokio::time::timeout(CLEAN_UP_LIMIT, manifests::read(driver, folder));
    match reading.await.unwrap_or_else(|_| Err(no_end())) {
        Ok((manifest, _)) => {
            record(run, id, folder, priority, &manifest, CopyState::Present)?;
            run.info(format!(
                "{}: the manifest is there, so the copy counts",
                opened.adapter.name
            ));
            Ok(Some(manifest))
        }
        Err(error) if error.kind == Kind::NotFound => {
            copies::take_back(driver, folder).await?;
            run.info(format!(
                "{}: removed what was half-written in {folder}",
                opened.adapter.name
            ));
            run.instance.store.write(|db| {
                let known = backups::copy_at(db, id, folder)?.filter(|copy| copy.state.is_held());
                known.map_or(Ok(()), |copy| {
                    backups::set_state(db, copy.id, CopyState::Missing, run.now())
                })
            })?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What a repair left: half a copy where nothing was before is taken back, and of one that was being mended only what was
/// half-written, since all the rest is what it was or better.
async fn settle_mending(run: &Run, footprint: &mut Footprint) {
    let Request::Repair { backup } = run.execution.request else {
        return;
    };
    let mut left = Vec::new();
    for mending in &footprint.mending {
        if let Err(error) = settle_mended(run, backup, *mending).await {
            run.warn(format!("what the repair left could not be looked at: {error}"));
            left.push(*mending);
        }
    }
    footprint.mending = left;
}

async fn settle_mended(run: &Run, backup: BackupId, mending: Mending) -> Result<()> {
    let (known, open) = run
        .instance
        .store
        .read(|db| Ok((backups::by_id(db, backup)?, executions::open(db)?)))?;
    let copies = known.map(|known| known.copies).unwrap_or_default();
    let Some(copy) = copies.into_iter().find(|copy| copy.id == mending.copy) else {
        return Ok(());
    };
    let repairs = |other: &&Execution| {
        other.id != run.id() && other.status == Status::Running && other.request == run.execution.request
    };
    if let Some(other) = open.iter().find(repairs) {
        return Err(Error::busy(format!("run {} works on it", other.id.short())).on(copy.path));
    }
    let driver = endpoints::destination(&run.instance, copy.destination_id)?.driver;
    let cleaned = tokio::time::timeout(CLEAN_UP_LIMIT, clean_up_mended(driver.as_ref(), &copy.path, mending));
    if !cleaned.await.unwrap_or_else(|_| Err(no_end()))? {
        return Ok(());
    }
    run.info(format!(
        "{}: removed what was half-written in {}",
        copy.destination, copy.path
    ));
    if copy.state.is_held() {
        let missing = |db: &Db| backups::set_state(db, copy.id, CopyState::Missing, run.now());
        run.instance.store.write(missing)?;
    }
    Ok(())
}

/// Gives whether there is nothing of the copy now.
async fn clean_up_mended(driver: &dyn Destination, folder: &str, mending: Mending) -> Result<bool> {
    let is_new = mending.from_nothing && driver.stat(&manifests::path_in(folder)).await?.is_none();
    if is_new {
        copies::take_back(driver, folder).await?;
    } else {
        copies::delete_partials(driver, folder).await?;
    }
    Ok(is_new)
}

fn record(
    run: &Run,
    id: AdapterId,
    folder: &str,
    priority: usize,
    manifest: &Manifest,
    state: CopyState,
) -> Result<()> {
    // What is known of a copy was found by looking at it, and counts for more than that its manifest is there.
    let known = run.instance.store.read(|db| backups::copy_at(db, id, folder))?;
    let is_known = known.is_some_and(|copy| copy.state != CopyState::Missing);
    if is_known {
        return Ok(());
    }
    let key = manifest
        .encryption
        .as_ref()
        .map(|note| keys::by_key_id(&run.instance, &note.key_id))
        .transpose()?;
    let inside = manifests::inside(manifest, key.as_ref().map(|(_, key)| key))?;
    let found = Found {
        manifest,
        inside: Some(&inside),
        destination: id,
        folder,
        state,
        verified: None,
        priority,
        execution: Some(run.id()),
    };
    run.instance.store.write(|db| import::record(db, &found, run.now()))
}

/// Retention deletes the manifest first. A copy that has lost it by then is no backup any more: what is left of it goes. One
/// that still has it stays, and the next run judges it anew. So does what is left of one that was locked meanwhile: a repair
/// makes it whole.
pub async fn finish_deletions(run: &Run) -> Result<()> {
    let footprint = run.instance.store.read(|db| executions::footprint(db, run.id()))?;
    let mut failed = Ok(());
    for (backup, id) in footprint.expiring {
        let backup = run.instance.store.read(|db| backups::by_id(db, backup))?;
        let copy = backup
            .iter()
            .flat_map(|backup| &backup.copies)
            .find(|known| known.id == id);
        let finished = match (&backup, copy) {
            (Some(backup), Some(copy)) => finish_deletion(run, backup, copy).await,
            _ => Ok(()),
        };
        match finished {
            Ok(()) => run.instance.store.write(|db| {
                executions::edit_footprint(db, run.id(), run.now(), |footprint| {
                    footprint.expiring.retain(|(_, known)| *known != id);
                })
            })?,
            Err(error) => failed = Err(error),
        }
    }
    failed
}

async fn finish_deletion(run: &Run, backup: &Backup, copy: &Copy) -> Result<()> {
    let driver = endpoints::destination(&run.instance, copy.destination_id)?.driver;
    if driver.stat(&manifests::path_in(&copy.path)).await?.is_some() {
        return Ok(());
    }
    // Whatever comes of the rest: without its manifest it is no copy.
    run.instance
        .store
        .write(|db| backups::set_state(db, copy.id, CopyState::Missing, run.now()))?;
    if backup.locked {
        run.warn(format!(
            "{}: the copy of {} was locked while it was being deleted; `backstay backup repair {}` makes it anew",
            copy.destination,
            backup.taken_at,
            backup.id.short()
        ));
        return Ok(());
    }
    copies::take_back(driver.as_ref(), &copy.path).await?;
    let event = Event::new(EXPIRE, "backup", backup.id, backup.job_name.clone()).with(serde_json::json!({
        "destination": copy.destination, "path": copy.path, "taken_at": backup.taken_at, "interrupted": true,
    }));
    run.instance.store.write(|db| {
        backups::set_state(db, copy.id, CopyState::Deleted, run.now())?;
        audit::append(db, &Actor::engine(), &event, run.now())
    })?;
    run.info(format!(
        "{}: finished deleting the copy of {}",
        copy.destination, backup.taken_at
    ));
    Ok(())
}

fn already_recorded(run: &Run) -> Result<bool> {
    run.instance
        .store
        .read(|db| Ok(backups::of_execution(db, run.id())?.is_some()))
}

/// What a restore or verification that did not come to its end made for a while is taken back, and the log says so. Gives
/// whether nothing is left to be done.
pub async fn take_back_restore(run: &Run, restoring: &Restoring) -> bool {
    let Restoring { adapter, target, tag } = restoring;
    let cleaned = async {
        let opened = endpoints::source(&run.instance, *adapter)?;
        run.hide(Redactor::new(opened.secrets.iter().cloned()));
        tokio::time::timeout(CLEAN_UP_LIMIT, opened.driver.clean_up(tag, target))
            .await
            .unwrap_or_else(|_| Err(no_end()))
    };
    match cleaned.await {
        Ok(done) if done.is_empty() => run.info(format!("the restore of {target} left nothing behind")),
        Ok(done) => {
            for what in done {
                run.warn(what);
            }
        }
        Err(error) => {
            run.warn(format!(
                "what the restore of {target} made for a while ({tag}) could not be taken back: {error}"
            ));
            return false;
        }
    }
    true
}

fn no_end() -> Error {
    Error::failed(format!("no end within {}", units::duration(CLEAN_UP_LIMIT)))
}

fn rerun(db: &Db, run: &Run) -> Result<()> {
    let execution = &run.execution;
    let Some(job) = execution.job_id.filter(|_| execution.kind == ExecutionType::Backup) else {
        return Ok(());
    };
    let job = jobs::get(db, job)?;
    // A run that brings the engine down each time must not do so for ever.
    let options = &job.definition.options;
    if !options.rerun_interrupted || execution.attempt > options.retries.max(1) {
        return Ok(());
    }
    let again = NewExecution {
        job_id: Some(job.id),
        job_name: job.definition.name.clone(),
        revision: Some(job.revision),
        request: execution.request.clone(),
        trigger: Trigger::Retry,
        triggered_by: format!("run {} was interrupted", execution.id.short()),
        attempt: execution.attempt + 1,
        source_id: Some(job.source_id),
        not_before: run.now(),
    };
    executions::insert(db, &again, run.now()).map(drop)
}

/// Scratch files of runs that are over. Nothing of this engine runs yet, and nobody else has files in its scratch directory.
pub fn empty_scratch(instance: &Instance) {
    let emptied = endpoints::tools(instance).and_then(|tools| {
        let entries = std::fs::read_dir(&tools.scratch).doing("cannot list it", tools.scratch.display())?;
        for entry in entries.flatten() {
            if let Err(error) = std::fs::remove_file(entry.path()) {
                tracing::warn!("{}: {}", entry.path().display(), in_words(&error));
            }
        }
        Ok(())
    });
    if let Err(error) = emptied {
        tracing::warn!("scratch files: {error}");
    }
}
