//! What a screen reads: pages of runs, logs and backups from both ends, the days of a calendar, what a form may say, and
//! whether there is an engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that cannot do its work fails the test"
)]

#[path = "support/lib.rs"]
mod support;

use std::time::{Duration, Instant};

use backstay::clock::Clock;
use backstay::domain::adapter::{AdapterType, Health};
use backstay::domain::audit::Actor;
use backstay::domain::execution::{ExecutionType, LogLevel, LogLine, Progress, Request, Stage, Status, Trigger};
use backstay::domain::id::{AdapterId, ExecutionId, JobId};
use backstay::domain::job::Definition;
use backstay::domain::paging::Edge;
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::domain::{Error, Kind};
use backstay::ops::jobs::draft::{self, Field};
use backstay::ops::runs::{self, Direction, LogEdge, Search, Searched, Wanted};
use backstay::ops::status::{Following, Next};
use backstay::ops::watch::Changes;
use backstay::ops::{Session, adapters, audit, engine_process, jobs, status, system};
use backstay::store::executions::{NewExecution, Verdict};
use backstay::store::logs::NewLine;
use backstay::store::{adapters as adapter_rows, executions, health, logs};
use chrono_tz::Tz;
use support::engine::{JobPlan, Plant};
use support::home::Home;

/// The longest anything is waited for.
const LIMIT: Duration = Duration::from_secs(30);

const DAY: Duration = Duration::from_hours(24);

/// An installation at a fixed time with one job, whose history a test writes.
struct Past {
    plant: Plant,
    session: Session,
    /// The source and the destination of its jobs.
    adapters: (AdapterId, AdapterId),
    job: JobId,
}

impl Past {
    fn new(now: &str) -> Self {
        let plant = Plant::made_with(Clock::fixed(Timestamp::parse(now).unwrap()), |_| {});
        let source = plant.sqlite("files", &plant.path("files.db"));
        let nas = plant.local("nas");
        let session = Session {
            instance: plant.instance.clone(),
            actor: Actor::engine(),
        };
        let adapters = (source, nas);
        let job = job(&plant, adapters, "nightly");
        Self {
            plant,
            session,
            adapters,
            job,
        }
    }

    /// A backup of the job that was asked for at `at`, took a second for each try, and came to `status`.
    fn run(&self, at: Timestamp, status: Status, seconds: u64) -> ExecutionId {
        self.run_of((self.job, "nightly"), at, status, seconds)
    }

    /// The same of another job.
    fn run_of(&self, (job, name): (JobId, &str), at: Timestamp, status: Status, seconds: u64) -> ExecutionId {
        let new = NewExecution {
            job_id: Some(job),
            job_name: name.to_owned(),
            revision: Some(1),
            request: Request::Backup,
            trigger: Trigger::Schedule,
            triggered_by: String::new(),
            attempt: 1,
            source_id: None,
            not_before: at,
        };
        let verdict = Verdict {
            status,
            error: None,
            size: Some(1_000),
            progress: Progress::default(),
        };
        let store = &self.plant.instance.store;
        store
            .write(|db| {
                let id = executions::insert(db, &new, at)?;
                if status != Status::Pending {
                    executions::claim(db, id, at)?;
                    executions::finish(db, id, &verdict, at.plus(Duration::from_secs(seconds)))?;
                }
                Ok(id)
            })
            .unwrap()
    }

    fn says(&self, run: ExecutionId, lines: &[(LogLevel, &str)]) {
        let lines: Vec<NewLine> = lines
            .iter()
            .map(|(level, message)| NewLine {
                at: self.session.now(),
                level: *level,
                stage: Stage::Dump,
                message: (*message).to_owned(),
            })
            .collect();
        let store = &self.plant.instance.store;
        store.write(|db| logs::append(db, run, &lines)).unwrap();
    }
}

