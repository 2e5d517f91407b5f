//! The first step: which databases, and whether roles and tablespaces come with them.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::console::command::Command;
use crate::console::pane::backups::detail::counted;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::manifest::ObjectKind;
use crate::domain::units;
use crate::domain::{Error, Result};
use crate::ops::backups::{Shown, ShownObject};

/// The columns, for names of so many cells: what a database is called matters more than what was counted in it.
const fn columns(names: u16) -> [Column; 4] {
    [
        Column::new("", 3, 0, 0),
        Column::new("DATABASE", names, 2, 0),
        Column::new("SIZE", 9, 0, 1).right(),
        Column::new("COUNTED", 22, 1, 2),
    ]
}

struct Item {
    name: String,
    is_globals: bool,
    size: u64,
    counted: String,
    is_taken: bool,
}

/// What is inside, and what of it is taken.
pub struct Databases {
    items: Vec<Item>,
    selection: Selection,
}

impl Databases {
    /// All databases of a backup are taken; roles and tablespaces, which concern the whole server, are not.
    pub fn of(shown: &Shown) -> Result<Self> {
        if let Some(sealed) = &shown.sealed {
            return Err(failure::kept_as(sealed));
        }
        let mut items: Vec<Item> = shown.objects.iter().filter_map(item).collect();
        items.sort_by_key(|item| item.is_globals);
        if items.iter().all(|item| item.is_globals) {
            return Err(Error::failed("there is no database in it").next("restore from another backup"));
        }
        Ok(Self {
            items,
            selection: Selection::default(),
        })
    }

    /// The databases that are taken.
    pub fn taken(&self) -> Vec<String> {
        let taken = self.items.iter().filter(|item| item.is_taken && !item.is_globals);
        taken.map(|item| item.name.clone()).collect()
    }

    /// Whether roles and tablespaces are.
    pub fn globals(&self) -> bool {
        self.items.iter().any(|item| item.is_globals && item.is_taken)
    }

    /// Moves, takes or leaves out. `false` when it means nothing here.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Mark => {
                if let Some(item) = self.items.get_mut(self.selection.at()) {
                    item.is_taken = !item.is_taken;
                }
                true
            }
            Command::MarkAll => {
                let all = self
                    .items
                    .iter()
                    .filter(|item| !item.is_globals)
                    .all(|item| item.is_taken);
                for item in self.items.iter_mut().filter(|item| !item.is_globals) {
                    item.is_taken = !all;
                }
                true
            }
            _ => self.selection.command(command, self.items.len()),
        }
    }

    /// Draws it.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let databases = self.items.iter().filter(|item| !item.is_globals);
        let names = table::widest(databases.map(|item| item.name.as_str()), 16..=40);
        let list = Table {
            columns: &columns(names),
            len: self.items.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        table::draw_all_told(ui, frame, area, &list, |at| match self.items.get(at) {
            Some(item) => Row::new([
                (Role::Accent, if item.is_taken { "[x]" } else { "[ ]" }.to_owned()),
                (if item.is_taken { Role::Text } else { Role::Muted }, item.name.clone()),
                (Role::Text, units::size(item.size)),
                (Role::Muted, item.counted.clone()),
            ]),
            None => Row::default(),
        });
    }
}

fn item(object: &ShownObject) -> Option<Item> {
    let is_globals = object.kind == Some(ObjectKind::Globals);
    let name = if is_globals {
        "roles and tablespaces".to_owned()
    } else {
        object.database.clone()?
    };
    let told = object.stats.as_ref().filter(|stats| stats.tables > 0).map(|stats| {
        let (tables, rows) = (counted(stats.tables, "table"), counted(stats.rows, "row"));
        format!("{tables}, {rows}")
    });
    Some(Item {
        name,
        is_globals,
        size: object.logical_size.unwrap_or(object.stored_size),
        counted: match (is_globals, told) {
            (true, _) => "those not there yet".to_owned(),
            (false, told) => told.unwrap_or_default(),
        },
        is_taken: !is_globals,
    })
}
