//! The console by keys and screens: the model over a real installation, drawn into cells. What needs a terminal is in
//! `console_pty`.

#![allow(
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::large_futures,
    clippy::format_push_string,
    reason = "a story told by keys is read from top to bottom, and made once"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "support/lib.rs"]
mod support;

#[path = "support/lists.rs"]
#[allow(dead_code, reason = "the queries in it are for the test of query plans")]
mod lists;

#[path = "console/desk.rs"]
mod desk;

#[path = "console/adapters.rs"]
mod adapters;
#[path = "console/again.rs"]
mod again;
#[path = "console/apply.rs"]
mod apply;
#[path = "console/audit.rs"]
mod audit;
#[path = "console/backups.rs"]
mod backups;
#[path = "console/browse.rs"]
mod browse;
#[path = "console/budgets.rs"]
mod budgets;
#[path = "console/decrypt.rs"]
mod decrypt;
#[path = "console/frame.rs"]
mod frame;
#[path = "console/gallery.rs"]
mod gallery;
#[path = "console/install.rs"]
mod install;
#[path = "console/job_form.rs"]
mod job_form;
#[path = "console/jobs.rs"]
mod jobs;
#[path = "console/log.rs"]
mod log;
#[path = "console/long_names.rs"]
mod long_names;
#[path = "console/overview.rs"]
mod overview;
#[path = "console/past.rs"]
mod past;
#[path = "console/pause.rs"]
mod pause;
#[path = "console/reach.rs"]
mod reach;
#[path = "console/restore.rs"]
mod restore;
#[path = "console/rig.rs"]
mod rig;
#[path = "console/run_leads.rs"]
mod run_leads;
#[path = "console/runs.rs"]
mod runs;
#[path = "console/runtime.rs"]
mod runtime;
#[path = "console/system.rs"]
mod system;
