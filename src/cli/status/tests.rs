use super::prospects::prospects;
use super::*;
use crate::cli::output::table;
use crate::domain::adapter::Health;
use crate::domain::backup::{CopyState, Level};
use crate::domain::execution::{Execution, ExecutionType, Failure, Progress, Request, Status, Trigger};
use crate::domain::id::{BackupId, ExecutionId};
use crate::ops::engine_process::EngineStatus;
use crate::ops::status::{
    Broken, Damaged, Following, JobStatus, LastGood, Left, OutOfReach, Proven, RestoreFailed, State, Unwell,
};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T03:00:00Z").unwrap()
}

fn job(name: &str, state: State) -> JobStatus {
    let backup = BackupId::generate(now());
    let failure = Failure {
        message: "cannot write there: no space left on device".to_owned(),
        object: String::new(),
        next: String::new(),
        parts: Vec::new(),
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
        last_restore_bytes: Some(1_073_741_000),
        following: match state {
            State::NotEnabled => Following::NotEnabled,
            State::Paused => Following::Paused,
            _ => Following::Followed,
        },
        restore_failed: None,
        next_fire: Some(now().plus(Duration::from_hours(5))).filter(|_| state != State::NotEnabled),
        retry_at: None,
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
        places: 2,
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
            does: "makes the bad copy anew from the good one at files".to_owned(),
        };
        7
    ];
    let wide = screen(&all, now(), 160, LINES).join("\n");
    let whole = ": `backstay backup repair 0123abcd` makes the bad copy anew from the good one at files";
    assert!(wide.contains(whole), "{wide}");
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
fn a_retry_comes_next_unless_the_job_fires_before() {
    let row = |job: JobStatus| screen(&overview(1, vec![job]), now(), WIDTH, LINES).join("\n");
    let mut failed = job("nightly", State::Failed);
    failed.retry_at = Some(now().plus(Duration::from_mins(4)));
    assert!(row(failed.clone()).contains("  retry in 4m"), "{}", row(failed.clone()));
    failed.next_fire = Some(now().plus(Duration::from_mins(3)));
    let text = row(failed.clone());
    assert!(text.contains("  in 3m") && !text.contains("retry in"), "{text}");
    failed.following = Following::ByHand;
    failed.next_fire = None;
    assert!(row(failed.clone()).contains("  retry in 4m"), "{}", row(failed));
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
        next: "backstay adapter test nas".to_owned(),
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

#[test]
fn a_restore_of_a_part_is_not_told_as_a_measure_of_all() {
    let told = |bytes: u64| {
        let job = JobStatus {
            last_restore_bytes: Some(bytes),
            ..job("nightly", State::Good)
        };
        prospects(&overview(0, vec![job])).remove(1)
    };
    let whole = 1_073_741_000;
    assert_eq!(told(whole), "Back within:           1m 01s, as measured of nightly");
    assert_eq!(
        told(whole / 2),
        "Back within:           2m 02s for nightly, estimated from a restore of 512.0 MiB"
    );
    assert_eq!(
        told(872_448),
        "Back within:           unknown, the last restore of nightly was of 852.0 KiB only"
    );
}
