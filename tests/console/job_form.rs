//! A job in a form: made anew and changed, by keys alone.

use backstay::console::message::{self, Effect, Message};
use backstay::console::pane::jobs::{Ask, Reply};
use backstay::domain::adapter::{AdapterType, Database};
use backstay::domain::job::{Compression, Definition, Overlap};
use backstay::ops::{jobs, profiles};
use serde_json::json;

use crate::desk::Desk;
use crate::jobs::desk;
use crate::support::postgres::{PASSWORD, Server, majors};

fn definition(desk: &Desk, name: &str) -> Definition {
    jobs::find(&desk.session, name).unwrap().definition
}

/// Moves down until the row with that label has the focus.
pub fn to(desk: &mut Desk, label: &str) {
    for _ in 0..60 {
        let screen = desk.screen(120, 40);
        if screen.lines().any(|line| line.contains(&format!("▌{label}"))) {
            return;
        }
        desk.keys("down");
    }
    panic!("there is no row {label}:\n{}", desk.screen(120, 40));
}

#[test]
fn the_footer_says_how_a_row_is_filled_in_where_letters_do_not() {
    let desk = &mut desk();
    desk.keys("2 a");
    let footer = |desk: &mut Desk, label: &str| {
        to(desk, label);
        desk.screen(120, 40).lines().last().unwrap().to_owned()
    };
    assert!(!footer(desk, "Name").contains("change"));
    for label in ["Source", "Enabled", "Destinations", "Overlap"] {
        let footer = footer(desk, label);
        assert!(footer.contains("Space or left/right change"), "{label}: {footer}");
    }
}

#[test]
fn what_is_said_of_a_destination_is_read_whole_where_there_is_no_room_beside_it() {
    let desk = &mut desk();
    let (offsite, nas) = ("/mnt/offsite-of-the-shop-01/backups", "/srv/nas-of-the-shop-01/backups");
    let script = format!(
        "UPDATE adapters SET summary = '{offsite}' WHERE name = 'offsite';
         UPDATE adapters SET summary = '{nas}' WHERE name = 'nas';"
    );
    let store = &desk.session.instance.store;
    store.write(|db| Ok(db.execute_batch(&script)?)).unwrap();
    desk.changed().keys("2 j j e");
    to(desk, "Destinations");
    let shown = |desk: &mut Desk| -> String {
        let screen = desk.screen(60, 15);
        screen.chars().filter(|c| !c.is_whitespace() && *c != '│').collect()
    };
    let first = shown(desk);
    assert!(first.contains(offsite) && !first.contains(nas), "{first}");
    insta::assert_snapshot!("destination_60x15", desk.screen(60, 15));
    insta::assert_snapshot!("destination_80x24", desk.screen(80, 24));
    desk.keys("down");
    let second = shown(desk);
    assert!(second.contains(nas) && !second.contains(offsite), "{second}");
    assert!(second.contains("[x]offsite1st·local…"), "{second}");
}

#[test]
fn a_paused_job_is_told_to_fire_when_its_pause_has_ended() {
    let desk = &mut desk();
    desk.keys("2 /").text("legacy").keys("enter e");
    to(desk, "Schedule");
    desk.text("0 * * * *");
    let screen = desk.screen(120, 40);
    let (_, after) = screen
        .split_once("paused until Wed 11 Mar 2026 15:46 CET, then")
        .unwrap_or_else(|| panic!("{screen}"));
    let fires: Vec<&str> = after.lines().skip(1).take(3).collect();
    assert!(fires.iter().all(|line| line.contains("Wed 11 Mar 2026")), "{fires:?}");
    assert!(fires[0].contains("16:00"), "{fires:?}");
}

#[test]
fn a_job_is_made_by_its_name_and_its_destinations() {
    let desk = &mut desk();
    desk.keys("2 a").text("monday");
    to(desk, "Schedule");
    desk.keys("ctrl-u").text("0 4 * * mon");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("every Monday at 04:00 Europe/Zurich"), "{screen}");
    assert!(screen.contains("Mon 16 Mar 2026 04:00 CET"), "{screen}");
    to(desk, "Destinations");
    desk.keys("space down space");
    to(desk, "Keep at nas");
    desk.keys("ctrl-u").text("last:7");
    assert!(desk.screen(120, 40).contains("keeps the newest 7"));
    desk.keys("ctrl-s");
    let made = definition(desk, "monday");
    assert_eq!(
        (made.schedule.as_str(), made.timezone.as_str()),
        ("0 4 * * mon", "Europe/Zurich")
    );
    let kept: Vec<String> = made
        .destinations
        .iter()
        .map(|target| format!("{} {}", target.adapter, target.keep))
        .collect();
    assert_eq!(kept, ["nas last:7", "offsite smart:7,4,12,2"]);
    assert_eq!(made.profile.as_deref(), Some("prod-2026"));
    assert!(desk.model.layers.is_empty());
    assert_eq!(desk.model.shown().thing().unwrap().name, "monday");
}

