//! Everything about one job, in lines: how it has been doing first, then what it is.

use std::time::Duration;

use chrono::Datelike;
use chrono_tz::Tz;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::work::Detail;
use super::{Jobs, Known};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::sheet::Sheet;
use crate::console::widget::spark::spark;
use crate::domain::execution::{Execution, Status};
use crate::domain::job::{Hook, Options, Overlap, When};
use crate::domain::time::{Timestamp, zone};
use crate::domain::units::{duration, exact_duration, size};
use crate::domain::words;
use crate::ops::adapters::is_copied_whole;
use crate::ops::jobs::{JobHistory, JobView, PastRun};
use crate::ops::status::{JobStatus, Next, State};

/// Cells of the labels.
const LABEL: usize = 11;

/// Cells a figure beside a spark line may take.
const FIGURE: usize = 12;

impl Jobs {
    /// How the selected job has been doing, and what it is. A name that the title has not enough cells for stands in front.
    pub(super) fn facts(&self, ui: &Ui<'_>, width: usize, title: usize) -> [Vec<Line<'static>>; 2] {
        let Some((row, known)) = self.detail() else {
            return [Vec::new(), Vec::new()];
        };
        let (mut health, mut definition) = (Sheet::new(ui, LABEL, width), Sheet::new(ui, LABEL, width));
        let detail = known.and_then(|known| known.detail.as_deref());
        let standing = detail
            .map(|detail| &detail.history.standing)
            .or_else(|| self.rows.known().of(row));
        if row.name.width() > title {
            health.fact("job", Role::Text, &row.name);
        }
        asleep(&mut health, row);
        why(&mut health, row, standing);
        self.heading(&mut health, row);
        match detail {
            Some(detail) => {
                let known = self.rows.known();
                let open = known.open_run(row.id).filter(|run| !known.is_left(run));
                past(&mut health, detail, open);
            }
            None => not_known(&mut health, known),
        }
        let job = detail.map_or(row, |detail| &detail.job);
        fires(&mut health, job, self.rows.known().next(job));
        about(&mut definition, job, self.driver(job).is_some_and(is_copied_whole));
        [health.lines, definition.lines]
    }

    /// What it backs up, when, to where.
    fn heading(&self, sheet: &mut Sheet<'_>, job: &JobView) {
        sheet.gap();
        let source = self.parts.adapters.iter().find(|adapter| adapter.name == job.source);
        let version = source.and_then(|source| source.metadata.get("version")?.as_str());
        let version = version.map(|version| format!(" ({version})")).unwrap_or_default();
        let about = source.map(|source| format!("  {} {}", source.driver, source.summary));
        let text = format!("{}{}{version}", job.source, about.unwrap_or_default());
        sheet.fact("source", Role::Text, &text);
        sheet.fact("schedule", Role::Text, &job.schedule_text);
        let mut label = "kept";
        for target in &job.destinations {
            sheet.fact(
                label,
                Role::Text,
                &format!("{}: {}", target.adapter, target.keep.describe()),
            );
            label = "";
        }
        let (role, sealed) = match &job.profile {
            Some(profile) => (Role::Text, format!("{}, sealed with {profile}", job.compression)),
            None => (Role::Warn, format!("{}, in the clear", job.compression)),
        };
        sheet.fact("stored", role, &sealed);
    }
}

/// When it runs next by itself, in its own zone.
fn fires(sheet: &mut Sheet<'_>, job: &JobView, next: Next) {
    let zone = zone(&job.timezone).unwrap_or(Tz::UTC);
    sheet.gap();
    let mut label = "next";
    if next == Next::NoEngine {
        let start = failure::in_the_console(sheet.ui, "`backstay daemon start` starts one");
        let text = if sheet.ui.read_only {
            "no engine runs".to_owned()
        } else {
            format!("no engine runs: {start}")
        };
        sheet.fact(label, Role::Warn, &text);
        return;
    }
    let retry = match next {
        Next::Retries(at) => Some((at, "retry ")),
        _ => None,
    };
    let each = job.next_fires.iter().map(|fire| (*fire, ""));
    for (time, what) in retry.into_iter().chain(each) {
        let at = local(time, zone, sheet.ui.now);
        let mut spans = vec![sheet.ui.span(Role::Text, format!("{at:<21} "))];
        if !label.is_empty() {
            spans.push(sheet.ui.span(Role::Muted, format!("{what}{}", sheet.ui.until(time))));
        }
        sheet.row(label, spans);
        label = "";
    }
}

