//! What saving would change, shown before it is saved.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};

use crate::console::command::{Command, Scope};
use crate::console::layer::{Layer, centered};
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::pane::jobs::work::{Ask, ask};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::diff;
use crate::console::widget::scroll::Scroll;
use crate::ops::jobs::Saving;

/// Widest it is drawn.
const WIDEST: u16 = 90;

/// A change that is about to be saved.
pub struct Changes {
    title: String,
    diff: String,
    saving: Saving,
    scroll: Scroll,
}

impl Changes {
    /// Shows `diff` before `saving` is done.
    pub fn new(title: String, diff: String, saving: Saving) -> Self {
        Self {
            title,
            diff,
            saving,
            scroll: Scroll::default(),
        }
    }
}

impl Layer for Changes {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List, Scope::Form, Scope::Dialog]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept | Command::Open | Command::Save => {
                Some(vec![Effect::Close, ask(Ask::Save(Box::new(self.saving.clone())))])
            }
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Save, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let lines = diff::lines(ui, &self.diff);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let place = centered(area, WIDEST, height);
        let inner = ui.popup(
            frame,
            place,
            &ui.fit(&self.title, usize::from(place.width.saturating_sub(6))),
        );
        let inner = inner.inner(Margin::new(1, 0));
        let text = Rect {
            height: inner.height.saturating_sub(2),
            ..inner
        };
        self.scroll.view(ui, frame, text, lines);
        let answer = Rect {
            y: inner.bottom().saturating_sub(1),
            height: 1,
            ..inner
        };
        let scopes = self.scopes();
        let (save, back) = (ui.key(&scopes, Command::Save), ui.key(&scopes, Command::Back));
        let words = format!("{save} saves it, {back} goes back to the form.");
        frame.render_widget(ui.line(Role::Muted, words), answer.intersection(inner));
        ui.set_cursor(ratatui::layout::Position::new(answer.x, answer.y));
    }
}
