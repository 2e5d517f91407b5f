//! A SQLite database file, also one that is being written to. A dump is the file as one transaction saw it, page by page;
//! a restore replaces the file in one step, after the new one was checked.
//!
//! Nothing here opens a database file other than through SQLite: POSIX drops every lock a process holds on a file as soon as
//! it closes any descriptor of that file, so a mere `File::open` would take the lock from under a dump that runs beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    DatabaseRestore, DumpPlan, DumpStream, GlobalsRestored, PlannedObject, RestoreCheck, Restored, Source, Stop,
    TargetState, Tools,
};
use crate::disk::blocking;
use crate::domain::adapter::{Database, Probe, Tables};
use crate::domain::job::{Contents, Selection};
use crate::domain::manifest::{DumpFormat, ObjectKind, Stats};
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::driver::{self, Driver};
use crate::pipeline::chunks::Chunks;

mod check;
mod connect;
mod dump;
mod leftover;
mod mounts;
mod names;
mod restore;
mod swap;
mod tables;
mod users;

pub use check::check_file;

/// The driver's line in the list.
pub const DRIVER: Driver<dyn Source, Tools> = Driver {
    name: "sqlite",
    about: "a SQLite database file, while it is in use",
    schema: driver::schema_of::<Config>,
    build: |config, tools| Ok(Arc::new(Sqlite::new(driver::read_config(config)?, tools)?)),
};

/// The settings of a SQLite source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Absolute path of the database file
    #[schemars(extend("format" = "path"))]
    path: PathBuf,
}

/// One database file.
struct Sqlite {
    names: names::Names,
    scratch: PathBuf,
}

impl Sqlite {
    fn new(config: Config, tools: &Tools) -> Result<Self> {
        Ok(Self {
            names: names::Names::new(config.path, &tools.scratch)?,
            scratch: tools.scratch.clone(),
        })
    }

    async fn asked(&self, restore: &DatabaseRestore<'_>) -> Result<restore::Asked> {
        let path = self.names.path_of(&restore.names.target)?;
        Ok(restore::Asked {
            path: blocking(move || Ok(restore::real(&path))).await?,
            format: restore.object.dump_format,
            size_bytes: restore.object.logical_size,
            options: restore.options.clone(),
            tag: restore.tag.to_owned(),
        })
    }

    /// Works with an open reader on a thread where that may block.
    async fn reading<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&Connection, &Path) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(move || work(&connect::reader(&path)?, &path)).await
    }
}

#[async_trait]
impl Source for Sqlite {
    fn summary(&self) -> String {
        self.names.own_path().display().to_string()
    }

    fn local_path(&self) -> Option<&Path> {
        Some(self.names.own_path())
    }

    async fn probe(&self) -> Result<Probe> {
        self.reading(self.names.own_path().to_owned(), check::quick).await?;
        self.look().await
    }

    /// Without the check for damage, which reads the whole file.
    async fn look(&self) -> Result<Probe> {
        let asked = Instant::now();
        self.reading(self.names.own_path().to_owned(), move |reader, path| {
            let shape = connect::shape(reader, path)?;
            Ok(Probe {
                version: rusqlite::version().to_owned(),
                latency_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
                size_bytes: Some(shape.size_bytes()),
                notes: vec![format!("journal mode {}", shape.journal_mode)],
                ..Probe::default()
            })
        })
        .await
    }

    async fn databases(&self) -> Result<Vec<Database>> {
        let name = self.names.own_name().to_owned();
        self.reading(self.names.own_path().to_owned(), move |reader, path| {
            Ok(vec![Database {
                name,
                size_bytes: connect::shape(reader, path)?.size_bytes(),
                tables: Some(check::tables(reader, path)?.len() as u64),
            }])
        })
        .await
    }

    async fn tables(&self, database: &str) -> Result<Tables> {
        if database != self.names.own_name() {
            return Err(no_such(database, self.names.own_name()).on(self.summary()));
        }
        self.reading(self.names.own_path().to_owned(), tables::largest).await
    }

