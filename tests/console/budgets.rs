//! What the console may cost: bytes on the line, rows formatted, questions asked, frames and timers.

use std::time::Duration;

use backstay::clock::Clock;
use backstay::console::message::Message;
use backstay::console::runtime::Signal;
use backstay::domain::execution::Status;
use ratatui::layout::Size;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::desk;
use crate::lists::{self, fill};
use crate::log::{BYTES, LINES, many};
use crate::past::{self, Ran};
use crate::rig::Rig;
use crate::support::engine::Plant;

/// A frame is out after this, and what a resting selection asks for is not yet.
const FRAME: Duration = Duration::from_millis(40);

const SECOND: Duration = Duration::from_secs(1);

const PANES: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];

/// Rows of a list at 120×40.
const VISIBLE: usize = 35;

/// Rows of a log below what is known of its run.
const LOG: usize = 17;

/// Two jobs and 300 runs of all sorts.
fn varied() -> Plant {
    let plant = past::plant();
    for number in 0..300_u64 {
        let failed = number % 7 == 3;
        let at = format!(
            "2026-03-0{}T{:02}:{:02}:00Z",
            1 + number / 40,
            number % 24,
            number * 7 % 60
        );
        past::add(
            &plant,
            &Ran {
                job: if number % 3 == 0 { "shop" } else { "nightly" },
                at: &at,
                status: if failed { Status::Failed } else { Status::Success },
                took: Duration::from_secs(20 + number * 13 % 600),
                size: Some(1_000_000 * (number * 37 % 5_000)),
                error: failed.then_some(("the server closed the connection", "source db1", "look at its log")),
                ..Ran::default()
            },
        );
    }
    plant
}

