//! What a run leads to: what mends what it found.

use backstay::domain::execution::Status;

use crate::backups;
use crate::support::engine::files_below;

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
        for file in files_below(&directory).iter().filter(|file| !file.ends_with("manifest.json")) {
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
