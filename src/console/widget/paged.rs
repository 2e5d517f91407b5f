//! A list that is longer than memory should hold: a slice of it is loaded, and more is asked for before its end is reached.
//! Keys are those of keyset paging, rows are newest first.

use super::selection::Selection;
use crate::console::command::Command;
use crate::domain::paging::Edge;

/// Rows asked for at once.
pub const SLICE: u32 = 200;

/// Rows that are kept; beyond that the far end is let go.
const KEPT: usize = 600;

/// The selection comes this near to an end before more is asked for.
const AHEAD: usize = 60;

/// A row with the key it is paged by.
pub trait Keyed {
    /// The key.
    type Key: Copy + PartialEq;
    /// This row's.
    fn key(&self) -> Self::Key;
}

/// A loaded slice of a long list.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the slice")]
#[derive(Clone, Debug)]
pub struct Paged<T: Keyed> {
    rows: Vec<T>,
    /// Which row is selected.
    pub selection: Selection,
    /// The slice begins with the newest row.
    newest: bool,
    /// The slice ends with the oldest row.
    oldest: bool,
    waiting: Option<Edge<T::Key>>,
    /// Something changed while rows were on their way.
    again: bool,
    /// The first row is what the operator asked to see.
    to_top: bool,
    /// Something was loaded at least once.
    loaded: bool,
}

impl<T: Keyed> Default for Paged<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            selection: Selection::default(),
            newest: true,
            oldest: true,
            waiting: None,
            again: false,
            to_top: false,
            loaded: false,
        }
    }
}

