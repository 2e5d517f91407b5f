//! A store with as many rows as wanted, and every query behind a list, a page or a name that is looked up: what must stay
//! quick however long the history grows.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

use std::time::Duration;

use backstay::domain::Result;
use backstay::domain::execution::{ExecutionType, LogLevel, Status};
use backstay::domain::id::{AdapterId, BackupId, ExecutionId, JobId};
use backstay::domain::paging::Edge;
use backstay::domain::time::Timestamp;
use backstay::ops::audit::Wanted;
use backstay::store::{Db, audit, backups, executions, health, jobs, logs};

/// Rows of a page.
const PAGE: u32 = 50;

/// A run and a job a minute; the first at this instant.
const START_MS: u64 = 1_700_000_000_000;
const MINUTE_MS: u64 = 60_000;

/// A part of the history that is asked for.
const SPAN: Duration = Duration::from_hours(7 * 24);

/// A job that was removed and has runs.
const REMOVED: &str = "gone 1";

/// How many rows there are.
#[derive(Clone, Copy)]
pub struct Size {
    pub jobs: u64,
    pub executions: u64,
    pub lines_per_execution: u64,
    pub backups: u64,
    pub audit_rows: u64,
}

/// Runs a query and says how many rows it gave.
type Ask = Box<dyn Fn(&Db) -> Result<usize>>;

/// A query, with what it is called in a report.
pub struct Query {
    pub name: String,
    /// Runs it and says how many rows it gave.
    pub run: Ask,
}

/// Fills an empty store. A job has 400 backups, of which most were deleted, one that was removed some 200 runs, and a thing 100
/// audit rows, however large it is. Ids and times are computed, so that [`queries`] knows them.
pub fn fill(db: &Db, size: &Size) {
    fill_since(db, size, START_MS);
}

/// The same with a history that begins at another instant.
pub fn fill_since(db: &Db, size: &Size, start_ms: u64) {
    let script = FILL
        .replace("JOBS", &size.jobs.to_string())
        .replace("EXECUTIONS", &size.executions.to_string())
        .replace("LINES", &size.lines_per_execution.to_string())
        .replace("BACKUPS", &size.backups.to_string())
        .replace("EVERY", &(size.executions / size.backups).to_string())
        .replace("AUDIT", &size.audit_rows.to_string())
        .replace("START", &start_ms.to_string())
        .replace("MINUTE", &MINUTE_MS.to_string());
    db.execute_batch(&expand(&script, start_ms)).unwrap();
}

/// Writes out the ids: `id(N;KIND)`, where N is an expression and KIND a digit.
fn expand(script: &str, start_ms: u64) -> String {
    let mut out = String::new();
    let mut rest = script;
    while let Some((before, after)) = rest.split_once("id(") {
        let (number, after) = after.split_once(';').unwrap();
        let (kind, after) = after.split_once(')').unwrap();
        let time = format!("printf('%012x', {start_ms} + ({number}) * {MINUTE_MS})");
        out.push_str(before);
        out.push_str(&format!(
            "(substr({time}, 1, 8) || '-' || substr({time}, 9) || '-7000-8{kind}00-' || printf('%012x', ({number}) * 2654435761 % 281474976710656))"
        ));
        rest = after;
    }
    out + rest
}

fn id<I: std::str::FromStr>(number: u64, kind: char) -> I {
    let time = format!("{:012x}", START_MS + number * MINUTE_MS);
    let (head, tail) = time.split_at(8);
    let random = number * 2_654_435_761 % (1 << 48);
    let text = format!("{head}-{tail}-7000-8{kind}00-{random:012x}");
    text.parse().ok().unwrap()
}

fn query(name: impl Into<String>, run: impl Fn(&Db) -> Result<usize> + 'static) -> Query {
    Query {
        name: name.into(),
        run: Box::new(run),
    }
}

/// Every query whose cost must not depend on how much there is.
pub fn queries(size: &Size) -> Vec<Query> {
    let mut all = of_executions(size);
    all.extend(of_logs(size));
    all.extend(of_backups(size));
    all.extend(of_audit(size));
    all.push(query("health::failing_since", |db| {
        Ok(health::failing_since(db, id(1, '5'), 3)?.iter().count())
    }));
    all.push(query("health::recent", |db| {
        Ok(health::recent(db, id(1, '5'), PAGE)?.len())
    }));
    all
}

