//! A backup that is asked for again lets go what one that is asked for by its job's name does, and says so first.

use backstay::domain::execution::Status;
use backstay::domain::retention::Policy;
use backstay::ops::{jobs, runs};

use crate::desk::Desk;
use crate::jobs::desk;

fn pending(desk: &Desk) -> u32 {
    let wanted = runs::Wanted {
        statuses: vec![Status::Pending],
        ..runs::Wanted::default()
    };
    runs::count(&desk.session, &wanted, 9).unwrap()
}

#[test]
fn what_the_retention_lets_go_is_said_before_a_run_is_asked_for_again() {
    let desk = &mut desk();
    let keep = |desk: &mut Desk, policy: &str| {
        let keep: Policy = policy.parse().unwrap();
        jobs::edit(&desk.session, "nightly-pg", |definition| {
            definition.destinations[0].keep = keep;
            Ok(())
        })
        .unwrap();
        desk.changed().keys("R");
    };
    desk.keys("2 j j l");
    keep(desk, "last:38");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Run job nightly-pg again?"), "{screen}");
    assert!(screen.contains("would go after the run"), "{screen}");
    desk.keys("enter");
    assert_eq!(pending(desk), 0, "the answer begins at No");
    desk.keys("space j space R");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Ask for 2 runs again?"), "{screen}");
    assert!(screen.contains("would go after the run"), "{screen}");
}

#[test]
fn a_run_is_asked_for_again_at_once_where_one_backup_goes_for_the_one_that_comes() {
    let desk = &mut desk();
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        definition.destinations[0].keep = "last:39".parse()?;
        Ok(())
    })
    .unwrap();
    desk.changed().keys("2 j j l R");
    let screen = desk.screen(120, 40);
    assert!(desk.model.layers.is_empty(), "{screen}");
    assert_eq!(pending(desk), 1);
}
