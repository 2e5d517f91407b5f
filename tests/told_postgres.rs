//! What operators are told of PostgreSQL sources: which databases are not in a backup, that a server is at work although nothing
//! moves, that no client program fits, and what the server itself said. Real servers, and dump tools that do as told.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use backstay::domain::adapter::AdapterType;
use backstay::domain::backup::Level;
use backstay::domain::execution::{Failure, Renamed, Request, RestoreOptions, RestoreRequest, Status, VerifyRequest};
use backstay::domain::id::{AdapterId, JobId};
use backstay::domain::retention::Policy;
use backstay::ops::restore::{self, Wish};
use backstay::store::settings;
use serde_json::json;
use support::engine::{JobPlan, Plant};
use support::fakes::{Behaviour, Fakes, install};
use support::home::{Home, Ran, run};
use support::postgres::{PASSWORD, Server, bin, majors};

/// A server with some databases, and an engine whose dump tool does as it is told.
struct Lab {
    server: Server,
    fakes: Fakes,
    plant: Plant,
    source: AdapterId,
    job: JobId,
}

impl Lab {
    fn new(databases: &[&str]) -> Self {
        let server = Server::start(majors()[0]);
        for name in databases {
            server.create_database(name);
            server.psql(name, "create table t (i int); insert into t values (1)");
        }
        let plant = Plant::new();
        let fakes = install(&plant.path("bin"), &server.bin(), &Behaviour::Real);
        let config = json!({
            "host": "127.0.0.1", "port": server.port(), "user": "postgres", "password": PASSWORD, "client_dir": fakes.path(),
        });
        let source = plant.adapter(AdapterType::Source, "postgres", "pg", &config);
        let plan = JobPlan {
            source,
            destinations: &[(plant.local("disk"), "disk", Policy::None)],
            profile: None,
            edit: &|definition| {
                definition.selection.databases = Some(databases.iter().map(|&name| name.to_owned()).collect());
                definition.selection.globals = false;
                definition.options.retries = 0;
            },
        };
        let job = plant.job("nightly", &plan);
        Self {
            server,
            fakes,
            plant,
            source,
            job,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_database_that_was_not_dumped_is_named() {
    let mut lab = Lab::new(&["shop", "crm", "wiki"]);
    lab.plant.start();
    // One is dumped before the server goes away; what the others meet is the same and has nothing of their names in it.
    let gone = "echo 'pg_dump: error: connection to server was lost;' >&2; exit 1";
    let spares_shop = format!("case \"$*\" in *shop*) exec \"$real\" \"$@\" ;; esac\n{gone}");
    let cases = [
        (gone, Status::Failed, &["shop", "crm", "wiki"][..]),
        (&spares_shop, Status::Partial, &["crm", "wiki"]),
    ];
    for (tool, status, lost) in cases {
        lab.fakes.script("pg_dump", tool);
        let run = lab.plant.run(Some(lab.job), Request::Backup).await;
        assert_eq!(run.status, status, "{}", lab.plant.log_text(&run));
        let error = run.error.clone().unwrap();
        let (first, others) = lost.split_first().unwrap();
        let others: Vec<String> = others.iter().map(|name| format!("database {name}")).collect();
        let ends = format!("; failed too: {}", others.join(", "));
        assert!(error.message.starts_with(&format!("database {first}: ")), "{error:?}");
        assert!(error.message.ends_with(&ends), "{error:?}");
        assert_eq!(
            error.message.matches("connection to server was lost").count(),
            1,
            "{error:?}"
        );
        let told = error.parts.iter().map(|part| part.object.clone());
        assert!(told.eq(lost.iter().map(|name| format!("database {name}"))), "{error:?}");
        let is_whole = |part: &Failure| part.message.contains("connection to server was lost");
        assert!(error.parts.iter().all(is_whole), "{error:?}");
        // Each is in the log once, and what is said at the end repeats none but the first.
        let log = lab.plant.log_text(&run);
        let times = lost.len() + usize::from(status == Status::Failed);
        assert_eq!(log.matches("connection to server was lost").count(), times, "{log}");
        // Nothing of a failed run stays, not even the folder of its job.
        let folder = lab.plant.path("disk").join("nightly");
        assert_eq!(folder.exists(), status == Status::Partial);
    }
    lab.fakes.script("pg_dump", "sleep 3600");
    let now = lab.plant.instance.clock.now();
    let stuck = |db: &backstay::store::Db| settings::set(db, "stuck_timeout_seconds", "1", now);
    lab.plant.instance.store.write(stuck).unwrap();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    let error = run.error.unwrap();
    assert_eq!((run.status, error.object.as_str()), (Status::Failed, "shop"));
    assert!(error.message.contains("not backed up: crm, wiki"), "{error:?}");
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_a_target_rejects_is_corrected_by_the_same_command_as_that_of_a_source() {
    let mut lab = Lab::new(&["shop"]);
    lab.plant.start();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    let backup = lab.plant.backup_of(&run).unwrap().id;
    let config = json!({
        "host": "127.0.0.1", "port": lab.server.port(), "user": "postgres", "password": "not that one",
        "client_dir": lab.fakes.path(),
    });
    let other = lab.plant.adapter(AdapterType::Source, "postgres", "the other", &config);
    let step = "`backstay adapter edit 'the other'`";
    let shop = Renamed {
        database: "shop".to_owned(),
        target: "shop_again".to_owned(),
    };
    let restore = RestoreRequest {
        backup,
        from: None,
        to: other,
        databases: vec![shop.clone()],
        globals: false,
        options: RestoreOptions::default(),
    };
    let verify = VerifyRequest {
        backup,
        destination: None,
        level: Level::Restore,
        scratch: Some(other),
    };
    for request in [Request::Restore(restore), Request::Verify(verify)] {
        let run = lab.plant.run(None, request).await;
        let error = run.error.unwrap();
        assert!(error.next.contains(step), "{error:?}");
    }
    let wish = Wish {
        backup: backup.to_string(),
        to: "the other".to_owned(),
        from: None,
        databases: vec![shop],
        globals: false,
        options: RestoreOptions::default(),
    };
    let refused = restore::plan(&lab.plant.session(), &wish).await.unwrap_err();
    assert!(refused.next.contains(step), "{refused:?}");
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_or_damaged_takes_no_other_with_it() {
    let mut lab = Lab::new(&["shop", "crm"]);
    lab.plant.start();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    let object = lab
        .plant
        .path("disk")
        .join(run.path.clone().unwrap())
        .join("crm.dump.zst");
    std::fs::write(&object, "not a dump").unwrap();
    let backup = lab.plant.backup_of(&run).unwrap().id;
    let restore = |suffix: &str| {
        let renamed = |name: &str| Renamed {
            database: name.to_owned(),
            target: format!("{name}_{suffix}"),
        };
        Request::Restore(RestoreRequest {
            backup,
            from: None,
            to: lab.source,
            databases: ["crm", "shop"].map(renamed).into(),
            globals: false,
            options: RestoreOptions::default(),
        })
    };
    // The second time the copy is known to be damaged, and what of it is whole comes back all the same.
    for suffix in ["tuesday", "again"] {
        let run = lab.plant.run(None, restore(suffix)).await;
        assert_eq!(run.status, Status::Partial, "{}", lab.plant.log_text(&run));
        assert_eq!(run.error.unwrap().object, "crm.dump.zst of the copy at disk");
        assert_eq!(
            lab.server.psql(&format!("shop_{suffix}"), "select count(*) from t"),
            "1"
        );
        let made = lab.server.psql(
            "postgres",
            &format!("select count(*) from pg_database where datname = 'crm_{suffix}'"),
        );
        assert_eq!(made, "0");
    }
    lab.server.psql("postgres", "drop database crm");
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    assert_eq!(run.status, Status::Partial, "{}", lab.plant.log_text(&run));
    let error = run.error.clone().unwrap();
    assert!(
        error.object == "database crm" && error.message.contains("does not exist"),
        "{error:?}"
    );
    assert!(error.next.contains("adapter databases pg"), "{error:?}");
    let log = lab.plant.log_text(&run);
    let place = |part: &str| log.find(part).unwrap_or_else(|| panic!("{part} is not in {log}"));
    assert!(
        place("database crm: does not exist") < place(" read, "),
        "told first: {log}"
    );
    lab.server.psql("postgres", "drop database shop");
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    assert_eq!(run.status, Status::Failed, "{}", lab.plant.log_text(&run));
    assert!(run.error.unwrap().message.contains("exists: shop, crm"));
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_its_owner_and_grants_is_restored_in_part() {
    let mut lab = Lab::new(&["shop"]);
    let owned =
        "create role app; create role guest; alter database shop owner to app; grant create on database shop to guest";
    lab.server.psql("postgres", owned);
    lab.plant.start();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    lab.server.psql("postgres", "drop database shop; drop role app, guest");
    let request = RestoreRequest {
        backup: lab.plant.backup_of(&run).unwrap().id,
        from: None,
        to: lab.source,
        databases: vec![Renamed {
            database: "shop".to_owned(),
            target: "shop".to_owned(),
        }],
        globals: false,
        options: RestoreOptions::default(),
    };
    let run = lab.plant.run(None, Request::Restore(request.clone())).await;
    assert_eq!(run.status, Status::Partial, "{}", lab.plant.log_text(&run));
    let error = run.error.clone().unwrap();
    let told = [
        "database shop: owner not taken over",
        "role \"app\"",
        "grants not taken over",
        "role \"guest\"",
    ];
    let each = error
        .parts
        .iter()
        .map(|part| format!("{}: {}", part.object, part.message));
    let each = each.collect::<Vec<_>>().join("\n");
    assert!(told.iter().all(|part| each.contains(part)), "{error:?}");
    assert!(error.next.contains("restore the roles first"), "{error:?}");
    let log = lab.plant.log_text(&run);
    assert!(log.contains("shop restored as shop"), "{log}");
    assert_eq!(lab.server.psql("shop", "select count(*) from t"), "1");

    // The next step is one: with the roles there is nothing left to tell.
    lab.server.psql("postgres", "create role app; create role guest");
    let again = RestoreRequest {
        options: RestoreOptions {
            replace: true,
            ..RestoreOptions::default()
        },
        ..request
    };
    let run = lab.plant.run(None, Request::Restore(again)).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_read_by_the_programs_its_source_was_given() {
    let mut lab = Lab::new(&["shop"]);
    let empty = lab.plant.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let now = lab.plant.instance.clock.now();
    let elsewhere = |db: &backstay::store::Db| settings::set(db, "postgres_client_dir", empty.to_str().unwrap(), now);
    lab.plant.instance.store.write(elsewhere).unwrap();
    lab.plant.start();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    let verify = Request::Verify(VerifyRequest {
        backup: lab.plant.backup_of(&run).unwrap().id,
        destination: None,
        level: Level::Content,
        scratch: None,
    });
    let run = lab.plant.run(None, verify).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    lab.plant.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_builds_an_index_is_not_stuck() {
    let mut lab = Lab::new(&["shop"]);
    // An index that takes its time: while it is built, no byte moves.
    lab.server.psql(
        "shop",
        "create function slow(i int) returns int immutable language plpgsql as $$
             declare until timestamptz := clock_timestamp() + interval '6 seconds';
             begin while clock_timestamp() < until loop end loop; return i; end $$;
         create index on t (slow(i))",
    );
    lab.plant.start();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    let now = lab.plant.instance.clock.now();
    let stuck = |db: &backstay::store::Db| settings::set(db, "stuck_timeout_seconds", "2", now);
    lab.plant.instance.store.write(stuck).unwrap();
    let request = RestoreRequest {
        backup: lab.plant.backup_of(&run).unwrap().id,
        from: None,
        to: lab.source,
        databases: vec![Renamed {
            database: "shop".to_owned(),
            target: "other".to_owned(),
        }],
        globals: false,
        options: RestoreOptions::default(),
    };
    let run = lab.plant.run(Some(lab.job), Request::Restore(request)).await;
    assert_eq!(run.status, Status::Success, "{}", lab.plant.log_text(&run));
    // Waiting for somebody's lock is no work.
    let mut holder = lab.server.client("psql");
    holder.args(["-d", "shop", "-c", "BEGIN; LOCK TABLE t; SELECT pg_sleep(600)"]);
    let mut holder = holder.spawn().unwrap();
    let run = lab.plant.run(Some(lab.job), Request::Backup).await;
    let _ = (holder.kill(), holder.wait());
    assert_eq!(run.status, Status::Failed, "{}", lab.plant.log_text(&run));
    assert!(run.error.unwrap().message.contains("no progress"));
    lab.plant.stop().await;
}

#[test]
fn a_server_that_no_client_program_fits_is_no_source_for_a_job() {
    let all = majors();
    let (old, new) = (all[0], *all.last().unwrap());
    assert!(old < new, "two versions of PostgreSQL are needed");
    let server = Server::start(new);
    let home = Home::new();
    let clients = format!("client_dir={}", bin(old).display());
    std::fs::create_dir(home.beside("disk")).unwrap();
    let disk = format!("path={}", home.beside("disk").display());
    home.run(&["adapter", "add", "disk", "--driver", "local", "--set", &disk])
        .ok();
    let package = format!("postgresql-client-{new}");
    let told = add_pg(&home, &server, PASSWORD, &["--set", &clients]).ok();
    assert!((told.stdout + &told.stderr).contains(&package));
    let job = ["job", "add", "nightly", "--source", "pg", "--destination", "disk"];
    let told = home.run(&job).exits(1).stderr;
    assert!(told.contains(&package) && told.contains("adapter test pg"), "{told}");
    // Once a client fits, a test finds that, and the job can be.
    let fits = format!("client_dir={}", bin(new).display());
    home.run(&["adapter", "edit", "pg", "--set", &fits]).ok();
    home.run(&job).ok();
}

/// Adds the server as the source pg, by that password.
fn add_pg(home: &Home, server: &Server, password: &str, more: &[&str]) -> Ran {
    let port = format!("port={}", server.port());
    let add = ["adapter", "add", "pg", "--driver", "postgres", "--set", "user=postgres"];
    let at = ["--set", "host=127.0.0.1", "--set", &port];
    let mut command = home.command(&[&add[..], &at, &["--secret", "password=env:PASSWORD"], more].concat());
    command.env("PASSWORD", password);
    run(command, b"")
}

#[test]
fn an_adapter_that_does_not_connect_is_named_and_the_cause_comes_first() {
    let server = Server::start(majors()[0]);
    let home = Home::new();
    let told = add_pg(&home, &server, "not that one", &["--json"]).exits(1).json();
    assert_eq!(told["error"]["object"], "adapter pg");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("connection to server") && message.ends_with("authentication failed for user \"postgres\""),
        "{message}"
    );
}

#[test]
fn a_password_that_the_server_rejects_is_to_be_corrected() {
    let server = Server::start(majors()[0]);
    let home = Home::new();
    add_pg(&home, &server, PASSWORD, &[]).ok();
    std::fs::create_dir(home.beside("disk")).unwrap();
    let disk = format!("path={}", home.beside("disk").display());
    home.run(&["adapter", "add", "disk", "--driver", "local", "--set", &disk])
        .ok();
    home.run(&["job", "add", "nightly", "--source", "pg", "--destination", "disk"])
        .ok();
    let mut edit = home.command(&[
        "adapter",
        "edit",
        "pg",
        "--no-test",
        "--secret",
        "password=env:PASSWORD",
    ]);
    edit.env("PASSWORD", "not that one");
    run(edit, b"").ok();
    let step = "`backstay adapter edit pg`";
    let told = home.run(&["run", "nightly"]).exits(1).stderr;
    assert!(told.contains(step), "{told}");
    let status = home.run(&["status"]).exits(1).stdout;
    assert!(status.contains(step) && !status.contains("adapter test"), "{status}");
    home.run(&["daemon", "stop"]).ok();
}

#[test]
fn rows_for_tables_that_are_there_are_planned_as_such_and_replace_nothing_unasked() {
    let server = Server::start(majors()[0]);
    server.create_database("shop");
    server.psql("shop", "create table t (i int); insert into t values (1), (2)");
    let home = Home::new();
    std::fs::create_dir(home.beside("disk")).unwrap();
    let disk = format!("path={}", home.beside("disk").display());
    home.run(&["adapter", "add", "disk", "--driver", "local", "--set", &disk])
        .ok();
    add_pg(&home, &server, PASSWORD, &[]).ok();
    let _engine = home.start_engine();
    for (job, contents) in [("whole", "all"), ("rows", "data-only")] {
        let of = [
            "--source",
            "pg",
            "--destination",
            "disk",
            "--databases",
            "shop",
            "--contents",
            contents,
        ];
        home.run(&[&["job", "add", job][..], &of].concat()).ok();
        home.run(&["run", job]).ok();
    }
    let restore = |job: &str, more: &[&str]| {
        let backup = format!("latest:{job}");
        home.run(&[&["restore", &backup, "--to", "pg"], more].concat())
    };
    let plan = restore("whole", &["--plan"]).exits(6).stdout;
    assert_eq!(
        plan.matches("shop").count(),
        1,
        "what is in the way is told once: {plan}"
    );
    assert!(plan.contains("database shop holds data already ("), "{plan}");

    // The database is not empty, and nothing in it is in the way.
    server.psql("shop", "truncate t");
    let plan = restore("rows", &["--plan"]).ok().stdout;
    assert!(plan.contains(": adds rows to the tables that are there"), "{plan}");
    restore("rows", &[]).ok();
    assert_eq!(server.psql("shop", "select count(*) from t").trim(), "2");
    let refused = restore("rows", &[]).exits(6).stderr;
    assert!(refused.contains("hold rows already: public.t"), "{refused}");
    let asked = restore("rows", &["--replace"]).exits(6);
    assert!(asked.stdout.contains(": replaces the rows of the tables"), "{asked:?}");
    assert!(asked.stderr.contains("was not confirmed"), "{asked:?}");
    restore("rows", &["--replace", "--yes"]).ok();
    assert_eq!(server.psql("shop", "select count(*) from t").trim(), "2");
}