/// Queries that give everything of their kind.
pub fn whole_lists() -> Vec<Query> {
    vec![
        query("jobs::list", |db| Ok(jobs::list(db)?.len())),
        query("jobs::versions", |db| Ok(jobs::versions(db)?.len())),
        query("jobs::using_profile", |db| {
            Ok(jobs::using_profile(db, id(1, '4'))?.len())
        }),
        query("backups::at_destination", |db| {
            Ok(backups::at_destination(db, id(1, '1'), id(1, '5'))?.len())
        }),
    ]
}

/// Both ends of a list, and both sides of a row in its middle.
fn edges_at<K: Copy>(middle: K) -> [(&'static str, Edge<K>); 4] {
    [
        ("newest", Edge::Newest),
        ("oldest", Edge::Oldest),
        ("older than the middle", Edge::Before(middle)),
        ("newer than the middle", Edge::After(middle)),
    ]
}

fn of_executions(size: &Size) -> Vec<Query> {
    let mut all = Vec::new();
    let middle: ExecutionId = id(size.executions / 2, '2');
    let statuses: [&[Status]; 5] = [
        &[],
        &[Status::Success],
        &[Status::Failed],
        &[Status::Cancelled],
        &[Status::Failed, Status::Partial, Status::Cancelled],
    ];
    let whole = (None, None);
    let span = (Some(middle.made_at()), Some(middle.made_at().plus(SPAN)));
    let owners = [
        ("any", None, None),
        ("one", Some(id::<JobId>(1, '1')), None),
        ("a removed", None, Some(REMOVED.to_owned())),
    ];
    for (of, job, removed) in owners {
        for statuses in statuses {
            for kind in [None, Some(ExecutionType::Backup), Some(ExecutionType::Restore)] {
                for (since, until) in [whole, span] {
                    let filter = executions::Filter {
                        job,
                        removed: removed.clone(),
                        statuses: statuses.to_vec(),
                        kind,
                        since,
                        until,
                    };
                    let name = format!(
                        "job {of} status {} type {} time {}",
                        statuses
                            .iter()
                            .map(|status| status.as_str())
                            .collect::<Vec<_>>()
                            .join("+"),
                        kind.map_or("any", |kind| kind.as_str()),
                        if since.is_some() { "a week" } else { "any" },
                    );
                    for (page, edge) in edges_at(middle) {
                        let filter = filter.clone();
                        all.push(query(format!("executions::list {name} page {page}"), move |db| {
                            Ok(executions::list(db, &filter, edge, PAGE)?.len())
                        }));
                    }
                    let oldest = filter.clone();
                    all.push(query(format!("executions::first {name}"), move |db| {
                        Ok(executions::first(db, &oldest)?.iter().count())
                    }));
                    all.push(query(format!("executions::count {name}"), move |db| {
                        Ok(executions::count(db, &filter, PAGE)? as usize)
                    }));
                }
            }
        }
    }
    all.push(query("executions::removed_jobs", |db| {
        Ok(executions::removed_jobs(db)?.len())
    }));
    all.push(query("executions::open", |db| Ok(executions::open(db)?.len())));
    all.push(query("executions::open_of_job", |db| {
        Ok(executions::open_of_job(db, id(1, '1'))?.len())
    }));
    all.push(query("executions::outcomes", |db| {
        Ok(executions::outcomes(db, id(1, '1'), PAGE)?.len())
    }));
    for kind in [ExecutionType::Backup, ExecutionType::Verify, ExecutionType::Repair] {
        all.push(query(format!("executions::latest_of_job {kind}"), move |db| {
            Ok(executions::latest_of_job(db, id(1, '1'), kind)?.iter().count())
        }));
    }
    let jobs = usize::try_from(size.jobs).unwrap();
    all.push(query("executions::latest_by_job", move |db| {
        Ok(executions::latest_by_job(db, ExecutionType::Backup, jobs)?.len())
    }));
    let last: ExecutionId = id(size.executions, '2');
    all.push(query("executions::jobs_failed_since", move |db| {
        executions::jobs_failed_since(db, ExecutionType::Restore, last.made_at()).map(|_| 1)
    }));
    all.push(query("executions::last_restore", |db| {
        Ok(executions::last_restore(db, id(1, '1'))?.iter().count())
    }));
    all.push(query("executions::find by its last digits", move |db| {
        executions::find(db, &middle.short()).map(|_| 1)
    }));
    all
}

fn of_logs(size: &Size) -> Vec<Query> {
    let middle: ExecutionId = id(size.executions / 2, '2');
    // One run has as long a log as all others together, with one error near its beginning.
    let long: ExecutionId = id(size.executions, '2');
    let first = i64::try_from((size.executions + 1) * size.lines_per_execution).unwrap();
    let middle_line = first + i64::try_from(size.executions * size.lines_per_execution / 2).unwrap();
    let mut all = Vec::new();
    for (of, run) in [("a short log", middle), ("a long log", long)] {
        for level in [LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
            for (page, edge) in edges_at(middle_line) {
                let name = format!("logs::list {of} from {level} page {page}");
                all.push(query(name, move |db| Ok(logs::list(db, run, edge, level, PAGE)?.len())));
            }
        }
    }
    all
}

fn of_backups(size: &Size) -> Vec<Query> {
    let mut all = Vec::new();
    let at = size.backups / 2 * (size.executions / size.backups);
    let middle: BackupId = id(at, '3');
    let taken_at = Timestamp::from_millis(i64::try_from(START_MS + at * MINUTE_MS).unwrap());
    let destinations: [(&str, Option<AdapterId>); 4] = [
        ("any", None),
        ("one in use", Some(id(1, '5'))),
        ("one used long ago", Some(id(3, '5'))),
        ("one never used", Some(id(9, '5'))),
    ];
    let named = |names: &[&str]| backups::Whose::Named(names.iter().map(|name| (*name).to_owned()).collect());
    let all_of = [
        ("any", backups::Whose::Anybody),
        ("one", backups::Whose::Job(id(1, '1'), "job 1".to_owned())),
        ("of a name", named(&["job 1"])),
        ("of some names", named(&["job 1", "job 2", "job 9"])),
    ];
    for (of, whose) in all_of {
        for (shown, destination) in destinations {
            for deleted in [false, true] {
                for (since, until) in [(None, None), (Some(taken_at), Some(taken_at.plus(SPAN)))] {
                    let filter = backups::Filter {
                        whose: whose.clone(),
                        destination,
                        since,
                        until,
                        deleted,
                    };
                    let name = format!(
                        "backups::list job {of} destination {shown}{} time {}",
                        if deleted { " with deleted" } else { "" },
                        if since.is_some() { "a week" } else { "any" },
                    );
                    for (page, edge) in edges_at((taken_at, middle)) {
                        let filter = filter.clone();
                        all.push(query(format!("{name} page {page}"), move |db| {
                            Ok(backups::list(db, &filter, edge, PAGE)?.len())
                        }));
                    }
                }
            }
        }
    }
    all.push(query("backups::job_names", |db| Ok(backups::job_names(db)?.len())));
    all.push(query("backups::usage of a week", move |db| {
        let usage = backups::usage(db, id(1, '5'), Some(taken_at), Some(taken_at.plus(SPAN)))?;
        Ok(usize::try_from(usage.copies).unwrap())
    }));
    all.push(query("backups::made_here", |db| {
        Ok(usize::from(backups::made_here(db, id(1, '5'))?))
    }));
    let jobs = usize::try_from(size.jobs).unwrap();
    all.push(query("backups::newest_by_job", move |db| {
        Ok(backups::newest_by_job(db, Timestamp::from_millis(i64::MAX), jobs)?.len())
    }));
    all.push(query("backups::latest", |db| {
        Ok(backups::latest(db, None, "job 1", Timestamp::from_millis(i64::MAX))?
            .iter()
            .count())
    }));
    all.push(query("backups::latest_in_reach", |db| {
        Ok(
            backups::latest_in_reach(db, id(1, '1'), "job 1", Timestamp::from_millis(i64::MAX))?
                .iter()
                .count(),
        )
    }));
    all.push(query("backups::newest_proven", |db| {
        Ok(
            backups::newest_proven(db, None, "job 1", Timestamp::from_millis(i64::MAX))?
                .iter()
                .count(),
        )
    }));
    all.push(query("backups::ahead", move |db| {
        Ok(backups::ahead(db, taken_at, PAGE)?.len())
    }));
    all.push(query("backups::damaged", |db| Ok(backups::damaged(db, PAGE)?.len())));
    all.push(query("backups::damaged_count", |db| {
        backups::damaged_count(db).map(|_| 1)
    }));
    all.push(query("backups::of_execution", move |db| {
        Ok(backups::of_execution(db, id(at, '2'))?.iter().count())
    }));
    all.push(query("backups::find by its last digits", move |db| {
        backups::find(db, &middle.short(), Timestamp::from_millis(i64::MAX)).map(|_| 1)
    }));
    all.push(query("backups::copy_at", move |db| {
        Ok(backups::copy_at(db, id(1, '5'), &format!("backups/{at}"))?
            .iter()
            .count())
    }));
    all
}

fn of_audit(size: &Size) -> Vec<Query> {
    let mut all = Vec::new();
    let middle = i64::try_from(size.audit_rows / 2).unwrap();
    let at = Timestamp::from_millis;
    // Whole names, parts of them, and what is not there.
    for actor in [None, Some("mira"), Some("I"), Some("nobody")] {
        for action in [None, Some("job.update"), Some("e"), Some("key.reveal")] {
            for entity in [
                None,
                Some("thing 1"),
                Some("thing-1"),
                Some("THING 1"),
                Some("job:thing 1"),
                Some("hing 00"),
            ] {
                for (since, until) in [(None, None), (Some(at(middle)), Some(at(middle + 100)))] {
                    let wanted = Wanted {
                        actor: actor.map(str::to_owned),
                        action: action.map(str::to_owned),
                        thing: entity.map(str::to_owned),
                        since,
                        until,
                    };
                    let name = format!(
                        "audit::list actor {} action {} entity {} time {}",
                        actor.unwrap_or("any"),
                        action.unwrap_or("any"),
                        entity.unwrap_or("any"),
                        if since.is_some() { "some" } else { "any" }
                    );
                    for (page, edge) in edges_at(middle) {
                        let wanted = wanted.clone();
                        all.push(query(format!("{name} page {page}"), move |db| {
                            Ok(audit::list(db, &wanted.names(db)?, edge, PAGE)?.len())
                        }));
                    }
                }
            }
        }
    }
    all.push(query("audit::actors", |db| Ok(audit::actors(db)?.len())));
    all.push(query("audit::actions", |db| Ok(audit::actions(db)?.len())));
    all
}

const FILL: &str = r#"
INSERT INTO encryption_profiles (id, name, secret_key, key_id, created_at, updated_at)
  VALUES (id(1;4), 'profile', 'sealed', 'key', 0, 0);
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9)
INSERT INTO adapters (id, name, type, driver, config, summary, created_at, updated_at)
  SELECT id(i;5), 'adapter ' || i, 'destination', 'local', 'sealed', 'somewhere', 0, 0 FROM n;
WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < JOBS - 1)
INSERT INTO jobs (id, name, schedule, source_id, selection, compression, encryption_profile_id, options, revision,
    scheduled_through, awake_since, created_at, updated_at)
  SELECT id(i;1), 'job ' || i, '0 3 * * *', id(9;5), '{}', 'zstd:3', CASE i % 10 WHEN 0 THEN id(1;4) END, '{}', 1, 0, 0, 0, 0 FROM n;
INSERT INTO job_revisions (job_id, version, definition, author, created_at) SELECT id, 1, '{}', 'somebody', 0 FROM jobs;
INSERT INTO job_destinations SELECT id, id(1;5), 0, 'none' FROM jobs;
INSERT INTO job_destinations SELECT id, id(2;5), 1, 'none' FROM jobs;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < EXECUTIONS)
INSERT INTO executions (id, job_id, job_name, revision, type, status, "trigger", not_before, started_at, ended_at, progress,
    request, created_at, updated_at)
  SELECT id(i;2), CASE WHEN i % 51 > 0 THEN id(i % JOBS;1) END,
    CASE WHEN i % 51 > 0 THEN 'job ' || (i % JOBS) ELSE 'gone ' || (i / 51 % max(2, EXECUTIONS / 10000)) END, 1,
    CASE WHEN i % 7 = 0 THEN 'verify' WHEN i % 1009 = 0 THEN 'restore' ELSE 'backup' END,
    CASE WHEN i > EXECUTIONS - 3 THEN 'pending' WHEN i % 53 = 0 THEN 'failed' WHEN i % 101 = 0 THEN 'skipped' ELSE 'success' END,
    'schedule', i, i, i, '{"stages":[["dump",1200]]}', '{"kind":"backup"}', i, i
  FROM n;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < EXECUTIONS),
  line(k) AS (VALUES (0) UNION ALL SELECT k + 1 FROM line WHERE k < LINES - 1)
