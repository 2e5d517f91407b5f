//! Restores into real PostgreSQL servers: what was there comes back, or everything stays as it was.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong fails the test"
)]

#[path = "support/postgres_bench.rs"]
mod bench;
#[path = "support/lib.rs"]
mod support;

use std::time::Duration;

use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::job::{Contents, Selection};
use backstay::domain::manifest::Stats;
use backstay::domain::{Error, Kind};
use backstay::pipeline::chunks;
use backstay::source::{DatabaseRestore, RestoreCheck, Restored, Stop, TargetState, postgres};
use bytes::Bytes;
use support::postgres::{Server, majors};
use tokio::time::{Instant, sleep};

use bench::{Bench, TAG, clients, databases, globals, make_shop, object, old, settings, stream, whole};

#[tokio::test]
async fn what_comes_back_is_what_was_there() {
    for major in majors() {
        what_comes_back_from(&Server::start(major)).await;
    }
}

async fn what_comes_back_from(server: &Server) {
    make_shop(server, "shop");
    server.psql("postgres", "CREATE ROLE owner; CREATE ROLE guest; ALTER DATABASE shop OWNER TO owner; ALTER DATABASE shop SET work_mem TO '7MB'");
    server.psql(
        "postgres",
        "COMMENT ON DATABASE shop IS 'the DATABASE shop; really'; GRANT CREATE ON DATABASE shop TO guest",
    );
    let bench = Bench::new(server);
    let (dump, stats) = bench.dump("shop").await;
    assert_eq!(stats.rows_by_table["public.edge"], 4);
    assert_eq!(stats.rows_by_table["Odd \"Schema\" %=.Täble 'x'; DROP"], 1000);
    assert_eq!(stats.rows_by_table["public.no_columns"], 2);
    assert_eq!(stats.rows_by_table["public.parted_2"], 5);
    assert_eq!(stats, bench.source.count("shop").await.unwrap());

    let restored = bench
        .restore(whole(&dump), "copy", &RestoreOptions::default())
        .await
        .unwrap();
    assert_eq!(restored, Restored::default());
    assert_eq!(server.dump("shop"), server.dump("copy"));
    assert_eq!(stats, bench.source.count("copy").await.unwrap());
    let about = "SELECT pg_get_userbyid(datdba), datcollate, pg_encoding_to_char(encoding), datacl, shobj_description(oid, 'pg_database'),
        (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = ";
    assert_eq!(
        server.psql("postgres", &format!("{about}'shop'")),
        server.psql("postgres", &format!("{about}'copy'"))
    );

    let parallel = RestoreOptions {
        jobs: 2,
        ..RestoreOptions::default()
    };
    bench.restore(whole(&dump), "parallel", &parallel).await.unwrap();
    assert_eq!(server.dump("shop"), server.dump("parallel"));
    assert_eq!(
        stats,
        postgres::parse_archive(whole(&dump), &bench.tools).await.unwrap()
    );
    assert_eq!(databases(server), "copy,parallel,postgres,shop");
}

#[tokio::test]
async fn what_the_server_does_not_take_over_is_told_and_the_rest_comes_back() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.psql(
        "postgres",
        "CREATE ROLE owner; CREATE ROLE guest; ALTER DATABASE shop OWNER TO owner; GRANT CREATE ON DATABASE shop TO guest;
         ALTER DATABASE shop SET work_mem TO '7MB'",
    );
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    server.psql("postgres", "DROP DATABASE shop; DROP ROLE owner, guest");
    let missing = bench
        .restore(whole(&dump), "copy", &RestoreOptions::default())
        .await
        .unwrap()
        .shortfalls;
    for (what, role) in [("owner", "owner"), ("grants", "guest")] {
        let told = format!("{what} not taken over: ERROR:  role \"{role}\" does not exist");
        let is_told = |error: &Error| error.message.contains(&told) && error.next.contains("roles first");
        assert!(missing.iter().any(is_told), "{missing:?}");
    }
    assert!(
        missing.iter().all(|error| error.object == "database copy"),
        "{missing:?}"
    );
    assert_eq!(missing.len(), 2, "one for each reason: {missing:?}");
    assert_eq!(server.psql("copy", "SHOW work_mem"), "7MB");
}

