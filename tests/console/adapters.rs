//! The adapters pane: the list, everything about one, forms made from a driver's schema, what is on a source.

use std::time::Duration;

use backstay::console::command::Command;
use backstay::console::message::{Ask, Effect, Message, Place};
use backstay::console::pane::{Pane, PaneId, adapters as pane};
use backstay::console::theme::ASCII;
use backstay::domain::Error;
use backstay::domain::adapter::{AdapterType, Probe};
use backstay::domain::backup::CopyState;
use backstay::domain::secret::Secret;
use backstay::ops::adapters::{self, Draft, Fields, NewAdapter};
use backstay::store;
use serde_json::json;

use crate::backups::{Past, put};
use crate::desk::{Desk, now};
use crate::support::engine::JobPlan;
use crate::support::postgres::{PASSWORD, Server, bin, majors};

/// An adapter that was connected to, or not, without connecting.
fn adapter(
    desk: &Desk,
    name: &str,
    driver: &str,
    set: &[(&str, &str)],
    secrets: &[(&str, &str)],
    probe: Option<&Probe>,
) {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let new = NewAdapter {
        name: name.to_owned(),
        driver: driver.to_owned(),
        kind: None,
        fields: Fields {
            set: set.iter().map(pair).collect(),
            secrets: secrets
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Secret::new(*value)))
                .collect(),
        },
        test: false,
    };
    Draft::of_new(&desk.session, &new)
        .unwrap()
        .keep(&desk.session, probe)
        .unwrap();
}

/// So many checks one minute apart, the last one half a minute ago; those at the places named have failed.
fn checks(desk: &Desk, name: &str, probe: &Probe, failed: &[u32]) {
    let id = adapters::show(&desk.session, name).unwrap().adapter.id;
    let gone = Error::failed("the server does not answer at 10.0.0.7:3306")
        .on(format!("adapter {name}"))
        .next("check host, port and firewall");
    for check in 0..40_u32 {
        let at = now().minus(Duration::from_secs(30 + 60 * u64::from(39 - check)));
        let probe = Probe {
            latency_ms: probe.latency_ms + u64::from(check % 5),
            ..probe.clone()
        };
        let found = if failed.contains(&check) {
            Err(&gone)
        } else {
            Ok(&probe)
        };
        let record = |db: &store::Db| store::adapters::record_probe(db, id, found, at);
        desk.plant.instance.store.write(record).unwrap();
    }
}

/// Two sources and two destinations, one of them gone, one used by a job.
fn furnished(desk: &Desk) {
    let postgres = Probe {
        version: "15.18".to_owned(),
        latency_ms: 3,
        size_bytes: Some(4_400_000_000),
        free_bytes: None,
        notes: vec!["dumps with pg_dump 15.18".to_owned()],
        blockers: Vec::new(),
    };
    let local = Probe {
        version: "local file system".to_owned(),
        latency_ms: 1,
        free_bytes: Some(52_000_000_000),
        ..Probe::default()
    };
    let db1 = [
        ("host", "db1"),
        ("port", "5433"),
        ("user", "backup"),
        ("tls", "require"),
    ];
    adapter(desk, "shop", "postgres", &db1, &[("password", "correct horse")], None);
    adapter(desk, "crm", "sqlite", &[("path", "/srv/crm/crm.db")], &[], None);
    adapter(desk, "nas", "local", &[("path", "/mnt/nas/backups")], &[], None);
    adapter(desk, "usb", "local", &[("path", "/media/usb")], &[], None);
    checks(desk, "shop", &postgres, &[7, 8]);
    checks(desk, "nas", &local, &[]);
    checks(desk, "usb", &local, &[36, 37, 38, 39]);
    let id = |name: &str| adapters::show(&desk.session, name).unwrap().adapter.id;
    let (source, nas) = (id("shop"), id("nas"));
    for name in ["nightly", "weekly"] {
        let targets = [(nas, "nas", backstay::domain::retention::Policy::None)];
        desk.plant.job(
            name,
            &JobPlan {
                source,
                destinations: &targets,
                profile: None,
                edit: &|_| {},
            },
        );
    }
}

