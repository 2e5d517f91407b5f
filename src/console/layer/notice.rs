//! Something that must be read before it goes away.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;

/// Something to read.
pub struct Notice {
    title: String,
    lines: Vec<(Role, String)>,
}

impl Notice {
    /// Says `lines`, each a paragraph.
    pub fn new(title: impl Into<String>, lines: Vec<(Role, String)>) -> Self {
        Self {
            title: title.into(),
            lines,
        }
    }
}

impl Layer for Notice {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        (command == Command::Accept).then(|| vec![Effect::Close])
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = area.width.saturating_sub(4).min(76);
        let mut lines: Vec<Line<'_>> = self
            .lines
            .iter()
            .map(|(role, text)| ui.line(*role, text.as_str()))
            .collect();
        let key = ui.key(&self.scopes(), Command::Accept);
        lines.extend([Line::default(), ui.line(Role::Muted, format!("{key} goes on."))]);
        let inside = usize::from(width.saturating_sub(4).max(1));
        // Words that do not fit into the rest of a line leave some of it empty.
        let height: usize = lines.iter().map(|line| line.width() * 9 / (inside * 8) + 1).sum();
        let height = u16::try_from(height + 2).unwrap_or(u16::MAX);
        let inner = ui.popup(frame, centered(area, width, height), &self.title);
        let inner = inner.inner(Margin::new(1, 0));
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), inner);
        ui.set_cursor(Position::new(inner.x, inner.y));
    }
}
