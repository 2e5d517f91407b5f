//! The list of adapters: what a filter looks at and what it is sorted by. Sources come before destinations, whatever they are
//! sorted by.

use std::cmp::{Ordering, Reverse};

use crate::console::widget::rows::Entry;
use crate::domain::adapter::{Adapter, AdapterType, Health};
use crate::domain::id::AdapterId;
use crate::ops::adapters::Listed;

/// The columns of the table that they can be sorted by, the usual one first.
pub const SORTED_BY: [usize; 6] = [1, 0, 3, 5, 6, 7];

impl Entry for Listed {
    type Id = AdapterId;
    type Known = ();
    const SORTS: usize = SORTED_BY.len();

    fn id(&self) -> AdapterId {
        self.adapter.id
    }

    fn name(&self) -> &str {
        &self.adapter.name
    }

    fn has(&self, wanted: &str) -> bool {
        let adapter = &self.adapter;
        let (kind, health) = (adapter.kind.to_string(), adapter.last_status.to_string());
        [&adapter.name, &adapter.driver, &adapter.summary, &kind, &health]
            .into_iter()
            .any(|text| text.to_lowercase().contains(wanted))
    }

    fn compare(&self, other: &Self, (): &(), (sort, down): (usize, bool)) -> Ordering {
        let (a, b) = (&self.adapter, &other.adapter);
        let by = match SORTED_BY.get(sort) {
            Some(0) => urgency(self).cmp(&urgency(other)),
            Some(3) => a.driver.cmp(&b.driver),
            Some(5) => latency(a).cmp(&latency(b)),
            Some(6) => Reverse(a.last_health_check).cmp(&Reverse(b.last_health_check)),
            Some(7) => Reverse(self.jobs.len()).cmp(&Reverse(other.jobs.len())),
            _ => a.name.cmp(&b.name),
        };
        let by = if down { by.reverse() } else { by };
        group(self).cmp(&group(other)).then(by)
    }
}

const fn group(row: &Listed) -> u8 {
    match row.adapter.kind {
        AdapterType::Source => 0,
        AdapterType::Destination => 1,
        AdapterType::Channel => 2,
    }
}

const fn urgency(row: &Listed) -> u8 {
    match row.adapter.last_status {
        Health::Offline => 0,
        Health::Degraded => 1,
        Health::Unknown => 2,
        Health::Online => 3,
    }
}

/// So many milliseconds in words; nothing answers in none.
pub fn span(ms: u64) -> String {
    match ms {
        0 => "<1 ms".to_owned(),
        ms => format!("{ms} ms"),
    }
}

/// What the last check that was answered took, in milliseconds.
pub fn latency(adapter: &Adapter) -> Option<u64> {
    adapter.metadata.get("latency_ms")?.as_u64()
}
