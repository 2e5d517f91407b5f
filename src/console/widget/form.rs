//! A form: rows with a label, something to fill in, and what is wrong with it right below. The layer that owns it reads the
//! values, decides what is wrong, and saves.

pub mod dialog;
mod view;

use std::collections::BTreeMap;

use crossterm::event::KeyCode;
use tui_textarea::{CursorMove, TextArea};

use super::field::Field;
use super::selection::Selection;
use crate::console::command::Command;
use crate::console::key::Key;
use crate::domain::Error;

/// Rows of a page.
const PAGE: usize = 8;

/// One of several things to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is called; this is the value.
    pub name: String,
    /// What else is to be known of it; may be empty.
    pub about: String,
}

impl Item {
    /// A thing to choose.
    pub fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
        }
    }
}

/// What is filled in.
#[derive(Clone, Debug)]
pub enum Input {
    /// A line of text.
    Text(Box<Field>),
    /// One of several. Left, right and space change it, a letter goes to the next that begins with it.
    Choice {
        /// What there is to choose.
        items: Vec<Item>,
        /// Which one is chosen.
        at: usize,
    },
    /// On or off.
    Toggle(bool),
    /// Any of several; the order is the order of the list.
    Multi {
        /// What there is, and whether it is taken.
        items: Vec<(Item, bool)>,
        /// Which one is under the cursor.
        selection: Selection,
    },
    /// Several lines, edited in a window of their own.
    Lines(Vec<String>),
}

impl Input {
    /// A line of text.
    pub fn text(text: &str) -> Self {
        Self::Text(Box::new(Field::new(text)))
    }

    /// A line with a text that is replaced by what is typed first.
    pub fn proposal(text: &str) -> Self {
        Self::Text(Box::new(Field::proposal(text)))
    }

    /// A line nobody should read over a shoulder.
    pub fn secret() -> Self {
        Self::Text(Box::new(Field::default().secret()))
    }

    /// One of these, beginning with the one of that name.
    pub fn choice(items: Vec<Item>, chosen: &str) -> Self {
        let at = items.iter().position(|item| item.name == chosen).unwrap_or(0);
        Self::Choice { items, at }
    }

    /// Any of these.
    pub fn multi(items: Vec<(Item, bool)>) -> Self {
        Self::Multi {
            items,
            selection: Selection::default(),
        }
    }
}

/// A row of a form.
#[derive(Clone, Debug)]
pub struct Row {
    /// By which its value is found.
    pub key: String,
    /// What it is called on the screen.
    pub label: String,
    /// One sentence about it, shown while it has the focus.
    pub help: String,
    /// What is filled in.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<Error>,
    /// What follows from it, shown below it: `every Monday at 03:00`.
    pub note: Vec<String>,
    /// Whether it is left out just now.
    pub hidden: bool,
    /// The heading above it, where a part of the form begins.
    pub section: Option<String>,
    /// What counts while a line of text is empty; shown in its place.
    pub usual: String,
}

impl Row {
    /// A row.
    pub fn new(key: impl Into<String>, label: impl Into<String>, input: Input, help: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            help: help.into(),
            input,
            error: None,
            note: Vec::new(),
            hidden: false,
            section: None,
            usual: String::new(),
        }
    }

    /// With what counts while nothing is typed.
    #[must_use]
    pub fn usual(mut self, value: impl Into<String>) -> Self {
        self.usual = value.into();
        self
    }

    /// With a heading above it.
    #[must_use]
    pub fn section(mut self, title: impl Into<String>) -> Self {
        self.section = Some(title.into());
        self
    }
}

/// What a key or command did to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It means nothing to a form.
    Nothing,
    /// The focus moved, or a window was opened or closed.
    Moved,
    /// A value is another.
    Changed,
}

/// The window for several lines.
#[derive(Clone, Debug)]
struct Editor {
    area: TextArea<'static>,
    /// What it began with.
    before: Vec<String>,
    /// It was to be left although something was changed: the same once more discards that.
    is_leaving: bool,
}

impl Editor {
    fn new(lines: Vec<String>) -> Self {
        let mut area = TextArea::new(lines);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self {
            before: area.lines().to_vec(),
            area,
            is_leaving: false,
        }
    }

    fn is_changed(&self) -> bool {
        self.area.lines() != self.before
    }
}

