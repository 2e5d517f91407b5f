//! demo.tape, replayed against the real program in a real terminal: every key it types, every screen it waits for. Only the
//! pauses for the eye are left out.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use regex::Regex;
use support::home::Home;
use support::terminal::{Setting, Terminal, text_of};

/// Where the tape keeps its home.
const KEPT: &str = "/tmp/backstay-demo";

#[test]
fn the_story_of_the_tape_can_be_told() {
    let home = Home::new();
    let kept = home.beside("kept");
    let tape = include_str!("../demo.tape").replace(KEPT, kept.to_str().unwrap());
    let terminal = Setting::shell(&home).open();
    terminal.wait_for_text("$");
    let mut waits = 0;
    let mut skip_enter = false;
    for line in tape.lines().map(str::trim) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            // The program is built by whoever runs the tests.
            "Type" if rest.contains("cargo build") => skip_enter = true,
            "Type" => terminal.send(rest.trim_matches('"')),
            "Enter" if skip_enter => skip_enter = false,
            "Enter" => terminal.send("\r"),
            "Escape" => press_escape(&terminal),
            _ if word.starts_with("Wait+Screen") => {
                waits += 1;
                let wanted = Regex::new(rest.trim_matches('/')).unwrap();
                terminal.wait_for(line, |screen| wanted.is_match(&text_of(screen)));
            }
            "Sleep" | "Set" | "Output" | "Require" | "Hide" | "Show" | "#" | "" => {}
            _ => panic!("the tape has a command that this test does not know: {line}"),
        }
    }
    assert!(waits > 10, "the tape waits for what it shows");
    // The last thing it does is to take away what it made.
    support::process::wait_for("the demo's home to go", std::time::Duration::from_mins(1), || {
        !kept.exists()
    });
}

/// An escape that is followed by a letter at once would be another key.
fn press_escape(terminal: &Terminal) {
    let before = terminal.text();
    terminal.send("\x1b");
    terminal.wait_for("what Esc does", |screen| text_of(screen) != before);
}
