//! Many on one database: an engine at work, writers in threads, and somebody who watches. Nobody is told that the database
//! is locked, and no change goes unnoticed, however long the disk takes over it. The latter needs `strace`, to be a slow disk.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::execution::{Request, Status};
use backstay::domain::retention::Policy;
use backstay::instance::{Instance, Paths};
use backstay::store::watch::Watch;
use backstay::store::{Db, Store, executions, settings};
use rusqlite::Connection;
use support::engine::{JobPlan, Plant};

/// Where the writer on a slow disk has its home.
const HOME: &str = "BACKSTAY_TEST_WRITER_HOME";

/// Writers, and how many changes each makes.
const WRITERS: usize = 4;
const CHANGES: usize = 100;

/// A change that is not noticed within this was missed.
const LIMIT: Duration = Duration::from_secs(10);

/// The setting that counts changes; its value means nothing to anybody else here.
const COUNTER: &str = "grace_period_seconds";

fn count(db: &Db) -> u64 {
    settings::number(db, &backstay::domain::setting::GRACE_PERIOD).unwrap()
}

fn add_one(store: &Store, instance: &Instance) {
    store
        .write(|db| settings::set(db, COUNTER, &(count(db) + 1).to_string(), instance.clock.now()))
        .unwrap();
}

async fn sees(watch: &mut Watch, reader: &Store, wanted: u64) {
    let seen = async {
        while reader.read(|db| Ok(count(db))).unwrap() < wanted {
            watch.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, seen)
        .await
        .unwrap_or_else(|_| panic!("change {wanted} was not noticed within {LIMIT:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_and_nothing_goes_unnoticed_under_load() {
    let mut plant = Plant::new();
    let database = Connection::open(plant.path("shop.db")).unwrap();
    database.execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
    let source = plant.sqlite("shop", &plant.path("shop.db"));
    let destinations = [(plant.local("disk"), "disk", Policy::None)];
    let job = plant.job(
        "nightly",
        &JobPlan {
            source,
            destinations: &destinations,
            profile: None,
            edit: &|_| {},
        },
    );
    plant.start();
    let reader = plant.instance.another_connection().unwrap();
    let mut watch = Watch::new(plant.instance.another_connection().unwrap()).unwrap();
    let before = reader.read(|db| Ok(count(db))).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let instance = Arc::clone(&plant.instance);
            tokio::task::spawn_blocking(move || {
                // As every command does: its own connection, opened anew each few changes.
                for _ in 0..CHANGES / 10 {
                    let store = instance.another_connection().unwrap();
                    for _ in 0..10 {
                        add_one(&store, &instance);
                    }
                    store.read(executions::open).unwrap();
                }
            })
        })
        .collect();
    let mut runs = Vec::new();
    while writers.iter().any(|writer| !writer.is_finished()) || runs.len() < 5 {
        runs.push(plant.run(Some(job), Request::Backup).await);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    sees(&mut watch, &reader, before + (WRITERS * CHANGES) as u64).await;
    for run in &runs {
        assert_eq!(run.status, Status::Success, "{}", plant.log_text(run));
    }
    assert_eq!(plant.instance.store.integrity().unwrap(), [""; 0]);
    plant.stop().await;
}

/// The writer on a slow disk: this test binary again, with [`HOME`] set.
#[test]
fn writes_when_told_to() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else {
        return;
    };
    let instance = Instance::open(Paths::new(Some(&home)).unwrap(), Clock::System).unwrap();
    add_one(&instance.store, &instance);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_disk_takes_long_over_is_noticed() {
    let plant = Plant::new();
    let reader = plant.instance.another_connection().unwrap();
    let mut watch = Watch::new(plant.instance.another_connection().unwrap()).unwrap();
    for milliseconds in [1, 60, 200, 900] {
        let wanted = reader.read(|db| Ok(count(db))).unwrap() + 1;
        let mut writer = Command::new("strace")
            .args(["--follow-forks", "--output=/dev/null", "--trace=fsync,fdatasync"])
            .arg(format!("--inject=fsync,fdatasync:delay_exit={milliseconds}000"))
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "writes_when_told_to"])
            .env(HOME, plant.path("home"))
            .stdout(Stdio::null())
            .spawn()
            .expect("this test needs the strace program");
        sees(&mut watch, &reader, wanted).await;
        assert!(writer.wait().unwrap().success());
    }
}
