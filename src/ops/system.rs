//! The installation itself: where its files are, how large its database has become, and whether that is sound. Settings are
//! in [`super::settings`], what the doctor finds in [`super::doctor`].

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Session;
use crate::disk;
use crate::domain::Result;
use crate::domain::housekeeping::Housekeeping;
use crate::domain::setting::SPOOL_DIR;
use crate::store::{facts, housekeeping, settings};

/// What there is to know of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// This program's version.
    pub version: &'static str,
    /// The machine's name.
    pub machine: String,
    /// Where its files are.
    pub places: Places,
    /// Its database.
    pub database: Database,
    /// What is in it.
    pub tables: Vec<Table>,
    /// What housekeeping did; nothing before it has looked.
    pub housekeeping: Option<Housekeeping>,
}

/// Where an installation keeps its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Places {
    /// The master key.
    pub config: PathBuf,
    /// The database.
    pub data: PathBuf,
    /// The engine's lock and log, and scratch files.
    pub state: PathBuf,
    /// The lock that the engine holds.
    pub engine_lock: PathBuf,
    /// What an engine in the background says.
    pub engine_log: PathBuf,
    /// Scratch files of restores and verifications.
    pub scratch: PathBuf,
}

/// The database as a file. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Where it is.
    pub path: PathBuf,
    /// The newest migration it has been through.
    pub schema: String,
    /// The file.
    pub file_bytes: u64,
    /// The write-ahead log beside it.
    pub wal_bytes: u64,
    /// One page.
    pub page_bytes: u64,
    /// Pages of the file.
    pub pages: u64,
    /// Pages of it that are free and will be used again.
    pub free_pages: u64,
    /// What is free on its disk; absent where that cannot be told.
    pub disk_free_bytes: Option<u64>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// How many rows it has: the span of their numbers, which is more than there are where some in the middle were deleted.
    pub rows: u64,
}

/// Looks at everything that can be told at once.
pub fn facts(session: &Session) -> Result<Facts> {
    let (paths, store) = (&session.instance.paths, &session.instance.store);
    let (pages, schema, tables, spool, housekeeping) = store.read(|db| {
        let spool = settings::get(db, &SPOOL_DIR)?;
        Ok((
            facts::pages(db)?,
            facts::schema(db)?,
            facts::tables(db)?,
            spool,
            housekeeping::get(db)?,
        ))
    })?;
    let mut wal = store.path().as_os_str().to_owned();
    wal.push("-wal");
    Ok(Facts {
        version: env!("CARGO_PKG_VERSION"),
        machine: session.instance.name(),
        places: Places {
            config: paths.config.clone(),
            data: paths.data.clone(),
            state: paths.state.clone(),
            engine_lock: paths.lock(),
            engine_log: paths.log(),
            scratch: paths.scratch(&spool),
        },
        database: Database {
            path: store.path().to_owned(),
            schema,
            file_bytes: length(store.path()),
            wal_bytes: length(Path::new(&wal)),
            page_bytes: pages.bytes,
            pages: pages.count,
            free_pages: pages.free,
            disk_free_bytes: disk::space(&paths.data).ok().map(|space| space.free_bytes),
        },
        tables: tables.into_iter().map(|(name, rows)| Table { name, rows }).collect(),
        housekeeping,
    })
}

/// Reads the database to its end, on a connection of its own, and says what is wrong with it; empty means sound. It takes as
/// long as the file is large. The doctor looks harder.
pub fn quick_check(session: &Session) -> Result<Vec<String>> {
    session.instance.another_connection()?.quick_check()
}

/// Zero for a file that is not there: the write-ahead log comes and goes.
fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