/// So many runs, with backups and audit rows to match.
fn with_runs(executions: u64) -> Plant {
    let plant = Plant::made_with(Clock::fixed(desk::now()), |_| {});
    let size = lists::Size {
        jobs: 10,
        executions,
        lines_per_execution: 1,
        backups: executions.clamp(400, 1_000),
        audit_rows: executions.max(100),
    };
    plant
        .instance
        .store
        .write(|db| {
            fill(db, &size);
            Ok(())
        })
        .unwrap();
    plant
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_when_nothing_is_different() {
    let mut rig = Rig::over(varied(), 30).await;
    for pane in PANES {
        rig.keys(pane).await;
        rig.run_for(SECOND).await;
        let frames = rig.counters().frames;
        let cost = rig
            .cost(SECOND, |rig| rig.messages.try_send(Message::Changed).unwrap())
            .await;
        assert_eq!(cost, 0, "pane {pane}");
        assert!(rig.counters().frames > frames, "it was drawn");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_idle_seconds_cost_nothing_at_all() {
    let mut rig = Rig::over(varied(), 30).await;
    for pane in PANES {
        rig.keys(pane).await;
        // The header's clock changes once a minute: this is not that moment.
        while rig.plant.instance.clock.now().millis() / 1_000 % 60 > 45 {
            rig.run_for(SECOND).await;
        }
        rig.run_for(SECOND).await;
        let before = (rig.counters(), rig.writes());
        rig.run_for(Duration::from_secs(10)).await;
        assert_eq!((rig.counters(), rig.writes()), before, "pane {pane}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_screen_fits_into_12_kb() {
    let mut rig = Rig::over(varied(), 30).await;
    for pane in PANES {
        rig.keys(pane).await;
        let cost = rig.cost(FRAME, |rig| rig.press("ctrl-l")).await;
        assert!((1_000..=12 * 1024).contains(&cost), "pane {pane}: {cost} bytes");
    }
}

/// What each of so many moves of the selection costs, sorted; and that nothing is asked for while it moves.
async fn moves(rig: &mut Rig, pane: &str, times: usize) -> Vec<usize> {
    rig.keys(pane).await;
    let mut costs = Vec::new();
    for _ in 0..times {
        let asked = rig.counters().asked;
        costs.push(rig.cost(FRAME, |rig| rig.press("j")).await);
        assert_eq!(rig.counters().asked, asked, "pane {pane}");
    }
    costs.sort_unstable();
    costs
}

#[tokio::test(start_paused = true)]
async fn a_move_of_the_selection_costs_400_bytes_and_asks_for_nothing() {
    for size in [Size::new(80, 24), Size::new(120, 40)] {
        let mut rig = Rig::over(with_runs(5_000), 30).await;
        rig.signals.try_send(Signal::Resized(size)).unwrap();
        // Of the system the settings are a list; there are not many.
        for (pane, times) in [("1", 8), ("2", 8), ("3", 8), ("4", 8), ("5", 8), ("6", 8), ("7 tab", 5)] {
            let costs = moves(&mut rig, pane, times).await;
            assert!(costs[0] > 0 && costs[times - 1] <= 400, "{size} pane {pane}: {costs:?}");
        }
        // Runs of all sorts, in all their colours, with what went wrong.
        let mut rig = Rig::over(varied(), 30).await;
        rig.signals.try_send(Signal::Resized(size)).unwrap();
        let costs = moves(&mut rig, "3", 8).await;
        assert!(costs[0] > 0 && costs[7] <= 400, "{size}: {costs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_scrolls_by_one_row_costs_3_kb() {
    let mut rig = Rig::over(varied(), 30).await;
    rig.keys("3").await;
    for _ in 0..VISIBLE {
        rig.keys("j").await;
    }
    for _ in 0..10 {
        let cost = rig.cost(FRAME, |rig| rig.press("j")).await;
        assert!((400..=3 * 1024).contains(&cost), "{cost} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_formatted_for_what_is_seen_however_many_there_are() {
    let mut built = Vec::new();
    for runs in [500, 100_000] {
        let mut rig = Rig::over(with_runs(runs), 30).await;
        let mut rows = Vec::new();
        for pane in ["3", "4", "6"] {
            for keys in [pane, "G", "k", "g", "pgdn"] {
                rig.keys(keys).await;
                rows.push((pane, keys, rig.counters().rows_built));
            }
        }
        built.push(rows);
    }
    for (pane, keys, rows) in &built[0] {
        // The log of the selected run is a list beside that of the runs.
        let visible = if *pane == "3" { VISIBLE + LOG } else { VISIBLE };
        assert!(
            (1..=visible + 2).contains(rows),
            "pane {pane} after {keys}: {rows} rows"
        );
    }
    assert_eq!(built[0], built[1]);
    let mut rig = Rig::over(past::plant(), 30).await;
    rig.keys("2").await;
    assert_eq!(rig.counters().rows_built, 2);
}

/// A change each millisecond for so long, as a run's log makes them.
fn busy(rig: &Rig, time: Duration) -> JoinHandle<()> {
    let messages = rig.messages.clone();
    tokio::spawn(async move {
        let end = Instant::now() + time;
        while Instant::now() < end {
            messages.send(Message::Changed).await.unwrap();
            sleep(Duration::from_millis(1)).await;
        }
    })
}

/// Frames of three busy seconds.
async fn frames_of_a_busy_log(frames: u32) -> u64 {
    let mut rig = Rig::over(past::plant(), frames).await;
    rig.run_for(SECOND).await;
    let log = busy(&rig, 3 * SECOND);
    let before = rig.counters().frames;
    while !log.is_finished() {
        rig.run_for(FRAME).await;
    }
    rig.counters().frames - before
}

#[tokio::test(start_paused = true)]
async fn a_thousand_changes_a_second_are_thirty_frames_and_over_a_line_ten() {
    for frames in [30, 10] {
        let drawn = frames_of_a_busy_log(frames).await;
        let most = u64::from(frames) * 3 + 3;
        assert!((most / 2..=most).contains(&drawn), "{drawn} frames in 3 s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_lines_a_second_are_followed_in_thirty_frames_a_second_and_bounded_memory() {
    let plant = past::plant();
    let run = past::running(&plant);
    let _engine = past::engine(&plant);
    let mut rig = Rig::over(plant, 30).await;
    rig.keys("3 l").await;
    let log = |rig: &Rig| rig.runtime.model().runs.log().in_memory();
    let step = Duration::from_millis(10);
    // More of them than may be in memory.
    for second in 0..7_u32 {
        let frames = rig.counters().frames;
        for part in 0..100 {
            many(&rig.plant, run, second * 1_000 + part * 10 + 1, 10);
            rig.messages.try_send(Message::Changed).unwrap();
            rig.run_for(step).await;
            let (lines, bytes) = log(&rig);
            assert!(lines <= LINES && bytes <= BYTES, "{lines} lines, {bytes} bytes");
            assert!(rig.counters().rows_built <= VISIBLE + 2);
        }
        let drawn = rig.counters().frames - frames;
        assert!((15..=30).contains(&drawn), "{drawn} frames in second {second}");
    }
    rig.run_for(SECOND).await;
    let before = rig.writes();
    rig.keys("ctrl-l").await;
    let screen: Vec<u8> = rig.runtime.out().0.iter().skip(before).flatten().copied().collect();
    let screen = String::from_utf8(screen).unwrap();
    assert!(
        screen.contains("line 7000.") && screen.contains("following"),
        "{screen}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_at_once_whatever_else_goes_on() {
    let mut rig = Rig::over(past::plant(), 30).await;
    rig.run_for(SECOND).await;
    let log = busy(&rig, 3 * SECOND);
    for key in ["?", "esc"].repeat(10) {
        rig.run_for(Duration::from_millis(101)).await;
        // Nothing else on the screen changes.
        let cost = rig.cost(Duration::from_millis(5), |rig| rig.press(key)).await;
        assert!(cost > 0, "after {key}");
    }
    assert!(!log.is_finished());
}
