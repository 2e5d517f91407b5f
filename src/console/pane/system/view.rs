//! How the system pane looks: a line of its parts, and the one that is shown.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Part, System, listed};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible, wrapped};
use crate::console::widget::failure;
use crate::console::widget::sheet::Sheet;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::housekeeping::Housekeeping;
use crate::domain::units;
use crate::ops::doctor::Mark;
use crate::ops::engine_process::Engine;

/// Cells of the labels.
const LABEL: usize = 20;

const SETTINGS: [Column; 4] = [
    Column::new("SETTING", 28, 1, 0),
    Column::new("VALUE", 14, 1, 0),
    Column::new("DEFAULT", 10, 0, 1),
    Column::new("ALLOWED", 14, 1, 2),
];

const PROFILES: [Column; 5] = [
    Column::new("", 1, 0, 0),
    Column::new("PROFILE", 14, 2, 0),
    Column::new("KEY ID", 12, 1, 2),
    Column::new("JOBS", 14, 2, 1),
    Column::new("MADE", 10, 0, 3),
];

const TABLES: [Column; 2] = [
    Column::new("TABLE", 24, 0, 0),
    Column::new("ROWS, ABOUT", 14, 0, 0).right(),
];

const FINDINGS: [Column; 3] = [
    Column::new("", 1, 0, 0),
    Column::new("CHECK", 18, 1, 0),
    Column::new("FOUND", 24, 3, 0),
];

/// When old log lines were looked for last, and what came of it.
fn housekeeping(ui: &Ui<'_>, known: Option<&Housekeeping>) -> String {
    let Some(known) = known else {
        return "not yet".to_owned();
    };
    let removed = format!("{} removed", units::count(known.removed_lines, "old log line"));
    let last = ui.ago(known.looked_at);
    match known.removed_at {
        Some(at) if at == known.looked_at => format!("{last}: {removed}"),
        _ if !known.may_remove() => {
            format!("{last}: it removes nothing before the clock has been steady for a day")
        }
        Some(at) => format!("{last}: nothing to remove; {removed} {}", ui.ago(at)),
        None => format!("{last}: nothing to remove"),
    }
}

/// A part on the line of parts.
fn part_text(sign: &str, name: &str) -> String {
    format!("{sign}{name}  ")
}

/// The part at a position on the screen.
pub(super) fn part_at(area: Rect, at: Position) -> Option<Part> {
    if !area.contains(at) {
        return None;
    }
    let mut end = area.x;
    Part::ALL.into_iter().find_map(|(part, name)| {
        end += u16::try_from(part_text(" ", name).len()).unwrap_or(0);
        (at.x < end).then_some(part)
    })
}

