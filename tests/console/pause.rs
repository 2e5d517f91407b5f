//! Jobs that are paused, and those whose pause ends: how that is told, and what the key does.

use crate::desk::Desk;
use crate::jobs::{at, desk, job};
use crate::past;

#[test]
fn a_pause_stands_where_the_next_run_would_whatever_kind_of_job_it_is() {
    let desk = &mut desk();
    let row = |desk: &mut Desk, job: &str| {
        let screen = desk.screen(120, 40);
        let line = screen
            .lines()
            .find(|line| line.starts_with('│') && line.contains(&format!(" {job} ")));
        let line = line.unwrap();
        line.split('│').nth(1).unwrap().trim_end().to_owned()
    };
    // One by hand that never ran, one with a schedule that went well, and one that failed.
    desk.keys("2");
    assert!(
        row(desk, "legacy").ends_with("○ never ran  ○ paused"),
        "{}",
        row(desk, "legacy")
    );
    desk.keys("g j p").changed();
    assert!(
        row(desk, "legacy").ends_with("○ never ran  by hand"),
        "{}",
        row(desk, "legacy")
    );
    desk.keys("j p enter").changed();
    let nightly = row(desk, "nightly-pg");
    assert!(nightly.contains("● 12h ago    ○ paused"), "{nightly}");
    desk.keys("G p enter").changed();
    let orders = row(desk, "shop-orders");
    assert!(orders.contains("✖ 3h ago     ○ paused"), "{orders}");
}

#[test]
fn a_retry_that_comes_before_the_schedule_is_what_comes_next() {
    let plant = past::plant();
    past::history(&plant);
    past::waiting(&plant);
    let _engine = past::engine(&plant);
    let mut desk = Desk::over(plant);
    desk.keys("2");
    let screen = desk.screen(120, 40);
    let row = screen.lines().find(|line| line.contains("○ never ran")).unwrap();
    assert!(row.contains("retry 4m"), "{screen}");
    assert!(screen.contains("retry in 4m"), "the detail says when: {screen}");
}

#[test]
fn the_key_of_a_pause_says_what_it_does_to_those_that_are_marked() {
    let desk = &mut desk();
    let footer = |desk: &mut Desk| desk.screen(120, 40).lines().last().unwrap().to_owned();
    desk.keys("2 j space space");
    assert!(
        footer(desk).contains("p pause"),
        "one of two is paused: {}",
        footer(desk)
    );
    desk.keys("p enter").changed();
    assert!(footer(desk).contains("p resume"), "{}", footer(desk));
    desk.keys("p").changed();
    assert!(job(desk, "legacy").paused_until.is_none() && job(desk, "nightly-pg").paused_until.is_none());
    assert!(footer(desk).contains("p pause"), "{}", footer(desk));
}

#[test]
fn nothing_is_said_of_the_schedule_of_a_job_that_has_none() {
    let desk = &mut desk();
    desk.keys("2 j r");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("a run of legacy was asked for"), "{screen}");
    assert!(!screen.contains("its schedule"), "{screen}");
    desk.keys("2 p");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("job legacy is no longer paused"), "{screen}");
}

#[test]
fn a_pause_says_what_it_understood_and_the_same_key_ends_it() {
    let desk = &mut desk();
    desk.keys("2 j j p").text("tomorrow 08:00");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("until Wed 11 Mar 2026 08:00 CET, 16h 13m from now"),
        "{screen}"
    );
    desk.keys("enter");
    assert_eq!(job(desk, "nightly-pg").paused_until, Some(at("2026-03-11T07:00:00Z")));
    desk.changed().keys("p");
    assert_eq!(job(desk, "nightly-pg").paused_until, None);
}

#[test]
fn a_pause_that_is_over_already_is_refused() {
    let desk = &mut desk();
    desk.keys("2 j j p ctrl-u").text("2026-03-09").keys("enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("is over already"), "{screen}");
    assert_eq!(job(desk, "nightly-pg").paused_until, None);
}

#[test]
fn a_pause_makes_no_revision_younger() {
    let desk = &mut desk();
    desk.keys("2 j j p enter").changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("paused until"), "{screen}");
    assert!(screen.contains("2, 3d ago"), "{screen}");
}
