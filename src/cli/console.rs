//! `backstay` alone: the console.

use clap::Args;

use super::{ConsoleArguments, Cx, Outcome};
use crate::domain::{Error, Result};

/// Arguments of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Console")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Console {
    /// Look at everything and change nothing; no engine is started either.
    #[arg(long)]
    pub read_only: bool,
    /// Draw with ASCII signs; the default where the locale is not UTF-8.
    #[arg(long)]
    pub ascii: bool,
    /// The theme to begin with; otherwise the one that was chosen last.
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Run the engine inside the console; it stops when you leave.
    #[arg(long, conflicts_with_all = ["no_engine", "read_only"])]
    pub inline: bool,
    /// Start no engine.
    #[arg(long)]
    pub no_engine: bool,
}

impl Console {
    /// Refuses what a command has no use for.
    pub fn refuse(&self) -> Result<()> {
        if *self == Self::default() {
            return Ok(());
        }
        Err(
            Error::usage("--read-only, --ascii, --theme, --inline and --no-engine are for the console")
                .next("leave them away, or the command"),
        )
    }
}

/// Asks for the console.
pub fn open(console: Console, cx: &Cx) -> Result<Outcome> {
    if cx.output.is_json() {
        return Err(Error::usage("the console has nothing to write as JSON")
            .next("name a command: `backstay --json status`; `backstay --help` lists them"));
    }
    Ok(Outcome::Console(ConsoleArguments {
        home: cx.home.clone(),
        console,
    }))
}