impl System {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.at_rest.note(ui);
        let area = area.inner(Margin::new(1, 0));
        let mut spans = Vec::new();
        for (part, name) in Part::ALL {
            let role = if part == self.part { Role::Accent } else { Role::Muted };
            let sign = if part == self.part { ui.glyphs.cursor } else { " " };
            spans.push(ui.span(role, part_text(sign, name)));
        }
        let parts = Rect { height: 1, ..area };
        self.parts_area.set(parts);
        self.list_area.set(Rect::default());
        frame.render_widget(Line::from(spans), parts);
        let body = Rect {
            y: area.y + 2,
            height: area.height.saturating_sub(2),
            ..area
        };
        let body = self.failure(ui, frame, body);
        if self.is_loading() {
            frame.render_widget(ui.line(Role::Muted, ui.reading()), body);
            return;
        }
        match self.part {
            Part::Engine => self.engine(ui, frame, body),
            Part::Settings => self.settings(ui, frame, body),
            Part::Profiles => self.profiles(ui, frame, body),
            Part::Database => self.database(ui, frame, body),
            Part::Doctor => self.doctor(ui, frame, body),
        }
    }

    /// Why what is shown is not of just now; gives what is left below it.
    fn failure(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let error = match self.part {
            Part::Engine | Part::Database => self.facts.error(),
            Part::Settings => self.settings.error(),
            Part::Profiles => self.profiles.error(),
            Part::Doctor => None,
        };
        let Some(error) = error else { return area };
        let lines = failure::lines(ui, error, usize::from(area.width));
        let height = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min(area.height);
        frame.render_widget(Paragraph::new(lines), Rect { height, ..area });
        Rect {
            y: area.y + height,
            height: area.height - height,
            ..area
        }
    }

    /// Whether nothing is known yet of what is shown, and nobody has said why.
    fn is_loading(&self) -> bool {
        match self.part {
            Part::Engine => self.status.is_none() && self.facts.is_unanswered(),
            Part::Database => self.facts.is_unanswered(),
            Part::Settings => self.settings.is_unanswered(),
            Part::Profiles => self.profiles.is_unanswered(),
            Part::Doctor => false,
        }
    }

    fn engine(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(area.width);
        let mut sheet = Sheet::new(ui, LABEL, width).indented(2);
        if let Some(status) = &self.status {
            let engine = &status.engine;
            let (sign, role, text) = match (&engine.engine, engine.running) {
                (
                    Some(Engine {
                        stopping_until: Some(until),
                        ..
                    }),
                    true,
                ) => {
                    let text = format!(
                        "is stopping: what runs has until {} to end, then it is cancelled; what is asked for now begins when an \
                         engine runs again",
                        ui.time_of_day(*until)
                    );
                    (ui.glyphs.warn, Role::Warn, text)
                }
                (Some(process), true) => {
                    let inside = if engine.is_inside() {
                        "; it is inside this console and stops with it"
                    } else {
                        ""
                    };
                    let text = format!(
                        "runs since {}, up {}{inside}",
                        ui.instant(process.started_at),
                        ui.age(process.started_at)
                    );
                    (ui.glyphs.good, Role::Good, text)
                }
                (None, true) => (ui.glyphs.good, Role::Good, "runs".to_owned()),
                (_, false) => (
                    ui.glyphs.bad,
                    Role::Bad,
                    "does not run: no schedule is followed and nothing that was asked for is done".to_owned(),
                ),
            };
            for (at, text) in wrapped(&text, width.saturating_sub(2)).into_iter().enumerate() {
                let sign = if at == 0 { sign } else { " " };
                sheet.lines.push(Line::from(vec![
                    ui.span(role, format!("{sign} ")),
                    ui.span(Role::Text, text),
                ]));
            }
            sheet.gap();
            if let Some(process) = engine.engine.as_ref().filter(|_| engine.running) {
                sheet.fact("process id", Role::Text, &process.pid.to_string());
                if !process.host.is_empty() {
                    sheet.fact("host", Role::Text, &process.host);
                }
                sheet.fact("version", Role::Text, &process.version);
            }
            if let Some(other) = engine.other_version().filter(|_| engine.running) {
                let text = format!("the engine is version {other}, this is another: stop it and start it again");
                sheet
                    .lines
                    .extend(failure::signed(ui, Role::Warn, ui.glyphs.warn, &text, width));
            }
            sheet.fact("runs now", Role::Text, &engine.runs_running.to_string());
            sheet.fact("waiting", Role::Text, &engine.runs_pending.to_string());
        }
        if let Some(facts) = self.facts.get() {
            let held = match &self.status {
                Some(status) if status.engine.running => "held by it",
                _ => "held by nobody",
            };
            let lock = format!("{held}: {}", facts.places.engine_lock.display());
            sheet.fact("lock", Role::Text, &lock);
            sheet.fact("its log", Role::Text, &facts.places.engine_log.display().to_string());
            sheet.fact("scratch files", Role::Text, &facts.places.scratch.display().to_string());
            sheet.fact(
                "housekeeping",
                Role::Text,
                &housekeeping(ui, facts.housekeeping.as_ref()),
            );
            sheet.heading("About");
            sheet.fact("this program", Role::Text, &format!("backstay {}", facts.version));
            sheet.fact("machine", Role::Text, &facts.machine);
            sheet.fact("master key in", Role::Text, &facts.places.config.display().to_string());
            sheet.fact("database in", Role::Text, &facts.places.data.display().to_string());
        }
        self.page.view(ui, frame, area, sheet.lines);
    }

    fn settings(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let (list, below) = split(area, 3.min(area.height / 3));
        let settings = Table {
            columns: &SETTINGS,
            len: self.settings.rows().len(),
            selection: &self.setting,
            sorted: None,
            focused: true,
        };
        self.list_area.set(list);
        table::draw_all_told(ui, frame, list, &settings, |row| match self.settings.rows().get(row) {
            Some(setting) => {
                let own = setting.value != setting.default;
                let blank = |text: &str| {
                    if text.is_empty() {
                        "none".to_owned()
                    } else {
                        text.to_owned()
                    }
                };
                Row::new([
                    (Role::Text, setting.key.to_owned()),
                    (if own { Role::Accent } else { Role::Text }, blank(&setting.value)),
                    (Role::Muted, blank(setting.default)),
                    (Role::Muted, setting.range.clone()),
                ])
            }
            None => Row::default(),
        });
        let help = self
            .settings
            .rows()
            .get(self.setting.at())
            .map_or("", |setting| setting.help);
        let help = Paragraph::new(ui.line(Role::Muted, help)).wrap(Wrap { trim: true });
        frame.render_widget(help, below.inner(Margin::new(2, 0)));
    }

    fn profiles(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if self.profiles.rows().is_empty() {
            if self.profiles.error().is_some() {
                return;
            }
            let key = |command| ui.key(&[Scope::System, Scope::List], command);
            let what = "No encryption profile yet. One holds the key that seals backups";
            let text = if ui.read_only {
                format!("{what}.")
            } else {
                let (add, import) = (key(Command::Add), key(Command::ImportKey));
                format!("{what}: {add} makes one, {import} takes in one that exists.")
            };
            let text = Paragraph::new(ui.line(Role::Muted, text)).wrap(Wrap { trim: true });
            frame.render_widget(text, area);
            return;
        }
        let (list, below) = split(area, 3.min(area.height / 3));
        let profiles = Table {
            columns: &PROFILES,
            len: self.profiles.rows().len(),
            selection: &self.profile,
            sorted: None,
            focused: true,
        };
        self.list_area.set(list);
        table::draw_all_told(ui, frame, list, &profiles, |row| match self.profiles.rows().get(row) {
            Some(shown) => {
                let retired = shown.profile.retired_at.is_some();
                let (sign, role) = if retired {
                    (ui.glyphs.idle, Role::Muted)
                } else {
                    (ui.glyphs.good, Role::Good)
                };
                Row::new([
                    (role, sign.to_owned()),
                    (
                        if retired { Role::Muted } else { Role::Text },
                        shown.profile.name.clone(),
                    ),
                    (Role::Muted, shown.profile.key_id.clone()),
                    (Role::Text, listed(&shown.jobs)),
                    (Role::Muted, ui.ago(shown.profile.created_at)),
                ])
            }
            None => Row::default(),
        });
        let about = self.profiles.rows().get(self.profile.at()).map(|shown| {
            let what_for = match shown.profile.description.as_str() {
                "" => String::new(),
                text => format!("{} {} ", visible(text), ui.glyphs.dot),
            };
            match shown.profile.retired_at {
                Some(at) => format!(
                    "{what_for}Retired {}: it seals nothing new, and reads what it sealed.",
                    ui.ago(at)
                ),
                None => format!(
                    "{what_for}Key id {}. It seals the backups of: {}.",
                    shown.profile.key_id,
                    listed(&shown.jobs)
                ),
            }
        });
        let about = Paragraph::new(ui.line(Role::Muted, about.unwrap_or_default())).wrap(Wrap { trim: true });
        frame.render_widget(about, below.inner(Margin::new(2, 0)));
    }

    fn database(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some(facts) = self.facts.get() else { return };
        let database = &facts.database;
        let free = database.free_pages * database.page_bytes;
        let width = usize::from(area.width);
        let mut sheet = Sheet::new(ui, LABEL, width).indented(2);
        let size = format!(
            "{}, of which {} is free for new rows",
            units::size(database.file_bytes.saturating_add(database.wal_bytes)),
            units::size(free)
        );
        let disk = database
            .disk_free_bytes
            .map_or_else(|| "unknown".to_owned(), |free| format!("{} free", units::size(free)));
        sheet.fact("file", Role::Text, &database.path.display().to_string());
        let log = format!("{} of that", units::size(database.wal_bytes));
        sheet.fact("size", Role::Text, &size);
        sheet.fact("write-ahead log", Role::Text, &log);
        sheet.fact("schema", Role::Text, &database.schema);
        sheet.fact("disk", Role::Text, &disk);
        let lines = sheet.lines;
        let height = u16::try_from(lines.len() + 1).unwrap_or(0).min(area.height);
        frame.render_widget(Paragraph::new(lines), Rect { height, ..area });
        let list = Rect {
            y: area.y + height,
            height: area.height - height,
            ..area
        };
        let tables = Table {
            columns: &TABLES,
            len: facts.tables.len(),
            selection: &self.table,
            sorted: None,
            focused: true,
        };
        self.list_area.set(list);
        table::draw_all_told(ui, frame, list, &tables, |row| match facts.tables.get(row) {
            Some(table) => Row::new([(Role::Text, table.name.clone()), (Role::Muted, table.rows.to_string())]),
            None => Row::default(),
        });
    }

    fn doctor(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some(findings) = &self.findings else {
            let text = if self.examining {
                "Looking at keys, database, disks, tools, engine and jobs…".to_owned()
            } else {
                let key = ui.key(&[Scope::System, Scope::List], Command::Doctor);
                format!(
                    "The doctor looks at keys, database, disks, tools, engine and jobs, and says what to do. {key} has it look."
                )
            };
            frame.render_widget(
                Paragraph::new(ui.line(Role::Muted, text)).wrap(Wrap { trim: true }),
                area,
            );
            return;
        };
        // It is not true of now by itself, as all else here is.
        let key = ui.key(&[Scope::System, Scope::List], Command::Doctor);
        let as_of = format!(
            "as of {}, {}; {key} looks again",
            ui.date(self.examined_at),
            ui.ago(self.examined_at)
        );
        let [head, area] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        frame.render_widget(ui.line(Role::Muted, ui.fit(&as_of, usize::from(head.width))), head);
        let width = usize::from(area.width.saturating_sub(4));
        let told = findings.get(self.finding.at()).map_or_else(Vec::new, |finding| {
            let what = ui.fit(&finding.message, 400);
            let next = failure::in_the_console(ui, &finding.next);
            let next = failure::signed(ui, Role::Accent, ui.glyphs.arrow, &next, width);
            failure::kept(ui, (Role::Text, &what), next, width, usize::from(area.height / 2))
        });
        // A short one leaves its place blank, so that the list does not jump from row to row.
        let (list, below) = split(area, u16::try_from(told.len()).unwrap_or(4).max(4.min(area.height / 3)));
        let table = Table {
            columns: &FINDINGS,
            len: findings.len(),
            selection: &self.finding,
            sorted: None,
            focused: true,
        };
        self.list_area.set(list);
        table::draw_all_told(ui, frame, list, &table, |row| match findings.get(row) {
            Some(finding) => {
                let (sign, role) = match finding.status {
                    Mark::Ok => (ui.glyphs.good, Role::Good),
                    Mark::Warn => (ui.glyphs.warn, Role::Warn),
                    Mark::Fail => (ui.glyphs.bad, Role::Bad),
                };
                Row::new([
                    (role, sign.to_owned()),
                    (Role::Text, finding.check.clone()),
                    (Role::Text, finding.message.clone()),
                ])
            }
            None => Row::default(),
        });
        frame.render_widget(Paragraph::new(told), below.inner(Margin::new(2, 0)));
    }
}

/// A list, a blank line, and so many lines below it.
fn split(area: Rect, lines: u16) -> (Rect, Rect) {
    let below = lines.min(area.height);
    let list = Rect {
        height: area.height.saturating_sub(below + 1),
        ..area
    };
    let below = Rect {
        y: area.bottom() - below,
        height: below,
        ..area
    };
    (list, below)
}