pub fn desk() -> Desk {
    let desk = Desk::new();
    furnished(&desk);
    desk.open()
}

fn names(desk: &Desk) -> Vec<String> {
    let all = adapters::list(&desk.session).unwrap();
    all.into_iter().map(|adapter| adapter.name).collect()
}

#[test]
fn sources_and_destinations_are_shown_with_how_they_stand() {
    let desk = &mut desk();
    desk.keys("5");
    insta::assert_snapshot!("adapters_styled", desk.styled(120, 40));
    desk.keys("G");
    insta::assert_snapshot!("adapters_offline_120x40", desk.screen(120, 40));
    desk.keys("g enter");
    desk.model.start.glyphs = &ASCII;
    insta::assert_snapshot!("adapters_ascii", desk.screen(120, 40));
}

#[test]
fn a_list_that_cannot_be_read_keeps_what_was_read_before() {
    let desk = &mut desk();
    desk.keys("5");
    let error = Error::failed("disk I/O error")
        .on("database")
        .next("run `backstay doctor`");
    desk.send(Message::Reply(backstay::console::message::Reply::Adapters(
        pane::Reply::List(Err(error)),
    )));
    insta::assert_snapshot!("adapters_error_80x24", desk.screen(80, 24));
}

#[test]
fn names_are_known_before_the_pane_was_opened() {
    let desk = &mut desk();
    assert_eq!(desk.model.adapters.names(), ["crm", "nas", "shop", "usb"]);
    desk.keys(":").text("usb").keys("enter");
    assert_eq!(desk.model.pane, PaneId::Adapters);
    assert_eq!(desk.model.adapters.thing().unwrap().name, "usb");
}

#[test]
fn the_filter_looks_at_everything_that_is_shown_and_esc_clears_it() {
    let desk = &mut desk();
    desk.keys("5 /").text("offline").keys("enter");
    assert_eq!(desk.model.adapters.position(), "1/1 of 4 adapters");
    assert_eq!(desk.model.adapters.thing().unwrap().name, "usb");
    desk.keys("esc");
    assert_eq!(desk.model.adapters.position(), "4/4 adapters");
    desk.keys("/").text("nothing like it");
    assert!(desk.screen(120, 40).contains("Esc shows all"));
}

#[test]
fn they_are_in_the_order_that_the_mark_says() {
    let desk = &mut desk();
    desk.keys("5");
    let order = |desk: &mut Desk| -> Vec<String> {
        desk.keys("g");
        let mut names = Vec::new();
        for _ in 0..4 {
            names.push(desk.model.adapters.thing().unwrap().name);
            desk.keys("j");
        }
        names
    };
    for (mark, expected) in [
        ("TYPE▴", ["crm", "shop", "nas", "usb"]),
        ("TYPE▾", ["nas", "usb", "crm", "shop"]),
        ("NAME▴", ["crm", "nas", "shop", "usb"]),
        ("NAME▾", ["usb", "shop", "nas", "crm"]),
        // The worst first.
        ("HEALTH▴", ["usb", "crm", "nas", "shop"]),
        ("HEALTH▾", ["nas", "shop", "crm", "usb"]),
        ("DRIVER▴", ["nas", "usb", "shop", "crm"]),
        ("DRIVER▾", ["crm", "shop", "nas", "usb"]),
        // What is not known comes last in both directions.
        ("LATENCY▴", ["nas", "shop", "crm", "usb"]),
        ("LATENCY▾", ["shop", "nas", "crm", "usb"]),
        ("CHECKED▴", ["nas", "shop", "usb", "crm"]),
        ("CHECKED▾", ["nas", "shop", "usb", "crm"]),
        ("JOBS▴", ["crm", "usb", "nas", "shop"]),
        ("JOBS▾", ["nas", "shop", "crm", "usb"]),
        ("TYPE▴", ["crm", "shop", "nas", "usb"]),
    ] {
        assert_eq!(order(desk), expected, "{mark}");
        let screen = desk.screen(80, 24);
        assert!(screen.contains(mark), "{mark}:\n{screen}");
        desk.keys("s");
    }
}

