//! The overview: the way to a first backup, and what is safe once there are backups.

use std::sync::Arc;

use backstay::clock::Clock;
use backstay::console::message::{Ask, Effect, Message, Reply};
use backstay::console::pane::{PaneId, jobs, overview, system};
use backstay::domain::Error;
use backstay::domain::backup::CopyState;
use backstay::domain::execution::{Failure, Request, Status};
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::domain::units;
use backstay::ops::status::JobStatus;
use backstay::store::adapters;
use ratatui::layout::Position;

use crate::desk::Desk;
use crate::past::{self, Ran};
use crate::support::engine::{JobPlan, Plant};

#[test]
fn enter_takes_the_next_step() {
    let mut desk = Desk::new().open();
    desk.keys("enter");
    assert_eq!(desk.model.pane, backstay::console::pane::PaneId::Adapters);
}

#[test]
fn each_step_offers_only_what_it_is_about() {
    let mut desk = Desk::new().open();
    desk.keys("enter");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("New source: what is it?") && !screen.contains("local"),
        "{screen}"
    );
    let database = desk.plant.path("shop.db");
    desk.plant.sqlite("shop", &database);
    desk.keys("esc").changed();
    desk.keys("1 enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("New destination: where?"), "{screen}");
    assert!(screen.contains("local") && !screen.contains("postgres"), "{screen}");
    desk.keys("enter");
    assert!(desk.screen(80, 24).contains("New destination: local"));
}

/// An installation with two jobs that ran, one of them with a failure, as of a fixed moment.
pub fn plant() -> Plant {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut plant = Plant::made_with(Clock::fixed(crate::desk::now()), |_| {});
    let database = plant.path("shop.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE items (name TEXT); INSERT INTO items VALUES ('rope');")
        .unwrap();
    let shop = plant.sqlite("shop", &database);
    let gone = plant.sqlite("gone", &plant.path("gone.db"));
    let nas = plant.local("nas");
    let keep = Policy::default();
    let profile = plant.profile("prod").0;
    let scheduled =
        |definition: &mut backstay::domain::job::Definition| "0 3 * * *".clone_into(&mut definition.schedule);
    let destinations = [(nas, "nas", keep)];
    let plan = |source| JobPlan {
        source,
        destinations: &destinations,
        profile: Some(profile),
        edit: &scheduled,
    };
    let good = plant.job("nightly-shop", &plan(shop));
    let bad = plant.job("legacy", &plan(gone));
    plant.job("weekly", &plan(shop));
    runtime.block_on(async {
        plant.start();
        plant.run(Some(good), Request::Backup).await;
        plant.run(Some(bad), Request::Backup).await;
        plant.stop().await;
    });
    plant
}

#[test]
fn jobs_stand_by_urgency_with_what_to_do() {
    let mut desk = Desk::over(plant()).open();
    let directory = desk.plant.directory.path().to_string_lossy().into_owned();
    insta::with_settings!({filters => vec![(directory.as_str(), "[dir]")]}, {
        insta::assert_snapshot!("jobs_styled", desk.styled(120, 40));
    });
    let mut desk = desk.glyphs(&backstay::console::theme::ASCII);
    insta::with_settings!({filters => vec![(directory.as_str(), "[dir]")]}, {
        insta::assert_snapshot!("jobs_ascii", desk.screen(120, 40));
    });
    assert!(desk.screen(120, 40).is_ascii());
}

#[test]
fn what_is_tried_again_is_next() {
    let plant = past::plant();
    let refused = ("cannot connect: connection refused", "source nightly-db", "");
    past::add(
        &plant,
        &Ran {
            status: Status::Failed,
            error: Some(refused),
            ..Ran::default()
        },
    );
    past::waiting(&plant);
    let engine = past::engine(&plant);
    let screen = Desk::over(plant).open().screen(120, 40);
    assert!(screen.contains("next retry of nightly in 4m"), "{screen}");
    assert!(screen.contains(" retry in 4m "), "{screen}");
    drop(engine);
}