#[tokio::test]
async fn only_the_last_commit_waits_for_the_disk() {
    let server = Server::start(old());
    server.psql("postgres", "ALTER SYSTEM SET synchronous_commit = on");
    server.psql("postgres", "SELECT pg_reload_conf()");
    server.create_database("shop");
    server.psql(
        "shop",
        "CREATE TABLE waited (setting text DEFAULT current_setting('synchronous_commit'),
             CHECK (current_database() = 'shop' OR current_setting('synchronous_commit') = 'off'));
         INSERT INTO waited DEFAULT VALUES",
    );
    assert_eq!(server.psql("shop", "SELECT setting FROM waited"), "on");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    bench
        .restore(whole(&dump), "copy", &RestoreOptions::default())
        .await
        .unwrap();
    assert_eq!(server.psql("copy", "SHOW synchronous_commit"), "on");
    assert_eq!(server.psql("copy", "SELECT count(*) FROM waited"), "1");
}

#[tokio::test]
async fn what_follows_the_rows_is_made_before_owners_lose_their_rights() {
    let server = Server::start(old());
    server.create_database("shop");
    server.create_role("keeper", "k", "");
    server.psql(
        "shop",
        "CREATE TABLE customers (id int PRIMARY KEY);
         CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers);
         INSERT INTO customers SELECT generate_series(1, 100); INSERT INTO orders SELECT n, n FROM generate_series(1, 100) n;
         CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM orders;
         CREATE FUNCTION sum_of(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::bigint';
         CREATE INDEX by_sum ON orders (sum_of(customer)); COMMENT ON INDEX by_sum IS 'of a function';
         ALTER TABLE customers OWNER TO keeper; ALTER TABLE orders OWNER TO keeper;
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO keeper;
         REVOKE ALL ON customers, orders FROM keeper; GRANT SELECT ON counted TO PUBLIC",
    );
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    let options = RestoreOptions::default();
    let restored = bench.restore(whole(&dump), "copy", &options).await.unwrap();
    assert_eq!(restored, Restored::default());
    assert_eq!(server.dump("shop"), server.dump("copy"));
    let left = std::fs::read_dir(bench.scratch.path()).unwrap();
    assert_eq!(left.count(), majors().len(), "a file was left");

    let bare = RestoreOptions {
        no_privileges: true,
        ..RestoreOptions::default()
    };
    bench.restore(whole(&dump), "bare", &bare).await.unwrap();
    assert!(server.dump("copy").contains("\nGRANT ") && !server.dump("bare").contains("\nGRANT "));
}

#[tokio::test]
async fn names_are_names_whatever_they_look_like() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    for name in [
        "a=b",
        "postgres://x/y",
        "Ünï \"q\" 'r' \\ %20",
        "host=nowhere dbname=shop",
        "данные",
    ] {
        make_shop(&server, name);
        let (dump, stats) = bench.dump(name).await;
        let target = format!("{name} copy");
        bench
            .restore(whole(&dump), &target, &RestoreOptions::default())
            .await
            .unwrap();
        assert_eq!(stats, bench.source.count(&target).await.unwrap(), "{name}");
    }
    let listed = bench.source.databases().await.unwrap();
    let odd = listed.iter().find(|database| database.name == "a=b").unwrap();
    assert_eq!(odd.tables, Some(8));
    assert!(odd.size_bytes > 1_000_000);
}