#[test]
fn the_job_that_uses_it_is_one_key_away() {
    let desk = &mut desk();
    desk.send(Message::Resize(120, 40));
    desk.keys("5 j tab enter");
    assert!(desk.screen(120, 40).contains("Which job that uses shop?"));
    desk.keys("j enter");
    assert_eq!(desk.model.pane, PaneId::Jobs);
}

#[test]
fn what_is_used_is_not_removed_and_says_by_whom() {
    let desk = &mut desk();
    desk.keys("5 j D");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it is used by jobs nightly, weekly"), "{screen}");
    desk.keys("g D");
    desk.keys("enter");
    assert_eq!(names(desk).len(), 4, "No is the answer until it is changed");
    desk.keys("D").text("crm").keys("enter").changed();
    assert_eq!(names(desk), ["nas", "shop", "usb"]);
    assert_eq!(desk.model.adapters.names(), names(desk));
}

/// Two backups of a job that is gone, one whole at `usb` and one missing there, and a refusal to remove it plainly.
fn held(desk: &mut Desk) {
    let usb = adapters::show(&desk.session, "usb").unwrap().adapter.id;
    let past = Past {
        number: 1,
        job: "old",
        age: Duration::from_hours(5),
        databases: &["shop"],
        copies: &[(usb, CopyState::Missing, None)],
        sealed: false,
        edit: &|_| {},
    };
    put(&desk.plant, &past);
    let whole = [(usb, CopyState::Present, None)];
    put(
        &desk.plant,
        &Past {
            number: 2,
            copies: &whole,
            ..past
        },
    );
    let refused = adapters::remove(&desk.session, "usb").unwrap_err();
    assert!(refused.next.contains("--destination usb"), "{refused}");
    desk.changed();
}

#[test]
fn a_destination_that_is_gone_for_good_is_forgotten_by_name_and_says_what_is_lost() {
    let desk = &mut desk();
    held(desk);
    let screen = desk.keys("5 G D").screen(120, 40);
    for told in [
        "Is usb gone for good?",
        "2 copies of 2 backups there will no longer be counted on.",
        "1 backup has no good copy anywhere else.",
        "The job old loses its last good backup.",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    desk.keys("enter");
    assert_eq!(names(desk).len(), 4, "nothing was typed");
    desk.keys("D").text("nas").keys("enter");
    assert_eq!(names(desk).len(), 4, "another name was typed");
    desk.keys("esc D").text("usb").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("removed usb; 2 copies forgotten"), "{screen}");
    desk.changed();
    assert_eq!(desk.model.adapters.names(), ["crm", "nas", "shop"]);
    let screen = desk.keys("4").screen(120, 40);
    assert!(!screen.contains("usb"), "{screen}");
}

#[test]
fn a_destination_that_is_held_by_copies_is_not_forgotten_among_others() {
    let desk = &mut desk();
    held(desk);
    let screen = desk.keys("5 space G space D").screen(120, 40);
    assert!(screen.contains("2 copies of backups lie there"), "{screen}");
    assert!(screen.contains("D on it alone"), "{screen}");
    assert_eq!(names(desk).len(), 4);
    // What came there since the list was read is found when it is done.
    let refused = adapters::remove(&desk.session, "usb").unwrap_err();
    desk.send(Message::Reply(backstay::console::message::Reply::Done(Err(refused))));
    let screen = desk.screen(120, 40);
    assert!(screen.contains("for good, D in 5 Adapters"), "{screen}");
}

#[test]
fn marked_ones_are_removed_together() {
    let desk = &mut desk();
    desk.keys("5 space G space D");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("Remove 2 adapters?") && screen.contains("crm, usb"),
        "{screen}"
    );
    desk.keys("y").changed();
    assert_eq!(names(desk), ["nas", "shop"]);
}

