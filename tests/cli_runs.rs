//! Runs and backups from the command line, end to end: the real binary, its own engine, a SQLite source and directories.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "cli_runs/engine.rs"]
mod engine;
#[path = "support/lib.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use support::home::{Engine, Home};
use support::postgres::{bin, majors};

/// A home with a database of 5,000 rows, two destinations and a job, and its engine.
struct Place {
    home: Home,
    engine: Engine,
}

impl Place {
    /// `job` are further arguments of `job add`.
    fn new(job: &[&str]) -> Self {
        let home = Home::new();
        let shop = Connection::open(home.beside("shop.db")).unwrap();
        shop.execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO orders SELECT i, 'order ' || i FROM n;",
        )
        .unwrap();
        let set = |name: &str| format!("path={}", home.beside(name).display());
        home.run(&["adapter", "add", "shop", "--driver", "sqlite", "--set", &set("shop.db")])
            .ok();
        for name in ["near", "far"] {
            fs::create_dir(home.beside(name)).unwrap();
            home.run(&["adapter", "add", name, "--driver", "local", "--set", &set(name)])
                .ok();
        }
        home.run(&["profile", "create", "prod"]).ok();
        let add = [
            "job",
            "add",
            "nightly",
            "--source",
            "shop",
            "--destination",
            "near",
            "--destination",
            "far",
        ];
        home.run(&[&add[..], &["--profile", "prod"], job].concat()).ok();
        let engine = home.start_engine();
        Self { home, engine }
    }

    /// Runs the job and gives the backup's id.
    fn backed_up(&self) -> String {
        let run = self.home.json(&["run", "nightly"]);
        text(&run["backup"]["id"]).to_owned()
    }

    /// The folder of the only backup at a destination.
    fn folder(&self, destination: &str) -> PathBuf {
        let job = self.home.beside(destination).join("nightly");
        fs::read_dir(job).unwrap().next().unwrap().unwrap().path()
    }

    fn copy(&self, backup: &str, destination: &str) -> Value {
        let shown = self.home.json(&["backup", "show", backup]);
        let copies = shown["copies"].as_array().unwrap();
        copies
            .iter()
            .find(|copy| copy["destination"] == destination)
            .unwrap()
            .clone()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}"))
}

/// Replaces what differs from run to run by its type's name.
fn blank(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| match value {
            Value::String(_) if keys.contains(&key.as_str()) => *value = "[text]".into(),
            Value::Number(_) if keys.contains(&key.as_str()) => *value = "[number]".into(),
            other => blank(other, keys),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, keys)),
        _ => {}
    }
}

/// A second backup beside the one that `run` made, as another installation's that took it at another time. Gives its folder.
fn brought_from_elsewhere(destination: &Path, run: &Value, taken_at: &str) -> PathBuf {
    let known = destination.join(text(&run["backup"]["copies"][0]["path"]));
    let (_, short) = known.to_str().unwrap().rsplit_once('-').unwrap();
    let folder = known.with_file_name(format!("{}-{short}", taken_at.replace(':', "-")));
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(&known).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    let at = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
    // A backup is told by the end of its id, which its folder is called after.
    manifest["id"] = format!("00000000{}", &text(&manifest["id"])[8..]).into();
    manifest["taken_at"] = taken_at.into();
    fs::write(&at, manifest.to_string()).unwrap();
    folder
}

