//! Restores of SQLite databases, as the tests of them do.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::path::Path;

use backstay::domain::Result;
use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::job::Contents;
use backstay::domain::manifest::{DumpFormat, InsideObject, ObjectKind, Stats};
use backstay::pipeline::chunks::Chunks;
use backstay::source::{DatabaseRestore, RestoreCheck, Source, Stop};
use rusqlite::Connection;

use super::support::{Place, dump};

/// The options of a restore that may replace what is there.
pub fn replacing() -> RestoreOptions {
    RestoreOptions {
        replace: true,
        ..RestoreOptions::default()
    }
}

/// Restores `dump` as `target`.
pub async fn restore(source: &dyn Source, target: &str, options: &RestoreOptions, dump: Chunks) -> Result<Vec<String>> {
    restore_until(source, target, options, dump, &Stop::default()).await
}

/// The same, until it is asked to stop.
pub async fn restore_until(
    source: &dyn Source,
    target: &str,
    options: &RestoreOptions,
    dump: Chunks,
    stop: &Stop,
) -> Result<Vec<String>> {
    let (names, object) = (renamed(target), object(0));
    let request = request(&names, &object, options);
    let restored = source.restore(&request, dump, stop).await?;
    assert_eq!(restored.shortfalls, [], "a file comes back whole");
    Ok(restored.notes)
}

/// What a restore as `target` would meet.
pub async fn check_restore(source: &dyn Source, target: &str, options: &RestoreOptions) -> RestoreCheck {
    check_restore_of(source, &object(0), target, options).await
}

/// What a restore of this dump as `target` would meet.
pub async fn check_restore_of(
    source: &dyn Source,
    object: &InsideObject,
    target: &str,
    options: &RestoreOptions,
) -> RestoreCheck {
    let names = renamed(target);
    source.check_restore(&request(&names, object, options)).await.unwrap()
}

fn renamed(target: &str) -> Renamed {
    Renamed {
        database: "shop".to_owned(),
        target: target.to_owned(),
    }
}

/// Names the restores of these tests.
pub const TAG: &str = "0123456789ab_0";

fn request<'a>(names: &'a Renamed, object: &'a InsideObject, options: &'a RestoreOptions) -> DatabaseRestore<'a> {
    DatabaseRestore {
        names,
        object,
        engine_version: "3.45.1",
        options,
        tag: TAG,
    }
}

/// A dump that is said to have this many bytes.
pub fn object(logical_size: u64) -> InsideObject {
    InsideObject {
        name: "shop.db".to_owned(),
        kind: ObjectKind::Database,
        database: Some("shop".to_owned()),
        dump_format: DumpFormat::SqliteFile,
        logical_size,
        plain_sha256: String::new(),
        contents: Contents::All,
        stats: Stats::default(),
    }
}

/// Rows in the table `items`.
pub fn items(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row("SELECT count(*) FROM items", [], |row| row.get(0))
        .unwrap()
}

/// A place with a database, its dump, and then one more row in the database: 258 rows in the dump, 259 in the file.
pub async fn place_with_dump(journal_mode: &str) -> (Place, Vec<u8>) {
    let place = Place::new();
    place.fill(journal_mode);
    let (bytes, _) = dump(&*place.source()).await.unwrap();
    place
        .connect()
        .execute("INSERT INTO items (name) VALUES ('later')", [])
        .unwrap();
    assert_eq!(items(&place.path()), 259);
    (place, bytes)
}