impl<T: Keyed> Paged<T> {
    /// The loaded rows.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.selection.at())
    }

    /// Whether anything was loaded yet.
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether all there is is loaded.
    pub const fn is_whole(&self) -> bool {
        self.newest && self.oldest
    }

    /// What to ask for in order to show the same rows as they are now. Counts as asked. Nothing while others are on their way,
    /// which would be dropped: see [`Paged::is_due`].
    pub fn refresh(&mut self) -> Option<Edge<T::Key>> {
        if self.waiting.is_some() {
            self.again = true;
            return None;
        }
        let edge = match self.rows.first() {
            // Reading the newest slice again would lose where the operator is; what is new is what matters then.
            Some(first) if !self.to_top && (!self.newest || self.selection.at() + AHEAD >= SLICE as usize) => {
                Edge::After(first.key())
            }
            _ => Edge::Newest,
        };
        self.waiting = Some(edge);
        Some(edge)
    }

    /// Whether a refresh was put off that can be made now. Tells it once.
    pub fn is_due(&mut self) -> bool {
        self.waiting.is_none() && std::mem::take(&mut self.again)
    }

    /// Forgets everything, for another filter.
    pub fn clear(&mut self) -> Edge<T::Key> {
        *self = Self::default();
        self.waiting = Some(Edge::Newest);
        Edge::Newest
    }

    /// Begins anew with another filter; what is there stays until the answer comes, so that nothing flashes.
    pub fn restart(&mut self) -> Edge<T::Key> {
        self.waiting = Some(Edge::Newest);
        self.again = false;
        self.to_top = true;
        Edge::Newest
    }

    /// Begins anew at a row, which is selected, with the slices of newer and older rows around it.
    pub fn begin_at(&mut self, newer: Vec<T>, row: T, older: Vec<T>) {
        *self = Self {
            newest: newer.len() < SLICE as usize,
            oldest: older.len() < SLICE as usize,
            loaded: true,
            ..Self::default()
        };
        self.selection.select(newer.len());
        self.rows = newer;
        self.rows.push(row);
        self.rows.extend(older);
    }

    /// Takes a row that was read again in place of the one of its key, if that is loaded.
    pub fn replace(&mut self, row: T) {
        let key = row.key();
        if let Some(old) = self.rows.iter_mut().find(|old| old.key() == key) {
            *old = row;
        }
    }

    /// Moves. `None` when the command is no move; else what has to be asked for, if anything.
    pub fn command(&mut self, command: Command) -> Option<Option<Edge<T::Key>>> {
        let edge = match command {
            Command::Top if !self.newest => Some(Edge::Newest),
            Command::Bottom if !self.oldest => Some(Edge::Oldest),
            _ => None,
        };
        if edge.is_some() {
            self.waiting = edge;
            self.to_top = edge == Some(Edge::Newest);
            return Some(edge);
        }
        self.selection.command(command, self.rows.len()).then(|| self.ahead())
    }

    /// What has to be asked for because the selection comes near to an end.
    fn ahead(&mut self) -> Option<Edge<T::Key>> {
        if self.waiting.is_some() {
            return None;
        }
        let at = self.selection.at();
        let edge = if !self.oldest && at + AHEAD >= self.rows.len() {
            self.rows.last().map(|row| Edge::Before(row.key()))
        } else if !self.newest && at < AHEAD {
            self.rows.first().map(|row| Edge::After(row.key()))
        } else {
            None
        };
        self.waiting = edge;
        edge
    }

    /// Takes in what was asked for at `edge`; fewer than [`SLICE`] rows mean that there is no more in that direction. An
    /// answer to a question that is no longer asked is dropped.
    pub fn take(&mut self, edge: Edge<T::Key>, rows: Vec<T>) {
        if self.waiting != Some(edge) {
            return;
        }
        self.waiting = None;
        self.loaded = true;
        let whole = rows.len() < SLICE as usize;
        match edge {
            Edge::Newest => {
                let was_first = std::mem::take(&mut self.to_top) || self.selection.at() == 0;
                let before = std::mem::replace(&mut self.rows, rows);
                (self.newest, self.oldest) = (true, whole);
                let at = self.selection.at().min(before.len());
                let (newer, older) = before.split_at_checked(at).unwrap_or_default();
                // Where the selected row is gone its neighbour takes its place, the older one first.
                let found = older.iter().chain(newer.iter().rev()).find_map(|old| {
                    let key = old.key();
                    self.rows.iter().position(|row| row.key() == key)
                });
                // Whoever stands at the top stays there when something new comes in.
                match found {
                    Some(row) if !was_first => self.selection.shift(signed(row) - signed(self.selection.at())),
                    _ => self.selection.select(0),
                }
            }
            Edge::Oldest => {
                self.rows = rows;
                (self.newest, self.oldest) = (whole, true);
                self.selection.select(self.rows.len().saturating_sub(1));
            }
            Edge::Before(_) => {
                self.rows.extend(rows);
                self.oldest = whole;
                let excess = self.rows.len().saturating_sub(KEPT);
                if excess > 0 {
                    self.rows.drain(..excess);
                    self.newest = false;
                    self.selection.shift(-signed(excess));
                }
            }
            Edge::After(_) => {
                let came = rows.len();
                self.rows.splice(0..0, rows);
                self.newest = whole;
                self.selection.shift(signed(came));
                if self.rows.len() > KEPT {
                    self.rows.truncate(KEPT.max(self.selection.at() + 1));
                    self.oldest = false;
                }
            }
        }
        self.selection.clamp(self.rows.len());
    }

    /// The question failed; it may be asked again.
    pub fn failed(&mut self) {
        self.waiting = None;
    }
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    struct Number(u32);

    impl Keyed for Number {
        type Key = u32;
        fn key(&self) -> u32 {
            self.0
        }
    }

    /// Answers as a database of the numbers below `len` would.
    fn answer(len: u32, edge: Edge<u32>) -> Vec<Number> {
        let (from, to) = match edge {
            Edge::Newest => (len.saturating_sub(SLICE), len),
            Edge::Oldest => (0, SLICE.min(len)),
            Edge::Before(key) => (key.saturating_sub(SLICE), key),
            Edge::After(key) => (key + 1, len.min(key + 1 + SLICE)),
        };
        (from..to).rev().map(Number).collect()
    }

    const MOVES: [Command; 8] = [
        Command::Down,
        Command::Up,
        Command::Top,
        Command::Bottom,
        Command::PageDown,
        Command::PageUp,
        Command::HalfDown,
        Command::HalfUp,
    ];

    proptest! {
        #[test]
        fn it_is_walked_as_if_all_of_it_were_loaded(
            len in 0..5_000_u32,
            steps in prop::collection::vec((0..MOVES.len(), 1..80_usize), 1..80)
        ) {
            let mut list = Paged::<Number>::default();
            let edge = list.clear();
            list.take(edge, answer(len, edge));
            let mut whole = Selection::default();
            for (step, times) in steps {
                for _ in 0..times {
                    whole.window(len as usize, 30);
                    list.selection.window(list.rows.len(), 30);
                    whole.command(MOVES[step], len as usize);
                    if let Some(Some(edge)) = list.command(MOVES[step]) {
                        list.take(edge, answer(len, edge));
                    }
                    prop_assert!(list.rows.len() <= KEPT);
                    if len > 0 {
                        prop_assert_eq!(list.selected().unwrap().0 as usize, len as usize - 1 - whole.at());
                    }
                }
            }
        }
    }

    #[test]
    fn a_list_that_begins_in_the_middle_goes_on_in_both_directions() {
        let mut list = Paged::<Number>::default();
        list.begin_at(
            answer(1_000, Edge::After(500)),
            Number(500),
            answer(1_000, Edge::Before(500)),
        );
        assert_eq!(list.selected().unwrap().0, 500);
        for (moves, last) in [(Command::Up, 999), (Command::Down, 0)] {
            for _ in 0..1_000 {
                if let Some(Some(edge)) = list.command(moves) {
                    list.take(edge, answer(1_000, edge));
                }
            }
            assert_eq!(list.selected().unwrap().0, last);
        }
    }

    #[test]
    fn another_filter_shows_the_old_rows_until_the_new_ones_come_and_then_their_first() {
        let mut list = Paged::<Number>::default();
        let edge = list.clear();
        list.take(edge, answer(100, edge));
        list.command(Command::Bottom);
        let edge = list.restart();
        assert_eq!(list.rows().len(), 100);
        // The rows that are there are those of the old filter: nothing is asked for next to them.
        assert_eq!(list.refresh(), None);
        list.take(edge, answer(40, edge));
        assert_eq!(list.selected().unwrap().0, 39);
        list.command(Command::Down);
        let edge = list.refresh().unwrap();
        list.take(edge, answer(40, edge));
        assert_eq!(list.selected().unwrap().0, 38, "only once");
    }

    #[test]
    fn a_change_does_not_drop_what_is_on_its_way_and_is_read_after_it() {
        let mut list = Paged::<Number>::default();
        let edge = list.clear();
        list.take(edge, answer(1_000, edge));
        assert_eq!(list.command(Command::Bottom), Some(Some(Edge::Oldest)));
        assert_eq!(list.refresh(), None);
        assert!(!list.is_due(), "not before they came");
        list.take(Edge::Oldest, answer(1_000, Edge::Oldest));
        assert_eq!(list.selected().unwrap().0, 0);
        assert!(list.is_due());
        assert!(!list.is_due(), "only once");
    }

    #[test]
    fn when_the_selected_row_is_gone_its_neighbour_is_selected() {
        let mut list = Paged::<Number>::default();
        let edge = list.clear();
        list.take(edge, answer(10, edge));
        for _ in 0..4 {
            list.command(Command::Down);
        }
        assert_eq!(list.selected().unwrap().0, 5);
        let mut without = |gone: &[u32]| {
            let edge = list.refresh().unwrap();
            let left = answer(10, edge).into_iter().filter(|row| !gone.contains(&row.0));
            list.take(edge, left.collect());
            list.selected().unwrap().0
        };
        assert_eq!(without(&[5]), 4);
        assert_eq!(without(&[5, 4, 3, 2, 1, 0]), 6);
    }

    #[test]
    fn an_answer_nobody_waits_for_changes_nothing() {
        let mut list = Paged::<Number>::default();
        let edge = list.clear();
        list.take(edge, answer(1_000, edge));
        list.take(Edge::Oldest, answer(1_000, Edge::Oldest));
        assert_eq!(list.rows().first().unwrap().0, 999);
    }
}
