//! A list that is here as a whole: what is shown of it, in which order, what is selected and what is marked.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::field::Field;
use super::selection::Selection;
use crate::console::command::Command;
use crate::console::key::Key;

/// A thing in such a list.
pub trait Entry {
    /// What it stays the same by when the list is read anew.
    type Id: Copy + Ord;
    /// What has to be known besides to put them in order.
    type Known: Default;
    /// How many columns they can be sorted by.
    const SORTS: usize;

    /// Which one it is.
    fn id(&self) -> Self::Id;

    /// What it is called.
    fn name(&self) -> &str;

    /// Whether it has this text, in lower case, where a filter looks.
    fn has(&self, wanted: &str) -> bool;

    /// Which comes first by a column, downwards or not. Equal ones are put in the order of their names.
    fn compare(&self, other: &Self, known: &Self::Known, by: (usize, bool)) -> Ordering;
}

/// What is not known comes last in both directions.
pub fn known_first<T: Ord>(a: Option<T>, b: Option<T>, order: impl Fn(Ordering) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a.cmp(&b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// The list.
#[derive(Debug)]
pub struct Rows<T: Entry> {
    all: Vec<T>,
    /// What is known besides.
    known: T::Known,
    /// Places among all, of those that are shown, in the order they are shown in.
    shown: Vec<usize>,
    /// Which of the shown ones is selected.
    pub selection: Selection,
    /// The same by id, so that a list that is read or sorted anew keeps it.
    selected: Option<T::Id>,
    /// The column it is sorted by, and whether downwards.
    pub sort: (usize, bool),
    /// What the shown ones contain.
    pub filter: Field,
    /// Whether the filter is being typed.
    pub typing: bool,
    marks: BTreeSet<T::Id>,
}

impl<T: Entry> Default for Rows<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            known: T::Known::default(),
            shown: Vec::new(),
            selection: Selection::default(),
            selected: None,
            sort: (0, false),
            filter: Field::default(),
            typing: false,
            marks: BTreeSet::new(),
        }
    }
}

impl<T: Entry> Rows<T> {
    /// Takes them as they are now.
    pub fn take(&mut self, all: Vec<T>) {
        self.all = all;
        self.arrange();
    }

    /// Takes what is known besides.
    pub fn take_known(&mut self, known: T::Known) {
        self.known = known;
        self.arrange();
    }

    /// All there are, as they came.
    pub fn all(&self) -> &[T] {
        &self.all
    }

    /// What is known besides.
    pub fn known(&self) -> &T::Known {
        &self.known
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The one in a row.
    pub fn get(&self, row: usize) -> Option<&T> {
        self.shown.get(row).and_then(|at| self.all.get(*at))
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&T> {
        self.get(self.selection.at())
    }

    /// Those a command is about: the marked ones, or else the selected one.
    pub fn chosen(&self) -> Vec<&T> {
        if self.marks.is_empty() {
            self.selected().into_iter().collect()
        } else {
            self.all.iter().filter(|one| self.is_marked(one.id())).collect()
        }
    }

    /// Whether it is marked.
    pub fn is_marked(&self, id: T::Id) -> bool {
        self.marks.contains(&id)
    }

    /// How many are marked.
    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// Selects the one of that name, and shows it whatever the filter says. `false` when there is none.
    pub fn select(&mut self, name: &str) -> bool {
        let Some(one) = self.all.iter().find(|one| one.name() == name) else {
            return false;
        };
        self.selected = Some(one.id());
        if !one.has(&self.wanted()) {
            self.filter.set("");
        }
        self.typing = false;
        self.arrange();
        true
    }

    /// Selects the row.
    pub fn select_row(&mut self, row: usize) {
        self.selection.select(row.min(self.len().saturating_sub(1)));
        self.remember();
    }

    /// Carries out what concerns the list alone. `false` when the command is nothing of the kind.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Filter => self.typing = true,
            Command::Sort => {
                self.sort = match self.sort {
                    (column, false) => (column, true),
                    (column, true) => ((column + 1) % T::SORTS, false),
                };
                self.arrange();
            }
            Command::Mark => {
                if let Some(id) = self.selected().map(T::id)
                    && !self.marks.remove(&id)
                {
                    self.marks.insert(id);
                }
                self.selection.command(Command::Down, self.len());
                self.remember();
            }
            Command::MarkAll => {
                let shown = self.shown_ids();
                if shown.is_subset(&self.marks) {
                    self.marks.clear();
                } else {
                    self.marks.extend(shown);
                }
            }
            command => {
                let moved = self.selection.command(command, self.len());
                self.remember();
                return moved;
            }
        }
        true
    }

    /// Whether a filter is typed or holds.
    pub fn is_filtered(&self) -> bool {
        self.typing || !self.filter.text().is_empty()
    }

    /// Whether there is a step to go back by.
    pub fn is_narrowed(&self) -> bool {
        self.is_filtered() || !self.marks.is_empty()
    }

