//! The engine as a process: is one running, start one that outlives this session, stop it. The lock file is the truth: the
//! engine holds it for its life, and the operating system lets go of it however that life ends. What was killed may hold it
//! a moment longer, and is no engine any more.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use super::Session;
use crate::domain::audit::Event;
use crate::domain::error::Context;
use crate::domain::execution::Status;
use crate::domain::setting::GRACE_PERIOD;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::domain::{Error, Result};
use crate::instance::{Paths, machine_name};
use crate::process::{born, is_ending, last_lines};
use crate::store::{executions, settings};

mod gone;
mod presence;
pub mod service;
mod unit;

pub use self::gone::gone;
pub use self::presence::{NONE_RUNS, Presence};

/// An engine that is not ready after this long is not going to be.
const START_LIMIT: Duration = Duration::from_secs(20);

/// What stopping may take beyond the grace period: cancelled runs take back what they wrote.
const STOP_MARGIN: Duration = Duration::from_secs(30);

/// How long an engine that was killed is given to let go of the lock: the disk it was writing to may keep it.
const ENDING_LIMIT: Duration = Duration::from_secs(10);

/// How often a process that comes up or goes is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The end of the engine's log that is read for a reason.
const LOG_TAIL: u64 = 8 * 1024;

/// The engine that holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Engine {
    /// Its process id.
    pub pid: i32,
    /// Since when.
    pub started_at: Timestamp,
    /// Which version of Backstay it is.
    pub version: String,
    /// On which machine it runs; a home may lie on a disk that several have. Empty where the note of it does not tell.
    #[serde(default)]
    pub host: String,
    /// Whether it has recorded what the last one left, and takes work. A note that does not tell is of one that does.
    #[serde(default = "ready", skip_serializing)]
    pub ready: bool,
    /// Set once it was told to stop and waits for runs, which get until then to end; it takes none that are asked for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopping_until: Option<Timestamp>,
    /// When its process was born, as [`crate::process::born`] tells it: a process id alone may be another's by now.
    #[serde(default, skip_serializing)]
    born: Option<u64>,
}

impl Engine {
    fn is_inside(&self) -> bool {
        u32::try_from(self.pid) == Ok(std::process::id())
    }

    /// Whether its process was killed and is only being taken apart.
    fn is_ending(&self) -> bool {
        self.born.is_some() && born(self.pid) == self.born && is_ending(self.pid)
    }
}

const fn ready() -> bool {
    true
}

/// Whether an engine runs, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// Whether one runs.
    pub running: bool,
    /// Which, if it could be read.
    pub engine: Option<Engine>,
    /// Runs it works on.
    pub runs_running: usize,
    /// Runs that wait.
    pub runs_pending: usize,
}

impl EngineStatus {
    /// Whether the running engine is a task of this very process, as with `--inline`: to stop it is to end the process.
    pub fn is_inside(&self) -> bool {
        self.running && self.engine.as_ref().is_some_and(Engine::is_inside)
    }

    /// When what still runs is cancelled, once the engine was told to stop.
    pub fn stopping_until(&self) -> Option<Timestamp> {
        self.engine.as_ref().filter(|_| self.running)?.stopping_until
    }

    /// The version of a running engine that is not this program's own.
    pub fn other_version(&self) -> Option<&str> {
        self.engine
            .as_ref()
            .map(|engine| engine.version.as_str())
            .filter(|version| *version != env!("CARGO_PKG_VERSION"))
    }
}

/// Whether an engine runs, and what it does.
pub fn status(session: &Session) -> Result<EngineStatus> {
    let running = is_running(&session.instance.paths)?;
    let open = session.instance.store.read(executions::open)?;
    let count = |status: Status| open.iter().filter(|run| run.status == status).count();
    Ok(EngineStatus {
        running,
        engine: if running { note(&session.instance.paths) } else { None },
        runs_running: count(Status::Running),
        runs_pending: count(Status::Pending),
    })
}

/// What a run that is asked for now waits for besides its turn; nothing when there is an engine that takes it.
pub fn lacking(session: &Session) -> Result<Option<&'static str>> {
    let paths = &session.instance.paths;
    if !is_running(paths)? {
        return Ok(Some("no engine runs, so it waits until one does"));
    }
    let stopping = note(paths).is_some_and(|engine| engine.stopping_until.is_some());
    Ok(stopping.then_some("the engine is stopping and begins nothing new, so it waits until one runs again"))
}

/// Makes sure that an engine runs. Gives the one that does, and whether this call started it.
pub async fn ensure(session: &Session, home: Option<&Path>) -> Result<(Engine, bool)> {
    match running_engine(&session.instance.paths)? {
        Some(engine) => Ok((engine, false)),
        None => start(session, home).await.map(|engine| (engine, true)),
    }
}

