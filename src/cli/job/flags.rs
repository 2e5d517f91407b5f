//! A job's definition as flags: the same for adding, changing and cloning. A flag that is not given leaves things as they are.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::domain::job::{Compression, Contents, Definition, Hook, Overlap, Target, When};
use crate::domain::retention::Policy;
use crate::domain::time::zone_meant;
use crate::domain::units::parse_duration;
use crate::domain::{Error, Result, words};

/// How long a hook may take when nothing is said.
const HOOK_TIMEOUT: Duration = Duration::from_mins(1);

/// The flags.
#[derive(Debug, Default, Args)]
pub struct Flags {
    /// The source to back up.
    #[arg(long, value_name = "ADAPTER")]
    pub source: Option<String>,
    /// A destination copies go to; may be repeated, the best one to read from first. Replaces all there were.
    #[arg(long = "destination", value_name = "ADAPTER")]
    destinations: Vec<String>,
    /// When it runs, as in crontab: '0 3 * * *', '@daily'; an empty text means only by hand.
    #[arg(long, value_name = "CRON")]
    schedule: Option<String>,
    /// The zone schedule and retention are read in: Europe/Zurich, or a part of its name that no other has.
    #[arg(long, value_name = "ZONE", value_parser = zone_name)]
    timezone: Option<String>,
    /// How long copies stay: none, last:N or smart:DAYS,WEEKS,MONTHS,YEARS, with ,min=3d behind it to keep young ones. For one
    /// destination: NAME=POLICY. May be repeated.
    #[arg(long, value_name = "POLICY")]
    keep: Vec<String>,
    /// The encryption profile that seals it.
    #[arg(long, conflicts_with = "no_profile")]
    profile: Option<String>,
    /// Store it in the clear.
    #[arg(long)]
    no_profile: bool,
    /// How it is compressed: zstd:1..19, gzip:1..9, brotli:0..11 or none.
    #[arg(long, value_name = "ALGORITHM:LEVEL")]
    compression: Option<Compression>,
    /// Whether the schedule is followed.
    #[arg(long, value_name = "yes|no", value_parser = yes_no())]
    enabled: Option<bool>,
    #[command(flatten)]
    selection: SelectionFlags,
    #[command(flatten)]
    options: OptionFlags,
    #[command(flatten)]
    hooks: HookFlags,
}

/// The whole name of the zone that is meant.
fn zone_name(text: &str) -> Result<String> {
    zone_meant(text).map(|zone| zone.name().to_owned())
}

/// Which databases, and what of them.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is backed up")]
struct SelectionFlags {
    /// The databases, separated by commas; 'all' means all there are when it runs.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    /// Databases to leave out, separated by commas; an empty text leaves out none.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    exclude_databases: Vec<String>,
    /// A pattern of schemas to leave out, as the dump tool takes it; may be repeated, an empty text leaves out none.
    #[arg(long = "exclude-schema", value_name = "PATTERN")]
    exclude_schemas: Vec<String>,
    /// A pattern of tables to leave out, as the dump tool takes it; may be repeated, an empty text leaves out none.
    #[arg(long = "exclude-table", value_name = "PATTERN")]
    exclude_tables: Vec<String>,
    /// Definitions, rows, or both.
    #[arg(long, value_parser = contents())]
    contents: Option<Contents>,
    /// Whether roles and tablespaces are backed up too, where the source has them.
    #[arg(long, value_name = "yes|no", value_parser = yes_no())]
    globals: Option<bool>,
}

/// How it runs.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "How it runs")]
struct OptionFlags {
    /// What a run does that is due while the last one goes on.
    #[arg(long, value_parser = overlap())]
    overlap: Option<Overlap>,
    /// Whether runs missed while the engine was down are made up for, once, when it starts.
    #[arg(long, value_name = "yes|no", value_parser = yes_no())]
    catch_up: Option<bool>,
    /// Whether a run that died with its engine is run again.
    #[arg(long, value_name = "yes|no", value_parser = yes_no())]
    rerun_interrupted: Option<bool>,
    /// How often a failure that may pass is tried again.
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// How long to wait before the first retry; doubled each time.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    retry_delay: Option<Duration>,
    /// How long a run may take; 0s means without limit.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Whether every stored byte is read back and compared after writing.
    #[arg(long, value_name = "yes|no", value_parser = yes_no())]
    read_back: Option<bool>,
}

/// What runs around it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Hooks")]
struct HookFlags {
    /// A command to run before; its failure fails the run. Quoted as for a shell, run without one. May be repeated; replaces
    /// those there were.
    #[arg(long, value_name = "COMMAND")]
    before: Vec<String>,
    /// A command to run after, whatever the verdict. May be repeated; replaces those there were.
    #[arg(long, value_name = "COMMAND")]
    after: Vec<String>,
    /// Hand the commands given with --before and --after to /bin/sh.
    #[arg(long)]
    shell: bool,
    /// How long each of them may take.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    hook_timeout: Option<Duration>,
    /// Run nothing before and after.
    #[arg(long, conflicts_with_all = ["before", "after"])]
    no_hooks: bool,
}

impl Flags {
    /// Changes what was given.
    pub fn apply(&self, definition: &mut Definition) -> Result<()> {
        set(&mut definition.source, self.source.as_ref());
        set(&mut definition.schedule, self.schedule.as_ref());
        set(&mut definition.timezone, self.timezone.as_ref());
        set(&mut definition.compression, self.compression.as_ref());
        set(&mut definition.enabled, self.enabled.as_ref());
        if self.no_profile {
            definition.profile = None;
        } else if self.profile.is_some() {
            definition.profile.clone_from(&self.profile);
        }
        self.apply_destinations(definition)?;
        self.selection.apply(definition);
        self.options.apply(definition);
        self.hooks.apply(definition)
    }

