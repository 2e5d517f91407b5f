//! How the overview looks: the answer in one sentence, the jobs by urgency, and beside them what runs, twelve weeks of days, and
//! what lies where.

use chrono::{Datelike, NaiveDate};
use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Overview, Part, RUN_LINES, first};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar::{bar, percent};
use crate::console::widget::failure;
use crate::console::widget::spark::spark;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::adapter::Health;
use crate::domain::execution::{Execution, Status};
use crate::domain::{Error, units};
use crate::ops::status::{self, Following, JobStatus, Next, State};

const COLUMNS: [Column; 7] = [
    Column::new("", 1, 0, 0),
    Column::new("JOB", 16, 3, 0),
    Column::new("LAST GOOD", 9, 1, 0),
    Column::new("PROVEN", 15, 1, 1),
    Column::new("RESTORE TAKES", 13, 0, 4),
    Column::new("NEXT", 11, 3, 2),
    Column::new("SIZE", 9, 0, 3).right(),
];

/// From this width on there is a right side.
const WIDE: u16 = 100;

/// Cells of the right side.
const ASIDE: u16 = 44;

/// Lines that the heading and the jobs keep however much there is to say of the selected one.
const LEAST_LIST: u16 = 4;

/// Weeks of the calendar.
const WEEKS: usize = 13;

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
        let most = area.height.saturating_sub(open + rows.min(LEAST_LIST));
        let inside = usize::from(area.width.saturating_sub(4));
        let selected = self.why.of().unwrap_or_default();
        let mut why = why(ui, status, selected, inside, usize::from(most));
        if let Some(job) = status.jobs.get(selected) {
            let told = prospects(ui, job, inside);
            // No job leaves the list for them.
            if why.len() + told.len() <= usize::from(area.height.saturating_sub(open.saturating_add(rows))) {
                why.extend(told);
            }
        }
        let why_height = u16::try_from(why.len()).unwrap_or(most).min(most);
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

    /// Twelve weeks, and what lies where.
    fn past(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let mut lines = vec![ui.rule("Twelve weeks", width)];
        lines.extend(self.weeks(ui));
        lines.push(Line::default());
        lines.push(ui.rule("Storage", width));
        lines.extend(self.places(ui, width));
        lines
    }

    fn open_runs(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, status: &status::Overview) {
        let open = &status.open;
        if area.height == 0 {
            return;
        }
        self.open_area.set(area);
        if open.is_empty() {
            frame.render_widget(ui.line(Role::Muted, "nothing runs"), area);
            return;
        }
        let window = self.open.window(open.len(), usize::from(area.height / RUN_LINES));
        for (slot, (index, run)) in (0_u16..).zip(open.iter().enumerate().skip(window.start).take(window.len())) {
            let selected = self.focus() == Part::Open && index == self.open.at();
            let place = Rect {
                y: area.y + slot * RUN_LINES,
                height: 1,
                ..area
            };
            let [what, how_far] = run_lines(ui, run, status, area.width.saturating_sub(2));
            let gutter = if selected { ui.glyphs.cursor } else { " " };
            if selected {
                ui.set_cursor(Position::new(place.x, place.y));
            }
            let text = Rect {
                x: place.x + 2,
                width: place.width.saturating_sub(2),
                ..place
            };
            frame.render_widget(ui.span(Role::Accent, gutter), place);
            frame.render_widget(what, text);
            frame.render_widget(how_far, Rect { y: text.y + 1, ..text }.intersection(area));
        }
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
                    Some(Status::Success) => (ui.glyphs.day, Role::Good),
                    Some(Status::Failed) => (ui.glyphs.bad, Role::Bad),
                    Some(Status::Partial) => (ui.glyphs.warn, Role::Warn),
                    Some(_) => (ui.glyphs.idle, Role::Muted),
                    None => (ui.glyphs.dot, Role::Border),
                };
                spans.push(ui.span(role, format!("{sign}  ")));
            }
            lines.push(Line::from(spans));
        }
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
                format!("{}: {}", unwell.health, error.message)
            });
            let next = [
                (unwell, "`backstay adapter test` looks again"),
                (place.broken(), place.mend.as_deref().unwrap_or_default()),
            ];
            for (what, next) in next.into_iter().filter_map(|(what, next)| Some((what?, next))) {
                let room = width.saturating_sub(4);
                lines.push(ui.line(Role::Warn, format!("  {} {}", ui.glyphs.warn, ui.fit(&what, room))));
                let next = failure::in_the_console(ui, next);
                lines.push(ui.line(Role::Text, format!("  {} {}", ui.glyphs.arrow, ui.fit(&next, room))));
            }
        }
        if lines.is_empty() {
            lines.push(ui.line(Role::Muted, "no destination yet"));
        }
        lines
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

