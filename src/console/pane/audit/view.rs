//! How the record looks: the rows, and beside them or in their place what the selected one says.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::diff::{Change, changes};
use super::{Audit, Chain};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom, visible, wrapped};
use crate::console::widget::failure::{self, signed};
use crate::console::widget::sheet::Sheet;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{filter, split};
use crate::domain::audit::{ActorKind, AuditRow};
use crate::domain::units;

const COLUMNS: [Column; 5] = [
    Column::new("TIME", 12, 0, 0),
    Column::new("WHO", 9, 1, 2),
    Column::new("KIND", 6, 0, 5),
    Column::new("ACTION", 16, 0, 0),
    Column::new("WHAT", 20, 5, 0),
];

/// Cells of a label.
const LABEL: usize = 9;

impl Audit {
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
        let title = ui.fit(&self.filters.title(ui), usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, !self.in_detail).merge_borders(MergeStrategy::Exact);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if let Some(field) = &self.typing {
            let about = (Role::Muted, "part of a name, or an id; also actor:ro action:remove");
            filter::typing(ui, frame, take_bottom(&mut inner, 1), field, about);
        }
        let width = usize::from(inner.width.saturating_sub(2));
        let below = [self.chain(ui, width), self.trouble(ui, width)];
        for lines in below.into_iter().filter(|lines| !lines.is_empty()) {
            let height = u16::try_from(lines.len()).unwrap_or(inner.height);
            let place = take_bottom(&mut inner, height).inner(Margin::new(1, 0));
            frame.render_widget(Paragraph::new(lines), place);
        }
        let rows = self.list.rows();
        if rows.is_empty() {
            let text = Paragraph::new(ui.line(Role::Muted, self.nothing(ui))).wrap(Wrap { trim: true });
            frame.render_widget(text, inner.inner(Margin::new(1, 1)));
            return;
        }
        self.list_area.set(inner);
        let list = Table {
            columns: &COLUMNS,
            len: rows.len(),
            selection: &self.list.selection,
            sorted: None,
            focused: !self.in_detail && self.typing.is_none(),
        };
        table::draw(ui, frame, inner, &list, |at| {
            rows.get(at).map(|entry| row(ui, entry)).unwrap_or_default()
        });
    }

    fn nothing(&self, ui: &Ui<'_>) -> String {
        if self.failed.is_some() {
            String::new()
        } else if !self.list.is_loaded() {
            ui.reading().to_owned()
        } else if self.filters.is_any() {
            let back = ui.key(&[Scope::Audit, Scope::List], Command::Back);
            format!(
                "Nothing like that is on record. {back} shows all. What is gone is found by the beginning of its name, or by its id."
            )
        } else {
            "Every change is recorded here with who made it, from where, and what was before. Nothing was changed yet."
                .to_owned()
        }
    }

    fn trouble(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        match &self.failed {
            Some(error) => failure::lines(ui, error, width),
            None => Vec::new(),
        }
    }

    /// Whether the chain is whole, once that was asked.
    fn chain(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        match &self.chain {
            Chain::Unknown => Vec::new(),
            Chain::Walking(since) => {
                let text = format!("walking the chain, {}", ui.running_for(*since));
                signed(ui, Role::Running, ui.glyphs.running, &text, width)
            }
            Chain::Failed(error) => failure::lines(ui, error, width),
            Chain::Walked(verdict, at) => match &verdict.broken {
                None => {
                    let rows = units::count(verdict.rows, "row");
                    let text = format!("chain whole: {rows}, {}", ui.ago(*at));
                    signed(ui, Role::Good, ui.glyphs.good, &text, width)
                }
                Some(broken) => {
                    let text = format!("chain broken at row {}: {}", broken.seq, broken.reason);
                    let mut lines = signed(ui, Role::Bad, ui.glyphs.bad, &text, width);
                    let next = "rows before it are as they were written; trust none from it on";
                    lines.extend(signed(ui, Role::Text, ui.glyphs.arrow, next, width));
                    lines
                }
            },
        }
    }

    /// Where the chain was found broken.
    fn broken_at(&self) -> Option<i64> {
        match &self.chain {
            Chain::Walked(verdict, _) => verdict.broken.as_ref().map(|broken| broken.seq),
            _ => None,
        }
    }

    fn detail(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some(row) = self.shown() else {
            frame.render_widget(ui.block("", false).merge_borders(MergeStrategy::Exact), area);
            return;
        };
        let title = format!("{} {} row {}", row.action, ui.glyphs.dot, row.seq);
        let title = ui.fit(&title, usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, self.in_detail).merge_borders(MergeStrategy::Exact);
        let inner = block.inner(area).inner(Margin::new(1, 0));
        frame.render_widget(block, area);
        let lines = self.facts(ui, row, usize::from(inner.width));
        self.scroll.view(ui, frame, inner, lines);
        if self.in_detail {
            ui.set_cursor(Position::new(inner.x, inner.y));
        }
    }

    fn facts(&self, ui: &Ui<'_>, row: &AuditRow, width: usize) -> Vec<Line<'static>> {
        let mut sheet = Sheet::new(ui, LABEL, width);
        if self.broken_at().is_some_and(|broken| row.seq >= broken) {
            let text = "the chain is broken at or before this row: do not trust it";
            sheet.lines.extend(signed(ui, Role::Bad, ui.glyphs.bad, text, width));
            sheet.gap();
        }
        let who = match row.actor_kind {
            ActorKind::User => row.actor.clone(),
            ActorKind::Engine => format!("{}, by itself", row.actor),
        };
        sheet.fact("when", Role::Text, &ui.instant(row.at));
        sheet.fact("who", Role::Text, &who);
        if !row.client.is_empty() {
            sheet.fact("from", Role::Text, &row.client);
        }
        sheet.fact("what", Role::Text, &what(row));
        if !row.entity_id.is_empty() && row.entity_id != row.entity_name {
            sheet.fact("id", Role::Text, &row.entity_id);
        }
        sheet.gap();
        let changed = changes(&row.diff);
        if changed.is_empty() {
            sheet.text(Role::Muted, "nothing more is on record");
        }
        let label = widest_label(&changed);
        for change in &changed {
            sheet.lines.extend(change_lines(ui, change, label, width));
        }
        sheet.gap();
        sheet.fact("hash", Role::Text, &row.hash);
        let before = if row.prev_hash.is_empty() {
            "none: it is the first row"
        } else {
            &row.prev_hash
        };
        sheet.fact("follows", Role::Text, before);
        sheet.lines
    }
}

