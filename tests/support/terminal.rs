//! The real console in a pseudo-terminal, and an emulator that knows what is on its screen. A test sends keys and waits for
//! what it wants to see; nothing sleeps.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::home::{BINARY, Home};

/// Whatever is awaited is there within this, also on a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(30);

/// Nothing outlives the test that started it.
const WRAPPER: [&str; 4] = ["setpriv", "--pdeathsig", "KILL", "--"];

/// Columns and rows, unless a test wants others.
pub const SIZE: (u16, u16) = (120, 40);

/// A terminal with a program in it. Dropping it hangs up.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    line: RefCell<Option<Box<dyn Write + Send>>>,
    reader: Option<JoinHandle<()>>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<(Mutex<Seen>, Condvar)>,
}

/// What came out of it.
pub struct Seen {
    parser: vt100::Parser,
    /// Every byte.
    pub bytes: Vec<u8>,
    /// When they came, and how many there were by then.
    pub arrivals: Vec<(Instant, usize)>,
    /// Nobody looks any more.
    over: bool,
}

/// A program to be run in a terminal, with nothing of the caller's environment.
pub struct Setting {
    command: CommandBuilder,
    size: (u16, u16),
}

impl Setting {
    /// The console of `home`, with these arguments.
    pub fn console<S: AsRef<OsStr>>(home: &Home, arguments: &[S]) -> Self {
        let mut setting = Self::program(home, BINARY);
        setting.command.args(arguments);
        setting
    }

    /// A shell in which the console of `home` is `backstay`.
    pub fn shell(home: &Home) -> Self {
        let mut setting = Self::program(home, "sh");
        setting.command.arg("-i");
        setting.env("PS1", "$ ")
    }

    /// Run by another program, which is given what runs and its arguments behind its own.
    #[must_use]
    pub fn under<S: AsRef<OsStr>>(mut self, program: &[S]) -> Self {
        let program = program.iter().map(|part| part.as_ref().to_owned());
        self.command
            .get_argv_mut()
            .splice(WRAPPER.len()..WRAPPER.len(), program);
        self
    }

    fn program(home: &Home, program: &str) -> Self {
        let mut command = CommandBuilder::from_argv(WRAPPER.map(OsString::from).to_vec());
        command.arg(program);
        command.cwd(home.beside(""));
        command.env_clear();
        let binaries = std::path::Path::new(BINARY).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        Self { command, size: SIZE }
            .env("PATH", &format!("{binaries}:{path}"))
            .env("HOME", home.beside("").to_str().unwrap())
            .env("BACKSTAY_HOME", home.path().to_str().unwrap())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// In a terminal of another size.
    #[must_use]
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Starts it.
    pub fn open(self) -> Terminal {
        let pair = native_pty_system().openpty(pty_size(self.size)).unwrap();
        let child = pair.slave.spawn_command(self.command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(self.size.1), cells(self.size.0), 0);
        let seen = Seen {
            parser,
            bytes: Vec::new(),
            arrivals: Vec::new(),
            over: false,
        };
        let shared = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let into = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            // The end of the terminal is an error or nothing, by platform.
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                let now = Instant::now();
                let mut seen = into.0.lock().unwrap();
                seen.parser.process(&bytes[..length]);
                seen.bytes.extend_from_slice(&bytes[..length]);
                let so_far = seen.bytes.len();
                seen.arrivals.push((now, so_far));
                into.1.notify_all();
                if seen.over {
                    return;
                }
            }
        });
        Terminal {
            line: RefCell::new(Some(pair.master.take_writer().unwrap())),
            master: Some(pair.master),
            reader: Some(reader),
            child,
            shared,
        }
    }
}

impl Terminal {
    /// Types.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        let mut line = self.line.borrow_mut();
        line.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Waits until the screen is as wanted, and gives its text.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        let mut seen = self.seen();
        while !wanted(seen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "not within {LIMIT:?}: {what}; the screen is\n{}",
                text_of(seen.screen())
            );
            seen = self.shared.1.wait_timeout(seen, left).unwrap().0;
        }
        text_of(seen.screen())
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |screen| text_of(screen).contains(text))
    }

    /// Waits until something came out of it more often than `arrivals` times.
    #[track_caller]
    pub fn wait_for_more(&self, arrivals: usize) {
        let seen = self.seen();
        let few = |seen: &mut Seen| seen.arrivals.len() <= arrivals;
        let waited = self.shared.1.wait_timeout_while(seen, LIMIT, few).unwrap();
        assert!(!waited.1.timed_out(), "not within {LIMIT:?}: an answer");
    }

    /// What came out of it so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().unwrap()
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        text_of(self.seen().screen())
    }

    /// Makes it another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulator first: what is drawn for the new size comes after.
        self.seen().parser.set_size(cells(rows), cells(columns));
        self.master().resize(pty_size((columns, rows))).unwrap();
    }

    /// The terminal's modes, as text to compare.
    pub fn modes(&self) -> String {
        format!("{:?}", self.master().get_termios().unwrap())
    }

    /// The process that was started.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// What has the terminal: the leader of the group in the foreground.
    pub fn foreground(&self) -> Pid {
        Pid::from_raw(self.master().process_group_leader().unwrap()).unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Hangs up: the terminal is gone, the program may go on.
    pub fn hang_up(&mut self) {
        self.seen().over = true;
        // The reader holds the terminal, too, and lets go of it when something comes: another size is drawn anew.
        self.master().resize(pty_size((SIZE.0 - 1, SIZE.1 - 1))).unwrap();
        self.reader.take().unwrap().join().unwrap();
        *self.line.borrow_mut() = None;
        self.master = None;
    }

    /// Waits for the end of the program and gives its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> u32 {
        super::process::wait_for("the end of the program", LIMIT, || {
            self.child.try_wait().unwrap().is_some()
        });
        self.child.wait().unwrap().exit_code()
    }

    #[expect(clippy::borrowed_box, reason = "the box is what portable-pty gives")]
    fn master(&self) -> &Box<dyn MasterPty + Send> {
        self.master.as_ref().expect("the terminal is there")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

impl Seen {
    /// The screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }
}

/// A screen's text, line by line.
pub fn text_of(screen: &vt100::Screen) -> String {
    let (_, columns) = screen.size();
    screen
        .rows(0, columns.get())
        .map(|row| row.trim_end().to_owned() + "\n")
        .collect()
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}
