//! What stands beside a list is that of the row the selection rests on: while it moves nothing is read and nothing but two rows
//! is drawn, so that a key held down costs a slow line next to nothing.

use std::time::Duration;

use crate::console::ui::Ui;

/// How long the selection stays where it is before it rests.
const REST: Duration = Duration::from_millis(80);

/// The row whose detail is shown, and whether the selection has moved since. Commands are about the selected row all the same.
#[derive(Clone, Debug)]
pub struct Rest<K> {
    of: Option<K>,
    is_moving: bool,
}

impl<K> Default for Rest<K> {
    fn default() -> Self {
        Self {
            of: None,
            is_moving: false,
        }
    }
}

impl<K: Copy + PartialEq> Rest<K> {
    /// The row whose detail is shown.
    pub const fn of(&self) -> Option<K> {
        self.of
    }

    /// The selection may be on another row.
    pub const fn moved(&mut self) {
        self.is_moving = true;
    }

    /// Whether it has moved and does not rest yet.
    pub const fn is_moving(&self) -> bool {
        self.is_moving
    }

    /// While it moves: it rests a moment after this frame, unless it moves again.
    pub fn note(&self, ui: &Ui<'_>) {
        if self.is_moving {
            ui.note_until(ui.now.plus(REST));
        }
    }

    /// It rests here. `true` when that is another row than the one whose detail was shown.
    pub fn settle(&mut self, selected: Option<K>) -> bool {
        self.is_moving = false;
        let is_another = self.of != selected;
        self.of = selected;
        is_another
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    #[test]
    fn the_detail_is_of_the_last_row_it_rested_on() {
        let mut rest = Rest::default();
        assert!(rest.settle(Some(1)));
        rest.moved();
        assert_eq!((rest.of(), rest.is_moving()), (Some(1), true));
        assert!(rest.settle(Some(3)));
        assert!(!rest.settle(Some(3)));
        assert_eq!((rest.of(), rest.is_moving()), (Some(3), false));
    }

    #[test]
    fn a_timer_is_armed_only_while_it_moves() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let armed = |rest: &Rest<u8>| {
            let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
            rest.note(&ui);
            ui.valid_until()
        };
        let mut rest = Rest::default();
        assert_eq!(armed(&rest), None);
        rest.moved();
        assert_eq!(armed(&rest), Some(Timestamp::default().plus(REST)));
        rest.settle(Some(1));
        assert_eq!(armed(&rest), None);
    }
}
