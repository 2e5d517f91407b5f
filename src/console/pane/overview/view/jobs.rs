//! The jobs: a row of each, and of the selected one why it stands as it does and what would be lost of it.

use ratatui::text::Line;

use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::failure;
use crate::console::widget::table::{Column, Row};
use crate::domain::execution::Status;
use crate::domain::units;
use crate::ops::status::{self, Back, JobStatus, Next, State};

pub(super) const COLUMNS: [Column; 7] = [
    Column::new("", 1, 0, 0),
    Column::new("JOB", 16, 3, 0),
    Column::new("LAST GOOD", 9, 1, 0),
    Column::new("PROVEN", 15, 1, 1),
    Column::new("RESTORE TAKES", 13, 0, 4),
    Column::new("NEXT", 11, 3, 2),
    Column::new("SIZE", 9, 0, 3).right(),
];

pub(super) fn job_row(ui: &Ui<'_>, job: &JobStatus, status: &status::Overview) -> Row {
    let runs = status
        .open
        .iter()
        .any(|run| run.job_name == job.job && run.status == Status::Running && !status.is_left(run));
    let (sign, role) = match job.state {
        _ if runs => (ui.glyphs.running, Role::Running),
        State::Failed | State::OutOfReach => (ui.glyphs.bad, Role::Bad),
        State::Late | State::Partial | State::NotEnabled => (ui.glyphs.warn, Role::Warn),
        State::Good => (ui.glyphs.good, Role::Good),
        State::New => (ui.glyphs.pending, Role::Muted),
        State::Paused => (ui.glyphs.idle, Role::Muted),
    };
    let none = || match job.lost {
        Some(_) => (Role::Bad, "none left".to_owned()),
        None => (Role::Muted, "never".to_owned()),
    };
    let good = job.last_good.as_ref();
    let last = good.map_or_else(none, |good| (Role::Text, ui.ago(good.taken_at)));
    let proven = match &job.proven {
        _ if job.out_of_reach.is_some() => (Role::Bad, "out of reach".to_owned()),
        Some(proven) => (Role::Text, format!("{} {}", proven.level, ui.ago(proven.taken_at))),
        None => none(),
    };
    let takes = match job.back() {
        Back::Measured { ms } => (Role::Text, millis(ms)),
        Back::Estimated { ms, .. } => (Role::Text, format!("about {}", millis(ms))),
        Back::TooLittle { .. } | Back::Unmeasured => (Role::Muted, "not measured".to_owned()),
    };
    let next = match status.next(job) {
        Next::Fires(at) => (Role::Text, ui.until(at)),
        Next::Retries(at) => (Role::Text, format!("retry {}", ui.until(at))),
        Next::Paused(until) => (Role::Warn, format!("paused, {}", ui.until(until))),
        Next::NoEngine => (Role::Warn, "no engine".to_owned()),
        Next::NotEnabled => (Role::Warn, "not enabled".to_owned()),
        Next::ByHand => (Role::Muted, "by hand".to_owned()),
        Next::Never => (Role::Muted, "never".to_owned()),
    };
    let size = good.map_or_else(String::new, |good| units::size(good.logical_size));
    Row::new([
        (role, sign.to_owned()),
        (Role::Text, job.job.clone()),
        last,
        proven,
        takes,
        next,
        (Role::Muted, size),
    ])
}

