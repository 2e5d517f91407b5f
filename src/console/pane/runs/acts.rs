//! What can be done with runs: stop them, ask for the same again, keep the log. What a question says will happen is what does.

use super::work::{Ask, Known, ask};
use crate::console::layer::confirm::{Confirm, to_type};
use crate::console::layer::prompt;
use crate::console::message::{Effect, Toast};
use crate::console::model::Cx;
use crate::console::pane::jobs::warned;
use crate::domain::execution::{Execution, ExecutionType, Request, RestoreRequest, Stage, Status};
use crate::domain::units;
use crate::ops::jobs::AfterRun;
use crate::ops::status::Next;

/// Names that are shown before it is only said how many more there are.
const NAMED: usize = 5;

/// What becomes of a run that is told to stop while no engine runs.
const LEFT: &str = "No engine runs: what becomes of it is recorded once one does.";

/// The same behind what it was told.
pub(super) const RECORDED: &str = "no engine runs, so that is recorded once one does";

/// Asks whether these runs are to be stopped; those that have ended are left out.
pub fn cancel(runs: &[Execution], cx: &Cx<'_>) -> Effect {
    let open: Vec<&Execution> = runs.iter().filter(|run| !run.status.is_final()).collect();
    let told = |run: &&&Execution| run.cancel_requested_at.is_none();
    let wanted: Vec<&Execution> = open.iter().filter(told).copied().collect();
    let question = match (runs, open.as_slice(), wanted.as_slice()) {
        ([run], [], _) => return note(format!("run {} has ended already: {}", run.id.short(), run.status)),
        (_, [], _) => return note("none of the marked runs runs or waits".to_owned()),
        (_, [run], []) if is_left(run, cx) => {
            return note(format!("run {} is told to stop already; {RECORDED}", run.id.short()));
        }
        (_, [run], []) => return note(format!("run {} is being cancelled already", run.id.short())),
        (_, several, []) if several.iter().any(|run| is_left(run, cx)) => {
            return note(format!("the marked runs are told to stop already; {RECORDED}"));
        }
        (_, _, []) => return note("the marked runs are being cancelled already".to_owned()),
        (_, _, [run]) => of_one(run, cx, confirmed("Cancel it", &wanted)),
        (_, _, several) => of_several(several, cx, confirmed("Cancel them", &wanted)),
    };
    Effect::Open(Box::new(question))
}

/// Whether it says that it runs, and there is no engine to run it.
fn is_left(run: &Execution, cx: &Cx<'_>) -> bool {
    cx.status.is_some_and(|status| status.is_left(run))
}

type Question = Box<dyn FnOnce(String) -> Confirm>;

fn confirmed(yes: &'static str, runs: &[&Execution]) -> Question {
    let ids = runs.iter().map(|run| run.id).collect();
    Box::new(move |title| Confirm::new(title, yes, vec![ask(Ask::Cancel(ids))]))
}

fn of_one(run: &Execution, cx: &Cx<'_>, question: Question) -> Confirm {
    let question = question(format!("Stop the {} of {}?", run.kind, run.job_name));
    let Some(started) = run.started_at else {
        return question.line(format!("Run {} has not started. It will be skipped.", run.id.short()));
    };
    let question = if is_left(run, cx) {
        let gone = format!(
            "The engine that worked on run {} is gone; nothing works on it now.",
            run.id.short()
        );
        question.line(gone).warn(LEFT)
    } else {
        let since = units::duration(cx.now.since(started));
        question.line(format!("Run {} has been at it for {since}.", run.id.short()))
    };
    let lost = what_is_lost(run);
    let kept = what_stays(run, cx);
    let question = if lost.is_empty() { question } else { question.warn(lost) };
    if kept.is_empty() { question } else { question.line(kept) }
}

fn of_several(runs: &[&Execution], cx: &Cx<'_>, question: Question) -> Confirm {
    let mut question = question(format!("Stop {}?", units::count(runs.len(), "run")));
    for run in runs.iter().take(NAMED) {
        let fate = if run.started_at.is_none() {
            "It has not started and will be skipped.".to_owned()
        } else {
            what_is_lost(run)
        };
        question = question.warn(format!("The {} of {}: {fate}", run.kind, run.job_name));
    }
    if runs.len() > NAMED {
        question = question.warn(format!("and {} more", runs.len() - NAMED));
    }
    if runs.iter().any(|run| is_left(run, cx)) {
        question = question.warn(LEFT);
    }
    question
}

/// What goes when a running run is stopped.
fn what_is_lost(run: &Execution) -> String {
    let written: Vec<String> = run
        .progress
        .copies
        .iter()
        .filter(|(_, bytes)| **bytes > 0)
        .map(|(name, bytes)| format!("{} at {name}", units::size(*bytes)))
        .collect();
    match (run.kind, run.progress.stage) {
        (ExecutionType::Backup, Some(Stage::Retention | Stage::Notify)) => {
            "The backup is written and stays; what retention has not deleted yet stays too.".to_owned()
        }
        (ExecutionType::Backup, _) if written.is_empty() => "It has written nothing yet.".to_owned(),
        (ExecutionType::Backup, _) => format!("What it has written is deleted: {}.", written.join(", ")),
        (ExecutionType::Restore, _) => {
            "The database it is at stays as it was before; what it has read so far was for nothing.".to_owned()
        }
        (ExecutionType::Verify, _) => "The copy it is at stays unproven.".to_owned(),
        (ExecutionType::Repair, _) => {
            "What it has begun of a new copy is taken back; what it has mended stays.".to_owned()
        }
    }
}

