//! What the pane asks of `ops`, and what it is answered.

use std::sync::Arc;

use super::transfer::{self, Moved, Transfer};
use super::{By, Listing};
use crate::console::message::{self, Done, Place};
use crate::console::pane::PaneId;
use crate::console::widget::paged::SLICE;
use crate::console::work::reading;
use crate::domain::adapter::Adapter;
use crate::domain::backup::Backup;
use crate::domain::execution::{Execution, Trigger};
use crate::domain::id::BackupId;
use crate::domain::paging::Edge;
use crate::domain::profile::Profile;
use crate::domain::{Error, Kind, Result, units};
use crate::ops::backups::{Fetch, Found, Locked, Orphan, Proof, Removal, Repair, Scanned, Shown};
use crate::ops::private_file::Existing;
use crate::ops::restore::{RestorePlan, Wish};
use crate::ops::{Session, adapters, backups, engine_process, profiles, restore};

/// What the pane asks of `ops`.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Something to be looked at.
    Look(Look),
    /// A verification of each of these.
    Verify {
        /// Which.
        ids: Vec<BackupId>,
        /// How.
        proof: Proof,
    },
    /// A lock on each of these.
    Lock {
        /// Which.
        ids: Vec<BackupId>,
        /// Why.
        reason: String,
    },
    /// No lock on any of these.
    Unlock(Vec<BackupId>),
    /// A repair of each of these.
    Repair(Vec<BackupId>),
    /// These to be deleted; `true` where the newest good backup of a job may go.
    Remove(Vec<(BackupId, bool)>),
    /// The files of a backup.
    Download(Download),
    /// An object that lies as a file somewhere, in the clear.
    Decrypt(Decrypt),
    /// What was left at a destination to be deleted.
    RemoveOrphans {
        /// Where.
        destination: String,
        /// Which.
        orphans: Vec<Orphan>,
    },
    /// A restore.
    Restore(Box<RestorePlan>),
}

/// What is only looked at. The answer goes to the pane and its layers.
#[derive(Clone, Debug)]
pub enum Look {
    /// A slice of the list.
    Page {
        /// Which list.
        listing: Listing,
        /// Where the slice lies.
        edge: Edge<BackupId>,
    },
    /// The list around one backup.
    Around(BackupId),
    /// What is inside the backup that is selected.
    Inside(BackupId),
    /// What is inside the backup that is to be restored, whichever is selected by then.
    Contents(BackupId),
    /// The names of things: adapters, jobs, profiles.
    Names,
    /// What would be against deleting these.
    Removal(Vec<BackupId>),
    /// How far a download is, once it is further than this.
    Transferred(Arc<Transfer>, Moved),
    /// How far a download came that is to be stopped.
    Stop(Arc<Transfer>),
    /// What has no manifest at a destination.
    Orphans(String),
    /// What lies at a destination; what is not known of it is taken up.
    Scan(String),
    /// Names for a restore that are free.
    FreeNames(FreeNames),
    /// What a restore would do.
    Plan(Wish),
}

/// A download that is asked for.
#[derive(Clone, Debug)]
pub struct Download {
    /// What, and where to.
    pub wanted: Fetch,
    /// How far it is.
    pub transfer: Arc<Transfer>,
}

/// An object that is to be decrypted. Names of files are as they were typed.
#[derive(Clone, Debug)]
pub struct Decrypt {
    /// The object.
    pub file: String,
    /// The file with its key, where it is sealed.
    pub key_file: Option<String>,
    /// The file it becomes.
    pub out: String,
    /// Undo the sealing only.
    pub keep_compressed: bool,
    /// What happens when there is a file of that name.
    pub existing: Existing,
    /// How far it is.
    pub transfer: Arc<Transfer>,
}

/// Names that are asked for: for each database one like it that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeNames {
    /// The source they have to be free on.
    pub to: String,
    /// The databases.
    pub databases: Vec<String>,
    /// What is put behind each.
    pub suffix: String,
}

