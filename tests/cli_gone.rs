//! A destination that is gone for good: what is said of it, what is still done without it, and the way back. The real binary,
//! and an engine in this process for what only it does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "support/lib.rs"]
mod support;

use std::fs;

use backstay::domain::Kind;
use backstay::domain::execution::{Progress, Request, Status};
use backstay::ops::adapters;
use backstay::store::executions::{self, Footprint, Verdict};
use serde_json::Value;
use support::engine::Plant;
use support::home::Ran;
use support::shape;
use support::shop::Shop;
use support::terminal::Setting;

/// A shop whose job `nightly` goes to both destinations and whose job `archive` goes to `nas` alone.
struct Site(Shop);

impl Site {
    fn new() -> Self {
        let site = Self(Shop::new());
        // What a look finds in between would differ from run to run.
        site.line("setting set health_interval_seconds 0").ok();
        site.line("job add nightly --source shop --destination files --destination nas")
            .ok();
        site.line("job add archive --source shop --destination nas").ok();
        site
    }

    fn line(&self, line: &str) -> Ran {
        self.0.line(line)
    }

    fn json(&self, line: &str) -> Value {
        self.0.home.json(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn backed_up(&self, job: &str) -> String {
        let run = self.json(&format!("run {job}"));
        run["backup"]["id"].as_str().unwrap().to_owned()
    }

    /// The disk of `nas` is pulled, or plugged in again.
    fn swap(&self, from: &str, to: &str) {
        fs::rename(self.0.home.beside(from), self.0.home.beside(to)).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.line("daemon stop");
    }
}

#[test]
fn a_destination_that_is_gone_for_good_is_forgotten_and_found_again_by_a_scan() {
    let site = Site::new();
    let nightly = site.backed_up("nightly");
    let archived = site.backed_up("archive");
    site.swap("nas", "gone");
    let used = site.line("adapter remove nas --forget-copies --yes").exits(6);
    assert!(
        used.stderr.contains("jobs archive, nightly") && used.stderr.contains("job edit"),
        "{}",
        used.stderr
    );
    for job in ["nightly", "archive"] {
        site.line(&format!("job edit {job} --destination files")).ok();
    }
    let held = site.line("adapter remove nas --yes").exits(6);
    assert!(held.stderr.contains("--forget-copies"), "{}", held.stderr);

    let unconfirmed = site.line("adapter remove nas --forget-copies").exits(6);
    for told in [
        "2 copies of 2 backups there will no longer be counted on.",
        "1 backup has no good copy anywhere else.",
        "The job archive loses its last good backup.",
        "give --yes",
    ] {
        assert!(unconfirmed.stderr.contains(told), "{told}: {}", unconfirmed.stderr);
    }
    assert_eq!(site.json("backup show latest:archive")["id"], *archived);

    let done = site.json("adapter remove nas --forget-copies --yes");
    let place = site.0.home.beside("");
    let place = place.to_string_lossy();
    insta::assert_json_snapshot!("adapter_forget", shape::of(done, place.trim_end_matches('/').as_ref()));
    let row = &site.json("audit list --action adapter.remove")[0];
    assert_eq!(
        (&row["entity_name"], &row["diff"]["forgotten"]["copies"]),
        (&"nas".into(), &2.into())
    );
    assert_eq!(row["diff"]["forgotten"]["backups"], 2, "{row}");
    assert!(
        fs::exists(site.0.home.beside("gone/archive")).unwrap(),
        "nothing is deleted there"
    );

    // Nobody counts on it any more, and nobody complains of it.
    for line in ["status", "doctor", "adapter list", "backup list", "--json status"] {
        let told = site.line(line);
        let told = told.stdout + &told.stderr;
        assert!(!told.contains("nas"), "{line}: {told}");
    }
    let kept = site.json("backup list");
    let kept: Vec<&Value> = kept.as_array().unwrap().iter().map(|backup| &backup["id"]).collect();
    assert_eq!(kept, [&Value::from(nightly.as_str())]);
    let forgotten = site.line("backup list --deleted --job archive").ok().stdout;
    assert!(forgotten.contains(" none") && !forgotten.contains("nas"), "{forgotten}");
    site.line("backup show latest:archive").exits(4);
    let shown = site.line(&format!("backup show {archived}")).ok().stdout;
    assert!(shown.contains("none: their destinations were removed"), "{shown}");
    site.line(&format!("backup remove {archived} --yes")).exits(4);
    let standing = site.line("--json status").json();
    let standing = standing["jobs"].as_array().unwrap();
    let of = |job: &str| standing.iter().find(|status| status["job"] == *job).unwrap();
    assert_eq!(
        (&of("archive")["state"], &of("nightly")["state"]),
        (&"failed".into(), &"good".into())
    );

    // The way back.
    site.swap("gone", "nas");
    site.0
        .run(&[
            "adapter",
            "add",
            "nas",
            "--driver",
            "local",
            "--set",
            &site.0.set_path("nas"),
        ])
        .ok();
    let found = site.json("backup scan nas");
    assert_eq!(found["new"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(site.json("backup show latest:archive")["id"], *archived);
    site.line("backup verify latest:archive --level bytes").ok();
    assert_eq!(site.json("audit verify")["broken"], Value::Null);
}

#[test]
fn who_sits_at_a_terminal_types_the_name_of_what_is_forgotten() {
    let shop = Shop::new();
    let ask = || Setting::console(&shop.home, &["adapter", "remove", "nas", "--forget-copies"]).open();
    let terminal = ask();
    terminal.wait_for_text("Type the name nas to go ahead:");
    terminal.send("y\r");
    terminal.wait_for_text("nothing was done; type nas");
    shop.line("adapter show nas").ok();
    let terminal = ask();
    terminal.wait_for_text("Type the name nas to go ahead:");
    terminal.send("nas\r");
    terminal.wait_for_text("Removed adapter nas");
    shop.line("adapter show nas").exits(4);
}

#[test]
fn deleting_a_backup_says_which_copy_stays_and_what_becomes_of_it() {
    let site = Site::new();
    let older = site.backed_up("nightly");
    site.backed_up("nightly");
    site.swap("nas", "away");
    let line = format!("backup remove {older} --yes");
    let ran = site.line(&line).exits(3);
    assert!(ran.stdout.contains("deleted at 1 of 2 destinations"), "{}", ran.stdout);
    let short = &older[older.len() - 8..];
    for told in [
        "Still at nas: ",
        &format!("`backstay backup remove {short}`"),
        "`backstay adapter remove nas --forget-copies`",
    ] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
    let shown = site.json(&format!("backup show {older}"));
    let state = |destination: &str| {
        let copies = shown["copies"].as_array().unwrap();
        copies.iter().find(|copy| copy["destination"] == *destination).unwrap()["state"].clone()
    };
    assert_eq!((state("files"), state("nas")), ("deleted".into(), "present".into()));
    // Once it answers, what was said is what helps.
    site.swap("away", "nas");
    site.line(&line).ok();
    site.line(&line).exits(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_written_to_stays_and_what_a_run_left_there_is_looked_for_no_more() {
    let mut plant = Plant::new();
    let nas = plant.local("nas");
    let session = plant.session();
    let (id, now) = (plant.ask(None, Request::Backup), plant.instance.clock.now());
    let footprint = Footprint {
        destinations: vec![nas],
        ..Footprint::default()
    };
    let store = &plant.instance.store;
    assert!(store.write(|db| executions::claim(db, id, now)).unwrap());
    store
        .write(|db| executions::set_footprint(db, id, Some("old/2026"), &footprint, now))
        .unwrap();
    for refused in [
        adapters::remove(&session, "nas").unwrap_err(),
        adapters::forget(&session, "nas").unwrap_err(),
    ] {
        assert_eq!(refused.kind, Kind::Busy, "{refused}");
    }
    let verdict = Verdict {
        status: Status::Failed,
        error: None,
        size: None,
        progress: Progress::default(),
    };
    store.write(|db| executions::finish(db, id, &verdict, now)).unwrap();
    adapters::forget(&session, "nas").unwrap();
    plant.start();
    let settled = || {
        let left = plant.instance.store.read(|db| executions::footprint(db, id)).unwrap();
        (left == Footprint::default()).then_some(())
    };
    plant.when("what it left is settled", settled).await;
    plant.stop().await;
}
