//! The engine under an open console: it dies, is started again and is stopped by keys, and every console sees it.

use std::os::unix::fs::PermissionsExt;

use rustix::process::{Signal, kill_process};

use crate::house::{House, LIMIT, shows, shows_all};
use crate::support::process::{lives, wait_for};
use crate::support::shop::Shop;

#[test]
fn an_engine_that_dies_and_one_that_starts_are_shown() {
    let house = House::new();
    let terminal = house.console(&[]).open();
    for _ in 0..2 {
        terminal.wait_for_text("engine up");
        kill_process(house.engine_pid(), Signal::KILL).unwrap();
        terminal.wait_for_text("no engine");
        house.0.run(&["daemon", "start"]).ok();
    }
    terminal.wait_for_text("engine up");
}

#[test]
fn an_engine_that_was_killed_is_started_by_a_key_and_works() {
    let house = House::over(Shop::with_job().home);
    let terminal = house.console(&[]).open();
    let other = house.console(&["--no-engine"]).open();
    terminal.wait_for_text("engine up");
    other.wait_for_text("engine up");
    let first = house.engine_pid();
    kill_process(first, Signal::KILL).unwrap();
    terminal.send("7");
    terminal.wait_for("the end of the engine", shows_all(["✖ no engine", "does not run"]));
    other.wait_for_text("no engine");
    terminal.send("S");
    terminal.wait_for("another engine", |screen| {
        shows("engine up")(screen) && !shows("does not run")(screen)
    });
    other.wait_for_text("engine up");
    assert_ne!(house.engine_pid(), first);
    terminal.send("2");
    terminal.wait_for_text("▌ nightly");
    terminal.send("r");
    terminal.wait_for("the end of a run", shows_all(["● success", "proven by bytes"]));
}

#[test]
fn a_new_engine_starts_in_the_moment_the_last_one_was_killed() {
    let house = House::new();
    house.0.run(&["daemon", "start"]).ok();
    for _ in 0..20 {
        let last = house.engine_pid();
        kill_process(last, Signal::KILL).unwrap();
        house.0.run(&["daemon", "start"]).ok();
        assert_ne!(house.engine_pid(), last);
    }
}

#[test]
fn an_engine_is_stopped_by_keys_after_a_question() {
    let house = House::new();
    let terminal = house.console(&[]).open();
    terminal.wait_for_text("engine up");
    let engine = u32::try_from(house.engine_pid().as_raw_pid()).unwrap();
    terminal.send("7");
    terminal.wait_for_text("About");
    terminal.send("X");
    terminal.wait_for_text("Stop the engine?");
    terminal.send("y");
    terminal.wait_for("the end of the engine", shows_all(["✖ no engine", "does not run"]));
    wait_for("the end of its process", LIMIT, || !lives(engine));
}

#[test]
fn the_engine_becomes_a_service_whose_unit_was_read_first() {
    let house = House::new();
    // systemd, as far as this home is concerned: it writes down what it is told.
    let (tools, told) = (house.0.beside("tools"), house.0.beside("told"));
    std::fs::create_dir(&tools).unwrap();
    let systemctl = tools.join("systemctl");
    std::fs::write(&systemctl, format!("#!/bin/sh\necho \"$*\" >>'{}'\n", told.display())).unwrap();
    std::fs::set_permissions(&systemctl, PermissionsExt::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let terminal = house
        .console(&["--no-engine"])
        .env("PATH", &format!("{}:{path}", tools.display()))
        .open();
    terminal.wait_for_text("no engine");
    terminal.send("7I");
    terminal.wait_for_text("Whose service");
    terminal.send("1");
    terminal.wait_for("the unit", shows_all(["[Unit]", "writes it and tells systemd"]));
    let unit = house.0.beside(".config/systemd/user/backstay.service");
    assert!(!unit.exists());
    terminal.send("\r");
    terminal.wait_for(
        "what is left to do",
        shows_all(["Wrote", "systemctl --user restart backstay"]),
    );
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(
        text.contains("ProtectSystem=strict") && text.contains(house.0.path().to_str().unwrap()),
        "{text}"
    );
    let printed = house.0.run(&["daemon", "install", "--user", "--print"]).ok().stdout;
    assert_eq!(text, printed);
    let told = std::fs::read_to_string(&told).unwrap();
    assert_eq!(told, "--user daemon-reload\n--user enable backstay.service\n");
    terminal.send("\r6");
    terminal.wait_for_text("engine.install");
}
