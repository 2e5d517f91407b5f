//! The rules of the schedule as tables, and those that hold for every expression as properties.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::domain::Kind;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn schedule(cron: &str, zone: &str) -> Schedule {
    Schedule::parse(cron, zone).unwrap()
}

/// The next fires after `from`, as RFC 3339 in UTC without the fraction.
fn fires(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let shown = |fire: Timestamp| fire.rfc3339().replace(".000Z", "Z");
    schedule(cron, zone)
        .upcoming(at(from), count)
        .into_iter()
        .map(shown)
        .collect()
}

#[test]
fn crontab_as_operators_know_it() {
    let from = "2026-11-21T12:00:00Z"; // a Saturday
    let first = |cron: &str| fires(cron, "UTC", from, 1).remove(0);
    for (cron, expected) in [
        ("0 3 * * 1", "2026-11-23T03:00:00Z"),
        ("0 3 * * 0", "2026-11-22T03:00:00Z"),
        ("0 3 * * 7", "2026-11-22T03:00:00Z"),
        ("0 3 * * 5-7", "2026-11-22T03:00:00Z"),
        ("0 3 * * fri-sun", "2026-11-22T03:00:00Z"),
        ("0 3 * * Mon", "2026-11-23T03:00:00Z"),
        ("0 3 * * wednesday,TUE", "2026-11-24T03:00:00Z"),
        ("0 0 1 jan *", "2027-01-01T00:00:00Z"),
        ("0 0 1 February-mar *", "2027-02-01T00:00:00Z"),
        ("5/15 * * * *", "2026-11-21T12:05:00Z"),
        ("10-20/5 * * * *", "2026-11-21T12:10:00Z"),
        ("  7\t13  * * *  ", "2026-11-21T13:07:00Z"),
        ("@hourly", "2026-11-21T13:00:00Z"),
        ("@Daily", "2026-11-22T00:00:00Z"),
        ("@midnight", "2026-11-22T00:00:00Z"),
        ("@weekly", "2026-11-22T00:00:00Z"),
        ("@monthly", "2026-12-01T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 */7", "2032-02-29T00:00:00Z"),
    ] {
        assert_eq!(first(cron), expected, "{cron}");
    }
}

#[test]
fn two_restricted_day_fields_match_either_and_a_star_matches_both() {
    assert_eq!(
        fires("0 0 1,15 * 1", "UTC", "2026-11-10T00:00:00Z", 3),
        ["2026-11-15T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"]
    );
    assert_eq!(
        fires("0 0 */2 * 1", "UTC", "2026-11-10T00:00:00Z", 2),
        ["2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z"]
    );
    assert_eq!(
        fires("0 0 31 2 1", "UTC", "2027-01-20T00:00:00Z", 1),
        ["2027-02-01T00:00:00Z"]
    );
}

#[test]
fn what_crontab_does_not_have_is_refused_by_field_and_with_the_way_out() {
    for (cron, field, hint) in [
        ("", "0 fields", "minute hour"),
        ("0 3 * *", "4 fields", "minute hour"),
        ("0 0 3 * * 1", "6 fields", "seconds"),
        ("0 0 3 * * 1 2027", "7 fields", "years"),
        ("60 3 * * *", "minute field '60'", "0-59"),
        ("0 24 * * *", "hour field '24'", "0-23"),
        ("0 0 0 * *", "day-of-month field '0'", "1-31"),
        ("0 0 * 13 *", "month field '13'", "1-12"),
        ("0 0 * * 8", "day-of-week field '8'", "0-7"),
        ("0 999999 * * *", "hour field '999999'", "0-23"),
        ("+5 0 * * *", "minute field '+5'", "0-59"),
        ("0 22-2 * * *", "hour field '22-2' runs backwards", "22-23,0-2"),
        ("0 0 * * 5-0", "day-of-week field '5-0' runs backwards", "5-6,0-0"),
        (
            "0 0 * * sat-mon",
            "day-of-week field 'sat-mon' runs backwards",
            "sat-6,0-mon",
        ),
        ("*/0 * * * *", "minute field '*/0'", "step"),
        ("*/90 * * * *", "minute field '*/90'", "list the values"),
        ("*/x * * * *", "minute field '*/x'", "*/15"),
        ("1,,2 * * * *", "minute field '1,,2'", "comma"),
        ("1- * * * *", "minute field '1-'", "0-59"),
        ("0 0 ? * 1", "day-of-month field '?'", "1-31"),
        ("0 0 L * *", "day-of-month field 'L' uses", "1-31"),
        ("0 0 15W * *", "day-of-month field '15W' uses", "1-31"),
        ("0 0 * * 5#2", "day-of-week field '5#2' uses", "Sun"),
        ("0 0 * foo *", "month field 'foo' is not understood", "Jan"),
        ("@reboot", "@reboot", "caught up"),
        ("@often", "@often", "@daily"),
        ("0 0 31 2 *", "can never fire", "choose a day"),
        ("0 0 30-31 feb *", "can never fire", "choose a day"),
        ("0 0 31 4,6,9,11 *", "can never fire", "choose a day"),
    ] {
        let error = Schedule::parse(cron, "UTC").unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.object, format!("schedule '{cron}'"));
        assert!(error.message.contains(field), "{cron}: {error}");
        assert!(error.next.contains(hint), "{cron}: {error}");
    }
    assert!(
        Schedule::parse("0 3 * * *", "Mars/Olympus")
            .unwrap_err()
            .message
            .contains("Mars/Olympus")
    );
}

