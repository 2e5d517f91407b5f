//! The page of one run: what it is, why it did not do all it was asked for and what to do about it, how far it is, what took
//! how long, and what came of it.

use std::time::Duration;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::pace::stage_began;
use super::view::{doing, with_object};
use super::work::Known;
use super::{Focus, Runs};
use crate::console::command::{Command, Scope};
use crate::console::pane::backups::standing;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar::{bar, percent};
use crate::console::widget::failure::{in_the_console, signed};
use crate::console::widget::sheet::Sheet;
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::execution::{Execution, ExecutionType, Failure, Renamed, Request, Stage, Status, Trigger};
use crate::domain::time::Timestamp;
use crate::domain::units;

/// Cells of a bar that only compares.
const STRIP: usize = 16;

/// Lines of one thing that went wrong, where the page cannot be scrolled.
const MOST_OF_ONE: usize = 8;

/// Names of databases before it is only said how many more there are.
const NAMED: usize = 6;

impl Runs {
    /// The page of a run in lines of `width` cells.
    pub(super) fn facts(&self, ui: &Ui<'_>, run: &Execution, width: usize) -> Vec<Line<'static>> {
        let mut page = Sheet::new(ui, 0, width);
        let known = self.known.as_ref().filter(|known| known.run.id == run.id);
        self.head(&mut page, run, known);
        self.trouble(&mut page, run, known);
        if run.status == Status::Running && !self.is_left(run) {
            self.progress(&mut page, run);
        }
        self.stages(&mut page, run);
        if let Some(backup) = known.and_then(|known| known.backup.as_ref()) {
            produced(&mut page, run, backup);
        }
        page.lines
    }

    fn head(&self, page: &mut Sheet<'_>, run: &Execution, known: Option<&Known>) {
        let ui = page.ui;
        let (sign, role) = self.sign(ui, run);
        page.lines.push(Line::from(vec![
            ui.span(role, format!("{sign} {}", self.word(run))),
            Span::raw("  "),
            ui.span(Role::Title, run.kind.to_string()),
            ui.span(Role::Muted, revision(run)),
        ]));
        if let Some(what) = what(ui, run, known) {
            page.text(Role::Text, &what);
        }
        page.text(Role::Muted, &self.when(ui, run));
        page.text(Role::Muted, &asked(ui, run));
    }

    fn when(&self, ui: &Ui<'_>, run: &Execution) -> String {
        match (run.started_at, run.ended_at) {
            (Some(from), Some(to)) => {
                format!("started {}, took {}", ui.date(from), units::duration(to.since(from)))
            }
            (Some(from), None) if self.is_left(run) => format!("started {}", ui.date(from)),
            (Some(from), None) => format!("started {}, running for {}", ui.date(from), ui.running_for(from)),
            (None, _) if run.status.is_final() => "never started".to_owned(),
            (None, _) if run.not_before > ui.now => {
                format!(
                    "starts {}, not before {}",
                    ui.until(run.not_before),
                    ui.date(run.not_before)
                )
            }
            (None, _) => self.waits_for(run),
        }
    }

    /// What went wrong, item by item, and the next step.
    fn trouble(&self, page: &mut Sheet<'_>, run: &Execution, known: Option<&Known>) {
        let ui = page.ui;
        let no_engine = format!(
            "{} in {} System starts an engine",
            ui.key(&[Scope::System, Scope::List], Command::StartEngine),
            ui.key(&[], Command::ShowSystem)
        );
        let (items, next) = match (run.status, &run.error) {
            (Status::Running, _) if self.is_left(run) => (
                vec!["The engine that worked on it is gone; nothing works on it now.".to_owned()],
                format!("{no_engine}; it records what became of this run and cleans up after it"),
            ),
            (Status::Pending, _) if self.engine_up() == Some(false) => {
                (vec!["No engine runs, so it waits.".to_owned()], no_engine)
            }
            (Status::Running, _) if run.cancel_requested_at.is_some() => (
                vec!["It is being cancelled and takes back what it has written.".to_owned()],
                String::new(),
            ),
            (_, Some(error)) => {
                let mend = known.and_then(|known| known.mend.as_deref());
                (items(error), in_the_console(ui, mend.unwrap_or(&error.next)))
            }
            _ => return,
        };
        let (sign, role) = match run.status {
            Status::Failed => (ui.glyphs.bad, Role::Bad),
            Status::Cancelled | Status::Skipped => (ui.glyphs.idle, Role::Text),
            _ => (ui.glyphs.warn, Role::Warn),
        };
        page.lines.push(Line::default());
        for item in items {
            let mut lines = signed(ui, role, sign, &item, page.width);
            // Beside the list the next step has to be in sight; the page that has the focus is scrolled.
            if self.focus != Focus::Run && lines.len() > MOST_OF_ONE {
                lines = signed(ui, role, sign, &item, page.width.saturating_sub(1));
                lines.truncate(MOST_OF_ONE);
                if let Some(last) = lines.last_mut() {
                    last.push_span(ui.span(role, ui.glyphs.ellipsis));
                }
            }
            page.lines.extend(lines);
        }
        page.lines
            .extend(signed(ui, Role::Title, ui.glyphs.arrow, &next, page.width));
    }

    fn progress(&self, page: &mut Sheet<'_>, run: &Execution) {
        let (ui, progress) = (page.ui, &run.progress);
        let object = match progress.objects_total {
            0 | 1 => String::new(),
            total => format!(", {} of {total}", (progress.objects_done + 1).min(total)),
        };
        let title = format!("{}{object}", capital(&doing(run)));
        match progress.stage {
            Some(Stage::Verify) if !progress.copies.is_empty() => {
                page.heading("Verify");
                page.text(Role::Text, "what was written is read back and compared");
                self.copies(page, run, 0);
                return;
            }
            Some(Stage::Dump | Stage::Upload | Stage::Restore | Stage::Verify) if progress.plain_bytes > 0 => {
                page.heading(&title);
            }
            _ => return,
        }
        // The estimate may be too low; a bar that is full and goes on would be a lie.
        let whole = progress.estimated_bytes.max(progress.plain_bytes.saturating_add(1));
        let mut text = units::size(progress.plain_bytes);
        if progress.estimated_bytes > 0 {
            text = format!("{text} of about {}", units::size(progress.estimated_bytes));
            let mut figures = format!(" {}", percent(progress.plain_bytes, whole));
            if let Some(left) = self.pace.left(run) {
                figures = format!("{figures}, about {} left", units::duration(left));
            }
            let cells = page.width.saturating_sub(figures.width()).min(40);
            let mut line = bar(ui, progress.plain_bytes, whole, u16::try_from(cells).unwrap_or(0));
            line.push_span(ui.span(Role::Text, figures));
            page.lines.push(line);
        }
        if progress.compressing_rest {
            text = format!("{text}, all of it read; the rest is being compressed");
        } else if let Some(rate) = self.pace.plain(run) {
            text = format!("{text}, {}/s", units::size(rate));
        }
        page.text(Role::Text, &text);
        self.copies(page, run, if progress.estimated_bytes > 0 { whole } else { 0 });
    }

    /// What was written to each copy. How much it will be nobody knows: the furthest copy is as far as the reading is, of
    /// `whole`, where that is known.
    fn copies(&self, page: &mut Sheet<'_>, run: &Execution, whole: u64) {
        let (ui, progress) = (page.ui, &run.progress);
        let most = progress.copies.values().copied().max().unwrap_or(0);
        let names = progress
            .copies
            .keys()
            .map(|name| name.width())
            .max()
            .unwrap_or(0)
            .min(14);
        for (name, bytes) in &progress.copies {
            let mut spans = vec![
                ui.span(Role::Muted, format!("{} ", ui.glyphs.arrow)),
                ui.span(Role::Text, padded(ui, name, names)),
                ui.span(Role::Text, format!(" {:>10}", units::size(*bytes))),
            ];
            if let Some(rate) = self
                .pace
                .copy(run, name)
                .filter(|_| progress.stage != Some(Stage::Verify))
            {
                spans.push(ui.span(Role::Muted, format!("  {:>10}/s", units::size(rate))));
            }
            let used: usize = spans.iter().map(Span::width).sum();
            let cells = page.width.saturating_sub(used + 2).min(STRIP);
            if whole > 0 && cells >= 4 {
                let far = u128::from(progress.plain_bytes) * u128::from(*bytes) / u128::from(most.max(1));
                let far = u64::try_from(far).unwrap_or(u64::MAX);
                spans.push(Span::raw("  "));
                spans.extend(bar(ui, far, whole, u16::try_from(cells).unwrap_or(0)).spans);
            }
            page.lines.push(Line::from(spans));
        }
    }

    /// What took how long, with strips that compare.
    fn stages(&self, page: &mut Sheet<'_>, run: &Execution) {
        let ui = page.ui;
        let runs_now = run
            .progress
            .stage
            .filter(|_| run.status == Status::Running && !self.is_left(run))
            .zip(stage_began(run));
        if run.progress.stages.is_empty() && runs_now.is_none() {
            return;
        }
        page.heading("Stages");
        let so_far = runs_now.map_or(Duration::ZERO, |(_, since)| ui.now.since(since));
        let seen = run.progress.ended_stages().filter(|(.., is_unseen)| !is_unseen);
        let longest = seen.map(|(_, ms, _)| ms).max().unwrap_or(0);
        let longest = longest
            .max(u64::try_from(so_far.as_millis()).unwrap_or(u64::MAX))
            .max(1);
        for (stage, ms, is_unseen) in run.progress.ended_stages() {
            let took = units::duration(Duration::from_millis(ms));
            // A strip would compare what nobody knows.
            let spans = if is_unseen {
                stage_line(ui, " ", Role::Text, stage, &format!("last heard of after {took}"))
            } else {
                let mut spans = stage_line(ui, " ", Role::Text, stage, &took);
                spans.push(ui.span(Role::Border, strip(ui, ms, longest, page.width)));
                spans
            };
            page.lines.push(Line::from(spans));
        }
        if let Some((stage, since)) = runs_now {
            let mut spans = stage_line(ui, ui.glyphs.running, Role::Running, stage, &ui.running_for(since));
            let ms = u64::try_from(so_far.as_millis()).unwrap_or(u64::MAX);
            spans.push(ui.span(Role::Running, strip(ui, ms, longest, page.width)));
            page.lines.push(Line::from(spans));
        }
    }
}

fn stage_line(ui: &Ui<'_>, sign: &'static str, role: Role, stage: Stage, took: &str) -> Vec<Span<'static>> {
    vec![
        ui.span(role, format!("{sign} {:<11}", stage.to_string())),
        ui.span(Role::Text, format!("{took:>8}  ")),
    ]
}

