//! Copies of a backup: reading an object back through every check, comparing what is stored, and deleting.

use std::time::Duration;

use super::manifest as manifests;
use crate::destination::{Destination, Entry, is_partial};
use crate::domain::job::Compression;
use crate::domain::manifest::{InsideObject, Manifest, StoredObject};
use crate::domain::{Error, Kind, Result};
use crate::pipeline::chunks::Chunks;
use crate::pipeline::open::{self, Decoding, Expected, Proof};
use crate::vault::Key;

/// The longest that cleaning up at one destination takes.
const TAKE_BACK_LIMIT: Duration = Duration::from_mins(2);

/// The dump in an object, decoded and compared as `proof` says. It ends with success only when everything agrees.
pub async fn read_plain(
    destination: &dyn Destination,
    folder: &str,
    manifest: &Manifest,
    stored: &StoredObject,
    inside: Option<&InsideObject>,
    key: Option<&Key>,
    proof: Proof,
) -> Result<Chunks> {
    let chunks = read_stored(destination, folder, stored).await?;
    let decoding = Decoding {
        algorithm: manifest.compression.algorithm.clone(),
        key: key.cloned(),
    };
    let expected = Expected {
        stored: Some((stored.stored_size, stored.sha256.clone())),
        plain: inside.map(|inside| (inside.logical_size, inside.plain_sha256.clone())),
        proof,
    };
    Ok(open::plain(chunks, decoding, expected))
}

/// An object as it is stored.
pub async fn read_stored(destination: &dyn Destination, folder: &str, stored: &StoredObject) -> Result<Chunks> {
    if !stored.volumes.is_empty() {
        return Err(
            Error::failed("it is cut into volumes, which this backstay does not read")
                .on(stored.name.clone())
                .next("use the newer backstay that made it"),
        );
    }
    destination.read(&format!("{folder}/{}", stored.name), None).await
}

/// Copies an object as it is stored from one copy to another. What lay there is replaced once every byte that was sent is as the
/// manifest says, and not before.
pub async fn copy_stored(
    from: (&dyn Destination, &str),
    to: (&dyn Destination, &str),
    stored: &StoredObject,
    mut moved: impl FnMut(usize),
) -> Result<()> {
    let ((source, origin), (target, folder)) = (from, to);
    let as_it_is = Decoding {
        algorithm: Compression::None.algorithm().to_owned(),
        key: None,
    };
    let expected = Expected {
        stored: Some((stored.stored_size, stored.sha256.clone())),
        ..Expected::default()
    };
    let mut chunks = open::plain(read_stored(source, origin, stored).await?, as_it_is, expected);
    let mut sink = target.write(&format!("{folder}/{}", stored.name)).await?;
    while let Some(chunk) = chunks.next().await? {
        let length = chunk.len();
        sink.write(chunk).await?;
        moved(length);
    }
    sink.finish().await.map(drop)
}

/// Reads every stored byte of a copy and compares with its manifest's `objects`. Gives one error an object that is not as it should be,
/// naming it; a copy whose errors are all `NotFound` is gone, not damaged.
pub async fn compare(
    destination: &dyn Destination,
    folder: &str,
    objects: &[StoredObject],
    mut moved: impl FnMut(usize),
) -> Vec<Error> {
    let mut problems = Vec::new();
    for object in objects {
        let outcome = async {
            let chunks = read_stored(destination, folder, object).await?;
            open::check_stored(chunks, object.stored_size, &object.sha256, &mut moved).await
        };
        if let Err(error) = outcome.await {
            problems.push(error.on(format!("{folder}/{}", object.name)));
        }
    }
    problems
}

/// Whether each object lies in `folder` with the size its manifest tells, going by a listing.
pub fn sizes_fit(folder: &str, objects: &[StoredObject], lying: &[Entry]) -> bool {
    objects.iter().all(|object| {
        let path = format!("{folder}/{}", object.name);
        lying
            .iter()
            .any(|entry| entry.path == path && entry.size == object.stored_size)
    })
}

/// Whether these problems mean that the copy is gone rather than damaged.
pub fn all_gone(problems: &[Error]) -> bool {
    !problems.is_empty() && problems.iter().all(|error| error.kind == Kind::NotFound)
}

/// The objects in a folder. What lies in folders below it is not the folder's own: another backup, or a stranger's files.
pub async fn lying_in(destination: &dyn Destination, folder: &str) -> Result<Vec<Entry>> {
    let mut lying = destination.list(folder).await?;
    lying.retain(|entry| {
        let name = entry
            .path
            .strip_prefix(folder)
            .and_then(|below| below.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/'))
    });
    Ok(lying)
}

/// Deletes what broken writes left in a folder.
pub async fn delete_partials(destination: &dyn Destination, folder: &str) -> Result<()> {
    for entry in lying_in(destination, folder).await? {
        if is_partial(&entry.path) {
            destination.delete(&entry.path).await?;
        }
    }
    Ok(())
}

/// Deletes a copy: the manifest first, so that from then on the folder is no backup, then the objects beside it.
pub async fn delete(destination: &dyn Destination, folder: &str) -> Result<()> {
    let mut lying = lying_in(destination, folder).await?;
    let manifest = manifests::path_in(folder);
    lying.sort_by_key(|entry| entry.path != manifest);
    for entry in lying {
        destination.delete(&entry.path).await?;
    }
    destination.remove_empty_folder(folder).await
}

/// Takes back what an unfinished run left in its folder, a manifest first: whatever interrupts this, what is left does not
/// pass for a backup. A writer that was stopped a moment ago may still be ending, so this looks again until nothing is left.
pub async fn take_back(destination: &dyn Destination, folder: &str) -> Result<()> {
    // A destination that hangs must not hold whoever cleans up after a run.
    let limit = tokio::time::timeout(TAKE_BACK_LIMIT, take_back_all(destination, folder));
    limit.await.unwrap_or_else(|_| {
        Err(Error::failed("the destination does not answer")
            .on(folder.to_owned())
            .transient())
    })
}

async fn take_back_all(destination: &dyn Destination, folder: &str) -> Result<()> {
    for pause_ms in [0, 50, 200, 1_000] {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        delete(destination, folder).await?;
        if lying_in(destination, folder).await?.is_empty() {
            return Ok(());
        }
    }
    Err(Error::failed("something still writes there")
        .on(folder.to_owned())
        .next("`backstay backup orphans` lists what is left"))
}