/// The answer to "is everything safe?" in one sentence, and below it how old the oldest last good backup is.
fn answer(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    let of = |state: State| status.jobs.iter().filter(move |job| job.state == state).count();
    let mut parts = Vec::new();
    if status.home.is_some() {
        parts.push("trouble with Backstay's disk".to_owned());
    }
    if status.engine_missing {
        parts.push("no engine runs".to_owned());
    }
    for (number, what, how) in [
        (of(State::Failed), "job", "failed"),
        (of(State::OutOfReach), "job", "out of reach"),
        (of(State::Late), "job", "late"),
        (of(State::Partial), "job", "partial"),
        (status.damaged.len(), "backup", "damaged"),
        (status.ahead.len(), "backup", "ahead of the clock"),
        (of(State::New), "job", "not backed up yet"),
    ] {
        if number > 0 {
            parts.push(format!("{} {how}", units::count(number, what)));
        }
    }
    let restores = status.jobs.iter().filter(|job| job.restore_failed.is_some()).count();
    if restores > 0 {
        parts.push(format!("{} failed", units::count(restores, "restore")));
    }
    for health in [Health::Offline, Health::Degraded] {
        let of = status.unwell.iter().filter(|adapter| adapter.health == health);
        let names: Vec<&str> = of.map(|adapter| adapter.adapter.as_str()).collect();
        if !names.is_empty() {
            parts.push(format!("{} {health}", named(ui, &names)));
        }
    }
    parts.extend(asleep(ui, status));
    match status.sources_without_job.len() {
        0 => {}
        1 => parts.push("1 source has no job".to_owned()),
        number => parts.push(format!("{number} sources have no job")),
    }
    if status.engine.stopping_until().is_some() {
        parts.push("the engine is stopping".to_owned());
    }
    let (sign, role) = match status.exit_code {
        1 => (ui.glyphs.bad, Role::Bad),
        0 if parts.is_empty() => (ui.glyphs.good, Role::Good),
        _ => (ui.glyphs.warn, Role::Warn),
    };
    let oldest = status
        .jobs
        .iter()
        .filter(|job| job.out_of_reach.is_none())
        .filter_map(|job| Some((job.last_good.as_ref()?.taken_at, &job.job)))
        .min();
    if status.jobs.is_empty() {
        parts.insert(0, "no job backs anything up".to_owned());
    }
    let text = if parts.is_empty() {
        "Everything is backed up".to_owned()
    } else {
        capital(&parts.join(&format!(" {} ", ui.glyphs.dot)))
    };
    let mut lines = vec![Line::from(vec![
        ui.span(role, format!("{sign} ")),
        ui.span(Role::Title, ui.fit(&text, width.saturating_sub(2))),
    ])];
    if let Some((taken_at, job)) = oldest {
        let text = format!("  oldest last good backup: {}, {}", ui.fit(job, 30), ui.age(taken_at));
        lines.push(ui.line(Role::Muted, text));
    }
    lines.extend(unrepaired(ui, status, width));
    lines.extend(steps(ui, status, width));
    lines
}

