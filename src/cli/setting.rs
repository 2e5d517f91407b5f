//! `backstay setting …`

use clap::{Args, Subcommand};

use super::Cx;
use super::output::column;
use crate::domain::Result;
use crate::ops::settings::{self, Shown};

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every setting with its value and its default.
    List,
    /// Show one setting.
    Get {
        /// The setting's name.
        key: String,
    },
    /// Change a setting; the engine takes it up at once.
    Set(Set),
}

/// Arguments of `setting set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The setting's name.
    key: String,
    /// Its new value.
    #[arg(required_unless_present = "default")]
    value: Option<String>,
    /// Go back to the default.
    #[arg(long, conflicts_with = "value")]
    default: bool,
}

/// Carries it out.
pub fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::List => list(cx),
        Command::Get { key } => get(&key, cx),
        Command::Set(arguments) => set(&arguments, cx),
    }
}

fn list(cx: &Cx) -> Result<u8> {
    let all = settings::list(&cx.session()?)?;
    if cx.output.is_json() {
        cx.output.json(&all)?;
        return Ok(0);
    }
    let rows = all.into_iter().map(|setting| {
        let Shown {
            key,
            value,
            default,
            range,
            help,
        } = setting;
        [key.to_owned(), value, default.to_owned(), range, help.to_owned()]
    });
    let columns = [
        column("setting"),
        column("value"),
        column("default").leaves(2),
        column("range").leaves(3),
        column("what it does").wraps().leaves(1),
    ];
    cx.output.table(columns, rows, "There are no settings.")?;
    Ok(0)
}

fn get(key: &str, cx: &Cx) -> Result<u8> {
    let setting = settings::get(&cx.session()?, key)?;
    if cx.output.is_json() {
        cx.output.json(&setting)?;
    } else {
        cx.output.say(&setting.value)?;
    }
    Ok(0)
}

fn set(arguments: &Set, cx: &Cx) -> Result<u8> {
    let setting = settings::set(&cx.beginning()?, &arguments.key, arguments.value.as_deref())?;
    if cx.output.is_json() {
        cx.output.json(&setting)?;
    } else {
        cx.output.say(&format!("{} is now '{}'.", setting.key, setting.value))?;
    }
    Ok(0)
}
