//! A list of what a source was asked for, in a window. The source may be slow or gone; that is shown, and it can be left.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::centered;
use crate::console::message::Effect;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom};
use crate::console::widget::rows::{Entry, Rows};
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{failure, filter};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// What applies in it.
pub const SCOPES: [Scope; 1] = [Scope::List];

/// Lines of the window beside its rows: the frame, the heading, and a blank line above the foot.
const BESIDE: usize = 5;

/// Lines of the window at least: so much takes a failure with its next step.
const LEAST: u16 = 8;

/// The list, and whether it is known.
pub struct Listing<T: Entry> {
    /// What was found.
    pub rows: Rows<T>,
    asked_at: Option<Timestamp>,
    answer: Option<Result<(), Error>>,
    area: Cell<Rect>,
}

/// How such a list looks.
pub struct Look<'a> {
    /// What the window is called.
    pub title: String,
    /// Its width at most.
    pub width: u16,
    /// Who is asked.
    pub source: &'a str,
    /// The columns of the table.
    pub columns: &'a [Column],
    /// By which of them it can be sorted, in that order.
    pub sorted_by: &'a [usize],
    /// Said in place of a list without rows.
    pub none: &'a str,
    /// Where a filter looks.
    pub filtered: String,
    /// Said at the foot.
    pub foot: String,
    /// Why something in it is not known.
    pub notes: &'a [String],
}

impl<T: Entry> Listing<T> {
    /// Sorted by a column, downwards or not.
    pub fn new(sort: (usize, bool)) -> Self {
        let mut rows = Rows::default();
        rows.sort = sort;
        Self {
            rows,
            asked_at: None,
            answer: None,
            area: Cell::default(),
        }
    }

    /// Whether it has to be asked for. What is on a server does not follow from our database: it is asked once.
    pub fn asks(&mut self, now: Timestamp) -> bool {
        let asks = self.asked_at.is_none();
        self.asked_at.get_or_insert(now);
        asks
    }

    /// Whether it was asked for and the answer has not come.
    pub const fn is_waiting(&self) -> bool {
        self.asked_at.is_some() && self.answer.is_none()
    }

    /// Takes the answer.
    pub fn take(&mut self, found: Result<Vec<T>>) {
        self.answer = Some(found.map(|all| self.rows.take(all)));
    }

    /// Carries out what concerns the list. `Open` is left to the layer, unless it ends the typing of a filter.
    pub fn command(&mut self, command: Command) -> Option<Vec<Effect>> {
        match command {
            Command::Back if self.rows.back() => {}
            Command::Back => return Some(vec![Effect::Close]),
            Command::Open if self.rows.typing => self.rows.stop_typing(),
            // Nothing is done to several of them, and what is not there is neither filtered nor sorted.
            Command::Open | Command::Mark | Command::MarkAll => return None,
            Command::Filter | Command::Sort if self.rows.all().is_empty() => return None,
            command => return self.rows.command(command).then(Vec::new),
        }
        Some(Vec::new())
    }

    /// Types into the filter.
    pub fn key(&mut self, key: Key) -> Vec<Effect> {
        self.rows.key(key);
        Vec::new()
    }

    /// Pastes into the filter.
    pub fn paste(&mut self, text: &str) -> Vec<Effect> {
        if self.rows.paste(text) {
            Vec::new()
        } else {
            vec![Effect::Bell]
        }
    }

    /// Selects the row at a position on the screen. `false` where there is none.
    pub fn click(&mut self, at: Position) -> bool {
        let row = self.rows.selection.clicked(self.area.get(), at, self.rows.len());
        if let Some(row) = row {
            self.rows.select_row(row);
        }
        row.is_some()
    }

    /// The commands that do something now, with `opens` where a row leads on.
    pub fn hints(&self, opens: bool) -> Vec<Command> {
        if self.rows.typing {
            return vec![Command::Open, Command::Back];
        }
        if self.rows.all().is_empty() {
            return vec![Command::Back];
        }
        let open = (opens && !self.rows.is_empty()).then_some(Command::Open);
        open.into_iter()
            .chain([Command::Filter, Command::Sort, Command::Back])
            .collect()
    }

    /// Draws it; each row is made by `row`.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>, row: impl Fn(&T) -> Row) {
        self.area.set(Rect::default());
        let width = look.width.min(area.width);
        let below = below(ui, look, usize::from(width.saturating_sub(4)));
        let rows = self.rows.all().len().saturating_add(below.len() + BESIDE - 1);
        let most = area.height.saturating_sub(2).max(LEAST);
        let height = u16::try_from(rows).unwrap_or(most).clamp(LEAST, most);
        let title = ui.fit(&look.title, usize::from(width.saturating_sub(6)));
        let inner = ui.popup(frame, centered(area, look.width, height), &title);
        let text = inner.inner(Margin::new(1, 0));
        match (&self.answer, self.asked_at) {
            (None, Some(since)) => {
                let waits = format!(
                    "asking {} for {}; {} does not wait",
                    ui.fit(look.source, 30),
                    ui.running_for(since),
                    ui.key(&SCOPES, Command::Back)
                );
                frame.render_widget(ui.line(Role::Muted, waits), text);
            }
            (None, None) => {}
            (Some(Err(error)), _) => {
                let lines = failure::lines(ui, error, usize::from(text.width));
                frame.render_widget(Paragraph::new(lines), text);
            }
            (Some(Ok(())), _) if self.rows.all().is_empty() => {
                frame.render_widget(ui.line(Role::Muted, look.none), text);
            }
            (Some(Ok(())), _) => self.table(ui, frame, inner, look, &row),
        }
    }

    fn table(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, mut inner: Rect, look: &Look<'_>, row: &impl Fn(&T) -> Row) {
        let below = below(ui, look, usize::from(inner.width.saturating_sub(2)));
        if self.rows.is_filtered() {
            let line = take_bottom(&mut inner, 1);
            if self.rows.typing {
                let about = (Role::Muted, look.filtered.as_str());
                filter::typing(ui, frame, line, &self.rows.filter, about);
            } else {
                filter::taken(ui, frame, line, self.rows.filter.text());
            }
        } else {
            let lines = u16::try_from(below.len()).unwrap_or(inner.height).min(inner.height / 2);
            let place = take_bottom(&mut inner, lines).inner(Margin::new(1, 0));
            frame.render_widget(Paragraph::new(below), place);
        }
        take_bottom(&mut inner, 1);
        if self.rows.is_empty() {
            let back = ui.key(&SCOPES, Command::Back);
            let text = format!("None has that {}. {back} shows all.", look.filtered);
            return frame.render_widget(ui.line(Role::Muted, text), inner.inner(Margin::new(1, 0)));
        }
        self.area.set(inner);
        let (sort, down) = self.rows.sort;
        let table = Table {
            columns: look.columns,
            len: self.rows.len(),
            selection: &self.rows.selection,
            sorted: look.sorted_by.get(sort).map(|column| (*column, down)),
            focused: !self.rows.typing,
        };
        table::draw_all_told(ui, frame, inner, &table, |at| {
            self.rows.get(at).map(row).unwrap_or_default()
        });
    }
}

/// What is said below the rows, in lines of that width.
fn below(ui: &Ui<'_>, look: &Look<'_>, width: usize) -> Vec<Line<'static>> {
    let notes = look.notes.iter();
    let lines = notes.flat_map(|note| failure::signed(ui, Role::Muted, ui.glyphs.dot, note, width));
    let foot = ui.line(Role::Muted, ui.fit(&look.foot, width));
    lines.chain([foot]).collect()
}
