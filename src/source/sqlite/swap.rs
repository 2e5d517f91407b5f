//! Putting a checked database in the place of another, so that a kill at any point leaves the whole old one or the whole new
//! one. The danger is in what lies beside the old file: SQLite would replay a `-wal` or a `-journal` into whatever file it
//! finds there. So the old database is made whole first (log written back, journal rolled back) and locked, until nothing
//! beside it matters any more; only then does the new file get its name. Where that cannot be, because the old one is damaged
//! or, in a forced restore, in use, it is set aside under another name with all that belongs to it.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ffi};
use tempfile::NamedTempFile;

use super::connect::{self, explain, is_busy, is_damage};
use super::leftover;
use super::restore::{parent, side_files};
use super::users::{beside, users_of};
use crate::disk;
use crate::domain::error::{Context as _, from_io};
use crate::domain::execution::RestoreOptions;
use crate::domain::{Error, Result};
use crate::source::Stop;

/// The old database on its way out.
enum Old {
    /// Whole in its one file, and locked while this lives.
    Whole { lock: Connection, was_wal: bool },
    /// To be kept under another name, for this reason.
    SetAside(String),
}

/// Gives `new` the name `target`, with owner and mode of what it replaces. Gives what the operator should know. Nothing has
/// changed when it fails because of `stop`.
pub(super) fn put_in_place(
    new: NamedTempFile,
    target: &Path,
    tag: &str,
    options: &RestoreOptions,
    stop: &Stop,
) -> Result<Vec<String>> {
    // Of a large file this takes long. Until it is done, only this user may read it.
    make_durable(&new)?;
    let exists = target.try_exists().doing("cannot look at it", target.display())?;
    let mut notes = Vec::new();
    if exists {
        take_over_access(&new, target)?;
        make_durable(&new)?;
    } else {
        notes.push(format!("{} is new: only this user may read it", target.display()));
    }
    if !exists {
        stop.check()?;
        // A log without its database would be replayed into the new one.
        notes.extend(set_aside(target, tag, "it belonged to no database")?);
        new.into_temp_path().persist_noclobber(target).map_err(|failed| {
            from_io(
                &failed.error,
                "cannot give the database its name",
                &target.display().to_string(),
            )
        })?;
        disk::sync_directory(parent(target)?)?;
        return Ok(notes);
    }
    match make_whole(target, options)? {
        Old::Whole { lock, was_wal } => {
            let exchanged = stop.check().and_then(|()| exchange_whole(new, target, options));
            if let Err(error) = exchanged {
                give_back(&lock, was_wal);
                return Err(error);
            }
        }
        Old::SetAside(why) => {
            stop.check()?;
            notes.extend(set_aside(target, tag, &why)?);
            exchange(new, target)?;
        }
    }
    Ok(notes)
}

/// Writes back or rolls back whatever lies beside the old database, and takes every lock there is.
fn make_whole(target: &Path, options: &RestoreOptions) -> Result<Old> {
    let attempt = || -> rusqlite::Result<Old> {
        let lock = connect::writer(target)?;
        // Where this fails, the old files are evidence: closing them must not write the log back or delete it.
        lock.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let mode = |sql: &str| lock.query_row(sql, [], |row| row.get::<_, String>(0));
        let was_wal = mode("PRAGMA journal_mode")? == "wal";
        // Leaving WAL mode writes the log back and deletes it, and only succeeds when nobody else has the database open.
        if mode("PRAGMA journal_mode = DELETE")? == "wal" {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None));
        }
        if let Err(error) = lock.execute_batch("BEGIN EXCLUSIVE") {
            give_back(&lock, was_wal);
            return Err(error);
        }
        Ok(Old::Whole { lock, was_wal })
    };
    match attempt() {
        Err(error) if is_damage(&error) => Ok(Old::SetAside(format!("it is damaged ({error})"))),
        Err(error) if is_busy(&error) && options.force => Ok(Old::SetAside("it is in use".to_owned())),
        outcome => outcome.map_err(explain(target)),
    }
}

/// Ends the lock and returns to the journal mode there was. There is nobody to tell if that fails: the restore has already.
fn give_back(lock: &Connection, was_wal: bool) {
    let _ = lock.execute_batch("ROLLBACK");
    if was_wal {
        let _ = lock.pragma_update(None, "journal_mode", "wal");
    }
}

/// The exchange under the lock, after a last look at who came in meanwhile.
fn exchange_whole(new: NamedTempFile, target: &Path, options: &RestoreOptions) -> Result<()> {
    let users = users_of(target);
    if !users.is_empty() && !options.force {
        return Err(Error::busy(format!("is in use by {}", users.join(", ")))
            .on(target.display().to_string())
            .next("stop it first, or force the restore"));
    }
    // Under the exclusive lock of a rollback-journal database these hold nothing that is still needed.
    for (_, file) in side_files(target) {
        remove(&file)?;
    }
    // Durable before the new name is, so that no crash can bring them back beside the new file.
    disk::sync_directory(parent(target)?)?;
    exchange(new, target)
}

fn exchange(new: NamedTempFile, target: &Path) -> Result<()> {
    // Its descriptor is closed before the file is anybody's database: see the head of the driver on locks.
    new.into_temp_path().persist(target).map_err(|failed| {
        from_io(
            &failed.error,
            "cannot give the database its name",
            &target.display().to_string(),
        )
    })?;
    disk::sync_directory(parent(target)?)
}

/// Keeps the old database under another name with all that lies beside it. It keeps its own name too until the exchange, so
/// that there is a file there at any moment.
fn set_aside(target: &Path, tag: &str, why: &str) -> Result<Option<String>> {
    let there: Vec<(&str, PathBuf)> = side_files(target).filter(|(_, file)| file.exists()).collect();
    let exists = target.exists();
    if !exists && there.is_empty() {
        return Ok(None);
    }
    let aside = leftover::aside(target, tag);
    if exists {
        std::fs::hard_link(target, &aside).doing("cannot keep the old database under another name", aside.display())?;
    }
    for (suffix, file) in there {
        match std::fs::rename(&file, beside(&aside, suffix)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            other => other.doing("cannot set aside", file.display())?,
        }
    }
    disk::sync_directory(parent(target)?)?;
    Ok(Some(format!(
        "the old database is kept as {}, because {why}; remove it when nobody needs it",
        aside.display()
    )))
}

fn make_durable(new: &NamedTempFile) -> Result<()> {
    new.as_file()
        .sync_all()
        .doing("cannot make the database durable", new.path().display())
}

/// Owner and mode of `target` for the file that will replace it.
fn take_over_access(new: &NamedTempFile, target: &Path) -> Result<()> {
    let old = std::fs::metadata(target).doing("cannot look at it", target.display())?;
    let made = new
        .as_file()
        .metadata()
        .doing("cannot look at it", new.path().display())?;
    if (old.uid(), old.gid()) != (made.uid(), made.gid()) {
        chown(new.path(), Some(old.uid()), Some(old.gid())).map_err(|error| {
            from_io(
                &error,
                "cannot give the new database the owner of the old one",
                &target.display().to_string(),
            )
            .next("restore as the owner of the database, or as root")
        })?;
    }
    std::fs::set_permissions(new.path(), Permissions::from_mode(old.mode() & 0o7777))
        .doing("cannot set the mode of the new database", new.path().display())
}

/// Removes a database and whatever lies beside it. Not being there is no error.
pub(super) fn remove_database(path: &Path) -> Result<()> {
    for (_, file) in side_files(path) {
        remove(&file)?;
    }
    remove(path)
}

pub(super) fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.doing("cannot remove", file.display()),
    }
}
