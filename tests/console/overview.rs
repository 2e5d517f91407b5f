//! The overview: the way to a first backup, and what is safe once there are backups.

use backstay::clock::Clock;
use backstay::domain::execution::Request;
use backstay::domain::retention::Policy;

use crate::desk::Desk;
use crate::support::engine::{JobPlan, Plant};

#[test]
fn an_empty_home_shows_the_way_to_a_first_backup() {
    let mut desk = Desk::new().open();
    insta::assert_snapshot!("empty_80x24", desk.screen(80, 24));
    insta::assert_snapshot!("empty_60x15", desk.screen(60, 15));
}

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
fn plant() -> Plant {
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
        insta::assert_snapshot!("jobs_120x40", desk.screen(120, 40));
        insta::assert_snapshot!("jobs_80x24", desk.screen(80, 24));
        insta::assert_snapshot!("jobs_60x15", desk.screen(60, 15));
        insta::assert_snapshot!("jobs_styled", desk.styled(120, 40));
    });
    let mut desk = desk.glyphs(&backstay::console::theme::ASCII);
    insta::with_settings!({filters => vec![(directory.as_str(), "[dir]")]}, {
        insta::assert_snapshot!("jobs_ascii", desk.screen(120, 40));
    });
    assert!(desk.screen(120, 40).is_ascii());
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