fn job(plant: &Plant, (source, nas): (AdapterId, AdapterId), name: &str) -> JobId {
    let plan = JobPlan {
        source,
        destinations: &[(nas, "nas", Policy::None)],
        profile: None,
        edit: &|_| {},
    };
    plant.job(name, &plan)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn messages(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn an_overview_says_of_each_job_what_is_said_of_it_alone() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let start = at("2026-11-01T03:00:00Z");
    // The first job has run so often since that the others are not among the newest runs.
    let others = [
        ("failing", Some(Status::Failed)),
        ("partly", Some(Status::Partial)),
        ("fine", Some(Status::Success)),
        ("never", None),
    ];
    for (name, status) in others {
        let job = job(&past.plant, past.adapters, name);
        if let Some(status) = status {
            past.run_of((job, name), start, status, 5);
        }
    }
    for hour in 1..20 {
        past.run(start.plus(hour * Duration::from_hours(1)), Status::Success, 1);
    }
    let overview = status::overview(&past.session).unwrap();
    assert_eq!(overview.jobs.len(), 5);
    for job in &overview.jobs {
        assert_eq!(*job, status::of_job(&past.session, &job.job).unwrap());
        assert_eq!(job.last_run.is_some(), job.job != "never", "{}", job.job);
    }
}

#[test]
fn what_comes_next_of_a_job_is_never_told_of_a_schedule_that_is_not_followed() {
    let past = Past::new("2026-11-21T12:00:00Z");
    past.run(at("2026-11-21T03:00:00Z"), Status::Success, 60);
    let look = || {
        let overview = status::overview(&past.session).unwrap();
        let job = overview.jobs[0].clone();
        (overview.next(&job), job.following)
    };
    let scheduled = |text: &str, enabled| {
        jobs::edit(&past.session, "nightly", |definition| {
            text.clone_into(&mut definition.schedule);
            definition.enabled = enabled;
            Ok(())
        })
        .unwrap();
    };
    scheduled("0 3 * * *", true);
    assert_eq!(look().1, Following::Followed);
    scheduled("0 3 * * *", false);
    assert_eq!(look(), (Next::NotEnabled, Following::NotEnabled));
    // There is nothing that could be followed.
    scheduled("", false);
    assert_eq!(look(), (Next::ByHand, Following::ByHand));
    scheduled("0 3 * * *", true);
    let end = at("2026-11-22T12:00:00Z");
    jobs::pause(&past.session, "nightly", end).unwrap();
    assert_eq!(look(), (Next::Paused(end), Following::Paused));
}

#[test]
fn a_failed_restore_is_told_until_one_succeeds_or_a_week_has_passed() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let restore = |when, status| {
        let run = past.run(at(when), status, 1);
        let store = &past.plant.instance.store;
        let change = |db: &backstay::store::Db| {
            Ok(db.execute(
                "UPDATE executions SET type = 'restore' WHERE id = ?1",
                [run.to_string()],
            )?)
        };
        assert_eq!(store.write(change).unwrap(), 1);
        run
    };
    let told = || {
        let overview = status::overview(&past.session).unwrap();
        let named = overview.unrepaired().contains(&("nightly", "restore failed"));
        let run = overview.jobs[0].restore_failed.as_ref().map(|failed| failed.run);
        assert_eq!(named, run.is_some());
        run
    };
    restore("2026-11-10T03:00:00Z", Status::Failed);
    assert_eq!(told(), None, "a week has passed");
    let failed = restore("2026-11-20T03:00:00Z", Status::Failed);
    assert_eq!(told(), Some(failed));
    restore("2026-11-20T04:00:00Z", Status::Success);
    assert_eq!(told(), None);
}

#[test]
fn runs_are_paged_from_both_ends_and_next_to_one() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let start = at("2026-11-01T03:00:00Z");
    let verdicts = [
        Status::Success,
        Status::Failed,
        Status::Success,
        Status::Partial,
        Status::Success,
    ];
    let ids: Vec<ExecutionId> = (0..)
        .zip(verdicts)
        .map(|(day, status)| past.run(start.plus(day * DAY), status, 1))
        .collect();
    let [first, second, third, fourth, fifth] = ids.as_slice() else {
        panic!("five runs were made");
    };
    let page = |wanted: &Wanted, edge| {
        let page = runs::page(&past.session, wanted, edge, 2).unwrap();
        page.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let all = Wanted::default();
    assert_eq!(page(&all, Edge::Newest), [*fifth, *fourth]);
    assert_eq!(page(&all, Edge::Before(*fourth)), [*third, *second]);
    assert_eq!(page(&all, Edge::Oldest), [*second, *first]);
    assert_eq!(page(&all, Edge::After(*second)), [*fourth, *third]);

    let wrong = Wanted {
        job: Some("nightly".to_owned()),
        statuses: vec![Status::Partial, Status::Failed],
        kind: Some(ExecutionType::Backup),
        ..Wanted::default()
    };
    assert_eq!(page(&wrong, Edge::Newest), [*fourth, *second]);
    assert_eq!(page(&wrong, Edge::After(*second)), [*fourth]);
    let some_days = Wanted {
        since: Some(start.plus(DAY)),
        until: Some(start.plus(3 * DAY)),
        ..Wanted::default()
    };
    assert_eq!(page(&some_days, Edge::Newest), [*third, *second]);
    assert_eq!(runs::count(&past.session, &some_days, 100).unwrap(), 2);
    assert_eq!(runs::count(&past.session, &all, 3).unwrap(), 3);
}

