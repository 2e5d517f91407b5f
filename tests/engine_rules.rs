//! The engine's rules as a person meets them: what happens when the last run has not ended, when something fails, hangs, is
//! stopped or was missed; hooks; retention. On a clock that only the test moves, except for limits, which are real and short.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use backstay::catalog::endpoints;
use backstay::clock::Clock;
use backstay::domain::Kind;
use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::{CopyState, Level};
use backstay::domain::execution::{
    Execution, Renamed, Request, RestoreOptions, RestoreRequest, Status, Trigger, VerifyRequest,
};
use backstay::domain::id::{AdapterId, JobId};
use backstay::domain::job::{Definition, Hook, Overlap, When};
use backstay::domain::paging::Edge;
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::ops::{self};
use backstay::store::{audit, backups, executions, housekeeping, jobs, settings};
use rusqlite::Connection;
use serde_json::json;
use support::engine::{JobPlan, Plant, files_below};
use support::postgres::{bin, majors};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_mins(1);

/// An installation on a clock of its own. It shows a time ahead of the machine's, so that no alarm rings by itself.
struct Rules {
    plant: Plant,
    clock: Clock,
    disk: AdapterId,
}

impl Rules {
    fn new() -> Self {
        let clock = Clock::fixed(Timestamp::parse("2060-03-01T00:00:30Z").unwrap());
        let plant = Plant::made_with(clock.clone(), |_| {});
        let disk = plant.local("disk");
        Self { plant, clock, disk }
    }

    fn source(&self, name: &str) -> AdapterId {
        let path = self.plant.path(&format!("{name}.db"));
        let database = Connection::open(&path).unwrap();
        database.execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
        self.plant.sqlite(name, &path)
    }

    fn job_on(&self, source: AdapterId, name: &str, keep: Policy, edit: &dyn Fn(&mut Definition)) -> JobId {
        let destinations = [(self.disk, "disk", keep)];
        self.plant.job(
            name,
            &JobPlan {
                source,
                destinations: &destinations,
                profile: None,
                edit,
            },
        )
    }

    fn job(&self, name: &str, edit: &dyn Fn(&mut Definition)) -> JobId {
        self.job_on(self.source(name), name, Policy::None, edit)
    }

    fn set(&self, key: &str, value: &str) {
        let now = self.clock.now();
        self.plant
            .instance
            .store
            .write(|db| settings::set(db, key, value, now))
            .unwrap();
    }

    /// Moves the clock and lets the engine look at it.
    fn advance(&self, by: Duration) {
        self.clock.set(self.clock.now().plus(by));
        self.set("health_interval_seconds", "0");
    }

    /// The runs of a job, the oldest first.
    fn runs(&self, job: JobId) -> Vec<Execution> {
        let filter = executions::Filter {
            job: Some(job),
            ..executions::Filter::default()
        };
        let mut runs = self
            .plant
            .instance
            .store
            .read(|db| executions::list(db, &filter, Edge::Newest, 100))
            .unwrap();
        runs.sort_by_key(|run| (run.created_at, run.attempt));
        runs
    }

    /// Waits until the runs of a job have these states, the oldest first.
    async fn reaches(&self, job: JobId, wanted: &[Status]) -> Vec<Execution> {
        self.plant
            .when(&format!("runs are {wanted:?}"), || {
                let runs = self.runs(job);
                let states: Vec<Status> = runs.iter().map(|run| run.status).collect();
                (states == wanted).then_some(runs)
            })
            .await
    }

    /// A hook that holds a run up until it is released.
    fn gate(&self, name: &str) -> Gate {
        let path = self.plant.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Gate { path }
    }
}

struct Gate {
    path: PathBuf,
}

impl Gate {
    fn hook(&self) -> Hook {
        hook(When::Before, &["cat", self.path.to_str().unwrap()])
    }

