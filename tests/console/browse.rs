//! What is on a source: the tables of a database, as they are asked for, found and looked through.

use backstay::console::message::{Ask, Effect, Lane, Message, Reply};
use backstay::console::pane::adapters as pane;
use backstay::domain::Result;
use backstay::domain::adapter::{Database, Table, Tables};
use backstay::domain::id::AdapterId;
use backstay::ops::adapters;

use crate::adapters::desk as sources;
use crate::desk::Desk;

/// So many bytes in a table of that name.
fn table(name: &str, bytes: u64, rows: Option<u64>) -> Table {
    Table {
        schema: Some("public".to_owned()),
        name: name.to_owned(),
        estimated_rows: rows,
        size_bytes: Some(bytes),
    }
}

/// Four tables of a shop.
pub fn shop_tables() -> Tables {
    let tables = vec![
        table("orders", 3_400_000_000, Some(48_211_907)),
        table("order_lines", 912_000_000, Some(120_000_000)),
        table("customers", 64_000_000, Some(310_220)),
        table("import_2024", 0, None),
    ];
    Tables {
        count: 4,
        size_bytes: Some(4_376_000_000),
        tables,
        notes: Vec::new(),
    }
}

/// The largest of a hundred thousand.
pub fn many_tables() -> Tables {
    let tables = (0..1000_u64).map(|at| table(&format!("part_{at:05}"), 90_000_000 - 8192 * at, Some(1_000)));
    Tables {
        tables: tables.collect(),
        count: 100_000,
        size_bytes: Some(180_000_000_000),
        notes: Vec::new(),
    }
}

/// The databases of the source `shop` are shown, and the tables of the first are asked for.
pub fn asking_for_tables() -> Desk {
    let mut desk = sources();
    desk.keys("5 j");
    desk.effects_of(Message::Key("b".parse().unwrap()));
    let database = |name: &str, size_bytes, tables| Database {
        name: name.to_owned(),
        size_bytes,
        tables,
    };
    let databases = vec![
        database("shop", 4_376_000_000, Some(4)),
        database("billing", 9_000_000, None),
    ];
    let id = adapters::show(&desk.session, "shop").unwrap().adapter.id;
    tell(&mut desk, pane::Reply::Databases(id, Ok(databases)));
    // By name, backwards.
    desk.keys("s g");
    let effects = desk.effects_of(Message::Key("enter".parse().unwrap()));
    let asked = |of: &AdapterId, database: &str| (*of, database) == (id, "shop");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(Ask::Adapters(pane::Ask::Tables(of, database)))] if asked(of, database)
    ));
    desk
}

/// Where the tables are asked for.
fn asked_in(desk: &Desk) -> Option<Lane> {
    let id = adapters::show(&desk.session, "shop").unwrap().adapter.id;
    Ask::Adapters(pane::Ask::Tables(id, "shop".to_owned())).lane()
}

/// The same with an answer.
pub fn tables(found: Result<Tables>) -> Desk {
    let mut desk = asking_for_tables();
    answer_tables(&mut desk, found);
    desk
}

fn answer_tables(desk: &mut Desk, found: Result<Tables>) {
    let id = adapters::show(&desk.session, "shop").unwrap().adapter.id;
    tell(desk, pane::Reply::Tables(id, "shop".to_owned(), found));
}

fn tell(desk: &mut Desk, reply: pane::Reply) {
    desk.send(Message::Reply(Reply::Adapters(reply)));
}

/// The first words of the lines below the heading that has this in it, up to a blank one.
fn listed(desk: &mut Desk, heading: &str) -> Vec<String> {
    let screen = desk.screen(80, 24);
    let below = screen.lines().skip_while(|line| !line.contains(heading)).skip(1);
    let first = |line: &str| {
        let words = line.trim_matches(['│', ' ', '▌']);
        words.split_whitespace().next().map(str::to_owned)
    };
    below.map_while(first).collect()
}

#[test]
fn tables_are_filtered_and_sorted_like_any_list() {
    let desk = &mut tables(Ok(shop_tables()));
    let screen = desk.screen(120, 40);
    assert!(screen.contains("48211907"), "{screen}");
    let by_size = [
        "public.orders",
        "public.order_lines",
        "public.customers",
        "public.import_2024",
    ];
    assert_eq!(listed(desk, "SIZE▾"), by_size);
    desk.keys("s");
    let by_name = [
        "public.customers",
        "public.import_2024",
        "public.order_lines",
        "public.orders",
    ];
    assert_eq!(listed(desk, "TABLE▴"), by_name);
    // What nobody has counted comes last.
    desk.keys("s s s");
    assert_eq!(listed(desk, "EST. ROWS▾").last().unwrap(), "public.import_2024");
    desk.keys("/").text("ORDER").keys("enter");
    assert_eq!(listed(desk, "EST. ROWS▾"), ["public.order_lines", "public.orders"]);
    desk.keys("esc");
    assert_eq!(listed(desk, "EST. ROWS▾").len(), 4);
    desk.keys("/").text("nothing like it");
    assert!(desk.screen(80, 24).contains("Esc shows all"));
    desk.keys("esc esc");
    assert!(desk.screen(80, 24).contains("Databases of shop"));
    assert_eq!(desk.model.layers.len(), 1);
}

#[test]
fn of_very_many_tables_it_says_how_many_are_not_listed() {
    let desk = &mut tables(Ok(many_tables()));
    let screen = desk.screen(120, 40);
    assert!(screen.contains("the 1000 largest of 100000 tables"), "{screen}");
    desk.keys("/");
    assert!(desk.screen(120, 40).contains("in the name, among the 1000 largest"));
}

#[test]
fn tables_without_sizes_are_in_the_order_of_their_names() {
    let mut found = shop_tables();
    for table in &mut found.tables {
        table.size_bytes = None;
    }
    found.size_bytes = None;
    found.notes = vec!["sizes are not known".to_owned()];
    let desk = &mut tables(Ok(found));
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("· sizes are not known") && screen.contains(" 4 tables "),
        "{screen}"
    );
    assert_eq!(listed(desk, "TABLE▴")[0], "public.customers");
}

#[test]
fn a_name_of_a_table_cannot_steer_the_terminal() {
    let mut found = shop_tables();
    found.tables[0].name = "a\u{1b}[2J\u{202e}b".to_owned();
    let screen = tables(Ok(found)).screen(80, 24);
    assert!(screen.contains("public.a\u{fffd}[2J\u{fffd}b"), "{screen}");
}

#[test]
fn tables_that_are_waited_for_can_be_left_and_come_too_late() {
    let desk = &mut asking_for_tables();
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("Tables of shop on shop") && screen.contains("Esc does not wait"),
        "{screen}"
    );
    let effects = desk.effects_of(Message::Key("esc".parse().unwrap()));
    assert!(
        matches!(effects.as_slice(), [Effect::GiveUp(lane)] if Some(*lane) == asked_in(desk)),
        "{effects:?}"
    );
    assert!(desk.screen(80, 24).contains("Databases of shop"));
    answer_tables(desk, Ok(shop_tables()));
    assert_eq!(desk.model.layers.len(), 1);
    assert!(!desk.screen(80, 24).contains("order_lines"));
    let effects = desk.effects_of(Message::Key("esc".parse().unwrap()));
    assert!(effects.is_empty(), "nothing is asked any more: {effects:?}");
    assert!(desk.model.layers.is_empty());
}
