//! Grandfather, father, son, with tiers that add up.
//!
//! Each tier walks its buckets (days, ISO weeks, months, years in the job's zone) from the newest, passes over those
//! whose newest backup an earlier tier keeps already, and keeps the newest of the next N. A bucket counts as represented
//! by its *newest* backup only: weeks do not nest in months, and were any kept backup enough, the last one of a month
//! would be dropped while the month's last whole week still stood for it, and be missed when that week goes. This way
//! pruning day by day ends where pruning once does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::policy::{Age, Policy};
use crate::domain::time::Timestamp;

/// A copy at one destination, as retention sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<I> {
    /// Tells copies apart; among copies taken in the same millisecond the greater one counts as newer.
    pub id: I,
    /// When the backup was taken, from its manifest.
    pub taken_at: Timestamp,
    /// Kept by a person's decision; never deleted and never counted.
    pub locked: bool,
    /// Whether the backup holds everything that was asked for.
    pub complete: bool,
}

/// What becomes of a copy, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<I> {
    /// The copy.
    pub id: I,
    /// Whether it stays.
    pub keep: bool,
    /// Why.
    pub reason: Reason,
}

/// Why a copy stays or goes. Shown as a phrase: `newest of day 2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Stays: a person locked it.
    Locked,
    /// Stays: there is no policy, or an empty one.
    NoPolicy,
    /// Stays: its date is to come, so nobody knows how old it is; nor does it count.
    Ahead,
    /// Stays: the newest complete backup always does.
    NewestGood,
    /// Stays: among the newest so many.
    AmongLast(u32),
    /// Stays: it stands for a day, a week, a month or a year.
    NewestOf(Period),
    /// Stays: it is younger than this.
    Young(Duration),
    /// Stays: it is incomplete, and nothing newer is complete.
    NothingBetter,
    /// Goes: it is incomplete, a newer one is complete, and the policy would not keep it even if it counted.
    Incomplete,
    /// Goes: the policy has enough without it.
    Beyond(Policy),
}

/// A stretch of the calendar in the job's zone. Ordered by time within its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A day.
    Day(NaiveDate),
    /// An ISO week, by the year it belongs to, which around New Year is not that of all its days.
    Week(i32, u32),
    /// A month.
    Month(i32, u32),
    /// A year.
    Year(i32),
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => write!(f, "day {date}"),
            Self::Week(year, week) => write!(f, "week {year}-W{week:02}"),
            Self::Month(year, month) => write!(f, "month {year}-{month:02}"),
            Self::Year(year) => write!(f, "year {year}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("locked"),
            Self::NoPolicy => f.write_str("no policy"),
            Self::Ahead => f.write_str("dated ahead of this machine's clock"),
            Self::NewestGood => f.write_str("newest good backup"),
            Self::AmongLast(count) => write!(f, "among the last {count}"),
            Self::NewestOf(period) => write!(f, "newest of {period}"),
            Self::Young(age) => write!(f, "younger than min age {}", Age(*age)),
            Self::NothingBetter => f.write_str("incomplete, but nothing newer is complete"),
            Self::Incomplete => f.write_str("incomplete"),
            Self::Beyond(Policy::Simple { keep_last, .. }) => write!(f, "beyond last {keep_last}"),
            Self::Beyond(policy) => write!(f, "beyond {policy}"),
        }
    }
}

