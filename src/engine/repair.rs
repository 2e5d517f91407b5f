//! A repair run: copies that are missing or corrupt are made whole from a good one, byte for byte, without dumping again. What
//! is good in a damaged copy is left as it is, since the good copy may be lost before this one is.

use std::sync::Arc;

use super::reading::reach;
use super::recover;
use super::run::{Outcome, Run};
use crate::catalog::{copies, endpoints, manifest as manifests};
use crate::destination::{Destination, is_partial};
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::error::{Error, Result};
use crate::domain::execution::Stage;
use crate::domain::id::BackupId;
use crate::domain::manifest::{Manifest, StoredObject};
use crate::pipeline::meter::Meter;
use crate::store::executions::Mending;
use crate::store::{backups, executions};

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
            let from = (source.as_ref(), origin.path.as_str());
            let mended = mend(run, from, target.as_ref(), copy, &manifest, index).await;
            if mended.is_err() {
                // Half a copy helps nobody and takes room. What cannot be taken back now is at the next start.
                recover::clean_up_after(run).await?;
            }
            mended
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
    for copy in backup.readable_copies() {
        let driver = match reach(run, copy).await {
            Ok(driver) => driver,
            Err(error) => {
                run.error(&error);
                continue;
            }
        };
        let problems = compare(run, driver.as_ref(), copy, &manifest.objects).await;
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

/// Makes a copy whole: what of it is good stays, whatever is not is replaced by what is, object by object. So it is worth no
/// less at any moment than it was before, and it is a backup again once its manifest is: that is written last.
async fn mend(
    run: &Run,
    from: (&dyn Destination, &str),
    target: &dyn Destination,
    copy: &Copy,
    manifest: &Manifest,
    index: usize,
) -> Result<()> {
    let meter = run.meter();
    begin(run, target, copy).await?;
    let mut written = Vec::new();
    for object in &manifest.objects {
        run.object(&object.name);
        let found = compare(run, target, copy, std::slice::from_ref(object)).await;
        if found.is_empty() {
            run.info(format!("{}: {} is whole and stays", copy.destination, object.name));
            // As much of the copy is there as if it had been written.
            meter.add_copy(index, usize::try_from(object.stored_size).unwrap_or(usize::MAX));
        } else {
            let moved = |bytes| meter.add_copy(index, bytes);
            copies::copy_stored(from, (target, &copy.path), object, moved).await?;
            written.push(object.clone());
        }
        run.object_done();
    }
    if let Some(first) = compare(run, target, copy, &written).await.into_iter().next() {
        return Err(first);
    }
    // As it is now: it may have been locked meanwhile.
    let current = run.instance.store.read(|db| backups::manifest(db, copy.backup_id))?;
    manifests::write(target, &copy.path, &current).await?;
    run.instance.store.write(|db| {
        backups::set_verified(db, copy.id, Level::Bytes, true, CopyState::Present, run.now())?;
        executions::edit_footprint(db, run.id(), run.now(), |footprint| {
            footprint.mending.retain(|known| known.copy != copy.id);
        })
    })?;
    run.info(format!("{}: made anew, read back and confirmed", copy.destination));
    Ok(())
}

/// Puts on record what is about to be written to, and whether there is something to lose.
async fn begin(run: &Run, target: &dyn Destination, copy: &Copy) -> Result<()> {
    let lying = copies::lying_in(target, &copy.path).await?;
    let mending = Mending {
        copy: copy.id,
        from_nothing: lying.iter().all(|entry| is_partial(&entry.path)),
    };
    run.instance.store.write(|db| {
        let mut footprint = executions::footprint(db, run.id())?;
        footprint.mending.push(mending);
        executions::set_footprint(db, run.id(), Some(&copy.path), &footprint, run.now())
    })
}

async fn compare(run: &Run, destination: &dyn Destination, copy: &Copy, objects: &[StoredObject]) -> Vec<Error> {
    let meter = run.meter();
    copies::compare(destination, &copy.path, objects, |bytes| meter.add_read(bytes)).await
}
