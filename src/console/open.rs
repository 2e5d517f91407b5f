//! Opens the console: from the command line's arguments and the environment to a running [`Runtime`], and back to the shell.

use std::io::Write;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::command::{Command, Scope};
use super::config::{self, Files, remembered};
use super::environment::Environment;
use super::keymap::Keymap;
use super::layer::notice::Notice;
use super::message::{Message, Reply, Toast};
use super::model::Start;
use super::runtime::{self, Keyboard, Left, Runtime, Sources, Tty, Writer, broken_off};
use super::theme::{ASCII, Role, Theme};
use crate::domain::{Error, Result};
use crate::ops::{Session, engine_process};

/// Exit codes of a process that a signal ended, as shells count them.
const TERMINATED: u8 = 128 + 15;
const HUNG_UP: u8 = 128 + 1;

/// An engine inside this process that takes longer than this to stop is worth a word.
const PATIENCE: Duration = Duration::from_millis(300);

/// How the console was asked for.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The home that was given, if one was.
    pub home: Option<PathBuf>,
    /// Change nothing.
    pub read_only: bool,
    /// Draw with ASCII signs.
    pub ascii: bool,
    /// The theme to begin with.
    pub theme: Option<String>,
    /// Where the engine comes from.
    pub engine: Engine,
}

/// Where the engine comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Started as a process that outlives the console, when none runs.
    #[default]
    Process,
    /// A task of this process, which ends with the console.
    Inside,
    /// Whichever runs; none is started.
    Any,
}

/// Runs an engine in this process until the token is cancelled.
pub type RunEngine = Box<dyn FnOnce(CancellationToken) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>>;

/// What depends on the line between operator and machine.
struct Line {
    /// Frames in a second at most.
    frames: u32,
    /// How long an escape byte stays alone before it is the key Esc.
    escape: Duration,
}

/// The operator sits at this machine.
const NEAR: Line = Line {
    frames: 30,
    escape: Duration::from_millis(25),
};

/// The line is slow, and may cut what it carries.
const FAR: Line = Line {
    frames: 10,
    escape: Duration::from_millis(75),
};

