//! A schedule in plain English, for lists and forms. What has no short sentence is shown as it was written.

use chrono_tz::Tz;

use super::expression::Expression;
use super::field::{MONTH_NAMES, WEEKDAY_NAMES};

/// More than this many things in a row are not read any more.
const READABLE: usize = 6;

/// `every Monday at 03:00 Europe/Zurich`, `every 15 minutes`; else the expression itself. The zone is left out where it is not
/// known.
pub(super) fn describe(expression: &Expression, text: &str, zone: Option<Tz>) -> String {
    let behind = zone.map(|zone| format!(" {zone}")).unwrap_or_default();
    sentence(expression, zone, &behind).unwrap_or_else(|| format!("on schedule '{text}'{behind}"))
}

fn sentence(expression: &Expression, zone: Option<Tz>, behind: &str) -> Option<String> {
    let days = days(expression)?;
    let times = times(expression)?;
    let time = zone.map(|zone| format!(", {zone} time")).unwrap_or_default();
    Some(match times {
        Times::Clock(clock) => format!("{days} at {clock}{behind}"),
        Times::Interval(every) if days == EVERY_DAY && every.anywhere => every.text,
        Times::Interval(every) if days == EVERY_DAY => format!("{}{time}", every.text),
        Times::Interval(every) => format!("{days}, {}{time}", every.text),
    })
}

const EVERY_DAY: &str = "every day";

enum Times {
    /// `03:00 and 15:00`.
    Clock(String),
    Interval(Interval),
}

struct Interval {
    /// `every 15 minutes`.
    text: String,
    /// Whether it reads the same in every zone.
    anywhere: bool,
}

fn times(expression: &Expression) -> Option<Times> {
    let (minutes, hours) = (&expression.minutes.values, &expression.hours.values);
    let interval = |text: String, anywhere| Some(Times::Interval(Interval { text, anywhere }));
    if expression.hours.full {
        return match (minutes.as_slice(), every(minutes, 60)) {
            (_, Some(1)) => interval("every minute".to_owned(), true),
            (_, Some(step)) => interval(format!("every {step} minutes"), true),
            ([0], _) => interval("every hour".to_owned(), true),
            ([minute], _) => interval(format!("every hour at minute {minute}"), true),
            _ => match listed(minutes, |minute| minute.to_string()) {
                Some(listed) => interval(format!("every hour at minutes {listed}"), true),
                None => interval(rhythm(minutes)?, true),
            },
        };
    }
    match (minutes.as_slice(), every(hours, 24)) {
        ([0], Some(step)) => return interval(format!("every {step} hours"), false),
        ([minute], Some(step)) => return interval(format!("every {step} hours at minute {minute}"), false),
        _ => {}
    }
    if minutes.len() * hours.len() <= READABLE {
        let clocks: Vec<String> = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| clock(*hour, *minute)))
            .collect();
        return Some(Times::Clock(joined(&clocks)));
    }
    let rhythm = rhythm(minutes)?;
    let (first, last) = run(hours)?;
    interval(
        format!(
            "{rhythm} from {} to {}",
            clock(first, *minutes.first()?),
            clock(last, *minutes.last()?)
        ),
        false,
    )
}

/// How the minutes of an hour follow each other.
fn rhythm(minutes: &[u8]) -> Option<String> {
    match (minutes, every(minutes, 60)) {
        ([_], _) => Some("every hour".to_owned()),
        (_, Some(1)) => Some("every minute".to_owned()),
        (_, Some(step)) => Some(format!("every {step} minutes")),
        // The last step is shorter, since each hour begins anew.
        _ => Some(format!("every {} minutes of each hour", stepped(minutes, 60)?)),
    }
}

fn days(expression: &Expression) -> Option<String> {
    let months = &expression.months;
    let month_name = |month: u8| name(&MONTH_NAMES, month.saturating_sub(1));
    let in_months = if months.full {
        String::new()
    } else {
        format!(" in {}", listed(&months.values, month_name)?)
    };
    let of_months = if months.full {
        " of every month".to_owned()
    } else {
        format!(" of {}", listed(&months.values, month_name)?)
    };
    match (expression.days.full, expression.weekdays.full) {
        (true, true) => Some(format!("{EVERY_DAY}{in_months}")),
        (true, false) => Some(format!("every {}{in_months}", weekdays(&expression.weekdays.values)?)),
        (false, true) => Some(format!(
            "on the {}{of_months}",
            listed(&expression.days.values, ordinal)?
        )),
        (false, false) if expression.either_day() => Some(format!(
            "on the {}{of_months} and every {}{in_months}",
            listed(&expression.days.values, ordinal)?,
            weekdays(&expression.weekdays.values)?
        )),
        (false, false) => None,
    }
}

/// Weeks are read from Monday.
fn weekdays(values: &[u8]) -> Option<String> {
    let mut from_monday: Vec<u8> = values.iter().map(|day| (day + 6) % 7).collect();
    from_monday.sort_unstable();
    listed(&from_monday, |day| name(&WEEKDAY_NAMES, (day + 1) % 7))
}

fn name(names: &[&str], at: u8) -> String {
    names.get(usize::from(at)).copied().unwrap_or_default().to_owned()
}

fn ordinal(day: u8) -> String {
    let ending = match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn clock(hour: u8, minute: u8) -> String {
    format!("{hour:02}:{minute:02}")
}

/// The step of `*/step`, where it goes evenly into `around` and comes often enough to be called a rhythm.
fn every(values: &[u8], around: u8) -> Option<u8> {
    let count = u8::try_from(values.len())
        .ok()
        .filter(|count| *count > 2 || (*count == 2 && around == 60))?;
    let step = around / count;
    let even = around.is_multiple_of(count) && values.iter().zip(0..).all(|(value, at): (&u8, u8)| *value == at * step);
    even.then_some(step)
}

/// The step of `*/step`, whether or not it goes evenly into `around`.
fn stepped(values: &[u8], around: u8) -> Option<u8> {
    let step = *values.get(1)?;
    let all = (0..around).step_by(usize::from(step.max(1)));
    all.eq(values.iter().copied()).then_some(step)
}

/// First and last of values without a hole.
fn run(values: &[u8]) -> Option<(u8, u8)> {
    let (first, last) = (*values.first()?, *values.last()?);
    (usize::from(last - first) + 1 == values.len()).then_some((first, last))
}

/// `Monday to Friday`, `1st, 8th and 15th`; nothing when it would be too long to read.
fn listed(values: &[u8], show: impl Fn(u8) -> String) -> Option<String> {
    if values.len() > 2
        && let Some((first, last)) = run(values)
    {
        return Some(format!("{} to {}", show(first), show(last)));
    }
    let shown: Vec<String> = values.iter().copied().map(show).collect();
    (shown.len() <= READABLE).then(|| joined(&shown))
}

fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
