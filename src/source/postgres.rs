//! PostgreSQL, 12 and later. Everything goes through its own client programs: `pg_dump` and `pg_restore` in the custom format,
//! `pg_dumpall` for roles and tablespaces, `psql` for questions.
//!
//! A restored database gets encoding, collation, owner, settings and grants from the archive. A dump of rows alone goes
//! into a database that has the tables. What is not restored: the tablespaces' directories, replication slots, publications'
//! subscribers and statistics.

mod archive;
mod catalog;
mod checked;
mod clients;
mod config;
mod connection;
mod content;
mod create;
mod dump;
mod failure;
mod globals;
mod leftover;
mod restore;
mod rows;
mod server;
mod session;
mod sql;
mod tables;
mod target;
mod uri;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use self::content::parse_archive;
pub use self::globals::check as check_globals;

use self::config::Config;
use self::connection::Connection;
use self::server::Server;
use super::{
    DatabaseRestore, DumpPlan, DumpStream, GlobalsRestored, PlannedObject, RestoreCheck, Restored, Source, Stop,
    TargetState, Tools,
};
use crate::domain::Result;
use crate::domain::adapter::{Database, Probe, Tables};
use crate::domain::job::Selection;
use crate::domain::manifest::Stats;
use crate::driver::{Driver, read_config, schema_of};
use crate::pipeline::chunks::Chunks;

/// The driver's line in the list of drivers.
pub(super) const DRIVER: Driver<dyn Source, Tools> = Driver {
    name: "postgres",
    about: "PostgreSQL 12 and later, by pg_dump and pg_restore",
    schema: schema_of::<Config>,
    build,
};

struct Postgres {
    server: Arc<Server>,
    scratch: PathBuf,
}

fn build(config: &Value, tools: &Tools) -> Result<Arc<dyn Source>> {
    let config: Config = read_config(config)?;
    let connection = Connection::new(&config)?;
    let client_directory = config.client_dir.or_else(|| tools.postgres_client_dir.clone());
    Ok(Arc::new(Postgres {
        server: Arc::new(Server::new(connection, client_directory)),
        scratch: tools.scratch.clone(),
    }))
}

#[async_trait]
impl Source for Postgres {
    fn summary(&self) -> String {
        self.server.connection.summary()
    }

    async fn probe(&self) -> Result<Probe> {
        self.server.probe().await
    }

    /// Without the size of all databases, for which the server looks at each of their files.
    async fn look(&self) -> Result<Probe> {
        self.server.look().await
    }

    fn tools(&self, tools: Tools) -> Tools {
        Tools {
            postgres_client_dir: self.server.client_directory.clone(),
            ..tools
        }
    }

    async fn databases(&self) -> Result<Vec<Database>> {
        self.server.list().await
    }

    async fn tables(&self, database: &str) -> Result<Tables> {
        self.server.largest_tables(database).await
    }

    async fn plan(&self, selection: &Selection) -> Result<DumpPlan> {
        self.server.plan(selection).await
    }

    async fn dump(&self, object: &PlannedObject, selection: &Selection) -> Result<DumpStream> {
        self.server.dump(object, selection).await
    }

    async fn target(&self, name: &str) -> Result<TargetState> {
        self.server.state_of(name).await
    }

    async fn check_restore(&self, restore: &DatabaseRestore<'_>) -> Result<RestoreCheck> {
        self.server.check_restore(restore).await
    }

    async fn restore(&self, restore: &DatabaseRestore<'_>, dump: Chunks, stop: &Stop) -> Result<Restored> {
        restore::restore(Arc::clone(&self.server), &self.scratch, restore, dump, stop).await
    }

    async fn restore_globals(&self, dump: Chunks, stop: &Stop) -> Result<GlobalsRestored> {
        self.server.restore_globals(dump, stop).await
    }

    async fn count(&self, database: &str) -> Result<Stats> {
        self.server.count_rows(database).await
    }

    async fn is_at_work(&self, database: &str, tag: &str) -> Result<bool> {
        self.server.is_at_work(database, tag).await
    }

    fn scratch_name(&self, tag: &str) -> String {
        leftover::scratch_name(tag)
    }

    async fn clean_up(&self, tag: &str, target: &str) -> Result<Vec<String>> {
        self.server.clean_up(tag, target).await
    }
}
