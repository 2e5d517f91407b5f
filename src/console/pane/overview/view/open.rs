//! What runs or waits now, two lines each.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::Overview;
use crate::console::pane::overview::{Part, RUN_LINES};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar::{bar, percent};
use crate::domain::execution::{Execution, Status};
use crate::domain::units;
use crate::ops::status;

impl Overview {
    pub(super) fn open_runs(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, status: &status::Overview) {
        let open = &status.open;
        if area.height == 0 {
            return;
        }
        self.open_area.set(area);
        if open.is_empty() {
            frame.render_widget(ui.line(Role::Muted, "nothing runs"), area);
            return;
        }
        let window = self.open.window(open.len(), usize::from(area.height / RUN_LINES));
        for (slot, (index, run)) in (0_u16..).zip(open.iter().enumerate().skip(window.start).take(window.len())) {
            let selected = self.focus() == Part::Open && index == self.open.at();
            let place = Rect {
                y: area.y + slot * RUN_LINES,
                height: 1,
                ..area
            };
            let [what, how_far] = run_lines(ui, run, status, area.width.saturating_sub(2));
            let gutter = if selected { ui.glyphs.cursor } else { " " };
            if selected {
                ui.set_cursor(Position::new(place.x, place.y));
            }
            let text = Rect {
                x: place.x + 2,
                width: place.width.saturating_sub(2),
                ..place
            };
            frame.render_widget(ui.span(Role::Accent, gutter), place);
            frame.render_widget(what, text);
            frame.render_widget(how_far, Rect { y: text.y + 1, ..text }.intersection(area));
        }
    }
}

/// What a run does, and how far it is.
fn run_lines(ui: &Ui<'_>, run: &Execution, status: &status::Overview, width: u16) -> [Line<'static>; 2] {
    let is_left = status.is_left(run);
    let (sign, role) = if is_left {
        (ui.glyphs.warn, Role::Warn)
    } else {
        ui.status(run.status)
    };
    let progress = &run.progress;
    let since = match (run.status, run.started_at) {
        _ if is_left => "no engine".to_owned(),
        (Status::Running, Some(started)) => ui.running_for(started),
        _ if run.not_before > ui.now => format!("tries again {}", ui.until(run.not_before)),
        _ => "waits".to_owned(),
    };
    // A verification and a restore are in the stage of their own name most of the time.
    let kind = run.kind.to_string();
    let stage = progress
        .stage
        .map(|stage| stage.to_string())
        .filter(|stage| *stage != kind);
    let stage = stage.map_or(kind.clone(), |stage| format!("{kind} {stage}"));
    let what = Line::from(vec![
        ui.span(role, format!("{sign} ")),
        ui.span(Role::Text, ui.fit(&run.job_name, 20)),
        ui.span(Role::Muted, format!("  {stage}  {since}")),
    ]);
    if is_left {
        return [what, ui.line(Role::Muted, "  its engine is gone")];
    }
    if run.status != Status::Running || progress.estimated_bytes == 0 {
        let text = if progress.plain_bytes > 0 {
            units::size(progress.plain_bytes)
        } else {
            String::new()
        };
        return [what, ui.line(Role::Muted, format!("  {text}"))];
    }
    // More than was estimated is still not all.
    let whole = progress.estimated_bytes.max(progress.plain_bytes.saturating_add(1));
    let figures = format!(
        " {} of about {}",
        percent(progress.plain_bytes, whole),
        units::size(progress.estimated_bytes)
    );
    let cells = width.saturating_sub(u16::try_from(figures.width() + 2).unwrap_or(width));
    let mut line = bar(ui, progress.plain_bytes, whole, cells);
    line.spans.insert(0, Span::raw("  "));
    line.push_span(ui.span(Role::Muted, figures));
    [what, line]
}
