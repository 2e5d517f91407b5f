//! A unified diff, coloured: what came, what went, where.

use ratatui::text::Line;

use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};

/// Its lines. What a line is can also be told by its first sign.
pub fn lines(ui: &Ui<'_>, diff: &str) -> Vec<Line<'static>> {
    diff.lines()
        .map(|line| ui.line(role(line), visible(line).into_owned()))
        .collect()
}

fn role(line: &str) -> Role {
    if line.starts_with("+++") || line.starts_with("---") {
        Role::Muted
    } else if line.starts_with("@@") {
        Role::Accent
    } else if line.starts_with('+') {
        Role::Good
    } else if line.starts_with('-') {
        Role::Bad
    } else {
        Role::Text
    }
}