/// The jobs whose schedule is not followed; of a pause also when it ends, the last one of several.
fn asleep(ui: &Ui<'_>, status: &status::Overview) -> Vec<String> {
    let mut parts = Vec::new();
    let not_enabled = status.asleep(Following::NotEnabled).count();
    if not_enabled > 0 {
        parts.push(format!("{} not enabled", units::count(not_enabled, "job")));
    }
    let paused = status.asleep(Following::Paused);
    let (number, ends) = paused.fold((0, None), |(number, ends), job| {
        (number + 1, ends.max(job.paused_until))
    });
    if let Some(ends) = ends {
        parts.push(format!(
            "{} paused until {}",
            units::count(number, "job"),
            ui.date(ends)
        ));
    }
    parts
}

/// What to do about an adapter that does not answer, the worst of them, about schedules that nobody follows, and
/// about sources that no job backs up, a line each.
fn steps(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut tell = |what: &str, next: &str| {
        let next = failure::in_the_console(ui, next);
        let room = width.saturating_sub(next.width() + 4);
        let text = format!("  {} {}{next}", ui.glyphs.arrow, ui.fit(what, room).trim_end());
        lines.push(ui.line(Role::Text, text));
    };
    if let Some(worst) = status.unwell.first() {
        let error = failure::kept_as(worst.error.as_deref().unwrap_or("it does not answer"));
        tell(
            &format!("{}: {}", worst.adapter, error.message),
            "; `backstay adapter test` looks again",
        );
    }
    let asleep: Vec<&str> = status
        .asleep(Following::NotEnabled)
        .map(|job| job.job.as_str())
        .collect();
    if !asleep.is_empty() {
        let what = format!("nobody follows the schedule of {}", named(ui, &asleep));
        tell(
            &what,
            if ui.read_only {
                ""
            } else {
                "; `backstay job edit` enables it"
            },
        );
    }
    let bare: Vec<&str> = status.sources_without_job.iter().map(String::as_str).collect();
    if !bare.is_empty() {
        let what = format!("no job backs up {}", named(ui, &bare));
        tell(
            &what,
            if ui.read_only {
                ""
            } else {
                "; `backstay job add` adds one"
            },
        );
    }
    lines
}

/// What is not yet repaired, by name, where that is more than is said of the selected job.
fn unrepaired(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Option<Line<'static>> {
    let all = status.unrepaired();
    let mut text = format!("  {} not yet repaired", all.len());
    for (at, (job, how)) in all.iter().enumerate() {
        let item = format!(
            "{} {} {how}",
            if at == 0 { ":" } else { "," },
            ui.fit(job, 20).trim_end()
        );
        let more = format!(", and {} more", all.len() - at);
        let left = if at + 1 == all.len() { 0 } else { more.width() };
        if text.width() + item.width() + left > width {
            text.push_str(&more);
            break;
        }
        text.push_str(&item);
    }
    (all.len() > 1).then(|| ui.line(Role::Text, text))
}

/// How an engine is started, where none runs.
fn engine_step(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    if status.engine.running || ui.read_only {
        return Vec::new();
    }
    let here = ui.key(&[Scope::Overview], Command::StartEngine);
    let there = failure::in_the_console(ui, "`backstay daemon start`");
    let text = format!("no engine runs: {here} here, or {there}, starts one");
    failure::signed(ui, Role::Text, ui.glyphs.arrow, &text, width)
}

