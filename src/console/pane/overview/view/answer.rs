//! The answer to "is everything safe?", and what to do where it is no.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::domain::adapter::Health;
use crate::domain::units;
use crate::ops::status::{self, Following, JobStatus, State};

/// The answer to "is everything safe?" in one sentence, and below it how old the oldest last good backup is.
pub(super) fn answer(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    let of = |state: State| status.jobs.iter().filter(move |job| job.state == state).count();
    let mut parts = Vec::new();
    if status.engine_missing {
        parts.push("no engine runs".to_owned());
    }
    for (number, what, how) in [
        (of(State::Failed), "job", "failed"),
        (of(State::OutOfReach), "job", "out of reach"),
        (of(State::Late), "job", "late"),
        (of(State::Partial), "job", "partial"),
        (status.damaged.len(), "backup", "damaged"),
        (status.ahead.len(), "backup", "ahead of the clock"),
        (of(State::New), "job", "not backed up yet"),
    ] {
        if number > 0 {
            parts.push(format!("{} {how}", units::count(number, what)));
        }
    }
    let restores = status.jobs.iter().filter(|job| job.restore_failed.is_some()).count();
    if restores > 0 {
        parts.push(format!("{} failed", units::count(restores, "restore")));
    }
    for health in [Health::Offline, Health::Degraded] {
        let of = status.unwell.iter().filter(|adapter| adapter.health == health);
        let names: Vec<&str> = of.map(|adapter| adapter.adapter.as_str()).collect();
        if !names.is_empty() {
            parts.push(format!("{} {health}", named(ui, &names)));
        }
    }
    parts.extend(asleep(ui, status));
    match status.sources_without_job.len() {
        0 => {}
        1 => parts.push("1 source has no job".to_owned()),
        number => parts.push(format!("{number} sources have no job")),
    }
    if status.engine.stopping_until().is_some() {
        parts.push("the engine is stopping".to_owned());
    }
    let (sign, role) = match status.exit_code {
        1 => (ui.glyphs.bad, Role::Bad),
        0 if parts.is_empty() => (ui.glyphs.good, Role::Good),
        _ => (ui.glyphs.warn, Role::Warn),
    };
    let oldest = status
        .jobs
        .iter()
        .filter(|job| job.out_of_reach.is_none())
        .filter_map(|job| Some((job.last_good.as_ref()?.taken_at, &job.job)))
        .min();
    if status.jobs.is_empty() {
        parts.insert(0, "no job backs anything up".to_owned());
    }
    let text = if parts.is_empty() {
        "Everything is backed up".to_owned()
    } else {
        capital(&parts.join(&format!(" {} ", ui.glyphs.dot)))
    };
    let mut lines = Vec::new();
    // What ails Backstay's own disk stands above all this. Where nothing else is wrong, all is not well all the same.
    if status.home.is_none() || !parts.is_empty() {
        lines.push(Line::from(vec![
            ui.span(role, format!("{sign} ")),
            ui.span(Role::Title, ui.fit(&text, width.saturating_sub(2))),
        ]));
    }
    let without = status.jobs.iter().find(|job| is_without(job));
    let oldest = match (without, oldest) {
        (Some(job), _) => Some((
            &job.job,
            if job.lost.is_some() { "none left" } else { "never" }.to_owned(),
        )),
        (None, Some((taken_at, job))) => Some((job, ui.age(taken_at))),
        (None, None) => None,
    };
    if let Some((job, age)) = oldest {
        let text = format!("  oldest last good backup: {}, {age}", ui.fit(job, 30));
        lines.push(ui.line(Role::Muted, text));
    }
    lines.extend(unrepaired(ui, status, width));
    lines.extend(steps(ui, status, width));
    lines
}

/// Whether it should have a good backup by now, and has none.
fn is_without(job: &JobStatus) -> bool {
    job.last_good.is_none() && job.state != State::New
}

