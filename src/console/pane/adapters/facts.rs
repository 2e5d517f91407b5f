//! Everything about one adapter, in lines: how it stands and what to do, its settings, its last checks, who uses it, what lies
//! there.

use ratatui::text::{Line, Span};
use serde_json::Value;

use super::Adapters;
use super::list::{latency, span};
use super::view::{sign, word};
use super::work::Detail;
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::failure::{self, signed};
use crate::console::widget::spark::spark;
use crate::domain::adapter::{Adapter, AdapterType, Health, HealthCheck};
use crate::domain::units;
use crate::ops::adapters::Listed;
use crate::ops::backups::Storage;

/// Cells of a label.
const LABEL: usize = 14;

impl Adapters {
    pub(super) fn facts(&self, ui: &Ui<'_>, row: &Listed, width: usize) -> Vec<Line<'static>> {
        let adapter = &row.adapter;
        let known = self.known.get(&adapter.id);
        let what = format!("{} {}  ", adapter.kind, adapter.driver);
        let room = width.saturating_sub(what.len());
        let mut lines = vec![
            Line::from(vec![
                ui.span(Role::Text, what),
                ui.span(Role::Muted, ui.fit(&adapter.summary, room)),
            ]),
            Line::default(),
        ];
        lines.extend(self.standing(ui, adapter, width));
        if let Some(error) = known.and_then(|known| known.failed.as_ref()) {
            lines.extend(failure::lines(ui, error, width));
        }
        let Some(detail) = known.and_then(|known| known.detail.as_ref()) else {
            lines.push(ui.line(Role::Muted, ui.reading()));
            return lines;
        };
        lines.extend(found(ui, adapter, width));
        lines.extend(checks(ui, &detail.health, width));
        lines.extend(settings(ui, detail, width));
        lines.extend(used_by(ui, row, width));
        if let Some(storage) = &detail.storage {
            lines.extend(stored(ui, storage, width));
        }
        lines.push(Line::default());
        lines.push(fact(ui, "added", &ui.date(adapter.created_at)));
        if adapter.updated_at != adapter.created_at {
            lines.push(fact(ui, "changed", &ui.ago(adapter.updated_at)));
        }
        lines
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
            Health::Online => facts.extend(latency(adapter).map(|ms| format!("answered in {}", span(ms)))),
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
fn found(ui: &Ui<'_>, adapter: &Adapter, width: usize) -> Vec<Line<'static>> {
    let number = |key: &str| adapter.metadata.get(key).and_then(Value::as_u64);
    let version = adapter.metadata.get("version").and_then(Value::as_str);
    let mut lines = Vec::new();
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        lines.extend(fact_lines(ui, "version", version, width));
    }
    if let Some(size) = number("size_bytes") {
        lines.push(fact(ui, "data", &units::size(size)));
    }
    if let Some(free) = number("free_bytes") {
        lines.push(fact(ui, "free there", &units::size(free)));
    }
    let notes = adapter.metadata.get("notes").and_then(Value::as_array);
    for note in notes.into_iter().flatten().filter_map(Value::as_str) {
        lines.extend(signed(ui, Role::Muted, ui.glyphs.dot, note, width));
    }
    lines
}

/// One sign a check, and how long each was answered in.
fn checks(ui: &Ui<'_>, health: &[HealthCheck], width: usize) -> Vec<Line<'static>> {
    let shown = health.get(health.len().saturating_sub(width)..).unwrap_or_default();
    let Some(first) = shown.first() else {
        return Vec::new();
    };
    let failed = shown.iter().filter(|check| check.error.is_some()).count();
    let of = match (shown.len(), failed) {
        (1, _) => "Last check".to_owned(),
        (all, 0) => format!("Last {all} checks, since {}, none failed", ui.date(first.at)),
        (all, failed) => format!("Last {all} checks, since {}, {failed} failed", ui.date(first.at)),
    };
    let mut lines = heading(ui, &of, width);
    let strip = shown.iter().map(|check| {
        let (sign, role) = sign(ui, check.status);
        ui.span(role, sign)
    });
    lines.push(Line::from(strip.collect::<Vec<Span<'static>>>()));
    let times: Vec<Option<u64>> = shown.iter().map(|check| check.latency_ms).collect();
    let known = || times.iter().flatten().copied();
    if let (Some(least), Some(most)) = (known().min(), known().max()) {
        lines.push(ui.line(Role::Accent, spark(ui, &times, width)));
        let text = if least == most {
            format!("answered in {}", span(least))
        } else {
            format!("answered in {} to {}", span(least), span(most))
        };
        lines.push(ui.line(Role::Muted, text));
    }
    lines
}

fn settings(ui: &Ui<'_>, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let mut lines = heading(ui, "Settings", width);
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
            other => other.to_string(),
        };
        lines.extend(fact_lines(ui, &key.replace('_', " "), &value, width));
    }
    lines
}

fn used_by(ui: &Ui<'_>, row: &Listed, width: usize) -> Vec<Line<'static>> {
    let title = match row.jobs.len() {
        0 => {
            let text = match row.adapter.kind {
                AdapterType::Source => "No job backs it up.",
                _ => "No job uses it.",
            };
            return vec![
                Line::default(),
                ui.line(Role::Warn, format!("{} {text}", ui.glyphs.warn)),
            ];
        }
        jobs => format!("Used by {}", units::count(jobs, "job")),
    };
    let mut lines = heading(ui, &title, width);
    for job in &row.jobs {
        lines.push(ui.line(Role::Text, ui.fit(job, width)));
    }
    lines
}

fn stored(ui: &Ui<'_>, storage: &Storage, width: usize) -> Vec<Line<'static>> {
    let mut lines = heading(ui, "What lies there", width);
    let copies = match storage.copies {
        0 => {
            lines.push(ui.line(Role::Muted, "no copy of a backup yet"));
            return lines;
        }
        copies => units::count(copies, "copy"),
    };
    lines.push(fact(
        ui,
        "copies",
        &format!("{copies}, {}", units::size(storage.stored_bytes)),
    ));
    if let (Some(oldest), Some(newest)) = (storage.oldest, storage.newest) {
        lines.push(fact(ui, "oldest", &ui.ago(oldest)));
        lines.push(fact(ui, "newest", &ui.ago(newest)));
    }
    let trend: Vec<Option<u64>> = storage.trend.iter().map(|week| Some(week.stored_bytes)).collect();
    lines.push(Line::from(vec![
        ui.span(Role::Muted, format!("{:<LABEL$}", "12 weeks")),
        ui.span(Role::Accent, spark(ui, &trend, width.saturating_sub(LABEL))),
    ]));
    lines
}

/// A blank line, and a heading with a line to the end of its place.
fn heading(ui: &Ui<'_>, text: &str, width: usize) -> Vec<Line<'static>> {
    vec![Line::default(), ui.rule(text, width)]
}

fn fact(ui: &Ui<'_>, label: &str, value: &str) -> Line<'static> {
    Line::from(vec![
        ui.span(Role::Muted, format!("{label:<LABEL$}")),
        ui.span(Role::Text, crate::console::ui::visible(value).into_owned()),
    ])
}

/// The same for what may be longer than its line.
fn fact_lines(ui: &Ui<'_>, label: &str, value: &str, width: usize) -> Vec<Line<'static>> {
    // A long label has a line of its own rather than none between it and its value.
    let label = ui.fit(label, LABEL - 1);
    let parts = wrapped(value, width.saturating_sub(LABEL)).into_iter().enumerate();
    parts
        .map(|(at, part)| fact(ui, if at == 0 { &label } else { "" }, &part))
        .collect()
}
