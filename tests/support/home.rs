//! The real binary in a home of its own: its commands with nothing of the caller's environment, and its engine.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{pid, stop, tethered, wait_for};

pub const BINARY: &str = env!("CARGO_BIN_EXE_backstay");

/// A command that takes longer than this hangs.
const COMMAND_LIMIT: Duration = Duration::from_mins(2);

/// An engine is up, or gone after SIGTERM, within this.
const ENGINE_LIMIT: Duration = Duration::from_secs(30);

/// A home in a temporary directory, beside room for a test's own files.
pub struct Home {
    directory: TempDir,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// An engine in the foreground. Dropping it stops it.
pub struct Engine {
    child: Child,
    log: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("backstay-test-").tempdir().unwrap();
        Self { directory }
    }

    /// The home itself.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A path for a file or directory of the test's own, outside the home.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// `backstay` with `arguments`, ready to be given more environment and then to [`run`].
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = tethered(BINARY, &[]);
        command.args(arguments).current_dir(self.directory.path());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command
            .env("HOME", self.directory.path())
            .env("BACKSTAY_HOME", self.path());
        command
    }

    /// Runs `backstay` with `arguments` and an empty standard input.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        run(self.command(arguments), b"")
    }

    /// Runs `backstay --json` with `arguments`, which must succeed.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Value {
        let mut all: Vec<&OsStr> = vec![OsStr::new("--json")];
        all.extend(arguments.iter().map(AsRef::as_ref));
        self.run(&all).ok().json()
    }

    /// Starts the engine and waits until it says that it is up.
    pub fn start_engine(&self) -> Engine {
        self.start_engine_with(self.command(&["daemon"]))
    }

    /// Starts the engine by `command`, as [`Home::command`] makes it, and waits until it says that it is up.
    pub fn start_engine_with(&self, mut command: Command) -> Engine {
        let log = self.beside("engine.log");
        let output = File::options().create(true).append(true).open(&log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let mut engine = Engine {
            child: command.spawn().unwrap(),
            log,
        };
        wait_for("the engine is up", ENGINE_LIMIT, || {
            let ended = engine.child.try_wait().unwrap();
            assert!(ended.is_none(), "the engine ended with {ended:?}:\n{}", engine.log());
            self.run(&["daemon", "status"]).code == 0
        });
        engine
    }
}

/// Runs `command` with `input` on its standard input, to its end.
pub fn run(mut command: Command, input: &[u8]) -> Ran {
    use std::os::unix::process::ExitStatusExt as _;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
    // A command that does not read its input closes it; that is its own affair.
    let feed = thread::spawn(move || stdin.write_all(&input).is_ok());
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    wait_for(&format!("the end of {command:?}"), COMMAND_LIMIT, || {
        child.try_wait().unwrap().is_some()
    });
    let status = child.wait().unwrap();
    feed.join().unwrap();
    Ran {
        code: status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Ran {
    /// Itself, when it exited with `code`; else the test fails and shows what it said.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Itself, when it exited with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Its standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

impl Engine {
    /// Its process id, for a look into /proc.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would. Its children live on, as they would after a crash of the engine alone.
    pub fn kill(mut self) {
        rustix::process::kill_process(pid(&self.child), Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it by SIGTERM and tells whether it exited with 0.
    pub fn stop(mut self) -> bool {
        stop(&mut self.child, Signal::TERM, ENGINE_LIMIT).success()
    }

    /// What it wrote to its standard streams so far.
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        stop(&mut self.child, Signal::TERM, ENGINE_LIMIT);
    }
}

fn read_lossy(path: &Path) -> String {
    fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
