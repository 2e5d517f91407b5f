//! Whether a definition can be: each thing that cannot is named, with what to do about it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::object;
use crate::catalog::endpoints;
use crate::domain::adapter::{Adapter, AdapterType, Probe};
use crate::domain::id::{AdapterId, JobId, ProfileId};
use crate::domain::job::{Definition, Hook};
use crate::domain::naming::valid_name;
use crate::domain::schedule::Schedule;
use crate::domain::time::zone;
use crate::domain::{Error, Kind, Result};
use crate::ops::Session;
use crate::ops::places::{overlap, resolved};
use crate::store::jobs::References;
use crate::store::{Db, adapters, jobs, profiles};

/// A part of a definition, as a form has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// Its name.
    Name,
    /// The source adapter.
    Source,
    /// The encryption profile.
    Profile,
    /// The cron expression.
    Schedule,
    /// The zone it is read in.
    Timezone,
    /// Which databases.
    Databases,
    /// The destinations as a whole.
    Destinations,
    /// The destination at this place, from 0.
    Destination(usize),
    /// The hook at this place, from 0.
    Hook(usize),
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Which.
    pub field: Field,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do; may be empty.
    pub next: String,
}

/// Things that are wrong, each with the field it is in.
type Faults = Vec<(Field, Error)>;

/// What can be told from the definition alone: the first thing that is wrong.
pub(super) fn definition(definition: &Definition) -> Result<()> {
    match alone(definition).into_iter().next() {
        Some((_, error)) => Err(error.or_on(object(definition))),
        None => Ok(()),
    }
}

fn alone(definition: &Definition) -> Faults {
    let mut faults = Faults::new();
    let mut fault = |field: Field, looked: Result<()>| faults.extend(looked.err().map(|error| (field, error)));
    fault(Field::Name, valid_name("job", &definition.name));
    if !definition.schedule.is_empty() {
        let read = Schedule::describe_anywhere(&definition.schedule);
        fault(Field::Schedule, read.map(drop));
    }
    fault(Field::Timezone, zone(&definition.timezone).map(drop));
    if definition.destinations.is_empty() {
        let none = Error::usage("it has no destination").next("name an adapter to keep its backups at");
        fault(Field::Destinations, Err(none));
    }
    let destinations = definition.destinations.iter().map(|target| target.adapter.as_str());
    if let Some((at, twice)) = repeated(destinations) {
        let twice = Error::usage(format!("destination {twice} is named twice")).next("name each destination once");
        fault(Field::Destination(at), Err(twice));
    }
    for (at, target) in definition.destinations.iter().enumerate() {
        let told = |error: Error| error.or_on(format!("{}, destination {}", object(definition), target.adapter));
        let kept = target.keep.refuse_empty().map(drop).map_err(told);
        fault(Field::Destination(at), kept);
    }
    fault(Field::Databases, databases(definition));
    for (at, hook) in definition.hooks.iter().enumerate() {
        fault(Field::Hook(at), self::hook(hook));
    }
    faults
}

fn databases(definition: &Definition) -> Result<()> {
    let Some(databases) = &definition.selection.databases else {
        return Ok(());
    };
    if databases.is_empty() || databases.iter().any(String::is_empty) {
        return Err(Error::usage("its list of databases is empty, or a name in it is")
            .next("name some, or leave the list out: then it is all there are"));
    }
    match repeated(databases.iter().map(String::as_str)) {
        Some((_, twice)) => {
            Err(Error::usage(format!("database {twice} is named twice")).next("name each database once"))
        }
        None => definition.selection.refuse_contradiction(),
    }
}

fn hook(hook: &Hook) -> Result<()> {
    match (hook.shell, hook.command.as_slice()) {
        (_, []) => Err(Error::usage("a hook has no command").next("give it a program")),
        (_, [program, ..]) if program.trim().is_empty() => {
            Err(Error::usage("a hook has an empty command").next("give it a program"))
        }
        (true, [_, _, ..]) => Err(Error::usage("a hook for the shell is one text, not several")
            .next("write it as one string, or leave out `shell`")),
        _ if hook.timeout.is_zero() => {
            Err(Error::usage("a hook has a time limit of zero").next("give it some seconds"))
        }
        _ => Ok(()),
    }
}

/// The first name that was there before, and its place.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<(usize, &'a str)> {
    let mut seen = BTreeSet::new();
    names.enumerate().find(|(_, name)| !seen.insert(*name))
}

