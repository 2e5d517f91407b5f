//! Writes down which functions a console runs, so that the linker puts them side by side in a release: `assets/console.ld`,
//! which `src/build.rs` hands to it.
//!
//! `rm assets/console.ld && cargo bench --bench layout`, with valgrind installed, which knows no names in a section that is laid
//! out so: some minutes. To be run again when `cargo bench --bench console` tells
//! of more memory, for instance after much new code. Names in the list hold no hash, so that another compiler or other versions of
//! dependencies leave most of it true; a name that is gone does no harm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool that cannot do its work stops, and its report goes to the terminal"
)]

#[path = "../support/lists.rs"]
#[allow(dead_code, reason = "the queries in it are for the benchmark of scale")]
mod lists;
#[path = "console/past.rs"]
#[allow(dead_code, reason = "the clock in it is for the benchmark of the console")]
mod past;
#[path = "../support/lib.rs"]
mod support;
#[path = "console/usage.rs"]
#[allow(dead_code, reason = "memory is for the benchmark of the console")]
mod usage;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use regex::Regex;
use support::home::{BINARY, Home};
use support::shop::Shop;
use support::terminal::{Setting, Terminal};
use usage::Usage;

const LAYOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/console.ld");

/// It does nothing any more when it used no processor for so long.
const QUIET: Duration = Duration::from_millis(500);

/// What somebody does in a home with a long history: every pane, what can be opened there, the forms, the palette, the help.
const LONG_HISTORY: &[&str] = &[
    "j", "k", "G", "g", "\x1b[6~", "2", "j", "j", "/", "4", "\r", "\x1b", "e", "\x1b", "a", "\x1b", "\r", "\x1b", "3",
    "j", "G", "g", "s", "\r", "l", "\x1b", "\x1b", "4", "j", "\r", "\x1b", "5", "j", "\r", "\x1b", "a", "\x1b", "6",
    "j", "\r", "\x1b", "7", "j", "j", ":", "job 1", "\x1b", "?", "\x1b[6~", "\x1b", "T", "\x1b", "2", "p", "\r", "p",
    "H", "\x1b", "1",
];

/// And where an engine works: a run with its log, a backup and the way back to its data.
const FIRST_DAY: &[&str] = &[
    "2", "r", "l", "\x1b", "3", "\r", "\x1b", "4", "v", "\r", "\x1b", "u", "\r", "\r", "\r", "\r", "\x1b", "\x1b", "5",
    "t", "7", "1",
];

fn main() {
    // `cargo test --all-targets` runs this file too, and without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return println!("run this by `cargo bench --bench layout`");
    }
    let mut functions = BTreeSet::new();
    let old = past::home(200_000, 500);
    let place = old.path();
    let arguments = ["--home", place.to_str().unwrap(), "--no-engine"];
    record(&old, &arguments, LONG_HISTORY, &mut functions);
    let shop = Shop::with_job();
    let engine = shop.home.start_engine();
    record(&shop.home, &[], FIRST_DAY, &mut functions);
    assert!(engine.stop(), "the engine stops");
    assert!(
        functions.len() > 1_000,
        "valgrind knew the names of {} functions only: remove {LAYOUT} first",
        functions.len()
    );
    fs::write(LAYOUT, script(&functions)).unwrap();
    println!("{} functions are in {LAYOUT}; build the release again", functions.len());
}

/// The linker's script: these functions, also what the compiler thinks unlikely of them, before all others.
fn script(functions: &BTreeSet<String>) -> String {
    let mut text =
        "/* Written by `cargo bench --bench layout`, which see. */\nSECTIONS {\n  .text.console : {\n".to_owned();
    for name in functions {
        writeln!(text, "    *(.text.{name} .text.unlikely.{name})").unwrap();
    }
    text + "  }\n}\nINSERT BEFORE .text;\n"
}

/// Types the keys at a console, each when it is done with the one before, and adds what it ran.
fn record(home: &Home, arguments: &[&str], keys: &[&str], functions: &mut BTreeSet<String>) {
    let out = home.beside("callgrind.out");
    let log = home.beside("valgrind.log");
    let mut terminal = Setting::console(home, arguments)
        .under(&[
            "valgrind".to_owned(),
            "--tool=callgrind".to_owned(),
            "--demangle=no".to_owned(),
            format!("--log-file={}", log.display()),
            format!("--callgrind-out-file={}", out.display()),
        ])
        .open();
    terminal.wait_for_text("? help");
    for key in keys {
        settle(&terminal);
        terminal.send(key);
    }
    settle(&terminal);
    terminal.send("q");
    assert_eq!(terminal.exit_code(), 0, "{}", fs::read_to_string(&log).unwrap());
    let before = functions.len();
    functions.extend(own(&fs::read_to_string(&out).unwrap()));
    println!("{} functions more by {} keys", functions.len() - before, keys.len());
}

/// Waits until it has nothing to do.
fn settle(terminal: &Terminal) {
    loop {
        let before = Usage::of(terminal.pid());
        sleep(QUIET);
        if Usage::of(terminal.pid()).since(&before).ticks == 0 {
            return;
        }
    }
}

/// The functions of the program itself in what callgrind wrote, as patterns of the linker's: `ob=` begins those of an object file,
/// `fn=` one of them, either with its name where a number comes for the first time.
fn own(recorded: &str) -> Vec<String> {
    // Hashes of functions and of crates, and numbers that the optimiser gave.
    let hash = Regex::new(r"17h[0-9a-f]{16}E.*$|\.(llvm\.)?\d+$").unwrap();
    let of_crate = Regex::new(r"Cs[0-9A-Za-z]+_").unwrap();
    let symbol = Regex::new(r"^[A-Za-z_.$][A-Za-z0-9_.$]*$").unwrap();
    let object = Regex::new(r"^c?ob=\((\d+)\) (.+)$").unwrap();
    let name = Regex::new(r"^c?fn=\((\d+)\) (.+)$").unwrap();
    let current = Regex::new(r"^(ob|fn)=\((\d+)\)").unwrap();
    let (mut objects, mut names) = (HashMap::new(), HashMap::new());
    let mut is_own = false;
    let mut found = Vec::new();
    for line in recorded.lines() {
        if let Some(object) = object.captures(line) {
            objects.insert(object[1].to_owned(), Path::new(&object[2]) == Path::new(BINARY));
        }
        if let Some(name) = name.captures(line) {
            // One that calls itself has its depth behind it.
            let plain = name[2].split('\'').next().unwrap_or_default();
            names.insert(name[1].to_owned(), plain.to_owned());
        }
        match current.captures(line) {
            Some(begins) if &begins[1] == "ob" => is_own = objects[&begins[2]],
            // What has no name in the program has its address here.
            Some(begins) if is_own && symbol.is_match(&names[&begins[2]]) => {
                let without = hash.replace(&names[&begins[2]], "*");
                found.push(of_crate.replace_all(&without, "Cs*_").into_owned());
            }
            _ => {}
        }
    }
    found
}
