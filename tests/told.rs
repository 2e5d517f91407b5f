//! What operators are told when things are not as they seem: a newer backup that is of no use, an engine that is gone, two
//! copies that are one, a mount that is not there, a key that others can read. The real binary on a SQLite source.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "support/lib.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use backstay::clock::Clock;
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::ops::status::State;
use backstay::ops::{jobs, status};
use rusqlite::Connection;
use serde_json::Value;
use support::engine::{JobPlan, Plant};
use support::home::Home;
use support::process::{stop, wait_for};

const LIMIT: Duration = Duration::from_secs(30);

/// A home with a small database, two destinations and a sealed job. Commands start the engine they need.
struct Site {
    home: Home,
}

impl Site {
    /// `job` are further arguments of `job add`.
    fn new(job: &[&str]) -> Self {
        let site = Self::bare();
        site.run(&["profile", "create", "prod"]);
        site.run(&[&ADD_JOB[..], &["--destination", "far", "--profile", "prod"], job].concat());
        site
    }

    /// Without the job.
    fn bare() -> Self {
        let home = Home::new();
        Connection::open(home.beside("shop.db"))
            .unwrap()
            .execute_batch("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2)")
            .unwrap();
        let site = Self { home };
        site.run(&[
            "adapter",
            "add",
            "shop",
            "--driver",
            "sqlite",
            "--set",
            &site.set("shop.db"),
        ]);
        for name in ["near", "far"] {
            fs::create_dir(site.home.beside(name)).unwrap();
            site.run(&["adapter", "add", name, "--driver", "local", "--set", &site.set(name)]);
        }
        site
    }

    fn set(&self, name: &str) -> String {
        format!("path={}", self.home.beside(name).display())
    }

    fn run(&self, arguments: &[&str]) -> String {
        let ran = self.home.run(arguments).ok();
        ran.stdout + &ran.stderr
    }

    /// What a command says on both streams that ends with `code`.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.home.run(arguments).exits(code);
        ran.stdout + &ran.stderr
    }

    fn backed_up(&self) -> String {
        let run = self.home.json(&["run", "nightly"]);
        run["backup"]["id"].as_str().unwrap().to_owned()
    }

    /// The folder of a backup at a destination.
    fn folder(&self, backup: &str, destination: &str) -> PathBuf {
        let shown = self.home.json(&["backup", "show", backup]);
        let copies = shown["copies"].as_array().unwrap();
        let copy = copies.iter().find(|copy| copy["destination"] == destination).unwrap();
        self.home.beside(destination).join(copy["path"].as_str().unwrap())
    }

    fn damage(&self, backup: &str, destination: &str) {
        fs::write(self.folder(backup, destination).join("shop.db.zst.enc"), "rot").unwrap();
    }

    /// Starts a command that goes on, its error stream in a file.
    fn watching(&self, arguments: &[&str], said: &Path) -> Watcher {
        let mut command = self.home.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(said).unwrap());
        Watcher(command.spawn().unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.home.run(&["daemon", "stop"]);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

const ADD_JOB: [&str; 7] = ["job", "add", "nightly", "--source", "shop", "--destination", "near"];

struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            stop(&mut self.0, rustix::process::Signal::TERM, LIMIT);
        }
    }
}

#[test]
fn the_record_says_by_name_what_was_restored_to_where() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    site.home
        .json(&["restore", &backup, "--to", "shop", "--database", "shop=other"]);
    let listed = site.home.json(&["audit", "list", "--action", "backup.restore"]);
    let diff = &listed[0]["diff"];
    assert_eq!(diff["to"], "shop", "{diff}");
    assert_eq!(diff["databases"], serde_json::json!(["shop as other"]), "{diff}");
    let told = site.run(&["audit", "list", "--action", "backup.restore"]);
    assert!(told.contains("shop as other") && !told.contains("none"), "{told}");
}