/// What `ops` answers. Each answer says what it is the answer to.
#[derive(Debug)]
pub enum Reply {
    /// Other backups were chosen to be listed.
    Browse(By),
    /// A slice of the list.
    Page {
        /// Which list.
        listing: Listing,
        /// Where the slice lies.
        edge: Edge<BackupId>,
        /// The rows, newest first.
        rows: Result<Vec<Backup>>,
    },
    /// The list around one backup.
    Around {
        /// Which.
        id: BackupId,
        /// The rows around it.
        around: Result<Box<Around>>,
    },
    /// What is inside a backup.
    Inside {
        /// Which.
        id: BackupId,
        /// What is inside.
        shown: Result<Box<Shown>>,
    },
    /// The names of things.
    Names(Result<Names>),
    /// What each of some backups has against being deleted.
    Removal(Result<Vec<Removable>>),
    /// How far a download is.
    Transferred(Arc<Transfer>, Moved),
    /// What has no manifest at a destination.
    Orphans {
        /// Which destination.
        destination: String,
        /// What was found.
        found: Result<Found>,
    },
    /// What a scan took up.
    Scanned {
        /// Which destination.
        destination: String,
        /// What was found.
        scanned: Result<Scanned>,
    },
    /// Names for a restore.
    FreeNames {
        /// What was asked.
        asked: FreeNames,
        /// One for each database.
        names: Result<Vec<String>>,
    },
    /// What a restore would do.
    Plan {
        /// What was asked.
        wish: Wish,
        /// What it would do.
        plan: Result<Box<RestorePlan>>,
    },
}

/// A backup and the rows around it, newest first.
#[derive(Debug)]
pub struct Around {
    /// Newer ones.
    pub newer: Vec<Backup>,
    /// The backup.
    pub backup: Backup,
    /// Older ones.
    pub older: Vec<Backup>,
}

/// What there is to choose from.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// All adapters.
    pub adapters: Vec<Adapter>,
    /// The names of jobs that there are backups of.
    pub jobs: Vec<String>,
    /// All profiles.
    pub profiles: Vec<Profile>,
}

/// A backup that may be deleted.
#[derive(Clone, Debug)]
pub struct Removable {
    /// The backup.
    pub backup: Backup,
    /// Why it should not be, when there is a reason that can be overruled.
    pub against: Option<Error>,
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Look(Look::Page { .. } | Look::Around(_)) => Some(0),
            Self::Look(Look::Inside(_)) => Some(1),
            Self::Look(Look::Names) => Some(2),
            _ => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        match self {
            // What a scan finds it takes up.
            Self::Look(look) => matches!(look, Look::Scan(_)),
            _ => true,
        }
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        let done = match self {
            Self::Verify { ids, proof } => {
                let ask = move |session: &Session, id: &str| {
                    let asked = backups::verify(session, id, &proof, Trigger::Manual)?;
                    Ok(Some(asked.execution))
                };
                ask_each(session, ids, "verification", ask).await
            }
            Self::Repair(ids) => {
                let ask = |session: &Session, id: &str| match backups::repair(session, id, Trigger::Manual)? {
                    Repair::Asked(asked) => Ok(Some(asked.execution)),
                    Repair::NothingToDo { .. } => Ok(None),
                };
                ask_each(session, ids, "repair", ask).await
            }
            Self::Lock { ids, reason } => lock(session, ids, Some(&reason)).await,
            Self::Unlock(ids) => lock(session, ids, None).await,
            Self::Remove(ids) => remove(session, ids).await,
            Self::Download(download) => transfer::download(session, download).await,
            Self::Decrypt(decrypt) => transfer::decrypt(decrypt).await,
            Self::RemoveOrphans { destination, orphans } => remove_orphans(session, &destination, &orphans).await,
            Self::Restore(plan) => start(session, plan).await,
            Self::Look(look) => return message::Reply::Backups(look.perform(session).await),
        };
        message::Reply::Done(done)
    }
}

