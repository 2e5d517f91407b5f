//! Dumps of real PostgreSQL servers: what is in them, and that nothing less than all of it passes for a dump.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong fails the test"
)]

#[path = "support/postgres_bench.rs"]
mod bench;
#[path = "support/lib.rs"]
mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use backstay::domain::Kind;
use backstay::domain::adapter::Table;
use backstay::domain::execution::RestoreOptions;
use backstay::domain::job::{Contents, Selection};
use backstay::domain::manifest::{ObjectKind, Stats};
use backstay::source::{DumpStream, TABLES_LISTED};
use serde_json::{Value, json};
use support::fakes::{Behaviour, Ending, Fakes, install};
use support::postgres::{CERTIFIED, Server, bin, majors};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use bench::{Bench, clients, globals, make_shop, old, planned, settings, whole};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_given_up_ends_on_the_server_too() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    // Whoever measures this table waits for whoever holds it.
    let mut holder = server.client("psql");
    holder.args(["-X", "-q", "-d", "shop", "-c"]);
    let mut holder = holder
        .arg("BEGIN; LOCK TABLE edge IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)")
        .spawn()
        .unwrap();
    let held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backstay' AND wait_event_type = 'Lock'";
    let until = async |question: &str, wanted: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while server.psql("postgres", question) != wanted {
            assert!(Instant::now() < deadline, "{question}: not {wanted}");
            sleep(Duration::from_millis(50)).await;
        }
    };
    until(held, "1").await;
    let source = std::sync::Arc::clone(&bench.source);
    let asked = tokio::spawn(async move { source.tables("shop").await });
    until(waiting, "1").await;
    asked.abort();
    until(waiting, "0").await;
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[tokio::test]
async fn a_plan_says_what_there_is_now() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.psql("postgres", "CREATE DATABASE empty");
    server.psql("postgres", "CREATE DATABASE backstay_restore_0011223344556677");
    let bench = Bench::new(&server);
    let plan = bench.source.plan(&Selection::default()).await.unwrap();
    let names: Vec<&str> = plan.objects.iter().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["globals", "empty", "postgres", "shop"]);
    let version = format!("{}.", old());
    assert!(plan.engine_version.starts_with(&version));
    assert!(
        plan.objects[3].estimated_bytes > 100_000 && plan.objects[1].estimated_bytes == 0,
        "{plan:?}"
    );

    let with_one_gone = Selection {
        databases: Some(vec!["shop".into(), "gone".into()]),
        ..Selection::default()
    };
    // It is told before anything is dumped, and takes no other with it.
    let plan = bench.source.plan(&with_one_gone).await.unwrap();
    let names: Vec<&str> = plan.objects.iter().map(|object| object.name.as_str()).collect();
    assert_eq!((names, plan.gone), (vec!["globals", "shop"], vec!["gone".to_owned()]));
    let all_gone = Selection {
        databases: Some(vec!["gone".into(), "lost".into()]),
        ..Selection::default()
    };
    let error = bench.source.plan(&all_gone).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("gone, lost") && !error.transient, "{error}");
    // One that goes after that is no less gone.
    let mut dump = bench.source.dump(&planned("gone"), &all_gone).await.unwrap();
    let error = dump.chunks.next().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("\"gone\"") && !error.transient, "{error}");

    let probe = bench.source.probe().await.unwrap();
    assert!(probe.version.starts_with(&version) && probe.size_bytes.unwrap() > 0);
    assert!(probe.notes[0].starts_with(&format!("pg_dump {version}")), "{probe:?}");
    // The same databases are measured as are listed: no template, of which each has some megabytes.
    let listed = bench.source.databases().await.unwrap();
    let listed: u64 = listed.iter().map(|database| database.size_bytes).sum();
    assert!(
        listed.abs_diff(probe.size_bytes.unwrap()) < 1_000_000,
        "{listed}, {probe:?}"
    );
}