fn what_stays(run: &Execution, cx: &Cx<'_>) -> String {
    let goes_on = cx.status.is_some_and(|status| {
        let job = status.jobs.iter().find(|job| job.job == run.job_name);
        job.is_some_and(|job| matches!(status.next(job), Next::Fires(_)))
    });
    match run.kind {
        ExecutionType::Backup if !goes_on => "Earlier backups stay.",
        ExecutionType::Backup => "Earlier backups stay, and the schedule goes on.",
        ExecutionType::Restore => "Databases it is done with stay restored; the run's error will name them.",
        ExecutionType::Verify => "What it has proven stays recorded.",
        ExecutionType::Repair => "Copies it is done with stay.",
    }
    .to_owned()
}

/// Asks for the same again: at once where that harms nothing, after a question where it writes into a database. Of backups it
/// has to be known first what their retention would let go after that.
pub fn again(runs: &[Execution], known: Option<&Known>) -> Effect {
    match runs {
        [] => note("nothing is selected".to_owned()),
        [run] => match &run.request {
            Request::Restore(request) => {
                let effects = vec![ask(Ask::Retry(vec![run.id]))];
                Effect::Open(Box::new(restore_again(run, request, known, effects)))
            }
            Request::Backup => ask(Ask::AfterRetry(vec![run.clone()])),
            Request::Verify(_) | Request::Repair { .. } => ask(Ask::Retry(vec![run.id])),
        },
        several if several.iter().any(|run| run.kind == ExecutionType::Restore) => {
            note("a restore is asked for again by itself; unmark it".to_owned())
        }
        several => ask(Ask::AfterRetry(several.to_vec())),
    }
}

/// That is known: asks for the same again, or asks first, as where a job is run by its name.
pub fn known_again(runs: &[Execution], jobs: &[AfterRun], cx: &Cx<'_>) -> Effect {
    let effects = vec![ask(Ask::Retry(runs.iter().map(|run| run.id).collect()))];
    let question = match runs {
        [run] if jobs.iter().all(AfterRun::only_rotates) => return ask(Ask::Retry(vec![run.id])),
        [run] => Confirm::new(format!("Run job {} again?", run.job_name), "Run it", effects),
        several => {
            let title = format!("Ask for {} again?", units::count(several.len(), "run"));
            let mut question = Confirm::new(title, "Ask", effects);
            for run in several.iter().take(NAMED) {
                question = question.line(format!("{} of {}", run.kind, run.job_name));
            }
            if several.len() > NAMED {
                question = question.line(format!("and {} more", several.len() - NAMED));
            }
            question
        }
    };
    Effect::Open(Box::new(warned(question, jobs, cx)))
}

fn restore_again(run: &Execution, request: &RestoreRequest, known: Option<&Known>, yes: Vec<Effect>) -> Confirm {
    let known = known.filter(|known| known.run.id == run.id);
    let target = known
        .and_then(|known| known.adapters.get(&request.to))
        .map_or_else(String::new, |name| format!(" at {name}"));
    let names: Vec<&str> = request.databases.iter().map(|names| names.target.as_str()).collect();
    let title = format!("Restore {} again?", run.job_name);
    let question = Confirm::new(title, "Restore", yes).line(format!(
        "Backup {} is restored again into {}{target}.",
        request.backup.short(),
        names.join(", ")
    ));
    match to_type(&names, "database").filter(|_| request.options.replace) {
        Some(name) => question
            .warn(format!(
                "What is in {} now is replaced by what is in the backup.",
                names.join(", ")
            ))
            .typed(name),
        None => question.line("Whatever of that name exists by then is left alone, and the run fails."),
    }
}

/// Why there is no backup of a run yet, where one is to come.
pub fn not_yet(run: &Execution) -> Option<Toast> {
    let why = match run.status {
        _ if run.kind != ExecutionType::Backup => return None,
        Status::Pending => "there is no backup yet: this run still waits to start",
        Status::Running => "the backup is still being made",
        _ => return None,
    };
    Some(Toast::note(why))
}

/// Asks for the name of the file a log is written to.
pub fn save_log(run: &Execution, cx: &Cx<'_>) -> Effect {
    let day = run.started_at.unwrap_or(run.created_at).utc().with_timezone(&cx.zone);
    let job: String = run
        .job_name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let name = format!("{job}-{}-{}.log", day.format("%Y-%m-%d"), run.id.short());
    let id = run.id;
    prompt::file(
        "Save the log as",
        "All of it, whatever is shown; only you may read the file. A file that exists stays.",
        &name,
        move |name| ask(Ask::Save(id, name)),
    )
}

/// What waits for nothing and can be told at once.
fn note(text: String) -> Effect {
    Effect::Toast(Toast::note(text))
}