#[test]
fn what_is_wrong_is_said_beside_the_row_and_nothing_is_saved() {
    let desk = &mut desk();
    desk.keys("2 a");
    desk.text("crm").keys("tab");
    to(desk, "Schedule");
    desk.keys("ctrl-u").text("61 * * * *").keys("tab");
    to(desk, "Time limit");
    desk.keys("ctrl-u").text("soon").keys("tab ctrl-s");
    assert_eq!(jobs::list(&desk.session).unwrap().len(), 5);
    // All that could be told without asking is put right; then the name turns out to be taken.
    to(desk, "Schedule");
    desk.keys("ctrl-u");
    to(desk, "Destinations");
    desk.keys("space");
    to(desk, "Time limit");
    desk.keys("ctrl-u").text("2h").keys("ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("that name is taken"), "{screen}");
    assert!(screen.contains("▌Name"), "{screen}");
}

#[test]
fn a_change_is_shown_before_it_is_saved() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Compression");
    desk.keys("g");
    to(desk, "Level");
    desk.keys("ctrl-u").text("9");
    to(desk, "Overlap");
    desk.keys("right ctrl-s esc");
    assert_eq!(jobs::find(&desk.session, "nightly-pg").unwrap().revision, 2);
    desk.keys("ctrl-s enter");
    let changed = definition(desk, "nightly-pg");
    assert_eq!(changed.compression, Compression::Gzip(9));
    assert_eq!(changed.options.overlap, Overlap::Skip);
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_form_in_which_nothing_was_changed_saves_nothing() {
    let desk = &mut desk();
    desk.keys("2 j j e ctrl-s");
    assert!(desk.model.layers.is_empty());
    assert!(
        desk.screen(120, 40)
            .contains("nothing about job nightly-pg was changed")
    );
    assert_eq!(jobs::find(&desk.session, "nightly-pg").unwrap().revision, 2);
}

#[test]
fn leaving_asks_only_when_something_was_changed() {
    let desk = &mut desk();
    desk.keys("2 a esc");
    assert!(desk.model.layers.is_empty());
    desk.keys("a").text("x").keys("esc");
    let question = desk.screen(80, 24);
    assert!(question.contains("Leave the form?"), "{question}");
    desk.keys("n backspace esc");
    assert!(desk.model.layers.is_empty());
    desk.keys("a").text("x").keys("down q y");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_zone_is_completed_from_a_part_of_its_name() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Time zone");
    desk.keys("ctrl-u").text("new y");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Tab takes America/New_York"), "{screen}");
    desk.keys("tab ctrl-s enter");
    assert_eq!(definition(desk, "nightly-pg").timezone, "America/New_York");
}

#[test]
fn a_part_of_a_zones_name_is_enough_to_save_it() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Time zone");
    desk.keys("ctrl-u").text("istanbul").keys("ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Asia/Istanbul, Europe/Istanbul"), "{screen}");
    desk.keys("ctrl-u").text("tokyo");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("03:00 JST"), "{screen}");
    desk.keys("ctrl-s enter");
    assert_eq!(definition(desk, "nightly-pg").timezone, "Asia/Tokyo");
}

#[test]
fn a_schedule_is_read_beside_a_wrong_zone() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Time zone");
    desk.keys("ctrl-u").text("atlantis");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("every day at 03:00\u{20}"), "{screen}");
    desk.keys("up").text(" 7").keys("ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("there is no time zone 'atlantis'"), "{screen}");
    assert!(screen.contains("6 fields"), "{screen}");
}

#[test]
fn what_a_policy_would_do_to_the_copies_there_are_is_said_while_it_is_typed() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Keep at nas");
    desk.keys("ctrl-u").text("last:10");
    let screen = desk.screen(120, 40);
    // The run brings one more, so of those that are there one less stays.
    let told = "of 39 copies there, 9 stay and 30 go with the next run";
    assert!(screen.contains(told), "{screen}");
    // It counts as of when that run is: this night's copy is a day old by then.
    desk.keys("ctrl-u").text("last:1,min=20h");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("all 39 copies there go with the next run"), "{screen}");
    desk.keys("ctrl-u").text("last:1,min=25h");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("of 39 copies there, 1 stays and 38 go"), "{screen}");
}