#[test]
fn a_job_is_run_from_here() {
    let mut desk = Desk::over(plant()).open();
    desk.keys("G r");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("asked for"), "{screen}");
    desk.keys("1").changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("waits"), "{screen}");
}

#[test]
fn a_console_that_may_change_nothing_runs_nothing() {
    let mut desk = Desk::over(plant()).read_only().open();
    desk.keys("r");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("read-only"), "{screen}");
    assert!(
        desk.session
            .instance
            .store
            .read(backstay::store::executions::open)
            .unwrap()
            .is_empty()
    );
}

/// Two jobs, of which `shop` runs.
pub fn shop_runs() -> Plant {
    let plant = past::plant();
    past::add(
        &plant,
        &Ran {
            job: "shop",
            status: Status::Running,
            ..Ran::default()
        },
    );
    plant
}

/// What was asked of `ops` for the overview, undone.
fn asked(effects: Vec<Effect>) -> Vec<overview::Ask> {
    let asks = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask(Ask::Overview(ask)) => Some(ask),
        _ => None,
    });
    asks.collect()
}

/// The jobs that are to run, undone.
fn run(desk: &mut Desk) -> Vec<String> {
    let jobs = desk.effects_of(key("r")).into_iter().filter_map(|effect| match effect {
        Effect::Ask(Ask::Jobs(jobs::Ask::AfterRun(jobs))) => Some(jobs),
        _ => None,
    });
    jobs.flatten().collect()
}

fn key(text: &str) -> Message {
    Message::Key(text.parse().unwrap())
}

#[test]
fn cancel_is_of_the_job_or_the_run_that_is_selected() {
    let mut desk = Desk::over(shop_runs()).open();
    desk.keys("x");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("nothing of what is selected runs"), "{screen}");
    desk.keys("j x");
    assert!(desk.screen(120, 40).contains("Stop the backup of shop?"));
    desk.keys("esc k tab x");
    assert!(desk.screen(120, 40).contains("Stop the backup of shop?"));
}

#[test]
fn run_is_of_the_job_or_of_the_runs_job_that_is_selected() {
    let mut desk = Desk::over(shop_runs()).open();
    assert_eq!(run(&mut desk), ["nightly"]);
    desk.keys("tab");
    assert_eq!(run(&mut desk), ["shop"]);
    desk.keys("esc");
    assert_eq!(run(&mut desk), ["nightly"]);
}

pub fn unreadable(object: &str) -> Error {
    Error::failed("the disk cannot be read")
        .on(object)
        .next("see `backstay doctor`")
}

#[test]
fn what_could_not_be_read_is_said_whatever_else_could() {
    let mut desk = Desk::over(past::plant()).open();
    let calendar = overview::Reply::Calendar(Err(unreadable("runs")));
    desk.send(Message::Reply(Reply::Overview(calendar)));
    let storage = overview::Reply::Storage(Ok(Vec::new()));
    desk.send(Message::Reply(Reply::Overview(storage)));
    assert!(desk.screen(120, 40).contains("runs: the disk cannot be read"));
    let calendar = overview::Reply::Calendar(Ok(Vec::new()));
    desk.send(Message::Reply(Reply::Overview(calendar)));
    assert!(!desk.screen(120, 40).contains("cannot be read"));

    desk.keys("7 tab");
    let settings = system::Reply::Settings(Err(unreadable("settings")));
    desk.send(Message::Reply(Reply::System(settings)));
    let profiles = system::Reply::Profiles(Ok(Vec::new()));
    desk.send(Message::Reply(Reply::System(profiles)));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("settings: the disk cannot be read"), "{screen}");
    assert!(
        screen.contains("max_concurrent_jobs"),
        "the last good ones stay: {screen}"
    );
}

#[test]
fn a_status_that_cannot_be_read_is_said_in_the_pane() {
    let mut desk = Desk::over(past::plant());
    let status = overview::Reply::Status(Err(unreadable("database")));
    desk.send(Message::Reply(Reply::Overview(status))).keys("j");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("database: the disk cannot be read"), "{screen}");
    desk = desk.open();
    let screen = desk.screen(80, 24);
    assert!(!screen.contains("cannot be read"), "{screen}");
}

