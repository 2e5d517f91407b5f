//! Dumps of rows alone, restored into databases that have the tables: all rows come back, or everything stays as it was.

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
use backstay::domain::manifest::Stats;
use backstay::domain::{Error, Kind};
use backstay::source::{DatabaseRestore, RestoreCheck};
use bytes::Bytes;
use support::postgres::{Server, majors};

use bench::{Bench, TAG, clients, make_shop, object, old, planned, settings, stream, whole};

/// What is hard about rows alone: keys in a circle, a trigger its owner has turned off, numbers that go on where they stood.
const CIRCLE: &str = "
    CREATE TABLE hen (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, egg int);
    CREATE TABLE egg (id serial PRIMARY KEY, hen int REFERENCES hen, note text DEFAULT 'laid');
    INSERT INTO egg (hen) VALUES (NULL), (NULL), (NULL);
    INSERT INTO hen (egg) VALUES (1), (2);
    UPDATE egg SET hen = 2 WHERE id = 1;
    ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg;
    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.note := 'spoilt'; RETURN new; END $$;
    CREATE TRIGGER off BEFORE INSERT ON egg FOR EACH ROW EXECUTE FUNCTION spoil();
    ALTER TABLE egg DISABLE TRIGGER off;
    CREATE TRIGGER lit BEFORE INSERT ON egg FOR EACH ROW EXECUTE FUNCTION spoil();";

fn only(contents: Contents) -> Selection {
    Selection {
        contents,
        ..Selection::default()
    }
}

fn replacing() -> RestoreOptions {
    RestoreOptions {
        replace: true,
        ..RestoreOptions::default()
    }
}

/// A shop with everything that is hard, its definitions as the database `copy`, and its rows as a dump.
async fn shop_and_rows(server: &Server, bench: &Bench) -> (Vec<Bytes>, Stats) {
    make_shop(server, "shop");
    server.psql("shop", CIRCLE);
    let (definitions, _) = bench.dump_selected("shop", &only(Contents::SchemaOnly)).await.unwrap();
    let options = RestoreOptions::default();
    bench.restore(whole(&definitions), "copy", &options).await.unwrap();
    bench.dump_selected("shop", &only(Contents::DataOnly)).await.unwrap()
}

async fn check(bench: &Bench, stats: &Stats, target: &str, options: &RestoreOptions) -> RestoreCheck {
    let names = Renamed {
        database: "shop".to_owned(),
        target: target.to_owned(),
    };
    let restore = DatabaseRestore {
        names: &names,
        object: &object(Contents::DataOnly, stats.clone()),
        engine_version: &format!("{}.0", old()),
        options,
        tag: TAG,
    };
    bench.source.check_restore(&restore).await.unwrap()
}

/// Shows the lines that differ and nothing else: a dump is long.
#[track_caller]
fn assert_same(server: &Server, what: &str) {
    let (shop, copy) = (server.dump("shop"), server.dump("copy"));
    let differing: Vec<_> = shop
        .lines()
        .zip(copy.lines())
        .filter(|(left, right)| left != right)
        .take(5)
        .collect();
    assert!(shop == copy, "{what}: {differing:?}");
}

#[tokio::test]
async fn definitions_and_rows_make_the_whole() {
    for major in majors() {
        let server = Server::start(major);
        let bench = Bench::new(&server);
        let (rows, stats) = shop_and_rows(&server, &bench).await;
        assert!(
            check(&bench, &stats, "copy", &RestoreOptions::default())
                .await
                .blockers
                .is_empty()
        );
        let restored = bench
            .restore(whole(&rows), "copy", &RestoreOptions::default())
            .await
            .unwrap();
        assert!(
            restored.notes[0].ends_with("REFRESH MATERIALIZED VIEW: public.seen"),
            "{restored:?}"
        );
        server.psql("copy", "REFRESH MATERIALIZED VIEW seen");
        assert_same(&server, &format!("PostgreSQL {major}"));
        assert_eq!(bench.source.count("copy").await.unwrap(), stats);

        // Again, over rows that differ.
        server.psql(
            "copy",
            "UPDATE egg SET note = 'other'; DELETE FROM edge; SELECT lo_create(77); SELECT nextval('egg_id_seq')",
        );
        bench.restore(whole(&rows), "copy", &replacing()).await.unwrap();
        assert_same(&server, &format!("PostgreSQL {major}"));
    }
}