#[tokio::test]
async fn a_failed_restore_leaves_everything_as_it_was() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    server.psql("shop", "CREATE TABLE newer AS SELECT 1 AS x");
    let (before, there) = (server.dump("shop"), databases(&server));
    let bytes: Vec<u8> = dump.concat();
    let replace = RestoreOptions {
        replace: true,
        ..RestoreOptions::default()
    };

    let error = bench
        .restore(whole(&dump), "shop", &RestoreOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    for cut in [0, 3, 200, 5_000, bytes.len() / 2, bytes.len() - 5, bytes.len() - 1] {
        let part = vec![Bytes::copy_from_slice(&bytes[..cut])];
        for options in [
            replace.clone(),
            RestoreOptions {
                jobs: 2,
                ..replace.clone()
            },
        ] {
            bench
                .restore(stream(part.clone(), Ok(())), "shop", &options)
                .await
                .unwrap_err();
            let told = bench
                .restore(
                    stream(part.clone(), Err(Error::failed("the link broke"))),
                    "shop",
                    &options,
                )
                .await;
            assert_eq!(told.unwrap_err().message, "the link broke");
        }
        bench
            .restore(stream(part, Ok(())), "fresh", &RestoreOptions::default())
            .await
            .unwrap_err();
    }
    // All bytes are there, but whoever sent them says at the end that they are not to be trusted.
    let forged = stream(dump.clone(), Err(Error::failed("the tag does not fit")));
    assert_eq!(
        bench.restore(forged, "shop", &replace).await.unwrap_err().message,
        "the tag does not fit"
    );
    assert_eq!((server.dump("shop"), databases(&server)), (before, there));
    assert_eq!(
        std::fs::read_dir(bench.scratch.path()).unwrap().count(),
        majors().len(),
        "a spool file was left"
    );

    bench.restore(whole(&dump), "shop", &replace).await.unwrap();
    assert!(!server.dump("shop").contains("newer"));
    assert_eq!(databases(&server), "postgres,shop");
}

#[tokio::test]
async fn a_restore_that_nobody_waits_for_any_more_is_undone() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    let bytes: Vec<u8> = dump.concat();
    let (sender, chunks) = chunks::channel();
    sender
        .send(Bytes::copy_from_slice(&bytes[..bytes.len() / 2]))
        .await
        .unwrap();
    let options = RestoreOptions::default();
    let restore = bench.restore(chunks, "copy", &options);
    let made = async {
        until_there(&server, "backstay_restore_").await;
    };
    tokio::select! {
        _ = restore => panic!("it has no end yet"),
        () = made => {}
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while databases(&server) != "postgres,shop" {
        assert!(Instant::now() < deadline, "{}", databases(&server));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_restore_that_was_stopped_has_cleaned_up_when_it_ends() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let (dump, _) = bench.dump("shop").await;
    let bytes: Vec<u8> = dump.concat();
    server.psql("shop", "CREATE TABLE newer AS SELECT 1 AS x");
    let before = server.dump("shop");
    for jobs in [1, 2] {
        let options = RestoreOptions {
            replace: true,
            force: true,
            jobs,
            ..RestoreOptions::default()
        };
        let (sender, chunks) = chunks::channel();
        let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
        sender.send(half).await.unwrap();
        let stop = Stop::default();
        let stopping = async {
            until_there(&server, "backstay_restore_").await;
            stop.ask(Error::interrupted("enough"));
            Instant::now()
        };
        let (outcome, asked) = tokio::join!(bench.restore_until(chunks, "shop", &options, &stop), stopping);
        assert!(asked.elapsed() < Duration::from_secs(10));
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::Interrupted, "enough"));
        assert_eq!(databases(&server), "postgres,shop");
        assert!(server.dump("shop") == before);
    }
}

