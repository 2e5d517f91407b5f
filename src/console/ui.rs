//! What a view draws with: styles, signs, the time as people read it. Whoever writes an age or a clock through it also says
//! until when that text stays true, and so the one timer of the console is known without a tick.

use std::cell::Cell;
use std::time::Duration;

use chrono_tz::Tz;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::command::{Command, Scope};
use super::keymap::Keymap;
use super::theme::{Glyphs, Role, Theme};
use crate::domain::execution::Status;
use crate::domain::period::Period;
use crate::domain::time::Timestamp;
use crate::domain::units;

/// What a view draws with.
pub struct Ui<'a> {
    /// Styles.
    pub theme: &'a Theme,
    /// Signs.
    pub glyphs: &'a Glyphs,
    /// The present moment.
    pub now: Timestamp,
    /// The operator's zone.
    pub zone: Tz,
    /// How a command line begins that is about this installation.
    pub program: &'a str,
    /// Nothing may be changed: then no text names a key that would.
    pub read_only: bool,
    keymap: &'a Keymap,
    valid_until: Cell<Option<Timestamp>>,
    cursor: Cell<Option<Position>>,
    rows: Cell<usize>,
}

impl<'a> Ui<'a> {
    /// For one frame.
    pub fn new(theme: &'a Theme, glyphs: &'a Glyphs, now: Timestamp, zone: Tz, keymap: &'a Keymap) -> Self {
        Self {
            theme,
            glyphs,
            now,
            zone,
            program: "backstay",
            read_only: false,
            keymap,
            valid_until: Cell::new(None),
            cursor: Cell::new(None),
            rows: Cell::new(0),
        }
    }