/// Decides about every candidate, newest first. Pure: the same input gives the same output in any order of candidates.
///
/// * Locked copies stay and do not count. An empty policy keeps everything. The newest complete copy stays.
/// * Only complete copies count. An incomplete one never takes a complete one's place, but may still be all there is of
///   its day: it stays while nothing newer is complete, and after that for as long as the policy would keep it if it
///   counted. So no more of them gather than the policy keeps anyway.
/// * Nothing younger than the policy's minimum age goes.
/// * A copy from the future stays and does not count: whichever clock was wrong, it must not let others go for it.
pub fn plan<I: Copy + Ord>(policy: Policy, candidates: &[Candidate<I>], zone: Tz, now: Timestamp) -> Vec<Decision<I>> {
    let mut newest_first = candidates.to_vec();
    newest_first.sort_by_key(|candidate| Reverse((candidate.taken_at, candidate.id)));
    let is_ahead = |candidate: &Candidate<I>| candidate.taken_at > now;
    let newest_good = newest_first
        .iter()
        .find(|candidate| candidate.complete && !is_ahead(candidate));

    let counted: Vec<&Candidate<I>> = newest_first
        .iter()
        .filter(|candidate| !candidate.locked && !is_ahead(candidate))
        .collect();
    let complete: Vec<&Candidate<I>> = counted.iter().copied().filter(|candidate| candidate.complete).collect();
    let mut chosen = choose(policy, &counted, zone);
    chosen.extend(choose(policy, &complete, zone));

    let decide = |candidate: &Candidate<I>| {
        let superseded = newest_good.is_some_and(|good| good.taken_at > candidate.taken_at);
        let stays = if candidate.locked {
            Some(Reason::Locked)
        } else if policy.keeps_everything() {
            Some(Reason::NoPolicy)
        } else if is_ahead(candidate) {
            Some(Reason::Ahead)
        } else if newest_good.is_some_and(|good| good.id == candidate.id) {
            Some(Reason::NewestGood)
        } else if !candidate.complete && !superseded {
            Some(Reason::NothingBetter)
        } else if let Some(reason) = chosen.get(&candidate.id) {
            Some(*reason)
        } else if now.since(candidate.taken_at) < policy.min_age() {
            Some(Reason::Young(policy.min_age()))
        } else {
            None
        };
        let goes = if candidate.complete {
            Reason::Beyond(policy)
        } else {
            Reason::Incomplete
        };
        Decision {
            id: candidate.id,
            keep: stays.is_some(),
            reason: stays.unwrap_or(goes),
        }
    };
    newest_first.iter().map(decide).collect()
}

/// What the policy keeps of these, which come newest first.
fn choose<I: Copy + Ord>(policy: Policy, newest_first: &[&Candidate<I>], zone: Tz) -> BTreeMap<I, Reason> {
    match policy {
        Policy::None => BTreeMap::new(),
        Policy::Simple { keep_last, .. } => {
            let among = usize::try_from(keep_last).unwrap_or(usize::MAX);
            newest_first
                .iter()
                .take(among)
                .map(|candidate| (candidate.id, Reason::AmongLast(keep_last)))
                .collect()
        }
        Policy::Smart {
            daily,
            weekly,
            monthly,
            yearly,
            ..
        } => {
            let mut kept = BTreeMap::new();
            for (count, period_of) in [
                (daily, day as fn(NaiveDate) -> Period),
                (weekly, week),
                (monthly, month),
                (yearly, year),
            ] {
                add_tier(&mut kept, count, newest_first, |candidate| {
                    period_of(candidate.taken_at.utc().with_timezone(&zone).date_naive())
                });
            }
            kept
        }
    }
}

/// Adds the newest of the next `count` buckets that are not represented by what is kept.
fn add_tier<I: Copy + Ord>(
    kept: &mut BTreeMap<I, Reason>,
    count: u32,
    newest_first: &[&Candidate<I>],
    period_of: impl Fn(&Candidate<I>) -> Period,
) {
    let mut seen = BTreeSet::new();
    let mut left = count;
    for candidate in newest_first {
        let period = period_of(candidate);
        let newest_of_its_bucket = seen.insert(period);
        if left > 0 && newest_of_its_bucket && !kept.contains_key(&candidate.id) {
            kept.insert(candidate.id, Reason::NewestOf(period));
            left -= 1;
        }
    }
}

fn day(date: NaiveDate) -> Period {
    Period::Day(date)
}

fn week(date: NaiveDate) -> Period {
    Period::Week(date.iso_week().year(), date.iso_week().week())
}

fn month(date: NaiveDate) -> Period {
    Period::Month(date.year(), date.month())
}

fn year(date: NaiveDate) -> Period {
    Period::Year(date.year())
}
