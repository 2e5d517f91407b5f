//! How the runs look: the list, beside it the page of the selected run with the end of its log, and the log by itself.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Focus, Runs, WIDE};
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::bar::percent;
use crate::console::widget::paged::Paged;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::Error;
use crate::domain::execution::{Execution, Failure, Stage, Status, Trigger};
use crate::domain::units;

const COLUMNS: [Column; 8] = [
    Column::new("STATUS", 11, 0, 0),
    Column::new("JOB", 12, 2, 0),
    Column::new("TYPE", 7, 0, 4),
    Column::new("STARTED", 8, 0, 1),
    Column::new("TOOK", 7, 0, 3).right(),
    Column::new("SIZE", 9, 0, 2).right(),
    Column::new("TRIGGER", 9, 0, 6),
    Column::new("WHY", 12, 4, 5),
];

/// Rows of log that are worth showing below a page.
const LOG_ROWS: u16 = 4;

/// Where panes are drawn on a terminal of this size.
pub fn body(size: (u16, u16)) -> Rect {
    Rect::new(0, 2, size.0, size.1.saturating_sub(3))
}

/// Where the list is.
pub fn list_area(area: Rect) -> Rect {
    if area.width < WIDE {
        return area;
    }
    Rect {
        width: area.width * 55 / 100,
        ..area
    }
}

/// The row of the list at a position.
pub fn row_at(area: Rect, at: Position, list: &Paged<Execution>) -> Option<usize> {
    let rows = list_area(area).inner(Margin::new(1, 1));
    // The first line is the heading.
    let line = at.y.checked_sub(rows.y + 1)?;
    let row = list.selection.row_at(line);
    (rows.contains(at) && row < list.rows().len()).then_some(row)
}

