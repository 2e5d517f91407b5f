//! What could not be done: what happened to what, and below it the next step.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::console::command::{Command, Scope};
use crate::console::pane::PaneId;
use crate::console::theme::Role;
use crate::console::ui::{Ui, fit, take_bottom, wrapped};
use crate::domain::Error;

/// In lines of at most `width` cells.
pub fn lines(ui: &Ui<'_>, error: &Error, width: usize) -> Vec<Line<'static>> {
    lines_as(ui, Role::Bad, error, width)
}

/// The same of what is less than a failure.
pub fn lines_as(ui: &Ui<'_>, role: Role, error: &Error, width: usize) -> Vec<Line<'static>> {
    let object = if error.object.is_empty() {
        String::new()
    } else {
        format!("{}: ", error.object)
    };
    let sign = if role == Role::Warn {
        ui.glyphs.warn
    } else {
        ui.glyphs.bad
    };
    let what = signed(
        ui,
        role,
        sign,
        &in_the_console(ui, &format!("{object}{}", error.message)),
        width,
    );
    let next = signed(ui, Role::Text, ui.glyphs.arrow, &in_the_console(ui, &error.next), width);
    what.into_iter().chain(next).collect()
}

/// Command lines for which there is a key: how they begin, where the key is, and its command; without one the pane says it all.
const KEYS: &[(&str, Scope, Option<Command>)] = &[
    ("run", Scope::Jobs, Some(Command::Run)),
    ("logs", Scope::Runs, Some(Command::Log)),
    ("runs cancel", Scope::Runs, Some(Command::Cancel)),
    ("runs retry", Scope::Runs, Some(Command::RunAgain)),
    ("runs", Scope::Runs, None),
    ("job add", Scope::Jobs, Some(Command::Add)),
    ("job apply", Scope::Jobs, Some(Command::Apply)),
    ("job edit", Scope::Jobs, Some(Command::Edit)),
    ("job resume", Scope::Jobs, Some(Command::Pause)),
    ("job revisions", Scope::Jobs, Some(Command::Revisions)),
    ("job list", Scope::Jobs, None),
    ("job show", Scope::Jobs, None),
    ("backup repair", Scope::Backups, Some(Command::Repair)),
    ("backup verify", Scope::Backups, Some(Command::Verify)),
    ("backup unlock", Scope::Backups, Some(Command::Lock)),
    ("backup remove", Scope::Backups, Some(Command::Delete)),
    ("restore", Scope::Backups, Some(Command::Restore)),
    ("backup cat", Scope::Backups, Some(Command::Download)),
    ("backup orphans", Scope::Backups, Some(Command::Orphans)),
    ("backup scan", Scope::Backups, Some(Command::Scan)),
    ("backup list", Scope::Backups, None),
    ("backup show", Scope::Backups, None),
    ("adapter add", Scope::Adapters, Some(Command::Add)),
    ("adapter edit", Scope::Adapters, Some(Command::Edit)),
    ("adapter test", Scope::Adapters, Some(Command::Test)),
    ("adapter remove", Scope::Adapters, Some(Command::Delete)),
    ("adapter databases", Scope::Adapters, Some(Command::Browse)),
    ("adapter drivers", Scope::Adapters, Some(Command::Add)),
    ("adapter list", Scope::Adapters, None),
    ("profile create", Scope::System, Some(Command::Add)),
    ("profile import", Scope::System, Some(Command::ImportKey)),
    ("profile rename", Scope::System, Some(Command::Rename)),
    ("profile rotate", Scope::System, Some(Command::Rotate)),
    ("profile list", Scope::System, None),
    ("setting list", Scope::System, None),
    ("recovery-kit", Scope::System, Some(Command::RecoveryKit)),
    ("daemon start", Scope::System, Some(Command::StartEngine)),
    ("daemon install", Scope::System, Some(Command::InstallEngine)),
    ("daemon stop", Scope::System, Some(Command::StopEngine)),
    ("daemon status", Scope::System, None),
    ("doctor", Scope::System, Some(Command::Doctor)),
];

/// A text without the command lines for which there is a key. They stand between backticks, or are all there is.
pub fn in_the_console(ui: &Ui<'_>, text: &str) -> String {
    with_lines(text, |line, marked| match (key_of(ui, line), marked) {
        (Some(key), _) => key,
        (None, true) => format!("`{}`", at_home(ui.program, line)),
        (None, false) => at_home(ui.program, line),
    })
}

/// A text with command lines that are about this installation wherever they are typed: they begin with `program`.
pub fn addressed(program: &str, text: &str) -> String {
    with_lines(text, |line, marked| {
        let line = at_home(program, line);
        if marked { format!("`{line}`") } else { line }
    })
}

/// A text with something else for each of its command lines, which are told whether they stand between backticks.
fn with_lines(text: &str, change: impl Fn(&str, bool) -> String) -> String {
    if text.starts_with("backstay ") {
        return change(text, false);
    }
    // What stands between backticks is every second part.
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => change(part, true),
    });
    parts.collect()
}

fn at_home(program: &str, line: &str) -> String {
    match line.strip_prefix("backstay ") {
        Some(rest) => format!("{program} {rest}"),
        None => line.to_owned(),
    }
}

