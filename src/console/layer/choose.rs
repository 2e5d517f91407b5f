//! A short list to choose one thing from. What of the selected one there is no room for in its row stands below the list.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Effect, Thing, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom, wrapped};
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};

/// Cells of what a choice is about that stand beside its name however long that is.
const BEGINNING: u16 = 12;

/// Lines that the list keeps at least of those it needs, with its heading, when something stands below it.
const LEAST: u16 = 5;

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

    /// In lines, what of it these columns in a list of `width` cells cut.
    fn cut(&self, columns: &[Column], width: u16) -> Vec<String> {
        let widths = table::widths(columns, width.saturating_sub(table::GUTTER));
        let texts = [&self.label, &self.about].into_iter().zip(widths);
        let cut = texts.filter(|(text, width)| text.width() > usize::from(width.unwrap_or(0)));
        let room = usize::from(width.saturating_sub(2 * table::GUTTER));
        cut.flat_map(|(text, _)| wrapped(text, room)).collect()
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
        let widest = |text: fn(&Choice) -> &str| {
            let widths = self.choices.iter().map(|choice| text(choice).width());
            cells(widths.max().unwrap_or(0))
        };
        let (label, about) = (widest(|choice| &choice.label), widest(|choice| &choice.about));
        let width = label.saturating_add(about).saturating_add(8);
        let width = width.max(cells(self.title.width() + 6)).max(30);
        let height = cells(self.choices.len() + 3);
        let columns = |inner: u16| {
            // What a choice is about begins at least to be seen beside its name.
            let beside = if about == 0 { 0 } else { about.min(BEGINNING) + 1 };
            let room = inner.saturating_sub(table::GUTTER + beside);
            [Column::new("", label.min(room).max(1), 0, 0), Column::new("", 1, 1, 1)]
        };
        let borders = 2;
        let inner = centered(area, width, height).width.saturating_sub(borders);
        // The most that any of them needs, so that nothing moves while one goes from one to the next.
        let foot = self
            .choices
            .iter()
            .map(|choice| choice.cut(&columns(inner), inner).len());
        let foot = foot
            .max()
            .map_or(0, |lines| if lines == 0 { 0 } else { cells(lines + 1) });
        let mut list_area = ui.popup(frame, centered(area, width, height.saturating_add(foot)), &self.title);
        let columns = columns(list_area.width);
        let spare = list_area
            .height
            .saturating_sub(height.saturating_sub(borders).min(LEAST));
        let place = take_bottom(&mut list_area, foot.min(spare)).inner(Margin::new(table::GUTTER, 0));
        self.list_area.set(list_area);
        let list = Table {
            columns: &columns,
            len: self.choices.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        table::draw_all_told(ui, frame, list_area, &list, |row| {
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
        if let Some(choice) = self.choices.get(self.selection.at()) {
            let lines = choice.cut(&columns, list_area.width).into_iter();
            let lines = lines.map(|line| ui.line(Role::Muted, line)).collect::<Vec<_>>();
            // One line is left free below the last row, or below what is said of more rows.
            let end = list_area.y.saturating_add(cells(self.choices.len() + 1));
            let from = end.min(place.y) + 1;
            let place = Rect {
                y: from,
                height: place.bottom().saturating_sub(from),
                ..place
            };
            frame.render_widget(Paragraph::new(lines), place);
        }
    }
}

fn cells(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}