/// The first few names, and how many there are beyond.
pub(super) fn named(ui: &Ui<'_>, names: &[&str]) -> String {
    const NAMED: usize = 3;
    let mut told: Vec<String> = names.iter().take(NAMED).map(|name| ui.fit(name, 20)).collect();
    if names.len() > NAMED {
        told.push(format!("and {} more", names.len() - NAMED));
    }
    told.join(", ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn job_row(ui: &Ui<'_>, job: &JobStatus, status: &status::Overview) -> Row {
    let runs = status
        .open
        .iter()
        .any(|run| run.job_name == job.job && run.status == Status::Running && !status.is_left(run));
    let (sign, role) = match job.state {
        _ if runs => (ui.glyphs.running, Role::Running),
        State::Failed | State::OutOfReach => (ui.glyphs.bad, Role::Bad),
        State::Late | State::Partial | State::NotEnabled => (ui.glyphs.warn, Role::Warn),
        State::Good => (ui.glyphs.good, Role::Good),
        State::New => (ui.glyphs.pending, Role::Muted),
        State::Paused => (ui.glyphs.idle, Role::Muted),
    };
    let none = || match job.lost {
        Some(_) => (Role::Bad, "none left".to_owned()),
        None => (Role::Muted, "never".to_owned()),
    };
    let good = job.last_good.as_ref();
    let last = good.map_or_else(none, |good| (Role::Text, ui.ago(good.taken_at)));
    let proven = match &job.proven {
        _ if job.out_of_reach.is_some() => (Role::Bad, "out of reach".to_owned()),
        Some(proven) => (Role::Text, format!("{} {}", proven.level, ui.ago(proven.taken_at))),
        None => none(),
    };
    let takes = job.last_restore_ms.map_or_else(
        || (Role::Muted, "not tried".to_owned()),
        |ms| (Role::Text, units::duration(std::time::Duration::from_millis(ms))),
    );
    let next = match status.next(job) {
        Next::Fires(at) => (Role::Text, ui.until(at)),
        Next::Paused(until) => (Role::Warn, format!("paused, {}", ui.until(until))),
        Next::NoEngine => (Role::Warn, "no engine".to_owned()),
        Next::NotEnabled => (Role::Warn, "not enabled".to_owned()),
        Next::ByHand => (Role::Muted, "by hand".to_owned()),
        Next::Never => (Role::Muted, "never".to_owned()),
    };
    let size = good.map_or_else(String::new, |good| units::size(good.logical_size));
    Row::new([
        (role, sign.to_owned()),
        (Role::Text, job.job.clone()),
        last,
        proven,
        takes,
        next,
        (Role::Muted, size),
    ])
}

/// Why the selected job stands as it does and what to do, and what is damaged of it, in at most `most` lines of `width` cells.
/// Where they are too many, the next step stays.
fn why(ui: &Ui<'_>, status: &status::Overview, selected: usize, width: usize, most: usize) -> Vec<Line<'static>> {
    let Some(job) = status.jobs.get(selected) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut tell = |role: Role, text: &str, next: &str| {
        let next = failure::in_the_console(ui, next);
        let next = failure::signed(ui, Role::Text, ui.glyphs.arrow, &next, width);
        // A blank line goes before everything.
        let room = most.saturating_sub(lines.len() + 1);
        lines.extend(failure::kept(ui, (role, text), next, width, room));
    };
    if let Some(reason) = job.why(|at| ui.date(at)) {
        let role = if matches!(job.state, State::Failed | State::OutOfReach) {
            Role::Bad
        } else {
            Role::Warn
        };
        let object = if reason.object.is_empty() {
            String::new()
        } else {
            format!("{}: ", reason.object)
        };
        let sign = if role == Role::Bad {
            ui.glyphs.bad
        } else {
            ui.glyphs.warn
        };
        let last = job
            .lost
            .as_ref()
            .map(|lost| format!("; the last was of {}", ui.date(lost.taken_at)));
        let (name, told) = (&job.job, &reason.message);
        let text = format!("{sign} {name}: {object}{told}{}", last.unwrap_or_default());
        tell(role, &text, &reason.next);
    }
    if let Some(failed) = &job.restore_failed {
        let why = failed
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!(": {}", error.message));
        let text = format!(
            "{} {}: the restore of {} failed{why}",
            ui.glyphs.bad,
            job.job,
            ui.date(failed.ended_at)
        );
        tell(
            Role::Bad,
            &text,
            &format!("`backstay runs show {}` says more", failed.run.short()),
        );
    }
    for damaged in status.damaged.iter().filter(|damaged| damaged.job == job.job).take(2) {
        let text = format!(
            "{} {}: backup {}: {}",
            ui.glyphs.warn,
            job.job,
            damaged.backup.short(),
            damaged.told(|at| ui.date(at))
        );
        tell(Role::Warn, &text, &damaged.next);
    }
    for ahead in status.ahead.iter().filter(|ahead| ahead.job == job.job).take(1) {
        let (short, date) = (ahead.backup.short(), ui.date(ahead.taken_at));
        let text = format!("backup {short} is dated {date}, ahead of this machine's clock, and counts for nothing");
        tell(Role::Warn, &text, &ahead.next);
    }
    if !lines.is_empty() {
        lines.insert(0, Line::default());
    }
    lines
}

/// What would be lost of a job if its source died now, and how long it would take to have it back, below a blank line.
fn prospects(ui: &Ui<'_>, job: &JobStatus, width: usize) -> Vec<Line<'static>> {
    // Where its good copies are out of reach, what is left is another backup, or none.
    let reachable = job.out_of_reach.as_ref().map(|away| away.left.as_ref());
    let proven = match reachable {
        Some(left) => left.filter(|left| left.proven).map(|left| left.taken_at),
        None => job.proven.as_ref().map(|proven| proven.taken_at),
    };
    let (role, loss) = match (proven, reachable, &job.last_good) {
        (Some(taken_at), ..) => (Role::Text, format!("the last {}", ui.age(taken_at))),
        (None, Some(None), _) => (Role::Bad, "all: no good copy in reach".to_owned()),
        (None, Some(Some(_)), _) | (None, None, Some(_)) => (Role::Warn, "maybe all: no proven backup".to_owned()),
        (None, None, None) => (Role::Bad, "all: no good backup".to_owned()),
    };
    let back = match job.last_restore_ms {
        _ if role == Role::Bad => "never, as it is".to_owned(),
        Some(ms) => format!("{}, as measured", units::duration(std::time::Duration::from_millis(ms))),
        None => "unknown, no restore was measured yet".to_owned(),
    };
    let line = |label: &str, role: Role, text: &str| {
        let head = format!("{label:<23}");
        let text = ui.fit(text, width.saturating_sub(head.width()));
        Line::from(vec![ui.span(Role::Muted, head), ui.span(role, text)])
    };
    vec![
        Line::default(),
        line("If it dies now, lost:", role, &loss),
        line("Back within:", Role::Text, &back),
    ]
}

/// What a run does, and how far it is.
fn run_lines(ui: &Ui<'_>, run: &Execution, status: &status::Overview, width: u16) -> [Line<'static>; 2] {
    let is_left = status.is_left(run);
    let (sign, role) = if is_left {
        (ui.glyphs.warn, Role::Warn)
    } else {
        ui.status(run.status)
    };
    let progress = &run.progress;
    let since = match (run.status, run.started_at) {
        _ if is_left => "no engine".to_owned(),
        (Status::Running, Some(started)) => ui.running_for(started),
        _ if run.not_before > ui.now => format!("tries again {}", ui.until(run.not_before)),
        _ => "waits".to_owned(),
    };
    // A verification and a restore are in the stage of their own name most of the time.
    let kind = run.kind.to_string();
    let stage = progress
        .stage
        .map(|stage| stage.to_string())
        .filter(|stage| *stage != kind);
    let stage = stage.map_or(kind.clone(), |stage| format!("{kind} {stage}"));
    let what = Line::from(vec![
        ui.span(role, format!("{sign} ")),
        ui.span(Role::Text, ui.fit(&run.job_name, 20)),
        ui.span(Role::Muted, format!("  {stage}  {since}")),
    ]);
    if is_left {
        return [what, ui.line(Role::Muted, "  its engine is gone")];
    }
    if run.status != Status::Running || progress.estimated_bytes == 0 {
        let text = if progress.plain_bytes > 0 {
            units::size(progress.plain_bytes)
        } else {
            String::new()
        };
        return [what, ui.line(Role::Muted, format!("  {text}"))];
    }
    // More than was estimated is still not all.
    let whole = progress.estimated_bytes.max(progress.plain_bytes.saturating_add(1));
    let figures = format!(
        " {} of about {}",
        percent(progress.plain_bytes, whole),
        units::size(progress.estimated_bytes)
    );
    let cells = width.saturating_sub(u16::try_from(figures.width() + 2).unwrap_or(width));
    let mut line = bar(ui, progress.plain_bytes, whole, cells);
    line.spans.insert(0, Span::raw("  "));
    line.push_span(ui.span(Role::Muted, figures));
    [what, line]
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
