//! The PostgreSQL source against real servers.

#[path = "support/lib.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::job::{Contents, Selection};
use backstay::domain::manifest::{DumpFormat, ObjectKind, Stats};
use backstay::domain::{Error, Kind};
use backstay::pipeline::chunks::{self, Chunks};
use backstay::source::{self, DatabaseRestore, PlannedObject, Source, Tools, postgres};
use bytes::Bytes;
use serde_json::{Value, json};
use support::postgres::{self as server, Server};
use tempfile::TempDir;

/// A source, and what it needs to live.
struct Bench {
    source: Arc<dyn Source>,
    tools: Tools,
    scratch: TempDir,
}

impl Bench {
    fn new(server: &Server) -> Self {
        Self::with(settings(server), clients(&[15, 17]))
    }

    fn with(settings: Value, clients: TempDir) -> Self {
        let tools = Tools {
            postgres_client_dir: Some(clients.path().to_owned()),
            scratch: clients.path().to_owned(),
        };
        Self {
            source: source::open("postgres", &settings, &tools).unwrap(),
            tools,
            scratch: clients,
        }
    }

    async fn dump(&self, database: &str) -> (Vec<Bytes>, Stats) {
        self.dump_selected(database, &Selection::default()).await.unwrap()
    }

    async fn dump_selected(&self, database: &str, selection: &Selection) -> Result<(Vec<Bytes>, Stats), Error> {
        let mut stream = self.source.dump(&planned(database), selection).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.chunks.next().await? {
            bytes.push(chunk);
        }
        Ok((bytes, stream.stats.get().unwrap().clone()))
    }

    async fn restore(&self, dump: Chunks, target: &str, options: &RestoreOptions) -> Result<Vec<String>, Error> {
        let names = Renamed {
            database: "shop".to_owned(),
            target: target.to_owned(),
        };
        let restore = DatabaseRestore {
            names: &names,
            format: DumpFormat::PgCustom,
            engine_version: "15.0",
            options,
        };
        self.source.restore(&restore, dump).await
    }
}

fn settings(server: &Server) -> Value {
    json!({"host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": server::PASSWORD})
}

/// A directory with the clients of these versions, as distributions lay them out.
fn clients(majors: &[u32]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for major in majors {
        let bin = server::bin(*major);
        std::os::unix::fs::symlink(bin.parent().unwrap(), directory.path().join(major.to_string())).unwrap();
    }
    directory
}

fn planned(database: &str) -> PlannedObject {
    PlannedObject {
        kind: ObjectKind::Database,
        name: database.to_owned(),
        format: DumpFormat::PgCustom,
        estimated_bytes: 0,
    }
}

fn whole(dump: &[Bytes]) -> Chunks {
    stream(dump.to_vec(), Ok(()))
}

