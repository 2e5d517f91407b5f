//! Reads five-field crontab as operators know it (crontab(5), Vixie) and hands it to the crate `cron`, which counts
//! seconds first and weekdays from Sunday = 1.

use std::str::FromStr;

use super::field::{DAY, Field, HOUR, MINUTE, MONTH, WEEKDAY};
use crate::domain::error::{Error, Result};
use crate::domain::units;

/// The values at which a schedule fires, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) minutes: Field,
    pub(super) hours: Field,
    pub(super) days: Field,
    pub(super) months: Field,
    /// 0 is Sunday, 6 is Saturday.
    pub(super) weekdays: Field,
}

impl Expression {
    /// Reads `minute hour day-of-month month day-of-week`, or a nickname such as `@daily`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let spelled = if text.starts_with('@') { nickname(text)? } else { text };
        let fields: Vec<&str> = spelled.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(wrong_count(&fields));
        };
        let expression = Self {
            minutes: MINUTE.read(minute)?,
            hours: HOUR.read(hour)?,
            days: DAY.read(day)?,
            months: MONTH.read(month)?,
            weekdays: WEEKDAY.read(weekday)?.with_one_sunday(),
        };
        if expression.can_fire() {
            return Ok(expression);
        }
        Err(
            Error::usage(format!("it can never fire: no month in '{month}' has a day in '{day}'"))
                .next("choose a day the month has; only February 29 is allowed to be rare"),
        )
    }

    /// Vixie's rule: when both day fields are restricted, a day that matches either of them will do.
    pub(super) fn either_day(&self) -> bool {
        !self.days.starred && !self.weekdays.starred
    }

    /// The same schedule in the crate's terms: one, or two whose fires are taken together.
    pub(super) fn calendars(&self) -> Result<Vec<cron::Schedule>> {
        let (days, weekdays) = (self.days.numbers(0), self.weekdays.numbers(1));
        let pairs = if self.either_day() {
            vec![(days.as_str(), "*"), ("*", weekdays.as_str())]
        } else {
            vec![(days.as_str(), weekdays.as_str())]
        };
        pairs
            .into_iter()
            .map(|(days, weekdays)| self.calendar(days, weekdays))
            .collect()
    }

    fn calendar(&self, days: &str, weekdays: &str) -> Result<cron::Schedule> {
        let (minutes, hours, months) = (self.minutes.numbers(0), self.hours.numbers(0), self.months.numbers(0));
        cron::Schedule::from_str(&format!("0 {minutes} {hours} {days} {months} {weekdays}"))
            .map_err(|error| Error::usage(format!("it cannot be scheduled: {error}")))
    }

    /// Each weekday falls on each day a month has, sooner or later; so only a day that no month has keeps it silent.
    fn can_fire(&self) -> bool {
        if self.either_day() {
            return true;
        }
        let longest = self
            .months
            .values
            .iter()
            .map(|month| longest_length(*month))
            .max()
            .unwrap_or(0);
        self.days.values.first().is_some_and(|day| *day <= longest)
    }
}

/// Days in the month in its longest year.
const fn longest_length(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn nickname(text: &str) -> Result<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        "@reboot" => Err(Error::usage("'@reboot' is not a time")
            .next("give a time; a run missed while the engine was down is caught up at start by itself")),
        _ => Err(Error::usage(format!("'{text}' is not a known nickname"))
            .next("use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually")),
    }
}

fn wrong_count(fields: &[&str]) -> Error {
    let next = match fields.len() {
        6 | 7 => "leave out seconds and years: minute hour day-of-month month day-of-week",
        _ => "write minute hour day-of-month month day-of-week, as in '0 3 * * 1'",
    };
    let fields = units::count(fields.len(), "field");
    Error::usage(format!("it has {fields} where five are needed")).next(next)
}
