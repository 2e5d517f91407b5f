//! Housekeeping: what it did, and whether the clock is to be believed before it does more. A clock that is a year ahead makes
//! every log line old enough to go, so one that has jumped has to stay where it is for a day first.

use std::time::Duration;

use serde::Serialize;

use super::time::Timestamp;

/// How often it looks.
pub const EVERY: Duration = Duration::from_hours(24);

/// Looks that are further apart tell of a clock that has jumped, or of a machine that was off: which of them cannot be told.
const APART: Duration = Duration::from_hours(48);

/// A clock that has jumped is believed after that: a little less than a look and the next are apart.
const STEADY: Duration = Duration::from_hours(20);

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Housekeeping {
    /// When it looked last.
    pub looked_at: Timestamp,
    /// The first look since the clock has jumped last.
    pub steady_since: Timestamp,
    /// When it removed something last.
    pub removed_at: Option<Timestamp>,
    /// How many log lines that were.
    pub removed_lines: u64,
}

impl Housekeeping {
    /// It looks now; `last` is what was known of the look before.
    pub fn look(last: Option<Self>, now: Timestamp) -> Self {
        let follows = |last: &Self| last.looked_at <= now && now.since(last.looked_at) <= APART;
        Self {
            looked_at: now,
            steady_since: last.filter(follows).map_or(now, |last| last.steady_since),
            removed_at: last.and_then(|last| last.removed_at),
            removed_lines: last.map_or(0, |last| last.removed_lines),
        }
    }

    /// Whether it may remove what is old by the clock.
    pub fn may_remove(&self) -> bool {
        self.looked_at.since(self.steady_since) >= STEADY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// What is known after looks at these hours from a fixed moment.
    fn looks(hours: &[u32]) -> Housekeeping {
        let start = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let all = hours.iter().map(|hours| start.plus(HOUR * *hours));
        all.fold(None, |last, now| Some(Housekeeping::look(last, now))).unwrap()
    }

    #[test]
    fn a_clock_is_believed_once_it_was_steady_for_a_day() {
        assert!(!looks(&[0]).may_remove());
        assert!(
            !looks(&[0, 3, 8]).may_remove(),
            "an engine that starts anew looks more often"
        );
        assert!(looks(&[0, 3, 24]).may_remove());
        assert!(looks(&[0, 24, 48, 72]).may_remove());
    }

    #[test]
    fn a_clock_that_has_jumped_takes_nothing_and_one_that_is_set_right_takes_nothing_either() {
        let year = 365 * 24;
        assert!(!looks(&[0, 24, 48, year]).may_remove());
        assert!(!looks(&[0, 24, 48, year, year + 1]).may_remove());
        assert!(!looks(&[0, 24, 48, year, 72]).may_remove());
        assert!(looks(&[0, 24, 48, year, 72, 96]).may_remove());
    }
}