/// With the year where it is neither this one nor the next, of which nobody would think.
fn local(at: Timestamp, zone: Tz, now: Timestamp) -> String {
    let (at, now) = (at.utc().with_timezone(&zone), now.utc().with_timezone(&zone));
    let form = if (now.year()..=now.year() + 1).contains(&at.year()) {
        "%a %d %b %H:%M %Z"
    } else {
        "%a %d %b %Y %H:%M %Z"
    };
    at.format(form).to_string()
}

/// Why its schedule is not followed, if it is not.
fn asleep(sheet: &mut Sheet<'_>, job: &JobView) {
    let idle = sheet.ui.glyphs.idle;
    if let Some(until) = job.paused_until {
        let zone = zone(&job.timezone).unwrap_or(Tz::UTC);
        let at = local(until, zone, sheet.ui.now);
        let text = format!("{idle} paused until {at}, {}", sheet.ui.until(until));
        sheet.text(Role::Warn, &text);
    }
    if !job.enabled && !job.schedule.is_empty() {
        sheet.text(Role::Warn, &format!("{idle} not enabled: nobody follows its schedule"));
    }
}

/// Why it stands as it does, and what to do.
fn why(sheet: &mut Sheet<'_>, job: &JobView, standing: Option<&JobStatus>) {
    let Some(standing) = standing else { return };
    if let Some(late) = standing.late_since {
        let text = format!(
            "{} a run was due {}, and no good backup was made since",
            sheet.ui.glyphs.warn,
            sheet.ui.ago(late)
        );
        sheet.text(Role::Warn, &text);
    }
    let Some(reason) = standing.why(|at| sheet.ui.date(at)) else {
        return;
    };
    let (sign, role) = if matches!(standing.state, State::Failed | State::OutOfReach) {
        (sheet.ui.glyphs.bad, Role::Bad)
    } else {
        (sheet.ui.glyphs.warn, Role::Warn)
    };
    // The job is known here; what else it happened to is not.
    let object = if reason.object.is_empty() || reason.object == format!("job {}", job.name) {
        String::new()
    } else {
        format!("{}: ", reason.object)
    };
    sheet.text(role, &format!("{sign} {object}{}", reason.message));
    if !reason.next.is_empty() {
        let next = failure::in_the_console(sheet.ui, &reason.next);
        sheet.text(Role::Text, &format!("{} {next}", sheet.ui.glyphs.arrow));
    }
}

fn not_known(sheet: &mut Sheet<'_>, known: Option<&Known>) {
    sheet.gap();
    match known.and_then(|known| known.failed.as_ref()) {
        Some(error) => sheet.lines.extend(failure::lines(sheet.ui, error, sheet.width)),
        None => sheet.text(Role::Muted, sheet.ui.reading()),
    }
}

/// How its runs went, how large and how long they were, and whether it could be restored.
fn past(sheet: &mut Sheet<'_>, detail: &Detail, open: Option<&Execution>) {
    let history = &detail.history;
    sheet.gap();
    if history.runs.is_empty() {
        let run = sheet.ui.key(&[Scope::Jobs, Scope::List], Command::Run);
        let told = match open {
            Some(first) if first.started_at.is_some() => "its first one runs now".to_owned(),
            Some(_) => "its first one waits".to_owned(),
            None if sheet.ui.read_only => "it has not run yet".to_owned(),
            None => format!("it has not run yet: {run} runs it now"),
        };
        sheet.fact("runs", Role::Muted, &told);
        if history.standing.last_good.is_none() {
            return;
        }
    } else {
        strips(sheet, history);
    }
    restorable(sheet, &history.standing);
}

fn strips(sheet: &mut Sheet<'_>, history: &JobHistory) {
    let ui = sheet.ui;
    let cells = sheet.room().saturating_sub(FIGURE).clamp(10, 30);
    let last = history
        .runs
        .get(history.runs.len().saturating_sub(cells)..)
        .unwrap_or_default();
    let signs = last.iter().map(|run| {
        let (sign, role) = ui.status(run.status);
        ui.span(role, sign)
    });
    sheet.row(&format!("last {}", last.len()), signs.collect());
    // A run that made nothing has neither a size nor a duration that could be compared.
    let made = |run: &&PastRun| matches!(run.status, Status::Success | Status::Partial);
    let figures = |of: fn(&PastRun) -> Option<u64>| -> Vec<Option<u64>> {
        last.iter().map(|run| Some(run).filter(made).and_then(of)).collect()
    };
    let sizes = figures(|run| run.size);
    let took = figures(|run| run.duration_ms);
    for (label, figures, written) in [
        ("stored", &sizes, size as fn(u64) -> String),
        ("duration", &took, millis),
    ] {
        if let Some(newest) = figures.iter().rev().flatten().next() {
            let line = ui.span(Role::Accent, spark(ui, figures, cells));
            sheet.row(
                label,
                vec![line, ui.span(Role::Text, format!("  {}", written(*newest)))],
            );
        }
    }
    let known = took.iter().flatten().count();
    if let (Some(half), Some(most)) = (history.p50_ms, history.p95_ms)
        && known > 2
    {
        sheet.fact("", Role::Muted, &format!("p50 {}, p95 {}", millis(half), millis(most)));
    }
}

