//! Restores: a plan first, which says what goes where, what would be replaced and what stands in the way; then a request to
//! the engine for exactly that plan.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use self::copy::{Picked, pick};
use super::Session;
use super::backups::{Material, named, source_called};
use super::runs::{self, Asked};
use crate::catalog::endpoints::{self, Opened};
use crate::domain::adapter::Adapter;
use crate::domain::backup::{CopyState, Level};
use crate::domain::blocker::{Blocker, Permission};
use crate::domain::error::joined;
use crate::domain::execution::{
    Execution, ExecutionType, Renamed, Request, RestoreOptions, RestoreRequest, Status, Trigger,
};
use crate::domain::id::BackupId;
use crate::domain::job::Contents;
use crate::domain::manifest::{InsideObject, ObjectKind};
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::source::{DatabaseRestore, Source};
use crate::store::executions::{self, Filter};

mod copy;
mod names;
mod words;

pub use names::free_names;

/// Restores that an estimate is made from.
const MEASURED: u32 = 10;

/// What is to be restored, in the words of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The backup: id or `latest:JOB`.
    pub backup: String,
    /// The source adapter restored into.
    pub to: String,
    /// Read from this destination.
    pub from: Option<String>,
    /// Which databases, under which names; empty means all under their own.
    pub databases: Vec<Renamed>,
    /// Restore roles and tablespaces first.
    pub globals: bool,
    /// How.
    pub options: RestoreOptions,
}

/// What a restore would do. Sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct RestorePlan {
    /// The backup.
    pub backup: BackupId,
    /// The job it was made for.
    pub job: String,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// The driver of both sides.
    pub driver: String,
    /// The version of the engine it was taken from.
    pub engine_version: String,
    /// The destination it is read from first.
    pub from: String,
    /// What was proven of the copy there, and holds.
    pub verified_level: Option<Level>,
    /// When that copy was last proven, whether that holds or not.
    pub proven_at: Option<Timestamp>,
    /// How that copy is.
    pub copy_state: CopyState,
    /// When it was last looked at.
    pub looked_at: Option<Timestamp>,
    /// Since when its destination has not answered, where that is offline.
    pub out_of_reach_since: Option<Timestamp>,
    /// The adapter restored into.
    pub to: String,
    /// What that adapter is.
    pub summary: String,
    /// The databases.
    pub databases: Vec<PlannedDatabase>,
    /// Whether roles and tablespaces are restored first.
    pub globals: bool,
    /// Plain bytes, all databases.
    pub logical_size: u64,
    /// How long it will about take, by the last real restores; absent when there were none.
    pub estimated_ms: Option<u64>,
    /// What stands in the way, with the way out, one sentence each.
    pub blockers: Vec<Blocker>,
    /// What the operator should know, one sentence each.
    pub warnings: Vec<String>,
    /// Whether no copy can be read: then nothing else that is in the way matters.
    #[serde(skip)]
    unread: bool,
    /// What the engine is asked for.
    #[serde(skip)]
    request: RestoreRequest,
}

/// One database in a plan. Sizes in bytes.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedDatabase {
    /// Its name in the backup.
    pub database: String,
    /// Its name in the target.
    pub target: String,
    /// What the file is called that it is, where it is one, beside that of the adapter.
    pub file: Option<String>,
    /// Plain bytes.
    pub logical_size: u64,
    /// Whether something of that name is there.
    pub exists: bool,
    /// The size of what is there.
    pub existing_size: u64,
    /// Whether what is there holds data, and would have to be replaced. Rows only replace others when that was asked for.
    pub replaces: bool,
    /// Whether that was not asked for, so that it is in the way; a blocker says so.
    pub in_the_way: bool,
    /// What of it is in the backup: rows only are for tables that are there.
    pub contents: Contents,
}

