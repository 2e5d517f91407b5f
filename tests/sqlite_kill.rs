//! A restore that is killed at any moment leaves the whole old database or the whole new one, also where the old one's latest
//! rows are only in its write-ahead log. Needs the `sqlite3` program for the process that left that log.

#![cfg(test)]

#[path = "support/sqlite_restores.rs"]
mod restores;

#[path = "support/sqlite.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use backstay::domain::execution::RestoreOptions;
use restores::{check_restore, items, place_with_dump, replacing, restore};
use rusqlite::Connection;
use support::{Shell, open, stream};

const DIRECTORY: &str = "BACKSTAY_TEST_RESTORE_IN";

/// The process that is killed: this test binary again, with [`DIRECTORY`] set. Without it there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn restores_when_told_to() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let bytes = std::fs::read(directory.join("dump")).unwrap();
    let source = open(&directory.join("shop.db"), &directory);
    println!("\nready");
    restore(&*source, "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap();
}

/// Starts a restore in `directory` and kills it after so long; without a time it may end.
fn restore_and_kill(directory: &Path, after: Option<Duration>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restores_when_told_to", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"));
    match after {
        Some(after) => {
            std::thread::sleep(after);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        None => {
            lines.for_each(drop);
            assert!(child.wait().unwrap().success());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_restore_leaves_the_old_or_the_new_whole() {
    let (place, bytes) = place_with_dump("wal").await;
    let mut writer = Shell::open(&place.path());
    writer
        .run("PRAGMA wal_autocheckpoint = 0; UPDATE items SET name = 'old'; INSERT INTO items (name) VALUES ('old');");
    writer.kill();
    assert!(
        !check_restore(&*place.source(), "shop", &RestoreOptions::default())
            .await
            .blockers
            .is_empty()
    );

    let mut seen = BTreeSet::new();
    let moments = (0..60).map(|step| Some(Duration::from_micros(step * 500)));
    for after in moments.chain([None]) {
        let directory = tempfile::tempdir().unwrap();
        for file in ["shop.db", "shop.db-wal"] {
            std::fs::copy(place.directory.path().join(file), directory.path().join(file)).unwrap();
        }
        std::fs::write(directory.path().join("dump"), &bytes).unwrap();
        restore_and_kill(directory.path(), after);
        let path = directory.path().join("shop.db");
        let rows = items(&path);
        let connection = Connection::open(&path).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(ask("PRAGMA integrity_check"), "ok", "{after:?}");
        let names = ask("SELECT count(*) || ' of them old' FROM items WHERE name = 'old'");
        seen.insert((rows, names));
    }
    let old = (260, "260 of them old".to_owned());
    let new = (258, "0 of them old".to_owned());
    assert_eq!(seen, BTreeSet::from([old, new]));
}
