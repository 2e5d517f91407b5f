//! Disks that are full, read-only or gone, at every stage of a run: the row says so, nothing half-written is left, and once
//! there is room again the next run succeeds. On small file systems in memory, which only root may mount.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::CopyState;
use backstay::domain::execution::{Execution, Request, Status};
use backstay::domain::id::{AdapterId, JobId};
use backstay::domain::job::{Compression, Definition, Hook, When};
use backstay::domain::retention::Policy;
use rusqlite::Connection;
use serde_json::json;
use support::engine::{JobPlan, Plant, files_below};
use support::fakes::{Behaviour, install};
use support::postgres::{PASSWORD, Server, majors};
use support::process::wait_for;

const PAGE: u64 = 4096;
const LIMIT: Duration = Duration::from_mins(1);

/// A small file system. Dropping it unmounts it.
struct Mount {
    path: PathBuf,
}

impl Mount {
    fn new(path: &Path, kib: u64) -> Self {
        fs::create_dir_all(path).unwrap();
        mount(
            &["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "backstay-test"],
            path,
        );
        Self { path: path.to_owned() }
    }

    /// Leaves this many pages free.
    fn leave(&self, pages: u64) {
        let filler = self.path.join("filler");
        fs::write(&filler, "").unwrap();
        let free = backstay::disk::space(&self.path).unwrap().free_bytes;
        let size = free.saturating_sub(pages * PAGE);
        fs::write(filler, vec![0; usize::try_from(size).unwrap()]).unwrap();
        assert_eq!(backstay::disk::space(&self.path).unwrap().free_bytes, pages * PAGE);
    }

    fn clear(&self) {
        fs::remove_file(self.path.join("filler")).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A test that unmounted it itself leaves nothing to unmount.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.path)
            .stderr(std::process::Stdio::null())
            .status();
    }
}

fn mount(arguments: &[&str], path: &Path) {
    let status = Command::new("mount").args(arguments).arg(path).status().unwrap();
    assert!(status.success(), "this test needs to mount file systems");
}

fn shop(plant: &Plant) -> AdapterId {
    let database = Connection::open(plant.path("shop.db")).unwrap();
    database
        .execute_batch("CREATE TABLE orders (item BLOB); INSERT INTO orders VALUES (randomblob(40000))")
        .unwrap();
    plant.sqlite("shop", &plant.path("shop.db"))
}

/// A destination that may be filled to its last byte.
fn disk(plant: &Plant) -> AdapterId {
    let config = json!({ "path": plant.path("disk"), "min_free_bytes": 0 });
    plant.adapter(AdapterType::Destination, "local", "disk", &config)
}

fn job(plant: &Plant, source: AdapterId, destinations: &[(AdapterId, &str)], edit: &dyn Fn(&mut Definition)) -> JobId {
    let destinations: Vec<_> = destinations
        .iter()
        .map(|(id, name)| (*id, *name, Policy::None))
        .collect();
    plant.job(
        "nightly",
        &JobPlan {
            source,
            destinations: &destinations,
            profile: None,
            edit: &|definition| {
                definition.compression = Compression::None;
                definition.options.retries = 0;
                edit(definition);
            },
        },
    )
}

