//! One line asked for.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::field::Field;

/// What is done with the line: effects, or what is wrong with it.
pub type Then = Box<dyn Fn(&str, &Cx<'_>) -> Result<Vec<Effect>, String>>;

/// One line asked for.
pub struct Prompt {
    title: String,
    help: String,
    field: Field,
    wrong: Option<String>,
    then: Then,
}

impl Prompt {
    /// Asks `title`, with a line of help below the field.
    pub fn new(
        title: impl Into<String>,
        help: impl Into<String>,
        field: Field,
        then: impl Fn(&str, &Cx<'_>) -> Result<Vec<Effect>, String> + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            help: help.into(),
            field,
            wrong: None,
            then: Box::new(then),
        }
    }
}

impl Layer for Prompt {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog]
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept => Some(match (self.then)(self.field.text().trim(), cx) {
                Ok(mut effects) => {
                    effects.insert(0, Effect::Close);
                    effects
                }
                Err(wrong) => {
                    self.wrong = Some(wrong);
                    Vec::new()
                }
            }),
            _ => None,
        }
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.field.key(key) {
            self.wrong = None;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.field.paste(text) {
            self.wrong = Some("what was pasted is too long for one line".to_owned());
        }
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Accept, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 64, 5), &self.title);
        let inner = inner.inner(Margin::new(1, 0));
        self.field
            .view(ui, frame, Rect { height: 1, ..inner }.intersection(inner), true);
        let (role, text) = match &self.wrong {
            Some(wrong) => (Role::Bad, wrong),
            None => (Role::Muted, &self.help),
        };
        let below = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        let text =
            ratatui::widgets::Paragraph::new(ui.line(role, text.as_str())).wrap(ratatui::widgets::Wrap { trim: true });
        frame.render_widget(text, below.intersection(inner));
    }
}
