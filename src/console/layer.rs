//! What lies on top of a pane: questions, forms, lists to choose from, help. A stack; the topmost has all keys.

pub mod choose;
pub mod confirm;
pub mod help;
pub mod messages;
pub mod notice;
pub mod palette;
pub mod prompt;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::command::{Command, Scope};
use super::key::Key;
use super::message::{Effect, Reply};
use super::model::Cx;
use super::ui::Ui;
use crate::domain::Error;

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

    /// Something that was asked for has been done, or why it was not. `None` when the layer does not wait for that: then the
    /// operator is told elsewhere.
    fn done(&mut self, _error: Option<&Error>) -> Option<Vec<Effect>> {
        None
    }

    /// The database changed.
    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// The commands the footer shows.
    fn hints(&self) -> Vec<Command>;

    /// Draws it over what is there; `area` is the whole screen but header, tabs and footer.
    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect);
}

/// A popup of at most this size in the middle of `area`. A single row of the pane that would be left beside it says nothing, and
/// is covered, and so is what is left of its width when that is but a second frame.
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let width = if width + 4 > area.width { area.width } else { width };
    let height = if height + 1 >= area.height { area.height } else { height };
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}