fn strip(ui: &Ui<'_>, ms: u64, longest: u64, width: usize) -> String {
    let cells = width.saturating_sub(23).min(STRIP);
    let full = bar(ui, ms, longest, u16::try_from(cells).unwrap_or(0));
    // Only what is filled: this compares, it does not say how far something is.
    full.spans
        .first()
        .map(|span| span.content.to_string())
        .unwrap_or_default()
}

fn revision(run: &Execution) -> String {
    match (run.kind, run.revision) {
        (ExecutionType::Backup, Some(revision)) => format!(", revision {revision}"),
        _ => String::new(),
    }
}

/// What was asked for, for what is more than "run the job".
fn what(ui: &Ui<'_>, run: &Execution, known: Option<&Known>) -> Option<String> {
    let adapter = |id| known.and_then(|known| known.adapters.get(id)).cloned();
    let backup = |id: crate::domain::id::BackupId| {
        let of = known
            .and_then(|known| known.backup.as_ref())
            .filter(|backup| backup.id == id);
        match of {
            Some(backup) => format!("backup {} of {}", id.short(), ui.date(backup.taken_at)),
            None => format!("backup {}", id.short()),
        }
    };
    match &run.request {
        Request::Backup => None,
        Request::Restore(request) => {
            let names: Vec<String> = request.databases.iter().map(Renamed::to_string).collect();
            let to = adapter(&request.to)
                .map(|name| format!(" into {name}"))
                .unwrap_or_default();
            let over = if request.options.replace {
                ", over what is there"
            } else {
                ""
            };
            Some(format!("{} from {}{to}{over}", listed(&names), backup(request.backup)))
        }
        Request::Verify(request) => {
            let at = request.destination.as_ref().and_then(adapter);
            let at = match (at, request.level) {
                (Some(name), _) => format!("the copy at {name}"),
                (None, Level::Restore) => "the best copy".to_owned(),
                (None, Level::Bytes | Level::Content) => "every copy".to_owned(),
            };
            Some(format!(
                "{at} of {}, at level {}",
                backup(request.backup),
                request.level
            ))
        }
        Request::Repair { backup: id } => Some(format!("what is missing or corrupt of {}", backup(*id))),
    }
}