    async fn plan(&self, selection: &Selection) -> Result<DumpPlan> {
        let own = self.names.own_name().to_owned();
        check_selection(selection, &own).map_err(|error| error.or_on(self.summary()))?;
        let mut plan = DumpPlan {
            engine_version: rusqlite::version().to_owned(),
            ..DumpPlan::default()
        };
        let asked_for = selection.databases.as_ref().is_none_or(|names| names.contains(&own));
        if !asked_for || selection.exclude_databases.contains(&own) {
            plan.notes
                .push(format!("the selection leaves out {own}, the only database there is"));
            return Ok(plan);
        }
        let shape = self
            .reading(self.names.own_path().to_owned(), |reader, path| {
                connect::shape(reader, path)
            })
            .await?;
        plan.notes.push(format!(
            "{}, journal mode {}",
            size(shape.size_bytes()),
            shape.journal_mode
        ));
        if shape.size_bytes() == 0 {
            plan.notes
                .push(format!("{own} is an empty file: there is nothing in it to back up"));
        }
        plan.objects.push(PlannedObject {
            kind: ObjectKind::Database,
            name: own,
            format: DumpFormat::SqliteFile,
            estimated_bytes: shape.size_bytes(),
        });
        Ok(plan)
    }

    async fn dump(&self, object: &PlannedObject, selection: &Selection) -> Result<DumpStream> {
        check_selection(selection, self.names.own_name()).map_err(|error| error.or_on(self.summary()))?;
        if object.name != self.names.own_name() {
            return Err(no_such(&object.name, self.names.own_name()).on(self.summary()));
        }
        let (path, scratch) = (self.names.own_path().to_owned(), self.scratch.clone());
        blocking(move || dump::start(path, scratch)).await
    }

    async fn target(&self, name: &str) -> Result<TargetState> {
        let path = self.names.path_of(name)?;
        blocking(move || restore::state(&path)).await
    }

    async fn check_restore(&self, restore: &DatabaseRestore<'_>) -> Result<RestoreCheck> {
        let asked = self.asked(restore).await?;
        blocking(move || asked.check()).await
    }

    async fn restore(&self, restore: &DatabaseRestore<'_>, dump: Chunks, stop: &Stop) -> Result<Restored> {
        let asked = self.asked(restore).await?;
        let (stop, _guard) = stop.until_dropped();
        // Nobody is to read that one, and it is soon gone.
        let is_scratch = restore.names.target == names::scratch_name(restore.tag);
        let notes = blocking(move || asked.restore(dump, &stop)).await?;
        Ok(Restored {
            file: Some(self.names.path_of(&restore.names.target)?),
            notes: if is_scratch { Vec::new() } else { notes },
            ..Restored::default()
        })
    }

    async fn restore_globals(&self, _dump: Chunks, _stop: &Stop) -> Result<GlobalsRestored> {
        Err(
            Error::usage("SQLite has no roles or other definitions outside its databases")
                .on(self.summary())
                .next("restore without globals"),
        )
    }

    async fn count(&self, database: &str) -> Result<Stats> {
        let path = self.names.path_of(database)?;
        self.reading(path, |reader, path| check::count(reader, path, &|| true))
            .await
    }

    /// All work on a file is done here, and what may take long looks at its [`Stop`] or moves bytes.
    async fn is_at_work(&self, _database: &str, _tag: &str) -> Result<bool> {
        Ok(false)
    }

    fn scratch_name(&self, tag: &str) -> String {
        names::scratch_name(tag)
    }

    async fn clean_up(&self, tag: &str, target: &str) -> Result<Vec<String>> {
        let path = self.names.path_of(target)?;
        let (tag, is_scratch) = (tag.to_owned(), target == names::scratch_name(tag));
        blocking(move || leftover::clean_up(&path, &tag, is_scratch)).await
    }
}

/// Refuses what a copy of the whole file cannot honour: leaving out less than was asked for would be a leak.
fn check_selection(selection: &Selection, own: &str) -> Result<()> {
    let parts = [&selection.exclude_schemas, &selection.exclude_tables];
    if parts.into_iter().any(|patterns| !patterns.is_empty()) || selection.contents != Contents::All {
        return Err(
            Error::usage("a SQLite database is backed up whole, not by table or by definition")
                .next("take the excluded tables and schemas and the contents out of the selection"),
        );
    }
    match selection.databases.iter().flatten().find(|name| *name != own) {
        Some(unknown) => Err(no_such(unknown, own)),
        None => Ok(()),
    }
}

fn no_such(name: &str, own: &str) -> Error {
    Error::not_found(format!("there is no database '{name}' here")).next(format!("the only one is '{own}'"))
}