/// Starts an engine in a session of its own and waits until it is ready for work. `home` is the one this program was given.
/// Busy when one runs already.
pub async fn start(session: &Session, home: Option<&Path>) -> Result<Engine> {
    let paths = &session.instance.paths;
    if let Some(engine) = running_engine(paths)? {
        let pid = engine.pid;
        let (message, next) = match engine.stopping_until {
            None => ("an engine runs already", "`backstay daemon status` says what it does"),
            Some(_) => (
                "an engine is stopping still",
                "`backstay daemon stop` waits for its end; then start one",
            ),
        };
        return Err(Error::busy(format!("{message}, with process id {pid}")).next(next));
    }
    // Past the limit the new engine says itself that it does not get the lock.
    let _ = tokio::time::timeout(ENDING_LIMIT, let_go(paths)).await;
    let mut child = spawn(paths, home)?;
    if let Ok(outcome) = tokio::time::timeout(START_LIMIT, wait_until_up(paths, &mut child)).await {
        return outcome;
    }
    // It is ours and does nothing: better gone than half there.
    let _ = child.kill().await;
    Err(log_says(
        paths,
        &format!("the engine was not up within {}", units::duration(START_LIMIT)),
    ))
}

/// Tells the engine to stop and waits until it is gone: running work gets its grace period, then is cancelled.
/// `NotFound` when none runs.
pub async fn stop(session: &Session) -> Result<Engine> {
    let paths = &session.instance.paths;
    let engine = running_engine(paths)?
        .ok_or_else(|| Error::not_found("no engine runs").next("`backstay daemon start` starts one"))?;
    let grace = session.instance.store.read(|db| settings::number(db, &GRACE_PERIOD))?;
    let presence = Presence::new(paths)?;
    if engine.is_inside() {
        return Err(Error::refused("the engine runs inside this process, and stops with it").on("engine"));
    }
    terminate(&engine)?;
    let event = Event::new("engine.stop", "engine", engine.pid, machine_name());
    session.instance.store.write(|db| session.record(db, &event))?;
    let limit = Duration::from_secs(grace) + STOP_MARGIN;
    match tokio::time::timeout(limit, wait_until_gone(paths, presence, &engine)).await {
        Ok(gone) => gone.map(|()| engine),
        Err(_) => Err(Error::failed(format!(
            "it was told to stop and is still there after {}",
            units::duration(limit)
        ))
        .on(format!("engine, process id {}", engine.pid))
        .next(format!(
            "see {}; `kill -9 {}` ends it, and the next engine records what it left",
            paths.log().display(),
            engine.pid
        ))),
    }
}

/// Whether an engine holds the lock.
pub fn is_running(paths: &Paths) -> Result<bool> {
    Ok(is_held(paths)? && !note(paths).is_some_and(|engine| engine.is_ending()))
}

/// Whether somebody holds the engine's lock.
fn is_held(paths: &Paths) -> Result<bool> {
    let path = paths.lock();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(crate::domain::error::from_io(
                &error,
                "cannot read",
                &path.display().to_string(),
            ));
        }
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(std::io::Error::from(error)).doing("cannot look at the lock", path.display()),
    }
}

fn running_engine(paths: &Paths) -> Result<Option<Engine>> {
    if !is_running(paths)? {
        return Ok(None);
    }
    note(paths).map(Some).ok_or_else(|| {
        Error::busy("an engine holds the lock and has not said yet who it is")
            .on(paths.lock().display().to_string())
            .next("try again in a moment")
    })
}

/// What the lock file says. Nothing while an engine is just writing it.
fn note(paths: &Paths) -> Option<Engine> {
    let text = std::fs::read_to_string(paths.lock()).ok()?;
    serde_json::from_str(&text).ok()
}

/// The engine outlives what is kept of it here. Should it end before this program does, tokio sees to it that it leaves no
/// zombie behind, which looks like a process to all who ask for one by its id.
fn spawn(paths: &Paths, home: Option<&Path>) -> Result<Child> {
    let program = std::env::current_exe().doing("cannot find this program", "backstay")?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(paths.log())
        .doing("cannot open the engine's log", paths.log().display())?;
    let mut command = Command::new(&program);
    if let Some(home) = home {
        command
            .arg("--home")
            .arg(std::path::absolute(home).doing("cannot use it as home", home.display())?);
    }
    // The engine makes a session of its own by itself; a process that leads a group already could not.
    command
        .args(["daemon", "--detached"])
        .current_dir("/")
        .stdin(Stdio::null());
    command
        .stdout(
            log.try_clone()
                .doing("cannot open the engine's log", paths.log().display())?,
        )
        .stderr(log)
        .spawn()
        .doing("cannot start the engine", program.display())
}