INSERT INTO execution_logs (id, execution_id, at, level, stage, message)
  SELECT i * LINES + k, id(i;2), i, 'info', 'dump', 'something that happened' FROM n CROSS JOIN line;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < EXECUTIONS * LINES)
INSERT INTO execution_logs (execution_id, at, level, stage, message)
  SELECT id(EXECUTIONS;2), i, CASE WHEN i = 3 THEN 'error' WHEN i % 8 = 0 THEN 'info' ELSE 'debug' END, 'dump', 'what a tool said' FROM n;
WITH RECURSIVE n(b) AS (VALUES (1) UNION ALL SELECT b + 1 FROM n WHERE b < BACKUPS)
INSERT INTO backups (id, execution_id, job_id, job_name, taken_at, driver, engine_version, databases, complete, compression,
    logical_size, manifest, created_at, updated_at)
  SELECT id(b * EVERY;3), id(b * EVERY;2), CASE WHEN b % (BACKUPS / 400) < JOBS THEN id(b % (BACKUPS / 400);1) END, 'job ' || (b % (BACKUPS / 400)), START + b * EVERY * MINUTE, 'postgres', '17',
    '["shop"]', 1, 'zstd:3', 1000, '{"filler":"' || hex(zeroblob(700)) || '"}', 0, 0
  FROM n;