fn millis(ms: u64) -> String {
    duration(Duration::from_millis(ms))
}

fn restorable(sheet: &mut Sheet<'_>, standing: &JobStatus) {
    let ui = sheet.ui;
    let mut label = "restorable";
    if standing.state == State::OutOfReach {
        let text = format!("{} not now: no good copy is in reach", ui.glyphs.bad);
        sheet.fact(label, Role::Bad, &text);
        label = "";
    }
    match (&standing.proven, &standing.last_good) {
        (Some(proven), _) => {
            let text = format!(
                "{} proven {} at level {}",
                ui.glyphs.good,
                ui.ago(proven.verified_at),
                proven.level
            );
            sheet.fact(label, Role::Good, &text);
            label = "";
            if standing
                .last_good
                .as_ref()
                .is_some_and(|good| good.backup != proven.backup)
            {
                let text = format!("that one is of {}; the newest is not proven", ui.ago(proven.taken_at));
                sheet.fact(label, Role::Warn, &text);
            }
        }
        (None, Some(_)) => {
            sheet.fact(
                label,
                Role::Warn,
                &format!(
                    "{} not proven: no copy was read back since it came there",
                    ui.glyphs.warn
                ),
            );
            label = "";
        }
        (None, None) => {
            sheet.fact(
                label,
                Role::Bad,
                &format!("{} no: there is no good backup", ui.glyphs.bad),
            );
            return;
        }
    }
    let text = match (standing.last_restore_ms, standing.last_restore_bytes) {
        (Some(ms), Some(bytes)) => format!("the last restore took {} for {}", millis(ms), size(bytes)),
        (Some(ms), None) => format!("the last restore took {}", millis(ms)),
        (None, _) => "no restore of it succeeded yet".to_owned(),
    };
    sheet.fact(label, Role::Muted, &text);
}

/// The rest of the definition.
fn about(sheet: &mut Sheet<'_>, job: &JobView, is_whole: bool) {
    for (label, text) in job.selection.told(is_whole) {
        sheet.fact(label, Role::Text, &text);
    }
    if !job.schedule.is_empty() {
        sheet.fact("cron", Role::Text, &format!("{}  {}", job.schedule, job.timezone));
    }
    for text in differing(&job.options) {
        sheet.fact("option", Role::Text, &text);
    }
    for hook in &job.hooks {
        sheet.fact("hook", Role::Text, &hook_text(hook));
    }
    let revision = format!("{}, {}", job.revision, sheet.ui.ago(job.revised_at));
    sheet.fact("revision", Role::Text, &revision);
}

/// The options that are not as they are unless somebody says so.
fn differing(options: &Options) -> Vec<String> {
    let usual = Options::default();
    let mut told = Vec::new();
    let mut say = |differs: bool, text: String| {
        if differs {
            told.push(text);
        }
    };
    say(
        options.overlap != usual.overlap,
        match options.overlap {
            Overlap::Skip => "a due run is skipped while the one before it goes on".to_owned(),
            Overlap::Queue => "a due run waits for the one before it".to_owned(),
        },
    );
    say(
        options.catch_up != usual.catch_up,
        "missed runs are not made up for".to_owned(),
    );
    say(
        options.rerun_interrupted != usual.rerun_interrupted,
        "interrupted runs are run again".to_owned(),
    );
    say(
        (options.retries, options.retry_delay) != (usual.retries, usual.retry_delay),
        match options.retries {
            0 => "no retries".to_owned(),
            retries => format!("{retries} retries, from {} on", exact_duration(options.retry_delay)),
        },
    );
    say(
        options.timeout != usual.timeout,
        match options.timeout {
            Duration::ZERO => "no time limit".to_owned(),
            limit => format!("time limit {}", exact_duration(limit)),
        },
    );
    say(
        options.read_back != usual.read_back,
        "stored bytes are not read back".to_owned(),
    );
    told
}

fn hook_text(hook: &Hook) -> String {
    let when = match hook.when {
        When::Before => "before",
        When::After => "after",
    };
    let command = if hook.shell {
        format!("sh -c {}", words::join(&hook.command))
    } else {
        words::join(&hook.command)
    };
    format!("{when}: {command} (at most {})", exact_duration(hook.timeout))
}
