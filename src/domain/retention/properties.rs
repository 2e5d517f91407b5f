//! What must hold of retention whatever the policy and the history.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::domain::time::Timestamp;

const DAY: i64 = 86_400_000;
const ZONES: [Tz; 4] = [
    Tz::UTC,
    Tz::Europe__Zurich,
    Tz::Pacific__Auckland,
    Tz::America__Sao_Paulo,
];

fn moment(millis: i64) -> Timestamp {
    // 2024-12-20, so that histories cross a New Year with a 29 February behind them.
    Timestamp::from_millis(1_734_652_800_000 + millis)
}

fn kept(policy: Policy, candidates: &[Candidate<u32>], zone: Tz, now: Timestamp) -> Vec<Candidate<u32>> {
    let stays: BTreeSet<u32> = plan(policy, candidates, zone, now)
        .into_iter()
        .filter(|decision| decision.keep)
        .map(|decision| decision.id)
        .collect();
    candidates
        .iter()
        .copied()
        .filter(|candidate| stays.contains(&candidate.id))
        .collect()
}

fn policies() -> impl Strategy<Value = Policy> {
    let min_age = prop_oneof![3 => Just(0_u64), 1 => 0..20 * 86_400_u64].prop_map(Duration::from_secs);
    prop_oneof![
        1 => (0_u32..10, min_age.clone()).prop_map(|(keep_last, min_age)| Policy::Simple { keep_last, min_age }),
        4 => (0_u32..9, 0_u32..6, 0_u32..6, 0_u32..3, min_age).prop_map(|(daily, weekly, monthly, yearly, min_age)| {
            Policy::Smart { daily, weekly, monthly, yearly, min_age }
        }),
    ]
}

/// Up to two years of backups at odd times, some locked, some incomplete; ids follow time.
fn histories() -> impl Strategy<Value = Vec<Candidate<u32>>> {
    let one = (
        0_i64..700,
        0_i64..DAY,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.8),
    );
    prop::collection::vec(one, 1..120).prop_map(|mut all| {
        all.sort_unstable_by_key(|(day, time, ..)| (*day, *time));
        let candidate = |(id, (day, time, locked, complete))| Candidate {
            id,
            taken_at: moment(day * DAY + time),
            locked,
            complete,
        };
        (0_u32..).zip(all).map(candidate).collect()
    })
}

proptest! {
    /// Whatever the dates ahead of the clock are, what happens to all others is what would happen were they not there.
    #[test]
    fn what_is_to_come_stays_and_changes_nothing(policy in policies(), history in histories(), now in 0..700 * DAY) {
        let now = moment(now);
        let split = |all: Vec<Candidate<u32>>| -> (Vec<_>, Vec<_>) {
            all.into_iter().partition(|candidate| candidate.taken_at <= now)
        };
        let (stays_past, stays_ahead) = split(kept(policy, &history, Tz::UTC, now));
        let (past, ahead) = split(history);
        prop_assert_eq!(stays_ahead, ahead);
        prop_assert_eq!(stays_past, kept(policy, &past, Tz::UTC, now));
    }

    #[test]
    fn pruning_twice_is_pruning_once(policy in policies(), history in histories(), zone in prop::sample::select(&ZONES[..])) {
        let now = moment(701 * DAY);
        let once = kept(policy, &history, zone, now);
        prop_assert_eq!(kept(policy, &once, zone, now), once);
    }

    #[test]
    fn what_must_stay_stays(policy in policies(), history in histories(), now in 0..900 * DAY) {
        let now = moment(now);
        let stays = kept(policy, &history, Tz::UTC, now);
        prop_assert!(!stays.is_empty());
        prop_assert!(history.iter().filter(|candidate| candidate.locked).all(|candidate| stays.contains(candidate)));
        let newest_good = history.iter().rfind(|candidate| candidate.complete);
        prop_assert!(newest_good.is_none_or(|newest| stays.contains(newest)));
        let young = |candidate: &&Candidate<u32>| now.since(candidate.taken_at) < policy.min_age();
        prop_assert!(history.iter().filter(young).all(|candidate| stays.contains(candidate)));
    }

    #[test]
    fn incomplete_and_locked_copies_cost_no_complete_one(policy in policies(), history in histories()) {
        let now = moment(701 * DAY);
        let countable = |candidate: &&Candidate<u32>| candidate.complete && !candidate.locked;
        let alone: Vec<Candidate<u32>> = history.iter().filter(countable).copied().collect();
        let stays = kept(policy, &history, Tz::UTC, now);
        prop_assert!(kept(policy, &alone, Tz::UTC, now).iter().all(|candidate| stays.contains(candidate) || policy.keeps_everything()));
    }

    #[test]
    fn the_order_candidates_come_in_is_no_matter(policy in policies(), history in histories()) {
        let now = moment(701 * DAY);
        let backwards: Vec<Candidate<u32>> = history.iter().rev().copied().collect();
        prop_assert_eq!(plan(policy, &history, Tz::UTC, now), plan(policy, &backwards, Tz::UTC, now));
    }
}

proptest! {
    // Seven hundred prunings a case.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pruning_day_by_day_ends_where_pruning_once_does(
        policy in policies(), history in histories(), zone in prop::sample::select(&ZONES[..]),
    ) {
        let mut rolling: Vec<Candidate<u32>> = Vec::new();
        for day in 1..=701 {
            let (from, now) = (moment((day - 1) * DAY), moment(day * DAY));
            rolling.extend(history.iter().filter(|candidate| (from..now).contains(&candidate.taken_at)));
            rolling = kept(policy, &rolling, zone, now);
        }
        prop_assert_eq!(rolling, kept(policy, &history, zone, moment(701 * DAY)));
    }
}

#[test]
fn seven_four_twelve_two_keeps_twenty_five_in_steady_state() {
    let policy: Policy = "smart:7,4,12,2".parse().unwrap();
    for zone in ZONES {
        let mut rolling: Vec<Candidate<u32>> = Vec::new();
        for day in 0_u32..2_500 {
            let taken_at = moment(i64::from(day) * DAY);
            rolling.push(Candidate {
                id: day,
                taken_at,
                locked: false,
                complete: true,
            });
            rolling = kept(policy, &rolling, zone, taken_at);
            assert!(
                day < 1_500 || rolling.len() == 25,
                "{} kept on day {day} in {zone}",
                rolling.len()
            );
        }
    }
}
