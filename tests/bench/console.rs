//! What the console costs by the clock, in memory and on the line: the real program in a real terminal, over a home with a
//! million runs.
//!
//! `cargo bench --bench console`. `BACKSTAY_BENCH_RUNS=10000` and `BACKSTAY_BENCH_JOBS=50` say how many runs and jobs there
//! are. Each figure stands beside its budget; figures depend on the machine and fail nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot do its work stops, and its report goes to the terminal"
)]

#[path = "console/desk.rs"]
mod desk;
#[path = "console/figures.rs"]
mod figures;
#[path = "../support/lists.rs"]
#[allow(dead_code, reason = "the queries in it are for the benchmark of scale")]
mod lists;
#[path = "console/past.rs"]
mod past;
#[path = "../support/lib.rs"]
mod support;
#[path = "console/usage.rs"]
mod usage;

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use desk::Desk;
use figures::{Report, Sample};
use support::home::{BINARY, Home};
use usage::{Memory, Usage};

/// How often it is started.
const STARTS: usize = 21;

/// Keys whose answer is timed.
const KEYS: usize = 500;

/// Changes in one console that are awaited in another.
const CHANGES: usize = 20;

/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(10);

/// Between two keys of somebody who types.
const TYPING: Duration = Duration::from_millis(100);

/// The answer to a key is out within this, and what is read about a row that stays selected is not yet.
const ANSWER: Duration = Duration::from_millis(40);

fn main() {
    // `cargo test --all-targets` runs this file too, and without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return println!("run this by `cargo bench --bench console`");
    }
    let home = past::home(
        number("BACKSTAY_BENCH_RUNS", 1_000_000),
        number("BACKSTAY_BENCH_JOBS", 500),
    );
    let mut report = Report::new();
    start(&home, &mut report);
    let desk = Desk::open(&home);
    keys(&desk, &mut report);
    moves(&desk, &mut report);
    idle(&desk, &mut report);
    two(&desk, &home, &mut report);
    memory(&desk, &mut report);
    report.end();
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// From the start of the program to a first screen with everything on it; and what a process costs that does nothing.
fn start(home: &Home, report: &mut Report) {
    let bare = Sample::of((0..STARTS).map(|_| {
        let began = Instant::now();
        let ran = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", BINARY, "--version"])
            .output();
        assert!(ran.unwrap().status.success());
        began.elapsed()
    }));
    let (mut whole, mut frames) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let began = Instant::now();
        let desk = Desk::open(home);
        whole.push(desk.full_at - began);
        frames = frames.max(desk.arrivals());
    }
    let whole = Sample::of(whole);
    report.line(
        "start to a full first screen",
        &format!("median {}, most {}", whole.median(), whole.most()),
        "40 ms",
        whole.most_is_within(Duration::from_millis(40)),
    );
    println!(
        "  a process that says its version and ends: median {}; reads of the terminal until the screen was full: {frames}",
        bare.median()
    );
}

/// From a key to the first byte of its answer, down a list of all runs.
fn keys(desk: &Desk, report: &mut Report) {
    desk.pane("3", "STATUS");
    let answers = Sample::of((0..KEYS).map(|_| desk.answer_to("j", TYPING)));
    report.line(
        &format!("a key to its first byte, {KEYS} × j down the runs"),
        &format!(
            "p50 {}, p99 {}, most {}",
            answers.median(),
            answers.at(0.99),
            answers.most()
        ),
        "1 ms, 8 ms",
        answers.median_is_within(Duration::from_millis(1)) && answers.is_within(0.99, Duration::from_millis(8)),
    );
}

/// Bytes of a move of the selection, and of all that follows it.
fn moves(desk: &Desk, report: &mut Report) {
    for (pane, sign, name) in [
        ("1", "Twelve weeks", "overview"),
        ("2", "restorable", "jobs"),
        ("3", "STATUS", "runs"),
        ("4", "TAKEN", "backups"),
        ("6", "ACTION", "audit"),
    ] {
        desk.pane(pane, sign);
        desk.press("g", 4 * TYPING);
        let (mut at_once, mut in_all) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            let before = desk.written();
            desk.press("j", ANSWER);
            at_once.push(desk.written() - before);
            sleep(4 * TYPING);
            in_all.push(desk.written() - before);
        }
        at_once.sort_unstable();
        in_all.sort_unstable();
        report.line(
            &format!("bytes of a move, {name}"),
            &format!(
                "median {}, most {}; with what follows {}, {}",
                at_once[4], at_once[8], in_all[4], in_all[8]
            ),
            "400",
            at_once[8] <= 400,
        );
    }
}

/// What it does while nothing happens.
fn idle(desk: &Desk, report: &mut Report) {
    for (pane, sign, name) in [("1", "Twelve weeks", "overview"), ("3", "STATUS", "runs")] {
        desk.pane(pane, sign);
        // The clock in the header changes once a minute: not now.
        past::well_within_a_minute(IDLE + 4 * TYPING);
        sleep(4 * TYPING);
        let (before, written) = (Usage::of(desk.terminal.pid()), desk.written());
        sleep(IDLE);
        let spent = Usage::of(desk.terminal.pid()).since(&before);
        let bytes = desk.written() - written;
        report.line(
            &format!("{} idle seconds on the {name}", IDLE.as_secs()),
            &format!(
                "{} ticks of the processor, {} switches between threads, {bytes} bytes",
                spent.ticks, spent.switches
            ),
            "0, 0, 0",
            spent.ticks == 0 && spent.switches == 0 && bytes == 0,
        );
    }
}

/// From the key that commits in one console to what another shows of it.
fn two(desk: &Desk, home: &Home, report: &mut Report) {
    let other = Desk::open(home);
    for desk in [desk, &other] {
        desk.pane("2", "restorable");
        // The first one has a run that waits.
        desk.press("gj", 4 * TYPING);
    }
    let mut took = Vec::new();
    for change in 0..CHANGES {
        let pauses = change % 2 == 0;
        let key = if pauses {
            desk.press("p", 4 * TYPING);
            "\r"
        } else {
            "p"
        };
        let began = Instant::now();
        desk.terminal.send(key);
        other.terminal.wait_for("the change", |screen| {
            support::terminal::text_of(screen).contains("paused") == pauses
        });
        took.push(began.elapsed());
        // Each is seen on its own.
        sleep(10 * TYPING);
    }
    let took = Sample::of(took);
    report.line(
        "a change here seen there",
        &format!("median {}, most {}", took.median(), took.most()),
        "200 ms",
        took.most_is_within(Duration::from_millis(200)),
    );
}

/// What it has in memory after all of this.
fn memory(desk: &Desk, report: &mut Report) {
    let memory = Memory::of(desk.terminal.pid());
    let mib = |kib: u64| kib as f64 / 1024.0;
    report.line(
        "peak memory (VmHWM)",
        &format!(
            "{:.1} MiB; at the end {:.1} its own, {:.1} pages of the program",
            mib(memory.peak),
            mib(memory.own),
            mib(memory.shared)
        ),
        "20 MB",
        memory.peak * 1024 <= 20_000_000,
    );
}