    /// Lets the run go on that is, or will be, held up.
    async fn release(&self) {
        let path = self.path.clone();
        let opened = tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(path));
        opened.await.unwrap().unwrap();
    }
}

fn hook(when: When, command: &[&str]) -> Hook {
    Hook {
        when,
        command: command.iter().map(|&word| word.to_owned()).collect(),
        shell: false,
        timeout: MINUTE,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_run_is_skipped_or_waits_while_the_last_goes_on() {
    for (overlap, second) in [(Overlap::Skip, Status::Skipped), (Overlap::Queue, Status::Pending)] {
        let mut rules = Rules::new();
        let gate = rules.gate("gate");
        let job = rules.job("nightly", &|definition| {
            "* * * * *".clone_into(&mut definition.schedule);
            definition.options.overlap = overlap;
            definition.hooks = vec![gate.hook()];
        });
        rules.plant.start();
        rules.advance(MINUTE);
        rules.reaches(job, &[Status::Running]).await;
        rules.advance(MINUTE);
        rules.reaches(job, &[Status::Running, second]).await;
        rules.advance(MINUTE);
        let runs = rules.reaches(job, &[Status::Running, second, Status::Skipped]).await;
        let reason = &runs[2].error.as_ref().unwrap().message;
        let expected = if overlap == Overlap::Skip {
            "was still running when"
        } else {
            "was still waiting to start when"
        };
        assert!(reason.contains(expected), "{reason}");
        gate.release().await;
        if overlap == Overlap::Queue {
            // Not before the first has let go of the gate, or it is opened for that one again.
            let next = [Status::Success, Status::Running, Status::Skipped];
            rules.reaches(job, &next).await;
            gate.release().await;
        }
        let last = if overlap == Overlap::Skip {
            second
        } else {
            Status::Success
        };
        rules.reaches(job, &[Status::Success, last, Status::Skipped]).await;
        rules.plant.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_may_pass_is_tried_again_later_and_later_and_no_other_is() {
    let mut rules = Rules::new();
    // Nobody listens on port 1.
    let config = json!({"host": "127.0.0.1", "port": 1, "user": "x", "client_dir": bin(majors()[0])});
    let down = rules.plant.adapter(AdapterType::Source, "postgres", "down", &config);
    let passing = rules.job_on(down, "passing", Policy::None, &|_| {});
    let gone = rules.plant.sqlite("gone", &rules.plant.path("no-such.db"));
    let lasting = rules.job_on(gone, "lasting", Policy::None, &|_| {});
    rules.plant.start();
    let asked = rules.clock.now();
    rules.plant.run(Some(lasting), Request::Backup).await;
    rules.plant.run(Some(passing), Request::Backup).await;
    let runs = rules.reaches(passing, &[Status::Failed, Status::Pending]).await;
    assert_eq!((runs[1].attempt, runs[1].trigger), (2, Trigger::Retry));
    assert_eq!(runs[1].not_before, asked.plus(MINUTE));
    rules.advance(MINUTE);
    let runs = rules
        .reaches(passing, &[Status::Failed, Status::Failed, Status::Pending])
        .await;
    assert_eq!(runs[2].not_before, asked.plus(3 * MINUTE));
    rules.advance(2 * MINUTE);
    rules.reaches(passing, &[Status::Failed; 3]).await;
    rules.reaches(lasting, &[Status::Failed]).await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_day_log_lines_go_that_are_older_than_they_are_kept_and_nothing_else() {
    let mut rules = Rules::new();
    let (day, job) = (24 * 60 * MINUTE, rules.job("nightly", &|_| {}));
    rules.set("keep_logs_days", "10");
    rules.plant.start();
    let old = rules.plant.run(Some(job), Request::Backup).await;
    rules.clock.set(rules.clock.now().plus(9 * day));
    let new = rules.plant.run(Some(job), Request::Backup).await;
    assert!(!rules.plant.log(&old).is_empty());
    rules.advance(2 * day);
    rules
        .plant
        .when("the old lines are gone", || {
            rules.plant.log(&old).is_empty().then_some(())
        })
        .await;
    assert!(!rules.plant.log(&new).is_empty());
    assert_eq!(rules.plant.execution(old.id).status, Status::Success);
    assert!(rules.plant.backup_of(&old).is_some());
    let filter = audit::Filter {
        actions: Some(vec!["log.remove".to_owned()]),
        ..audit::Filter::default()
    };
    let told = rules
        .plant
        .instance
        .store
        .read(|db| audit::list(db, &filter, Edge::Newest, 10));
    assert_eq!(told.unwrap().len(), 1);
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_year_ahead_takes_no_log_line_before_it_has_stayed_there_for_a_day() {
    let mut rules = Rules::new();
    let (day, job) = (24 * 60 * MINUTE, rules.job("nightly", &|_| {}));
    let looked = |rules: &Rules| rules.plant.instance.store.read(housekeeping::get).unwrap();
    rules.plant.start();
    let run = rules.plant.run(Some(job), Request::Backup).await;
    for ahead in [Duration::ZERO, day, 500 * day, 60 * MINUTE] {
        rules.advance(ahead);
        if ahead == 60 * MINUTE {
            // An engine that starts anew looks at once.
            rules.plant.stop().await;
            rules.plant.start();
        }
        let now = rules.clock.now();
        let looks = || looked(&rules).filter(|known| known.looked_at == now).map(drop);
        rules.plant.when("it has looked", looks).await;
        assert!(!rules.plant.log(&run).is_empty(), "{ahead:?}");
    }
    rules.advance(day);
    let gone = || rules.plant.log(&run).is_empty().then_some(());
    rules.plant.when("the old lines are gone", gone).await;
    let known = looked(&rules).unwrap();
    assert_eq!(known.removed_at, Some(known.looked_at));
    assert!(known.removed_lines > 0);
    rules.plant.stop().await;
}

/// A named pipe that nobody writes to holds whoever opens it, as a file does on a mount whose server is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_does_not_answer_is_left_for_the_next() {
    let mut rules = Rules::new();
    let (source, other) = (rules.source("shop"), rules.plant.local("other"));
    let job = rules.plant.job(
        "nightly",
        &JobPlan {
            source,
            destinations: &[(rules.disk, "disk", Policy::None), (other, "other", Policy::None)],
            profile: None,
            edit: &|_| {},
        },
    );
    rules.plant.start();
    let run = rules.plant.run(Some(job), Request::Backup).await;
    let backup = rules.plant.backup_of(&run).unwrap();
    let object = format!("disk/{}/shop.db.zst", backup.copies[0].path);
    std::fs::remove_file(rules.plant.path(&object)).unwrap();
    let hanging = rules.gate(&object);
    rules.set("stuck_timeout_seconds", "2");
    let into = rules.plant.sqlite("target", &rules.plant.path("target.db"));
    let restore = Request::Restore(RestoreRequest {
        backup: backup.id,
        from: None,
        to: into,
        databases: vec![Renamed {
            database: "shop".to_owned(),
            target: "target".to_owned(),
        }],
        globals: false,
        options: RestoreOptions::default(),
    });
    let run = rules.plant.run(None, restore).await;
    assert_eq!(run.status, Status::Success, "{}", rules.plant.log_text(&run));
    assert!(rules.plant.log_text(&run).contains("no answer for 1 s"));
    hanging.release().await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_has_its_own_limit_and_what_it_leaves_behind_holds_nothing_up() {
    let mut rules = Rules::new();
    let (gate, up) = (rules.gate("gate"), rules.gate("up"));
    let shell = |command: String| Hook {
        shell: true,
        ..hook(When::Before, &[&command])
    };
    let silent = shell("sleep 2.5".to_owned());
    let (gate_path, up_path) = (gate.path.display(), up.path.display());
    let leaving = shell(format!(
        "setsid sh -c 'echo > {up_path}; cat {gate_path}' & cat {up_path}; echo started"
    ));
    let job = rules.job("nightly", &|definition| {
        definition.hooks = vec![silent.clone(), leaving.clone()];
        definition.options.retries = 0;
    });
    rules.set("stuck_timeout_seconds", "1");
    rules.plant.start();
    let run = rules.plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", rules.plant.log_text(&run));
    assert!(rules.plant.log_text(&run).contains("info initialize started"));
    gate.release().await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_after_the_run_is_stopped_with_it() {
    for by_engine in [false, true] {
        let mut rules = Rules::new();
        let gate = rules.gate("gate");
        let after = Hook {
            when: When::After,
            ..gate.hook()
        };
        let job = rules.job("nightly", &|definition| definition.hooks = vec![after.clone()]);
        rules.set("grace_period_seconds", "0");
        rules.plant.start();
        let id = rules.plant.ask(Some(job), Request::Backup);
        let begun = || {
            let text = rules.plant.log_text(&rules.plant.execution(id));
            text.contains("info notify hook: cat").then_some(())
        };
        rules.plant.when("the hook runs", begun).await;
        let why = if by_engine {
            rules.plant.stop().await;
            "the engine was stopped"
        } else {
            let cancel = |db: &backstay::store::Db| executions::request_cancel(db, id, rules.clock.now());
            assert!(rules.plant.instance.store.write(cancel).unwrap());
            "cancelled on request"
        };
        let run = rules.plant.verdict(id).await;
        assert_eq!(run.status, Status::Partial);
        assert!(rules.plant.backup_of(&run).is_some());
        let message = run.error.unwrap().message;
        assert!(message.contains(why), "{message}");
        if !by_engine {
            rules.plant.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_a_run_is_named_and_nothing_is_called_an_error_or_done() {
    let mut rules = Rules::new();
    let gate = rules.gate("gate");
    let job = rules.job("nightly", &|definition| definition.hooks = vec![gate.hook()]);
    rules.plant.start();
    let id = rules.plant.ask(Some(job), Request::Backup);
    let begun = || {
        let text = rules.plant.log_text(&rules.plant.execution(id));
        text.contains("hook: cat").then_some(())
    };
    rules.plant.when("the hook runs", begun).await;
    let session = rules.plant.session();
    ops::runs::cancel(&session, &id.to_string()).unwrap();
    let run = rules.plant.verdict(id).await;
    assert_eq!(run.status, Status::Cancelled);
    let text = rules.plant.log_text(&run);
    assert!(text.contains("info initialize cancelled by anna"), "{text}");
    assert!(text.contains("initialize stopped after "), "{text}");
    assert!(!text.contains("error ") && !text.contains("done in"), "{text}");
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_once_and_its_stage_is_not_done() {
    let mut rules = Rules::new();
    let job = rules.job("nightly", &|definition| {
        definition.hooks = vec![hook(When::Before, &["false"])];
    });
    rules.plant.start();
    let run = rules.plant.run(Some(job), Request::Backup).await;
    let text = rules.plant.log_text(&run);
    assert_eq!(text.matches("error ").count(), 1, "{text}");
    assert!(text.contains(" stopped after ") && !text.contains("done in"), "{text}");
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_stopped_lets_a_run_end_or_says_that_it_did_not() {
    for (grace, status) in [("60", Status::Success), ("0", Status::Cancelled)] {
        let mut rules = Rules::new();
        let gate = rules.gate("gate");
        let job = rules.job("nightly", &|definition| {
            definition.hooks = vec![gate.hook()];
        });
        rules.set("grace_period_seconds", grace);
        rules.plant.start();
        let id = rules.plant.ask(Some(job), Request::Backup);
        rules.reaches(job, &[Status::Running]).await;
        let plant = &mut rules.plant;
        let released = async {
            if status == Status::Success {
                gate.release().await;
            }
        };
        tokio::join!(plant.stop(), released);
        let run = rules.plant.execution(id);
        assert_eq!(run.status, status);
        assert_eq!(rules.plant.backup_of(&run).is_some(), status == Status::Success);
        if status == Status::Cancelled {
            assert!(run.error.unwrap().message.contains("engine was stopped"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_takes_back_what_the_schedule_asked_for() {
    let mut rules = Rules::new();
    let gate = rules.gate("gate");
    let job = rules.job("nightly", &|definition| {
        "* * * * *".clone_into(&mut definition.schedule);
        definition.options.overlap = Overlap::Queue;
        definition.hooks = vec![gate.hook()];
    });
    rules.plant.start();
    rules.advance(MINUTE);
    rules.reaches(job, &[Status::Running]).await;
    rules.advance(MINUTE);
    rules.reaches(job, &[Status::Running, Status::Pending]).await;
    let now = rules.clock.now();
    let pause = |db: &backstay::store::Db| jobs::set_paused_until(db, job, Some(now.plus(60 * MINUTE)), now);
    rules.plant.instance.store.write(pause).unwrap();
    let runs = rules.reaches(job, &[Status::Running, Status::Skipped]).await;
    assert!(runs[1].error.as_ref().unwrap().message.contains("paused"));
    gate.release().await;
    rules.reaches(job, &[Status::Success, Status::Skipped]).await;
    rules.advance(MINUTE);
    // A person may still ask, and nothing else has started since.
    rules.plant.ask(Some(job), Request::Backup);
    gate.release().await;
    rules
        .reaches(job, &[Status::Success, Status::Skipped, Status::Success])
        .await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_caught_up_with_once() {
    let mut rules = Rules::new();
    let job = |name, catch_up| {
        rules.job(name, &|definition| {
            "*/10 * * * *".clone_into(&mut definition.schedule);
            definition.options.catch_up = catch_up;
        })
    };
    let (wanted, unwanted) = (job("wanted", true), job("unwanted", false));
    rules.advance(10 * 60 * MINUTE + 5 * MINUTE);
    rules.plant.start();
    let runs = rules.reaches(wanted, &[Status::Success]).await;
    assert_eq!(runs[0].trigger, Trigger::CatchUp);
    assert_eq!(rules.runs(unwanted), []);
    rules.plant.stop().await;
    rules.plant.start();
    rules.advance(5 * MINUTE);
    let runs = rules.reaches(unwanted, &[Status::Success]).await;
    assert_eq!(runs[0].trigger, Trigger::Schedule);
    rules.reaches(wanted, &[Status::Success; 2]).await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_decide_and_are_heard() {
    let mut rules = Rules::new();
    let slow = Hook {
        timeout: Duration::from_millis(200),
        ..hook(When::Before, &["sleep", "60"])
    };
    let told = |when, command: &str| Hook {
        shell: true,
        ..hook(when, &[command])
    };
    let cases = [
        ("fails", told(When::Before, "echo no >&2; exit 3"), Status::Failed, "no"),
        (
            "says",
            told(When::Before, "echo nobody asked; echo it is full; exit 3"),
            Status::Failed,
            "nobody asked / it is full (sh ended with exit status: 3)",
        ),
        ("hangs", slow, Status::Failed, "took longer than"),
        (
            "missing",
            hook(When::Before, &["/no/such/program"]),
            Status::Failed,
            "cannot start",
        ),
        (
            "late",
            told(When::After, "echo bad >&2; exit 4"),
            Status::Partial,
            "bad",
        ),
        (
            "loud",
            told(
                When::After,
                "head -c 100000000 /dev/zero; printf 'a\\377b\\n'; echo is $BACKSTAY_STATUS of $BACKSTAY_JOB",
            ),
            Status::Success,
            "",
        ),
    ];
    rules.plant.start();
    for (name, hook, status, words) in cases {
        let job = rules.job(name, &|definition| definition.hooks = vec![hook.clone()]);
        let run = rules.plant.run(Some(job), Request::Backup).await;
        assert_eq!(run.status, status, "{name}: {}", rules.plant.log_text(&run));
        assert_eq!(
            rules.plant.backup_of(&run).is_some(),
            status != Status::Failed,
            "{name}"
        );
        if let Some(error) = &run.error {
            assert!(
                error.object.starts_with("hook") && error.message.contains(words),
                "{error:?}"
            );
        } else {
            assert!(rules.plant.log_text(&run).contains("is success of loud"));
        }
    }
    let folders = files_below(&rules.plant.path("disk"));
    assert!(
        folders
            .iter()
            .all(|file| file.starts_with("late/") || file.starts_with("loud/")),
        "{folders:?}"
    );
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_heard_while_it_runs_and_what_is_not_kept_of_it_is_said() {
    let mut rules = Rules::new();
    let gate = rules.gate("gate");
    let script = "echo one; echo two >&2; seq 2000; echo three >&2; cat \"$0\" >/dev/null; exit 3";
    let command = ["/bin/sh", "-c", script, gate.path.to_str().unwrap()];
    let job = rules.job("nightly", &|definition| {
        definition.hooks = vec![hook(When::Before, &command)];
    });
    rules.plant.start();
    let id = rules.plant.ask(Some(job), Request::Backup);
    let heard = || {
        let text = rules.plant.log_text(&rules.plant.execution(id));
        let told = ["info initialize one", "warn initialize two", "warn initialize three"];
        told.iter().all(|line| text.contains(line)).then_some(text)
    };
    let text = rules.plant.when("the hook is heard", heard).await;
    assert!(text.contains(" 999\n") && !text.contains(" 1000\n"), "{text}");
    gate.release().await;
    let run = rules.plant.verdict(id).await;
    assert_eq!(run.status, Status::Failed);
    assert!(
        run.error
            .as_ref()
            .unwrap()
            .message
            .starts_with("two / three (sh ended with"),
        "{:?}",
        run.error
    );
    let text = rules.plant.log_text(&run);
    let left_out = "901 lines of its output are not kept here; its last ones follow\ninfo initialize 1901\n";
    assert!(text.contains(left_out), "{text}");
    assert!(text.contains("info initialize 2000\n"), "{text}");
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_keeps_what_is_locked_and_deletes_nothing_it_cannot_read() {
    let mut rules = Rules::new();
    let keep = Policy::Simple {
        keep_last: 2,
        min_age: Duration::ZERO,
    };
    let job = rules.job_on(rules.source("shop"), "nightly", keep, &|_| {});
    rules.plant.start();
    let mut made = Vec::new();
    for number in 0..4 {
        rules.advance(MINUTE);
        let run = rules.plant.run(Some(job), Request::Backup).await;
        assert_eq!(run.status, Status::Success, "{}", rules.plant.log_text(&run));
        let backup = rules.plant.backup_of(&run).unwrap();
        if number == 0 {
            let lock = |db: &backstay::store::Db| {
                let manifest = backups::manifest(db, backup.id)?;
                backups::set_lock(db, backup.id, Some("audit"), &manifest, backup.taken_at)
            };
            rules.plant.instance.store.write(lock).unwrap();
        }
        made.push(backup);
    }
    let states = |made: &[backstay::domain::backup::Backup]| -> Vec<CopyState> {
        let state = |id| {
            rules
                .plant
                .instance
                .store
                .read(|db| backups::get(db, id))
                .unwrap()
                .copies[0]
                .state
        };
        made.iter().map(|backup| state(backup.id)).collect()
    };
    let (there, gone) = (CopyState::Present, CopyState::Deleted);
    assert_eq!(states(&made), [there, gone, there, there]);
    let folders = |made: &[&str]| {
        made.iter()
            .flat_map(|folder| [format!("{folder}/manifest.json"), format!("{folder}/shop.db.zst")])
            .collect::<Vec<_>>()
    };
    let path = |number: usize| made[number].copies[0].path.as_str();
    assert_eq!(
        files_below(&rules.plant.path("disk")),
        folders(&[path(0), path(2), path(3)])
    );

    std::fs::write(rules.plant.path("disk").join(path(3)).join("manifest.json"), "{").unwrap();
    rules.advance(MINUTE);
    let run = rules.plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Partial);
    assert!(run.error.clone().unwrap().message.contains("nothing was deleted"));
    assert_eq!(states(&made[3..]), [CopyState::Corrupt]);
    let newest = run.path.unwrap();
    assert_eq!(
        files_below(&rules.plant.path("disk")),
        folders(&[path(0), path(2), path(3), &newest])
    );
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_backups_does_not_wait_behind_those_that_make_them() {
    let mut rules = Rules::new();
    rules.set("max_concurrent_jobs", "1");
    let quick = rules.job("quick", &|_| {});
    let gate = rules.gate("gate");
    let slow = rules.job("slow", &|definition| definition.hooks = vec![gate.hook()]);
    rules.plant.start();
    let run = rules.plant.run(Some(quick), Request::Backup).await;
    let backup = rules.plant.backup_of(&run).unwrap().id;
    rules.plant.ask(Some(slow), Request::Backup);
    rules.advance(MINUTE);
    rules.plant.ask(Some(quick), Request::Backup);
    rules.reaches(slow, &[Status::Running]).await;
    let verify = Request::Verify(VerifyRequest {
        backup,
        destination: None,
        level: Level::Content,
        scratch: None,
    });
    let run = rules.plant.run(None, verify).await;
    assert_eq!(run.status, Status::Success, "{}", rules.plant.log_text(&run));
    rules.reaches(quick, &[Status::Success, Status::Pending]).await;
    gate.release().await;
    rules.reaches(quick, &[Status::Success; 2]).await;
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_has_one_engine() {
    let mut rules = Rules::new();
    let job = rules.job("nightly", &|_| {});
    rules.plant.start();
    rules.plant.run(Some(job), Request::Backup).await;
    let second = backstay::engine::run(Arc::clone(&rules.plant.instance), CancellationToken::new()).await;
    assert_eq!(second.unwrap_err().kind, Kind::Busy);
    rules.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_spool_directory_that_others_use_only_what_is_its_own_is_cleared_away() {
    let (mut plant, other) = (Plant::new(), Plant::new());
    let spool = plant.path("spool");
    std::fs::create_dir(&spool).unwrap();
    for plant in [&plant, &other] {
        let (now, to) = (plant.instance.clock.now(), spool.to_str().unwrap());
        plant
            .instance
            .store
            .write(|db| settings::set(db, "spool_dir", to, now))
            .unwrap();
    }
    let scratch_of = |plant: &Plant| endpoints::tools(&plant.instance).unwrap().scratch;
    let in_use = scratch_of(&other).join("backstay-restore-AbCd12");
    let precious = [
        "backstay-recovery-kit-2026.zip",
        "backstay.toml",
        "backstay-restore-notes",
    ]
    .map(|name| spool.join(name));
    let left = [
        "backstay-restore-AbCd12",
        "backstay_verify_x.db",
        "backstay_verify_x.db-wal",
    ];
    let left = left.map(|name| scratch_of(&plant).join(name));
    for file in precious.iter().chain(&left).chain([&in_use]) {
        std::fs::write(file, "x").unwrap();
    }
    plant.start();
    plant
        .when("the engine is up", || {
            left.iter().all(|file| !file.exists()).then_some(())
        })
        .await;
    plant.stop().await;
    for file in precious.iter().chain([&in_use]) {
        assert!(file.exists(), "{}", file.display());
    }
}
