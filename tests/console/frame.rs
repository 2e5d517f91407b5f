//! What is around every pane, and what works everywhere.

use crate::desk::Desk;

#[test]
fn the_first_screen_names_the_machine_the_panes_and_the_state_of_the_engine() {
    let mut desk = Desk::new().open();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("prod-db-01"), "{screen}");
    assert!(screen.contains("no engine"), "{screen}");
    assert!(screen.contains(" 7 System"), "{screen}");
}

#[test]
fn it_is_drawn_at_every_size() {
    let mut desk = Desk::new().open();
    for columns in 1..=130 {
        for rows in [1, 2, 3, 14, 15, 24, 50] {
            desk.screen(columns, rows);
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_is_told_what_is_needed() {
    let mut desk = Desk::new().open();
    assert!(desk.screen(59, 20).starts_with("Backstay needs 60×15, this is 59×20"));
}

#[test]
fn help_shows_the_keys_of_where_one_is() {
    let mut desk = Desk::new().open();
    desk.keys("2 ?");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Run the job now."), "{screen}");
    desk.keys("esc");
    assert!(!desk.screen(120, 40).contains("Run the job now."));
}
