//! `backstay status`: one screen, 24 lines of 80 columns at most, however many jobs there are; narrower where the terminal is.

use std::time::Duration;

use super::output::table::{self, Column, column, cut};
use super::{Cx, show, terminal};
use crate::domain::Result;
use crate::domain::execution::{Execution, Status};
use crate::domain::time::Timestamp;
use crate::domain::{units, words};
use crate::ops::retries;
use crate::ops::status::{self, Following, JobStatus, Jobless, Next, Overview, State};

/// Reasons, damaged backups and open runs that are told of one by one, each.
const OTHERS: usize = 3;

/// A plain terminal.
const LINES: usize = 24;
const WIDTH: usize = 80;

/// A name that is longer is cut.
const NAME: usize = 18;

const COLUMNS: [Column; 6] = [
    column("  job"),
    column("state"),
    column("last good"),
    column("proven by").leaves(1),
    column("size").leaves(3),
    column("next").leaves(2),
];

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

/// The table of jobs, with `room` lines below its head; the least urgent ones are counted only.
fn jobs(overview: &Overview, now: Timestamp, room: usize, width: usize) -> Vec<String> {
    let all = overview.jobs.len();
    let shown = if all > room { room.saturating_sub(1) } else { all };
    let rows = overview.jobs.iter().take(shown).map(|job| job_row(job, overview, now));
    let mut lines = table::lines(COLUMNS, rows, Some(width));
    if all > shown {
        lines.push(format!(
            "  … and {} more, none more urgent: `backstay job list`",
            all - shown
        ));
    }
    lines
}

/// Everything below the table.
fn told(overview: &Overview, width: usize) -> Vec<String> {
    let mut told = Vec::new();
    let home = overview.home.iter();
    told.extend(home.map(|home| format!("✖ {}: {}: {}", home.object, home.message, home.next)));
    if overview.jobs.iter().any(proof_is_of_another) {
        told.push("  A proof with an age is of another backup than the last good one.".to_owned());
    }
    told.extend(first(reasons(overview), "`backstay job list`"));
    let restores = overview.jobs.iter().filter_map(|job| {
        let failed = job.restore_failed.as_ref()?;
        let head = format!("▲ {}: restore failed: ", cut(&job.job, NAME));
        let why = failed.error.as_ref().map_or("", |error| &error.message);
        let command = format!("backstay runs show {}", failed.run.short());
        Some(between(&head, why, &command, width))
    });
    told.extend(first(restores.collect(), "`backstay runs list`"));
    let damaged = overview.damaged.iter().map(|damaged| {
        let head = format!("▲ {}: ", cut(&damaged.job, NAME));
        between(&head, &damaged.told(show::minute), &damaged.next, width)
    });
    told.extend(first(damaged.collect(), "`backstay doctor`"));
    let ahead = overview.ahead.iter().map(|ahead| {
        let (job, date, short) = (&ahead.job, ahead.taken_at.utc().date_naive(), ahead.backup.short());
        format!("▲ {job}, of {date}: check the clock, or `backstay backup remove {short}`")
    });
    told.extend(first(ahead.collect(), "`backstay backup list`"));
    let unwell = overview.unwell.iter().map(|adapter| {
        let name = &adapter.adapter;
        // Behind the dot stands the next step, which is told here anyway.
        let error = adapter.error.as_deref().unwrap_or_default();
        let what = error.split(" · ").next().unwrap_or_default();
        let since = adapter
            .since
            .map_or_else(String::new, |at| format!(" since {}", show::minute(at)));
        let head = format!("▲ {} is {}{since}", cut(name, NAME), adapter.health);
        let what = if what.is_empty() {
            String::new()
        } else {
            format!(", {what}")
        };
        between(
            &head,
            &what,
            &format!("backstay adapter test {}", words::quoted(name)),
            width,
        )
    });
    told.extend(first(unwell.collect(), "`backstay adapter list`"));
    told.extend(not_enabled(overview, width));
    told.extend(without_job(overview, width));
    let open = overview
        .open
        .iter()
        .map(|run| open_line(run, overview.engine.running))
        .collect();
    told.extend(first(open, "`backstay runs list`"));
    told.extend(prospects(overview));
    told
}

