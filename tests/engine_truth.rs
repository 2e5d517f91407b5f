//! What a person relies on when things have gone wrong before: a copy that was found bad stays so, an object that is whole
//! comes back from one that is not, a server that is away holds up nothing else, and older backups go for no empty one.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use std::net::TcpListener;
use std::time::Duration;

use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::{Backup, Copy, CopyState, Level};
use backstay::domain::execution::{
    Execution, Progress, Renamed, Request, RestoreOptions, RestoreRequest, Stage, Status, Trigger, VerifyRequest,
};
use backstay::domain::id::{AdapterId, BackupId, JobId};
use backstay::domain::retention::Policy;
use backstay::ops::{backups as backup_ops, status};
use backstay::store::executions::{self, Footprint, NewExecution, Restoring};
use backstay::store::{backups, settings};
use rusqlite::Connection;
use serde_json::json;
use support::engine::{JobPlan, Plant, files_below};

struct Shop {
    plant: Plant,
    source: AdapterId,
    job: JobId,
}

impl Shop {
    fn new(destinations: &[&str]) -> Self {
        let plant = Plant::new();
        let database = Connection::open(plant.path("shop.db")).unwrap();
        database
            .execute_batch("CREATE TABLE orders (item BLOB); INSERT INTO orders VALUES (randomblob(4000))")
            .unwrap();
        let source = plant.sqlite("shop", &plant.path("shop.db"));
        let keep = Policy::Simple {
            keep_last: 1,
            min_age: Duration::ZERO,
        };
        let destinations: Vec<_> = destinations
            .iter()
            .map(|name| (plant.local(name), *name, keep))
            .collect();
        let plan = JobPlan {
            source,
            destinations: &destinations,
            profile: None,
            edit: &|definition| definition.options.retries = 0,
        };
        let job = plant.job("nightly", &plan);
        Self { plant, source, job }
    }

    async fn backed_up(&self) -> Backup {
        let run = self.plant.run(Some(self.job), Request::Backup).await;
        assert_eq!(run.status, Status::Success, "{}", self.plant.log_text(&run));
        self.plant.backup_of(&run).unwrap()
    }

    fn known(&self, backup: &Backup) -> Vec<Copy> {
        let read = |db: &backstay::store::Db| backups::get(db, backup.id);
        self.plant.instance.store.read(read).unwrap().copies
    }

    fn copies(&self, backup: &Backup) -> Vec<CopyState> {
        self.known(backup).iter().map(|copy| copy.state).collect()
    }

    async fn scheduled(&self) -> Execution {
        let now = self.plant.instance.clock.now();
        let new = NewExecution {
            job_id: Some(self.job),
            job_name: "nightly".to_owned(),
            revision: Some(1),
            request: Request::Backup,
            trigger: Trigger::Schedule,
            triggered_by: "test".to_owned(),
            attempt: 1,
            source_id: Some(self.source),
            not_before: now,
        };
        let asked = self.plant.instance.store.write(|db| executions::insert(db, &new, now));
        self.plant.verdict(asked.unwrap()).await
    }
}

fn verify(backup: BackupId) -> Request {
    Request::Verify(VerifyRequest {
        backup,
        destination: None,
        level: Level::Bytes,
        scratch: None,
    })
}

