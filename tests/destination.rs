//! Every destination driver against the same behaviours, and what only a directory on this machine can get wrong. Needs
//! root, for small file systems that fill up.

#![cfg(test)]

#[path = "support/destination_suite.rs"]
mod suite;

#[path = "support/files.rs"]
mod files;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

use backstay::catalog::copies;
use backstay::destination::{self, Destination, Known};
use backstay::domain::Kind;
use bytes::Bytes;
use files::{SmallDisk, files_below};
use serde_json::json;
use suite::{get, put};

fn open(path: &Path) -> Arc<dyn Destination> {
    destination::open(
        "local",
        &json!({"path": path, "prefix": "backups/db1"}),
        &Known::default(),
    )
    .unwrap()
}

behaviours!(local, {
    let directory = tempfile::tempdir().unwrap();
    let destination = super::open(directory.path());
    (directory, destination)
});

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn directories_and_files_are_private() {
    let base = tempfile::tempdir().unwrap();
    put(&*open(base.path()), "job/run/object", &[b"x"]).await.unwrap();
    for directory in ["backups", "backups/db1", "backups/db1/job", "backups/db1/job/run"] {
        assert_eq!(mode(&base.path().join(directory)), 0o700, "{directory}");
    }
    assert_eq!(mode(&base.path().join("backups/db1/job/run/object")), 0o600);
}

#[tokio::test]
async fn a_copy_is_deleted_without_what_lies_below_it() {
    let base = tempfile::tempdir().unwrap();
    let destination = open(base.path());
    for path in [
        "job/manifest.json",
        "job/app.db",
        "job/.app.db.12345678.part",
        "job/run/app.db",
    ] {
        put(&*destination, path, &[b"x"]).await.unwrap();
    }
    copies::delete(&*destination, "job").await.unwrap();
    let below = base.path().join("backups/db1/job/run");
    assert_eq!(files_below(base.path()), [below.join("app.db")]);
    copies::take_back(&*destination, "job").await.unwrap();
    assert_eq!(files_below(base.path()), [below.join("app.db")]);

    copies::delete(&*destination, "job/run").await.unwrap();
    copies::delete(&*destination, "job/run").await.unwrap();
    assert!(!base.path().join("backups/db1/job").exists());
    assert!(base.path().join("backups/db1").exists());
}

