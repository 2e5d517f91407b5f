//! Twelve weeks of days, and what lies where.

use chrono::{Datelike, NaiveDate};
use ratatui::text::Line;

use super::Overview;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::spark::spark;
use crate::domain::adapter::Health;
use crate::domain::execution::Status;
use crate::domain::units;

/// Weeks of the calendar.
const WEEKS: usize = 13;

impl Overview {
    /// Twelve weeks, and what lies where.
    pub(super) fn past(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let mut lines = vec![ui.rule("Twelve weeks", width)];
        lines.extend(self.weeks(ui));
        lines.push(ui.rule("Storage", width));
        lines.extend(self.places(ui, width));
        lines
    }

    /// A row for each day of the week, a column for each week, this week on the right.
    fn weeks(&self, ui: &Ui<'_>) -> Vec<Line<'static>> {
        let Some(today) = self.calendar.rows().last().map(|day| day.date) else {
            return vec![ui.line(Role::Muted, ui.reading())];
        };
        let monday = today - chrono::Days::new(u64::from(today.weekday().num_days_from_monday()));
        let outcome = |date: NaiveDate| {
            self.calendar
                .rows()
                .iter()
                .find(|day| day.date == date)
                .and_then(|day| day.outcome)
        };
        let mut lines = vec![months(ui, monday)];
        for weekday in 0..7_u64 {
            let name = ["Mon", "", "Wed", "", "Fri", "", "Sun"].get(usize::try_from(weekday).unwrap_or(0));
            let mut spans = vec![ui.span(Role::Muted, format!("{:<4}", name.unwrap_or(&"")))];
            for week in (0..WEEKS as u64).rev() {
                let date = monday - chrono::Days::new(7 * week) + chrono::Days::new(weekday);
                let (sign, role) = match outcome(date) {
                    _ if date > today => (" ", Role::Text),
                    Some(status) => sign(ui, status),
                    None => (ui.glyphs.dot, Role::Border),
                };
                spans.push(ui.span(role, format!("{sign}  ")));
            }
            lines.push(Line::from(spans));
        }
        lines.push(legend(ui));
        lines
    }

    fn places(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        if self.storage.get().is_none() {
            return vec![ui.line(Role::Muted, ui.reading())];
        }
        let mut lines = Vec::new();
        for place in self.storage.rows() {
            let name = width.saturating_sub(27).clamp(6, 16);
            // How it is comes with the status, which is read again more often than what lies there.
            let unwell = self
                .status
                .iter()
                .flat_map(|status| &status.unwell)
                .find(|unwell| unwell.adapter == place.adapter);
            let offline = unwell.filter(|unwell| unwell.health == Health::Offline);
            let free = match (unwell, place.free_bytes) {
                (Some(_), _) => offline
                    .and_then(|offline| offline.since)
                    .map(|since| format!("out of reach since {}", ui.date(since))),
                (None, free) => free.map(|free| format!("{} free", units::size(free))),
            };
            let trend: Vec<Option<u64>> = place.trend.iter().map(|week| Some(week.stored_bytes)).collect();
            lines.push(Line::from(vec![
                ui.span(Role::Text, format!("{:<name$} ", ui.fit(&place.adapter, name))),
                ui.span(Role::Text, format!("{:>10}  ", units::size(place.stored_bytes))),
                ui.span(Role::Accent, spark(ui, &trend, 12)),
            ]));
            let about = [Some(units::count(place.copies, "copy")), free].into_iter().flatten();
            let about = about.collect::<Vec<_>>().join(&format!(" {} ", ui.glyphs.dot));
            lines.push(ui.line(Role::Muted, format!("  {about}")));
            let unwell = unwell.map(|unwell| {
                let error = failure::kept_as(unwell.error.as_deref().unwrap_or_default());
                (format!("{}: {}", unwell.health, error.message), unwell.step())
            });
            let broken = place
                .broken()
                .map(|broken| (broken, place.mend.clone().unwrap_or_default()));
            for (what, next) in unwell.into_iter().chain(broken) {
                let room = width.saturating_sub(4);
                lines.push(ui.line(Role::Warn, format!("  {} {}", ui.glyphs.warn, ui.fit(&what, room))));
                let next = failure::in_the_console(ui, &next);
                lines.push(ui.line(Role::Text, format!("  {} {}", ui.glyphs.arrow, ui.fit(&next, room))));
            }
        }
        if lines.is_empty() {
            lines.push(ui.line(Role::Muted, "no destination yet"));
        }
        lines
    }
}

/// How a day is shown on which the worst outcome was this.
fn sign(ui: &Ui<'_>, status: Status) -> (&'static str, Role) {
    match status {
        Status::Success => (ui.glyphs.day, Role::Good),
        Status::Failed => (ui.glyphs.bad, Role::Bad),
        Status::Partial => (ui.glyphs.warn, Role::Warn),
        _ => (ui.glyphs.idle, Role::Muted),
    }
}

/// What the signs of the days mean.
fn legend(ui: &Ui<'_>) -> Line<'static> {
    let mut spans = vec![ui.span(Role::Muted, " ".repeat(4))];
    for status in [Status::Success, Status::Partial, Status::Failed] {
        let (sign, role) = sign(ui, status);
        spans.push(ui.span(role, sign));
        spans.push(ui.span(Role::Muted, format!(" {status}  ")));
    }
    Line::from(spans)
}

/// The names of the months above the weeks in which they begin.
fn months(ui: &Ui<'_>, this_monday: NaiveDate) -> Line<'static> {
    let mut text = " ".repeat(4);
    let mut last = None;
    for week in (0..WEEKS as u64).rev() {
        let monday = this_monday - chrono::Days::new(7 * week);
        let begins = last.is_some_and(|month| month != monday.month());
        last = Some(monday.month());
        text.push_str(&if begins {
            monday.format("%b").to_string()
        } else {
            "   ".to_owned()
        });
    }
    ui.line(Role::Muted, text)
}
