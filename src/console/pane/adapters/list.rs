//! The rows of the list: which adapters are shown, in which order, which are marked. Sources come before destinations, whatever
//! they are sorted by.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::console::command::Command;
use crate::console::key::Key;
use crate::console::widget::field::Field;
use crate::console::widget::selection::Selection;
use crate::domain::adapter::{Adapter, AdapterType, Health};
use crate::domain::id::AdapterId;
use crate::ops::adapters::Listed;

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Name,
    Health,
    Driver,
    Latency,
    Checked,
    Jobs,
}

impl Order {
    const ALL: [Self; 6] = [
        Self::Name,
        Self::Health,
        Self::Driver,
        Self::Latency,
        Self::Checked,
        Self::Jobs,
    ];
}

/// The rows of the list.
#[derive(Debug, Default)]
pub struct Rows {
    all: Vec<Listed>,
    /// Which of them are shown, in order.
    shown: Vec<usize>,
    /// The selected one of those.
    pub selection: Selection,
    /// What they are sorted by, and whether downwards.
    pub order: (Order, bool),
    /// What is searched for.
    pub filter: Field,
    /// Whether it is being typed.
    pub typing: bool,
    marked: BTreeSet<AdapterId>,
}

impl Rows {
    /// Takes in what was read. The selected adapter stays selected.
    pub fn take(&mut self, all: Vec<Listed>) {
        let selected = self.selected().map(|row| row.adapter.id);
        self.all = all;
        self.arrange(selected);
    }

    /// All there are, by name.
    pub fn all(&self) -> &[Listed] {
        &self.all
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// The one in a row.
    pub fn get(&self, row: usize) -> Option<&Listed> {
        self.shown.get(row).and_then(|index| self.all.get(*index))
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&Listed> {
        self.get(self.selection.at())
    }

    /// Whether it is marked.
    pub fn is_marked(&self, id: AdapterId) -> bool {
        self.marked.contains(&id)
    }

    /// How many are marked.
    pub fn marks(&self) -> usize {
        self.marked.len()
    }

    /// Those a command is about: the marked ones, else the selected one.
    pub fn meant(&self) -> Vec<&Listed> {
        if self.marked.is_empty() {
            return self.selected().into_iter().collect();
        }
        self.all.iter().filter(|row| self.is_marked(row.adapter.id)).collect()
    }

    /// Selects the one of that name; a filter that hides it goes. `false` when there is none.
    pub fn select(&mut self, name: &str) -> bool {
        let Some(id) = self
            .all
            .iter()
            .find(|row| row.adapter.name == name)
            .map(|row| row.adapter.id)
        else {
            return false;
        };
        if !self.shown_ids().any(|shown| shown == id) {
            self.filter.set("");
        }
        self.arrange(Some(id));
        true
    }

    fn shown_ids(&self) -> impl Iterator<Item = AdapterId> {
        self.shown
            .iter()
            .filter_map(|index| self.all.get(*index))
            .map(|row| row.adapter.id)
    }

    /// Whether there is something that `back` clears.
    pub fn is_narrowed(&self) -> bool {
        self.typing || !self.filter.text().is_empty() || !self.marked.is_empty()
    }

    /// Clears what Esc clears: the line that is typed, the marks, the filter. `false` when there is nothing.
    pub fn back(&mut self) -> bool {
        if self.typing || !self.filter.text().is_empty() {
            self.typing = false;
            self.filter.set("");
            self.rearrange();
        } else if !self.marked.is_empty() {
            self.marked.clear();
        } else {
            return false;
        }
        true
    }

    /// Carries out what concerns the list alone. `false` when it means nothing to it.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Filter => self.typing = true,
            Command::Sort => self.sort(),
            Command::Mark => {
                if let Some(id) = self.selected().map(|row| row.adapter.id)
                    && !self.marked.remove(&id)
                {
                    self.marked.insert(id);
                }
                self.selection.command(Command::Down, self.len());
            }
            Command::MarkAll if self.marked.is_empty() => self.marked = self.shown_ids().collect(),
            Command::MarkAll => self.marked.clear(),
            command => return self.selection.command(command, self.len()),
        }
        true
    }

    /// Takes a key of the filter line.
    pub fn key(&mut self, key: Key) {
        if self.typing && self.filter.key(key) {
            self.rearrange();
        }
    }

    /// Takes pasted text into the filter line. `false` when it is not taken.
    pub fn paste(&mut self, text: &str) -> bool {
        let taken = self.typing && self.filter.paste(text);
        self.rearrange();
        taken
    }

    fn sort(&mut self) {
        let (order, down) = self.order;
        self.order = if down {
            let at = Order::ALL.iter().position(|other| *other == order).unwrap_or(0);
            let next = Order::ALL.get((at + 1) % Order::ALL.len()).copied();
            (next.unwrap_or_default(), false)
        } else {
            (order, true)
        };
        self.rearrange();
    }

    fn rearrange(&mut self) {
        let selected = self.selected().map(|row| row.adapter.id);
        self.arrange(selected);
    }

    fn arrange(&mut self, selected: Option<AdapterId>) {
        let wanted = self.filter.text().trim().to_lowercase();
        let mut shown: Vec<(usize, &Listed)> = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, row)| is_wanted(row, &wanted))
            .collect();
        let (order, down) = self.order;
        shown.sort_by(|(_, a), (_, b)| {
            let by = match order {
                Order::Name => a.adapter.name.cmp(&b.adapter.name),
                Order::Health => urgency(a).cmp(&urgency(b)),
                Order::Driver => a.adapter.driver.cmp(&b.adapter.driver),
                Order::Latency => latency(&a.adapter).cmp(&latency(&b.adapter)),
                Order::Checked => Reverse(a.adapter.last_health_check).cmp(&Reverse(b.adapter.last_health_check)),
                Order::Jobs => Reverse(a.jobs.len()).cmp(&Reverse(b.jobs.len())),
            };
            let by = if down { by.reverse() } else { by };
            group(a).cmp(&group(b)).then(by)
        });
        self.shown = shown.into_iter().map(|(index, _)| index).collect();
        // What is not to be seen is not to be acted on.
        let seen: BTreeSet<AdapterId> = self.shown_ids().collect();
        self.marked.retain(|id| seen.contains(id));
        match selected.and_then(|id| self.shown_ids().position(|shown| shown == id)) {
            Some(row) => self.selection.select(row),
            None => self.selection.clamp(self.shown.len()),
        }
    }
}

fn is_wanted(row: &Listed, wanted: &str) -> bool {
    let adapter = &row.adapter;
    let (kind, health) = (adapter.kind.to_string(), adapter.last_status.to_string());
    [&adapter.name, &adapter.driver, &adapter.summary, &kind, &health]
        .into_iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

const fn group(row: &Listed) -> u8 {
    match row.adapter.kind {
        AdapterType::Source => 0,
        AdapterType::Destination => 1,
        AdapterType::Channel => 2,
    }
}

const fn urgency(row: &Listed) -> u8 {
    match row.adapter.last_status {
        Health::Offline => 0,
        Health::Degraded => 1,
        Health::Unknown => 2,
        Health::Online => 3,
    }
}

/// So many milliseconds in words; nothing answers in none.
pub fn span(ms: u64) -> String {
    match ms {
        0 => "<1 ms".to_owned(),
        ms => format!("{ms} ms"),
    }
}

/// What the last check that was answered took, in milliseconds.
pub fn latency(adapter: &Adapter) -> Option<u64> {
    adapter.metadata.get("latency_ms")?.as_u64()
}
