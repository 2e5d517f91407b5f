//! Child processes of tests: tied to the test that started them, waited for by a predicate, stopped by their own id.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// How often a predicate is asked again.
const POLL: Duration = Duration::from_millis(10);

/// Asks `predicate` until it holds; panics, naming `what` was awaited, once `limit` has passed.
pub fn wait_for(what: &str, limit: Duration, mut predicate: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !predicate() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(POLL);
    }
}

/// A command that runs `program` in a group of its own and takes it down with the thread that starts it, so that a test
/// that is killed leaves nothing running. `arguments` of setpriv(1) may change what it runs as.
pub fn tethered(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .args(arguments)
        .arg("--")
        .arg(program);
    command.process_group(0);
    command
}

/// The process id of `child`.
pub fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Whether a process of that id still does anything. One that has ended and that nobody has asked about yet does not.
pub fn lives(pid: u32) -> bool {
    // After the name in parentheses, which may hold anything, comes the state.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with(['Z', 'X']))
    })
}

/// Sends `signal` to `child` and waits for it to end; kills its whole group when it has not ended within `limit`.
pub fn stop(child: &mut Child, signal: Signal, limit: Duration) -> ExitStatus {
    if let Some(status) = child.try_wait().unwrap() {
        return status;
    }
    let _ = rustix::process::kill_process(pid(child), signal);
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(POLL);
    }
    let _ = rustix::process::kill_process_group(pid(child), Signal::KILL);
    child.wait().unwrap()
}
