//! A run's log on the screen: it follows what comes until somebody scrolls up, holds no more of it in memory than
//! `KEPT_LINES` and `KEPT_BYTES`, and asks for what is missing when it is scrolled to. It asks and is
//! given; who owns it knows whose log it is.

mod hunt;
mod moves;
mod text;
mod view;
mod window;

use std::cell::Cell;

use self::hunt::Hunt;
use self::window::{Near, Window};
use super::field::Field;
use crate::console::command::Command;
use crate::console::key::Key;
use crate::domain::execution::{LogLevel, LogLine};
use crate::domain::time::Timestamp;
use crate::ops::runs::{LogEdge, Search, Searched};

/// Lines that are asked for at once. More may be given for [`Need::Tail`].
pub const PAGE: u32 = 500;

/// Scrolling comes this near to an end of what is in memory before more is asked for.
const AHEAD: usize = 100;

/// What has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// [`PAGE`] lines next to an edge.
    Lines(LogEdge),
    /// Half a page of lines before this one, and half a page from it on.
    Around(i64),
    /// [`PAGE`] lines after this one: what came since.
    Tail(i64),
    /// The first error after this line.
    NextError(i64),
    /// The next line with a text.
    Search(Search),
}

/// What came of looking it up.
#[derive(Clone, Debug)]
pub enum Given {
    /// Lines, oldest first.
    Lines(Vec<LogLine>),
    /// Where a line was found.
    Found(Searched),
}

/// What the log wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Look this up, and give it.
    Need(Need),
    /// Tell this.
    Note(String),
}

/// How the time of a line is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// The time of day.
    #[default]
    Clock,
    /// Since the run began.
    SinceStart,
    /// Not at all.
    Off,
}

/// What of the log is on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Its end, wherever that is by then.
    #[default]
    End,
    /// From this row of this line on.
    At(Top),
}

/// A row of a line, by the line's id, so that it stays true whatever comes and goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Top {
    line: i64,
    row: usize,
}

/// What was on the screen when it was last drawn.
#[derive(Clone, Copy, Debug, Default)]
struct Drawn {
    top: Top,
    /// The last line that is at least partly on the screen.
    bottom: i64,
    /// What was asked to be there: near an end of the log it is not quite what is there.
    place: Place,
    width: u16,
    height: u16,
}

/// A log on the screen.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is on its way and how lines are shown have nothing to do with each other"
)]
#[derive(Debug)]
pub struct Log {
    window: Window,
    place: Place,
    /// The newest line that is known of.
    seen: i64,
    /// Lines that came since the end is not followed any more.
    news: u64,
    waiting: Option<Need>,
    /// What came since is being looked up; and something may have come since that.
    tailing: bool,
    again: bool,
    loaded: bool,
    hunt: Option<Hunt>,
    /// The text looked for, as it was typed.
    wanted: String,
    /// The line that was found last.
    mark: Option<i64>,
    field: Option<Field>,
    level: LogLevel,
    wrap: bool,
    times: Times,
    started: Option<Timestamp>,
    drawn: Cell<Drawn>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            window: Window::default(),
            place: Place::End,
            seen: 0,
            news: 0,
            waiting: None,
            tailing: false,
            again: false,
            loaded: false,
            hunt: None,
            wanted: String::new(),
            mark: None,
            field: None,
            level: LogLevel::Info,
            wrap: true,
            times: Times::default(),
            started: None,
            drawn: Cell::default(),
        }
    }
}

impl Log {
    /// Begins with the log of another run. How its lines are shown stays as it is; which of them are is asked anew for each log.
    pub fn begin(&mut self) -> Step {
        *self = Self {
            wrap: self.wrap,
            times: self.times,
            drawn: Cell::new(Drawn {
                width: self.drawn.get().width,
                height: self.drawn.get().height,
                ..Drawn::default()
            }),
            ..Self::default()
        };
        self.ask(Need::Lines(LogEdge::Last))
    }

    /// When the run began, for times since then.
    pub fn started(&mut self, at: Option<Timestamp>) {
        self.started = at;
    }

    /// Lines below this level are left out.
    pub const fn level(&self) -> LogLevel {
        self.level
    }

    /// Whether anything was given yet.
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether the end is on the screen and stays there.
    pub fn is_following(&self) -> bool {
        self.place == Place::End
    }

    /// Whether letters are text just now.
    pub const fn takes_text(&self) -> bool {
        self.field.is_some()
    }

    /// How many lines are in memory, and how many bytes they take.
    pub fn in_memory(&self) -> (usize, usize) {
        (self.window.len(), self.window.bytes())
    }

    /// Something may have come.
    pub fn refresh(&mut self) -> Vec<Step> {
        if !self.loaded {
            return match self.waiting {
                Some(_) => Vec::new(),
                None => vec![self.ask(Need::Lines(LogEdge::Last))],
            };
        }
        if self.tailing {
            self.again = true;
            return Vec::new();
        }
        vec![self.ask_tail()]
    }

    /// Carries out a command; `None` when it means nothing here.
    pub fn command(&mut self, command: Command) -> Option<Vec<Step>> {
        match command {
            Command::Open if self.field.is_some() => Some(self.search()),
            Command::Back => self.back().then(Vec::new),
            Command::Follow if self.is_following() => {
                self.place = Place::At(self.drawn.get().top);
                Some(Vec::new())
            }
            Command::Follow => Some(self.follow()),
            Command::Wrap => {
                self.wrap = !self.wrap;
                // The row within a line means nothing in another layout.
                if let Place::At(top) = &mut self.place {
                    top.row = 0;
                }
                Some(Vec::new())
            }
            Command::Times => {
                self.times = match self.times {
                    Times::Clock => Times::SinceStart,
                    Times::SinceStart => Times::Off,
                    Times::Off => Times::Clock,
                };
                Some(Vec::new())
            }
            Command::LogLevel => Some(vec![self.next_level()]),
            Command::Search => {
                self.field = Some(Field::default());
                Some(Vec::new())
            }
            Command::NextMatch => Some(self.next_match()),
            Command::PreviousMatch => Some(self.previous_match()),
            Command::NextError => Some(self.next_error()),
            command => self.scroll(command),
        }
    }

