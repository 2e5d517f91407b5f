//! The engine: what happens without a person. It holds the home's lock, follows the schedule, starts what waits, and sees
//! every run to a verdict. Between events it sleeps: a change in the database, an alarm on the wall clock, the end of a run
//! or a signal wakes it, and nothing else.

pub mod alarm;
pub mod lock;
pub mod plan;
pub mod queue;
pub mod backup;
mod hooks;
mod retain;
mod reading;
mod repair;
mod restore;
pub mod run;
mod sites;
pub mod supervise;
mod verify;
