//! The list of adapters: what a filter looks at and what it is sorted by.

use std::cmp::{Ordering, Reverse};

use crate::console::widget::rows::{Entry, known_first};
use crate::domain::adapter::{Adapter, AdapterType, Health};
use crate::domain::id::AdapterId;
use crate::ops::adapters::Listed;

/// The columns of the table that they can be sorted by, the usual one first: sources before destinations.
pub const SORTED_BY: [usize; 7] = [2, 1, 0, 3, 5, 6, 7];

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
        let order = |by: Ordering| if down { by.reverse() } else { by };
        match SORTED_BY.get(sort) {
            Some(0) => order(urgency(self).cmp(&urgency(other))),
            Some(1) => order(a.name.cmp(&b.name)),
            Some(3) => order(a.driver.cmp(&b.driver)),
            Some(5) => known_first(shown_latency(a), shown_latency(b), order),
            // By how long ago it was, as is shown.
            Some(6) => known_first(
                a.last_health_check.map(Reverse),
                b.last_health_check.map(Reverse),
                order,
            ),
            Some(7) => order(self.jobs.len().cmp(&other.jobs.len())),
            _ => order(group(self).cmp(&group(other))),
        }
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

/// What the last check took, in milliseconds, of one that is online; that of another is no longer true.
pub fn shown_latency(adapter: &Adapter) -> Option<u64> {
    latency(adapter).filter(|_| adapter.last_status == Health::Online)
}

/// What the last check that was answered took, in milliseconds.
fn latency(adapter: &Adapter) -> Option<u64> {
    adapter.metadata.get("latency_ms")?.as_u64()
}