#[test]
fn with_little_room_calendar_and_storage_are_a_page() {
    let mut desk = Desk::over(plant()).open();
    desk.screen(80, 24);
    desk.keys("tab").screen(60, 15);
    desk.keys("j j");
    assert!(!desk.screen(60, 15).contains("Twelve weeks"));
    desk.keys("esc");
    assert!(desk.screen(60, 15).contains("LAST GOOD"));
    desk.keys("tab");
    // With room for both the jobs have the focus.
    assert!(desk.screen(120, 40).contains("LAST GOOD"));
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Jobs);
}

#[test]
fn the_first_steps_are_asked_for_again_while_there_is_no_job() {
    let mut desk = Desk::new().open();
    let asks = |desk: &mut Desk, message| asked(desk.effects_of(message));
    assert!(asks(&mut desk, key("2")).is_empty());
    let setups = asks(&mut desk, key("1"));
    let setups = setups.iter().filter(|ask| **ask == overview::Ask::Setup);
    assert_eq!(setups.count(), 1);
    let reply = desk.reply_to(Ask::Overview(overview::Ask::Status));
    assert_eq!(asks(&mut desk, Message::Reply(reply)), [overview::Ask::Setup]);
}

#[test]
fn calendar_and_storage_are_read_again_when_a_run_ended_and_not_before() {
    let mut desk = Desk::over(past::plant()).open();
    let change = |desk: &mut Desk| {
        let asks = asked(desk.effects_of(Message::Changed));
        assert_eq!(asks, [overview::Ask::Status]);
        let reply = desk.reply_to(Ask::Overview(asks[0].clone()));
        asked(desk.effects_of(Message::Reply(reply)))
    };
    // What was read while the console opened may have been of before or after a change.
    assert_eq!(change(&mut desk).len(), 2);
    assert_eq!(change(&mut desk), []);
    past::add(&desk.plant, &Ran::default());
    assert!(matches!(
        change(&mut desk)[..],
        [overview::Ask::Calendar(_), overview::Ask::Storage]
    ));
    assert_eq!(change(&mut desk), []);
}

#[test]
fn an_adapter_that_does_not_answer_is_named_and_counted() {
    let plant = past::plant();
    past::ails(&plant, "nas", 3);
    past::ails(&plant, "disk-b", 1);
    let mut desk = Desk::over(plant).open();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("nas offline · disk-b degraded"), "{screen}");
    // Its next step stands where every other does: the arrow below the sign.
    assert!(screen.contains("\n → nas: "), "{screen}");
    assert!(screen.contains("▲ 1 offline   ▲ 1 degraded"), "{screen}");
}

#[test]
fn an_adapter_whose_login_is_rejected_is_to_be_corrected_and_not_to_be_looked_at_again() {
    let plant = past::plant();
    let rejected = Error::failed("password authentication failed").next("correct the password of this adapter");
    let source = past::adapter(&plant, "shop-db");
    let failed = |db: &backstay::store::Db| adapters::record_probe(db, source, Err(&rejected), crate::desk::now());
    plant.instance.store.write(failed).unwrap();
    let screen = Desk::over(plant).open().screen(120, 40);
    assert!(
        screen.contains("→ shop-db: password authentication failed; e in 5 Adapters corrects it"),
        "{screen}"
    );
}

