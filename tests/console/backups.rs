//! The backups: the list and its filters, one backup in full, and what can be done about them.

use std::time::Duration;

use backstay::clock::Clock;
use backstay::console::message::{Ask as Asked, Done, Effect, Message, Place, Reply};
use backstay::console::pane::PaneId;
use backstay::console::pane::backups::work::Look;
use backstay::console::pane::backups::{self as pane, Ask};
use backstay::console::theme::ASCII;
use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::{Backup, Copy, CopyState, Level};
use backstay::domain::execution::{Execution, Request, Status};
use backstay::domain::id::{AdapterId, BackupId, CopyId};
use backstay::domain::job::Contents;
use backstay::domain::manifest::{
    CompressionNote, Details, DumpFormat, EncryptionNote, FORMAT, Inside, InsideObject, JobReference, Manifest,
    ObjectKind, Stats, StoredObject,
};
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::ops::engine_process;
use backstay::store::{backups, executions};
use ratatui::layout::Position;
use rusqlite::Connection;
use serde_json::json;

use crate::desk::{Desk, now};
use crate::support::engine::{JobPlan, Plant, files_below};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// An id as one made at that moment would begin, with digits that are always the same.
pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(at: Timestamp, number: u32) -> T {
    let time = format!("{:012x}", at.millis());
    let (high, low) = time.split_at(8);
    format!("{high}-{low}-7000-8000-0000{number:08x}").parse().unwrap()
}

/// What a backup of a history is like.
pub struct Past<'a> {
    pub number: u32,
    pub job: &'a str,
    pub age: Duration,
    pub databases: &'a [&'a str],
    pub copies: &'a [(AdapterId, CopyState, Option<(Level, bool)>)],
    pub sealed: bool,
    pub edit: &'a dyn Fn(&mut Backup),
}

/// Puts a backup into the catalogue that no run has made.
pub fn put(plant: &Plant, past: &Past<'_>) -> BackupId {
    let at = now().minus(past.age);
    let backup_id: BackupId = id(at, past.number);
    let size = u64::from(past.number) * 12_345_678;
    let key_id = past.sealed.then(|| "4f2a77c09d1e4b6fa0b1c2d3e4f50617".to_owned());
    let copies = past
        .copies
        .iter()
        .zip(0_u32..)
        .map(|((destination, state, proof), at_number)| Copy {
            id: id::<CopyId>(at, past.number * 100 + at_number),
            backup_id,
            destination_id: *destination,
            destination: String::new(),
            path: format!("{}/{}-{:08x}", past.job, at.folder(), past.number),
            stored_size: size / 4,
            state: *state,
            verified_at: proof.map(|_| now().minus(past.age / 2)),
            verified_level: proof.map(|(level, _)| level),
            verified_ok: proof.map(|(_, ok)| ok),
            proven_at: proof.map(|(_, ok)| now().minus(if ok { past.age / 2 } else { past.age * 2 / 3 })),
            proven_level: proof.map(|(level, ok)| if ok { level } else { Level::Restore }),
            out_of_reach_since: None,
        });
    let mut backup = Backup {
        id: backup_id,
        execution_id: None,
        job_id: None,
        job_name: past.job.to_owned(),
        taken_at: at,
        driver: "sqlite".to_owned(),
        engine_version: "3.50.4".to_owned(),
        databases: past.databases.iter().map(|name| (*name).to_owned()).collect(),
        complete: true,
        profile_id: None,
        key_id: key_id.clone(),
        compression: "zstd:3".to_owned(),
        logical_size: size,
        locked: false,
        lock_reason: None,
        copies: copies.collect(),
    };
    (past.edit)(&mut backup);
    let count = u64::try_from(past.databases.len().max(1)).unwrap();
    let globals = (backup.driver == "postgres").then_some("globals");
    let names = globals.iter().chain(past.databases);
    let objects = names.clone().map(|name| StoredObject {
        name: format!("{name}.db.zst"),
        stored_size: size / 4 / count,
        sha256: "00".repeat(32),
        volumes: Vec::new(),
    });
    let inside = names.map(|name| {
        let is_globals = *name == "globals";
        InsideObject {
            name: format!("{name}.db.zst"),
            kind: if is_globals {
                ObjectKind::Globals
            } else {
                ObjectKind::Database
            },
            database: Some((*name).to_owned()).filter(|_| !is_globals),
            dump_format: DumpFormat::SqliteFile,
            logical_size: if is_globals { 2_048 } else { size / count },
            plain_sha256: "00".repeat(32),
            contents: Contents::All,
            stats: Stats {
                tables: if is_globals { 0 } else { 12 },
                rows: 5_000,
                ..Stats::default()
            },
        }
    });
    let details = if past.sealed {
        Details::Sealed("AAAA".to_owned())
    } else {
        Details::Plain(Inside {
            source: "files".to_owned(),
            objects: inside.collect(),
            missing: Vec::new(),
        })
    };
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        id: backup_id,
        tool: "backstay 0.1.0".to_owned(),
        job: JobReference {
            id: id(at, 7),
            name: past.job.to_owned(),
            revision: 1,
        },
        taken_at: at,
        finished_at: at,
        driver: backup.driver.clone(),
        engine_version: backup.engine_version.clone(),
        compression: CompressionNote {
            algorithm: "zstd".to_owned(),
            level: Some(3),
        },
        encryption: key_id.map(|key_id| EncryptionNote {
            format: "BKSTAY01".to_owned(),
            key_id,
        }),
        objects: objects.collect(),
        complete: backup.complete,
        details,
        lock: None,
        mac: None,
    };
    let store = &plant.instance.store;
    store
        .write(|db| {
            backups::insert(db, &backup, &manifest, at)?;
            for copy in &backup.copies {
                backups::insert_copy(db, copy, 0, at)?;
            }
            Ok(())
        })
        .unwrap();
    backup_id
}

