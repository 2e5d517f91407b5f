//! A name of a hundred letters can be read whole, however narrow the screen is.

use backstay::domain::retention::Policy;

use crate::desk::Desk;
use crate::past;
use crate::support::engine::JobPlan;

#[test]
fn a_long_name_of_a_job_is_told_whole_on_its_page() {
    let name = "the-nightly-backup-of-the-order-database-of-the-shop-in-zurich-and-geneva-to-the-archive-2026-before";
    assert_eq!(name.len(), 100);
    let plant = past::plant();
    let (source, nas) = (plant.sqlite("orders", &plant.path("nightly.db")), plant.local("attic"));
    let plan = JobPlan {
        source,
        destinations: &[(nas, "attic", Policy::None)],
        profile: None,
        edit: &|_| {},
    };
    plant.job(name, &plan);
    let mut desk = Desk::over(plant).open();
    desk.send(backstay::console::message::Message::Resize(60, 20));
    desk.keys("2 G enter");
    for (columns, rows, wide) in [(60, 15, 60), (60, 20, 60), (80, 24, 80), (120, 40, 60)] {
        let screen = desk.screen(columns, rows);
        // Of two columns it is the left one.
        let left = screen.lines().flat_map(|line| line.chars().take(wide));
        let text: String = left
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect();
        assert!(text.contains(name), "{columns}: {screen}");
    }
    // One that the title has room for is told once.
    desk.keys("esc g enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("nightly") && !screen.contains("│ job "), "{screen}");
}
