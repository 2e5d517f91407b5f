//! Backups and their copies.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{OptionalExtension, Row, ToSql, params};

use super::sql::{Columns, first_of_each_job, order, span, to_integer, to_json};
use super::{Db, health};
use crate::domain::adapter::Health;
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::id::{AdapterId, BackupId, CopyId, JobId, ProfileId};
use crate::domain::manifest::Manifest;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// Which backups to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whose.
    pub whose: Whose,
    /// Only with a copy at this destination.
    pub destination: Option<AdapterId>,
    /// Only taken at this instant or later.
    pub since: Option<Timestamp>,
    /// Only taken before this instant.
    pub until: Option<Timestamp>,
    /// Also those whose every copy was deleted.
    pub deleted: bool,
}

/// Whose backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// All there are.
    #[default]
    Anybody,
    /// Those of this job, whatever it was called when they were made, and those of no known job that were made under the name.
    Job(JobId, String),
    /// Those made under one of these names, by whatever job; it may be gone.
    Named(Vec<String>),
}

/// What a backup is without its copies and its manifest; [`read`] reads it by position.
const COLUMNS: &str = "id, execution_id, job_id, job_name, taken_at, driver, engine_version, databases, complete,
    encryption_profile_id, key_id, compression, logical_size, locked, lock_reason";

/// Copies with the names of their destinations; [`read_copy`] reads them by position.
const COPIES: &str =
    "SELECT backup_copies.id, backup_id, destination_id, adapters.name, path, stored_size, state, verified_at,
    verified_level, verified_ok, last_status, consecutive_failures, proven_at, proven_level FROM backup_copies JOIN adapters ON adapters.id = destination_id";

/// Since when each destination with a copy that was read has not answered, as far as it is offline: asked once of each.
type Away = BTreeMap<AdapterId, Option<Timestamp>>;

/// Jobs whose backups are merged by time; of more than these every backup is looked at.
const MERGED: usize = 50;

/// The states of a copy that was not deleted.
const KEPT: [CopyState; 3] = [CopyState::Present, CopyState::Missing, CopyState::Corrupt];

/// Stores a backup without its copies. One that is known already stays as it is, but for what it may gain: a lock that this
/// manifest tells of, and the run that made it.
pub fn insert(db: &Db, backup: &Backup, manifest: &Manifest, now: Timestamp) -> Result<()> {
    db.execute(
        "INSERT INTO backups (id, execution_id, job_id, job_name, taken_at, driver, engine_version, databases, complete,
             encryption_profile_id, key_id, compression, logical_size, locked, lock_reason, manifest, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?17)
         ON CONFLICT (id) DO UPDATE SET execution_id = coalesce(execution_id, excluded.execution_id),
             manifest = CASE WHEN excluded.locked > locked THEN excluded.manifest ELSE manifest END,
             lock_reason = CASE WHEN excluded.locked > locked THEN excluded.lock_reason ELSE lock_reason END,
             locked = max(locked, excluded.locked)",
        params![
            backup.id,
            backup.execution_id,
            backup.job_id,
            backup.job_name,
            backup.taken_at,
            backup.driver,
            backup.engine_version,
            to_json(&backup.databases)?,
            backup.complete,
            backup.profile_id,
            backup.key_id,
            backup.compression,
            to_integer(backup.logical_size),
            backup.locked,
            backup.lock_reason,
            to_json(manifest)?,
            now
        ],
    )?;
    Ok(())
}

/// Stores a copy. One known at that place takes the new state, and what was proven of it before stays known.
pub fn insert_copy(db: &Db, copy: &Copy, priority: usize, now: Timestamp) -> Result<()> {
    db.execute(
        "INSERT INTO backup_copies (id, backup_id, destination_id, path, priority, stored_size, state, verified_at, verified_level,
             verified_ok, proven_at, proven_level, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)
         ON CONFLICT (destination_id, path) DO UPDATE SET state = excluded.state, stored_size = excluded.stored_size,
             verified_at = excluded.verified_at, verified_level = excluded.verified_level, verified_ok = excluded.verified_ok,
             proven_at = coalesce(excluded.proven_at, proven_at), proven_level = coalesce(excluded.proven_level, proven_level),
             updated_at = excluded.updated_at",
        params![
            copy.id,
            copy.backup_id,
            copy.destination_id,
            copy.path,
            i64::try_from(priority).unwrap_or(i64::MAX),
            to_integer(copy.stored_size),
            copy.state,
            copy.verified_at,
            copy.verified_level,
            copy.verified_ok,
            copy.proven_at,
            copy.proven_level,
            now
        ],
    )?;
    Ok(())
}

