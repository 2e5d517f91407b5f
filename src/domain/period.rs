//! A stretch of time as people type it: `today`, `7d`, `2026-03-09`, `2026-03-01..2026-03-09`. Days are those of the operator's
//! zone, and the last day is part of it.

use std::time::Duration;

use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;

use super::error::{Error, Result};
use super::time::Timestamp;
use super::units;

/// A stretch of time, open where an end is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Reads one. Nothing at all is all of time; a duration is the time up to `now`.
    pub fn parse(text: &str, now: Timestamp, zone: Tz) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let unknown = || {
            Error::usage(format!("'{text}' is no stretch of time"))
                .next("write today, yesterday, 7d, 2026-03-09 or 2026-03-01..2026-03-09")
        };
        let Some((from, to)) = text.split_once("..") else {
            return match day(text, now, zone) {
                Some(day) => Ok(Self::days(Some(day), Some(day), zone)),
                None => lasting(text, now).ok_or_else(unknown),
            };
        };
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            text => day(text, now, zone).map(Some).ok_or_else(unknown),
        };
        let (first, last) = (end(from)?, end(to)?);
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            return Err(Error::usage(format!("'{text}' ends before it begins"))
                .next("write the earlier day first, as in 2026-03-01..2026-03-09"));
        }
        Ok(Self::days(first, last, zone))
    }

    /// Whether it is all of time.
    pub const fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    fn days(first: Option<NaiveDate>, last: Option<NaiveDate>, zone: Tz) -> Self {
        Self {
            since: first.map(|day| begin(day, zone)),
            until: last.and_then(|day| Some(begin(day.checked_add_days(Days::new(1))?, zone))),
        }
    }
}

fn day(text: &str, now: Timestamp, zone: Tz) -> Option<NaiveDate> {
    let today = now.utc().with_timezone(&zone).date_naive();
    match text {
        "today" => Some(today),
        "yesterday" => today.pred_opt(),
        text => text.parse().ok(),
    }
}

/// The time up to now; a number alone is no duration, and one that reaches back beyond all clocks is a slip of the finger.
fn lasting(text: &str, now: Timestamp) -> Option<Period> {
    let span = units::parse_duration(text).ok()?;
    let sane = (Duration::from_secs(1)..=Duration::from_hours(24 * 366 * 100)).contains(&span);
    sane.then(|| Period {
        since: Some(now.minus(span)),
        until: None,
    })
}

/// The first instant of a day; where the clock skips midnight, the first one after the gap.
fn begin(day: NaiveDate, zone: Tz) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN);
    let skipped = || {
        let mut later = (1..=24).map(|quarter| midnight + chrono::Duration::minutes(15 * quarter));
        later.find_map(|time| zone.from_local_datetime(&time).earliest())
    };
    let first = zone.from_local_datetime(&midnight).earliest().or_else(skipped);
    Timestamp::from_millis(first.map_or_else(|| midnight.and_utc().timestamp_millis(), |at| at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String)> {
        let now = Timestamp::parse("2026-03-10T14:46:02Z").unwrap();
        let period = Period::parse(text, now, chrono_tz::Europe::Zurich)?;
        let shown = |at: Option<Timestamp>| at.map(Timestamp::rfc3339).unwrap_or_default();
        Ok((shown(period.since), shown(period.until)))
    }

    #[test]
    fn days_are_whole_and_of_the_operators_zone() {
        let today = (
            "2026-03-09T23:00:00.000Z".to_owned(),
            "2026-03-10T23:00:00.000Z".to_owned(),
        );
        assert_eq!(read("today").unwrap(), today);
        assert_eq!(read(" 2026-03-10 ").unwrap(), today);
        assert_eq!(read("yesterday").unwrap().1, today.0);
        assert_eq!(
            read("2026-03-09..2026-03-10").unwrap(),
            (read("yesterday").unwrap().0, today.1.clone())
        );
        assert_eq!(read("2026-03-10..").unwrap(), (today.0, String::new()));
        assert_eq!(read("..today").unwrap(), (String::new(), today.1));
    }

    #[test]
    fn a_duration_reaches_back_from_now() {
        assert_eq!(
            read("7d").unwrap(),
            ("2026-03-03T14:46:02.000Z".to_owned(), String::new())
        );
        assert_eq!(read("1h 30m").unwrap().0, "2026-03-10T13:16:02.000Z");
    }

    #[test]
    fn a_day_with_a_change_of_clocks_is_as_long_as_it_is() {
        let (from, to) = read("2026-03-29").unwrap();
        assert_eq!(
            (from.as_str(), to.as_str()),
            ("2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z")
        );
    }

    #[test]
    fn a_day_without_a_midnight_begins_after_the_gap() {
        let santiago = "America/Santiago".parse().unwrap();
        let day = Period::parse("2026-09-06", Timestamp::default(), santiago).unwrap();
        assert_eq!(day.since.unwrap().in_zone(santiago), "2026-09-06 01:00:00 -03");
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in ["soon", "7", "0d", "2026-02-30", "2026-03-09..soon", "1..2"] {
            assert!(read(text).unwrap_err().next.contains("2026-03-09"), "{text}");
        }
        assert!(
            read("2026-03-09..2026-03-01")
                .unwrap_err()
                .message
                .contains("ends before")
        );
        assert_eq!(read("").unwrap(), (String::new(), String::new()));
    }
}
