//! The runs: history, filters, the page of a run, and what can be done with it.

use std::time::Duration;

use backstay::console::message::{Ask, Done, Effect, Message, Place, Reply};
use backstay::console::pane::{PaneId, runs};
use backstay::console::theme::ASCII;
use backstay::domain::backup::Level;
use backstay::domain::execution::{
    LogLevel, Progress, Renamed, Request, RestoreOptions, RestoreRequest, Stage, Status, Trigger, VerifyRequest,
};
use backstay::domain::id::{BackupId, ExecutionId};
use backstay::domain::time::Timestamp;
use backstay::ops::runs as ops;

use crate::desk::Desk;
use crate::lists;
use crate::past::{self, Ran};

/// The screen, with ids that vary as good as fixed.
fn snapshot(name: &str, screen: &str) {
    insta::with_settings!({filters => vec![(r"\b[0-9a-f]{8}\b", "0123abcd")]}, {
        insta::assert_snapshot!(name, screen);
    });
}

#[test]
fn the_next_step_of_a_long_error_is_in_sight_beside_the_list_and_all_of_it_on_the_page() {
    let plant = past::plant();
    let why = "the server closed the connection ".repeat(40) + "unexpectedly";
    past::add(
        &plant,
        &Ran {
            status: Status::Failed,
            error: Some((&why, "db1", "look at its log")),
            ..Ran::default()
        },
    );
    let mut desk = Desk::over(plant).open();
    desk.keys("3");
    let screen = desk.screen(120, 30);
    assert!(screen.contains("→ look at its log"), "{screen}");
    assert!(screen.contains('…') && !screen.contains("unexpectedly"), "{screen}");
    desk.keys("enter");
    assert!(desk.screen(120, 60).contains("unexpectedly"));
}

/// A console over one run of each sort, not yet open.
pub fn desk() -> Desk {
    let plant = past::plant();
    past::history(&plant);
    Desk::over(plant)
}

pub fn go(desk: &mut Desk, place: Place) {
    desk.send(Message::Reply(Reply::Done(Ok(Done::say("there").go(place)))));
    desk.model.toast = None;
}

pub fn newest(desk: &Desk, status: Status) -> ExecutionId {
    let wanted = ops::Wanted {
        statuses: vec![status],
        ..ops::Wanted::default()
    };
    let found = ops::page(&desk.session, &wanted, backstay::domain::paging::Edge::Newest, 1).unwrap();
    found.first().unwrap().id
}

pub fn shows(desk: &mut Desk, text: &str) {
    let screen = desk.screen(120, 40);
    assert!(screen.contains(text), "no '{text}' in\n{screen}");
}

pub fn shows_not(desk: &mut Desk, text: &str) {
    let screen = desk.screen(120, 40);
    assert!(!screen.contains(text), "'{text}' in\n{screen}");
}

#[test]
fn the_history_is_shown_newest_first_with_what_runs_and_what_waits() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    past::waiting(&desk.plant);
    let run = past::running(&desk.plant);
    past::says(
        &desk.plant,
        run,
        &[
            (
                LogLevel::Info,
                Stage::Initialize,
                "sqlite 3.50 at shop.db: users, crm, web",
            ),
            (LogLevel::Info, Stage::Dump, "users read, 512.0 MiB"),
            (
                LogLevel::Warn,
                Stage::Dump,
                "nas is slow: 3.1 MiB/s over the last minute",
            ),
        ],
    );
    let mut desk = desk.open();
    desk.keys("3");
    snapshot("history_styled_100x24", &desk.styled(100, 24));
    desk.model.start.glyphs = &ASCII;
    snapshot("history_ascii_120x40", &desk.screen(120, 40));
}

#[test]
fn the_page_of_a_run_that_runs_shows_how_far_it_is() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    let run = past::running(&desk.plant);
    past::says(
        &desk.plant,
        run,
        &[(LogLevel::Info, Stage::Dump, "users read, 512.0 MiB")],
    );
    let mut desk = desk.open();
    desk.keys("3 enter");
    snapshot("running_80x24", &desk.screen(80, 24));
    snapshot("running_60x15", &desk.screen(60, 15));
    shows(&mut desk, "62 %");
    shows(&mut desk, "of about 1.2 GiB");
    shows(&mut desk, "about 38 s left");
}

