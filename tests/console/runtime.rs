//! What the runtime makes of keys, signals and answers, without a terminal and on a clock of its own.

use std::time::Duration;

use backstay::console::message::Message;
use backstay::console::pane::PaneId;
use backstay::console::runtime::{Input, Left, Signal};
use ratatui::layout::{Position, Size};

use crate::past;
use crate::rig::Rig;

const SHORT: Duration = Duration::from_millis(20);

async fn rig() -> Rig {
    Rig::over(past::plant(), 30).await
}

fn written_since(rig: &Rig, before: usize) -> String {
    let bytes: Vec<u8> = rig.runtime.out().0.iter().skip(before).flatten().copied().collect();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_first_screen_is_drawn_once_with_what_it_shows() {
    let rig = rig().await;
    assert_eq!((rig.counters().frames, rig.writes()), (1, 1));
    let first = written_since(&rig, 0);
    assert!(first.contains("nightly"), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn keys_that_come_together_are_one_frame_and_none_is_lost() {
    let mut rig = rig().await;
    rig.keys("?").await;
    let frames = rig.counters().frames;
    rig.press("j j j j j j j j j j esc 2 j");
    rig.run_for(SHORT).await;
    assert_eq!(rig.counters().frames, frames + 1);
    assert_eq!(rig.runtime.model().pane, PaneId::Jobs);
    assert!(rig.runtime.model().layers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_many_sizes_the_last_one_is_drawn() {
    let mut rig = rig().await;
    let (frames, before) = (rig.counters().frames, rig.writes());
    for columns in 60..70 {
        rig.signals.try_send(Signal::Resized(Size::new(columns, 20))).unwrap();
    }
    rig.run_for(SHORT).await;
    assert_eq!(rig.counters().frames, frames + 1);
    assert_eq!(rig.runtime.model().start.size, (69, 20));
    let written = written_since(&rig, before);
    assert!(
        written.contains("\x1b[2J") && written.contains("backstay"),
        "{written:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_clicks_are_one_double_click_when_they_are_near_in_time_and_place() {
    let job = Position::new(5, 7);
    let click = |rig: &Rig, at| rig.input.try_send(Input::Click(at)).unwrap();
    let mut rig = rig().await;
    for (pause, second) in [(500, job), (10, Position::new(6, 7))] {
        click(&rig, job);
        rig.run_for(Duration::from_millis(pause)).await;
        click(&rig, second);
        rig.run_for(Duration::from_secs(1)).await;
        assert_eq!(rig.runtime.model().pane, PaneId::Overview);
    }
    click(&rig, job);
    rig.run_for(Duration::from_millis(300)).await;
    click(&rig, job);
    rig.run_for(SHORT).await;
    assert_eq!(rig.runtime.model().pane, PaneId::Jobs);
}

#[tokio::test(start_paused = true)]
async fn what_is_copied_goes_to_the_terminals_clipboard() {
    let mut rig = rig().await;
    rig.keys("2 y").await;
    let before = rig.writes();
    rig.keys("enter").await;
    let written = written_since(&rig, before);
    assert!(written.starts_with("\x1b]52;c;"), "{written:?}");
}

#[tokio::test(start_paused = true)]
async fn the_mouse_is_taken_with_clicks_and_wheel_only_and_again_after_a_stop() {
    let mut rig = rig().await;
    let before = rig.writes();
    rig.keys("m").await;
    assert!(written_since(&rig, before).starts_with("\x1b[?1000h\x1b[?1006h\x1b[?2026h"));
    rig.press("ctrl-z");
    assert_eq!(rig.left().await, Left::Suspended);
    let before = rig.writes();
    rig.runtime.resumed(Size::new(100, 30));
    rig.run_for(SHORT).await;
    let written = written_since(&rig, before);
    assert!(written.starts_with("\x1b[?1000h\x1b[?1006h"), "{written:?}");
    assert!(
        written.contains("\x1b[2J") && written.contains("Overview"),
        "{written:?}"
    );
    let before = rig.writes();
    rig.keys("m").await;
    assert!(written_since(&rig, before).starts_with("\x1b[?1006l\x1b[?1000l"));
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_when_there_is_a_reason_to() {
    let mut rig = rig().await;
    rig.press("q");
    assert_eq!(rig.left().await, Left::Quit);
    rig.input.try_send(Input::Ended).unwrap();
    assert_eq!(rig.left().await, Left::HungUp);
    for (signal, left) in [
        (Signal::Terminate, Left::Terminated),
        (Signal::HangUp, Left::HungUp),
        (Signal::Continued, Left::Continued),
    ] {
        rig.signals.try_send(signal).unwrap();
        assert_eq!(rig.left().await, left);
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_is_gone_before_anybody_says_so_ends_it_all_the_same() {
    let mut rig = rig().await;
    rig.runtime.out().1.set(true);
    rig.press("2");
    assert_eq!(rig.left().await, Left::HungUp);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_does_not_come_about_is_not_waited_for() {
    let mut rig = rig().await;
    assert_eq!(rig.runtime.stopped().await, None);
    rig.signals.try_send(Signal::Terminate).unwrap();
    assert_eq!(rig.runtime.stopped().await, Some(Left::Terminated));
}

#[tokio::test(start_paused = true)]
async fn many_changes_at_once_are_asked_about_once_or_twice() {
    let mut rig = rig().await;
    let asked = rig.counters().asked;
    for _ in 0..50 {
        rig.messages.try_send(Message::Changed).unwrap();
    }
    rig.run_for(Duration::from_secs(1)).await;
    // The overview has four questions.
    let asked = rig.counters().asked - asked;
    assert!((4..=8).contains(&asked), "{asked} questions");
}

#[tokio::test(start_paused = true)]
async fn the_clock_in_the_header_is_the_only_timer_and_goes_off_once_a_minute() {
    let mut rig = rig().await;
    let before = rig.counters();
    rig.run_for(Duration::from_mins(3)).await;
    let timers = rig.counters().timers - before.timers;
    assert!((3..=6).contains(&timers), "{timers} in three minutes");
}

#[tokio::test(start_paused = true)]
async fn the_clock_in_the_header_changes_with_the_minute() {
    let mut rig = rig().await;
    // What is on the screen was drawn in the middle of a second.
    rig.run_for(Duration::from_millis(250)).await;
    rig.keys("2").await;
    let past = rig.plant.instance.clock.now().millis().rem_euclid(60_000);
    let left = Duration::from_millis(u64::try_from(60_000 - past).unwrap());
    rig.run_for(left.saturating_sub(SHORT)).await;
    let before = rig.writes();
    rig.run_for(2 * SHORT).await;
    assert!(rig.writes() > before, "it is late");
}
