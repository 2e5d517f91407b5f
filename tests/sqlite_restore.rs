//! Restores of SQLite databases: the old one until the new one is proven, the whole old or the whole new one at any moment, and
//! nothing of the old one's log in the new one. Needs root, for small file systems, and the
//! `sqlite3` program for the other processes.

#![cfg(test)]

#[path = "support/files.rs"]
mod files;

#[path = "support/sqlite_restores.rs"]
mod restores;

#[path = "support/sqlite.rs"]
mod support;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use backstay::domain::execution::RestoreOptions;
use backstay::domain::{Error, Kind};
use backstay::pipeline::chunks;
use backstay::source::Stop;
use bytes::Bytes;
use files::{DeadMount, SmallDisk};
use restores::{
    TAG, check_restore, check_restore_of, items, object, place_with_dump, replacing, restore, restore_until,
};
use support::{Place, Shell, cut, dump, open, stream};
use tokio::time::{Instant, sleep};

fn forced() -> RestoreOptions {
    RestoreOptions {
        force: true,
        ..replacing()
    }
}

async fn a_restore_replaces_the_file(journal_mode: &str) {
    let (place, bytes) = place_with_dump(journal_mode).await;
    let notes = restore(&*place.source(), "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(place.files(), ["shop.db"]);
    assert_eq!(items(&place.path()), 258);
    let mode: String = place
        .connect()
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, journal_mode);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_in_wal_mode_replaces_the_file() {
    a_restore_replaces_the_file("wal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_in_rollback_mode_replaces_the_file() {
    a_restore_replaces_the_file("delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_leaves_the_old_file_as_it_was() {
    let (place, bytes) = place_with_dump("delete").await;
    let (source, before) = (place.source(), std::fs::read(place.path()).unwrap());
    let step = bytes.len() / 40;
    let told_broken = (0..bytes.len()).step_by(step).map(|cut_at| (cut_at, cut()));
    // What ends with a wrong verdict is refused by its content; nothing at all would be a valid empty database.
    let told_whole = (step..bytes.len()).step_by(step).map(|cut_at| (cut_at, Ok(())));
    let at_pages = (1..bytes.len() / 1024)
        .rev()
        .take(20)
        .map(|pages| (pages * 1024, Ok(())));
    for (cut_at, verdict) in told_broken.chain(told_whole).chain(at_pages) {
        let outcome = restore(&*source, "shop", &replacing(), stream(&bytes[..cut_at], verdict)).await;
        assert!(outcome.is_err(), "cut at {cut_at} of {}", bytes.len());
        assert!(std::fs::read(place.path()).unwrap() == before, "cut at {cut_at}");
    }
    let (sender, silent) = chunks::channel();
    drop(sender);
    assert!(restore(&*source, "shop", &replacing(), silent).await.is_err());
    assert_eq!(place.files(), ["shop.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_before_the_exchange() {
    let (place, mut bytes) = place_with_dump("delete").await;
    bytes[20 * 1024..21 * 1024].fill(0x5A);
    let error = restore(&*place.source(), "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap_err();
    assert!(error.message.contains("damage"), "{error}");
    assert_eq!(items(&place.path()), 259);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_data_is_replaced_only_when_told() {
    let (place, bytes) = place_with_dump("wal").await;
    let source = place.source();
    let careful = RestoreOptions::default();
    let state = source.target("shop").await.unwrap();
    assert!(state.exists && !state.empty && state.size_bytes > 0 && state.in_use_by.is_empty());
    assert!(
        check_restore(&*source, "shop", &careful).await.blockers[0]
            .to_string()
            .contains("holds data")
    );
    assert!(check_restore(&*source, "shop", &replacing()).await.blockers.is_empty());
    let error = restore(&*source, "shop", &careful, stream(&bytes, Ok(())))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Refused, "{error}");
    assert_eq!(items(&place.path()), 259);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_is_a_file_beside() {
    let (place, bytes) = place_with_dump("wal").await;
    let source = place.source();
    assert!(!source.target("copy").await.unwrap().exists);
    let notes = restore(&*source, "copy", &RestoreOptions::default(), stream(&bytes, Ok(())))
        .await
        .unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let copy = place.directory.path().join("copy.db");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((items(&copy), items(&place.path())), (258, 259));
    assert_eq!(source.count("copy").await.unwrap().rows_by_table["items"], 258);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_restore_leaves_no_trace() {
    let (place, bytes) = place_with_dump("wal").await;
    let source = place.source();
    let name = source.scratch_name(TAG);
    restore(&*source, &name, &RestoreOptions::default(), stream(&bytes, Ok(())))
        .await
        .unwrap();
    assert_eq!(source.count(&name).await.unwrap().rows_by_table["items"], 258);
    assert_eq!(source.clean_up(TAG, &name).await.unwrap().len(), 1);
    assert_eq!(source.clean_up(TAG, &name).await.unwrap(), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(place.scratch()).unwrap().count(), 0);
    assert_eq!(source.clean_up(TAG, "shop").await.unwrap(), Vec::<String>::new());
    assert_eq!(items(&place.path()), 259);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_killed_writer_is_not_replayed_into_the_new_file() {
    let (place, bytes) = place_with_dump("wal").await;
    let mut writer = Shell::open(&place.path());
    writer.run(
        "PRAGMA wal_autocheckpoint = 0; UPDATE items SET name = 'stale'; INSERT INTO items (name) VALUES ('stale');",
    );
    writer.kill();
    assert!(place.files().contains(&"shop.db-wal".to_owned()));
    restore(&*place.source(), "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap();
    assert_eq!(place.files(), ["shop.db"]);
    assert!(std::fs::read(place.path()).unwrap() == bytes);
    assert_eq!(items(&place.path()), 258);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_database_is_not_replayed_either() {
    let (place, bytes) = place_with_dump("wal").await;
    let mut writer = Shell::open(&place.path());
    writer.run("PRAGMA wal_autocheckpoint = 0; UPDATE items SET name = 'stale';");
    writer.kill();
    std::fs::remove_file(place.path()).unwrap();
    let notes = restore(
        &*place.source(),
        "shop",
        &RestoreOptions::default(),
        stream(&bytes, Ok(())),
    )
    .await
    .unwrap();
    assert!(notes.iter().any(|note| note.contains(".replaced_")), "{notes:?}");
    assert!(!place.files().contains(&"shop.db-wal".to_owned()));
    assert!(std::fs::read(place.path()).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_is_left_alone_unless_forced() {
    for journal_mode in ["wal", "delete"] {
        let (place, bytes) = place_with_dump(journal_mode).await;
        let source = place.source();
        let mut user = Shell::open(&place.path());
        user.run("INSERT INTO items (name) VALUES ('by the user');");
        let check = check_restore(&*source, "shop", &replacing()).await;
        assert!(check.blockers[0].to_string().contains("(sqlite3)"), "{check:?}");
        let error = restore(&*source, "shop", &replacing(), stream(&bytes, Ok(())))
            .await
            .unwrap_err();
        assert!(error.message.contains("(sqlite3)"), "{error}");
        assert_eq!(items(&place.path()), 260);

        let check = check_restore(&*source, "shop", &forced()).await;
        assert!(
            check.blockers.is_empty() && check.warnings.iter().any(|text| text.contains("restart")),
            "{check:?}"
        );
        restore(&*source, "shop", &forced(), stream(&bytes, Ok(())))
            .await
            .unwrap();
        assert!(
            !place.files().iter().any(|name| name == "shop.db-wal"),
            "{:?}",
            place.files()
        );
        assert!(std::fs::read(place.path()).unwrap() == bytes, "{journal_mode}");
        user.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_under_another_name_is_in_use() {
    let (place, _) = place_with_dump("delete").await;
    let source = place.source();
    let link = place.directory.path().join("linked.db");
    std::fs::hard_link(place.path(), &link).unwrap();
    let mut user = Shell::open(&link);
    // It has opened the file by then.
    user.run("SELECT count(*) FROM sqlite_schema;");
    let check = check_restore(&*source, "shop", &replacing()).await;
    assert!(check.blockers[0].to_string().contains("(sqlite3)"), "{check:?}");
    user.kill();

    // In a container the same directory has another name, and is another mount.
    let seen = tempfile::tempdir().unwrap();
    let script = "mount --bind \"$1\" \"$2\" && exec 9<\"$2/shop.db\" && echo open && read -r _";
    let mut contained = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .args([place.directory.path(), seen.path()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(contained.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    assert_eq!(said, "open\n");
    let check = check_restore(&*source, "shop", &replacing()).await;
    assert!(check.blockers[0].to_string().contains("(sh)"), "{check:?}");
    contained.kill().unwrap();
    contained.wait().unwrap();
    assert!(check_restore(&*source, "shop", &replacing()).await.blockers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_mount_of_somebody_else_keeps_no_restore_waiting() {
    let (place, bytes) = place_with_dump("wal").await;
    let source = place.source();
    let _dead = DeadMount::new();
    let options = replacing();
    let restored = restore(&*source, "shop", &options, stream(&bytes, Ok(())));
    let restored = tokio::time::timeout(Duration::from_secs(10), restored).await;
    restored.expect("it does not wait for that mount").unwrap();
    assert_eq!(items(&place.path()), 258);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_set_aside() {
    let (place, bytes) = place_with_dump("delete").await;
    let ruined = vec![0x41; 5000];
    std::fs::write(place.path(), &ruined).unwrap();
    std::fs::write(place.directory.path().join("shop.db-wal"), "old log").unwrap();
    let check = check_restore(&*place.source(), "shop", &replacing()).await;
    assert!(
        check.warnings.iter().any(|text| text.contains("cannot be read")),
        "{check:?}"
    );
    let notes = restore(&*place.source(), "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap();
    assert!(notes[0].contains("damaged"), "{notes:?}");
    assert_eq!(items(&place.path()), 258);
    let files = place.files();
    let aside = files
        .iter()
        .find(|name| name.contains(".replaced_") && !name.ends_with("-wal"))
        .unwrap();
    assert!(std::fs::read(place.directory.path().join(aside)).unwrap() == ruined);
    assert!(files.contains(&format!("{aside}-wal")), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_and_mode_are_kept_and_links_followed() {
    let (place, bytes) = place_with_dump("wal").await;
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    chown(place.path(), Some(4242), Some(2424)).unwrap();
    let link = place.directory.path().join("link.db");
    symlink(place.path(), &link).unwrap();
    restore(
        &*place.source(),
        link.to_str().unwrap(),
        &replacing(),
        stream(&bytes, Ok(())),
    )
    .await
    .unwrap();
    let found = place.path().metadata().unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (4242, 2424, 0o640));
    assert!(link.is_symlink());
    assert!(std::fs::read(place.path()).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_restored_is_refused_with_the_way_out() {
    let (place, bytes) = place_with_dump("wal").await;
    let source = place.source();
    let nowhere = place.directory.path().join("none/copy.db");
    let check = check_restore(&*source, nowhere.to_str().unwrap(), &replacing()).await;
    assert!(check.blockers[0].to_string().contains("install -d"), "{check:?}");
    let huge = check_restore_of(&*source, &object(1 << 50), "copy", &replacing()).await;
    assert!(huge.blockers[0].to_string().contains("needs 1.0 PiB"), "{huge:?}");
    let error = restore(
        &*source,
        nowhere.to_str().unwrap(),
        &replacing(),
        stream(&bytes, Ok(())),
    )
    .await
    .unwrap_err();
    assert!(error.next.contains("install -d"), "{error}");
    let directory = place.directory.path().to_str().unwrap();
    let error = restore(&*source, directory, &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap_err();
    assert!(error.message.contains("not a file"), "{error}");
    let error = source
        .restore_globals(stream(b"", Ok(())), &Stop::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_keeps_the_old_file() {
    let disk = SmallDisk::mount(1);
    let place = Place::new();
    place.fill("delete");
    std::fs::copy(place.path(), disk.path().join("shop.db")).unwrap();
    place
        .connect()
        .execute("INSERT INTO files (body) VALUES (randomblob(2000000))", [])
        .unwrap();
    let (bytes, _) = dump(&*place.source()).await.unwrap();
    let source = open(&disk.path().join("shop.db"), place.scratch());
    let error = restore(&*source, "shop", &replacing(), stream(&bytes, Ok(())))
        .await
        .unwrap_err();
    assert!(error.next.contains("free some space"), "{error}");
    assert_eq!(files::files_below(disk.path()), [disk.path().join("shop.db")]);
    assert_eq!(items(&disk.path().join("shop.db")), 258);
}

/// The longest a restore may take to stop.
const SOON: Duration = Duration::from_secs(2);

/// Whatever is awaited is there within this.
const LIMIT: Duration = Duration::from_secs(30);

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, waiting).await;
    assert!(waited.is_ok(), "not within {LIMIT:?}: {what}");
}

/// Whether this process has a file open.
fn is_open_here(path: &std::path::Path) -> bool {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.flatten()
        .any(|item| std::fs::read_link(item.path()).is_ok_and(|target| target == path))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_stopped_amid_a_stream_that_hangs_ends_soon_and_leaves_nothing() {
    for journal_mode in ["wal", "delete"] {
        let (place, bytes) = place_with_dump(journal_mode).await;
        let partial = place.directory.path().join(format!(".shop.db.backstay_{TAG}.part"));
        let (sender, chunks) = chunks::channel();
        let half = bytes.len() / 2;
        sender.send(Bytes::copy_from_slice(&bytes[..half])).await.unwrap();
        let stop = Stop::default();
        let (source, options) = (place.source(), replacing());
        let stopping = async {
            until("half of it has come in", || {
                partial.metadata().is_ok_and(|found| found.len() >= half as u64)
            })
            .await;
            assert_eq!(partial.metadata().unwrap().mode() & 0o777, 0o600);
            stop.ask(Error::interrupted("enough"));
            Instant::now()
        };
        let (outcome, asked) = tokio::join!(restore_until(&*source, "shop", &options, chunks, &stop), stopping);
        assert!(asked.elapsed() < SOON);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::Interrupted, "enough"));
        assert!(!partial.exists());
        assert_eq!(items(&place.path()), 259);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_stopped_right_before_the_exchange_leaves_the_old_file() {
    let (place, bytes) = place_with_dump("delete").await;
    let before = std::fs::read(place.path()).unwrap();
    // The lock holds up the exchange, which waits some seconds for it before it would set the old file aside.
    let mut user = Shell::open(&place.path());
    user.run("BEGIN IMMEDIATE;");
    let (sender, chunks) = chunks::channel();
    let stop = Stop::default();
    let (source, options) = (place.source(), forced());
    let stopping = async {
        sender.send(Bytes::from(bytes)).await.unwrap();
        let taken = sender.closed();
        sender.finish(Ok(())).await;
        taken.await;
        until("the old database has been opened for the exchange", || {
            is_open_here(&place.path())
        })
        .await;
        stop.ask(Error::interrupted("enough"));
    };
    let (outcome, ()) = tokio::join!(restore_until(&*source, "shop", &options, chunks, &stop), stopping);
    assert_eq!(outcome.unwrap_err().message, "enough");
    user.kill();
    assert!(std::fs::read(place.path()).unwrap() == before);
    assert_eq!(items(&place.path()), 259);
    assert_eq!(place.files(), ["shop.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_check_ends_when_asked_to_stop() {
    let place = Place::new();
    place.fill("delete");
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)
                INSERT INTO items (name) SELECT hex(i * 7919 % 1000003) FROM n";
    place.connect().execute_batch(rows).unwrap();
    let source = place.source();
    let (bytes, _) = dump(&*source).await.unwrap();
    let unasked = Stop::default();
    restore_until(&*source, "copy", &replacing(), stream(&bytes, Ok(())), &unasked)
        .await
        .unwrap();
    let whole = unasked.looks();
    let (sender, chunks) = chunks::channel();
    let stop = Stop::default();
    let (options, before) = (replacing(), std::fs::read(place.path()).unwrap());
    let stopping = async {
        sender.send(Bytes::from(bytes)).await.unwrap();
        let taken = sender.closed();
        sender.finish(Ok(())).await;
        taken.await;
        until("the check goes on", || stop.looks() > whole / 10).await;
        stop.ask(Error::interrupted("enough"));
    };
    let (outcome, ()) = tokio::join!(restore_until(&*source, "shop", &options, chunks, &stop), stopping);
    assert_eq!(outcome.unwrap_err().message, "enough");
    assert!(stop.looks() < whole, "it looked {} times of {whole}", stop.looks());
    assert!(std::fs::read(place.path()).unwrap() == before);
    assert_eq!(place.files(), ["copy.db", "shop.db"]);
}
