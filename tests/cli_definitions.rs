//! Adapters, jobs and settings from the command line: shapes scripts rely on, exit codes, and what is refused.

#[path = "support/lib.rs"]
mod support;

use std::fs;

use backstay::clock::Clock;
use backstay::domain::time::Timestamp;
use serde_json::Value;
use support::home::{Home, run};
use support::shape;
use support::shop::Shop;

#[test]
fn answers_keep_their_shape() {
    let shop = Shop::new();
    let directory = shop.home.beside("");
    let place = directory.to_str().unwrap().trim_end_matches('/');
    let json = |arguments: &[&str]| shape::of(shop.home.json(arguments), place.as_ref());

    insta::assert_json_snapshot!("adapter_list", json(&["adapter", "list"]));
    insta::assert_json_snapshot!("adapter_show", json(&["adapter", "show", "files"]));
    insta::assert_json_snapshot!("adapter_test", json(&["adapter", "test", "files"]));
    insta::assert_json_snapshot!("adapter_databases", json(&["adapter", "databases", "shop"]));
    let tables = ["adapter", "databases", "shop", "--database", "shop"];
    insta::assert_json_snapshot!("adapter_tables", json(&tables));
    insta::assert_json_snapshot!("adapter_drivers", json(&["adapter", "drivers", "local"]));
    insta::assert_json_snapshot!(
        "profile_create",
        json(&["profile", "create", "prod", "--description", "the shop"])
    );
    let add = [
        "job",
        "add",
        "nightly",
        "--source",
        "shop",
        "--destination",
        "files",
        "--destination",
        "nas",
    ];
    let more = [
        "--profile",
        "prod",
        "--schedule",
        "0 3 * * *",
        "--timezone",
        "Europe/Zurich",
        "--keep",
        "smart:7,4,12,2",
    ];
    let hooks = ["--keep", "nas=last:3", "--databases", "shop", "--before", "echo 'a b'"];
    insta::assert_json_snapshot!("job_add", json(&[add.as_slice(), &more, &hooks].concat()));
    insta::assert_json_snapshot!("job_list", json(&["job", "list"]));
    insta::assert_json_snapshot!("job_revisions", json(&["job", "revisions", "nightly"]));
    insta::assert_json_snapshot!("job_retention", json(&["job", "retention", "nightly", "--preview"]));
    insta::assert_json_snapshot!("profile_list", json(&["profile", "list"]));
    insta::assert_json_snapshot!("profile_rotate", json(&["profile", "rotate", "prod"])["jobs"]);
    insta::assert_json_snapshot!("setting_get", json(&["setting", "get", "max_concurrent_jobs"]));
    insta::assert_json_snapshot!("audit_list", json(&["audit", "list", "--on", "nightly"]));
    insta::assert_json_snapshot!("audit_verify", json(&["audit", "verify"]));
    let refused = shop.run(&["--json", "adapter", "remove", "files"]).exits(6).json();
    insta::assert_json_snapshot!("error", shape::of(refused, place.as_ref()));
}

#[test]
fn sizes_are_taken_and_shown_as_people_write_them() {
    let shop = Shop::new();
    for (typed, bytes, shown) in [
        ("10MB", 10_000_000, "10 MB"),
        ("512k", 524_288, "512 KiB"),
        ("64 MiB", 67_108_864, "64 MiB"),
        ("1234567", 1_234_567, "1234567 B"),
    ] {
        shop.run(&["adapter", "edit", "nas", "--set", &format!("min_free_bytes={typed}")])
            .ok();
        let stored = &shop.home.json(&["adapter", "show", "nas"])["config"]["min_free_bytes"];
        assert_eq!(*stored, bytes, "bytes stay bytes for programs");
        let told = shop.line("adapter show nas").ok().stdout;
        assert!(told.contains(&format!("min_free_bytes = {shown}")), "{told}");
    }
    let told = shop.line("adapter edit nas --set min_free_bytes=much").exits(2).stderr;
    assert!(
        told.contains("'much' is not a size such as 64 MiB, 10 MB or 512k"),
        "{told}"
    );
}

#[test]
fn a_zone_is_meant_by_a_part_of_its_name_that_no_other_has() {
    let shop = Shop::with_job();
    shop.line("job edit nightly --timezone zurich").ok();
    assert_eq!(shop.home.json(&["job", "show", "nightly"])["timezone"], "Europe/Zurich");
    let told = shop.line("job edit nightly --timezone istanbul").exits(2).stderr;
    assert!(told.contains("Asia/Istanbul, Europe/Istanbul"), "{told}");
}