#[test]
fn a_backup_dated_ahead_of_the_clock_is_told_of_with_what_to_do() {
    let plant = plant();
    plant
        .instance
        .clock
        .set(Timestamp::parse("2026-03-09T14:46:02Z").unwrap());
    let mut desk = Desk::over(plant).open();
    desk.keys("down");
    let screen = desk.screen(120, 40);
    for told in [
        "1 backup ahead of the clock",
        "▲ 1 ahead",
        "and counts for nothing",
        "set this machine's clock right",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
}

#[test]
fn a_click_selects_what_is_below_it_and_a_second_one_opens_it() {
    let mut desk = Desk::over(shop_runs()).engine().open();
    let screen = desk.screen(120, 40);
    let line = |found: &dyn Fn(&str) -> bool| screen.lines().position(found).unwrap();
    let at = Position::new(8, u16::try_from(line(&|line| line.starts_with("   ▶ shop"))).unwrap());
    desk.send(Message::Click { at, twice: false });
    desk.keys("x");
    assert!(desk.screen(120, 40).contains("Stop the backup of shop?"));
    desk.keys("esc");
    desk.send(Message::Click {
        at: Position::new(8, 1 + at.y + 10),
        twice: true,
    });
    assert_eq!(desk.model.pane, PaneId::Overview, "there is nothing");
    let run = Position::new(90, u16::try_from(line(&|line| line.contains("Now ─")) + 1).unwrap());
    desk.send(Message::Click { at: run, twice: true });
    assert_eq!(desk.model.pane, PaneId::Runs);
    desk.keys("1");
    desk.screen(120, 40);
    desk.send(Message::Click { at, twice: true });
    assert_eq!(desk.model.pane, PaneId::Jobs);
}

#[test]
fn without_an_engine_nothing_is_next_and_the_key_that_starts_one_is_named() {
    let mut desk = Desk::over(plant()).open();
    let screen = desk.screen(120, 40);
    assert!(!screen.lines().next().unwrap().contains("next"), "{screen}");
    assert_eq!(screen.to_lowercase().matches("no engine runs").count(), 1, "{screen}");
    assert!(screen.contains("→ S starts an engine"), "{screen}");
    let rows = screen.lines().filter(|line| line.contains("no engine"));
    assert_eq!(rows.count(), 4, "the header and each job: {screen}");
    assert!(!screen.contains("in 12h"), "{screen}");
    assert!(matches!(
        desk.effects_of(Message::Key("S".parse().unwrap())).as_slice(),
        [Effect::Ask(Ask::System(system::Ask::StartEngine))]
    ));
    desk.keys("2");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("no engine runs: S in 7 System starts one") && !screen.contains("in 12h"),
        "{screen}"
    );
}

#[test]
fn without_an_engine_the_first_run_says_how_one_is_started() {
    let mut desk = Desk::new().open();
    let advice = "no engine runs: S starts one";
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains(advice) && screen.contains("Nothing is backed up yet"),
        "{screen}"
    );
    let mut desk = Desk::new().engine().open();
    assert!(!desk.screen(80, 24).contains(advice));
}

#[test]
fn whoever_stops_a_run_is_promised_a_schedule_only_where_it_is_followed() {
    let asked = |mut desk: Desk| {
        desk.keys("j x");
        desk.screen(120, 40)
    };
    let shop = |plant: Plant| {
        let desk = Desk::over(plant);
        backstay::ops::jobs::edit(&desk.session, "shop", |definition| {
            "0 3 * * *".clone_into(&mut definition.schedule);
            Ok(())
        })
        .unwrap();
        desk
    };
    let with = asked(shop(shop_runs()).engine().open());
    assert!(with.contains("and the schedule goes on"), "{with}");
    let without = asked(shop(shop_runs()).open());
    assert!(
        without.contains("Earlier backups stay.") && !without.contains("schedule goes on"),
        "{without}"
    );
}

#[test]
fn a_disk_without_room_is_told_first() {
    let mut desk = Desk::over(plant()).open();
    Arc::make_mut(desk.model.status.as_mut().unwrap()).home = Some(Failure::from(
        &Error::failed("its disk has 3 MiB left")
            .on("Backstay's database")
            .next("free some space at /var/lib/backstay"),
    ));
    desk.keys("1");
    let screen = desk.screen(120, 40);
    assert!(screen.lines().next().unwrap().contains("✖ disk"), "{screen}");
    let place = |text: &str| screen.find(text).unwrap();
    assert!(place("its disk has 3 MiB left") < place("free some space"), "{screen}");
    assert!(place("free some space") < place("No engine runs"), "{screen}");
    let status = Arc::make_mut(desk.model.status.as_mut().unwrap());
    status.jobs.retain(|job| job.job == "nightly-shop");
    (status.engine_missing, status.exit_code) = (false, 1);
    desk.keys("1");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("its disk has 3 MiB left") && screen.contains("oldest last good backup: nightly-shop"),
        "{screen}"
    );
    assert!(!screen.contains("Everything is backed up"), "{screen}");
}

