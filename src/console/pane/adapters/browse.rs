//! What is on a source: its databases with sizes and tables. The server may be slow or gone; that is shown, and it can be left.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::Paragraph;

use super::work::{Ask, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Layer, centered};
use crate::console::message::{self, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::field::Field;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::adapter::{Adapter, Database};
use crate::domain::id::AdapterId;
use crate::domain::time::Timestamp;
use crate::domain::{Result, units};

const COLUMNS: [Column; 3] = [
    Column::new("DATABASE", 16, 1, 0),
    Column::new("SIZE", 10, 0, 0).right(),
    Column::new("TABLES", 7, 0, 1).right(),
];

/// The databases of a source.
pub struct Browse {
    id: AdapterId,
    name: String,
    asked_at: Option<Timestamp>,
    found: Option<Result<Vec<Database>>>,
    shown: Vec<usize>,
    selection: Selection,
    filter: Field,
    typing: bool,
    by_size: bool,
}

impl Browse {
    /// Of this source.
    pub fn new(adapter: &Adapter) -> Self {
        Self {
            id: adapter.id,
            name: adapter.name.clone(),
            asked_at: None,
            found: None,
            shown: Vec::new(),
            selection: Selection::default(),
            filter: Field::default(),
            typing: false,
            by_size: false,
        }
    }

    fn databases(&self) -> &[Database] {
        match &self.found {
            Some(Ok(databases)) => databases,
            _ => &[],
        }
    }

    fn get(&self, row: usize) -> Option<&Database> {
        self.shown.get(row).and_then(|index| self.databases().get(*index))
    }

    fn arrange(&mut self) {
        let wanted = self.filter.text().trim().to_lowercase();
        let mut shown: Vec<(usize, &Database)> = self
            .databases()
            .iter()
            .enumerate()
            .filter(|(_, database)| database.name.to_lowercase().contains(&wanted))
            .collect();
        if self.by_size {
            shown.sort_by_key(|(_, database)| std::cmp::Reverse(database.size_bytes));
        } else {
            shown.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        }
        self.shown = shown.into_iter().map(|(index, _)| index).collect();
        self.selection.clamp(self.shown.len());
    }

    fn back(&mut self) -> Vec<Effect> {
        if !self.typing && self.filter.text().is_empty() {
            return vec![Effect::Close];
        }
        self.typing = false;
        self.filter.set("");
        self.arrange();
        Vec::new()
    }
}

impl Layer for Browse {
    fn title(&self) -> String {
        format!("Databases of {}", self.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn takes_text(&self) -> bool {
        self.typing
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        Some(match command {
            Command::Back => self.back(),
            Command::Open => {
                self.typing = false;
                Vec::new()
            }
            Command::Filter => {
                self.typing = true;
                Vec::new()
            }
            Command::Sort => {
                self.by_size = !self.by_size;
                self.arrange();
                Vec::new()
            }
            command => {
                let len = self.shown.len();
                return self.selection.command(command, len).then(Vec::new);
            }
        })
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.typing && self.filter.key(key) {
            self.arrange();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        let taken = self.filter.paste(text);
        self.arrange();
        if taken { Vec::new() } else { vec![Effect::Bell] }
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        if let message::Reply::Adapters(Reply::Databases(id, found)) = reply
            && *id == self.id
        {
            self.found = Some(found.clone());
            self.arrange();
        }
        Vec::new()
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        // What is on the server does not follow from our database: it is asked once.
        if self.asked_at.is_some() {
            return Vec::new();
        }
        self.asked_at = Some(cx.now);
        vec![ask(Ask::Databases(self.id))]
    }

    fn hints(&self) -> Vec<Command> {
        if self.typing {
            return vec![Command::Open, Command::Back];
        }
        if self.databases().is_empty() {
            return vec![Command::Back];
        }
        vec![Command::Filter, Command::Sort, Command::Back]
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::Open => Some("apply"),
            Command::Sort if self.by_size => Some("by name"),
            Command::Sort => Some("by size"),
            _ => None,
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let rows = u16::try_from(self.databases().len()).unwrap_or(u16::MAX);
        let height = rows.saturating_add(5).clamp(8, area.height.saturating_sub(2).max(8));
        let title = ui.fit(&self.title(), 60);
        let inner = ui.popup(frame, centered(area, 70, height), &title);
        let text = inner.inner(Margin::new(1, 0));
        match (&self.found, self.asked_at) {
            (None, Some(since)) => {
                let waits = format!(
                    "asking {} for {}; {} does not wait",
                    ui.fit(&self.name, 30),
                    ui.running_for(since),
                    ui.key(&self.scopes(), Command::Back)
                );
                frame.render_widget(ui.line(Role::Muted, waits), text);
            }
            (None, None) => {}
            (Some(Err(error)), _) => {
                let lines = failure::lines(ui, error, usize::from(text.width));
                frame.render_widget(Paragraph::new(lines), text);
            }
            (Some(Ok(databases)), _) => self.list(ui, frame, inner, databases),
        }
    }
}

impl Browse {
    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, inner: Rect, databases: &[Database]) {
        let list = Rect {
            height: inner.height.saturating_sub(2),
            ..inner
        };
        let foot = Rect {
            x: inner.x + 1,
            y: inner.bottom().saturating_sub(1),
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        let table = Table {
            columns: &COLUMNS,
            len: self.shown.len(),
            selection: &self.selection,
            sorted: Some(if self.by_size { (1, true) } else { (0, false) }),
            focused: !self.typing,
        };
        table::draw_all_told(ui, frame, list, &table, |row| match self.get(row) {
            Some(database) => Row::new([
                (Role::Text, database.name.clone()),
                (Role::Text, units::size(database.size_bytes)),
                (
                    Role::Muted,
                    database.tables.map(|tables| tables.to_string()).unwrap_or_default(),
                ),
            ]),
            None => Row::default(),
        });
        if self.typing || !self.filter.text().is_empty() {
            frame.render_widget(ui.line(Role::Accent, "/"), foot);
            let field = Rect {
                x: foot.x + 1,
                width: foot.width.saturating_sub(1),
                ..foot
            };
            self.filter.view(ui, frame, field, self.typing);
            return;
        }
        let bytes: u64 = databases.iter().map(|database| database.size_bytes).sum();
        let text = format!(
            "{}, {} by the server's own figures",
            units::count(databases.len(), "database"),
            units::size(bytes)
        );
        frame.render_widget(ui.line(Role::Muted, text), foot);
    }
}
