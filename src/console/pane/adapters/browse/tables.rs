//! What is in a database of a source: its tables with their sizes, the largest first.

use std::cmp::Ordering;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::listing::{Listing, Look, SCOPES};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::Layer;
use crate::console::message::{self, Effect, Lane};
use crate::console::model::Cx;
use crate::console::pane::adapters::work::{Ask, Reply, ask};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::rows::{Entry, known_first};
use crate::console::widget::table::{Column, Row};
use crate::domain::adapter::{Table, Tables};
use crate::domain::id::AdapterId;
use crate::domain::units;

const COLUMNS: [Column; 3] = [
    Column::new("TABLE", 20, 1, 0),
    Column::new("SIZE", 10, 0, 0).right(),
    Column::new("EST. ROWS", 11, 0, 1).right(),
];

/// The columns that they can be sorted by, the usual one first.
const SORTED_BY: [usize; 3] = [1, 0, 2];

/// By size, the largest first.
const LARGEST_FIRST: (usize, bool) = (0, true);

/// By name, for want of sizes.
const BY_NAME: (usize, bool) = (1, false);

/// A table in the list.
struct Item {
    /// Its place in the answer.
    place: usize,
    /// With its schema.
    path: String,
    table: Table,
}

impl Entry for Item {
    type Id = usize;
    type Known = ();
    const SORTS: usize = SORTED_BY.len();

    fn id(&self) -> usize {
        self.place
    }

    fn name(&self) -> &str {
        &self.path
    }

    fn has(&self, wanted: &str) -> bool {
        self.path.to_lowercase().contains(wanted)
    }

    fn compare(&self, other: &Self, (): &(), (sort, down): (usize, bool)) -> Ordering {
        let order = |by: Ordering| if down { by.reverse() } else { by };
        let (a, b) = (&self.table, &other.table);
        match SORTED_BY.get(sort) {
            Some(0) => order(self.path.cmp(&other.path)),
            Some(2) => known_first(a.estimated_rows, b.estimated_rows, order),
            _ => known_first(a.size_bytes, b.size_bytes, order),
        }
    }
}

/// The tables of a database.
pub struct DatabaseTables {
    id: AdapterId,
    source: String,
    database: String,
    list: Listing<Item>,
    /// The answer but for what is in the list.
    rest: Tables,
}

impl DatabaseTables {
    /// Of this database of that source.
    pub fn new(id: AdapterId, source: &str, database: &str) -> Self {
        Self {
            id,
            source: source.to_owned(),
            database: database.to_owned(),
            list: Listing::new(LARGEST_FIRST),
            rest: Tables::default(),
        }
    }

    /// Which of them are listed, when those are not all.
    fn part(&self) -> Option<String> {
        let listed = self.list.rows.all().len();
        let part = match self.rest.size_bytes {
            Some(_) => format!("the {listed} largest"),
            None => format!("the first {listed}"),
        };
        (self.rest.count > listed as u64).then_some(part)
    }

    fn foot(&self) -> String {
        let tables = units::count(self.rest.count, "table");
        let what = match self.part() {
            Some(part) => format!("{part} of {tables}"),
            None => tables,
        };
        match self.rest.size_bytes {
            Some(bytes) => format!("{what}, {} in all with their indexes", units::size(bytes)),
            None => what,
        }
    }
}

impl Layer for DatabaseTables {
    fn title(&self) -> String {
        format!("Tables of {} on {}", self.database, self.source)
    }

    fn scopes(&self) -> Vec<Scope> {
        SCOPES.to_vec()
    }

    fn takes_text(&self) -> bool {
        self.list.rows.typing
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        self.list.command(command)
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        self.list.key(key)
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        self.list.paste(text)
    }

    fn click(&mut self, at: Position, _twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        self.list.click(at);
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        let message::Reply::Adapters(Reply::Tables(id, database, found)) = reply else {
            return Vec::new();
        };
        if *id == self.id && *database == self.database {
            let found = found.clone().map(|mut found| {
                let tables = std::mem::take(&mut found.tables);
                self.rest = found;
                if self.rest.size_bytes.is_none() {
                    self.list.rows.sort = BY_NAME;
                }
                let tables = tables.into_iter().enumerate();
                let items = tables.map(|(place, table)| Item {
                    place,
                    path: table.path(),
                    table,
                });
                items.collect()
            });
            self.list.take(found);
        }
        Vec::new()
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let asks = self.list.asks(cx.now);
        let question = asks.then(|| ask(Ask::Tables(self.id, self.database.clone())));
        question.into_iter().collect()
    }

    fn waits_in(&self) -> Option<Lane> {
        let asked = message::Ask::Adapters(Ask::Tables(self.id, self.database.clone()));
        self.list.is_waiting().then(|| asked.lane()).flatten()
    }

    fn hints(&self) -> Vec<Command> {
        self.list.hints(false)
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        (command == Command::Open).then_some("apply")
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let filtered = match self.part() {
            Some(part) => format!("in the name, among {part}"),
            None => "in the name".to_owned(),
        };
        let look = Look {
            title: self.title(),
            width: 90,
            source: &self.source,
            columns: &COLUMNS,
            sorted_by: &SORTED_BY,
            none: "no tables",
            filtered,
            foot: self.foot(),
            notes: &self.rest.notes,
        };
        let figure = |figure: Option<String>| match figure {
            Some(figure) => (Role::Text, figure),
            None => (Role::Muted, ui.glyphs.dot.to_owned()),
        };
        self.list.view(ui, frame, area, &look, |item| {
            let table = &item.table;
            Row::new([
                (Role::Text, item.path.clone()),
                figure(table.size_bytes.map(units::size)),
                figure(table.estimated_rows.map(|rows| rows.to_string())),
            ])
        });
    }
}