/// Records whether a copy is there.
pub fn set_state(db: &Db, copy: CopyId, state: CopyState, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE backup_copies SET state = ?2, updated_at = ?3 WHERE id = ?1",
        params![copy, state, now],
    )?;
    Ok(())
}

/// Records what a verification of a copy found. What was proven before stays known when it is found bad. Bytes that are found
/// unchanged are still those that were proven harder before, so the hardest proof stays, unless the copy was found bad or gone
/// since: then it may have been made anew.
pub fn set_verified(db: &Db, copy: CopyId, level: Level, ok: bool, state: CopyState, now: Timestamp) -> Result<()> {
    // The words for the levels sort as the levels do.
    db.execute(
        "UPDATE backup_copies SET verified_at = ?2, verified_level = ?3, verified_ok = ?4, state = ?5, updated_at = ?2,
             proven_at = CASE WHEN NOT ?4 OR verified_ok AND state = 'present' AND proven_level > ?3 THEN proven_at ELSE ?2 END,
             proven_level = CASE WHEN NOT ?4 OR verified_ok AND state = 'present' AND proven_level > ?3 THEN proven_level ELSE ?3 END
         WHERE id = ?1",
        params![copy, now, level, ok, state],
    )?;
    Ok(())
}

/// Locks or unlocks, with the manifest that says so.
pub fn set_lock(db: &Db, id: BackupId, reason: Option<&str>, manifest: &Manifest, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE backups SET locked = ?2, lock_reason = ?3, manifest = ?4, updated_at = ?5 WHERE id = ?1",
        params![id, reason.is_some(), reason, to_json(manifest)?, now],
    )?;
    Ok(())
}

