//! A key on the screen, until any key is pressed.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Paragraph, Wrap};
use zeroize::Zeroizing;

use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Layer, centered};
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;

/// A key that is shown; it is gone from memory with its window.
pub struct ShownKey {
    profile: String,
    key: Zeroizing<String>,
}

impl ShownKey {
    /// The key of a profile.
    pub const fn new(profile: String, key: Zeroizing<String>) -> Self {
        Self { profile, key }
    }
}

impl Layer for ShownKey {
    fn title(&self) -> String {
        format!("Key of profile {}", self.profile)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Everywhere]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Open => Some(vec![Effect::Close]),
            Command::Copy => Some(vec![Effect::Copy(self.key.to_string())]),
            _ => None,
        }
    }

    fn key(&mut self, _key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        vec![Effect::Close]
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Copy, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui
            .popup(frame, centered(area, 70, 6), &self.title())
            .inner(Margin::new(1, 0));
        let lines = vec![
            ui.line(Role::Title, self.key.as_str()),
            ui.line(Role::Muted, ""),
            ui.line(Role::Muted, "64 hex digits. Anyone who has them can read the backups."),
        ];
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), inner);
    }
}
