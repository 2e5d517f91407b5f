//! Which row of a list is selected, and which rows are on the screen.

use std::cell::Cell;

use ratatui::layout::{Position, Rect};

use crate::console::command::Command;

/// A selected row. The height is learned when the list is drawn; moves by pages need it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    at: usize,
    offset: Cell<usize>,
    height: Cell<usize>,
}

impl Selection {
    /// The selected row.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Selects a row.
    pub fn select(&mut self, row: usize) {
        self.at = row;
    }

    /// Shifts the selection and what is shown with it, for rows that came or went in front.
    pub fn shift(&mut self, rows: isize) {
        self.at = self.at.saturating_add_signed(rows);
        self.offset.set(self.offset.get().saturating_add_signed(rows));
    }

    /// Shows the same part of the list as another selection does, for what is drawn from a copy.
    pub fn take_offset(&self, other: &Self) {
        self.offset.set(other.offset.get());
        self.height.set(other.height.get());
    }

    /// The row shown at `line` of the list, counted from its top.
    pub fn row_at(&self, line: u16) -> usize {
        self.offset.get() + usize::from(line)
    }

    /// The row at a position on the screen, of a list of `len` rows with a heading that was drawn in `area`.
    pub fn clicked(&self, area: Rect, at: Position, len: usize) -> Option<usize> {
        if !area.contains(at) || at.y == area.y {
            return None;
        }
        Some(self.row_at(at.y - area.y - 1)).filter(|row| *row < len)
    }

    /// Moves, in a list of `len` rows. `false` when the command is no move.
    pub fn command(&mut self, command: Command, len: usize) -> bool {
        let page = self.height.get().max(1);
        let last = len.saturating_sub(1);
        self.at = match command {
            Command::Down => self.at + 1,
            Command::Up => self.at.saturating_sub(1),
            Command::Top => 0,
            Command::Bottom => last,
            Command::HalfDown => self.at + page.div_ceil(2),
            Command::HalfUp => self.at.saturating_sub(page.div_ceil(2)),
            Command::PageDown => self.at + page,
            Command::PageUp => self.at.saturating_sub(page),
            _ => return false,
        }
        .min(last);
        true
    }

    /// The rows to draw in `height` lines of a list of `len` rows, with the selected one among them.
    pub fn window(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        self.height.set(height);
        let at = self.at.min(len.saturating_sub(1));
        let mut offset = self.offset.get().min(len.saturating_sub(height));
        if at < offset {
            offset = at;
        } else if height > 0 && at >= offset + height {
            offset = at + 1 - height;
        }
        self.offset.set(offset);
        offset..len.min(offset + height)
    }

    /// The same for a list of which nothing else tells how long it is, and how many rows are below: where there are any, the last
    /// line is left to say so, unless it is the only one.
    pub fn window_told(&self, len: usize, height: usize) -> (std::ops::Range<usize>, usize) {
        let whole = self.window(len, height);
        if height <= 1 || whole.end >= len {
            return (whole, 0);
        }
        let rows = self.window(len, height - 1);
        let below = len - rows.end;
        (rows, below)
    }

    /// Keeps the selection inside a list that became shorter.
    pub fn clamp(&mut self, len: usize) {
        self.at = self.at.min(len.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::command::MOVES;

    proptest! {
        #[test]
        fn the_selected_row_is_always_on_the_screen(
            steps in prop::collection::vec((0..MOVES.len(), 0..50_usize, 1..40_usize), 1..60)
        ) {
            let mut selection = Selection::default();
            for (step, len, height) in steps {
                selection.command(MOVES[step], len);
                let window = selection.window(len, height);
                prop_assert!(window.len() <= height);
                prop_assert_eq!(window.len(), len.min(height));
                selection.clamp(len);
                prop_assert!(len == 0 || window.contains(&selection.at()));
            }
        }
    }
}
