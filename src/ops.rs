//! Use cases: one function each, for the command line and the console alike. A change and its audit row are one transaction;
//! work that takes time is asked of the engine by a row.

pub mod adapters;
pub mod audit;
pub mod backups;
pub mod demo;
pub mod doctor;
pub mod engine_process;
pub mod given_key;
pub mod jobs;
mod places;
pub mod private_file;
pub mod profiles;
pub mod recovery;
pub mod restore;
pub mod retries;
pub mod runs;
pub mod settings;
pub mod status;
pub mod system;
pub mod watch;

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::audit::{Actor, ActorKind, Event};
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::instance::{Instance, Paths};
use crate::store::{Db, Store};

/// Somebody at work on an installation.
#[derive(Clone)]
pub struct Session {
    /// The installation.
    pub instance: Arc<Instance>,
    /// Who.
    pub actor: Actor,
}

impl Session {
    /// Opens the installation below `home`, or the user's own, as the user who runs this process.
    pub fn open(home: Option<&Path>) -> Result<Self> {
        Ok(Self::of(Instance::open(Paths::new(home)?, Clock::System)?))
    }

    /// Opens one that is there for somebody who only looks: a database of an older schema is refused and stays as it is.
    pub fn look(home: Option<&Path>) -> Result<Self> {
        Self::require(home)?;
        Ok(Self::of(Instance::look(Paths::new(home)?, Clock::System)?))
    }

    fn of(instance: Instance) -> Self {
        Self {
            instance: Arc::new(instance),
            actor: current_user(),
        }
    }

    /// Refuses a home in which nothing has been set up.
    pub fn require(home: Option<&Path>) -> Result<()> {
        let paths = Paths::new(home)?;
        if Store::exists(&paths.data) {
            return Ok(());
        }
        Err(Error::not_found("there is no installation here")
            .on(paths.data.display().to_string())
            .next("check --home and BACKSTAY_HOME; `backstay adapter add` begins a new one"))
    }

    /// Asks, on a thread that may wait for the database, after all that were asked before. No answer means that it broke off in
    /// a panic.
    pub async fn in_turn<T: Send + 'static>(&self, call: impl FnOnce(&Self) -> T + Send + 'static) -> Option<T> {
        let session = self.clone();
        self.instance.store.turns.ask(move || call(&session)).await
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.instance.clock.now()
    }

    /// Whether this process may do everything on this machine.
    pub fn is_root(&self) -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Writes an audit row; call it in the transaction of the change.
    fn record(&self, db: &Db, event: &Event) -> Result<()> {
        crate::store::audit::append(db, &self.actor, event, self.now())
    }
}

/// The operating system's user, with where they come from when that is another machine.
fn current_user() -> Actor {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let uid = rustix::process::getuid().as_raw();
    // Whose account this is, not what the environment says: that is whatever somebody set it to. Only root has become root by
    // sudo, and only then is what sudo says of it worth more.
    let name = variable("SUDO_USER")
        .filter(|_| uid == 0)
        .or_else(|| account(uid))
        .or_else(|| variable("USER"));
    let address = variable("SSH_CONNECTION").and_then(|link| link.split(' ').next().map(str::to_owned));
    let client = [address, variable("SSH_TTY")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    Actor {
        name: name.unwrap_or_else(|| format!("uid {uid}")),
        kind: ActorKind::User,
        client,
    }
}

/// The account's name; nothing where it is not among this machine's own.
fn account(uid: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}
