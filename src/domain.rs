//! The plain types and rules of Backstay: no I/O, no SQL, no clock. The time comes in as an argument.

pub mod error;
pub mod id;
pub mod job;
pub mod naming;
pub mod retention;
pub mod schedule;
pub mod time;
pub mod units;

pub use error::{Error, Kind, Result};
