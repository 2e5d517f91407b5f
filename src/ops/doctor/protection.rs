//! What is left unprotected: data that no job backs up, copies in the clear, keys that exist nowhere else.

use chrono_tz::Tz;

use super::{Finding, Mark};
use crate::domain::Result;
use crate::domain::adapter::AdapterType;
use crate::domain::execution::{ExecutionType, Status};
use crate::domain::job::Job;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::{Session, status};
use crate::store::audit::Filter;
use crate::store::{Db, adapters, audit, backups, executions, jobs, profiles};

/// Damaged backups that are told of one by one.
const TOLD: u32 = 5;

pub(super) fn look(session: &Session) -> Vec<Finding> {
    let looked = session.instance.store.read(|db| {
        let jobs = jobs::list(db)?;
        let mut findings = sources(db, &jobs)?;
        for job in &jobs {
            findings.push(state(db, job, session.now())?);
        }
        findings.extend(copies(db, session.now())?);
        findings.extend(kit(db)?);
        Ok(findings)
    });
    looked.unwrap_or_else(|error| vec![Finding::of_error("jobs", &error)])
}

fn sources(db: &Db, jobs: &[Job]) -> Result<Vec<Finding>> {
    if jobs.is_empty() {
        return Ok(vec![Finding::warn(
            "jobs",
            "there are none yet, so nothing is backed up",
            "`backstay job add` makes one",
        )]);
    }
    let sources = adapters::list(db)?
        .into_iter()
        .filter(|adapter| adapter.kind == AdapterType::Source);
    let unused = sources.filter(|source| jobs.iter().all(|job| job.source_id != source.id));
    Ok(unused
        .map(|source| {
            Finding::warn(
                format!("adapter {}", source.name),
                "no job backs it up",
                format!(
                    "`backstay job add NAME --source {0}` adds one, or `backstay adapter remove {0}`",
                    source.name
                ),
            )
        })
        .collect())
}

fn state(db: &Db, job: &Job, now: Timestamp) -> Result<Finding> {
    let definition = &job.definition;
    let check = format!("job {}", definition.name);
    let name = &definition.name;
    let last = executions::latest_of_job(db, job.id, ExecutionType::Backup)?.map(|run| run.status);
    let concerns = [
        (last == Some(Status::Failed)).then(|| {
            (
                "its last run failed".to_owned(),
                format!("`backstay logs {name}` says why"),
            )
        }),
        (last == Some(Status::Partial)).then(|| {
            (
                "its last run was partial".to_owned(),
                format!("`backstay logs {name}` says what is missing"),
            )
        }),
        (!definition.enabled).then(|| {
            (
                "it is not enabled".to_owned(),
                format!("`backstay job edit {name} --enabled yes`"),
            )
        }),
        job.paused_until.filter(|until| *until > now).map(|until| {
            (
                format!("it is paused for {}", units::duration(until.since(now))),
                format!("`backstay job resume {name}` ends that"),
            )
        }),
        last.is_none().then(|| {
            (
                "it is not backed up yet".to_owned(),
                format!("`backstay run {name}` shows whether it works"),
            )
        }),
        definition.profile.is_none().then(|| {
            (
                "its copies are not encrypted".to_owned(),
                format!("`backstay job edit {name} --profile PROFILE`"),
            )
        }),
    ];
    let (messages, steps): (Vec<String>, Vec<String>) = concerns.into_iter().flatten().unzip();
    if messages.is_empty() {
        let told = last.map_or_else(String::new, |status| format!("last run: {status}"));
        return Ok(Finding::ok(check, told));
    }
    let mark = if last == Some(Status::Failed) {
        Mark::Fail
    } else {
        Mark::Warn
    };
    Ok(Finding::new(mark, check, messages.join("; "), steps.join("; ")))
}

/// Copies that are known to be gone or damaged: the newest backups they are of one by one, each with what mends it.
fn copies(db: &Db, now: Timestamp) -> Result<Vec<Finding>> {
    let damaged = backups::damaged(db, TOLD)?;
    if damaged.is_empty() {
        return Ok(vec![Finding::ok("copies", "none is known to be missing or corrupt")]);
    }
    let mut findings = damaged
        .iter()
        .map(|backup| {
            let mark = if backup.readable_copies().is_empty() {
                Mark::Fail
            } else {
                Mark::Warn
            };
            let damage = status::damage_of(db, backup, now)?;
            let told = damage.told(|at| at.in_zone(Tz::UTC));
            Ok(Finding::new(
                mark,
                format!("backup {}", backup.id.short()),
                format!("of {}, {told}", damage.job),
                format!("`{}`", damage.next),
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let more = backups::damaged_count(db)?.saturating_sub(findings.len() as u64);
    if more > 0 {
        findings.push(Finding::warn(
            "copies",
            format!(
                "{more} more {} with one that is missing or corrupt",
                units::plural(more, "backup")
            ),
            "`backstay backup list` shows them; `backstay backup repair` mends those with a good copy",
        ));
    }
    Ok(findings)
}

/// Keys that are on this machine only are lost with it.
fn kit(db: &Db) -> Result<Option<Finding>> {
    let Some(newest) = profiles::list(db)?.into_iter().max_by_key(|profile| profile.created_at) else {
        return Ok(None);
    };
    let filter = Filter {
        actions: Some(vec!["recovery-kit.write".to_owned()]),
        ..Filter::default()
    };
    let written = audit::list(db, &filter, Edge::Newest, 1)?.pop().map(|row| row.at);
    Ok(Some(match written {
        Some(at) if at >= newest.created_at => {
            Finding::ok("recovery kit", format!("written {at}, after the newest key was made"))
        }
        _ => Finding::warn(
            "recovery kit",
            format!("none was written since the key of profile {} was made", newest.name),
            "`backstay recovery-kit` writes one; keep it off this machine",
        ),
    }))
}
