//! A restore run: each database streamed from the best copy into the target. What stands there stays as it was until its
//! replacement is complete; a copy that turns out bad is passed over for the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::reading::{Reading, reach};
use super::recover;
use super::run::{Elsewhere, Outcome, Run};
use crate::catalog::endpoints::{self, Opened};
use crate::domain::backup::{Copy, CopyState, Level};
use crate::domain::blocker::Permission;
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::{Renamed, RestoreRequest, Stage};
use crate::domain::manifest::{InsideObject, StoredObject};
use crate::domain::secret::Redactor;
use crate::domain::units;
use crate::pipeline::chunks::Chunks;
use crate::pipeline::meter::Meter;
use crate::pipeline::open::Proof;
use crate::source::{DatabaseRestore, Source, Stop};
use crate::store::executions::{Footprint, Restoring};
use crate::store::{Db, adapters, backups};

/// Roles and tablespaces whose failures the verdict tells one by one; the log has all of them.
const FAILURES_TOLD: usize = 5;

/// Gives data back. Asked to stop, it leaves the database it is at as it was; those it is done with stay restored, and the
/// error names them.
pub async fn restore(run: &Run, request: &RestoreRequest, stop: Stop) -> Result<Outcome> {
    let began = AtomicBool::new(false);
    let outcome = restore_all(run, request, stop, &began).await;
    outcome.map_err(|error| {
        if began.load(Ordering::Relaxed) || error.kind == Kind::Interrupted {
            return error;
        }
        let target = run.instance.store.read(|db| adapters::get(db, request.to));
        untouched(error, target.ok().map(|target| target.name))
    })
}

/// A failure that came before anything was written into the target.
fn untouched(error: Error, target: Option<String>) -> Error {
    let target = target.unwrap_or_else(|| "the target".to_owned());
    error.and(&format!("nothing was changed at {target}"))
}

/// `began` says whether anything was handed to the target.
async fn restore_all(run: &Run, request: &RestoreRequest, stop: Stop, began: &AtomicBool) -> Result<Outcome> {
    run.stage(Stage::Initialize);
    let reading = Reading::open(run, request.backup)?;
    let target = endpoints::source(&run.instance, request.to)?;
    run.hide(Redactor::new(target.secrets.iter().cloned()));
    reading.fits_into(&target.adapter)?;
    reading.copies(request.from)?;
    let chosen = request
        .databases
        .iter()
        .map(|names| Ok((names, reading.database(&names.database)?)));
    let chosen: Vec<(&Renamed, (&StoredObject, &InsideObject))> = chosen.collect::<Result<_>>()?;
    let work = Work {
        run,
        request,
        reading: &reading,
        target: &target,
        stop,
        began,
    };
    for (names, object) in &chosen {
        work.refuse_blocked(names, object.1).await?;
    }
    let total = chosen.iter().map(|(_, (_, inside))| inside.logical_size).sum();
    run.expect(chosen.len(), total);
    run.count_on(Arc::new(Meter::new(0)), Vec::new());

    run.stage(Stage::Restore);
    let mut shortfalls = Vec::new();
    let mut failed = Vec::new();
    let mut restored = Vec::new();
    if request.globals {
        shortfalls.extend(work.globals().await?);
        restored.push("roles and tablespaces");
    }
    for (index, (names, object)) in chosen.into_iter().enumerate() {
        run.object(&names.target);
        let tag = format!("{}_{index}", run.id().short());
        match work.database(names, object, &tag).await {
            Ok(missing) => shortfalls.extend(missing),
            Err(error) => {
                let error = error.or_on(format!("database {}", names.target));
                work.stop.check().map_err(|_| after(&restored, error.clone()))?;
                let error = run.masked(&error);
                run.error(&error);
                failed.push(error);
                continue;
            }
        }
        restored.push(&names.target);
        run.object_done();
        run.info(format!(
            "{} restored as {}, {}",
            names.database,
            names.target,
            units::size(object.1.logical_size)
        ));
    }
    // One database that cannot be given back takes none of the others with it.
    if total_failed(&failed, request)
        && let Some(all) = Error::several(failed.clone())
    {
        return Err(after(&restored, all));
    }
    shortfalls.extend(failed);
    Ok(Outcome {
        size: Some(run.meter().plain()),
        shortfalls,
    })
}

fn total_failed(failed: &[Error], request: &RestoreRequest) -> bool {
    failed.len() == request.databases.len()
}

/// A failure, along with what it came too late for.
fn after(restored: &[&str], error: Error) -> Error {
    if restored.is_empty() {
        return error;
    }
    error.and(&format!("restored before that: {}", restored.join(", ")))
}

struct Work<'a> {
    run: &'a Run,
    request: &'a RestoreRequest,
    reading: &'a Reading,
    target: &'a Opened<dyn Source>,
    stop: Stop,
    /// Whether anything was handed to the target.
    began: &'a AtomicBool,
}

