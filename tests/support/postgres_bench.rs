//! A PostgreSQL source opened on a test's server, and a small shop whose data is as awkward as data gets.

#![allow(dead_code, reason = "every test binary compiles all of this and uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

use std::sync::Arc;

use backstay::domain::Error;
use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::job::{Contents, Selection};
use backstay::domain::manifest::{DumpFormat, InsideObject, ObjectKind, Stats};
use backstay::pipeline::chunks::{self, Chunks};
use backstay::source::{self, DatabaseRestore, PlannedObject, Restored, Source, Stop, Tools};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::postgres::{PASSWORD, Server, bin, majors};

/// A source, and what it needs to live.
pub struct Bench {
    /// The driver under test.
    pub source: Arc<dyn Source>,
    /// What it was opened with.
    pub tools: Tools,
    /// The directory of its clients, which is its scratch directory too.
    pub scratch: TempDir,
}

impl Bench {
    /// On this server, with the clients of all versions there are.
    pub fn new(server: &Server) -> Self {
        Self::with(&settings(server), clients(&majors()))
    }

    /// With settings and clients of a test's own.
    pub fn with(settings: &Value, clients: TempDir) -> Self {
        let tools = Tools {
            postgres_client_dir: Some(clients.path().to_owned()),
            scratch: clients.path().to_owned(),
        };
        Self {
            source: source::open("postgres", settings, &tools).unwrap(),
            tools,
            scratch: clients,
        }
    }

    /// A whole dump, and what was counted.
    pub async fn dump(&self, database: &str) -> (Vec<Bytes>, Stats) {
        self.dump_selected(database, &Selection::default()).await.unwrap()
    }

    /// The same with a selection, and a failure that is not one of the test.
    pub async fn dump_selected(&self, database: &str, selection: &Selection) -> Result<(Vec<Bytes>, Stats), Error> {
        let mut stream = self.source.dump(&planned(database), selection).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.chunks.next().await? {
            bytes.push(chunk);
        }
        Ok((bytes, stream.stats.get().unwrap().clone()))
    }

    /// Restores a dump under this name.
    pub async fn restore(&self, dump: Chunks, target: &str, options: &RestoreOptions) -> Result<Restored, Error> {
        self.restore_until(dump, target, options, &Stop::default()).await
    }

    /// The same, until it is asked to stop.
    pub async fn restore_until(
        &self,
        dump: Chunks,
        target: &str,
        options: &RestoreOptions,
        stop: &Stop,
    ) -> Result<Restored, Error> {
        let names = Renamed {
            database: "shop".to_owned(),
            target: target.to_owned(),
        };
        let restore = DatabaseRestore {
            names: &names,
            object: &object(Contents::All, Stats::default()),
            engine_version: "15.0",
            options,
            tag: TAG,
        };
        self.source.restore(&restore, dump, stop).await
    }
}

/// Names the restores of these tests.
pub const TAG: &str = "0123456789ab_0";

/// A dump of a database, as a manifest describes it.
pub fn object(contents: Contents, stats: Stats) -> InsideObject {
    InsideObject {
        name: "shop.dump".to_owned(),
        kind: ObjectKind::Database,
        database: Some("shop".to_owned()),
        dump_format: DumpFormat::PgCustom,
        logical_size: 0,
        plain_sha256: String::new(),
        contents,
        stats,
    }
}

/// The oldest version there is to test with.
pub fn old() -> u32 {
    majors()[0]
}

/// Settings that log in as the superuser.
pub fn settings(server: &Server) -> Value {
    json!({"host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": PASSWORD})
}

/// A directory with the clients of these versions, as distributions lay them out.
pub fn clients(majors: &[u32]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for major in majors {
        let tree = bin(*major).parent().unwrap().to_owned();
        std::os::unix::fs::symlink(tree, directory.path().join(major.to_string())).unwrap();
    }
    directory
}

/// One database of a plan.
pub fn planned(database: &str) -> PlannedObject {
    PlannedObject {
        kind: ObjectKind::Database,
        name: database.to_owned(),
        format: DumpFormat::PgCustom,
        estimated_bytes: 0,
    }
}

/// Roles and tablespaces of a plan.
pub fn globals() -> PlannedObject {
    PlannedObject {
        kind: ObjectKind::Globals,
        name: "globals".to_owned(),
        format: DumpFormat::Sql,
        estimated_bytes: 0,
    }
}

/// A dump that comes well to its end.
pub fn whole(dump: &[Bytes]) -> Chunks {
    stream(dump.to_vec(), Ok(()))
}

/// These bytes, then this verdict.
pub fn stream(dump: Vec<Bytes>, verdict: Result<(), Error>) -> Chunks {
    let (sender, chunks) = chunks::channel();
    tokio::spawn(async move {
        for chunk in dump {
            if sender.send(chunk).await.is_err() {
                return;
            }
        }
        sender.finish(verdict).await;
    });
    chunks
}

/// The names of all databases but the templates.
pub fn databases(server: &Server) -> String {
    server.psql(
        "postgres",
        "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate",
    )
}

/// Makes the shop: eight tables with rows or without, large objects, views, and names that look like something else.
pub fn make_shop(server: &Server, name: &str) {
    server.create_database(name);
    let mut command = server.client("psql");
    command
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", SHOP])
        .env("PGDATABASE", name);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const SHOP: &str = r#"
CREATE TABLE edge (id serial PRIMARY KEY, t text, b bytea, n numeric, f float8, ts timestamptz, j jsonb, a int[], u uuid, i inet);
INSERT INTO edge (t, b, n, f, ts, j, a, u, i) VALUES
  (E'line\nbreak\ttab\\back', '\x00ff0a5c2e', 'NaN', 'Infinity', 'infinity', '{"k": [1, null]}', '{1,NULL,3}', NULL, '::1'),
  ('\.', '\x', -0.000000000000000000000000001, '-0', '-infinity', 'null', '{}', '00000000-0000-0000-0000-000000000000', '10.0.0.0/8'),
  ('日本語 ünïcödé', NULL, 1e100, 'NaN', '4713-01-01 BC', '"\n"', NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE SCHEMA "Odd ""Schema"" %=";
CREATE TABLE "Odd ""Schema"" %="."Täble 'x'; DROP" ("Cölumn" int);
INSERT INTO "Odd ""Schema"" %="."Täble 'x'; DROP" SELECT generate_series(1, 1000);
CREATE TABLE empty ();
CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE parted (k int) PARTITION BY RANGE (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
INSERT INTO parted SELECT generate_series(0, 14);
CREATE TABLE parent (k int); CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2), (3);
CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM edge;
CREATE VIEW looked AS SELECT * FROM edge;
SELECT lo_from_bytea(0, decode(repeat('00ff0a', 100000), 'hex')), lo_from_bytea(4000000000, '\x'), lo_create(0);
"#;
