//! Which copies stay and which may go: judged by when a backup was taken, never by a file's time.

mod plan;
mod policy;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use plan::{Candidate, Decision, Period, Reason, plan};
pub use policy::Policy;