impl Work<'_> {
    async fn refuse_blocked(&self, names: &Renamed, object: &InsideObject) -> Result<()> {
        let restore = self.into(names, object, "");
        let check = self.stop.during(self.target.driver.check_restore(&restore)).await?;
        let check = check.map_err(|error| self.target.explain(error))?;
        for warning in &check.warnings {
            self.run.warn(warning);
        }
        match check.blockers.first() {
            None => Ok(()),
            Some(first) => {
                let refusal = first.refusal(Permission::in_general);
                Err(refusal.on(format!("database {}", names.target)))
            }
        }
    }

    fn into<'b>(&'b self, names: &'b Renamed, object: &'b InsideObject, tag: &'b str) -> DatabaseRestore<'b> {
        DatabaseRestore {
            names,
            object,
            engine_version: &self.reading.backup.engine_version,
            options: &self.request.options,
            tag,
        }
    }

    /// Restores one. Gives what is missing in it all the same.
    async fn database(&self, names: &Renamed, object: (&StoredObject, &InsideObject), tag: &str) -> Result<Vec<Error>> {
        let restoring = Restoring {
            adapter: self.target.adapter.id,
            target: names.target.clone(),
            tag: tag.to_owned(),
        };
        // Before anything is made, so that the next engine finds it whenever this one dies.
        let footprint = Footprint {
            restoring: Some(restoring),
            ..Footprint::default()
        };
        self.run.footprint(None, &footprint)?;
        self.run.works_elsewhere(Elsewhere {
            source: Arc::clone(&self.target.driver),
            database: names.target.clone(),
            tag: tag.to_owned(),
        });
        let restore = self.into(names, object.1, tag);
        let restored = self
            .try_copies(object, async |dump| {
                self.target.driver.restore(&restore, dump, &self.stop).await
            })
            .await
            .map_err(|error| self.target.explain(error));
        if restored.is_err() {
            // The driver has taken back what it made, or said why it could not; then it is tried once more, now or at the next start.
            recover::clean_up_after(self.run).await?;
        } else {
            self.run.footprint(None, &Footprint::default())?;
        }
        let restored = restored?;
        if let Some(file) = &restored.file {
            self.run.info(format!("{} is {}", names.target, file.display()));
        }
        for note in &restored.notes {
            self.run.warn(note);
        }
        let missing: Vec<Error> = restored.shortfalls.iter().map(|error| self.run.masked(error)).collect();
        for error in &missing {
            self.run.error(error);
        }
        Ok(missing)
    }

    async fn globals(&self) -> Result<Vec<Error>> {
        let Some(object) = self.reading.globals() else {
            let missing = Error::failed("the backup holds no roles and tablespaces")
                .on("globals")
                .next("restore them from a backup that has them, or restore without globals");
            return Ok(vec![missing]);
        };
        let restored = self
            .try_copies(object, async |dump| {
                self.target.driver.restore_globals(dump, &self.stop).await
            })
            .await
            .map_err(|error| self.target.explain(error))?;
        for what in &restored.left {
            self.run.warn(what);
        }
        for error in &restored.failed {
            self.run.error(error);
        }
        let mut failed = restored.failed;
        let untold = failed.len().saturating_sub(FAILURES_TOLD);
        if untold > 1 {
            failed.truncate(FAILURES_TOLD);
            let more = Error::failed(format!("{untold} more were not restored, or not in full"));
            let next = format!("`backstay logs {}` names them", self.run.id().short());
            failed.push(more.on("roles and tablespaces").next(next));
        }
        Ok(failed)
    }

    /// Hands the dump to `consume`, from the best copy; when the copy itself proves bad, from the next.
    async fn try_copies<T>(
        &self,
        object: (&StoredObject, &InsideObject),
        consume: impl AsyncFn(Chunks) -> Result<T>,
    ) -> Result<T> {
        let mut last = None;
        for copy in self.reading.copies(self.request.from)? {
            let driver = match self.stop.during(reach(self.run, copy)).await? {
                Ok(driver) => driver,
                Err(error) => {
                    last = Some(self.passed_over(copy, error));
                    continue;
                }
            };
            let dump = self.reading.dump(self.run, driver.as_ref(), copy, object, Proof::Dump);
            let dump = match self.stop.during(dump).await? {
                Ok(dump) => dump,
                Err(error) => {
                    last = Some(self.copy_is_bad(copy, &object.0.name, error).await?);
                    continue;
                }
            };
            let ending = dump.ending();
            let (name, destination) = (&object.0.name, &copy.destination);
            if copy.state == CopyState::Present {
                self.run.info(format!("reading {name} from {destination}"));
            } else {
                self.run.warn(format!(
                    "reading {name} from {destination}, whose copy is {}: every byte of it is compared",
                    copy.state
                ));
            }
            self.began.store(true, Ordering::Relaxed);
            match consume(dump).await {
                Ok(done) => return Ok(done),
                Err(error) => match ending.get() {
                    Some(Some(fault)) if fault.kind != Kind::Interrupted => {
                        last = Some(self.copy_is_bad(copy, &object.0.name, fault.clone()).await?);
                    }
                    _ => return Err(error),
                },
            }
        }
        Err(last.unwrap_or_else(|| Error::failed("there is no copy to read from")))
    }

    /// Records that a copy that passed for good is not, unless its destination went away or will not let it be looked at.
    async fn copy_is_bad(&self, copy: &Copy, object: &str, error: Error) -> Result<Error> {
        let state = if error.kind == Kind::NotFound {
            CopyState::Missing
        } else {
            CopyState::Corrupt
        };
        let is_its_fault = !error.says_nothing() && copy.state == CopyState::Present;
        if is_its_fault && reach(self.run, copy).await.is_ok() {
            let now = self.run.now();
            let record = |db: &Db| backups::set_verified(db, copy.id, Level::Bytes, false, state, now);
            self.run.instance.store.write(record)?;
        }
        Ok(self.passed_over(
            copy,
            error.or_on(format!("{object} of the copy at {}", copy.destination)),
        ))
    }

    fn passed_over(&self, copy: &Copy, error: Error) -> Error {
        let error = error.or_on(format!("copy at {}", copy.destination));
        self.run.error(&error);
        Error {
            kind: Kind::Failed,
            ..error
        }
    }
}