#[test]
fn the_next_step_of_a_long_reason_is_never_cut() {
    let mut desk = Desk::over(plant()).open();
    let first = &mut Arc::make_mut(desk.model.status.as_mut().unwrap()).jobs[0];
    first.reason = Some(Failure::from(
        &Error::failed("the server closed the connection ".repeat(40)).next("look at its log"),
    ));
    desk.keys("1");
    for (columns, rows) in [(60, 15), (80, 24), (120, 40)] {
        let screen = desk.screen(columns, rows);
        assert!(screen.contains("→ look at its log"), "{screen}");
    }
    // Nor does a long one take the place of what would be lost.
    let screen = desk.screen(100, 34);
    assert!(screen.contains("If it dies now, lost:  "), "{screen}");
}

#[test]
fn what_would_be_lost_is_said_also_where_there_are_more_jobs_than_lines() {
    let mut desk = Desk::over(plant()).open();
    let jobs = &mut Arc::make_mut(desk.model.status.as_mut().unwrap()).jobs;
    let like = jobs[1].clone();
    jobs.extend((0..200).map(|number| JobStatus {
        job: format!("job-{number:03}"),
        ..like.clone()
    }));
    desk.keys("1");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let screen = desk.screen(columns, rows);
        assert!(screen.contains("If it dies now, lost:  "), "{screen}");
        assert!(screen.contains("Back within: "), "{screen}");
        assert!(screen.contains(" more rows"), "{screen}");
    }
}

#[test]
fn a_profile_that_seals_backups_is_not_retired_and_nobody_is_asked_first() {
    let mut desk = Desk::over(plant()).open();
    desk.keys("7 tab tab D");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it seals the backups of job"), "{screen}");
    assert!(screen.contains("R gives them a new key"), "{screen}");
}

#[test]
fn a_run_whose_engine_is_gone_goes_on_nowhere() {
    let plant = past::plant();
    past::history(&plant);
    past::running(&plant);
    let mut desk = Desk::over(plant).open();
    for keys in ["1", "2 j"] {
        desk.keys(keys);
        let screen = desk.screen(120, 40);
        assert!(screen.contains("its engine is gone"), "{screen}");
        assert!(!screen.contains('▶') && !screen.contains("62 %"), "{screen}");
        // Nothing runs, so no clock runs on the screen either.
        let valid = desk.draw(120, 40).1.valid_until.unwrap();
        assert!(
            valid.since(crate::desk::now()) > std::time::Duration::from_secs(10),
            "{valid}"
        );
    }
    desk.keys("3 x");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("nothing works on it"), "{screen}");
    assert!(screen.contains("is recorded once one does"), "{screen}");
    assert!(!screen.contains("has been at it"), "{screen}");
    desk.keys("tab enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("is told to stop; no engine runs, so that is recorded once one does"),
        "{screen}"
    );
}

