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
use crate::ops::jobs::AfterRun;

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
    let question = match jobs {
        [one] if one.only_rotates() => return run,
        [one] => Confirm::new(format!("Run job {} now?", one.name), "Run it", vec![run]),
        several => {
            let names: Vec<&str> = several.iter().map(|job| job.name.as_str()).collect();
            Confirm::new(format!("Run {} jobs now?", several.len()), "Run them", vec![run])
                .line(names.join(", "))
                .line("Each is a run of its own; they wait for each other where the settings say so.")
        }
    };
    Effect::Open(Box::new(warned(question, jobs, cx)))
}

/// A question about runs of these jobs, with what their retention would let go after that.
pub fn warned(question: Confirm, jobs: &[AfterRun], cx: &Cx<'_>) -> Confirm {
    let date = |at: Timestamp| short_date(at, cx.now, cx.zone);
    let going = jobs.iter().flat_map(|job| {
        let of = if jobs.len() == 1 {
            String::new()
        } else {
            format!("{} at ", job.name)
        };
        job.goes(date).into_iter().map(move |goes| format!("{of}{goes}"))
    });
    let going: Vec<String> = going.collect();
    let more = going.len().saturating_sub(NAMED);
    let question = going.into_iter().take(NAMED).fold(question, Confirm::warn);
    match more {
        0 => question,
        more => question.warn(format!("Backups would go at {more} more.")),
    }
}