#[test]
fn what_failed_says_on_what_why_and_what_to_do() {
    let mut desk = desk().open();
    desk.keys("3 o j").changed();
    snapshot("failed_120x40", &desk.screen(120, 40));
}

#[test]
fn a_run_whose_engine_is_gone_is_not_said_to_run() {
    let desk = desk();
    past::running(&desk.plant);
    past::waiting(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3");
    snapshot("no_engine_120x40", &desk.screen(120, 40));
    desk.keys("enter");
    snapshot("no_engine_80x24", &desk.screen(80, 24));
    // Nothing runs, so no clock runs on the screen either.
    desk.keys("esc 1 3");
    let valid = desk.draw(120, 40).1.valid_until.unwrap();
    assert!(valid.since(crate::desk::now()) > Duration::from_secs(10), "{valid}");
}

#[test]
fn an_empty_history_says_what_belongs_there() {
    let mut desk = Desk::new().open();
    desk.keys("3 o");
    shows(&mut desk, "No run is like that");
    desk.keys("x R l y H enter space * G g");
}

#[test]
fn rows_on_their_way_are_waited_for_without_a_word() {
    let mut desk = desk().open();
    let effects = desk.effects_of(Message::Key("3".parse().unwrap()));
    assert!(!effects.is_empty());
    snapshot("loading_80x24", &desk.screen(80, 24));
}

#[test]
fn a_history_that_cannot_be_read_says_why_and_keeps_what_was_there() {
    let mut desk = desk().open();
    desk.keys("3");
    let break_it = "ALTER TABLE executions RENAME TO gone";
    desk.plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(break_it)?))
        .unwrap();
    desk.changed();
    desk.model.toast = None;
    let mend = "ALTER TABLE gone RENAME TO executions";
    desk.plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(mend)?))
        .unwrap();
    desk.changed();
    desk.model.toast = None;
    shows_not(&mut desk, "no such table");
}

#[test]
fn filters_are_named_in_the_title_and_esc_takes_them_away() {
    let mut desk = desk().open();
    desk.keys("3 o");
    shows(&mut desk, "Runs · only failed");
    shows_not(&mut desk, "success");
    desk.keys("/");
    snapshot("job_line_80x24", &desk.screen(80, 24));
    desk.text("sh");
    shows(&mut desk, "shop");
    desk.keys("enter");
    shows(&mut desk, "Runs · only failed · shop");
    desk.keys("o esc");
    shows_not(&mut desk, "·");
    shows(&mut desk, "5 runs");
}

#[test]
fn a_job_that_is_not_there_is_not_filtered_by() {
    let mut desk = desk().open();
    desk.keys("3 /").text("nosuch").keys("enter");
    shows(&mut desk, "no job has that in its name");
    desk.keys("esc");
    shows(&mut desk, "1/5 runs");
    desk.keys("/").text("o").keys("enter");
    shows(&mut desk, "1/1 run");
}

#[test]
fn of_several_jobs_one_is_chosen() {
    let mut desk = desk().open();
    desk.keys("3 /").text("h").keys("enter");
    shows(&mut desk, "Runs of which job?");
    desk.keys("down enter");
    shows(&mut desk, "Runs · shop");
}

#[test]
fn runs_are_filtered_by_type() {
    let desk = desk();
    let verify = Request::Verify(VerifyRequest {
        backup: BackupId::generate(crate::desk::now()),
        destination: Some(past::adapter(&desk.plant, "nas")),
        level: Level::Content,
        scratch: None,
    });
    past::add(
        &desk.plant,
        &Ran {
            request: verify,
            at: "2026-03-10T12:00:00Z",
            ..Ran::default()
        },
    );
    let mut desk = desk.open();
    desk.keys("3 t");
    snapshot("type_80x24", &desk.screen(80, 24));
    desk.keys("4");
    shows(&mut desk, "Runs · only verify");
    shows(&mut desk, "1/1 run");
    shows(&mut desk, "the copy at nas of backup");
}