fn rows(path: &Path) -> u32 {
    Connection::open(path)
        .unwrap()
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_finished_run_has_the_shape_scripts_rely_on() {
    let place = Place::new(&[]);
    let mut run = place.home.json(&["run", "nightly"]);
    blank(&mut run, &["id", "started_at", "ended_at", "path", "stored_size"]);
    insta::assert_json_snapshot!(run);
}

#[test]
fn plans_and_status_have_the_shapes_scripts_rely_on() {
    let place = Place::new(&["--schedule", "0 3 * * *"]);
    let backup = place.backed_up();
    place
        .home
        .run(&[
            "backup",
            "verify",
            &backup,
            "--level",
            "restore",
            "--destination",
            "near",
        ])
        .ok();
    let plan = ["restore", &backup, "--to", "shop", "--database", "shop=other", "--plan"];
    let differs = [
        "id",
        "backup",
        "taken_at",
        "summary",
        "age_seconds",
        "stored_size",
        "verified_at",
        "proven_at",
        "looked_at",
        "last_run",
        "next_fire",
        "last_restore_ms",
        "last_restore_bytes",
        "pid",
        "host",
        "version",
        "started_at",
        "path",
        "key_id",
        "sha256",
        "backup_id",
        "destination_id",
        "job_id",
        "profile_id",
        "execution_id",
        "engine_version",
    ];
    for (name, command) in [
        ("plan", &plan[..]),
        ("status", &["status"]),
        ("backup", &["backup", "show", &backup]),
    ] {
        let mut shape = place.home.json(command);
        blank(&mut shape, &differs);
        insta::assert_json_snapshot!(name, shape);
    }
}

#[test]
fn an_unknown_job_is_not_found_and_starts_nothing() {
    let place = Place::new(&[]);
    place.home.run(&["run", "weekly"]).exits(4);
    assert_eq!(place.home.json(&["runs", "list"]), Value::Array(Vec::new()));
}

#[test]
fn a_run_is_found_again_with_its_log() {
    let place = Place::new(&[]);
    let id = text(&place.home.json(&["run", "nightly"])["id"]).to_owned();
    let listed = place
        .home
        .json(&["runs", "list", "--job", "nightly", "--status", "success"]);
    assert_eq!(listed[0]["id"], *id);
    assert_eq!(place.home.json(&["runs", "show", &id])["trigger"], "cli");
    let log = place.home.json(&["logs", "nightly"]);
    assert!(
        log.as_array().unwrap().iter().any(|line| line["stage"] == "dump"),
        "{log}"
    );
    let followed = place.home.run(&["--json", "logs", &id, "-f"]).ok();
    assert!(
        followed
            .stdout
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{}",
        followed.stdout
    );
    let again = place.home.json(&["runs", "retry", &id]);
    assert_eq!(
        (&again["status"], &again["type"]),
        (&"success".into(), &"backup".into())
    );
}

#[test]
fn a_failed_run_exits_with_1_and_says_why() {
    let place = Place::new(&[]);
    fs::write(place.home.beside("shop.db"), "not a database").unwrap();
    let ran = place.home.run(&["--json", "run", "nightly"]).exits(1).json();
    assert_eq!(ran["status"], "failed");
    assert!(!text(&ran["error"]["message"]).is_empty(), "{ran}");
    place.home.run(&["logs", "nightly", "-f"]).exits(1);
    place.home.run(&["status"]).exits(1);
}

#[test]
fn a_cancelled_run_leaves_nothing_at_any_destination() {
    let place = Place::new(&["--before", "sleep 60"]);
    let asked = place.home.json(&["run", "nightly", "--detach"]);
    let id = text(&asked["id"]);
    support::process::wait_for("the run runs", std::time::Duration::from_secs(10), || {
        place.home.json(&["runs", "show", id])["status"] == "running"
    });
    let cancelled = place.home.json(&["runs", "cancel", id]);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(fs::read_dir(place.home.beside("near")).unwrap().count(), 0);
    place.home.run(&["runs", "cancel", id]).exits(1);
}

#[test]
fn what_was_proven_is_kept_on_the_copy() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    assert_eq!(place.copy(&backup, "near")["verified_level"], "bytes");
    let content = ["backup", "verify", &backup, "--level", "content"];
    place.home.run(&[&content[..], &["--destination", "far"]].concat()).ok();
    assert_eq!(place.copy(&backup, "far")["verified_level"], "content");
    let run = place.home.json(&["backup", "verify", &backup, "--level", "restore"]);
    let log = place.home.json(&["logs", text(&run["id"])]);
    let levels: BTreeSet<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|line| text(&line["level"]))
        .collect();
    assert_eq!(
        levels,
        BTreeSet::from(["info"]),
        "a scratch database is nothing to be warned of: {log}"
    );
    let proven = ["near", "far"].map(|name| place.copy(&backup, name)["verified_level"].clone());
    assert!(proven.contains(&"restore".into()), "{proven:?}");
    place
        .home
        .run(&["backup", "verify", &backup, "--level", "bytes", "--scratch", "shop"])
        .exits(2);
}