#[test]
fn every_kind_of_failure_has_its_exit_code() {
    let shop = Shop::with_job();
    for (code, line) in [
        (2, "job"),
        (2, "job edit nightly --schedule x"),
        (2, "job edit nightly --timezone Mars/Olympus"),
        (2, "job edit nightly --compression zstd:99"),
        (2, "job edit nightly --keep sometimes"),
        (2, "job edit nightly --keep nas=last:3"),
        (2, "job edit nightly --keep last:0"),
        (2, "job edit nightly --keep files=smart:0,0,0,0"),
        (2, "job retention nightly --preview --keep last:0"),
        (2, "adapter databases files"),
        (2, "adapter edit files --set min_free_bytes=much"),
        (2, "job edit nightly --databases shop --exclude-databases shop"),
        (2, "job edit nightly --source files"),
        (2, "job edit nightly --destination files --destination files"),
        (2, "job edit nightly --before 'a"),
        (2, "job add nightly --source shop --destination files"),
        (2, "job add other --destination files"),
        (2, "job add other --source shop"),
        (2, "job pause nightly --until 2001-01-01T00:00:00Z"),
        (2, "job pause nightly --until soon"),
        (2, "adapter add files --driver local --set path=/tmp"),
        (2, "adapter add other --driver local --set paht=/tmp"),
        (2, "adapter add other --driver local"),
        (2, "adapter add other --driver local --secret path=hunter22"),
        (2, "adapter edit files"),
        (2, "setting set max_concurrent_jobs 0"),
        (4, "adapter databases shop --database nope"),
        (4, "job show nope"),
        (4, "job edit nightly --source nope"),
        (4, "job edit nightly --destination nope"),
        (4, "job edit nightly --profile nope"),
        (4, "job revert nightly 7"),
        (4, "job apply /nowhere/nightly.toml"),
        (4, "adapter show nope"),
        (4, "adapter add other --driver nope"),
        (4, "setting get nope"),
        (6, "adapter remove nas"),
        (6, "adapter remove files --yes"),
        (6, "job remove nightly"),
    ] {
        let ran = shop.line(line).exits(code);
        assert!(ran.stdout.is_empty(), "{line}: {}", ran.stdout);
        assert!(
            line == "job" || ran.stderr.starts_with("error: "),
            "{line}: {}",
            ran.stderr
        );
        let steps = ["\nnext: ", " · ", "For more information, try '--help'", "Usage: "];
        assert!(
            steps.iter().any(|step| ran.stderr.contains(step)),
            "{line} does not say what to do: {}",
            ran.stderr
        );
    }
    assert_eq!(
        shop.home.json(&["job", "show", "nightly"])["revision"],
        1,
        "a refused change leaves no trace"
    );
}

#[test]
fn an_adapter_that_does_not_answer_is_not_kept() {
    let home = Home::new();
    let add = [
        "adapter",
        "add",
        "gone",
        "--driver",
        "local",
        "--set",
        "path=/nowhere/at/all",
    ];
    let refused = home.run(&add).exits(1);
    assert!(refused.stderr.contains("--no-test"), "{}", refused.stderr);
    assert_eq!(home.json(&["adapter", "list"]), Value::Array(vec![]));
}

#[test]
fn a_job_does_not_keep_its_copies_around_its_source() {
    let shop = Shop::with_job();
    shop.run(&[
        "adapter",
        "add",
        "around",
        "--driver",
        "local",
        "--set",
        &shop.set_path("data"),
    ])
    .ok();
    let refused = shop.line("job edit nightly --destination around").exits(2);
    assert!(refused.stderr.contains("lie in each other"), "{}", refused.stderr);
    shop.line("adapter remove around --yes").ok();
    let moved = shop
        .run(&["adapter", "edit", "files", "--set", &shop.set_path("data")])
        .exits(2);
    assert!(moved.stderr.contains("lie in each other"), "{}", moved.stderr);
}

#[test]
fn a_changed_file_is_shown_applied_once_and_then_no_change() {
    let shop = Shop::with_job();
    let file = shop.home.beside("nightly.toml");
    let text = shop.line("job show nightly --toml").ok().stdout;
    fs::write(&file, text.replace("0 3 * * *", "0 4 * * *")).unwrap();
    let file = file.to_str().unwrap();

    let dry = shop.run(&["job", "apply", file, "--dry-run"]).ok().stdout;
    assert!(
        dry.contains("-schedule = \"0 3 * * *\"\n+schedule = \"0 4 * * *\""),
        "{dry}"
    );
    assert_eq!(shop.home.json(&["job", "show", "nightly"])["revision"], 1);

    shop.run(&["job", "apply", file]).ok();
    let job = shop.home.json(&["job", "show", "nightly"]);
    assert_eq!(
        (&job["revision"], &job["schedule"]),
        (&Value::from(2), &Value::from("0 4 * * *"))
    );
    let again = shop.home.json(&["job", "apply", file]);
    assert_eq!(again["jobs"][0]["action"], "unchanged");
    assert!(shop.run(&["job", "apply", file]).ok().stdout.contains("no change"));
}

