//! `backstay job …`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use self::flags::Flags;
use super::{Cx, runs, show};
use crate::domain::error::Context;
use crate::domain::job::{Compression, Definition, Job, Options, Selection};
use crate::domain::moment;
use crate::domain::retention::Policy;
use crate::domain::units::parse_duration;
use crate::domain::{Error, Result};
use crate::ops::adapters;
use crate::ops::jobs::{self, Action, DEFAULT_PAUSE};

mod display;
mod flags;

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a job.
    Add(Add),
    /// Show all jobs: when they run next and how their last run ended.
    List,
    /// Show one job and the next five times it runs.
    Show {
        /// The job.
        name: String,
        /// As a job file, for `job apply`.
        #[arg(long)]
        toml: bool,
    },
    /// Change a job; what no flag names stays as it is.
    Edit {
        /// The job.
        name: String,
        /// What to change.
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Make jobs what a file says: one definition, or several as `[[job]]`. Shows what differs.
    Apply(Apply),
    /// Add a job like another one.
    Clone {
        /// The job that is there.
        name: String,
        /// The new job's name.
        to: String,
        /// What to change.
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// Give a job another name; backups made so far stay under the old one.
    Rename {
        /// The job.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Stop a job from firing for a while: 24 hours unless told otherwise, since a pause always has an end.
    Pause(Pause),
    /// End a pause; what was missed in it is not made up for.
    Resume {
        /// The job.
        name: String,
    },
    /// Remove a job; its runs and backups stay.
    Remove {
        /// The job.
        name: String,
        /// Do it without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Show what a job was, revision by revision.
    Revisions {
        /// The job.
        name: String,
        /// Show what this revision changed.
        #[arg(long, value_name = "REVISION")]
        diff: Option<u32>,
    },
    /// Make a job what it was at a revision; that is a new revision.
    Revert {
        /// The job.
        name: String,
        /// The revision.
        revision: u32,
    },
    /// Show the runs of a job, the newest first: `runs list --job NAME`.
    History {
        /// The job.
        name: String,
        /// How many at most.
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
    },
    /// Show how long copies stay; with --preview, which ones would go now.
    Retention(Retention),
}

/// Arguments of `job add`.
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it.
    name: String,
    #[command(flatten)]
    flags: Box<Flags>,
}

/// Arguments of `job apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The job file; - reads standard input.
    file: PathBuf,
    /// Check everything and show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `job pause`.
#[derive(Debug, Args)]
pub struct Pause {
    /// The job.
    name: String,
    /// When it ends, in your zone: 2h, 08:00, tomorrow 08:00, friday, 2026-03-12 08:00, or 2026-03-12T07:00:00Z. A day alone is
    /// its beginning.
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    until: Option<String>,
    /// How long it lasts: 90m, 2h, 3d.
    #[arg(long = "for", id = "length", value_name = "DURATION", value_parser = parse_duration)]
    length: Option<Duration>,
}

/// Arguments of `job retention`.
#[derive(Debug, Args)]
pub struct Retention {
    /// The job.
    name: String,
    /// Show every copy with what would become of it now.
    #[arg(long)]
    preview: bool,
    /// Preview this policy in place of the job's own.
    #[arg(long, value_name = "POLICY", requires = "preview", value_parser = policy)]
    keep: Option<Policy>,
}

fn policy(text: &str) -> Result<Policy> {
    text.parse::<Policy>().and_then(Policy::refuse_empty)
}

/// Carries it out.
pub fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::Add(arguments) => add(arguments, cx),
        Command::List => display::list(&jobs::list(&cx.session()?)?, cx),
        Command::Show { name, toml: false } => show_job(&name, cx),
        Command::Show { name, toml: true } => as_toml(&name, cx),
        Command::Edit { name, flags } => edit(&name, &flags, cx),
        Command::Apply(arguments) => apply(&arguments, cx),
        Command::Clone { name, to, flags } => {
            let job = jobs::clone(&cx.session()?, &name, &to, |definition| flags.apply(definition))?;
            done(&job, &format!("Added job {} like {name}.", job.definition.name), cx)
        }
        Command::Rename { name, to } => {
            let job = jobs::rename(&cx.session()?, &name, &to)?;
            done(&job, &format!("Job {name} is now called {}.", job.definition.name), cx)
        }
        Command::Pause(arguments) => pause(&arguments, cx),
        Command::Resume { name } => {
            let job = jobs::resume(&cx.session()?, &name)?;
            done(&job, &format!("Job {} is no longer paused.", job.definition.name), cx)
        }
        Command::Remove { name, yes } => remove(&name, yes, cx),
        Command::Revisions { name, diff } => revisions(&name, diff, cx),
        Command::Revert { name, revision } => {
            let job = jobs::revert(&cx.session()?, &name, revision)?;
            let said = format!(
                "Job {} is as it was at revision {revision}; that is revision {} now.",
                job.definition.name, job.revision
            );
            done(&job, &said, cx)
        }
        Command::History { name, limit } => runs::list_of_job(name, limit, cx),
        Command::Retention(arguments) => display::retention(&arguments.name, arguments.preview, arguments.keep, cx),
    }
}

fn show_job(name: &str, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let job = jobs::show(&session, name, 5)?;
    let source = adapters::find(&session, &job.source)?;
    display::show(&job, &source.driver, cx)
}

