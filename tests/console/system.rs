//! The system pane: engine, settings, profiles, the database, the doctor.

use std::sync::Arc;
use std::time::Duration;

use backstay::console::message::{Effect, Message};
use backstay::domain::housekeeping::Housekeeping;
use backstay::ops::engine_process::EngineStatus;
use backstay::ops::private_file::Existing;
use backstay::ops::{profiles, settings};
use backstay::store::housekeeping;
use ratatui::layout::Position;

use crate::desk::Desk;
use crate::past;

#[test]
fn the_doctor_is_a_part_of_it() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    desk.keys("7 d");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("master key"), "{screen}");
    // What it found is of then.
    assert!(screen.contains("as of ") && screen.contains("looks again"), "{screen}");
}

#[test]
fn a_console_with_the_engine_inside_is_not_left_unasked_while_something_runs() {
    // The engine of a test is in its own process.
    let left = |desk: &Desk| desk.outside.iter().any(|effect| matches!(effect, Effect::Quit));
    let desk = &mut Desk::over(past::plant()).engine().open();
    let run = past::running(&desk.plant);
    desk.changed().keys("q");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("stops with it") && screen.contains("1 running now"),
        "{screen}"
    );
    desk.keys("enter");
    assert!(!left(desk), "the answer begins at No");
    desk.keys("7");
    assert!(desk.screen(120, 40).contains("inside this console"));
    past::ends(&desk.plant, run);
    desk.changed().keys("q");
    assert!(left(desk));
    let desk = &mut Desk::over(past::plant()).engine().open();
    past::running(&desk.plant);
    desk.changed().keys("q y");
    assert!(left(desk));
}

#[test]
fn what_housekeeping_did_is_told() {
    let desk = &mut Desk::new().open();
    desk.keys("7");
    let told = |desk: &mut Desk| {
        let screen = desk.changed().screen(120, 40);
        let line = screen.lines().find(|line| line.contains("housekeeping")).unwrap();
        line.trim().trim_start_matches("housekeeping").trim().to_owned()
    };
    assert_eq!(told(desk), "not yet");
    let ago = |hours| crate::desk::now().minus(Duration::from_hours(hours));
    let cases = [
        (
            ago(3),
            None,
            "3h ago: it removes nothing before the clock has been steady for a day",
        ),
        (ago(90), None, "3h ago: nothing to remove"),
        (ago(90), Some(ago(3)), "3h ago: 1204 old log lines removed"),
        (
            ago(90),
            Some(ago(51)),
            "3h ago: nothing to remove; 1204 old log lines removed 2d ago",
        ),
    ];
    for (steady_since, removed_at, expected) in cases {
        let known = Housekeeping {
            looked_at: ago(3),
            steady_since,
            removed_at,
            removed_lines: 1_204,
        };
        let store = &desk.plant.instance.store;
        store.write(|db| housekeeping::set(db, &known)).unwrap();
        assert_eq!(told(desk), expected);
    }
}

#[test]
fn a_setting_is_changed_and_set_back() {
    let desk = &mut Desk::new().open();
    let value = |desk: &Desk| settings::get(&desk.session, "max_concurrent_jobs").unwrap().value;
    desk.keys("7 tab enter backspace").text("7").keys("enter");
    assert_eq!(value(desk), "7");
    desk.changed().keys("backspace");
    assert_eq!(value(desk), "2");
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let desk = &mut Desk::new().open();
    desk.keys("7 tab enter").text("0000").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("whole number from 1 to 64"), "{screen}");
    assert!(
        screen.contains("0000") && screen.contains("Allowed: 1 to 64."),
        "{screen}"
    );
    assert_eq!(settings::get(&desk.session, "max_concurrent_jobs").unwrap().value, "2");
}

#[test]
fn a_profile_is_made_renamed_rotated_and_retired() {
    let desk = &mut Desk::new().open();
    let names = |desk: &Desk| -> Vec<(String, bool)> {
        let profiles = profiles::list(&desk.session).unwrap();
        profiles
            .into_iter()
            .map(|shown| (shown.profile.name, shown.profile.retired_at.is_some()))
            .collect()
    };
    desk.keys("7 a").text("prod").keys("enter").changed();
    desk.keys("n backspace backspace backspace backspace")
        .text("main")
        .keys("enter")
        .changed();
    assert_eq!(names(desk), [("main".to_owned(), false)]);
    desk.keys("R y").changed();
    assert_eq!(names(desk).len(), 2);
    desk.keys("g D enter").changed();
    assert!(
        names(desk).iter().any(|(_, retired)| !retired),
        "No is the answer until it is changed"
    );
    desk.keys("D y").changed();
    assert!(names(desk).iter().all(|(_, retired)| *retired));
}

#[test]
fn what_a_profile_is_for_is_kept_and_shown() {
    let desk = &mut Desk::new().open();
    desk.keys("7 a")
        .text("prod")
        .keys("tab")
        .text("the shop, since March")
        .keys("enter");
    desk.changed();
    let kept = profiles::list(&desk.session).unwrap().remove(0).profile;
    assert_eq!(kept.description, "the shop, since March");
    assert!(desk.screen(120, 40).contains("the shop, since March"));
    let file = desk.plant.path("prod.key");
    profiles::export(&desk.session, "prod", &file, Existing::Keep).unwrap();
    let other = &mut Desk::new().open();
    other.keys("7 i").text("prod").keys("tab");
    other
        .text(&file.to_string_lossy())
        .keys("tab")
        .text("from the kit")
        .keys("enter");
    let taken = profiles::list(&other.session).unwrap().remove(0).profile;
    assert_eq!(
        (taken.description.as_str(), taken.key_id),
        ("from the kit", kept.key_id)
    );
}

