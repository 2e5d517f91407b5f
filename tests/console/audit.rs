//! The audit pane: who did what, with the diff; filters; the chain.

use backstay::console::message::{Message, Place, Reply, Thing};
use backstay::console::pane::{Pane, PaneId, audit as pane};
use backstay::console::theme::ASCII;
use backstay::domain::Error;
use backstay::domain::audit::{Actor, ActorKind, Event};
use backstay::ops::adapters::{self, Draft, Fields, NewAdapter};
use backstay::ops::{Session, profiles, settings};
use backstay::store;
use serde_json::json;

use crate::desk::{Desk, now};

fn nas(session: &Session, name: &str) {
    let new = NewAdapter {
        name: name.to_owned(),
        driver: "local".to_owned(),
        kind: None,
        fields: Fields {
            set: vec![("path".to_owned(), format!("/mnt/{name}/backups"))],
            secrets: Vec::new(),
        },
        test: false,
    };
    Draft::of_new(session, &new).unwrap().keep(session, None).unwrap();
}

fn by(desk: &Desk, name: &str, kind: ActorKind, client: &str) -> Session {
    let mut session = desk.session.clone();
    session.actor = Actor {
        name: name.to_owned(),
        kind,
        client: client.to_owned(),
    };
    session
}

/// A record of several people, the newest a change of an adapter.
fn furnished(desk: &Desk) {
    let ben = by(desk, "ben", ActorKind::User, "10.0.0.9 pts/2");
    nas(&desk.session, "nas");
    settings::set(&desk.session, "max_concurrent_jobs", Some("4")).unwrap();
    profiles::create(&ben, "prod", "").unwrap();
    let engine = Actor::engine();
    let nas = adapters::show(&desk.session, "nas").unwrap().adapter;
    let event = Event::new("adapter.health", "adapter", nas.id, "nas")
        .changed(&json!({"status": "online"}), &json!({"status": "degraded"}));
    let record = |db: &store::Db| store::audit::append(db, &engine, &event, now());
    desk.plant.instance.store.write(record).unwrap();
    let fields = Fields {
        set: vec![("prefix".to_owned(), "db1".to_owned())],
        secrets: Vec::new(),
    };
    Draft::of_change(&ben, "nas", &fields)
        .unwrap()
        .keep(&ben, None)
        .unwrap();
}

/// A console over a record of several people.
pub fn desk() -> Desk {
    let desk = Desk::new();
    furnished(&desk);
    desk.open()
}

/// The screen with what differs at every run made the same, in as many cells.
fn snapshot(name: &str, screen: &str) {
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"\b[0-9a-f]{20,64}\b", "[hash]"),
    ]}, { insta::assert_snapshot!(name, screen) });
}

fn actions(desk: &mut Desk) -> Vec<String> {
    desk.keys("G");
    let all = desk.model.audit.position();
    let rows: usize = all.split(['/', ' ']).nth(1).unwrap().parse().unwrap();
    desk.keys("g");
    let mut names = Vec::new();
    for _ in 0..rows {
        names.push(desk.model.audit.thing().unwrap().name);
        desk.keys("j");
    }
    names
}

#[test]
fn what_was_done_is_shown_with_what_it_changed() {
    let desk = &mut desk();
    desk.keys("6");
    snapshot("audit_styled", &desk.styled(120, 40));
    desk.model.start.glyphs = &ASCII;
    snapshot("audit_ascii", &desk.screen(120, 40));
}

#[test]
fn facts_on_record_stand_in_one_column() {
    let mut desk = Desk::new();
    furnished(&desk);
    let event = Event::new("backup.restore", "backup", "", "shop")
        .with(json!({"job": "nightly", "databases": "shop as shop_tuesday", "to": "erp"}));
    let record = |db: &store::Db| store::audit::append(db, &Actor::engine(), &event, now());
    desk.plant.instance.store.write(record).unwrap();
    desk = desk.open();
    desk.keys("6");
    let screen = desk.screen(120, 40);
    for fact in ["│ job        nightly", "│ databases  shop as", "│ to         erp"] {
        assert!(screen.contains(fact), "{screen}");
    }
}

