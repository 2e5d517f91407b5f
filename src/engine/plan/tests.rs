//! The plan on a clock of its own: on time, missed, paused, changed, and a clock that jumps.

use proptest::prelude::*;

use super::*;
use crate::domain::id::{AdapterId, JobId};
use crate::domain::job::{Compression, Definition, Options, Selection};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn job(schedule: &str, since: Timestamp) -> Job {
    Job {
        id: JobId::generate(since),
        definition: Definition {
            name: "nightly".to_owned(),
            source: "shop".to_owned(),
            schedule: schedule.to_owned(),
            timezone: "UTC".to_owned(),
            enabled: true,
            compression: Compression::None,
            profile: None,
            selection: Selection::default(),
            options: Options::default(),
            destinations: Vec::new(),
            hooks: Vec::new(),
        },
        revision: 1,
        source_id: AdapterId::generate(since),
        profile_id: None,
        destination_ids: Vec::new(),
        paused_until: None,
        scheduled_through: since,
        awake_since: since,
        created_at: since,
        revised_at: since,
        updated_at: since,
    }
}

fn planned(job: &Job, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    plan.put(job, now).unwrap();
    plan
}

#[test]
fn fires_on_time_and_once() {
    let start = at("2026-11-20T12:00:00Z");
    let job = job("0 3 * * *", start);
    let mut plan = planned(&job, start);
    assert_eq!(plan.next_fire(), Some(at("2026-11-21T03:00:00Z")));
    assert_eq!(plan.due(at("2026-11-21T02:59:59Z")), []);
    let fire = Fire {
        job: job.id,
        at: at("2026-11-21T03:00:00Z"),
        kind: FireKind::Due,
    };
    assert_eq!(plan.due(at("2026-11-21T03:00:00Z")), [fire]);
    assert_eq!(plan.due(at("2026-11-21T03:00:30Z")), []);
    assert_eq!(plan.next_fire(), Some(at("2026-11-22T03:00:00Z")));
}

#[test]
fn many_missed_fires_are_caught_up_with_once() {
    let start = at("2026-11-01T00:00:00Z");
    let mut plan = planned(&job("*/5 * * * *", start), start);
    let fires = plan.due(at("2026-11-21T03:03:00Z"));
    assert_eq!(fires.len(), 1);
    assert_eq!(
        (fires[0].kind, fires[0].at),
        (FireKind::CatchUp, at("2026-11-21T03:00:00Z"))
    );
    assert_eq!(plan.next_fire(), Some(at("2026-11-21T03:05:00Z")));
}

#[test]
fn a_job_that_does_not_catch_up_only_accounts_for_what_it_missed() {
    let start = at("2026-11-01T00:00:00Z");
    let mut job = job("0 3 * * *", start);
    job.definition.options.catch_up = false;
    let fires = planned(&job, start).due(at("2026-11-21T12:00:00Z"));
    assert_eq!(fires[0].kind, FireKind::Missed);
}

#[test]
fn nothing_fires_in_a_pause_and_nothing_of_it_is_caught_up() {
    let start = at("2026-11-01T00:00:00Z");
    let mut job = job("0 3 * * *", start);
    job.paused_until = Some(at("2026-11-10T12:00:00Z"));
    let mut plan = planned(&job, start);
    assert_eq!(plan.due(at("2026-11-10T11:00:00Z")), []);
    assert_eq!(plan.next_fire(), Some(at("2026-11-11T03:00:00Z")));
}

#[test]
fn a_job_that_is_off_or_manual_never_fires() {
    let start = at("2026-11-01T00:00:00Z");
    let mut off = job("* * * * *", start);
    off.definition.enabled = false;
    assert_eq!(planned(&off, start).next_fire(), None);
    assert_eq!(planned(&job("", start), start).next_fire(), None);
}

#[test]
fn a_changed_job_forgets_its_old_fire() {
    let start = at("2026-11-20T00:00:00Z");
    let mut changed = job("0 3 * * *", start);
    let mut plan = planned(&changed, start);
    changed.revision = 2;
    changed.definition.schedule = "0 5 * * *".to_owned();
    assert_eq!(plan.outdated(&[(changed.id, 2, None)]), [changed.id]);
    plan.put(&changed, start).unwrap();
    assert_eq!(plan.due(at("2026-11-20T03:00:00Z")), []);
    assert_eq!(plan.due(at("2026-11-20T05:00:00Z")).len(), 1);
    assert_eq!(plan.outdated(&[]), []);
    assert_eq!(plan.next_fire(), None);
}

#[test]
fn a_clock_set_back_an_hour_waits_and_fires_nothing_twice() {
    let start = at("2026-11-20T02:00:00Z");
    let mut plan = planned(&job("0 3 * * *", start), start);
    assert_eq!(plan.due(at("2026-11-20T03:00:05Z")).len(), 1);
    assert_eq!(plan.due(at("2026-11-20T02:00:05Z")), []);
    assert_eq!(plan.due(at("2026-11-20T03:00:05Z")), []);
    assert_eq!(plan.due(at("2026-11-21T03:00:05Z")).len(), 1);
}

#[test]
fn a_clock_that_was_a_year_ahead_does_not_stop_backups_for_a_year() {
    let start = at("2026-11-20T12:00:00Z");
    let mut plan = planned(&job("0 3 * * *", start), start);
    assert_eq!(plan.due(at("2027-11-20T12:00:00Z")).len(), 1);
    assert_eq!(plan.due(at("2026-11-20T12:05:00Z")), []);
    assert_eq!(plan.next_fire(), Some(at("2026-11-21T03:00:00Z")));
}

proptest! {
    /// However the clock jumps, within a day or so, no instant fires twice.
    #[test]
    fn no_instant_fires_twice(steps in prop::collection::vec(-90_000_i64..200_000, 1..60)) {
        let start = at("2026-03-28T00:00:00Z");
        let mut plan = planned(&job("*/10 * * * *", start), start);
        let mut now = start;
        let mut fired = std::collections::BTreeSet::new();
        let mut furthest = start;
        for seconds in steps {
            now = Timestamp::from_millis((now.millis() + seconds * 1000).max(furthest.millis() - 24 * 3_600_000));
            furthest = furthest.max(now);
            for fire in plan.due(now) {
                prop_assert!(fired.insert(fire.at), "{} fired twice", fire.at);
                prop_assert!(fire.at <= now);
            }
        }
    }
}
