//! The engine as the command line starts it, stops it and hears of it.

use std::time::Duration;

use crate::support::process::wait_for;
use crate::{Place, text};

#[test]
fn stopping_the_engine_says_what_it_waits_for() {
    let Place { home, engine } = Place::new(&["--before", "sleep 60"]);
    home.run(&["setting", "set", "grace_period_seconds", "0"]).ok();
    let asked = home.json(&["run", "nightly", "--detach"]);
    wait_for("the run runs", Duration::from_secs(10), || {
        home.json(&["runs", "show", text(&asked["id"])])["status"] == "running"
    });
    let stopped = home.run(&["daemon", "stop"]).ok();
    assert!(stopped.stderr.contains("backup nightly"), "{}", stopped.stderr);
    let told = home.run(&["audit", "list"]).ok().stdout;
    assert!(told.contains("engine.stop"), "{told}");
    drop(engine);
}

#[test]
fn status_is_well_only_while_an_engine_follows_the_schedule() {
    let Place { home, engine } = Place::new(&["--schedule", "0 3 * * *"]);
    home.run(&["run", "nightly"]).ok();
    let shown = home.run(&["status"]).ok();
    assert!(
        shown.stdout.lines().count() <= 24 && shown.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        shown.stdout
    );
    assert!(engine.stop());
    home.run(&["status"]).exits(1);
    home.run(&["daemon", "status"]).exits(1);
}

#[test]
fn whoever_waits_hears_that_the_engine_died() {
    let Place { home, engine } = Place::new(&["--before", "sleep 60"]);
    let asked = home.json(&["run", "nightly", "--detach"]);
    wait_for("the run runs", Duration::from_secs(10), || {
        home.json(&["runs", "show", text(&asked["id"])])["status"] == "running"
    });
    engine.kill();
    let waited = home.run(&["--json", "logs", "nightly", "-f"]).exits(1);
    assert!(waited.stdout.contains("no engine is left"), "{}", waited.stdout);
    home.run(&["status"]).exits(1);
}

#[test]
fn a_run_starts_the_engine_it_needs_and_stop_ends_it() {
    let Place { home, engine } = Place::new(&[]);
    assert!(engine.stop());
    home.run(&["run", "nightly"]).ok();
    let status = home.json(&["daemon", "status"]);
    assert_eq!(status["running"], true);
    home.run(&["daemon", "start"]).exits(5);
    home.run(&["daemon", "stop"]).ok();
    home.run(&["daemon", "stop"]).exits(4);
    home.run(&["daemon", "status"]).exits(1);
}

#[test]
fn the_unit_can_be_looked_at_before_it_is_installed() {
    let place = Place::new(&[]);
    let printed = place.home.run(&["daemon", "install", "--user", "--print"]).ok().stdout;
    // The shop's own directory holds the destinations as well.
    let writable = format!(
        "ReadWritePaths=-{}\n",
        place.home.beside("").display().to_string().trim_end_matches('/')
    );
    assert!(
        printed.contains("ProtectSystem=strict") && printed.contains(&writable),
        "{printed}"
    );
}