/// Backups that were found while the key that sealed them was not here, with their manifests.
pub fn waiting_for_key(db: &Db, key_id: &str) -> Result<Vec<(BackupId, Manifest)>> {
    let mut statement =
        db.prepare("SELECT id, manifest FROM backups WHERE key_id = ?1 AND encryption_profile_id IS NULL")?;
    let rows = statement.query_map([key_id], |row| Ok((row.text("id")?, row.json("manifest")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records what is inside a backup, now that the profile that sealed it is here.
pub fn set_inside(
    db: &Db,
    id: BackupId,
    profile: ProfileId,
    databases: &[String],
    logical_size: u64,
    now: Timestamp,
) -> Result<()> {
    db.execute(
        "UPDATE backups SET encryption_profile_id = ?2, databases = ?3, logical_size = ?4, updated_at = ?5 WHERE id = ?1",
        params![id, profile, to_json(&databases)?, to_integer(logical_size), now],
    )?;
    Ok(())
}

/// The backup with that id.
pub fn get(db: &Db, id: BackupId) -> Result<Backup> {
    query(db, "WHERE id = ?1", [&id])?
        .pop()
        .ok_or_else(|| Error::not_found("the backup is gone").on(format!("backup {id}")))
}

/// The backup with that id, if it is known.
pub fn by_id(db: &Db, id: BackupId) -> Result<Option<Backup>> {
    Ok(query(db, "WHERE id = ?1", [&id])?.pop())
}

/// The backup with that id, the only one whose id starts or ends so, or `latest:JOB`.
pub fn find(db: &Db, text: &str, now: Timestamp) -> Result<Backup> {
    if let Some(job) = text.strip_prefix("latest:") {
        let id = super::jobs::by_name(db, job)?.map(|job| job.id);
        return latest(db, id, job, now)?.ok_or_else(|| {
            let missing = match id {
                Some(_) => format!("job '{job}' has no good backup"),
                None => format!("there is no job '{job}', and no good backup that was made under that name"),
            };
            Error::not_found(missing)
                .next("`backstay backup list` shows what there is; what is whole of a damaged one comes back by its id")
        });
    }
    match super::find_by_id_prefix(db, "backups", text)? {
        Some(id) => get(db, id),
        None => Err(Error::not_found(format!("there is no backup '{text}'"))
            .next("`backstay backup list` shows them; `latest:JOB` means the newest of a job")),
    }
}

/// The newest backup of a job that has a copy that was not deleted, of those taken by `now`.
pub fn newest_kept(db: &Db, job: JobId, now: Timestamp) -> Result<Option<Backup>> {
    let order = "ORDER BY taken_at DESC, id DESC LIMIT 1";
    let text = format!("WHERE job_id = ?1 AND kept = 1 AND taken_at <= ?2 {order}");
    Ok(query(db, &text, params![job, now])?.pop())
}

/// The newest backup of each job, as [`newest_kept`] has it, of those among the newest of all, for `jobs` jobs.
pub fn newest_by_job(db: &Db, now: Timestamp, jobs: usize) -> Result<BTreeMap<JobId, Backup>> {
    let text = format!(
        "SELECT {COLUMNS} FROM backups WHERE kept = 1 AND taken_at <= ?1 ORDER BY taken_at DESC, id DESC LIMIT ?2"
    );
    let mut statement = db.prepare_cached(&text)?;
    let rows = statement.query(params![now, to_integer(2 * jobs as u64)])?;
    let mut found = first_of_each_job(rows, 2, jobs, read)?;
    add_copies(db, found.values_mut())?;
    Ok(found)
}

/// Backups whose date is to come, the furthest first: a clock was wrong, or is.
pub fn ahead(db: &Db, now: Timestamp, limit: u32) -> Result<Vec<Backup>> {
    query(
        db,
        "WHERE kept = 1 AND taken_at > ?1 ORDER BY taken_at DESC, id DESC LIMIT ?2",
        params![now, limit],
    )
}

/// The newest good backup of a job: complete, with a copy that is there and whose last look did not find it bad. One whose date
/// is to come is the newest only where there is no other.
pub fn latest(db: &Db, job: Option<JobId>, name: &str, now: Timestamp) -> Result<Option<Backup>> {
    newest(
        db,
        job,
        name,
        now,
        "kept = 1 AND complete = 1 AND EXISTS (SELECT 1 FROM backup_copies
             WHERE backup_id = backups.id AND state = 'present' AND verified_ok IS NOT 0)",
    )
}

/// The same with a copy at a destination that is not offline.
pub fn latest_in_reach(db: &Db, job: JobId, name: &str, now: Timestamp) -> Result<Option<Backup>> {
    newest(
        db,
        Some(job),
        name,
        now,
        "kept = 1 AND complete = 1 AND EXISTS (SELECT 1 FROM backup_copies JOIN adapters ON adapters.id = destination_id
             WHERE backup_id = backups.id AND state = 'present' AND verified_ok IS NOT 0 AND last_status <> 'offline')",
    )
}

/// The same with a copy at another destination than this one.
pub fn latest_besides(
    db: &Db,
    job: Option<JobId>,
    name: &str,
    destination: AdapterId,
    now: Timestamp,
) -> Result<Option<Backup>> {
    let condition = format!(
        "kept = 1 AND complete = 1 AND EXISTS (SELECT 1 FROM backup_copies WHERE backup_id = backups.id
             AND destination_id <> '{destination}' AND state = 'present' AND verified_ok IS NOT 0)"
    );
    newest(db, job, name, now, &condition)
}

/// The newest backup of a job that fulfils a condition, of those taken by `now` if there is one. A job is known by its id, which
/// a new name does not change; backups of no known job, as a scan finds them after the catalogue was lost, by the name they were
/// made under.
fn newest(db: &Db, job: Option<JobId>, name: &str, now: Timestamp, condition: &str) -> Result<Option<Backup>> {
    match newest_until(db, job, name, now, condition)? {
        None => newest_until(db, job, name, Timestamp::from_millis(i64::MAX), condition),
        found => Ok(found),
    }
}

fn newest_until(db: &Db, job: Option<JobId>, name: &str, until: Timestamp, condition: &str) -> Result<Option<Backup>> {
    let order = "ORDER BY taken_at DESC, id DESC LIMIT 1";
    let wanted = format!("taken_at <= ?2 AND {condition} {order}");
    let Some(job) = job else {
        return Ok(query(db, &format!("WHERE job_name = ?1 AND {wanted}"), params![name, until])?.pop());
    };
    let own = query(db, &format!("WHERE job_id = ?1 AND {wanted}"), params![job, until])?.pop();
    if own.is_some() {
        return Ok(own);
    }
    let unowned = format!("INDEXED BY backups_unowned WHERE job_name = ?1 AND job_id IS NULL AND {wanted}");
    Ok(query(db, &unowned, params![name, until])?.pop())
}

/// The backups of a job that are newer than `than` and not wholly deleted, the newest first. The job is known as in [`find`].
pub fn newer(db: &Db, job: Option<JobId>, name: &str, than: &Backup) -> Result<Vec<Backup>> {
    let name = name.to_owned();
    let filter = Filter {
        whose: match job {
            Some(job) => Whose::Job(job, name),
            None => Whose::Named(vec![name]),
        },
        ..Filter::default()
    };
    list(db, &filter, Edge::After((than.taken_at, than.id)), u32::MAX)
}

/// The manifest as it was committed.
pub fn manifest(db: &Db, id: BackupId) -> Result<Manifest> {
    Ok(db.query_row("SELECT manifest FROM backups WHERE id = ?1", [id], |row| {
        row.json("manifest")
    })?)
}

/// The backup a run made.
pub fn of_execution(db: &Db, execution: crate::domain::id::ExecutionId) -> Result<Option<Backup>> {
    Ok(query(db, "WHERE execution_id = ?1", [&execution])?.pop())
}

/// The backups next to an edge, newest first. The key of a backup is when it was taken, and its id.
pub fn list(db: &Db, filter: &Filter, edge: Edge<(Timestamp, BackupId)>, limit: u32) -> Result<Vec<Backup>> {
    let mut backups = match filter {
        Filter {
            destination: Some(destination),
            whose: Whose::Anybody,
            ..
        } => at_any_job(db, filter, *destination, edge, limit)?,
        _ => by_time(db, filter, edge, limit)?,
    };
    if edge.is_ascending() {
        backups.reverse();
    }
    Ok(backups)
}

fn by_time(db: &Db, filter: &Filter, edge: Edge<(Timestamp, BackupId)>, limit: u32) -> Result<Vec<Backup>> {
    // Only what is asked for is in the text, so that each combination is answered from its own index.
    let mut conditions = Vec::new();
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
    if let Edge::Before((taken_at, id)) | Edge::After((taken_at, id)) = &edge {
        let sign = if edge.is_ascending() { '>' } else { '<' };
        conditions.push(format!(" AND (taken_at, id) {sign} (:taken_at, :id)"));
        values.extend([(":taken_at", taken_at as &dyn ToSql), (":id", id)]);
    }
    if let Some(since) = &filter.since {
        conditions.push(" AND taken_at >= :since".to_owned());
        values.push((":since", since));
    }
    if let Some(until) = &filter.until {
        conditions.push(" AND taken_at < :until".to_owned());
        values.push((":until", until));
    }
    if let Some(destination) = &filter.destination {
        // A job has only so many backups.
        let state = if filter.deleted { "" } else { " AND state <> 'deleted'" };
        conditions.push(format!(
            " AND EXISTS (SELECT 1 FROM backup_copies INDEXED BY backup_copies_by_backup
                 WHERE backup_id = backups.id AND destination_id = :destination{state})"
        ));
        values.push((":destination", destination));
    }
    let conditions = conditions.concat();
    let kept: &[u8] = if filter.deleted { &[1, 0] } else { &[1] };
    let mut names: Vec<(String, String)> = Vec::new();
    let parts: Vec<String> = match &filter.whose {
        Whose::Anybody => vec!["WHERE".to_owned()],
        Whose::Job(job, name) => {
            values.extend([(":job", job as &dyn ToSql), (":name", name)]);
            vec![
                "WHERE job_id = :job AND".to_owned(),
                "INDEXED BY backups_unowned WHERE job_id IS NULL AND job_name = :name AND".to_owned(),
            ]
        }
        Whose::Named(all) if all.is_empty() => return Ok(Vec::new()),
        Whose::Named(all) if all.len() <= MERGED => {
            let numbered = all.iter().enumerate();
            names.extend(numbered.map(|(at, name)| (format!(":job{at}"), name.clone())));
            let each = names.iter().map(|(at, _)| format!("WHERE job_name = {at} AND"));
            each.collect()
        }
        // So many that most of what is passed over is not far.
        Whose::Named(all) => {
            names.push((":jobs".to_owned(), to_json(all)?));
            vec!["WHERE +job_name IN (SELECT value FROM json_each(:jobs)) AND".to_owned()]
        }
    };
    values.extend(names.iter().map(|(name, value)| (name.as_str(), value as &dyn ToSql)));
    // Each part comes from its index in order: they are merged as they are read.
    let selects = parts.iter().flat_map(|part| {
        let select = |kept: &u8| format!("SELECT {COLUMNS} FROM backups {part} kept = {kept}{conditions}");
        kept.iter().map(select).collect::<Vec<_>>()
    });
    let (selects, order) = (selects.collect::<Vec<_>>().join(" UNION ALL "), order(&edge));
    let text = format!("{selects} ORDER BY taken_at {order}, id {order} LIMIT :limit");
    fetch(db, &text, values.as_slice())
}

