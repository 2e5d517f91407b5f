//! What a restore makes for a while beside its target, under names that say which restore made it, and what becomes of that
//! when the restore is interrupted.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::restore::{parent, real, side_files};
use super::swap::{remove, remove_database};
use super::users::beside;
use crate::disk;
use crate::domain::Result;
use crate::domain::error::Context as _;
use crate::source::tagged;

/// Name of the file that a restore to `target` fills.
pub(super) fn partial_name(target: &Path, tag: &str) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.{}.part", tagged("backstay_", tag))
}

/// Where a restore keeps an old database that it cannot replace in one step.
pub(super) fn aside(target: &Path, tag: &str) -> PathBuf {
    beside(target, &tagged(".replaced_", tag))
}

/// Takes back what a restore to `target` left. Says what was done.
pub(super) fn clean_up(target: &Path, tag: &str, is_scratch: bool) -> Result<Vec<String>> {
    let target = real(target);
    // Without the directory there was no restore.
    let Ok(directory) = parent(&target) else {
        return Ok(Vec::new());
    };
    let mut done = Vec::new();
    let partial = directory.join(partial_name(&target, tag));
    let mut doomed = vec![partial];
    if is_scratch {
        doomed.push(target.clone());
    } else {
        done.extend(put_back(&target, &aside(&target, tag))?);
    }
    for file in doomed {
        if file.exists() {
            remove_database(&file)?;
            done.push(format!("{} was removed", file.display()));
        }
    }
    disk::sync_directory(directory)?;
    Ok(done)
}

/// An old database that was about to be replaced still has its own name, but what lay beside it is under the other one.
fn put_back(target: &Path, aside: &Path) -> Result<Option<String>> {
    let Ok(kept) = std::fs::metadata(aside) else {
        return Ok(None);
    };
    let there = std::fs::metadata(target).ok();
    let is_other = |there: &Metadata| (there.dev(), there.ino()) != (kept.dev(), kept.ino());
    if there.as_ref().is_some_and(is_other) {
        return Ok(Some(format!(
            "{} is the restored database; the old one is kept as {}, remove it when nobody needs it",
            target.display(),
            aside.display()
        )));
    }
    let moved = side_files(aside).zip(side_files(target));
    let moved: Vec<(PathBuf, PathBuf)> = moved
        .map(|((_, from), (_, to))| (from, to))
        .filter(|(from, _)| from.exists())
        .collect();
    if let Some((_, newer)) = moved.iter().find(|(_, to)| to.exists()) {
        return Ok(Some(format!(
            "{} was opened after the restore was interrupted and may lack its latest changes, which are beside {}: {} is in their place",
            target.display(),
            aside.display(),
            newer.display()
        )));
    }
    for (from, to) in &moved {
        std::fs::rename(from, to).doing("cannot put back", from.display())?;
    }
    if there.is_some() {
        remove(aside)?;
    } else {
        std::fs::rename(aside, target).doing("cannot put back", aside.display())?;
    }
    Ok(Some(format!("{} is as it was", target.display())))
}
