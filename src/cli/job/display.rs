//! How jobs are shown: in a list, alone, and with what retention would do to their copies.

use chrono_tz::Tz;

use crate::cli::output::column;
use crate::cli::{Cx, show};
use crate::domain::Result;
use crate::domain::job::Hook;
use crate::domain::retention::Policy;
use crate::domain::time;
use crate::domain::units::{count, duration, size};
use crate::ops::adapters::is_copied_whole;
use crate::ops::jobs::{self, JobView, Preview, Revision};
use crate::ops::status::Next;

/// `job list`.
pub fn list(all: &[JobView], cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|job| {
        [
            job.name.clone(),
            job.source.clone(),
            destinations(job),
            job.schedule_text.clone(),
            next(job),
            job.last_run
                .as_ref()
                .map_or_else(|| "never ran".to_owned(), |run| run.status.to_string()),
        ]
    });
    let columns = [
        column("job"),
        column("source").leaves(3),
        column("destinations").wraps().leaves(4),
        column("schedule").wraps().leaves(2),
        column("next").leaves(1),
        column("last run"),
    ];
    let none = "No jobs yet, so nothing is backed up. `backstay job add` makes one.";
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

/// `job show`, of a source of that driver.
pub fn show(job: &JobView, driver: &str, cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(job)?;
        return Ok(0);
    }
    let zone = time::zone(&job.timezone).unwrap_or(Tz::UTC);
    let retry = match job.next {
        Next::Retries(at) => Some(format!("{} (retry)", at.in_zone(zone))),
        _ => None,
    };
    let fires = job.next_fires.iter().map(|fire| fire.in_zone(zone));
    let fires: Vec<String> = retry.into_iter().chain(fires).collect();
    let kept: Vec<String> = job
        .destinations
        .iter()
        .map(|target| format!("{}: keep {}", target.adapter, target.keep))
        .collect();
    let last = job.last_run.as_ref().map(|run| match run.started_at {
        Some(at) => format!("{} {}", run.status, show::time(at)),
        None => run.status.to_string(),
    });
    let mut facts = vec![
        ("name", job.name.clone()),
        ("id", job.id.to_string()),
        ("source", job.source.clone()),
    ];
    facts.extend(job.selection.told(is_copied_whole(driver)));
    facts.extend([
        ("destinations", kept.join("\n")),
        ("schedule", job.schedule_text.clone()),
        ("next", if fires.is_empty() { next(job) } else { fires.join("\n") }),
        ("paused until", job.paused_until.map(show::time).unwrap_or_default()),
        ("compression", job.compression.to_string()),
        (
            "encryption",
            job.profile
                .clone()
                .unwrap_or_else(|| "none: stored in the clear".to_owned()),
        ),
        ("options", options(job)),
        ("hooks", job.hooks.iter().map(hook).collect::<Vec<_>>().join("\n")),
        ("last run", last.unwrap_or_else(|| "never ran".to_owned())),
        (
            "revision",
            format!("{} of {}", job.revision, show::time(job.revised_at)),
        ),
    ]);
    cx.output.facts(&facts)?;
    Ok(0)
}

/// `job revisions`.
pub fn revisions(all: &[Revision], cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|revision| {
        [
            revision.version.to_string(),
            show::moment(revision.created_at),
            revision.author.clone(),
            revision.note.clone(),
        ]
    });
    let columns = [
        column("revision"),
        column("when"),
        column("who").leaves(1),
        column("what").wraps(),
    ];
    cx.output.table(columns, rows, "It has no revisions.")?;
    Ok(0)
}

/// `job retention`.
pub fn retention(name: &str, preview: bool, instead: Option<Policy>, cx: &Cx) -> Result<u8> {
    let mut previews = jobs::preview(&cx.session()?, name, instead)?;
    if !preview {
        for place in &mut previews {
            place.copies.clear();
        }
    }
    if cx.output.is_json() {
        cx.output.json(&previews)?;
        return Ok(0);
    }
    for place in previews {
        cx.output.say(&heading(&place, preview))?;
        if !place.copies.is_empty() {
            let rows = place.copies.into_iter().map(|copy| {
                let verdict = if copy.keep { "keep" } else { "go" };
                [
                    verdict.to_owned(),
                    show::moment(copy.taken_at),
                    copy.backup.short(),
                    size(copy.stored_size),
                    copy.reason,
                ]
            });
            let columns = [
                column(""),
                column("taken at"),
                column("backup").leaves(2),
                column("stored").leaves(1),
                column("why").wraps(),
            ];
            cx.output.table(columns, rows, "")?;
        }
    }
    Ok(0)
}

fn heading(place: &Preview, preview: bool) -> String {
    let policy = if place.keep.keeps_everything() {
        format!("{}: keep {}, every copy stays", place.destination, place.keep)
    } else {
        format!("{}: keep {}", place.destination, place.keep)
    };
    if !preview {
        return policy;
    }
    let going = place.copies.iter().filter(|copy| !copy.keep).count();
    format!("{policy}; {} here, {going} would go", place.copies.len())
}

fn destinations(job: &JobView) -> String {
    let names = job.destinations.iter().map(|target| target.adapter.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn next(job: &JobView) -> String {
    match job.next {
        Next::Retries(at) => format!("retry {}", show::moment(at)),
        Next::Fires(at) => show::moment(at),
        Next::Paused(_) => match job.next_fires.first() {
            Some(fire) => format!("{} (paused)", show::moment(*fire)),
            None => "paused".to_owned(),
        },
        Next::NoEngine => "no engine".to_owned(),
        Next::NotEnabled => "not enabled".to_owned(),
        Next::ByHand => "by hand".to_owned(),
        Next::Never => "never".to_owned(),
    }
}

fn options(job: &JobView) -> String {
    let options = &job.options;
    let told = |yes: bool, what: &str| yes.then(|| what.to_owned());
    let limit = if options.timeout.is_zero() {
        "no time limit".to_owned()
    } else {
        format!("time limit {}", duration(options.timeout))
    };
    let again = match options.retries {
        0 => "no further attempts".to_owned(),
        retries => format!(
            "{}, the first after {}",
            count(retries, "further attempt"),
            duration(options.retry_delay)
        ),
    };
    let parts = [
        Some(limit),
        Some(again),
        told(options.catch_up, "missed runs are made up for"),
        told(options.rerun_interrupted, "interrupted runs are run again"),
        told(!options.read_back, "stored bytes are not read back"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn hook(hook: &Hook) -> String {
    let when = match hook.when {
        crate::domain::job::When::Before => "before",
        crate::domain::job::When::After => "after",
    };
    let by = if hook.shell { " (by the shell)" } else { "" };
    format!(
        "{when}: {}{by}, at most {}",
        hook.command.join(" "),
        duration(hook.timeout)
    )
}
