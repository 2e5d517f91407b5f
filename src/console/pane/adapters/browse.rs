//! What is on a source: its databases with sizes and tables, and one key further the tables of each.

mod listing;
mod tables;

use std::cmp::Ordering;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::listing::{Listing, Look, SCOPES};
use self::tables::DatabaseTables;
use super::work::{Ask, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::Layer;
use crate::console::message::{self, Effect, Lane};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::rows::{Entry, known_first};
use crate::console::widget::table::{Column, Row};
use crate::domain::adapter::{Adapter, Database};
use crate::domain::id::AdapterId;
use crate::domain::units;

const COLUMNS: [Column; 3] = [
    Column::new("DATABASE", 16, 1, 0),
    Column::new("SIZE", 10, 0, 0).right(),
    Column::new("TABLES", 7, 0, 1).right(),
];

/// A database in the list.
struct Item {
    /// Its place in the answer.
    place: usize,
    database: Database,
}

impl Entry for Item {
    type Id = usize;
    type Known = ();
    /// The columns of the table.
    const SORTS: usize = COLUMNS.len();

    fn id(&self) -> usize {
        self.place
    }

    fn name(&self) -> &str {
        &self.database.name
    }

    fn has(&self, wanted: &str) -> bool {
        self.database.name.to_lowercase().contains(wanted)
    }

    fn compare(&self, other: &Self, (): &(), (sort, down): (usize, bool)) -> Ordering {
        let order = |by: Ordering| if down { by.reverse() } else { by };
        let (a, b) = (&self.database, &other.database);
        match sort {
            1 => order(a.size_bytes.cmp(&b.size_bytes)),
            2 => known_first(a.tables, b.tables, order),
            _ => order(a.name.cmp(&b.name)),
        }
    }
}

/// The databases of a source.
pub struct Browse {
    id: AdapterId,
    name: String,
    list: Listing<Item>,
}

impl Browse {
    /// Of this source.
    pub fn new(adapter: &Adapter) -> Self {
        Self {
            id: adapter.id,
            name: adapter.name.clone(),
            list: Listing::new((0, false)),
        }
    }

    fn open(&self) -> Vec<Effect> {
        let selected = self.list.rows.selected();
        let tables = selected.map(|item| DatabaseTables::new(self.id, &self.name, &item.database.name));
        tables
            .map(|tables| Effect::Open(Box::new(tables)))
            .into_iter()
            .collect()
    }

    fn foot(&self) -> String {
        let all = self.list.rows.all();
        let bytes: u64 = all.iter().map(|item| item.database.size_bytes).sum();
        format!(
            "{}, {} by the server's own figures",
            units::count(all.len(), "database"),
            units::size(bytes)
        )
    }
}

impl Layer for Browse {
    fn title(&self) -> String {
        format!("Databases of {}", self.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        SCOPES.to_vec()
    }

    fn takes_text(&self) -> bool {
        self.list.rows.typing
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Open if !self.list.rows.typing => Some(self.open()),
            command => self.list.command(command),
        }
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        self.list.key(key)
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        self.list.paste(text)
    }

    fn click(&mut self, at: Position, twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.list.click(at) && twice {
            return self.open();
        }
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        if let message::Reply::Adapters(Reply::Databases(id, found)) = reply
            && *id == self.id
        {
            let item = |(place, database)| Item { place, database };
            let found = found.clone();
            self.list
                .take(found.map(|all| all.into_iter().enumerate().map(item).collect()));
        }
        Vec::new()
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let asks = self.list.asks(cx.now);
        asks.then(|| ask(Ask::Databases(self.id))).into_iter().collect()
    }

    fn waits_in(&self) -> Option<Lane> {
        let asked = message::Ask::Adapters(Ask::Databases(self.id));
        self.list.is_waiting().then(|| asked.lane()).flatten()
    }

    fn hints(&self) -> Vec<Command> {
        self.list.hints(true)
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::Open if self.list.rows.typing => Some("apply"),
            Command::Open => Some("tables"),
            _ => None,
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let look = Look {
            title: self.title(),
            width: 70,
            source: &self.name,
            columns: &COLUMNS,
            sorted_by: &[0, 1, 2],
            none: "no databases, or none that its user may see",
            filtered: "in the name".to_owned(),
            foot: self.foot(),
            notes: &[],
        };
        self.list.view(ui, frame, area, &look, |item| {
            let database = &item.database;
            let tables = database.tables.map(|tables| tables.to_string());
            Row::new([
                (Role::Text, database.name.clone()),
                (Role::Text, units::size(database.size_bytes)),
                (Role::Muted, tables.unwrap_or_default()),
            ])
        });
    }
}