fn add(arguments: Add, cx: &Cx) -> Result<u8> {
    let mut definition = Definition {
        name: arguments.name,
        source: String::new(),
        schedule: String::new(),
        timezone: "UTC".to_owned(),
        enabled: true,
        compression: Compression::default(),
        profile: None,
        selection: Selection::default(),
        options: Options::default(),
        destinations: Vec::new(),
        hooks: Vec::new(),
    };
    let object = format!("job {}", definition.name);
    if arguments.flags.source.is_none() {
        return Err(Error::usage("it has no source")
            .on(object)
            .next("give it one: --source NAME"));
    }
    arguments
        .flags
        .apply(&mut definition)
        .map_err(|error| error.or_on(object))?;
    let session = cx.session()?;
    let job = jobs::add(&session, &definition)?;
    let view = jobs::show(&session, &job.id.to_string(), 1)?;
    let mut said = format!("Added job {}: {}.", job.definition.name, view.schedule_text);
    if job.definition.profile.is_none() {
        said.push_str("\nIt is not encrypted: who reads a copy reads the data. --profile NAME seals it.");
    }
    if job
        .definition
        .destinations
        .iter()
        .all(|target| target.keep.keeps_everything())
    {
        said.push_str("\nEvery copy stays. --keep smart:7,4,12,2 lets old ones go.");
    }
    done(&job, &said, cx)
}

fn edit(name: &str, flags: &Flags, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let before = jobs::find(&session, name)?.revision;
    let job = jobs::edit(&session, name, |definition| flags.apply(definition))?;
    let said = if job.revision == before {
        format!("No change: job {} is so already.", job.definition.name)
    } else {
        format!("Changed job {}: revision {}.", job.definition.name, job.revision)
    };
    done(&job, &said, cx)
}

fn as_toml(name: &str, cx: &Cx) -> Result<u8> {
    let job = jobs::find(&cx.session()?, name)?;
    let text = jobs::to_toml(&job.definition)?;
    if cx.output.is_json() {
        cx.output.json(&json!({ "job": job.definition.name, "toml": text }))?;
    } else {
        cx.output.raw(text.as_bytes())?;
    }
    Ok(0)
}

fn apply(arguments: &Apply, cx: &Cx) -> Result<u8> {
    let definitions = read(&arguments.file)?;
    let applied = jobs::apply(&cx.session()?, &definitions, arguments.dry_run)?;
    if cx.output.is_json() {
        cx.output
            .json(&json!({ "dry_run": arguments.dry_run, "jobs": applied }))?;
        return Ok(0);
    }
    for done in &applied {
        let would = if arguments.dry_run { "would be " } else { "" };
        let said = match done.action {
            Action::Unchanged => format!("Job {}: no change.", done.job),
            Action::Created => format!("{}Job {}: {would}created.", done.diff, done.job),
            Action::Updated => format!("{}Job {}: {would}changed.", done.diff, done.job),
        };
        cx.output.say(&said)?;
        if done.unsealed {
            cx.output.note(&format!(
                "note: job {} is not encrypted: its backups can be read by whoever reaches a destination; `profile = \"NAME\"` seals them",
                done.job
            ));
        }
    }
    Ok(0)
}

fn read(file: &Path) -> Result<Vec<Definition>> {
    if file.as_os_str() != "-" {
        return jobs::read(file);
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .doing("cannot read", "standard input")?;
    jobs::parse(&text).map_err(|error| error.or_on("standard input"))
}

fn pause(arguments: &Pause, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let length = arguments.length.unwrap_or(DEFAULT_PAUSE);
    let until = match &arguments.until {
        Some(text) => {
            moment::to_come(text, session.now(), show::operator_zone()).map_err(|error| error.on("--until"))?
        }
        None => session.now().plus(length),
    };
    let job = jobs::pause(&session, &arguments.name, until)?;
    let name = &job.definition.name;
    let said = format!(
        "Job {name} does not fire before {}. A run that goes on goes on; `backstay job resume {name}` ends the pause.",
        show::time(until)
    );
    done(&job, &said, cx)
}

fn remove(name: &str, yes: bool, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let job = jobs::find(&session, name)?;
    let question = format!(
        "Remove job {} and its revisions? Its backups stay.",
        job.definition.name
    );
    cx.confirm(&question, "--yes", yes)
        .map_err(|error| error.or_on(format!("job {}", job.definition.name)))?;
    let job = jobs::remove(&session, name)?;
    if cx.output.is_json() {
        cx.output
            .json(&json!({ "id": job.id, "name": job.definition.name, "removed": true }))?;
    } else {
        cx.output
            .say(&format!("Removed job {}. Its backups stay.", job.definition.name))?;
    }
    Ok(0)
}

fn revisions(name: &str, diff: Option<u32>, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let job = jobs::find(&session, name)?;
    match diff {
        None => display::revisions(&jobs::revisions(&session, &job)?, cx),
        Some(version) => {
            let text = jobs::revision_diff(&session, &job, version)?;
            if cx.output.is_json() {
                cx.output
                    .json(&json!({ "job": job.definition.name, "revision": version, "diff": text }))?;
            } else {
                cx.output.say(text.trim_end())?;
            }
            Ok(0)
        }
    }
}

/// A change has been made: the job as it is now for programs, a sentence for people.
fn done(job: &Job, said: &str, cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(&jobs::show(&cx.session()?, &job.id.to_string(), 1)?)?;
    } else {
        cx.output.say(said)?;
    }
    Ok(0)
}
