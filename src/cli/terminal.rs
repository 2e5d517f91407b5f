//! Asking a person, when there is one: on the controlling terminal itself, so that answers and pipes do not mix.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use zeroize::Zeroizing;

use crate::domain::error::{Context, from_io};
use crate::domain::{Error, Result};

/// Whether what is typed is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Seen.
    Shown,
    /// Not seen: secrets.
    Hidden,
}

/// Whether there is somebody to ask.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal()
}

/// How many columns the terminal has that answers are written to; none when they go elsewhere.
pub fn width() -> Option<usize> {
    width_of(io::stdout())
}

/// How many columns a stream has; none when it is no terminal.
pub fn width_of(stream: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Asks and gives the answer without its line end. Fails when the process has no terminal, and as interrupted on Ctrl-C.
pub fn ask(question: &str, echo: Echo) -> Result<Zeroizing<String>> {
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| {
            Error::usage("there is no terminal to ask on").next("give the answer another way; --help lists them")
        })?;
    let mut quiet = Quiet::new(terminal)?;
    quiet.write(question)?;
    let answer = quiet.read_line(echo);
    quiet.write("\n")?;
    answer
}

/// A terminal that hands over every key, Ctrl-C included, until this is dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: File) -> Result<Self> {
        let before = tcgetattr(&terminal).map_err(unusable)?;
        let mut modes = before.clone();
        modes
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(&terminal, OptionalActions::Flush, &modes).map_err(unusable)?;
        Ok(Self { terminal, before })
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.terminal
            .write_all(text.as_bytes())
            .doing("cannot write to the terminal", "/dev/tty")
    }

    fn read_line(&mut self, echo: Echo) -> Result<Zeroizing<String>> {
        // Room enough that no copy of a secret is left behind by growing.
        let mut line = Zeroizing::new(Vec::with_capacity(4096));
        let mut key = [0_u8];
        while self
            .terminal
            .read(&mut key)
            .doing("cannot read from the terminal", "/dev/tty")?
            == 1
        {
            match key {
                [b'\r' | b'\n'] => break,
                [0x03] => {
                    return Err(
                        Error::interrupted("stopped by Ctrl-C").next("nothing was done; give the command again")
                    );
                }
                [0x04] if line.is_empty() => break,
                [0x08 | 0x7f] => self.rub_out(&mut line, echo)?,
                [byte] if byte < 0x20 => {}
                [byte] => {
                    line.push(byte);
                    if echo == Echo::Shown {
                        self.terminal
                            .write_all(&[byte])
                            .doing("cannot write to the terminal", "/dev/tty")?;
                    }
                }
            }
        }
        let text = std::str::from_utf8(&line)
            .map_err(|_| Error::usage("what was typed is not text").next("type it in UTF-8"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Takes back the last character, which may be several bytes.
    fn rub_out(&mut self, line: &mut Vec<u8>, echo: Echo) -> Result<()> {
        let is_inside = |byte: u8| byte & 0xc0 == 0x80;
        let mut last = line.pop();
        let rubbed = last.is_some();
        while last.is_some_and(is_inside) {
            last = line.pop();
        }
        if rubbed && echo == Echo::Shown {
            self.write("\u{8} \u{8}")?;
        }
        Ok(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no modes.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

fn unusable(error: rustix::io::Errno) -> Error {
    from_io(&error.into(), "cannot use the terminal", "/dev/tty")
}
