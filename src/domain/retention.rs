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

/// What a run's log says of a copy that retention deleted; by these words it is found there again.
pub const LET_GO: &str = "let go of backup";

/// Whether retention may count on a copy, going by the catalogue: all that was asked for is in it, and it was not found bad.
pub fn counts(backup: &Backup, copy: &Copy) -> bool {
    backup.complete && copy.state == CopyState::Present && copy.verified_ok != Some(false)
}
