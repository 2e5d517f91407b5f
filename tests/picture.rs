//! The picture in the README is a real screen of the real console, drawn here from the terminal's cells, so that it cannot grow
//! stale: what differs from run to run (times, sizes, ids) is looked past, anything else fails until it is drawn again with
//! `BACKSTAY_DRAW=1 cargo test --test picture`.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use std::path::Path;

use support::home::Home;
use support::svg;
use support::terminal::{Setting, text_of};

/// Runs of each job before the picture is taken.
const RUNS: usize = 7;

#[test]
fn the_picture_shows_a_real_screen() {
    let home = Home::new();
    let engine = home.start_engine();
    furnish(&home);
    let terminal = Setting::console(&home, &["--no-engine"]).size(120, 32).open();
    terminal.wait_for_text("Twelve weeks");
    terminal.send("2");
    terminal.wait_for_text("last 7");
    // The footer is what is drawn last.
    let screen = terminal.wait_for("the jobs with the first one's history", |screen| {
        let text = text_of(screen);
        text.contains("crm.db") && text.contains("restorable") && text.contains("1/4 jobs")
    });
    assert!(screen.contains("paused"), "{screen}");

    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screen.svg");
    let svg = svg::draw(terminal.seen().screen());
    let lasting = |svg: &str| -> Vec<String> {
        let place = home.beside("").to_string_lossy().into_owned();
        let lines = svg::text_of(&svg.replace(&place, "/srv/"));
        let mut lines: Vec<String> = lines.iter().map(|line| svg::lasting(line)).collect();
        // The machine's name stands in the header.
        if let Some(header) = lines.first_mut() {
            *header = header
                .split(' ')
                .enumerate()
                .filter(|(at, _)| *at != 1)
                .map(|(_, word)| word)
                .collect();
        }
        lines
    };
    if std::env::var_os("BACKSTAY_DRAW").is_some() {
        std::fs::write(&picture, svg.replace(home.beside("").to_str().unwrap(), "/srv/")).unwrap();
    }
    assert_eq!(lasting(&std::fs::read_to_string(&picture).unwrap()), lasting(&svg));
    drop(engine);
}

/// Four databases, each with a job; one of them fails, one is paused.
fn furnish(home: &Home) {
    let run = |arguments: &[&str]| home.run(arguments).ok();
    run(&["profile", "create", "prod-2026"]);
    for place in ["nas", "vault"] {
        std::fs::create_dir(home.beside(place)).unwrap();
        let path = format!("path={}", home.beside(place).display());
        run(&["adapter", "add", place, "--driver", "local", "--set", &path]);
    }
    for (job, database, schedule, keep) in [
        ("crm-nightly", "crm", "0 3 * * *", "smart:7,4,12,2"),
        ("legacy-erp", "erp", "30 2 * * *", "last:14"),
        ("sessions", "sessions", "*/15 * * * *", "last:96"),
        ("shop-nightly", "shop", "0 2 * * *", "smart:7,4,12,2"),
    ] {
        let path = home.beside(&format!("{database}.db"));
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(&format!(
                "CREATE TABLE items (id INTEGER, name TEXT); INSERT INTO items {rows} SELECT i, hex(i * 7919) FROM n;"
            ))
            .unwrap();
        let set = format!("path={}", path.display());
        run(&["adapter", "add", database, "--driver", "sqlite", "--set", &set]);
        run(&[
            "job",
            "add",
            job,
            "--source",
            database,
            "--destination",
            "nas",
            "--destination",
            "vault",
            "--profile",
            "prod-2026",
            "--schedule",
            schedule,
            "--timezone",
            "Europe/Zurich",
            "--keep",
            keep,
        ]);
    }
    for _ in 0..RUNS {
        for job in ["crm-nightly", "sessions", "shop-nightly"] {
            run(&["run", job]);
        }
    }
    std::fs::remove_file(home.beside("erp.db")).unwrap();
    home.run(&["run", "legacy-erp"]).exits(1);
    run(&["job", "pause", "sessions", "--for", "2h"]);
}