#[test]
fn a_record_that_cannot_be_read_keeps_what_was_read_before() {
    let desk = &mut desk();
    desk.keys("6");
    let error = Error::failed("disk I/O error")
        .on("database")
        .next("run `backstay doctor`");
    // It is waited for an answer again.
    let asked = desk.effects_of(Message::Changed);
    assert!(!asked.is_empty());
    let reply = pane::Reply::Page(
        backstay::ops::audit::Wanted::default(),
        backstay::domain::paging::Edge::Newest,
        Err(error),
    );
    desk.send(Message::Reply(Reply::Audit(reply)));
    snapshot("audit_error_80x24", &desk.screen(80, 24));
}

#[test]
fn the_whole_record_is_written_to_a_file_whatever_is_shown() {
    let desk = &mut desk();
    let path = desk.plant.path("audit.jsonl");
    desk.keys("6 / x enter w ctrl-u")
        .text(path.to_str().unwrap())
        .keys("enter");
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 6, "with that it was written");
    assert_eq!(rows[5]["action"], "audit.export");
}

#[test]
fn rows_are_narrowed_down_and_esc_shows_all() {
    let desk = &mut desk();
    desk.keys("6");
    assert_eq!(actions(desk), ["nas", "nas", "prod", "max_concurrent_jobs", "nas"]);
    // Everybody, anna, ben, engine.
    desk.keys("u j j enter");
    assert_eq!(actions(desk), ["nas", "prod"]);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Audit · by ben"), "{screen}");
    desk.keys("a");
    snapshot("audit_actions_80x24", &desk.screen(80, 24));
    desk.keys("j j j enter");
    assert_eq!(actions(desk), ["nas"]);
    desk.keys("esc");
    assert_eq!(desk.model.audit.position(), "1/5 rows");
    desk.keys("/").text("max_concurrent_jobs").keys("enter");
    assert_eq!(actions(desk), ["max_concurrent_jobs"]);
    desk.keys("esc d").text("yesterday").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Nothing like that is on record"), "{screen}");
    desk.keys("esc d").text("soon").keys("enter");
    assert!(desk.screen(120, 40).contains("is no stretch of time"));
}

#[test]
fn a_part_of_a_name_finds_all_who_have_it_and_a_whole_name_only_that_one() {
    let desk = &mut desk();
    nas(&desk.session, "nas-usb");
    desk.keys("6 /").text("CONCURRENT").keys("enter");
    assert_eq!(actions(desk), ["max_concurrent_jobs"]);
    desk.keys("esc /").text("usb").keys("enter");
    assert_eq!(actions(desk), ["nas-usb"]);
    desk.keys("esc /").text("nas").keys("enter");
    assert_eq!(
        actions(desk),
        ["nas", "nas", "nas"],
        "not nas-usb, there is one that is called nas"
    );
    desk.keys("esc /").text("adapter:na").keys("enter");
    assert_eq!(actions(desk), ["nas-usb", "nas", "nas", "nas"]);
    desk.keys("esc /").text("job:na").keys("enter");
    assert_eq!(desk.model.audit.position(), "");
    nas(&desk.session, "adapter:na");
    desk.changed().keys("esc /").text("adapter:na").keys("enter");
    assert_eq!(
        actions(desk),
        ["adapter:na"],
        "a whole name is that one, whatever it begins with"
    );
    desk.keys("esc /").text("actor:be action:adapt").keys("enter");
    assert_eq!(actions(desk), ["nas"]);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Audit · by be · adapt"), "{screen}");
    desk.keys("/");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("part of a name, or an id; also actor:ro action:remove"),
        "{screen}"
    );
}

#[test]
fn what_is_gone_is_found_by_the_beginning_of_its_name() {
    let desk = &mut desk();
    nas(&desk.session, "usb-disk");
    adapters::remove(&desk.session, "usb-disk").unwrap();
    desk.keys("6 /").text("usb").keys("enter");
    assert_eq!(actions(desk), ["usb-disk", "usb-disk"]);
    let engine = Actor::engine();
    let many = |db: &store::Db| {
        for row in 0..=100 {
            let event = Event::new("backup.remove", "backup", row, format!("b{row:03}"));
            store::audit::append(db, &engine, &event, now())?;
        }
        Ok(())
    };
    desk.plant.instance.store.write(many).unwrap();
    desk.keys("esc /").text("b").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("more than 100 things are called like that"), "{screen}");
    desk.keys("esc /").text("b01").keys("enter");
    assert_eq!(desk.model.audit.position(), "1/10 rows");
}

