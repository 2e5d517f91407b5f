//! Large numbers: 10,000 jobs on schedule and one look at what is due; a store with 1,000,000 runs, 10,000,000 log lines and
//! 100,000 backups, and every query behind a list.
//!
//! `cargo bench --bench scale`. `BACKSTAY_BENCH_SCALE=0.01` makes the store smaller.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark that cannot do its work stops, and its report goes to the terminal"
)]

#[path = "../support/lists.rs"]
mod lists;
#[path = "../support/lib.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backstay::clock::Clock;
use backstay::domain::audit::Actor;
use backstay::domain::id::{AdapterId, JobId};
use backstay::domain::job::{Compression, Definition, Job, Options, Selection};
use backstay::domain::paging::Edge;
use backstay::domain::time::Timestamp;
use backstay::engine::plan::Plan;
use backstay::instance::Instance;
use backstay::ops::{Session, backups, jobs, runs, status, system};
use backstay::store::{Db, executions};
use lists::{Query, Size, fill, queries, whole_lists};
use support::engine::Plant;

/// What a look at the schedule and what a list may take.
const LIMIT: Duration = Duration::from_millis(10);

/// How often each query is asked.
const TIMES: usize = 21;

const JOBS: u64 = 10_000;

fn main() {
    // `cargo test --all-targets` runs this file too, and without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return println!("run this by `cargo bench --bench scale`");
    }
    schedule();
    store();
}

fn schedule() {
    let start = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
    let mut plan = Plan::default();
    let began = Instant::now();
    for number in 0..JOBS {
        plan.put(&job(number, start), start).unwrap();
    }
    println!("{JOBS} jobs: planned in {:.1} ms", millis(began.elapsed()));
    let mut took = Vec::new();
    let (mut fires, mut most) = (0, 0);
    for minute in 1..=1440 {
        let now = start.plus(Duration::from_secs(60 * minute));
        let began = Instant::now();
        let due = plan.due(now).len();
        let next = plan.next_fire();
        took.push(began.elapsed());
        assert!(next.is_some_and(|next| next > now));
        fires += due;
        most = most.max(due);
    }
    println!(
        "one look each minute of a day, {fires} fires, at most {most} at once: {}",
        figures(&mut took)
    );
}

/// One in ten each five minutes, the others once a day at a minute of their own.
fn job(number: u64, start: Timestamp) -> Job {
    let schedule = if number.is_multiple_of(10) {
        format!("{}-59/5 * * * *", number / 10 % 5)
    } else {
        format!("{} {} * * *", number % 60, number / 60 % 24)
    };
    let zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];
    let zone = zones.into_iter().cycle().nth(number as usize % zones.len());
    Job {
        id: JobId::generate(start),
        definition: Definition {
            name: format!("job {number}"),
            source: "server".to_owned(),
            schedule,
            timezone: zone.unwrap_or("UTC").to_owned(),
            enabled: true,
            compression: Compression::default(),
            profile: None,
            selection: Selection::default(),
            options: Options::default(),
            destinations: Vec::new(),
            hooks: Vec::new(),
        },
        revision: 1,
        source_id: AdapterId::generate(start),
        profile_id: None,
        destination_ids: Vec::new(),
        paused_until: None,
        scheduled_through: start,
        awake_since: start,
        created_at: start,
        revised_at: start,
        updated_at: start,
    }
}

fn store() {
    let scale = std::env::var("BACKSTAY_BENCH_SCALE").map_or(1.0, |text| text.parse::<f64>().unwrap());
    let of = |count: f64| (count * scale) as u64;
    let size = Size {
        jobs: 500,
        executions: of(1e6),
        // And as many once more in one long log.
        lines_per_execution: 5,
        backups: of(1e5),
        audit_rows: of(1e5),
    };
    let plant = Plant::new();
    let began = Instant::now();
    plant
        .instance
        .store
        .write(|db| {
            fill(db, &size);
            Ok(())
        })
        .unwrap();
    println!(
        "\nstore with {} runs, {} log lines, {} backups with two copies each, {} audit rows: {} MB, made in {:.0} s",
        size.executions,
        2 * size.executions * size.lines_per_execution,
        size.backups,
        size.audit_rows,
        plant.instance.store.path().metadata().unwrap().len() / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    let mut all: Vec<Duration> = Vec::new();
    let mut slow = 0;
    for query in queries(&size).iter().chain(&whole_lists()) {
        let mut took: Vec<Duration> = (0..TIMES).map(|_| time(&plant, query)).collect();
        let shown = figures(&mut took);
        let is_slow = took.last().is_some_and(|most| *most > LIMIT);
        slow += usize::from(is_slow);
        if is_slow || std::env::var_os("BACKSTAY_BENCH_ALL").is_some() {
            println!("  {:<80} {shown}", query.name);
        }
        all.extend(took);
    }
    println!(
        "all queries, {TIMES} times each: {}; {slow} above {} ms",
        figures(&mut all),
        LIMIT.as_millis()
    );
    let newest = plant
        .instance
        .store
        .read(|db| executions::list(db, &executions::Filter::default(), Edge::Newest, 1))
        .unwrap();
    first_screen(&plant, newest.first().unwrap().id.made_at());
}

/// What a console does before it can show anything: it opens the installation and asks for the overview. Each time on new
/// connections, whose pages have to be read and decrypted again.
fn first_screen(plant: &Plant, now: Timestamp) {
    let mut parts: Vec<(&str, Vec<Duration>)> = Vec::new();
    let mut whole = Vec::new();
    for _ in 0..TIMES {
        let mut began = Instant::now();
        let start = began;
        let mut note = |name, until: Instant| {
            let took = until.duration_since(began);
            began = Instant::now();
            match parts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(took),
                None => parts.push((name, vec![took])),
            }
        };
        let paths = plant.instance.paths.clone();
        let instance = Arc::new(Instance::open(paths, Clock::fixed(now)).unwrap());
        let actor = Actor::engine();
        let session = Session { instance, actor };
        note("open", Instant::now());
        status::overview(&session).unwrap();
        note("overview", Instant::now());
        runs::calendar(&session, None, 84, chrono_tz::Tz::Europe__Zurich).unwrap();
        note("calendar", Instant::now());
        backups::storage(&session).unwrap();
        note("storage", Instant::now());
        runs::page(&session, &runs::Wanted::default(), Edge::Newest, 50).unwrap();
        note("runs", Instant::now());
        whole.push(start.elapsed());
        jobs::history(&session, "job 1", 30).unwrap();
        note("not on it: one job", Instant::now());
        system::facts(&session).unwrap();
        note("not on it: system", Instant::now());
    }
    println!("\nfirst screen, on a connection of its own: {}", figures(&mut whole));
    for (name, mut took) in parts {
        println!("  {name:<20} {}", figures(&mut took));
    }
}

fn time(plant: &Plant, query: &Query) -> Duration {
    let began = Instant::now();
    plant.instance.store.read(|db: &Db| (query.run)(db)).unwrap();
    began.elapsed()
}

/// Sorts, and names the middle and the largest.
fn figures(took: &mut [Duration]) -> String {
    took.sort();
    let at = |index: usize| millis(took.get(index).copied().unwrap_or_default());
    format!("median {:.2} ms, most {:.2} ms", at(took.len() / 2), at(took.len() - 1))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