#[test]
fn a_log_is_paged_searched_and_saved() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let run = past.run(at("2026-11-21T03:00:00Z"), Status::Failed, 60);
    let other = past.run(at("2026-11-21T04:00:00Z"), Status::Success, 60);
    past.says(run, &[(LogLevel::Info, "one"), (LogLevel::Error, "two")]);
    past.says(other, &[(LogLevel::Error, "of another")]);
    past.says(
        run,
        &[
            (LogLevel::Info, "three"),
            (LogLevel::Warn, "Disk full"),
            (LogLevel::Info, "five"),
        ],
    );
    let page = |edge, level, limit| runs::log_page(&past.session, run, edge, level, limit).unwrap();
    let all = page(LogEdge::First, LogLevel::Info, 100);
    assert_eq!(messages(&all), ["one", "two", "three", "Disk full", "five"]);
    let [_, two, three, disk, five] = all.as_slice() else {
        panic!("five lines were written");
    };
    assert_eq!(messages(&page(LogEdge::Last, LogLevel::Info, 2)), ["Disk full", "five"]);
    assert_eq!(messages(&page(LogEdge::Before(three.id), LogLevel::Info, 1)), ["two"]);
    assert_eq!(
        messages(&page(LogEdge::After(two.id), LogLevel::Warn, 2)),
        ["Disk full"]
    );
    assert_eq!(messages(&page(LogEdge::Last, LogLevel::Warn, 9)), ["two", "Disk full"]);

    let next_error = |after| runs::log_next_error(&past.session, run, after).unwrap();
    assert_eq!((next_error(0), next_error(two.id)), (Some(two.id), None));

    let search = |text: &str, from, direction, at_most_lines| {
        let search = Search {
            text: text.to_owned(),
            from,
            direction,
            level: LogLevel::Info,
            at_most_lines,
        };
        runs::log_search(&past.session, run, &search).unwrap()
    };
    assert_eq!(
        search("disk FULL", 0, Direction::Forwards, 100),
        Searched::Found(disk.id)
    );
    assert_eq!(
        search("e", five.id, Direction::Backwards, 100),
        Searched::Found(three.id)
    );
    assert_eq!(search("nowhere", 0, Direction::Forwards, 100), Searched::NotFound);
    assert_eq!(
        search("disk", 0, Direction::Forwards, 2),
        Searched::Unfinished { from: two.id }
    );

    let target = past.plant.path("saved.log");
    assert_eq!(runs::save_log(&past.session, run, &target).unwrap(), 5);
    let saved = std::fs::read_to_string(&target).unwrap();
    assert_eq!(saved.lines().count(), 5);
    assert!(saved.lines().next().unwrap().contains("one"), "{saved}");
    let refused = runs::save_log(&past.session, run, &target).unwrap_err();
    assert_eq!(
        (refused.kind, refused.next.as_str()),
        (Kind::Refused, "choose another name")
    );
}