#[test]
fn a_time_that_does_not_exist_runs_at_the_first_moment_after_the_gap() {
    // Zurich: 2026-03-29 02:00 +01:00 becomes 03:00 +02:00.
    let zurich = |cron, count| fires(cron, "Europe/Zurich", "2026-03-28T12:00:00Z", count);
    assert_eq!(
        zurich("30 2 * * *", 2),
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(zurich("0 3 * * *", 2), ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]);
    assert_eq!(
        zurich("0,20,40 2 29 3 *", 2),
        ["2026-03-29T01:00:00Z", "2027-03-29T00:00:00Z"]
    );
    assert_eq!(
        zurich("30 2,3 29 3 *", 2),
        ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
    );
}

#[test]
fn a_time_that_happens_twice_runs_the_first_time_only() {
    // Zurich: 2026-10-25 03:00 +02:00 becomes 02:00 +01:00.
    let zurich = |cron, from, count| fires(cron, "Europe/Zurich", from, count);
    assert_eq!(
        zurich("30 2 * * *", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        zurich("*/30 * * * *", "2026-10-25T00:15:00Z", 3),
        ["2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z"]
    );
    // Asked in the second pass, what the first pass has run is not due again.
    assert_eq!(
        zurich("30 2 * * *", "2026-10-25T01:10:00Z", 1),
        ["2026-10-26T01:30:00Z"]
    );
}

#[test]
fn a_look_back_from_the_second_pass_sees_the_end_of_the_first() {
    // At 02:10 for the second time, 02:50 has been and gone.
    let missed =
        |cron| schedule(cron, "Europe/Zurich").missed_between(at("2026-10-24T00:00:00Z"), at("2026-10-25T01:10:00Z"));
    assert_eq!(missed("50 2 * * *"), Some(at("2026-10-25T00:50:00Z")));
    assert_eq!(missed("* * * * *"), Some(at("2026-10-25T00:59:00Z")));
}

#[test]
fn odd_zones_follow_the_same_rule() {
    for (zone, cron, from, expected) in [
        // Half an hour of daylight saving: 2026-10-04 02:00 +10:30 becomes 02:30 +11:00.
        (
            "Australia/Lord_Howe",
            "15 2 4 10 *",
            "2026-10-03T00:00:00Z",
            "2026-10-03T15:30:00Z",
        ),
        // And back: 2026-04-05 02:00 +11:00 becomes 01:30 +10:30.
        (
            "Australia/Lord_Howe",
            "45 1 5 4 *",
            "2026-04-04T00:00:00Z",
            "2026-04-04T14:45:00Z",
        ),
        // Midnight does not exist: 2018-11-04 00:00 -03:00 becomes 01:00 -02:00.
        (
            "America/Sao_Paulo",
            "0 0 * * *",
            "2018-11-03T12:00:00Z",
            "2018-11-04T03:00:00Z",
        ),
        // 2026-03-29 00:00 +02:00 becomes 01:00 +03:00.
        (
            "Asia/Beirut",
            "30 0 * * *",
            "2026-03-28T12:00:00Z",
            "2026-03-28T22:00:00Z",
        ),
        // Samoa had no 30 December 2011.
        (
            "Pacific/Apia",
            "0 12 30 * *",
            "2011-12-29T12:00:00Z",
            "2011-12-30T10:00:00Z",
        ),
    ] {
        assert_eq!(fires(cron, zone, from, 1), [expected], "{zone} {cron}");
    }
    assert_eq!(
        fires("0 */6 * * *", "Pacific/Apia", "2011-12-30T03:00:00Z", 3),
        ["2011-12-30T04:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T16:00:00Z"]
    );
}

#[test]
fn the_calendar_ends_without_a_fuss() {
    let daily = schedule("0 3 * * *", "Pacific/Kiritimati");
    assert_eq!(daily.next_after(Timestamp::from_millis(i64::MAX)), None);
    assert!(daily.next_after(Timestamp::from_millis(i64::MIN)).is_some());
    assert_eq!(
        daily.missed_between(at("2099-01-01T00:00:00Z"), at("2098-01-01T00:00:00Z")),
        None
    );
    let last = daily
        .missed_between(at("2026-01-01T00:00:00Z"), Timestamp::from_millis(i64::MAX))
        .unwrap();
    assert_eq!(last, at("2100-12-30T13:00:00Z"));
    assert_eq!(daily.upcoming(last.minus(Duration::from_secs(1)), 5), [last]);
}

#[test]
fn a_long_sleep_is_looked_at_from_its_end() {
    let minutely = schedule("* * * * *", "Europe/Zurich");
    let started = Instant::now();
    let missed = minutely.missed_between(at("1990-01-01T00:00:00Z"), at("2026-11-21T03:00:30Z"));
    assert_eq!(missed, Some(at("2026-11-21T03:00:00Z")));
    assert!(
        started.elapsed() < Duration::from_millis(50),
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn ten_thousand_schedules_are_looked_at_in_no_time() {
    let from = at("2026-11-21T03:00:30Z");
    let cron = |at: u32| format!("{} {} {} * {}", at % 60, at / 60 % 24, at % 28 + 1, at % 7);
    let started = Instant::now();
    let schedules: Vec<Schedule> = (0..10_000).map(|at| schedule(&cron(at), "Europe/Zurich")).collect();
    let parsed = started.elapsed();
    let started = Instant::now();
    assert!(schedules.iter().all(|schedule| schedule.next_after(from).is_some()));
    let asked = started.elapsed();
    assert!(parsed < Duration::from_secs(5), "parsing took {parsed:?}");
    assert!(asked < Duration::from_secs(1), "asking took {asked:?}");
}

#[test]
fn a_schedule_reads_as_a_sentence() {
    for (cron, sentence) in [
        ("0 3 * * 1", "every Monday at 03:00 Europe/Zurich"),
        ("0 3 * * *", "every day at 03:00 Europe/Zurich"),
        ("@weekly", "every Sunday at 00:00 Europe/Zurich"),
        ("30 2 * * 1-5", "every Monday to Friday at 02:30 Europe/Zurich"),
        ("0 3 * * 0,6", "every Saturday and Sunday at 03:00 Europe/Zurich"),
        ("0 3,15 * * *", "every day at 03:00 and 15:00 Europe/Zurich"),
        ("0,30 3 * * *", "every day at 03:00 and 03:30 Europe/Zurich"),
        ("0 3 1 * *", "on the 1st of every month at 03:00 Europe/Zurich"),
        (
            "0 3 1,2,11,23 * *",
            "on the 1st, 2nd, 11th and 23rd of every month at 03:00 Europe/Zurich",
        ),
        ("@yearly", "on the 1st of January at 00:00 Europe/Zurich"),
        ("0 3 * 1,7 *", "every day in January and July at 03:00 Europe/Zurich"),
        (
            "0 3 1 * 1",
            "on the 1st of every month and every Monday at 03:00 Europe/Zurich",
        ),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0,30 * * * *", "every 30 minutes"),
        ("@hourly", "every hour"),
        ("20 * * * *", "every hour at minute 20"),
        ("5/15 * * * *", "every hour at minutes 5, 20, 35 and 50"),
        ("0 */6 * * *", "every 6 hours, Europe/Zurich time"),
        ("10 */2 * * *", "every 2 hours at minute 10, Europe/Zurich time"),
        (
            "*/15 8-17 * * 1-5",
            "every Monday to Friday, every 15 minutes from 08:00 to 17:45, Europe/Zurich time",
        ),
        (
            "0 8-18 * * 1-5",
            "every Monday to Friday, every hour from 08:00 to 18:00, Europe/Zurich time",
        ),
        ("30 8-18 * * *", "every hour from 08:30 to 18:30, Europe/Zurich time"),
        (
            "*/7 * * * 1-5",
            "every Monday to Friday, every 7 minutes of each hour, Europe/Zurich time",
        ),
        ("*/7 * * * *", "every 7 minutes of each hour"),
        (
            "*/25 8-18 * * *",
            "every 25 minutes of each hour from 08:00 to 18:50, Europe/Zurich time",
        ),
        ("*/25 * * * *", "every hour at minutes 0, 25 and 50"),
        ("*/15 * * * 1", "every Monday, every 15 minutes, Europe/Zurich time"),
        ("0 3 */2 * 1", "on schedule '0 3 */2 * 1' Europe/Zurich"),
        (
            "1,2,3,5,8,13,21 4,9 * * *",
            "on schedule '1,2,3,5,8,13,21 4,9 * * *' Europe/Zurich",
        ),
    ] {
        assert_eq!(schedule(cron, "Europe/Zurich").describe(), sentence, "{cron}");
    }
}

/// Expressions with every construct, some of which never fire.
#[test]
fn a_schedule_is_read_without_a_zone() {
    let anywhere = |cron| Schedule::describe_anywhere(cron).map_err(|error| error.message);
    assert_eq!(anywhere("0 3 * * 1").unwrap(), "every Monday at 03:00");
    assert_eq!(anywhere("0 */6 * * *").unwrap(), "every 6 hours");
    assert_eq!(anywhere("0 3 */2 * 1").unwrap(), "on schedule '0 3 */2 * 1'");
    assert!(anywhere("61 * * * *").is_err());
}

fn expressions() -> impl Strategy<Value = String> {
    let field = |low: u8, high: u8| {
        prop_oneof![
            3 => Just("*".to_owned()),
            2 => (low..=high).prop_map(|value| value.to_string()),
            1 => (1..=high / 2).prop_map(|step| format!("*/{step}")),
            1 => (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            1 => (low..=high, low..=high).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    };
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// Instants within two days of a turn of the clock, or anywhere.
fn instants() -> impl Strategy<Value = Timestamp> {
    let turns = prop::sample::select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-04-04T15:00:00Z",
        "2018-11-04T03:00:00Z",
        "2011-12-30T10:00:00Z",
        "2026-03-28T22:00:00Z",
    ]);
    prop_oneof![
        (turns, -172_800_000_i64..172_800_000).prop_map(|(turn, by)| Timestamp::from_millis(at(turn).millis() + by)),
        (0_i64..4_000_000_000_000).prop_map(Timestamp::from_millis),
    ]
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Zurich",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Asia/Beirut",
        "America/New_York",
    ])
}

proptest! {
    #[test]
    fn fires_only_move_forwards(cron in expressions(), zone in zones(), from in instants()) {
        let Ok(schedule) = Schedule::parse(&cron, zone) else { return Ok(()) };
        let fires = schedule.upcoming(from, 20);
        prop_assert!(fires.first().is_none_or(|first| *first > from));
        prop_assert!(fires.windows(2).all(|pair| pair[0] < pair[1]), "{fires:?}");
    }

    #[test]
    fn what_was_missed_is_the_last_of_what_was_due(
        cron in expressions(), zone in zones(), from in instants(), span in 0_i64..200_000_000,
    ) {
        let Ok(schedule) = Schedule::parse(&cron, zone) else { return Ok(()) };
        let until = Timestamp::from_millis(from.millis() + span);
        let due = iter::successors(schedule.next_after(from), |fire| schedule.next_after(*fire));
        let last = due.take_while(|fire| *fire <= until).last();
        prop_assert_eq!(schedule.missed_between(from, until), last);
    }

    #[test]
    fn no_text_upsets_the_parser(text in "[-0-9a-z*/,#?LW@ ]{0,24}") {
        let _ = Schedule::parse(&text, "UTC");
    }

    #[test]
    fn every_schedule_has_a_sentence(cron in expressions()) {
        let Ok(schedule) = Schedule::parse(&cron, "UTC") else { return Ok(()) };
        prop_assert!(!schedule.describe().is_empty());
    }
}
