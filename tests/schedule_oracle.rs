//! The schedule against `croner`, an independent implementation: on the wall clock, where both must agree for every
//! expression, and in zones against the rule for turning clocks, replayed minute by minute from croner's answers.

use backstay::domain::schedule::Schedule;
use backstay::domain::time::Timestamp;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;
use proptest::prelude::*;

/// Turns of the clock: full and half hours, at midnight, a whole day, at the year's end, far ahead.
const TURNS: [(&str, &str); 14] = [
    ("Europe/Zurich", "2026-03-29T01:00:00Z"),
    ("Europe/Zurich", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/New_York", "2027-11-07T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("Asia/Beirut", "2026-10-24T21:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("Africa/Casablanca", "2030-01-01T00:00:00Z"),
    ("Europe/London", "2075-03-31T01:00:00Z"),
];

fn millis(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_millis(at.timestamp_millis())
}

/// croner reads a day field that begins with a star but is not one (`*/2`) as restricted; Vixie does not.
fn oracle(expression: &str) -> Option<Cron> {
    let starred = |field| {
        expression
            .split(' ')
            .nth(field)
            .is_some_and(|field| field.starts_with('*'))
    };
    let both = starred(2) || starred(4);
    CronParser::builder()
        .dom_and_dow(both)
        .sloppy_ranges(true)
        .build()
        .parse(expression)
        .ok()
}

fn field(low: u8, high: u8, names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let value = move || low..=high;
    let number = move || value().prop_map(|value| value.to_string());
    let name = if names.is_empty() {
        number().boxed()
    } else {
        prop::sample::select(names).prop_map(str::to_owned).boxed()
    };
    let part = prop_oneof![
        4 => number(),
        2 => (value(), value()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (value(), value(), 1..=high).prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (value(), 1..=high).prop_map(|(from, step)| format!("{from}/{step}")),
        1 => name,
    ];
    prop_oneof![
        4 => Just("*".to_owned()),
        2 => (1..=high).prop_map(|step| format!("*/{step}")),
        4 => prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(",")),
    ]
}

fn expressions() -> impl Strategy<Value = String> {
    let months = &["jan", "FEB", "Mar", "jun", "dec"];
    let weekdays = &["sun", "MON", "Thu", "sat"];
    (
        field(0, 59, &[]),
        field(0, 23, &[]),
        field(1, 31, &[]),
        field(1, 12, months),
        field(0, 7, weekdays),
    )
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// Busy enough to fire around one particular hour.
fn busy_expressions() -> impl Strategy<Value = String> {
    (
        field(0, 59, &[]),
        field(0, 23, &[]),
        prop_oneof![Just("*"), Just("*/2"), Just("28-31"), Just("1-7")],
    )
        .prop_map(|(minute, hour, day)| format!("{minute} {hour} {day} * *"))
}

/// What the rule says, by brute force: a minute in which the zone's clock first reaches times that match is a fire.
fn replay(cron: &Cron, zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Timestamp> {
    let wall = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let lead_in = TimeDelta::hours(30);
    let mut now = from - lead_in;
    let mut highest: NaiveDateTime = wall(now);
    let mut fires = Vec::new();
    while now < until {
        now += TimeDelta::minutes(1);
        let mut reached = false;
        while highest < wall(now) {
            highest += TimeDelta::minutes(1);
            reached |= cron.is_time_matching(&highest).is_ok_and(|matches| matches);
        }
        if reached && now > from {
            fires.push(millis(now));
        }
    }
    fires
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn on_the_wall_clock_both_agree(text in expressions(), seconds in 0_i64..4_000_000_000) {
        let from = Utc.timestamp_opt(seconds, 0).unwrap();
        let cron = oracle(&text).expect("croner reads it");
        let Ok(ours) = Schedule::parse(&text, "UTC") else {
            prop_assert!(cron.find_next_occurrence(&from, false).is_err(), "refused, though it fires");
            return Ok(());
        };
        let theirs: Vec<Timestamp> = cron.iter_after(from).take(6).map(millis).collect();
        let in_reach = theirs.iter().take_while(|fire| **fire < Timestamp::from_millis(4_102_444_800_000)).count();
        prop_assert_eq!(&ours.upcoming(millis(from), 6)[..in_reach], &theirs[..in_reach]);
    }

    #[test]
    fn between_turns_of_the_clock_both_agree(text in busy_expressions(), turn in prop::sample::select(&TURNS[..]), days in 5_i64..20) {
        let zone: Tz = turn.0.parse().unwrap();
        let from = turn.1.parse::<DateTime<Utc>>().unwrap().with_timezone(&zone) + TimeDelta::days(days);
        let until = from + TimeDelta::days(2);
        prop_assume!(from.naive_local().signed_duration_since(until.naive_local()) == from.signed_duration_since(until));
        let (Some(cron), Ok(ours)) = (oracle(&text), Schedule::parse(&text, turn.0)) else { return Ok(()) };
        let theirs: Vec<Timestamp> =
            cron.iter_after(from).take(200).take_while(|fire| *fire < until).map(|fire| millis(fire.to_utc())).collect();
        prop_assert_eq!(ours.upcoming(millis(from.to_utc()), theirs.len()), theirs);
    }

    #[test]
    fn around_turns_of_the_clock_the_rule_holds(
        text in busy_expressions(), turn in prop::sample::select(&TURNS[..]), seconds in 0_i64..60,
        minutes in prop_oneof![-200_i64..200, 0_i64..60, 0_i64..2_000],
    ) {
        let zone: Tz = turn.0.parse().unwrap();
        let until = turn.1.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes);
        let from = until - TimeDelta::hours(30);
        let (Some(cron), Ok(ours)) = (oracle(&text), Schedule::parse(&text, turn.0)) else { return Ok(()) };
        let expected = replay(&cron, zone, from, until);
        prop_assert_eq!(ours.upcoming(millis(from), expected.len()), expected.clone());
        let asked = millis(until + TimeDelta::seconds(seconds));
        prop_assert_eq!(ours.missed_between(millis(from), asked), expected.last().copied());
    }
}