#[test]
fn a_day_shows_its_worst_outcome_in_the_operators_zone() {
    let past = Past::new("2026-11-21T12:00:00Z");
    // Half past midnight in Zurich, and still the day before in UTC.
    past.run(at("2026-11-19T23:30:00Z"), Status::Failed, 1);
    past.run(at("2026-11-20T03:00:00Z"), Status::Success, 1);
    past.run(at("2026-11-18T03:00:00Z"), Status::Cancelled, 1);
    past.run(at("2026-11-18T04:00:00Z"), Status::Success, 1);
    past.run(at("2026-11-17T04:00:00Z"), Status::Skipped, 1);
    past.run(at("2026-11-21T11:00:00Z"), Status::Pending, 1);
    past.run(at("2026-11-01T11:00:00Z"), Status::Failed, 1);
    let shown = |zone| {
        let days = runs::calendar(&past.session, Some("nightly"), 5, zone).unwrap();
        days.iter()
            .map(|day| {
                let outcome = day.outcome.map_or("-", Status::as_str);
                format!("{} {outcome}", day.date)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(Tz::Europe__Zurich),
        [
            "2026-11-17 skipped",
            "2026-11-18 success",
            "2026-11-19 -",
            "2026-11-20 failed",
            "2026-11-21 -"
        ]
    );
    assert_eq!(
        shown(Tz::UTC),
        [
            "2026-11-17 skipped",
            "2026-11-18 success",
            "2026-11-19 failed",
            "2026-11-20 success",
            "2026-11-21 -"
        ]
    );
}

#[test]
fn a_job_tells_its_last_runs_and_how_long_they_take() {
    let past = Past::new("2026-11-21T12:00:00Z");
    for (day, (status, seconds)) in (0..).zip([
        (Status::Success, 10),
        (Status::Skipped, 500),
        (Status::Failed, 900),
        (Status::Success, 30),
        (Status::Partial, 20),
    ]) {
        past.run(at("2026-11-10T03:00:00Z").plus(day * DAY), status, seconds);
    }
    let history = jobs::history(&past.session, "nightly", 3).unwrap();
    let shown: Vec<_> = history.runs.iter().map(|run| (run.status, run.duration_ms)).collect();
    let expected = [
        (Status::Failed, 900_000),
        (Status::Success, 30_000),
        (Status::Partial, 20_000),
    ];
    assert_eq!(shown, expected.map(|(status, ms)| (status, Some(ms))));
    assert_eq!((history.p50_ms, history.p95_ms), (Some(20_000), Some(30_000)));
    assert_eq!(history.standing.last_run, history.runs.last().map(|run| run.id));
    assert!(history.standing.last_good.is_none());
}

#[test]
fn the_audit_log_is_paged_by_time_and_completes_names() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let clock = &past.plant.instance.clock;
    for (hour, name) in (1..).zip(["ada", "jo", "ada"]) {
        clock.set(at("2026-11-21T12:00:00Z").plus(Duration::from_hours(hour)));
        let actor = Actor {
            name: name.to_owned(),
            ..Actor::engine()
        };
        let session = Session {
            actor,
            ..past.session.clone()
        };
        jobs::pause(&session, "nightly", session.now().plus(DAY)).unwrap();
    }
    jobs::resume(&past.session, "nightly").unwrap();
    let page = |filter: &audit::Wanted, edge| {
        let rows = audit::page(&past.session, filter, edge, 2).unwrap();
        rows.iter().map(|row| (row.seq, row.actor.clone())).collect::<Vec<_>>()
    };
    let named = |seq: i64, name: &str| (seq, name.to_owned());
    let all = audit::Wanted::default();
    assert_eq!(page(&all, Edge::Oldest), [named(2, "jo"), named(1, "ada")]);
    assert_eq!(page(&all, Edge::After(1)), [named(3, "ada"), named(2, "jo")]);
    let of_nightly = audit::Wanted {
        thing: Some("nightly".to_owned()),
        since: Some(at("2026-11-21T14:00:00Z")),
        until: Some(at("2026-11-21T15:00:00Z")),
        ..audit::Wanted::default()
    };
    assert_eq!(page(&of_nightly, Edge::Newest), [named(2, "jo")]);
    // Two people, each with an index of their own, are one list.
    let by_some = audit::Wanted {
        actor: Some("A".to_owned()),
        action: Some("paus".to_owned()),
        thing: Some("night".to_owned()),
        ..audit::Wanted::default()
    };
    assert_eq!(page(&by_some, Edge::Newest), [named(3, "ada"), named(1, "ada")]);
    let by_more = audit::Wanted {
        actor: Some("n".to_owned()),
        ..audit::Wanted::default()
    };
    assert_eq!(page(&by_more, Edge::Newest), [named(4, "engine")]);
    let paused_and_resumed = audit::Wanted {
        action: Some("job.".to_owned()),
        ..audit::Wanted::default()
    };
    assert_eq!(page(&paused_and_resumed, Edge::Newest), page(&all, Edge::Newest));
    assert_eq!(page(&paused_and_resumed, Edge::Before(3)), page(&all, Edge::Before(3)));
    assert_eq!(page(&paused_and_resumed, Edge::After(1)), page(&all, Edge::After(1)));
    assert_eq!(page(&paused_and_resumed, Edge::Oldest), page(&all, Edge::Oldest));
    assert_eq!(audit::actors(&past.session).unwrap(), ["ada", "engine", "jo"]);
    assert_eq!(audit::actions(&past.session).unwrap(), ["job.pause", "job.resume"]);
}

#[test]
fn probes_are_told_oldest_first_and_kept_up_to_a_number() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let store = &past.plant.instance.store;
    let nas = store.read(|db| adapter_rows::find(db, "nas")).unwrap();
    assert_eq!(nas.kind, AdapterType::Destination);
    let down = Error::failed("no answer");
    store
        .write(|db| {
            for minute in 0..4 {
                let now = past.session.now().plus(Duration::from_mins(minute));
                adapter_rows::record_probe(db, nas.id, Err(&down), now)?;
            }
            health::keep_newest(db, nas.id, 3)
        })
        .unwrap();
    let checks = adapters::health(&past.session, "nas", 10).unwrap();
    let states: Vec<Health> = checks.iter().map(|check| check.status).collect();
    assert_eq!(states, [Health::Degraded, Health::Offline, Health::Offline]);
    assert!(checks.is_sorted_by_key(|check| check.at));
    let older = past.session.now().plus(Duration::from_mins(3));
    store.write(|db| health::prune(db, older)).unwrap();
    assert_eq!(adapters::health(&past.session, "nas", 10).unwrap().len(), 1);
}

