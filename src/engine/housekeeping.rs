//! Housekeeping: once a day, log lines that are older than they are kept are removed, by a clock that is to be believed. What is
//! known of runs stays.

use std::time::Duration;

use crate::domain::Result;
use crate::domain::audit::{Actor, Event};
use crate::domain::housekeeping::Housekeeping;
use crate::domain::setting;
use crate::instance::Instance;
use crate::store::{audit, housekeeping, logs, settings};

const DAY: Duration = Duration::from_hours(24);

/// Lines that are removed at once: whoever waits to write waits no longer than that takes.
const AT_ONCE: u32 = 2_000;

/// Removes what is older than it is kept; gives how many lines that were. That it was done is on record with its first step.
pub fn tidy(instance: &Instance) -> Result<u64> {
    let now = instance.clock.now();
    let (days, mut known) = instance.store.write(|db| {
        let known = Housekeeping::look(housekeeping::get(db)?, now);
        housekeeping::set(db, &known)?;
        Ok((settings::number(db, &setting::KEEP_LOGS)?, known))
    })?;
    if days == 0 || !known.may_remove() {
        return Ok(0);
    }
    let before = now.minus(DAY * u32::try_from(days).unwrap_or(u32::MAX));
    let mut all = 0;
    loop {
        let removed = instance.store.write(|db| {
            let removed = logs::remove_oldest(db, before, AT_ONCE)?;
            if all == 0 && removed > 0 {
                let event = Event::new("log.remove", "log", "", "log lines")
                    .with(serde_json::json!({ "before": before, "keep_logs_days": days }));
                audit::append(db, &Actor::engine(), &event, now)?;
            }
            if removed > 0 {
                known.removed_at = Some(now);
                known.removed_lines = all + removed as u64;
                housekeeping::set(db, &known)?;
            }
            Ok(removed)
        })?;
        all += removed as u64;
        if removed < AT_ONCE as usize {
            return Ok(all);
        }
    }
}
