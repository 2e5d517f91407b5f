//! What was told in this session, the newest first.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::Layer;
use crate::console::command::{Command, Scope};
use crate::console::message::{Effect, Weight};
use crate::console::model::{Cx, Told};
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom};
use crate::console::widget::failure;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};

/// What was told.
pub struct Messages {
    told: Vec<Told>,
    selection: Selection,
}

impl Messages {
    /// What was told until now.
    pub fn new(told: &VecDeque<Told>) -> Self {
        Self {
            told: told.iter().rev().cloned().collect(),
            selection: Selection::default(),
        }
    }
}

impl Messages {
    /// The place of the list, and below it the selected message in full with its place.
    fn split(&self, ui: &Ui<'_>, area: Rect) -> (Rect, (Vec<Line<'static>>, Rect)) {
        let mut above = area;
        let Some(told) = self.told.get(self.selection.at()) else {
            return (above, (Vec::new(), Rect::default()));
        };
        let width = usize::from(area.width.saturating_sub(2));
        let mut lines = vec![Line::default()];
        let next = failure::in_the_console(ui, &told.toast.next);
        let next = failure::signed(ui, Role::Text, ui.glyphs.arrow, &next, width);
        lines.extend(failure::kept(
            ui,
            (Role::Text, &failure::in_the_console(ui, &told.toast.text)),
            next,
            width,
            usize::from(area.height / 2),
        ));
        let height = u16::try_from(lines.len()).unwrap_or(area.height);
        let below = take_bottom(&mut above, height).inner(Margin::new(1, 0));
        (above, (lines, below))
    }
}

impl Layer for Messages {
    fn title(&self) -> String {
        "Messages".to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List, Scope::Everywhere]
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Open => Some(vec![Effect::Close]),
            Command::Copy => {
                let told = self.told.get(self.selection.at())?;
                let [text, next] =
                    [&told.toast.text, &told.toast.next].map(|text| failure::addressed(cx.program, text));
                Some(vec![Effect::Copy(format!("{text} {next}").trim().to_owned())])
            }
            _ => self.selection.command(command, self.told.len()).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        let copy = (!self.told.is_empty()).then_some(Command::Copy);
        copy.into_iter().chain([Command::Back]).collect()
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, area, "Messages of this session");
        if self.told.is_empty() {
            frame.render_widget(ui.line(Role::Muted, " no messages yet"), inner);
            return;
        }
        let columns = [
            Column::new("TIME", 8, 0, 0),
            Column::new("", 1, 0, 0),
            Column::new("MESSAGE", 20, 3, 0),
            Column::new("NEXT STEP", 20, 1, 1),
        ];
        let list = Table {
            columns: &columns,
            len: self.told.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        let (above, below) = self.split(ui, inner);
        frame.render_widget(Paragraph::new(below.0), below.1);
        table::draw_all_told(ui, frame, above, &list, |row| {
            let Some(told) = self.told.get(row) else {
                return Row::default();
            };
            let (sign, role) = match told.toast.weight {
                Weight::Good => (ui.glyphs.good, Role::Good),
                Weight::Note => (ui.glyphs.dot, Role::Muted),
                Weight::Bad => (ui.glyphs.bad, Role::Bad),
            };
            Row::new([
                (Role::Muted, ui.time_of_day(told.at)),
                (role, sign.to_owned()),
                (Role::Text, failure::in_the_console(ui, &told.toast.text)),
                (Role::Muted, failure::in_the_console(ui, &told.toast.next)),
            ])
        });
    }
}