#[test]
fn a_damaged_copy_is_found_and_repaired_from_the_good_one() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    let object = place.folder("near").join("shop.db.zst.enc");
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&object, &bytes).unwrap();
    let told = place
        .home
        .run(&["--json", "backup", "verify", &backup, "--level", "bytes"])
        .exits(1)
        .json();
    assert!(text(&told["error"]["object"]).contains("shop.db.zst.enc"), "{told}");
    let next = text(&told["error"]["next"]);
    let repair = format!("`backstay backup repair {}`", &backup[backup.len() - 8..]);
    assert!(next.contains("near") && next.contains(&repair), "{next}");
    assert_eq!(place.copy(&backup, "near")["state"], "corrupt");
    place.home.run(&["status"]).exits(3);
    place.home.run(&["backup", "repair", &backup]).ok();
    assert_eq!(place.copy(&backup, "near")["state"], "present");
    assert_ne!(fs::read(&object).unwrap(), bytes);
    place.home.run(&["status"]).ok();
}

#[test]
fn a_partial_run_is_made_good_by_a_repair() {
    let place = Place::new(&[]);
    place.backed_up();
    let (far, away) = (place.home.beside("far"), place.home.beside("away"));
    fs::rename(&far, &away).unwrap();
    place.home.run(&["run", "nightly"]).exits(3);
    fs::rename(&away, &far).unwrap();
    place.home.run(&["status"]).exits(3);
    place.home.run(&["backup", "repair", "latest:nightly"]).ok();
    place.home.run(&["status"]).ok();

    // What goes bad later is damage, and no word of the directory that was away then.
    let folder = far.join(text(&place.copy("latest:nightly", "far")["path"]));
    fs::write(folder.join("shop.db.zst.enc"), "rot").unwrap();
    let verify = ["backup", "verify", "latest:nightly", "--level", "bytes"];
    place.home.run(&verify).exits(1);
    let status = place.home.run(&["--json", "status"]).exits(3).json();
    assert_eq!(status["jobs"][0]["state"], "good", "{status}");
}

#[test]
fn a_backup_copied_to_where_others_lie_below_is_not_taken_in_and_takes_none_with_it() {
    let place = Place::new(&[]);
    let ids = [(); 3].map(|()| place.backed_up());
    let job = place.home.beside("near").join("nightly");
    let copied = place.folder("near");
    for file in fs::read_dir(&copied).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), job.join(file.file_name())).unwrap();
    }
    let told = place.home.run(&["--json", "backup", "scan", "near"]).exits(3).json();
    assert_eq!(told["new"].as_array().unwrap().len(), 0, "{told}");
    assert_eq!(told["known"], 3);
    let refused = &told["unreadable"][0];
    assert_eq!(refused["folder"], "nightly");
    let name = copied.file_name().unwrap().to_str().unwrap();
    assert!(
        text(&refused["error"]["next"]).contains(&format!("nightly/{name}")),
        "{told}"
    );

    place.home.run(&["backup", "remove", &ids[0], "--yes"]).ok();
    for kept in &ids[1..] {
        place.home.run(&["backup", "verify", kept, "--level", "content"]).ok();
    }
}

