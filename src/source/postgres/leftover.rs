//! What a restore makes for a while, under names that say which restore made it, and what becomes of that when the restore is
//! interrupted. Each step of a restore changes names in one transaction, so that the names alone tell how far it had come:
//!
//! | there is | it means |
//! |---|---|
//! | `backstay_restore_<tag>` | being filled; the target is untouched |
//! | `backstay_ready_<tag>` | full, and the target was closed to connections in order to be replaced |
//! | `backstay_old_<tag>` | the swap is done: this had the target's name, and is about to be dropped |

use std::time::Duration;

use serde::Deserialize;

use super::server::Server;
use super::session::Session;
use super::sql::literal;
use super::target::drop_database;
use crate::domain::{Error, Result};
use crate::source::{identifier, tagged};

const RESTORING: &str = "backstay_restore_";
const READY: &str = "backstay_ready_";
const REPLACED: &str = "backstay_old_";
const SCRATCH: &str = "backstay_verify_";

/// What is said when everything had been done before the interruption.
pub(super) const SWAPPED: &str = "the swap had been made";

/// How often sessions that were told to end are looked for, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: usize = 100;

/// Whether a database of this name is one that a restore made for a while.
pub(super) fn is_leftover(name: &str) -> bool {
    [RESTORING, READY, REPLACED, SCRATCH]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// The name of a scratch database.
pub(super) fn scratch_name(tag: &str) -> String {
    tagged(SCRATCH, tag)
}

/// The names one restore uses for a while.
pub(super) struct Names {
    /// The database being filled.
    pub(super) new: String,
    /// The same once it is full and the target was closed.
    pub(super) ready: String,
    /// The one that had the target's name.
    pub(super) old: String,
}

impl Names {
    /// Those of the restore with this tag.
    pub(super) fn new(tag: &str) -> Self {
        Self {
            new: tagged(RESTORING, tag),
            ready: tagged(READY, tag),
            old: tagged(REPLACED, tag),
        }
    }
}

/// A database that is there.
#[derive(Debug, Deserialize)]
struct Standing {
    name: String,
    open: bool,
}

impl Server {
    /// Takes back what a restore left, wherever it was interrupted. Says what was done.
    pub(super) async fn clean_up(&self, tag: &str, target: &str) -> Result<Vec<String>> {
        let (names, mut desk) = (Names::new(tag), self.desk(target));
        end_restore(&mut desk, &names).await?;
        let there = standing(&mut desk, &[&names.new, &names.ready, &names.old, target]).await?;
        let find = |name: &str| there.iter().find(|standing| standing.name == name);
        let mut done = Vec::new();
        let mut doomed: Vec<&str> = [&names.new, &names.ready].into_iter().map(String::as_str).collect();
        let filling = doomed.iter().any(|name| find(name).is_some());
        if target == scratch_name(tag) {
            doomed.extend([names.old.as_str(), target]);
        } else {
            match (find(&names.old), find(target)) {
                (Some(old), None) => {
                    reinstate(&mut desk, &old.name, target).await?;
                    done.push(format!(
                        "database {target} has its name back and is open to connections"
                    ));
                }
                (Some(old), Some(_)) if filling => done.push(format!(
                    "database {} was left alone: it cannot be told whether {target} has taken its place",
                    old.name
                )),
                (Some(_), Some(_)) => {
                    done.push(format!("database {target} is the restored one: {SWAPPED}"));
                    doomed.push(&names.old);
                }
                (None, Some(standing)) if !standing.open && find(&names.ready).is_some() => {
                    desk.run(&format!(
                        "ALTER DATABASE {} ALLOW_CONNECTIONS true;",
                        identifier(target)
                    ))
                    .await?;
                    done.push(format!("database {target} is as it was, and open to connections again"));
                }
                _ => {}
            }
        }
        let server_major = self.about().await?.major()?;
        for name in doomed.into_iter().filter(|name| find(name).is_some()) {
            drop_database(&mut desk, name, server_major).await?;
            done.push(format!("database {name} was dropped"));
        }
        desk.close().await;
        Ok(done)
    }

    /// Where to give orders about `target` from: a database cannot be renamed from within.
    pub(super) fn desk(&self, target: &str) -> Session<'_> {
        self.session(match self.connection.database.as_str() {
            maintenance if maintenance != target => maintenance,
            "postgres" => "template1",
            _ => "postgres",
        })
    }
}

/// Whether a database takes connections; nothing when it is not there.
pub(super) async fn is_open(desk: &mut Session<'_>, name: &str) -> Result<Option<bool>> {
    Ok(standing(desk, &[name]).await?.pop().map(|standing| standing.open))
}

async fn standing(desk: &mut Session<'_>, names: &[&str]) -> Result<Vec<Standing>> {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    let query = format!(
        "SELECT datname AS name, datallowconn AS open FROM pg_database WHERE datname IN ({})",
        names.join(", ")
    );
    desk.rows(&query).await
}

async fn reinstate(desk: &mut Session<'_>, old: &str, target: &str) -> Result<()> {
    let (from, to) = (identifier(old), identifier(target));
    let statements =
        format!("BEGIN;\nALTER DATABASE {from} RENAME TO {to};\nALTER DATABASE {to} ALLOW_CONNECTIONS true;\nCOMMIT;");
    desk.run(&statements).await
}

/// Ends what a restore still has at work on the server: its client programs outlive an engine that was killed by as long
/// as their last statement takes, and a database made after the look at what is there would stay for ever.
async fn end_restore(desk: &mut Session<'_>, names: &Names) -> Result<()> {
    #[derive(Deserialize)]
    struct Ended {}
    let mentions = [&names.new, &names.ready, &names.old]
        .map(|name| format!("datname = {0} OR position({0} IN query) > 0", literal(name)))
        .join(" OR ");
    let query = format!(
        "SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
         WHERE application_name = 'backstay' AND usename = current_user AND pid <> pg_backend_pid() AND ({mentions})"
    );
    for _ in 0..LOOKS {
        let ended: Vec<Ended> = desk.rows(&query).await?;
        if ended.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(Error::busy("the interrupted restore is still at work on the server").on(names.new.clone()))
}