fn stream(dump: Vec<Bytes>, verdict: Result<(), Error>) -> Chunks {
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

fn databases(server: &Server) -> String {
    server.psql("postgres", "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate")
}

/// What `pg_dump` of the server's own version writes of a database, without what changes from run to run.
fn plain(server: &Server, database: &str) -> String {
    let output = server.client("pg_dump").arg("--no-password").env("PGDATABASE", database).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    kept.collect::<Vec<_>>().join("\n")
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

fn make_shop(server: &Server, name: &str) {
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    server.psql("postgres", &format!("CREATE DATABASE {quoted}"));
    server.psql(name, SHOP);
}

#[tokio::test]
async fn what_comes_back_is_what_was_there() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    server.psql("postgres", "CREATE ROLE owner; CREATE ROLE guest; ALTER DATABASE shop OWNER TO owner; ALTER DATABASE shop SET work_mem TO '7MB'");
    server.psql("postgres", "COMMENT ON DATABASE shop IS 'the DATABASE shop; really'; GRANT CREATE ON DATABASE shop TO guest");
    let bench = Bench::new(&server);
    let (dump, stats) = bench.dump("shop").await;
    assert_eq!(stats.rows_by_table["public.edge"], 4);
    assert_eq!(stats.rows_by_table["Odd \"Schema\" %=.Täble 'x'; DROP"], 1000);
    assert_eq!(stats.rows_by_table["public.no_columns"], 2);
    assert_eq!(stats.rows_by_table["public.parted_2"], 5);
    assert_eq!(stats, bench.source.count("shop").await.unwrap());

    let warnings = bench.restore(whole(&dump), "copy", &RestoreOptions::default()).await.unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(plain(&server, "shop"), plain(&server, "copy"));
    assert_eq!(stats, bench.source.count("copy").await.unwrap());
    let about = "SELECT pg_get_userbyid(datdba), datcollate, pg_encoding_to_char(encoding), datacl, shobj_description(oid, 'pg_database'),
        (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = ";
    assert_eq!(server.psql("postgres", &format!("{about}'shop'")), server.psql("postgres", &format!("{about}'copy'")));

    let parallel = RestoreOptions { jobs: 2, ..RestoreOptions::default() };
    bench.restore(whole(&dump), "parallel", &parallel).await.unwrap();
    assert_eq!(plain(&server, "shop"), plain(&server, "parallel"));
    assert_eq!(stats, postgres::parse_archive(whole(&dump), &bench.tools).await.unwrap());
    assert_eq!(databases(&server), "copy,parallel,postgres,shop");
}

#[tokio::test]
async fn names_are_names_whatever_they_look_like() {
    let server = Server::start(15);
    let bench = Bench::new(&server);
    for name in ["a=b", "postgres://x/y", "Ünï \"q\" 'r' \\ %20", "host=nowhere dbname=shop", "данные"] {
        make_shop(&server, name);
        let (dump, stats) = bench.dump(name).await;
        let target = format!("{name} copy");
        bench.restore(whole(&dump), &target, &RestoreOptions::default()).await.unwrap();
        assert_eq!(stats, bench.source.count(&target).await.unwrap(), "{name}");
    }
    let listed = bench.source.databases().await.unwrap();
    let odd = listed.iter().find(|database| database.name == "a=b").unwrap();
    assert_eq!(odd.tables, Some(8));
    assert!(odd.size_bytes > 1_000_000);
}

#[tokio::test]
async fn a_plan_says_what_there_is_now() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    server.psql("postgres", "CREATE DATABASE empty");
    server.psql("postgres", "CREATE DATABASE backstay_restore_0011223344556677");
    let bench = Bench::new(&server);
    let plan = bench.source.plan(&Selection::default()).await.unwrap();
    let names: Vec<&str> = plan.objects.iter().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["globals", "empty", "postgres", "shop"]);
    assert!(plan.engine_version.starts_with("15."));
    assert!(plan.objects[3].estimated_bytes > 100_000 && plan.objects[1].estimated_bytes == 0, "{plan:?}");

    let named = Selection { databases: Some(vec!["shop".into(), "gone".into()]), ..Selection::default() };
    let error = bench.source.plan(&named).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("'gone'") && !error.transient);

    let probe = bench.source.probe().await.unwrap();
    assert!(probe.version.starts_with("15.") && probe.size_bytes.unwrap() > 0);
    assert!(probe.notes[0].starts_with("pg_dump 15."), "{probe:?}");
}

#[tokio::test]
async fn a_selection_is_honoured() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let without = Selection {
        exclude_tables: vec!["public.edge".into(), "public.parted*".into()],
        exclude_schemas: vec!["Odd*".into(), "\"Odd*\"".into()],
        ..Selection::default()
    };
    // Views over a table that is left out cannot be restored; the rows are what counts here.
    let (_, stats) = bench.dump_selected("shop", &without).await.unwrap();
    assert!(!stats.rows_by_table.contains_key("public.edge") && stats.rows_by_table.contains_key("public.child"));

    let schema_only = Selection { contents: Contents::SchemaOnly, ..Selection::default() };
    let (dump, stats) = bench.dump_selected("shop", &schema_only).await.unwrap();
    assert_eq!(stats, Stats::default());
    bench.restore(whole(&dump), "schema", &RestoreOptions::default()).await.unwrap();
    assert_eq!(bench.source.count("schema").await.unwrap().rows, 0);

    let data_only = Selection { contents: Contents::DataOnly, ..Selection::default() };
    let (dump, stats) = bench.dump_selected("shop", &data_only).await.unwrap();
    assert_eq!(stats, bench.source.count("shop").await.unwrap());
    let error = bench.restore(whole(&dump), "rows", &RestoreOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    let plan = bench.source.plan(&data_only).await.unwrap();
    assert!(plan.objects.iter().all(|object| object.kind == ObjectKind::Database));
}

