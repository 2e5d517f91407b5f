//! A password is where it belongs, in the sealed settings of its adapter and in the environment of the tools that need it, and
//! nowhere else: not in anybody's arguments, not in a log, a row, a file or an answer, whether the run succeeds or fails.

#![cfg(test)]

#[path = "support/lib.rs"]
mod support;

use std::path::Path;

use support::engine::files_below;
use support::fakes::{Behaviour, install};
use support::home::{Home, run};
use support::postgres::{Server, majors};

/// Markers no other text holds: one in a field, one in a URI, one that the server refuses.
const FIELD: &str = "fieldMarkerQ7x";
const USERINFO: &str = "userinfoMarkerK3z";
const REFUSED: &str = "refusedMarkerW9v";

fn holds(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for marker in [FIELD, USERINFO, REFUSED] {
        assert!(
            !holds(bytes, marker),
            "{marker} is in {what}:\n{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[expect(clippy::too_many_lines, reason = "one story, told from its beginning to its end")]
#[test]
fn a_password_is_nowhere_to_be_found() {
    let server = Server::start(majors()[0]);
    server.create_role("field", FIELD, "superuser");
    server.create_role("userinfo", USERINFO, "superuser");
    server.psql(
        "postgres",
        "create table orders as select i from generate_series(1, 100) i",
    );
    let home = Home::new();
    let seen = home.beside("seen");
    let fakes = install(&home.beside("bin"), &server.bin(), &Behaviour::Real);
    let record = format!(
        "cat /proc/[0-9]*/cmdline >> '{seen}' 2>/dev/null; echo \"$@\" >> '{seen}'; exec \"$real\" \"$@\"",
        seen = seen.display()
    );
    for program in ["pg_dump", "pg_dumpall", "psql", "pg_restore"] {
        fakes.script(program, &record);
    }
    std::fs::create_dir(home.beside("disk")).unwrap();
    let clients = format!("client_dir={}", fakes.path().display());
    let adapter = |name: &str, secret: &str, value: &str, rest: &[String]| {
        let mut arguments: Vec<String> = ["adapter", "add", name, "--driver", "postgres", "--no-test", "--secret"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend([format!("{secret}=env:MARKED"), "--set".to_owned(), clients.clone()]);
        arguments.extend(rest.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
        let mut command = home.command(&arguments);
        command.env("MARKED", value);
        let ran = run(command, b"").ok();
        assert_clean(&format!("the answer to {arguments:?}"), format!("{ran:?}").as_bytes());
    };
    let at = |user: &str, port: u16| {
        [
            "host=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("user={user}"),
        ]
    };
    let uri = |port: u16| format!("postgresql://userinfo:{USERINFO}@127.0.0.1:{port}/postgres");
    adapter("field", "password", FIELD, &at("field", server.port()));
    adapter("uri", "uri", &uri(server.port()), &[]);
    adapter("field-closed", "password", FIELD, &at("field", 1));
    adapter("uri-closed", "uri", &uri(1), &[]);
    adapter("refused", "password", REFUSED, &at("field", server.port()));
    home.run(&[
        "adapter",
        "add",
        "disk",
        "--driver",
        "local",
        "--set",
        &format!("path={}", home.beside("disk").display()),
    ])
    .ok();
    let engine = home.start_engine();
    for (source, code) in [
        ("field", 0),
        ("uri", 0),
        ("field-closed", 1),
        ("uri-closed", 1),
        ("refused", 1),
    ] {
        let name = format!("job-{source}");
        let add = [
            "job",
            "add",
            &name,
            "--source",
            source,
            "--destination",
            "disk",
            "--compression",
            "none",
        ];
        let more = ["--retries", "0", "--before", "env", "--after", "env"];
        home.run(&[add.as_slice(), &more].concat()).ok();
        let ran = home.run(&["run", &name]).exits(code);
        assert_clean(&name, format!("{}{}", ran.stdout, ran.stderr).as_bytes());
        let ran = home.run(&["adapter", "test", source]).exits(code);
        assert_clean(source, format!("{}{}", ran.stdout, ran.stderr).as_bytes());
        for answer in [
            home.json(&["adapter", "show", source]),
            home.json(&["job", "show", &name]),
            home.json(&["logs", &name]),
        ] {
            assert_clean(&name, answer.to_string().as_bytes());
        }
    }
    for question in [
        ["runs", "list"],
        ["audit", "list"],
        ["backup", "list"],
        ["adapter", "list"],
    ] {
        let answer = home.json(&question).to_string();
        assert!(answer.len() > 10, "{question:?} said {answer}");
        assert_clean(&format!("{question:?}"), answer.as_bytes());
    }
    let said = engine.log();
    assert!(!said.is_empty());
    assert_clean("what the engine said", said.as_bytes());
    assert!(engine.stop());

    let recorded = std::fs::read(&seen).unwrap();
    assert!(holds(&recorded, "--format=custom"), "the recorder saw no dump");
    let place = home.path();
    let around = place.parent().unwrap();
    let files = files_below(around);
    for file in ["home/data/backstay.db", "seen", "engine.log"] {
        assert!(files.iter().any(|found| found == file), "{file} is not among {files:?}");
    }
    assert!(
        files.iter().any(|file| file.ends_with("manifest.json")) && files.iter().any(|file| file.contains(".dump"))
    );
    for file in files {
        assert_clean(&file, &std::fs::read(around.join(Path::new(&file))).unwrap());
    }
}
