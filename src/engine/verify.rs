//! A verification run: proves copies of a backup at one of three levels and keeps on each copy what was proven and when.

use std::sync::{Arc, OnceLock};

use super::reading::{Reading, reach};
use super::run::{Elsewhere, Outcome, Run};
use crate::catalog::endpoints::{self, Opened};
use crate::catalog::{copies, keys, manifest as manifests};
use crate::destination::Destination;
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::{Renamed, RestoreOptions, Stage, VerifyRequest};
use crate::domain::id::AdapterId;
use crate::domain::job::Contents;
use crate::domain::manifest::{InsideObject, Manifest, ObjectKind, Stats, StoredObject};
use crate::domain::secret::Redactor;
use crate::domain::units;
use crate::pipeline::meter::Meter;
use crate::pipeline::open::Proof;
use crate::source::{self, DatabaseRestore, Source, Stop, Tools};
use crate::store::executions::{Footprint, Restoring};
use crate::store::{backups, jobs};

/// Proves a backup. What is not as it should be makes the run fail, naming every object. Asked to stop, it drops its scratch
/// database and records nothing about the copy it is at.
pub async fn verify(run: &Run, request: &VerifyRequest, stop: Stop) -> Result<Outcome> {
    run.stage(Stage::Initialize);
    let (backup, manifest) = run.instance.store.read(|db| {
        Ok((
            backups::get(db, request.backup)?,
            backups::manifest(db, request.backup)?,
        ))
    })?;
    let mut wanted: Vec<&Copy> = backup
        .copies
        .iter()
        .filter(|copy| copy.state != CopyState::Deleted)
        .collect();
    wanted.retain(|copy| request.destination.is_none_or(|id| copy.destination_id == id));
    if wanted.is_empty() {
        return Err(Error::not_found("there is no copy to verify")
            .on(format!("backup {}", backup.id.short()))
            .next("`backstay backup show` tells what became of its copies"));
    }
    // One good copy restored proves the backup; the others are as good as their bytes.
    if request.level == Level::Restore && request.destination.is_none() {
        let has_others = wanted.len() > 1;
        let best = backup.readable_copies().first().map(|copy| copy.id);
        wanted.retain(|copy| best.is_none_or(|best| copy.id == best));
        if let ([best], true) = (wanted.as_slice(), has_others) {
            run.info(format!(
                "{}: the best copy; the others are as good as their bytes",
                best.destination
            ));
        }
    }
    if !backup.complete {
        run.warn("the backup is not complete: what is missing in it cannot be proven");
    }
    run.count_on(Arc::new(Meter::new(0)), Vec::new());
    run.expect(
        manifest.objects.len() * wanted.len(),
        to_read(request.level, &backup, &manifest, wanted.len()),
    );
    run.stage(Stage::Verify);
    let mut problems = Vec::new();
    for copy in wanted {
        let found = match verify_copy(run, request, copy, &manifest, &stop).await {
            // What a destination that has just gone away made of its copies is not their fault.
            Ok((level, found)) => {
                if found.is_empty() || reach(run, copy).await.is_ok() {
                    record(run, copy, level, &found)?;
                }
                if found.is_empty() {
                    run.info(format!("{}: proven at level {level}", copy.destination));
                }
                found
            }
            // No key, no scratch server, no network: says nothing about the copy, so nothing is recorded about it.
            Err(error) => {
                stop.check()?;
                vec![error.or_on(format!("copy at {}", copy.destination))]
            }
        };
        for error in found {
            let at = &copy.destination;
            let error = Error {
                // Paths alone are the same at every destination.
                object: match error.object.strip_prefix(&copy.path) {
                    Some(_) => format!("{at}: {}", error.object),
                    None => error.object,
                },
                ..error
            };
            run.error(&error);
            problems.push(error);
        }
    }
    match Error::several(problems) {
        None => Ok(Outcome {
            size: Some(run.meter().total()),
            shortfalls: Vec::new(),
        }),
        Some(error) => Err(Error {
            kind: Kind::Failed,
            ..error.or_on(format!("backup {}", backup.id.short()))
        }),
    }
}

