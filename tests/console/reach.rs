//! Copies that cannot be read now, and those that never can be again: told of in every pane, with what to do.

use backstay::domain::adapter::Probe;
use backstay::domain::backup::Level;
use backstay::domain::execution::{Request, Status, VerifyRequest};
use backstay::store::adapters::record_probe;

use crate::backups::{history, shop, work};
use crate::desk::{Desk, now};
use crate::overview::plant;
use crate::past;
use crate::support::engine::files_below;

#[test]
fn copies_at_a_destination_that_is_offline_are_marked_and_stay_proven() {
    let plant = history();
    past::ails(&plant, "disk", 2);
    let mut desk = Desk::over(plant).open();
    desk.keys("4");
    let screen = desk.screen(120, 40);
    assert!(
        !screen.contains("out of reach") && !screen.contains("offline"),
        "{screen}"
    );
    past::ails(&desk.plant, "disk", 1);
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("▲ disk  proven by restore"), "{screen}");
    assert!(screen.contains("out of reach since 10 Mar"), "{screen}");
    // The other copy of the first backup is in reach, and that of the third is missing.
    assert!(screen.contains("▲●     bytes 5h"), "{screen}");
    assert_eq!(screen.matches("offline <1m").count(), 1, "{screen}");
    past::ails(&desk.plant, "nas", 3);
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("▲▲     offline <1m"), "{screen}");
    assert_eq!(screen.matches("offline <1m").count(), 5, "{screen}");
    let screen = desk.keys("j j").screen(120, 40);
    assert!(
        screen.contains("→ once disk is back, F makes the copy anew"),
        "{screen}"
    );
}

#[test]
fn a_backup_without_a_good_copy_has_one_next_step_wherever_it_is_told_of() {
    let mut desk = shop();
    for name in ["disk", "nas"] {
        let place = desk.plant.path(name);
        let files = files_below(&place);
        let sealed = files.iter().find(|file| file.contains(".db")).unwrap();
        std::fs::write(place.join(sealed), "rot").unwrap();
    }
    let backup = backstay::ops::backups::find(&desk.session, "latest:nightly")
        .unwrap()
        .id;
    desk.plant.ask(
        None,
        Request::Verify(VerifyRequest {
            backup,
            destination: None,
            level: Level::Bytes,
            scratch: None,
        }),
    );
    assert_eq!(work(&mut desk).status, Status::Failed);
    let told = |desk: &mut Desk, pane: &str| desk.keys(pane).changed().screen(120, 40);
    let overview = told(&mut desk, "1");
    // On the left of the backup, and on the right of each destination.
    assert_eq!(overview.matches("→ r in 2 Jobs").count(), 3, "{overview}");
    let page = told(&mut desk, "3 o");
    assert!(page.contains("→ r in 2 Jobs"), "{page}");
    let detail = told(&mut desk, "4");
    assert!(
        detail.contains("no good copy is left") && detail.contains("r in 2 Jobs"),
        "{detail}"
    );
    let adapter = told(&mut desk, "5 j");
    assert!(adapter.contains("1 copy corrupt → r in 2 Jobs"), "{adapter}");
    for screen in [overview, page, detail, adapter] {
        assert!(!screen.contains("F in 4"), "{screen}");
    }
}

#[test]
fn a_job_whose_copies_are_out_of_reach_is_not_told_to_be_proven() {
    let plant = plant();
    let probe = Probe {
        free_bytes: Some(52_000_000_000),
        ..Probe::default()
    };
    let nas = past::adapter(&plant, "nas");
    plant
        .instance
        .store
        .write(|db| record_probe(db, nas, Ok(&probe), now()))
        .unwrap();
    let mut desk = Desk::over(plant).open();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("bytes ") && screen.contains("48.4 GiB free"),
        "{screen}"
    );
    past::ails(&desk.plant, "nas", 1);
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("bytes ") && !screen.contains("out of reach"),
        "{screen}"
    );
    assert!(
        !screen.contains(" free"),
        "what did not answer has nothing free: {screen}"
    );
    past::ails(&desk.plant, "nas", 2);
    desk.keys("j j").changed();
    let screen = desk.screen(120, 40);
    for told in [
        "1 job out of reach",
        "✖ 1 out of reach",
        "no good copy is in reach: nas has not",
        "· out of reach since",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    assert!(
        !screen.contains("bytes ") && !screen.contains("oldest last good backup: nightly-shop"),
        "{screen}"
    );
    let screen = desk.keys("2").screen(120, 40);
    assert!(screen.contains("✖ offline"), "{screen}");
    let screen = desk.keys("g j").screen(120, 40);
    assert!(
        screen.contains("restorable ✖ not now: no good copy is in reach"),
        "{screen}"
    );
}