/// A form.
#[derive(Clone)]
pub struct Form {
    rows: Vec<Row>,
    focus: usize,
    /// Which of the drawn lines are on the screen.
    scroll: Selection,
    editor: Option<Editor>,
    /// What the fields held at first, by their keys.
    first: BTreeMap<String, String>,
}

/// Without the larger window and what the fields held at first: either may hold a secret in the clear.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form")
            .field("rows", &self.rows)
            .field("focus", &self.focus)
            .finish_non_exhaustive()
    }
}

impl Form {
    /// A form that begins at its first row.
    pub fn new(rows: Vec<Row>) -> Self {
        let mut form = Self {
            rows,
            focus: 0,
            scroll: Selection::default(),
            editor: None,
            first: BTreeMap::new(),
        };
        form.first = form.values();
        if !form.is_open(0) {
            form.step(1);
        }
        form
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of that key.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// The row of that key, to be changed.
    pub fn row_mut(&mut self, key: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.key == key)
    }

    /// The row that has the focus.
    pub fn focused(&self) -> Option<&Row> {
        self.rows.get(self.focus)
    }

    /// Moves the focus to that row, where it is shown.
    pub fn focus_on(&mut self, key: &str) {
        if let Some(at) = self.rows.iter().position(|row| row.key == key && !row.hidden) {
            self.focus = at;
        }
    }

    /// Takes other rows in place of those from `from` on, as when another driver is chosen. The focus stays where it is.
    pub fn replace_from(&mut self, from: usize, rows: Vec<Row>) {
        self.rows.truncate(from);
        self.rows.extend(rows);
        self.focus = self.focus.min(self.rows.len().saturating_sub(1));
    }

    /// Puts the rows of these keys in the order of the keys, in the places that they have together. The focus stays on its row.
    pub fn arrange(&mut self, keys: &[String]) {
        let focused = self.focused().map(|row| row.key.clone());
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .filter(|row| keys.contains(&row.key))
            .cloned()
            .collect();
        rows.sort_by_key(|row| keys.iter().position(|key| *key == row.key));
        let places = self.rows.iter_mut().filter(|row| keys.contains(&row.key));
        for (place, row) in places.zip(rows) {
            *place = row;
        }
        if let Some(key) = focused {
            self.focus_on(&key);
        }
    }

    /// The value of a row as text: what was typed, the name of what is chosen, `true` or `false`; of several things one a line.
    pub fn value(&self, key: &str) -> String {
        self.row(key).map(|row| value(&row.input)).unwrap_or_default()
    }

