//! A unified diff, coloured: what came, what went, where.

use ratatui::text::Line;

use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};

/// Its lines, without the headers, which are for programs: a blank line is between two places. What a line is can also be told by
/// its first sign.
pub fn lines(ui: &Ui<'_>, diff: &str) -> Vec<Line<'static>> {
    let is_header = |line: &&str| ["--- ", "+++ "].iter().any(|head| line.starts_with(head));
    diff.lines()
        .skip_while(is_header)
        .enumerate()
        .filter(|(at, line)| *at > 0 || !line.starts_with("@@"))
        .map(|(_, line)| match line {
            line if line.starts_with("@@") => Line::default(),
            line => ui.line(role(line), visible(line).into_owned()),
        })
        .collect()
}

fn role(line: &str) -> Role {
    if line.starts_with('+') {
        Role::Good
    } else if line.starts_with('-') {
        Role::Bad
    } else {
        Role::Text
    }
}
