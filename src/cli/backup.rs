//! `backstay backup …`

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::column;
use super::waiting::{self, Wait};
use super::{Cx, show};
use crate::domain::backup::{Backup, Copy, CopyState, Level};
use crate::domain::execution::Trigger;
use crate::domain::id::BackupId;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::domain::{Error, Kind, Result};
use crate::ops::backups::{self, Locked, Proof, Removal, Repair, Shown, Wanted};

pub mod fetch;
pub mod place;

/// What can be done with backups. A backup is named by its id, the start or end of one, or `latest:JOB`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show backups, the newest first.
    List(List),
    /// Show one backup: its copies, what was proven of them, what is inside.
    Show {
        /// The backup.
        backup: String,
    },
    /// Prove a backup: read it, decode it, or restore it into a scratch database.
    Verify(Verify),
    /// Keep a backup whatever the retention says.
    Lock {
        /// The backup.
        backup: String,
        /// Why it is kept.
        #[arg(long)]
        reason: String,
    },
    /// Let retention decide about a backup again.
    Unlock {
        /// The backup.
        backup: String,
    },
    /// Make missing and corrupt copies anew from a good one.
    Repair {
        /// The backup.
        backup: String,
        /// Whether to wait.
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete every copy of a backup.
    Remove(Remove),
    /// Fetch a copy into a directory.
    Download(fetch::Download),
    /// Write one dump to standard output; exit code 0 says that every digest matched.
    Cat(fetch::Cat),
    /// Find the backups that lie at a destination and take them into the catalogue.
    Scan(place::Scan),
    /// Find what unfinished runs left at a destination.
    Orphans(place::Orphans),
}

/// Arguments of `backup list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only made for this job, which may be gone.
    #[arg(long)]
    job: Option<String>,
    /// Only with a copy at this destination.
    #[arg(long)]
    destination: Option<String>,
    /// Also those that were deleted.
    #[arg(long)]
    deleted: bool,
    /// How many at most.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Only older than this backup: the last one of the page before.
    #[arg(long, value_name = "ID")]
    before: Option<String>,
}

/// Arguments of `backup verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup.
    backup: String,
    /// How hard: bytes (stored bytes), content (decode and parse every dump), restore (into a scratch database).
    #[arg(long, default_value_t = Level::Content)]
    level: Level,
    /// Only the copy at this destination.
    #[arg(long)]
    destination: Option<String>,
    /// The source adapter the scratch database is made on; the backup's own source unless given.
    #[arg(long, value_name = "ADAPTER")]
    scratch: Option<String>,
    #[command(flatten)]
    wait: Wait,
}

/// Arguments of `backup remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// The backup.
    backup: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Also when it is the newest good backup of its job.
    #[arg(long)]
    force: bool,
}

/// Carries it out.
pub async fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::List(arguments) => list(arguments, cx),
        Command::Show { backup } => show_backup(&backup, cx),
        Command::Verify(arguments) => verify(arguments, cx).await,
        Command::Lock { backup, reason } => locked(backups::lock(&cx.session()?, &backup, &reason).await?, cx),
        Command::Unlock { backup } => locked(backups::unlock(&cx.session()?, &backup).await?, cx),
        Command::Repair { backup, wait } => {
            let session = cx.session()?;
            match backups::repair(&session, &backup, Trigger::Cli)? {
                Repair::Asked(asked) => waiting::wait(cx, &session, *asked, &wait).await,
                Repair::NothingToDo { backup, notes } => nothing_to_repair(backup, &notes, cx),
            }
        }
        Command::Remove(arguments) => remove(&arguments, cx).await,
        Command::Download(arguments) => fetch::download(arguments, cx).await,
        Command::Cat(arguments) => fetch::cat(arguments, cx).await,
        Command::Scan(arguments) => place::scan(&arguments, cx).await,
        Command::Orphans(arguments) => place::orphans(&arguments, cx).await,
    }
}