#[tokio::test]
async fn rows_that_were_stopped_are_not_added() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    let bench = Bench::new(&server);
    let rows = Selection {
        contents: Contents::DataOnly,
        ..Selection::default()
    };
    let (dump, _) = bench.dump_selected("shop", &rows).await.unwrap();
    let before = server.dump("shop");
    let replace = RestoreOptions {
        replace: true,
        ..RestoreOptions::default()
    };
    let (sender, chunks) = chunks::channel();
    let stop = Stop::default();
    let stopping = async {
        for chunk in dump {
            sender.send(chunk).await.unwrap();
        }
        // All rows are there; only the sender's verdict is not.
        let working = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted";
        while server.psql("shop", working) == "0" {
            sleep(Duration::from_millis(20)).await;
        }
        stop.ask(Error::interrupted("enough"));
    };
    let (outcome, ()) = tokio::join!(bench.restore_until(chunks, "shop", &replace, &stop), stopping);
    assert_eq!(outcome.unwrap_err().message, "enough");
    drop(sender);
    assert!(server.dump("shop") == before);
}

#[tokio::test]
async fn a_database_in_use_is_replaced_only_by_force() {
    let server = Server::start(old());
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
        sleep(Duration::from_millis(20)).await;
    }
    let replace = RestoreOptions {
        replace: true,
        ..RestoreOptions::default()
    };
    let error = bench.restore(whole(&dump), "shop", &replace).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    let force = RestoreOptions { force: true, ..replace };
    bench.restore(whole(&dump), "shop", &force).await.unwrap();
    session.wait().unwrap();
    assert_eq!(bench.source.count("shop").await.unwrap(), stats);
    // The database that questions about the server are asked in is no exception.
    bench.restore(whole(&dump), "postgres", &force).await.unwrap();
    assert_eq!(bench.source.count("postgres").await.unwrap(), stats);
    assert_eq!(databases(&server), "postgres,shop");
}

#[tokio::test]
async fn roles_come_back_and_those_that_exist_stay() {
    let server = Server::start(old());
    server.psql(
        "postgres",
        "CREATE ROLE app LOGIN PASSWORD 'first'; CREATE ROLE \"Shop; Team\"; GRANT \"Shop; Team\" TO app",
    );
    let bench = Bench::new(&server);
    let mut saved = bench.source.dump(&globals(), &Selection::default()).await.unwrap();
    let mut dump = Vec::new();
    while let Some(chunk) = saved.chunks.next().await.unwrap() {
        dump.push(chunk);
    }
    postgres::check_globals(whole(&dump)).await.unwrap();
    let shown =
        "SELECT string_agg(rolname || coalesce(rolpassword, '-') || rolcanlogin, ',' ORDER BY rolname) FROM pg_authid";
    let before = server.psql("postgres", shown);
    server.psql("postgres", "DROP ROLE app, \"Shop; Team\"");
    let restored = bench
        .source
        .restore_globals(whole(&dump), &Stop::default())
        .await
        .unwrap();
    assert_eq!(restored.left, ["role postgres exists already and was left as it is"]);
    assert_eq!(restored.failed, []);
    assert_eq!(server.psql("postgres", shown), before);
    assert_eq!(
        server.psql("postgres", "SELECT pg_has_role('app', 'Shop; Team', 'MEMBER')"),
        "t"
    );
    server.psql("postgres", "ALTER ROLE app PASSWORD 'second'");
    let changed = server.psql("postgres", shown);
    let again = bench.source.restore_globals(whole(&dump), &Stop::default()).await;
    let again = again.unwrap();
    assert_eq!((again.left.len(), again.failed.len()), (3, 0));
    assert_eq!(server.psql("postgres", shown), changed);
}