    /// When the earliest text of this frame is no longer true.
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until.get()
    }

    /// Where the terminal's own cursor belongs: on the selected row or in the field that is typed into. The last word counts.
    pub fn cursor(&self) -> Option<Position> {
        self.cursor.get()
    }

    /// Puts the terminal's own cursor there.
    pub fn set_cursor(&self, at: Position) {
        self.cursor.set(Some(at));
    }

    /// Rows of lists that were formatted for this frame.
    pub fn rows_built(&self) -> usize {
        self.rows.get()
    }

    /// A list says that it formatted a row.
    pub fn row_built(&self) {
        self.rows.set(self.rows.get() + 1);
    }

    /// How a command is reached where these scopes apply, for a text: `Esc`, or `:scan` when it has no key.
    pub fn key(&self, scopes: &[Scope], command: Command) -> String {
        self.keymap.sign(scopes, command)
    }

    /// What is said in the place of what was asked for and is not there yet.
    pub const fn reading(&self) -> &'static str {
        if self.glyphs.ascii { "reading..." } else { "reading…" }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Text in the style of a role.
    pub fn span<'t>(&self, role: Role, text: impl Into<std::borrow::Cow<'t, str>>) -> Span<'t> {
        Span::styled(text, self.style(role))
    }

    /// A line of a row that is selected. What is behind it is the selection's from end to end, and so are the letters where
    /// the theme gives them a colour there: another one may not be readable on it.
    pub fn selected<'t>(&self, line: Line<'t>) -> Line<'t> {
        let selected = self.style(Role::Selected);
        let spans = line.spans.into_iter().map(|mut span| {
            span.style.bg = None;
            if selected.fg.is_some() {
                span.style.fg = None;
            }
            span
        });
        Line::from(spans.collect::<Vec<_>>()).style(selected)
    }

    /// Empties `area`, so that what is drawn there next lies on the theme's own ground. A wide sign that reaches into it goes as
    /// a whole: a terminal would show it over the edge.
    pub fn clear(&self, frame: &mut Frame<'_>, area: Rect) {
        frame.render_widget(Clear, area);
        if let Some(x) = area.x.checked_sub(1) {
            for y in area.y..area.bottom() {
                let beside = frame.buffer_mut().cell_mut((x, y));
                if let Some(cell) = beside.filter(|cell| cell.symbol().width() > 1) {
                    cell.set_symbol(" ");
                }
            }
        }
        frame.buffer_mut().set_style(area, self.style(Role::Text));
    }

    /// A line in the style of a role.
    pub fn line<'t>(&self, role: Role, text: impl Into<std::borrow::Cow<'t, str>>) -> Line<'t> {
        Line::from(self.span(role, text))
    }

    /// Sign and role of a status.
    pub fn status(&self, status: Status) -> (&'static str, Role) {
        match status {
            Status::Success => (self.glyphs.good, Role::Good),
            Status::Partial => (self.glyphs.warn, Role::Warn),
            Status::Failed => (self.glyphs.bad, Role::Bad),
            Status::Running => (self.glyphs.running, Role::Running),
            Status::Pending => (self.glyphs.pending, Role::Muted),
            Status::Cancelled | Status::Skipped => (self.glyphs.idle, Role::Muted),
        }
    }

    /// A bordered block with a title; the border shows the focus. Clears nothing.
    pub fn block(&self, title: &str, focused: bool) -> Block<'static> {
        let role = if focused { Role::Focus } else { Role::Border };
        let title_role = if focused { Role::Accent } else { Role::Title };
        let set = if self.glyphs.ascii { ASCII_BORDER } else { border::PLAIN };
        let block = Block::new()
            .borders(Borders::ALL)
            .border_set(set)
            .border_style(self.style(role));
        if title.is_empty() {
            return block;
        }
        // Else it would take over the colour of the border, which is too faint for words where it has no focus.
        let words = Style::new().fg(Color::Reset).patch(self.style(Role::Text));
        block
            .title_style(words)
            .title(Line::from(self.span(title_role, format!(" {title} "))))
    }

    /// Empties `area` and draws a block over it, as a popup does; gives what is inside. A cell beside it is left blank, and so are
    /// words of which it would cover a part: half a word reads as another one.
    pub fn popup(&self, frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
        let whole = frame.area();
        // What fills its place has only the frame of that place beside it.
        let is_beside = area.x > whole.x + 1 && area.right() + 1 < whole.right();
        for row in area.rows().filter(|_| is_beside) {
            let left = (whole.x..row.x).rev().take_while(|x| is_word(frame, *x, row.y)).count();
            let right = (row.right()..whole.right())
                .take_while(|x| is_word(frame, *x, row.y))
                .count();
            let cells = |count: usize| u16::try_from(count).unwrap_or(0).max(1);
            let around = Rect {
                x: row.x - cells(left),
                width: row.width + cells(left) + cells(right),
                ..row
            };
            self.clear(frame, around);
        }
        self.clear(frame, area);
        // A corner and a blank on either side.
        let block = self.block(&self.fit(title, usize::from(area.width.saturating_sub(4))), true);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    }

    /// `now`, `46m ago`, `11h ago`, `3d ago`: one unit, never seconds, so that it changes at most once a minute.
    pub fn ago(&self, at: Timestamp) -> String {
        let age = self.now.since(at);
        self.note_change(age, true);
        if age < MINUTE {
            "now".to_owned()
        } else {
            format!("{} ago", one_unit(age))
        }
    }

    /// `in <1m`, `in 46m`, `in 2h 14m`, `in 3d`; `now`, `late 3m` when it should have been.
    pub fn until(&self, at: Timestamp) -> String {
        if at <= self.now {
            let late = self.now.since(at);
            self.note_change(late, true);
            return if late < MINUTE {
                "now".to_owned()
            } else {
                format!("late {}", one_unit(late))
            };
        }
        let rest = at.since(self.now);
        self.note_change(rest, false);
        let text = match rest.as_secs() / 60 {
            0 => "<1m".to_owned(),
            minutes @ 60..1_440 if minutes % 60 != 0 => format!("{}h {}m", minutes / 60, minutes % 60),
            _ => one_unit(rest),
        };
        format!("in {text}")
    }

    /// The age alone: `46m`, `11h`.
    pub fn age(&self, at: Timestamp) -> String {
        let age = self.now.since(at);
        self.note_change(age, true);
        if age < MINUTE { "<1m".to_owned() } else { one_unit(age) }
    }

    /// The time since then as a stretch of it: `the last minute`, `the last 46m`.
    pub fn the_last(&self, since: Timestamp) -> String {
        if self.now.since(since) < MINUTE {
            self.note_change(self.now.since(since), true);
            return "the last minute".to_owned();
        }
        format!("the last {}", self.age(since))
    }

    /// How long something has been running, to the second: only for what runs now.
    pub fn running_for(&self, since: Timestamp) -> String {
        self.note_until(self.now.plus(Duration::from_secs(1)));
        match self.now.since(since) {
            begun if begun < Duration::from_secs(1) => "0 s".to_owned(),
            span => units::duration(span),
        }
    }

    /// The header's clock: hours and minutes with the zone.
    pub fn clock(&self) -> String {
        let local = self.now.utc().with_timezone(&self.zone);
        let (second, nanos) = (chrono::Timelike::second(&local), chrono::Timelike::nanosecond(&local));
        let past = Duration::new(u64::from(second.min(59)), nanos % 1_000_000_000);
        self.note_until(self.now.plus(Duration::from_mins(1).saturating_sub(past)));
        local.format("%H:%M %Z").to_string()
    }

    /// Date and time to the minute in the operator's zone: see [`short_date`].
    pub fn date(&self, at: Timestamp) -> String {
        short_date(at, self.now, self.zone)
    }

    /// `since 03 Mar 14:46`, `09 Mar 00:00 to 10 Mar 00:00`; `None` for all of time. Never `today`, which is another day tomorrow.
    pub fn period(&self, period: &Period) -> Option<String> {
        match (period.since, period.until) {
            (None, None) => None,
            (Some(since), None) => Some(format!("since {}", self.date(since))),
            (None, Some(until)) => Some(format!("before {}", self.date(until))),
            (Some(since), Some(until)) => Some(format!("{} to {}", self.date(since), self.date(until))),
        }
    }

    /// Date and time to the second, with the zone.
    pub fn instant(&self, at: Timestamp) -> String {
        at.utc()
            .with_timezone(&self.zone)
            .format("%Y-%m-%d %H:%M:%S %Z")
            .to_string()
    }

    /// Time of day to the second.
    pub fn time_of_day(&self, at: Timestamp) -> String {
        at.utc().with_timezone(&self.zone).format("%H:%M:%S").to_string()
    }

    /// Something on the screen changes by itself at that moment.
    pub fn note_until(&self, at: Timestamp) {
        if at > self.now && self.valid_until.get().is_none_or(|until| at < until) {
            self.valid_until.set(Some(at));
        }
    }

    fn note_change(&self, span: Duration, grows: bool) {
        let unit = match span.as_secs() {
            3_600..172_800 if grows => 3_600,
            0..86_400 => 60,
            _ => 86_400,
        };
        let into = span.as_secs() % unit;
        let wait = if grows { unit - into } else { into + 1 };
        self.note_until(self.now.plus(Duration::from_secs(wait)));
    }

    /// A heading with a line to the end of its place.
    pub fn rule(&self, text: &str, width: usize) -> Line<'static> {
        let text = self.fit(text, width);
        let line = if self.glyphs.ascii { "-" } else { "─" };
        let rest = width.saturating_sub(text.width() + 1);
        Line::from(vec![
            self.span(Role::Title, format!("{text} ")),
            self.span(Role::Border, line.repeat(rest)),
        ])
    }

    /// `text` in at most `width` cells, with an ellipsis where it was cut. Control characters are shown as `�`.
    pub fn fit(&self, text: &str, width: usize) -> String {
        fit(text, width, self.glyphs.ellipsis)
    }
}

