//! Is everything safe?

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::message::{self, Effect, Place, Thing};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::work::reading;
use crate::domain::Result;
use crate::ops::{Session, status};

/// What the pane asks of `ops`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// How everything stands, for the header too.
    Status,
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// How everything stands.
    Status(Result<Box<status::Overview>>),
}

/// Asks how everything stands.
pub const fn status() -> Effect {
    Effect::Ask(message::Ask::Overview(Ask::Status))
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Status => Some(0),
        }
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::Overview(match self {
            Self::Status => Reply::Status(reading(session, status::overview).await.map(Box::new)),
        })
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Overview {}

impl Pane for Overview {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Overview, Scope::List]
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