#[tokio::test]
async fn what_a_killed_writer_left_is_listed() {
    let base = tempfile::tempdir().unwrap();
    let destination = open(base.path());
    let sink = destination.write("job/run/object").await.unwrap();
    std::mem::forget(sink);
    let listed = destination.list("job/run").await.unwrap();
    assert_eq!(listed.len(), 1);
    let name = &listed[0].path;
    assert!(
        name.starts_with("job/run/.object.") && Path::new(name).extension().is_some_and(|suffix| suffix == "part"),
        "{name}"
    );
    destination.delete(name).await.unwrap();
    assert!(destination.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_base_that_has_gone_is_an_error_and_never_an_empty_place() {
    let base = tempfile::tempdir().unwrap();
    let destination = open(base.path());
    put(&*destination, "job/object", &[b"x"]).await.unwrap();
    let mut sink = destination.write("job/next").await.unwrap();
    sink.write(Bytes::from_static(b"half")).await.unwrap();
    std::fs::remove_dir_all(base.path()).unwrap();

    let mut failures = vec![sink.finish().await.unwrap_err()];
    failures.extend(put(&*destination, "job/object", &[b"x"]).await.err());
    failures.extend(get(&*destination, "job/object", None).await.err());
    failures.extend(destination.list("").await.err());
    failures.extend(destination.stat("job/object").await.err());
    failures.extend(destination.delete("job/object").await.err());
    failures.extend(destination.remove_empty_folder("job").await.err());
    failures.extend(destination.probe().await.err());
    assert_eq!(failures.len(), 8, "{failures:?}");
    for error in failures {
        assert_eq!(error.kind, Kind::Failed, "{error}");
        // It held copies: it is not to be made anew.
        assert_eq!(error.next, "mount it: copies were written to it", "{error}");
    }
    assert!(!base.path().exists());
}

#[tokio::test]
async fn a_full_disk_is_said_with_figures_and_leaves_nothing() {
    let disk = SmallDisk::mount(4);
    let config = json!({"path": disk.path(), "min_free_bytes": 0});
    let destination = destination::open("local", &config, &Known::default()).unwrap();
    let mut sink = destination.write("job/object").await.unwrap();
    let mut outcome = Ok(());
    for _ in 0..8 {
        outcome = sink.write(Bytes::from(vec![7; 1 << 20])).await;
        if outcome.is_err() {
            break;
        }
    }
    let error = outcome.unwrap_err();
    assert!(
        error.message.contains("free") && error.object.ends_with("job/object"),
        "{error}"
    );
    assert!(sink.finish().await.is_err());
    assert!(files_below(disk.path()).is_empty());
    put(&*destination, "job/object", &[b"fits"]).await.unwrap();
}

#[tokio::test]
async fn room_is_kept_free_before_and_during_a_write() {
    let disk = SmallDisk::mount(40);
    let keep = |min_free_bytes: u64| {
        destination::open(
            "local",
            &json!({"path": disk.path(), "min_free_bytes": min_free_bytes}),
            &Known::default(),
        )
        .unwrap()
    };
    let error = keep(41 << 20).write("object").await.err().unwrap();
    assert!(error.message.contains("40.0 MiB free, 41.0 MiB needed"), "{error}");
    assert!(keep(41 << 20).probe().await.is_err());

    let destination = keep(30 << 20);
    let mut sink = destination.write("object").await.unwrap();
    let mut written = 0;
    while sink.write(Bytes::from(vec![7; 1 << 20])).await.is_ok() {
        written += 1;
        assert!(written < 40, "the limit was never looked at");
    }
    drop(sink);
    assert!(files_below(disk.path()).is_empty());
}

#[tokio::test]
async fn a_disk_that_turned_read_only_takes_nothing() {
    let disk = SmallDisk::mount(4);
    let destination = destination::open(
        "local",
        &json!({"path": disk.path(), "min_free_bytes": 0}),
        &Known::default(),
    )
    .unwrap();
    put(&*destination, "job/object", &[b"old"]).await.unwrap();
    assert!(disk.remount("ro"));
    let error = put(&*destination, "job/object", &[b"new"]).await.unwrap_err();
    assert!(error.next.contains("writable"), "{error}");
    let error = destination.probe().await.unwrap_err();
    assert!(error.message.contains("read-only"), "{error}");
    assert_eq!(get(&*destination, "job/object", None).await.unwrap(), b"old");
    assert!(destination.delete("job/object").await.is_err());
}

#[tokio::test]
async fn symbolic_links_are_neither_listed_nor_followed() {
    let (base, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let destination = open(base.path());
    put(&*destination, "job/object", &[b"x"]).await.unwrap();
    std::fs::write(outside.path().join("precious"), "x").unwrap();
    symlink(outside.path(), base.path().join("backups/db1/away")).unwrap();
    symlink(
        outside.path().join("precious"),
        base.path().join("backups/db1/job/link"),
    )
    .unwrap();

    assert_eq!(destination.list("").await.unwrap().len(), 1);
    assert!(destination.remove_empty_folder("away").await.is_err());
    assert!(destination.delete("away/precious").await.is_err());
    assert!(put(&*destination, "away/new", &[b"x"]).await.is_err());
    assert!(get(&*destination, "job/link", None).await.is_err());
    destination.delete("job/object").await.unwrap();
    destination.remove_empty_folder("job").await.unwrap();
    assert!(base.path().join("backups/db1/job/link").is_symlink());
    assert_eq!(files_below(outside.path()), [outside.path().join("precious")]);
}

#[tokio::test]
async fn a_prefix_that_is_a_link_fails_the_list() {
    let base = tempfile::tempdir().unwrap();
    let destination = open(base.path());
    put(&*destination, "job/object", &[b"x"]).await.unwrap();
    let root = base.path().join("backups/db1");
    std::fs::remove_dir_all(&root).unwrap();
    symlink(&root, &root).unwrap();
    assert!(destination.list("").await.is_err());
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let refused = |config| {
        destination::open("local", &config, &Known::default())
            .err()
            .unwrap()
            .to_string()
    };
    assert!(refused(json!({"path": "backups"})).contains("not absolute"));
    assert!(refused(json!({"path": "/srv", "prefix": "../etc"})).contains("prefix"));
    assert!(refused(json!({"prefix": "x"})).contains("path"));
    assert!(refused(json!({"path": "/srv", "colour": "red"})).contains("colour"));
}
