//! One field of a crontab line: what it may hold, and how lists, ranges, steps and names are read.

use crate::domain::error::{Error, Result};

/// One field: which values match, ascending and without repeats, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) values: Vec<u8>,
    /// Whether it was written with a `*` in front. Vixie's rule for the two day fields turns on that, not on the values.
    pub(super) starred: bool,
    /// Whether every possible value matches.
    pub(super) full: bool,
}

impl Field {
    /// The field as a list the crate `cron` reads, each value moved up by `shift`.
    pub(super) fn numbers(&self, shift: u8) -> String {
        if self.full {
            return "*".to_owned();
        }
        let numbers: Vec<String> = self.values.iter().map(|value| (value + shift).to_string()).collect();
        numbers.join(",")
    }

    /// Weekdays in which 7, which is Sunday as well, has become 0.
    pub(super) fn with_one_sunday(mut self) -> Self {
        if self.values.pop_if(|last| *last == 7).is_some() && self.values.first() != Some(&0) {
            self.values.insert(0, 0);
        }
        self.full = self.values.len() == WEEKDAY_NAMES.len();
        self
    }
}

/// What a field may hold.
pub(super) struct Rule {
    name: &'static str,
    low: u8,
    high: u8,
    /// Full names of the values from `low` on; their first three letters are enough.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Rule = Rule {
    name: "minute",
    low: 0,
    high: 59,
    names: &[],
};
pub(super) const HOUR: Rule = Rule {
    name: "hour",
    low: 0,
    high: 23,
    names: &[],
};
pub(super) const DAY: Rule = Rule {
    name: "day-of-month",
    low: 1,
    high: 31,
    names: &[],
};
pub(super) const MONTH: Rule = Rule {
    name: "month",
    low: 1,
    high: 12,
    names: &MONTH_NAMES,
};
/// Both 0 and 7 are Sunday.
pub(super) const WEEKDAY: Rule = Rule {
    name: "day-of-week",
    low: 0,
    high: 7,
    names: &WEEKDAY_NAMES,
};

pub(super) const MONTH_NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAY_NAMES: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Rule {
    /// Reads the field. Every refusal names it and says what to write instead.
    pub(super) fn read(&self, text: &str) -> Result<Field> {
        let mut values = Vec::new();
        for part in text.split(',') {
            if part.is_empty() {
                return Err(self.refuse(text, "has an empty place in its list", "take out the extra comma"));
            }
            values.extend(self.part(part)?);
        }
        values.sort_unstable();
        values.dedup();
        let full = values.len() == usize::from(self.high - self.low) + 1;
        Ok(Field {
            values,
            starred: text.starts_with('*'),
            full,
        })
    }

    /// `*`, `5`, `mon`, `1-5`, each with `/step` behind it if wanted. `5/15` is short for `5-59/15`.
    fn part(&self, part: &str) -> Result<impl Iterator<Item = u8> + use<>> {
        let (base, step) = match part.split_once('/') {
            Some((base, step)) => (base, Some(self.step(part, step)?)),
            None => (part, None),
        };
        let (first, last) = match base.split_once('-') {
            _ if base == "*" => (self.low, self.high),
            Some((first, last)) => self.range(part, first, last)?,
            None => {
                let first = self.value(part, base)?;
                (first, if step.is_some() { self.high } else { first })
            }
        };
        Ok((first..=last).step_by(usize::from(step.unwrap_or(1))))
    }

    fn range(&self, part: &str, first: &str, last: &str) -> Result<(u8, u8)> {
        let from = self.value(part, first)?;
        let to = self.value(part, last)?;
        // `fri-sun` is what people write for 5-7.
        let sunday_last = self.high == WEEKDAY.high && to == 0 && from > 0 && !last.starts_with('0');
        let to = if sunday_last { self.high } else { to };
        if from <= to {
            return Ok((from, to));
        }
        let next = format!(
            "write it as two ranges: {first}-{},{}-{last}",
            self.last_value(),
            self.low
        );
        Err(self.refuse(part, "runs backwards", &next))
    }

    fn step(&self, part: &str, step: &str) -> Result<u8> {
        match number(step) {
            Some(0) => Err(self.refuse(part, "has a step of zero", "leave out the step, or use 1 or more")),
            Some(step) if step <= self.high => Ok(step),
            Some(_) => Err(self.refuse(
                part,
                &format!("has a step wider than the field ({}-{})", self.low, self.high),
                "a step starts anew each time the field does; list the values that are meant",
            )),
            None => Err(self.refuse(part, "has a step that is not a number", "write it as in '*/15'")),
        }
    }

    fn value(&self, part: &str, text: &str) -> Result<u8> {
        if let Some(value) = number(text) {
            if (self.low..=self.high).contains(&value) {
                return Ok(value);
            }
            let range = format!("use {}-{}", self.low, self.high);
            return Err(self.refuse(part, "is out of range", &range));
        }
        if let Some(value) = self.named(text) {
            return Ok(value);
        }
        let range = match self.names {
            [first, ..] => format!(
                "use {}-{} or names such as {}",
                self.low,
                self.high,
                three_letters(first)
            ),
            [] => format!("use {}-{}, '*', lists, ranges and steps", self.low, self.high),
        };
        let quartz = text.chars().any(|letter| "?LW#".contains(letter.to_ascii_uppercase()));
        if quartz {
            let what = "uses '?', 'L', 'W' or '#', which crontab does not have";
            return Err(self.refuse(part, what, &range));
        }
        Err(self.refuse(part, "is not understood", &range))
    }

    fn named(&self, text: &str) -> Option<u8> {
        let matches = |name: &&str| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(three_letters(name));
        let position = self.names.iter().position(matches)?;
        u8::try_from(position).ok().map(|position| position + self.low)
    }

    /// The highest value that is not another name for the lowest.
    const fn last_value(&self) -> u8 {
        if self.high == WEEKDAY.high { 6 } else { self.high }
    }

    fn refuse(&self, part: &str, what: &str, next: &str) -> Error {
        Error::usage(format!("the {} field '{part}' {what}", self.name)).next(next)
    }
}

fn three_letters(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

/// Digits only; values too large for a byte come back as one no field holds.
fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u8::MAX))
}