/// A catalogue of two jobs at two destinations, in which not all is well.
pub fn history() -> Plant {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let disk = plant.adapter(
        AdapterType::Destination,
        "local",
        "disk",
        &json!({ "path": "/srv/backups" }),
    );
    let nas = plant.adapter(AdapterType::Destination, "local", "nas", &json!({ "path": "/mnt/nas" }));
    let (present, proven) = (CopyState::Present, Some((Level::Bytes, true)));
    let plain: &dyn Fn(&mut Backup) = &|_| {};
    let past = |number, job, age, copies: &[_], edit: &dyn Fn(&mut Backup)| {
        let databases: &[&str] = if job == "crm" {
            &["crm", "crm_archive"]
        } else {
            &["shop"]
        };
        put(
            &plant,
            &Past {
                number,
                job,
                age,
                databases,
                copies,
                sealed: number == 4,
                edit,
            },
        );
    };
    let both = |first, second| [(disk, present, first), (nas, present, second)];
    past(
        1,
        "nightly-shop",
        HOUR * 11,
        &both(Some((Level::Restore, true)), proven),
        plain,
    );
    past(2, "crm", HOUR * 12, &both(proven, None), plain);
    past(
        3,
        "nightly-shop",
        HOUR * 35,
        &[(disk, present, proven), (nas, CopyState::Missing, None)],
        plain,
    );
    past(4, "crm", HOUR * 36, &both(None, None), &|backup| {
        backup.databases.clear();
    });
    past(
        5,
        "nightly-shop",
        DAY * 3,
        &[
            (disk, CopyState::Corrupt, Some((Level::Content, false))),
            (nas, CopyState::Deleted, proven),
        ],
        &|backup| {
            backup.locked = true;
            backup.lock_reason = Some("before the migration to the new warehouse, ask Mira".to_owned());
        },
    );
    past(6, "crm", DAY * 90, &both(proven, proven), &|backup| {
        backup.complete = false;
    });
    plant
}

#[test]
fn what_there_is_to_restore_is_listed_newest_first_with_the_selected_one_in_full() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4");
    insta::assert_snapshot!("list_styled", desk.styled(120, 40));
}

