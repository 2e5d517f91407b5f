//! Every scene of the console, drawn once in each way: panes full, empty, waiting and unreadable; pages; forms, questions and
//! whatever else lies on top. What a scene looks like is one snapshot, and no terminal is too small or too restless for it.

#[path = "gallery/layers.rs"]
mod layers;
#[path = "gallery/panes.rs"]
mod panes;

use std::iter;

use backstay::console::command::Command;
use backstay::console::message::Message;
use backstay::console::theme::{ASCII, MONO, UNICODE};
use ratatui::buffer::Cell;
use ratatui::style::Color;
use regex::{Captures, Regex};

use crate::backups;
use crate::desk::{Desk, styles_of, text_of};

/// Its name, what it is of, and the keys that lead to it.
type Scene = (&'static str, fn() -> Desk, &'static str);

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 15)];

/// A console in which nothing was done yet.
fn empty() -> Desk {
    Desk::new().open()
}

/// A console over backups of two jobs, in which not all is well.
fn history() -> Desk {
    Desk::over(backups::history()).open()
}

/// The desk of a scene at 80×24, after its keys.
fn set(scene: &Scene) -> Desk {
    let (_, make, keys) = scene;
    let mut desk = make();
    desk.draw(80, 24);
    for key in keys.split_whitespace() {
        // As the runtime does: what a key does may depend on what is on the screen.
        desk.keys(key).draw(80, 24);
    }
    desk
}

/// Draws the scenes in every way, and only then says what is wrong with any of them.
fn draw(scenes: &[Scene]) {
    let mut wrong = Vec::new();
    for scene in scenes {
        let name = scene.0;
        let mut desk = set(scene);
        let mut pictures = String::new();
        let mut picture = |title: &str, desk: &Desk, text: &str| {
            pictures.push_str(&format!("== {title} ==\n{}\n", fixed(desk, text)));
        };
        for (columns, rows) in SIZES {
            let screen = desk.screen(columns, rows);
            picture(&format!("{columns}×{rows}"), &desk, &screen);
        }
        desk.model.start.glyphs = &ASCII;
        let screen = desk.screen(80, 24);
        picture("80×24, ascii", &desk, &screen);
        let strange = screen.lines().filter(|line| !line.is_ascii());
        wrong.extend(strange.map(|line| format!("{name}: not ASCII: {line}")));
        desk.model.start.glyphs = &UNICODE;
        let mono = desk.model.start.themes.iter().position(|theme| theme.name == MONO);
        desk.model.theme = mono.unwrap();
        let (buffer, _) = desk.draw(80, 24);
        desk.model.theme = 0;
        picture("80×24, mono, with styles", &desk, &styles_of(&buffer));
        if let Some(cell) = buffer.content().iter().find(|cell| is_coloured(cell)) {
            wrong.push(format!("{name}: a colour in mono: {cell:?}"));
        }
        shake(&mut desk);
        wrong.extend(idle(scene));
        insta::assert_snapshot!(name, pictures);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the footer of a scene offers although it does nothing there: nothing is asked of the world, and the screen stays as it is
/// but for a word about that.
fn idle((name, make, keys): &Scene) -> Vec<String> {
    let without_a_word = |desk: &mut Desk| {
        desk.model.toast = None;
        desk.screen(80, 24)
    };
    let mut before = set(&(name, *make, keys));
    let picture = without_a_word(&mut before);
    let scopes = before.model.scopes();
    let offered = before.model.hints().into_iter().filter(|command| {
        // There may be no other error or line like that, and what is wrong stays wrong.
        let may_fail = matches!(command, Command::NextError | Command::Search | Command::Accept);
        let is_refused = before.model.start.read_only && command.entry().changes;
        !may_fail && !is_refused
    });
    let does_nothing = |command: &Command| {
        let mut desk = set(&(name, *make, keys));
        let key = before.model.start.keymap.shown(&scopes, *command).unwrap();
        let effects = desk.effects_of(Message::Key(key));
        effects.is_empty() && without_a_word(&mut desk) == picture
    };
    let idle = offered.filter(does_nothing);
    idle.map(|command| format!("{name}: '{}' is offered and does nothing", command.name()))
        .collect()
}

fn is_coloured(cell: &Cell) -> bool {
    cell.fg != Color::Reset || cell.bg != Color::Reset
}

/// Every size there may be, in order and then in disorder, as when a window is dragged.
fn shake(desk: &mut Desk) {
    desk.draw(1, 1);
    desk.draw(30, 5);
    for columns in (60..=130).step_by(14) {
        for rows in (15..=50).step_by(7) {
            desk.draw(columns, rows);
        }
    }
    let storm = iter::successors(Some(7_u32), |last| Some((last * 75 + 74) % 65_537));
    for number in storm.take(40) {
        let columns = u16::try_from(number % 199).unwrap() + 1;
        let rows = u16::try_from(number / 199 % 60).unwrap() + 1;
        desk.effects_of(Message::Resize(columns, rows));
        desk.draw(columns, rows);
    }
}

/// The text, with what is another at every run made the same in as many cells.
fn fixed(desk: &Desk, text: &str) -> String {
    let directory = desk.plant.directory.path().to_string_lossy().into_owned();
    let text = text.replace(&directory, "[dir]");
    let ids = Regex::new(r"\b[0-9a-f]{8}[0-9a-f-]*").unwrap();
    // The host by exactly what stands between it and its label, since adapters have one too.
    let machine = Regex::new(r"((?:machine {3,}|host {14})\}?)\S+").unwrap();
    let text = machine.replace_all(&text, "$1[machine]");
    let process = Regex::new(r"(process id {3,}\}?)\d+").unwrap();
    let text = process.replace_all(&text, "$1[pid]");
    let disk = Regex::new(r"((?:size|disk) {14}\}?|write-ahead log {3}\}?)[0-9.]+ [KMGT]iB").unwrap();
    let text = disk.replace_all(&text, "$1[size]");
    let same = |found: &Captures<'_>| {
        let digits = "0123456789abcdef".chars().cycle();
        found[0]
            .chars()
            .zip(digits)
            .map(|(there, digit)| if there == '-' { '-' } else { digit })
            .collect::<String>()
    };
    ids.replace_all(&text, same).into_owned()
}

#[test]
fn overview_and_jobs() {
    draw(panes::OVERVIEW);
    draw(panes::JOBS);
}

#[test]
fn runs_and_their_logs() {
    draw(panes::RUNS);
    draw(panes::LOG);
}

#[test]
fn copies_of_two_jobs() {
    draw(panes::BACKUPS);
}

#[test]
fn adapters_audit_and_system() {
    draw(panes::ADAPTERS);
    draw(panes::AUDIT);
    draw(panes::SYSTEM);
}

#[test]
fn forms() {
    draw(layers::FORMS);
}

#[test]
fn the_restore_wizard() {
    draw(layers::RESTORE);
}

#[test]
fn what_is_done_to_backups() {
    draw(layers::ACTS);
}

#[test]
fn what_lies_on_top_of_every_pane() {
    draw(layers::EVERYWHERE);
}

#[test]
fn a_terminal_that_is_too_small() {
    let mut desk = Desk::new().open();
    let mut text = text_of(&desk.draw(59, 3).0);
    desk.model.start.glyphs = &ASCII;
    let ascii = desk.screen(59, 3);
    assert!(ascii.is_ascii(), "{ascii}");
    text.push_str(&ascii);
    insta::assert_snapshot!("too_small", text);
}
