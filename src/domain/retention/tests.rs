//! The rules of retention as tables.

use chrono_tz::Tz;

use super::*;

const UTC: Tz = Tz::UTC;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn good(id: u32, taken_at: &str) -> Candidate<u32> {
    Candidate {
        id,
        taken_at: at(taken_at),
        locked: false,
        complete: true,
    }
}

fn locked(id: u32, taken_at: &str) -> Candidate<u32> {
    Candidate {
        locked: true,
        ..good(id, taken_at)
    }
}

fn incomplete(id: u32, taken_at: &str) -> Candidate<u32> {
    Candidate {
        complete: false,
        ..good(id, taken_at)
    }
}

#[test]
fn when_a_copy_was_taken_that_is_let_go_is_told_as_people_read_it() {
    assert_eq!(
        let_go("nas", "1da6bc9c", "2026-11-26T21:18:00.007Z", "beyond last 3"),
        "nas: let go of backup 1da6bc9c of 2026-11-26 21:18:00 UTC (beyond last 3)"
    );
}

/// `id keep|drop reason`, newest first.
fn told(policy: &str, candidates: &[Candidate<u32>], zone: Tz) -> Vec<String> {
    let line = |decision: Decision<u32>| {
        format!(
            "{} {} {}",
            decision.id,
            if decision.keep { "keep" } else { "drop" },
            decision.reason
        )
    };
    plan(policy.parse().unwrap(), candidates, zone, at("2027-01-10T12:00:00Z"))
        .into_iter()
        .map(line)
        .collect()
}

#[test]
fn the_last_few_are_kept() {
    let copies = [
        good(1, "2027-01-01T03:00:00Z"),
        good(3, "2027-01-03T03:00:00Z"),
        good(2, "2027-01-02T03:00:00Z"),
    ];
    assert_eq!(
        told("last:2", &copies, UTC),
        [
            "3 keep newest good backup",
            "2 keep among the last 2",
            "1 drop beyond last 2"
        ]
    );
}

#[test]
fn an_empty_policy_drops_nothing() {
    let copies = [
        good(1, "2020-01-01T03:00:00Z"),
        locked(2, "2020-01-02T03:00:00Z"),
        incomplete(3, "2019-01-01T03:00:00Z"),
    ];
    for policy in ["none", "last:0", "smart:0,0,0,0", "last:0,min=1d"] {
        assert_eq!(
            told(policy, &copies, UTC),
            ["2 keep locked", "1 keep no policy", "3 keep no policy"],
            "{policy}"
        );
    }
}

#[test]
fn locked_copies_do_not_use_up_places() {
    let copies = [
        locked(4, "2027-01-04T03:00:00Z"),
        good(3, "2027-01-03T03:00:00Z"),
        good(2, "2027-01-02T03:00:00Z"),
    ];
    let told = told("last:1", &copies, UTC);
    assert_eq!(
        told,
        ["4 keep locked", "3 keep among the last 1", "2 drop beyond last 1"]
    );
}

#[test]
fn tiers_add_up() {
    let copies = [
        good(9, "2027-01-09T20:00:00Z"),
        good(8, "2027-01-09T03:00:00Z"),
        good(7, "2027-01-08T03:00:00Z"),
        good(6, "2027-01-03T03:00:00Z"),
        good(5, "2026-12-31T03:00:00Z"),
        good(4, "2026-12-20T03:00:00Z"),
        good(3, "2026-11-15T03:00:00Z"),
        good(2, "2025-10-01T03:00:00Z"),
        good(1, "2024-02-29T03:00:00Z"),
    ];
    assert_eq!(
        told("smart:2,1,2,1", &copies, UTC),
        [
            "9 keep newest good backup",
            "8 drop beyond smart:2,1,2,1",
            "7 keep newest of day 2027-01-08",
            "6 keep newest of week 2026-W53",
            "5 keep newest of month 2026-12",
            "4 drop beyond smart:2,1,2,1",
            "3 keep newest of month 2026-11",
            "2 keep newest of year 2025",
            "1 drop beyond smart:2,1,2,1",
        ]
    );
}

#[test]
fn iso_weeks_hold_together_at_new_year() {
    // Monday 2026-12-28 to Sunday 2027-01-03 is one week, 2026-W53.
    let copies = [
        good(3, "2027-01-04T03:00:00Z"),
        good(2, "2027-01-02T03:00:00Z"),
        good(1, "2026-12-29T03:00:00Z"),
    ];
    assert_eq!(
        told("smart:0,2,0,0", &copies, UTC),
        [
            "3 keep newest good backup",
            "2 keep newest of week 2026-W53",
            "1 drop beyond smart:0,2,0,0"
        ]
    );
}

