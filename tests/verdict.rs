//! The verdict property: whatever a dump tool wrote before it ended, and however it ended, there is a backup only if it wrote
//! all of it and ended well. A real archive, cut everywhere, by a tool that misbehaves; a real server behind it.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::path::PathBuf;
use std::time::Duration;

use backstay::domain::adapter::AdapterType;
use backstay::domain::execution::{Execution, Request, RestoreOptions, RestoreRequest, Status};
use backstay::domain::id::{AdapterId, JobId};
use backstay::domain::job::Definition;
use backstay::domain::retention::Policy;
use backstay::store::executions;
use serde_json::json;
use support::engine::{JobPlan, Plant, files_below};
use support::fakes::{Behaviour, Ending, Fakes, install};
use support::postgres::{PASSWORD, Server, majors};
use support::process::{lives, wait_for};

const LIMIT: Duration = Duration::from_secs(20);

/// A server with the database `shop`, an archive of it, and an engine whose dump tool does as it is told.
struct Lab {
    server: Server,
    fakes: Fakes,
    plant: Plant,
    source: AdapterId,
    destination: AdapterId,
    archive: PathBuf,
    size: u64,
}

impl Lab {
    fn new() -> Self {
        let server = Server::start(majors()[0]);
        server.create_database("shop");
        server.psql(
            "shop",
            "create table orders (id int primary key, item text);
             insert into orders select i, repeat('x', i % 90) from generate_series(1, 500) i;
             create table empty (); create view seen as select count(*) from orders;
             select lo_from_bytea(0, 'a large object')",
        );
        let plant = Plant::new();
        let archive = plant.path("shop.dump");
        let dumped = server
            .client("pg_dump")
            .args(["-Fc", "-Z0", "-f"])
            .arg(&archive)
            .arg("shop")
            .status();
        assert!(dumped.unwrap().success());
        let fakes = install(&plant.path("bin"), &server.bin(), &Behaviour::Real);
        let config = json!({
            "host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": PASSWORD, "client_dir": fakes.path(),
        });
        Self {
            source: plant.adapter(AdapterType::Source, "postgres", "pg", &config),
            destination: plant.local("disk"),
            size: archive.metadata().unwrap().len(),
            server,
            fakes,
            plant,
            archive,
        }
    }

    fn job(&self, name: &str, edit: &dyn Fn(&mut Definition)) -> JobId {
        self.plant.job(
            name,
            &JobPlan {
                source: self.source,
                destinations: &[(self.destination, "disk", Policy::None)],
                profile: None,
                edit: &|definition| {
                    definition.selection.databases = Some(vec!["shop".to_owned()]);
                    definition.selection.globals = false;
                    definition.options.retries = 0;
                    edit(definition);
                },
            },
        )
    }

    fn cut(&self, bytes: u64, ending: Ending) {
        let file = self.archive.clone();
        self.fakes.behave(&Behaviour::Cut { file, bytes, ending });
    }

    /// Every prefix at an end of the archive, and some between.
    fn prefixes(&self) -> Vec<u64> {
        let mut prefixes: Vec<u64> = (0..16).map(|part| self.size * part / 16).collect();
        prefixes.extend([1, 5, 11, self.size - 10, self.size - 5, self.size - 4, self.size - 1]);
        prefixes
    }

