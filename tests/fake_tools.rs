//! The dump tools that misbehave on demand do misbehave as demanded; a fake that ends well by accident proves nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong fails the test"
)]

#[path = "support/lib.rs"]
mod support;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use support::fakes::{Behaviour, Ending, Fakes, install};
use support::postgres::{bin, majors};
use support::process::{stop, tethered};

#[test]
fn a_fake_dump_ends_as_told() {
    let directory = tempfile::tempdir().unwrap();
    let told = |ending| {
        let (_, output) = play(directory.path(), ending);
        assert_eq!(output.stdout, b"first");
        output.status
    };
    assert_eq!(told(Ending::Exit(0)).code(), Some(0));
    assert_eq!(told(Ending::Exit(3)).code(), Some(3));
    assert_eq!(told(Ending::CloseThenExit(4)).code(), Some(4));
    assert_eq!(told(Ending::Signal("KILL")).signal(), Some(9));
}

#[test]
fn a_hanging_dump_runs_until_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let fakes = fakes(directory.path(), Ending::Hang);
    let mut hanging = tethered(fakes.path().join("pg_dump"), &[])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut written = [0; 5];
    std::io::Read::read_exact(hanging.stdout.as_mut().unwrap(), &mut written).unwrap();
    assert!(hanging.try_wait().unwrap().is_none());
    assert_eq!(
        stop(&mut hanging, Signal::TERM, Duration::from_secs(10)).signal(),
        Some(15)
    );
}

#[test]
fn all_programs_tell_the_real_version() {
    let directory = tempfile::tempdir().unwrap();
    let (fakes, _) = play(directory.path(), Ending::Exit(1));
    for program in ["pg_dump", "pg_dumpall", "pg_restore", "psql"] {
        let version = |directory: &std::path::Path| {
            let output = Command::new(directory.join(program)).arg("--version").output().unwrap();
            assert!(output.status.success());
            output.stdout
        };
        assert_eq!(version(fakes.path()), version(&bin(majors()[0])));
    }
    fakes.behave(&Behaviour::Real);
    let real = Command::new(fakes.path().join("pg_dump"))
        .arg("--help")
        .output()
        .unwrap();
    assert!(real.status.success());
}

fn fakes(directory: &std::path::Path, ending: Ending) -> Fakes {
    let file = directory.join("it's the dump");
    fs::write(&file, "first and last").unwrap();
    let cut = Behaviour::Cut { file, bytes: 5, ending };
    install(&directory.join("bin"), &bin(majors()[0]), &cut)
}

fn play(directory: &std::path::Path, ending: Ending) -> (Fakes, Output) {
    let fakes = fakes(directory, ending);
    let output = Command::new(fakes.path().join("pg_dump"))
        .args(["-Fc", "-d", "shop"])
        .output()
        .unwrap();
    (fakes, output)
}
