//! A moment to come, as people write it: `2h`, `tomorrow 08:00`, `friday`, `2026-03-12 08:00`, `12 mar`.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

use super::time::Timestamp;
use super::units::parse_duration;
use super::{Error, Result};

/// What can be written, for help and for errors.
pub const FORMS: &str = "2h, 08:00, tomorrow 08:00, friday, 2026-03-12 08:00";

/// The moment `text` means for somebody who lives in `zone`, always later than `now`. A time of day alone is the next one there
/// is, a day alone is its beginning; a local time that is skipped is the first one after the gap.
pub fn to_come(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp> {
    let text = text.trim();
    let over = |at: Timestamp| {
        Error::usage(format!("{} is over already", at.in_zone(zone))).next(format!("give a time to come: {FORMS}"))
    };
    let at = match Timestamp::parse(text) {
        Ok(at) => at,
        Err(_) if text.starts_with(|first: char| first.is_ascii_digit()) && parse_duration(text).is_ok() => {
            now.plus(parse_duration(text)?)
        }
        Err(_) => on_the_calendar(text, now, zone)?,
    };
    if at > now { Ok(at) } else { Err(over(at)) }
}

fn on_the_calendar(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp> {
    let unknown = || Error::usage(format!("'{text}' is not a time")).next(format!("write it as {FORMS}"));
    let lower = text.to_lowercase();
    let (day, time) = match lower.rsplit_once(' ') {
        Some((day, last)) => match time_of_day(last) {
            Some(time) => (day.trim(), Some(time)),
            None => (lower.as_str(), None),
        },
        None => match time_of_day(&lower) {
            Some(time) => ("", Some(time)),
            None => (lower.as_str(), None),
        },
    };
    let today = now.utc().with_timezone(&zone).date_naive();
    let at = |date: NaiveDate| instant(date, time.unwrap_or(NaiveTime::MIN), zone).ok_or_else(unknown);
    let after = |days: u64| today.checked_add_days(Days::new(days)).ok_or_else(unknown);
    match day {
        "" if time.is_some() => {
            let first = at(today)?;
            if first > now { Ok(first) } else { at(after(1)?) }
        }
        "today" => at(today),
        "tomorrow" => at(after(1)?),
        day => {
            if let Some(weekday) = weekday(day) {
                let ahead = weekday.days_since(today.weekday());
                let first = at(after(u64::from(ahead))?)?;
                return if first > now {
                    Ok(first)
                } else {
                    at(after(u64::from(ahead) + 7)?)
                };
            }
            if let Ok(date) = NaiveDate::parse_from_str(day, "%Y-%m-%d") {
                return at(date);
            }
            // A day and a month mean the next such day; the year is tried in both places at which it may stand.
            let dated = |form: &str| {
                (0..2_i32).find_map(|years| {
                    let dated = format!("{day} {}", today.year() + years);
                    let date = NaiveDate::parse_from_str(&dated, form).ok()?;
                    at(date).ok().filter(|at| *at > now)
                })
            };
            dated("%d %b %Y").or_else(|| dated("%b %d %Y")).ok_or_else(unknown)
        }
    }
}

/// `08:00`, `8:00`, `8am` is not taken.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

/// By name, or by its first three letters or more.
fn weekday(text: &str) -> Option<Weekday> {
    text.parse().ok()
}

fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> Option<Timestamp> {
    let wall = date.and_time(time);
    // No gap is longer than a day: one zone once skipped a whole one.
    (0..=96).find_map(|quarters| {
        let at = zone
            .from_local_datetime(&(wall + TimeDelta::minutes(15 * quarters)))
            .earliest()?;
        Some(Timestamp::from_millis(at.timestamp_millis()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZURICH: Tz = Tz::Europe__Zurich;

    /// A Tuesday, 15:46 in Zurich.
    fn now() -> Timestamp {
        Timestamp::parse("2026-03-10T14:46:00Z").unwrap()
    }

    fn read(text: &str) -> String {
        let at = to_come(text, now(), ZURICH).unwrap();
        at.utc().with_timezone(&ZURICH).format("%a %Y-%m-%d %H:%M").to_string()
    }

    #[test]
    fn it_is_read_as_people_write_it() {
        for (text, meant) in [
            ("2h", "Tue 2026-03-10 17:46"),
            ("1d 12h", "Thu 2026-03-12 03:46"),
            ("18:00", "Tue 2026-03-10 18:00"),
            ("08:00", "Wed 2026-03-11 08:00"),
            ("today 23:30", "Tue 2026-03-10 23:30"),
            ("Tomorrow", "Wed 2026-03-11 00:00"),
            ("tomorrow 08:00", "Wed 2026-03-11 08:00"),
            ("fri", "Fri 2026-03-13 00:00"),
            ("monday 6:00", "Mon 2026-03-16 06:00"),
            ("tuesday 18:00", "Tue 2026-03-10 18:00"),
            ("tuesday 08:00", "Tue 2026-03-17 08:00"),
            ("2026-03-12", "Thu 2026-03-12 00:00"),
            ("2026-03-12 08:00", "Thu 2026-03-12 08:00"),
            ("12 mar 08:00", "Thu 2026-03-12 08:00"),
            ("Mar 12", "Thu 2026-03-12 00:00"),
            ("2 jan", "Sat 2027-01-02 00:00"),
            ("2026-03-12T07:00:00Z", "Thu 2026-03-12 08:00"),
        ] {
            assert_eq!(read(text), meant, "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clock_skips_is_the_first_one_after_the_gap() {
        assert_eq!(read("2026-03-29 02:30"), "Sun 2026-03-29 03:00");
    }

    #[test]
    fn what_is_over_or_no_time_is_refused_with_an_example() {
        for text in [
            "",
            "soon",
            "today",
            "2026-03-09",
            "0s",
            "25:00",
            "2020-01-01T00:00:00Z",
            "tomorrow 08:00 08:00",
        ] {
            let error = to_come(text, now(), ZURICH).unwrap_err();
            assert!(error.next.contains("tomorrow 08:00"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_it_never_lies_in_the_past(text in ".{0,20}") {
            if let Ok(at) = to_come(&text, now(), ZURICH) {
                prop_assert!(at > now());
            }
        }
    }
}