#[test]
fn a_repair_is_offered_first_where_there_is_a_good_copy_and_nowhere_else() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4");
    assert!(!desk.screen(120, 40).contains("F repair"));
    for keys in ["j j", "enter"] {
        desk.keys(keys);
        let screen = desk.screen(120, 40);
        assert!(screen.contains("\n F repair") && screen.contains("→ F makes the copy anew"));
    }
    let screen = desk.keys("esc j j").screen(120, 40);
    assert!(screen.contains("→ no good copy is left") && !screen.contains("F repair"));
}

#[test]
fn a_narrow_screen_shows_one_backup_as_a_page() {
    let mut desk = Desk::over(history());
    desk.model.start.size = (80, 24);
    let mut desk = desk.open();
    desk.keys("4 j j j j enter").screen(60, 15);
    desk.keys("G");
    insta::assert_snapshot!("page_end_60x15", desk.screen(60, 15));
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("TAKEN"));
}

#[test]
fn signs_are_ascii_where_the_terminal_has_no_others() {
    let mut desk = Desk::over(history()).glyphs(&ASCII).open();
    desk.keys("4");
    insta::assert_snapshot!("list_ascii", desk.screen(120, 40));
    assert!(desk.screen(120, 40).is_ascii());
}

#[test]
fn a_list_that_cannot_be_read_says_why_and_what_to_do() {
    let mut desk = Desk::over(history()).open();
    let go = Done::say("shown").go(Place::BackupsOfJob("yearly".to_owned()));
    desk.send(Message::Reply(Reply::Done(Ok(go))));
    insta::assert_snapshot!("error_80x24", desk.screen(80, 24));
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("6 backups"));
}

/// The jobs of the listed backups.
fn listed(desk: &mut Desk) -> Vec<String> {
    let screen = desk.screen(80, 24);
    let rows = screen
        .lines()
        .filter(|line| line.contains(" MiB ") || line.contains(" KiB "));
    rows.map(|line| {
        line.split_whitespace()
            .find(|word| ["crm", "nightly-shop"].contains(word))
            .unwrap()
            .to_owned()
    })
    .collect()
}

#[test]
fn backups_are_found_by_part_of_their_jobs_name() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 /").text("SHOP");
    assert_eq!(listed(&mut desk), ["nightly-shop"; 3]);
    desk.keys("enter");
    desk.keys("/").text("x");
    assert!(
        desk.screen(80, 24)
            .contains("No job with 'SHOPx' in its name has a backup.")
    );
    desk.keys("esc");
    assert_eq!(listed(&mut desk).len(), 6);
}

#[test]
fn backups_are_browsed_by_job_and_by_destination() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 b");
    desk.keys("2");
    assert!(desk.screen(80, 24).contains("Backups of crm"));
    assert_eq!(listed(&mut desk), ["crm"; 3]);
    // The copy at nas of one of the others was deleted.
    desk.keys("b 5");
    assert!(desk.screen(80, 24).contains("Backups at nas"));
    assert_eq!(listed(&mut desk).len(), 5);
    desk.keys("esc");
    assert_eq!(listed(&mut desk).len(), 6);
}

/// 500 backups of one job, one a day, and their ids.
fn many() -> (Plant, Vec<BackupId>) {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let disk = plant.local("disk");
    let ids: Vec<BackupId> = (1..=500)
        .map(|number| {
            let copies = [(disk, CopyState::Present, None)];
            let past = Past {
                number,
                job: "nightly-shop",
                age: DAY * number,
                databases: &["shop"],
                copies: &copies,
                sealed: false,
                edit: &|_| {},
            };
            put(&plant, &past)
        })
        .collect();
    (plant, ids)
}