#[test]
fn a_form_hears_of_every_mistake_beside_its_field() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let good = jobs::find(&past.session, "nightly").unwrap().definition;
    let faults = |definition: &Definition, replacing| {
        let faults = draft::check(&past.session, definition, replacing).unwrap();
        faults.iter().map(|fault| fault.field).collect::<Vec<_>>()
    };
    assert_eq!(faults(&good, Some("nightly")), []);
    assert_eq!(faults(&good, None), [Field::Name]);
    let mut bad = good.clone();
    bad.schedule = "61 * * * *".to_owned();
    bad.source = "nas".to_owned();
    bad.profile = Some("nobody".to_owned());
    bad.destinations.extend(good.destinations.clone());
    bad.destinations.first_mut().unwrap().adapter = "nowhere".to_owned();
    assert_eq!(
        faults(&bad, Some("nightly")),
        [Field::Source, Field::Schedule, Field::Profile, Field::Destination(0)]
    );

    let reading = draft::describe(&past.session, "0 3 * * *", "Europe/Zurich", 2).unwrap();
    assert_eq!(
        reading.next_fires,
        [at("2026-11-22T02:00:00Z"), at("2026-11-23T02:00:00Z")]
    );
    assert_eq!(reading.zone_name, "Europe/Zurich");
    assert!(draft::describe(&past.session, "61 * * * *", "UTC", 1).is_err());
}

#[test]
fn the_system_tells_of_its_database() {
    let past = Past::new("2026-11-21T12:00:00Z");
    let facts = system::facts(&past.session).unwrap();
    let rows = |name: &str| {
        facts
            .tables
            .iter()
            .find(|table| table.name == name)
            .map(|table| table.rows)
    };
    assert_eq!(
        (rows("adapters"), rows("jobs"), rows("executions")),
        (Some(2), Some(1), Some(0))
    );
    assert_eq!(rows("_migrations"), None);
    assert_eq!(facts.database.page_bytes, 4096);
    assert!(facts.database.file_bytes + facts.database.wal_bytes >= facts.database.page_bytes * facts.database.pages);
    assert!(facts.database.schema.starts_with("0005"), "{}", facts.database.schema);
    assert_eq!(system::quick_check(&past.session).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_console_learns_at_once_that_an_engine_came_and_that_it_went() {
    let home = Home::new();
    let session = Session::open(Some(&home.path())).unwrap();
    let within = |wait| tokio::time::timeout(LIMIT, wait);
    within(Box::pin(engine_process::gone(&session))).await.unwrap().unwrap();

    let mut changes = Changes::new(&session).unwrap();
    let engine = home.start_engine();
    tokio::time::timeout(LIMIT, changes.changed()).await.unwrap().unwrap();
    let status = engine_process::status(&session).unwrap();
    assert!(status.engine.is_some_and(|engine| engine.ready));

    let mut gone = Box::pin(engine_process::gone(&session));
    assert!(futures_util::poll!(&mut gone).is_pending());
    let killed = Instant::now();
    engine.kill();
    within(gone).await.unwrap().unwrap();
    assert!(killed.elapsed() < Duration::from_millis(500), "{:?}", killed.elapsed());
    assert!(!engine_process::status(&session).unwrap().running);
}

#[tokio::test]
async fn a_process_that_got_the_engines_number_is_not_the_engine() {
    let home = Home::new();
    let session = Session::open(Some(&home.path())).unwrap();
    home.start_engine().kill();
    // The note stays behind; by now its number belongs to somebody else, here to this test.
    let lock = session.instance.paths.lock();
    let mut note: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&lock).unwrap()).unwrap();
    assert!(note["born"].is_u64(), "{note}");
    note["pid"] = std::process::id().into();
    std::fs::write(&lock, note.to_string()).unwrap();
    tokio::time::timeout(LIMIT, engine_process::gone(&session))
        .await
        .unwrap()
        .unwrap();
}
