//! The restore: into a private file beside the target, checked in full, then put in its place in one step.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use tempfile::NamedTempFile;

use super::super::{RestoreCheck, TargetState};
use super::users::{SIDE_FILES, beside, users_of};
use super::{check, connect, swap};
use crate::domain::error::Context as _;
use crate::domain::execution::RestoreOptions;
use crate::domain::manifest::DumpFormat;
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;

/// What stands at `path`.
pub(super) fn state(path: &Path) -> Result<TargetState> {
    let path = real(path);
    let in_use_by = users_of(&path);
    match std::fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(Error::refused("is not a file, so no database can take its place")
            .on(path.display().to_string())
            .next("restore under another name")),
        Ok(found) => Ok(TargetState {
            exists: true,
            empty: is_empty(&path),
            size_bytes: found.len() + std::fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len()),
            in_use_by,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(TargetState {
            in_use_by,
            ..TargetState::default()
        }),
        Err(error) => Err(error).doing("cannot look at it", path.display()),
    }
}

/// Whether it is known that nothing was ever made in it. What cannot be read may hold anything.
fn is_empty(path: &Path) -> bool {
    connect::reader(path).is_ok_and(|reader| {
        connect::number(&reader, "SELECT count(*) FROM sqlite_schema").is_ok_and(|things| things == 0)
    })
}

/// What is in the way of a restore to `path`. Changes nothing.
pub(super) fn check(path: &Path, format: DumpFormat, options: &RestoreOptions) -> Result<RestoreCheck> {
    let path = real(path);
    let shown = path.display();
    let mut found = RestoreCheck::default();
    if format != DumpFormat::SqliteFile {
        found
            .blockers
            .push("the backup is not of a SQLite database: restore it into an adapter of its own kind".to_owned());
    }
    let directory = parent(&path)?;
    if let Err(error) = rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK) {
        found.blockers.push(format!(
            "{} cannot be written to ({error}): a restored database is made there first",
            directory.display()
        ));
    }
    let state = state(&path)?;
    if state.exists && !state.empty {
        if options.replace {
            found
                .warnings
                .push(format!("{shown} ({}) is replaced", size(state.size_bytes)));
        } else {
            found.blockers.push(format!(
                "{shown} exists and holds data ({}): allow it to be replaced, or restore under another name",
                size(state.size_bytes)
            ));
        }
        if let Err(error) = connect::reader(&path) {
            found
                .warnings
                .push(format!("what is there cannot be read: {}", error.message));
        }
    }
    if !state.in_use_by.is_empty() {
        let users = state.in_use_by.join(", ");
        if options.force {
            found.warnings.push(format!(
                "{shown} is in use by {users}: restart it right after, since it goes on with the old file and may disturb the new one"
            ));
        } else {
            found.blockers.push(format!(
                "{shown} is in use by {users}: stop it first, or force the restore"
            ));
        }
    }
    Ok(found)
}

/// Restores a stream to `path`. Gives what the operator should know, one sentence each.
pub(super) fn restore(path: &Path, format: DumpFormat, options: &RestoreOptions, dump: Chunks) -> Result<Vec<String>> {
    let path = real(path);
    refuse_blocked(&path, format, options)?;
    let mut new = partial(&path)?;
    check::spool(dump, &mut new)?;
    // Closed again at once: the swap must not meet locks of our own.
    drop(check::whole(new.path())?);
    // The stream may have taken hours, in which others opened the database.
    refuse_blocked(&path, format, options)?;
    swap::put_in_place(new, &path, options)
}

fn refuse_blocked(path: &Path, format: DumpFormat, options: &RestoreOptions) -> Result<()> {
    let found = check(path, format, options)?;
    if found.blockers.is_empty() {
        return Ok(());
    }
    Err(Error::refused(found.blockers.join("; ")))
}

/// A private file in the target's directory, where a rename is one step.
fn partial(path: &Path) -> Result<NamedTempFile> {
    let directory = parent(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        .rand_bytes(8)
        .tempfile_in(directory)
        .doing("cannot make a file", directory.display())
}

/// The directory a database lies in, which must exist.
pub(super) fn parent(path: &Path) -> Result<&Path> {
    let directory = path.parent().unwrap_or(path);
    if directory.is_dir() {
        return Ok(directory);
    }
    Err(Error::not_found("the directory does not exist")
        .on(directory.display().to_string())
        .next(format!("create it: install -d -m 700 '{}'", directory.display())))
}

/// The file behind a symbolic link: it is the one to replace, and what SQLite keeps beside a database lies beside it.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What SQLite may have left beside `path`.
pub(super) fn side_files(path: &Path) -> impl Iterator<Item = (&'static str, PathBuf)> {
    SIDE_FILES.into_iter().map(|suffix| (suffix, beside(path, suffix)))
}
