//! The command line: noun, then verb. One file a group of commands, each with its arguments and how its answer is shown;
//! what is done is in `ops`, and nothing here decides anything.
//!
//! With `--json` there is one JSON document on stdout, an error included, and everything for people goes to stderr. A command
//! that has written its document gives back an exit code, never an error.

pub mod adapter;
pub mod audit;
pub mod backup;
pub mod console;
mod context;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod job;
mod output;
pub mod profile;
pub mod recovery;
pub mod reference;
pub mod restore;
pub mod runs;
mod secrets;
pub mod setting;
mod show;
pub mod status;
mod terminal;
mod waiting;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

pub use self::context::Cx;
pub use self::output::Output;
use crate::domain::{Error, Result};

/// Scheduled, encrypted, verified database backups, run by a background engine and operated from a terminal.
#[derive(Debug, Parser)]
#[command(name = "backstay", version, max_term_width = 100)]
#[command(disable_help_subcommand = true, propagate_version = true)]
pub struct Cli {
    /// What may stand before any command.
    #[command(flatten)]
    pub general: General,
    /// What to do; nothing opens the console.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A command line without a command.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct Bare {
    #[command(flatten)]
    general: General,
}

/// What may stand before any command.
#[derive(Debug, Args)]
pub struct General {
    /// Keep everything below this directory instead of the user's own places; also by the variable `BACKSTAY_HOME`.
    // Read by hand: to clap a variable is a given argument, which would then turn up in every hint of how to use a command.
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub home: Option<PathBuf>,
    /// Write one JSON document to stdout; what is meant for people goes to stderr.
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
    /// How the console is opened.
    #[command(flatten)]
    pub console: console::Console,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try Backstay in a throw-away home with a shop's database that something writes to.
    Demo(demo::Demo),
    /// Say on one screen whether all is well; exit code 0 yes, 1 something failed, 3 something is partial, late or not backed up yet.
    Status,
    /// Run a job now and wait for its verdict, which is the exit code.
    Run(runs::Run),
    /// What ran, what runs, what waits.
    #[command(subcommand)]
    Runs(runs::Command),
    /// What a run said.
    #[command(visible_alias = "log")]
    Logs(runs::Logs),
    /// Backups and their copies: look at them, prove them, keep them, fetch them.
    #[command(subcommand, visible_alias = "backups")]
    Backup(backup::Command),
    /// Give data back; shows first what it would do.
    Restore(restore::Restore),
    /// The engine that follows the schedule; without a verb it runs here, in the foreground.
    Daemon(daemon::Daemon),
    /// Sources that are backed up and destinations that copies go to.
    #[command(subcommand, visible_alias = "adapters")]
    Adapter(adapter::Command),
    /// What is backed up, when, to where, and how long it is kept.
    #[command(subcommand, visible_alias = "jobs")]
    Job(job::Command),
    /// Keys that seal backups.
    #[command(subcommand, visible_alias = "profiles")]
    Profile(profile::Command),
    /// Write a ZIP with the keys and a script that reads backups without Backstay.
    RecoveryKit(recovery::KitArguments),
    /// Decrypt and decompress one object of a backup with a key file; needs no home.
    Decrypt(recovery::DecryptArguments),
    /// Settings of this installation.
    #[command(subcommand, visible_alias = "settings")]
    Setting(setting::Command),
    /// Who changed what, and whether the record of it is whole; without a verb it lists.
    Audit(audit::Audit),
    /// Check keys, database, disks, tools, engine and jobs, and say what to do.
    Doctor,
    /// Write a completion script for a shell.
    Completions(doctor::CompletionsArguments),
    /// Write the manual page: `backstay man | man -l -` reads it.
    Man,
}

/// What is left to do for `main` when a command has been carried out.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing but to leave with this exit code.
    Done(u8),
    /// Run the engine in this process until it is told to stop.
    Engine(EngineArguments),
    /// Open the console.
    Console(ConsoleArguments),
}