#[test]
fn another_name_is_checked_as_it_is_typed_and_followed() {
    let desk = &mut desk();
    desk.keys("5 n ctrl-u").text("nas").keys("enter");
    assert!(desk.screen(120, 40).contains("that name is taken"));
    desk.keys("ctrl-u").text("customers").keys("enter");
    assert_eq!(names(desk), ["customers", "nas", "shop", "usb"]);
    assert_eq!(desk.model.adapters.thing().unwrap().name, "customers");
}

#[test]
fn a_test_says_what_it_found() {
    let desk = &mut desk();
    sqlite_with(&desk.plant.path("files.db"), "create table a (x)");
    let path = desk.plant.path("files.db").to_string_lossy().into_owned();
    adapter(desk, "files", "sqlite", &[("path", &path)], &[], None);
    desk.keys("5 j t");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("files answered in"), "{screen}");
    assert!(screen.contains("● online"), "{screen}");
    desk.keys("G t");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("adapter usb:"), "the mount is not there: {screen}");
}

#[test]
fn while_it_is_tested_it_says_so_and_is_not_tested_twice() {
    let desk = &mut desk();
    desk.keys("5");
    let effects = desk.effects_of(Message::Key("t".parse().unwrap()));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(Ask::Adapters(pane::Ask::Test(_)))]
    ));
    assert!(desk.effects_of(Message::Key("t".parse().unwrap())).is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("▶ testing, 0 s"), "{screen}");
}

#[test]
fn a_source_is_added_by_a_form_of_its_driver() {
    let desk = &mut Desk::new().open();
    let file = desk.plant.path("shop.db");
    sqlite_with(&file, "create table a (x)");
    desk.keys("5 a");
    choose(desk, "sqlite");
    desk.keys("ctrl-s");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("needs a name"), "{screen}");
    assert!(screen.contains("path is required"), "{screen}");
    desk.text("shop").keys("enter").text(&file.to_string_lossy());
    desk.keys("ctrl-t");
    assert!(desk.screen(120, 40).contains("it works: "), "{}", desk.screen(120, 40));
    assert!(names(desk).is_empty(), "a test keeps nothing");
    desk.keys("ctrl-s");
    assert_eq!(names(desk), ["shop"]);
    assert!(desk.model.layers.is_empty());
    assert_eq!(desk.model.adapters.thing().unwrap().name, "shop");
}

#[test]
fn what_cannot_be_connected_to_is_kept_only_after_a_question() {
    let desk = &mut Desk::new().open();
    desk.keys("5 a");
    choose(desk, "local");
    desk.text("nas").keys("tab").text("/nowhere/at/all").keys("ctrl-s");
    assert!(names(desk).is_empty());
    desk.keys("enter");
    assert!(names(desk).is_empty(), "No is the answer until it is changed");
    desk.keys("ctrl-s y");
    assert_eq!(names(desk), ["nas"]);
}

#[test]
fn a_directory_that_is_not_there_is_made_for_its_owner_when_that_is_chosen() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = &mut Desk::new().open();
    let directory = desk.plant.path("copies");
    desk.keys("5 a");
    choose(desk, "local");
    desk.text("nas")
        .keys("tab")
        .text(directory.to_str().unwrap())
        .keys("ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("Create it") && screen.contains("Save anyway"),
        "{screen}"
    );
    assert!(names(desk).is_empty() && !directory.exists());
    desk.keys("enter");
    assert_eq!(names(desk), ["nas"]);
    let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // What a first backup still needs is said.
    let screen = desk.screen(120, 40);
    assert!(screen.contains("→ a source comes next: 1 leads on"), "{screen}");
}

#[test]
fn what_the_driver_refuses_is_said_at_its_field() {
    let desk = &mut Desk::new().open();
    desk.keys("5 a");
    choose(desk, "local");
    desk.text("nas").keys("tab").text("/srv/backups").keys("tab");
    desk.text("../elsewhere").keys("tab ctrl-s");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("✖ the path '../elsewhere' has an empty part"),
        "{screen}"
    );
    assert!(screen.contains("▌prefix"), "the field has the focus: {screen}");
}