#[test]
fn the_end_of_the_list_is_reached_while_something_changes() {
    let mut desk = Desk::over(many().0).open();
    desk.keys("4");
    let is_page = |effect: &Effect| matches!(effect, Effect::Ask(Asked::Backups(Ask::Look(Look::Page { .. }))));
    let mut asked = desk.effects_of(Message::Key("G".parse().unwrap()));
    let Some(Effect::Ask(oldest)) = asked.pop() else {
        panic!("the oldest are asked for");
    };
    let meanwhile = desk.effects_of(Message::Changed);
    assert!(
        !meanwhile.iter().any(is_page),
        "that would drop the oldest: {meanwhile:?}"
    );
    desk.answer(oldest);
    assert!(desk.screen(120, 40).contains(&format!("nightly-shop {:08x}", 500)));
}

#[test]
fn a_backup_far_down_is_shown_among_its_neighbours() {
    let (plant, ids) = many();
    let mut desk = Desk::over(plant).open();
    let go = Done::say("shown").go(Place::Backup(ids[249]));
    desk.send(Message::Reply(Reply::Done(Ok(go))));
    let title = |number: u32| format!("nightly-shop {number:08x}");
    assert!(desk.screen(120, 40).contains(&title(250)));
    desk.keys("j");
    assert!(desk.screen(120, 40).contains(&title(251)));
    for _ in 0..20 {
        desk.keys("pgup");
    }
    assert!(desk.screen(120, 40).contains(&title(1)));
    desk.keys("G");
    assert!(desk.screen(120, 40).contains(&title(500)));
    let (_, drawn) = desk.draw(120, 40);
    assert!(drawn.rows_built <= 36, "{}", drawn.rows_built);
}

#[test]
fn who_reads_a_backup_goes_on_reading_it_when_another_comes_in() {
    let mut desk = Desk::over(history());
    desk.model.start.size = (80, 24);
    let mut desk = desk.open();
    desk.keys("4 enter");
    let nas = desk.plant.local("other");
    let copies = [(nas, CopyState::Present, None)];
    let newer = Past {
        number: 99,
        job: "crm",
        age: HOUR,
        databases: &["crm"],
        copies: &copies,
        sealed: false,
        edit: &|_| {},
    };
    put(&desk.plant, &newer);
    desk.changed();
    assert!(desk.screen(80, 24).contains("nightly-shop 00000001"));
    desk.keys("esc k");
    assert!(desk.screen(120, 40).contains("crm 00000063"));
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4");
    desk.screen(120, 40);
    let at = Position::new(10, 5);
    desk.send(Message::Click { at, twice: false });
    assert!(desk.screen(120, 40).contains("crm 00000002"));
    desk.model.start.size = (80, 24);
    desk.send(Message::Click { at, twice: true });
    assert!(desk.screen(80, 24).contains("COPIES"));
}

#[test]
fn paths_and_commands_are_copied_and_the_history_is_a_key_away() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 y");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("backstay backup show 00000001"), "{screen}");
    desk.keys("3");
    let copied = |effect: &Effect| matches!(effect, Effect::Copy(text) if text.ends_with("-00000001") && text.starts_with("disk/nightly-shop/"));
    assert!(desk.outside.iter().any(copied), "{:?}", desk.outside);
    desk.keys("4 H");
    assert_eq!(desk.model.pane, PaneId::Audit);
}

#[test]
fn a_question_about_a_loss_looks_like_one() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 D");
    insta::assert_snapshot!("ask_delete_styled", desk.styled(80, 24));
}

#[test]
fn a_level_that_needs_a_scratch_database_is_refused_where_none_can_be_made() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 v right enter");
    assert!(desk.screen(80, 24).contains("no source fits"));
    desk.keys("left");
    assert!(!desk.screen(80, 24).contains("no source fits"));
}

#[test]
fn what_is_locked_is_not_deleted_and_what_is_whole_is_not_repaired() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 j j j j D");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it is locked: before the migration"), "{screen}");
    assert!(screen.contains("unlock it with"), "{screen}");
    desk.keys("g F");
    assert!(desk.screen(120, 40).contains("nothing to repair"));
    desk.keys("space space u");
    assert!(desk.screen(120, 40).contains("one backup at a time"));
}