#[test]
fn a_key_is_shown_only_after_a_yes_and_can_be_copied() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    desk.keys("7 tab tab v");
    assert!(desk.screen(120, 40).contains("recorded"));
    let (_, key) = profiles::reveal(&desk.session, "prod").unwrap();
    assert!(!desk.screen(120, 40).contains(key.as_str()));
    desk.keys("y");
    assert!(desk.screen(120, 40).contains(key.as_str()));
    desk.keys("y");
    assert!(matches!(desk.outside.last(), Some(Effect::Copy(text)) if text == key.as_str()));
    desk.keys("esc");
    assert!(!desk.screen(120, 40).contains(key.as_str()));
}

#[test]
fn a_key_is_written_to_a_file_and_that_is_on_record() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    let path = desk.plant.path("prod.key");
    desk.keys("7 tab tab w ctrl-u")
        .text(&path.to_string_lossy())
        .keys("enter");
    let (_, key) = profiles::reveal(&desk.session, "prod").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), key.as_str());
    desk.keys("6");
    assert!(desk.screen(120, 40).contains("profile.export"));
}

#[test]
fn a_recovery_kit_is_written_once() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    let path = desk.plant.path("kit.zip");
    let write = |desk: &mut Desk| {
        desk.keys("7 K 1 ctrl-u").text(&path.to_string_lossy()).keys("enter");
        desk.screen(120, 40)
    };
    let screen = write(desk);
    assert!(screen.contains("recovery kit written"), "{screen}");
    assert!(path.exists());
    let screen = write(desk);
    assert!(screen.contains("a file of that name already"), "{screen}");
}

#[test]
fn the_doctor_looks_again_once_what_he_asked_for_is_done() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    desk.keys("7 d");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("none was written since"), "{screen}");
    let path = desk.plant.path("kit.zip");
    desk.keys("K 1 ctrl-u").text(&path.to_string_lossy()).keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("after the newest key was made"), "{screen}");
    assert!(!screen.contains("none was written since"), "{screen}");
}

#[test]
fn a_console_that_may_change_nothing_offers_nothing() {
    let desk = &mut Desk::new().read_only().open();
    desk.keys("7 a");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("read-only"), "{screen}");
    assert!(!screen.contains("New encryption profile"), "{screen}");
}

#[test]
fn a_console_that_may_change_nothing_edits_no_setting() {
    let desk = &mut Desk::new().read_only().open();
    desk.keys("7 tab enter");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("'edit' changes something"), "{screen}");
    desk.keys("7 ? ");
    assert!(!desk.screen(120, 60).contains("Edit what is selected."));
}

#[test]
fn the_engine_inside_this_console_is_not_stopped_alone() {
    let mut desk = Desk::new().open();
    Arc::make_mut(desk.model.status.as_mut().unwrap()).engine = EngineStatus {
        running: true,
        engine: serde_json::from_value(serde_json::json!({
            "pid": std::process::id(), "started_at": "2026-03-10T14:00:00Z", "version": "0.1.0",
        }))
        .unwrap(),
        runs_running: 0,
        runs_pending: 0,
    };
    desk.keys("7 X");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("leave with q"), "{screen}");
}

#[test]
fn a_name_that_is_taken_is_told_before_anything_typed_is_lost() {
    let desk = &mut Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    desk.keys("7 a").text("prod").keys("enter");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("New encryption profile") && screen.contains("called prod already"),
        "{screen}"
    );
    desk.keys("esc i enter");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("it needs a name") && screen.contains("it needs a path"),
        "{screen}"
    );
    desk.text("other").keys("tab").text("/nowhere/a.key").keys("enter");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("Import a key") && screen.contains("/nowhere/a.key") && screen.contains("cannot open the key"),
        "{screen}"
    );
    assert_eq!(profiles::list(&desk.session).unwrap().len(), 1);
}

#[test]
fn on_a_small_screen_what_is_below_is_reached() {
    let desk = &mut Desk::new().open();
    desk.keys("7");
    assert!(!desk.screen(60, 15).contains("database in"));
    desk.keys("G");
    let screen = desk.screen(60, 15);
    assert!(screen.contains("database in"), "{screen}");
}

#[test]
fn a_click_shows_a_part_or_selects_a_row_and_a_second_one_opens_it() {
    let desk = &mut Desk::new().open();
    desk.keys("7");
    let screen = desk.screen(80, 24);
    let parts = screen.lines().nth(2).unwrap();
    let x = parts.split_once("Settings").unwrap().0.chars().count();
    let click = |x: usize, y: usize, twice| Message::Click {
        at: Position::new(u16::try_from(x).unwrap(), u16::try_from(y).unwrap()),
        twice,
    };
    desk.send(click(x, 2, false));
    let screen = desk.screen(80, 24);
    let row = screen.lines().position(|line| line.contains("SETTING")).unwrap() + 3;
    let name = screen.lines().nth(row).unwrap().split_whitespace().next().unwrap();
    desk.send(click(5, row, false));
    assert!(desk.model.layers.is_empty());
    assert_eq!(desk.model.shown().thing().unwrap().name, name);
    desk.send(click(5, row, true));
    assert_eq!(desk.model.layers.len(), 1);
}
