//! Something that must be read before it goes away.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom, wrapped};
use crate::console::widget::scroll::Scroll;

/// Something to read.
pub struct Notice {
    title: String,
    lines: Vec<(Role, String)>,
    scroll: Scroll,
}

impl Notice {
    /// Says `lines`, each a paragraph.
    pub fn new(title: impl Into<String>, lines: Vec<(Role, String)>) -> Self {
        Self {
            title: title.into(),
            lines,
            scroll: Scroll::default(),
        }
    }
}

impl Layer for Notice {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog, Scope::List]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept => Some(vec![Effect::Close]),
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Accept]
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        (command == Command::Accept).then_some("go on")
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(centered(area, 76, 0).width.saturating_sub(4));
        let lines: Vec<Line<'_>> = self
            .lines
            .iter()
            .flat_map(|(role, text)| wrapped(text, width).into_iter().map(|line| ui.line(*role, line)))
            .collect();
        // A blank line and the way on below the text, and the frame around both.
        let height = u16::try_from(lines.len() + 4).unwrap_or(u16::MAX);
        let inner = ui.popup(frame, centered(area, 76, height), &self.title);
        let mut text = inner.inner(Margin::new(1, 0));
        let foot = take_bottom(&mut text, 1);
        text.height = text.height.min(u16::try_from(lines.len()).unwrap_or(u16::MAX));
        ui.set_cursor(Position::new(text.x, text.y));
        self.scroll.view(ui, frame, text, lines);
        let key = ui.key(&self.scopes(), Command::Accept);
        frame.render_widget(ui.line(Role::Muted, format!("{key} goes on.")), foot);
    }
}