#[test]
fn a_backup_dated_ahead_of_the_clock_lets_no_other_go_and_is_told_of() {
    let home = Home::new();
    Connection::open(home.beside("shop.db"))
        .unwrap()
        .execute_batch("CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1)")
        .unwrap();
    fs::create_dir(home.beside("near")).unwrap();
    for (name, driver) in [("shop.db", "sqlite"), ("near", "local")] {
        let path = format!("path={}", home.beside(name).display());
        home.run(&["adapter", "add", name, "--driver", driver, "--set", &path])
            .ok();
    }
    let add = ["job", "add", "nightly", "--source", "shop.db", "--destination", "near"];
    home.run(&[&add[..], &["--keep", "last:1"]].concat()).ok();
    let _engine = home.start_engine();
    let first = home.json(&["run", "nightly"]);
    brought_from_elsewhere(&home.beside("near"), &first, "2931-01-01T03:00:00Z");
    home.run(&["backup", "scan", "near"]).ok();
    let ahead = home.json(&["backup", "list"])[0]["id"].clone();
    // Runs go on: each is kept until the next one is there, and the newest is what it says.
    let runs = [(); 2].map(|()| home.json(&["run", "nightly"])["backup"]["id"].clone());
    let shown = home.run(&["--json", "backup", "show", "latest:nightly"]).ok();
    assert_eq!(shown.json()["id"], runs[1]);
    assert!(text(&shown.json()["note"]).contains("2931"), "{shown:?}");
    let kept = home.json(&["backup", "list"]);
    let kept: Vec<&Value> = kept.as_array().unwrap().iter().map(|backup| &backup["id"]).collect();
    assert_eq!(kept, [&ahead, &runs[1]]);
    let preview = home.run(&["job", "retention", "nightly", "--preview"]).ok().stdout;
    assert!(preview.contains("dated ahead of this machine's clock"), "{preview}");

    let short = &text(&ahead)[text(&ahead).len() - 8..];
    let status = home.run(&["--json", "status"]).exits(3).json();
    assert_eq!(status["jobs"][0]["last_good"]["backup"], runs[1]);
    assert_eq!(status["ahead"][0]["backup"], ahead);
    let told = home.run(&["status"]).exits(3).stdout;
    assert!(told.contains("1 ahead of the clock"), "{told}");
    assert!(told.contains(&format!(
        "of 2931-01-01: check the clock, or `backstay backup remove {short}`"
    )));
    assert!(home.run(&["backup", "list"]).ok().stdout.contains("ahead of the clock"));
    home.run(&["backup", "remove", text(&ahead), "--yes"]).ok();
    home.run(&["status"]).ok();

    // Where there is no other it is still the one to come back from, and kept as such; but it makes no job safe.
    brought_from_elsewhere(
        &home.beside("near"),
        &home.json(&["run", "nightly"]),
        "2932-01-01T03:00:00Z",
    );
    home.run(&["backup", "scan", "near"]).ok();
    home.run(&["backup", "remove", "latest:nightly", "--yes", "--force"])
        .ok();
    let left = home.json(&["backup", "show", "latest:nightly"]);
    assert!(text(&left["taken_at"]).starts_with("2932"), "{left}");
    home.run(&["backup", "remove", "latest:nightly", "--yes"]).exits(6);
    assert_eq!(
        home.run(&["--json", "status"]).exits(1).json()["jobs"][0]["last_good"],
        Value::Null
    );
}

#[test]
fn nothing_is_well_when_the_only_good_copies_are_gone() {
    let place = Place::new(&["--schedule", "0 3 * * *"]);
    let backup = place.backed_up();
    place.home.run(&["job", "rename", "nightly", "daily"]).ok();
    assert_eq!(place.home.json(&["backup", "show", "latest:daily"])["id"], *backup);
    assert_eq!(place.home.json(&["status"])["jobs"][0]["last_good"]["backup"], *backup);
    for destination in ["near", "far"] {
        fs::write(place.folder(destination).join("shop.db.zst.enc"), "rot").unwrap();
    }
    place
        .home
        .run(&["backup", "verify", &backup, "--level", "bytes"])
        .exits(1);
    let told = place.home.run(&["--json", "status"]).exits(1).json();
    assert_eq!(told["jobs"][0]["state"], "failed");
    assert_eq!(told["damaged"][0]["next"], "backstay run daily");
    let doctor = place.home.run(&["--json", "doctor"]).exits(1).stdout;
    assert!(doctor.contains("at near found corrupt"), "{doctor}");
    place.home.run(&["run", "daily"]).ok();
    let told = place.home.run(&["--json", "status"]).exits(3).json();
    let next = text(&told["damaged"][0]["next"]);
    assert!(next.starts_with("backstay backup remove"), "{next}");
    // Who wants data back is led to a backup that has it.
    let good = place.home.json(&["backup", "show", "latest:daily"]);
    let restore = ["restore", &backup, "--to", "shop", "--database", "shop=again"];
    let failed = place.home.run(&restore).exits(1).stderr;
    let step = format!(
        "`backstay restore {} --to ADAPTER`",
        text(&good["id"]).get(28..).unwrap()
    );
    assert!(failed.contains(&step), "{failed}");
    place.home.run(&["backup", "remove", &backup, "--yes"]).ok();
    let restore = ["restore", text(&good["id"]), "--to", "shop", "--database", "shop=again"];
    place.home.run(&restore).ok();
    place.home.run(&["status"]).ok();
}