/// Everything that is wrong, in the order of the fields. `own` is the job that is changed.
pub(super) fn everything(session: &Session, wanted: &Definition, own: Option<JobId>) -> Result<Vec<FieldError>> {
    let mut faults = alone(wanted);
    let (found, references) = session.instance.store.read(|db| {
        let mut found = unknown(db, wanted, own)?;
        if !found.is_empty() {
            return Ok((found, None));
        }
        let references = references(db, wanted)?;
        let before = own.map(|job| jobs::get(db, job)).transpose()?;
        if before.is_none_or(|job| job.source_id != references.source) {
            found.extend(unreadable(db, &references)?.map(|error| (Field::Source, error)));
        }
        Ok((found, Some(references)))
    })?;
    faults.extend(found);
    if let Some(references) = references {
        faults.extend(entangled(session, wanted, &references, None).map(|(at, error)| (Field::Destination(at), error)));
    }
    faults.sort_by_key(|(field, _)| field.place());
    let told = faults.into_iter().map(|(field, error)| FieldError {
        field,
        message: error.message,
        next: error.next,
    });
    Ok(told.collect())
}

impl Field {
    /// Where a form has it.
    const fn place(self) -> (u8, usize) {
        match self {
            Self::Name => (0, 0),
            Self::Source => (1, 0),
            Self::Databases => (2, 0),
            Self::Schedule => (3, 0),
            Self::Timezone => (4, 0),
            Self::Profile => (5, 0),
            Self::Destinations => (6, 0),
            Self::Destination(at) => (7, at),
            Self::Hook(at) => (8, at),
        }
    }
}

/// Names that are taken, or that stand for nothing.
fn unknown(db: &Db, wanted: &Definition, own: Option<JobId>) -> Result<Faults> {
    let mut faults = Faults::new();
    // A store that cannot be read is no fault of the definition.
    let mut fault = |field: Field, looked: Result<()>| match looked {
        Err(error) if matches!(error.kind, Kind::Usage | Kind::NotFound) => {
            faults.push((field, error));
            Ok(())
        }
        other => other,
    };
    fault(Field::Name, name_is_free(db, wanted, own))?;
    fault(
        Field::Source,
        adapter(db, &wanted.source, AdapterType::Source).map(drop),
    )?;
    if let Some(name) = &wanted.profile {
        fault(Field::Profile, profile(db, name).map(drop))?;
    }
    for (at, target) in wanted.destinations.iter().enumerate() {
        let found = adapter(db, &target.adapter, AdapterType::Destination);
        fault(Field::Destination(at), found.map(drop))?;
    }
    Ok(faults)
}

/// Refuses a name that another job has.
pub(super) fn name_is_free(db: &Db, definition: &Definition, own: Option<JobId>) -> Result<()> {
    match jobs::by_name(db, &definition.name)? {
        Some(other) if Some(other.id) != own => Err(Error::usage("that name is taken")
            .on(object(definition))
            .next("choose another name")),
        _ => Ok(()),
    }
}

/// What the definition's names stand for: adapters of the right type, a profile that still seals.
pub(super) fn references(db: &Db, definition: &Definition) -> Result<References> {
    let adapter =
        |name: &str, wanted: AdapterType| adapter(db, name, wanted).map_err(|error| error.or_on(object(definition)));
    let destinations = definition
        .destinations
        .iter()
        .map(|target| Ok(adapter(&target.adapter, AdapterType::Destination)?.id));
    Ok(References {
        source: adapter(&definition.source, AdapterType::Source)?.id,
        destinations: destinations.collect::<Result<_>>()?,
        profile: match &definition.profile {
            Some(name) => Some(profile(db, name).map_err(|error| error.or_on(object(definition)))?),
            None => None,
        },
    })
}

/// Refuses a source of which the last probe found that it cannot be backed up from here.
pub(super) fn can_be_read(db: &Db, definition: &Definition, references: &References) -> Result<()> {
    match unreadable(db, references)? {
        Some(error) => Err(error.on(object(definition))),
        None => Ok(()),
    }
}

fn unreadable(db: &Db, references: &References) -> Result<Option<Error>> {
    let source = adapters::get(db, references.source)?;
    let found: Option<Probe> = serde_json::from_value(source.metadata).ok();
    let blocker = found.and_then(|probe| probe.blockers.into_iter().next());
    Ok(blocker.map(|blocker| {
        Error::failed(format!("source {} cannot be backed up: {blocker}", source.name))
            .next(format!("put that right, then `backstay adapter test {}`", source.name))
    }))
}

fn adapter(db: &Db, name: &str, wanted: AdapterType) -> Result<Adapter> {
    let all = adapters::list(db)?;
    let fitting = || {
        let names: Vec<&str> = all
            .iter()
            .filter(|adapter| adapter.kind == wanted)
            .map(|adapter| adapter.name.as_str())
            .collect();
        match names.as_slice() {
            [] => format!("there is no {wanted} yet; `backstay adapter add` makes one"),
            names => format!("{wanted}s are {}", names.join(", ")),
        }
    };
    match adapters::find(db, name) {
        Err(error) if error.kind == Kind::NotFound => {
            Err(Error::not_found(format!("there is no {wanted} '{name}'")).next(fitting()))
        }
        Ok(other) if other.kind != wanted => {
            Err(Error::usage(format!("adapter {name} is a {}, not a {wanted}", other.kind)).next(fitting()))
        }
        found => found,
    }
}

