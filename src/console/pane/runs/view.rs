//! How the runs look: the list, beside it the page of the selected run with the end of its log, and the log by itself.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Focus, Runs};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom};
use crate::console::widget::bar::percent;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{failure, split};
use crate::domain::execution::{Execution, ExecutionType, Failure, Stage, Status, Trigger};
use crate::domain::units;

/// The columns of the list. Why a run failed matters more than what it took where its page does not stand beside it.
const fn columns(beside: bool) -> [Column; 8] {
    let (took, why) = if beside { (5, 6) } else { (6, 5) };
    [
        Column::new("STATUS", 11, 0, 0),
        Column::new("JOB", 12, 2, 0),
        Column::new("TYPE", 7, 0, 4),
        Column::new("STARTED", 8, 0, 1),
        Column::new("TOOK", 7, 0, took).right(),
        Column::new("MOVED", 9, 0, 2).right(),
        Column::new("TRIGGER", 9, 0, 7),
        Column::new("WHY", 16, 4, why),
    ]
}

/// Rows of log that are worth showing below a page.
const LOG_ROWS: u16 = 4;

impl Runs {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.page.note(ui);
        self.drawn.set((Rect::default(), Rect::default()));
        if self.focus == Focus::Log {
            self.log_page(ui, frame, area);
            return;
        }
        split::draw(
            frame,
            area,
            self.focus == Focus::Run,
            |frame, area| self.list(ui, frame, area),
            |frame, area| self.run_page(ui, frame, area),
        );
    }

    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let focused = self.focus == Focus::List;
        let title = ui.fit(&self.filters.title(ui), usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, focused).merge_borders(MergeStrategy::Exact);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if let Some(line) = &self.job_line {
            line.view(ui, frame, take_bottom(&mut inner, 1));
        }
        if let Some(error) = &self.list_error {
            failure::below(ui, frame, &mut inner, error);
        }
        self.drawn.set((inner, self.drawn.get().1));
        let rows = self.list.rows();
        if rows.is_empty() {
            frame.render_widget(self.nothing(ui), inner.inner(Margin::new(1, 1)));
            return;
        }
        let list = Table {
            columns: &columns(area.width < frame.area().width),
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
                Some(_) => String::new(),
                None => ui.reading().to_owned(),
            }
        } else if self.filters.is_any() {
            let back = ui.key(&[Scope::Runs, Scope::List], Command::Back);
            format!("No run is like that. {back} shows all.")
        } else if ui.read_only {
            "Nothing has run yet. What runs and what ran is listed here.".to_owned()
        } else {
            let run = ui.key(&[Scope::Jobs, Scope::List], Command::Run);
            let jobs = ui.key(&[], Command::ShowJobs);
            format!("Nothing has run yet. What runs and what ran is listed here; {run} in {jobs} Jobs runs a job.")
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
            _ if self.is_left(run) => (Role::Muted, how_far(run)),
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
        run.status == Status::Running && self.engine_up() == Some(false)
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
            (Status::Pending, _) if run.not_before > ui.now => format!("waits, attempt {}", run.attempt),
            (Status::Pending, _) if self.engine_up() == Some(false) => "waits for an engine".to_owned(),
            (Status::Pending, _) => self.waits_for(run),
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
        let block = ui.block(&title, focused).merge_borders(MergeStrategy::Exact);
        let inner = block.inner(area).inner(Margin::new(1, 0));
        frame.render_widget(block, area);
        self.drawn.set((self.drawn.get().0, inner));
        let width = usize::from(inner.width);
        let mut lines = Vec::new();
        if let Some(error) = &self.run_error {
            lines.extend(failure::lines(ui, error, width));
        }
        if let Some(run) = self.run() {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.extend(self.facts(ui, run, width));
        } else if lines.is_empty() && self.page.of().is_some() {
            lines.push(ui.line(Role::Muted, ui.reading()));
        }
        let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let log = self.log_height(inner.height, wanted);
        let mut facts = inner;
        facts.height -= log;
        if focused {
            ui.set_cursor(Position::new(facts.x, facts.y));
        }
        if log > 0 {
            let mut rest = take_bottom(&mut inner.clone(), log);
            if wanted < facts.height {
                facts.height = wanted + 1;
                rest.y = facts.bottom();
                rest.height = inner.bottom() - rest.y;
            }
            frame.render_widget(
                ui.rule(&self.log.heading(), usize::from(rest.width)),
                Rect { height: 1, ..rest },
            );
            let below = Rect {
                y: rest.y + 1,
                height: rest.height - 1,
                ..rest
            };
            self.log.view(ui, frame, below, self.is_live(), false);
        }
        self.facts.view(ui, frame, facts, lines);
    }

    /// How many of `height` lines are for the log and its heading, below a page of `wanted` lines.
    fn log_height(&self, height: u16, wanted: u16) -> u16 {
        let lines = u16::try_from(self.log.in_memory().0).unwrap_or(u16::MAX);
        if self.log_of.is_none() || self.log_of != self.page.of() || lines == 0 {
            return 0;
        }
        let spare = height.saturating_sub(wanted + 1);
        if spare > lines.min(LOG_ROWS) {
            return spare;
        }
        // A log that grows matters more than the last line of a page that can be scrolled.
        let runs = self.run().is_some_and(|run| run.status == Status::Running);
        if runs && height >= 3 * LOG_ROWS {
            1 + lines.min(height / 3)
        } else {
            0
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
            failure::below(ui, frame, &mut inner, error);
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
    // A backup that reads back what it wrote does so with all copies at once.
    let names_object = match run.progress.stage {
        Some(Stage::Dump | Stage::Restore | Stage::Upload) => true,
        Some(Stage::Verify) => run.kind == ExecutionType::Verify,
        _ => false,
    };
    match run.progress.stage {
        Some(_) if names_object && !run.progress.object.is_empty() => {
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
