//! What could not be done: what happened to what, and below it the next step.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, fit, take_bottom, wrapped};
use crate::domain::Error;

/// In lines of at most `width` cells.
pub fn lines(ui: &Ui<'_>, error: &Error, width: usize) -> Vec<Line<'static>> {
    let object = if error.object.is_empty() {
        String::new()
    } else {
        format!("{}: ", error.object)
    };
    let what = signed(
        ui,
        Role::Bad,
        ui.glyphs.bad,
        &format!("{object}{}", error.message),
        width,
    );
    let next = signed(ui, Role::Text, ui.glyphs.arrow, &in_the_console(ui, &error.next), width);
    what.into_iter().chain(next).collect()
}

/// A next step without the command lines that a key does here.
pub fn in_the_console(ui: &Ui<'_>, next: &str) -> String {
    let backups = ui.key(&[], Command::ShowBackups);
    let key = |command| {
        format!(
            "{} in {backups} Backups",
            ui.key(&[Scope::Backups, Scope::List], command)
        )
    };
    let known = [
        ("backstay backup repair", Command::Repair),
        ("backstay backup verify", Command::Verify),
    ];
    // What stands between backticks is every second part.
    let parts = next.split('`').enumerate().map(|(at, part)| {
        let found = known.iter().find(|(line, _)| at % 2 == 1 && part.starts_with(line));
        match found {
            Some((_, command)) => key(*command),
            None if at % 2 == 1 => format!("`{part}`"),
            None => part.replace(" with --from DESTINATION", ""),
        }
    });
    parts.collect()
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
            told("read another copy with --from DESTINATION; `backstay backup repair` makes this one anew"),
            "read another copy; F in 4 Backups makes this one anew"
        );
        assert_eq!(
            told("mend it first: `backstay backup repair 0123abcd`"),
            "mend it first: F in 4 Backups"
        );
        assert_eq!(told("`backstay doctor` tells why"), "`backstay doctor` tells why");
    }
}
