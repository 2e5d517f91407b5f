//! What every command has at hand: the installation it works on, and the person it talks to.

use std::path::PathBuf;

use super::output::Output;
use super::terminal;
use crate::domain::{Error, Result};
use crate::ops::Session;

/// Handed to every command.
#[derive(Debug)]
pub struct Cx {
    /// The home that was given, if one was.
    pub home: Option<PathBuf>,
    /// How answers are shown.
    pub output: Output,
}

impl Cx {
    /// The context of one command.
    pub const fn new(home: Option<PathBuf>, output: Output) -> Self {
        Self { home, output }
    }

    /// Opens the installation, or makes it. For the commands one begins with. At its first start, says where the key is and why
    /// to keep a copy of it elsewhere.
    pub fn beginning(&self) -> Result<Session> {
        let session = Session::open(self.home.as_deref())?;
        if session.instance.first_start {
            self.output.note(&format!(
                "First start. The master key was made: {}\n\
                 Without it nothing in Backstay's database can be read, and with it everything can. Keep a copy on another machine:\n\
                 \u{20}   {} recovery-kit --with-master-key -o kit.zip",
                session.instance.key_origin,
                session.instance.paths.program()
            ));
        }
        Ok(session)
    }

    /// Opens the installation, which has to be there: a mistyped home must not be made, and then be found to be in good order.
    pub fn session(&self) -> Result<Session> {
        Session::require(self.home.as_deref())?;
        self.beginning()
    }

    /// Goes on only when a person agrees. `flag` is what gives the answer where nobody can be asked.
    pub fn confirm(&self, question: &str, flag: &str, given: bool) -> Result<()> {
        if given {
            return Ok(());
        }
        let refused = || Error::refused("it was not confirmed").next(format!("give {flag} to go ahead"));
        if !terminal::is_interactive() {
            return Err(refused());
        }
        let answer = terminal::ask(&format!("{question} [y/N] "), terminal::Echo::Shown)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(refused().next(format!("nothing was done; answer y, or give {flag}, to go ahead"))),
        }
    }

    /// Goes on only when a person types `name`, that of what is lost, or `yes` was given. `refused` says what was not done.
    pub fn confirm_by_name(what: &str, name: &str, yes: bool, refused: Error) -> Result<()> {
        if yes {
            return Ok(());
        }
        if !terminal::is_interactive() {
            return Err(refused.next("give --yes to go ahead"));
        }
        let question = format!("{what} Type the name {name} to go ahead: ");
        let typed = terminal::ask(&question, terminal::Echo::Shown)?;
        if typed.trim() == name {
            return Ok(());
        }
        Err(refused.next(format!("nothing was done; type {name}, or give --yes, to go ahead")))
    }
}