#[test]
fn a_lock_is_in_every_manifest_and_keeps_the_backup() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    place
        .home
        .run(&["backup", "lock", &backup, "--reason", "audit 2026"])
        .ok();
    for destination in ["near", "far"] {
        let manifest: Value =
            serde_json::from_slice(&fs::read(place.folder(destination).join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["lock"]["reason"], "audit 2026");
    }
    place
        .home
        .run(&["backup", "remove", &backup, "--yes", "--force"])
        .exits(6);
    place.home.run(&["backup", "verify", &backup]).ok();
    let far = place.home.beside("far");
    let away = place.home.beside("away");
    fs::rename(&far, &away).unwrap();
    place.home.run(&["backup", "unlock", &backup]).exits(3);
    fs::rename(&away, &far).unwrap();
    for _ in 0..2 {
        place.home.run(&["backup", "unlock", &backup]).ok();
        let manifest = fs::read_to_string(place.folder("far").join("manifest.json")).unwrap();
        assert!(!manifest.contains("audit 2026"), "{manifest}");
    }
    fs::remove_dir_all(place.folder("far")).unwrap();
    let told = place
        .home
        .run(&["--json", "backup", "lock", &backup, "--reason", "again"])
        .exits(3)
        .json();
    assert_eq!(
        (&told["backup"]["locked"], &told["failed"][0]["destination"]),
        (&true.into(), &"far".into())
    );
    assert!(
        !place.home.beside("far").join("nightly").exists()
            || fs::read_dir(place.home.beside("far").join("nightly"))
                .unwrap()
                .next()
                .is_none()
    );
}

#[test]
fn the_newest_good_backup_goes_only_by_force() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    place.home.run(&["backup", "remove", &backup, "--yes"]).exits(6);
    let unconfirmed = place.home.run(&["backup", "remove", &backup, "--force"]).exits(6);
    assert!(unconfirmed.stderr.contains("--yes"), "{}", unconfirmed.stderr);
    place.home.run(&["backup", "remove", &backup, "--force", "--yes"]).ok();
    assert!(fs::read_dir(place.home.beside("near").join("nightly")).map_or(true, |mut left| left.next().is_none()));
    assert_eq!(place.home.json(&["backup", "list"]), Value::Array(Vec::new()));
    place.home.run(&["backup", "show", "latest:nightly"]).exits(4);
}

#[test]
fn a_restore_shows_its_plan_and_refuses_to_replace_unasked() {
    let place = Place::new(&[]);
    place.backed_up();
    let plan = place
        .home
        .run(&["--json", "restore", "latest:nightly", "--to", "shop", "--plan"])
        .exits(6)
        .json();
    assert_eq!(plan["databases"][0]["replaces"], true);
    place
        .home
        .run(&["restore", "latest:nightly", "--to", "shop", "--replace"])
        .exits(6);
    let shop = place.home.beside("shop.db");
    Connection::open(&shop)
        .unwrap()
        .execute("DELETE FROM orders", [])
        .unwrap();
    let renamed = place.home.json(&[
        "restore",
        "latest:nightly",
        "--to",
        "shop",
        "--database",
        "shop=tuesday",
    ]);
    assert_eq!(renamed["type"], "restore");
    assert_eq!((rows(&place.home.beside("tuesday.db")), rows(&shop)), (5000, 0));
    place
        .home
        .run(&["restore", "latest:nightly", "--to", "shop", "--replace", "--yes"])
        .ok();
    assert_eq!(rows(&shop), 5000);
    place.home.run(&["restore", "latest:nightly", "--to", "near"]).exits(2);
    place
        .home
        .run(&["restore", "latest:nightly", "--to", "shop", "--database", "crm"])
        .exits(4);
}