    /// Edits the text that is looked for.
    pub fn key(&mut self, key: Key) {
        if let Some(field) = &mut self.field {
            field.key(key);
        }
    }

    /// Takes pasted text into it. `false` when it is too long to be meant.
    pub fn paste(&mut self, text: &str) -> bool {
        self.field.as_mut().is_none_or(|field| field.paste(text))
    }

    /// Takes what was asked for. An answer to what is no longer asked is dropped.
    pub fn take(&mut self, need: &Need, given: Given) -> Vec<Step> {
        match (need, given) {
            (Need::Tail(after), Given::Lines(lines)) => self.take_tail(*after, lines),
            (Need::Lines(_) | Need::Around(_), Given::Lines(lines)) if self.waiting.as_ref() == Some(need) => {
                self.waiting = None;
                self.loaded = true;
                self.take_lines(need, lines);
                Vec::new()
            }
            (_, Given::Found(searched)) => self.take_found(need, searched),
            _ => Vec::new(),
        }
    }

    /// It could not be looked up; it may be asked again.
    pub fn failed(&mut self, need: &Need) {
        if let Need::Tail(_) = need {
            self.tailing = false;
        }
        if self.waiting.as_ref() == Some(need) {
            self.waiting = None;
        }
        self.hunt.take_if(|hunt| hunt.need == *need);
    }

    fn ask(&mut self, need: Need) -> Step {
        self.waiting = Some(need.clone());
        Step::Need(need)
    }

    fn ask_tail(&mut self) -> Step {
        self.tailing = true;
        self.again = false;
        Step::Need(Need::Tail(self.seen))
    }

    fn take_lines(&mut self, need: &Need, mut lines: Vec<LogLine>) {
        let whole = lines.len() < PAGE as usize;
        let last = lines.last().map(|line| line.id);
        let newest = last.unwrap_or(self.seen);
        match need {
            Need::Lines(LogEdge::Last) => {
                (self.window.begins, self.window.ends) = (whole, true);
                self.window.replace(lines, Near::End);
                self.seen = newest;
            }
            Need::Lines(LogEdge::First) => {
                (self.window.begins, self.window.ends) = (true, whole && newest >= self.seen);
                self.window.replace(lines, Near::Begin);
                self.place = Place::At(self.first_row());
            }
            Need::Lines(LogEdge::Before(_)) => {
                self.window.begins = whole;
                self.window.prepend(lines);
            }
            Need::Lines(LogEdge::After(_)) => {
                self.window.ends = whole && newest >= self.seen;
                self.window.append(lines);
            }
            Need::Around(line) => {
                let before = lines.iter().take_while(|one| one.id < *line).count();
                let after = lines.split_off(before);
                let half = PAGE as usize / 2;
                self.window.begins = before < half;
                self.window.ends = after.len() < half && newest >= self.seen;
                self.window.replace(after, Near::Begin);
                self.window.prepend(lines);
                if self.mark == Some(*line) {
                    self.show(*line);
                }
            }
            _ => {}
        }
        self.seen = self.seen.max(newest);
    }

    fn take_tail(&mut self, after: i64, mut lines: Vec<LogLine>) -> Vec<Step> {
        self.tailing = false;
        let full = lines.len() >= PAGE as usize;
        // What another answer has brought in the meantime.
        lines.retain(|line| line.id > self.seen);
        if let Some(last) = lines.last().filter(|_| after <= self.seen) {
            self.seen = last.id;
            if self.is_following() {
                self.news = 0;
                if self.window.ends {
                    self.window.append(lines);
                }
            } else {
                self.news += lines.len() as u64;
                if self.window.ends {
                    let top = self.window.position(self.top().line);
                    self.window.append_keeping(lines, top.saturating_sub(AHEAD));
                }
            }
        }
        let mut steps = Vec::new();
        if self.is_following() && !self.window.ends && self.waiting.is_none() {
            // So much came at once that only its end is worth having.
            steps.push(self.ask(Need::Lines(LogEdge::Last)));
        } else if full || self.again {
            steps.push(self.ask_tail());
        }
        steps
    }

    /// Lines of another level only. What is on the screen stays there until they come.
    fn next_level(&mut self) -> Step {
        self.level = match self.level {
            LogLevel::Info => LogLevel::Warn,
            LogLevel::Warn => LogLevel::Error,
            LogLevel::Error => LogLevel::Info,
        };
        self.hunt = None;
        self.tailing = false;
        self.news = 0;
        match self.place {
            Place::End => self.ask(Need::Lines(LogEdge::Last)),
            Place::At(top) => self.ask(Need::Around(top.line)),
        }
    }

    /// Leaves the text that is typed, then what is searched for, then what was found. `false` when there is none of it.
    fn back(&mut self) -> bool {
        if self.field.take().is_some() || self.hunt.take().is_some() {
            return true;
        }
        let found = !self.wanted.is_empty() || self.mark.is_some();
        self.wanted.clear();
        self.window.look_for("");
        self.mark = None;
        found
    }
}
