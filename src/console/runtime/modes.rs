//! The terminal's modes: taken when the console opens, given back whenever it ends or stops, however that comes about. What
//! belongs to the shell (its lines, its echo, its screen) is as it was.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::domain::error::from_io;
use crate::domain::{Error, Result};

/// A screen of our own, pastes marked as such, no cursor until one is wanted.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[m\x1b[2J";

/// All of that taken back, and what may have been switched on since: an update that was cut off, the mouse.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Clicks and the wheel, with coordinates of any size; no motions.
pub const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";

/// The mouse is the terminal's again.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Panics of tasks that are kept until the shell's screen is back. What breaks off at every question does so for one reason.
const KEPT: usize = 4;

/// A terminal. Dropping it leaves it as it was found.
#[derive(Debug)]
pub struct Tty {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    input: OwnedFd,
    output: OwnedFd,
    /// The modes it had; while it is ours.
    before: Mutex<Option<Termios>>,
    /// What tasks broke off with while it was ours.
    broken: Mutex<Vec<String>>,
}

impl Tty {
    /// The terminal at standard input and output.
    pub fn standard() -> Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Error::usage("the console needs a terminal to read from and to draw on").next(
                "run it without pipes and redirections; `backstay status` tells how things stand, `backstay --help` lists \
                 what can be done without it",
            ));
        }
        let copy = |descriptor: io::Result<OwnedFd>| descriptor.map_err(|error| unusable(&error));
        Ok(Self::over(
            copy(io::stdin().as_fd().try_clone_to_owned())?,
            copy(io::stdout().as_fd().try_clone_to_owned())?,
        ))
    }

    /// A terminal that is read from `input` and written to through `output`.
    pub fn over(input: OwnedFd, output: OwnedFd) -> Self {
        Self {
            shared: Arc::new(Shared {
                input,
                output,
                before: Mutex::new(None),
                broken: Mutex::default(),
            }),
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> Result<Size> {
        let size = tcgetwinsize(&self.shared.output).map_err(|error| unusable(&error.into()))?;
        Ok(Size::new(size.ws_col, size.ws_row))
    }

    /// Another descriptor to read it by.
    pub fn input(&self) -> Result<OwnedFd> {
        self.shared.input.try_clone().map_err(|error| unusable(&error))
    }

    /// A way to write to it.
    pub fn writer(&self) -> Result<Writer> {
        let copy = self.shared.output.try_clone().map_err(|error| unusable(&error))?;
        Ok(Writer(File::from(copy)))
    }

    /// Takes it: keys come one by one, the screen is empty and ours.
    pub fn enter(&self) -> Result<()> {
        let mut before = self.shared.lock();
        if before.is_none() {
            let modes = tcgetattr(&self.shared.input).map_err(|error| unusable(&error.into()))?;
            let mut raw = modes.clone();
            raw.make_raw();
            tcsetattr(&self.shared.input, OptionalActions::Now, &raw).map_err(|error| unusable(&error.into()))?;
            *before = Some(modes);
        }
        write_all(&self.shared.output, ENTER).map_err(|error| unusable(&error))
    }

    /// Gives it back; when it is not ours, nothing happens.
    pub fn leave(&self) {
        self.shared.leave();
    }

    /// Sees to it that a panic leaves the terminal as it was found, and is told on the shell's screen. One on another thread
    /// than `console` breaks off a task, which is told where its answer was wanted; it must not be written across the screen, and
    /// waits until the shell's is back, with its place.
    pub fn leave_on_panic(&self, console: ThreadId) {
        let shared = Arc::downgrade(&self.shared);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let ours = shared.upgrade().filter(|shared| shared.lock().is_some());
            match ours {
                Some(shared) if std::thread::current().id() == console => {
                    shared.leave();
                    before(panic);
                }
                Some(shared) if io::stderr().is_terminal() => shared.keep(panic),
                _ => before(panic),
            }
        }));
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Termios>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken(&self) -> MutexGuard<'_, Vec<String>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, panic: &PanicHookInfo<'_>) {
        let mut broken = self.broken();
        if broken.len() < KEPT {
            broken.push(format!("a task {panic}\n"));
        }
    }

    fn leave(&self) {
        if let Some(before) = self.lock().take() {
            // Modes first: whoever sees the shell's screen may type, and Enter is no Enter to a shell while the modes are ours. A
            // terminal that is gone needs nothing back.
            let _ = tcsetattr(&self.input, OptionalActions::Now, &before);
            let _ = write_all(&self.output, LEAVE);
            for panic in self.broken().drain(..) {
                let _ = write_all(&self.output, panic.as_bytes());
            }
        }
    }
}

/// Writes to the terminal, with nothing kept back: one call, one write.
#[derive(Debug)]
pub struct Writer(File);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                // Somebody who shares the terminal has made it one that does not wait.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_for_room(&self.0)?,
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(output: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    Writer(File::from(output.try_clone()?)).write_all(bytes)
}

fn wait_for_room(output: &impl AsFd) -> io::Result<()> {
    let mut descriptors = [PollFd::new(output, PollFlags::OUT)];
    match poll(&mut descriptors, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn unusable(error: &io::Error) -> Error {
    from_io(error, "cannot use it", "terminal")
}