impl RestorePlan {
    /// The targets that hold data which would be replaced.
    pub fn replaced(&self) -> Vec<&str> {
        self.databases
            .iter()
            .filter(|database| database.replaces)
            .map(|database| database.target.as_str())
            .collect()
    }

    /// A refusal that names the first thing in the way, when there is one; `permit` says how something is permitted.
    pub fn refuse_blocked(&self, permit: impl Fn(Permission) -> &'static str) -> Result<()> {
        let Some((first, others)) = self.blockers.split_first() else {
            return Ok(());
        };
        let more = if others.is_empty() {
            String::new()
        } else {
            format!(" (and {} more)", others.len())
        };
        let Error { message, next, .. } = first.refusal(&permit);
        let next = match self.replaced().first() {
            Some(_) if !self.request.options.replace && !self.unread => {
                format!("restore under another name, or {}", permit(Permission::Replace))
            }
            _ if next.is_empty() => "put that right, then look at the plan again".to_owned(),
            _ => next,
        };
        Err(Error::refused(format!("{message}{more}"))
            .on(format!("restore into {}", self.to))
            .next(next))
    }
}

/// Works out what a restore would do. Changes nothing.
pub async fn plan(session: &Session, wish: &Wish) -> Result<RestorePlan> {
    let material = Material::find(&session.instance, &wish.backup)?;
    let backup = &material.backup;
    let adapter = session
        .instance
        .store
        .read(|db| source_called(db, &wish.to, &backup.driver))?;
    let Picked {
        copy,
        blocker,
        passed_over,
    } = pick(session, &material, wish.from.as_deref()).await?;
    let chosen = chosen(&material, wish)?;
    let target = endpoints::source(&session.instance, adapter.id)?;
    let mut warnings = warnings(&material, wish);
    warnings.extend(passed_over);
    if copy.state != CopyState::Present {
        let (destination, state) = (&copy.destination, copy.state);
        let otherwise = backup.readable_copies().first().map_or_else(String::new, |other| {
            let (other, short) = (&other.destination, backup.id.short());
            format!("; read it from {other}, or mend it first: `backstay backup repair {short}`")
        });
        warnings.push(format!(
            "the copy at {destination} is {state}: what of it is whole is restored, and every byte of that is compared{otherwise}"
        ));
    }
    let mut plan = RestorePlan {
        backup: backup.id,
        job: backup.job_name.clone(),
        taken_at: backup.taken_at,
        driver: backup.driver.clone(),
        engine_version: backup.engine_version.clone(),
        from: copy.destination.clone(),
        verified_level: copy.proof().map(|(level, _)| level),
        proven_at: copy.proven_at,
        // One that is there and whose last look found it wanting is no better than one that is known to be corrupt.
        copy_state: match (copy.state, copy.verified_ok) {
            (CopyState::Present, Some(false)) => CopyState::Corrupt,
            (state, _) => state,
        },
        looked_at: copy.verified_at,
        out_of_reach_since: copy.out_of_reach_since,
        to: adapter.name.clone(),
        summary: adapter.summary.clone(),
        databases: Vec::new(),
        globals: wish.globals,
        logical_size: chosen.iter().map(|(_, inside)| inside.logical_size).sum(),
        estimated_ms: None,
        unread: blocker.is_some(),
        blockers: blocker.into_iter().collect(),
        warnings,
        request: RestoreRequest {
            backup: backup.id,
            from: wish.from.as_ref().map(|_| copy.destination_id),
            to: adapter.id,
            databases: chosen.iter().map(|(names, _)| names.clone()).collect(),
            globals: wish.globals,
            options: wish.options.clone(),
        },
    };
    for (names, inside) in &chosen {
        check(&target, &adapter, &material, names, inside, &mut plan).await?;
    }
    plan.estimated_ms = estimate(&measured(session)?, &backup.driver, plan.logical_size);
    Ok(plan)
}