fn restore(shop: &Shop, backup: BackupId, target: &str) -> Request {
    Request::Restore(RestoreRequest {
        backup,
        from: None,
        to: shop.source,
        databases: vec![Renamed {
            database: "shop".to_owned(),
            target: target.to_owned(),
        }],
        globals: false,
        options: RestoreOptions::default(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_found_bad_stays_so_and_gives_back_what_of_it_is_whole() {
    let mut shop = Shop::new(&["disk"]);
    shop.plant.start();
    let backup = shop.backed_up().await;
    let manifest = shop
        .plant
        .path("disk")
        .join(&backup.copies[0].path)
        .join("manifest.json");
    let written = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, written.replace("\"revision\": 1", "\"revision\": 2")).unwrap();
    let run = shop.plant.run(None, verify(backup.id)).await;
    assert_eq!(run.status, Status::Failed, "{}", shop.plant.log_text(&run));
    shop.plant.stop().await;
    // As if what the run had begun to write there were still to be looked at.
    let left = Footprint {
        destinations: vec![backup.copies[0].destination_id],
        ..Footprint::default()
    };
    let (now, made_by) = (shop.plant.instance.clock.now(), backup.execution_id.unwrap());
    let write = |db: &backstay::store::Db| executions::set_footprint(db, made_by, None, &left, now);
    shop.plant.instance.store.write(write).unwrap();
    shop.plant.start();
    let settled = || {
        let footprint = shop
            .plant
            .instance
            .store
            .read(|db| executions::footprint(db, made_by))
            .unwrap();
        (footprint == Footprint::default()).then_some(())
    };
    shop.plant.when("the engine has looked at it", settled).await;
    assert_eq!(shop.copies(&backup), [CopyState::Corrupt]);

    let run = shop.plant.run(None, restore(&shop, backup.id, "whole")).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    assert!(shop.plant.log_text(&run).contains("whose copy is corrupt"));
    assert!(shop.plant.path("whole.db").exists());
    assert_eq!(shop.copies(&backup), [CopyState::Corrupt]);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_holds_up_no_backup() {
    let mut shop = Shop::new(&["disk"]);
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({
        "host": "127.0.0.1", "port": silent.local_addr().unwrap().port(), "user": "backup", "connect_timeout": 600,
    });
    let away = shop.plant.adapter(AdapterType::Source, "postgres", "away", &config);
    let (now, store) = (shop.plant.instance.clock.now(), &shop.plant.instance.store);
    store
        .write(|db| settings::set(db, "grace_period_seconds", "0", now))
        .unwrap();
    let id = shop.plant.ask(None, restore(&shop, BackupId::generate(now), "copy"));
    let restoring = Restoring {
        adapter: away,
        target: "copy".to_owned(),
        tag: "4711_0".to_owned(),
    };
    let footprint = Footprint {
        restoring: Some(restoring),
        ..Footprint::default()
    };
    let interrupted = |db: &backstay::store::Db| {
        executions::claim(db, id, now)?;
        executions::set_footprint(db, id, None, &footprint, now)
    };
    store.write(interrupted).unwrap();
    shop.plant.start();
    shop.backed_up().await;
    assert_eq!(shop.plant.execution(id).status, Status::Running);
    shop.plant.stop().await;
    // The next engine has it to do.
    assert_eq!(shop.plant.execution(id).status, Status::Running);
    let left = shop.plant.instance.store.read(|db| executions::footprint(db, id));
    assert_eq!(left.unwrap(), footprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_were_never_made_go_when_their_time_comes() {
    let mut shop = Shop::new(&["disk", "nas"]);
    shop.plant.start();
    let (nas, away) = (shop.plant.path("nas"), shop.plant.path("nas.away"));
    std::fs::rename(&nas, &away).unwrap();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    let backup = shop.plant.backup_of(&run).unwrap();
    assert_eq!(shop.copies(&backup), [CopyState::Present, CopyState::Missing]);
    std::fs::rename(&away, &nas).unwrap();
    shop.backed_up().await;
    assert_eq!(shop.copies(&backup), [CopyState::Deleted, CopyState::Deleted]);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_copy_stays_while_a_damaged_one_can_be_made_anew_from_it() {
    let mut shop = Shop::new(&["disk", "nas"]);
    shop.plant.start();
    let backup = shop.backed_up().await;
    std::fs::write(
        shop.plant
            .path("disk")
            .join(&backup.copies[0].path)
            .join("manifest.json"),
        "{",
    )
    .unwrap();
    let run = shop.plant.run(Some(shop.job), Request::Backup).await;
    assert_eq!(run.status, Status::Partial, "{}", shop.plant.log_text(&run));
    assert_eq!(shop.copies(&backup), [CopyState::Corrupt, CopyState::Present]);
    let run = shop.plant.run(None, Request::Repair { backup: backup.id }).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    shop.backed_up().await;
    assert_eq!(shop.copies(&backup), [CopyState::Deleted, CopyState::Deleted]);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_fails_takes_back_what_it_wrote_at_every_destination_and_nothing_else() {
    let mut shop = Shop::new(&["disk", "nas", "far", "near"]);
    shop.plant.start();
    let backup = shop.backed_up().await;
    let at = |name: &str| shop.plant.path(name).join(&backup.copies[0].path);
    for gone in ["nas", "far"] {
        std::fs::remove_dir_all(at(gone)).unwrap();
    }
    std::fs::remove_file(at("near").join("manifest.json")).unwrap();
    shop.plant.run(None, verify(backup.id)).await;
    let (missing, present) = (CopyState::Missing, CopyState::Present);
    let states = shop.copies(&backup);
    assert_eq!(states[..3], [present, missing, missing]);
    assert_ne!(states[3], present);
    // Where the manifest cannot be written, the copy fails when all the rest of it is there.
    for name in ["nas", "far", "near"] {
        std::fs::create_dir_all(at(name).join("manifest.json")).unwrap();
    }
    let run = shop.plant.run(None, Request::Repair { backup: backup.id }).await;
    assert_eq!(run.status, Status::Failed, "{}", shop.plant.log_text(&run));
    for name in ["nas", "far"] {
        assert_eq!(files_below(&shop.plant.path(name)), [""; 0], "{name}");
    }
    assert_eq!(files_below(&at("near")), ["shop.db.zst"]);

    for name in ["nas", "far", "near"] {
        std::fs::remove_dir(at(name).join("manifest.json")).unwrap();
    }
    let run = shop.plant.run(None, Request::Repair { backup: backup.id }).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    assert_eq!(shop.copies(&backup), [present; 4]);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_backups_go_for_no_empty_one_until_a_person_says_so() {
    let mut shop = Shop::new(&["disk"]);
    shop.plant.start();
    let full = shop.backed_up().await;
    std::fs::write(shop.plant.path("shop.db"), "").unwrap();
    for run in [
        shop.plant.run(Some(shop.job), Request::Backup).await,
        shop.scheduled().await,
    ] {
        assert_eq!(run.status, Status::Partial, "{}", shop.plant.log_text(&run));
        let error = run.error.clone().unwrap();
        assert_eq!(error.object, "database shop");
        assert!(
            error.message.contains("holds no table") && error.next.contains("once more"),
            "{error:?}"
        );
        assert!(!shop.plant.backup_of(&run).unwrap().complete);
        assert_eq!(shop.copies(&full), [CopyState::Present]);
    }
    shop.backed_up().await;
    assert_eq!(shop.copies(&full), [CopyState::Deleted]);
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_engine_was_killed_has_an_error_in_its_log_and_the_stage_it_died_in() {
    let mut shop = Shop::new(&["disk", "nas"]);
    let (now, store) = (shop.plant.instance.clock.now(), &shop.plant.instance.store);
    let id = shop.plant.ask(Some(shop.job), Request::Backup);
    let progress = Progress {
        stage: Some(Stage::Dump),
        stages: vec![(Stage::Initialize, 1_000)],
        ..Progress::default()
    };
    let started = now.minus(Duration::from_mins(10));
    let killed = |db: &backstay::store::Db| {
        executions::claim(db, id, started)?;
        executions::heartbeat(db, id, &progress, started.plus(Duration::from_secs(4)))
    };
    store.write(killed).unwrap();
    shop.plant.start();
    let run = shop.plant.verdict(id).await;
    shop.plant.stop().await;
    assert_eq!(run.status, Status::Failed);
    assert_eq!(run.progress.stages, [(Stage::Initialize, 1_000), (Stage::Dump, 3_000)]);
    assert!(run.progress.ends_unseen);
    let log = shop.plant.log_text(&run);
    assert!(log.contains("error dump interrupted: engine stopped"), "{log}");
    assert!(log.contains("info dump dump was last heard of after 3 s"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_proven_of_a_copy_is_known_whatever_comes_of_later_looks() {
    let mut shop = Shop::new(&["disk"]);
    shop.plant.start();
    let backup = shop.backed_up().await;
    let proven = || status::of_job(&shop.plant.session(), "nightly").unwrap().proven;
    let set = |key: &str, value: &str| {
        let now = shop.plant.instance.clock.now();
        let write = |db: &backstay::store::Db| settings::set(db, key, value, now);
        shop.plant.instance.store.write(write).unwrap();
    };
    let look = async |level| {
        let request = VerifyRequest {
            backup: backup.id,
            destination: None,
            level,
            scratch: None,
        };
        let run = shop.plant.run(None, Request::Verify(request)).await;
        (run.status, shop.known(&backup).remove(0))
    };
    let (outcome, restored) = look(Level::Restore).await;
    assert_eq!(outcome, Status::Success);
    let proof = Some((Level::Restore, restored.verified_at.unwrap()));
    assert_eq!(restored.proof(), proof);

    // What keeps a copy from being looked at says nothing about it.
    let (disk, away) = (shop.plant.path("disk"), shop.plant.path("away"));
    let no_directory = shop.plant.path("shop.db/scratch").to_string_lossy().into_owned();
    set("spool_dir", &no_directory);
    assert_eq!(look(Level::Content).await, (Status::Failed, restored.clone()));
    set("spool_dir", "");
    std::fs::rename(&disk, &away).unwrap();
    assert_eq!(look(Level::Bytes).await, (Status::Failed, restored.clone()));
    std::fs::rename(&away, &disk).unwrap();
    assert_eq!(proven().map(|proven| (proven.level, proven.verified_at)), proof);

    // A look that is less hard proves no restore anew, and takes none away.
    let (outcome, read) = look(Level::Bytes).await;
    assert_eq!((outcome, read.proof()), (Status::Success, proof));
    assert_eq!(read.later_look(), read.verified_level.zip(read.verified_at));
    assert_eq!(read.verified_level, Some(Level::Bytes));

    let object = disk.join(&read.path).join("shop.db.zst");
    let mut bytes = std::fs::read(&object).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&object, &bytes).unwrap();
    let (outcome, bad) = look(Level::Content).await;
    assert_eq!((outcome, bad.state), (Status::Failed, CopyState::Corrupt));
    assert_eq!((bad.proof(), bad.former_proof()), (None, proof));
    assert_eq!(proven(), None);

    // What is good again was proven by that look, and by no harder one of before.
    bytes[100] ^= 1;
    std::fs::write(&object, &bytes).unwrap();
    let (_, good) = look(Level::Bytes).await;
    assert_eq!(good.proof(), Some((Level::Bytes, good.verified_at.unwrap())));
    shop.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_made_anew_was_proven_by_no_more_than_that() {
    let mut shop = Shop::new(&["disk", "nas"]);
    shop.plant.start();
    let backup = shop.backed_up().await;
    let request = VerifyRequest {
        backup: backup.id,
        destination: None,
        level: Level::Restore,
        scratch: None,
    };
    let run = shop.plant.run(None, Request::Verify(request)).await;
    assert_eq!(run.status, Status::Success);
    let restored = shop.known(&backup).remove(0);
    assert_eq!(restored.proof(), Some((Level::Restore, restored.verified_at.unwrap())));

    let place = shop.plant.path(&restored.destination);
    std::fs::remove_dir_all(place.join(&restored.path)).unwrap();
    backup_ops::scan(&shop.plant.session(), &restored.destination)
        .await
        .unwrap();
    assert_eq!(shop.copies(&backup), [CopyState::Missing, CopyState::Present]);
    let run = shop.plant.run(None, Request::Repair { backup: backup.id }).await;
    assert_eq!(run.status, Status::Success, "{}", shop.plant.log_text(&run));
    let anew = shop.known(&backup).remove(0);
    assert_eq!(anew.proof(), Some((Level::Bytes, anew.verified_at.unwrap())));
    shop.plant.stop().await;
}