/// An engine inside this process.
struct Inside {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Opens the console, and gives the exit code once it is left. `engine` is only called for [`Engine::Inside`]. Call it from the
/// thread that stays with it: a panic there leaves the terminal as it was.
pub async fn open(arguments: Arguments, engine: RunEngine) -> Result<u8> {
    let tty = Tty::standard()?;
    let variable = |name: &str| std::env::var(name).ok();
    let environment = Environment::new(&variable, "/etc");
    let session = if arguments.read_only {
        Session::look(arguments.home.as_deref())?
    } else {
        Session::open(arguments.home.as_deref())?
    };
    let files = Files::below(&session.instance.paths.config).colours(!environment.wants_no_color());
    let before = remembered::read(&session.instance.paths.state);
    let (themes, keymap, wrong) = chosen(&files, arguments.theme.as_deref(), before.as_deref())?;
    let size = tty.size()?;
    let start = Start {
        host: session.instance.name(),
        program: session.instance.paths.program(),
        zone: environment.zone(),
        read_only: arguments.read_only,
        themes,
        glyphs: if arguments.ascii { &ASCII } else { environment.glyphs() },
        keymap,
        size: (size.width, size.height),
        now: session.now(),
    };
    let line = if environment.is_remote() { FAR } else { NEAR };
    let (messages, received) = channel(64);
    let (keyboard, input) = runtime::read(tty.input()?, line.escape)?;
    let sources = Sources {
        input,
        signals: runtime::listen(tty.input()?)?,
        messages: received,
    };
    let mut console = Runtime::new(start, session.clone(), sources, tty.writer()?, line.frames)?;
    for error in &wrong {
        console.tell(Toast::from(error));
    }
    if session.instance.first_start {
        console.show(Box::new(first_start(&session, &console.model().start.keymap)));
    }
    tokio::spawn(runtime::follow(session.clone(), messages.clone()));
    tokio::spawn(config::follow(files, messages.clone()));
    let inside = start_engine(&arguments, &session, messages, engine);
    tty.leave_on_panic(std::thread::current().id());
    tty.enter()?;
    let left = drive(&mut console, &tty, (keyboard, line.escape), inside.is_some()).await;
    tty.leave();
    console.finish().await;
    if let Some(inside) = inside {
        inside.stop(&mut console, &mut tty.writer()?).await;
    }
    Ok(match left? {
        Left::Terminated => TERMINATED,
        Left::HungUp => HUNG_UP,
        Left::Quit | Left::Suspended | Left::Continued => 0,
    })
}

/// Runs the console, through stops and continuations, until there is a reason to leave. From then on nobody reads the terminal.
async fn drive(
    console: &mut Runtime<Writer>,
    tty: &Tty,
    (mut keyboard, escape): (Keyboard, Duration),
    engine_is_inside: bool,
) -> Result<Left> {
    console.begin();
    loop {
        match console.run().await? {
            Left::Suspended if engine_is_inside => {
                let quit = console.model().start.keymap.sign(&[], Command::Quit);
                let error = Error::refused("the engine runs inside this console, and would stop with it").next(
                    format!("leave with {quit}, start the engine as a process of its own, and open the console again"),
                );
                console.tell(Toast::from(&error));
                continue;
            }
            Left::Suspended => {
                // First of all: what is typed from here on is the shell's.
                drop(keyboard);
                tty.leave();
                runtime::stop()?;
                if let Some(left) = console.stopped().await {
                    return Ok(left);
                }
                let (again, input) = runtime::read(tty.input()?, escape)?;
                keyboard = again;
                console.listen_to(input);
            }
            // Whoever stopped it did not ask, and the shell has set the terminal to its own liking since.
            Left::Continued => tty.leave(),
            left => return Ok(left),
        }
        tty.enter()?;
        console.resumed(tty.size()?);
    }
}

fn start_engine(
    arguments: &Arguments,
    session: &Session,
    messages: Sender<Message>,
    engine: RunEngine,
) -> Option<Inside> {
    match arguments.engine {
        Engine::Process if !arguments.read_only => {
            let (session, home) = (session.clone(), arguments.home.clone());
            tokio::spawn(async move {
                if let Err(error) = engine_process::ensure(&session, home.as_deref()).await {
                    tell(&messages, error.on("engine")).await;
                }
            });
            None
        }
        Engine::Process | Engine::Any => None,
        Engine::Inside => {
            let stop = CancellationToken::new();
            let running = engine(stop.clone());
            let running = tokio::spawn(running);
            let task = tokio::spawn(async move {
                let ended = running.await.unwrap_or_else(|error| Err(broken_off(&error)));
                if let Err(error) = ended {
                    tell(&messages, error.on("engine")).await;
                }
            });
            Some(Inside { stop, task })
        }
    }
}

async fn tell(messages: &Sender<Message>, error: Error) {
    // A console that was left in the meantime does not want to know.
    let _ = messages.send(Message::Reply(Reply::Done(Err(error)))).await;
}

impl Inside {
    /// Stops it: running work gets its grace period, unless somebody is in a hurry.
    async fn stop(mut self, console: &mut Runtime<Writer>, shell: &mut Writer) {
        self.stop.cancel();
        if timeout(PATIENCE, &mut self.task).await.is_ok() {
            return;
        }
        // Where this cannot be read, nobody waits for it.
        let _ = shell.write_all(b"The engine stops: running work gets its grace period. Ctrl-C ends it at once.\r\n");
        tokio::select! {
            _ = self.task => {}
            () = console.told_to_end() => {}
        }
    }
}

/// What the operator has chosen: themes, with the one that is wanted first, else the one of the last time; and keys; and what is
/// wrong with the files.
fn chosen(files: &Files, wanted: Option<&str>, before: Option<&str>) -> Result<(Vec<Theme>, Keymap, Vec<Error>)> {
    let (mut themes, wrong) = files.themes();
    let mut wrong = Vec::from_iter(wrong);
    let find = |name: &str| themes.iter().position(|theme| theme.name == name);
    let first = match wanted {
        Some(wanted) => {
            // Without colours the one that has none stands for each of them.
            let (all, _) = files.clone().colours(true).themes();
            if !all.iter().any(|theme| theme.name == wanted) {
                let names: Vec<&str> = all.iter().map(|theme| theme.name.as_str()).collect();
                let error = Error::usage(format!("there is no theme '{wanted}'"));
                return Err(error.next(format!("one of {}", names.join(", "))));
            }
            find(wanted).unwrap_or(0)
        }
        // Its file may be gone since.
        None => before.and_then(find).unwrap_or(0),
    };
    themes.rotate_left(first);
    let keymap = files.keymap().unwrap_or_else(|error| {
        wrong.push(error);
        Keymap::default()
    });
    Ok((themes, keymap, wrong))
}

/// Where the key is, and what it is worth.
fn first_start(session: &Session, keymap: &Keymap) -> Notice {
    let line = |role, text: &str| (role, text.to_owned());
    Notice::new(
        "First start",
        vec![
            (
                Role::Text,
                format!("The master key was made: {}", session.instance.key_origin),
            ),
            line(Role::Text, ""),
            line(
                Role::Text,
                "Without it nothing in Backstay's database can be read, the keys of your backups among it, and with it \
                 everything can. If this machine is lost, so is the key: keep a copy on another one.",
            ),
            line(Role::Text, ""),
            (
                Role::Accent,
                format!(
                    "{} in {} System writes it to a file: choose the recovery kit with the master key.",
                    keymap.sign(&[Scope::System, Scope::List], Command::RecoveryKit),
                    keymap.sign(&[], Command::ShowSystem)
                ),
            ),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_that_is_asked_for_goes_before_the_last_one_and_one_that_is_gone_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::below(directory.path());
        let first = |files: &Files, wanted, before| {
            let (themes, ..) = chosen(files, wanted, before).unwrap();
            themes.first().map(|theme| theme.name.clone()).unwrap()
        };
        let usual = first(&files, None, None);
        assert_eq!(first(&files, None, Some("light")), "light");
        assert_eq!(first(&files, Some("high-contrast"), Some("light")), "high-contrast");
        assert_eq!(first(&files, None, Some("gone")), usual);
        assert!(chosen(&files, Some("gone"), Some("light")).is_err());
        // Without colours there is nothing to choose.
        let files = files.colours(false);
        assert_eq!(first(&files, None, Some("light")), "mono");
        assert_eq!(first(&files, Some("light"), None), "mono");
        assert!(chosen(&files, Some("gone"), None).is_err());
    }
}
