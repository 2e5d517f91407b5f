//! The part of a log that is in memory: lines in a row, bounded in number and in bytes. What does not fit goes at the far end
//! and is read again when somebody scrolls there.

use std::collections::VecDeque;

use crate::domain::execution::LogLine;

/// Lines that are kept.
pub const KEPT_LINES: usize = 5_000;

/// Bytes that are kept.
pub const KEPT_BYTES: usize = 2 * 1024 * 1024;

/// What comes at once takes no more than this of it, so that what is on the screen is never what has to go.
const TAKEN_BYTES: usize = KEPT_BYTES / 2;

/// A longer line is cut on the screen; a file that is saved has all of it.
const LONGEST: usize = 16 * 1024;

/// Lines in a row.
#[derive(Clone, Debug, Default)]
pub struct Window {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// The text looked for, in lower case; empty for none.
    wanted: String,
    /// The ids of the lines that have it, oldest first: kept as lines come and go, so that neither a key nor a frame looks
    /// through them all.
    found: VecDeque<i64>,
    /// The first line there is is in it.
    pub begins: bool,
    /// The last line that is known of is in it.
    pub ends: bool,
}

impl Window {
    /// How many lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What they take, in bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A line by its place.
    pub fn get(&self, at: usize) -> Option<&LogLine> {
        self.lines.get(at)
    }

    /// The lines, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &LogLine> + ExactSizeIterator {
        self.lines.iter()
    }

    /// The oldest line's id.
    pub fn first(&self) -> Option<i64> {
        self.lines.front().map(|line| line.id)
    }

    /// The newest line's id.
    pub fn last(&self) -> Option<i64> {
        self.lines.back().map(|line| line.id)
    }

    /// The place of the line with this id, or of the next one when that is not here.
    pub fn position(&self, id: i64) -> usize {
        self.lines.partition_point(|line| line.id < id)
    }

    /// Looks for this text from now on, in whatever case.
    pub fn look_for(&mut self, text: &str) {
        self.wanted = text.to_lowercase();
        self.found = self
            .lines
            .iter()
            .filter(|line| has(line, &self.wanted))
            .map(|line| line.id)
            .collect();
    }

    /// The ids of the lines with the text looked for, oldest first.
    pub const fn found(&self) -> &VecDeque<i64> {
        &self.found
    }

    /// Other lines in place of these. Where there are too many bytes, the far end from `near` goes.
    pub fn replace(&mut self, lines: Vec<LogLine>, near: Near) {
        self.lines.clear();
        self.found.clear();
        self.bytes = 0;
        match near {
            Near::Begin => self.append(lines),
            Near::End => self.prepend(lines),
        }
    }

    /// Lines that come before these, oldest first; those nearest to these first if not all can be taken.
    pub fn prepend(&mut self, lines: Vec<LogLine>) {
        let mut taken = 0;
        for line in lines.into_iter().rev() {
            let line = cut(line);
            let cost = cost(&line);
            if taken > 0 && taken + cost > TAKEN_BYTES {
                self.begins = false;
                break;
            }
            taken += cost;
            self.bytes += cost;
            if has(&line, &self.wanted) {
                self.found.push_front(line.id);
            }
            self.lines.push_front(line);
        }
        while self.is_over() {
            self.ends = false;
            self.bytes -= self.lines.pop_back().as_ref().map_or(0, cost);
        }
        let last = self.last();
        while self.found.pop_back_if(|id| Some(*id) > last).is_some() {}
    }

    /// Lines that come after these, oldest first; those nearest to these first if not all can be taken.
    pub fn append(&mut self, lines: Vec<LogLine>) {
        let mut taken = 0;
        for line in lines {
            let line = cut(line);
            let cost = cost(&line);
            if taken > 0 && taken + cost > TAKEN_BYTES {
                self.ends = false;
                break;
            }
            taken += cost;
            self.bytes += cost;
            if has(&line, &self.wanted) {
                self.found.push_back(line.id);
            }
            self.lines.push_back(line);
        }
        while self.is_over() {
            self.begins = false;
            self.bytes -= self.lines.pop_front().as_ref().map_or(0, cost);
        }
        let first = self.first();
        while self.found.pop_front_if(|id| Some(*id) < first).is_some() {}
    }

    /// Appends if that drops nothing from place `keep` on; else they are left out, and these lines no longer reach the end.
    pub fn append_keeping(&mut self, lines: Vec<LogLine>, keep: usize) {
        let bytes: usize = lines.iter().map(cost).sum();
        let freed: usize = self.lines.iter().take(keep).map(cost).sum();
        let fits = self.lines.len() + lines.len() <= KEPT_LINES + keep && self.bytes + bytes <= KEPT_BYTES + freed;
        if fits && bytes <= TAKEN_BYTES {
            self.append(lines);
        } else {
            self.ends = false;
        }
    }

    fn is_over(&self) -> bool {
        self.lines.len() > KEPT_LINES || (self.bytes > KEPT_BYTES && self.lines.len() > 1)
    }
}

