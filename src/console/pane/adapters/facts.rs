//! Everything about one adapter, in lines: how it stands and what to do, its settings, its last checks, who uses it, what lies
//! there.

use ratatui::text::{Line, Span};
use serde_json::Value;

use super::Adapters;
use super::list::shown_latency;
use super::view::{sign, word};
use super::work::Detail;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure::{self, signed};
use crate::console::widget::sheet::Sheet;
use crate::console::widget::spark::spark;
use crate::domain::adapter::{Adapter, AdapterType, Health, HealthCheck};
use crate::domain::units;
use crate::ops::adapters::{Listed, shown};
use crate::ops::backups::Storage;

/// Cells of a label.
const LABEL: usize = 14;

impl Adapters {
    pub(super) fn facts(&self, ui: &Ui<'_>, row: &Listed, width: usize) -> Vec<Line<'static>> {
        let adapter = &row.adapter;
        let known = self.known.get(&adapter.id);
        let what = format!("{} {}  ", adapter.kind, adapter.driver);
        let room = width.saturating_sub(what.len());
        let mut sheet = Sheet::new(ui, LABEL, width);
        sheet.lines.push(Line::from(vec![
            ui.span(Role::Text, what),
            ui.span(Role::Muted, ui.fit(&adapter.summary, room)),
        ]));
        sheet.gap();
        sheet.lines.extend(self.standing(ui, adapter, width));
        if let Some(error) = known.and_then(|known| known.failed.as_ref()) {
            sheet.lines.extend(failure::lines(ui, error, width));
        }
        let Some(detail) = known.and_then(|known| known.detail.as_ref()) else {
            sheet.text(Role::Muted, ui.reading());
            return sheet.lines;
        };
        found(&mut sheet, adapter);
        checks(&mut sheet, &detail.health);
        settings(&mut sheet, detail);
        used_by(&mut sheet, row);
        if let Some(storage) = &detail.storage {
            stored(&mut sheet, storage);
        }
        sheet.gap();
        sheet.fact("added", Role::Text, &ui.date(adapter.created_at));
        if adapter.updated_at != adapter.created_at {
            sheet.fact("changed", Role::Text, &ui.ago(adapter.updated_at));
        }
        sheet.lines
    }

    /// How it stands, why, and what to do.
    fn standing(&self, ui: &Ui<'_>, adapter: &Adapter, width: usize) -> Vec<Line<'static>> {
        if let Some(since) = self.testing.get(&adapter.id) {
            let text = format!("{} testing, {}", ui.glyphs.running, ui.running_for(*since));
            return vec![ui.line(Role::Running, text)];
        }
        let (sign, role) = sign(ui, adapter.last_status);
        let checked = match adapter.last_health_check {
            Some(at) => format!("checked {}", ui.ago(at)),
            None => "not checked yet".to_owned(),
        };
        let mut facts = vec![checked];
        match adapter.last_status {
            Health::Online => {
                facts.extend(shown_latency(adapter).map(|ms| format!("answered in {}", units::millis(ms))));
            }
            _ if adapter.consecutive_failures > 1 => {
                facts.push(format!("failed {} times in a row", adapter.consecutive_failures));
            }
            _ => {}
        }
        let mut lines = vec![Line::from(vec![
            ui.span(role, format!("{sign} {}", word(adapter))),
            ui.span(
                Role::Muted,
                format!("  {}", facts.join(&format!(" {} ", ui.glyphs.dot))),
            ),
        ])];
        if let Some(error) = &adapter.last_error {
            // The adapter itself need not be named again.
            let own = format!("adapter {}: ", adapter.name);
            let error = failure::kept_as(error.strip_prefix(own.as_str()).unwrap_or(error));
            lines.extend(failure::lines_as(ui, role, &error, width));
        }
        lines
    }
}

/// What the last check that was answered has found.
fn found(sheet: &mut Sheet<'_>, adapter: &Adapter) {
    let number = |key: &str| adapter.metadata.get(key).and_then(Value::as_u64);
    let version = adapter.metadata.get("version").and_then(Value::as_str);
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        sheet.fact("version", Role::Text, version);
    }
    if let Some(size) = number("size_bytes") {
        sheet.fact("data", Role::Text, &units::size(size));
    }
    if let Some(free) = number("free_bytes").filter(|_| adapter.answers()) {
        sheet.fact("free there", Role::Text, &units::size(free));
    }
    let notes = adapter.metadata.get("notes").and_then(Value::as_array);
    for note in notes.into_iter().flatten().filter_map(Value::as_str) {
        let (ui, width) = (sheet.ui, sheet.width);
        let lines = signed(ui, Role::Muted, ui.glyphs.dot, note, width);
        sheet.lines.extend(lines);
    }
}

/// One sign a check, and how long each was answered in.
fn checks(sheet: &mut Sheet<'_>, health: &[HealthCheck]) {
    let (ui, width) = (sheet.ui, sheet.width);
    let shown = health.get(health.len().saturating_sub(width)..).unwrap_or_default();
    let Some(first) = shown.first() else {
        return;
    };
    let failed = shown.iter().filter(|check| check.error.is_some()).count();
    let of = match (shown.len(), failed) {
        (1, _) => "Last check".to_owned(),
        (all, 0) => format!("Last {all} checks, since {}, none failed", ui.date(first.at)),
        (all, failed) => format!("Last {all} checks, since {}, {failed} failed", ui.date(first.at)),
    };
    heading(sheet, &of);
    let strip = shown.iter().map(|check| {
        let (sign, role) = sign(ui, check.status);
        ui.span(role, sign)
    });
    sheet.lines.push(Line::from(strip.collect::<Vec<Span<'static>>>()));
    let times: Vec<Option<u64>> = shown.iter().map(|check| check.latency_ms).collect();
    let known = || times.iter().flatten().copied();
    if let (Some(least), Some(most)) = (known().min(), known().max()) {
        sheet.lines.push(ui.line(Role::Accent, spark(ui, &times, width)));
        let text = if least == most {
            format!("answered in {}", units::millis(least))
        } else {
            format!("answered in {} to {}", units::millis(least), units::millis(most))
        };
        sheet.text(Role::Muted, &text);
    }
}

fn settings(sheet: &mut Sheet<'_>, detail: &Detail) {
    heading(sheet, "Settings");
    let config = detail.shown.config.as_object();
    for (key, value) in config.into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let texts = items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                texts.collect::<Vec<_>>().join(", ")
            }
            other => shown(&detail.shown.adapter.driver, key, &other.to_string()),
        };
        sheet.fact(&key.replace('_', " "), Role::Text, &value);
    }
}