#[test]
fn a_console_that_may_change_nothing_shows_and_asks_nothing_more() {
    let mut desk = Desk::over(history()).read_only().open();
    desk.keys("4");
    for key in ["u", "v", "L", "F", "D", "d", "S"] {
        desk.keys(key);
        assert!(desk.model.layers.is_empty(), "{key}");
        assert!(desk.screen(120, 40).contains("read-only"), "{key}");
    }
    desk.keys("O");
    assert_eq!(desk.model.layers.len(), 1);
}

/// Says that a download has come so far.
fn moved(transfer: &std::sync::Arc<pane::transfer::Transfer>, ended: bool) -> Message {
    let moved = pane::transfer::Moved {
        bytes: 3_000_000,
        total: 8_000_000,
        ended,
    };
    let transfer = std::sync::Arc::clone(transfer);
    Message::Reply(Reply::Backups(pane::Reply::Transferred(transfer, moved)))
}

/// A download under way.
pub fn downloading() -> (Desk, std::sync::Arc<pane::transfer::Transfer>) {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 d");
    let effects = desk.effects_of(Message::Key("enter".parse().unwrap()));
    let transfer = effects.iter().find_map(|effect| match effect {
        Effect::Ask(Asked::Backups(Ask::Look(Look::Transferred(transfer, _)))) => Some(std::sync::Arc::clone(transfer)),
        _ => None,
    });
    let transfer = transfer.expect("it is asked how far it is");
    let asked = desk.effects_of(moved(&transfer, false));
    assert!(matches!(asked.as_slice(), [Effect::Ask(_)]), "{asked:?}");
    (desk, transfer)
}

#[test]
fn a_download_tells_how_far_it_is_and_is_stopped_by_the_key_that_stops_a_run() {
    let (mut desk, transfer) = downloading();
    let stopped = desk.effects_of(Message::Key("x".parse().unwrap()));
    assert!(
        matches!(
            stopped.as_slice(),
            [Effect::Ask(Asked::Backups(Ask::Look(Look::Stop(_))))]
        ),
        "{stopped:?}"
    );
    assert!(desk.screen(120, 40).contains("stopping"));
    desk.effects_of(moved(&transfer, true));
    desk.done(Err(backstay::domain::Error::interrupted("stopped")));
    assert!(desk.model.layers.is_empty());
}

/// A shop in a SQLite file that was backed up once to two destinations, sealed.
pub fn shop() -> Desk {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let database = Connection::open(plant.path("shop.db")).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO orders (item) SELECT 'rope number ' || i FROM n;",
        )
        .unwrap();
    let source = plant.sqlite("shop", &plant.path("shop.db"));
    let destinations = ["disk", "nas"].map(|name| (plant.local(name), name, Policy::None));
    let (profile, _) = plant.profile("prod");
    let plan = JobPlan {
        source,
        destinations: &destinations,
        profile: Some(profile),
        edit: &|_| {},
    };
    let job = plant.job("nightly", &plan);
    plant.ask(Some(job), Request::Backup);
    let mut desk = Desk::over(plant);
    work(&mut desk);
    let mut desk = desk.open();
    desk.keys("4");
    desk
}

/// Has an engine do what was asked for, and gives the run that was.
pub fn work(desk: &mut Desk) -> Execution {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let instance = std::sync::Arc::clone(&desk.plant.instance);
    let open = || instance.store.read(executions::open).unwrap();
    let asked = open().pop().expect("a run was asked for").id;
    runtime.block_on(async {
        desk.plant.start();
        desk.plant
            .when("nothing is left to be done", || open().is_empty().then_some(()))
            .await;
        desk.plant.stop().await;
    });
    // A program that another test has started at the same time holds the engine's lock until it is another program.
    while engine_process::is_running(&instance.paths).unwrap() {
        std::thread::yield_now();
    }
    desk.changed();
    desk.plant.execution(asked)
}

/// The backups there are, newest first.
pub fn catalogue(desk: &Desk) -> Vec<Backup> {
    let wanted = backstay::ops::backups::Wanted {
        deleted: true,
        ..Default::default()
    };
    backstay::ops::backups::page(&desk.session, &wanted, backstay::domain::paging::Edge::Newest, 10).unwrap()
}