fn list(arguments: List, cx: &Cx) -> Result<u8> {
    let everything = arguments.job.is_none() && arguments.destination.is_none() && arguments.before.is_none();
    let wanted = Wanted {
        job: arguments.job,
        destination: arguments.destination,
        deleted: arguments.deleted,
        ..Wanted::default()
    };
    let session = cx.session()?;
    let edge = match &arguments.before {
        Some(backup) => Edge::Before(backups::find(&session, backup)?.id),
        None => Edge::Newest,
    };
    let found = backups::page(&session, &wanted, edge, arguments.limit)?;
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(0);
    }
    let rows = found.iter().map(|backup| {
        [
            backup.id.short(),
            backup.job_name.clone(),
            show::moment(backup.taken_at),
            sized(backup),
            copies(backup),
            marks(backup, session.now()),
        ]
    });
    let columns = [
        column("backup"),
        // What a backup is worth stays, however narrow the terminal; and sooner than of what it is, its size is left out.
        column("job").leaves(1),
        column("taken"),
        column("size").leaves(2),
        column("copies").wraps(),
        column(""),
    ];
    let none = if everything {
        "No backups yet. `backstay run JOB` makes one; `backstay backup scan DESTINATION` finds those that lie there."
    } else {
        "No backup is like that; `backstay backup list` shows all."
    };
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

/// The plain size; where that is sealed and its key is not here, what is stored.
fn sized(backup: &Backup) -> String {
    if let Some(size) = backup.plain_size() {
        return units::size(size);
    }
    let stored = backup.copies.iter().map(|copy| copy.stored_size).max();
    format!("{} stored", units::size(stored.unwrap_or_default()))
}

