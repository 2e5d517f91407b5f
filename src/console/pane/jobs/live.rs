//! The run of a job that goes on: what it does, how much it has read and written, and how long it will probably take.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar::{bar, percent};
use crate::domain::execution::{Execution, Progress, Status};
use crate::domain::time::Timestamp;
use crate::domain::units::{duration, size};

/// Destinations that are shown.
const COPIES: usize = 3;

/// Lines it wants, with its border.
pub fn height(run: &Execution, is_left: bool) -> u16 {
    if is_left || run.status != Status::Running {
        return 3;
    }
    let copies = run.progress.copies.len().min(COPIES);
    let bar = usize::from(run.progress.estimated_bytes > 0);
    u16::try_from(4 + copies + bar).unwrap_or(u16::MAX)
}

/// Draws it; one that is left has no engine that works on it.
pub fn draw(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, run: &Execution, is_left: bool) {
    let (sign, _) = ui.status(run.status);
    let sign = if is_left { ui.glyphs.warn } else { sign };
    let stage = match run.progress.stage {
        _ if is_left => "no engine".to_owned(),
        Some(stage) if run.status == Status::Running => stage.to_string(),
        _ => "waits".to_owned(),
    };
    let name = ui.fit(&run.job_name, usize::from(area.width / 2));
    let block = ui
        .block(&format!("{name} {sign} {stage}"), false)
        .merge_borders(MergeStrategy::Exact);
    let inner = block.inner(area).inner(Margin::new(1, 0));
    frame.render_widget(block, area);
    let lines = if is_left {
        vec![ui.line(Role::Muted, "its engine is gone")]
    } else {
        lines(ui, run, inner.width)
    };
    frame.render_widget(Paragraph::new(lines), inner);
}

fn lines(ui: &Ui<'_>, run: &Execution, width: u16) -> Vec<Line<'static>> {
    let progress = &run.progress;
    let Some(started) = run.started_at.filter(|_| run.status == Status::Running) else {
        let text = if run.not_before > ui.now {
            format!("tries again {}", ui.until(run.not_before))
        } else {
            "waits for an engine to take it".to_owned()
        };
        return vec![ui.line(Role::Muted, text)];
    };
    let room = usize::from(width);
    let so_far = format!("for {}", ui.running_for(started));
    let mut lines = vec![
        labelled(ui, "object", &object(progress), &so_far, room),
        labelled(ui, "read", &read(progress), "", room),
    ];
    for (destination, bytes) in progress.copies.iter().take(COPIES) {
        lines.push(labelled(
            ui,
            destination,
            &format!("{} written", size(*bytes)),
            "",
            room,
        ));
    }
    if progress.estimated_bytes > 0 {
        // More than was estimated is still not all.
        let total = progress.estimated_bytes.max(progress.plain_bytes + 1);
        let left = match remaining(progress, started, ui.now) {
            Some(left) => format!(
                "  {}, about {} left",
                percent(progress.plain_bytes, total),
                duration(left)
            ),
            None => format!("  {}", percent(progress.plain_bytes, total)),
        };
        let cells = width.saturating_sub(u16::try_from(left.width()).unwrap_or(width));
        let mut line = bar(ui, progress.plain_bytes, total, cells);
        line.push_span(ui.span(Role::Text, left));
        lines.push(line);
    }
    lines
}

fn object(progress: &Progress) -> String {
    let total = progress.objects_total.max(1);
    let number = (progress.objects_done + 1).min(total);
    match (progress.object.is_empty(), total) {
        (true, _) => "none yet".to_owned(),
        (false, 1) => progress.object.clone(),
        (false, total) => format!("{}, {number} of {total}", progress.object),
    }
}

fn read(progress: &Progress) -> String {
    let bytes = size(progress.plain_bytes);
    match progress.estimated_bytes {
        0 => bytes,
        estimate => format!("{bytes} of about {}", size(estimate)),
    }
}

/// A label, a text, and something at the right end where it fits.
fn labelled(ui: &Ui<'_>, label: &str, text: &str, right: &str, width: usize) -> Line<'static> {
    let label = ui.fit(label, 10);
    let pad = 11_usize.saturating_sub(label.width());
    let room = width.saturating_sub(11 + right.width() + 1);
    let text = ui.fit(text, room);
    let gap = " ".repeat(room.saturating_sub(text.width()) + 1);
    Line::from(vec![
        ui.span(Role::Muted, format!("{label}{}", " ".repeat(pad))),
        ui.span(Role::Text, text),
        Span::raw(gap),
        ui.span(Role::Muted, right.to_owned()),
    ])
}

/// How long it will take if it goes on as it has so far, by an estimate of how much there is.
fn remaining(progress: &Progress, started: Timestamp, now: Timestamp) -> Option<Duration> {
    let left = progress.estimated_bytes.checked_sub(progress.plain_bytes)?;
    let elapsed = now.since(started).as_millis();
    // The beginning says little: what comes before the first byte takes its time as well.
    if progress.plain_bytes < progress.estimated_bytes / 50 || progress.plain_bytes == 0 || elapsed == 0 {
        return None;
    }
    let millis = elapsed * u128::from(left) / u128::from(progress.plain_bytes);
    // Whole seconds: it is no more than an estimate.
    Some(Duration::from_secs(u64::try_from(millis / 1_000).ok()?.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done_did() {
        let mut progress = Progress {
            plain_bytes: 300,
            estimated_bytes: 400,
            ..Progress::default()
        };
        assert_eq!(remaining(&progress, at(0), at(30)), Some(Duration::from_secs(10)));
        progress.plain_bytes = 500;
        assert_eq!(remaining(&progress, at(0), at(30)), None);
        progress.plain_bytes = 5;
        assert_eq!(remaining(&progress, at(0), at(30)), None);
    }
}