/// Why the selected job stands as it does and what to do, and what is damaged of it, in at most `most` lines of `width` cells.
/// Where they are too many, the next step stays.
pub(super) fn why(
    ui: &Ui<'_>,
    status: &status::Overview,
    selected: usize,
    width: usize,
    most: usize,
) -> Vec<Line<'static>> {
    let Some(job) = status.jobs.get(selected) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut tell = |role: Role, text: &str, next: &str| {
        let next = failure::in_the_console(ui, next);
        let next = failure::signed(ui, Role::Text, ui.glyphs.arrow, &next, width);
        // A blank line goes before everything.
        let room = most.saturating_sub(lines.len() + 1);
        lines.extend(failure::kept(ui, (role, text), next, width, room));
    };
    if let Some(reason) = job.why(|at| ui.date(at)) {
        let role = if matches!(job.state, State::Failed | State::OutOfReach) {
            Role::Bad
        } else {
            Role::Warn
        };
        let object = if reason.object.is_empty() {
            String::new()
        } else {
            format!("{}: ", reason.object)
        };
        let sign = if role == Role::Bad {
            ui.glyphs.bad
        } else {
            ui.glyphs.warn
        };
        let last = job
            .lost
            .as_ref()
            .map(|lost| format!("; the last was of {}", ui.date(lost.taken_at)));
        let (name, told) = (&job.job, &reason.message);
        let text = format!("{sign} {name}: {object}{told}{}", last.unwrap_or_default());
        tell(role, &text, &reason.next);
    }
    if let Some(failed) = &job.restore_failed {
        let why = failed
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!(": {}", error.message));
        let text = format!(
            "{} {}: the restore of {} failed{why}",
            ui.glyphs.bad,
            job.job,
            ui.date(failed.ended_at)
        );
        tell(
            Role::Bad,
            &text,
            &format!("`backstay runs show {}` says more", failed.run.short()),
        );
    }
    for damaged in status.damaged.iter().filter(|damaged| damaged.job == job.job).take(2) {
        let text = format!(
            "{} {}: backup {}: {}",
            ui.glyphs.warn,
            job.job,
            damaged.backup.short(),
            damaged.told(|at| ui.date(at))
        );
        tell(Role::Warn, &text, &damaged.step());
    }
    for ahead in status.ahead.iter().filter(|ahead| ahead.job == job.job).take(1) {
        let (short, date) = (ahead.backup.short(), ui.date(ahead.taken_at));
        let text = format!("backup {short} is dated {date}, ahead of this machine's clock, and counts for nothing");
        tell(Role::Warn, &text, &ahead.next);
    }
    if !lines.is_empty() {
        lines.insert(0, Line::default());
    }
    lines
}

/// What would be lost of a job if its source died now, and how long it would take to have it back, below a blank line.
pub(super) fn prospects(ui: &Ui<'_>, job: &JobStatus, width: usize) -> Vec<Line<'static>> {
    // Where its good copies are out of reach, what is left is another backup, or none.
    let reachable = job.out_of_reach.as_ref().map(|away| away.left.as_ref());
    let proven = match reachable {
        Some(left) => left.filter(|left| left.proven).map(|left| left.taken_at),
        None => job.proven.as_ref().map(|proven| proven.taken_at),
    };
    let name = ui.fit(&job.job, 20);
    let (role, loss) = match (proven, reachable, &job.last_good) {
        (Some(taken_at), ..) => (Role::Text, format!("{} of {name}", ui.the_last(taken_at))),
        (None, Some(None), _) => (Role::Bad, format!("all of {name}: no good copy in reach")),
        (None, Some(Some(_)), _) | (None, None, Some(_)) => {
            (Role::Warn, format!("maybe all of {name}: no proven backup"))
        }
        (None, None, None) => (Role::Bad, format!("all of {name}: no good backup")),
    };
    let back = match job.back() {
        _ if role == Role::Bad => "never, as it is".to_owned(),
        Back::Measured { ms } => format!("{}, as measured", millis(ms)),
        Back::Estimated { ms, bytes } => {
            format!("{}, estimated from a restore of {}", millis(ms), units::size(bytes))
        }
        Back::TooLittle { bytes } => format!("unknown, the last restore was of {} only", units::size(bytes)),
        Back::Unmeasured => "unknown, no restore was measured yet".to_owned(),
    };
    let line = |label: &str, role: Role, text: &str| {
        let indent = 23;
        let parts = wrapped(text, width.saturating_sub(indent)).into_iter().enumerate();
        let lines = parts.map(|(at, part)| {
            let head = format!("{:<indent$}", if at == 0 { label } else { "" });
            Line::from(vec![ui.span(Role::Muted, head), ui.span(role, part)])
        });
        lines.collect::<Vec<_>>()
    };
    let mut lines = vec![Line::default()];
    lines.extend(line("If it dies now, lost:", role, &loss));
    lines.extend(line("Back within:", Role::Text, &back));
    lines
}

fn millis(ms: u64) -> String {
    units::duration(std::time::Duration::from_millis(ms))
}
