//! A repair run: copies that are missing or corrupt are made anew from a good one, byte for byte, without dumping again.

use std::sync::Arc;

use super::reading::reach;
use super::recover;
use super::run::{Outcome, Run};
use crate::catalog::{copies, endpoints, manifest as manifests};
use crate::destination::Destination;
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::error::{Error, Result};
use crate::domain::execution::Stage;
use crate::domain::id::BackupId;
use crate::domain::manifest::Manifest;
use crate::pipeline::meter::Meter;
use crate::store::backups;
use crate::store::executions::Footprint;

/// Makes every missing or corrupt copy of a backup anew.
pub async fn repair(run: &Run, id: BackupId) -> Result<Outcome> {
    run.stage(Stage::Initialize);
    let (backup, manifest) = run
        .instance
        .store
        .read(|db| Ok((backups::get(db, id)?, backups::manifest(db, id)?)))?;
    let wanted: Vec<&Copy> = backup.copies.iter().filter(|copy| copy.state.is_broken()).collect();
    if wanted.is_empty() {
        run.info("every copy is there; nothing to repair");
        return Ok(Outcome::default());
    }
    let names = wanted.iter().map(|copy| copy.destination.clone()).collect();
    run.count_on(Arc::new(Meter::new(wanted.len())), names);
    run.expect(
        manifest.objects.len() * wanted.len(),
        manifest.stored_size() * wanted.len() as u64,
    );
    let (origin, source) = good_copy(run, &backup, &manifest).await?;
    run.info(format!(
        "copying from {}, which was read and is good",
        origin.destination
    ));

    run.stage(Stage::Upload);
    let mut shortfalls = Vec::new();
    for (index, copy) in wanted.iter().enumerate() {
        let made = async {
            let target = endpoints::destination(&run.instance, copy.destination_id)?.driver;
            target.probe().await?;
            let footprint = Footprint {
                destinations: vec![copy.destination_id],
                ..Footprint::default()
            };
            run.footprint(Some(&copy.path), &footprint)?;
            let remade = remake(run, source.as_ref(), origin, target.as_ref(), copy, &manifest, index).await;
            if remade.is_err() {
                // Half a copy helps nobody and takes room. What cannot be taken back now is at the next start.
                recover::clean_up_after(run).await?;
            } else {
                run.footprint(None, &Footprint::default())?;
            }
            remade
        };
        if let Err(error) = made.await {
            let error = run.masked(&error.or_on(format!("copy at {}", copy.destination)));
            run.error(&error);
            shortfalls.push(error);
        }
    }
    if let Some(first) = shortfalls.first().filter(|_| shortfalls.len() == wanted.len()) {
        return Err(first.clone());
    }
    Ok(Outcome {
        size: Some(manifest.stored_size()),
        shortfalls,
    })
}

/// The first copy whose every byte is as the manifest says. One that is not is recorded as corrupt.
async fn good_copy<'a>(run: &Run, backup: &'a Backup, manifest: &Manifest) -> Result<(&'a Copy, Arc<dyn Destination>)> {
    run.stage(Stage::Verify);
    let meter = run.meter();
    for copy in backup.readable_copies() {
        let driver = match reach(run, copy).await {
            Ok(driver) => driver,
            Err(error) => {
                run.error(&error);
                continue;
            }
        };
        let problems = copies::compare(driver.as_ref(), &copy.path, &manifest.objects, |bytes| {
            meter.add_read(bytes);
        })
        .await;
        if problems.is_empty() {
            return Ok((copy, driver));
        }
        for error in &problems {
            run.error(error);
        }
        // What may pass, or what a destination that has just gone away made of the copy, is not the copy's fault.
        if problems.iter().all(Error::says_nothing) || reach(run, copy).await.is_err() {
            continue;
        }
        let state = if copies::all_gone(&problems) {
            CopyState::Missing
        } else {
            CopyState::Corrupt
        };
        let now = run.now();
        run.instance
            .store
            .write(|db| backups::set_verified(db, copy.id, Level::Bytes, false, state, now))?;
    }
    Err(Error::failed("no good copy is left to repair from")
        .on(format!("backup {}", backup.id.short()))
        .next(
            "run the job again for a new backup; objects that are still whole can be read with `backstay backup cat`",
        ))
}

async fn remake(
    run: &Run,
    source: &dyn Destination,
    origin: &Copy,
    target: &dyn Destination,
    copy: &Copy,
    manifest: &Manifest,
    index: usize,
) -> Result<()> {
    let meter = run.meter();
    // While its objects are being replaced the folder must not pass for a backup.
    target.delete(&manifests::path_in(&copy.path)).await?;
    for object in &manifest.objects {
        run.object(&object.name);
        let mut chunks = copies::read_stored(source, &origin.path, object).await?;
        let mut sink = target.write(&format!("{}/{}", copy.path, object.name)).await?;
        while let Some(chunk) = chunks.next().await? {
            let length = chunk.len();
            sink.write(chunk).await?;
            meter.add_copy(index, length);
        }
        sink.finish().await?;
        run.object_done();
    }
    let problems = copies::compare(target, &copy.path, &manifest.objects, |bytes| meter.add_read(bytes)).await;
    if let Some(first) = problems.into_iter().next() {
        return Err(first);
    }
    // As it is now: it may have been locked meanwhile.
    let current = run.instance.store.read(|db| backups::manifest(db, copy.backup_id))?;
    manifests::write(target, &copy.path, &current).await?;
    run.instance
        .store
        .write(|db| backups::set_verified(db, copy.id, Level::Bytes, true, CopyState::Present, run.now()))?;
    run.info(format!("{}: made anew, read back and confirmed", copy.destination));
    Ok(())
}