/// Sources that nothing backs up.
fn without_job(overview: &Overview, width: usize) -> Option<String> {
    let sources = &overview.sources_without_job;
    let has = if sources.len() == 1 { "has" } else { "have" };
    let tail = format!(" {has} no job: `backstay job add`");
    let room = width.saturating_sub(table::width(&tail) + 2);
    (!sources.is_empty()).then(|| format!("▲ {}{tail}", cut(&sources.join(", "), room)))
}

/// A line whose middle is cut where it is too long for the width, so that the command at its end stays.
fn between(head: &str, middle: &str, command: &str, width: usize) -> String {
    let tail = format!(": `{command}`");
    let room = width.saturating_sub(table::width(head) + table::width(&tail));
    format!("{head}{}{tail}", cut(middle, room))
}

/// The first few of them, and how many there are beyond; `all` shows the rest.
fn first(mut lines: Vec<String>, all: &str) -> Vec<String> {
    if lines.len() > OTHERS {
        let more = lines.split_off(OTHERS - 1).len();
        lines.push(format!("  … and {more} more: {all}"));
    }
    lines
}

fn headline(overview: &Overview) -> String {
    let count = |state: State| overview.jobs.iter().filter(|job| job.state == state).count();
    let wrong = [
        (State::Failed, "failed"),
        (State::OutOfReach, "out of reach"),
        (State::Late, "late"),
        (State::Partial, "partial"),
        (State::New, "not backed up yet"),
    ];
    let mut told: Vec<String> = wrong
        .iter()
        .filter(|(state, _)| count(*state) > 0)
        .map(|(state, word)| format!("{} {word}", count(*state)))
        .collect();
    let not_enabled = overview.asleep(Following::NotEnabled).count();
    if not_enabled > 0 {
        told.push(format!("{not_enabled} not enabled"));
    }
    told.extend(paused(overview));
    let restores = overview.jobs.iter().filter(|job| job.restore_failed.is_some()).count();
    if restores > 0 {
        told.push(format!("{} failed", units::count(restores, "restore")));
    }
    if !overview.damaged.is_empty() {
        told.push(format!("{} damaged", overview.damaged.len()));
    }
    if !overview.ahead.is_empty() {
        told.push(format!("{} ahead of the clock", overview.ahead.len()));
    }
    let unguarded = overview.sources_without_job.len();
    let no_job = if unguarded == 1 {
        "1 source has no job".to_owned()
    } else {
        format!("{unguarded} sources have no job")
    };
    if unguarded > 0 && !overview.jobs.is_empty() {
        told.push(no_job);
    }
    if overview.engine_missing {
        told.push("no engine to do the work".to_owned());
    }
    if overview.home.is_some() {
        told.push("no room to record anything".to_owned());
    }
    if overview.jobless.is_some() {
        told.push("no job backs anything up".to_owned());
    } else if overview.jobs.is_empty() {
        told.push("nothing is backed up".to_owned());
    }
    match overview.exit_code {
        0 if told.is_empty() => "● All is well".to_owned(),
        0 => format!("▲ Every job is well, {}", told.join(", ")),
        1 => format!("✖ {}", told.join(", ")),
        _ => format!("▲ {}", told.join(", ")),
    }
}

/// How many jobs are paused, and when the last pause ends.
fn paused(overview: &Overview) -> Option<String> {
    let paused = overview.asleep(Following::Paused);
    let (number, ends) = paused.fold((0, None), |(number, ends), job| {
        (number + 1, ends.max(job.paused_until))
    });
    ends.map(|ends| format!("{number} paused until {}", show::minute(ends)))
}