fn orders(path: &std::path::Path) -> (i64, String) {
    let database = Connection::open(path).unwrap();
    database
        .query_row("SELECT count(*), max(item) FROM orders", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap()
}

#[test]
fn a_backup_is_proven_at_every_level_and_the_run_is_shown() {
    let mut desk = shop();
    for (keys, level) in [
        ("v left enter", Level::Bytes),
        ("v enter", Level::Content),
        ("v right enter", Level::Restore),
    ] {
        desk.keys("4").keys(keys);
        assert_eq!(desk.model.pane, PaneId::Runs);
        let run = work(&mut desk);
        assert_eq!(run.status, Status::Success, "{}", desk.plant.log_text(&run));
        let proven = catalogue(&desk)[0].copies.iter().map(|copy| copy.verified_level).max();
        assert_eq!(proven, Some(Some(level)));
    }
    desk.keys("4");
    assert!(desk.screen(120, 40).contains("restore <1m"));
}

#[test]
fn only_the_copy_that_is_chosen_is_verified() {
    let mut desk = shop();
    desk.keys("v down right right enter");
    work(&mut desk);
    let levels: Vec<_> = catalogue(&desk)[0]
        .copies
        .iter()
        .map(|copy| (copy.destination.clone(), copy.verified_level))
        .collect();
    let expected = [("disk", Level::Bytes), ("nas", Level::Content)];
    assert_eq!(levels, expected.map(|(name, level)| (name.to_owned(), Some(level))));
}

#[test]
fn a_lock_is_kept_with_the_data_and_taken_off_again() {
    let mut desk = shop();
    desk.keys("L enter");
    assert!(desk.screen(120, 40).contains("say why"));
    desk.text("before the migration").keys("enter").changed();
    let locked = catalogue(&desk).remove(0);
    assert_eq!(locked.lock_reason.as_deref(), Some("before the migration"));
    let folder = desk.plant.path("nas").join(&locked.copies[0].path);
    let manifest = folder.join("manifest.json");
    assert!(
        std::fs::read_to_string(&manifest)
            .unwrap()
            .contains("before the migration")
    );
    desk.keys("L");
    assert!(desk.screen(120, 40).contains("is locked: before the migration"));
    desk.keys("enter").changed();
    assert!(catalogue(&desk)[0].locked, "no is the answer until it is changed");
    desk.keys("L y").changed();
    assert!(!catalogue(&desk)[0].locked);
    assert!(!std::fs::read_to_string(&manifest).unwrap().contains("migration"));
}

#[test]
fn a_copy_that_was_lost_is_found_missing_and_made_anew() {
    let mut desk = shop();
    let folder = catalogue(&desk)[0].copies[0].path.clone();
    let nas = desk.plant.path("nas");
    let before = files_below(&nas);
    std::fs::remove_dir_all(nas.join(&folder)).unwrap();
    desk.keys("v left enter");
    assert_eq!(work(&mut desk).status, Status::Failed);
    desk.keys("4");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("▲ nas  missing"), "{screen}");
    desk.keys("F");
    let run = work(&mut desk);
    assert_eq!(run.status, Status::Success, "{}", desk.plant.log_text(&run));
    assert_eq!(files_below(&nas), before);
    desk.keys("4");
    assert!(!desk.screen(120, 40).contains("missing"));
}

#[test]
fn a_backup_is_deleted_only_by_whoever_types_its_id() {
    let mut desk = shop();
    let short = catalogue(&desk)[0].id.short();
    desk.keys("D").text("no").keys("enter");
    assert!(desk.outside.iter().any(|effect| matches!(effect, Effect::Bell)));
    desk.keys("esc D enter").changed();
    assert!(!files_below(&desk.plant.path("disk")).is_empty());
    desk.keys("D").text(&short).keys("enter").changed();
    assert!(files_below(&desk.plant.path("disk")).is_empty());
    assert!(files_below(&desk.plant.path("nas")).is_empty());
    let gone = catalogue(&desk).remove(0);
    assert!(gone.copies.iter().all(|copy| copy.state == CopyState::Deleted));
    assert!(desk.screen(120, 40).contains("Every backup appears here"));
    // It is still known, for who asks for it.
    desk.keys("b G enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("also the deleted") && screen.contains(&gone.id.short()),
        "{screen}"
    );
}