#[test]
fn the_latest_backup_is_not_passed_over_in_silence() {
    let site = Site::new(&[]);
    let older = site.backed_up();
    let newest = site.backed_up();
    for destination in ["near", "far"] {
        site.damage(&newest, destination);
    }
    site.fails(1, &["backup", "verify", &newest, "--level", "bytes"]);
    let plan = [
        "restore",
        "latest:nightly",
        "--to",
        "shop",
        "--database",
        "shop=other",
        "--plan",
    ];
    let told = site.home.json(&plan);
    assert_eq!(told["backup"], *older);
    assert!(
        told["warnings"][0].as_str().unwrap().contains("has no good copy"),
        "{told}"
    );
    assert!(site.run(&plan).contains("the newest backup, of "));
    let told = site
        .home
        .json(&["backup", "verify", "latest:nightly", "--level", "bytes"]);
    assert!(
        told["notes"][0].as_str().unwrap().contains("this is the one before"),
        "{told}"
    );
    let told = site.home.json(&["backup", "repair", "latest:nightly"]);
    assert_eq!(
        (&told["backup"], &told["repaired"]),
        (&older.as_str().into(), &false.into())
    );
    assert!(
        told["notes"][0].as_str().unwrap().contains("has no good copy"),
        "{told}"
    );
    let told = site.home.json(&["backup", "verify", &older, "--level", "bytes"]);
    assert_eq!(told.get("notes"), None);
}

#[test]
fn an_adapter_that_let_a_run_down_is_looked_at_before_its_turn() {
    let site = Site::new(&[]);
    let health = || {
        let listed = site.home.json(&["adapter", "list"]);
        let all = listed.as_array().unwrap().iter();
        let told = all.map(|adapter| {
            let name = adapter["name"].as_str().unwrap().to_owned();
            (
                name,
                (adapter["last_status"].clone(), adapter["last_health_check"].clone()),
            )
        });
        told.collect::<BTreeMap<_, _>>()
    };
    // The next look by the clock is tomorrow's.
    site.run(&["setting", "set", "health_interval_seconds", "86400"]);
    let added = health();
    site.backed_up();
    wait_for("the first look of the engine", Duration::from_secs(30), || {
        let now = health();
        now.iter().all(|(name, looked)| looked.1 != added[name].1)
    });
    let well = health();
    assert!(well.values().all(|(status, _)| status == "online"), "{well:?}");
    site.backed_up();
    assert_eq!(health(), well, "a run that did well is no reason to look");

    let (place, gone) = (site.home.beside("near"), site.home.beside("gone"));
    fs::rename(&place, &gone).unwrap();
    site.fails(3, &["run", "nightly"]);
    let unwell = health();
    assert_eq!(unwell["near"].0, "degraded", "{unwell:?}");
    assert_eq!(
        (&unwell["far"].0, &unwell["shop"].0),
        (&"online".into(), &"online".into())
    );
    // One run after another makes it no worse than one look after another would.
    for _ in 0..3 {
        site.fails(3, &["run", "nightly"]);
    }
    assert_eq!(health()["near"], unwell["near"]);

    // Where nobody wants looks, a run is no reason for one either.
    fs::rename(&gone, &place).unwrap();
    site.run(&["adapter", "test", "near"]);
    site.run(&["setting", "set", "health_interval_seconds", "0"]);
    fs::rename(&place, &gone).unwrap();
    site.fails(3, &["run", "nightly"]);
    assert_eq!(health()["near"].0, "online");
}