#[test]
fn a_file_is_applied_whole_or_not_at_all() {
    let shop = Shop::with_job();
    let job = |name: &str, destination: &str| {
        format!("[[job]]\nname = \"{name}\"\nsource = \"shop\"\ndestinations = [{{ adapter = \"{destination}\" }}]\n")
    };
    let apply = |text: String| run(shop.home.command(&["job", "apply", "-"]), text.as_bytes());
    apply(job("hourly", "files") + &job("weekly", "nope")).exits(4);
    shop.line("job show hourly").exits(4);
    apply(job("hourly", "files") + &job("hourly", "files")).exits(2);
    apply(job("hourly", "files") + &job("weekly", "nas")).ok();
    shop.line("job show weekly").ok();
    apply("name = \"x\"\nsurprise = 1\n".to_owned()).exits(2);
}

#[test]
fn every_change_is_a_revision_and_can_be_taken_back() {
    let shop = Shop::with_job();
    shop.line("job edit nightly --retries 5").ok();
    shop.line("job edit nightly --retries 5").ok();
    assert_eq!(
        shop.home.json(&["job", "show", "nightly"])["revision"],
        2,
        "no change makes no revision"
    );
    let diff = shop.line("job revisions nightly --diff 2").ok().stdout;
    assert!(diff.contains("+retries = 5"), "{diff}");
    shop.line("job revert nightly 1").ok();
    let job = shop.home.json(&["job", "show", "nightly"]);
    assert_eq!(
        (&job["revision"], &job["options"]["retries"]),
        (&Value::from(3), &Value::from(2))
    );
    let actions = shop.home.json(&["audit", "list", "--on", "nightly"]);
    let actions: Vec<&str> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["job.revert", "job.update", "job.create"]);
}

