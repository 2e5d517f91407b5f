//! Backstay: scheduled, encrypted, verified database backups, run by a background engine and operated from a terminal.
//!
//! ```text
//!  ┌──────────┬─────────┐
//!  │ console  │  cli    │   faces: nothing in them decides anything
//!  └────┬─────┴────┬────┘
//!       ▼          ▼
//!  ┌────────────────────┐   ┌──────────────────────────────────────┐
//!  │ ops: one function  │   │ engine: schedule, queue, run, retain │
//!  │ a use case         │   │ what happens without a person        │
//!  └─────────┬──────────┘   └──────────────────┬───────────────────┘
//!            ▼                                 ▼
//!  ┌─────────────────────────────────────────────────────────┐
//!  │ catalog: what lies at a destination, joined with rows   │
//!  ├───────┬───────┬──────────┬──────────────────────────────┤
//!  │ store │ vault │ pipeline │ drivers: source, destination │
//!  └───────┴───────┴──────────┴──────────────────────────────┘
//!                             ▼
//!                          domain: plain types and rules
//! ```
//!
//! An arrow points down only; `tests/layers.rs` holds that. Engine and command line meet in the database and nowhere else.

pub mod catalog;
pub mod cli;
pub mod clock;
pub mod console;
pub mod destination;
pub mod disk;
pub mod domain;
pub mod driver;
pub mod engine;
pub mod file_events;
pub mod instance;
pub mod ops;
pub mod patience;
pub mod pipeline;
pub mod process;
pub mod source;
pub mod store;
pub mod vault;