#[tokio::test]
async fn tables_are_listed_with_their_sizes_whatever_they_are_called() {
    for major in majors() {
        let server = Server::start(major);
        let odd = r#"it's "odd" \ $(id); --"#;
        make_shop(&server, odd);
        // Nearly all of it is kept out of its rows.
        server.psql(
            odd,
            "CREATE TABLE large (id int PRIMARY KEY, t text); ALTER TABLE large ALTER t SET STORAGE EXTERNAL;
             INSERT INTO large SELECT i, repeat(md5(i::text), 400) FROM generate_series(1, 300) i;
             ANALYZE large; CREATE TABLE never (i int)",
        );
        let bench = Bench::new(&server);
        let found = bench.source.tables(odd).await.unwrap();
        let large = &found.tables[0];
        assert_eq!(
            (large.path().as_str(), large.estimated_rows),
            ("public.large", Some(300))
        );
        let bytes = server.psql(odd, "SELECT pg_total_relation_size('large')");
        assert_eq!(large.size_bytes.unwrap().to_string(), bytes);
        assert!(large.size_bytes.unwrap() > 300 * 12_800);

        let never = found.tables.iter().find(|table| table.name == "never").unwrap();
        assert_eq!((never.estimated_rows, never.size_bytes), (None, Some(0)));
        let sizes: Vec<u64> = found.tables.iter().map(|table| table.size_bytes.unwrap()).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        assert_eq!(found.size_bytes, Some(sizes.iter().sum()));

        // Those that a backup has rows of, and that the list of databases counts.
        let mut paths: Vec<String> = found.tables.iter().map(Table::path).collect();
        paths.sort();
        let counted = bench.source.count(odd).await.unwrap();
        assert_eq!(paths, counted.rows_by_table.into_keys().collect::<Vec<_>>());
        let listed = bench.source.databases().await.unwrap();
        let listed = listed.iter().find(|database| database.name == odd).unwrap();
        assert_eq!(listed.tables, Some(found.count));
    }
}

#[tokio::test]
async fn of_very_many_tables_the_largest_are_listed_and_the_others_counted() {
    let server = Server::start(old());
    server.create_database("many");
    server.psql(
        "many",
        "DO $$ BEGIN FOR i IN 1..1100 LOOP EXECUTE format('CREATE TABLE t%s (i int)', i); END LOOP; END $$;
         INSERT INTO t1099 VALUES (1)",
    );
    let bench = Bench::new(&server);
    let found = bench.source.tables("many").await.unwrap();
    assert_eq!((found.tables.len(), found.count), (TABLES_LISTED, 1100));
    assert_eq!((found.tables[0].name.as_str(), found.size_bytes), ("t1099", Some(8192)));
}

#[tokio::test]
async fn tables_that_cannot_be_listed_say_why() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let found = bench.source.tables("postgres").await.unwrap();
    assert!(found.tables.is_empty() && found.count == 0);
    let error = bench.source.tables("gone").await.unwrap_err();
    assert_eq!((error.kind, error.object.as_str()), (Kind::NotFound, "database gone"));
}