#[test]
fn doctor_names_damaged_backups_their_places_and_what_mends_each() {
    let site = Site::new(&[]);
    let backups: Vec<String> = (0..7).map(|_| site.backed_up()).collect();
    for backup in &backups {
        site.damage(backup, "near");
    }
    let newest = &backups[6];
    site.damage(newest, "far");
    for backup in &backups {
        site.home
            .run(&["backup", "verify", backup, "--level", "bytes"])
            .exits(1);
    }
    let findings = site.home.run(&["--json", "doctor"]).exits(1).json();
    let about: Vec<(&str, &str, &str, &str)> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| ["check", "status", "message", "next"].map(|key| finding[key].as_str().unwrap()))
        .filter(|[check, ..]| check.starts_with("backup ") || *check == "copies")
        .map(|[check, status, message, next]| (check, status, message, next))
        .collect();
    let short = |backup: &str| backup[backup.len() - 8..].to_owned();
    assert_eq!(about.len(), 6, "{about:?}");
    assert_eq!(
        (about[0].0, about[0].1),
        (format!("backup {}", short(newest)).as_str(), "fail")
    );
    assert!(
        about[0].2.contains("at near found corrupt 2") && about[0].2.contains("at far found corrupt 2"),
        "{about:?}"
    );
    assert_eq!(about[0].3, format!("`backstay backup remove {}`", short(newest)));
    for (told, backup) in about[1..5].iter().zip(backups[2..6].iter().rev()) {
        let short = short(backup);
        assert_eq!((told.0, told.1), (format!("backup {short}").as_str(), "warn"));
        assert!(
            told.2.starts_with("of nightly, copy at near found corrupt 2"),
            "{told:?}"
        );
        assert_eq!(told.3, format!("`backstay backup repair {short}`"));
    }
    assert!(about[5].2.starts_with("2 more backups with"), "{about:?}");
    // What was advised puts it right.
    for backup in &backups[..6] {
        site.home.run(&["backup", "repair", &short(backup)]).ok();
    }
    site.home.run(&["backup", "remove", &short(newest), "--yes"]).ok();
    let told = site.home.run(&["doctor"]).stdout;
    assert!(told.contains("none is known to be missing or corrupt"), "{told}");
}

#[test]
fn a_job_whose_good_copies_were_lost_is_not_said_to_have_had_none() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    for place in ["near", "far"] {
        spoil(&site.home.beside(place));
    }
    site.home
        .run(&["backup", "verify", &backup, "--level", "bytes"])
        .exits(1);
    let told = site.home.run(&["--json", "status"]).exits(1).json();
    assert_eq!(told["jobs"][0]["lost"]["backup"], *backup);
    assert_eq!(told["damaged"][0]["copies"][0]["state"], "corrupt");
    let told = site.home.run(&["status"]).exits(1).stdout;
    assert!(told.contains("none left") && !told.contains("never"), "{told}");
    assert!(
        told.contains("the last was of ") && told.contains("found corrupt 2"),
        "{told}"
    );
    let plan = site.home.run(&["restore", &backup, "--to", "shop", "--plan"]).stdout;
    assert!(
        plan.contains("found corrupt 2") && !plan.contains("never proven"),
        "{plan}"
    );
    let listed = site.run(&["adapter", "list"]);
    assert!(listed.contains("1 copy corrupt"), "{listed}");
}

/// Overwrites every object below, with as many bytes, and leaves the manifests.
fn spoil(directory: &Path) {
    for item in fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            spoil(&path);
        } else if path.extension().is_some_and(|kind| kind != "json") {
            let length = fs::metadata(&path).unwrap().len();
            fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }
    }
}

#[test]
fn a_run_says_which_backup_it_let_go_and_by_which_rule() {
    let site = Site::new(&["--keep", "smart:7,4,12,2"]);
    let first = site.backed_up();
    let told = site.home.run(&["run", "nightly"]).ok().stderr;
    let short = first.rsplit('-').next().unwrap();
    assert!(
        told.contains("near: let go of backup ") && told.contains("newest of a day"),
        "{told}"
    );
    assert!(
        short.ends_with(told.split("backup ").nth(1).unwrap().split(' ').next().unwrap()),
        "{told}"
    );
    // The next run tells of its own only.
    let told = site.home.run(&["run", "nightly"]).ok().stderr;
    // One sentence for each of the two copies.
    assert_eq!(told.matches("let go of backup ").count(), 2, "{told}");
    assert!(!told.contains(short), "{told}");
}

#[test]
fn nothing_to_repair_is_no_repair() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    assert!(site.run(&["backup", "repair", &backup]).contains("nothing to repair"));
    assert_eq!(
        site.home.json(&["runs", "list", "--type", "repair"]),
        Value::Array(Vec::new())
    );
}