    fn apply_destinations(&self, definition: &mut Definition) -> Result<()> {
        if !self.destinations.is_empty() {
            let before = std::mem::take(&mut definition.destinations);
            let keep_of = |name: &str| {
                before
                    .iter()
                    .find(|target| target.adapter == name)
                    .map(|target| target.keep)
            };
            let targets = self.destinations.iter().map(|name| Target {
                adapter: name.clone(),
                keep: keep_of(name).unwrap_or_default(),
            });
            definition.destinations = targets.collect();
        }
        self.keep.iter().try_for_each(|keep| apply_keep(keep, definition))
    }
}

/// `POLICY` for every destination, `NAME=POLICY` for one.
fn apply_keep(keep: &str, definition: &mut Definition) -> Result<()> {
    let for_all = keep.parse::<Policy>();
    let for_one = keep
        .split_once('=')
        .and_then(|(name, policy)| Some((name, policy.parse::<Policy>().ok()?)));
    match (for_all, for_one) {
        (Ok(policy), _) => {
            definition
                .destinations
                .iter_mut()
                .for_each(|target| target.keep = policy);
            Ok(())
        }
        (Err(_), Some((name, policy))) => {
            let target = definition
                .destinations
                .iter_mut()
                .find(|target| target.adapter == name)
                .ok_or_else(|| {
                    Error::usage(format!("--keep names {name}, which is none of its destinations"))
                        .next(format!("add it: --destination {name}"))
                })?;
            target.keep = policy;
            Ok(())
        }
        (Err(error), None) => Err(error),
    }
}

impl SelectionFlags {
    fn apply(&self, definition: &mut Definition) {
        let selection = &mut definition.selection;
        match self.databases.as_slice() {
            [] => {}
            [all] if all == "all" => selection.databases = None,
            names => selection.databases = Some(names.to_vec()),
        }
        replace(&mut selection.exclude_databases, &self.exclude_databases);
        replace(&mut selection.exclude_schemas, &self.exclude_schemas);
        replace(&mut selection.exclude_tables, &self.exclude_tables);
        set(&mut selection.contents, self.contents.as_ref());
        set(&mut selection.globals, self.globals.as_ref());
    }
}

impl OptionFlags {
    fn apply(&self, definition: &mut Definition) {
        let options = &mut definition.options;
        set(&mut options.overlap, self.overlap.as_ref());
        set(&mut options.catch_up, self.catch_up.as_ref());
        set(&mut options.rerun_interrupted, self.rerun_interrupted.as_ref());
        set(&mut options.retries, self.retries.as_ref());
        set(&mut options.retry_delay, self.retry_delay.as_ref());
        set(&mut options.timeout, self.timeout.as_ref());
        set(&mut options.read_back, self.read_back.as_ref());
    }
}

impl HookFlags {
    fn apply(&self, definition: &mut Definition) -> Result<()> {
        if self.no_hooks {
            definition.hooks.clear();
        }
        let given = [(When::Before, &self.before), (When::After, &self.after)];
        for (when, commands) in given.into_iter().filter(|(_, commands)| !commands.is_empty()) {
            definition.hooks.retain(|hook| hook.when != when);
            for command in commands {
                definition.hooks.push(self.hook(when, command)?);
            }
        }
        if self.before.is_empty() && self.after.is_empty() && (self.shell || self.hook_timeout.is_some()) {
            return Err(
                Error::usage("--shell and --hook-timeout are for hooks given along with them")
                    .next("give --before or --after as well"),
            );
        }
        Ok(())
    }

    fn hook(&self, when: When, command: &str) -> Result<Hook> {
        let words = if self.shell {
            vec![command.to_owned()]
        } else {
            words::split(command)?
        };
        // Other lists are emptied by an empty text. What takes hooks away is a flag, which only the command line tells of.
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            let flag = match when {
                When::Before => "--before",
                When::After => "--after",
            };
            return Err(Error::usage(format!("{flag} '{command}' has no command"))
                .next("give it a program, or use --no-hooks to run nothing before and after"));
        }
        Ok(Hook {
            when,
            command: words,
            shell: self.shell,
            timeout: self.hook_timeout.unwrap_or(HOOK_TIMEOUT),
        })
    }
}

fn set<T: Clone>(place: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        place.clone_from(value);
    }
}

/// Replaces a list; one empty text empties it.
fn replace(place: &mut Vec<String>, given: &[String]) {
    if !given.is_empty() {
        *place = given.iter().filter(|item| !item.is_empty()).cloned().collect();
    }
}

fn yes_no() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["yes", "no"]).map(|word| word == "yes")
}

fn contents() -> impl TypedValueParser<Value = Contents> {
    PossibleValuesParser::new(["all", "schema-only", "data-only"]).map(|word| match word.as_str() {
        "schema-only" => Contents::SchemaOnly,
        "data-only" => Contents::DataOnly,
        _ => Contents::All,
    })
}

fn overlap() -> impl TypedValueParser<Value = Overlap> {
    PossibleValuesParser::new(["skip", "queue"])
        .map(|word| if word == "queue" { Overlap::Queue } else { Overlap::Skip })
}