#[test]
fn downloads_are_whole_and_replace_nothing_unasked() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    let plain = place.home.beside("plain").display().to_string();
    place
        .home
        .run(&["backup", "download", &backup, "--decrypt", &plain])
        .ok();
    assert_eq!(rows(&place.home.beside("plain").join("shop.db")), 5000);
    place
        .home
        .run(&["backup", "download", &backup, "--decrypt", &plain])
        .exits(6);
    let mistyped = place.home.beside("plian");
    let below = mistyped.join("shop").display().to_string();
    let refused = place.home.run(&["backup", "download", &backup, &below]).exits(4);
    assert!(refused.stderr.contains("mkdir -p"), "{}", refused.stderr);
    assert!(!mistyped.exists());
    let stored = place.home.beside("stored");
    place
        .home
        .run(&["backup", "download", &backup, &stored.display().to_string()])
        .ok();
    let original = place.folder("near");
    for name in ["shop.db.zst.enc", "manifest.json"] {
        assert!(fs::metadata(stored.join(name)).unwrap().len() > 0, "{name}");
    }
    assert_eq!(
        fs::read(stored.join("shop.db.zst.enc")).unwrap(),
        fs::read(original.join("shop.db.zst.enc")).unwrap()
    );
}

#[test]
fn cat_succeeds_only_when_every_digest_matched() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    let output = place
        .home
        .command(&["backup", "cat", &backup, "shop"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"SQLite format 3\0"));
    for destination in ["near", "far"] {
        let object = place.folder(destination).join("shop.db.zst.enc");
        let bytes = fs::read(&object).unwrap();
        fs::write(&object, &bytes[..bytes.len() - 1]).unwrap();
    }
    place.home.run(&["backup", "cat", &backup, "shop"]).exits(1);
    place.home.run(&["backup", "cat", &backup, "crm"]).exits(4);
}

