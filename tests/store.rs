//! The database as operators meet it: a wrong key, a damaged file, a newer schema, rows nobody may change.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that cannot do its work fails the test"
)]

#[path = "support/lib.rs"]
mod support;

use backstay::clock::Clock;
use backstay::domain::Error;
use backstay::domain::adapter::{AdapterType, Probe};
use backstay::domain::audit::{Actor, Event};
use backstay::domain::paging::Edge;
use backstay::instance::{Instance, Paths};
use backstay::store::{DatabaseKey, Store, adapters, audit};
use backstay::vault::Key;
use rusqlite::StatementStatus;
use support::engine::Plant;
use tempfile::TempDir;

fn refusal(home: &TempDir) -> Error {
    Instance::open(Paths::new(Some(home.path())).unwrap(), Clock::System)
        .err()
        .expect("it is refused")
}

fn made() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let instance = Instance::open(Paths::new(Some(home.path())).unwrap(), Clock::System).unwrap();
    assert!(instance.first_start);
    home
}

#[test]
fn the_file_is_encrypted_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = made();
    let path = home.path().join("data/backstay.db");
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"));
    assert!(!bytes.windows(10).any(|part| part == b"executions"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::metadata(home.path().join("data"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
}

#[test]
fn another_key_is_told_from_a_damaged_file() {
    let home = made();
    std::fs::remove_file(home.path().join("config/master.key")).unwrap();
    let error = refusal(&home);
    assert!(error.message.contains("its master key is not"), "{error}");

    std::fs::write(
        home.path().join("config/master.key"),
        Key::generate().unwrap().to_hex().as_str(),
    )
    .unwrap();
    restrict(&home);
    let error = refusal(&home);
    assert!(error.message.contains("is not the one it was made with"), "{error}");
    assert!(error.next.contains("recovery kit"));

    // Without the note beside it, only the file itself can tell.
    std::fs::remove_file(home.path().join("data/backstay.key-id")).unwrap();
    let error = refusal(&home);
    assert!(error.message.contains("this key does not open it"), "{error}");
}

#[test]
fn a_note_about_the_key_that_a_crash_left_empty_keeps_nobody_out() {
    let home = made();
    let note = home.path().join("data/backstay.key-id");
    let written = std::fs::read_to_string(&note).unwrap();
    std::fs::write(&note, "").unwrap();
    Instance::open(Paths::new(Some(home.path())).unwrap(), Clock::System).unwrap();
    assert_eq!(std::fs::read_to_string(&note).unwrap(), written);

    // Nothing is begun anew where there was a database.
    std::fs::write(&note, "").unwrap();
    std::fs::write(home.path().join("data/backstay.db"), "").unwrap();
    let error = refusal(&home);
    assert!(error.message.contains("cut it off"), "{error}");
    std::fs::remove_file(home.path().join("data/backstay.db")).unwrap();
    let error = refusal(&home);
    assert!(error.message.contains("the database is gone"), "{error}");
}

fn restrict(home: &TempDir) {
    use std::os::unix::fs::PermissionsExt;
    let key = home.path().join("config/master.key");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_damaged_page_is_found() {
    let plant = Plant::new();
    assert_eq!(plant.instance.store.integrity().unwrap(), Vec::<String>::new());
    let path = plant.instance.store.path().to_owned();
    let paths = plant.instance.paths.clone();
    let hex = plant.instance.master.database().unwrap().to_hex().to_string();
    let id = plant.instance.master.database().unwrap().id().to_string();
    drop(plant.instance);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let opened = Store::open(&paths.data, &DatabaseKey { hex, id });
    let found = opened.map(|store| store.integrity());
    assert!(!matches!(found, Ok(Ok(problems)) if problems.is_empty()));
}

#[test]
fn who_only_looks_leaves_an_older_schema_as_it_is() {
    let home = made();
    let paths = || Paths::new(Some(home.path())).unwrap();
    let instance = Instance::look(paths(), Clock::System).expect("it is this one's");
    let forget = |db: &backstay::store::Db| {
        db.execute(
            "DELETE FROM _migrations WHERE name = (SELECT max(name) FROM _migrations)",
            [],
        )?;
        Ok(())
    };
    instance.store.write(forget).unwrap();
    drop(instance);
    let error = Instance::look(paths(), Clock::System).err().expect("it is refused");
    assert!(error.message.contains("older than this backstay"), "{error}");
    assert!(error.next.contains("without read-only"));
    assert!(!home.path().join("data/backstay.db.before-migration").exists());
}

#[test]
fn a_newer_schema_is_refused() {
    let home = made();
    let instance = Instance::open(Paths::new(Some(home.path())).unwrap(), Clock::System).unwrap();
    let newer = |db: &backstay::store::Db| {
        db.execute("INSERT INTO _migrations VALUES ('9999_from_the_future', 'x', 0)", [])?;
        Ok(())
    };
    instance.store.write(newer).unwrap();
    drop(instance);
    let error = refusal(&home);
    assert!(error.message.contains("newer than this backstay"), "{error}");
}

#[test]
fn history_is_only_added_to() {
    let plant = Plant::new();
    let store = &plant.instance.store;
    let now = plant.instance.clock.now();
    for name in ["a", "b", "c"] {
        let event = Event::new("job.create", "job", name, name);
        store
            .write(|db| audit::append(db, &Actor::engine(), &event, now))
            .unwrap();
    }
    for change in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"] {
        assert!(store.write(|db| Ok(db.execute(change, [])?)).is_err(), "{change}");
    }
    let mut previous = String::new();
    let walked = store.read(|db| {
        let mut count = 0;
        audit::walk(db, |row| {
            assert_eq!(
                (row.hash.clone(), row.prev_hash.clone()),
                (row.expected_hash(), previous.clone())
            );
            previous = row.hash;
            count += 1;
            Ok(())
        })?;
        Ok(count)
    });
    assert_eq!(walked.unwrap(), 3);
}

#[test]
fn a_failed_change_leaves_nothing_of_itself() {
    let plant = Plant::new();
    let now = plant.instance.clock.now();
    let failed: Result<(), Error> = plant.instance.store.write(|db| {
        audit::append(db, &Actor::engine(), &Event::new("job.create", "job", "a", "a"), now)?;
        Err(Error::failed("second thoughts"))
    });
    assert!(failed.is_err());
    let rows = plant
        .instance
        .store
        .read(|db| audit::list(db, &audit::Filter::default(), Edge::Newest, 10))
        .unwrap();
    assert_eq!(rows, []);
}

#[test]
fn a_statement_is_made_once_whatever_is_bound_to_it() {
    let plant = Plant::new();
    let made_anew = plant.instance.store.read(|db| {
        let mut statement = db.prepare("SELECT id FROM executions ORDER BY id DESC LIMIT ?1")?;
        for limit in [1, 50, 100] {
            let mut rows = statement.query([limit])?;
            assert!(rows.next()?.is_none());
        }
        Ok(statement.get_status(StatementStatus::RePrepare))
    });
    assert_eq!(made_anew.unwrap(), 0);
}

#[test]
fn a_look_that_measures_nothing_leaves_the_size_that_was_measured() {
    let plant = Plant::new();
    let id = plant.adapter(AdapterType::Source, "postgres", "db1", &serde_json::json!({}));
    let now = plant.instance.clock.now();
    let looked = |version: &str, size_bytes: Option<u64>| {
        let probe = Probe {
            version: version.to_owned(),
            size_bytes,
            ..Probe::default()
        };
        let recorded = |db: &backstay::store::Db| {
            adapters::record_probe(db, id, Ok(&probe), now)?;
            adapters::get(db, id)
        };
        let found: Probe = serde_json::from_value(plant.instance.store.write(recorded).unwrap().metadata).unwrap();
        (found.version, found.size_bytes)
    };
    assert_eq!(looked("15.17", Some(4711)), ("15.17".to_owned(), Some(4711)));
    assert_eq!(looked("15.18", None), ("15.18".to_owned(), Some(4711)));
    assert_eq!(looked("15.18", Some(4712)), ("15.18".to_owned(), Some(4712)));
}

#[test]
fn a_source_that_answers_and_cannot_be_backed_up_is_degraded_however_often_it_is_looked_at() {
    let plant = Plant::new();
    let id = plant.sqlite("shop", &plant.path("shop.db"));
    let now = plant.instance.clock.now();
    let looked = |blockers: Vec<String>| {
        let probe = Probe {
            blockers,
            ..Probe::default()
        };
        let recorded = |db: &backstay::store::Db| {
            adapters::record_probe(db, id, Ok(&probe), now)?;
            adapters::get(db, id)
        };
        let adapter = plant.instance.store.write(recorded).unwrap();
        (adapter.last_status.to_string(), adapter.last_error)
    };
    let why = "pg_dump 99 or newer is needed".to_owned();
    for _ in 0..4 {
        assert_eq!(looked(vec![why.clone()]), ("degraded".to_owned(), Some(why.clone())));
    }
    assert_eq!(looked(Vec::new()), ("online".to_owned(), None));
}
