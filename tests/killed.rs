//! The engine killed at any moment: at its next start every run has a true verdict, every folder at a destination is a known
//! backup that verifies, nothing half-written is left, what was there before is still there, and the next run succeeds.
//! Needs `strace`, which tells of each change to a file and holds the process up meanwhile, so that it is killed right there.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::backup::{Backup, CopyState, Level};
use backstay::domain::execution::{Renamed, Request, RestoreOptions, RestoreRequest, Status, VerifyRequest};
use backstay::domain::id::{AdapterId, BackupId, JobId};
use backstay::domain::paging::Edge;
use backstay::domain::retention::Policy;
use backstay::instance::{Instance, Paths};
use backstay::store::watch::Watch;
use backstay::store::{backups, executions};
use rusqlite::Connection;
use rustix::process::{Pid, Signal};
use support::engine::{JobPlan, Plant, files_below};
use tokio_util::sync::CancellationToken;

/// Where the engine that is killed has its home.
const HOME: &str = "BACKSTAY_TEST_ENGINE_HOME";

/// The changes that decide what is found after a kill; what is between two of them is bytes in files without a name.
const CHANGES: &str =
    "?mkdir,?mkdirat,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir,?fsync,?fdatasync,?ftruncate";

/// How long the process is held up after each change, so that it is still there when it is killed: microseconds.
const HELD_UP: u32 = 15_000;

/// The engine that is killed: this test binary again, with [`HOME`] set. It ends when nothing is left to do.
#[tokio::test(flavor = "multi_thread")]
async fn runs_when_told_to() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else {
        return;
    };
    let instance = Arc::new(Instance::open(Paths::new(Some(&home)).unwrap(), Clock::System).unwrap());
    let stop = CancellationToken::new();
    let mut watch = Watch::new(instance.another_connection().unwrap()).unwrap();
    let engine = tokio::spawn(backstay::engine::run(Arc::clone(&instance), stop.clone()));
    let other = instance.another_connection().unwrap();
    while !other.read(executions::open).unwrap().is_empty() {
        watch.changed().await.unwrap();
    }
    stop.cancel();
    engine.await.unwrap().unwrap();
}

/// A shop that is backed up to two places, two backups of it, and a policy that lets the oldest go with each new one.
struct Site {
    plant: Plant,
    source: AdapterId,
    job: JobId,
}

impl Site {
    async fn new() -> Self {
        let plant = Plant::new();
        let database = Connection::open(plant.path("shop.db")).unwrap();
        database
            .execute_batch(
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                 INSERT INTO orders (item) SELECT hex(randomblob(40)) FROM n;",
            )
            .unwrap();
        let source = plant.sqlite("shop", &plant.path("shop.db"));
        let keep = Policy::Simple {
            keep_last: 2,
            min_age: Duration::ZERO,
        };
        let destinations = ["disk", "nas"].map(|name| (plant.local(name), name, keep));
        let (profile, _) = plant.profile("prod");
        let job = plant.job(
            "nightly",
            &JobPlan {
                source,
                destinations: &destinations,
                profile: Some(profile),
                edit: &|_| {},
            },
        );
        let mut site = Self { plant, source, job };
        site.plant.start();
        for _ in 0..2 {
            site.succeeds(Some(site.job), Request::Backup).await;
        }
        site.plant.stop().await;
        site
    }

    async fn succeeds(&self, job: Option<JobId>, request: Request) {
        let run = self.plant.run(job, request).await;
        assert_eq!(run.status, Status::Success, "{}", self.plant.log_text(&run));
    }

    fn backups(&self) -> Vec<Backup> {
        let filter = backups::Filter {
            deleted: true,
            ..backups::Filter::default()
        };
        self.plant
            .instance
            .store
            .read(|db| backups::list(db, &filter, Edge::Newest, 1_000))
            .unwrap()
    }

    fn newest(&self) -> BackupId {
        self.backups().first().unwrap().id
    }

    /// Asks for a run and lets an engine do it that is killed after its `step`th change. Whether it got so far; its verdict.
    async fn killed_at(&mut self, job: Option<JobId>, request: Request, step: usize) -> (bool, Status) {
        let id = self.plant.ask(job, request);
        let killed = killed(&self.plant.path("home"), step);
        self.plant.start();
        let run = self.plant.verdict(id).await;
        if run.status != Status::Success {
            let error = run.error.as_ref().unwrap();
            assert!(error.message.contains("interrupted"), "{error:?}");
        }
        (killed, run.status)
    }

    /// What is at a destination and what the database knows are the same, whole, and no fewer than two; what is missing can be
    /// made from what is there.
    async fn is_true(&self, case: &str) {
        let all = self.backups();
        for name in ["disk", "nas"] {
            let files = files_below(&self.plant.path(name));
            assert!(files.iter().all(|file| !file.contains(".part")), "{case}: {files:?}");
            let folders: BTreeSet<&str> = files.iter().map(|file| file.rsplit_once('/').unwrap().0).collect();
            let known: BTreeSet<&str> = all
                .iter()
                .flat_map(|backup| &backup.copies)
                .filter(|copy| copy.destination == name && copy.state == CopyState::Present)
                .map(|copy| copy.path.as_str())
                .collect();
            assert_eq!(folders, known, "{case}, at {name}");
            assert!(known.len() >= 2, "{case}: {known:?} at {name}");
        }
        for backup in all.iter().filter(|backup| !backup.readable_copies().is_empty()) {
            if backup.copies.iter().any(|copy| copy.state == CopyState::Missing) {
                self.succeeds(None, Request::Repair { backup: backup.id }).await;
            }
            self.succeeds(None, verify(backup.id, Level::Content, None)).await;
        }
    }
}

