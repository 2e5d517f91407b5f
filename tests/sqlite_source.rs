//! Dumps of live SQLite databases: consistent whatever others write, and honest about what cannot be read. Needs the `sqlite3`
//! program for the other processes.

#[path = "support/sqlite.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backstay::domain::Kind;
use backstay::domain::job::{Contents, Selection};
use backstay::source::sqlite::check_file;
use rusqlite::Connection;
use support::{Place, Shell, cut, dump, stream};

/// Every table's rows as text, so that two databases can be compared.
fn contents(path: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let connection = Connection::open(path).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
    let mut statement = connection.prepare(names).unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows_of = |table: &String| {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))
            .unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values: Vec<rusqlite::types::Value> = (0..columns).map(|at| row.get(at).unwrap()).collect();
            Ok(format!("{values:?}"))
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|table| (table.clone(), rows_of(table))).collect()
}

async fn a_dump_is_the_database(journal_mode: &str) {
    let place = Place::new();
    place.fill(journal_mode);
    let (bytes, stats) = dump(&*place.source()).await.unwrap();
    let copy = place.directory.path().join("copy.db");
    std::fs::write(&copy, &bytes).unwrap();
    assert_eq!(contents(&copy), contents(&place.path()));
    assert_eq!(stats.rows_by_table["items"], 258);
    assert_eq!(stats.rows_by_table["pairs"], 3);
    assert_eq!(stats.rows_by_table["odd \"name"], 3);
    assert_eq!(stats.rows_by_table["notes_content"], 1);
    assert!(!stats.rows_by_table.contains_key("sqlite_sequence"));
    assert_eq!(stats.rows, stats.rows_by_table.values().sum::<u64>());
    let checked = check_file(stream(&bytes, Ok(())), place.scratch()).await.unwrap();
    assert_eq!(checked, stats);
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_wal_mode_is_the_database() {
    a_dump_is_the_database("wal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_rollback_mode_is_the_database() {
    a_dump_is_the_database("delete").await;
}

/// A writer moves money between two tables all the while; in every dump the sum is what it was.
async fn a_dump_is_of_one_moment(journal_mode: &str) {
    let place = Place::new();
    let start = format!(
        "PRAGMA journal_mode = {journal_mode};
         CREATE TABLE debit (amount INT, pad BLOB); CREATE TABLE credit (amount INT, pad BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
           INSERT INTO debit SELECT 0, zeroblob(3000) FROM n;
         INSERT INTO credit SELECT * FROM debit;"
    );
    place.connect().execute_batch(&start).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (path, stopped) = (place.path(), Arc::clone(&stop));
    let (moved, mut moves) = tokio::sync::watch::channel(0_u32);
    let writer = std::thread::spawn(move || {
        let mut connection = Connection::open(path).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        while !stopped.load(Ordering::SeqCst) {
            let step = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .unwrap();
            step.execute_batch(
                "UPDATE debit SET amount = amount - 1 WHERE rowid % 40 = abs(random() % 40);
                 INSERT INTO credit VALUES ((SELECT -sum(amount) FROM debit) - (SELECT sum(amount) FROM credit), zeroblob(900));",
            )
            .unwrap();
            step.commit().unwrap();
            moved.send_modify(|count| *count += 1);
        }
    });
    let source = place.source();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        moves.changed().await.unwrap();
        let (bytes, stats) = dump(&*source).await.unwrap();
        let copy = place.scratch().join("copy.db");
        std::fs::write(&copy, &bytes).unwrap();
        let connection = Connection::open(&copy).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let sums = ask("SELECT (SELECT sum(amount) FROM debit) + (SELECT sum(amount) FROM credit)");
        assert_eq!(sums, 0);
        assert_eq!(
            ask("SELECT count(*) FROM credit").unsigned_abs(),
            stats.rows_by_table["credit"]
        );
        seen.insert(stats.rows);
        drop(connection);
        std::fs::remove_file(&copy).unwrap();
        check_file(stream(&bytes, Ok(())), place.scratch()).await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert!(seen.len() > 1, "nothing was written between the dumps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_wal_mode_is_of_one_moment() {
    a_dump_is_of_one_moment("wal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_rollback_mode_is_of_one_moment() {
    a_dump_is_of_one_moment("delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_writer_committed_is_in_the_dump() {
    let place = Place::new();
    place.fill("wal");
    let mut writer = Shell::open(&place.path());
    writer.run("PRAGMA wal_autocheckpoint = 0; INSERT INTO items (name) VALUES ('last words');");
    writer.run("BEGIN; INSERT INTO items (name) VALUES ('never committed');");
    writer.kill();
    assert!(place.files().contains(&"shop.db-wal".to_owned()));
    let (bytes, stats) = dump(&*place.source()).await.unwrap();
    assert_eq!(stats.rows_by_table["items"], 259);
    check_file(stream(&bytes, Ok(())), place.scratch()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_left_by_a_killed_writer_is_rolled_back() {
    let place = Place::new();
    place.fill("delete");
    let mut writer = Shell::open(&place.path());
    // With a tiny cache the pages reach the file before the commit, so that the journal is needed.
    writer.run(
        "PRAGMA cache_size = 5; BEGIN; UPDATE items SET name = 'half done'; UPDATE files SET body = randomblob(90000);",
    );
    writer.kill();
    assert!(place.files().contains(&"shop.db-journal".to_owned()));
    let (bytes, stats) = dump(&*place.source()).await.unwrap();
    assert_eq!(stats.rows_by_table["items"], 258);
    assert!(!bytes.windows(9).any(|part| part == b"half done"));
    check_file(stream(&bytes, Ok(())), place.scratch()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_a_failure_that_passes() {
    let place = Place::new();
    place.fill("delete");
    let mut writer = Shell::open(&place.path());
    writer.run("BEGIN EXCLUSIVE;");
    let error = dump(&*place.source()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy, "{error}");
    assert!(error.transient);
    writer.run("COMMIT;");
    dump(&*place.source()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_an_empty_database() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    let source = place.source();
    assert!(
        source
            .plan(&Selection::default())
            .await
            .unwrap()
            .notes
            .join(" ")
            .contains("empty file")
    );
    let (bytes, stats) = dump(&*source).await.unwrap();
    assert!(bytes.is_empty());
    assert_eq!(stats.tables, 0);
    check_file(stream(&bytes, Ok(())), place.scratch()).await.unwrap();
    assert!(source.target("shop").await.unwrap().empty);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_nobody_reads_stops_and_leaves_no_copy() {
    let place = Place::new();
    place.fill("delete");
    place
        .connect()
        .execute("INSERT INTO files (body) VALUES (randomblob(9000000))", [])
        .unwrap();
    let source = place.source();
    let plan = source.plan(&Selection::default()).await.unwrap();
    let mut stream = source.dump(&plan.objects[0], &Selection::default()).await.unwrap();
    stream.chunks.next().await.unwrap();
    let counted = Arc::clone(&stream.stats);
    drop(stream);
    // The dump's thread lets go of what it counts into when it ends.
    while Arc::strong_count(&counted) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(counted.get().is_none());
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_database_is_said_to_be_none() {
    let place = Place::new();
    let missing = dump(&*place.source()).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound, "{missing}");
    std::fs::write(
        place.path(),
        "this is a text file that is longer than a header".repeat(40),
    )
    .unwrap();
    let text = dump(&*place.source()).await.unwrap_err();
    assert!(text.message.contains("not a SQLite database"), "{text}");
    std::fs::remove_file(place.path()).unwrap();
    let encrypted = place.connect();
    encrypted
        .execute_batch("PRAGMA key = 'secret'; CREATE TABLE t (x);")
        .unwrap();
    drop(encrypted);
    let error = place.source().probe().await.unwrap_err();
    assert!(error.message.contains("encrypted"), "{error}");
    std::fs::remove_file(place.path()).unwrap();
    std::fs::create_dir(place.path()).unwrap();
    let error = place.source().probe().await.unwrap_err();
    assert!(error.message.contains("not a file"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_finds_damage() {
    let place = Place::new();
    place.fill("delete");
    let probe = place.source().probe().await.unwrap();
    assert!(probe.version.starts_with("3."));
    assert_eq!(probe.size_bytes, Some(std::fs::metadata(place.path()).unwrap().len()));
    assert_eq!(probe.notes, ["journal mode delete"]);
    let mut bytes = std::fs::read(place.path()).unwrap();
    let middle = bytes.len() / 2 / 1024 * 1024;
    bytes[8 * 1024..middle].fill(0xA5);
    std::fs::write(place.path(), bytes).unwrap();
    let error = place.source().probe().await.unwrap_err();
    assert!(error.to_string().contains("damage"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_means_the_one_database_or_is_refused() {
    let place = Place::new();
    place.fill("wal");
    let source = place.source();
    assert_eq!(source.databases().await.unwrap()[0].name, "shop");
    let named = |name: &str| Selection {
        databases: Some(vec![name.to_owned()]),
        ..Selection::default()
    };
    assert_eq!(source.plan(&named("shop")).await.unwrap().objects.len(), 1);
    let error = source.plan(&named("other")).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("'other'"));
    let partly = Selection {
        contents: Contents::SchemaOnly,
        ..Selection::default()
    };
    assert_eq!(source.plan(&partly).await.unwrap_err().kind, Kind::Usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_is_no_sound_database() {
    let place = Place::new();
    place.fill("wal");
    let (bytes, _) = dump(&*place.source()).await.unwrap();
    assert!(check_file(stream(&bytes, cut()), place.scratch()).await.is_err());
    assert!(
        check_file(stream(&bytes[..bytes.len() - 1024], Ok(())), place.scratch())
            .await
            .is_err()
    );
    assert!(
        check_file(stream(&bytes[..bytes.len() - 1], Ok(())), place.scratch())
            .await
            .is_err()
    );
    let mut flipped = bytes.clone();
    flipped[5 * 1024..6 * 1024].fill(0x5A);
    assert!(check_file(stream(&flipped, Ok(())), place.scratch()).await.is_err());
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}
