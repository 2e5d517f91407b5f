//! How a log looks. Only the lines on the screen are formatted, each once.

use std::collections::VecDeque;
use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Drawn, Log, Place, Times, Top, text};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};
use crate::domain::execution::{LogLevel, LogLine};
use crate::domain::time::Timestamp;
use crate::domain::units;

/// From these widths on there is room for the level as a word, and for the stage.
const LEVEL_WORD: u16 = 72;
const STAGE: u16 = 90;

/// Cells of each part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    time: usize,
    level: usize,
    stage: usize,
    /// What is left for the message.
    pub message: usize,
}

/// Cells for the sign of the line that was found.
const GUTTER: usize = 1;

impl Columns {
    /// In `width` cells.
    pub fn of(width: u16, times: Times) -> Self {
        let time = match times {
            Times::Clock => 10,
            Times::SinceStart => 11,
            Times::Off => 0,
        };
        let level = if width >= LEVEL_WORD { 7 } else { 2 };
        let stage = if width >= STAGE { 12 } else { 0 };
        let used = GUTTER + time + level + stage;
        Self {
            time,
            level,
            stage,
            message: usize::from(width).saturating_sub(used).max(8),
        }
    }
}

impl Log {
    /// Draws it. With the focus the last line says how it is shown; `is_live` is whether the run may still say something.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, is_live: bool, focused: bool) {
        if area.height == 0 || area.width == 0 {
            return;
        }
        let height = if focused { area.height - 1 } else { area.height };
        let body = Rect { height, ..area };
        let drawn = Drawn {
            width: area.width,
            height,
            place: self.place,
            ..self.drawn.get()
        };
        self.drawn.set(drawn);
        if self.window.is_empty() {
            frame.render_widget(ui.line(Role::Muted, format!(" {}", self.nothing(ui, is_live))), body);
        } else {
            self.lines(ui, frame, body);
        }
        if focused {
            let last = Rect {
                y: body.bottom(),
                height: 1,
                ..area
            };
            self.status(ui, frame, last, is_live);
        }
    }

    fn nothing(&self, ui: &Ui<'_>, is_live: bool) -> String {
        match self.level {
            _ if !self.loaded => ui.reading().to_owned(),
            LogLevel::Info if is_live => "Nothing was said yet.".to_owned(),
            LogLevel::Info => "No lines: it said nothing, or longer ago than keep_logs_days keeps.".to_owned(),
            level => {
                let other = ui.key(&[Scope::Log], Command::LogLevel);
                format!("No line of level {level} or above. {other} shows others.")
            }
        }
    }

    fn lines(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let height = usize::from(area.height);
        let columns = Columns::of(area.width, self.times);
        let (start, skip) = match self.place {
            Place::End => (self.window.len(), 0),
            Place::At(top) => {
                let at = self.window.position(top.line);
                let is_it = self.window.get(at).is_some_and(|line| line.id == top.line);
                (at, if is_it { top.row } else { 0 })
            }
        };
        let mut shown: VecDeque<Line<'static>> = VecDeque::with_capacity(height);
        // Rows of the line at `top` that are above the screen, nearest last.
        let mut hidden: Vec<Line<'static>> = Vec::new();
        let mut below = start;
        while shown.len() < height
            && let Some(line) = self.window.get(below)
        {
            let mut rows = self.rows(ui, line, columns);
            if below == start {
                let rest = rows.split_off(skip.min(rows.len().saturating_sub(1)));
                hidden = std::mem::replace(&mut rows, rest);
            }
            shown.extend(rows);
            below += 1;
        }
        shown.truncate(height);
        // Where the end of the log comes before the end of the screen, what is above comes down.
        let mut top = start;
        while shown.len() < height {
            if let Some(row) = hidden.pop() {
                shown.push_front(row);
            } else if let Some((above, line)) = top.checked_sub(1).and_then(|at| Some((at, self.window.get(at)?))) {
                top = above;
                hidden = self.rows(ui, line, columns);
            } else {
                break;
            }
        }
        let id = |at: usize| self.window.get(at).map(|line| line.id);
        let bottom = id(below.saturating_sub(1)).unwrap_or_default();
        self.drawn.set(Drawn {
            top: Top {
                line: id(top).unwrap_or_default(),
                row: hidden.len(),
            },
            bottom,
            ..self.drawn.get()
        });
        let row = if self.place == Place::End {
            shown.len().saturating_sub(1)
        } else {
            0
        };
        ui.set_cursor(Position::new(area.x, area.y + u16::try_from(row).unwrap_or(0)));
        frame.render_widget(Paragraph::new(Vec::from(shown)), area);
    }

    /// One line as rows of the screen.
    fn rows(&self, ui: &Ui<'_>, line: &LogLine, columns: Columns) -> Vec<Line<'static>> {
        ui.row_built();
        let message = visible(&line.message);
        let found = text::matches(&message, &self.wanted.to_lowercase());
        let stretches = if self.wrap {
            text::rows(&message, columns.message)
        } else {
            vec![text::head(&message, columns.message)]
        };
        let cut = !self.wrap && stretches.first().is_some_and(|first| first.end < message.len());
        let role = match line.level {
            LogLevel::Info => Role::Text,
            LogLevel::Warn => Role::Warn,
            LogLevel::Error => Role::Bad,
        };
        let mut rows = Vec::with_capacity(stretches.len());
        for (index, stretch) in stretches.into_iter().enumerate() {
            let mut spans = if index == 0 {
                self.prefix(ui, line, columns)
            } else {
                let width = GUTTER + columns.time + columns.level + columns.stage;
                vec![Span::raw(" ".repeat(width))]
            };
            spans.extend(marked(ui, &message, &stretch, &found, role));
            if cut {
                shorten(ui, &mut spans, columns);
            }
            rows.push(Line::from(spans));
        }
        rows
    }

    fn prefix(&self, ui: &Ui<'_>, line: &LogLine, columns: Columns) -> Vec<Span<'static>> {
        let is_marked = self.mark == Some(line.id);
        let time = match self.times {
            Times::Clock => ui.time_of_day(line.at),
            Times::SinceStart => self.started.map(|start| since(start, line.at)).unwrap_or_default(),
            Times::Off => String::new(),
        };
        let (letter, role) = match line.level {
            LogLevel::Info => ("I", Role::Muted),
            LogLevel::Warn => ("W", Role::Warn),
            LogLevel::Error => ("E", Role::Bad),
        };
        let level = if columns.level > 2 {
            line.level.to_string()
        } else {
            letter.to_owned()
        };
        let mut spans = vec![
            ui.span(Role::Accent, if is_marked { ui.glyphs.cursor } else { " " }),
            ui.span(Role::Muted, format!("{time:<width$}", width = columns.time)),
            ui.span(role, format!("{level:<width$}", width = columns.level)),
        ];
        if columns.stage > 0 {
            spans.push(ui.span(
                Role::Muted,
                format!("{:<width$}", line.stage.to_string(), width = columns.stage),
            ));
        }
        spans
    }

    /// What is typed or looked for, or whether the end is followed; and on the right how lines are shown.
    fn status(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, is_live: bool) {
        if let Some(field) = &self.field {
            frame.render_widget(ui.span(Role::Key, " / "), area);
            let rest = Rect {
                x: area.x + 3.min(area.width),
                width: area.width.saturating_sub(3),
                ..area
            };
            field.view(ui, frame, rest, true);
            return;
        }
        let right = self.manner();
        let width = u16::try_from(right.width() + 1).unwrap_or(area.width);
        let left = self.state(ui, is_live, usize::from(area.width));
        frame.render_widget(left.clone(), area);
        if usize::from(area.width) > left.width() + right.width() + 2 {
            let place = Rect {
                x: area.right() - width,
                width,
                ..area
            };
            frame.render_widget(ui.span(Role::Muted, right), place);
        }
    }

    fn state(&self, ui: &Ui<'_>, is_live: bool, width: usize) -> Line<'static> {
        let key = |command| ui.key(&[Scope::Log, Scope::Runs, Scope::List], command);
        let mut line = if let Some(hunt) = &self.hunt {
            let looked = match hunt.looked {
                0 => String::new(),
                lines => format!(", {} looked through", units::count(lines, "line")),
            };
            ui.line(
                Role::Accent,
                format!(" searching{looked}; {} stops it", key(Command::Back)),
            )
        } else if !self.is_following() && self.news > 0 {
            let text = format!(" {} {}", ui.glyphs.sorted[1], units::count(self.news, "new line"));
            Line::from(vec![
                ui.span(Role::Accent, text),
                ui.span(Role::Muted, format!(", {} follows", key(Command::Follow))),
            ])
        } else if !self.is_following() {
            ui.line(Role::Muted, format!(" stays here, {} follows", key(Command::Follow)))
        } else if is_live {
            ui.line(Role::Running, format!(" {} following", ui.glyphs.running))
        } else {
            ui.line(Role::Muted, " end of the log")
        };
        if !self.wanted.is_empty() {
            let count = self.count().map(|count| format!("  {count}")).unwrap_or_default();
            // Of a long text the beginning is enough to know it by; of the count nothing may be lost.
            let room = width.saturating_sub(line.width() + count.width() + 4).clamp(1, 24);
            line.push_span(ui.span(Role::Muted, format!("  /{}", ui.fit(&self.wanted, room))));
            line.push_span(ui.span(Role::Accent, count));
        }
        line
    }

    /// Which lines are shown.
    fn levels(&self) -> String {
        match self.level {
            LogLevel::Info => "all lines".to_owned(),
            LogLevel::Warn => "from warn up".to_owned(),
            LogLevel::Error => "only errors".to_owned(),
        }
    }

    /// The heading above it where it has no line of its own that says which lines these are: it says so once they were chosen.
    pub fn heading(&self) -> String {
        match self.level {
            LogLevel::Info => "Log".to_owned(),
            _ => format!("Log, {}", self.levels()),
        }
    }

    fn manner(&self) -> String {
        let level = self.levels();
        let wrap = if self.wrap { "wrapped" } else { "cut" };
        format!("{level}, {wrap}")
    }
}

/// The part of a message in one row, with what was searched for made visible.
fn marked(
    ui: &Ui<'_>,
    message: &str,
    stretch: &Range<usize>,
    found: &[Range<usize>],
    role: Role,
) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut at = stretch.start;
    let mut push = |from: usize, to: usize, role: Role| {
        if let Some(part) = message.get(from..to).filter(|part| !part.is_empty()) {
            spans.push(ui.span(role, part.to_owned()));
        }
    };
    for one in found {
        let (from, to) = (one.start.clamp(at, stretch.end), one.end.clamp(at, stretch.end));
        if from < to {
            push(at, from, role);
            push(from, to, Role::Match);
            at = to;
        }
    }
    push(at, stretch.end, role);
    spans
}

/// Makes room for an ellipsis at the end of a row that does not show all of its line.
fn shorten(ui: &Ui<'_>, spans: &mut Vec<Span<'static>>, columns: Columns) {
    let ellipsis = ui.glyphs.ellipsis;
    let prefix = GUTTER + columns.time + columns.level + columns.stage;
    let used: usize = spans.iter().map(|span| span.content.width()).sum();
    let over = (used + ellipsis.width()).saturating_sub(prefix + columns.message);
    if let Some(last) = spans.last_mut().filter(|_| over > 0) {
        let width = last.content.width().saturating_sub(over);
        last.content = ui.fit(&last.content, width.max(1)).into();
        return;
    }
    spans.push(ui.span(Role::Muted, ellipsis));
}

/// `+00:02:03`.
fn since(start: Timestamp, at: Timestamp) -> String {
    let seconds = at.since(start).as_secs();
    format!(
        "+{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds % 3_600 / 60,
        seconds % 60
    )
}
