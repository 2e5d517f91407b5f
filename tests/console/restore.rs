//! The way from a backup to a restore: its steps by keys, what it asks of whom, and the data that comes back.

use std::path::Path;
use std::time::Duration;

use backstay::clock::Clock;
use backstay::console::message::{self, Effect, Message};
use backstay::console::pane::PaneId;
use backstay::console::pane::backups::work::Look;
use backstay::console::pane::backups::{Ask, Reply};
use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::CopyState;
use backstay::domain::execution::Status;
use rusqlite::Connection;
use serde_json::json;

use crate::backups::{Past, put, shop, work};
use crate::desk::{Desk, now};
use crate::support::engine::Plant;

/// Every order of a shop, in one text.
fn orders(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let mut statement = database
        .prepare("SELECT id || ' ' || item FROM orders ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

/// Something happens in the shop after its backup.
fn sell(path: &Path) {
    let database = Connection::open(path).unwrap();
    let sold = "DELETE FROM orders WHERE id > 10; UPDATE orders SET item = 'sold'";
    database.execute_batch(sold).unwrap();
}

#[test]
fn nothing_happens_before_the_last_step_and_esc_leads_back_to_the_first() {
    let mut desk = shop();
    desk.keys("u");
    let first = desk.screen(80, 24);
    desk.keys("enter enter enter");
    let directory = desk.plant.directory.path().to_string_lossy().into_owned();
    assert!(!desk.screen(80, 24).contains(&directory));
    assert!(
        desk.plant
            .instance
            .store
            .read(backstay::store::executions::open)
            .unwrap()
            .is_empty()
    );
    // Back to the first step, and out.
    desk.keys("esc esc esc");
    assert_eq!(desk.screen(80, 24), first);
    desk.keys("esc");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_database_comes_back_under_another_name_beside_the_one_that_is_there() {
    let mut desk = shop();
    let (there, beside) = (desk.plant.path("shop.db"), desk.plant.path("shop_2026_03_10.db"));
    let before = orders(&there);
    sell(&there);
    let after = orders(&there);
    desk.keys("u enter enter enter enter");
    assert_eq!(desk.model.pane, PaneId::Runs);
    let run = work(&mut desk);
    assert_eq!(run.status, Status::Success, "{}", desk.plant.log_text(&run));
    assert_eq!(orders(&beside), before);
    assert_eq!(orders(&there), after);
    // The next time the name is taken, and another is proposed.
    desk.keys("4 u enter enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("shop_2026_03_10_2"), "{screen}");
    // How long it took is told with how much it was.
    desk.keys("esc esc esc 2").changed();
    let screen = desk.screen(140, 40);
    assert!(
        screen.contains("the last restore took ") && screen.contains(" for 128.0 KiB"),
        "{screen}"
    );
}

#[test]
fn what_is_there_is_replaced_only_when_its_name_is_typed() {
    let mut desk = shop();
    let there = desk.plant.path("shop.db");
    let before = orders(&there);
    sell(&there);
    let after = orders(&there);
    desk.keys("u enter enter backtab right enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("shop, 128.0 KiB: replaces 128.0 KiB"), "{screen}");
    desk.keys("enter");
    desk.text("shop2").keys("enter");
    assert!(desk.outside.iter().any(|effect| matches!(effect, Effect::Bell)));
    desk.keys("esc");
    assert_eq!(desk.model.layers.len(), 1, "the plan is still there");
    assert_eq!(orders(&there), after);
    desk.keys("enter").text("shop").keys("enter");
    assert_eq!(desk.model.pane, PaneId::Runs);
    let run = work(&mut desk);
    assert_eq!(run.status, Status::Success, "{}", desk.plant.log_text(&run));
    assert_eq!(orders(&there), before);
}

#[test]
fn what_stands_in_the_way_leads_back_to_where_it_is_mended() {
    let mut desk = shop();
    // Under the name of what is there, but not in its place.
    desk.keys("u enter enter home ctrl-k").text("shop").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("✖ Blocked"), "{screen}");
    assert!(screen.contains("Enter goes to names and options"), "{screen}");
    assert_eq!(
        screen.matches("holds data already (128.0 KiB) · ").count(),
        1,
        "{screen}"
    );
    assert!(!screen.contains("exists"), "it is told once: {screen}");
    assert!(!screen.contains("--"), "words of the command line: {screen}");
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("beside what is there"), "{screen}");
    desk.keys("home ctrl-k").text("shop_tuesday").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Enter starts the restore"), "{screen}");
}

#[test]
fn a_destination_that_is_gone_is_in_the_way_where_no_other_copy_can_be_read() {
    let mut desk = shop();
    let goes = |desk: &Desk, name: &str| {
        std::fs::rename(desk.plant.path(name), desk.plant.path(&format!("{name} elsewhere"))).unwrap();
    };
    goes(&desk, "disk");
    let screen = desk.keys("u enter enter enter").screen(120, 40);
    assert!(screen.contains("nas, proven by bytes"), "{screen}");
    assert!(screen.contains("disk does not answer, and nas is read"), "{screen}");
    assert!(screen.contains("Enter starts the restore"), "{screen}");
    goes(&desk, "nas");
    let screen = desk.keys("esc enter").screen(120, 40);
    assert!(screen.contains("✖ Blocked"), "{screen}");
    assert!(screen.contains("none of disk, nas answers"), "{screen}");
    assert!(screen.contains("mount it; 1 copy should be there"), "{screen}");
    assert!(screen.contains("Not like this"), "{screen}");
}

#[test]
fn another_mode_brings_its_own_names_but_for_those_that_were_typed() {
    let mut desk = shop();
    desk.keys("u enter enter backtab right");
    let name = |desk: &mut Desk| {
        let screen = desk.screen(80, 24);
        let is_field = |line: &&str| line.starts_with("│ shop ") || line.starts_with("│▌shop ");
        let line = screen.lines().find(is_field).unwrap();
        line.split_whitespace().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(name(&mut desk), "shop");
    desk.keys("right");
    assert_eq!(name(&mut desk), "shop_2026_03_10");
    desk.keys("tab end").text("_mine").keys("backtab right");
    assert_eq!(name(&mut desk), "shop_2026_03_10_mine");
}

#[test]
fn a_name_is_needed() {
    let mut desk = shop();
    desk.keys("u enter enter home ctrl-k enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("it needs a name"), "{screen}");
    desk.text("x");
    assert!(!desk.screen(80, 24).contains("it needs a name"));
}

#[test]
fn a_restore_that_no_engine_would_begin_says_so() {
    let mut desk = shop();
    desk.keys("u enter enter enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("no engine runs"), "{screen}");
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("no engine runs, so it waits until one does"),
        "{screen}"
    );
}

#[test]
fn a_source_that_does_not_answer_can_be_left_and_its_late_answer_is_not_taken() {
    let mut desk = shop();
    desk.keys("u enter");
    let asked = desk.effects_of(Message::Key("enter".parse().unwrap()));
    assert!(
        matches!(
            asked.as_slice(),
            [Effect::Ask(message::Ask::Backups(Ask::Look(Look::FreeNames(_))))]
        ),
        "{asked:?}"
    );
    desk.keys("esc");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("INTO"), "{screen}");
    for effect in asked {
        if let Effect::Ask(ask) = effect {
            desk.answer(ask);
        }
    }
    assert!(desk.screen(80, 24).contains("INTO"));
    // Asked again, it goes on.
    desk.keys("enter enter");
    assert!(desk.screen(80, 24).contains("Enter starts the restore"));
}

/// A backup of a server's two databases, and a source that is nowhere.
pub fn server() -> Desk {
    server_of(&["crm", "shop"])
}

/// The same of these databases.
pub fn server_of(databases: &[&str]) -> Desk {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let disk = plant.local("disk");
    let config = json!({ "host": "127.0.0.1", "port": 1, "user": "backup", "password": "secret" });
    plant.adapter(AdapterType::Source, "postgres", "db1", &config);
    plant.sqlite("files", &plant.path("files.db"));
    let copies = [(disk, CopyState::Present, None)];
    let past = Past {
        number: 1,
        job: "nightly-pg",
        age: Duration::from_hours(11),
        databases,
        copies: &copies,
        sealed: false,
        edit: &|backup| {
            "postgres".clone_into(&mut backup.driver);
            "15.18".clone_into(&mut backup.engine_version);
        },
    };
    put(&plant, &past);
    let mut desk = Desk::over(plant).open();
    desk.keys("4 u");
    desk
}

/// The names and options of a server, which was not asked for real.
pub fn names() -> Desk {
    let mut desk = server();
    desk.keys("enter");
    let asked = desk.effects_of(Message::Key("enter".parse().unwrap()));
    let Some(Effect::Ask(message::Ask::Backups(Ask::Look(Look::FreeNames(asked))))) = asked.into_iter().next() else {
        panic!("names were asked for");
    };
    let names = Ok(vec!["crm_2026_03_10".to_owned(), "shop_2026_03_10".to_owned()]);
    desk.send(Message::Reply(message::Reply::Backups(Reply::FreeNames {
        asked,
        names,
    })));
    desk
}

#[test]
fn a_number_that_is_proposed_is_replaced_by_the_one_that_is_typed() {
    let mut desk = names();
    let jobs = |desk: &mut Desk| {
        let screen = desk.screen(80, 24);
        screen
            .lines()
            .find(|line| line.contains("▌Parallel jobs"))
            .map(str::to_owned)
    };
    for _ in 0..12 {
        if jobs(&mut desk).is_none() {
            desk.keys("tab");
        }
    }
    desk.keys("4");
    let line = jobs(&mut desk).unwrap();
    assert_eq!(line.split_whitespace().nth(2), Some("4"), "{line}");
}

#[test]
fn databases_are_taken_or_left_out_and_roles_come_when_they_are_asked_for() {
    let mut desk = server();
    desk.keys("*");
    assert!(desk.screen(80, 24).contains("mark at least one database"));
    desk.keys("enter");
    assert!(matches!(desk.outside.last(), Some(Effect::Bell)));
    desk.keys("j space G space");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("[ ] crm") && screen.contains("[x] shop") && screen.contains("[x] roles"),
        "{screen}"
    );
    // Only a server of the same kind can take it.
    desk.keys("enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("db1") && !screen.contains("files"), "{screen}");
}

#[test]
fn a_source_that_cannot_be_reached_is_said_with_what_to_do() {
    let mut desk = server();
    desk.keys("enter enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("✖ adapter db1: "), "{screen}");
    assert!(
        screen.contains("Enter tries again, Esc goes back to the sources"),
        "{screen}"
    );
    assert!(!screen.contains("secret"), "{screen}");
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("INTO"));
}

#[test]
fn the_options_of_a_server_are_checked_where_they_are() {
    let mut desk = names();
    desk.keys("down home ctrl-k")
        .text("crm_2026_03_10")
        .keys("down down down home ctrl-k")
        .text("99")
        .keys("enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("crm gets that name already"), "{screen}");
    assert!(screen.contains("a number from 1 to 64"), "{screen}");
}

#[test]
fn a_backup_that_cannot_be_opened_here_says_which_key_is_missing() {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let disk = plant.local("disk");
    let copies = [(disk, CopyState::Present, None)];
    let past = Past {
        number: 1,
        job: "nightly",
        age: Duration::from_hours(1),
        databases: &["shop"],
        copies: &copies,
        sealed: true,
        edit: &|_| {},
    };
    put(&plant, &past);
    let mut desk = Desk::over(plant).open();
    desk.keys("4 u");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("4f2a77c0"), "{screen}");
    assert!(screen.contains("→ bring it in with i in 7 System"), "{screen}");
}
