//! Restores into PostgreSQL that are killed: whatever they left is taken back, and the database that users know is there,
//! whole, under its name, and open to them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong fails the test"
)]

#[path = "support/postgres_bench.rs"]
mod bench;
#[path = "support/lib.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use backstay::domain::execution::RestoreOptions;
use backstay::pipeline::chunks;
use bytes::Bytes;
use serde_json::Value;
use support::postgres::{Server, majors};
use support::process::wait_for;

use bench::{Bench, TAG, clients, databases, make_shop, old, settings, whole};

/// Where the process to be killed finds what to do.
const DIRECTORY: &str = "BACKSTAY_TEST_RESTORE_FROM";

/// Moments of a restore at which it is killed.
const MOMENTS: u32 = 10;

fn forced() -> RestoreOptions {
    RestoreOptions {
        replace: true,
        force: true,
        ..RestoreOptions::default()
    }
}

#[tokio::test]
async fn every_state_a_restore_can_be_left_in_is_put_right() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let new = format!("backstay_restore_{TAG}");
    let ready = format!("backstay_ready_{TAG}");
    let replaced = format!("backstay_old_{TAG}");
    let scratch = bench.source.scratch_name(TAG);
    let closed = |name: &str| server.psql("postgres", &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    let clean_up = async |target: &str| bench.source.clean_up(TAG, target).await.unwrap().join("; ");
    server.create_database("shop");
    assert_eq!(clean_up("shop").await, "");

    server.create_database(&new);
    server.create_database("backstay_restore_of_another");
    assert_eq!(clean_up("shop").await, format!("database {new} was dropped"));
    assert_eq!(databases(&server), "backstay_restore_of_another,postgres,shop");
    server.psql("postgres", "DROP DATABASE backstay_restore_of_another");

    // The target was not closed by the restore, but by whoever owns it.
    server.create_database(&new);
    closed("shop");
    clean_up("shop").await;
    assert_eq!(is_open(&server, "shop"), "f");

    server.create_database(&ready);
    let done = clean_up("shop").await;
    assert!(done.starts_with("database shop is as it was, and open"), "{done}");
    assert_eq!(
        (databases(&server).as_str(), is_open(&server, "shop").as_str()),
        ("postgres,shop", "t")
    );

    server.create_database(&replaced);
    closed(&replaced);
    let done = clean_up("shop").await;
    assert!(done.starts_with("database shop is the restored one"), "{done}");
    assert_eq!(databases(&server), "postgres,shop");

    server.psql("postgres", &format!("ALTER DATABASE shop RENAME TO {replaced}"));
    server.create_database(&new);
    closed(&replaced);
    let done = clean_up("shop").await;
    assert!(done.starts_with("database shop has its name back"), "{done}");
    assert_eq!(
        (databases(&server).as_str(), is_open(&server, "shop").as_str()),
        ("postgres,shop", "t")
    );

    server.create_database(&scratch);
    server.create_database(&new);
    assert_eq!(
        clean_up(&scratch).await,
        format!("database {new} was dropped; database {scratch} was dropped")
    );
    assert_eq!(databases(&server), "postgres,shop");
}

fn is_open(server: &Server, name: &str) -> String {
    server.psql(
        "postgres",
        &format!("SELECT datallowconn FROM pg_database WHERE datname = '{name}'"),
    )
}

/// The process that is killed: this test binary again, with [`DIRECTORY`] set. Without it there is nothing to do. Keeps the
/// dump's second half back when there is a file `wait`.
#[tokio::test]
async fn restores_when_told_to() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let read = |name: &str| std::fs::read(directory.join(name)).unwrap();
    let login: Value = serde_json::from_slice(&read("settings")).unwrap();
    let bench = Bench::with(&login, clients(&majors()));
    let dump = read("dump");
    if !directory.join("wait").exists() {
        bench
            .restore(whole(&[Bytes::from(dump)]), "shop", &forced())
            .await
            .unwrap();
        return;
    }
    let (sender, chunks) = chunks::channel();
    sender
        .send(Bytes::copy_from_slice(&dump[..dump.len() / 2]))
        .await
        .unwrap();
    bench.restore(chunks, "shop", &forced()).await.unwrap();
}

fn start(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restores_when_told_to"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

async fn told_to_restore(server: &Server, bench: &Bench) -> tempfile::TempDir {
    make_shop(server, "shop");
    let (dump, _) = bench.dump("shop").await;
    server.psql("shop", "CREATE TABLE newer AS SELECT 1 AS x");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("dump"), dump.concat()).unwrap();
    std::fs::write(directory.path().join("settings"), settings(server).to_string()).unwrap();
    directory
}

#[tokio::test]
async fn a_restore_killed_while_it_fills_the_new_database_leaves_the_old_one() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let directory = told_to_restore(&server, &bench).await;
    std::fs::write(directory.path().join("wait"), "").unwrap();
    let before = server.dump("shop");
    let mut restore = start(directory.path());
    let filling = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = 'backstay_restore_{TAG}'");
    wait_for("the new database is being filled", Duration::from_secs(20), || {
        server.psql("postgres", &filling) != "0"
    });
    restore.kill().unwrap();
    restore.wait().unwrap();
    let done = bench.source.clean_up(TAG, "shop").await.unwrap();
    assert_eq!(done, [format!("database backstay_restore_{TAG} was dropped")]);
    assert_eq!(databases(&server), "postgres,shop");
    assert_eq!(server.dump("shop"), before);
}

#[tokio::test]
async fn a_restore_killed_at_any_moment_leaves_the_old_or_the_new() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let directory = told_to_restore(&server, &bench).await;
    let before = server.dump("shop");
    let begun = Instant::now();
    assert!(start(directory.path()).wait().unwrap().success());
    let took = begun.elapsed();
    let after = server.dump("shop");
    assert!(before.contains("newer") && !after.contains("newer"));
    for moment in 0..MOMENTS {
        server.psql("shop", "CREATE TABLE IF NOT EXISTS newer AS SELECT 1 AS x");
        let mut restore = start(directory.path());
        std::thread::sleep(took * moment / MOMENTS);
        restore.kill().unwrap();
        restore.wait().unwrap();
        bench.source.clean_up(TAG, "shop").await.unwrap();
        assert_eq!(databases(&server), "postgres,shop", "moment {moment}");
        assert_eq!(is_open(&server, "shop"), "t");
        let found = server.dump("shop");
        assert!(found == before || found == after, "moment {moment}");
    }
}
