//! Numbered migrations, each in a transaction of its own, recorded with a checksum. A newer schema than this binary's is
//! refused; before an existing database is migrated, its file is copied.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::DatabaseKey;
use crate::domain::{Error, Result};

const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_initial", include_str!("../../assets/migrations/0001_initial.sql")),
    (
        "0002_restores",
        include_str!("../../assets/migrations/0002_restores.sql"),
    ),
    (
        "0003_housekeeping",
        include_str!("../../assets/migrations/0003_housekeeping.sql"),
    ),
    (
        "0004_removed_jobs",
        include_str!("../../assets/migrations/0004_removed_jobs.sql"),
    ),
    ("0005_proofs", include_str!("../../assets/migrations/0005_proofs.sql")),
];

/// Before the copy is gone on with while another process holds the database.
const PAUSE: Duration = Duration::from_millis(50);

/// Brings the schema up to this binary's.
pub fn run(connection: &mut Connection, path: &Path, key: &DatabaseKey) -> Result<()> {
    let applied = applied(connection)?;
    refuse_newer(&applied, path)?;
    let pending = pending(&applied);
    if pending.is_empty() {
        return Ok(());
    }
    if !applied.is_empty() {
        keep_a_copy(connection, path, key)?;
    }
    for (name, text) in pending {
        apply(connection, name, text)?;
    }
    Ok(())
}

/// Refuses a schema that is not this binary's.
pub fn refuse_older(connection: &Connection, path: &Path) -> Result<()> {
    let applied = applied(connection)?;
    refuse_newer(&applied, path)?;
    match pending(&applied).first() {
        None => Ok(()),
        Some((name, _)) => Err(Error::refused(format!(
            "its schema is older than this backstay ({name}), and a read-only console changes nothing"
        ))
        .on(format!("database {}", path.display()))
        .next("open it once without read-only: that brings it up to date and keeps a copy of it as it was")),
    }
}

/// What is still to be done to a schema to which these were.
fn pending(applied: &[(String, String)]) -> Vec<&'static (&'static str, &'static str)> {
    MIGRATIONS
        .iter()
        .filter(|(name, _)| !applied.iter().any(|(done, _)| done == name))
        .collect()
}

/// The names and checksums of those that were; none in a new database.
fn applied(connection: &Connection) -> Result<Vec<(String, String)>> {
    if !connection.table_exists(None, "_migrations")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT name, checksum FROM _migrations ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn refuse_newer(applied: &[(String, String)], path: &Path) -> Result<()> {
    for (name, recorded) in applied {
        let Some((_, text)) = MIGRATIONS.iter().find(|(known, _)| known == name) else {
            return Err(
                Error::refused(format!("its schema is newer than this backstay ({name})"))
                    .on(format!("database {}", path.display()))
                    .next("use the newer backstay that made it"),
            );
        };
        if *recorded != checksum(text) {
            return Err(
                Error::failed(format!("its migration {name} is not the one this backstay knows"))
                    .on(format!("database {}", path.display()))
                    .next("use the backstay that made it"),
            );
        }
    }
    Ok(())
}

/// Copies the database under the same key, through SQLite: reading the file beside an open connection would cost this process
/// its locks on it, and an engine that is closing could then take the write-ahead log away from under us.
fn keep_a_copy(connection: &Connection, path: &Path, key: &DatabaseKey) -> Result<()> {
    let at = path.with_extension("db.before-migration");
    let file = super::beside(&at)?;
    let copied = || {
        let mut copy = Connection::open(file.path())?;
        super::unlock(&copy, key)?;
        Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, PAUSE, None)
    };
    copied().map_err(|error| {
        Error::failed(format!("cannot copy the database before migrating it: {error}"))
            .on(at.display().to_string())
            .next("make room there, and see that the directory can be written to")
    })?;
    super::keep(file, &at)
}