#[tokio::test]
async fn a_failed_restore_leaves_everything_as_it_was() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    server.psql("shop", "CREATE TABLE newer AS SELECT 1 AS x");
    let (before, there) = (plain(&server, "shop"), databases(&server));
    let bytes: Vec<u8> = dump.concat();
    let replace = RestoreOptions { replace: true, ..RestoreOptions::default() };

    let error = bench.restore(whole(&dump), "shop", &RestoreOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    for cut in [0, 3, 200, 5_000, bytes.len() / 2, bytes.len() - 5, bytes.len() - 1] {
        let part = vec![Bytes::copy_from_slice(&bytes[..cut])];
        for options in [replace.clone(), RestoreOptions { jobs: 2, ..replace.clone() }] {
            bench.restore(stream(part.clone(), Ok(())), "shop", &options).await.unwrap_err();
            let told = bench.restore(stream(part.clone(), Err(Error::failed("the link broke"))), "shop", &options).await;
            assert_eq!(told.unwrap_err().message, "the link broke");
        }
        bench.restore(stream(part, Ok(())), "fresh", &RestoreOptions::default()).await.unwrap_err();
    }
    // All bytes are there, but whoever sent them says at the end that they are not to be trusted.
    let forged = stream(dump.clone(), Err(Error::failed("the tag does not fit")));
    assert_eq!(bench.restore(forged, "shop", &replace).await.unwrap_err().message, "the tag does not fit");
    assert_eq!((plain(&server, "shop"), databases(&server)), (before, there));
    assert_eq!(std::fs::read_dir(bench.scratch.path()).unwrap().count(), 2, "a spool file was left");

    bench.restore(whole(&dump), "shop", &replace).await.unwrap();
    assert!(!plain(&server, "shop").contains("newer"));
    assert_eq!(databases(&server), "postgres,shop");
}

