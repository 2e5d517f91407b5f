//! Running jobs by hand: at once, or after a question where several are to run, or where the retention would let more backups go
//! than the new one takes the place of: somebody made it stricter, and may want to lock what is there.

use super::act::Act;
use super::work::{Ask, ask};
use crate::console::layer::confirm::Confirm;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::ui::short_date;
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;
use crate::ops::jobs::{AfterRun, Preview};

/// Places that are named in a question.
const NAMED: usize = 4;

/// Runs these jobs, names or ids, once it is known what their retention would let go after that.
pub fn now(jobs: Vec<String>) -> Effect {
    ask(Ask::AfterRun(jobs))
}

/// That is known: runs them, or asks first.
pub fn known(jobs: &[AfterRun], cx: &Cx<'_>) -> Effect {
    let ids: Vec<JobId> = jobs.iter().map(|job| job.job).collect();
    let run = ask(Ask::Act(Act::Run(ids)));
    let going: Vec<String> = jobs
        .iter()
        .flat_map(|job| {
            job.places
                .iter()
                .filter_map(move |place| goes(job, place, jobs.len(), cx))
        })
        .collect();
    let question = match jobs {
        [one] if one.places.iter().all(only_rotates) => return run,
        [one] => Confirm::new(format!("Run job {} now?", one.name), "Run it", vec![run]),
        several => {
            let names: Vec<&str> = several.iter().map(|job| job.name.as_str()).collect();
            Confirm::new(format!("Run {} jobs now?", several.len()), "Run them", vec![run])
                .line(names.join(", "))
                .line("Each is a run of its own; they wait for each other where the settings say so.")
        }
    };
    let more = going.len().saturating_sub(NAMED);
    let question = going.into_iter().take(NAMED).fold(question, Confirm::warn);
    Effect::Open(Box::new(match more {
        0 => question,
        more => question.warn(format!("Backups would go at {more} more.")),
    }))
}

/// Whether no more than one backup makes room for the new one.
fn only_rotates(place: &Preview) -> bool {
    place.copies.iter().filter(|copy| !copy.keep).count() <= 1
}

/// What would go at one destination: `nas keeps the newest 7: the backup of 03 Nov 03:00 would go after the run.`
fn goes(job: &AfterRun, place: &Preview, jobs: usize, cx: &Cx<'_>) -> Option<String> {
    let date = |at: Timestamp| short_date(at, cx.now, cx.zone);
    let going: Vec<Timestamp> = place
        .copies
        .iter()
        .filter(|copy| !copy.keep)
        .map(|copy| copy.taken_at)
        .collect();
    let what = match going.as_slice() {
        [] => return None,
        [one] => format!("the backup of {}", date(*one)),
        [newer, older] => format!("the backups of {} and {}", date(*older), date(*newer)),
        [newest, .., oldest] => format!(
            "{} backups, the oldest of {} and the newest of {},",
            going.len(),
            date(*oldest),
            date(*newest)
        ),
    };
    let of = if jobs == 1 {
        String::new()
    } else {
        format!("{} at ", job.name)
    };
    let (destination, keep) = (&place.destination, place.keep.describe());
    Some(format!(
        "{of}{destination} keeps {keep}: {what} would go after the run."
    ))
}
