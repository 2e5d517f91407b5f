//! A name of a hundred letters can be read whole, however narrow the screen is.

use backstay::domain::retention::Policy;

use crate::desk::Desk;
use crate::past;
use crate::support::engine::JobPlan;

const NAME: &str =
    "the-nightly-backup-of-the-order-database-of-the-shop-in-zurich-and-geneva-to-the-archive-2026-before";

/// A desk with a job of that name, which is the last one.
fn desk() -> Desk {
    assert_eq!(NAME.len(), 100);
    let plant = past::plant();
    let (source, nas) = (plant.sqlite("orders", &plant.path("nightly.db")), plant.local("attic"));
    let plan = JobPlan {
        source,
        destinations: &[(nas, "attic", Policy::None)],
        profile: None,
        edit: &|_| {},
    };
    plant.job(NAME, &plan);
    Desk::over(plant).open()
}

#[test]
fn a_name_that_is_to_be_typed_can_be_read_whole_and_a_title_says_that_it_is_cut() {
    let mut desk = desk();
    desk.keys("2 G D");
    for (columns, rows) in [(60, 15), (80, 24), (120, 40)] {
        let screen = desk.screen(columns, rows);
        let at = screen.lines().position(|line| line.contains("┌ Remove job")).unwrap();
        let title: Vec<char> = screen.lines().nth(at).unwrap().chars().collect();
        let from = title.windows(4).position(|part| part == ['┌', ' ', 'R', 'e']).unwrap();
        let to = from + title[from..].iter().position(|letter| *letter == '┐').unwrap();
        assert_eq!(title[to - 2..to], ['…', ' '], "{columns}: {screen}");
        let inside = screen
            .lines()
            .skip(at + 1)
            .map(|line| line.chars().take(to).skip(from + 1));
        let text: String = inside.flatten().filter(|letter| !letter.is_whitespace()).collect();
        assert!(text.contains(NAME), "{columns}: {text}: {screen}");
    }
}

#[test]
fn a_long_name_of_a_job_is_told_whole_on_its_page() {
    let mut desk = desk();
    desk.send(backstay::console::message::Message::Resize(60, 20));
    desk.keys("2 G enter");
    for (columns, rows, wide) in [(60, 15, 60), (60, 20, 60), (80, 24, 80), (120, 40, 60)] {
        let screen = desk.screen(columns, rows);
        // Of two columns it is the left one.
        let left = screen.lines().flat_map(|line| line.chars().take(wide));
        let text: String = left
            .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect();
        assert!(text.contains(NAME), "{columns}: {screen}");
    }
    // One that the title has room for is told once.
    desk.keys("esc g enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("nightly") && !screen.contains("│ job "), "{screen}");
}