#[tokio::test]
async fn roles_and_tablespaces_that_cannot_be_restored_are_named() {
    let server = Server::start(old());
    server.create_role("helper", "secret", "createdb");
    server.psql(
        "postgres",
        "CREATE ROLE app LOGIN PASSWORD 'first'; GRANT app TO helper",
    );
    let bench = Bench::new(&server);
    let mut saved = bench.source.dump(&globals(), &Selection::default()).await.unwrap();
    let mut dump = Vec::new();
    while let Some(chunk) = saved.chunks.next().await.unwrap() {
        dump.extend_from_slice(&chunk);
    }
    server.psql("postgres", "DROP ROLE app");
    // What a server of another version, on another machine, does not know.
    let text = String::from_utf8(dump).unwrap().replacen(
        "\nCREATE ROLE app;\n",
        "\nCREATE TABLESPACE \"Fast; Disk\" OWNER app LOCATION '/no/such/place';\nCREATE ROLE app;\n\
         ALTER ROLE app SET no_such_setting TO 'a';\n",
        1,
    );
    let dump = [Bytes::from(text)];

    let mut as_helper = settings(&server);
    as_helper["user"] = "helper".into();
    as_helper["password"] = "secret".into();
    let helper = Bench::with(&as_helper, clients(&majors()));
    let restored = helper.source.restore_globals(whole(&dump), &Stop::default()).await;
    let failed = restored.unwrap().failed;
    let objects: Vec<&str> = failed.iter().map(|error| error.object.as_str()).collect();
    assert_eq!(objects, ["role app", "tablespace Fast; Disk"]);
    assert!(
        failed[0].message.contains("permission denied to create role"),
        "{failed:?}"
    );
    assert!(failed[0].next.contains("superuser"), "{failed:?}");

    let restored = bench.source.restore_globals(whole(&dump), &Stop::default()).await;
    let failed = restored.unwrap().failed;
    let told: Vec<(&str, &str)> = failed
        .iter()
        .map(|error| (error.object.as_str(), error.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "role app",
                "not restored in full: unrecognized configuration parameter \"no_such_setting\""
            ),
            ("tablespace Fast; Disk", "not restored: role \"app\" does not exist"),
        ]
    );
    assert!(failed.iter().all(|error| !error.next.is_empty()));
    assert_eq!(
        server.psql(
            "postgres",
            "SELECT rolcanlogin, pg_has_role('helper', 'app', 'MEMBER') FROM pg_roles WHERE rolname = 'app'"
        ),
        "t|f"
    );
    let restored = bench
        .source
        .restore_globals(whole(&dump), &Stop::default())
        .await
        .unwrap();
    assert_eq!(
        restored.failed[0].message,
        "not restored: directory \"/no/such/place\" does not exist"
    );
    assert_eq!(restored.failed.len(), 1);
}

#[tokio::test]
async fn a_dump_moves_between_majors() {
    let newest = majors().last().copied().unwrap();
    let (older, newer) = (Server::start(old()), Server::start(newest));
    make_shop(&older, "shop");
    make_shop(&newer, "shop");
    let (from_older, from_newer) = (Bench::new(&older), Bench::new(&newer));
    let options = RestoreOptions::default();
    let (dump, stats) = from_older.dump("shop").await;
    from_newer.restore(whole(&dump), "from_older", &options).await.unwrap();
    assert_eq!(from_newer.source.count("from_older").await.unwrap(), stats);

    let (dump, stats) = from_newer.dump("shop").await;
    let restored = from_older.restore(whole(&dump), "from_newer", &options).await.unwrap();
    assert_eq!(from_older.source.count("from_newer").await.unwrap(), stats);
    assert!(
        restored.notes.iter().any(|note| note.contains("transaction_timeout")),
        "{restored:?}"
    );
    let parallel = RestoreOptions {
        jobs: 2,
        ..options.clone()
    };
    let told = from_older
        .restore(whole(&dump), "in_parallel", &parallel)
        .await
        .unwrap();
    assert_eq!(told, restored);
    assert_eq!(older.dump("in_parallel"), older.dump("from_newer"));
    // Only settings are let go; everything else that an older server does not know ends it.
    newer.psql(
        "shop",
        "CREATE TABLE later (a int GENERATED ALWAYS AS IDENTITY, b text COLLATE pg_c_utf8)",
    );
    let (dump, _) = from_newer.dump("shop").await;
    let error = from_older.restore(whole(&dump), "failing", &options).await.unwrap_err();
    assert!(error.message.contains("pg_c_utf8"), "{error}");
    assert_eq!(databases(&older), "from_newer,in_parallel,postgres,shop");

    let only_old = Bench::with(&settings(&newer), clients(&[old()]));
    let error = only_old.dump_selected("shop", &Selection::default()).await.unwrap_err();
    let place = only_old.scratch.path().display();
    let said = format!(
        "pg_dump {newest} or newer is needed; in {place}, the only place that is set: {}",
        old()
    );
    assert!(error.message.contains(&said), "{error}");
    assert!(error.next.contains(&format!("postgresql-client-{newest}")), "{error}");
}