#[test]
fn an_empty_hook_is_refused_with_what_takes_hooks_away() {
    let shop = Shop::with_job();
    shop.line("job edit nightly --before true --after true").ok();
    for (flag, command) in [("--before", ""), ("--after", " "), ("--before", "''")] {
        let refused = shop.run(&["job", "edit", "nightly", flag, command]).exits(2).stderr;
        let said = format!("job nightly: {flag} '{command}' has no command");
        assert!(
            refused.contains(&said) && refused.contains("use --no-hooks"),
            "{refused}"
        );
    }
    shop.run(&["job", "edit", "nightly", "--shell", "--after", ""]).exits(2);
    let add = ["job", "add", "weekly", "--source", "shop", "--destination", "nas"];
    let refused = shop.run(&[&add, ["--after", ""].as_slice()].concat()).exits(2).stderr;
    assert!(refused.contains("job weekly: --after '' has no command"), "{refused}");
    let hooks = || {
        shop.home.json(&["job", "show", "nightly"])["hooks"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(hooks(), Some(2));
    shop.line("job edit nightly --no-hooks").ok();
    assert_eq!(hooks().unwrap_or_default(), 0);
}

#[test]
fn nothing_is_said_of_the_databases_of_a_source_that_is_one() {
    let shop = Shop::with_job();
    let told = shop.line("job show nightly").ok().stdout;
    assert!(!told.contains("all there are"), "{told}");
    shop.line("job edit nightly --contents schema-only").ok();
    let told = shop.line("job show nightly").ok().stdout;
    assert!(told.contains("definitions only, no rows"), "{told}");
}

#[test]
fn a_pause_ends_by_itself() {
    let shop = Shop::with_job();
    let paused = shop.home.json(&["job", "pause", "nightly"]);
    assert!(paused["paused_until"].is_string() && paused["next_fires"][0].as_str() > paused["paused_until"].as_str());
    shop.line("job pause nightly --for 2h").ok();
    // As the console reads it.
    let until = |text: &str| -> Timestamp {
        let paused = shop.home.json(&["job", "pause", "nightly", "--until", text]);
        Timestamp::parse(paused["paused_until"].as_str().unwrap()).unwrap()
    };
    let now = Clock::default().now();
    for (text, hours) in [("2h", 2), ("20d", 480)] {
        let length = until(text).since(now).as_secs();
        assert!(
            (hours * 3_600..=hours * 3_600 + 600).contains(&length),
            "{text}: {length} s"
        );
    }
    assert_eq!(
        until("2099-03-12T07:00:00Z"),
        Timestamp::parse("2099-03-12T07:00:00Z").unwrap()
    );
    assert!(until("tomorrow 08:00") > now);
    assert!(shop.home.json(&["job", "resume", "nightly"])["paused_until"].is_null());
}

#[test]
fn a_job_can_be_cloned_renamed_and_found_by_its_id() {
    let shop = Shop::with_job();
    let copy = shop
        .home
        .json(&["job", "clone", "nightly", "weekly", "--schedule", "@weekly"]);
    assert_eq!(
        (&copy["schedule"], &copy["source"]),
        (&Value::from("@weekly"), &Value::from("shop"))
    );
    shop.line("job rename weekly sunday").ok();
    let id = copy["id"].as_str().unwrap();
    assert_eq!(shop.home.json(&["job", "show", &id[id.len() - 8..]])["name"], "sunday");
    shop.line("job remove sunday --yes").ok();
    shop.line("job show sunday").exits(4);
}

#[test]
fn first_start_says_once_where_the_key_is() {
    let home = Home::new();
    let first = home.run(&["--json", "profile", "create", "prod"]).ok();
    assert!(
        first.json().is_object() && first.stderr.contains("master.key"),
        "{}",
        first.stderr
    );
    assert_eq!(home.run(&["setting", "list"]).ok().stderr, "");
}

#[test]
fn a_mistyped_home_is_not_made() {
    let home = Home::new();
    let looking = [
        "job list",
        "runs list",
        "backup list",
        "adapter list",
        "profile list",
        "setting list",
        "doctor",
        "daemon status",
        "daemon stop",
        "logs nightly",
        "run nightly",
        "restore latest:nightly --to shop",
        "recovery-kit",
        "audit list",
    ];
    for command in looking {
        let words: Vec<&str> = command.split(' ').collect();
        let told = home.run(&words).exits(if command == "doctor" { 1 } else { 4 });
        let told = told.stdout + &told.stderr;
        assert!(told.contains("no installation here"), "{command}: {told}");
    }
    assert!(!home.path().join("data").exists());
    // And a database that is gone is not made anew without a word.
    home.run(&["profile", "create", "prod"]).ok();
    std::fs::remove_file(home.path().join("data/backstay.db")).unwrap();
    let told = home.run(&["profile", "create", "prod"]).exits(1).stderr;
    assert!(
        told.contains("the database is gone") && told.contains("backup scan"),
        "{told}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    let mut command = home.command(&["completions", "bash"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn audit_without_a_verb_lists() {
    let shop = Shop::with_job();
    let listed = shop.home.json(&["audit", "list", "--on", "nightly"]);
    assert_eq!(shop.home.json(&["audit", "--on", "nightly"]), listed);
    assert_eq!(listed[0]["action"], "job.create");
}

#[test]
fn an_empty_home_says_what_makes_the_first_of_each_thing() {
    let home = Home::new();
    home.run(&["setting", "set", "max_concurrent_jobs", "2"]).ok();
    for (list, step) in [
        ("job", "`backstay job add` makes one"),
        ("adapter", "`backstay adapter add` makes one"),
        ("profile", "`backstay profile create` makes one"),
        ("runs", "`backstay run JOB` runs a job now"),
        ("backup", "`backstay run JOB` makes one"),
    ] {
        let told = home.run(&[list, "list"]).ok().stdout;
        assert!(told.contains(step), "{list}: {told}");
    }
    let told = home.run(&["status"]).exits(3).stdout;
    assert!(
        told.contains("nothing is backed up") && !told.contains("All is well"),
        "{told}"
    );
}

#[test]
fn doctor_says_what_is_missing() {
    let shop = Shop::with_job();
    let findings = shop.run(&["--json", "doctor"]).exits(3).json();
    let status = |check: &str| {
        let all = findings.as_array().unwrap();
        all.iter()
            .find(|finding| finding["check"] == check)
            .unwrap_or_else(|| panic!("{check}: {findings}"))["status"]
            .clone()
    };
    for check in [
        "master key",
        "database",
        "audit log",
        "disk",
        "scratch",
        "adapter shop",
        "adapter files",
    ] {
        assert_eq!(status(check), "ok", "{check}");
    }
    assert_eq!(
        (status("engine"), status("job nightly")),
        (Value::from("warn"), Value::from("warn"))
    );

    fs::remove_dir_all(shop.home.beside("files")).unwrap();
    shop.line("doctor").exits(1);
}
