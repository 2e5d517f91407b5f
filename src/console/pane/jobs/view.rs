//! How the jobs look: the list, and where there is room the detail and what runs beside it.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Focus, Jobs, WIDE, live};
use crate::console::command::{Command, Scope};
use crate::console::pane::jobs::list::last;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom};
use crate::console::widget::bar::percent;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{failure, filter, split};
use crate::domain::execution::{Execution, Status};
use crate::domain::units::size;
use crate::ops::jobs::{JobView, LastRun};
use crate::ops::status::{JobStatus, Next, State};

const COLUMNS: [Column; 5] = [
    Column::new("JOB", 12, 3, 0),
    Column::new("SOURCE", 12, 2, 2),
    Column::new("LAST", 12, 0, 0),
    Column::new("NEXT", 11, 0, 1),
    Column::new("SIZE", 9, 0, 3).right(),
];

impl Jobs {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.shown.note(ui);
        if self.focus == Focus::Page {
            self.page(ui, frame, area);
        } else if self.rows.selected().is_none() {
            self.list(ui, frame, area, true);
        } else {
            let in_detail = self.focus == Focus::Detail;
            split::draw(
                frame,
                area,
                in_detail,
                |frame, area| self.list(ui, frame, area, !in_detail),
                |frame, area| self.beside(ui, frame, area),
            );
        }
    }

    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let block = ui.block("Jobs", focused).merge_borders(MergeStrategy::Exact);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if let Some(error) = &self.failed {
            failure::below(ui, frame, &mut inner, error);
        }
        let is_filtered = self.rows.is_filtered();
        if is_filtered && inner.height > 2 {
            self.filter_line(ui, frame, take_bottom(&mut inner, 1));
        }
        self.list_area.set(inner);
        if self.rows.is_empty() {
            self.nothing(ui, frame, inner, is_filtered);
            return;
        }
        let list = Table {
            columns: &COLUMNS,
            len: self.rows.len(),
            selection: &self.rows.selection,
            sorted: Some(self.rows.sort),
            focused: focused && !self.rows.typing,
        };
        let inner = Rect {
            width: inner.width.saturating_sub(1),
            ..inner
        };
        table::draw(ui, frame, inner, &list, |row| {
            self.rows.get(row).map(|job| self.row(ui, job)).unwrap_or_default()
        });
    }

    fn nothing(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, is_filtered: bool) {
        let area = area.inner(Margin::new(1, 1));
        let lines = if !self.loaded {
            if self.failed.is_some() {
                return;
            }
            vec![ui.line(Role::Muted, ui.reading())]
        } else if is_filtered {
            vec![ui.line(Role::Muted, "No job contains that.")]
        } else {
            let add = |scope| ui.span(Role::Key, ui.key(&[scope, Scope::List], Command::Add));
            let first = match self.missing() {
                _ if ui.read_only => Vec::new(),
                None => vec![add(Scope::Jobs), ui.span(Role::Text, " adds the first one.")],
                Some(missing) => vec![
                    ui.span(Role::Text, format!("It needs {missing} first: ")),
                    add(Scope::Adapters),
                    ui.span(Role::Text, " in "),
                    ui.span(Role::Key, ui.key(&[], Command::ShowAdapters)),
                    ui.span(Role::Text, " Adapters adds one."),
                ],
            };
            vec![
                ui.line(Role::Title, "There are no jobs, so nothing is backed up."),
                ui.line(
                    Role::Muted,
                    "A job says what is backed up, when, to where, and how long it is kept.",
                ),
                Line::default(),
                Line::from(first),
            ]
        };
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), area);
    }

    fn filter_line(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let text = &self.rows.filter;
        if self.rows.typing {
            let about = (Role::Muted, "in job, source, destination or key");
            filter::typing(ui, frame, area, text, about);
        } else {
            filter::taken(ui, frame, area, text.text());
        }
    }

    fn row(&self, ui: &Ui<'_>, job: &JobView) -> Row {
        let standing = self.rows.known().of(job);
        let driver = self.driver(job).unwrap_or_default();
        let good = standing.and_then(|standing| standing.last_good.as_ref());
        let cells = [
            (Role::Text, job.name.clone()),
            (Role::Muted, format!("{} {driver}", job.source)),
            self.last_cell(ui, job, standing),
            next_cell(ui, self.rows.known().next(job)),
            (
                Role::Muted,
                good.map_or_else(String::new, |good| size(good.logical_size)),
            ),
        ];
        Row::new(cells).marked(self.rows.is_marked(job.id))
    }

    /// The detail, and below it what runs.
    fn beside(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some((job, _)) = self.detail() else { return };
        let known = self.rows.known();
        let run = known.open_run(job.id).or_else(|| known.running());
        let lower = run.map_or(0, |run| live_height(run, self.rows.known().is_left(run), area));
        // They share a line as well.
        let upper = Rect {
            height: area.height - lower.saturating_sub(1),
            ..area
        };
        let block = ui
            .block(&ui.fit(&job.name, title_room(area.width)), self.focus == Focus::Detail)
            .merge_borders(MergeStrategy::Exact);
        let inner = block.inner(upper);
        frame.render_widget(block, upper);
        self.facts_in(ui, frame, inner, 1);
        self.below(ui, frame, area, run);
    }

    /// The detail alone.
    fn page(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some((job, _)) = self.detail() else { return };
        let run = self.rows.known().open_run(job.id);
        let lower = run.map_or(0, |run| live_height(run, self.rows.known().is_left(run), area));
        let upper = Rect {
            height: area.height - lower.saturating_sub(1),
            ..area
        };
        let block = ui
            .block(&ui.fit(&job.name, title_room(area.width)), true)
            .merge_borders(MergeStrategy::Exact);
        let inner = block.inner(upper);
        frame.render_widget(block, upper);
        let columns = if area.width >= WIDE { 2 } else { 1 };
        self.facts_in(ui, frame, inner, columns);
        self.below(ui, frame, area, run);
    }

    fn facts_in(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, columns: u16) {
        let title = title_room(area.width + 2);
        let area = area.inner(Margin::new(1, 0));
        let width = area.width / columns - (columns - 1);
        let [health, definition] = self.facts(ui, usize::from(width), title);
        if columns == 2 {
            let right = Rect {
                x: area.x + width + 2,
                width,
                ..area
            };
            let window = self
                .scroll
                .window(health.len().max(definition.len()), usize::from(area.height));
            for (lines, place) in [(health, Rect { width, ..area }), (definition, right)] {
                let end = window.end.min(lines.len());
                let shown = lines.get(window.start.min(end)..end).unwrap_or_default();
                frame.render_widget(Paragraph::new(shown.to_vec()), place);
            }
            return;
        }
        let lines: Vec<Line<'_>> = health.into_iter().chain([Line::default()]).chain(definition).collect();
        self.scroll.view(ui, frame, area, lines);
        if self.is_in_one() {
            ui.set_cursor(ratatui::layout::Position::new(area.x, area.y));
        }
    }

    /// What runs, at the foot of the detail.
    fn below(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, run: Option<&Execution>) {
        let Some(run) = run else { return };
        let is_left = self.rows.known().is_left(run);
        let height = live_height(run, is_left, area);
        let place = Rect {
            y: area.bottom() - height,
            height,
            ..area
        };
        live::draw(ui, frame, place, run, is_left);
    }

    /// How the last run ended and when; what runs; why nothing does.
    fn last_cell(&self, ui: &Ui<'_>, job: &JobView, standing: Option<&JobStatus>) -> (Role, String) {
        let Some(run) = self.rows.known().open_run(job.id) else {
            return ended_cell(ui, job, standing);
        };
        if self.rows.known().is_left(run) {
            return (Role::Warn, format!("{} no engine", ui.glyphs.warn));
        }
        let (sign, role) = ui.status(run.status);
        let progress = &run.progress;
        let word = match run.started_at {
            Some(_) if progress.estimated_bytes > 0 => percent(
                progress.plain_bytes,
                progress.estimated_bytes.max(progress.plain_bytes + 1),
            ),
            Some(_) => "running".to_owned(),
            None => "waiting".to_owned(),
        };
        (role, format!("{sign} {word}"))
    }
}