fn apply(connection: &mut Connection, name: &str, text: &str) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS _migrations (name TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL)",
    )?;
    // Two processes may have come here together; the second finds it done.
    let recorded = transaction.execute(
        "INSERT INTO _migrations (name, checksum, applied_at) VALUES (?1, ?2, unixepoch() * 1000) ON CONFLICT DO NOTHING",
        params![name, checksum(text)],
    )?;
    if recorded == 1 {
        transaction.execute_batch(text)?;
    }
    Ok(transaction.commit()?)
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn key() -> DatabaseKey {
        DatabaseKey {
            hex: "0f".repeat(32),
            id: "test".to_owned(),
        }
    }

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        super::super::unlock(&connection, &key()).unwrap();
        connection
    }

    /// The locks on a file that this process holds, by the system's own account.
    fn locks(path: &Path) -> usize {
        let (process, inode) = (std::process::id().to_string(), std::fs::metadata(path).unwrap().ino());
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let ours = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(4) == Some(&process.as_str())
                && fields.get(5).is_some_and(|file| file.ends_with(&format!(":{inode}")))
        };
        locks.lines().filter(ours).count()
    }

    #[test]
    fn an_older_database_is_copied_and_brought_up_to_date() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backstay.db");
        let copy = path.with_extension("db.before-migration");
        let mut database = open(&path);
        let (first, text) = MIGRATIONS[0];
        apply(&mut database, first, text).unwrap();
        run(&mut database, &path, &key()).unwrap();
        let schema = |database: &Connection| -> Vec<Option<String>> {
            let mut statement = database.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
            statement
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        let mut new = open(&directory.path().join("new.db"));
        run(&mut new, &directory.path().join("new.db"), &key()).unwrap();
        assert_eq!(schema(&database), schema(&new));
        assert_eq!(applied(&database).unwrap().len(), MIGRATIONS.len());
        assert_eq!(applied(&open(&copy)).unwrap().len(), 1);
        assert!(!directory.path().join("new.db.before-migration").exists());
    }

    #[test]
    fn what_a_look_had_found_good_was_proven_by_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backstay.db");
        let mut database = open(&path);
        for (name, text) in &MIGRATIONS[..4] {
            apply(&mut database, name, text).unwrap();
        }
        // Of no backup: only the copies are of account here.
        database
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 INSERT INTO backup_copies (id, backup_id, destination_id, path, stored_size, state, verified_at, verified_level,
                     verified_ok, created_at, updated_at)
                 VALUES ('a', 'b', 'd', 'good', 1, 'present', 7, 'restore', 1, 0, 0),
                     ('b', 'b', 'd', 'bad', 1, 'corrupt', 8, 'content', 0, 0, 0),
                     ('c', 'b', 'd', 'new', 1, 'present', NULL, NULL, NULL, 0, 0);",
            )
            .unwrap();
        run(&mut database, &path, &key()).unwrap();
        let mut statement = database
            .prepare("SELECT proven_at, proven_level FROM backup_copies ORDER BY id")
            .unwrap();
        let proofs: Vec<(Option<i64>, Option<String>)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(
            proofs,
            [(Some(7), Some("restore".to_owned())), (None, None), (None, None)]
        );
    }

    #[test]
    fn the_copy_is_whole_and_encrypted_and_costs_the_open_database_no_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backstay.db");
        let database = open(&path);
        let rows = "PRAGMA journal_mode = WAL; CREATE TABLE rows (row TEXT); INSERT INTO rows VALUES ('first')";
        database.execute_batch(rows).unwrap();
        let held = locks(&path);
        assert!(held > 0);
        for expected in [1, 2] {
            // What was committed is in the write-ahead log still.
            keep_a_copy(&database, &path, &key()).unwrap();
            assert_eq!(locks(&path), held);
            let copy = path.with_extension("db.before-migration");
            assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(!std::fs::read(&copy).unwrap().starts_with(b"SQLite format 3"));
            let count = |database: &Connection| -> i64 {
                database
                    .query_row("SELECT count(*) FROM rows", [], |row| row.get(0))
                    .unwrap()
            };
            assert_eq!(count(&open(&copy)), expected);
            database.execute_batch("INSERT INTO rows VALUES ('next')").unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(
            names
                .iter()
                .all(|name| name.to_string_lossy().starts_with("backstay.db")),
            "{names:?}"
        );
    }
}