fn used_by(sheet: &mut Sheet<'_>, row: &Listed) {
    let (ui, width) = (sheet.ui, sheet.width);
    let title = match row.jobs.len() {
        0 => {
            let text = match row.adapter.kind {
                AdapterType::Source => "No job backs it up.",
                _ => "No job uses it.",
            };
            sheet.gap();
            sheet.text(Role::Warn, &format!("{} {text}", ui.glyphs.warn));
            return;
        }
        jobs => format!("Used by {}", units::count(jobs, "job")),
    };
    heading(sheet, &title);
    for job in &row.jobs {
        sheet.lines.push(ui.line(Role::Text, ui.fit(job, width)));
    }
}

fn stored(sheet: &mut Sheet<'_>, storage: &Storage) {
    let ui = sheet.ui;
    heading(sheet, "What lies there");
    let broken = storage.broken();
    if storage.copies == 0 && broken.is_none() {
        sheet.text(Role::Muted, "no copy of a backup yet");
        return;
    }
    let copies = units::count(storage.copies, "copy");
    let copies = format!("{copies}, {}", units::size(storage.stored_bytes));
    sheet.fact("copies", Role::Text, &copies);
    if let Some(since) = storage.out_of_reach_since {
        sheet.fact("in reach", Role::Warn, &format!("no, not since {}", ui.date(since)));
    }
    if let Some(broken) = broken {
        let next = failure::in_the_console(sheet.ui, storage.mend.as_deref().unwrap_or_default());
        sheet.fact("trouble", Role::Warn, &format!("{broken} {} {next}", ui.glyphs.arrow));
    }
    if let (Some(oldest), Some(newest)) = (storage.oldest, storage.newest) {
        sheet.fact("oldest", Role::Text, &ui.ago(oldest));
        sheet.fact("newest", Role::Text, &ui.ago(newest));
    }
    let trend: Vec<Option<u64>> = storage.trend.iter().map(|week| Some(week.stored_bytes)).collect();
    let strip = spark(ui, &trend, sheet.room());
    sheet.row("12 weeks", vec![ui.span(Role::Accent, strip)]);
}

/// A blank line, and a heading with a line to the end of its place.
fn heading(sheet: &mut Sheet<'_>, text: &str) {
    sheet.gap();
    let rule = sheet.ui.rule(text, sheet.width);
    sheet.lines.push(rule);
}