fn row(ui: &Ui<'_>, row: &AuditRow) -> Row {
    let by_itself = row.actor_kind == ActorKind::Engine;
    let who = if by_itself { Role::Muted } else { Role::Text };
    Row::new([
        (Role::Muted, ui.date(row.at)),
        (who, row.actor.clone()),
        (Role::Muted, row.actor_kind.to_string()),
        (Role::Text, row.action.clone()),
        (who, what(row)),
    ])
}

/// Type and name of what it was done to.
fn what(row: &AuditRow) -> String {
    format!("{} {}", row.entity_type, row.entity_name).trim_end().to_owned()
}

/// Cells of the column that the names of facts stand in, at least those of the labels above; a longer name stands for itself.
fn widest_label(changes: &[Change]) -> usize {
    let facts = changes.iter().filter_map(|change| match change {
        Change::Fact { field, .. } => Some(field.width() + 2),
        Change::Changed { .. } => None,
    });
    facts.filter(|cells| *cells <= 2 * LABEL).fold(LABEL, usize::max)
}

/// The field, and below it what went and what came; a fact beside its field, in a column of `label` cells.
fn change_lines(ui: &Ui<'_>, change: &Change, label: usize, width: usize) -> Vec<Line<'static>> {
    let side = |role: Role, sign: &'static str, value: &Option<String>| {
        let parts = value.iter().flat_map(|value| wrapped(value, width.saturating_sub(4)));
        parts
            .map(|part| ui.line(role, format!("  {sign} {part}")))
            .collect::<Vec<_>>()
    };
    match change {
        Change::Changed { field, before, after } => {
            let mut lines = vec![ui.line(Role::Title, ui.fit(field, width))];
            lines.extend(side(Role::Bad, "-", before));
            lines.extend(side(Role::Good, "+", after));
            lines
        }
        Change::Fact { field, value } => {
            let mut lines = Vec::new();
            let label = label.max(field.width() + 2);
            if value.width() <= width.saturating_sub(label) {
                lines.push(Line::from(vec![
                    ui.span(Role::Title, format!("{:<label$}", visible(field))),
                    ui.span(Role::Text, visible(value).into_owned()),
                ]));
            } else {
                lines.push(ui.line(Role::Title, ui.fit(field, width)));
                let parts = wrapped(value, width.saturating_sub(4)).into_iter();
                lines.extend(parts.map(|part| ui.line(Role::Text, format!("    {part}"))));
            }
            lines
        }
    }
}