#[tokio::test]
async fn a_failure_half_way_leaves_the_target_as_it_was() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let (rows, _) = shop_and_rows(&server, &bench).await;
    bench
        .restore(whole(&rows), "copy", &RestoreOptions::default())
        .await
        .unwrap();
    server.psql(
        "copy",
        "UPDATE egg SET note = 'other'; SELECT setval('egg_id_seq', 4711); SELECT lo_create(77)",
    );
    let before = server.dump("copy");
    let bytes: Vec<u8> = rows.concat();
    for cut in (0..bytes.len()).step_by(bytes.len() / 12).chain([bytes.len() - 1]) {
        let part = vec![Bytes::copy_from_slice(&bytes[..cut])];
        bench
            .restore(stream(part.clone(), Ok(())), "copy", &replacing())
            .await
            .unwrap_err();
        let told = stream(part, Err(Error::failed("the link broke")));
        let error = bench.restore(told, "copy", &replacing()).await.unwrap_err();
        assert_eq!(error.message, "the link broke", "cut at {cut}");
        assert!(server.dump("copy") == before, "cut at {cut}");
    }
    // Every byte came, and then its sender says that they are not to be trusted.
    let forged = stream(rows.clone(), Err(Error::failed("the tag does not fit")));
    let error = bench.restore(forged, "copy", &replacing()).await.unwrap_err();
    assert_eq!(error.message, "the tag does not fit");
    assert!(server.dump("copy") == before);
    // The target itself does not take the last of the rows.
    server.psql("copy", "ALTER TABLE hen ADD CHECK (egg IS NULL) NOT VALID");
    let before = server.dump("copy");
    let error = bench.restore(whole(&rows), "copy", &replacing()).await.unwrap_err();
    assert!(error.message.contains("violates check constraint"), "{error}");
    assert!(server.dump("copy") == before);
}

#[tokio::test]
async fn rows_that_are_there_stay_unless_told() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    let (rows, stats) = shop_and_rows(&server, &bench).await;
    let careful = RestoreOptions::default();
    let error = bench.restore(whole(&rows), "gone", &careful).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
    let gone = check(&bench, &stats, "gone", &careful).await;
    assert!(gone.blockers[0].to_string().contains("definitions"), "{gone:?}");
    server.create_database("bare");
    let bare = check(&bench, &stats, "bare", &careful).await;
    assert!(bare.blockers[0].to_string().contains("and 5 more"), "{bare:?}");

    server.psql(
        "copy",
        "INSERT INTO parent VALUES (7); CREATE TABLE own AS SELECT 1 AS x",
    );
    let filled = check(&bench, &stats, "copy", &careful).await;
    assert!(
        filled.blockers[0]
            .to_string()
            .contains("hold rows already: public.parent ·"),
        "{filled:?}"
    );
    let error = bench.restore(whole(&rows), "copy", &careful).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused, "{error}");
    let told = check(&bench, &stats, "copy", &replacing()).await;
    assert!(
        told.blockers.is_empty() && told.warnings[0].contains("emptied first: public.parent"),
        "{told:?}"
    );
    bench.restore(whole(&rows), "copy", &replacing()).await.unwrap();
    server.psql("copy", "REFRESH MATERIALIZED VIEW seen");
    // What the dump knows nothing of is nobody's business.
    assert_eq!(server.psql("copy", "SELECT x FROM own; DROP TABLE own"), "1");
    assert_same(&server, "shop and copy");
}

#[tokio::test]
async fn rows_move_to_an_older_server() {
    let newest = majors().last().copied().unwrap();
    let (older, newer) = (Server::start(old()), Server::start(newest));
    let (from, to) = (Bench::new(&newer), Bench::new(&older));
    let (rows, stats) = shop_and_rows(&newer, &from).await;
    make_shop(&older, "copy");
    older.psql("copy", CIRCLE);
    to.restore(whole(&rows), "copy", &replacing()).await.unwrap();
    assert_eq!(to.source.count("copy").await.unwrap(), stats);
}

#[tokio::test]
async fn an_owner_that_is_no_superuser_restores_rows_in_their_order() {
    let server = Server::start(old());
    server.create_role("owner", "o", "createdb");
    server.psql("postgres", "CREATE DATABASE plain OWNER owner");
    server.psql(
        "plain",
        "SET ROLE owner; CREATE SCHEMA s; CREATE TABLE s.z (id serial PRIMARY KEY);
         CREATE TABLE s.a (z int REFERENCES s.z); INSERT INTO s.z DEFAULT VALUES; INSERT INTO s.a VALUES (1)",
    );
    let mut login = settings(&server);
    login["user"] = "owner".into();
    login["password"] = "o".into();
    let bench = Bench::with(&login, clients(&majors()));
    let (rows, stats) = bench.dump_selected("plain", &only(Contents::DataOnly)).await.unwrap();
    let told = check(&bench, &stats, "plain", &replacing()).await;
    assert!(
        told.warnings.iter().any(|warning| warning.contains("no superuser")),
        "{told:?}"
    );
    let before = server.dump("plain");
    server.psql("plain", "DELETE FROM s.a; SELECT nextval('s.z_id_seq')");
    bench.restore(whole(&rows), "plain", &replacing()).await.unwrap();
    assert!(server.dump("plain") == before);
}

#[tokio::test]
async fn what_pg_dump_warns_of_is_handed_on() {
    let server = Server::start(old());
    let bench = Bench::new(&server);
    make_shop(&server, "shop");
    server.psql("shop", CIRCLE);
    for (contents, expected) in [(Contents::DataOnly, 1), (Contents::All, 0)] {
        let mut dump = bench.source.dump(&planned("shop"), &only(contents)).await.unwrap();
        while dump.chunks.next().await.unwrap().is_some() {}
        let warnings = dump.warnings.get().unwrap();
        assert_eq!(warnings.len(), expected, "{warnings:?}");
        assert!(
            warnings
                .iter()
                .all(|warning| warning.contains("circular") && warning.contains("hen")),
            "{warnings:?}"
        );
    }
}