/// What to do about jobs that are not enabled.
fn not_enabled(overview: &Overview, width: usize) -> Option<String> {
    let jobs: Vec<&str> = overview
        .asleep(Following::NotEnabled)
        .map(|job| job.job.as_str())
        .collect();
    let first = words::quoted(jobs.first()?);
    let tail = format!(" not enabled: `backstay job edit {first} --enabled yes`");
    let room = width.saturating_sub(table::width(&tail) + 2);
    Some(format!("▲ {}{tail}", cut(&jobs.join(", "), room)))
}

fn engine(overview: &Overview, now: Timestamp) -> String {
    let status = &overview.engine;
    if let Some(until) = status.stopping_until() {
        let (runs, has) = match status.runs_running {
            1 => ("1 run".to_owned(), "has"),
            number => (units::count(number, "run"), "have"),
        };
        let what = if until > now {
            format!("{runs} {has} until {} to end", show::clock(until))
        } else {
            format!("cancels {runs}")
        };
        let waiting = match status.runs_pending {
            0 => String::new(),
            1 => "; 1 waits for the next engine".to_owned(),
            number => format!("; {number} wait for the next engine"),
        };
        return format!("Engine stopping: {what}{waiting}");
    }
    match &status.engine {
        Some(engine) => format!(
            "Engine running for {}, {}, {} waiting",
            units::duration(now.since(engine.started_at)),
            units::count(status.runs_running, "run"),
            status.runs_pending
        ),
        None if status.running => "Engine is just starting".to_owned(),
        None if overview.engine_missing => "Engine not running: `backstay daemon start`".to_owned(),
        None => "Engine not running; `backstay run` or `backstay daemon start` starts it".to_owned(),
    }
}

fn job_row(job: &JobStatus, overview: &Overview, now: Timestamp) -> [String; 6] {
    let (mark, word) = match job.state {
        State::Good => ("●", "good"),
        State::New => ("○", "not yet"),
        State::Paused => ("○", "paused"),
        State::Partial => ("▲", "partial"),
        State::NotEnabled => ("▲", "not enabled"),
        State::Late => ("▲", "late"),
        State::Failed => ("✖", "failed"),
        State::OutOfReach => ("✖", "out of reach"),
    };
    let good = job
        .last_good
        .as_ref()
        .map_or_else(|| none_good(job).to_owned(), |good| age(good.age_seconds));
    let proven = match &job.proven {
        _ if job.out_of_reach.is_some() => "out of reach".to_owned(),
        None => "nothing".to_owned(),
        Some(proven) if proof_is_of_another(job) => format!("{}, {}", proven.level, age(proven.age_seconds)),
        Some(proven) => proven.level.to_string(),
    };
    let size = job
        .last_good
        .as_ref()
        .map(|good| units::size(good.logical_size))
        .unwrap_or_default();
    let next = match overview.next(job) {
        Next::Fires(at) => ahead(at, now),
        Next::Paused(until) => format!("paused for {}", units::duration(until.since(now))),
        Next::NoEngine => "no engine".to_owned(),
        Next::NotEnabled => "not enabled".to_owned(),
        Next::ByHand => "by hand".to_owned(),
        Next::Never => "never".to_owned(),
    };
    [
        format!("{mark} {}", cut(&job.job, NAME)),
        word.to_owned(),
        good,
        proven,
        size,
        next,
    ]
}

/// What stands for the age of a good backup where there is none.
const fn none_good(job: &JobStatus) -> &'static str {
    if job.lost.is_some() { "none left" } else { "never" }
}

/// Whether what was proven is another backup than the last good one.
fn proof_is_of_another(job: &JobStatus) -> bool {
    match (&job.proven, &job.last_good) {
        (Some(proven), Some(good)) => proven.backup != good.backup,
        (proven, _) => proven.is_some(),
    }
}