#[test]
fn cat_ends_quietly_when_nobody_reads_on() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    let mut command = place.home.command(&["backup", "cat", &backup, "shop"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    // Not 0, which would say that every digest matched.
    assert_eq!(ended.status.code(), Some(141));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_run_that_will_be_tried_again_says_when() {
    let place = Place::new(&[]);
    // Nobody listens on port 1.
    let clients = format!("client_dir={}", bin(majors()[0]).display());
    let set = ["host=127.0.0.1", "port=1", "user=x", &clients].map(|field| ["--set", field]);
    let add = ["adapter", "add", "down", "--driver", "postgres", "--no-test"];
    place.home.run(&[&add[..], set.as_flattened()].concat()).ok();
    let job = ["job", "add", "passing", "--source", "down", "--destination", "near"];
    place.home.run(&[&job[..], &["--retry-delay", "1h"]].concat()).ok();

    let ran = place.home.run(&["run", "passing"]).exits(1);
    assert!(
        ran.stdout.contains("failed") && ran.stdout.contains("tries again at"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("attempt 2 of 3"), "{}", ran.stderr);
    let waiting = place.home.json(&["runs", "list", "--status", "pending"]);
    let listed = place.home.run(&["runs", "list", "--status", "pending"]).ok().stdout;
    assert!(listed.contains("attempt 2") && !listed.contains("STARTED"), "{listed}");
    let jobs = place.home.run(&["job", "list"]).ok().stdout;
    assert!(jobs.contains("retry "), "{jobs}");
    let job = place.home.json(&["job", "show", "passing"]);
    assert_eq!(job["retry_at"], waiting[0]["not_before"]);
    let job = place.home.run(&["job", "show", "passing"]).ok().stdout;
    let last = job.lines().find(|line| line.starts_with("last run")).unwrap();
    assert!(last.ends_with("pending"), "it has not started: {last}");
    let status = place.home.run(&["status"]).exits(1).stdout;
    assert!(status.contains("tries again at"), "{status}");
    place.home.run(&["runs", "cancel", text(&waiting[0]["id"])]).ok();

    let mut told = place.home.run(&["--json", "run", "passing"]).exits(1).json();
    let differs = ["id", "started_at", "ended_at", "not_before", "message"];
    blank(&mut told, &differs);
    insta::assert_json_snapshot!("run_tried_again", told);
}

#[test]
fn a_job_that_never_ran_is_not_well() {
    let place = Place::new(&["--schedule", "0 3 * * *"]);
    let told = place.home.run(&["status"]).exits(3).stdout;
    assert!(
        told.contains("not backed up yet") && !told.contains("All is well"),
        "{told}"
    );
}

#[test]
fn a_lost_catalogue_is_rebuilt_from_manifests() {
    let place = Place::new(&[]);
    let backup = place.backed_up();
    let key = place.home.beside("prod.key");
    let revealed = place.home.json(&["profile", "reveal", "prod", "--yes"]);
    fs::write(&key, text(&revealed["key"])).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let fresh = Home::new();
    let set = format!("path={}", place.home.beside("near").display());
    fresh
        .run(&["adapter", "add", "old", "--driver", "local", "--set", &set])
        .ok();
    fresh
        .run(&["profile", "import", "prod", "--key-file", &key.display().to_string()])
        .ok();
    let found = fresh.json(&["backup", "scan", "old"]);
    assert_eq!(found["new"][0], *backup);
    assert_eq!(fresh.json(&["backup", "scan", "old"])["known"], 1);
    let plain = fresh.beside("plain");
    fresh
        .run(&[
            "backup",
            "download",
            "latest:nightly",
            "--decrypt",
            &plain.display().to_string(),
        ])
        .ok();
    assert_eq!(rows(&plain.join("shop.db")), 5000);
    fs::remove_dir_all(place.folder("near")).unwrap();
    let found = fresh.run(&["--json", "backup", "scan", "old"]).exits(3).json();
    assert_eq!(found["missing"].as_array().unwrap().len(), 1);
}

#[test]
fn orphans_are_what_old_unfinished_runs_left() {
    let place = Place::new(&[]);
    place.backed_up();
    let old = place
        .home
        .beside("near")
        .join("nightly")
        .join("2020-01-01T00-00-00Z-0123abcd");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("shop.db.zst.enc"), "half").unwrap();
    fs::create_dir(place.home.beside("near").join("photos")).unwrap();
    let add = ["job", "add", "plain", "--source", "shop", "--destination", "far"];
    place.home.run(&add).ok();
    let made = place.home.json(&["run", "plain"]);
    let aged = brought_from_elsewhere(&place.home.beside("far"), &made, "2020-01-01T00:00:00Z");
    place.home.run(&["backup", "scan", "far"]).ok();
    fs::remove_file(aged.join("manifest.json")).unwrap();
    place.home.run(&["backup", "orphans", "far", "--remove", "--yes"]).ok();
    assert!(aged.join("shop.db.zst").exists());
    fs::write(place.home.beside("near").join("photos").join("a.jpg"), "mine").unwrap();
    let found = place.home.json(&["backup", "orphans", "near"]);
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    place.home.run(&["backup", "orphans", "near", "--remove"]).exits(6);
    place.home.run(&["backup", "orphans", "near", "--remove", "--yes"]).ok();
    assert!(!old.exists());
    assert!(place.home.beside("near").join("photos").join("a.jpg").exists());
    assert_eq!(
        fs::read_dir(place.home.beside("near").join("nightly")).unwrap().count(),
        1
    );
}

#[test]
fn the_demo_works_and_leaves_nothing() {
    let home = Home::new();
    let scratch = home.beside("tmp");
    fs::create_dir(&scratch).unwrap();
    let mut command = home.command(&["--json", "demo", "--headless"]);
    command.env("TMPDIR", &scratch);
    let told = support::home::run(command, b"").ok().json();
    assert_eq!(told["round"]["comparison"]["strange_rows"], 0);
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
    assert!(!home.path().exists(), "the demo has a home of its own");
}