impl Runs {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if self.focus == Focus::Log {
            self.log_page(ui, frame, area);
            return;
        }
        if area.width < WIDE {
            match self.focus {
                Focus::Run => self.run_page(ui, frame, area),
                _ => self.list(ui, frame, area),
            }
            return;
        }
        let list = list_area(area);
        let page = Rect {
            x: list.right(),
            width: area.width - list.width,
            ..area
        };
        // The focused part last: the terminal's cursor is its.
        if self.focus == Focus::List {
            self.run_page(ui, frame, page);
            self.list(ui, frame, list);
        } else {
            self.list(ui, frame, list);
            self.run_page(ui, frame, page);
        }
    }

    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let focused = self.focus == Focus::List;
        let title = ui.fit(&self.filters.title(ui), usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, focused);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if let Some(line) = &self.job_line {
            line.view(ui, frame, take_bottom(&mut inner, 1));
        }
        if let Some(error) = &self.list_error {
            let lines = failure(ui, error, usize::from(inner.width.saturating_sub(1)));
            let height = u16::try_from(lines.len()).unwrap_or(inner.height);
            frame.render_widget(Paragraph::new(lines), take_bottom(&mut inner, height));
        }
        let rows = self.list.rows();
        if rows.is_empty() {
            frame.render_widget(self.nothing(ui), inner.inner(Margin::new(1, 0)));
            return;
        }
        let list = Table {
            columns: &COLUMNS,
            len: rows.len(),
            selection: &self.list.selection,
            sorted: None,
            focused: focused && self.job_line.is_none(),
        };
        table::draw(ui, frame, inner, &list, |row| {
            rows.get(row)
                .map(|run| self.row(ui, run).marked(self.marked.contains_key(&run.id)))
                .unwrap_or_default()
        });
    }

    fn nothing(&self, ui: &Ui<'_>) -> Paragraph<'static> {
        let text = if !self.list.is_loaded() {
            match self.list_error {
                Some(_) => "",
                None => ui.glyphs.ellipsis,
            }
        } else if self.filters.is_any() {
            "No run is like that. Esc shows all."
        } else {
            "Nothing has run yet. Here is what ran and what runs; a job is run with r in 2 Jobs."
        };
        Paragraph::new(ui.line(Role::Muted, text)).wrap(ratatui::widgets::Wrap { trim: true })
    }

    fn row(&self, ui: &Ui<'_>, run: &Execution) -> Row {
        let (sign, role) = self.sign(ui, run);
        let runs = run.status == Status::Running && !self.is_left(run);
        let waits = run.status == Status::Pending;
        let started = match run.started_at {
            Some(at) => ui.ago(at),
            None if waits && run.not_before > ui.now => ui.until(run.not_before),
            None if waits => "waits".to_owned(),
            None => "never".to_owned(),
        };
        let took = match (run.started_at, run.ended_at) {
            (Some(from), Some(to)) => units::duration(to.since(from)),
            (Some(from), None) if runs => ui.running_for(from),
            _ => String::new(),
        };
        let (size_role, size) = match run.size {
            _ if run.status == Status::Running => (Role::Running, how_far(run)),
            Some(size) => (Role::Text, units::size(size)),
            None => (Role::Muted, String::new()),
        };
        let time_role = if run.started_at.is_some() {
            Role::Text
        } else {
            Role::Muted
        };
        let why_role = if run.status.is_final() { role } else { Role::Muted };
        Row::new([
            (role, format!("{sign} {}", self.word(run))),
            (Role::Text, run.job_name.clone()),
            (Role::Muted, run.kind.to_string()),
            (time_role, started),
            (Role::Text, took),
            (size_role, size),
            (Role::Muted, trigger(run)),
            (why_role, self.why(ui, run)),
        ])
    }

    /// Whether it says that it runs, and there is no engine to run it.
    pub(super) fn is_left(&self, run: &Execution) -> bool {
        run.status == Status::Running && self.engine_up == Some(false)
    }

    pub(super) fn sign(&self, ui: &Ui<'_>, run: &Execution) -> (&'static str, Role) {
        if self.is_left(run) {
            return (ui.glyphs.warn, Role::Warn);
        }
        ui.status(run.status)
    }

    /// Its status in a word.
    pub(super) fn word(&self, run: &Execution) -> String {
        match run.status {
            Status::Running if self.is_left(run) => "no engine".to_owned(),
            Status::Running if run.cancel_requested_at.is_some() => "stopping".to_owned(),
            status => status.to_string(),
        }
    }

    /// Why it is as it is, in short.
    fn why(&self, ui: &Ui<'_>, run: &Execution) -> String {
        match (run.status, &run.error) {
            (Status::Running, _) if self.is_left(run) => "its engine is gone".to_owned(),
            (Status::Running, _) => doing(run),
            (Status::Pending, _) if run.not_before > ui.now => format!("tries again {}", ui.until(run.not_before)),
            (Status::Pending, _) if self.engine_up == Some(false) => "waits for an engine".to_owned(),
            (Status::Pending, _) => "waits for its turn".to_owned(),
            (_, Some(error)) => with_object(error),
            (_, None) => String::new(),
        }
    }

    /// The page of one run, and as much of the end of its log as there is room for.
    fn run_page(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let focused = self.focus == Focus::Run;
        let title = self.run().map_or_else(String::new, |run| {
            let room = usize::from(area.width.saturating_sub(17));
            format!("{}  {}", ui.fit(&run.job_name, room), run.id.short())
        });
        let block = ui.block(&title, focused);
        let inner = block.inner(area).inner(Margin::new(1, 0));
        frame.render_widget(block, area);
        let width = usize::from(inner.width);
        let lines = match (self.run(), &self.run_error) {
            (_, Some(error)) => failure(ui, error, width),
            (Some(run), None) => self.facts(ui, run, width),
            (None, None) if self.of.is_some() => vec![ui.line(Role::Muted, ui.glyphs.ellipsis)],
            (None, None) => Vec::new(),
        };
        let has_log = self.log_of.is_some() && self.log_of == self.of && self.log.is_loaded();
        let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(inner.height);
        // A log that grows matters more than the last line of a page that can be scrolled.
        let runs = self.run().is_some_and(|run| run.status == Status::Running);
        let least = if runs {
            (inner.height / 3).max(LOG_ROWS)
        } else {
            LOG_ROWS
        };
        let spare = inner.height.saturating_sub(wanted + 2);
        let log = if !has_log {
            0
        } else if spare >= least {
            spare
        } else if runs && inner.height >= 3 * LOG_ROWS {
            least
        } else {
            0
        };
        let facts = Rect {
            height: if log == 0 {
                inner.height
            } else {
                inner.height.saturating_sub(log + 1).min(wanted + 1)
            },
            ..inner
        };
        if focused {
            ui.set_cursor(Position::new(facts.x, facts.y));
        }
        self.facts.view(
            ui,
            frame,
            Rect {
                height: facts.height.saturating_sub(u16::from(log > 0)),
                ..facts
            },
            lines,
        );
        if log > 0 {
            let rest = Rect {
                y: facts.bottom(),
                height: inner.bottom() - facts.bottom(),
                ..inner
            };
            rule(ui, frame, rest, "Log");
            let below = Rect {
                y: rest.y + 1,
                height: rest.height - 1,
                ..rest
            };
            self.log.view(ui, frame, below, self.is_live(), false);
        }
    }

    /// Whether the run whose log is shown may still say something.
    fn is_live(&self) -> bool {
        self.run()
            .is_some_and(|run| !run.status.is_final() && !self.is_left(run))
    }

    fn log_page(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let title = self.run().map_or_else(String::new, |run| {
            let room = usize::from(area.width.saturating_sub(24));
            format!("Log of {}  {}", ui.fit(&run.job_name, room), run.id.short())
        });
        let block = ui.block(&title, true);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        let top = Rect { height: 1, ..inner }.intersection(inner);
        if let Some(run) = self.run() {
            frame.render_widget(self.summary(ui, run, usize::from(inner.width)), top);
        }
        inner.y += top.height;
        inner.height -= top.height;
        if let Some(error) = &self.log_error {
            let lines = failure(ui, error, usize::from(inner.width.saturating_sub(1)));
            let height = u16::try_from(lines.len()).unwrap_or(inner.height);
            frame.render_widget(Paragraph::new(lines), take_bottom(&mut inner, height));
        }
        self.log.view(ui, frame, inner, self.is_live(), true);
    }

    /// How the run stands, in one line above its log.
    fn summary(&self, ui: &Ui<'_>, run: &Execution, width: usize) -> Line<'static> {
        let (sign, role) = self.sign(ui, run);
        let mut parts = Vec::new();
        match (run.started_at, run.ended_at) {
            (Some(from), Some(to)) => parts.push(format!("in {}", units::duration(to.since(from)))),
            (Some(from), None) if !self.is_left(run) => {
                parts.push(format!("for {}", ui.running_for(from)));
                parts.push(doing(run));
                parts.push(how_far(run));
            }
            _ => {}
        }
        if run.status.is_final() || self.is_left(run) || run.started_at.is_none() {
            parts.push(self.why(ui, run));
        }
        let head = format!(" {sign} {} {}", run.kind, self.word(run));
        let room = width.saturating_sub(head.width() + 1);
        parts.retain(|part| !part.is_empty());
        let text = parts.join(&format!(" {} ", ui.glyphs.dot));
        Line::from(vec![
            ui.span(role, head),
            Span::raw(" "),
            ui.span(Role::Muted, ui.fit(&text, room)),
        ])
    }
}

/// What it is at: `dump app`.
pub fn doing(run: &Execution) -> String {
    let stage = run.progress.stage.map(|stage| stage.to_string()).unwrap_or_default();
    match run.progress.stage {
        Some(Stage::Dump | Stage::Restore | Stage::Upload) if !run.progress.object.is_empty() => {
            format!("{stage} {}", run.progress.object)
        }
        _ => stage,
    }
}

/// How far it is: in percent where there is an estimate of the whole, else in bytes.
pub fn how_far(run: &Execution) -> String {
    let progress = &run.progress;
    match (progress.plain_bytes, progress.estimated_bytes) {
        (0, 0) => String::new(),
        (done, 0) => units::size(done),
        (done, all) => percent(done, all.max(done.saturating_add(1))),
    }
}

fn trigger(run: &Execution) -> String {
    match run.trigger {
        Trigger::Retry => format!("retry {}", run.attempt),
        Trigger::CatchUp => "catch-up".to_owned(),
        other => other.to_string(),
    }
}

/// What happened, with the object it happened to.
pub fn with_object(error: &Failure) -> String {
    if error.object.is_empty() {
        error.message.clone()
    } else {
        format!("{}: {}", error.object, error.message)
    }
}

/// What could not be read, and what to do.
fn failure(ui: &Ui<'_>, error: &Error, width: usize) -> Vec<Line<'static>> {
    let failure = Failure::from(error);
    let mut lines = Vec::new();
    let told = [
        (Role::Bad, ui.glyphs.bad, with_object(&failure)),
        (Role::Text, ui.glyphs.arrow, failure.next),
    ];
    for (role, sign, text) in told {
        if text.is_empty() {
            continue;
        }
        for (index, part) in wrapped(&text, width.saturating_sub(3)).into_iter().enumerate() {
            let sign = if index == 0 { sign } else { " " };
            lines.push(ui.line(role, format!(" {sign} {part}")));
        }
    }
    lines
}

/// A heading with a line to the end of its place.
fn rule(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, text: &str) {
    let line = if ui.glyphs.ascii { "-" } else { "─" };
    let rest = usize::from(area.width).saturating_sub(text.width() + 1);
    let spans = vec![
        ui.span(Role::Title, format!("{text} ")),
        ui.span(Role::Border, line.repeat(rest)),
    ];
    frame.render_widget(Line::from(spans), area);
}

/// Takes lines away at the bottom.
fn take_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect {
        y: area.bottom(),
        height,
        ..*area
    }
}
