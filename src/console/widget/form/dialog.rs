//! A form that is all there is in a popup: its last step is what the popup is for.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{Did, Form};
use crate::console::command::{Command, Scope};
use crate::console::layer::centered;
use crate::console::layer::confirm::Confirm;
use crate::console::message::Effect;
use crate::console::ui::Ui;

/// Columns of such a popup, where there are so many.
const WIDTH: u16 = 76;

/// Asks whether a form is to be left with what was filled in.
pub fn leaving() -> Vec<Effect> {
    let question = Confirm::new("Leave the form?", "Leave", vec![Effect::Close])
        .line("What was filled in is lost, and nothing is saved.");
    vec![Effect::Open(Box::new(question))]
}

/// What a command means to the popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is filled in: do it.
    GoOn,
    /// A value is another.
    Changed,
    /// The form took it.
    Taken,
    /// It is for whoever is below.
    Passed,
}

impl Form {
    /// What applies in such a popup.
    pub fn scopes() -> Vec<Scope> {
        vec![Scope::Steps, Scope::Form]
    }

    /// Carries out a command. An open window for several lines comes first: it is taken over or left, and the popup is not.
    pub fn heed(&mut self, command: Command) -> Step {
        match (command, self.is_editing_lines()) {
            (Command::GoOn, false) => return Step::GoOn,
            (Command::Back, false) => return Step::Passed,
            _ => {}
        }
        match self.command(command) {
            Did::Nothing => Step::Passed,
            Did::Moved => Step::Taken,
            Did::Changed => Step::Changed,
        }
    }

    /// What the footer shows of it.
    pub fn hints(&self) -> Vec<Command> {
        if self.is_editing_lines() {
            return vec![Command::GoOn, Command::Back];
        }
        let ways = [Command::GoOn, Command::NextField].into_iter().chain(self.filling());
        ways.chain([Command::Back]).collect()
    }

    /// Draws the popup, so many lines high.
    pub fn popup(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, title: &str, height: u16) {
        let inner = ui.popup(frame, centered(area, WIDTH, height), title);
        self.view(ui, frame, inner);
    }
}
