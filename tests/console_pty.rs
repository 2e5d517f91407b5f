//! The console in a real terminal, over a real home: what becomes of the terminal, of the process, and of the engine, whatever
//! happens to any of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "console_pty/engine.rs"]
mod engine;
#[path = "console_pty/flows.rs"]
mod flows;
#[path = "console_pty/house.rs"]
mod house;
#[path = "console_pty/panics.rs"]
mod panics;
#[path = "support/lib.rs"]
mod support;

use house::{House, LIMIT, held, is_the_shells, open_gate, shows};
use rustix::process::{Signal, kill_process};
use support::home::Home;
use support::process::wait_for;
use support::shop::Shop;
use support::terminal::{Setting, text_of};

#[test]
fn it_opens_with_an_engine_and_asks_the_terminal_nothing() {
    let house = House::new();
    let terminal = house.console(&[]).open();
    let screen = terminal.wait_for_text("engine up");
    assert!(screen.starts_with(" backstay"), "{screen}");
    terminal.send("m");
    terminal.wait_for("the mouse is ours", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
    });
    let seen = terminal.seen();
    assert!(seen.screen().alternate_screen() && seen.screen().bracketed_paste());
    let written = String::from_utf8_lossy(&seen.bytes).into_owned();
    for question in ["\x1b[6n", "\x1b[c", "\x1b[?1003h", "\x1b[?1002h"] {
        assert!(!written.contains(question), "{question:?}");
    }
}

#[test]
fn leaving_gives_the_shell_back_as_it_was_and_the_engine_stays() {
    let house = House::new();
    let (terminal, modes) = house.console_in_shell("");
    terminal.wait_for_text("engine up");
    assert!(terminal.seen().screen().alternate_screen());
    assert_ne!(terminal.modes(), modes);
    terminal.send("m");
    terminal.wait_for("the mouse is ours", |screen| {
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    });
    terminal.send("q");
    let screen = terminal.wait_for("the shell's screen", |screen| {
        is_the_shells(screen) && shows("code=0")(screen)
    });
    assert!(screen.contains("\nbefore\n"), "{screen}");
    assert_eq!(terminal.modes(), modes);
    house.0.run(&["daemon", "status"]).ok();
}

#[test]
fn no_engine_is_started_where_none_is_wanted() {
    let house = House::new();
    for arguments in [["--no-engine"], ["--read-only"]] {
        let mut terminal = house.console(&arguments).open();
        terminal.wait_for_text("no engine");
        terminal.send("q");
        assert_eq!(terminal.exit_code(), 0);
        house.0.run(&["daemon", "status"]).exits(1);
    }
}

#[test]
fn an_engine_inside_the_console_ends_with_it() {
    let house = House::new();
    let mut terminal = house.console(&["--inline"]).open();
    terminal.wait_for_text("engine up");
    // It would stand still with the console.
    terminal.send("\x1a");
    terminal.wait_for_text("the engine runs inside this console");
    terminal.send("q");
    assert_eq!(terminal.exit_code(), 0);
    house.0.run(&["daemon", "status"]).exits(1);
}

#[test]
fn ctrl_z_goes_back_to_the_shell_and_fg_returns() {
    let house = House::new();
    let (terminal, modes) = house.console_in_shell("--no-engine");
    for _ in 0..2 {
        terminal.send("\x1a");
        let screen = terminal.wait_for("the shell", |screen| is_the_shells(screen) && shows("Stopped")(screen));
        assert!(screen.contains("before"), "{screen}");
        assert_eq!(terminal.modes(), modes);
        terminal.send("fg\r");
        terminal.wait_for("the console", |screen| {
            screen.alternate_screen() && shows("1 Overview")(screen) && shows("no engine")(screen)
        });
        // It listens, too.
        terminal.send("?");
        terminal.wait_for_text("Move down by one.");
        terminal.send("q");
        terminal.wait_for("help is gone", |screen| !shows("Move down by one.")(screen));
    }
    terminal.send("q");
    terminal.wait_for("the shell's screen", is_the_shells);
    terminal.send("echo d'on'e\r");
    terminal.wait_for_text("done");
}

#[test]
fn a_stop_by_somebody_else_is_repaired_when_it_goes_on() {
    let house = House::new();
    let (terminal, _) = house.console_in_shell("--no-engine");
    kill_process(terminal.foreground(), Signal::STOP).unwrap();
    terminal.wait_for_text("Stopped");
    // This shell leaves the modes as they are, and return is no end of a line then.
    terminal.send("fg\n");
    terminal.wait_for("the console", |screen| {
        screen.alternate_screen() && shows("1 Overview")(screen) && !shows("Stopped")(screen)
    });
    terminal.send("?");
    terminal.wait_for_text("Move down by one.");
}

#[test]
fn sigterm_leaves_the_terminal_as_it_was() {
    let house = House::new();
    let (terminal, modes) = house.console_in_shell("--no-engine");
    kill_process(terminal.foreground(), Signal::TERM).unwrap();
    let screen = terminal.wait_for("the shell's screen", |screen| {
        is_the_shells(screen) && shows("code=143")(screen)
    });
    assert!(screen.contains("before"), "{screen}");
    assert_eq!(terminal.modes(), modes);
}

#[test]
fn a_terminal_that_is_gone_ends_the_console_and_no_run() {
    let (house, [gate, _]) = held(|gates| format!("read x < '{}'", gates[0].display()));
    let mut terminal = house.console(&[]).open();
    terminal.wait_for_text("engine up");
    house.0.run(&["run", "nightly", "--detach"]).ok();
    terminal.wait_for_text("nightly  backup");
    terminal.hang_up();
    assert_eq!(terminal.exit_code(), 129);
    assert_eq!(house.status(), "running");
    open_gate(&gate);
    wait_for("the run's verdict", LIMIT, || house.status() != "running");
    assert_eq!(house.status(), "success");
}

