//! How the pane looks: the list, and beside it or in its place the selected adapter.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::widgets::{Paragraph, Wrap};

use super::Adapters;
use super::list::{SORTED_BY, shown_latency};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom};
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{failure, filter, split};
use crate::domain::adapter::{Adapter, AdapterType, Health};
use crate::domain::units;
use crate::ops::adapters::Listed;

const COLUMNS: [Column; 8] = [
    Column::new("HEALTH", 10, 0, 0),
    Column::new("NAME", 12, 2, 0),
    Column::new("TYPE", 6, 0, 3),
    Column::new("DRIVER", 8, 0, 2),
    Column::new("ADDRESS", 12, 3, 6),
    Column::new("LATENCY", 7, 0, 4).right(),
    Column::new("CHECKED", 7, 0, 5).right(),
    Column::new("JOBS", 4, 0, 1).right(),
];

impl Adapters {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.shown.note(ui);
        self.list_area.set(Rect::default());
        split::draw(
            frame,
            area,
            self.in_detail,
            |frame, area| self.list(ui, frame, area),
            |frame, area| self.detail(ui, frame, area),
        );
    }

    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let block = ui
            .block("Adapters", !self.in_detail)
            .merge_borders(MergeStrategy::Exact);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if self.rows.is_filtered() {
            self.filter_line(ui, frame, take_bottom(&mut inner, 1));
        }
        if let Some(error) = &self.failed {
            failure::below(ui, frame, &mut inner, error);
        }
        if self.rows.is_empty() {
            let text = Paragraph::new(ui.line(Role::Muted, self.nothing(ui))).wrap(Wrap { trim: true });
            frame.render_widget(text, inner.inner(Margin::new(1, 1)));
            return;
        }
        self.list_area.set(inner);
        let (sort, down) = self.rows.sort;
        let list = Table {
            columns: &COLUMNS,
            len: self.rows.len(),
            selection: &self.rows.selection,
            sorted: SORTED_BY.get(sort).map(|column| (*column, down)),
            focused: !self.in_detail && !self.rows.typing,
        };
        table::draw(ui, frame, inner, &list, |at| match self.rows.get(at) {
            Some(row) => self.row(ui, row).marked(self.rows.is_marked(row.adapter.id)),
            None => Row::default(),
        });
    }

    fn filter_line(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, line: Rect) {
        let text = &self.rows.filter;
        if self.rows.typing {
            let about = (Role::Muted, "in name, driver, address or health");
            filter::typing(ui, frame, line, text, about);
        } else {
            filter::taken(ui, frame, line, text.text());
        }
    }

    fn nothing(&self, ui: &Ui<'_>) -> String {
        if !self.loaded {
            let waits = self.failed.is_none();
            return if waits { ui.reading().to_owned() } else { String::new() };
        }
        let scopes = [Scope::Adapters, Scope::List];
        if !self.rows.all().is_empty() {
            let back = ui.key(&scopes, Command::Back);
            return format!("No adapter has that in its name, driver, address or health. {back} shows all.");
        }
        let what = "An adapter is a source, a database that is backed up, or a destination, where backups are kept.";
        if ui.read_only {
            return what.to_owned();
        }
        format!("{what} {} adds one.", ui.key(&scopes, Command::Add))
    }

    fn row(&self, ui: &Ui<'_>, row: &Listed) -> Row {
        let adapter = &row.adapter;
        let (role, health) = if self.testing.contains_key(&adapter.id) {
            (Role::Running, format!("{} testing", ui.glyphs.running))
        } else {
            let (sign, role) = sign(ui, adapter.last_status);
            (role, format!("{sign} {}", word(adapter)))
        };
        let latency = shown_latency(adapter).map(units::millis).unwrap_or_default();
        let checked = adapter
            .last_health_check
            .map_or_else(|| "never".to_owned(), |at| ui.ago(at));
        let jobs = match row.jobs.len() {
            0 => (Role::Muted, ui.glyphs.dot.to_owned()),
            jobs => (Role::Text, jobs.to_string()),
        };
        Row::new([
            (role, health),
            (Role::Text, adapter.name.clone()),
            (Role::Muted, short_kind(adapter.kind).to_owned()),
            (Role::Text, adapter.driver.clone()),
            (Role::Muted, adapter.summary.clone()),
            (Role::Text, latency),
            (Role::Muted, checked),
            jobs,
        ])
    }

    fn detail(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some(row) = self.shown() else {
            frame.render_widget(ui.block("", false).merge_borders(MergeStrategy::Exact), area);
            return;
        };
        let title = ui.fit(&row.adapter.name, usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, self.in_detail).merge_borders(MergeStrategy::Exact);
        let inner = block.inner(area).inner(Margin::new(1, 0));
        frame.render_widget(block, area);
        let lines = self.facts(ui, row, usize::from(inner.width));
        self.scroll.view(ui, frame, inner, lines);
        if self.in_detail {
            ui.set_cursor(Position::new(inner.x, inner.y));
        }
    }
}

/// Sign and role of a health.
pub const fn sign(ui: &Ui<'_>, health: Health) -> (&'static str, Role) {
    match health {
        Health::Online => (ui.glyphs.good, Role::Good),
        Health::Degraded => (ui.glyphs.warn, Role::Warn),
        Health::Offline => (ui.glyphs.bad, Role::Bad),
        Health::Unknown => (ui.glyphs.pending, Role::Muted),
    }
}

/// Its health in a word.
pub fn word(adapter: &Adapter) -> String {
    match adapter.last_status {
        Health::Unknown => "untested".to_owned(),
        health => health.to_string(),
    }
}

const fn short_kind(kind: AdapterType) -> &'static str {
    match kind {
        AdapterType::Source => "source",
        AdapterType::Destination => "dest.",
        AdapterType::Channel => "chan.",
    }
}
