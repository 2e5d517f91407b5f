//! The plain types and rules of Backstay: no I/O, no SQL, no clock. The time comes in as an argument.

#[macro_use]
mod text_enum;

pub mod adapter;
pub mod audit;
pub mod backup;
pub mod blocker;
pub mod error;
pub mod execution;
pub mod housekeeping;
pub mod id;
pub mod job;
pub mod manifest;
pub mod moment;
pub mod naming;
pub mod paging;
pub mod period;
pub mod profile;
pub mod retention;
pub mod schedule;
pub mod secret;
pub mod setting;
pub mod time;
pub mod units;
pub mod words;

pub use error::{Error, Kind, Result};
