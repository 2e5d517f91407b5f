//! Restores of SQLite databases, as the tests of them do.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::path::Path;

use backstay::domain::Result;
use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::manifest::DumpFormat;
use backstay::pipeline::chunks::Chunks;
use backstay::source::{DatabaseRestore, RestoreCheck, Source};
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
    let names = renamed(target);
    source.restore(&request(&names, options), dump).await
}

/// What a restore as `target` would meet.
pub async fn check_restore(source: &dyn Source, target: &str, options: &RestoreOptions) -> RestoreCheck {
    let names = renamed(target);
    source.check_restore(&request(&names, options)).await.unwrap()
}

fn renamed(target: &str) -> Renamed {
    Renamed {
        database: "shop".to_owned(),
        target: target.to_owned(),
    }
}

fn request<'a>(names: &'a Renamed, options: &'a RestoreOptions) -> DatabaseRestore<'a> {
    DatabaseRestore {
        names,
        format: DumpFormat::SqliteFile,
        engine_version: "3.45.1",
        options,
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