/// What started it, and who.
fn asked(ui: &Ui<'_>, run: &Execution) -> String {
    let at = ui.date(run.created_at);
    let due = || {
        let due = run
            .triggered_by
            .strip_prefix("due ")
            .and_then(|text| Timestamp::parse(text).ok());
        due.map_or_else(|| run.triggered_by.clone(), |due| format!("due {}", ui.date(due)))
    };
    let attempt = if run.attempt > 1 {
        format!(", attempt {}", run.attempt)
    } else {
        String::new()
    };
    match run.trigger {
        Trigger::Schedule => format!("asked for by the schedule, {}{attempt}", due()),
        Trigger::CatchUp => format!(
            "asked for {at}, to catch up with what was {} while no engine ran",
            due()
        ),
        Trigger::Manual => format!("asked for {at} by {} in the console{attempt}", run.triggered_by),
        Trigger::Cli => format!("asked for {at} by {} on the command line{attempt}", run.triggered_by),
        Trigger::Retry => format!("asked for {at} because {}{attempt}", run.triggered_by),
    }
}

/// What a run could not do, one by one.
fn items(error: &Failure) -> Vec<String> {
    if error.parts.is_empty() {
        return vec![with_object(error)];
    }
    error.parts.iter().map(with_object).collect()
}

/// What came of it.
fn produced(page: &mut Sheet<'_>, run: &Execution, backup: &Backup) {
    let ui = page.ui;
    let title = if run.kind == ExecutionType::Backup {
        "Backup"
    } else {
        "Its backup"
    };
    page.heading(&format!("{title} {}", backup.id.short()));
    let size = backup
        .plain_size()
        .map_or_else(|| "sealed data".to_owned(), units::size);
    let mut text = format!("{size} of {}", ui.date(backup.taken_at));
    if !backup.databases.is_empty() {
        text = format!("{text}: {}", listed(&backup.databases));
    }
    page.text(Role::Text, &text);
    let names = backup
        .copies
        .iter()
        .map(|copy| copy.destination.width())
        .max()
        .unwrap_or(0)
        .min(16);
    for copy in &backup.copies {
        let (sign, role, state) = state(ui, copy);
        page.lines.push(Line::from(vec![
            ui.span(role, format!("{sign} ")),
            ui.span(Role::Text, padded(ui, &copy.destination, names)),
            ui.span(Role::Muted, format!(" {:>10}  ", units::size(copy.stored_size))),
            ui.span(role, state),
        ]));
    }
    page.lines.push(Line::from(vec![
        ui.span(Role::Key, ui.key(&[Scope::Runs, Scope::List], Command::Open)),
        ui.span(Role::Muted, " shows it in the backups"),
    ]));
}

/// How a copy stands, with the sign it has among the backups, and what was proven of it.
fn state(ui: &Ui<'_>, copy: &Copy) -> (&'static str, Role, String) {
    let (sign, role, word) = standing(ui, copy);
    let told = match (copy.proof(), copy.verified_ok) {
        _ if copy.state != CopyState::Present => word.to_owned(),
        _ if copy.is_good() && !copy.is_in_reach() => {
            let since = copy
                .out_of_reach_since
                .map(|since| format!(" since {}", ui.date(since)));
            format!("{word}{}", since.unwrap_or_default())
        }
        (Some((level, at)), _) => format!("proven by {level} {}", ui.ago(at)),
        (_, None) => "there, not proven".to_owned(),
        _ => word.to_owned(),
    };
    (sign, role, told)
}

fn listed(names: &[String]) -> String {
    let shown = names.get(..names.len().min(NAMED)).unwrap_or_default().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn padded(ui: &Ui<'_>, text: &str, width: usize) -> String {
    let text = ui.fit(text, width);
    let room = width.saturating_sub(text.width());
    text + &" ".repeat(room)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