#[test]
fn the_order_of_destinations_is_the_order_they_are_read_in() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Destinations");
    desk.keys("alt-down");
    let screen = desk.screen(120, 40);
    let keeps = ["Keep at nas", "Keep at offsite"].map(|label| screen.find(label));
    assert!(keeps.is_sorted() && keeps[0].is_some(), "{screen}");
    desk.keys("ctrl-s enter");
    let names: Vec<String> = definition(desk, "nightly-pg")
        .destinations
        .into_iter()
        .map(|target| target.adapter)
        .collect();
    assert_eq!(names, ["nas", "offsite"]);
}

#[test]
fn a_source_that_does_not_answer_has_its_databases_typed() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Databases");
    assert!(desk.screen(120, 40).contains("the source does not answer"));
    desk.keys("right down").text("app, shop").keys("ctrl-s enter");
    let databases = definition(desk, "nightly-pg").selection.databases;
    assert_eq!(databases, Some(vec!["app".to_owned(), "shop".to_owned()]));
}

#[test]
fn who_leaves_before_the_source_has_answered_ends_the_question() {
    let desk = &mut desk();
    let lane = message::Ask::Jobs(Ask::Databases(String::new())).lane();
    let gives_up = |effects: &[Effect]| {
        let mut effects = effects.iter();
        effects.any(|effect| matches!(effect, Effect::GiveUp(given_up) if Some(*given_up) == lane))
    };
    desk.keys("2 j j");
    let asked = desk.effects_of(Message::Key("e".parse().unwrap()));
    let is_asked = |effect: &Effect| matches!(effect, Effect::Ask(message::Ask::Jobs(Ask::Databases(_))));
    assert!(asked.iter().any(is_asked), "{asked:?}");
    let left = desk.effects_of(Message::Key("esc".parse().unwrap()));
    assert!(desk.model.layers.is_empty());
    assert!(gives_up(&left), "{left:?}");
    // It has answered, if only that it does not.
    desk.keys("e");
    let left = desk.effects_of(Message::Key("esc".parse().unwrap()));
    assert!(desk.model.layers.is_empty());
    assert!(!gives_up(&left), "{left:?}");
}

#[test]
fn databases_are_picked_from_what_the_server_has() {
    let server = Server::start(*majors().last().unwrap());
    server.create_database("app");
    server.create_database("shop");
    let desk = &mut desk();
    let config = json!({ "host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": PASSWORD });
    desk.plant.adapter(AdapterType::Source, "postgres", "aa-live", &config);
    // The new source is the first by name, and so it is the one a new job begins with.
    desk.changed().keys("2 a").text("picked");
    to(desk, "Databases");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("now app "), "{screen}");
    desk.keys("right");
    to(desk, "Which");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("[ ] shop"), "{screen}");
    desk.keys("down down space");
    to(desk, "Destinations");
    desk.keys("space ctrl-s");
    let databases = definition(desk, "picked").selection.databases;
    assert_eq!(databases, Some(vec!["shop".to_owned()]));
}

#[test]
fn databases_that_nobody_touched_keep_the_order_they_were_named_in() {
    let desk = &mut desk();
    let named = Some(vec!["shop".to_owned(), "gone".to_owned(), "big".to_owned()]);
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        definition.selection.databases.clone_from(&named);
        Ok(())
    })
    .unwrap();
    desk.changed().keys("2 j j e");
    let there = ["app", "big", "shop"].map(|name| Database {
        name: name.to_owned(),
        size_bytes: 1 << 20,
        tables: None,
    });
    let answered = |desk: &mut Desk| {
        let answer = Reply::Databases("db1".to_owned(), Ok(there.to_vec()));
        desk.send(Message::Reply(message::Reply::Jobs(answer)));
    };
    answered(desk);
    to(desk, "Which");
    let screen = desk.screen(120, 40);
    let places = ["[x] shop", "[x] gone", "[x] big", "[ ] app"].map(|item| screen.find(item));
    assert!(places.is_sorted() && places[0].is_some(), "{screen}");
    desk.keys("esc");
    assert!(desk.model.layers.is_empty(), "{}", desk.screen(120, 40));
    // One more is one more, and no other order.
    desk.keys("e");
    answered(desk);
    to(desk, "Which");
    desk.keys("down down down space ctrl-s enter");
    let saved = definition(desk, "nightly-pg").selection.databases.unwrap();
    assert_eq!(saved, ["shop", "gone", "big", "app"]);
}

