//! What is told of one thing, in lines: labels in one column, texts beside them, which are broken at spaces.

use ratatui::text::{Line, Span};

use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};

/// Lines as they are written, one below the other.
pub struct Sheet<'a> {
    /// What they are written with.
    pub ui: &'a Ui<'a>,
    /// Cells of a line.
    pub width: usize,
    /// Those that are written.
    pub lines: Vec<Line<'static>>,
    label: usize,
    indent: usize,
}

impl<'a> Sheet<'a> {
    /// An empty one, whose labels and the space behind them take `label` cells of `width`.
    pub fn new(ui: &'a Ui<'a>, label: usize, width: usize) -> Self {
        Self {
            ui,
            width,
            lines: Vec::new(),
            label,
            indent: 0,
        }
    }

    /// The same with so much space before each label, which is taken from its column.
    #[must_use]
    pub fn indented(mut self, cells: usize) -> Self {
        self.indent = cells;
        self
    }

    /// Cells beside the labels.
    pub fn room(&self) -> usize {
        self.width.saturating_sub(self.label)
    }

    /// A label and a text; where the text takes several lines, the label is not repeated.
    pub fn fact(&mut self, label: &str, role: Role, text: &str) {
        let mut label = label;
        for part in wrapped(text, self.room()) {
            self.row(label, vec![self.ui.span(role, part)]);
            label = "";
        }
    }

    /// A label, and what stands beside it. A label that is too long is cut, so that there is space behind it.
    pub fn row(&mut self, label: &str, spans: Vec<Span<'static>>) {
        let (indent, column) = (self.indent, self.label.saturating_sub(self.indent));
        let label = self.ui.fit(label, column.saturating_sub(1));
        let mut line = vec![self.ui.span(Role::Muted, format!("{:indent$}{label:<column$}", ""))];
        line.extend(spans);
        self.lines.push(Line::from(line));
    }

    /// A text without a label.
    pub fn text(&mut self, role: Role, text: &str) {
        let parts = wrapped(text, self.width).into_iter();
        self.lines.extend(parts.map(|part| self.ui.line(role, part)));
    }

    /// A heading, with a blank line before it.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.lines.push(self.ui.line(Role::Title, text.to_owned()));
    }

    /// A blank line, unless it would be the first.
    pub fn gap(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    #[test]
    fn a_label_stands_once_and_always_has_space_behind_it() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
        let mut sheet = Sheet::new(&ui, 8, 14).indented(1);
        sheet.gap();
        sheet.fact("host", Role::Text, "one two");
        sheet.fact("a long label", Role::Text, "three");
        sheet.heading("More");
        let lines: Vec<String> = sheet.lines.iter().map(ToString::to_string).collect();
        assert_eq!(lines, [" host   one", "        two", " a lon… three", "", "More"]);
    }
}