#[test]
fn a_schedule_that_nobody_follows_is_said_with_one_word_wherever_it_is_told() {
    let mut desk = Desk::over(plant());
    backstay::ops::jobs::edit(&desk.session, "nightly-shop", |definition| {
        definition.enabled = false;
        Ok(())
    })
    .unwrap();
    let tomorrow = crate::desk::now().plus(std::time::Duration::from_hours(24));
    backstay::ops::jobs::pause(&desk.session, "weekly", tomorrow).unwrap();
    backstay::ops::jobs::remove(&desk.session, "legacy").unwrap();
    desk = desk.engine().open();
    let screen = desk.screen(120, 40);
    for told in [
        "1 job not enabled",
        "1 job paused until 11 Mar 15:46",
        "nobody follows the schedule of nightly-shop; e in 2 Jobs enables it",
        "paused, in 24h",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    assert!(!screen.contains("Everything is backed up"), "{screen}");
    let next = |screen: &str| {
        let row = screen.lines().find(|line| line.contains("8.0 KiB")).unwrap();
        assert!(row.contains("not enabled"), "{screen}");
    };
    next(&screen);
    desk.keys("2");
    next(&desk.screen(120, 40));
    desk.keys("e");
    let form = desk.screen(120, 40);
    assert!(form.contains("Enabled"), "{form}");
}

#[test]
fn without_a_job_the_backups_that_there_are_are_named_and_enter_leads_to_them() {
    let plant = plant();
    let mut desk = Desk::over(plant).engine();
    for job in ["legacy", "nightly-shop", "weekly"] {
        backstay::ops::jobs::remove(&desk.session, job).unwrap();
    }
    desk = desk.open();
    for (columns, rows) in [(120, 40), (80, 24), (60, 15)] {
        let screen = desk.screen(columns, rows);
        for told in [
            "No job backs anything up",
            "1 backup lies at nas; the newest is of nightly-shop",
            "u in 4 Backups restores one",
        ] {
            assert!(screen.contains(told), "{told}: {screen}");
        }
        assert!(!screen.contains("Nothing is backed up"), "{screen}");
        assert!(!screen.contains("key that is not here"), "{screen}");
    }
    let wide = desk.screen(120, 40);
    assert!(wide.contains("Storage ──") && wide.contains("1 copy"), "{wide}");
    assert!(wide.contains("a in 2 Jobs adds a job."), "{wide}");
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Backups);
    desk.keys("1").screen(80, 24);
    desk.keys("tab");
    assert!(desk.screen(80, 24).contains("Twelve weeks"));
}

#[test]
fn a_backup_that_was_found_without_its_key_is_said_to_lack_it() {
    let plant = plant();
    plant
        .instance
        .store
        .write(|db| {
            db.execute_batch("DELETE FROM jobs; UPDATE backups SET encryption_profile_id = NULL")?;
            Ok(())
        })
        .unwrap();
    let mut desk = Desk::over(plant).open();
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("it is sealed with a key that is not here") && screen.contains("i in 7 System takes it in"),
        "{screen}"
    );
}

