//! A field of one line that is typed into.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use tui_textarea::{CursorMove, TextArea};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::console::key::Key;
use crate::console::theme::Role;
use crate::console::ui::Ui;

/// Longest text that is taken, in bytes: nothing that is typed into one line is longer, and a paste of a file is a mistake.
const LONGEST: usize = 8 * 1024;

/// Keys that edit a line as in a shell, and what they do: for help and the key reference. They cannot be bound anew.
pub const EDITING: [(&str, &str); 5] = [
    ("ctrl-u", "Empty the line up to the cursor, which begins at its end."),
    ("ctrl-w", "Delete the word before the cursor."),
    ("ctrl-k", "Delete what is behind the cursor."),
    ("ctrl-a", "Go to the beginning of the line."),
    ("ctrl-e", "Go to the end of the line, where nothing else is on the key."),
];

/// A field of one line.
#[derive(Clone, Default)]
pub struct Field {
    area: TextArea<'static>,
    secret: bool,
    /// The text is ours and nobody has touched it: what is typed first takes its place.
    proposed: bool,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = if self.secret { "***" } else { self.text() };
        f.debug_struct("Field").field("text", &text).finish_non_exhaustive()
    }
}

impl Field {
    /// A field that holds `text`, with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.move_cursor(CursorMove::End);
        Self {
            area,
            secret: false,
            proposed: false,
        }
    }

    /// A field with a text to be taken as it is or replaced: the first letter or paste replaces it, a key that moves or deletes
    /// in it keeps it to be edited.
    pub fn proposal(text: &str) -> Self {
        Self {
            proposed: !text.is_empty(),
            ..Self::new(text)
        }
    }

    /// The same for what nobody should read over a shoulder.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self.area.set_mask_char('*');
        self
    }

    /// Whether nobody should read it over a shoulder.
    pub const fn is_secret(&self) -> bool {
        self.secret
    }

    /// What it holds.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Holds another text.
    pub fn set(&mut self, text: &str) {
        let secret = self.secret;
        *self = Self::new(text);
        if secret {
            *self = std::mem::take(self).secret();
        }
    }

    fn empty(&mut self) {
        self.area.move_cursor(CursorMove::End);
        self.area.delete_line_by_head();
    }

    /// Edits. `true` when the text is another.
    pub fn key(&mut self, key: Key) -> bool {
        // What would make a second line, or look for one.
        let leaves_line = matches!(key.code, KeyCode::Enter | KeyCode::Tab | KeyCode::Up | KeyCode::Down)
            || key == Key::ctrl('m')
            || key == Key::ctrl('j');
        if leaves_line {
            return false;
        }
        if key.text().is_some() && !self.proposed && self.text().len() >= LONGEST {
            return false;
        }
        if std::mem::take(&mut self.proposed) && (key.text().is_some() || is_deletion(key)) {
            self.empty();
            if is_deletion(key) {
                return true;
            }
        }
        let before = self.text().len();
        // As in every shell.
        if key == Key::ctrl('u') {
            return self.area.delete_line_by_head();
        }
        self.area.input(KeyEvent::new(key.code, key.modifiers)) || before != self.text().len()
    }

    /// Takes pasted text: line ends become spaces, control characters go. `false` when it is too long to be meant.
    pub fn paste(&mut self, text: &str) -> bool {
        let kept = if self.proposed { 0 } else { self.text().len() };
        if text.len() + kept > LONGEST {
            return false;
        }
        if std::mem::take(&mut self.proposed) {
            self.empty();
        }
        self.area.insert_str(one_line(text.trim_end_matches(['\r', '\n'])))
    }

    /// Draws it into one line of `area`. With the focus it has the terminal's cursor.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let width = usize::from(area.width);
        let column = self.area.cursor().1;
        let letters: Vec<char> = if self.secret {
            self.text().chars().map(|_| '*').collect()
        } else {
            self.text().chars().collect()
        };
        // So much before the cursor as leaves a cell for it; a letter may take two.
        let mut room = width - 1;
        let fits = |letter: &&char, room: &mut usize| {
            let rest = room.checked_sub(letter.width().unwrap_or(0));
            *room = rest.unwrap_or(*room);
            rest.is_some()
        };
        let before = letters
            .iter()
            .take(column)
            .rev()
            .take_while(|letter| fits(letter, &mut room))
            .count();
        let from = if focused { column.saturating_sub(before) } else { 0 };
        let mut room = width;
        let mut shown: String = letters
            .iter()
            .skip(from)
            .take_while(|letter| fits(letter, &mut room))
            .collect();
        // Whatever goes on to one side says so there, but not under the cursor.
        let end = from + shown.chars().count();
        if end < letters.len() && (!focused || column + 1 < end) {
            shown = ui.fit(&format!("{shown} "), width.min(UnicodeWidthStr::width(shown.as_str())));
        }
        if from > 0 && column > from {
            let cut = shown.chars().next().and_then(UnicodeWidthChar::width).unwrap_or(1);
            let pad = " ".repeat(cut.saturating_sub(1));
            shown = format!(
                "{}{pad}{}",
                ui.glyphs.ellipsis,
                shown.chars().skip(1).collect::<String>()
            );
        }
        let room = " ".repeat(width.saturating_sub(UnicodeWidthStr::width(shown.as_str())));
        let role = if self.proposed && focused {
            Role::Selected
        } else {
            Role::Input
        };
        let line = Line::from(vec![ui.span(role, shown), ui.span(Role::Input, room)]);
        frame.render_widget(line, Rect { height: 1, ..area });
        if focused {
            let before: String = letters.iter().skip(from).take(column - from).collect();
            let cells = UnicodeWidthStr::width(before.as_str());
            let x = area.x + u16::try_from(cells).unwrap_or(0).min(area.width - 1);
            ui.set_cursor(Position::new(x, area.y));
        }
    }
}