#[test]
fn a_path_that_cannot_be_is_said_to_be_wrong_before_anything_is_saved() {
    let desk = &mut Desk::new().open();
    desk.keys("5 a");
    choose(desk, "local");
    desk.text("nas").keys("tab").text("not/absolute").keys("tab");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("✖ 'not/absolute' is not absolute") && screen.contains("→ begin it with /"),
        "{screen}"
    );
    desk.keys("ctrl-s");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("▌path *"), "the field has the focus: {screen}");
    assert!(names(desk).is_empty());
}

#[test]
fn sizes_are_taken_and_told_as_people_write_them() {
    let desk = &mut Desk::new().open();
    desk.keys("5 a");
    choose(desk, "local");
    assert!(desk.screen(80, 24).contains("64 MiB"));
    desk.keys("tab tab tab").text("1073741824");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("1.0 GiB"), "{screen}");
    desk.keys("ctrl-u").text("10MB");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("10000000 bytes"), "{screen}");
}

#[test]
fn what_the_filter_hides_is_no_longer_marked() {
    let desk = &mut desk();
    desk.keys("5 * /").text("usb").keys("enter esc");
    assert!(desk.screen(120, 40).contains("1 marked"), "{}", desk.screen(120, 40));
}

#[test]
fn an_edit_waits_for_what_is_stored() {
    let desk = &mut desk();
    desk.keys("5").at_once("j e");
    assert!(desk.screen(120, 40).contains("Edit postgres shop"));
    desk.keys("esc").at_once("G");
    let Some(Effect::Ask(asked)) = desk.effects_of(Message::Key("e".parse().unwrap())).pop() else {
        panic!("its settings are asked for");
    };
    desk.at_once("k").answer(asked);
    assert!(desk.model.layers.is_empty(), "another one is selected by now");
}

#[test]
fn an_edit_begins_with_what_is_stored_and_keeps_the_secret() {
    let desk = &mut desk();
    desk.keys("5 j e");
    assert!(!desk.styled(120, 40).contains("correct horse"));
    desk.keys("ctrl-s");
    assert!(desk.screen(120, 40).contains("nothing about shop was changed"));
    desk.keys("e ctrl-u").text("127.0.0.2").keys("ctrl-s y");
    let shown = adapters::show(&desk.session, "shop").unwrap();
    assert_eq!(
        shown.config,
        json!({"host": "127.0.0.2", "port": 5433, "user": "backup", "password": "****", "tls": "require"})
    );
}