    /// Goes back by a step: out of the filter, then out of the marks. `false` when there is nothing to go back from.
    pub fn back(&mut self) -> bool {
        if self.is_filtered() {
            self.typing = false;
            self.filter.set("");
            self.arrange();
            return true;
        }
        let marked = !self.marks.is_empty();
        self.marks.clear();
        marked
    }

    /// Types into the filter.
    pub fn key(&mut self, key: Key) {
        if self.typing && self.filter.key(key) {
            self.arrange();
        }
    }

    /// Pastes into the filter. `false` when the text is not taken.
    pub fn paste(&mut self, text: &str) -> bool {
        let taken = self.typing && self.filter.paste(text);
        self.arrange();
        taken
    }

    /// Takes the filter as it stands, and what is selected with it.
    pub fn stop_typing(&mut self) {
        self.typing = false;
        self.remember();
    }

    fn wanted(&self) -> String {
        self.filter.text().trim().to_lowercase()
    }

    fn shown_ids(&self) -> BTreeSet<T::Id> {
        let shown = (0..self.len()).filter_map(|row| self.get(row));
        shown.map(T::id).collect()
    }

    fn remember(&mut self) {
        self.selected = self.selected().map(T::id);
    }

    /// Filters and sorts anew, and keeps what is selected where it still is there.
    fn arrange(&mut self) {
        let wanted = self.wanted();
        let all = self.all.iter().enumerate();
        let mut shown: Vec<(usize, &T)> = all.filter(|(_, one)| one.has(&wanted)).collect();
        shown.sort_by(|(_, a), (_, b)| {
            a.compare(b, &self.known, self.sort)
                .then_with(|| a.name().cmp(b.name()))
        });
        self.shown = shown.into_iter().map(|(at, _)| at).collect();
        // What is not to be seen is not to be acted on.
        let seen = self.shown_ids();
        self.marks.retain(|id| seen.contains(id));
        let kept = (0..self.len()).find(|row| self.get(*row).map(T::id) == self.selected);
        match kept.filter(|_| self.selected.is_some()) {
            Some(row) => self.selection.select(row),
            None => self.selection.clamp(self.shown.len()),
        }
        // While a filter is typed, what was selected comes back when it is shown again.
        if !self.typing {
            self.remember();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entry for &'static str {
        type Id = Self;
        type Known = ();
        const SORTS: usize = 2;

        fn id(&self) -> Self {
            self
        }

        fn name(&self) -> &str {
            self
        }

        fn has(&self, wanted: &str) -> bool {
            self.contains(wanted)
        }

        fn compare(&self, other: &Self, (): &(), (column, downwards): (usize, bool)) -> Ordering {
            let by = if column == 0 {
                self.cmp(other)
            } else {
                self.len().cmp(&other.len())
            };
            if downwards { by.reverse() } else { by }
        }
    }

    fn shop() -> Rows<&'static str> {
        let mut rows = Rows::default();
        rows.take(vec!["weekly", "nightly", "logs", "shop"]);
        rows
    }

    fn shown(rows: &Rows<&'static str>) -> Vec<&'static str> {
        (0..rows.len()).filter_map(|row| rows.get(row).copied()).collect()
    }

    #[test]
    fn equal_ones_are_in_the_order_of_their_names() {
        let mut rows = shop();
        assert_eq!(shown(&rows), ["logs", "nightly", "shop", "weekly"]);
        rows.command(Command::Sort);
        rows.command(Command::Sort);
        assert_eq!(shown(&rows), ["logs", "shop", "weekly", "nightly"]);
    }

    #[test]
    fn what_a_filter_hides_is_neither_marked_nor_lost() {
        let mut rows = shop();
        assert!(rows.select("nightly"));
        rows.command(Command::MarkAll);
        rows.command(Command::Filter);
        assert!(rows.paste("shop"));
        assert_eq!((rows.chosen(), rows.marked()), (vec![&"shop"], 1));
        assert!(rows.back() && rows.back() && !rows.back());
        assert_eq!(rows.selected(), Some(&"nightly"));
    }

    #[test]
    fn what_is_selected_under_a_filter_stays_selected_only_when_it_is_taken() {
        let mut rows = shop();
        rows.command(Command::Filter);
        rows.paste("shop");
        assert!(rows.back());
        assert_eq!(rows.selected(), Some(&"logs"));
        rows.command(Command::Filter);
        rows.paste("shop");
        rows.stop_typing();
        assert!(rows.back());
        assert_eq!(rows.selected(), Some(&"shop"));
    }

    #[test]
    fn what_is_asked_for_by_name_is_shown_whatever_the_filter_says() {
        let mut rows = shop();
        rows.command(Command::Filter);
        rows.paste("shop");
        assert!(!rows.select("gone"));
        assert!(rows.select("logs") && rows.len() == 4);
        assert_eq!(rows.selected(), Some(&"logs"));
    }

    #[test]
    fn all_are_marked_unless_they_are_already() {
        let mut rows = shop();
        rows.command(Command::Mark);
        rows.command(Command::MarkAll);
        assert_eq!(rows.marked(), 4);
        rows.command(Command::MarkAll);
        assert_eq!(rows.marked(), 0);
    }
}
