//! Looking for a text or an error: first in what is in memory, then in all of the log, and once round from its other end.

use super::{Given, Log, Need, Place, Step};
use crate::domain::execution::LogLevel;
use crate::ops::runs::{Direction, Search, Searched};

/// Lines looked at before a search says how far it is.
const AT_ONCE: u32 = 20_000;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prey {
    Text,
    Error,
}

/// A search in what is not in memory.
#[derive(Clone, Debug)]
pub(super) struct Hunt {
    prey: Prey,
    direction: Direction,
    /// It went round the end already.
    round: bool,
    /// Lines looked at.
    pub(super) looked: u64,
    pub(super) need: Need,
}

impl Log {
    /// Looks for what was typed: backwards from the end where the end is on the screen, else forwards from its top.
    pub(super) fn search(&mut self) -> Vec<Step> {
        let Some(field) = self.field.take() else {
            return Vec::new();
        };
        // Nothing typed changes nothing.
        if field.text().is_empty() {
            return Vec::new();
        }
        field.text().clone_into(&mut self.wanted);
        self.window.look_for(&self.wanted);
        self.mark = None;
        match self.place {
            Place::End => self.hunt(Prey::Text, Direction::Backwards, i64::MAX, false),
            Place::At(top) => self.hunt(Prey::Text, Direction::Forwards, top.line - 1, false),
        }
    }

    pub(super) fn next_match(&mut self) -> Vec<Step> {
        let from = self.marked_on_screen().unwrap_or(self.top().line - 1);
        self.match_from(Direction::Forwards, from)
    }

    pub(super) fn previous_match(&mut self) -> Vec<Step> {
        let from = self.marked_on_screen().unwrap_or(self.drawn.get().bottom + 1);
        self.match_from(Direction::Backwards, from)
    }

    fn match_from(&mut self, direction: Direction, from: i64) -> Vec<Step> {
        if self.wanted.is_empty() {
            return vec![Step::Note("nothing is searched for yet; / searches".to_owned())];
        }
        self.hunt(Prey::Text, direction, from, false)
    }

    pub(super) fn next_error(&mut self) -> Vec<Step> {
        let from = self.marked_on_screen().unwrap_or(self.top().line - 1);
        self.hunt(Prey::Error, Direction::Forwards, from, false)
    }

    fn marked_on_screen(&self) -> Option<i64> {
        let drawn = self.drawn.get();
        self.mark.filter(|mark| (drawn.top.line..=drawn.bottom).contains(mark))
    }

    fn hunt(&mut self, prey: Prey, direction: Direction, from: i64, round: bool) -> Vec<Step> {
        self.hunt = None;
        let mut from = from;
        if self.has_next_of(direction, from) {
            if let Some(found) = self.find(prey, direction, from) {
                self.show(found);
                return Vec::new();
            }
            let (is_all, last) = match direction {
                Direction::Forwards => (self.window.ends, self.window.last().map(|last| last.max(from))),
                Direction::Backwards => (self.window.begins, self.window.first().map(|first| first.min(from))),
            };
            if is_all {
                return self.not_found(prey, direction, round);
            }
            from = last.unwrap_or(from);
        }
        let need = self.need(prey, direction, from);
        self.look_up(Hunt {
            prey,
            direction,
            round,
            looked: 0,
            need,
        })
    }

    /// Whether the line next to `from` is in memory, if there is one.
    fn has_next_of(&self, direction: Direction, from: i64) -> bool {
        match direction {
            Direction::Forwards => self.window.begins || self.window.first().is_some_and(|first| first <= from + 1),
            Direction::Backwards => self.window.ends || self.window.last().is_some_and(|last| from - 1 <= last),
        }
    }

    fn find(&self, prey: Prey, direction: Direction, from: i64) -> Option<i64> {
        match prey {
            Prey::Text => {
                let found = self.window.found();
                match direction {
                    Direction::Forwards => found.get(found.partition_point(|id| *id <= from)),
                    Direction::Backwards => {
                        let before = found.partition_point(|id| *id < from).checked_sub(1)?;
                        found.get(before)
                    }
                }
                .copied()
            }
            // Errors are only ever looked for forwards.
            Prey::Error => {
                let mut behind = self.window.iter().skip(self.window.position(from + 1));
                behind.find(|line| line.level == LogLevel::Error).map(|line| line.id)
            }
        }
    }

    /// Which of the lines with the text is the one that was found last, and how many there are: `3 of 12`. Only lines in memory
    /// can be counted; `+` stands behind a number that more of the log might make larger, and no line is given a number
    /// while lines before it might have the text too.
    pub(super) fn count(&self) -> Option<String> {
        let found = self.window.found();
        let (begins, ends) = (self.window.begins, self.window.ends);
        let is_all = begins && ends;
        let more = if is_all { "" } else { "+" };
        let at = self.mark.and_then(|mark| found.binary_search(&mark).ok());
        match (found.len(), at) {
            _ if self.wanted.is_empty() || self.hunt.is_some() => None,
            (0, _) => is_all.then(|| "in no line".to_owned()),
            (all, Some(at)) if begins => Some(format!("{} of {all}{more}", at + 1)),
            (1, _) if is_all => Some("in 1 line".to_owned()),
            (all, _) => Some(format!("in {all}{more} lines")),
        }
    }

    fn need(&self, prey: Prey, direction: Direction, from: i64) -> Need {
        match prey {
            Prey::Error => Need::NextError(from),
            Prey::Text => Need::Search(Search {
                text: self.wanted.clone(),
                from,
                direction,
                level: self.level,
                at_most_lines: AT_ONCE,
            }),
        }
    }

    fn look_up(&mut self, hunt: Hunt) -> Vec<Step> {
        let need = hunt.need.clone();
        self.hunt = Some(hunt);
        vec![Step::Need(need)]
    }

    /// Takes what came of a search.
    pub(super) fn take_found(&mut self, need: &Need, searched: Searched) -> Vec<Step> {
        let Some(hunt) = self.hunt.take_if(|hunt| hunt.need == *need) else {
            return Vec::new();
        };
        match searched {
            Searched::Found(line) => {
                self.mark = Some(line);
                vec![self.ask(Need::Around(line))]
            }
            Searched::NotFound => self.not_found(hunt.prey, hunt.direction, hunt.round),
            Searched::Unfinished { from } => self.look_up(Hunt {
                looked: hunt.looked + u64::from(AT_ONCE),
                need: self.need(hunt.prey, hunt.direction, from),
                ..hunt
            }),
        }
    }

    fn not_found(&mut self, prey: Prey, direction: Direction, round: bool) -> Vec<Step> {
        if round {
            let text = match (prey, self.level) {
                (Prey::Error, _) => "this log has no error".to_owned(),
                (Prey::Text, LogLevel::Info) => format!("'{}' is not in this log", self.wanted),
                (Prey::Text, level) => format!("'{}' is in no line of this log from level {level} up", self.wanted),
            };
            return vec![Step::Note(text)];
        }
        let (from, end) = match direction {
            Direction::Forwards => (0, "beginning"),
            Direction::Backwards => (i64::MAX, "end"),
        };
        let mut steps = self.hunt(prey, direction, from, true);
        if !matches!(steps.as_slice(), [Step::Note(_)]) {
            steps.push(Step::Note(format!("the search went on from the {end}")));
        }
        steps
    }
}

/// For whoever looks it up: errors are found the way texts are.
impl From<Option<i64>> for Given {
    fn from(line: Option<i64>) -> Self {
        Self::Found(line.map_or(Searched::NotFound, Searched::Found))
    }
}