#[test]
fn the_history_of_a_thing_is_one_key_away_and_leads_back_to_it() {
    let desk = &mut desk();
    desk.send(Message::Resize(120, 40));
    desk.keys("5 H");
    assert_eq!(desk.model.pane, PaneId::Audit);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Audit · adapter nas"), "{screen}");
    assert_eq!(desk.model.audit.position(), "1/3 rows");
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Adapters);
    assert_eq!(desk.model.adapters.thing().unwrap().name, "nas");
}

#[test]
fn a_thing_without_an_id_is_found_by_its_name() {
    let desk = &mut desk();
    let thing = Thing {
        kind: "adapter",
        id: String::new(),
        name: "nas".to_owned(),
        copies: Vec::new(),
    };
    let done = backstay::console::message::Done::say("x").go(Place::History(thing));
    desk.send(Message::Reply(Reply::Done(Ok(done))));
    assert_eq!(desk.model.audit.position(), "1/3 rows");
}

#[test]
fn what_is_gone_is_said_to_be_gone() {
    let desk = &mut desk();
    nas(&desk.session, "usb");
    adapters::remove(&desk.session, "usb").unwrap();
    desk.keys("6 enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("adapter usb: it is gone"), "{screen}");
    assert_eq!(desk.model.pane, PaneId::Audit);
}

#[test]
fn the_chain_is_walked_and_a_changed_row_is_named() {
    let desk = &mut desk();
    desk.keys("6");
    desk.effects_of(Message::Key("v".parse().unwrap()));
    assert!(desk.screen(120, 40).contains("walking the chain, 0 s"));
    let walk = |desk: &mut Desk| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let answer = runtime.block_on(pane::Ask::Verify.perform(&desk.session));
        desk.send(Message::Reply(answer));
        desk.screen(120, 40)
    };
    let screen = walk(desk);
    assert!(screen.contains("● chain whole: 5 rows"), "{screen}");
    let tamper = "DROP TRIGGER audit_log_is_never_changed; UPDATE audit_log SET actor = 'eve' WHERE seq = 3";
    let change = |db: &store::Db| {
        db.execute_batch(tamper).unwrap();
        Ok(())
    };
    desk.plant.instance.store.write(change).unwrap();
    let screen = walk(desk);
    assert!(screen.contains("chain broken at row 3"), "{screen}");
    assert!(screen.contains("broken at or before this row: do not │"), "{screen}");
    assert!(screen.contains("│   trust it"), "{screen}");
}

#[test]
fn a_long_record_is_paged_in_both_directions() {
    let desk = &mut Desk::new();
    let engine = Actor::engine();
    let append = |db: &store::Db| {
        for row in 1..=1_000 {
            let event = Event::new("adapter.health", "adapter", row, format!("row {row}"));
            store::audit::append(db, &engine, &event, now())?;
        }
        Ok(())
    };
    desk.plant.instance.store.write(append).unwrap();
    let effects = desk.model.begin();
    assert!(!effects.is_empty());
    desk.keys("6");
    let name = |desk: &Desk| desk.model.audit.thing().unwrap().name;
    assert_eq!(name(desk), "row 1000");
    desk.screen(120, 40);
    for _ in 0..60 {
        desk.keys("pgdn");
    }
    assert_eq!(name(desk), "row 1");
    for _ in 0..60 {
        desk.keys("pgup");
    }
    assert_eq!(name(desk), "row 1000");
    desk.keys("G");
    assert_eq!(name(desk), "row 1");
    assert_eq!(desk.model.audit.position().split(' ').next(), Some("more"));
    let (_, drawn) = desk.draw(120, 40);
    assert!(drawn.rows_built <= 40, "{}", drawn.rows_built);
}