    /// The names that are taken in a row with several things.
    pub fn taken(&self, key: &str) -> Vec<String> {
        match self.row(key).map(|row| &row.input) {
            Some(Input::Multi { items, .. }) => items
                .iter()
                .filter(|(_, taken)| *taken)
                .map(|(item, _)| item.name.clone())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a toggle is on.
    pub fn is_on(&self, key: &str) -> bool {
        matches!(self.row(key).map(|row| &row.input), Some(Input::Toggle(true)))
    }

    /// Shows or hides a row.
    pub fn show(&mut self, key: &str, shown: bool) {
        if let Some(row) = self.row_mut(key) {
            row.hidden = !shown;
        }
    }

    /// Says what is wrong with a row; `None` that nothing is.
    pub fn set_error(&mut self, key: &str, error: Option<Error>) {
        if let Some(row) = self.row_mut(key) {
            row.error = error;
        }
    }

    /// Takes all that was wrong back.
    pub fn clear_errors(&mut self) {
        for row in &mut self.rows {
            row.error = None;
        }
    }

    /// Moves the focus to the first row with something wrong. `false` when there is none.
    pub fn focus_on_error(&mut self) -> bool {
        let found = self.rows.iter().position(|row| row.error.is_some() && !row.hidden);
        self.focus = found.unwrap_or(self.focus);
        found.is_some()
    }

    /// Whether anything differs from what the form began with.
    pub fn is_changed(&self) -> bool {
        self.first != self.values()
    }

    /// What it holds now counts as what it began with.
    pub fn settle(&mut self) {
        self.first = self.values();
    }

    fn values(&self) -> BTreeMap<String, String> {
        self.rows
            .iter()
            .map(|row| (row.key.clone(), value(&row.input)))
            .collect()
    }

    /// The command that fills in the row that has the focus, where letters do not.
    pub fn filling(&self) -> Option<Command> {
        match &self.focused()?.input {
            Input::Toggle(_) => Some(Command::Toggle),
            Input::Choice { items, .. } => (items.len() > 1).then_some(Command::Toggle),
            Input::Multi { items, .. } => (!items.is_empty()).then_some(Command::Toggle),
            Input::Lines(_) => Some(Command::LongText),
            Input::Text(_) => None,
        }
    }

    /// Whether typed letters are text where the focus is.
    pub fn takes_text(&self) -> bool {
        self.editor.is_some() || matches!(self.focused().map(|row| &row.input), Some(Input::Text(_)))
    }

    /// Whether the window for several lines is open. Then `Save` takes over what it says, and `Back` leaves it and not the form.
    pub const fn is_editing_lines(&self) -> bool {
        self.editor.is_some()
    }

    /// Carries out a command.
    pub fn command(&mut self, command: Command) -> Did {
        if let Some(editor) = &mut self.editor {
            let was_leaving = std::mem::take(&mut editor.is_leaving);
            match command {
                // Where a step follows on the form, its key takes the window over first.
                Command::Save | Command::LongText | Command::GoOn => return self.close_editor(),
                Command::Back if was_leaving || !editor.is_changed() => self.editor = None,
                Command::Back => editor.is_leaving = true,
                Command::Open | Command::Accept => editor.area.insert_newline(),
                Command::PreviousField => editor.area.move_cursor(CursorMove::Up),
                Command::NextField => editor.area.move_cursor(CursorMove::Down),
                _ => return Did::Nothing,
            }
            return Did::Moved;
        }
        match command {
            Command::Open | Command::Accept
                if matches!(self.focused().map(|row| &row.input), Some(Input::Lines(_))) =>
            {
                self.open_editor()
            }
            Command::LongText => self.open_editor(),
            Command::NextField | Command::Open | Command::Accept => self.step_inside(1, command),
            Command::PreviousField => self.step_inside(-1, command),
            Command::Toggle => self.toggle(1),
            Command::MoveUp => self.move_item(-1),
            Command::MoveDown => self.move_item(1),
            _ => Did::Nothing,
        }
    }

    /// Takes a key that is text, or bound to nothing.
    pub fn key(&mut self, key: Key) -> Did {
        if let Some(editor) = &mut self.editor {
            editor.is_leaving = false;
            editor
                .area
                .input(crossterm::event::KeyEvent::new(key.code, key.modifiers));
            return Did::Moved;
        }
        if let Some(did) = self.jump(key) {
            return did;
        }
        match (self.rows.get_mut(self.focus).map(|row| &mut row.input), key.code) {
            (Some(Input::Text(field)), _) => {
                if field.key(key) {
                    Did::Changed
                } else {
                    Did::Moved
                }
            }
            (Some(_), KeyCode::Right) => self.toggle(1),
            (Some(_), KeyCode::Left) => self.toggle(-1),
            (Some(Input::Choice { items, at }), KeyCode::Char(letter)) => {
                let begins = |item: &Item| item.name.to_lowercase().starts_with(letter.to_ascii_lowercase());
                let after = items.iter().skip(*at + 1).position(begins).map(|found| found + *at + 1);
                match after.or_else(|| items.iter().position(begins)) {
                    Some(found) => {
                        *at = found;
                        Did::Changed
                    }
                    None => Did::Nothing,
                }
            }
            _ => Did::Nothing,
        }
    }

    /// Takes pasted text; what is too long for a line goes into the row's error.
    pub fn paste(&mut self, text: &str) -> Did {
        if let Some(editor) = &mut self.editor {
            editor.is_leaving = false;
            editor.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
            return Did::Moved;
        }
        match self.rows.get_mut(self.focus) {
            Some(Row {
                input: Input::Text(field),
                error,
                ..
            }) => {
                if field.paste(text) {
                    return Did::Changed;
                }
                *error = Some(Error::usage("what was pasted is too long for one line"));
                Did::Moved
            }
            _ => Did::Nothing,
        }
    }

    fn open_editor(&mut self) -> Did {
        let lines = match self.focused().map(|row| &row.input) {
            Some(Input::Lines(lines)) => lines.clone(),
            // The larger window hides nothing.
            Some(Input::Text(field)) if !field.is_secret() => vec![field.text().to_owned()],
            _ => return Did::Nothing,
        };
        self.editor = Some(Editor::new(lines));
        Did::Moved
    }

    fn close_editor(&mut self) -> Did {
        let Some(editor) = self.editor.take() else {
            return Did::Nothing;
        };
        let mut lines = editor.area.into_lines();
        match self.rows.get_mut(self.focus).map(|row| &mut row.input) {
            Some(Input::Lines(old)) => {
                while lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                *old = lines;
            }
            Some(Input::Text(field)) => field.set(&lines.join(" ")),
            _ => {}
        }
        Did::Changed
    }

    /// Moves within a row of several things first, then from row to row.
    fn step_inside(&mut self, by: isize, command: Command) -> Did {
        if command != Command::Open
            && let Some(Input::Multi { items, selection }) = self.rows.get_mut(self.focus).map(|row| &mut row.input)
        {
            let to = selection.at().checked_add_signed(by);
            if let Some(to) = to.filter(|to| *to < items.len()) {
                selection.select(to);
                return Did::Moved;
            }
        }
        if !self.step(by) && command != Command::Open {
            self.step_from_end(by);
        }
        // A row of several things is entered at the end one comes from.
        if let Some(Input::Multi { items, selection }) = self.rows.get_mut(self.focus).map(|row| &mut row.input) {
            selection.select(if by > 0 { 0 } else { items.len().saturating_sub(1) });
        }
        Did::Moved
    }

    /// `false` when there is no row in that direction.
    fn step(&mut self, by: isize) -> bool {
        let mut at = self.focus;
        while let Some(next) = at.checked_add_signed(by).filter(|next| *next < self.rows.len()) {
            at = next;
            if self.is_open(at) {
                self.focus = at;
                return true;
            }
        }
        false
    }

    /// The first row in that direction, from the end that lies against it.
    fn step_from_end(&mut self, by: isize) {
        self.focus = if by > 0 { 0 } else { self.rows.len().saturating_sub(1) };
        if !self.is_open(self.focus) {
            self.step(by);
        }
    }

    /// Goes further than by a row. Where a line is typed, `Home` and `End` belong to it.
    fn jump(&mut self, key: Key) -> Option<Did> {
        let in_text = matches!(self.focused().map(|row| &row.input), Some(Input::Text(_)));
        match key.code {
            KeyCode::PageDown => (0..PAGE).for_each(|_| _ = self.step(1)),
            KeyCode::PageUp => (0..PAGE).for_each(|_| _ = self.step(-1)),
            KeyCode::Home if !in_text => self.step_from_end(1),
            KeyCode::End if !in_text => self.step_from_end(-1),
            _ => return None,
        }
        Some(Did::Moved)
    }

    /// Moves the thing under the cursor in its row of several.
    fn move_item(&mut self, by: isize) -> Did {
        let Some(Input::Multi { items, selection }) = self.rows.get_mut(self.focus).map(|row| &mut row.input) else {
            return Did::Nothing;
        };
        let at = selection.at();
        let Some(to) = at.checked_add_signed(by).filter(|to| *to < items.len()) else {
            return Did::Nothing;
        };
        items.swap(at, to);
        selection.select(to);
        Did::Changed
    }

    fn is_open(&self, at: usize) -> bool {
        self.rows.get(at).is_some_and(|row| !row.hidden)
    }

    fn toggle(&mut self, by: isize) -> Did {
        match self.rows.get_mut(self.focus).map(|row| &mut row.input) {
            Some(Input::Toggle(on)) => *on = !*on,
            Some(Input::Choice { items, at }) if items.len() > 1 => {
                let len = items.len();
                *at = (*at + len).saturating_add_signed(by) % len;
            }
            Some(Input::Multi { items, selection }) => match items.get_mut(selection.at()) {
                Some((_, taken)) => *taken = !*taken,
                None => return Did::Nothing,
            },
            _ => return Did::Nothing,
        }
        Did::Changed
    }
}

fn value(input: &Input) -> String {
    match input {
        Input::Text(field) => field.text().to_owned(),
        Input::Choice { items, at } => items.get(*at).map(|item| item.name.clone()).unwrap_or_default(),
        Input::Toggle(on) => on.to_string(),
        Input::Multi { items, .. } => {
            let taken: Vec<&str> = items
                .iter()
                .filter(|(_, taken)| *taken)
                .map(|(item, _)| item.name.as_str())
                .collect();
            taken.join("\n")
        }
        Input::Lines(lines) => lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let items = |names: &[&str]| names.iter().map(|name| Item::new(*name, "")).collect::<Vec<_>>();
        Form::new(vec![
            Row::new("name", "Name", Input::text(""), "Unique."),
            Row::new(
                "kind",
                "Kind",
                Input::choice(items(&["none", "last", "smart"]), "last"),
                "",
            ),
            Row::new(
                "to",
                "To",
                Input::multi(items(&["nas", "s3"]).into_iter().map(|item| (item, false)).collect()),
                "",
            ),
            Row::new("on", "On", Input::Toggle(true), ""),
            Row::new("hooks", "Hooks", Input::Lines(Vec::new()), ""),
        ])
    }

    fn press(form: &mut Form, keys: &str) {
        for key in keys.split(' ') {
            form.key(key.parse().unwrap());
        }
    }

    #[test]
    fn it_is_filled_in_from_top_to_bottom() {
        let mut form = form();
        press(&mut form, "a b");
        form.command(Command::NextField);
        press(&mut form, "s");
        form.command(Command::NextField);
        form.command(Command::NextField);
        form.command(Command::Toggle);
        form.command(Command::NextField);
        form.command(Command::Toggle);
        form.command(Command::NextField);
        form.command(Command::Open);
        press(&mut form, "x");
        form.command(Command::Open);
        press(&mut form, "y");
        assert!(form.is_editing_lines());
        form.command(Command::Save);
        let held: Vec<String> = form.rows().iter().map(|row| form.value(&row.key)).collect();
        assert_eq!(held, ["ab", "smart", "s3", "false", "x\ny"]);
        assert!(form.is_changed());
    }

    #[test]
    fn rows_that_are_left_out_are_passed_over() {
        let mut form = form();
        form.show("kind", false);
        form.command(Command::NextField);
        assert_eq!(form.focused().unwrap().key, "to");
        form.command(Command::PreviousField);
        assert_eq!(form.focused().unwrap().key, "name");
    }

    #[test]
    fn a_choice_goes_round_in_both_directions() {
        let mut form = form();
        form.command(Command::NextField);
        press(&mut form, "right");
        assert_eq!(form.value("kind"), "smart");
        press(&mut form, "right");
        assert_eq!(form.value("kind"), "none");
        press(&mut form, "left");
        assert_eq!(form.value("kind"), "smart");
    }

    #[test]
    fn the_order_of_several_things_can_be_changed() {
        let mut form = form();
        form.focus_on("to");
        form.command(Command::Toggle);
        form.command(Command::NextField);
        form.command(Command::Toggle);
        form.command(Command::MoveUp);
        assert_eq!(form.taken("to"), ["s3", "nas"]);
        assert_eq!(form.command(Command::MoveUp), Did::Nothing);
    }

    #[test]
    fn the_last_row_is_before_the_first_and_pages_end_at_both() {
        let mut form = form();
        let here = |form: &Form| form.focused().unwrap().key.clone();
        form.command(Command::PreviousField);
        assert_eq!(here(&form), "hooks");
        form.command(Command::NextField);
        assert_eq!(here(&form), "name");
        for (key, row) in [("pgdn", "hooks"), ("pgup", "name"), ("end", "name")] {
            press(&mut form, key);
            assert_eq!(here(&form), row, "{key}");
        }
        form.command(Command::NextField);
        for (key, row) in [("end", "hooks"), ("home", "name")] {
            press(&mut form, key);
            assert_eq!(here(&form), row, "{key}");
        }
    }

    #[test]
    fn a_window_that_is_left_changes_nothing_and_asks_where_something_was_typed() {
        let mut form = form();
        form.focus_on("hooks");
        form.command(Command::LongText);
        form.command(Command::Back);
        assert!(!form.is_editing_lines());
        form.command(Command::LongText);
        press(&mut form, "x");
        form.command(Command::Back);
        assert!(form.is_editing_lines(), "something was typed");
        press(&mut form, "y");
        form.command(Command::Back);
        assert!(form.is_editing_lines(), "something was typed since");
        form.command(Command::Back);
        assert!(!form.is_editing_lines() && !form.is_changed());
        form.command(Command::LongText);
        press(&mut form, "x");
        form.command(Command::Save);
        assert_eq!(form.value("hooks"), "x");
    }

    #[test]
    fn what_is_as_it_began_is_not_changed() {
        let mut form = form();
        press(&mut form, "a backspace");
        assert!(!form.is_changed());
    }
}