fn assert_failed(plant: &Plant, run: &Execution, words: &str) {
    assert_eq!(run.status, Status::Failed, "{}", plant.log_text(run));
    let error = run.error.as_ref().unwrap();
    assert!(error.message.contains(words) && !error.next.is_empty(), "{error:?}");
    assert_eq!(plant.backup_of(run), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_fills_up_at_any_moment() {
    let mut plant = Plant::new();
    let mount = Mount::new(&plant.path("disk"), 1024);
    let destinations = [(disk(&plant), "disk"), (plant.local("nas"), "nas")];
    let source = shop(&plant);
    let (only, both) = (
        job(&plant, source, &destinations[..1], &|_| {}),
        plant.job(
            "both",
            &JobPlan {
                source,
                destinations: &destinations.map(|(id, name)| (id, name, Policy::None)),
                profile: None,
                edit: &|definition| definition.compression = Compression::None,
            },
        ),
    );
    plant.start();
    let whole = plant.run(Some(only), Request::Backup).await;
    assert_eq!(whole.status, Status::Success, "{}", plant.log_text(&whole));
    let pages = whole.size.unwrap().div_ceil(PAGE);
    let before = files_below(&mount.path);
    // The object needs all but the last page, which is the manifest's.
    for free in [0, 1, pages / 2, pages - 1, pages] {
        mount.leave(free);
        let run = plant.run(Some(only), Request::Backup).await;
        assert_failed(&plant, &run, "no destination took it");
        let run = plant.run(Some(both), Request::Backup).await;
        assert_eq!(run.status, Status::Partial, "{free} pages: {}", plant.log_text(&run));
        let backup = plant.backup_of(&run).unwrap();
        assert_eq!(backup.copies[0].state, CopyState::Missing);
        let repair = plant.run(None, Request::Repair { backup: backup.id }).await;
        assert_eq!(
            repair.status,
            Status::Failed,
            "{free} pages: {}",
            plant.log_text(&repair)
        );
        mount.clear();
        assert_eq!(files_below(&mount.path), before, "{free} of {pages} pages were free");
        let run = plant.run(None, Request::Repair { backup: backup.id }).await;
        assert_eq!(run.status, Status::Success, "{}", plant.log_text(&run));
        fs::remove_dir_all(mount.path.join("both")).unwrap();
    }
    mount.leave(pages + 1);
    let run = plant.run(Some(only), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", plant.log_text(&run));
    plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_goes_away_or_read_only_while_it_is_written_to() {
    let server = Server::start(majors()[0]);
    server.psql(
        "postgres",
        "create table orders as select i from generate_series(1, 5000) i",
    );
    let mut plant = Plant::new();
    let mut mounted = Mount::new(&plant.path("disk"), 4096);
    let fakes = install(&plant.path("bin"), &server.bin(), &Behaviour::Real);
    let config = json!({
        "host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": PASSWORD, "client_dir": fakes.path(),
    });
    let source = plant.adapter(AdapterType::Source, "postgres", "pg", &config);
    let job = job(&plant, source, &[(disk(&plant), "disk")], &|definition| {
        definition.selection.globals = false;
    });
    plant.start();
    let first = plant.run(Some(job), Request::Backup).await;
    assert_eq!(first.status, Status::Success, "{}", plant.log_text(&first));
    let before = files_below(&mounted.path);
    let place = mounted.path.display().to_string();
    let with = |command: &str| {
        format!("d=$(mktemp)\n\"$real\" \"$@\" > $d\nhead -c 1000 $d\n{command}\ntail -c +1001 $d\nrm $d")
    };

    // What stood there is out of sight, and the empty directory that is left must not be taken for the destination.
    let kept = plant.path("kept");
    fs::create_dir(&kept).unwrap();
    mount(&["--bind", &place], &kept);
    let kept = Mount { path: kept };
    let written = "until ls -A \"$disk\"/nightly/*/.*.part > /dev/null 2>&1; do :; done";
    fakes.script(
        "pg_dump",
        &with(&format!("disk='{place}'; {written}; umount --lazy '{place}'")),
    );
    let run = plant.run(Some(job), Request::Backup).await;
    assert_failed(&plant, &run, "no destination took it");
    assert_eq!(files_below(&mounted.path), [""; 0]);
    mount(&["--bind", kept.path.to_str().unwrap()], &mounted.path);
    let unknown: Vec<String> = files_below(&mounted.path)
        .into_iter()
        .filter(|file| !before.contains(file))
        .collect();
    assert!(
        unknown.iter().all(|file| !file.ends_with("manifest.json")),
        "{unknown:?}"
    );

    // Whenever it becomes read-only, which it can only while nothing is open for writing: what cannot be removed is said.
    let turn = format!("setsid sh -c 'until mount -o remount,ro {place} 2>/dev/null; do :; done' > /dev/null 2>&1 &");
    fakes.script("pg_dump", &with(&turn));
    let run = plant.run(Some(job), Request::Backup).await;
    let log = plant.log_text(&run);
    if run.status == Status::Success {
        assert!(plant.backup_of(&run).is_some());
    } else {
        assert_failed(&plant, &run, "no destination took it");
        let left = files_below(&mounted.path)
            .iter()
            .any(|file| file.starts_with(run.path.as_ref().unwrap()));
        assert!(!left || log.contains("leftovers"), "{log}");
    }
    let run = plant.run(Some(job), Request::Backup).await;
    assert_failed(&plant, &run, "read-only");
    mount(&["-o", "remount,rw"], &mounted.path);
    fakes.script("pg_dump", "exec \"$real\" \"$@\"");
    let run = plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", plant.log_text(&run));
    assert!(before.iter().all(|file| mounted.path.join(file).exists()));
    plant.stop().await;
    mounted.path = plant.path("disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_cannot_be_deleted_in_full_is_no_copy_any_more() {
    let mut plant = Plant::new();
    let source = shop(&plant);
    let keep = Policy::Simple {
        keep_last: 1,
        min_age: Duration::ZERO,
    };
    let plan = JobPlan {
        source,
        destinations: &[(plant.local("disk"), "disk", keep)],
        profile: None,
        edit: &|_| {},
    };
    let job = plant.job("nightly", &plan);
    plant.start();
    let first = plant.run(Some(job), Request::Backup).await;
    let folder = plant.path("disk").join(first.path.clone().unwrap());
    // A file that somebody has mounted something on does not go.
    let object = folder.join("shop.db.zst");
    mount(&["--bind", object.to_str().unwrap()], &object);
    let held = Mount { path: object };
    let run = plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Partial, "{}", plant.log_text(&run));
    let state = |run: &Execution| plant.backup_of(run).unwrap().copies[0].state;
    assert_eq!((state(&first), state(&run)), (CopyState::Missing, CopyState::Present));
    assert!(!folder.join("manifest.json").exists());
    drop(held);
    plant.stop().await;
    plant.start();
    plant
        .when("the next engine has finished it", || (!folder.exists()).then_some(()))
        .await;
    plant.stop().await;
    assert_eq!(plant.backup_of(&first).unwrap().copies[0].state, CopyState::Deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_without_room_for_its_own_database() {
    let mut home = None;
    let mut plant = Plant::made_with(Clock::System, |path| home = Some(Mount::new(path, 8192)));
    let home = home.unwrap();
    let (full, done) = (plant.path("full"), plant.path("done"));
    let marks = |when, command: String| Hook {
        when,
        command: vec![command],
        shell: true,
        timeout: LIMIT,
    };
    let fills_the_disk = format!(
        "head -c 100M /dev/zero > {}/filler; touch {}",
        home.path.display(),
        full.display()
    );
    let hooks = vec![
        marks(When::Before, fills_the_disk),
        marks(When::After, format!("touch {}", done.display())),
    ];
    let source = shop(&plant);
    fs::create_dir(plant.path("disk")).unwrap();
    let destinations = [(disk(&plant), "disk")];
    let job = job(&plant, source, &destinations, &|definition| {
        definition.hooks = hooks.clone();
    });
    let plain = plant.job(
        "plain",
        &JobPlan {
            source,
            destinations: &[(destinations[0].0, "disk", Policy::None)],
            profile: None,
            edit: &|_| {},
        },
    );
    plant.start();
    // Once while the write-ahead log still has room in itself, and once without any.
    for _ in 0..2 {
        let before = files_below(&plant.path("disk"));
        let id = plant.ask(Some(job), Request::Backup);
        let marks = [full.clone(), done.clone()];
        let waited = tokio::task::spawn_blocking(move || {
            wait_for("the run is over", LIMIT, || marks.iter().all(|mark| mark.exists()));
            for mark in &marks {
                fs::remove_file(mark).unwrap();
            }
        });
        waited.await.unwrap();
        home.clear();
        // Its verdict is written once there is room, by the engine that made the run: it did not give up.
        let run = plant.verdict(id).await;
        let made = files_below(&plant.path("disk")).len() - before.len();
        match plant.backup_of(&run) {
            None => {
                assert_failed(&plant, &run, "full");
                assert_eq!(made, 0);
            }
            Some(_) => assert_eq!(made, 2),
        }
    }
    let run = plant.run(Some(plain), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", plant.log_text(&run));
    assert_eq!(plant.instance.store.integrity().unwrap(), [""; 0]);
    plant.stop().await;
}
