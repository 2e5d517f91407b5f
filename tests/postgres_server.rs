//! The servers other tests stand on do what those tests take for granted: two majors, passwords, TLS with certificates,
//! and nothing left behind.

#[path = "support/lib.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::postgres::{CERTIFIED, PASSWORD, Server, Tls, bin, majors};

#[test]
fn every_major_starts_answers_and_leaves_nothing() {
    for major in majors() {
        let server = Server::start(major);
        let version = server.psql("postgres", "show server_version_num");
        assert_eq!(version.parse::<u32>().unwrap() / 10_000, major);
        let directory = server.socket().to_owned();
        drop(server);
        assert!(!directory.exists());
    }
}

#[test]
fn a_role_needs_its_password() {
    let server = Server::start(majors()[0]);
    server.create_role("o'reader \"one\"", "it's", "");
    server.create_database("Größe");
    let connect = |password: &str| {
        let mut psql = server.client("psql");
        psql.args(["-X", "-A", "-t", "-d", "Größe", "-c", "select 1"]);
        psql.env("PGUSER", "o'reader \"one\"")
            .env("PGPASSWORD", password)
            .env("PGHOST", "127.0.0.1");
        psql.output().unwrap().status.success()
    };
    assert!(connect("it's"));
    assert!(!connect("wrong"));
}

#[test]
fn tls_verifies_both_sides_and_plain_text_is_refused() {
    let server = Server::start_with_tls(*majors().last().unwrap());
    let options = |mode: &str| {
        format!(
            "{}?sslmode={mode}&sslrootcert={}",
            server.uri(),
            shown(&server.tls().authority)
        )
    };
    assert!(connects(&server, &options("verify-full")));
    assert!(!connects(&server, &format!("{}?sslmode=disable", server.uri())));
    let Tls {
        client_certificate,
        client_key,
        ..
    } = server.tls();
    let as_certified = options("verify-full").replace(&format!("postgres:{PASSWORD}"), CERTIFIED);
    let certificate = format!("&sslcert={}&sslkey={}", shown(client_certificate), shown(client_key));
    assert!(connects(&server, &(as_certified.clone() + &certificate)));
    assert!(!connects(&server, &as_certified));
}

fn connects(server: &Server, uri: &str) -> bool {
    let mut psql = Command::new(bin(server.major()).join("psql"));
    psql.env_clear().args(["-X", "-w", "-c", "select 1", uri]);
    psql.output().is_ok_and(|output| output.status.success())
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}