/// Cells of the job's name in the title of a frame of that width.
fn title_room(width: u16) -> usize {
    usize::from(width / 2)
}

fn live_height(run: &Execution, is_left: bool, area: Rect) -> u16 {
    live::height(run, is_left).min(area.height / 2)
}

/// How the last run ended and when; why nothing runs.
fn ended_cell(ui: &Ui<'_>, job: &JobView, standing: Option<&JobStatus>) -> (Role, String) {
    let state = standing.map_or(State::New, |standing| standing.state);
    let ended = last(job).zip(job.last_run.as_ref());
    // A run without a verdict, as one that was cancelled, changes nothing about how the job stands.
    let counts = |run: &LastRun| standing.and_then(|standing| standing.last_run) == Some(run.id);
    let (sign, role, word) = match (state, ended) {
        // More than that does not fit.
        (State::OutOfReach, _) => (ui.glyphs.bad, Role::Bad, "offline".to_owned()),
        (State::Late, _) => {
            let since = standing.and_then(|standing| standing.late_since);
            let age = since.map(|since| format!(" {}", ui.age(since))).unwrap_or_default();
            (ui.glyphs.warn, Role::Warn, format!("late{age}"))
        }
        (State::Failed, Some((at, run))) if run.status == Status::Failed => (ui.glyphs.bad, Role::Bad, ui.ago(at)),
        // Whatever ran since, what there is to know is that it failed.
        (State::Failed, _) => (ui.glyphs.bad, Role::Bad, "failed".to_owned()),
        (State::Partial, Some((_, run))) if !counts(run) => (ui.glyphs.warn, Role::Warn, "partial".to_owned()),
        (_, Some((at, run))) => {
            let (sign, role) = ui.status(run.status);
            (sign, role, ui.ago(at))
        }
        (_, None) => (ui.glyphs.idle, Role::Muted, "never ran".to_owned()),
    };
    (role, format!("{sign} {word}"))
}

/// When it runs next by itself, or why it does not.
fn next_cell(ui: &Ui<'_>, next: Next) -> (Role, String) {
    match next {
        // With the "in" it would not always fit, and an age that was cut would be another age.
        Next::Retries(at) => (Role::Text, format!("retry {}", ui.until(at).trim_start_matches("in "))),
        Next::Fires(at) => (Role::Text, ui.until(at)),
        Next::Paused(_) => (Role::Muted, format!("{} paused", ui.glyphs.idle)),
        Next::NoEngine => (Role::Warn, "no engine".to_owned()),
        Next::NotEnabled => (Role::Warn, "not enabled".to_owned()),
        Next::ByHand => (Role::Muted, "by hand".to_owned()),
        Next::Never => (Role::Muted, "never".to_owned()),
    }
}
