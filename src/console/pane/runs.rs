//! What ran and what runs.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::message::{Effect, Place, Thing};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::ops::Session;

/// What the pane asks of `ops`.
#[derive(Clone, Debug)]
pub enum Ask {}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match *self {}
    }

    /// Carries it out.
    pub async fn perform(self, _session: &Session) -> crate::console::message::Reply {
        match self {}
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Runs {}

impl Runs {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {}
    }
}

impl Pane for Runs {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Runs, Scope::List]
    }

    fn command(&mut self, _command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        None
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn go(&mut self, _place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn thing(&self) -> Option<Thing> {
        None
    }

    fn hints(&self) -> Vec<Command> {
        Vec::new()
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        frame.render_widget(ui.line(Role::Muted, ""), area);
    }
}
