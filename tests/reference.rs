//! The references in `assets/reference` are what the program says of itself. Each is drawn here, and a file that differs
//! fails until it is drawn again with `BACKSTAY_DRAW=1 cargo test --test reference`.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

use std::fmt::Write as _;
use std::path::Path;

use backstay::cli::reference::markdown;

/// Snapshots of answers that are not called after the command that gives them.
const COMMANDS: [(&str, &str); 8] = [
    ("a_finished_run_has_the_shape_scripts_rely_on", "run JOB"),
    ("run_tried_again", "run JOB, which failed and will be tried again"),
    ("plan", "restore BACKUP --to ADAPTER --plan"),
    ("backup", "backup show BACKUP"),
    ("adapter_tables", "adapter databases SOURCE --database DATABASE"),
    ("adapter_forget", "adapter remove NAME --forget-copies"),
    ("error", "any command that fails"),
    ("profile_rotate", "profile rotate NAME, its jobs"),
];

#[test]
fn the_command_reference_is_what_the_commands_say() {
    is_drawn("cli.md", &markdown::commands());
}

#[test]
fn the_driver_reference_is_what_the_drivers_say() {
    is_drawn("adapters.md", &markdown::drivers());
}

#[test]
fn the_key_reference_is_what_the_keys_do() {
    is_drawn("console.md", &backstay::console::reference::markdown());
}

#[test]
fn the_shapes_of_answers_are_those_that_tests_hold() {
    is_drawn("json.md", &shapes());
}

/// Fails unless the file says `text`; told to draw, writes it first.
fn is_drawn(name: &str, text: &str) {
    let file = repository().join("assets/reference").join(name);
    if std::env::var_os("BACKSTAY_DRAW").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = kept.lines().zip(text.lines()).find(|(kept, drawn)| kept != drawn);
    assert!(
        kept == text,
        "{name} differs, first at {differing:?}; `BACKSTAY_DRAW=1 cargo test --test reference` draws it"
    );
}

/// The answers of `--json` as snapshots of other tests hold them.
fn shapes() -> String {
    let mut text = "# Answers of `--json`\n\n\
        Drawn from the answers that tests hold by `BACKSTAY_DRAW=1 cargo test --test reference`; do not edit. What differs from\n\
        run to run is in brackets. Times are RFC 3339, sizes bytes, ages seconds, and what ends in `_ms` milliseconds.\n"
        .to_owned();
    let mut shapes: Vec<(String, String)> = std::fs::read_dir(repository().join("tests/snapshots"))
        .unwrap()
        .filter_map(|entry| shape(&entry.unwrap().path()))
        .collect();
    shapes.sort();
    for (command, json) in shapes {
        write!(text, "\n## {command}\n\n```json\n{json}\n```\n").unwrap();
    }
    text
}

/// The command and its answer, of a snapshot of the command line.
fn shape(snapshot: &Path) -> Option<(String, String)> {
    let name = snapshot.file_stem()?.to_str()?;
    let (_, name) = name.strip_prefix("cli_")?.split_once("__")?;
    let text = std::fs::read_to_string(snapshot).unwrap();
    let (_, json) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    let command = COMMANDS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(|| name.replace('_', " "), |(_, command)| (*command).to_owned());
    Some((command, json.trim_end().to_owned()))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