impl Look {
    async fn perform(self, session: &Session) -> Reply {
        match self {
            Self::Page { listing, edge } => {
                let wanted = listing.wanted();
                let rows = reading(session, move |session| backups::page(session, &wanted, edge, SLICE)).await;
                Reply::Page { listing, edge, rows }
            }
            Self::Around(id) => {
                let around = reading(session, move |session| around(session, id)).await;
                let around = around.map(Box::new);
                Reply::Around { id, around }
            }
            Self::Inside(id) | Self::Contents(id) => {
                let shown = reading(session, move |session| backups::show(session, &id.to_string())).await;
                let shown = shown.map(Box::new);
                Reply::Inside { id, shown }
            }
            Self::Names => Reply::Names(reading(session, names).await),
            Self::Removal(ids) => Reply::Removal(reading(session, move |session| removable(session, &ids)).await),
            Self::Transferred(transfer, seen) => {
                let moved = transfer.further_than(seen).await;
                Reply::Transferred(transfer, moved)
            }
            Self::Stop(transfer) => {
                let moved = transfer.stop().await;
                Reply::Transferred(transfer, moved)
            }
            Self::Orphans(destination) => {
                let found = backups::find_orphans(session, &destination).await;
                Reply::Orphans { destination, found }
            }
            Self::Scan(destination) => {
                let scanned = backups::scan(session, &destination).await;
                Reply::Scanned { destination, scanned }
            }
            Self::FreeNames(asked) => {
                let names = restore::free_names(session, &asked.to, &asked.databases, &asked.suffix).await;
                Reply::FreeNames { asked, names }
            }
            Self::Plan(wish) => {
                let plan = restore::plan(session, &wish).await.map(Box::new);
                Reply::Plan { wish, plan }
            }
        }
    }
}

fn around(session: &Session, id: BackupId) -> Result<Around> {
    let wanted = backups::Wanted {
        deleted: true,
        ..backups::Wanted::default()
    };
    Ok(Around {
        newer: backups::page(session, &wanted, Edge::After(id), SLICE)?,
        backup: backups::find(session, &id.to_string())?,
        older: backups::page(session, &wanted, Edge::Before(id), SLICE)?,
    })
}

fn names(session: &Session) -> Result<Names> {
    Ok(Names {
        adapters: adapters::list(session)?,
        jobs: backups::jobs_of(session)?,
        profiles: profiles::list(session)?
            .into_iter()
            .map(|shown| shown.profile)
            .collect(),
    })
}

fn removable(session: &Session, ids: &[BackupId]) -> Result<Vec<Removable>> {
    let look = |id: &BackupId| {
        let id = id.to_string();
        match backups::plan_removal(session, &id, false) {
            Ok(backup) => Ok(Removable { backup, against: None }),
            // What force does not overrule is refused again.
            Err(error) if error.kind == Kind::Refused => Ok(Removable {
                backup: backups::plan_removal(session, &id, true)?,
                against: Some(error),
            }),
            Err(error) => Err(error),
        }
    };
    ids.iter().map(look).collect()
}

/// What came of doing one thing to several backups.
#[derive(Default)]
struct Tally {
    done: usize,
    failed: Vec<Error>,
}

impl Tally {
    /// The failures in one, where there are any: the first in full, the others by number.
    fn told(mut self, what: &str) -> Result<usize> {
        if self.failed.is_empty() {
            return Ok(self.done);
        }
        let first = self.failed.remove(0);
        let more = match self.failed.len() {
            0 => String::new(),
            more => format!(" (and {more} more like it)"),
        };
        let before = match self.done {
            0 => String::new(),
            done => format!("{done} {what}, but here: "),
        };
        let kind = if self.done > 0 { Kind::Partial } else { first.kind };
        let message = format!("{before}{}{more}", first.message);
        Err(Error { kind, message, ..first })
    }
}