WITH RECURSIVE n(b) AS (VALUES (1) UNION ALL SELECT b + 1 FROM n WHERE b < BACKUPS), c(k) AS (VALUES (0), (1))
INSERT INTO backup_copies (id, backup_id, destination_id, path, priority, stored_size, state, verified_at, verified_level, verified_ok, proven_at, proven_level,
    created_at, updated_at)
  SELECT id(b * EVERY * 2 + k;6), id(b * EVERY;3), CASE WHEN b > 20 THEN id(1 + k;5) ELSE id(3 + k;5) END,
    'backups/' || (b * EVERY), k, 300,
    CASE WHEN b > BACKUPS - 20 AND k = 1 THEN 'missing' WHEN b > BACKUPS - 1000 OR b <= 20 OR b % 7 = 0 THEN 'present' ELSE 'deleted' END,
    1, 'bytes', 1, 1, 'bytes', 0, 0
  FROM n CROSS JOIN c;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < AUDIT)
INSERT INTO audit_log (seq, at, actor, actor_kind, action, entity_type, entity_id, entity_name, diff, client, prev_hash, hash)
  SELECT i, i, CASE i % 3 WHEN 0 THEN 'mira' WHEN 1 THEN 'jo' ELSE 'engine' END, 'user',
    CASE WHEN i = 10 THEN 'key.reveal' WHEN i % 2 = 0 THEN 'job.update' ELSE 'run.start' END, 'job', 'thing-' || (i % (AUDIT / 100)), 'thing ' || (i % (AUDIT / 100)),
    '{}', 'cli', hex(zeroblob(32)), hex(zeroblob(32))
  FROM n;
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < EXECUTIONS / 10)
INSERT INTO health_checks (id, adapter_id, status, latency_ms, created_at)
  SELECT id(i;7), id(1 + i % 2;5), 'online', 12, i FROM n;
"#;