#[tokio::test]
async fn a_selection_is_honoured() {
    let server = Server::start(old());
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

    let schema_only = Selection {
        contents: Contents::SchemaOnly,
        ..Selection::default()
    };
    let (dump, stats) = bench.dump_selected("shop", &schema_only).await.unwrap();
    assert_eq!(stats, Stats::default());
    bench
        .restore(whole(&dump), "schema", &RestoreOptions::default())
        .await
        .unwrap();
    assert_eq!(bench.source.count("schema").await.unwrap().rows, 0);

    let data_only = Selection {
        contents: Contents::DataOnly,
        ..Selection::default()
    };
    let (dump, stats) = bench.dump_selected("shop", &data_only).await.unwrap();
    assert_eq!(stats, bench.source.count("shop").await.unwrap());
    let error = bench
        .restore(whole(&dump), "rows", &RestoreOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let plan = bench.source.plan(&data_only).await.unwrap();
    assert!(plan.objects.iter().all(|object| object.kind == ObjectKind::Database));
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.psql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'hunter22-reader'");
    let open = |settings: Value| Bench::with(&settings, clients(&[old()]));
    let with = |field: &str, value: Value| {
        let mut settings = settings(&server);
        settings[field] = value;
        settings
    };

    let error = open(with("password", json!("hunter22-wrong")))
        .source
        .probe()
        .await
        .unwrap_err();
    assert!(
        error.message.contains("password authentication failed") && !error.transient && !error.next.is_empty(),
        "{error}"
    );
    let error = open(with("database", json!("gone"))).source.probe().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = open(with("port", json!(closed))).source.probe().await.unwrap_err();
    assert!(error.transient && error.next.contains("server runs"), "{error}");
    let error = open(with("tls", json!("require"))).source.probe().await.unwrap_err();
    assert!(!error.transient && error.next.contains("TLS"), "{error}");
    let error = open(with("host", json!("/nowhere"))).source.probe().await.unwrap_err();
    assert!(error.transient, "{error}");
    let error = open(settings(&server))
        .dump_selected("gone", &Selection::default())
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.object.as_str()), (Kind::NotFound, "gone"), "{error}");

    let uri = format!("postgres://reader:hunter22-reader@127.0.0.1:{}/postgres", server.port());
    let reader = open(json!({"uri": uri}));
    let error = reader.dump_selected("shop", &Selection::default()).await.unwrap_err();
    assert!(
        error.message.contains("permission denied for") && error.next.contains("pg_read_all_data"),
        "{error}"
    );
    server.psql("postgres", "CREATE DATABASE archive ALLOW_CONNECTIONS false");
    let mut stream = reader.source.dump(&globals(), &Selection::default()).await.unwrap();
    while stream.chunks.next().await.unwrap().is_some() {}
    let notes = reader
        .source
        .plan(&Selection::default())
        .await
        .unwrap()
        .notes
        .join("; ");
    assert!(
        notes.contains("no superuser") && notes.contains("may not read 8 tables of database shop"),
        "{notes}"
    );
    assert!(
        notes.contains("database archive is left out: it takes no connections"),
        "{notes}"
    );
}

#[tokio::test]
async fn a_database_of_somebody_else_keeps_nobody_from_backing_up_their_own() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.create_database("secret");
    server.psql("postgres", "REVOKE CONNECT ON DATABASE secret FROM PUBLIC");
    // A member of it, but without its rights.
    server.create_role("clerk", "c", "noinherit in role pg_read_all_stats");
    server.psql("postgres", "ALTER ROLE clerk SET log_statement = 'all'");
    let mut login = settings(&server);
    login["user"] = json!("clerk");
    login["password"] = json!("c");
    let bench = Bench::with(&login, clients(&[old()]));
    let shop = Selection {
        databases: Some(vec!["shop".into()]),
        ..Selection::default()
    };
    assert!(bench.source.plan(&shop).await.is_ok());
    bench.source.look().await.unwrap();
    let log = server.log();
    assert!(log.contains("rolsuper") && !log.contains("pg_database_size"), "{log}");

    let all = bench.source.databases().await.unwrap();
    let secret = all.iter().find(|database| database.name == "secret").unwrap();
    assert_eq!((secret.size_bytes, secret.tables), (0, None));
    let error = bench.source.tables("secret").await.unwrap_err();
    assert_eq!(error.object, "database secret");
    assert!(
        error.message.contains("permission denied") && error.next.contains("GRANT CONNECT ON DATABASE"),
        "{error}"
    );
    assert!(bench.source.probe().await.unwrap().size_bytes.unwrap() > 0);
}

#[tokio::test]
async fn tls_is_as_strict_as_it_is_set() {
    let server = Server::start_with_tls(old());
    let tls = server.tls();
    let open = |changes: Value| {
        let mut settings = settings(&server);
        for (field, value) in changes.as_object().unwrap() {
            settings[field] = value.clone();
        }
        Bench::with(&settings, clients(&[old()]))
    };
    let probed = async |changes: Value| open(changes).source.probe().await;
    probed(json!({"tls": "require"})).await.unwrap();
    probed(json!({"tls": "verify-full", "ca_file": tls.authority, "host": "localhost"}))
        .await
        .unwrap();
    let certified = json!({
        "tls": "verify-full", "ca_file": tls.authority, "host": "localhost", "user": CERTIFIED, "password": null,
        "client_cert_file": tls.client_certificate, "client_key_file": tls.client_key,
    });
    probed(certified).await.unwrap();

    let refused = [
        json!({"tls": "disable"}),
        json!({"tls": "verify-full", "ca_file": "/nowhere/ca.crt"}),
        json!({"tls": "verify-ca", "ca_file": tls.client_certificate}),
        json!({"user": CERTIFIED}),
    ];
    for settings in refused {
        let error = probed(settings.clone()).await.unwrap_err();
        assert!(!error.transient && !error.next.is_empty(), "{settings}: {error}");
    }
}

