//! A backup that is asked for again lets go what one that is asked for by its job's name does, and says so first.

use crate::jobs::{desk, keep, pending};

#[test]
fn what_the_retention_lets_go_is_said_before_a_run_is_asked_for_again() {
    let desk = &mut desk();
    desk.keys("2 j j l");
    keep(desk, "last:38").keys("R");
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
    keep(desk, "last:39").keys("2 j j l R");
    let screen = desk.screen(120, 40);
    assert!(desk.model.layers.is_empty(), "{screen}");
    assert_eq!(pending(desk), 1);
}
