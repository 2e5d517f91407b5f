//! How a log is scrolled: by rows of the screen, with only the lines near it looked at.

use super::{AHEAD, Log, Need, Place, Step, Top, text, view};
use crate::console::command::Command;
use crate::domain::execution::LogLine;
use crate::ops::runs::LogEdge;

impl Log {
    /// Scrolls. `None` when the command is no move.
    pub(super) fn scroll(&mut self, command: Command) -> Option<Vec<Step>> {
        let page = usize::from(self.drawn.get().height).max(1);
        match command {
            Command::Down => self.down(1),
            Command::HalfDown => self.down(page.div_ceil(2)),
            Command::PageDown => self.down(page),
            Command::Up => self.up(1),
            Command::HalfUp => self.up(page.div_ceil(2)),
            Command::PageUp => self.up(page),
            Command::Bottom => return Some(self.follow()),
            Command::Top if !self.window.begins => return Some(vec![self.ask(Need::Lines(LogEdge::First))]),
            Command::Top => self.place = Place::At(self.first_row()),
            _ => return None,
        }
        Some(self.ahead().into_iter().collect())
    }

    /// Goes to the end and stays there.
    pub(super) fn follow(&mut self) -> Vec<Step> {
        self.place = Place::End;
        self.news = 0;
        if self.window.ends {
            Vec::new()
        } else {
            vec![self.ask(Need::Lines(LogEdge::Last))]
        }
    }

    /// Shows a line, with some of what was said before it.
    pub(super) fn show(&mut self, line: i64) {
        self.mark = Some(line);
        let drawn = self.drawn.get();
        if (drawn.top.line..=drawn.bottom).contains(&line) && self.window.position(line) < self.window.len() {
            self.place = Place::At(drawn.top);
            return;
        }
        self.place = Place::At(Top { line, row: 0 });
        self.up(usize::from(drawn.height / 3));
    }

    /// The first row of what is on the screen.
    pub(super) fn top(&self) -> Top {
        let drawn = self.drawn.get();
        match self.place {
            Place::At(top) if drawn.place != self.place => top,
            _ => drawn.top,
        }
    }

    pub(super) fn first_row(&self) -> Top {
        Top {
            line: self.window.first().unwrap_or(0),
            row: 0,
        }
    }

    fn up(&mut self, mut rows: usize) {
        let top = self.top();
        let mut at = self.window.position(top.line);
        let mut row = top.row;
        loop {
            if rows <= row {
                row -= rows;
                break;
            }
            rows -= row;
            row = 0;
            let Some(above) = at.checked_sub(1) else { break };
            at = above;
            row = self.rows_at(at);
        }
        // A screen that has room for all of it has nothing to scroll.
        let place = self.top_at(at, row);
        if place != top || self.place != Place::End {
            self.place = Place::At(place);
        }
    }

    fn down(&mut self, mut rows: usize) {
        if self.place == Place::End {
            return;
        }
        let top = self.top();
        let mut at = self.window.position(top.line);
        let mut row = top.row;
        while rows > 0 && at < self.window.len() {
            let rest = self.rows_at(at) - row.min(self.rows_at(at) - 1);
            if rows < rest {
                row += rows;
                break;
            }
            rows -= rest;
            row = 0;
            at += 1;
        }
        let place = self.top_at(at, row);
        let furthest = self.furthest();
        let beyond = (place.line, place.row) >= (furthest.line, furthest.row) || at >= self.window.len();
        if beyond && self.window.ends {
            self.place = Place::End;
            self.news = 0;
        } else {
            self.place = Place::At(if beyond { furthest } else { place });
        }
    }

    /// The first row of the screen when its last row is the last there is.
    fn furthest(&self) -> Top {
        let mut left = usize::from(self.drawn.get().height);
        let mut at = self.window.len();
        while let Some(above) = at.checked_sub(1) {
            let rows = self.rows_at(above);
            at = above;
            if rows >= left {
                return self.top_at(at, rows - left);
            }
            left -= rows;
        }
        self.first_row()
    }

    fn top_at(&self, at: usize, row: usize) -> Top {
        let line = match self.window.get(at) {
            Some(line) => line.id,
            None => self.window.last().map_or(0, |last| last + 1),
        };
        Top { line, row }
    }

    fn rows_at(&self, at: usize) -> usize {
        self.window.get(at).map_or(1, |line| self.rows_of(line))
    }

    fn rows_of(&self, line: &LogLine) -> usize {
        if !self.wrap {
            return 1;
        }
        let columns = view::Columns::of(self.drawn.get().width, self.times);
        text::count(&crate::console::ui::visible(&line.message), columns.message)
    }

    /// What has to be asked for because an end of what is in memory is near.
    fn ahead(&mut self) -> Option<Step> {
        let Place::At(top) = self.place else { return None };
        if self.waiting.is_some() {
            return None;
        }
        let at = self.window.position(top.line);
        let below = usize::from(self.drawn.get().height) + AHEAD;
        if !self.window.begins && at < AHEAD {
            let first = self.window.first()?;
            Some(self.ask(Need::Lines(LogEdge::Before(first))))
        } else if !self.window.ends && at + below >= self.window.len() {
            let last = self.window.last()?;
            Some(self.ask(Need::Lines(LogEdge::After(last))))
        } else {
            None
        }
    }
}