/// Clients of the oldest version whose `pg_dump` does as told with an archive of a whole small database.
fn faked() -> (TempDir, Fakes, impl Fn(u64, Ending) -> Behaviour) {
    let directory = tempfile::tempdir().unwrap();
    let fakes = install(directory.path(), &bin(old()), &Behaviour::Real);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives/postgresql-15.dump");
    let cut = move |bytes, ending| Behaviour::Cut {
        file: file.clone(),
        bytes,
        ending,
    };
    (directory, fakes, cut)
}

#[tokio::test]
async fn a_tool_that_stops_early_is_never_believed() {
    let server = Server::start(old());
    let (directory, fakes, cut) = faked();
    let bench = Bench::with(&settings(&server), directory);
    let dump = async |behaviour: Behaviour| {
        fakes.behave(&behaviour);
        bench.dump_selected("postgres", &Selection::default()).await
    };
    let size = include_bytes!("archives/postgresql-15.dump").len() as u64;
    assert_eq!(dump(cut(size, Ending::Exit(0))).await.unwrap().1.rows, 23);
    for length in (0..size).step_by(977).chain([size - 1]) {
        let error = dump(cut(length, Ending::Exit(0))).await.unwrap_err();
        assert!(error.message.contains("cut short"), "{length}: {error}");
    }
    for (ending, told) in [
        (Ending::Exit(1), "told to end by exit 1"),
        (Ending::Signal("KILL"), "(pg_dump ended with signal: 9 (SIGKILL))"),
        (Ending::CloseThenExit(3), "told to end by close 3"),
    ] {
        let error = dump(cut(size, ending)).await.unwrap_err();
        assert_eq!(error.object, "postgres", "{error}");
        assert!(error.message.ends_with(told), "{error}");
    }
}

/// A dump that is under way for as long as a test wants to look at it: somebody has locked what it wants to read.
struct Waiting {
    stream: DumpStream,
    program: String,
    holder: Child,
}

impl Waiting {
    async fn start(server: &Server, bench: &Bench) -> Self {
        let locked = "BEGIN; LOCK TABLE edge; SELECT pg_sleep(600)";
        let holder = server
            .client("psql")
            .args(["-X", "-c", locked, "shop"])
            .spawn()
            .unwrap();
        while server.psql(
            "postgres",
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'",
        ) == "0"
        {
            sleep(Duration::from_millis(10)).await;
        }
        Self {
            stream: bench
                .source
                .dump(&planned("shop"), &Selection::default())
                .await
                .unwrap(),
            program: bench.scratch.path().display().to_string(),
            holder,
        }
    }

    async fn until(&self, seen: bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let is_dump = |line: &String| line.contains(&self.program) && line.contains("--format=custom");
        while command_lines().iter().any(is_dump) != seen {
            assert!(Instant::now() < deadline, "pg_dump is there: {}", !seen);
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
    }
}

#[tokio::test]
async fn a_dump_that_nobody_reads_is_ended() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let mut waiting = Waiting::start(&server, &bench).await;
    waiting.until(true).await;
    waiting.stream.chunks = whole(&[]);
    waiting.until(false).await;
}

#[tokio::test]
async fn no_secret_is_on_a_command_line() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.create_role("marked", "hunter22-marker", "superuser");
    let uri = format!("postgres://marked:hunter22-marker@127.0.0.1:{}/postgres", server.port());
    let bench = Bench::with(&json!({"uri": uri}), clients(&[old()]));
    let waiting = Waiting::start(&server, &bench).await;
    waiting.until(true).await;
    assert!(command_lines().iter().all(|line| !line.contains("hunter22-marker")));
}

/// The arguments of every process there is.
fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}