#[test]
fn what_others_change_is_shown_in_every_console() {
    let house = House::over(Shop::with_job().home);
    let consoles = [
        house.console(&["--no-engine"]).open(),
        house.console(&["--no-engine"]).open(),
    ];
    for console in &consoles {
        console.wait_for_text("nightly");
    }
    house.0.run(&["job", "clone", "nightly", "hourly"]).ok();
    for console in &consoles {
        console.wait_for_text("hourly");
    }
}

#[test]
fn what_is_done_in_one_console_is_shown_in_the_other_and_back() {
    let house = House::over(Shop::with_job().home);
    let [here, there] = [(); 2].map(|()| house.console(&["--no-engine"]).open());
    for terminal in [&here, &there] {
        terminal.send("2");
        terminal.wait_for_text("▌ nightly");
    }
    here.send("p");
    here.wait_for_text("until");
    here.send("\r");
    for terminal in [&here, &there] {
        terminal.wait_for_text("○ paused");
    }
    there.send("p");
    for terminal in [&here, &there] {
        terminal.wait_for("no pause", |screen| !shows("○ paused")(screen));
    }
}

#[test]
fn sizes_that_change_while_it_draws_leave_a_whole_screen() {
    let house = House::over(Shop::with_job().home);
    let terminal = house.console(&["--no-engine"]).open();
    terminal.wait_for_text("nightly");
    for step in 0..150_u16 {
        terminal.resize(60 + step * 7 % 90, 15 + step * 5 % 40);
        terminal.send(if step % 2 == 0 { "?" } else { "\x1b[A\x1b" });
    }
    terminal.send("\x1b");
    terminal.resize(100, 30);
    terminal.send("\x0c");
    let other = house.console(&["--no-engine"]).size(100, 30).open();
    let wanted = other.wait_for("the whole screen", |screen| {
        shows("nightly")(screen) && shows("help")(screen)
    });
    let below_the_clock = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    terminal.wait_for("the same screen as in a terminal that was never resized", |screen| {
        below_the_clock(&text_of(screen)) == below_the_clock(&wanted)
    });
}

#[test]
fn a_paste_of_a_file_freezes_nothing_and_is_refused() {
    let house = House::new();
    let terminal = house.console(&["--no-engine"]).open();
    terminal.wait_for_text("no engine");
    terminal.send(":");
    terminal.wait_for_text("Go to the jobs.");
    terminal.send("\x1b[200~");
    let piece = "rm -rf / # a line of a large file\n".repeat(32_000);
    for part in 0..10_u16 {
        terminal.send(&piece);
        // It still draws.
        terminal.resize(110 + part % 2, 35);
        terminal.wait_for("a screen of the new size", |screen| {
            text_of(screen)
                .lines()
                .next()
                .is_some_and(|line| line.chars().count() == usize::from(110 + part % 2) - 1)
        });
    }
    terminal.send("\x1b[201~audit");
    let screen = terminal.wait_for("what is typed after it", |screen| !shows("Go to the jobs.")(screen));
    assert!(screen.contains("Go to the audit log."), "{screen}");
    assert!(!screen.contains("rm -rf"), "{screen}");
}

#[test]
fn without_colours_there_are_attributes_instead() {
    let house = House::over(Shop::with_job().home);
    let terminal = house.console(&["--no-engine"]).env("NO_COLOR", "1").open();
    terminal.wait_for_text("nightly");
    let seen = terminal.seen();
    let cells: Vec<&vt100::Cell> = (0..40)
        .flat_map(|row| (0..120).map(move |column| (row, column)))
        .filter_map(|(row, column)| seen.screen().cell(row, column))
        .collect();
    let plain = |cell: &&vt100::Cell| (cell.fgcolor(), cell.bgcolor()) == Default::default();
    assert!(cells.iter().all(plain));
    assert!(cells.iter().any(|cell| cell.bold()));
    assert!(cells.iter().any(|cell| cell.inverse()));
}

#[test]
fn a_terminal_that_does_not_speak_utf_8_is_drawn_in_ascii() {
    let house = House::over(Shop::with_job().home);
    let terminal = house.console(&["--no-engine"]).env("LANG", "C").open();
    let screen = terminal.wait_for_text("nightly");
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn the_first_start_says_where_the_key_is() {
    let home = Home::new();
    let terminal = Setting::console(&home, &["--no-engine"]).open();
    let screen = terminal.wait_for_text("First start");
    assert!(screen.contains("master.key"), "{screen}");
    assert!(screen.contains("K in 7 System writes it to a file"), "{screen}");
    terminal.send("\r");
    terminal.wait_for("the way to a first backup", |screen| {
        !shows("First start")(screen) && shows("Nothing is backed up yet")(screen)
    });
}

#[test]
fn what_is_no_terminal_is_told_what_to_do_instead() {
    let home = Home::new();
    let ran = home.run::<&str>(&[]).exits(2);
    assert!(
        ran.stderr.contains("needs a terminal") && ran.stderr.contains("backstay status"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.is_empty());
    let ran = home.run(&["--read-only", "status"]).exits(2);
    assert!(ran.stderr.contains("for the console"), "{}", ran.stderr);
}

#[test]
fn a_mistyped_home_is_not_made_to_look_at() {
    let home = Home::new();
    let mut terminal = Setting::console(&home, &["--read-only"]).open();
    terminal.wait_for_text("there is no installation here");
    assert_eq!(terminal.exit_code(), 4);
    assert!(!home.path().exists());
}
