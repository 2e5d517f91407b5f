//! A restore that is killed at any moment leaves the whole old database or the whole new one, also where the old one's latest
//! rows are only in its write-ahead log. Needs the `sqlite3` program for the process that left
//! that log, and `strace` to kill between two chosen system calls.

#![cfg(test)]

#[path = "support/files.rs"]
mod files;

#[path = "support/sqlite_restores.rs"]
mod restores;

#[path = "support/sqlite.rs"]
mod support;

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use backstay::domain::execution::RestoreOptions;
use restores::{TAG, check_restore, items, place_with_dump, replacing, restore};
use rusqlite::Connection;
use support::{Shell, open, stream};

/// Every way a restore changes files other than by filling a new one.
const CHANGES: [&str; 12] = [
    "?rename",
    "?renameat",
    "?renameat2",
    "?unlink",
    "?unlinkat",
    "?chmod",
    "?fchmodat",
    "?chown",
    "?ftruncate",
    "?pwrite64",
    "?fsync",
    "?fdatasync",
];

/// Where the process to be killed restores.
const DIRECTORY: &str = "BACKSTAY_TEST_RESTORE_IN";

/// The process that is killed: this test binary again, with [`DIRECTORY`] set. Without it there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn restores_when_told_to() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let bytes = std::fs::read(directory.join("dump")).unwrap();
    let source = open(&directory.join("shop.db"), &directory);
    let options = RestoreOptions {
        force: directory.join("force").exists(),
        ..replacing()
    };
    restore(&*source, "shop", &options, stream(&bytes, Ok(())))
        .await
        .unwrap();
}

/// Starts a restore in `directory` and kills it where it would make a `change` for the `step`th time. Whether it got there.
fn killed_at(directory: &Path, change: &str, step: usize) -> bool {
    let status = Command::new("strace")
        .args(["--follow-forks", "--output=/dev/null", "--trace", change, "--inject"])
        .arg(format!("{change}:signal=SIGKILL:when={step}"))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "restores_when_told_to"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .status()
        .expect("this test needs the strace program");
    if status.signal() != Some(9) {
        assert!(status.success(), "{status}");
    }
    !status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_restore_leaves_the_old_or_the_new_whole() {
    let (place, bytes) = place_with_dump("wal").await;
    // Everything differs from the dump, but the log has only some of it: a mixture would show.
    place.connect().execute("UPDATE items SET name = 'old'", []).unwrap();
    let mut writer = Shell::open(&place.path());
    writer.run("PRAGMA wal_autocheckpoint = 0; UPDATE items SET price = 1 WHERE id < 20; INSERT INTO items (name) VALUES ('old');");
    writer.kill();
    assert!(
        !check_restore(&*place.source(), "shop", &RestoreOptions::default())
            .await
            .blockers
            .is_empty()
    );

    let mut seen = BTreeSet::new();
    for change in CHANGES {
        let mut running = true;
        for step in 1.. {
            if !running {
                break;
            }
            let directory = tempfile::tempdir().unwrap();
            for file in ["shop.db", "shop.db-wal"] {
                std::fs::copy(place.directory.path().join(file), directory.path().join(file)).unwrap();
            }
            std::fs::write(directory.path().join("dump"), &bytes).unwrap();
            running = killed_at(directory.path(), change, step);
            seen.insert(found(&cleaned(directory.path()).await));
        }
    }
    let old = (260, "260 of them old".to_owned());
    let new = (258, "0 of them old".to_owned());
    assert_eq!(seen, BTreeSet::from([old, new]));
}

/// The database of a restore that was killed, after what the restore left was taken back.
async fn cleaned(directory: &Path) -> PathBuf {
    let path = directory.join("shop.db");
    open(&path, directory).clean_up(TAG, "shop").await.unwrap();
    let left = files::files_below(directory);
    let is_partial = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "part");
    assert!(!left.iter().any(is_partial), "{left:?}");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_restore_over_a_database_in_use_leaves_the_old_or_the_new_whole() {
    let (place, bytes) = place_with_dump("wal").await;
    place.connect().execute("UPDATE items SET name = 'old'", []).unwrap();
    let mut seen = BTreeSet::new();
    for change in [
        "?link,?linkat",
        "?rename,?renameat,?renameat2",
        "?unlink,?unlinkat",
        "?fsync",
    ] {
        let mut running = true;
        for step in 1.. {
            if !running {
                break;
            }
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("shop.db");
            std::fs::copy(place.path(), &path).unwrap();
            std::fs::write(directory.path().join("dump"), &bytes).unwrap();
            std::fs::write(directory.path().join("force"), "").unwrap();
            let mut user = Shell::open(&path);
            user.run(
                "PRAGMA wal_autocheckpoint = 0; UPDATE items SET price = 1; INSERT INTO items (name) VALUES ('old');",
            );
            running = killed_at(directory.path(), change, step);
            user.kill();
            seen.insert(found(&cleaned(directory.path()).await));
        }
    }
    let old = (260, "260 of them old".to_owned());
    let new = (258, "0 of them old".to_owned());
    assert_eq!(seen, BTreeSet::from([old, new]));
}

/// Rows in `items`, and how many of them are of the old database.
fn found(path: &Path) -> (i64, String) {
    let rows = items(path);
    let connection = Connection::open(path).unwrap();
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    (
        rows,
        ask("SELECT count(*) || ' of them old' FROM items WHERE name = 'old'"),
    )
}