fn verify(backup: BackupId, level: Level, scratch: Option<AdapterId>) -> Request {
    Request::Verify(VerifyRequest {
        backup,
        destination: None,
        level,
        scratch,
    })
}

/// Runs an engine and kills it once it has made its `step`th change to a file. Whether it got so far.
fn killed(home: &std::path::Path, step: usize) -> bool {
    let mut traced = Command::new("strace")
        .args([
            "--follow-forks",
            "--seccomp-bpf",
            "-qqq",
            "--signal=none",
            "--trace",
            CHANGES,
        ])
        .args(["--inject", &format!("{CHANGES}:delay_exit={HELD_UP}")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "runs_when_told_to", "--nocapture"])
        .env(HOME, home)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("this test needs the strace program");
    let said = BufReader::new(traced.stderr.take().unwrap());
    let mut changes = said
        .lines()
        .map(Result::unwrap)
        .inspect(|line| assert!(!line.contains("panicked"), "{line}"))
        .filter(|line| line.contains(") = ") || line.contains(" resumed>"));
    let reached = changes.nth(step - 1).is_some();
    if reached {
        let group = Pid::from_raw(i32::try_from(traced.id()).unwrap()).unwrap();
        rustix::process::kill_process_group(group, Signal::KILL).unwrap();
        // The pipe ends when the last process that could write to it is gone.
        changes.for_each(drop);
    }
    let status = traced.wait().unwrap();
    assert!(reached || status.success(), "{status}");
    reached
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_killed_after_any_change() {
    let mut site = Site::new().await;
    let mut seen = BTreeSet::new();
    for step in 1.. {
        let (killed, status) = site.killed_at(Some(site.job), Request::Backup, step).await;
        seen.insert(status.as_str());
        site.is_true(&format!("killed after change {step}, {status}")).await;
        site.succeeds(Some(site.job), Request::Backup).await;
        site.is_true(&format!("the run after that, {step}")).await;
        site.plant.stop().await;
        if !killed {
            break;
        }
    }
    // Before the claim, in the middle, after the commit: the sweep has been everywhere.
    assert_eq!(seen, BTreeSet::from(["failed", "partial", "success"]));
}

/// What is wrong with a copy before it is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Object,
    Manifest,
    Everything,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_killed_after_any_change() {
    let mut site = Site::new().await;
    let backup = site.newest();
    let folder = site.backups().first().unwrap().copies[1].path.clone();
    let folder = site.plant.path("nas").join(folder);
    let (object, manifest) = (folder.join("shop.db.zst.enc"), folder.join("manifest.json"));
    let good = std::fs::read(&object).unwrap();
    for wrong in [Wrong::Object, Wrong::Manifest, Wrong::Everything] {
        for step in 1.. {
            match wrong {
                Wrong::Object => std::fs::write(&object, "not what was written").unwrap(),
                Wrong::Manifest => std::fs::write(&manifest, "{").unwrap(),
                Wrong::Everything => std::fs::remove_dir_all(&folder).unwrap(),
            }
            site.plant.start();
            let check = site.plant.run(None, verify(backup, Level::Bytes, None)).await;
            assert_eq!(check.status, Status::Failed);
            site.plant.stop().await;
            let (killed, status) = site.killed_at(None, Request::Repair { backup }, step).await;
            let case = format!("{wrong:?} wrong, killed after change {step}, {status}");
            let state = site.backups().first().unwrap().copies[1].state;
            if status == Status::Success {
                assert_eq!(state, CopyState::Present, "{case}");
            }
            // What was whole in it is, whatever becomes of the copies elsewhere; half a copy where nothing was is gone.
            match wrong {
                Wrong::Object => assert!(manifest.exists() && object.exists(), "{case}"),
                Wrong::Manifest => assert!(std::fs::read(&object).is_ok_and(|bytes| bytes == good), "{case}"),
                Wrong::Everything => assert!(manifest.exists() || !folder.exists(), "{case}"),
            }
            // One that had been replaced and was not said to be is looked at again; whatever passes for good is.
            if state != CopyState::Present {
                site.succeeds(None, Request::Repair { backup }).await;
            }
            site.is_true(&case).await;
            site.plant.stop().await;
            if !killed {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_or_a_restore_killed_after_any_change() {
    let mut site = Site::new().await;
    let restore = RestoreRequest {
        backup: site.newest(),
        from: None,
        to: site.source,
        databases: vec![Renamed {
            database: "shop".to_owned(),
            target: "shop".to_owned(),
        }],
        globals: false,
        options: RestoreOptions {
            replace: true,
            ..RestoreOptions::default()
        },
    };
    let requests = [
        verify(site.newest(), Level::Restore, Some(site.source)),
        Request::Restore(restore),
    ];
    for request in requests {
        let mut running = true;
        for step in (1..).step_by(3) {
            if !running {
                break;
            }
            (running, _) = site.killed_at(None, request.clone(), step).await;
            let left: Vec<String> = files_below(site.plant.directory.path())
                .into_iter()
                .filter(|file| file.starts_with("home/state/scratch/") || file.contains(".part"))
                .filter(|file| file.contains("backstay"))
                .collect();
            assert_eq!(left, [""; 0], "{:?} killed after change {step}", request.kind());
            let database = Connection::open(site.plant.path("shop.db")).unwrap();
            let rows: i64 = database
                .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
                .unwrap();
            assert_eq!(rows, 300, "{:?} killed after change {step}", request.kind());
            site.succeeds(None, request.clone()).await;
            site.plant.stop().await;
        }
    }
    site.plant.start();
    site.is_true("in the end").await;
    site.plant.stop().await;
}