#[test]
fn a_database_that_is_chosen_and_left_out_is_named_at_its_row() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "Databases");
    desk.keys("right down").text("app, shop");
    to(desk, "Without databases");
    desk.text("shop").keys("down");
    let told = "database shop is both chosen and left out";
    assert!(desk.screen(120, 40).contains(told), "{}", desk.screen(120, 40));
    desk.keys("ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("▌Without databases") && screen.contains(told),
        "{screen}"
    );
    assert_eq!(definition(desk, "nightly-pg").selection.databases, None);
}

#[test]
fn a_new_profile_is_made_with_the_job() {
    let desk = &mut desk();
    desk.keys("2 a").text("sealed");
    to(desk, "Destinations");
    desk.keys("space");
    to(desk, "Encryption");
    desk.keys("right");
    to(desk, "Its name");
    desk.text("fresh").keys("ctrl-s");
    assert_eq!(definition(desk, "sealed").profile.as_deref(), Some("fresh"));
    assert!(profiles::show(&desk.session, "fresh").is_ok());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("write a recovery kit"), "{screen}");
}

#[test]
fn a_profile_is_not_made_for_a_change_that_is_refused() {
    let desk = &mut desk();
    let job = jobs::find(&desk.session, "nightly-pg").unwrap();
    let mut stale = job.definition.clone();
    stale.options.retries += 1;
    let saving = jobs::Saving {
        definition: Definition {
            profile: Some("fresh".to_owned()),
            ..job.definition
        },
        replacing: Some((job.id, stale)),
        new_profile: Some("fresh".to_owned()),
    };
    let error = jobs::save(&desk.session, &saving).unwrap_err();
    assert!(error.message.contains("somebody else changed it"), "{error}");
    assert!(profiles::show(&desk.session, "fresh").is_err());
}

#[test]
fn hooks_are_written_in_a_window_of_their_own() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    to(desk, "After");
    desk.keys("ctrl-e")
        .text("$ echo done | mail ops")
        .keys("enter")
        .text("@5m notify 'all well'");
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("Esc again discards it"));
    desk.keys("ctrl-s ctrl-s enter");
    let hooks = definition(desk, "nightly-pg").hooks;
    assert_eq!(hooks.len(), 3);
    assert_eq!(
        (hooks[1].shell, hooks[1].command.as_slice()),
        (true, ["echo done | mail ops".to_owned()].as_slice())
    );
    assert_eq!(hooks[2].command, ["notify", "all well"]);
    assert_eq!(hooks[2].timeout.as_secs(), 300);
}

#[test]
fn somebody_elses_change_is_not_overwritten() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        definition.options.retries = 9;
        Ok(())
    })
    .unwrap();
    to(desk, "Overlap");
    desk.keys("right ctrl-s enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("anna made revision 3"), "{screen}");
    assert!(screen.contains("+retries = 9"), "{screen}");
    assert_eq!(definition(desk, "nightly-pg").options.retries, 9);
    assert_eq!(definition(desk, "nightly-pg").options.overlap, Overlap::Queue);
    // What was filled in is still there, and why it was not saved.
    desk.keys("esc");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("somebody else changed it while the form was open") && screen.contains("< skip"),
        "{screen}"
    );
}

#[test]
fn a_form_is_saved_on_top_of_somebody_elses_change_once_both_were_seen() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    let edit = |desk: &Desk, retries| {
        let change = |definition: &mut Definition| {
            definition.options.retries = retries;
            Ok(())
        };
        jobs::edit(&desk.session, "nightly-pg", change).unwrap();
    };
    edit(desk, 9);
    to(desk, "Overlap");
    desk.keys("right ctrl-s ctrl-s ctrl-s");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("Change nightly-pg?") && screen.contains("-retries = 9"),
        "{screen}"
    );
    assert_eq!(definition(desk, "nightly-pg").options.retries, 9, "only seen so far");
    // Whoever is faster once more is seen once more.
    edit(desk, 8);
    desk.keys("enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("anna made revision 4") && !screen.contains("revision 3"),
        "{screen}"
    );
    desk.keys("enter enter");
    let saved = definition(desk, "nightly-pg");
    assert_ne!(saved.options.overlap, Overlap::Queue);
    assert!(![8, 9].contains(&saved.options.retries));
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_job_that_somebody_else_removed_is_named_when_it_is_saved() {
    let desk = &mut desk();
    desk.keys("2 j j e");
    jobs::remove(&desk.session, "nightly-pg").unwrap();
    to(desk, "Overlap");
    desk.keys("right ctrl-s enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("job nightly-pg: somebody removed it"), "{screen}");
}
