//! How the overview looks: the answer in one sentence, the jobs by urgency, and beside them what runs, twelve weeks of days, and
//! what lies where.

mod answer;
mod jobs;
mod open;
mod past;

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

pub(super) use self::answer::named;
use self::answer::{answer, engine_step};
use self::jobs::{COLUMNS, job_row, prospects, why};
use super::{Overview, Part, first};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::table::{self, Table};
use crate::domain::Error;
use crate::ops::status;

/// From this width on there is a right side.
const WIDE: u16 = 100;

/// Cells of the right side.
const ASIDE: u16 = 44;

/// Lines that the heading and the jobs keep however much there is to say of the selected one.
const LEAST_LIST: u16 = 4;

/// As many of them show enough of the jobs: what would be lost of the selected one comes before more.
const ENOUGH_LIST: u16 = 8;

/// Lines for why the selected job stands as it does. A reason may be long, and its run tells all of it.
const MOST_WHY: u16 = 10;

impl Overview {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.narrow.set(area.width < WIDE);
        self.jobs_area.set(Rect::default());
        self.open_area.set(Rect::default());
        let area = area.inner(Margin::new(1, 0));
        let failures = self.failures(ui, usize::from(area.width));
        let width = usize::from(area.width);
        let mut head = self.home(ui, width);
        let step = self.next_step();
        let known = self
            .status
            .as_deref()
            .filter(|status| !status.jobs.is_empty() || status.jobless.is_some());
        let Some(status) = known else {
            if step.is_none() && failures.is_empty() {
                // Nothing is known yet of how things stand, or of what is missing for a first backup.
                headed(frame, area, vec![ui.line(Role::Muted, ui.reading())]);
                return;
            }
            let status = self.status.as_deref();
            head.extend(status.into_iter().flat_map(|status| engine_step(ui, status, width)));
            head.extend(failures);
            let below = headed(frame, area, head);
            if let Some(step) = step {
                first::steps(ui, frame, below, step, first::From::Nothing);
            }
            return;
        };
        head.extend(answer(ui, status, width));
        head.extend(
            status
                .jobless
                .iter()
                .flat_map(|jobless| first::restorable(ui, jobless, width)),
        );
        head.extend(engine_step(ui, status, width));
        head.extend(failures);
        let below = headed(frame, area, head);
        if self.focus() == Part::Aside {
            self.page(ui, frame, below);
        } else if self.narrow.get() {
            self.left(ui, frame, below, status, true);
        } else {
            let aside = Rect {
                x: below.right() - ASIDE,
                width: ASIDE,
                ..below
            };
            let left = Rect {
                width: below.width - ASIDE - 2,
                ..below
            };
            self.left(ui, frame, left, status, false);
            self.aside(ui, frame, aside, status);
        }
    }

    /// Why nothing can be recorded any more, or soon.
    fn home(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let home = self.status.as_ref().and_then(|status| status.home.as_ref());
        home.map_or_else(Vec::new, |home| {
            let error = Error::failed(home.message.clone())
                .on(home.object.clone())
                .next(home.next.clone());
            failure::lines(ui, &error, width)
        })
    }

    /// What could not be read, each with its next step. What is shown below is of the last time that it could.
    fn failures(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let errors = [
            self.status_error.as_ref(),
            self.setup.error(),
            self.calendar.error(),
            self.storage.error(),
        ];
        let mut lines: Vec<Line<'static>> = Vec::new();
        for error in errors.into_iter().flatten() {
            let told = failure::lines(ui, error, width);
            // What keeps one from being read mostly keeps all of them.
            if !told.iter().all(|line| lines.contains(line)) {
                lines.extend(told);
            }
        }
        lines
    }

    /// The jobs, and why the selected one stands as it does; with little room also what runs.
    fn left(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, status: &status::Overview, alone: bool) {
        let open = if alone {
            u16::try_from(status.open.len().min(2) * 2).unwrap_or(0)
        } else {
            0
        };
        let open = if open > 0 { open + 1 } else { 0 };
        if let Some(step) = self.next_step() {
            let steps = Rect {
                height: area.height - open.min(area.height),
                ..area
            };
            first::steps(ui, frame, steps, step, first::From::Backups);
            let running = Rect {
                y: steps.bottom(),
                height: area.height - steps.height,
                ..area
            };
            self.open_runs(ui, frame, running, status);
            return;
        }
        self.why.note(ui);
        let rows = u16::try_from(status.jobs.len() + 1).unwrap_or(u16::MAX);
        let most = area.height.saturating_sub(open + rows.min(LEAST_LIST)).min(MOST_WHY);
        let inside = usize::from(area.width.saturating_sub(4));
        let selected = self.why.of().unwrap_or_default();
        let mut why = why(ui, status, selected, inside, usize::from(most));
        if let Some(job) = status.jobs.get(selected) {
            let told = prospects(ui, job, inside);
            // No job leaves a short list for them.
            let list = rows.min(ENOUGH_LIST);
            if why.len() + told.len() <= usize::from(area.height.saturating_sub(open.saturating_add(list))) {
                why.extend(told);
            }
        }
        let why_height = u16::try_from(why.len()).unwrap_or(area.height).min(area.height);
        let list_height = area.height.saturating_sub(why_height + open).min(rows);
        let list = Rect {
            height: list_height,
            ..area
        };
        self.jobs_area.set(list);
        let jobs = Table {
            columns: &COLUMNS,
            len: status.jobs.len(),
            selection: &self.jobs,
            sorted: None,
            focused: self.focus() == Part::Jobs,
        };
        table::draw_all_told(ui, frame, list, &jobs, |row| {
            status
                .jobs
                .get(row)
                .map(|job| job_row(ui, job, status))
                .unwrap_or_default()
        });
        let text = Rect {
            y: list.bottom(),
            height: why_height,
            ..area
        };
        frame.render_widget(Paragraph::new(why), text.inner(Margin::new(2, 0)));
        let running = Rect {
            y: text.bottom(),
            height: open,
            ..area
        };
        self.open_runs(ui, frame, running, status);
    }

    fn aside(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, status: &status::Overview) {
        let mut rest = area;
        let mut part = |height: u16| {
            let part = Rect {
                height: height.min(rest.height),
                ..rest
            };
            rest = Rect {
                y: rest.y + part.height,
                height: rest.height - part.height,
                ..rest
            };
            part
        };
        let runs = u16::try_from(status.open.len().clamp(1, 4)).unwrap_or(1) * 2;
        let runs = if status.open.is_empty() { 1 } else { runs };
        frame.render_widget(ui.rule("Now", usize::from(area.width)), part(1));
        self.open_runs(ui, frame, part(runs), status);
        part(1);
        frame.render_widget(Paragraph::new(self.past(ui, usize::from(area.width))), part(u16::MAX));
    }

    /// The same without room beside the jobs; what runs is below them.
    fn page(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        ui.set_cursor(Position::new(area.x, area.y));
        self.page.view(ui, frame, area, self.past(ui, usize::from(area.width)));
    }
}

/// Draws these lines below a blank one, and gives what is left below another.
fn headed(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) -> Rect {
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let height = wanted.min(area.height.saturating_sub(1));
    let place = Rect {
        y: area.y + 1,
        height,
        ..area
    };
    frame.render_widget(Paragraph::new(lines), place.intersection(area));
    let used = if height > 0 { (height + 2).min(area.height) } else { 0 };
    Rect {
        y: area.y + used,
        height: area.height - used,
        ..area
    }
}
