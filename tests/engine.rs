//! The engine end to end on a SQLite source and local destinations: a row goes in, a proven backup comes out.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use backstay::domain::backup::{Backup, CopyState, Level};
use backstay::domain::execution::{
    ExecutionType, Renamed, Request, RestoreOptions, RestoreRequest, Status, VerifyRequest,
};
use backstay::domain::id::{AdapterId, BackupId, JobId};
use backstay::domain::retention::Policy;
use backstay::store::executions::{self, Footprint, Restoring};
use rusqlite::Connection;
use support::engine::{JobPlan, Plant, files_below};

/// A shop in a SQLite file, and where it is backed up to.
struct Shop {
    plant: Plant,
    source: AdapterId,
    job: JobId,
}

impl Shop {
    /// What asks for a restore of the shop under this name.
    fn restored_as(&self, backup: &Backup, target: &str, options: RestoreOptions) -> RestoreRequest {
        RestoreRequest {
            backup: backup.id,
            from: None,
            to: self.source,
            databases: vec![Renamed {
                database: "shop".to_owned(),
                target: target.to_owned(),
            }],
            globals: false,
            options,
        }
    }
}

fn shop(destinations: &[&str]) -> Shop {
    let plant = Plant::new();
    let database = Connection::open(plant.path("shop.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO orders (item) SELECT hex(randomblob(40)) FROM n;",
        )
        .unwrap();
    let source = plant.sqlite("shop", &plant.path("shop.db"));
    let ids: Vec<_> = destinations
        .iter()
        .map(|name| (plant.local(name), *name, Policy::None))
        .collect();
    let (profile, _) = plant.profile("prod");
    let job = plant.job(
        "nightly",
        &JobPlan {
            source,
            destinations: &ids,
            profile: Some(profile),
            edit: &|_| {},
        },
    );
    Shop { plant, source, job }
}

fn verify(backup: BackupId, level: Level, scratch: Option<AdapterId>) -> Request {
    Request::Verify(VerifyRequest {
        backup,
        destination: None,
        level,
        scratch,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_verified_and_restored() {
    let mut shop = shop(&["disk", "nas"]);
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    assert_eq!(run.kind, ExecutionType::Backup);
    let backup = shop.plant.backup_of(&run).unwrap();
    assert_eq!(backup.databases, ["shop"]);
    for copy in &backup.copies {
        assert_eq!(
            (copy.state, copy.verified_level, copy.verified_ok),
            (CopyState::Present, Some(Level::Bytes), Some(true))
        );
    }
    let folder = run.path.clone().unwrap();
    let expected = [format!("{folder}/manifest.json"), format!("{folder}/shop.db.zst.enc")];
    assert_eq!(files_below(&shop.plant.path("disk")), expected);
    assert_eq!(files_below(&shop.plant.path("nas")), expected);

    for (level, scratch) in [
        (Level::Bytes, None),
        (Level::Content, None),
        (Level::Restore, Some(shop.source)),
    ] {
        let run = shop.plant.run(None, verify(backup.id, level, scratch)).await;
        assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
        let proven = shop
            .plant
            .instance
            .store
            .read(|db| backstay::store::backups::get(db, backup.id))
            .unwrap();
        assert!(proven.copies.iter().any(|copy| copy.verified_level == Some(level)));
        // How far it was is told of all that there was to read, and the log says what was proven of each object.
        let progress = &run.progress;
        assert_eq!(progress.plain_bytes, progress.estimated_bytes, "{level}");
        assert_eq!(progress.objects_done, progress.objects_total, "{level}");
        let text = shop.plant.log_text(&run);
        let words: &[&str] = match level {
            Level::Bytes => &["shop.db.zst.enc at disk: ", "at nas: ", "every byte as it was written"],
            Level::Content => &[
                "shop at disk: read in full",
                "shop at nas: ",
                "1 table and 5000 rows as dumped",
            ],
            Level::Restore => &[
                "disk: the best copy; the others are as good as their bytes",
                "shop at disk: restored into backstay_verify_",
                "1 table and 5000 rows as dumped",
                " is gone again",
            ],
        };
        for words in words {
            assert!(text.contains(words), "{level}: {words}\n{text}");
        }
    }

    let request = shop.restored_as(&backup, "shop_tuesday", RestoreOptions::default());
    let run = shop.plant.run(None, Request::Restore(request)).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    let restored = Connection::open(shop.plant.path("shop_tuesday.db")).unwrap();
    let rows: i64 = restored
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 5000);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_copy_makes_the_run_partial_and_is_repaired_from_the_good_one() {
    let mut shop = shop(&["disk", "nas"]);
    let away = shop.plant.path("nas.away");
    std::fs::rename(shop.plant.path("nas"), &away).unwrap();
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    assert_eq!(run.status, Status::Partial, "{}", shop.plant.log_text(&run));
    let error = run.error.clone().unwrap();
    assert_eq!(error.object, "copy at nas");
    assert!(error.next.contains("repair"), "{error:?}");
    let backup = shop.plant.backup_of(&run).unwrap();
    assert_eq!(backup.copies[1].state, CopyState::Missing);

    std::fs::rename(&away, shop.plant.path("nas")).unwrap();
    let run = shop.plant.run(None, Request::Repair { backup: backup.id }).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    assert_eq!(
        files_below(&shop.plant.path("nas")),
        files_below(&shop.plant.path("disk"))
    );
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_no_destination_left_fails_and_leaves_nothing() {
    let mut shop = shop(&["disk"]);
    std::fs::remove_dir(shop.plant.path("disk")).unwrap();
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    assert_eq!(run.status, Status::Failed);
    assert!(run.error.unwrap().message.contains("no destination took it"));
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_finds_no_copy_says_that_nothing_was_changed() {
    let mut shop = shop(&["disk"]);
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    let backup = shop.plant.backup_of(&run).unwrap();
    std::fs::rename(shop.plant.path("disk"), shop.plant.path("elsewhere")).unwrap();
    let request = shop.restored_as(&backup, "shop_tuesday", RestoreOptions::default());
    let run = shop.plant.run(None, Request::Restore(request)).await;
    assert_eq!(run.status, Status::Failed);
    let error = run.error.unwrap();
    assert!(
        error.message.ends_with("; nothing was changed at shop"),
        "{}",
        error.message
    );
    assert_eq!(error.next, "mount it; 1 copy should be there");
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_byte_and_every_cut_is_found_and_named() {
    let mut shop = shop(&["disk"]);
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    let backup = shop.plant.backup_of(&run).unwrap();
    let path = shop.plant.path("disk").join(run.path.unwrap()).join("shop.db.zst.enc");
    let whole = std::fs::read(&path).unwrap();
    let step = whole.len() / 7;
    for level in [Level::Bytes, Level::Content] {
        for at in (0..whole.len()).step_by(step) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            for damaged in [flipped, whole[..at].to_vec()] {
                std::fs::write(&path, damaged).unwrap();
                let run = shop.plant.run(None, verify(backup.id, level, None)).await;
                assert_eq!(run.status, Status::Failed, "level {level}, at {at}");
                assert!(run.error.unwrap().object.ends_with("shop.db.zst.enc"));
            }
        }
        std::fs::write(&path, &whole).unwrap();
        let run = shop.plant.run(None, verify(backup.id, level, None)).await;
        assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    }
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_restore_has_ended_when_its_verdict_is_there() {
    let mut shop = shop(&["disk"]);
    shop.plant.start();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    let backup = shop.plant.backup_of(&run).unwrap();
    let user = Connection::open(shop.plant.path("shop.db")).unwrap();
    // The lock holds up the exchange, which waits some seconds for it before it would set the old file aside.
    user.execute_batch("PRAGMA journal_mode = DELETE; DELETE FROM orders WHERE id > 10; BEGIN IMMEDIATE")
        .unwrap();
    let options = RestoreOptions {
        replace: true,
        force: true,
        ..RestoreOptions::default()
    };
    let request = shop.restored_as(&backup, "shop", options);
    let id = shop.plant.ask(None, Request::Restore(request));
    shop.plant
        .when("the dump is being read", || {
            let run = shop.plant.execution(id);
            (run.status == Status::Running && run.progress.plain_bytes > 0).then_some(())
        })
        .await;
    let now = shop.plant.instance.clock.now();
    let store = &shop.plant.instance.store;
    assert!(store.write(|db| executions::request_cancel(db, id, now)).unwrap());
    let run = shop.plant.verdict(id).await;
    assert_eq!(run.status, Status::Cancelled, "{}", shop.plant.log_text(&run));
    assert!(run.error.unwrap().message.contains("cancelled on request"));
    let beside = std::fs::read_dir(shop.plant.directory.path()).unwrap();
    let left = beside.map(|item| item.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = left.filter(|name| name.contains("shop.db")).collect();
    assert_eq!(left, ["shop.db"]);
    user.execute_batch("ROLLBACK").unwrap();
    let rows: i64 = Connection::open(shop.plant.path("shop.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 10);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_engines_restore_left_is_taken_back_and_said() {
    let mut shop = shop(&["disk"]);
    let request = RestoreRequest {
        backup: BackupId::generate(shop.plant.instance.clock.now()),
        from: None,
        to: shop.source,
        databases: Vec::new(),
        globals: false,
        options: RestoreOptions::default(),
    };
    let id = shop.plant.ask(None, Request::Restore(request));
    let footprint = Footprint {
        restoring: Some(Restoring {
            adapter: shop.source,
            target: "shop".to_owned(),
            tag: "4711_0".to_owned(),
        }),
        ..Footprint::default()
    };
    let now = shop.plant.instance.clock.now();
    let store = &shop.plant.instance.store;
    assert!(store.write(|db| executions::claim(db, id, now)).unwrap());
    store
        .write(|db| executions::set_footprint(db, id, None, &footprint, now))
        .unwrap();
    let partial = shop.plant.path(".shop.db.backstay_4711_0.part");
    std::fs::write(&partial, "half a database").unwrap();
    shop.plant.start();
    let run = shop.plant.verdict(id).await;
    assert_eq!(run.status, Status::Failed);
    assert!(
        shop.plant.log_text(&run).contains(".part was removed"),
        "{}",
        shop.plant.log_text(&run)
    );
    assert!(!partial.exists() && shop.plant.path("shop.db").exists());
    shop.plant.stop().await;
}