    /// What a run that must not have become a backup leaves: its verdict with a reason, and nothing else.
    fn is_refused(&self, run: &Execution, status: Status, words: &str, case: &str) {
        let log = || format!("{case}:\n{}", self.plant.log_text(run));
        assert_eq!(run.status, status, "{}", log());
        let error = run.error.as_ref().unwrap();
        assert!(error.message.contains(words), "{error:?} of {}", log());
        let named = format!("{} {}", error.object, error.message);
        assert!(
            status == Status::Cancelled || named.contains("shop"),
            "{error:?} of {}",
            log()
        );
        assert_eq!(self.plant.backup_of(run), None, "{}", log());
        assert_eq!(files_below(&self.plant.path("disk")), [""; 0], "{}", log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_prefix_of_a_dump_and_no_bad_end_makes_a_backup() {
    let mut lab = Lab::new();
    let job = lab.job("nightly", &|_| {});
    lab.plant.start();
    let failing = [Ending::Exit(1), Ending::Signal("KILL"), Ending::CloseThenExit(1)];
    let mut cases: Vec<(u64, Ending)> = lab
        .prefixes()
        .into_iter()
        .map(|prefix| (prefix, Ending::Exit(0)))
        .collect();
    for prefix in [0, 11, lab.size / 2, lab.size - 1, lab.size] {
        cases.extend(failing.map(|ending| (prefix, ending)));
    }
    for (bytes, ending) in cases {
        lab.cut(bytes, ending);
        let run = lab.plant.run(Some(job), Request::Backup).await;
        let words = match ending {
            Ending::Exit(0) => "",
            // What it said is not why a signal ended it.
            Ending::Signal(_) => "(pg_dump ended with signal: 9 (SIGKILL))",
            _ => "told to end by",
        };
        let case = format!("{bytes} of {} bytes, then {ending:?}", lab.size);
        lab.is_refused(&run, Status::Failed, words, &case);
    }

    lab.cut(lab.size, Ending::Exit(0));
    let run = lab.plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    assert_eq!(lab.plant.backup_of(&run).unwrap().databases, ["shop"]);
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_hangs_ends_by_its_limit_or_on_request_with_all_its_processes() {
    let mut lab = Lab::new();
    let brief = lab.job("brief", &|definition| {
        definition.options.timeout = Duration::from_secs(1);
    });
    let patient = lab.job("patient", &|_| {});
    lab.plant.start();
    for bytes in [0, lab.size / 2, lab.size] {
        lab.cut(bytes, Ending::Hang);
        let run = lab.plant.run(Some(brief), Request::Backup).await;
        lab.is_refused(&run, Status::Failed, "longer than its limit", &format!("{bytes} bytes"));
    }

    // The tool has a child that holds the same output: both must go, or the next engine finds them still dumping.
    let pids = lab.plant.path("pids");
    let tool = format!(
        "head -c 5 '{}'\nsleep 3600 &\necho \"$$ $!\" > '{}'\nwait",
        lab.archive.display(),
        pids.display()
    );
    lab.fakes.script("pg_dump", &tool);
    let id = lab.plant.ask(Some(patient), Request::Backup);
    let pids = tokio::task::spawn_blocking(move || {
        wait_for("the tool and its child run", LIMIT, || {
            std::fs::read_to_string(&pids).is_ok_and(|text| text.ends_with('\n'))
        });
        std::fs::read_to_string(&pids).unwrap()
    });
    let pids: Vec<u32> = pids
        .await
        .unwrap()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| lives(*pid)));
    let now = lab.plant.instance.clock.now();
    let other = lab.plant.instance.another_connection().unwrap();
    assert!(other.write(|db| executions::request_cancel(db, id, now)).unwrap());
    let run = lab.plant.verdict(id).await;
    lab.is_refused(&run, Status::Cancelled, "cancelled on request", "cancelled");
    wait_for("both processes are gone", LIMIT, || !pids.iter().any(|pid| lives(*pid)));
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_could_not_be_dumped_make_the_run_partial_and_are_named() {
    let mut lab = Lab::new();
    let job = lab.job("nightly", &|definition| definition.selection.globals = true);
    lab.plant.start();
    for (tool, words) in [
        ("\"$real\" \"$@\" | head -c -1", "cut short"),
        ("\"$real\" \"$@\" | head -c 100", "cut short"),
        ("true", "cut short"),
        ("\"$real\" \"$@\"; exit 1", "pg_dumpall ended with"),
        ("\"$real\" \"$@\"; kill -s KILL $$", "pg_dumpall ended with"),
    ] {
        lab.fakes.script("pg_dumpall", tool);
        let run = lab.plant.run(Some(job), Request::Backup).await;
        assert_eq!(run.status, Status::Partial, "{tool}: {}", lab.plant.log_text(&run));
        let error = run.error.clone().unwrap();
        assert!(
            error.object.contains("globals") && error.message.contains(words),
            "{tool}: {error:?}"
        );
        let backup = lab.plant.backup_of(&run).unwrap();
        assert!(!backup.complete);
        assert_eq!(backup.databases, ["shop"]);
        let folder = lab.plant.path("disk").join(run.path.unwrap());
        assert_eq!(files_below(&folder), ["manifest.json", "shop.dump.zst"]);
    }
    lab.fakes.script("pg_dumpall", "exec \"$real\" \"$@\"");
    let run = lab.plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    drop(lab.server);
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_could_not_be_restored_make_the_run_partial_and_are_named() {
    let mut lab = Lab::new();
    lab.server.create_role("helper", "secret", "createdb");
    lab.server.psql("postgres", "create role app");
    let as_helper = json!({
        "host": "127.0.0.1", "port": lab.server.port(), "user": "helper", "password": "secret", "client_dir": lab.fakes.path(),
    });
    let helper = lab.plant.adapter(AdapterType::Source, "postgres", "helper", &as_helper);
    let job = lab.job("nightly", &|definition| definition.selection.globals = true);
    lab.plant.start();
    let run = lab.plant.run(Some(job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    let backup = lab.plant.backup_of(&run).unwrap().id;
    lab.server.psql("postgres", "drop role app");

    for (to, status) in [
        (helper, Status::Partial),
        (lab.source, Status::Success),
        (lab.source, Status::Success),
    ] {
        let request = RestoreRequest {
            backup,
            from: None,
            to,
            databases: Vec::new(),
            globals: true,
            options: RestoreOptions::default(),
        };
        let run = lab.plant.run(None, Request::Restore(request)).await;
        assert_eq!(run.status, status, "{}", lab.plant.log_text(&run));
        if status == Status::Partial {
            let error = run.error.unwrap();
            assert_eq!(error.object, "role app");
            assert!(error.message.contains("permission denied to create role"), "{error:?}");
            assert!(!error.next.is_empty());
        } else {
            assert!(lab.plant.log_text(&run).contains("role helper exists already"));
        }
    }
    drop(lab.server);
    lab.plant.stop().await;
}