/// Ids begin with the time the backup was taken at, so the copies of a destination give the page that is asked for.
fn at_any_job(
    db: &Db,
    filter: &Filter,
    destination: AdapterId,
    edge: Edge<(Timestamp, BackupId)>,
    limit: u32,
) -> Result<Vec<Backup>> {
    let edge = edge.map(|(_, id)| id);
    let (lower, upper) = span(filter.since, filter.until, &edge);
    let states = if filter.deleted { CopyState::ALL } else { &KEPT };
    let selects = states.iter().map(|state| {
        format!(
            "SELECT backup_id FROM backup_copies INDEXED BY backup_copies_by_destination
                 WHERE destination_id = ?1 AND state = '{state}' AND backup_id > ?2 AND backup_id < ?3"
        )
    });
    let (selects, order) = (selects.collect::<Vec<_>>().join(" UNION "), order(&edge));
    let text = format!(
        "SELECT {COLUMNS} FROM backups WHERE id IN ({selects} ORDER BY backup_id {order} LIMIT ?4)
             ORDER BY taken_at {order}, id {order}"
    );
    fetch(db, &text, params![destination, lower, upper, limit])
}

/// The names of the jobs that there are backups of, in order, also of jobs that are gone. Each is found by a step through the
/// index, whatever the number of backups.
pub fn job_names(db: &Db) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(
        "WITH RECURSIVE names (name) AS (
             SELECT min(job_name) FROM backups
             UNION ALL
             SELECT (SELECT min(job_name) FROM backups WHERE job_name > name) FROM names WHERE name IS NOT NULL)
         SELECT name FROM names WHERE name IS NOT NULL",
    )?;
    let names = statement.query_map([], |row| row.get("name"))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// How many backups have a copy that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct There {
    /// All of them.
    pub backups: u64,
    /// Those that were found while the key that sealed them was not here.
    pub without_key: u64,
}