#[test]
fn runs_are_filtered_by_status() {
    let desk = desk();
    past::waiting(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3 S 2");
    shows(&mut desk, "Runs · only pending");
    shows(&mut desk, "1/1 run");
    // What failed is another choice than one status.
    desk.keys("o");
    shows(&mut desk, "Runs · only failed");
    shows_not(&mut desk, "only pending");
    desk.keys("S 1");
    shows(&mut desk, "1/6 runs");
}

#[test]
fn runs_are_filtered_by_time_and_what_is_no_time_is_refused() {
    let mut desk = desk().open();
    desk.keys("3 d").text("soon").keys("enter");
    desk.keys("backspace backspace backspace backspace")
        .text("2026-03-09")
        .keys("enter");
    shows(&mut desk, "Runs · 09 Mar 00:00 to 10 Mar 00:00");
    shows(&mut desk, "1/2 runs");
    desk.keys("d enter");
    shows(&mut desk, "1/5 runs");
}

#[test]
fn moving_through_the_list_asks_for_nothing_until_it_rests() {
    let mut desk = desk().open();
    desk.keys("3");
    for key in ["j", "j", "k", "pgdn", "ctrl-u"] {
        let effects = desk.effects_of(Message::Key(key.parse().unwrap()));
        assert!(effects.is_empty(), "{key}: {effects:?}");
    }
    let until = desk.draw(120, 40).1.valid_until.unwrap();
    assert!(until.since(crate::desk::now()) < Duration::from_secs(1));
    let effects = desk.effects_of(Message::TimePassed);
    let asked = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Ask(Ask::Runs(runs::Ask::Run(_)))));
    assert_eq!(asked.count(), 1, "{effects:?}");
}

#[test]
fn while_the_selection_moves_the_page_stays_and_commands_are_about_the_selected_run() {
    let mut desk = desk().open();
    desk.keys("3");
    let first = desk.model.shown().thing().unwrap().id;
    desk.at_once("j");
    let second = desk.model.shown().thing().unwrap().id;
    assert_ne!(first, second);
    let short = |id: &str| id.parse::<ExecutionId>().unwrap().short();
    shows(&mut desk, &short(&first));
    desk.at_once("x");
    shows(&mut desk, &format!("run {} has ended already", short(&second)));
    desk.rest();
    shows_not(&mut desk, &short(&first));
}

#[test]
fn a_log_that_is_opened_while_the_selection_moves_is_that_of_the_selected_run() {
    let mut desk = desk().open();
    desk.keys("3").at_once("j l");
    let id: ExecutionId = desk.model.shown().thing().unwrap().id.parse().unwrap();
    shows(&mut desk, &format!("Log of nightly  {}", id.short()));
}

#[test]
fn a_long_history_is_walked_with_only_its_visible_rows_built() {
    let desk = Desk::new();
    let size = lists::Size {
        jobs: 10,
        executions: 20_000,
        lines_per_execution: 1,
        backups: 4_000,
        audit_rows: 4_000,
    };
    desk.plant
        .instance
        .store
        .write(|db| {
            lists::fill(db, &size);
            Ok(())
        })
        .unwrap();
    let mut desk = desk.open();
    desk.keys("3");
    for keys in [
        "pgdn pgdn pgdn",
        "G",
        "pgup",
        "g",
        "pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn pgdn",
    ] {
        desk.keys(keys);
        assert!(desk.draw(80, 24).1.rows_built <= 22);
    }
    desk.keys("G");
    let oldest = ops::page(
        &desk.session,
        &ops::Wanted::default(),
        backstay::domain::paging::Edge::Oldest,
        1,
    )
    .unwrap();
    desk.keys("enter");
    let id = oldest.first().unwrap().id.short();
    let screen = desk.screen(80, 24);
    assert!(screen.contains(&id), "{id} not in\n{screen}");
}

#[test]
fn a_run_that_is_read_stays_on_the_screen_when_a_newer_one_begins() {
    let mut desk = desk().open();
    desk.keys("3 enter");
    shows(&mut desk, "cancelled before start");
    past::waiting(&desk.plant);
    desk.changed();
    shows(&mut desk, "cancelled before start");
    desk.keys("esc g").rest();
    shows(&mut desk, "not before 10 Mar 15:50");
}