fn profile(db: &Db, name: &str) -> Result<ProfileId> {
    let profile = profiles::find(db, name)?;
    if let Some(since) = profile.retired_at {
        return Err(Error::usage(format!(
            "encryption profile {name} is retired since {since}; it only reads"
        ))
        .next("choose one that is not retired"));
    }
    Ok(profile.id)
}

/// The definition with the names that its references go by (ids may have been given), after every check; the transaction of
/// the change looks once more at what may have changed since. Refuses a destination that is its source's own file, holds it,
/// or lies in it, and two destinations that are one directory.
pub(super) fn prepared(session: &Session, wanted: &Definition) -> Result<Definition> {
    definition(wanted)?;
    let (prepared, references) = session.instance.store.read(|db| {
        let references = references(db, wanted)?;
        Ok((with_names(db, wanted, &references)?, references))
    })?;
    definition(&prepared)?;
    apart(session, &prepared, &references, None)?;
    Ok(prepared)
}

/// Refuses to move an adapter to where a job that uses it would keep copies in what it backs up. `moved` is its new place.
pub(in crate::ops) fn stays_apart(session: &Session, adapter: AdapterId, moved: &Path) -> Result<()> {
    let using = session.instance.store.read(jobs::list)?.into_iter();
    for job in using.filter(|job| job.source_id == adapter || job.destination_ids.contains(&adapter)) {
        let references = References {
            source: job.source_id,
            profile: job.profile_id,
            destinations: job.destination_ids,
        };
        apart(session, &job.definition, &references, Some((adapter, moved)))?;
    }
    Ok(())
}

fn with_names(db: &Db, wanted: &Definition, references: &References) -> Result<Definition> {
    let mut named = wanted.clone();
    named.source = adapters::get(db, references.source)?.name;
    for (target, id) in named.destinations.iter_mut().zip(&references.destinations) {
        target.adapter = adapters::get(db, *id)?.name;
    }
    if let Some(id) = references.profile {
        named.profile = Some(profiles::get(db, id)?.name);
    }
    Ok(named)
}

fn apart(
    session: &Session,
    wanted: &Definition,
    references: &References,
    moved: Option<(AdapterId, &Path)>,
) -> Result<()> {
    match entangled(session, wanted, references, moved) {
        Some((_, error)) => Err(error.on(object(wanted))),
        None => Ok(()),
    }
}

/// The first destination, by its place in the definition, that is another one's directory, or its source's own file; or holds
/// it, or lies in it.
fn entangled(
    session: &Session,
    wanted: &Definition,
    references: &References,
    moved: Option<(AdapterId, &Path)>,
) -> Option<(usize, Error)> {
    let instance = &session.instance;
    let moved = |id: AdapterId| {
        moved
            .filter(|(adapter, _)| *adapter == id)
            .map(|(_, path)| resolved(path))
    };
    // An adapter that cannot be opened now has no place to compare; its run will say what is wrong with it.
    let place = |id: AdapterId| {
        moved(id).or_else(|| {
            let opened = endpoints::destination(instance, id).ok()?;
            opened.driver.local_path().map(resolved)
        })
    };
    let kept: Vec<Kept<'_>> = wanted
        .destinations
        .iter()
        .zip(&references.destinations)
        .enumerate()
        .filter_map(|(at, (target, id))| {
            Some(Kept {
                at,
                name: &target.adapter,
                place: place(*id)?,
            })
        })
        .collect();
    shared(&kept).or_else(|| {
        let source = moved(references.source).or_else(|| {
            let opened = endpoints::source(instance, references.source).ok()?;
            opened.driver.local_path().map(resolved)
        })?;
        within(&kept, &source)
    })
}

/// A destination of a definition that is a directory here.
struct Kept<'a> {
    /// Which of the definition's, from 0.
    at: usize,
    /// The adapter's name.
    name: &'a str,
    /// The directory, as the disk sees it.
    place: PathBuf,
}

/// The first that meets one before it.
fn shared(kept: &[Kept<'_>]) -> Option<(usize, Error)> {
    kept.iter().enumerate().find_map(|(count, this)| {
        let other = kept.iter().take(count).find(|other| overlap(&other.place, &this.place))?;
        let told = format!(
            "destinations {} ({}) and {} ({}) are one directory, or one lies in the other: what is lost there is lost twice",
            other.name,
            other.place.display(),
            this.name,
            this.place.display()
        );
        let next = "keep one of them, or give the other a directory on another disk";
        Some((this.at, Error::usage(told).next(next)))
    })
}

/// The first that meets what is backed up.
fn within(kept: &[Kept<'_>], source: &Path) -> Option<(usize, Error)> {
    let this = kept.iter().find(|this| overlap(source, &this.place))?;
    let told = format!(
        "destination {} ({}) and what is backed up ({}) lie in each other",
        this.name,
        this.place.display(),
        source.display()
    );
    let next = "keep copies in a directory of their own, at best on another disk";
    Some((this.at, Error::usage(told).next(next)))
}
