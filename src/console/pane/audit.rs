//! Who did what to which thing, as it was recorded: the rows with their filters, what a row says was changed, and whether the
//! chain of rows is whole.

mod diff;
mod filters;
mod view;
mod work;

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::filters::{Entity, Filters};
use self::work::ask;
pub use self::work::{Ask, Reply};
use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::prompt;
use crate::console::message::{Effect, Place, Thing, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::field::Field;
use crate::console::widget::paged::{Keyed, Paged};
use crate::console::widget::rest::Rest;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::split::WIDE;
use crate::domain::audit::AuditRow;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Error, units, words};
use crate::ops::audit::{TYPES, Verdict};

impl Keyed for AuditRow {
    type Key = i64;

    fn key(&self) -> i64 {
        self.seq
    }
}

/// What is known of the chain.
#[derive(Debug, Default)]
enum Chain {
    /// Nobody has asked.
    #[default]
    Unknown,
    /// It is being walked, since then.
    Walking(Timestamp),
    /// What came of it, then.
    Walked(Verdict, Timestamp),
    /// It could not be walked.
    Failed(Error),
}

/// The pane.
#[derive(Debug, Default)]
pub struct Audit {
    list: Paged<AuditRow>,
    filters: Filters,
    /// What the rows in the list were asked for.
    rows_of: Filters,
    /// The line in which names or parts of them are typed.
    typing: Option<Field>,
    /// Rows of another filter are to be asked for with the next refresh.
    anew: bool,
    failed: Option<Error>,
    chain: Chain,
    in_detail: bool,
    /// The row that is shown in full.
    shown: Rest<i64>,
    scroll: Scroll,
    list_area: Cell<Rect>,
}

impl Audit {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::Page(wanted, edge, rows) if wanted == self.filters.wanted() => self.take_page(edge, rows),
            Reply::Actors(Ok(actors)) => vec![self.filters.choose_actor(actors)],
            Reply::Actions(Ok(actions)) => vec![self.filters.choose_action(actions)],
            Reply::Actors(Err(error)) | Reply::Actions(Err(error)) => vec![Effect::Toast(Toast::from(&error))],
            Reply::Verified(verdict) => {
                self.chain = match verdict {
                    Ok(verdict) => Chain::Walked(verdict, cx.now),
                    Err(error) => Chain::Failed(error),
                };
                Vec::new()
            }
            Reply::Found(seq, place) if self.list.selected().map(|row| row.seq) == Some(seq) => match place {
                Ok(place) => vec![Effect::Go(place)],
                Err(error) => vec![Effect::Toast(Toast::from(&error))],
            },
            // To what is no longer asked.
            Reply::Page(..) | Reply::Found(..) => Vec::new(),
            Reply::Only(only) => {
                self.filters.set(only);
                self.restart()
            }
        }
    }

    fn take_page(&mut self, edge: Edge<i64>, rows: Result<Vec<AuditRow>, Error>) -> Vec<Effect> {
        match rows {
            Ok(rows) => {
                self.list.take(edge, rows);
                self.rows_of = self.filters.clone();
                self.failed = None;
            }
            Err(error) => {
                // Rows of another filter would be taken for those that were asked for.
                if self.rows_of != self.filters {
                    self.list.clear();
                }
                self.list.failed();
                self.failed = Some(error);
            }
        }
        if !self.shown.is_moving() {
            self.settle();
        }
        if self.list.is_due() {
            return self.refresh_list();
        }
        Vec::new()
    }

    /// The selection rests: its row is shown in full, from its beginning when it is another one.
    fn settle(&mut self) {
        let selected = self.list.selected().map(|row| row.seq);
        if self.shown.settle(selected) {
            self.scroll.to_top();
        }
        if selected.is_none() {
            self.in_detail = false;
        }
    }

    /// The row that is shown in full; one that is no longer in the list makes way for the selected one.
    fn shown(&self) -> Option<&AuditRow> {
        let of = self.shown.of();
        let shown = self.list.rows().iter().find(|row| Some(row.seq) == of);
        shown.or_else(|| self.list.selected())
    }

    fn page(&self, edge: Edge<i64>) -> Effect {
        ask(Ask::Page(self.filters.wanted(), edge))
    }

    fn refresh_list(&mut self) -> Vec<Effect> {
        if std::mem::take(&mut self.anew) {
            return self.restart();
        }
        let edge = self.list.refresh();
        edge.map(|edge| self.page(edge)).into_iter().collect()
    }

    /// Shows other rows. What is there stays until they come.
    fn restart(&mut self) -> Vec<Effect> {
        let edge = self.list.restart();
        vec![self.page(edge)]
    }

    fn back(&mut self) -> Option<Vec<Effect>> {
        if self.typing.take().is_some() {
            return Some(Vec::new());
        }
        if self.in_detail {
            self.in_detail = false;
            return Some(Vec::new());
        }
        if self.filters.is_any() {
            self.filters = Filters::default();
            return Some(self.restart());
        }
        None
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(field) = self.typing.take() {
            self.filters.type_in(field.text());
            return self.restart();
        }
        self.settle();
        let Some(row) = self.list.selected() else {
            return Vec::new();
        };
        // Where there is no room for it, what was changed comes first.
        if cx.size.0 < WIDE && !self.in_detail {
            self.in_detail = true;
            return Vec::new();
        }
        if !has_place(&row.entity_type) {
            return vec![Effect::Toast(Toast::note("there is no place that shows it"))];
        }
        vec![ask(Ask::Find(Box::new(row.clone())))]
    }

    fn verify(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if matches!(self.chain, Chain::Walking(_)) {
            return Vec::new();
        }
        self.chain = Chain::Walking(cx.now);
        vec![ask(Ask::Verify)]
    }

    fn moves(&mut self, command: Command) -> Option<Vec<Effect>> {
        if self.in_detail {
            return match command {
                Command::Filter | Command::Sort | Command::Mark | Command::MarkAll => Some(Vec::new()),
                command => self.scroll.command(command).then(Vec::new),
            };
        }
        match command {
            Command::Filter => {
                self.typing = Some(Field::default());
                Some(Vec::new())
            }
            Command::Sort => Some(vec![Effect::Toast(Toast::note(
                "the record is in the order of time, the newest first",
            ))]),
            Command::Mark | Command::MarkAll => Some(vec![Effect::Toast(Toast::note(
                "nothing can be done with the record, so nothing is marked",
            ))]),
            command => {
                let asked = self.list.command(command)?;
                self.shown.moved();
                Some(asked.map(|edge| self.page(edge)).into_iter().collect())
            }
        }
    }
}

