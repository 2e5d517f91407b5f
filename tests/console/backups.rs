//! The backups: the list and its filters, one backup in full, and what can be done about them.

use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::{Backup, Copy, CopyState, Level};
use backstay::domain::id::{AdapterId, BackupId, CopyId};
use backstay::domain::job::Contents;
use backstay::domain::manifest::{
    CompressionNote, Details, DumpFormat, EncryptionNote, FORMAT, Inside, InsideObject, JobReference, Manifest,
    ObjectKind, Stats, StoredObject,
};
use backstay::domain::time::Timestamp;
use backstay::store::backups;
use serde_json::json;

use crate::desk::{Desk, now};
use crate::support::engine::Plant;

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
    let objects = past.databases.iter().map(|name| StoredObject {
        name: format!("{name}.db.zst"),
        stored_size: size / 4 / count,
        sha256: "00".repeat(32),
        volumes: Vec::new(),
    });
    let inside = past.databases.iter().map(|name| InsideObject {
        name: format!("{name}.db.zst"),
        kind: ObjectKind::Database,
        database: Some((*name).to_owned()),
        dump_format: DumpFormat::SqliteFile,
        logical_size: size / count,
        plain_sha256: "00".repeat(32),
        contents: Contents::All,
        stats: Stats {
            tables: 12,
            rows: 5_000,
            ..Stats::default()
        },
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
fn history() -> Plant {
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
        backup.databases.clear()
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
        backup.complete = false
    });
    plant
}

#[test]
fn what_there_is_to_restore_is_listed_newest_first_with_the_selected_one_in_full() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4");
    insta::assert_snapshot!("list_120x40", desk.screen(120, 40));
    insta::assert_snapshot!("list_80x24", desk.screen(80, 24));
    insta::assert_snapshot!("list_60x15", desk.screen(60, 15));
    insta::assert_snapshot!("list_styled", desk.styled(120, 40));
}

#[test]
fn a_narrow_screen_shows_one_backup_as_a_page() {
    let mut desk = Desk::over(history());
    desk.model.start.size = (80, 24);
    let mut desk = desk.open();
    desk.keys("4 j j j j enter");
    insta::assert_snapshot!("page_80x24", desk.screen(80, 24));
    insta::assert_snapshot!("page_60x15", desk.screen(60, 15));
    desk.keys("G");
    insta::assert_snapshot!("page_end_60x15", desk.screen(60, 15));
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("TAKEN"));
}

#[test]
fn look() {
    let mut desk = Desk::over(history()).open();
    desk.keys("4");
    for keys in ["v", "right", "esc L", "esc j D", "esc d", "esc b", "esc O", "j enter", "esc S", "enter", "esc / c r", "enter esc u", "enter", "enter", "enter"] {
        desk.keys(keys);
        println!("{keys}\n{}", desk.screen(80, 24));
    }
}
