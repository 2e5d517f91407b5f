//! What lies on top of a pane: questions, forms, lists to choose from, help. A stack; the topmost has all keys.

pub mod choose;
pub mod confirm;
pub mod help;
pub mod messages;
pub mod notice;
pub mod palette;
pub mod prompt;
pub mod stack;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::command::{Command, Scope};
use super::key::Key;
use super::message::{Done, Effect, Lane, Place, Reply};
use super::model::{Cx, Named};
use super::ui::Ui;
use crate::domain::Result;

/// What a layer makes of the answer to an act that it asked for.
#[derive(Debug)]
pub enum Heard {
    /// It goes away.
    Closes,
    /// It stays, says itself what went wrong, and wants this done.
    Says(Vec<Effect>),
    /// It stays and wants this done.
    Stays(Vec<Effect>),
}

/// Something on top.
pub trait Layer {
    /// Its title, for tests and logs.
    fn title(&self) -> String;

    /// What applies in it, the most specific first. `Everywhere` is added by the caller, but of that only what makes sense over
    /// a layer is done.
    fn scopes(&self) -> Vec<Scope>;

    /// Whether typed letters are text just now.
    fn takes_text(&self) -> bool {
        false
    }

    /// Carries out a command. `Back` closes a layer that does not answer it.
    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>>;

    /// A key that is bound to nothing, or text.
    fn key(&mut self, _key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Text was pasted.
    fn paste(&mut self, _text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// A click at a position on the screen; whatever lies below does not get it.
    fn click(&mut self, _at: Position, _twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// An answer came in. It also goes to the pane it is for; a layer takes from it what it asked for.
    fn reply(&mut self, _reply: &Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// What it asked for under its ticket has been done, or why it was not: see [`Cx::ticket`] and [`Effect::told_to`].
    fn done(&mut self, _answer: &Result<Done>) -> Heard {
        Heard::Stays(Vec::new())
    }

    /// The database changed.
    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// The lane of a question that is of no use once this is closed, while it waits for the answer.
    fn waits_in(&self) -> Option<Lane> {
        None
    }

    /// Whether it lists everything that has a name; it is given that anew whenever it may be another.
    fn lists_names(&self) -> bool {
        false
    }

    /// Everything that has a name by now.
    fn take_names(&mut self, _names: Vec<(Named, Place)>) {}

    /// The commands the footer shows: those that do something now.
    fn hints(&self) -> Vec<Command>;

    /// The footer's word for a command that is something else here than elsewhere.
    fn word(&self, _command: Command) -> Option<&'static str> {
        None
    }

    /// Draws it over what is there; `area` is the whole screen but header, tabs and footer.
    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect);
}

/// Cells on each side of a popup below which what is left of the pane there is but half words.
const BESIDE: u16 = 12;

/// Rows above and below it, taken together, that are but the frame of the pane and a heading.
const ABOVE_AND_BELOW: u16 = 4;

/// A popup of at most this size in the middle of `area`. Where only scraps of the pane would be left on its sides, or above and
/// below it, they are covered too.
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let fits = |size: u16, rest: u16, of: u16| if size.saturating_add(rest) > of { of } else { size };
    let height = fits(height, ABOVE_AND_BELOW + 1, area.height);
    // What goes from top to bottom leaves a pane in two halves, unless there is room for much of it.
    let beside = if height == area.height { 4 * BESIDE } else { 2 * BESIDE };
    let width = fits(width, beside, area.width);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn beside_a_popup_there_is_much_of_the_pane_or_nothing(
            columns in 60_u16..200, rows in 12_u16..60, width in 1_u16..200, height in 1_u16..60
        ) {
            let area = Rect::new(0, 2, columns, rows);
            let popup = centered(area, width, height);
            prop_assert_eq!(popup.intersection(area), popup);
            prop_assert!(popup.x == 0 || popup.x >= BESIDE);
            prop_assert!(popup.height == rows || rows - popup.height > ABOVE_AND_BELOW);
        }
    }
}