/// `F in 4 Backups`, for a command line that a key stands for.
fn key_of(ui: &Ui<'_>, line: &str) -> Option<String> {
    let line = line.strip_prefix("backstay ")?;
    let is_it = |name: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let (_, scope, command) = KEYS.iter().find(|(name, ..)| is_it(name))?;
    let (show, pane) = match scope {
        Scope::Jobs => (Command::ShowJobs, PaneId::Jobs),
        Scope::Runs => (Command::ShowRuns, PaneId::Runs),
        Scope::Backups => (Command::ShowBackups, PaneId::Backups),
        Scope::Adapters => (Command::ShowAdapters, PaneId::Adapters),
        _ => (Command::ShowSystem, PaneId::System),
    };
    let place = format!("{} {}", ui.key(&[], show), pane.title());
    let Some(command) = command else { return Some(place) };
    let key = format!("{} in {place}", ui.key(&[*scope, Scope::List], *command));
    Some(match command {
        // It is called by its name.
        Command::Doctor => format!("the doctor ({key})"),
        _ => key,
    })
}

/// An error that was kept as text: what happened and, behind the dot, what to do.
pub fn kept_as(text: &str) -> Error {
    let (what, next) = text.split_once(" · ").unwrap_or((text, ""));
    Error::failed(what).next(next)
}

/// Says at the bottom of `area` what could not be done, above what is there already, and takes those lines away.
pub fn below(ui: &Ui<'_>, frame: &mut Frame<'_>, area: &mut Rect, error: &Error) {
    let lines = lines(ui, error, usize::from(area.width.saturating_sub(2)));
    let height = u16::try_from(lines.len()).unwrap_or(area.height);
    let place = take_bottom(area, height).inner(Margin::new(1, 0));
    frame.render_widget(Paragraph::new(lines), place);
}

/// What happened and, as lines already, what to do, in at most `height` lines of `width` cells: where they are too many, what
/// happened is cut, so that the next step stays.
pub fn kept(
    ui: &Ui<'_>,
    (role, what): (Role, &str),
    next: Vec<Line<'static>>,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let mut what = wrapped(what, width);
    let room = height.saturating_sub(next.len()).max(1);
    if what.len() > room {
        what.truncate(room);
        if let Some(last) = what.last_mut() {
            *last = fit(last, width.saturating_sub(1), "") + ui.glyphs.ellipsis;
        }
    }
    let what = what.into_iter().map(|line| ui.line(role, line));
    what.chain(next).take(height).collect()
}

/// A text with a sign before its first line and as much space before the others. Nothing for no text.
pub fn signed(ui: &Ui<'_>, role: Role, sign: &str, text: &str, width: usize) -> Vec<Line<'static>> {
    if text.is_empty() {
        return Vec::new();
    }
    let indent = unicode_width::UnicodeWidthStr::width(sign) + 1;
    let parts = wrapped(text, width.saturating_sub(indent)).into_iter().enumerate();
    parts
        .map(|(at, part)| {
            let head = if at == 0 {
                format!("{sign} ")
            } else {
                " ".repeat(indent)
            };
            ui.line(role, head + &part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    #[test]
    fn what_a_key_does_is_not_told_as_a_command_line() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
        let told = |text| in_the_console(&ui, text);
        assert_eq!(
            told("read another copy; `backstay backup repair` makes this one anew"),
            "read another copy; F in 4 Backups makes this one anew"
        );
        assert_eq!(
            told("mend it first: `backstay backup repair 0123abcd`"),
            "mend it first: F in 4 Backups"
        );
        assert_eq!(
            told("`backstay doctor` tells why"),
            "the doctor (d in 7 System) tells why"
        );
        assert_eq!(told("backstay run nightly"), "r in 2 Jobs");
        assert_eq!(told("backstay export all"), "backstay export all");
        assert_eq!(told("`backstay runs list` shows them"), "3 Runs shows them");
        assert_eq!(told("`backstay --version`"), "`backstay --version`");
    }

    /// Everything below the two front ends tells of command lines, and both show it.
    #[test]
    fn every_command_line_that_is_told_of_has_a_key() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
        let is_of_the_terminal = |line: &str| {
            let own = ["demo", "--version", "man"];
            line.split(' ').nth(1).is_none_or(|name| own.contains(&name))
        };
        let mut ahead = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let (mut seen, mut without) = (0, Vec::new());
        while let Some(path) = ahead.pop() {
            if path.is_dir() {
                ahead.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let is_of_the_terminal_only = ["cli.rs", "main.rs"].iter().any(|name| path.ends_with(name))
                || path
                    .components()
                    .any(|part| ["cli", "console"].iter().any(|name| part.as_os_str() == *name));
            if is_of_the_terminal_only || path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("mod tests {").next().unwrap_or(&text);
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in lines
                .flat_map(|line| line.split('`'))
                .filter(|part| part.starts_with("backstay "))
            {
                seen += 1;
                if !is_of_the_terminal(line) && key_of(&ui, line).is_none() {
                    without.push(format!("{}: {line}", path.display()));
                }
            }
        }
        assert!(
            seen > 50,
            "only {seen} were found: they are looked for in the wrong way"
        );
        assert!(without.is_empty(), "no key stands for\n{}", without.join("\n"));
    }

    #[test]
    fn an_error_that_was_kept_as_text_is_told_apart_from_its_next_step() {
        let kept = kept_as("it is gone · mount it · or not");
        assert_eq!(
            (kept.message.as_str(), kept.next.as_str()),
            ("it is gone", "mount it · or not")
        );
        assert_eq!(kept_as("it is gone").next, "");
    }
}
