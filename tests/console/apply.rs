//! Jobs from a file: what is shown, what is done, and what is wrong with the file.

use std::path::PathBuf;

use backstay::console::message::{Effect, Message, Reply};
use backstay::console::pane::jobs as pane;
use backstay::domain::Error;
use backstay::domain::job::Compression;
use backstay::ops::jobs;

use crate::desk::Desk;
use crate::jobs as scene;

/// A job's definition as a file, changed.
fn definition(desk: &Desk, job: &str, change: impl Fn(String) -> String) -> String {
    let job = jobs::find(&desk.session, job).unwrap();
    change(jobs::to_toml(&job.definition).unwrap())
}

/// The same as one of several.
fn one_of_several(text: &str) -> String {
    let table: toml::Table = text.parse().unwrap();
    let mut file = toml::Table::new();
    file.insert("job".to_owned(), toml::Value::Array(vec![table.into()]));
    file.to_string()
}

/// A file with the job `crm` packed harder, and a new job like it.
fn two_jobs(desk: &Desk) -> String {
    let crm = definition(desk, "crm", |text| text.replace("zstd:3", "zstd:9"));
    let weekly = definition(desk, "crm", |text| {
        text.replace("name = \"crm\"", "name = \"crm-weekly\"")
    });
    one_of_several(&crm) + &one_of_several(&weekly)
}