/// Asks the engine for what the plan says. Refused while something stands in the way.
pub fn start(session: &Session, plan: &RestorePlan, trigger: Trigger) -> Result<Asked> {
    plan.refuse_blocked(Permission::in_general)?;
    session.instance.store.write(|db| {
        let backup = crate::store::backups::get(db, plan.backup)?;
        let request = Request::Restore(plan.request.clone());
        let execution = runs::ask_about(session, db, &backup, request, trigger, "backup.restore")?;
        Ok(Asked {
            execution,
            notes: Vec::new(),
        })
    })
}

/// The databases wished for with what is inside the backup, all of them when none is named.
fn chosen(material: &Material, wish: &Wish) -> Result<Vec<(Renamed, InsideObject)>> {
    let inside = material
        .inside
        .as_ref()
        .map_err(|error| error.clone().or_on(named(&material.backup)))?;
    let there = inside
        .objects
        .iter()
        .filter(|object| object.kind == ObjectKind::Database);
    let there: Vec<(&str, &InsideObject)> = there
        .filter_map(|object| Some((object.database.as_deref()?, object)))
        .collect();
    if wish.databases.is_empty() {
        let same = |name: &str| Renamed {
            database: name.to_owned(),
            target: name.to_owned(),
        };
        return Ok(there
            .into_iter()
            .map(|(name, object)| (same(name), object.clone()))
            .collect());
    }
    let found = wish.databases.iter().map(|names| {
        // A name may hold the sign that parts it from the new one: then the longest that is in the backup is meant.
        let whole = format!("{}={}", names.database, names.target);
        let names = there
            .iter()
            .filter_map(|(name, _)| {
                let target = match whole.strip_prefix(name)? {
                    "" => name,
                    rest => rest.strip_prefix('=')?,
                };
                Some(Renamed {
                    database: (*name).to_owned(),
                    target: target.to_owned(),
                })
            })
            .max_by_key(|found| found.database.len())
            .unwrap_or_else(|| names.clone());
        let object = there.iter().find(|(name, _)| *name == names.database).ok_or_else(|| {
            let all: Vec<&str> = there.iter().map(|(name, _)| *name).collect();
            Error::not_found(format!("database '{}' is not in it", names.database))
                .on(named(&material.backup))
                .next(format!("it holds {}", all.join(", ")))
        })?;
        Ok((names, object.1.clone()))
    });
    let chosen: Vec<_> = found.collect::<Result<_>>()?;
    refuse_clashes(&chosen)?;
    Ok(chosen)
}

/// Two databases restored under one name would overwrite each other.
fn refuse_clashes(chosen: &[(Renamed, InsideObject)]) -> Result<()> {
    let mut targets = BTreeSet::new();
    match chosen.iter().find(|(names, _)| !targets.insert(&names.target)) {
        None => Ok(()),
        Some((names, _)) => {
            Err(Error::usage(format!("two databases would become {}", names.target))
                .next("give each a name of its own"))
        }
    }
}

fn warnings(material: &Material, wish: &Wish) -> Vec<String> {
    let mut warnings: Vec<String> = material.note.iter().cloned().collect();
    if !material.backup.complete {
        let missing = material
            .inside
            .as_ref()
            .map(|inside| joined(&inside.missing))
            .unwrap_or_default();
        warnings.push(format!("the backup is not complete: {missing}"));
    }
    let has_globals = material
        .inside
        .as_ref()
        .is_ok_and(|inside| inside.objects.iter().any(|object| object.kind == ObjectKind::Globals));
    if wish.globals && !has_globals {
        warnings.push("the backup holds no roles and tablespaces: none will be restored".to_owned());
    }
    warnings
}