/// How the engine was asked for.
#[derive(Clone, Debug, Default)]
pub struct EngineArguments {
    /// The home that was given, if one was.
    pub home: Option<PathBuf>,
    /// Leave the terminal and its session.
    pub detached: bool,
}

/// How the console was asked for.
#[derive(Clone, Debug, Default)]
pub struct ConsoleArguments {
    /// The home that was given, if one was.
    pub home: Option<PathBuf>,
    /// What it looks like and where its engine comes from.
    pub console: console::Console,
}

impl Command {
    /// Whether it has to clean up after Ctrl-C and sees to that itself.
    const fn ends_by_itself(&self) -> bool {
        matches!(self, Self::Demo(_))
    }
}

impl Cli {
    /// Reads the process's arguments. When there is nothing to run (help, version, a usage error), it has said what there is
    /// to say and gives the exit code.
    pub fn read() -> Result<Self, u8> {
        // To describe all commands takes time and memory, which opening the console does without.
        let read = match Bare::try_parse() {
            Ok(Bare { general }) => Ok(Self { general, command: None }),
            Err(_) => Self::try_parse(),
        };
        let read = read.map(|mut cli| {
            cli.general.home = cli.general.home.or_else(home_variable);
            cli
        });
        read.map_err(|error| {
            let informs = matches!(
                error.kind(),
                ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            );
            let json = std::env::args_os().any(|argument| argument == "--json");
            if json && !informs {
                return Output::new(true).error(&usage(&error));
            }
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(2)
        })
    }

    /// How answers are shown.
    pub fn output(&self) -> Output {
        Output::new(self.general.json)
    }
}

/// Carries out a command. Ctrl-C ends it with exit code 130; a command that has more to say about that listens for it itself.
pub async fn run(cli: Cli) -> Result<Outcome> {
    let cx = Cx::new(cli.general.home.clone(), cli.output());
    let Some(command) = cli.command else {
        return console::open(cli.general.console, &cx);
    };
    cli.general.console.refuse()?;
    if command.ends_by_itself() {
        return dispatch(command, &cx).await;
    }
    tokio::select! {
        biased;
        outcome = dispatch(command, &cx) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Error::interrupted("stopped by Ctrl-C").next("`backstay status` says how things stand")),
    }
}

async fn dispatch(command: Command, cx: &Cx) -> Result<Outcome> {
    let code = match command {
        Command::Demo(arguments) => demo::run(arguments, cx).await,
        Command::Status => status::run(cx),
        Command::Run(arguments) => runs::run_job(arguments, cx).await,
        Command::Runs(command) => runs::run(command, cx).await,
        Command::Logs(arguments) => runs::logs(arguments, cx).await,
        Command::Backup(command) => backup::run(command, cx).await,
        Command::Restore(arguments) => restore::run(arguments, cx).await,
        Command::Daemon(arguments) => return daemon::run(arguments, cx).await,
        Command::Adapter(command) => adapter::run(command, cx).await,
        Command::Job(command) => job::run(command, cx),
        Command::Profile(command) => profile::run(command, cx),
        Command::RecoveryKit(arguments) => recovery::kit(&arguments, cx),
        Command::Decrypt(arguments) => recovery::decrypt(&arguments, cx).await,
        Command::Setting(command) => setting::run(command, cx),
        Command::Audit(arguments) => audit::run(arguments, cx),
        Command::Doctor => doctor::examine(cx).await,
        Command::Completions(arguments) => doctor::completions(&arguments, cx),
        Command::Man => doctor::manual(cx),
    };
    code.map(Outcome::Done)
}

fn home_variable() -> Option<PathBuf> {
    std::env::var_os("BACKSTAY_HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
}

/// A clap error in our words: its first paragraph without the label, and its advice.
fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let first: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    Error::usage(first.join(" ").trim_start_matches("error: ").to_owned())
        .next("`backstay COMMAND --help` shows how it is used")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        super::Cli::command().debug_assert();
    }
}