/// Which end of new lines matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// The older ones.
    Begin,
    /// The newer ones.
    End,
}

/// Whether a line has a text, which is in lower case.
fn has(line: &LogLine, wanted: &str) -> bool {
    !wanted.is_empty() && line.message.to_lowercase().contains(wanted)
}

fn cost(line: &LogLine) -> usize {
    size_of::<LogLine>() + line.message.len()
}

/// A line that is not longer than a screen can show.
fn cut(mut line: LogLine) -> LogLine {
    if line.message.len() > LONGEST {
        let end = line.message.floor_char_boundary(LONGEST);
        line.message.truncate(end);
        line.message.push_str(" … cut here; saved to a file it is whole");
        line.message.shrink_to_fit();
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::execution::{LogLevel, Stage};
    use crate::domain::time::Timestamp;

    fn lines(from: i64, count: usize, length: usize) -> Vec<LogLine> {
        (from..)
            .take(count)
            .map(|id| LogLine {
                id,
                at: Timestamp::default(),
                level: LogLevel::Info,
                stage: Stage::Dump,
                message: (if id % 7 == 0 { "ÖL" } else { "" }).to_owned() + &"ä".repeat(length),
            })
            .collect()
    }

    /// Adds that many lines, before those that are there or after them.
    fn grow(window: &mut Window, before: bool, count: usize, length: usize) {
        if before {
            let size = i64::try_from(count).unwrap();
            let first = window.first().unwrap_or(0);
            window.prepend(lines(first - size, count, length));
        } else {
            let last = window.last().unwrap_or(0);
            window.append(lines(last + 1, count, length));
        }
    }

    proptest! {
        #[test]
        fn it_is_never_larger_than_it_may_be_and_always_in_a_row(
            steps in prop::collection::vec((any::<bool>(), 1..600_usize, 0..20_000_usize), 1..30)
        ) {
            let mut window = Window::default();
            for (before, count, length) in steps {
                grow(&mut window, before, count, length);
                prop_assert!(window.len() <= KEPT_LINES);
                prop_assert!(window.bytes() <= KEPT_BYTES);
                prop_assert_eq!(window.bytes(), window.iter().map(cost).sum::<usize>());
                let ids: Vec<i64> = window.iter().map(|line| line.id).collect();
                prop_assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_lines_with_the_text_are_known_whatever_comes_and_goes(
            steps in prop::collection::vec((any::<bool>(), 1..1_500_usize, 0..100_usize), 1..20), begin in 0..20_usize
        ) {
            let mut window = Window::default();
            for (step, (before, count, length)) in steps.into_iter().enumerate() {
                if step == begin {
                    window.look_for("öL");
                }
                grow(&mut window, before, count, length);
                let with_text = window.iter().map(|line| line.id).filter(|id| step >= begin && id % 7 == 0);
                let with_text: Vec<i64> = with_text.collect();
                prop_assert_eq!(window.found().iter().copied().collect::<Vec<i64>>(), with_text);
            }
        }
    }

    #[test]
    fn what_is_on_the_screen_is_not_dropped_for_what_comes() {
        let mut window = Window {
            begins: true,
            ends: true,
            ..Window::default()
        };
        window.append(lines(0, KEPT_LINES, 1));
        window.append_keeping(lines(5_000, 100, 1), 100);
        assert_eq!(
            (window.first(), window.last(), window.ends),
            (Some(100), Some(5_099), true)
        );
        window.append_keeping(lines(5_100, 100, 1), 99);
        assert_eq!(
            (window.first(), window.last(), window.ends),
            (Some(100), Some(5_099), false)
        );
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_at_a_letter() {
        let mut window = Window::default();
        window.append(lines(1, 1, 1_000_000));
        assert!(window.bytes() < LONGEST + 1_000);
        assert!(window.get(0).unwrap().message.ends_with("whole"));
    }
}
