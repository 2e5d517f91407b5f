//! What a run leads to: what it waits for, what mends what it found, and who asked for it.

use backstay::console::message::Place;
use backstay::console::pane::PaneId;
use backstay::domain::execution::{Progress, Status};
use backstay::ops::runs as ops;

use crate::backups;
use crate::past::{self, Ran};
use crate::runs::{desk, go, newest, shows, shows_not};
use crate::support::engine::files_below;

#[test]
fn a_run_that_waits_says_what_for() {
    let desk = desk();
    let _engine = past::engine(&desk.plant);
    past::running(&desk.plant);
    let waits = past::add(
        &desk.plant,
        &Ran {
            at: "2026-03-10T14:45:00Z",
            status: Status::Pending,
            progress: Progress::default(),
            ..Ran::default()
        },
    );
    let mut desk = desk.open();
    desk.keys("3");
    shows(&mut desk, "waits for its turn");
    let now = crate::desk::now();
    let one = |db: &backstay::store::Db| backstay::store::settings::set(db, "max_concurrent_jobs", "1", now);
    desk.plant.instance.store.write(one).unwrap();
    desk.changed();
    shows(&mut desk, "waits: 1 run at a time, as set");
    let source = past::adapter(&desk.plant, "shop-db");
    let same = |db: &backstay::store::Db| {
        let of = "UPDATE executions SET source_id = ?1 WHERE status IN ('pending', 'running')";
        Ok(db.execute(of, [source.to_string()])?)
    };
    desk.plant.instance.store.write(same).unwrap();
    desk.changed();
    go(&mut desk, Place::Run(waits));
    shows(&mut desk, "waits for shop, on the same source");
}

#[test]
fn a_copy_found_bad_leads_to_a_step_that_says_what_it_does_to_which() {
    let mut desk = backups::shop();
    for (place, step) in [
        (
            "nas",
            "F in 4 Backups makes the bad copy anew from the good one at disk",
        ),
        ("disk", "r in 2 Jobs makes another: no good copy is left of "),
    ] {
        let directory = desk.plant.path(place);
        for file in files_below(&directory)
            .iter()
            .filter(|file| !file.ends_with("manifest.json"))
        {
            std::fs::remove_file(directory.join(file)).unwrap();
        }
        desk.keys("4 v enter");
        let run = backups::work(&mut desk);
        assert_eq!(run.status, Status::Failed);
        desk.changed();
        let screen = desk.screen(80, 40);
        assert!(screen.contains(step), "{screen}");
    }
}

#[test]
fn the_history_of_a_run_that_was_stopped_has_who_asked_for_it() {
    let mut desk = backups::shop();
    desk.keys("v enter");
    let run = newest(&desk, Status::Pending);
    let claim = |db: &backstay::store::Db| backstay::store::executions::claim(db, run, crate::desk::now());
    desk.plant.instance.store.write(claim).unwrap();
    ops::cancel(&desk.session, &run.to_string()).unwrap();
    desk.changed();
    desk.keys("H");
    assert_eq!(desk.model.pane, PaneId::Audit);
    shows(&mut desk, "run.cancel");
    shows(&mut desk, "backup.verify");
    shows_not(&mut desk, "job.create");
}

#[test]
fn runs_of_a_removed_job_are_found_by_the_name_it_had() {
    let desk = desk();
    let remove = |db: &backstay::store::Db| Ok(db.execute("DELETE FROM jobs WHERE name = 'shop'", [])?);
    desk.plant.instance.store.write(remove).unwrap();
    let mut desk = desk.open();
    desk.keys("3 /").text("sh").keys("enter");
    shows(&mut desk, "Runs · shop");
    shows(&mut desk, "1/1 run");
    desk.keys("o");
    shows(&mut desk, "1/1 run");
    desk.keys("o t 3");
    shows(&mut desk, "No run is like that");
    assert!(ops::removed_jobs(&desk.session).unwrap().contains(&"shop".to_owned()));
}