async fn check(
    target: &Opened<dyn Source>,
    adapter: &Adapter,
    material: &Material,
    names: &Renamed,
    inside: &InsideObject,
    plan: &mut RestorePlan,
) -> Result<()> {
    let on_adapter = |error: Error| target.explain(error.or_on(format!("adapter {}", adapter.name)));
    let options = plan.request.options.clone();
    let restore = DatabaseRestore {
        names,
        object: inside,
        engine_version: &material.backup.engine_version,
        options: &options,
        // Nothing is made while a plan is: there is nothing to find again.
        tag: "",
    };
    let found = target.driver.check_restore(&restore).await.map_err(on_adapter)?;
    let blocked = !found.blockers.is_empty();
    plan.blockers.extend(found.blockers);
    plan.warnings.extend(found.warnings);
    // A name that is refused as such has no state to ask for.
    let state = match target.driver.target(&names.target).await {
        Ok(state) => state,
        Err(_) if blocked => crate::source::TargetState::default(),
        Err(error) => return Err(on_adapter(error)),
    };
    let holds_data = state.exists && !state.empty;
    let rows_only = inside.contents == Contents::DataOnly;
    plan.databases.push(PlannedDatabase {
        database: names.database.clone(),
        target: names.target.clone(),
        file: state.file.as_deref().and_then(file_name),
        logical_size: inside.logical_size,
        exists: state.exists,
        existing_size: state.size_bytes,
        replaces: holds_data && (options.replace || !rows_only),
        in_the_way: holds_data && !options.replace && !rows_only,
        contents: inside.contents,
    });
    Ok(())
}

fn file_name(file: &Path) -> Option<String> {
    Some(file.file_name()?.to_string_lossy().into_owned())
}

/// The driver, plain bytes and duration in milliseconds of the last real restores.
fn measured(session: &Session) -> Result<Vec<(String, u64, u64)>> {
    let filter = Filter {
        kind: Some(ExecutionType::Restore),
        statuses: vec![Status::Success],
        ..Filter::default()
    };
    session.instance.store.read(|db| {
        let mut measured = Vec::new();
        for run in executions::list(db, &filter, Edge::Newest, MEASURED)? {
            let Request::Restore(request) = &run.request else {
                continue;
            };
            let driver = crate::store::backups::by_id(db, request.backup)?.map(|backup| backup.driver);
            measured.extend(driver.zip(speed(&run)).map(|(driver, (bytes, ms))| (driver, bytes, ms)));
        }
        Ok(measured)
    })
}

fn speed(run: &Execution) -> Option<(u64, u64)> {
    let took = run.ended_at?.since(run.started_at?);
    Some((run.size?, u64::try_from(took.as_millis()).ok()?))
}

/// By restores of at least a tenth of the size: what a small one takes is mostly starting and ending.
fn estimate(measured: &[(String, u64, u64)], driver: &str, bytes: u64) -> Option<u64> {
    let telling = measured
        .iter()
        .filter(|(of, moved, _)| of == driver && moved.saturating_mul(10) >= bytes);
    let (moved, took) = telling.fold((0_u128, 0_u128), |(moved, took), (_, bytes, ms)| {
        (moved + u128::from(*bytes), took + u128::from(*ms))
    });
    if moved == 0 {
        return None;
    }
    u64::try_from(u128::from(bytes) * took / moved).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_restore_says_nothing_about_a_large_one() {
        let measured = [("sqlite".to_owned(), 100, 10)];
        assert_eq!(estimate(&measured, "sqlite", 1_000), Some(100));
        assert_eq!(estimate(&measured, "sqlite", 1_001), None);
    }

    #[test]
    fn an_estimate_is_of_the_same_driver_and_by_volume() {
        let measured = [
            ("sqlite".to_owned(), 200, 10),
            ("sqlite".to_owned(), 600, 30),
            ("postgres".to_owned(), 1, 1_000),
        ];
        assert_eq!(estimate(&measured, "sqlite", 2_000), Some(100));
        assert_eq!(estimate(&measured, "mysql", 2_000), None);
        assert_eq!(estimate(&[("sqlite".to_owned(), 0, 10)], "sqlite", 1), None);
    }
}