#[test]
fn a_backups_dumps_are_fetched_in_the_clear() {
    let mut desk = shop();
    let directory = desk.plant.path("fetched");
    desk.keys("d home ctrl-k")
        .text(directory.to_str().unwrap())
        .keys("enter");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("every digest matched"), "{screen}");
    assert_eq!(orders(&directory.join("shop.db")), orders(&desk.plant.path("shop.db")));
    // Files that are there stay unless it is said that they may go.
    desk.keys("d home ctrl-k")
        .text(directory.to_str().unwrap())
        .keys("enter");
    assert!(desk.screen(120, 40).contains("a file of that name is there already"));
    // What was filled in comes back with what is wrong.
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("✖ a file of that name is there already") && screen.contains("→ choose another"),
        "{screen}"
    );
    desk.keys("tab tab tab tab space enter");
    assert!(desk.screen(120, 40).contains("every digest matched"));
    // As stored, it is a copy of the backup.
    let stored = desk.plant.path("stored");
    desk.keys("d home ctrl-k")
        .text(stored.to_str().unwrap())
        .keys("tab tab right enter");
    assert_eq!(files_below(&stored), ["manifest.json", "shop.db.zst.enc"]);
}

/// Folders that no backup has.
const LEFT: [&str; 2] = [
    "nightly/2026-02-01T03-00-00Z-0123abcd",
    "nightly/2026-02-02T03-00-00Z-4567cdef",
];

/// The shop, with something at `nas` that unfinished runs have left.
pub fn left_over() -> Desk {
    let desk = shop();
    for folder in LEFT {
        let folder = desk.plant.path("nas").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("shop.db.zst.enc"), vec![0; 70_000]).unwrap();
    }
    desk
}

#[test]
fn what_unfinished_runs_left_is_listed_and_deleted_when_the_destination_is_typed() {
    let mut desk = left_over();
    desk.keys("O j enter space D").text("nas").keys("enter");
    assert!(!desk.plant.path("nas").join(LEFT[0]).exists());
    assert!(desk.plant.path("nas").join(LEFT[1]).exists());
    assert!(!desk.screen(80, 24).contains("0123abcd"));
    desk.keys("D").text("nas").keys("enter");
    assert!(desk.screen(80, 24).contains("is left over here from a run"));
    assert_eq!(files_below(&desk.plant.path("nas")).len(), 2);
}

#[test]
fn a_destination_that_does_not_answer_can_be_left() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4 O");
    desk.effects_of(Message::Key("enter".parse().unwrap()));
    assert!(desk.screen(80, 24).contains("asking disk…"));
    desk.keys("esc");
    assert!(desk.model.layers.is_empty());
    desk.keys("O enter");
    assert!(desk.screen(80, 24).contains("/srv/backups"), "it is not there");
}

/// The shop, something broken beside its backup, and a console of another installation at what a scan of its destination found.
pub fn scanned() -> (Desk, Desk) {
    let made = shop();
    std::fs::create_dir_all(made.plant.path("disk/nightly/2026-03-01T03-00-00Z-89abcdef")).unwrap();
    let broken = made
        .plant
        .path("disk/nightly/2026-03-01T03-00-00Z-89abcdef/manifest.json");
    std::fs::write(broken, "{}").unwrap();
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let config = json!({ "path": made.plant.path("disk") });
    plant.adapter(AdapterType::Destination, "local", "old", &config);
    let mut desk = Desk::over(plant).open();
    desk.keys("4 S enter");
    (made, desk)
}

#[test]
fn backups_of_another_installation_are_taken_up() {
    let (made, mut desk) = scanned();
    desk.keys("enter").changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("which is not here"), "{screen}");
    assert_eq!(catalogue(&desk)[0].id, catalogue(&made)[0].id);
}