/// How hard a copy was looked at, and what is wrong with it, each problem naming its object; none means proven. An error
/// means that it could not be looked at.
async fn verify_copy(
    run: &Run,
    request: &VerifyRequest,
    copy: &Copy,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<(Level, Vec<Error>)> {
    let driver = stop.during(reach(run, copy)).await??;
    let driver = driver.as_ref();
    if let Some(problem) = finding(stop.during(same_manifest(run, driver, copy, manifest)).await?)? {
        return Ok((Level::Bytes, vec![problem]));
    }
    if request.level == Level::Bytes {
        return Ok((Level::Bytes, stored_bytes(run, driver, copy, manifest, stop).await?));
    }
    let reading = Reading::open(run, request.backup)?;
    let scratch = scratch_source(run, request, &reading)?;
    let mut level = request.level;
    let mut problems = Vec::new();
    for object in reading.objects() {
        run.object(&at_copy(object, copy));
        let found = match &scratch {
            Some(_) if object.1.contents == Contents::DataOnly => {
                run.info("rows alone need tables to go into: read in full instead of restored");
                level = Level::Content;
                content(run, &reading, driver, copy, object, stop).await?
            }
            Some(scratch) if object.1.kind == ObjectKind::Database => {
                restore_and_count(run, scratch, &reading, driver, copy, object, stop).await?
            }
            _ => content(run, &reading, driver, copy, object, stop).await?,
        };
        match found {
            None => run.object_done(),
            Some(problem) => problems.push(problem.on(format!("{}/{}", copy.path, object.0.name))),
        }
    }
    Ok((level, problems))
}

/// How many bytes are read: as they are stored, or as they were dumped.
fn to_read(level: Level, backup: &Backup, manifest: &Manifest, copies: usize) -> u64 {
    let one = match level {
        Level::Bytes => manifest.objects.iter().map(|object| object.stored_size).sum(),
        Level::Content | Level::Restore => backup.logical_size,
    };
    one.saturating_mul(copies as u64)
}

/// Every stored byte of one copy.
async fn stored_bytes(
    run: &Run,
    driver: &dyn Destination,
    copy: &Copy,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<Vec<Error>> {
    let meter = run.meter();
    let mut findings = Vec::new();
    for object in &manifest.objects {
        let name = format!("{} at {}", object.name, copy.destination);
        run.object(&name);
        let moved = |bytes| meter.add_plain(bytes);
        let problems = copies::compare(driver, &copy.path, std::slice::from_ref(object), moved);
        let problems = stop.during(problems).await?;
        if problems.is_empty() {
            run.object_done();
            let size = units::size(object.stored_size);
            run.info(format!("{name}: {size}, every byte as it was written"));
        }
        for problem in problems {
            findings.extend(finding(Err(problem))?);
        }
    }
    Ok(findings)
}

/// What is being read, and where: `app at nas`.
fn at_copy((stored, inside): (&StoredObject, &InsideObject), copy: &Copy) -> String {
    let name = inside.database.as_ref().unwrap_or(&stored.name);
    format!("{name} at {}", copy.destination)
}

/// What was counted, as it was counted when it was dumped: `, 3 tables and 1800 rows`. Nothing of what holds no table.
fn counted(stats: &Stats) -> String {
    match stats.tables {
        0 => String::new(),
        tables => format!(
            ", {} and {} as dumped",
            units::count(tables, "table"),
            units::count(stats.rows, "row")
        ),
    }
}

/// A failure to look says nothing about the copy; any other is something found.
fn finding(looked: Result<()>) -> Result<Option<Error>> {
    match looked {
        Ok(()) => Ok(None),
        Err(error) if error.says_nothing() => Err(error),
        Err(error) => Ok(Some(error)),
    }
}

/// When a parser failed on a stream: a stream that was bad is something found, and so is one that came in whole and does not
/// parse, unless the parser could not look at it. A parser that gave up before the end may have failed by itself.
fn blame(failed: Error, ending: &OnceLock<Option<Error>>) -> Result<Option<Error>> {
    match ending.get() {
        Some(Some(fault)) => finding(Err(fault.clone())),
        Some(None) => finding(Err(failed)),
        None => Err(failed),
    }
}

/// The same for a server that was restored into: it may have failed by itself even after the last byte.
fn blame_stream(failed: Error, ending: &OnceLock<Option<Error>>) -> Result<Option<Error>> {
    match ending.get() {
        Some(Some(fault)) => finding(Err(fault.clone())),
        _ => Err(failed),
    }
}

/// The manifest that lies there has to be the committed one; a lock may have been set since.
async fn same_manifest(run: &Run, driver: &dyn Destination, copy: &Copy, committed: &Manifest) -> Result<()> {
    let (found, value) = manifests::read(driver, &copy.path).await?;
    // Without the key the signature says nothing, and sizes and digests can be checked all the same.
    let key = committed
        .encryption
        .as_ref()
        .and_then(|note| keys::by_key_id(&run.instance, &note.key_id).ok());
    if let Some((_, key)) = key {
        manifests::check(&found, &value, &key).map_err(|error| error.on(manifests::path_in(&copy.path)))?;
    }
    if found.is_of_the_same(committed) {
        return Ok(());
    }
    Err(Error::failed("the manifest there is not the one that was committed")
        .on(manifests::path_in(&copy.path))
        .next("`backstay backup repair` writes it anew from a good copy"))
}

async fn content(
    run: &Run,
    reading: &Reading,
    driver: &dyn Destination,
    copy: &Copy,
    object: (&StoredObject, &InsideObject),
    stop: &Stop,
) -> Result<Option<Error>> {
    let tools = tools(run, reading)?;
    let dump = match stop
        .during(reading.dump(run, driver, copy, object, Proof::Copy))
        .await?
    {
        Ok(dump) => dump,
        Err(error) => return finding(Err(error)),
    };
    let ending = dump.ending();
    match source::check_content(object.1.dump_format, dump, &tools, stop).await {
        Ok(found) => {
            let differs = same_counts(&object.1.stats, &found).err();
            if differs.is_none() {
                let size = units::size(object.1.logical_size);
                let (name, counted) = (at_copy(object, copy), counted(&found));
                run.info(format!("{name}: read in full, {size}{counted}"));
            }
            Ok(differs)
        }
        Err(error) => {
            stop.check()?;
            blame(error, &ending)
        }
    }
}

async fn restore_and_count(
    run: &Run,
    scratch: &Opened<dyn Source>,
    reading: &Reading,
    driver: &dyn Destination,
    copy: &Copy,
    object: (&StoredObject, &InsideObject),
    stop: &Stop,
) -> Result<Option<Error>> {
    let tag = run.id().short();
    let names = Renamed {
        database: object.1.database.clone().unwrap_or_default(),
        target: scratch.driver.scratch_name(&tag),
    };
    let footprint = Footprint {
        restoring: Some(Restoring {
            adapter: scratch.adapter.id,
            target: names.target.clone(),
            tag: tag.clone(),
        }),
        ..Footprint::default()
    };
    run.footprint(None, &footprint)?;
    run.works_elsewhere(Elsewhere {
        source: Arc::clone(&scratch.driver),
        database: names.target.clone(),
        tag: tag.clone(),
    });
    // Roles and tablespaces of the origin need not exist where the scratch database is.
    let options = RestoreOptions {
        no_owner: true,
        no_privileges: true,
        no_tablespaces: true,
        ..RestoreOptions::default()
    };
    let restore = DatabaseRestore {
        names: &names,
        object: object.1,
        engine_version: &reading.backup.engine_version,
        options: &options,
        tag: &tag,
    };
    let restored = async {
        let dump = match stop
            .during(reading.dump(run, driver, copy, object, Proof::Copy))
            .await?
        {
            Ok(dump) => dump,
            Err(error) => return finding(Err(error)),
        };
        let ending = dump.ending();
        match scratch.driver.restore(&restore, dump, stop).await {
            // What a scratch server lacks says nothing about the copy.
            Ok(restored) => {
                let missing = restored.shortfalls.iter().map(Error::without_next);
                restored
                    .notes
                    .into_iter()
                    .chain(missing)
                    .for_each(|note| run.warn(note));
            }
            Err(error) => return blame_stream(scratch.explain(error), &ending),
        }
        // Definitions alone were dumped without a count.
        if object.1.contents == Contents::SchemaOnly {
            run.info(format!("{}: restored into {}", at_copy(object, copy), names.target));
            return Ok(None);
        }
        let found = stop.during(scratch.driver.count(&names.target)).await?;
        let found = found.map_err(|error| scratch.explain(error))?;
        let differs = same_counts(&object.1.stats, &found).err();
        if differs.is_none() {
            let (size, counted) = (units::size(object.1.logical_size), counted(&found));
            let (name, target) = (at_copy(object, copy), &names.target);
            run.info(format!("{name}: restored into {target}, {size}{counted}"));
        }
        Ok(differs)
    };
    let proven = restored.await;
    match scratch.driver.clean_up(&tag, &names.target).await {
        Ok(_) => {
            run.footprint(None, &Footprint::default())?;
            run.info(format!("{} is gone again", names.target));
        }
        // The footprint stays: it is tried again at the next start.
        Err(error) => run.warn(format!(
            "scratch database {} could not be dropped: {}",
            names.target, error.message
        )),
    }
    proven
}

fn same_counts(dumped: &Stats, found: &Stats) -> Result<()> {
    if dumped == found {
        return Ok(());
    }
    let tables = dumped.rows_by_table.keys().chain(found.rows_by_table.keys());
    let differing = tables
        .clone()
        .find(|table| dumped.rows_by_table.get(*table) != found.rows_by_table.get(*table));
    let message = match differing {
        Some(table) => {
            let rows = |stats: &Stats| stats.rows_by_table.get(table).map_or("none".to_owned(), u64::to_string);
            format!(
                "table {table} had {} rows when it was dumped and has {} now",
                rows(dumped),
                rows(found)
            )
        }
        None => format!("{} tables were dumped and {} are there", dumped.tables, found.tables),
    };
    Err(Error::failed(message).next("use another copy; if all say so, the dump itself is to blame: run the job again"))
}

fn record(run: &Run, copy: &Copy, level: Level, problems: &[Error]) -> Result<()> {
    let gone = copies::all_gone(problems);
    let state = match (problems.is_empty(), gone) {
        (true, _) => CopyState::Present,
        (false, true) => CopyState::Missing,
        (false, false) => CopyState::Corrupt,
    };
    run.instance
        .store
        .write(|db| backups::set_verified(db, copy.id, level, problems.is_empty(), state, run.now()))
}

/// A source that is a file is restored into a temporary file, which harms nobody; a database on somebody's server is only
/// made where that was asked for.
fn own_source(run: &Run, reading: &Reading) -> Result<Opened<dyn Source>> {
    let unnamed =
        || Error::usage("no adapter to restore into").next("name the source on which a scratch database may be made");
    let source = source_of(run, reading)?.ok_or_else(unnamed)?;
    let opened = endpoints::source(&run.instance, source)?;
    if opened.driver.local_path().is_some() {
        Ok(opened)
    } else {
        Err(unnamed())
    }
}

/// The source that its job reads now, while there still is such a job.
fn source_of(run: &Run, reading: &Reading) -> Result<Option<AdapterId>> {
    let Some(job) = reading.backup.job_id else {
        return Ok(None);
    };
    let job = run.instance.store.read(|db| jobs::by_id(db, job))?;
    Ok(job.map(|job| job.source_id))
}

/// What reads its dumps: what its source was given for that, while there is one, else what this machine has.
fn tools(run: &Run, reading: &Reading) -> Result<Tools> {
    let tools = endpoints::tools(&run.instance)?;
    let source = source_of(run, reading)?.and_then(|id| endpoints::source(&run.instance, id).ok());
    Ok(match source {
        Some(source) if source.adapter.driver == reading.backup.driver => source.driver.tools(tools),
        _ => tools,
    })
}

fn scratch_source(run: &Run, request: &VerifyRequest, reading: &Reading) -> Result<Option<Opened<dyn Source>>> {
    if request.level != Level::Restore {
        return Ok(None);
    }
    let opened = match request.scratch {
        Some(id) => endpoints::source(&run.instance, id)?,
        None => own_source(run, reading)?,
    };
    run.hide(Redactor::new(opened.secrets.iter().cloned()));
    reading.fits_into(&opened.adapter)?;
    Ok(Some(opened))
}