fn reasons(overview: &Overview) -> Vec<String> {
    let told = overview.jobs.iter().filter_map(|job| {
        let failure = job.why(show::minute)?;
        let last = job
            .lost
            .as_ref()
            .map(|lost| format!("; the last was of {}", show::time(lost.taken_at)));
        Some(format!(
            "  {}: {}{}",
            job.job,
            failure.message,
            last.unwrap_or_default()
        ))
    });
    let late = overview
        .jobs
        .iter()
        .filter(|job| job.reason.is_none())
        .filter_map(|job| {
            Some(format!(
                "  {}: no good backup since it was due {}",
                job.job,
                show::time(job.late_since?)
            ))
        });
    told.chain(late).collect()
}

fn open_line(run: &Execution, engine_runs: bool) -> String {
    let progress = &run.progress;
    if !engine_runs && run.status == Status::Running {
        return format!(
            "✖ {} {}: its engine is gone; the next one records what it left",
            run.job_name, run.kind
        );
    }
    match (run.status, progress.stage) {
        _ if retries::waits(run) => format!(
            "◌ {} {}: tries again at {}, attempt {}",
            run.job_name,
            run.kind,
            show::clock(run.not_before),
            run.attempt
        ),
        (Status::Running, Some(stage)) => {
            let of = if progress.compressing_rest {
                ", compressing the rest".to_owned()
            } else if progress.estimated_bytes > 0 {
                format!(" of about {}", units::size(progress.estimated_bytes))
            } else {
                String::new()
            };
            format!(
                "▶ {} {}: {stage} {} {}{of}",
                run.job_name,
                run.kind,
                progress.object,
                units::size(progress.plain_bytes)
            )
        }
        (status, _) => format!("▶ {} {}: {status}", run.job_name, run.kind),
    }
}

/// What would be lost, and how long it would take, if a source died now: measured, of the job that stands worst.
fn prospects(overview: &Overview) -> Vec<String> {
    let without = |wanted: fn(&JobStatus) -> bool| {
        let mut jobs = overview.jobs.iter().filter(move |job| wanted(job));
        jobs.next().map(|job| and_others(&job.job, 1 + jobs.count()))
    };
    let away = without(|job| job.out_of_reach.as_ref().is_some_and(|away| away.left.is_none()));
    let bereft = without(|job| job.proven.is_none() && job.last_good.is_none());
    let unproven = without(|job| match &job.out_of_reach {
        Some(away) => away.left.as_ref().is_some_and(|left| !left.proven),
        None => job.proven.is_none(),
    });
    let oldest = overview
        .jobs
        .iter()
        .filter_map(|job| Some((left_age(job)?, &job.job)))
        .max();
    let loss = match (bereft, away, unproven, oldest) {
        (Some(jobs), ..) => format!("all of {jobs}: no good backup"),
        (_, Some(jobs), ..) => format!("all of {jobs}: no good copy in reach"),
        (_, _, Some(jobs), _) => format!("maybe all of {jobs}: no proven backup"),
        (_, _, _, Some((seconds, job))) => format!("the last {} of {job}", age(seconds)),
        (_, _, _, None) => return Vec::new(),
    };
    let slowest = overview
        .jobs
        .iter()
        .filter_map(|job| Some((job.last_restore_ms?, &job.job)))
        .max();
    let unmeasured = overview.jobs.iter().filter(|job| job.last_restore_ms.is_none());
    let (first, count) = (unmeasured.clone().next(), unmeasured.count());
    let unknown = first.map_or_else(String::new, |job| {
        format!("; unknown of {}", and_others(&job.job, count))
    });
    let back = slowest.map_or_else(
        || "unknown, no restore was measured yet".to_owned(),
        |(ms, job)| {
            let took = units::duration(Duration::from_millis(ms));
            format!("{took}, as measured of {job}{unknown}")
        },
    );
    vec![
        format!("If it dies now, lost:  {loss}"),
        format!("Back within:           {back}"),
    ]
}

