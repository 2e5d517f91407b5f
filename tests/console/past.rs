//! What ran before a test looks: rows as an engine leaves them, and an engine that is up as far as anybody can see.

#![allow(dead_code, reason = "what one part of the console does not need, another does")]

use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::Error;
use backstay::domain::execution::{Execution, Failure, LogLevel, Progress, Request, Stage, Status, Trigger};
use backstay::domain::id::ExecutionId;
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::engine::lock::EngineLock;
use backstay::store::executions::{self, NewExecution, Verdict};
use backstay::store::logs::{self, NewLine};
use backstay::store::{adapters, jobs};

use crate::desk;
use crate::support::engine::{JobPlan, Plant};

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Two jobs, `nightly` and `shop`, each of an SQLite file to two directories, at [`desk::now`].
pub fn plant() -> Plant {
    let plant = Plant::made_with(Clock::fixed(desk::now()), |_| {});
    add_jobs(&plant);
    plant
}

/// Adds the two jobs.
pub fn add_jobs(plant: &Plant) {
    let (nas, disk) = (plant.local("nas"), plant.local("disk-b"));
    for name in ["nightly", "shop"] {
        let path = plant.path(&format!("{name}.db"));
        let script = "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(300000));";
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(script)
            .unwrap();
        let source = plant.sqlite(&format!("{name}-db"), &path);
        let plan = JobPlan {
            source,
            destinations: &[(nas, "nas", Policy::None), (disk, "disk-b", Policy::None)],
            profile: None,
            edit: &|_| {},
        };
        plant.job(name, &plan);
    }
}

/// A run as it stands. By default the job `nightly`, which the schedule had backed up with success.
pub struct Ran<'a> {
    pub job: &'a str,
    /// When it was asked for, and started.
    pub at: &'a str,
    pub status: Status,
    pub took: Duration,
    pub size: Option<u64>,
    /// What, of what, and what to do. Several, each with what it is of, are apart by `; `.
    pub error: Option<(&'a str, &'a str, &'a str)>,
    pub request: Request,
    pub trigger: Trigger,
    pub by: &'a str,
    pub attempt: u32,
    pub not_before: Option<&'a str>,
    pub progress: Progress,
}

impl Default for Ran<'_> {
    fn default() -> Self {
        Self {
            job: "nightly",
            at: "2026-03-10T02:00:00Z",
            status: Status::Success,
            took: Duration::from_secs(130),
            size: Some(4_402_341_478),
            error: None,
            request: Request::Backup,
            trigger: Trigger::Schedule,
            by: "due 2026-03-10T02:00:00Z",
            attempt: 1,
            not_before: None,
            progress: Progress {
                stages: vec![
                    (Stage::Initialize, 140),
                    (Stage::Dump, 121_300),
                    (Stage::Verify, 8_200),
                    (Stage::Retention, 90),
                ],
                ..Progress::default()
            },
        }
    }
}

/// Adds a run.
pub fn add(plant: &Plant, ran: &Ran<'_>) -> ExecutionId {
    let start = at(ran.at);
    let new = |db: &backstay::store::Db| -> backstay::domain::Result<NewExecution> {
        let job = jobs::by_name(db, ran.job)?;
        Ok(NewExecution {
            job_id: job.as_ref().map(|job| job.id),
            job_name: ran.job.to_owned(),
            revision: Some(3),
            request: ran.request.clone(),
            trigger: ran.trigger,
            triggered_by: ran.by.to_owned(),
            attempt: ran.attempt,
            source_id: None,
            not_before: ran.not_before.map_or(start, at),
        })
    };
    let failure = ran.error.map(|(message, object, next)| {
        let each = message.split("; ").map(|part| match part.split_once(": ") {
            Some((object, what)) if message.contains("; ") => Error::failed(what).on(object),
            _ => Error::failed(part).on(object),
        });
        Failure::from(&Error::several(each.collect()).unwrap().next(next))
    });
    plant
        .instance
        .store
        .write(|db| {
            let id = executions::insert(db, &new(db)?, start)?;
            match ran.status {
                Status::Pending => return Ok(id),
                Status::Skipped => {
                    executions::skip(db, id, failure.as_ref().unwrap(), start)?;
                    return Ok(id);
                }
                _ => executions::claim(db, id, start)?,
            };
            executions::heartbeat(db, id, &ran.progress, start)?;
            let verdict = Verdict {
                status: ran.status,
                error: failure.clone(),
                size: ran.size,
                progress: ran.progress.clone(),
            };
            if ran.status != Status::Running {
                executions::finish(db, id, &verdict, start.plus(ran.took))?;
            }
            Ok(id)
        })
        .unwrap()
}