/// Returns when the lock is held by no engine that was killed.
async fn let_go(paths: &Paths) -> Result<()> {
    while is_held(paths)? && !is_running(paths)? {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn wait_until_up(paths: &Paths, child: &mut Child) -> Result<Engine> {
    loop {
        let own = |engine: &Engine| engine.ready && u32::try_from(engine.pid).ok() == child.id();
        if let Some(engine) = note(paths).filter(own) {
            return Ok(engine);
        }
        let ended = child.try_wait().doing("cannot learn what became of it", "engine")?;
        if let Some(status) = ended {
            // Somebody else may have been faster, in which case there is the engine that was wanted.
            return match running_engine(paths)? {
                Some(engine) => Ok(engine),
                None => Err(log_says(paths, &format!("the engine ended at once with {status}"))),
            };
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn wait_until_gone(paths: &Paths, mut presence: Presence, engine: &Engine) -> Result<()> {
    // One that has taken its place already is another.
    let same = |now: Engine| (now.pid, now.started_at) == (engine.pid, engine.started_at);
    while is_running(paths)? && note(paths).is_some_and(same) {
        presence.stirs().await;
    }
    Ok(())
}

fn terminate(engine: &Engine) -> Result<()> {
    let object = format!("engine, process id {}", engine.pid);
    let pid =
        Pid::from_raw(engine.pid).ok_or_else(|| Error::failed("the lock file names no process").on(object.clone()))?;
    // The number may be another process's by now, or that of another one here when the engine runs in a container of its own.
    if engine.born.is_some() && born(engine.pid) != engine.born {
        let unseen = Error::failed("its process is not to be seen from here").on(object);
        return Err(
            unseen.next("stop it where it runs: in another container or on another machine that shares this home")
        );
    }
    match kill_process(pid, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(std::io::Error::from(error)).doing("cannot tell it to stop", object),
    }
}

fn log_says(paths: &Paths, happened: &str) -> Error {
    let said = tail(&paths.log()).map(|text| last_lines(&text, 4)).unwrap_or_default();
    let message = if said.is_empty() {
        happened.to_owned()
    } else {
        format!("{happened}: {said}")
    };
    Error::failed(message).next(format!("see {}", paths.log().display()))
}

fn tail(path: &Path) -> std::io::Result<String> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(directory: &tempfile::TempDir) -> Paths {
        let paths = Paths::new(Some(directory.path())).unwrap();
        std::fs::create_dir_all(&paths.state).unwrap();
        paths
    }

    #[test]
    fn a_lock_file_that_nobody_holds_is_no_engine() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(&directory);
        assert!(!is_running(&paths).unwrap());
        std::fs::write(
            paths.lock(),
            r#"{"pid": 1, "started_at": "2026-11-21T03:00:00Z", "version": "0.1.0"}"#,
        )
        .unwrap();
        assert!(!is_running(&paths).unwrap());
        assert_eq!(running_engine(&paths).unwrap(), None);
    }

    #[test]
    fn only_the_process_that_wrote_the_note_is_told_to_stop() {
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(other.id()).unwrap();
        let engine = |born| Engine {
            pid,
            started_at: Timestamp::parse("2026-11-21T03:00:00Z").unwrap(),
            version: "0.1.0".to_owned(),
            host: String::new(),
            ready: true,
            stopping_until: None,
            born,
        };
        let refused = terminate(&engine(Some(1))).unwrap_err();
        assert!(refused.message.contains("not to be seen"), "{refused}");
        assert!(other.try_wait().unwrap().is_none());
        terminate(&engine(born(pid))).unwrap();
        let ended = std::os::unix::process::ExitStatusExt::signal(&other.wait().unwrap());
        assert_eq!(ended, Some(15));
    }

    #[tokio::test]
    async fn what_was_killed_is_no_engine_while_it_still_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(&directory);
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(other.id()).unwrap();
        let note = serde_json::json!({
            "pid": pid, "started_at": "2026-11-21T03:00:00Z", "version": "0.1.0", "born": born(pid),
        });
        std::fs::write(paths.lock(), note.to_string()).unwrap();
        let held = File::open(paths.lock()).unwrap();
        flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(is_running(&paths).unwrap());
        // Killed, then a zombie until it is waited for: at no moment an engine.
        other.kill().unwrap();
        for _ in 0..1000 {
            assert!(!is_running(&paths).unwrap());
        }
        assert!(is_held(&paths).unwrap());
        let waiting = let_go(&paths);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(held);
        waiting.await.unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn whoever_holds_the_lock_is_named_by_it() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(&directory);
        std::fs::write(
            paths.lock(),
            r#"{"pid": 42, "started_at": "2026-11-21T03:00:00Z", "version": "0.1.0"}"#,
        )
        .unwrap();
        let held = File::open(paths.lock()).unwrap();
        flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert_eq!(running_engine(&paths).unwrap().unwrap().pid, 42);
        drop(held);
        assert_eq!(running_engine(&paths).unwrap(), None);
    }
}