/// Whether a cell has something of a word in it: no blank, and no line of a frame.
fn is_word(frame: &mut Frame<'_>, x: u16, y: u16) -> bool {
    let cell = frame.buffer_mut().cell(Position::new(x, y));
    cell.is_some_and(|cell| !matches!(cell.symbol(), " " | "│" | "─" | "├" | "┤" | "┬" | "┴" | "|"))
}

const MINUTE: Duration = Duration::from_mins(1);

/// Borders in ASCII.
pub const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

fn one_unit(of: Duration) -> String {
    match of.as_secs() {
        seconds @ 0..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Date and time to the minute in a zone; the year only when it is another than that of `now`.
pub fn short_date(at: Timestamp, now: Timestamp, zone: Tz) -> String {
    let local = at.utc().with_timezone(&zone);
    let this = now.utc().with_timezone(&zone);
    let form = if chrono::Datelike::year(&local) == chrono::Datelike::year(&this) {
        "%d %b %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    local.format(form).to_string()
}

/// Takes lines away at the bottom.
pub fn take_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect {
        y: area.bottom(),
        height,
        ..*area
    }
}

/// `text` in at most `width` cells; `ellipsis` ends what was cut.
pub fn fit(text: &str, width: usize, ellipsis: &str) -> String {
    let text = visible(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let room = width.saturating_sub(ellipsis.width());
    let mut cut = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used > room {
            break;
        }
        cut.push_str(cluster);
    }
    if width >= ellipsis.width() {
        cut.push_str(ellipsis);
    }
    cut
}

/// Text in lines of at most `width` cells, broken at spaces where there are any, and inside a word that is longer than a line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for (index, word) in visible(text).split(' ').enumerate() {
        let cells = word.width();
        if used > 0 && used + 1 + cells > width {
            lines.push(String::new());
            used = 0;
        } else if index > 0 && used < width {
            push(&mut lines, " ");
            used += 1;
        }
        for cluster in word.graphemes(true) {
            if used + cluster.width() > width {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, cluster);
            used += cluster.width();
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Text whose control characters, and those that turn the direction of writing, are shown instead of obeyed.
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().any(hidden) {
        text.chars()
            .map(|letter| if hidden(letter) { '\u{fffd}' } else { letter })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::console::theme::UNICODE;

    #[test]
    fn a_wide_sign_that_reaches_into_what_is_emptied_goes_and_the_edge_is_drawn() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
        let mut terminal = Terminal::new(TestBackend::new(8, 1)).unwrap();
        let drawn = terminal.draw(|frame| {
            frame.render_widget(ui.line(Role::Text, "a数据库"), frame.area());
            let popup = Rect::new(4, 0, 2, 1);
            ui.clear(frame, popup);
            frame.render_widget(ui.line(Role::Text, "│"), popup);
        });
        drawn.unwrap();
        terminal.backend().assert_buffer_lines(["a数 │   "]);
    }

    #[test]
    fn text_is_broken_at_spaces_and_long_words_inside() {
        assert_eq!(wrapped("a run was due", 9), ["a run was", "due"]);
        assert_eq!(wrapped("db1  postgres", 20), ["db1  postgres"]);
        assert_eq!(wrapped("see /var/lib/backstay", 10), ["see", "/var/lib/b", "ackstay"]);
        assert_eq!(wrapped("", 10), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_it_may_be_and_nothing_gets_lost(text in "[a-zé漢 ]{0,60}", width in 2_usize..20) {
            let lines = wrapped(&text, width);
            prop_assert!(lines.iter().all(|line| line.width() <= width));
            let without_spaces = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_spaces(&lines.concat()), without_spaces(&text));
        }
    }
}
