//! The restore: into a private file beside the target, checked in full, then put in its place in one step.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use tempfile::NamedTempFile;

use super::super::{RestoreCheck, TargetState};
use super::users::{SIDE_FILES, beside, users_of};
use super::{check, connect, leftover, swap};
use crate::disk;
use crate::domain::blocker::{Blocker, Permission};
use crate::domain::error::{Context as _, joined};
use crate::domain::execution::RestoreOptions;
use crate::domain::manifest::DumpFormat;
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::source::Stop;

/// What stands at `path`.
pub(super) fn state(path: &Path) -> Result<TargetState> {
    let path = real(path);
    let (in_use_by, file) = (users_of(&path), Some(path.clone()));
    match std::fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(Error::refused("is not a file, so no database can take its place")
            .on(path.display().to_string())
            .next("restore under another name")),
        Ok(found) => Ok(TargetState {
            exists: true,
            empty: is_empty(&path),
            size_bytes: found.len() + std::fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len()),
            in_use_by,
            file,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(TargetState {
            in_use_by,
            file,
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

/// One restore, as it was asked for.
pub(super) struct Asked {
    /// The file to restore to, no symbolic link.
    pub(super) path: PathBuf,
    /// The dump's format.
    pub(super) format: DumpFormat,
    /// Plain bytes of the dump.
    pub(super) size_bytes: u64,
    /// How.
    pub(super) options: RestoreOptions,
    /// Names what it makes for a while.
    pub(super) tag: String,
}

impl Asked {
    /// What is in the way. Changes nothing.
    pub(super) fn check(&self) -> Result<RestoreCheck> {
        let mut found = RestoreCheck::default();
        if self.format != DumpFormat::SqliteFile {
            found.blockers.push(Blocker::new(
                "the backup is not of a SQLite database",
                "restore it into an adapter of its own kind",
            ));
        }
        match parent(&self.path) {
            Ok(directory) => self.check_directory(directory, &mut found)?,
            Err(error) => {
                found.blockers.push(error.into());
                return Ok(found);
            }
        }
        self.check_target(&mut found)?;
        Ok(found)
    }

    /// The whole new database lies beside the old one before it takes its place.
    fn check_directory(&self, directory: &Path, found: &mut RestoreCheck) -> Result<()> {
        let shown = directory.display();
        if let Err(error) = rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK) {
            found.blockers.push(Blocker::new(
                format!("{shown} cannot be written to ({error}), and a restored database is made there first"),
                "make it writable for this user, or restore under another name",
            ));
        }
        let free_bytes = disk::space(directory)?.free_bytes;
        if free_bytes < self.size_bytes {
            found.blockers.push(Blocker::new(
                format!(
                    "{shown} has {} free and the database needs {}",
                    size(free_bytes),
                    size(self.size_bytes)
                ),
                "free some space there, or restore to a larger disk",
            ));
        }
        Ok(())
    }

    fn check_target(&self, found: &mut RestoreCheck) -> Result<()> {
        let shown = self.path.display();
        let state = state(&self.path)?;
        if state.exists && !state.empty {
            if self.options.replace {
                found
                    .warnings
                    .push(format!("{shown} ({}) is replaced", size(state.size_bytes)));
            } else {
                let what = format!("{shown} holds data already ({})", size(state.size_bytes));
                let blocker = Blocker::new(what, "restore under another name");
                found.blockers.push(blocker.unless(Permission::Replace));
            }
            if let Err(error) = connect::reader(&self.path) {
                found
                    .warnings
                    .push(format!("what is there cannot be read: {}", error.message));
            }
        }
        if !state.in_use_by.is_empty() {
            let users = state.in_use_by.join(", ");
            if self.options.force {
                found.warnings.push(format!(
                    "{shown} is in use by {users}: restart it right after, since it goes on with the old file and may disturb the new one"
                ));
            } else {
                let blocker = Blocker::new(format!("{shown} is in use by {users}"), "stop it first");
                found.blockers.push(blocker.unless(Permission::Force));
            }
        }
        Ok(())
    }

    /// Restores a stream. Gives what the operator should know, one sentence each.
    pub(super) fn restore(&self, dump: Chunks, stop: &Stop) -> Result<Vec<String>> {
        parent(&self.path)?;
        self.refuse_blocked()?;
        let mut new = self.partial()?;
        check::spool(dump, &mut new, stop)?;
        // Closed again at once: the swap must not meet locks of our own.
        drop(check::whole(new.path(), stop)?);
        // The stream may have taken hours, in which others opened the database.
        let mut found = RestoreCheck::default();
        self.check_target(&mut found)?;
        refuse(&found)?;
        swap::put_in_place(new, &self.path, &self.tag, &self.options, stop)
    }

    fn refuse_blocked(&self) -> Result<()> {
        refuse(&self.check()?)
    }

    /// A private file in the target's directory, where a rename is one step.
    fn partial(&self) -> Result<NamedTempFile> {
        let directory = parent(&self.path)?;
        let name = leftover::partial_name(&self.path, &self.tag);
        tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(0)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)
            .doing("cannot make a file", directory.display())
    }
}

fn refuse(found: &RestoreCheck) -> Result<()> {
    if found.blockers.is_empty() {
        return Ok(());
    }
    let all = found.blockers.iter();
    let all: Vec<Error> = all.map(|blocker| blocker.refusal(Permission::in_general)).collect();
    Err(Error::refused(joined(all.iter().map(|error| &error.message)))
        .next(joined(all.iter().map(|error| &error.next))))
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
pub(super) fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What SQLite may have left beside `path`.
pub(super) fn side_files(path: &Path) -> impl Iterator<Item = (&'static str, PathBuf)> {
    SIDE_FILES.into_iter().map(|suffix| (suffix, beside(path, suffix)))
}