/// The age in seconds of what would be left of a job.
fn left_age(job: &JobStatus) -> Option<u64> {
    match &job.out_of_reach {
        Some(away) => Some(away.left.as_ref()?.age_seconds),
        None => Some(job.proven.as_ref()?.age_seconds),
    }
}

/// `shop and 3 more`.
fn and_others(first: &str, count: usize) -> String {
    match count {
        0 | 1 => first.to_owned(),
        _ => format!("{first} and {} more", count - 1),
    }
}

fn age(seconds: u64) -> String {
    units::duration(Duration::from_secs(seconds.max(1)))
}

fn ahead(at: Timestamp, now: Timestamp) -> String {
    format!("in {}", units::duration(at.since(now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::adapter::Health;
    use crate::domain::backup::{CopyState, Level};
    use crate::domain::execution::{ExecutionType, Failure, Progress, Request, Trigger};
    use crate::domain::id::{BackupId, ExecutionId};
    use crate::ops::engine_process::EngineStatus;
    use crate::ops::status::{Broken, Damaged, LastGood, Left, OutOfReach, Proven, RestoreFailed, Unwell};

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-21T03:00:00Z").unwrap()
    }

    fn job(name: &str, state: State) -> JobStatus {
        let backup = BackupId::generate(now());
        let failure = Failure {
            message: "cannot write there: no space left on device".to_owned(),
            object: String::new(),
            next: String::new(),
        };
        JobStatus {
            out_of_reach: None,
            job: name.to_owned(),
            state,
            reason: Some(failure).filter(|_| state == State::Failed),
            last_run: None,
            last_good: Some(LastGood {
                backup,
                taken_at: now(),
                age_seconds: 8_000,
                logical_size: 1_073_741_000,
                stored_size: 1,
            }),
            lost: None,
            proven: Some(Proven {
                backup,
                taken_at: now(),
                age_seconds: 8_000,
                level: Level::Restore,
                verified_at: now(),
            }),
            last_restore_ms: Some(61_000),
            following: match state {
                State::NotEnabled => Following::NotEnabled,
                State::Paused => Following::Paused,
                _ => Following::Followed,
            },
            restore_failed: None,
            next_fire: Some(now().plus(Duration::from_hours(5))).filter(|_| state != State::NotEnabled),
            late_since: None,
            paused_until: Some(now().plus(Duration::from_hours(2))).filter(|_| state == State::Paused),
        }
    }

    fn overview(exit_code: u8, jobs: Vec<JobStatus>) -> Overview {
        Overview {
            exit_code,
            engine: EngineStatus {
                running: true,
                engine: None,
                runs_running: 0,
                runs_pending: 0,
            },
            engine_missing: false,
            home: None,
            jobs,
            open: Vec::new(),
            damaged: Vec::new(),
            ahead: Vec::new(),
            unwell: Vec::new(),
            sources_without_job: Vec::new(),
            jobless: None,
        }
    }

    fn waiting_retry() -> Execution {
        Execution {
            id: ExecutionId::generate(now()),
            job_id: None,
            job_name: "nightly".to_owned(),
            revision: None,
            kind: ExecutionType::Backup,
            status: Status::Pending,
            trigger: Trigger::Retry,
            triggered_by: String::new(),
            attempt: 2,
            source_id: None,
            created_at: now(),
            not_before: now(),
            started_at: None,
            ended_at: None,
            cancel_requested_at: None,
            size: None,
            path: None,
            error: None,
            progress: Progress::default(),
            request: Request::Backup,
        }
    }

    #[test]
    fn one_screen_however_much_there_is_to_tell_and_all_of_it_counted() {
        let jobs: Vec<JobStatus> = (0..40)
            .map(|number| job(&format!("job-{number}"), State::Failed))
            .collect();
        let mut all = overview(1, jobs);
        all.open = vec![waiting_retry(); 9];
        all.damaged = vec![
            Damaged {
                backup: BackupId::generate(now()),
                job: "nightly".to_owned(),
                destinations: vec!["nas".to_owned()],
                copies: vec![Broken {
                    destination: "nas".to_owned(),
                    state: CopyState::Corrupt,
                    found_at: Some(now()),
                }],
                next: "backstay backup repair 0123abcd".to_owned(),
            };
            7
        ];
        for width in [50, 80] {
            let shown = screen(&all, now(), width, LINES);
            assert!(shown.len() <= LINES, "{shown:#?}");
            assert!(shown.iter().all(|line| table::width(line) <= width), "{shown:#?}");
            let text = shown.join("\n");
            for more in ["and 38 more:", "and 5 more:", "and 7 more:"] {
                assert!(text.contains(more), "{more}: {text}");
            }
        }
    }

    #[test]
    fn a_job_without_a_backup_and_a_home_without_a_job_are_not_well() {
        let head = |overview: &Overview| screen(overview, now(), WIDTH, LINES).remove(0);
        let fresh = JobStatus {
            last_good: None,
            proven: None,
            ..job("nightly", State::New)
        };
        assert_eq!(head(&overview(3, vec![fresh])), "▲ 1 not backed up yet");
        assert_eq!(head(&overview(3, Vec::new())), "▲ nothing is backed up");
    }

    #[test]
    fn a_schedule_that_is_not_followed_is_not_all_well_and_nothing_comes_by_hand() {
        let jobs = |state| vec![job("nightly", state), job("shop", State::Good)];
        let paused = screen(&overview(0, jobs(State::Paused)), now(), WIDTH, LINES);
        assert!(
            paused[0].starts_with("▲ Every job is well, 1 paused until 2026-11-21 "),
            "{paused:#?}"
        );
        assert!(paused.iter().any(|line| line.contains("paused for 2h")), "{paused:#?}");
        let off = screen(&overview(3, jobs(State::NotEnabled)), now(), WIDTH, LINES);
        assert_eq!(off[0], "▲ 1 not enabled");
        let text = off.join("\n");
        assert!(text.contains("▲ nightly  not enabled"), "{text}");
        assert!(!text.contains("by hand"), "{text}");
        assert!(
            text.contains("▲ nightly not enabled: `backstay job edit nightly --enabled yes`"),
            "{text}"
        );
    }

    #[test]
    fn without_an_engine_nothing_is_told_as_going_to_fire() {
        let mut left = overview(1, vec![job("nightly", State::Good)]);
        left.engine.running = false;
        let text = screen(&left, now(), WIDTH, LINES).join("\n");
        assert!(text.contains("no engine") && !text.contains("in 5h"), "{text}");
    }

    #[test]
    fn a_restore_that_failed_is_not_all_well_and_is_named() {
        let mut failed = job("nightly", State::Good);
        let run = ExecutionId::generate(now());
        failed.restore_failed = Some(RestoreFailed {
            run,
            ended_at: now(),
            error: job("x", State::Failed).reason,
        });
        let text = screen(&overview(3, vec![failed]), now(), WIDTH, LINES).join("\n");
        assert!(text.starts_with("▲ 1 restore failed\n"), "{text}");
        let line = format!("`backstay runs show {}`", run.short());
        assert!(
            text.contains("▲ nightly: restore failed: cannot") && text.contains(&line),
            "{text}"
        );
    }

    #[test]
    fn a_job_that_failed_and_is_not_enabled_is_said_to_be_both() {
        let mut failed = job("nightly", State::Failed);
        failed.following = Following::NotEnabled;
        let shown = screen(&overview(1, vec![failed]), now(), WIDTH, LINES);
        assert_eq!(shown[0], "✖ 1 failed, 1 not enabled");
    }

    #[test]
    fn without_a_job_the_backups_that_there_are_are_named_with_the_way_to_restore_them() {
        let mut none = overview(3, Vec::new());
        none.jobless = Some(Jobless {
            backups: 3,
            without_key: 2,
            destinations: vec!["far".to_owned(), "nas".to_owned()],
            newest: BackupId::generate(now()),
            newest_job: "nightly".to_owned(),
            newest_taken_at: now(),
        });
        let text = screen(&none, now(), WIDTH, LINES).join("\n");
        for told in [
            "▲ no job backs anything up\n",
            "3 backups lie at far, nas: `backstay backup list`",
            "`backstay restore latest:nightly --to ADAPTER`",
            "2 of them are sealed with a key that is not here:",
            "`backstay profile import",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(
            !text.contains("nothing is backed up") && !text.contains("No jobs yet"),
            "{text}"
        );
    }

    #[test]
    fn a_proof_of_another_backup_is_said_to_be_one() {
        let same = screen(&overview(0, vec![job("nightly", State::Good)]), now(), WIDTH, LINES).join("\n");
        assert!(!same.contains("another backup") && !same.contains("restore,"), "{same}");
        let mut other = job("nightly", State::Good);
        if let Some(proven) = &mut other.proven {
            proven.backup = BackupId::generate(now());
            proven.age_seconds = 200_000;
        }
        let other = screen(&overview(0, vec![other]), now(), WIDTH, LINES).join("\n");
        assert!(
            other.contains("another backup") && other.contains("restore, 2d 7h"),
            "{other}"
        );
    }

    #[test]
    fn a_source_without_a_job_is_not_all_well_and_is_named() {
        let mut well = overview(0, vec![job("nightly", State::Good)]);
        well.sources_without_job = vec!["crm".to_owned(), "shop".to_owned()];
        let text = screen(&well, now(), WIDTH, LINES).join("\n");
        assert!(
            text.starts_with("▲ Every job is well, 2 sources have no job\n"),
            "{text}"
        );
        assert!(text.contains("▲ crm, shop have no job: `backstay job add`"), "{text}");
    }

    #[test]
    fn what_is_wrong_is_cut_before_what_to_do() {
        let mut unwell = overview(0, vec![job("nightly", State::Good)]);
        unwell.unwell = vec![Unwell {
            adapter: "nas".to_owned(),
            health: Health::Offline,
            since: None,
            error: Some("cannot reach it: no route to host was found, though it was tried · look at it".to_owned()),
        }];
        let text = screen(&unwell, now(), WIDTH, LINES).join("\n");
        let line = text
            .lines()
            .find(|line| line.starts_with("▲ nas is offline, cannot reach it"));
        assert!(
            line.is_some_and(|line| line.ends_with(": `backstay adapter test nas`")),
            "{text}"
        );
    }

    #[test]
    fn what_would_be_lost_is_told_by_what_is_left() {
        let told = |job: JobStatus| prospects(&overview(3, vec![job])).remove(0);
        let unproven = JobStatus {
            proven: None,
            ..job("nightly", State::Good)
        };
        let bereft = JobStatus {
            last_good: None,
            ..unproven.clone()
        };
        let away = JobStatus {
            out_of_reach: Some(OutOfReach {
                destinations: Vec::new(),
                left: None,
            }),
            ..job("nightly", State::OutOfReach)
        };
        let mut older = away.clone();
        older.out_of_reach.as_mut().unwrap().left = Some(Left {
            backup: BackupId::generate(now()),
            taken_at: now(),
            age_seconds: 90_000,
            proven: true,
        });
        assert!(told(away).ends_with("all of nightly: no good copy in reach"));
        assert!(told(older).ends_with("the last 1d 1h of nightly"));
        assert!(told(unproven).ends_with("maybe all of nightly: no proven backup"));
        assert!(told(bereft).ends_with("all of nightly: no good backup"));
    }

    #[test]
    fn an_attempt_that_waits_is_shown() {
        let mut waiting = overview(1, vec![job("nightly", State::Failed)]);
        waiting.open = vec![waiting_retry()];
        let text = screen(&waiting, now(), WIDTH, LINES).join("\n");
        assert!(text.contains("tries again at") && text.contains("attempt 2"), "{text}");
    }
}
