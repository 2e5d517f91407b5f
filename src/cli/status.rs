//! `backstay status`: one screen, 24 lines of 80 columns at most, however many jobs there are; narrower where the terminal is.

mod head;
mod jobs;
mod prospects;
mod told;

use std::time::Duration;

use self::head::{engine, headline};
use self::jobs::jobs;
use self::told::told;
use super::output::table::cut;
use super::{Cx, show, terminal};
use crate::domain::Result;
use crate::domain::time::Timestamp;
use crate::domain::{units, words};
use crate::ops::status::{self, Jobless, Overview};

/// A plain terminal.
const LINES: usize = 24;
const WIDTH: usize = 80;

/// A name that is longer is cut.
const NAME: usize = 18;

/// Carries it out.
pub fn run(cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let overview = status::overview(&session)?;
    if cx.output.is_json() {
        cx.output.json(&overview)?;
    } else {
        // What is read by a program is not cut to a screen.
        let (width, lines) = terminal::width().map_or((usize::MAX, usize::MAX), |width| (width.min(WIDTH), LINES));
        for line in screen(&overview, session.now(), width, lines) {
            cx.output.say(&line)?;
        }
    }
    Ok(overview.exit_code)
}

fn screen(overview: &Overview, now: Timestamp, width: usize, screen_lines: usize) -> Vec<String> {
    let mut lines = vec![headline(overview), engine(overview, now)];
    let told = told(overview, width);
    if let Some(jobless) = &overview.jobless {
        lines.extend(restorable(jobless));
        lines.push("A new job goes on from there: `backstay job add` makes one.".to_owned());
        lines.extend(told);
    } else if overview.jobs.is_empty() {
        lines.push("No jobs yet: `backstay job add` makes one, `backstay demo` shows how it looks.".to_owned());
        lines.extend(told);
    } else {
        // What is left of the screen after the blank line and the table's own head.
        let room = screen_lines.saturating_sub(lines.len() + told.len() + 2);
        lines.push(String::new());
        lines.extend(jobs(overview, now, room, width));
        lines.extend(told);
    }
    lines.into_iter().map(|line| cut(&line, width)).collect()
}

/// What can be restored where there is no job, and how.
fn restorable(jobless: &Jobless) -> Vec<String> {
    let newest = words::quoted(&jobless.newest_job);
    let mut lines = vec![
        format!("{}: `backstay backup list`", jobless.told(|names| names.join(", "))),
        format!(
            "The newest is of {}, {}:",
            cut(&jobless.newest_job, NAME),
            show::time(jobless.newest_taken_at)
        ),
        format!("  `backstay restore latest:{newest} --to ADAPTER` gives it back"),
    ];
    let key = "`backstay profile import NAME --key-file FILE`";
    lines.extend(jobless.lacking().map(|lacking| format!("▲ {lacking}:\n  {key}")));
    lines.iter().flat_map(|line| line.lines()).map(str::to_owned).collect()
}

fn age(seconds: u64) -> String {
    units::duration(Duration::from_secs(seconds.max(1)))
}

#[cfg(test)]
mod tests;