/// Counts them: a walk past every one, for where there is no job whose backups could be asked for.
pub fn there(db: &Db) -> Result<There> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) AS backups, count(key_id) FILTER (WHERE encryption_profile_id IS NULL) AS without_key
         FROM backups WHERE kept = 1
             AND EXISTS (SELECT 1 FROM backup_copies WHERE backup_id = backups.id AND state = 'present')",
    )?;
    Ok(statement.query_row([], |row| {
        Ok(There {
            backups: row.count("backups")?,
            without_key: row.count("without_key")?,
        })
    })?)
}

/// What is at a destination and complete, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Copies that are there.
    pub copies: u64,
    /// Bytes stored in them.
    pub stored_bytes: u64,
    /// The oldest backup there.
    pub oldest: Option<BackupId>,
    /// The newest backup there.
    pub newest: Option<BackupId>,
}

/// The copies at a destination that are there, of backups taken in a span of time.
pub fn usage(db: &Db, destination: AdapterId, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Usage> {
    let (lower, upper) = span(since, until, &Edge::<BackupId>::Newest);
    let mut statement = db.prepare_cached(
        "SELECT count(*) AS copies, coalesce(sum(stored_size), 0) AS stored, min(backup_id) AS oldest, max(backup_id) AS newest
         FROM backup_copies INDEXED BY backup_copies_by_destination
         WHERE destination_id = ?1 AND state = 'present' AND backup_id > ?2 AND backup_id < ?3",
    )?;
    let usage = statement.query_row(params![destination, lower, upper], |row| {
        Ok(Usage {
            copies: row.count("copies")?,
            stored_bytes: row.count("stored")?,
            oldest: row.text_or_null("oldest")?,
            newest: row.text_or_null("newest")?,
        })
    })?;
    Ok(usage)
}

/// How many copies at a destination are known to be in this state.
pub fn copies_in(db: &Db, destination: AdapterId, state: CopyState) -> Result<u64> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) AS copies FROM backup_copies INDEXED BY backup_copies_by_destination
         WHERE destination_id = ?1 AND state = ?2",
    )?;
    Ok(statement.query_row(params![destination, state], |row| row.count("copies"))?)
}