/// Whether a key deletes the whole of what is selected.
fn is_deletion(key: Key) -> bool {
    matches!(key.code, KeyCode::Backspace | KeyCode::Delete)
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if matches!(letter, '\n' | '\r' | '\t') {
                ' '
            } else {
                letter
            }
        })
        .filter(|letter| !letter.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_text_on_one_line() {
        let mut field = Field::new("a");
        assert!(field.paste("b\r\nc\u{1b}[31m\n"));
        assert_eq!(field.text(), "ab  c[31m");
    }

    #[test]
    fn the_line_is_emptied_as_in_a_shell() {
        let mut field = Field::new("/some/path");
        assert!(field.key(Key::ctrl('u')));
        assert_eq!(field.text(), "");
    }

    #[test]
    fn what_is_typed_or_pasted_first_takes_the_place_of_a_proposal() {
        let typed = |keys: &[&str]| {
            let mut field = Field::proposal("24h");
            for key in keys {
                field.key(key.parse().unwrap());
            }
            field.text().to_owned()
        };
        assert_eq!(typed(&["2", "h"]), "2h");
        for keeps in ["left", "right", "home", "end", "ctrl-a", "ctrl-e"] {
            assert_eq!(typed(&[keeps, "end", "x"]), "24hx", "{keeps}");
        }
        for empties in ["backspace", "delete", "ctrl-u"] {
            assert_eq!(typed(&[empties]), "", "{empties}");
        }
        let mut field = Field::proposal("24h");
        assert!(!field.paste(&"x".repeat(10_000)));
        assert!(field.paste("2h"));
        assert_eq!(field.text(), "2h");
        assert!(field.paste("x"));
        assert_eq!(field.text(), "2hx");
    }

    #[test]
    fn what_is_secret_is_not_in_what_is_printed_of_it() {
        let field = Field::new("hunter2").secret();
        assert!(!format!("{field:?}").contains("hunter2"));
        assert!(format!("{:?}", Field::new("nas")).contains("nas"));
    }

    #[test]
    fn the_end_of_wide_letters_is_in_sight_with_the_cursor_behind_it() {
        let keymap = crate::console::keymap::Keymap::default();
        let theme = crate::console::theme::Theme::dark();
        let ui = ui(&theme, &keymap);
        assert_eq!(drawn(&ui, &Field::new("一二三四五六七八九"), true), "…七八九");
        assert_eq!(ui.cursor(), Some(Position::new(8, 0)));
    }

    #[test]
    fn a_text_that_goes_on_says_so_on_that_side() {
        let keymap = crate::console::keymap::Keymap::default();
        let theme = crate::console::theme::Theme::dark();
        let ui = ui(&theme, &keymap);
        let mut field = Field::new("/srv/backups/nas");
        assert_eq!(drawn(&ui, &field, false), "/srv/back…");
        assert_eq!(drawn(&ui, &field, true), "…kups/nas");
        field.key("home".parse().unwrap());
        assert_eq!(drawn(&ui, &field, true), "/srv/back…");
        assert_eq!(drawn(&ui, &Field::new("/srv/a/nas"), false), "/srv/a/nas");
    }

    fn ui<'a>(theme: &'a crate::console::theme::Theme, keymap: &'a crate::console::keymap::Keymap) -> Ui<'a> {
        let now = crate::domain::time::Timestamp::default();
        Ui::new(theme, &crate::console::theme::UNICODE, now, chrono_tz::UTC, keymap)
    }

    /// What of it is seen in ten cells, without blanks.
    fn drawn(ui: &Ui<'_>, field: &Field, focused: bool) -> String {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(10, 1)).unwrap();
        terminal
            .draw(|frame| field.view(ui, frame, frame.area(), focused))
            .unwrap();
        let cells = terminal.backend().buffer().content().iter();
        let row: String = cells.map(ratatui::buffer::Cell::symbol).collect();
        row.replace(' ', "")
    }

    #[test]
    fn a_paste_of_a_file_is_not_taken() {
        let mut field = Field::default();
        assert!(!field.paste(&"x".repeat(10_000_000)));
        assert_eq!(field.text(), "");
    }
}