fn copies(backup: &Backup) -> String {
    // Their destinations were removed.
    if backup.copies.is_empty() {
        return "none".to_owned();
    }
    let shown = backup
        .copies
        .iter()
        .filter(|copy| copy.state != CopyState::Deleted || backup.readable_copies().is_empty());
    shown
        .map(|copy| format!("{} {}", copy.destination, standing(copy)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `proven by restore`, `present`, `corrupt`; `out of reach since 2026-11-21 04:00, proven by restore`.
fn standing(copy: &Copy) -> String {
    let told = match copy.proof() {
        Some((level, _)) => format!("proven by {level}"),
        None => copy.state.to_string(),
    };
    match copy.out_of_reach_since {
        Some(since) if copy.state.is_held() => format!("out of reach since {}, {told}", show::minute(since)),
        _ => told,
    }
}

fn marks(backup: &Backup, now: Timestamp) -> String {
    let lock = backup.locked.then_some("locked");
    let complete = (!backup.complete).then_some("incomplete");
    let ahead = backup.is_ahead(now).then_some("ahead of the clock");
    lock.into_iter()
        .chain(complete)
        .chain(ahead)
        .collect::<Vec<_>>()
        .join(", ")
}

fn show_backup(backup: &str, cx: &Cx) -> Result<u8> {
    let shown = backups::show(&cx.session()?, backup)?;
    if cx.output.is_json() {
        cx.output.json(&shown)?;
        return Ok(0);
    }
    cx.output.facts(&facts(&shown))?;
    let rows = shown.objects.iter().map(|object| {
        let stats = object
            .stats
            .as_ref()
            .filter(|_| object.database.is_some())
            .map(|stats| {
                format!(
                    "{}, {}",
                    units::count(stats.tables, "table"),
                    units::count(stats.rows, "row")
                )
            });
        [
            object.name.clone(),
            object.database.clone().unwrap_or_default(),
            object.logical_size.map(units::size).unwrap_or_default(),
            units::size(object.stored_size),
            stats.unwrap_or_default(),
        ]
    });
    cx.output.say("")?;
    let columns = [
        column("object"),
        column("database").leaves(2),
        column("size"),
        column("stored").leaves(3),
        column("counted").leaves(1),
    ];
    cx.output.table(columns, rows, "It holds nothing.")?;
    Ok(0)
}

fn facts(shown: &Shown) -> Vec<(&'static str, String)> {
    let backup = &shown.backup;
    let copies = backup.copies.iter().map(|copy| {
        format!(
            "{}: {}{}, {} in {}",
            copy.destination,
            standing(copy),
            looks(copy),
            units::size(copy.stored_size),
            copy.path
        )
    });
    let lock = backup.lock_reason.clone().filter(|_| backup.locked);
    vec![
        ("backup", backup.id.to_string()),
        ("job", backup.job_name.clone()),
        ("taken", show::time(backup.taken_at)),
        ("engine", format!("{} {}", backup.driver, backup.engine_version)),
        ("size", sized(backup)),
        ("compression", backup.compression.clone()),
        (
            "key",
            backup.key_id.clone().unwrap_or_else(|| "not encrypted".to_owned()),
        ),
        ("locked", lock.unwrap_or_default()),
        ("missing", shown.missing.join("\n")),
        ("sealed", shown.sealed.clone().unwrap_or_default()),
        ("note", shown.note.clone().unwrap_or_default()),
        ("copies", told_or_none(&copies.collect::<Vec<_>>())),
        (
            "next",
            shown.mend.clone().map(|mend| format!("`{mend}`")).unwrap_or_default(),
        ),
    ]
}

/// When a copy was proven and looked at since: ` 2026-11-18 04:00:00, looked at by bytes 2026-11-21 04:00:00`; or when it was found
/// bad: `, looked at by content 2026-11-21 04:00:00, last proven by restore 2026-11-18 04:00:00`.
fn looks(copy: &Copy) -> String {
    let proven = copy.proof().map(|(_, at)| format!(" {}", show::time(at)));
    let found_bad = copy.verified_level.zip(copy.verified_at);
    let found_bad = found_bad.filter(|_| copy.verified_ok == Some(false));
    let look = copy.later_look().or(found_bad);
    let looked = look.map(|(level, at)| format!(", looked at by {level} {}", show::time(at)));
    let former = copy.former_proof();
    let former = former.map(|(level, at)| format!(", last proven by {level} {}", show::time(at)));
    [proven, looked, former].into_iter().flatten().collect()
}

/// A backup has no copies once their destinations were removed.
fn told_or_none(copies: &[String]) -> String {
    if copies.is_empty() {
        return "none: their destinations were removed".to_owned();
    }
    copies.join("\n")
}

async fn verify(arguments: Verify, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let proof = Proof {
        level: arguments.level,
        destination: arguments.destination,
        scratch: arguments.scratch,
    };
    let asked = backups::verify(&session, &arguments.backup, &proof, Trigger::Cli)?;
    waiting::wait(cx, &session, asked, &arguments.wait).await
}

fn nothing_to_repair(backup: BackupId, notes: &[String], cx: &Cx) -> Result<u8> {
    waiting::tell_notes(cx, notes);
    if cx.output.is_json() {
        cx.output
            .json(&json!({ "backup": backup, "repaired": false, "notes": notes }))?;
    } else {
        cx.output.say(&format!(
            "Backup {}: nothing to repair; every copy is there, and none is known to be corrupt.",
            backup.short()
        ))?;
    }
    Ok(0)
}

fn locked(done: Locked, cx: &Cx) -> Result<u8> {
    let code = if done.failed.is_empty() {
        0
    } else {
        Kind::Partial.exit_code()
    };
    if cx.output.is_json() {
        cx.output.json(&done)?;
        return Ok(code);
    }
    let short = done.backup.id.short();
    cx.output.say(&match &done.backup.lock_reason {
        Some(reason) => format!("Backup {short} is locked: {reason}"),
        None => format!("Backup {short} is not locked any more."),
    })?;
    for failed in done.failed {
        cx.output.note(&format!(
            "The manifest at {} does not say so: {}",
            failed.destination, failed.error.message
        ));
    }
    Ok(code)
}

async fn remove(arguments: &Remove, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let planned = backups::plan_removal(&session, &arguments.backup, arguments.force)?;
    let question = format!(
        "Delete the backup of {} taken {} ({}) at {}?",
        planned.job_name,
        show::time(planned.taken_at),
        units::size(planned.logical_size),
        planned
            .copies
            .iter()
            .map(|copy| copy.destination.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    cx.confirm(&question, "--yes", arguments.yes)?;
    removed(
        backups::remove(&session, &planned.id.to_string(), arguments.force).await?,
        cx,
    )
}

fn removed(done: Removal, cx: &Cx) -> Result<u8> {
    let gone = done
        .backup
        .copies
        .iter()
        .filter(|copy| copy.state == CopyState::Deleted)
        .count();
    let kind = if gone == 0 { Kind::Failed } else { Kind::Partial };
    let code = if done.failed.is_empty() { 0 } else { kind.exit_code() };
    if cx.output.is_json() {
        cx.output.json(&done)?;
        return Ok(code);
    }
    if gone > 0 {
        cx.output.say(&format!(
            "Backup {}: deleted at {gone} of {}.",
            done.backup.id.short(),
            units::count(done.backup.copies.len(), "destination")
        ))?;
    }
    for failed in done.failed {
        let error = Error::failed(failed.error.message)
            .on(failed.error.object)
            .next(failed.error.next);
        cx.output.note(&format!("Still at {}: {error}", failed.destination));
    }
    Ok(code)
}