#[test]
fn who_follows_a_run_hears_at_once_that_its_engine_is_gone_and_when_one_is_back() {
    let site = Site::new(&["--before", "sleep 60"]);
    let engine = site.home.start_engine();
    let asked = site.home.json(&["run", "nightly", "--detach"]);
    let id = asked["id"].as_str().unwrap();
    wait_for("the run runs", LIMIT, || {
        site.home.json(&["runs", "show", id])["status"] == "running"
    });
    let said = site.home.beside("said");
    let _watcher = site.watching(&["logs", id, "-f"], &said);
    let heard = |words: &str| {
        wait_for(words, Duration::from_secs(12), || {
            fs::read_to_string(&said).unwrap().contains(words)
        });
    };
    engine.kill();
    heard("no engine runs; start one with `backstay daemon start`");
    let cancelled = site.run(&["runs", "cancel", id]);
    assert!(
        cancelled.contains("no engine runs, so nothing works on it"),
        "{cancelled}"
    );
    let _engine = site.home.start_engine();
    heard("an engine runs again");
    wait_for("it is cancelled", LIMIT, || {
        site.home.json(&["runs", "show", id])["status"] == "cancelled"
    });
    assert_eq!(site.home.json(&["runs", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn an_engine_that_is_stopping_says_so_and_what_is_asked_for_meanwhile_is_said_to_wait() {
    let site = Site::new(&["--before", "sleep 60"]);
    let engine = site.home.start_engine();
    let asked = site.home.json(&["run", "nightly", "--detach"]);
    let id = asked["id"].as_str().unwrap();
    wait_for("the run runs", LIMIT, || {
        site.home.json(&["runs", "show", id])["status"] == "running"
    });
    let process = rustix::process::Pid::from_raw(i32::try_from(engine.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    wait_for("the engine says that it stops", LIMIT, || {
        site.run(&["daemon", "status"]).contains("stopping")
    });
    assert!(site.home.json(&["daemon", "status"])["engine"]["stopping_until"].is_string());
    let meanwhile = site.home.run(&["run", "nightly", "--detach"]).ok().stderr;
    assert!(
        meanwhile.contains("is stopping and begins nothing new, so it waits"),
        "{meanwhile}"
    );
    let told = site.home.run(&["status"]).stdout;
    assert!(
        told.contains("Engine stopping: 1 run has until ") && told.contains("1 waits for the next engine"),
        "{told}"
    );
    assert!(site.fails(5, &["daemon", "start"]).contains("is stopping still"));
    site.run(&["runs", "cancel", id]);
    assert!(engine.stop());
    assert!(site.run(&["audit", "list"]).contains("engine.stopping"));
}

#[test]
fn two_destinations_on_one_directory_are_refused() {
    let site = Site::bare();
    let add = |name: &str, more: &[&str]| {
        let path = site.set("near");
        let add = ["adapter", "add", name, "--driver", "local", "--set", &path];
        site.home.run(&[&add[..], more].concat()).exits(2).stderr
    };
    assert!(add("again", &[]).contains("adapter near"));
    assert!(add("inside", &["--set", "prefix=a"]).contains("adapter near"));
    // What was two directories may become one.
    fs::remove_dir(site.home.beside("far")).unwrap();
    std::os::unix::fs::symlink(site.home.beside("near"), site.home.beside("far")).unwrap();
    let told = site.fails(2, &[&ADD_JOB[..], &["--destination", "far"]].concat());
    assert!(told.contains("one directory"), "{told}");
    site.run(&ADD_JOB);
    let told = site.fails(
        2,
        &[
            "job",
            "edit",
            "nightly",
            "--destination",
            "near",
            "--destination",
            "far",
        ],
    );
    assert!(told.contains("one directory"), "{told}");
}

#[test]
fn a_database_that_was_cut_off_is_no_first_start() {
    let site = Site::bare();
    let database = site.home.path().join("data").join("backstay.db");
    fs::write(&database, "").unwrap();
    for leftover in ["backstay.db-wal", "backstay.db-shm"] {
        let _ = fs::remove_file(database.with_file_name(leftover));
    }
    for command in [&["status"][..], &["adapter", "list"], &["daemon", "start"]] {
        let told = site.fails(1, command);
        assert!(told.contains("backstay.db") && told.contains("it is empty"), "{told}");
    }
    assert_eq!(fs::metadata(&database).unwrap().len(), 0);
}

#[test]
fn a_mount_that_has_gone_and_left_its_directory_is_noticed() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    let (near, away) = (site.home.beside("near"), site.home.beside("away"));
    fs::rename(&near, &away).unwrap();
    fs::create_dir(&near).unwrap();
    assert!(site.fails(3, &["run", "nightly"]).contains("is it mounted?"));
    for command in [
        &["backup", "scan", "near"][..],
        &["backup", "orphans", "near"],
        &["adapter", "test", "near"],
    ] {
        let told = site.fails(1, command);
        assert!(told.contains("is it mounted?"), "{told}");
    }
    site.fails(
        1,
        &["backup", "verify", &backup, "--level", "bytes", "--destination", "near"],
    );
    assert_eq!(fs::read_dir(&near).unwrap().count(), 0);
    fs::remove_dir(&near).unwrap();
    fs::rename(&away, &near).unwrap();
    site.run(&["backup", "verify", &backup, "--level", "bytes"]);
    assert_eq!(site.home.json(&["backup", "orphans", "near"]), Value::Array(Vec::new()));
    let scanned = site.home.json(&["backup", "scan", "near"]);
    assert_eq!(
        (&scanned["known"], &scanned["missing"]),
        (&1.into(), &Value::Array(Vec::new()))
    );
}

#[test]
fn a_key_that_others_can_read_is_not_taken_in_and_still_decrypts() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    let key = site.home.beside("prod.key");
    let path = key.to_str().unwrap();
    site.run(&["profile", "export", "prod", "-o", path, "--yes"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let other = Home::new();
    let told = other
        .run(&["profile", "import", "prod", "--key-file", path])
        .exits(6)
        .stderr;
    assert!(told.contains("mode 0644") && told.contains("chmod 600"), "{told}");
    let command = other.command(&["profile", "import", "prod", "--key-file", "-"]);
    support::home::run(command, &fs::read(&key).unwrap()).ok();
    let object = site.folder(&backup, "near").join("shop.db.zst.enc");
    let plain = site.home.beside("plain.db");
    let decrypt = [
        "decrypt",
        object.to_str().unwrap(),
        "--key-file",
        path,
        "--force",
        "-o",
        plain.to_str().unwrap(),
    ];
    assert!(site.run(&decrypt).contains("warning: "));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(!site.run(&decrypt).contains("warning: "));
}

#[test]
fn a_restore_says_what_stands_in_its_way_and_the_way_out() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    let told = site.fails(6, &["restore", &backup, "--to", "shop", "--plan"]);
    assert!(told.contains("--replace"), "{told}");
    site.damage(&backup, "near");
    site.fails(1, &["backup", "verify", &backup, "--level", "bytes"]);
    let beside = ["--database", "shop=beside", "--from", "near"];
    let planned = [&["restore", &backup, "--to", "shop", "--plan"], &beside[..]].concat();
    let told = site.run(&planned);
    assert!(
        told.contains("the copy at near is corrupt")
            && told.contains("read it from far")
            && told.contains("backup repair"),
        "{told}"
    );
    Connection::open(site.home.beside("empty.db"))
        .unwrap()
        .execute_batch("VACUUM")
        .unwrap();
    let told = site.run(&["restore", &backup, "--to", "shop", "--database", "shop=empty", "--plan"]);
    assert!(told.contains("takes the place of an empty one"), "{told}");
}

#[test]
fn backups_found_without_their_key_say_what_is_inside_once_it_is_here() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    let key = site.home.beside("prod.key");
    site.run(&["profile", "export", "prod", "-o", key.to_str().unwrap(), "--yes"]);
    let other = Home::new();
    let path = site.set("near");
    other
        .run(&["adapter", "add", "near", "--driver", "local", "--set", &path])
        .ok();
    assert_eq!(other.json(&["backup", "scan", "near"])["without_key"][0], *backup);
    assert_eq!(other.json(&["backup", "list"])[0]["logical_size"], 0);
    assert!(other.run(&["backup", "list"]).ok().stdout.contains(" stored"));
    other
        .run(&["profile", "import", "prod", "--key-file", key.to_str().unwrap()])
        .ok();
    let listed = other.json(&["backup", "list"]);
    assert_eq!(
        listed[0]["logical_size"],
        site.home.json(&["backup", "list"])[0]["logical_size"]
    );
    assert_eq!(listed[0]["databases"][0], "shop");
}

#[test]
fn a_manifest_that_nothing_vouches_for_replaces_none() {
    let site = Site::new(&[]);
    let backup = site.backed_up();
    let other = Home::new();
    for name in ["near", "far"] {
        other
            .run(&["adapter", "add", name, "--driver", "local", "--set", &site.set(name)])
            .ok();
    }
    other.run(&["backup", "scan", "near"]).ok();
    let path = site.folder(&backup, "far").join("manifest.json");
    let mut forged: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let told = forged["objects"][0]["sha256"].clone();
    forged["objects"][0]["sha256"] = "0".repeat(64).into();
    forged["lock"] = serde_json::json!({ "at": "2026-11-21T03:00:00Z", "by": "somebody", "reason": "mine" });
    fs::write(&path, forged.to_string()).unwrap();
    let scanned = other.run(&["--json", "backup", "scan", "far"]);
    assert!(scanned.stdout.contains("not the one"), "{scanned:?}");
    let shown = other.json(&["backup", "show", &backup]);
    assert_eq!(
        (&shown["objects"][0]["sha256"], &shown["locked"]),
        (&told, &false.into())
    );
}

#[test]
fn a_renamed_job_is_found_with_the_backups_of_its_old_name() {
    let site = Site::new(&[]);
    let older = site.backed_up();
    site.run(&["job", "rename", "nightly", "daily"]);
    site.run(&["run", "daily"]);
    let listed = site.home.json(&["backup", "list", "--job", "daily"]);
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed[1]["id"], *older);
    let there = site.home.json(&[
        "backup",
        "list",
        "--job",
        "daily",
        "--destination",
        "far",
        "--limit",
        "1",
    ]);
    let next = there[0]["id"].as_str().unwrap();
    let page = [
        "backup",
        "list",
        "--job",
        "daily",
        "--destination",
        "far",
        "--before",
        next,
    ];
    assert_eq!(site.home.json(&page)[0]["id"], *older);
    site.fails(4, &["backup", "list", "--job", "weekly"]);
}

#[test]
fn a_home_that_cannot_be_opened_says_why_by_its_exit_code() {
    let broken = |code: i32, words: &str, breaks: &dyn Fn(&Path)| {
        let home = Home::new();
        home.run(&["profile", "create", "prod"]).ok();
        breaks(&home.path());
        let told = home.run(&["profile", "list"]).exits(code).stderr;
        assert!(told.contains(words), "{words}: {told}");
    };
    let key = |home: &Path| home.join("config").join("master.key");
    let database = |home: &Path| home.join("data").join("backstay.db");
    broken(2, "is not the one it was made with", &|home| {
        fs::write(key(home), "0".repeat(64)).unwrap();
    });
    broken(2, "hex digits", &|home| fs::write(key(home), "no key").unwrap());
    broken(4, "its master key is not", &|home| fs::remove_file(key(home)).unwrap());
    broken(6, "others than its owner", &|home| {
        fs::set_permissions(key(home), fs::Permissions::from_mode(0o644)).unwrap();
    });
    broken(1, "damaged", &|home| fs::write(database(home), vec![7; 8192]).unwrap());
}

/// A job that is due every night and was paused for three of them.
#[test]
fn a_job_that_was_resumed_is_not_late_for_what_it_slept_through() {
    let clock = Clock::fixed(Timestamp::parse("2060-03-01T12:00:00Z").unwrap());
    let plant = Plant::made_with(clock.clone(), |_| {});
    Connection::open(plant.path("shop.db")).unwrap();
    let source = plant.sqlite("source", &plant.path("shop.db"));
    let plan = JobPlan {
        source,
        destinations: &[(plant.local("disk"), "disk", Policy::None)],
        profile: None,
        edit: &|definition| definition.schedule = "0 3 * * *".to_owned(),
    };
    plant.job("nightly", &plan);
    let session = plant.session();
    let day = Duration::from_hours(24);
    let state = || status::overview(&session).unwrap().jobs[0].state;
    jobs::pause(&session, "nightly", clock.now().plus(day * 10)).unwrap();
    clock.set(clock.now().plus(day * 3));
    jobs::resume(&session, "nightly").unwrap();
    assert_eq!(state(), State::New);
    clock.set(clock.now().plus(day));
    assert_eq!(state(), State::Failed);
    jobs::resume(&session, "nightly").unwrap();
    assert_eq!(state(), State::Failed);
}

#[test]
fn copies_at_destinations_that_are_offline_are_told_to_be_out_of_reach_until_those_are_back() {
    let site = Site::new(&[]);
    let home = &site.home;
    let backup = text(&home.json(&["run", "nightly"])["backup"]["id"]).to_owned();
    let goes = |name: &str| fs::rename(home.beside(name), home.beside("elsewhere").with_extension(name)).unwrap();
    let comes = |name: &str| fs::rename(home.beside("elsewhere").with_extension(name), home.beside(name)).unwrap();
    let copy = |destination: &str| {
        let shown = home.json(&["backup", "show", &backup]);
        let copies = shown["copies"].as_array().unwrap().iter();
        copies
            .clone()
            .find(|copy| copy["destination"] == destination)
            .unwrap()
            .clone()
    };
    let looked_for = |name: &str| drop(home.run(&["adapter", "test", name]));
    for name in ["near", "far"] {
        goes(name);
        looked_for(name);
    }
    // A probe that failed once is no alarm.
    home.run(&["status"]).ok();
    for name in ["near", "near", "far", "far"] {
        looked_for(name);
    }
    let status = home.run(&["--json", "status"]).exits(1).json();
    let job = &status["jobs"][0];
    assert_eq!(job["state"], "out_of_reach");
    assert_eq!(job["last_good"]["backup"], *backup);
    assert_eq!(job["out_of_reach"]["destinations"].as_array().unwrap().len(), 2);
    let since = text(&job["out_of_reach"]["destinations"][0]["since"]);
    assert_eq!(status["unwell"][1]["since"], since);
    let reason = text(&job["reason"]["message"]);
    assert!(
        reason.starts_with(&format!(
            "no good copy is in reach: near has not answered since {since}, far "
        )),
        "{reason}"
    );
    let told = home.run(&["status"]).exits(1).stdout;
    for line in [
        "✖ 1 out of reach",
        "nightly: no good copy is in reach: near has not answered since ",
        "If it dies now, lost:  all of nightly: no good copy in reach",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let near = copy("near");
    assert_eq!(
        (text(&near["out_of_reach_since"]), &near["verified_ok"]),
        (since, &Value::Bool(true))
    );
    for listing in [&["backup", "list"][..], &["backup", "show", &backup]] {
        let told = home.run(listing).ok().stdout;
        assert!(told.contains("near") && told.contains("out of reach since"), "{told}");
    }
    comes("far");
    looked_for("far");
    home.run(&["status"]).ok();
    assert_eq!(copy("far")["out_of_reach_since"], Value::Null);

    // What is newest is only where nothing answers, and what is older is not.
    home.run(&["run", "nightly"]).exits(3);
    comes("near");
    looked_for("near");
    goes("far");
    for name in ["far"; 3] {
        looked_for(name);
    }
    let status = home.run(&["--json", "status"]).exits(3).json();
    let job = &status["jobs"][0];
    assert_eq!(
        (&job["state"], &job["out_of_reach"]["left"]["backup"]),
        (&Value::from("partial"), &Value::from(backup))
    );
    comes("far");
}