#[test]
fn a_damaged_copy_is_told_with_what_mends_it_and_what_that_does() {
    let desk = Desk::over(past::plant());
    let id = |name: &str| backstay::ops::adapters::show(&desk.session, name).unwrap().adapter.id;
    let job = backstay::ops::jobs::find(&desk.session, "nightly").unwrap().id;
    let past = crate::backups::Past {
        number: 1,
        job: "nightly",
        age: std::time::Duration::from_hours(5),
        databases: &["nightly"],
        copies: &[
            (id("disk-b"), CopyState::Present, None),
            (id("nas"), CopyState::Missing, None),
        ],
        sealed: false,
        edit: &|backup| backup.job_id = Some(job),
    };
    crate::backups::put(&desk.plant, &past);
    let mut desk = desk.open();
    let told = |screen: &str| {
        screen
            .replace(['│', '\n'], " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let screen = desk.screen(160, 50);
    let text = told(&screen);
    assert!(
        text.contains("makes the bad copy anew from the good one at disk-b"),
        "{screen}"
    );
}

#[test]
fn all_that_is_not_yet_repaired_is_named_whatever_is_selected() {
    let mut desk = Desk::over(plant()).engine().open();
    let status = Arc::make_mut(desk.model.status.as_mut().unwrap());
    let shop = status.jobs.iter_mut().find(|job| job.job == "nightly-shop").unwrap();
    shop.restore_failed = Some(backstay::ops::status::RestoreFailed {
        run: shop.last_run.unwrap(),
        ended_at: crate::desk::now(),
        error: Some(Failure::from(&Error::failed("the server went away"))),
    });
    desk.keys("1");
    for (columns, rows) in [(120, 40), (80, 24), (60, 15)] {
        let screen = desk.screen(columns, rows);
        assert!(screen.contains("2 not yet repaired: legacy failed, "), "{screen}");
    }
    let screen = desk.screen(80, 24);
    assert!(screen.contains("1 restore failed"), "{screen}");
    assert!(
        screen.contains("legacy failed, nightly-shop restore failed"),
        "{screen}"
    );
    assert!(screen.contains("✖ legacy: "), "{screen}");
    desk.keys("j j").rest();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("✖ nightly-shop: the restore of 10 Mar")
            && screen.contains("the server went")
            && screen.contains("3 Runs says more"),
        "{screen}"
    );
}

#[test]
fn what_would_be_lost_of_the_selected_job_is_said_where_there_is_room() {
    let mut desk = Desk::over(plant()).engine().open();
    for (columns, rows) in [(120, 40), (80, 24)] {
        let screen = desk.screen(columns, rows);
        assert!(
            screen.contains("If it dies now, lost:  all of legacy: no good backup"),
            "{screen}"
        );
        assert!(screen.contains("Back within:           never, as it is"), "{screen}");
        assert!(screen.contains("oldest last good backup: legacy, never"), "{screen}");
    }
    desk.keys("j j").rest();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("If it dies now, lost:  the last minute of nightly-shop"),
        "{screen}"
    );
    assert!(screen.contains("unknown, no restore was measured yet"), "{screen}");
    // Where there is less room it is told in two lines.
    let narrow = desk.screen(100, 40);
    assert!(
        narrow.contains("unknown, no restore was ") && narrow.contains("measured yet"),
        "{narrow}"
    );
    let status = desk.model.status.as_ref().unwrap();
    let shop = status.jobs.iter().find(|job| job.job == "nightly-shop").unwrap();
    let whole = shop.last_good.as_ref().unwrap().logical_size;
    for (bytes, back, column) in [
        (Some(whole), "1m 01s, as measured".to_owned(), " 1m 01s "),
        (
            Some(whole / 2),
            format!("2m 02s, estimated from a restore of {}", units::size(whole / 2)),
            " about 2m 02s ",
        ),
        (
            Some(whole / 100),
            format!("unknown, the last restore was of {} only", units::size(whole / 100)),
            " not measured ",
        ),
        (None, "1m 01s, as measured".to_owned(), " 1m 01s "),
    ] {
        let status = Arc::make_mut(desk.model.status.as_mut().unwrap());
        let shop = status.jobs.iter_mut().find(|job| job.job == "nightly-shop").unwrap();
        shop.last_restore_ms = Some(61_000);
        shop.last_restore_bytes = bytes;
        desk.keys("1");
        let screen = desk.screen(120, 40);
        assert!(screen.contains(&format!("Back within:           {back}")), "{screen}");
        let wide = desk.screen(180, 40);
        assert!(wide.contains(column), "{wide}");
    }
}

#[test]
fn a_backup_that_lacks_a_database_is_no_good_one_and_its_job_is_called_as_its_run_is() {
    let plant = plant();
    let lacks = "UPDATE backups SET complete = 0 WHERE job_name = 'nightly-shop';
        UPDATE executions SET status = 'partial' WHERE job_name = 'nightly-shop';";
    plant.instance.store.write(|db| Ok(db.execute_batch(lacks)?)).unwrap();
    let mut desk = Desk::over(plant).engine().open();
    desk.keys("j").rest();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("If it dies now, lost:  all of nightly-shop: no good backup"),
        "{screen}"
    );
    assert!(screen.contains("✖ 1 failed   ▲ 1 partial"), "{screen}");
    assert!(screen.contains("1 job failed · 1 job partial"), "{screen}");
    desk.keys("2");
    let screen = desk.screen(120, 40);
    let row = screen.lines().find(|line| line.contains("nightly-shop")).unwrap();
    assert!(row.contains("▲ now"), "{screen}");
    assert!(screen.contains("✖ 1 failed   ▲ 1 partial"), "{screen}");
}
