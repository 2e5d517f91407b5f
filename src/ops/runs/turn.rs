//! What a run waits for that could begin by now, as the engine's queue has it.

use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::units;

/// What it waits for, by what is open: `waits for hooky, on the same source`. Backups have so many `places`, and what is no
/// backup has as many.
pub fn waits_for(run: &Execution, open: &[Execution], places: u64) -> String {
    let is_backup = |other: &Execution| other.kind == ExecutionType::Backup;
    let running = || {
        open.iter()
            .filter(|other| other.status == Status::Running && is_backup(other) == is_backup(run))
    };
    let about = run.request.backup();
    let repairs = |other: &Execution| other.kind == ExecutionType::Repair;
    let blocks = |other: &&Execution| {
        if is_backup(run) {
            run.source_id.is_some() && other.source_id == run.source_id
        } else {
            about.is_some() && other.request.backup() == about && (repairs(run) || repairs(other))
        }
    };
    let is_same_job = |other: &&Execution| is_backup(run) && run.job_id.is_some() && other.job_id == run.job_id;
    if running().any(|other| is_same_job(&other)) {
        return "waits for the run of its job that goes on".to_owned();
    }
    match running().find(blocks) {
        Some(other) if is_backup(run) => format!("waits for {}, on the same source", other.job_name),
        Some(other) => format!("waits for the {} of the same backup", other.kind),
        None if running().count() as u64 >= places => {
            format!("waits: {} at a time, as set", units::count(places, "run"))
        }
        None => "waits for its turn".to_owned(),
    }
}
