//! `backstay profile …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::column;
use super::{Cx, show};
use crate::domain::Result;
use crate::domain::profile::Profile;
use crate::ops::given_key::GivenKey;
use crate::ops::private_file::Existing;
use crate::ops::profiles;

/// What can be done with encryption profiles.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a profile with a new random key.
    Create {
        /// What to call it.
        name: String,
        /// What it is for.
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Show all profiles, the retired ones too; never their keys.
    List,
    /// Show one profile and the jobs that seal with it; never its key.
    Show {
        /// The profile.
        name: String,
    },
    /// Give a profile another name; jobs go on using it.
    Rename {
        /// The profile.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Bring in a key, for instance from a recovery kit.
    Import(Import),
    /// Write a profile's key to a file of mode 0600; that is put on record.
    Export(Export),
    /// Show a profile's key; that is put on record.
    Reveal {
        /// The profile.
        name: String,
        /// Do it without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Make a new key under the profile's name; the old one is retired, and still reads what it sealed.
    Rotate {
        /// The profile.
        name: String,
    },
    /// Let a profile seal nothing new; it still reads what it sealed.
    Retire {
        /// The profile.
        name: String,
    },
}

/// Arguments of `profile import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What to call it.
    name: String,
    /// A file with the key as 64 hex digits; - reads standard input.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// What it is for.
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
}

/// Arguments of `profile export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The profile.
    name: String,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace a file of that name.
    #[arg(long)]
    force: bool,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
}

/// Carries it out.
pub fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::Create { name, description } => {
            let profile = profiles::create(&cx.beginning()?, &name, &description)?;
            let said = format!("Made profile {name}, key {}.\n{KEEP_A_KIT}", profile.key_id);
            done(&profile, &said, cx)
        }
        Command::List => list(cx),
        Command::Show { name } => shown(&name, cx),
        Command::Rename { name, to } => {
            let profile = profiles::rename(&cx.session()?, &name, &to)?;
            done(&profile, &format!("Profile {name} is now called {}.", profile.name), cx)
        }
        Command::Import(arguments) => import(&arguments, cx),
        Command::Export(arguments) => export(&arguments, cx),
        Command::Reveal { name, yes } => reveal(&name, yes, cx),
        Command::Rotate { name } => rotate(&name, cx),
        Command::Retire { name } => {
            let profile = profiles::retire(&cx.session()?, &name)?;
            done(
                &profile,
                &format!(
                    "Profile {} seals nothing new from now on, and still reads.",
                    profile.name
                ),
                cx,
            )
        }
    }
}

const KEEP_A_KIT: &str =
    "Without this key its backups cannot be read. Keep a recovery kit on another machine: `backstay recovery-kit`.";

fn list(cx: &Cx) -> Result<u8> {
    let all = profiles::list(&cx.session()?)?;
    if cx.output.is_json() {
        cx.output.json(&all)?;
        return Ok(0);
    }
    let rows = all.into_iter().map(|shown| {
        let state = shown
            .profile
            .retired_at
            .map_or_else(|| "in use".to_owned(), |at| format!("retired {}", show::moment(at)));
        [
            shown.profile.name,
            shown.profile.key_id,
            state,
            shown.jobs.join(", "),
            shown.profile.description,
        ]
    });
    let columns = [
        column("profile"),
        column("key id").leaves(2),
        column("state"),
        column("jobs").wraps().leaves(1),
        column("description").wraps().leaves(3),
    ];
    cx.output
        .table(columns, rows, "No profiles yet. `backstay profile create` makes one.")?;
    Ok(0)
}

fn shown(name: &str, cx: &Cx) -> Result<u8> {
    let shown = profiles::show(&cx.session()?, name)?;
    if cx.output.is_json() {
        cx.output.json(&shown)?;
        return Ok(0);
    }
    let profile = &shown.profile;
    cx.output.facts(&[
        ("name", profile.name.clone()),
        ("id", profile.id.to_string()),
        ("key id", profile.key_id.clone()),
        ("description", profile.description.clone()),
        ("made", show::time(profile.created_at)),
        ("retired", profile.retired_at.map(show::time).unwrap_or_default()),
        ("jobs", shown.jobs.join(", ")),
    ])?;
    Ok(0)
}

fn import(arguments: &Import, cx: &Cx) -> Result<u8> {
    let key = GivenKey::read(&arguments.key_file)?;
    let profile = profiles::import(&cx.beginning()?, &arguments.name, &arguments.description, &key)?;
    done(
        &profile,
        &format!("Brought in key {} as profile {}.", profile.key_id, profile.name),
        cx,
    )
}

fn export(arguments: &Export, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let name = profiles::show(&session, &arguments.name)?.profile.name;
    confirm_giving(&name, arguments.yes, cx)?;
    let profile = profiles::export(
        &session,
        &arguments.name,
        &arguments.output,
        Existing::from_force(arguments.force),
    )?;
    let said = format!(
        "Wrote the key of profile {} to {}.",
        profile.name,
        arguments.output.display()
    );
    if cx.output.is_json() {
        cx.output
            .json(&json!({ "profile": profile.name, "key_id": profile.key_id, "path": arguments.output }))?;
    } else {
        cx.output.say(&said)?;
    }
    Ok(0)
}

fn reveal(name: &str, yes: bool, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let name = profiles::show(&session, name)?.profile.name;
    confirm_giving(&name, yes, cx)?;
    let (profile, key) = profiles::reveal(&session, &name)?;
    if cx.output.is_json() {
        cx.output
            .json(&json!({ "profile": profile.name, "key_id": profile.key_id, "key": key.as_str() }))?;
    } else {
        cx.output.say(&key)?;
    }
    Ok(0)
}

fn confirm_giving(name: &str, yes: bool, cx: &Cx) -> Result<()> {
    let question = format!("Whoever has the key of profile {name} can read its backups. Go on? It is put on record.");
    cx.confirm(&question, "--yes", yes)
        .map_err(|error| error.or_on(format!("profile {name}")))
}

fn rotate(name: &str, cx: &Cx) -> Result<u8> {
    let rotated = profiles::rotate(&cx.session()?, name)?;
    if cx.output.is_json() {
        cx.output.json(&rotated)?;
        return Ok(0);
    }
    let jobs = if rotated.jobs.is_empty() {
        "no job".to_owned()
    } else {
        rotated.jobs.join(", ")
    };
    cx.output.say(&format!(
        "Profile {} has a new key, {}; it seals the next backups of {jobs}.\nThe old key is kept as {}, and still reads.\n{KEEP_A_KIT}",
        rotated.profile.name, rotated.profile.key_id, rotated.retired.name
    ))?;
    Ok(0)
}

fn done(profile: &Profile, said: &str, cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(profile)?;
    } else {
        cx.output.say(said)?;
    }
    Ok(0)
}