#[tokio::test]
async fn a_restore_that_nobody_waits_for_any_more_is_undone() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    let bytes: Vec<u8> = dump.concat();
    let (sender, chunks) = chunks::channel();
    sender.send(Bytes::copy_from_slice(&bytes[..bytes.len() / 2])).await.unwrap();
    let options = RestoreOptions::default();
    let restore = bench.restore(chunks, "copy", &options);
    let made = async {
        while !databases(&server).contains("backstay_restore_") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = restore => panic!("it has no end yet"),
        () = made => {}
    }
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while databases(&server) != "postgres,shop" {
        assert!(tokio::time::Instant::now() < deadline, "{}", databases(&server));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_database_in_use_is_replaced_only_by_force() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, stats) = bench.dump("shop").await;
    let mut session = server
        .client("psql")
        .args(["-X", "-q", "-c", "SELECT pg_sleep(600)", "shop"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while bench.source.target("shop").await.unwrap().in_use_by.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let replace = RestoreOptions { replace: true, ..RestoreOptions::default() };
    let error = bench.restore(whole(&dump), "shop", &replace).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    let force = RestoreOptions { force: true, ..replace };
    bench.restore(whole(&dump), "shop", &force).await.unwrap();
    session.wait().unwrap();
    assert_eq!(bench.source.count("shop").await.unwrap(), stats);
    assert_eq!(databases(&server), "postgres,shop");
}

#[tokio::test]
async fn roles_come_back_and_those_that_exist_stay() {
    let server = Server::start(15);
    server.psql("postgres", "CREATE ROLE app LOGIN PASSWORD 'first'; CREATE ROLE \"Shop; Team\"; GRANT \"Shop; Team\" TO app");
    let bench = Bench::new(&server);
    let globals = PlannedObject { kind: ObjectKind::Globals, name: "globals".into(), format: DumpFormat::Sql, estimated_bytes: 0 };
    let mut stream = bench.source.dump(&globals, &Selection::default()).await.unwrap();
    let mut dump = Vec::new();
    while let Some(chunk) = stream.chunks.next().await.unwrap() {
        dump.push(chunk);
    }
    postgres::check_globals(whole(&dump)).await.unwrap();
    let shown = "SELECT string_agg(rolname || coalesce(rolpassword, '-') || rolcanlogin, ',' ORDER BY rolname) FROM pg_authid";
    let before = server.psql("postgres", shown);
    server.psql("postgres", "DROP ROLE app, \"Shop; Team\"");
    let left_out = bench.source.restore_globals(whole(&dump)).await.unwrap();
    assert_eq!(left_out, ["role postgres exists already and was left as it is"]);
    assert_eq!(server.psql("postgres", shown), before);
    assert_eq!(server.psql("postgres", "SELECT pg_has_role('app', 'Shop; Team', 'MEMBER')"), "t");
    server.psql("postgres", "ALTER ROLE app PASSWORD 'second'");
    let changed = server.psql("postgres", shown);
    assert_eq!(bench.source.restore_globals(whole(&dump)).await.unwrap().len(), 3);
    assert_eq!(server.psql("postgres", shown), changed);
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    server.psql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'hunter22-reader'");
    let open = |settings: Value| Bench::with(settings, clients(&[15]));
    let with = |field: &str, value: Value| {
        let mut settings = settings(&server);
        settings[field] = value;
        settings
    };

    let error = open(with("password", json!("hunter22-wrong"))).source.probe().await.unwrap_err();
    assert!(error.message.contains("password authentication failed") && !error.transient && !error.next.is_empty(), "{error}");
    let error = open(with("database", json!("gone"))).source.probe().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = open(with("port", json!(closed))).source.probe().await.unwrap_err();
    assert!(error.transient && error.next.contains("server runs"), "{error}");
    let error = open(with("tls", json!("require"))).source.probe().await.unwrap_err();
    assert!(!error.transient && error.next.contains("TLS"), "{error}");
    let error = open(with("host", json!("/nowhere"))).source.probe().await.unwrap_err();
    assert!(error.transient, "{error}");
    let error = open(settings(&server)).dump_selected("gone", &Selection::default()).await.unwrap_err();
    assert_eq!((error.kind, error.object.as_str()), (Kind::NotFound, "gone"), "{error}");

    let uri = format!("postgres://reader:hunter22-reader@127.0.0.1:{}/postgres", server.port());
    let reader = open(json!({"uri": uri}));
    let error = reader.dump_selected("shop", &Selection::default()).await.unwrap_err();
    assert!(error.message.contains("permission denied for") && error.next.contains("pg_read_all_data"), "{error}");
    let globals = PlannedObject { kind: ObjectKind::Globals, name: "globals".into(), format: DumpFormat::Sql, estimated_bytes: 0 };
    let mut stream = reader.source.dump(&globals, &Selection::default()).await.unwrap();
    while stream.chunks.next().await.unwrap().is_some() {}
    assert!(reader.source.plan(&Selection::default()).await.unwrap().notes.iter().any(|note| note.contains("no superuser")));
}

#[tokio::test]
async fn a_dump_moves_between_majors() {
    let (old, new) = (Server::start(15), Server::start(17));
    make_shop(&old, "shop");
    make_shop(&new, "shop");
    let (from_old, from_new) = (Bench::new(&old), Bench::new(&new));
    let (dump, stats) = from_old.dump("shop").await;
    from_new.restore(whole(&dump), "from_old", &RestoreOptions::default()).await.unwrap();
    assert_eq!(from_new.source.count("from_old").await.unwrap(), stats);

    let (dump, stats) = from_new.dump("shop").await;
    let warnings = from_old.restore(whole(&dump), "from_new", &RestoreOptions::default()).await.unwrap();
    assert_eq!(from_old.source.count("from_new").await.unwrap(), stats);
    assert!(warnings.iter().any(|warning| warning.contains("transaction_timeout")), "{warnings:?}");

    let only_old = Bench::with(settings(&new), clients(&[15]));
    let error = only_old.dump_selected("shop", &Selection::default()).await.unwrap_err();
    assert!(error.message.contains("pg_dump 17 or newer is needed; installed: 15"), "{error}");
    assert!(error.next.contains("postgresql-client-17"));
}

/// Paths of tests are never on a command line of theirs, so that this finds only what was put there.
#[tokio::test]
async fn no_secret_is_on_a_command_line() {
    let server = Server::start(15);
    make_shop(&server, "shop");
    let uri = format!("postgres://postgres:{}@127.0.0.1:{}/postgres", server::PASSWORD, server.port());
    let bench = Bench::with(json!({"uri": uri}), clients(&[15]));
    let mut stream = bench.source.dump(&planned("shop"), &Selection::default()).await.unwrap();
    let seen = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines: Vec<String> = seen.map(|line| String::from_utf8_lossy(&line).into_owned()).collect();
    assert!(lines.iter().any(|line| line.contains("pg_dump") && line.contains("--format=custom")));
    assert!(lines.iter().all(|line| !line.contains(server::PASSWORD)));
    while stream.chunks.next().await.unwrap().is_some() {}
    assert!(Path::new("/proc/self").exists());
}
