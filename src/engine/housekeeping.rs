//! Housekeeping: once a day, log lines that are older than they are kept are removed. What is known of runs stays.

use std::time::Duration;

use crate::domain::Result;
use crate::domain::audit::{Actor, Event};
use crate::domain::setting;
use crate::instance::Instance;
use crate::store::{audit, logs, settings};

/// How often.
pub const EVERY: Duration = DAY;

const DAY: Duration = Duration::from_hours(24);

/// Lines that are removed at once: whoever waits to write waits no longer than that takes.
const AT_ONCE: u32 = 2_000;

/// Removes what is older than it is kept; gives how many lines that were. That it was done is on record with its first step.
pub fn tidy(instance: &Instance) -> Result<usize> {
    let days = instance.store.read(|db| settings::number(db, &setting::KEEP_LOGS))?;
    if days == 0 {
        return Ok(0);
    }
    let now = instance.clock.now();
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
            Ok(removed)
        })?;
        all += removed;
        if removed < AT_ONCE as usize {
            return Ok(all);
        }
    }
}
