//! Job files: a definition as TOML, several as `[[job]]`. Applying one creates or updates, all jobs of a file or none.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use super::{change_to, check, create};
use crate::domain::error::Context;
use crate::domain::job::{Definition, Job};
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::ops::private_file::{Existing, PrivateFile, another_name};
use crate::store::jobs;

/// What applying a file did, or would do, to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// There was no job of that name.
    Created,
    /// It was different.
    Updated,
    /// It was as the file says.
    Unchanged,
}

/// What became of one job of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The job's name.
    pub job: String,
    /// What was done.
    pub action: Action,
    /// The job's revision now; on a dry run the one it has, nothing for a job that does not exist yet.
    pub revision: Option<u32>,
    /// What differs, as a unified diff of the two files; empty when nothing does.
    pub diff: String,
    /// Whether its backups are not encrypted, and were or are new.
    pub unsealed: bool,
}

/// Reads a job file.
pub fn parse(text: &str) -> Result<Vec<Definition>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Several {
        job: Vec<Definition>,
    }
    let bad = |error: toml::de::Error| {
        Error::usage(format!("the job file does not fit: {}", error.to_string().trim_end()))
            .next("`backstay job show NAME --toml` shows how one looks")
    };
    let table: toml::Table = text.parse().map_err(bad)?;
    if table.contains_key("job") {
        return toml::from_str::<Several>(text).map(|several| several.job).map_err(bad);
    }
    toml::from_str::<Definition>(text).map(|one| vec![one]).map_err(bad)
}

/// Reads a job file from the disk.
pub fn read(path: &Path) -> Result<Vec<Definition>> {
    let object = path.display().to_string();
    let text = std::fs::read_to_string(path).doing("cannot read the job file", &object)?;
    parse(&text).map_err(|error| error.or_on(object))
}

/// A definition as a job file.
pub fn to_toml(definition: &Definition) -> Result<String> {
    toml::to_string_pretty(definition).map_err(|error| Error::failed(format!("cannot write TOML: {error}")))
}

/// Writes the definition of a job to a file of mode 0600, for `job apply`. A file that exists stays.
pub fn write(session: &Session, name: &str, path: &Path) -> Result<Job> {
    let job = super::find(session, name)?;
    let mut file = PrivateFile::create(path, Existing::Keep).map_err(another_name)?;
    file.file()
        .write_all(to_toml(&job.definition)?.as_bytes())
        .doing("cannot write", path.display())?;
    file.keep().map_err(another_name)?;
    Ok(job)
}

/// The unified diff from one definition to another; empty when they are equal.
pub fn diff(from: (&str, Option<&Definition>), to: (&str, &Definition)) -> Result<String> {
    let before = from.1.map(to_toml).transpose()?.unwrap_or_default();
    let after = to_toml(to.1)?;
    Ok(TextDiff::from_lines(&before, &after)
        .unified_diff()
        .context_radius(3)
        .header(from.0, to.0)
        .to_string())
}

/// Makes jobs what a file says. On a dry run everything is checked and nothing is changed.
pub fn apply(session: &Session, definitions: &[Definition], dry_run: bool) -> Result<Vec<Applied>> {
    let definitions: Vec<Definition> = definitions
        .iter()
        .map(|definition| check::prepared(session, definition))
        .collect::<Result<_>>()?;
    let known: Vec<Option<Job>> = session.instance.store.read(|db| {
        definitions
            .iter()
            .map(|definition| jobs::by_name(db, &definition.name))
            .collect()
    })?;
    let mut applied = Vec::new();
    for (definition, job) in definitions.iter().zip(&known) {
        if applied.iter().any(|earlier: &Applied| earlier.job == definition.name) {
            return Err(Error::usage("it is in the file twice")
                .on(format!("job {}", definition.name))
                .next("leave one of the two out, or give it another name"));
        }
        applied.push(compare(definition, job.as_ref())?);
    }
    if dry_run {
        return Ok(applied);
    }
    session.instance.store.write(|db| {
        for ((definition, job), done) in definitions.iter().zip(&known).zip(&mut applied) {
            let stored = match job {
                None => create(session, db, definition, "job.create")?,
                Some(job) => change_to(session, db, job, definition, "job.update", "applied from a file")?,
            };
            done.revision = Some(stored.revision);
        }
        Ok(())
    })?;
    Ok(applied)
}

/// Makes jobs what a file says, as it was shown on a dry run. Refuses where a job is no longer what the file was compared with.
pub fn apply_as_shown(session: &Session, definitions: &[Definition], shown: &[Applied]) -> Result<Vec<Applied>> {
    if apply(session, definitions, true)? == shown {
        return apply(session, definitions, false);
    }
    Err(
        Error::busy("somebody else changed a job of this file while it was looked at")
            .next("look at what differs now, and apply it then"),
    )
}

fn compare(definition: &Definition, job: Option<&Job>) -> Result<Applied> {
    let now = match job {
        Some(job) => format!("{} (revision {})", definition.name, job.revision),
        None => "(no such job)".to_owned(),
    };
    let diff = diff(
        (&now, job.map(|job| &job.definition)),
        (&format!("{} (file)", definition.name), definition),
    )?;
    Ok(Applied {
        job: definition.name.clone(),
        action: match job {
            None => Action::Created,
            Some(job) if job.definition == *definition => Action::Unchanged,
            Some(_) => Action::Updated,
        },
        revision: job.map(|job| job.revision),
        diff,
        unsealed: definition.profile.is_none() && job.is_none_or(|job| job.definition.profile.is_some()),
    })
}