/// Asks for a run about each backup that needs one.
async fn ask_each(
    session: &Session,
    ids: Vec<BackupId>,
    what: &'static str,
    ask: impl Fn(&Session, &str) -> Result<Option<Execution>> + Send + 'static,
) -> Result<Done> {
    reading(session, move |session| {
        let mut tally = Tally::default();
        let mut last = None;
        for id in ids {
            match ask(session, &id.to_string()) {
                Ok(Some(run)) => {
                    tally.done += 1;
                    last = Some(run);
                }
                // What was damaged when it was shown has been mended meanwhile.
                Ok(None) => {}
                Err(error) => tally.failed.push(error),
            }
        }
        let waits = waits(session)?;
        Ok(match (tally.told("asked for")?, last) {
            (1, Some(run)) => {
                let text = format!("{what} of a backup of {} asked for{waits}", run.job_name);
                Done::say(text).go(Place::Run(run.id))
            }
            (0, _) => Done::say(format!("no {what} is needed any more")),
            (count, _) => Done::say(format!("{count} {what}s asked for{waits}")).go(Place::Pane(PaneId::Runs)),
        })
    })
    .await
}

/// What is added where no engine would begin with it.
fn waits(session: &Session) -> Result<String> {
    let lacking = engine_process::lacking(session)?;
    Ok(lacking.map_or_else(String::new, |lacking| format!("; {lacking}")))
}

async fn lock(session: &Session, ids: Vec<BackupId>, reason: Option<&str>) -> Result<Done> {
    let mut tally = Tally::default();
    for id in ids {
        let id = id.to_string();
        let locked = match reason {
            Some(reason) => backups::lock(session, &id, reason).await,
            None => backups::unlock(session, &id).await,
        };
        match locked.and_then(|locked| written(&locked)) {
            Ok(()) => tally.done += 1,
            Err(error) => tally.failed.push(error),
        }
    }
    let word = if reason.is_some() { "locked" } else { "unlocked" };
    Ok(Done::say(match tally.told(word)? {
        1 => format!("backup {word}"),
        count => format!("{count} backups {word}"),
    }))
}

/// The catalogue says so, and every manifest should too.
fn written(locked: &Locked) -> Result<()> {
    let Some(first) = locked.failed.first() else {
        return Ok(());
    };
    let word = if locked.backup.locked { "locked" } else { "unlocked" };
    Err(Error::new(
        Kind::Partial,
        format!(
            "it is {word} here, but the manifest at {} does not say so: {}",
            first.destination, first.error.message
        ),
    )
    .on(format!(
        "backup {} of {}",
        locked.backup.id.short(),
        locked.backup.job_name
    ))
    .next(format!("do it again once {} is back", first.destination)))
}

async fn remove(session: &Session, ids: Vec<(BackupId, bool)>) -> Result<Done> {
    let mut tally = Tally::default();
    for (id, force) in ids {
        match backups::remove(session, &id.to_string(), force)
            .await
            .and_then(|removal| removed(&removal))
        {
            Ok(()) => tally.done += 1,
            Err(error) => tally.failed.push(error),
        }
    }
    Ok(Done::say(match tally.told("deleted")? {
        1 => "backup deleted".to_owned(),
        count => format!("{count} backups deleted"),
    }))
}

fn removed(removal: &Removal) -> Result<()> {
    let Some(first) = removal.failed.first() else {
        return Ok(());
    };
    let error = &first.error;
    let at: Vec<&str> = removal
        .failed
        .iter()
        .map(|failed| failed.destination.as_str())
        .collect();
    Err(Error::new(
        Kind::Partial,
        format!("it is still at {}: {}", at.join(", "), error.message),
    )
    .on(format!(
        "backup {} of {}",
        removal.backup.id.short(),
        removal.backup.job_name
    ))
    .next(error.next.clone()))
}

async fn remove_orphans(session: &Session, destination: &str, orphans: &[Orphan]) -> Result<Done> {
    backups::remove_orphans(session, destination, orphans).await?;
    let folders = units::count(orphans.len(), "folder");
    Ok(Done::say(format!("{folders} deleted at {destination}")))
}

async fn start(session: &Session, plan: Box<RestorePlan>) -> Result<Done> {
    reading(session, move |session| {
        let asked = restore::start(session, &plan, Trigger::Manual)?;
        let text = format!("restore into {} asked for{}", plan.to, waits(session)?);
        Ok(Done::say(text).go(Place::Run(asked.execution.id)))
    })
    .await
}