#[test]
fn months_sort_by_number_not_by_letters() {
    let copies = [
        good(3, "2026-11-01T03:00:00Z"),
        good(2, "2026-10-01T03:00:00Z"),
        good(1, "2026-09-01T03:00:00Z"),
    ];
    assert_eq!(
        told("smart:0,0,2,0", &copies, UTC),
        [
            "3 keep newest good backup",
            "2 keep newest of month 2026-10",
            "1 drop beyond smart:0,0,2,0"
        ]
    );
    assert!(Period::Month(2026, 9) < Period::Month(2026, 10));
    assert_eq!(Period::Month(2026, 9).to_string(), "month 2026-09");
}

#[test]
fn days_are_those_of_the_jobs_zone() {
    // In Auckland (+13) these are 9 January 00:30 and 8 January 23:30; in UTC both are 8 January.
    let copies = [good(2, "2027-01-08T11:30:00Z"), good(1, "2027-01-08T10:30:00Z")];
    assert_eq!(told("smart:2,0,0,0", &copies, UTC)[1], "1 drop beyond smart:2,0,0,0");
    assert_eq!(
        told("smart:2,0,0,0", &copies, Tz::Pacific__Auckland)[1],
        "1 keep newest of day 2027-01-08"
    );
}

#[test]
fn copies_of_the_same_moment_are_told_apart_by_id() {
    let copies = [good(1, "2027-01-08T03:00:00Z"), good(2, "2027-01-08T03:00:00Z")];
    let expected = ["2 keep newest good backup", "1 drop beyond last 1"];
    assert_eq!(told("last:1", &copies, UTC), expected);
    assert_eq!(told("last:1", &[copies[1], copies[0]], UTC), expected);
}

#[test]
fn the_young_stay() {
    let copies = [
        good(3, "2027-01-10T03:00:00Z"),
        good(2, "2027-01-08T12:00:01Z"),
        good(1, "2027-01-08T12:00:00Z"),
    ];
    assert_eq!(
        told("last:1,min=2d", &copies, UTC),
        [
            "3 keep newest good backup",
            "2 keep younger than min age 2d",
            "1 drop beyond last 1"
        ]
    );
}

#[test]
fn incomplete_copies_never_cost_a_complete_one() {
    let copies = [
        incomplete(6, "2027-01-06T03:00:00Z"),
        incomplete(5, "2027-01-05T03:00:00Z"),
        incomplete(4, "2027-01-04T03:00:00Z"),
        good(3, "2027-01-03T03:00:00Z"),
        incomplete(2, "2027-01-02T03:00:00Z"),
        good(1, "2027-01-01T03:00:00Z"),
    ];
    assert_eq!(
        told("last:2", &copies, UTC),
        [
            "6 keep incomplete, but nothing newer is complete",
            "5 keep incomplete, but nothing newer is complete",
            "4 keep incomplete, but nothing newer is complete",
            "3 keep newest good backup",
            "2 drop incomplete",
            "1 keep among the last 2",
        ]
    );
}

#[test]
fn an_incomplete_copy_may_still_be_all_there_is_of_its_day() {
    let copies = [
        good(4, "2027-01-04T03:00:00Z"),
        incomplete(3, "2027-01-03T03:00:00Z"),
        good(2, "2027-01-02T03:00:00Z"),
        incomplete(1, "2027-01-02T02:00:00Z"),
    ];
    assert_eq!(
        told("smart:3,0,0,0", &copies, UTC),
        [
            "4 keep newest good backup",
            "3 keep newest of day 2027-01-03",
            "2 keep newest of day 2027-01-02",
            "1 drop incomplete",
        ]
    );
}

#[test]
fn a_copy_from_the_future_stays_and_takes_the_place_of_none() {
    let copies = [
        good(1, "2027-01-08T03:00:00Z"),
        good(2, "2027-01-09T03:00:00Z"),
        good(9, "2031-01-01T03:00:00Z"),
    ];
    for policy in ["last:1", "smart:1,0,0,0"] {
        let told = told(policy, &copies, UTC);
        assert_eq!(told[0], "9 keep dated ahead of this machine's clock");
        assert_eq!(told[1], "2 keep newest good backup");
        assert!(told[2].starts_with("1 drop beyond"), "{told:?}");
    }
    // An incomplete one of today is superseded by no backup that is to come.
    assert_eq!(
        told(
            "last:1",
            &[incomplete(3, "2027-01-10T03:00:00Z"), copies[1], copies[2]],
            UTC
        )[1],
        "3 keep incomplete, but nothing newer is complete"
    );
}
