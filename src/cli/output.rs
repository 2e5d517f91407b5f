//! How answers are shown: tables and sentences for people, one JSON document for programs. Nothing from outside reaches the
//! terminal with its control characters alive.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::json;

pub use self::table::{Column, column};
use super::terminal;
use crate::domain::error::Context;
use crate::domain::{Error, Result};

pub mod table;

/// The exit code of a command whose data nobody reads to the end: what a shell makes of SIGPIPE.
pub const READER_GONE: u8 = 141;

/// Values of facts are not squeezed below this.
const NARROWEST_VALUE: usize = 16;

/// Where answers go, and in which form. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Output {
    json: bool,
    /// Set when nobody reads stdout any more.
    closed: Arc<AtomicBool>,
}

impl Output {
    /// For people, or with `json` for programs.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            closed: Arc::default(),
        }
    }

    /// Whether JSON was asked for.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether nobody reads stdout any more: what writes without end should stop then.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The answer as one JSON document on stdout.
    pub fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(unwritable)?;
        self.raw(format!("{text}\n").as_bytes())
    }

    /// One object of a stream: one line of JSON on stdout.
    pub fn json_line(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(unwritable)?;
        self.raw(format!("{text}\n").as_bytes())
    }

    /// A table on stdout that fits the terminal; as wide as needed when there is none. Without a row, the sentence `none`.
    pub fn table<const N: usize>(
        &self,
        columns: [Column; N],
        rows: impl IntoIterator<Item = [String; N]>,
        none: &str,
    ) -> Result<()> {
        let rows: Vec<[String; N]> = rows
            .into_iter()
            .map(|row| row.map(|cell| cleaned(&cell, false)))
            .collect();
        if rows.is_empty() {
            return self.say(none);
        }
        let mut text = table::lines(columns, rows, terminal::width()).join("\n");
        text.push('\n');
        self.raw(text.as_bytes())
    }

    /// Facts about one thing: a label and its value a line. Empty values are left out.
    pub fn facts(&self, facts: &[(&str, String)]) -> Result<()> {
        let width = facts
            .iter()
            .map(|(label, _)| label.chars().count())
            .max()
            .unwrap_or_default();
        let room = terminal::width().map_or(usize::MAX, |all| all.saturating_sub(width + 2).max(NARROWEST_VALUE));
        let mut text = String::new();
        for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
            let value = cleaned(value, true);
            let lines: Vec<String> = value.lines().flat_map(|line| table::wrapped(line, room)).collect();
            let _ = writeln!(text, "{label:width$}  {}", lines.join(&format!("\n{:width$}  ", "")));
        }
        self.raw(text.as_bytes())
    }

    /// A sentence for people: on stdout, or with `--json` on stderr.
    pub fn say(&self, text: &str) -> Result<()> {
        if self.json {
            self.note(text);
            return Ok(());
        }
        self.raw(format!("{}\n", flowing(&cleaned(text, true), terminal::width())).as_bytes())
    }

    /// A remark that is not part of the answer: always on stderr.
    pub fn note(&self, text: &str) {
        // A remark nobody can receive is not worth failing for.
        let width = terminal::width_of(io::stderr());
        let _ = writeln!(io::stderr(), "{}", flowing(&cleaned(text, true), width));
    }

    /// Bytes as they are, on stdout. A reader that went away is no error.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        if self.is_closed() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            written => written.doing("cannot write", "standard output"),
        }
    }

    /// Tells of an error and gives its exit code: `error: object: message` and `next: …` on stderr, or with `--json`
    /// `{"error": {"message", "object", "next"}}` on stdout.
    pub fn error(&self, error: &Error) -> u8 {
        let code = error.kind.exit_code();
        if self.json {
            let told = json!({ "message": error.message, "object": error.object, "next": error.next });
            // When stdout does not work either, the exit code is all that is left.
            let _ = self.json(&json!({ "error": told }));
            return code;
        }
        let object = if error.object.is_empty() {
            String::new()
        } else {
            format!("{}: ", error.object)
        };
        self.note(&format!("error: {object}{}", error.message));
        if !error.next.is_empty() {
            self.note(&format!("next: {}", error.next));
        }
        code
    }
}

/// The text broken between words where it is wider than the terminal. Lines that are set in stay as they are.
fn flowing(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let lines = text.split('\n').flat_map(|line| {
        if line.starts_with(' ') || table::width(line) <= width {
            vec![line.to_owned()]
        } else {
            table::wrapped(line, width)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text with every character escaped that could steer a terminal or turn around what is read.
fn cleaned(text: &str, keep_line_ends: bool) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut clean, c| {
        if steers(c) && !(keep_line_ends && c == '\n') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
        clean
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err takes")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::failed(format!("cannot write JSON: {error}")).next("leave --json out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(cleaned("a\u{1b}[2Jb\nc", false), "a\\u{1b}[2Jb\\nc");
        assert_eq!(cleaned("a\nb\u{202e}c", true), "a\nb\\u{202e}c");
        assert_eq!(cleaned("Zürich 日本", true), "Zürich 日本");
    }
}