/// One of each: what ran, what failed and how, what runs and what waits.
pub fn history(plant: &Plant) {
    let earlier = [
        ("2026-03-08T02:00:00Z", Duration::from_secs(128), 4_390_000_000),
        ("2026-03-09T02:00:00Z", Duration::from_secs(131), 4_396_000_000),
    ];
    for (at, took, size) in earlier {
        add(
            plant,
            &Ran {
                at,
                took,
                size: Some(size),
                ..Ran::default()
            },
        );
    }
    add(
        plant,
        &Ran {
            job: "shop",
            at: "2026-03-09T11:30:00Z",
            status: Status::Failed,
            took: Duration::from_secs(3),
            size: None,
            error: Some((
                "cannot connect: connection refused",
                "source shop-db",
                "check that the server runs, then `backstay run shop`",
            )),
            trigger: Trigger::CatchUp,
            by: "due 2026-03-09T03:00:00.000Z",
            ..Ran::default()
        },
    );
    add(
        plant,
        &Ran {
            status: Status::Partial,
            error: Some((
                "copy at nas: No space left on device; database crm: permission denied; retention at disk-b: the folder could not be listed",
                "",
                "free some space at nas, then `backstay backup repair`",
            )),
            ..Ran::default()
        },
    );
    let told = Some(("cancelled before start", "", "`backstay runs retry` asks for it again"));
    let skipped = Ran {
        at: "2026-03-10T09:12:00Z",
        status: Status::Skipped,
        size: None,
        error: told,
        ..Ran::default()
    };
    add(
        plant,
        &Ran {
            trigger: Trigger::Cli,
            by: "ben",
            progress: Progress::default(),
            ..skipped
        },
    );
}

/// A run of `shop` that is at its dump.
pub fn running(plant: &Plant) -> ExecutionId {
    let copies = [("disk-b".to_owned(), 402_653_184), ("nas".to_owned(), 201_326_592)];
    let progress = Progress {
        stage: Some(Stage::Dump),
        object: "crm".to_owned(),
        objects_done: 1,
        objects_total: 3,
        plain_bytes: 780_140_544,
        estimated_bytes: 1_258_291_200,
        compressing_rest: false,
        copies: copies.into_iter().collect(),
        stages: vec![(Stage::Initialize, 2_000)],
        ..Progress::default()
    };
    add(
        plant,
        &Ran {
            job: "shop",
            at: "2026-03-10T14:44:58Z",
            status: Status::Running,
            trigger: Trigger::Manual,
            by: "anna",
            progress,
            ..Ran::default()
        },
    )
}

/// It ends well.
pub fn ends(plant: &Plant, run: ExecutionId) {
    let verdict = Verdict {
        status: Status::Success,
        error: None,
        size: Some(1_258_291_200),
        progress: plant.execution(run).progress,
    };
    let now = plant.instance.clock.now();
    let store = &plant.instance.store;
    store.write(|db| executions::finish(db, run, &verdict, now)).unwrap();
}

/// A second try of `nightly` that waits for its time.
pub fn waiting(plant: &Plant) -> ExecutionId {
    add(
        plant,
        &Ran {
            at: "2026-03-10T14:40:00Z",
            status: Status::Pending,
            trigger: Trigger::Retry,
            by: "run 0123abcd failed",
            attempt: 2,
            not_before: Some("2026-03-10T14:50:30Z"),
            progress: Progress::default(),
            ..Ran::default()
        },
    )
}

/// An engine is up for as long as this is held.
pub fn engine(plant: &Plant) -> EngineLock {
    let mut lock = EngineLock::take(&plant.instance.paths, at("2026-02-26T10:00:00Z")).unwrap();
    lock.ready().unwrap();
    lock
}

/// A run says something, a line each second from its start.
pub fn says(plant: &Plant, run: ExecutionId, lines: &[(LogLevel, Stage, &str)]) {
    let run = plant.execution(run);
    let start = run.started_at.unwrap_or(run.created_at);
    let lines: Vec<NewLine> = (0_u64..)
        .zip(lines)
        .map(|(second, (level, stage, message))| NewLine {
            at: start.plus(Duration::from_secs(second)),
            level: *level,
            stage: *stage,
            message: (*message).to_owned(),
        })
        .collect();
    plant
        .instance
        .store
        .write(|db| logs::append(db, run.id, &lines))
        .unwrap();
}

/// Backs `nightly` up for real, at the time `when`.
pub fn real_backup(plant: &mut Plant, when: &str) -> Execution {
    let after = plant.instance.clock.now();
    plant.instance.clock.set(at(when));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = runtime.block_on(async {
        let job = plant.instance.store.read(|db| jobs::find(db, "nightly")).unwrap();
        plant.start();
        let run = plant.run(Some(job.id), Request::Backup).await;
        plant.stop().await;
        run
    });
    plant.instance.clock.set(after);
    run
}

/// The id of an adapter.
pub fn adapter(plant: &Plant, name: &str) -> backstay::domain::id::AdapterId {
    let all = plant.instance.store.read(adapters::list).unwrap();
    all.iter().find(|adapter| adapter.name == name).unwrap().id
}

/// So many probes of an adapter have failed, one after the other.
pub fn ails(plant: &Plant, adapter: &str, failures: u32) {
    let write = |db: &backstay::store::Db| {
        let all = adapters::list(db)?;
        let id = all.iter().find(|known| known.name == adapter).unwrap().id;
        for _ in 0..failures {
            let error = Error::failed("it does not answer");
            adapters::record_probe(db, id, Err(&error), desk::now())?;
        }
        Ok(())
    };
    plant.instance.store.write(write).unwrap();
}