/// How many copies keep a destination from being deleted: those that were not deleted themselves.
pub fn kept_at(db: &Db, destination: AdapterId) -> Result<u64> {
    KEPT.iter().map(|state| copies_in(db, destination, *state)).sum()
}

/// What is counted on at a destination, and on it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Copies that were not deleted.
    pub copies: u64,
    /// The backups they are of.
    pub backups: u64,
    /// Those of them with something there and no good copy anywhere else.
    pub only_there: u64,
    /// Those of these that are locked.
    pub locked: u64,
}

/// Counts it: a walk past every copy there.
pub fn held_at(db: &Db, destination: AdapterId) -> Result<Held> {
    let mut statement = db.prepare_cached(
        "SELECT coalesce(sum(copies), 0) AS copies, count(*) AS backups, count(*) FILTER (WHERE alone) AS only_there,
             count(*) FILTER (WHERE alone AND locked) AS locked
         FROM (SELECT count(*) AS copies, locked, max(state <> 'missing') AND NOT EXISTS
                   (SELECT 1 FROM backup_copies AS other INDEXED BY backup_copies_by_backup
                        WHERE other.backup_id = backups.id AND other.destination_id <> ?1
                            AND other.state = 'present' AND other.verified_ok IS NOT 0) AS alone
               FROM backup_copies AS held INDEXED BY backup_copies_by_destination
                   CROSS JOIN backups ON backups.id = held.backup_id
               WHERE held.destination_id = ?1 AND held.state <> 'deleted' GROUP BY backups.id)",
    )?;
    Ok(statement.query_row([destination], |row| {
        Ok(Held {
            copies: row.count("copies")?,
            backups: row.count("backups")?,
            only_there: row.count("only_there")?,
            locked: row.count("locked")?,
        })
    })?)
}

/// Takes the copies at a destination out of the catalogue. Nothing is touched there, and a scan would find them again.
pub fn forget_at(db: &Db, destination: AdapterId) -> Result<()> {
    db.execute("DELETE FROM backup_copies WHERE destination_id = ?1", [destination])?;
    Ok(())
}

/// Backups with a copy that is missing or corrupt, newest first.
pub fn damaged(db: &Db, limit: u32) -> Result<Vec<Backup>> {
    query(
        db,
        "WHERE id IN (SELECT backup_id FROM backup_copies WHERE state IN ('missing', 'corrupt'))
         ORDER BY taken_at DESC, id DESC LIMIT ?1",
        [limit],
    )
}

/// How many backups have a copy that is missing or corrupt.
pub fn damaged_count(db: &Db) -> Result<u64> {
    let mut statement = db.prepare_cached(
        "SELECT count(DISTINCT backup_id) AS backups FROM backup_copies WHERE state IN ('missing', 'corrupt')",
    )?;
    Ok(statement.query_row([], |row| row.count("backups"))?)
}

/// The newest complete backup of a job with a copy whose last look found it good; of those whose date is to come as in [`latest`].
pub fn newest_proven(db: &Db, job: Option<JobId>, name: &str, now: Timestamp) -> Result<Option<Backup>> {
    newest(
        db,
        job,
        name,
        now,
        "kept = 1 AND complete = 1 AND EXISTS (SELECT 1 FROM backup_copies
             WHERE backup_id = backups.id AND state = 'present' AND verified_ok = 1)",
    )
}

