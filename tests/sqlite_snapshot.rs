//! Dumps of live SQLite databases are of one moment, whatever others write meanwhile or left behind. Needs the `sqlite3` program
//! for the other processes.

#![cfg(test)]

#[path = "support/sqlite.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backstay::source::Stop;
use backstay::source::sqlite::check_file;
use rusqlite::Connection;
use support::{Place, Shell, dump, stream};

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
    let checked = check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
        .await
        .unwrap();
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
    let (made, mut moves) = tokio::sync::watch::channel(0_u32);
    let writer = std::thread::spawn(move || {
        let mut connection = Connection::open(path).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        while !stopped.load(Ordering::SeqCst) {
            let transfer = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .unwrap();
            transfer.execute_batch(
                "UPDATE debit SET amount = amount - 1 WHERE rowid % 40 = abs(random() % 40);
                 INSERT INTO credit VALUES ((SELECT -sum(amount) FROM debit) - (SELECT sum(amount) FROM credit), zeroblob(900));",
            )
            .unwrap();
            transfer.commit().unwrap();
            made.send_modify(|count| *count += 1);
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
        check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
            .await
            .unwrap();
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
    check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
        .await
        .unwrap();
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
    check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
        .await
        .unwrap();
}