/// The jobs whose schedule is not followed; of a pause also when it ends, the last one of several.
fn asleep(ui: &Ui<'_>, status: &status::Overview) -> Vec<String> {
    let mut parts = Vec::new();
    let not_enabled = status.asleep(Following::NotEnabled).count();
    if not_enabled > 0 {
        parts.push(format!("{} not enabled", units::count(not_enabled, "job")));
    }
    let paused = status.asleep(Following::Paused);
    let (number, ends) = paused.fold((0, None), |(number, ends), job| {
        (number + 1, ends.max(job.paused_until))
    });
    if let Some(ends) = ends {
        parts.push(format!(
            "{} paused until {}",
            units::count(number, "job"),
            ui.date(ends)
        ));
    }
    parts
}

/// What to do about an adapter that does not answer, the worst of them, about schedules that nobody follows, and
/// about sources that no job backs up, a line each.
fn steps(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut tell = |what: &str, next: &str| {
        let next = failure::in_the_console(ui, next);
        // The arrow stands below the sign, as every next step does.
        let room = width.saturating_sub(next.width() + 2);
        let text = format!("{} {}{next}", ui.glyphs.arrow, ui.fit(what, room).trim_end());
        lines.push(ui.line(Role::Text, text));
    };
    if let Some(worst) = status.unwell.first() {
        let error = failure::kept_as(worst.error.as_deref().unwrap_or("it does not answer"));
        tell(
            &format!("{}: {}", worst.adapter, error.message),
            &format!("; {}", worst.step()),
        );
    }
    let asleep: Vec<&str> = status
        .asleep(Following::NotEnabled)
        .map(|job| job.job.as_str())
        .collect();
    if !asleep.is_empty() {
        let what = format!("nobody follows the schedule of {}", named(ui, &asleep));
        tell(
            &what,
            if ui.read_only {
                ""
            } else {
                "; `backstay job edit` enables it"
            },
        );
    }
    let bare: Vec<&str> = status.sources_without_job.iter().map(String::as_str).collect();
    if !bare.is_empty() {
        let what = format!("no job backs up {}", named(ui, &bare));
        tell(
            &what,
            if ui.read_only {
                ""
            } else {
                "; `backstay job add` adds one"
            },
        );
    }
    lines
}

/// What is not yet repaired, by name, where that is more than is said of the selected job.
fn unrepaired(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Option<Line<'static>> {
    let all = status.unrepaired();
    let mut text = format!("  {} not yet repaired", all.len());
    for (at, (job, how)) in all.iter().enumerate() {
        let item = format!(
            "{} {} {how}",
            if at == 0 { ":" } else { "," },
            ui.fit(job, 20).trim_end()
        );
        let more = format!(", and {} more", all.len() - at);
        let left = if at + 1 == all.len() { 0 } else { more.width() };
        if text.width() + item.width() + left > width {
            text.push_str(&more);
            break;
        }
        text.push_str(&item);
    }
    (all.len() > 1).then(|| ui.line(Role::Text, text))
}

/// How an engine is started, where none runs.
pub(super) fn engine_step(ui: &Ui<'_>, status: &status::Overview, width: usize) -> Vec<Line<'static>> {
    if status.engine.running || ui.read_only {
        return Vec::new();
    }
    let key = ui.key(&[Scope::Overview], Command::StartEngine);
    let is_answered = !status.jobs.is_empty() || status.jobless.is_some();
    let text = if status.engine_missing && is_answered {
        // The answer has said that there is none.
        format!("{key} starts an engine")
    } else {
        format!("no engine runs: {key} starts one")
    };
    failure::signed(ui, Role::Text, ui.glyphs.arrow, &text, width)
}

/// The first few names, and how many there are beyond.
pub(in super::super) fn named(ui: &Ui<'_>, names: &[&str]) -> String {
    const NAMED: usize = 3;
    let mut told: Vec<String> = names.iter().take(NAMED).map(|name| ui.fit(name, 20)).collect();
    if names.len() > NAMED {
        told.push(format!("and {} more", names.len() - NAMED));
    }
    told.join(", ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