/// The copies of a job's backups at one destination that are not deleted, with their backups: what retention decides about.
pub fn at_destination(db: &Db, job: JobId, destination: AdapterId) -> Result<Vec<Backup>> {
    query(
        db,
        "WHERE job_id = ?1 AND kept = 1 AND EXISTS
             (SELECT 1 FROM backup_copies INDEXED BY backup_copies_by_backup
                 WHERE backup_id = backups.id AND destination_id = ?2 AND state <> 'deleted')
         ORDER BY taken_at DESC, id DESC",
        [&job as &dyn ToSql, &destination],
    )
}

/// Whether a copy should be at a destination that a run of this installation wrote there.
pub fn made_here(db: &Db, destination: AdapterId) -> Result<bool> {
    // The newest first: it is the one most likely to be from here.
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM backup_copies INDEXED BY backup_copies_by_destination CROSS JOIN backups ON backups.id = backup_id
         WHERE destination_id = ?1 AND state = ?2 AND execution_id IS NOT NULL
         ORDER BY backup_id DESC LIMIT 1",
    )?;
    for state in [CopyState::Present, CopyState::Corrupt] {
        if statement.exists(params![destination, state])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The copy at a place, if one is known there.
pub fn copy_at(db: &Db, destination: AdapterId, path: &str) -> Result<Option<Copy>> {
    let text = format!("{COPIES} WHERE destination_id = ?1 AND path = ?2");
    Ok(db
        .prepare_cached(&text)?
        .query_row(params![destination, path], |row| read_copy(db, row, &mut Away::new()))
        .optional()?)
}

fn query(db: &Db, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<Backup>> {
    fetch(db, &format!("SELECT {COLUMNS} FROM backups {condition}"), parameters)
}

fn fetch(db: &Db, text: &str, parameters: impl rusqlite::Params) -> Result<Vec<Backup>> {
    let mut statement = db.prepare_cached(text)?;
    let rows = statement.query_map(parameters, read)?;
    let mut backups: Vec<Backup> = rows.collect::<Result<_, _>>()?;
    add_copies(db, backups.iter_mut())?;
    Ok(backups)
}

fn add_copies<'a>(db: &Db, backups: impl Iterator<Item = &'a mut Backup>) -> Result<()> {
    let text = format!("{COPIES} WHERE backup_id = ?1 ORDER BY priority, adapters.name");
    let mut copies = db.prepare_cached(&text)?;
    let mut away = Away::new();
    for backup in backups {
        let rows = copies.query_map([backup.id], |row| read_copy(db, row, &mut away))?;
        backup.copies = rows.collect::<Result<_, _>>()?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Backup> {
    Ok(Backup {
        id: row.text(0)?,
        execution_id: row.text_or_null(1)?,
        job_id: row.text_or_null(2)?,
        job_name: row.get(3)?,
        taken_at: row.time(4)?,
        driver: row.get(5)?,
        engine_version: row.get(6)?,
        databases: row.json(7)?,
        complete: row.get(8)?,
        profile_id: row.text_or_null(9)?,
        key_id: row.get(10)?,
        compression: row.get(11)?,
        logical_size: row.count(12)?,
        locked: row.get(13)?,
        lock_reason: row.get(14)?,
        copies: Vec::new(),
    })
}

fn read_copy(db: &Db, row: &Row<'_>, away: &mut Away) -> rusqlite::Result<Copy> {
    let destination_id = row.text(2)?;
    Ok(Copy {
        id: row.text(0)?,
        backup_id: row.text(1)?,
        destination_id,
        destination: row.get(3)?,
        path: row.get(4)?,
        stored_size: row.count(5)?,
        state: row.text(6)?,
        verified_at: row.time_or_null(7)?,
        verified_level: row.text_or_null(8)?,
        verified_ok: row.get(9)?,
        out_of_reach_since: match row.text(10)? {
            Health::Offline => match away.entry(destination_id) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => *unknown.insert(health::failing_since(db, destination_id, row.get(11)?)?),
            },
            _ => None,
        },
        proven_at: row.time_or_null(12)?,
        proven_level: row.text_or_null(13)?,
    })
}
