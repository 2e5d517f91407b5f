//! Which copies stay and which may go: judged by when a backup was taken, never by a file's time.

mod plan;
mod policy;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use plan::{Candidate, Decision, Period, Reason, plan};
pub use policy::Policy;

use super::backup::{Backup, Copy, CopyState};
use super::time::Timestamp;

/// The audit log's name for what retention does to a backup's copy.
pub const EXPIRE: &str = "backup.expire";

/// What is said of a copy that retention deleted, in the run's log and after the run. `backup` is its short id, and `taken_at`
/// is as it is kept, to the millisecond: people are told the second.
pub fn let_go(destination: &str, backup: &str, taken_at: &str, reason: &str) -> String {
    let taken_at = Timestamp::parse(taken_at).map_or_else(|_| taken_at.to_owned(), |at| at.in_zone(chrono_tz::UTC));
    format!("{destination}: let go of backup {backup} of {taken_at} ({reason})")
}

/// Whether retention may count on a copy, going by the catalogue: all that was asked for is in it, and it was not found bad.
pub fn counts(backup: &Backup, copy: &Copy) -> bool {
    backup.complete && copy.state == CopyState::Present && copy.verified_ok != Some(false)
}
