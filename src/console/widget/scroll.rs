//! Which part of a text that is longer than its place is shown.

use std::cell::Cell;
use std::ops::Range;

use crate::console::command::Command;

/// How far a text is scrolled. Its length and the height of its place are learned when it is drawn.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    top: usize,
    len: Cell<usize>,
    height: Cell<usize>,
}

impl Scroll {
    /// Goes to the beginning, for another text.
    pub fn reset(&mut self) {
        self.top = 0;
    }

    /// Whether there is more than can be shown.
    pub fn is_needed(&self) -> bool {
        self.len.get() > self.height.get()
    }

    /// Scrolls. `false` when the command is no move.
    pub fn command(&mut self, command: Command) -> bool {
        let page = self.height.get().max(1);
        let last = self.last();
        let top = self.top.min(last);
        self.top = match command {
            Command::Down => top + 1,
            Command::Up => top.saturating_sub(1),
            Command::Top => 0,
            Command::Bottom => last,
            Command::HalfDown => top + page.div_ceil(2),
            Command::HalfUp => top.saturating_sub(page.div_ceil(2)),
            Command::PageDown => top + page,
            Command::PageUp => top.saturating_sub(page),
            _ => return false,
        }
        .min(last);
        true
    }

    /// The lines to draw of `len` in `height`.
    pub fn window(&self, len: usize, height: usize) -> Range<usize> {
        self.len.set(len);
        self.height.set(height);
        let top = self.top.min(self.last());
        top..len.min(top + height)
    }

    fn last(&self) -> usize {
        self.len.get().saturating_sub(self.height.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_at_both_ends() {
        let mut scroll = Scroll::default();
        assert_eq!(scroll.window(10, 4), 0..4);
        for (command, shown) in [
            (Command::Up, 0..4),
            (Command::Down, 1..5),
            (Command::PageDown, 5..9),
            (Command::PageDown, 6..10),
            (Command::HalfUp, 4..8),
            (Command::Bottom, 6..10),
        ] {
            assert!(scroll.command(command));
            assert_eq!(scroll.window(10, 4), shown);
        }
        assert_eq!(scroll.window(3, 4), 0..3);
        assert!(!scroll.is_needed());
        assert!(!scroll.command(Command::Open));
    }
}
