//! When a job fires: five-field crontab in the job's own time zone.
//!
//! The calendar is walked on the wall clock, and every wall-clock time is then mapped to *the first instant at which the
//! zone's clock shows it or later*. That one rule gives what operators expect of daylight saving: a time that does not
//! exist runs at the first moment after the gap (several of them once), a time that happens twice runs the first time.

mod describe;
mod expression;
mod field;
#[cfg(test)]
mod tests;

use std::fmt;
use std::iter;

use chrono::offset::Offset;
use chrono::{MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::{GapInfo, Tz};

use self::expression::Expression;
use super::error::Result;
use super::time::{self, Timestamp};

/// The crate's calendar holds the years 1970 to 2100, and looks back wrongly from beyond its end; instants outside are
/// treated as its edges, so that in every zone the wall clock shows the year 2100 at most.
const EARLIEST: Timestamp = Timestamp::from_millis(-2 * 86_400_000);
const LATEST: Timestamp = Timestamp::from_millis(4_133_894_400_000);

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    zone: Tz,
    expression: Expression,
    calendars: Vec<cron::Schedule>,
}

impl Schedule {
    /// Reads `cron` (five fields, or `@hourly @daily @midnight @weekly @monthly @yearly @annually`) in the IANA zone `zone`.
    ///
    /// Fields are as in crontab(5): lists, ranges, steps, names, Sunday as 0 and 7, and when day-of-month and day-of-week
    /// are both restricted (neither begins with `*`) a day that matches either. An expression that can never fire is a
    /// usage error, as is everything crontab does not have (seconds, `?`, `L`, `W`, `#`, `@reboot`, ranges that wrap).
    pub fn parse(cron: &str, zone: &str) -> Result<Self> {
        let zone = time::zone(zone)?;
        let named = |error: super::Error| error.on(format!("schedule '{cron}'"));
        let expression = Expression::parse(cron).map_err(named)?;
        let calendars = expression.calendars().map_err(named)?;
        Ok(Self {
            text: cron.trim().to_owned(),
            zone,
            expression,
            calendars,
        })
    }

    /// The first fire after `at`, never `at` itself; none past the year 2100.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let from = self.wall_clock(at);
        iter::successors(self.wall_after(from), |wall| self.wall_after(*wall))
            .filter_map(|wall| self.instant(wall))
            .find(|fire| *fire > at)
    }

    /// The next `count` fires after `after`, ascending; fewer where the calendar ends.
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        iter::successors(self.next_after(after), |fire| self.next_after(*fire))
            .take(count)
            .collect()
    }

    /// The latest fire later than `after` and not later than `until`: what a sleeping engine has missed. It looks back
    /// from `until`, so that the length of the sleep does not matter.
    pub fn missed_between(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let from = self.highest_wall_clock(until);
        iter::successors(self.wall_until(from), |wall| {
            self.wall_until(*wall - TimeDelta::seconds(1))
        })
        .filter_map(|wall| self.instant(wall))
        .find(|fire| *fire <= until)
        .filter(|fire| *fire > after)
    }

    /// In plain English: `every Monday at 03:00 Europe/Zurich`, `every 15 minutes`.
    pub fn describe(&self) -> String {
        describe::describe(&self.expression, &self.text, Some(self.zone))
    }

    /// What a cron expression says in whatever zone: `every Monday at 03:00`. An error when it is none.
    pub fn describe_anywhere(cron: &str) -> Result<String> {
        let read = Self::parse(cron, Tz::UTC.name())?;
        Ok(describe::describe(&read.expression, &read.text, None))
    }

    /// What the zone's clock shows.
    fn wall_clock(&self, at: Timestamp) -> NaiveDateTime {
        at.clamp(EARLIEST, LATEST).utc().with_timezone(&self.zone).naive_local()
    }

    /// The highest time the zone's clock has shown up to `at`, or a little more: after the clock was turned back, times
    /// it shows for the second time have been reached already, and so have those up to where it was turned back.
    fn highest_wall_clock(&self, at: Timestamp) -> NaiveDateTime {
        let wall = self.wall_clock(at);
        match self.zone.from_local_datetime(&wall) {
            MappedLocalTime::Ambiguous(first, second) => wall + second.signed_duration_since(first),
            _ => wall,
        }
    }

    /// The first instant at which the zone's clock shows `wall` or later.
    fn instant(&self, wall: NaiveDateTime) -> Option<Timestamp> {
        let utc = match self.zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.naive_utc(),
            MappedLocalTime::None => {
                let (turned_at, before) = GapInfo::new(&wall, &self.zone)?.begin?;
                turned_at - before.fix()
            }
        };
        Some(Timestamp::from_millis(utc.and_utc().timestamp_millis()))
    }

    /// The first matching wall-clock time after `wall`. Naive times are labelled UTC, where nothing is skipped or doubled.
    fn wall_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = self
            .calendars
            .iter()
            .filter_map(|calendar| calendar.after(&wall.and_utc()).next())
            .min();
        next.map(|at| at.naive_utc())
    }

    /// The last matching wall-clock time not after `wall`.
    fn wall_until(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let beyond = wall.with_nanosecond(0)?.and_utc() + TimeDelta::seconds(1);
        let last = self
            .calendars
            .iter()
            .filter_map(|calendar| calendar.after(&beyond).next_back())
            .max();
        last.map(|at| at.naive_utc())
    }
}

/// The expression as it was written.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
