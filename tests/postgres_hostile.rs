//! Databases and servers whose owners are not to be trusted: nothing that is in them is run with the rights of the role that
//! backs them up, nor on the machine that restores them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong fails the test"
)]

#[path = "support/postgres_bench.rs"]
mod bench;
#[path = "support/lib.rs"]
mod support;

use backstay::domain::execution::{Renamed, RestoreOptions};
use backstay::domain::job::{Contents, Selection};
use backstay::source::{DatabaseRestore, Stop};
use bytes::Bytes;
use serde_json::json;
use support::postgres::{Server, majors};

use bench::{Bench, TAG, clients, globals, object, old, settings, whole};

/// In a database of one's own: a function and an operator that stand in for the server's, and a policy.
const TRAPS: &str = "
    CREATE SCHEMA evil;
    CREATE TABLE evil.caught (who text);
    GRANT USAGE ON SCHEMA evil TO PUBLIC;
    GRANT INSERT ON evil.caught TO PUBLIC;
    CREATE FUNCTION evil.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO evil.caught VALUES (current_user);
        IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN
            ALTER ROLE mallory SUPERUSER;
        END IF;
        RETURN true;
    END $$;
    CREATE FUNCTION evil.has_table_privilege(oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT evil.spring()';
    CREATE FUNCTION evil.lo_unlink(oid) RETURNS integer LANGUAGE sql AS 'SELECT evil.spring()::integer';
    CREATE FUNCTION evil.matches(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT evil.spring()';
    CREATE OPERATOR evil.!~ (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.matches);
    CREATE TABLE public.t (i int);
    INSERT INTO public.t VALUES (1);
    SELECT lo_create(77);
    ALTER DATABASE tenant SET search_path = evil, pg_catalog;";

fn tenant(server: &Server) {
    server.create_role("mallory", "m", "");
    server.psql("postgres", "CREATE DATABASE tenant OWNER mallory");
    server.psql("tenant", "GRANT CREATE ON SCHEMA public TO mallory");
    server.psql("tenant", &format!("SET ROLE mallory; {TRAPS}"));
}

fn rows_only() -> Selection {
    Selection {
        contents: Contents::DataOnly,
        ..Selection::default()
    }
}

#[track_caller]
fn assert_nobody_caught(server: &Server, after: &str) {
    let caught = server.psql(
        "tenant",
        "SET search_path = pg_catalog; SELECT DISTINCT who FROM evil.caught",
    );
    let superuser = server.psql("postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'");
    assert_eq!((caught.as_str(), superuser.as_str()), ("", "f"), "after {after}");
}

#[tokio::test]
async fn the_owner_of_a_database_gets_no_rights_of_those_who_back_it_up() {
    for major in majors() {
        let server = Server::start(major);
        tenant(&server);
        let bench = Bench::new(&server);
        bench.source.databases().await.unwrap();
        assert_nobody_caught(&server, "a look at all databases");
        assert_eq!(bench.source.tables("tenant").await.unwrap().count, 2);
        assert_nobody_caught(&server, "a look at the tables of one");
        bench.source.plan(&Selection::default()).await.unwrap();
        assert_nobody_caught(&server, "a plan");
        assert!(!bench.source.target("tenant").await.unwrap().empty);
        assert_nobody_caught(&server, "a look at the target of a restore");
        let counted = bench.source.count("tenant").await.unwrap();
        assert_eq!(counted.rows_by_table.get("public.t"), Some(&1));
        assert_nobody_caught(&server, "a count");

        let (rows, stats) = bench.dump_selected("tenant", &rows_only()).await.unwrap();
        let options = RestoreOptions {
            replace: true,
            ..RestoreOptions::default()
        };
        let restore = DatabaseRestore {
            names: &Renamed {
                database: "tenant".to_owned(),
                target: "tenant".to_owned(),
            },
            object: &object(Contents::DataOnly, stats),
            engine_version: "15.0",
            options: &options,
            tag: TAG,
        };
        let check = bench.source.check_restore(&restore).await.unwrap();
        assert!(check.blockers.is_empty(), "{check:?}");
        // Removes the large objects that are there.
        bench.restore(whole(&rows), "tenant", &options).await.unwrap();
        assert_nobody_caught(&server, "a restore of rows");
    }
}

#[tokio::test]
async fn a_policy_on_rows_is_not_run_by_whoever_counts_them() {
    let server = Server::start(*majors().last().unwrap());
    tenant(&server);
    server.psql(
        "tenant",
        "CREATE POLICY trap ON public.t USING (evil.spring()); ALTER TABLE public.t ENABLE ROW LEVEL SECURITY",
    );
    server.create_role("clerk", "c", "in role pg_read_all_data");
    let mut login = settings(&server);
    login["user"] = json!("clerk");
    login["password"] = json!("c");
    let bench = Bench::with(&login, clients(&majors()));
    // A part of the rows would pass for all of them.
    let error = bench.source.count("tenant").await.unwrap_err();
    assert!(error.message.contains("row-level security policy"), "{error}");
    assert_nobody_caught(&server, "a count");
}

/// A dump of roles and tablespaces with `statement` in it.
async fn globals_with(bench: &Bench, statement: &str) -> Bytes {
    let mut saved = bench.source.dump(&globals(), &Selection::default()).await.unwrap();
    let mut dump = Vec::new();
    while let Some(chunk) = saved.chunks.next().await.unwrap() {
        dump.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(dump).unwrap();
    let (head, tail) = text.split_once("\nCREATE ROLE ").unwrap();
    Bytes::from(format!("{head}\n{statement}\nCREATE ROLE late;\nCREATE ROLE {tail}"))
}

/// What `psql` reads as a command of its own, although some of it looks as if it were quoted.
const COMMANDS: [&str; 9] = [
    r"\! touch MARK",
    r"COMMENT ON ROLE nobody IS 'x' \! touch MARK",
    r"SELECT $a$ ' $a$ \! touch MARK # '",
    r"SELECT /* ' */ 1 \! touch MARK # '",
    "SELECT 1 -- '\r \\! touch MARK # '\n, 2",
    r"SET standard_conforming_strings = off; SELECT '\'' \! touch MARK # '",
    r"SELECT E'\'', 'x' \! touch MARK",
    "SELECT 1 AS \u{a0}E'\\' \\! touch MARK # '",
    "SELECT 'x\0'; SELECT ' \\! touch MARK # '",
];

#[tokio::test]
async fn a_dump_of_roles_runs_nothing_on_the_machine_that_restores_them() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    for (number, command) in COMMANDS.into_iter().enumerate() {
        let mark = bench.scratch.path().join(format!("mark-{number}"));
        let command = command.replace("MARK", mark.to_str().unwrap());
        let dump = globals_with(&bench, &format!("{command}\n;")).await;
        let restored = bench.source.restore_globals(whole(&[dump]), &Stop::default()).await;
        assert!(!mark.exists(), "{command}");
        let failed = restored.unwrap().failed;
        assert!(
            !failed.is_empty() && failed.iter().all(|error| !error.next.is_empty()),
            "{command}"
        );
    }
}

#[tokio::test]
async fn backslashes_that_are_quoted_come_back() {
    let server = Server::start(old());
    server.psql(
        "postgres",
        r#"CREATE ROLE "back\slash"; COMMENT ON ROLE "back\slash" IS E'it''s C:\\dir\\ \\! ls'"#,
    );
    let shown = r"SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'back\slash'";
    let before = server.psql("postgres", shown);
    let bench = Bench::new(&server);
    let dump = globals_with(&bench, "").await;
    server.psql("postgres", r#"DROP ROLE "back\slash""#);
    let restored = bench.source.restore_globals(whole(&[dump]), &Stop::default()).await;
    assert_eq!(restored.unwrap().failed, []);
    assert_eq!(server.psql("postgres", shown), before);
}

#[tokio::test]
async fn a_dump_of_a_database_runs_nothing_on_the_machine_that_restores_it() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let mark = bench.scratch.path().join("mark");
    let command = format!("'' \\! touch {}", mark.display());
    let comment = format!("'{}'", "x".repeat(command.len() - 2));
    server.create_database("shop");
    server.psql("shop", "CREATE TABLE t (i int); INSERT INTO t VALUES (1)");
    server.psql("postgres", &format!("COMMENT ON DATABASE shop IS {comment}"));
    let (dump, _) = bench.dump("shop").await;
    let mut dump = dump.concat();
    let at = dump
        .windows(comment.len())
        .position(|part| part == comment.as_bytes())
        .unwrap();
    dump.splice(at..at + command.len(), command.bytes());
    let restored = bench
        .restore(whole(&[dump.into()]), "copy", &RestoreOptions::default())
        .await;
    assert!(!mark.exists());
    let missing = restored.unwrap().shortfalls;
    assert!(
        missing.len() == 1 && missing[0].message.starts_with("comment not taken over"),
        "{missing:?}"
    );
    assert_eq!(server.psql("copy", "SELECT i FROM t"), "1");
}