#[tokio::test]
async fn a_role_that_is_no_superuser_restores_what_it_may() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.create_role("maker", "m", "createdb");
    server.create_role("reader", "r", "");
    let (dump, stats) = Bench::new(&server).dump("shop").await;
    let open = |user: &str, password: &str| {
        let mut settings = settings(&server);
        settings["user"] = user.into();
        settings["password"] = password.into();
        Bench::with(&settings, clients(&majors()))
    };
    let maker = open("maker", "m");
    let plain = RestoreOptions::default();
    let error = maker.restore(whole(&dump), "copy", &plain).await.unwrap_err();
    assert!(error.next.contains("leave out owners"), "{error}");
    let without = RestoreOptions {
        no_owner: true,
        no_privileges: true,
        ..plain.clone()
    };
    assert_eq!(
        maker.restore(whole(&dump), "copy", &without).await.unwrap(),
        Restored::default()
    );
    assert_eq!(maker.source.count("copy").await.unwrap(), stats);
    let error = open("reader", "r")
        .restore(whole(&dump), "more", &without)
        .await
        .unwrap_err();
    assert!(error.next.contains("CREATEDB"), "{error}");
    assert_eq!(databases(&server), "copy,postgres,shop");
}

#[tokio::test]
async fn what_is_in_the_way_is_told_before_anything_is_touched() {
    let server = Server::start(old());
    make_shop(&server, "shop");
    server.create_database("empty");
    let bench = Bench::new(&server);
    let check = async |target: &str, engine_version: &str, options: &RestoreOptions| {
        let names = Renamed {
            database: "shop".to_owned(),
            target: target.to_owned(),
        };
        let restore = DatabaseRestore {
            names: &names,
            object: &object(Contents::All, Stats::default()),
            engine_version,
            options,
            tag: TAG,
        };
        bench.source.check_restore(&restore).await.unwrap()
    };
    let plain = RestoreOptions::default();
    let replace = RestoreOptions {
        replace: true,
        ..plain.clone()
    };
    let same = format!("{}.1", old());
    assert_eq!(check("new", &same, &plain).await, RestoreCheck::default());
    assert!(
        check("shop", &same, &plain).await.blockers[0]
            .to_string()
            .contains("database shop holds data already (")
    );
    assert!(check("shop", &same, &replace).await.warnings[0].contains("is replaced"));
    assert!(check("empty", &same, &plain).await.blockers.is_empty());
    assert!(
        check("template1", &same, &replace).await.blockers[0]
            .to_string()
            .contains("template")
    );
    assert!(
        check(&"x".repeat(64), &same, &plain).await.blockers[0]
            .to_string()
            .contains("63 bytes")
    );
    assert!(check("new", "17.1", &plain).await.warnings[0].contains("PostgreSQL 17"));
    assert!(
        check("new", "99.1", &plain).await.blockers[0]
            .to_string()
            .contains("pg_restore 99 or newer is needed")
    );
    assert_eq!(bench.source.target("gone").await.unwrap(), TargetState::default());

    assert_eq!(databases(&server), "empty,postgres,shop");
}

/// Waits until a database is there whose name has `part` in it.
async fn until_there(server: &Server, part: &str) {
    let waiting = async {
        while !databases(server).contains(part) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "no database {part} within 30 s");
}