#[test]
fn a_form_with_something_in_it_is_not_lost_by_one_key() {
    let desk = &mut desk();
    desk.keys("5 e").text("x").keys("esc");
    assert!(desk.screen(120, 40).contains("Leave the form?"));
    desk.keys("n");
    assert_eq!(desk.model.layers.len(), 1);
    desk.keys("esc y");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn whoever_leaves_while_it_is_saved_is_told_what_became_of_it() {
    let desk = &mut Desk::new().open();
    desk.keys("5 a");
    choose(desk, "local");
    desk.text("nas").keys("tab").text("/nowhere/at/all");
    let effects = desk.effects_of(Message::Key("ctrl-s".parse().unwrap()));
    let Some(Effect::Ask(asked)) = effects.into_iter().next() else {
        panic!("nothing is asked");
    };
    desk.text("typed meanwhile");
    assert!(desk.screen(80, 24).contains("Esc does not wait"));
    desk.keys("esc");
    assert!(desk.model.layers.is_empty());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(asked.perform(&desk.session));
    desk.send(Message::Reply(answer));
    let screen = desk.screen(120, 40);
    assert!(screen.contains("adapter nas was not saved: "), "{screen}");
}

#[test]
fn a_form_is_tried_against_a_real_server_and_its_databases_are_shown() {
    let server = Server::start(*majors().last().unwrap());
    server.create_database("shop");
    server.create_database("billing");
    server.psql("shop", "create table orders (id int); create table customers (id int)");
    let desk = &mut Desk::new().open();
    // Whatever else is installed here, only these programs are looked at.
    let instance = std::sync::Arc::clone(&desk.session.instance);
    let clients = |major: u32| {
        let place = bin(major).display().to_string();
        let set = |db: &store::Db| store::settings::set(db, "postgres_client_dir", &place, now());
        instance.store.write(set).unwrap();
    };
    clients(majors()[0]);
    desk.keys("5 a");
    choose(desk, "postgres");
    desk.text("db1")
        .keys("tab")
        .text("127.0.0.1")
        .keys("tab")
        .text(&server.port().to_string());
    desk.keys("tab").text("postgres").keys("tab").text("not-the-one");
    desk.keys("ctrl-t");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("password"), "{screen}");
    assert!(screen.contains("✖"), "{screen}");
    assert!(!screen.contains("not-the-one"), "{screen}");
    desk.keys("ctrl-u").text(PASSWORD).keys("ctrl-t");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it answers, and cannot be backed up yet"), "{screen}");
    assert!(screen.contains("apt-get install postgresql-client-"), "{screen}");
    clients(*majors().last().unwrap());
    desk.keys("ctrl-t");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it works: "), "{screen}");
    assert!(!screen.contains(PASSWORD), "{screen}");
    desk.keys("ctrl-s");
    assert_eq!(names(desk), ["db1"]);

    desk.keys("b");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Databases of db1"), "{screen}");
    assert!(
        screen.lines().any(|line| line.contains("shop") && line.contains(" 2│")),
        "{screen}"
    );
    desk.keys("/").text("sho").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(!screen.contains("billing"), "{screen}");
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Tables of shop on db1"), "{screen}");
    assert!(
        screen.contains("public.customers") && screen.contains("2 tables, 0 B in all"),
        "{screen}"
    );
    desk.keys("esc esc");
    assert_eq!(desk.model.layers.len(), 1, "the filter goes first");
    desk.keys("g enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("Tables of billing on db1") && screen.contains("no tables"),
        "{screen}"
    );
    desk.keys("esc esc");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_source_that_does_not_answer_can_be_left() {
    let desk = &mut desk();
    desk.keys("5 j");
    let effects = desk.effects_of(Message::Key("b".parse().unwrap()));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(Ask::Adapters(pane::Ask::Databases(_)))]
    ));
    desk.keys("esc");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_console_that_may_change_nothing_tests_and_shows() {
    let desk = Desk::new();
    furnished(&desk);
    let desk = &mut desk.read_only().open();
    for keys in ["5 a", "e", "n", "D"] {
        desk.keys(keys);
        assert!(desk.model.layers.is_empty(), "{keys}");
    }
}

#[test]
fn a_destination_leads_to_its_backups() {
    let desk = &mut desk();
    desk.keys("5 G b");
    assert_eq!(desk.model.pane, PaneId::Backups);
}

#[test]
fn a_place_that_is_gone_is_said_to_be() {
    let desk = &mut desk();
    let reply = backstay::console::message::Done::say("x").go(Place::Adapter("gone".to_owned()));
    desk.send(Message::Reply(backstay::console::message::Reply::Done(Ok(reply))));
    let told = desk
        .model
        .messages
        .iter()
        .any(|told| told.toast.text.contains("there is no adapter gone"));
    assert!(told);
    assert!(desk.model.adapters.hints().contains(&Command::Add));
    assert_eq!(
        adapters::list(&desk.session)
            .unwrap()
            .iter()
            .filter(|adapter| adapter.kind == AdapterType::Source)
            .count(),
        2
    );
}

fn sqlite_with(path: &std::path::Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Chooses a driver by its name.
pub fn choose(desk: &mut Desk, driver: &str) {
    let at = adapters::drivers().iter().position(|info| info.name == driver).unwrap();
    for _ in 0..at {
        desk.keys("down");
    }
    desk.keys("enter");
}
