//! A short list to choose one thing from.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Effect, Thing, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};

/// One thing to choose.
pub struct Choice {
    /// What it is called.
    pub label: String,
    /// What else is to be known of it; may be empty.
    pub about: String,
    /// What is done when it is chosen.
    pub then: Vec<Effect>,
}

impl Choice {
    /// A choice.
    pub fn new(label: impl Into<String>, about: impl Into<String>, then: Vec<Effect>) -> Self {
        Self {
            label: label.into(),
            about: about.into(),
            then,
        }
    }
}

/// A list to choose from; its letters and digits are not used, so that `1` to `9` choose.
pub struct Choose {
    title: String,
    choices: Vec<Choice>,
    selection: Selection,
    /// Where the list was drawn, for clicks.
    list_area: Cell<Rect>,
}

impl Choose {
    /// Asks `title`.
    pub fn new(title: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self {
            title: title.into(),
            choices,
            selection: Selection::default(),
            list_area: Cell::default(),
        }
    }

    /// Begins with another than the first.
    #[must_use]
    pub fn at(mut self, row: usize) -> Self {
        self.selection.select(row.min(self.choices.len().saturating_sub(1)));
        self
    }

    fn choose(&mut self, row: usize) -> Vec<Effect> {
        let mut effects = vec![Effect::Close];
        if let Some(choice) = self.choices.get_mut(row) {
            effects.append(&mut choice.then);
        }
        effects
    }
}

/// What of a thing can be copied.
pub fn copies(thing: &Thing) -> Choose {
    let own = [("name", thing.name.clone()), ("id", thing.id.clone())];
    let mut seen: Vec<String> = Vec::new();
    let mut choices = Vec::new();
    for (word, text) in own.into_iter().chain(thing.copies.iter().cloned()) {
        if text.is_empty() || seen.contains(&text) {
            continue;
        }
        let then = vec![
            Effect::Copy(text.clone()),
            Effect::Toast(Toast::note(format!("{word} copied"))),
        ];
        choices.push(Choice::new(word, text.clone(), then));
        seen.push(text);
    }
    Choose::new("Copy", choices)
}

impl Layer for Choose {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog, Scope::List]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept | Command::Open => Some(self.choose(self.selection.at())),
            Command::NextButton => self.selection.command(Command::Down, self.choices.len()).then(Vec::new),
            Command::PreviousButton => self.selection.command(Command::Up, self.choices.len()).then(Vec::new),
            _ => self.selection.command(command, self.choices.len()).then(Vec::new),
        }
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        match key.text().and_then(|letter| letter.to_digit(10)) {
            Some(digit @ 1..) if (digit as usize) <= self.choices.len() => self.choose(digit as usize - 1),
            _ => Vec::new(),
        }
    }

    fn click(&mut self, at: Position, twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        let Some(row) = self.selection.clicked(self.list_area.get(), at, self.choices.len()) else {
            return Vec::new();
        };
        self.selection.select(row);
        if twice { self.choose(row) } else { Vec::new() }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Accept, Command::Back]
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        (command == Command::Accept).then_some("choose")
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let label = self
            .choices
            .iter()
            .map(|choice| choice.label.width())
            .max()
            .unwrap_or(0);
        let about = self
            .choices
            .iter()
            .map(|choice| choice.about.width())
            .max()
            .unwrap_or(0);
        let cells = |width: usize| u16::try_from(width).unwrap_or(u16::MAX);
        let width = cells(label + about + 8).max(cells(self.title.width() + 6)).max(30);
        let height = cells(self.choices.len() + 3);
        let inner = ui.popup(frame, centered(area, width, height), &self.title);
        self.list_area.set(inner);
        let columns = [Column::new("", cells(label).max(1), 0, 0), Column::new("", 1, 1, 1)];
        let list = Table {
            columns: &columns,
            len: self.choices.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        table::draw_all_told(ui, frame, inner, &list, |row| {
            let choice = self.choices.get(row);
            Row::new([
                (
                    Role::Text,
                    choice.map(|choice| choice.label.clone()).unwrap_or_default(),
                ),
                (
                    Role::Muted,
                    choice.map(|choice| choice.about.clone()).unwrap_or_default(),
                ),
            ])
        });
    }
}
