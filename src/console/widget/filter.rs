//! The line below a list in which it is narrowed down: the same in every pane, with what it looks at beside what is typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::field::Field;
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};

/// Before what is typed.
const HEAD: &str = " / ";

/// Cells for what is typed, where there are as many.
const TYPED: u16 = 24;

/// And where there are fewer, so many at least.
const LEAST_TYPED: u16 = 12;

/// Draws the line while it is typed into; `about` says what it looks at, or what it has found.
pub fn typing(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, field: &Field, about: (Role, &str)) {
    let place = rest(ui, frame, area);
    let (role, text) = about;
    let text = visible(text);
    let beside = u16::try_from(text.width() + 3).unwrap_or(u16::MAX);
    let width = place
        .width
        .saturating_sub(beside)
        .clamp(LEAST_TYPED, TYPED)
        .min(place.width / 2);
    field.view(ui, frame, Rect { width, ..place }, true);
    let beside = Rect {
        x: place.x + width + 2,
        width: place.width.saturating_sub(width + 3),
        ..place
    };
    let text = ui.fit(&text, usize::from(beside.width));
    frame.render_widget(ui.span(role, text), beside.intersection(place));
}

/// Draws the line while what was typed into it is in force.
pub fn taken(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, text: &str) {
    let place = rest(ui, frame, area);
    let text = ui.fit(&visible(text), usize::from(place.width));
    frame.render_widget(ui.span(Role::Text, text), place);
}

/// Draws the head, and gives the rest of the line.
fn rest(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let head = u16::try_from(HEAD.width()).unwrap_or(0).min(area.width);
    frame.render_widget(ui.span(Role::Key, HEAD), area);
    Rect {
        x: area.x + head,
        width: area.width - head,
        height: area.height.min(1),
        ..area
    }
}
