//! A source that suddenly holds nothing: a file cut off, a database made anew. The dump of that is whole, and still no backup
//! to let older ones go for. So it counts as incomplete, until a person who has been told asks for the run once more.

use super::run::Run;
use crate::catalog::{keys, manifest as manifests};
use crate::domain::backup::Backup;
use crate::domain::error::{Error, Result};
use crate::domain::execution::Trigger;
use crate::domain::job::{Contents, Job};
use crate::domain::manifest::InsideObject;
use crate::store::backups;

/// The databases in `made` that hold no table although the last good backup of the job has tables of them.
pub fn look<'a>(run: &Run, job: &Job, made: impl Iterator<Item = &'a InsideObject>) -> Result<Vec<Error>> {
    let empty: Vec<&InsideObject> = made.filter(|object| is_empty(object)).collect();
    if empty.is_empty() {
        return Ok(Vec::new());
    }
    let name = &job.definition.name;
    let (good, newest) = run.instance.store.read(|db| {
        Ok((
            backups::latest(db, Some(job.id), name, run.now())?,
            backups::newest_kept(db, job.id, run.now())?,
        ))
    })?;
    let Some(good) = good else {
        return Ok(Vec::new());
    };
    let before = objects(run, &good)?;
    let told = match &newest {
        Some(newest) if newest.id != good.id && is_a_persons(run) => objects(run, newest)?,
        _ => Vec::new(),
    };
    let found = empty.into_iter().filter_map(|object| {
        let had = of(&before, object).filter(|had| !is_empty(had))?;
        let database = object.database.as_deref()?;
        if of(&told, object).is_some_and(is_empty) {
            run.info(format!(
                "{database} is empty, which this run was asked for again to accept"
            ));
            return None;
        }
        let message = format!(
            "it holds no table, and the last good backup, of {}, has {} of it",
            good.taken_at, had.stats.tables
        );
        let next = format!("look at it; if it is meant to be empty, `backstay run {name}` once more accepts that");
        Some(Error::failed(message).on(format!("database {database}")).next(next))
    });
    Ok(found.collect())
}

fn is_empty(object: &InsideObject) -> bool {
    object.database.is_some() && object.contents != Contents::SchemaOnly && object.stats.tables == 0
}

fn of<'a>(objects: &'a [InsideObject], object: &InsideObject) -> Option<&'a InsideObject> {
    objects
        .iter()
        .find(|known| known.database == object.database && known.contents == object.contents)
}

const fn is_a_persons(run: &Run) -> bool {
    matches!(run.execution.trigger, Trigger::Manual | Trigger::Cli)
}

/// What is in a backup; nothing when its key is not here.
fn objects(run: &Run, backup: &Backup) -> Result<Vec<InsideObject>> {
    let manifest = run.instance.store.read(|db| backups::manifest(db, backup.id))?;
    let key = match &manifest.encryption {
        Some(note) => match keys::by_key_id(&run.instance, &note.key_id) {
            Ok((_, key)) => Some(key),
            Err(_) => return Ok(Vec::new()),
        },
        None => None,
    };
    Ok(manifests::inside(&manifest, key.as_ref())?.objects)
}