fn file(desk: &Desk, text: &str) -> PathBuf {
    let path = desk.plant.path("jobs.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Names the file and has it read.
fn look(desk: &mut Desk, text: &str) -> String {
    let path = file(desk, text);
    desk.keys("2 A").text(&path.to_string_lossy()).keys("enter");
    desk.screen(120, 40)
}

fn compression(desk: &Desk) -> Compression {
    jobs::find(&desk.session, "crm").unwrap().definition.compression
}

#[test]
fn a_file_is_shown_first_and_then_jobs_are_what_it_says_and_that_is_on_record() {
    let mut desk = scene::desk();
    let text = two_jobs(&desk);
    let screen = look(&mut desk, &text);
    for told in [
        "crm: is changed",
        "-compression = \"zstd:3\"",
        "+compression = \"zstd:9\"",
        "crm-weekly: is added",
        "Enter applies all of it",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    assert_eq!(compression(&desk), Compression::Zstd(3));
    assert!(jobs::find(&desk.session, "crm-weekly").is_err());

    desk.keys("enter");
    assert!(desk.model.layers.is_empty());
    assert_eq!(compression(&desk), Compression::Zstd(9));
    assert_eq!(jobs::find(&desk.session, "crm").unwrap().revision, 2);
    assert_eq!(jobs::find(&desk.session, "crm-weekly").unwrap().revision, 1);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("job crm-weekly added, job crm changed"), "{screen}");

    desk.keys("6");
    let screen = desk.screen(120, 40);
    for (action, job) in [("job.create", "crm-weekly"), ("job.update", "crm")] {
        let is_told = |line: &str| line.contains(action) && line.contains(job) && line.contains("anna");
        assert!(screen.lines().any(is_told), "{action} {job}: {screen}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_line_and_field_and_it_can_be_mended_and_read_again() {
    let mut desk = scene::desk();
    let good = definition(&desk, "crm", |text| text.replace("zstd:3", "zstd:9"));
    let bad = good.replace("schedule =", "scheduel =");
    let line = 1 + bad.lines().position(|line| line.starts_with("scheduel")).unwrap();
    let screen = look(&mut desk, &bad);
    assert!(
        screen.contains(&format!("at line {line},")) && screen.contains("unknown field `scheduel`"),
        "{screen}"
    );
    assert!(
        screen.contains("Jobs from a file") && screen.contains("jobs.toml"),
        "{screen}"
    );
    file(&desk, &good);
    desk.keys("enter");
    assert!(desk.screen(120, 40).contains("crm: is changed"));
    desk.keys("enter");
    assert_eq!(compression(&desk), Compression::Zstd(9));
}

#[test]
fn a_file_that_names_what_is_not_there_changes_nothing() {
    let mut desk = scene::desk();
    let text = two_jobs(&desk).replace("adapter = \"nas\"", "adapter = \"nowhere\"");
    let screen = look(&mut desk, &text);
    assert!(screen.contains("job crm") && screen.contains("nowhere"), "{screen}");
    assert!(!screen.contains("applies all of it"), "{screen}");
    assert_eq!(jobs::list(&desk.session).unwrap().len(), 5);
}

#[test]
fn a_file_that_takes_encryption_away_says_so() {
    let mut desk = scene::desk();
    let text = definition(&desk, "nightly-pg", |text| {
        text.replace("profile = \"prod-2026\"\n", "")
    });
    let screen = look(&mut desk, &text);
    assert!(screen.contains("its encryption is taken away"), "{screen}");
    let text = definition(&desk, "crm", |text| {
        text.replace("name = \"crm\"", "name = \"crm-weekly\"")
    });
    desk.keys("esc esc");
    let screen = look(&mut desk, &text);
    assert!(screen.contains("it is not encrypted"), "{screen}");
}

#[test]
fn where_nothing_differs_nothing_is_done() {
    let mut desk = scene::desk();
    let text = definition(&desk, "crm", |text| text);
    let screen = look(&mut desk, &text);
    assert!(
        screen.contains("crm: no change") && screen.contains("Enter closes this"),
        "{screen}"
    );
    desk.keys("enter");
    assert!(desk.model.layers.is_empty());
    assert_eq!(jobs::find(&desk.session, "crm").unwrap().revision, 1);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_shown_before_anything_is_applied() {
    let mut desk = scene::desk();
    let text = definition(&desk, "crm", |text| text.replace("zstd:3", "zstd:9"));
    look(&mut desk, &text);
    jobs::edit(&desk.session, "crm", |definition| {
        definition.compression = Compression::Gzip(6);
        Ok(())
    })
    .unwrap();
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("somebody else changed a job"), "{screen}");
    assert!(screen.contains("-compression = \"gzip:6\""), "{screen}");
    assert_eq!(compression(&desk), Compression::Gzip(6));
    desk.keys("enter");
    assert_eq!(compression(&desk), Compression::Zstd(9));
}

#[test]
fn a_definition_that_was_written_to_a_file_can_be_applied_again() {
    let mut desk = scene::desk();
    let path = desk.plant.path("legacy.toml").to_string_lossy().into_owned();
    let id = jobs::find(&desk.session, "legacy").unwrap().id;
    desk.keys("2");
    let at = |desk: &Desk| desk.model.shown().thing().unwrap().id == id.to_string();
    while !at(&desk) {
        desk.keys("j");
    }
    desk.keys("w ctrl-u").text(&path).keys("enter");
    jobs::remove(&desk.session, "legacy").unwrap();
    desk.changed().keys("A").text(&path).keys("enter enter");
    assert_eq!(jobs::find(&desk.session, "legacy").unwrap().revision, 1);
}

#[test]
fn a_console_that_may_change_nothing_applies_nothing() {
    let mut desk = scene::desk().read_only();
    desk.keys("2 A");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("'apply' changes something"), "{screen}");
}

/// The name of a file is typed, and the answer to it came.
fn answered(answer: impl Fn(&Desk) -> Result<Box<pane::Compared>, Error>) -> Desk {
    let mut desk = scene::desk();
    desk.keys("2 A").text("/srv/jobs.toml");
    let asked = desk.effects_of(Message::Key("enter".parse().unwrap()));
    assert!(matches!(asked.as_slice(), [Effect::Ask(_)]), "{asked:?}");
    let answer = answer(&desk);
    let reply = pane::Reply::Compared("/srv/jobs.toml".to_owned(), answer);
    desk.send(Message::Reply(Reply::Jobs(reply)));
    desk
}

/// A file that changes one job, adds one and takes the encryption of one away.
pub fn shown() -> Desk {
    answered(|desk| {
        let open = definition(desk, "nightly-pg", |text| text.replace("profile = \"prod-2026\"\n", ""));
        let definitions = jobs::parse(&(one_of_several(&open) + &two_jobs(desk))).unwrap();
        let shown = jobs::apply(&desk.session, &definitions, true).unwrap();
        Ok(Box::new(pane::Compared { definitions, shown }))
    })
}

/// A file that changes nothing.
pub fn nothing() -> Desk {
    answered(|desk| {
        let definitions = jobs::parse(&definition(desk, "crm", |text| text)).unwrap();
        let shown = jobs::apply(&desk.session, &definitions, true).unwrap();
        Ok(Box::new(pane::Compared { definitions, shown }))
    })
}

/// A file with a field that there is not.
pub fn wrong() -> Desk {
    answered(|desk| {
        let text = definition(desk, "crm", |text| text.replace("schedule =", "scheduel ="));
        Err(jobs::parse(&text).unwrap_err().on("/srv/jobs.toml"))
    })
}
