//! Probes, plans and dumps of SQLite databases: honest about what cannot be read. Needs root, for small file systems, and the
//! `sqlite3` program for the other processes.

#![cfg(test)]

#[path = "support/files.rs"]
mod files;

#[path = "support/sqlite.rs"]
mod support;

use std::sync::Arc;

use backstay::domain::Kind;
use backstay::domain::adapter::{Table, Tables};
use backstay::domain::job::{Contents, Selection};
use backstay::source::sqlite::check_file;
use backstay::source::{Stop, TABLES_LISTED};
use files::SmallDisk;
use support::{Place, Shell, cut, dump, open, stream};

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
    check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
        .await
        .unwrap();
    assert!(source.target("shop").await.unwrap().empty);
    assert_eq!(source.tables("shop").await.unwrap().count, 0);
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
async fn tables_are_listed_with_their_sizes_and_with_rows_once_they_were_analysed() {
    let place = Place::new();
    place.fill("wal");
    let source = place.source();
    let found = source.tables("shop").await.unwrap();
    let counted = source.count("shop").await.unwrap();
    let mut names: Vec<String> = found.tables.iter().map(Table::path).collect();
    assert_eq!((names[0].as_str(), found.count), ("files", counted.tables));
    names.sort();
    assert_eq!(names, counted.rows_by_table.keys().cloned().collect::<Vec<_>>());
    let sizes: Vec<u64> = found.tables.iter().map(|table| table.size_bytes.unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    assert_eq!(found.size_bytes, Some(sizes.iter().sum()));
    assert!(found.tables.iter().all(|table| table.estimated_rows.is_none()));
    assert!(found.notes.concat().contains("ANALYZE"), "{found:?}");

    place.connect().execute_batch("ANALYZE").unwrap();
    let of = |found: &Tables, name: &str| found.tables.iter().find(|table| table.name == name).unwrap().clone();
    let items = of(&source.tables("shop").await.unwrap(), "items");
    assert_eq!(items.estimated_rows, counted.rows_by_table.get("items").copied());
    // An index belongs to its table.
    place.connect().execute_batch("DROP INDEX by_name").unwrap();
    let bare = of(&source.tables("shop").await.unwrap(), "items");
    assert!(bare.size_bytes < items.size_bytes, "{bare:?}, {items:?}");

    let error = source.tables("other").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_not_read_for_the_sizes_of_its_tables() {
    let place = Place::new();
    place
        .connect()
        .execute_batch("CREATE TABLE small (x); CREATE TABLE large (x); INSERT INTO large VALUES (zeroblob(70000000))")
        .unwrap();
    let found = place.source().tables("shop").await.unwrap();
    let names: Vec<String> = found.tables.iter().map(Table::path).collect();
    assert_eq!(names, ["large", "small"]);
    assert!(found.size_bytes.is_none() && found.tables.iter().all(|table| table.size_bytes.is_none()));
    assert!(found.notes[0].contains("sizes are not known"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_tables_the_largest_are_listed_and_the_others_counted() {
    let place = Place::new();
    let many: Vec<String> = (0..1100).map(|table| format!("CREATE TABLE t{table} (x);")).collect();
    let many = many.concat();
    place
        .connect()
        .execute_batch(&format!(
            "BEGIN; {many} INSERT INTO t1099 VALUES (zeroblob(9000)); COMMIT"
        ))
        .unwrap();
    let found = place.source().tables("shop").await.unwrap();
    assert_eq!((found.tables.len(), found.count), (TABLES_LISTED, 1100));
    assert_eq!(found.tables[0].name, "t1099");
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
    assert!(
        check_file(stream(&bytes, cut()), place.scratch(), &Stop::default())
            .await
            .is_err()
    );
    assert!(
        check_file(
            stream(&bytes[..bytes.len() - 1024], Ok(())),
            place.scratch(),
            &Stop::default()
        )
        .await
        .is_err()
    );
    assert!(
        check_file(
            stream(&bytes[..bytes.len() - 1], Ok(())),
            place.scratch(),
            &Stop::default()
        )
        .await
        .is_err()
    );
    let mut flipped = bytes.clone();
    flipped[5 * 1024..6 * 1024].fill(0x5A);
    assert!(
        check_file(stream(&flipped, Ok(())), place.scratch(), &Stop::default())
            .await
            .is_err()
    );
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_its_application_understands_does_not_stop_a_backup() {
    let place = Place::new();
    let foreign = "
        CREATE TABLE plain (x); INSERT INTO plain VALUES (1);
        CREATE TABLE sorted (x TEXT); CREATE INDEX by_x ON sorted (x); INSERT INTO sorted VALUES ('a'), ('b');
        CREATE TABLE keyed (x TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('x');
        PRAGMA writable_schema = on;
        UPDATE sqlite_schema SET sql = 'CREATE TABLE sorted (x TEXT COLLATE own)' WHERE name = 'sorted';
        UPDATE sqlite_schema SET sql = 'CREATE TABLE keyed (x TEXT COLLATE own PRIMARY KEY) WITHOUT ROWID' WHERE name = 'keyed';
        UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE words USING own(body)' WHERE name = 'words';";
    place.connect().execute_batch(foreign).unwrap();
    place.source().probe().await.unwrap();
    let (bytes, stats) = dump(&*place.source()).await.unwrap();
    assert_eq!(stats.rows_by_table["sorted"], 2);
    assert!(!stats.rows_by_table.contains_key("keyed"));
    let checked = check_file(stream(&bytes, Ok(())), place.scratch(), &Stop::default())
        .await
        .unwrap();
    assert_eq!(checked, stats);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_does_not_fit_is_refused_with_figures() {
    let disk = SmallDisk::mount(1);
    let place = Place::new();
    let source = open(&place.path(), disk.path());
    place.fill("delete");
    place
        .connect()
        .execute("INSERT INTO files (body) VALUES (randomblob(3000000))", [])
        .unwrap();
    let error = dump(&*source).await.unwrap_err();
    assert!(
        error.message.contains("free") && error.message.contains("needed"),
        "{error}"
    );
    let bytes = std::fs::read(place.path()).unwrap();
    assert!(
        check_file(stream(&bytes, Ok(())), disk.path(), &Stop::default())
            .await
            .is_err()
    );
    assert!(files::files_below(disk.path()).is_empty());
    // A database in WAL mode needs no copy.
    place.connect().execute_batch("PRAGMA journal_mode = wal").unwrap();
    dump(&*source).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_on_a_read_only_disk_is_dumped_or_says_what_it_needs() {
    let disk = SmallDisk::mount(4);
    let place = Place::new();
    for (journal_mode, readable) in [("delete", true), ("wal", false)] {
        place.fill(journal_mode);
        std::fs::copy(place.path(), disk.path().join("shop.db")).unwrap();
        assert!(disk.remount("ro"));
        let source = open(&disk.path().join("shop.db"), place.scratch());
        match source.probe().await {
            Ok(_) => assert!(readable),
            Err(error) => assert!(!readable && error.next.contains("writable"), "{error}"),
        }
        assert!(disk.remount("rw"));
        std::fs::remove_file(place.path()).unwrap();
    }
}