#[test]
fn a_run_is_gone_to_from_elsewhere_whatever_is_filtered() {
    let mut desk = desk().open();
    desk.keys("3 o");
    let skipped = newest(&desk, Status::Skipped);
    desk.keys("1");
    go(&mut desk, Place::Run(skipped));
    shows(&mut desk, "cancelled before start");
    shows(&mut desk, "success");
    go(&mut desk, Place::RunsOfJob("shop".to_owned()));
    shows(&mut desk, "Runs · shop");
    shows(&mut desk, "source shop-db");
    go(&mut desk, Place::Run(ExecutionId::generate(crate::desk::now())));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("✖"), "{screen}");
}

#[test]
fn what_a_run_made_is_shown_and_gone_to() {
    let mut plant = past::plant();
    let run = past::real_backup(&mut plant, "2026-03-10T02:00:00Z");
    assert_eq!(run.status, Status::Success);
    let mut desk = Desk::over(plant).open();
    desk.keys("3");
    snapshot("success_120x40", &desk.screen(120, 40));
    desk.keys("enter enter");
    assert_eq!(desk.model.pane, PaneId::Backups);
}

#[test]
fn of_a_deleted_backup_nothing_is_offered_and_its_copies_have_one_sign() {
    let mut desk = crate::backups::shop();
    let gone = "UPDATE backup_copies SET state = 'missing' WHERE rowid = (SELECT min(rowid) FROM backup_copies);
        UPDATE backup_copies SET state = 'deleted' WHERE state = 'present';";
    desk.plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(gone)?))
        .unwrap();
    desk.changed();
    desk.keys("3 G enter");
    let copies = |screen: &str| -> Vec<String> {
        let of = |name: &str| {
            screen
                .lines()
                .find(|line| line.contains(&format!(" {name} ")))
                .unwrap()
                .to_owned()
        };
        let sign = |line: String| {
            line.split_whitespace()
                .find(|word| "✖▲·○".contains(word))
                .unwrap()
                .to_owned()
        };
        ["disk", "nas"].map(|name| sign(of(name))).to_vec()
    };
    assert_eq!(copies(&desk.screen(80, 40)), ["▲", "·"]);
    desk.keys("enter");
    assert_eq!(copies(&desk.screen(80, 40)), ["▲", "·"]);
    let all = "UPDATE backup_copies SET state = 'deleted'; UPDATE backups SET kept = 0;";
    desk.plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(all)?))
        .unwrap();
    desk.keys("3").changed();
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    let footer = screen.lines().last().unwrap();
    assert!(
        !footer.contains("restore") && !footer.contains("verify") && !footer.contains("lock"),
        "{screen}"
    );
    for key in ["u", "v", "L", "d", "D", "F"] {
        desk.keys(key);
        assert!(desk.model.layers.is_empty(), "{key}");
        shows(&mut desk, "every copy of it was deleted");
        desk.model.toast = None;
    }
}

#[test]
fn of_a_backup_that_runs_it_is_said_that_it_is_being_made_until_it_ends() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    let run = past::running(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3 enter enter");
    shows(&mut desk, "the backup is still being made");
    shows_not(&mut desk, "made none");
    desk.changed();
    shows(&mut desk, "the backup is still being made");
    past::ends(&desk.plant, run);
    desk.changed();
    shows_not(&mut desk, "still being made");
}

#[test]
fn a_run_is_stopped_only_after_a_yes_that_says_what_is_lost() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    let run = past::running(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3 x");
    snapshot("cancel_80x24", &desk.screen(80, 24));
    desk.keys("enter");
    assert_eq!(desk.plant.execution(run).cancel_requested_at, None);
    desk.keys("x y");
    assert!(desk.plant.execution(run).cancel_requested_at.is_some());
    desk.changed();
    shows(&mut desk, "stopping");
    desk.keys("x");
    shows(&mut desk, "is being cancelled");
}

#[test]
fn marked_runs_are_stopped_together() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    let waiting = past::waiting(&desk.plant);
    let run = past::running(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3 space space space");
    shows(&mut desk, "3 marked");
    desk.keys("x");
    snapshot("cancel_marked_80x24", &desk.screen(80, 24));
    desk.keys("y");
    assert!(desk.plant.execution(run).cancel_requested_at.is_some());
    assert_eq!(desk.plant.execution(waiting).status, Status::Skipped);
    desk.keys("esc");
    shows_not(&mut desk, "marked");
}

