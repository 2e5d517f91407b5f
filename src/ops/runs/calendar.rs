//! One outcome a day, for a heat map. No run is read but the first of a kind on a day: the cost is that of the days shown and
//! not of what happened on them.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::Result;
use crate::domain::execution::{ExecutionType, Status};
use crate::domain::time::Timestamp;
use crate::ops::Session;
use crate::store::executions::{self, Filter};
use crate::store::{Db, jobs};

/// Days that are shown at most.
const MOST: u32 = 3_660;

/// What counts for a day, the first of them that happened. That somebody stopped a run, or that it was not wanted, counts only
/// where nothing else happened.
const WORST_FIRST: [Status; 5] = [
    Status::Failed,
    Status::Partial,
    Status::Success,
    Status::Cancelled,
    Status::Skipped,
];

/// How the backups of a day went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The day in the operator's zone.
    pub date: NaiveDate,
    /// The worst that came of a backup asked for on that day: failed, partial, success, else cancelled or skipped; absent
    /// when none came to an end.
    pub outcome: Option<Status>,
}

/// The last `days` days, today being the last of them: of one job by name or id, or of all.
pub fn calendar(session: &Session, job: Option<&str>, days: u32, zone: Tz) -> Result<Vec<Day>> {
    let today = date(session.now(), zone);
    let back = (0..days.min(MOST)).rev();
    let mut all: Vec<Day> = back
        .filter_map(|back| today.checked_sub_days(Days::new(back.into())))
        .map(|date| Day { date, outcome: None })
        .collect();
    session.instance.store.read(|db| {
        let job = job.map(|job| jobs::find(db, job)).transpose()?;
        for status in WORST_FIRST {
            let filter = Filter {
                job: job.as_ref().map(|job| job.id),
                statuses: vec![status],
                kind: Some(ExecutionType::Backup),
                ..Filter::default()
            };
            mark(db, filter, status, &mut all, zone)?;
        }
        Ok(())
    })?;
    Ok(all)
}

/// Gives `status` to the days that have a run the filter finds and nothing worse. It leaps from run to day to run.
fn mark(db: &Db, mut filter: Filter, status: Status, days: &mut [Day], zone: Tz) -> Result<()> {
    filter.until = days
        .last()
        .and_then(|last| last.date.succ_opt())
        .and_then(|beyond| start(beyond, zone));
    let mut from = 0;
    while let Some(next) = days.iter().skip(from).position(|day| day.outcome.is_none()) {
        let next = from + next;
        filter.since = days.get(next).and_then(|day| start(day.date, zone));
        let Some(run) = executions::first(db, &filter)? else {
            break;
        };
        let on = date(run.made_at(), zone);
        // A clock that is turned back at midnight shows the day before once more; it must not be led back by that.
        let found = days.partition_point(|day| day.date < on).max(next);
        let Some(day) = days.get_mut(found) else {
            break;
        };
        day.outcome.get_or_insert(status);
        from = found + 1;
    }
    Ok(())
}

fn date(at: Timestamp, zone: Tz) -> NaiveDate {
    at.utc().with_timezone(&zone).date_naive()
}

/// The first instant of a day, which is not midnight where the clock is turned forward then.
fn start(date: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN);
    let half_hours = (0..=48).map(|half_hours| midnight + TimeDelta::minutes(30 * half_hours));
    half_hours
        .filter_map(|wall| zone.from_local_datetime(&wall).earliest())
        .map(|at| Timestamp::from_millis(at.timestamp_millis()))
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_of(date: &str, zone: Tz) -> String {
        start(date.parse().unwrap(), zone).unwrap().rfc3339()
    }

    #[test]
    fn a_day_begins_when_its_clock_says_so() {
        assert_eq!(start_of("2026-11-21", Tz::Europe__Zurich), "2026-11-20T23:00:00.000Z");
        // Midnight is left out there on that day: the clock goes from 23:59 to 01:00.
        assert_eq!(start_of("2026-04-24", Tz::Africa__Cairo), "2026-04-23T22:00:00.000Z");
        // Samoa had no 30 December 2011.
        assert_eq!(
            start_of("2011-12-30", Tz::Pacific__Apia),
            start_of("2011-12-31", Tz::Pacific__Apia)
        );
    }
}