/// Whether things of that type are shown somewhere: only the record itself is not.
fn has_place(entity_type: &str) -> bool {
    TYPES.contains(&entity_type) && entity_type != "audit"
}

impl Pane for Audit {
    fn scopes(&self) -> Vec<Scope> {
        if self.typing.is_some() {
            vec![Scope::List]
        } else {
            vec![Scope::Audit, Scope::List]
        }
    }

    fn takes_text(&self) -> bool {
        self.typing.is_some()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        Some(match command {
            Command::Back => return self.back(),
            Command::Open => self.open(cx),
            Command::NextFocus | Command::PreviousFocus => {
                self.settle();
                self.in_detail = !self.in_detail && cx.size.0 >= WIDE && self.list.selected().is_some();
                Vec::new()
            }
            Command::FilterActor => vec![Filters::ask_actors()],
            Command::FilterAction => vec![Filters::ask_actions()],
            Command::FilterTime => vec![Filters::ask_period()],
            Command::Export => vec![prompt::file(
                "Write the whole record to",
                "A row a line, as JSON, whatever is shown; only you may read the file. That it was written is recorded. A file \
                 that exists stays.",
                "audit.jsonl",
                |name| ask(Ask::Export(name)),
            )],
            Command::VerifyChain => self.verify(cx),
            command => return self.moves(command),
        })
    }

    fn lacks(&self, command: Command) -> bool {
        matches!(command, Command::Sort | Command::Mark | Command::MarkAll)
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(field) = &mut self.typing {
            field.key(key);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        let taken = self.typing.as_mut().is_some_and(|field| field.paste(text));
        if taken { Vec::new() } else { vec![Effect::Bell] }
    }

    fn click(&mut self, at: Position, twice: bool, cx: &Cx<'_>) -> Vec<Effect> {
        let area = self.list_area.get();
        // The first line is the heading.
        if !area.contains(at) || at.y == area.y {
            return Vec::new();
        }
        let row = self.list.selection.row_at(at.y - area.y - 1);
        if row >= self.list.rows().len() {
            return Vec::new();
        }
        self.list.selection.select(row);
        self.settle();
        self.in_detail = false;
        if twice { self.open(cx) } else { Vec::new() }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.refresh_list()
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.shown.is_moving() {
            self.settle();
        }
        Vec::new()
    }

    fn go(&mut self, place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        let Place::History(thing) = place else {
            return Vec::new();
        };
        let key = if thing.id.is_empty() { &thing.name } else { &thing.id };
        self.typing = None;
        self.in_detail = false;
        self.filters = Filters {
            entity: Some(Entity {
                key: key.clone(),
                shown: format!("{} {}", thing.kind, thing.name),
            }),
            ..Filters::default()
        };
        // The pane is refreshed once this place is shown: that asks for it.
        self.anew = true;
        Vec::new()
    }

    fn to_list(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.in_detail = false;
        Vec::new()
    }

    fn thing(&self) -> Option<Thing> {
        let row = self.list.selected()?;
        let kind = TYPES.into_iter().find(|name| *name == row.entity_type);
        let name = words::join(std::slice::from_ref(&row.entity_name));
        Some(Thing {
            kind: kind.unwrap_or("thing"),
            id: row.entity_id.clone(),
            name: row.entity_name.clone(),
            copies: vec![
                ("hash", row.hash.clone()),
                (
                    "command that lists what was done to it",
                    format!("backstay audit list --on {name}"),
                ),
            ],
        })
    }

    fn hints(&self) -> Vec<Command> {
        if self.typing.is_some() {
            return vec![Command::Open, Command::Back];
        }
        let narrow = [
            Command::FilterActor,
            Command::FilterAction,
            Command::FilterTime,
            Command::Filter,
            Command::VerifyChain,
        ];
        match self.shown() {
            // What is narrowed to nothing may be narrowed to something else.
            None if self.filters.is_any() => narrow.to_vec(),
            None => Vec::new(),
            Some(row) if self.in_detail => {
                let place = has_place(&row.entity_type).then_some(Command::Open);
                place.into_iter().chain([Command::Copy, Command::History]).collect()
            }
            Some(_) => [&[Command::Open], narrow.as_slice()].concat(),
        }
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::Open if self.in_detail => Some("show it"),
            Command::History => Some("its history"),
            _ => None,
        }
    }

    fn is_within(&self) -> bool {
        self.typing.is_some() || self.in_detail || self.filters.is_any()
    }

    fn position(&self) -> String {
        let len = self.list.rows().len();
        let rows = units::count(len, "row");
        match len {
            0 => String::new(),
            _ if self.list.is_whole() => format!("{}/{rows}", self.list.selection.at() + 1),
            _ => format!("more than {rows}"),
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