#[test]
fn what_has_ended_is_not_stopped() {
    let mut desk = desk().open();
    desk.keys("3 x");
    shows(&mut desk, "has ended already: skipped");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_backup_is_asked_for_again_and_shown() {
    let mut desk = desk().open();
    desk.keys("3 o R");
    let asked = newest(&desk, Status::Pending);
    assert_eq!(desk.plant.execution(asked).trigger, Trigger::Manual);
    shows(&mut desk, "no engine runs");
    desk.model.toast = None;
    let screen = desk.screen(80, 24);
    assert!(screen.contains(&asked.short()), "{screen}");
    assert!(screen.contains("by anna in the console"), "{screen}");
    desk.keys("R");
    shows(&mut desk, "has not ended yet");
}

#[test]
fn a_backup_of_a_job_that_is_gone_is_not_asked_for_again() {
    let desk = desk();
    past::add(
        &desk.plant,
        &Ran {
            job: "gone",
            at: "2026-03-10T12:00:00Z",
            ..Ran::default()
        },
    );
    let mut desk = desk.open();
    desk.keys("3 R");
    shows(&mut desk, "its job 'gone' was removed");
}

#[test]
fn a_restore_over_data_is_asked_for_again_only_by_its_name() {
    let desk = desk();
    let restore = |replace: bool| {
        Request::Restore(RestoreRequest {
            backup: BackupId::generate(crate::desk::now()),
            from: None,
            to: past::adapter(&desk.plant, "shop-db"),
            databases: vec![Renamed {
                database: "shop".to_owned(),
                target: "shop_copy".to_owned(),
            }],
            globals: false,
            options: RestoreOptions {
                replace,
                ..RestoreOptions::default()
            },
        })
    };
    past::add(
        &desk.plant,
        &Ran {
            request: restore(true),
            at: "2026-03-10T12:00:00Z",
            ..Ran::default()
        },
    );
    let mut desk = desk.open();
    desk.keys("3 R");
    snapshot("restore_again_80x24", &desk.screen(80, 24));
    desk.text("shop").keys("enter");
    shows(&mut desk, "Type shop_copy to confirm");
    desk.text("_copy").keys("enter");
    assert_eq!(
        desk.plant.execution(newest(&desk, Status::Pending)).kind,
        backstay::domain::execution::ExecutionType::Restore
    );
}

#[test]
fn a_restore_over_two_databases_is_confirmed_for_both() {
    let desk = desk();
    let over = |database: &str| Renamed {
        database: database.to_owned(),
        target: database.to_owned(),
    };
    let request = Request::Restore(RestoreRequest {
        backup: BackupId::generate(crate::desk::now()),
        from: None,
        to: past::adapter(&desk.plant, "shop-db"),
        databases: vec![over("shop"), over("big")],
        globals: false,
        options: RestoreOptions {
            replace: true,
            ..RestoreOptions::default()
        },
    });
    past::add(
        &desk.plant,
        &Ran {
            request,
            at: "2026-03-10T12:00:00Z",
            ..Ran::default()
        },
    );
    let mut desk = desk.open();
    desk.keys("3 R").text("shop").keys("enter");
    shows(&mut desk, "Type 2 databases to confirm");
    assert!(!desk.model.layers.is_empty());
}

#[test]
fn each_log_begins_with_all_of_its_lines() {
    let desk = desk();
    let failed = newest(&desk, Status::Failed);
    past::says(
        &desk.plant,
        failed,
        &[(LogLevel::Info, Stage::Initialize, "shop-db is asked for its version")],
    );
    let mut desk = desk.open();
    desk.keys("3 o l L L");
    shows(&mut desk, "No line of level error or above");
    desk.keys("esc j l");
    shows(&mut desk, "shop-db is asked for its version");
}

#[test]
fn a_console_that_may_change_nothing_stops_nothing() {
    let desk = desk();
    past::running(&desk.plant);
    let mut desk = desk.read_only().open();
    desk.keys("3 x");
    shows(&mut desk, "read-only");
    assert!(desk.model.layers.is_empty());
    desk.keys("R");
    assert_eq!(ops::count(&desk.session, &ops::Wanted::default(), 100).unwrap(), 6);
}

#[test]
fn what_can_be_copied_of_a_run() {
    let mut desk = desk().open();
    desk.keys("3 o y");
    shows(&mut desk, "backstay logs");
    desk.keys("3");
    let copied = desk.outside.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(
        copied,
        Some(format!("backstay logs {}", newest(&desk, Status::Partial)))
    );
}

#[test]
fn the_history_of_a_run_is_in_the_audit_log() {
    let mut desk = desk().open();
    desk.keys("3 H");
    assert_eq!(desk.model.pane, PaneId::Audit);
}

#[test]
fn what_a_run_is_called_is_shown_and_not_obeyed() {
    let desk = desk();
    let progress = Progress {
        object: "\u{1b}[2Jcrm".to_owned(),
        stage: Some(Stage::Dump),
        plain_bytes: 1,
        ..Progress::default()
    };
    let evil = Ran {
        job: "a\u{1b}]0;title\u{7}b",
        at: "2026-03-10T14:45:00Z",
        status: Status::Running,
        by: "\u{202e}anna",
        trigger: Trigger::Cli,
        progress,
        ..Ran::default()
    };
    past::add(&desk.plant, &evil);
    let _engine = past::engine(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3");
    for keys in ["", "enter", "l", "esc x"] {
        desk.keys(keys);
        for (columns, rows) in [(120, 40), (80, 24), (60, 15)] {
            let screen = desk.screen(columns, rows);
            assert!(
                !screen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
                "{screen:?}"
            );
        }
    }
}

#[test]
fn a_verification_says_what_it_reads_of_which_copy_and_how_far_it_is() {
    let desk = desk();
    let progress = Progress {
        object: "crm at nas".to_owned(),
        stage: Some(Stage::Verify),
        objects_done: 1,
        objects_total: 4,
        plain_bytes: 78 * 1024 * 1024,
        estimated_bytes: 312 * 1024 * 1024,
        ..Progress::default()
    };
    let verification = Ran {
        at: "2026-03-10T14:45:00Z",
        status: Status::Running,
        request: Request::Verify(VerifyRequest {
            backup: BackupId::generate(Timestamp::from_millis(0)),
            destination: None,
            level: Level::Restore,
            scratch: None,
        }),
        progress,
        ..Ran::default()
    };
    past::add(&desk.plant, &verification);
    let _engine = past::engine(&desk.plant);
    let mut desk = desk.open();
    desk.keys("3");
    let screen = desk.screen(120, 40);
    for words in [
        "the best copy of backup",
        "Verify crm at nas, 2 of 4",
        "25 %",
        "78.0 MiB of about 312.0 MiB",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    desk.keys("1");
    let screen = desk.screen(120, 40);
    assert!(!screen.contains("verify verify"), "{screen}");
    assert!(screen.contains("25 % of about 312.0 MiB"), "{screen}");
}

#[test]
fn by_restore_the_choice_of_copies_is_the_best_one() {
    let mut desk = crate::backups::shop();
    desk.keys("v");
    shows(&mut desk, "Copies       every copy");
    desk.keys("right");
    shows(&mut desk, "Copies       the best copy");
    // The destination that is chosen stays so.
    desk.keys("down right");
    shows(&mut desk, "Copies       < disk");
    desk.keys("up left");
    shows(&mut desk, "Copies       disk");
}

#[test]
fn the_stage_that_a_killed_run_died_in_is_told_to_be_last_heard_of() {
    let desk = desk();
    let killed = Ran {
        at: "2026-03-10T14:45:00Z",
        status: Status::Failed,
        size: None,
        error: Some(("interrupted: engine stopped", "", "run it again")),
        progress: Progress {
            stages: vec![(Stage::Initialize, 1_000), (Stage::Dump, 3_000)],
            ends_unseen: true,
            ..Progress::default()
        },
        ..Ran::default()
    };
    past::add(&desk.plant, &killed);
    let mut desk = desk.open();
    desk.keys("3 enter");
    shows(&mut desk, "dump       last heard of after 3 s");
}

#[test]
fn it_is_drawn_at_every_size() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    past::running(&desk.plant);
    let mut desk = desk.open();
    for keys in ["3", "/", "esc enter", "l", "/"] {
        desk.keys(keys);
        for columns in (60..=130).step_by(7) {
            for rows in 15..=45 {
                desk.screen(columns, rows);
            }
        }
    }
}
