//! The demo: a home to be thrown away, with a shop's database that something writes to, two destinations, a key and a job
//! that runs every minute. It needs nothing installed, and leaves nothing behind unless it is told to.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempDir;

use super::adapters::{self, Fields, NewAdapter};
use super::engine_process::{self, Engine};
use super::restore::{self, Wish};
use super::runs::{self, Asked, Follow, Outcome};
use super::{Session, backups, jobs, profiles, settings};
use crate::domain::backup::Level;
use crate::domain::error::Context;
use crate::domain::execution::{Renamed, RestoreOptions, Status, Trigger};
use crate::domain::job::{Compression, Definition, Options, Selection, Target};
use crate::domain::retention::Policy;
use crate::domain::setting::GRACE_PERIOD;
use crate::domain::{Error, Kind, Result};

mod shop;

pub use shop::Comparison;
use shop::Shop;

/// The job's name, and the source's.
pub const JOB: &str = "shop";

/// The destinations' names.
const DESTINATIONS: [&str; 2] = ["disk-a", "disk-b"];

/// What the restored database is called.
const RESTORED: &str = "shop_restored";

/// A demo that was set up. [`Demo::end`] takes it down again.
pub struct Demo {
    /// Works on the demo's home.
    pub session: Session,
    shop: Shop,
    places: Places,
    /// Kept for what its end does: the directory goes.
    temporary: Option<TempDir>,
}

/// Where everything of a demo is.
#[derive(Clone, Debug, Serialize)]
pub struct Places {
    /// The home, for `--home`.
    pub home: PathBuf,
    /// The shop's database.
    pub shop: PathBuf,
    /// Where the restored shop will be.
    pub restored: PathBuf,
    /// The destinations.
    pub destinations: Vec<PathBuf>,
}

/// What the demo's first round came to.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// The backup.
    pub backup: Outcome,
    /// Its proof by a restore into a scratch database.
    pub verification: Outcome,
    /// Its restore under another name.
    pub restore: Outcome,
    /// The restored shop beside the living one.
    pub comparison: Comparison,
}

impl Demo {
    /// Sets everything up but the engine: in `keep`, which then stays, or in a temporary directory.
    pub async fn set_up(keep: Option<&Path>) -> Result<Self> {
        let (root, temporary) = if let Some(directory) = keep {
            (empty_directory(directory)?, None)
        } else {
            let made = tempfile::Builder::new().prefix("backstay-demo-").tempdir();
            let made = made.doing("cannot make a temporary directory", std::env::temp_dir().display())?;
            (made.path().to_owned(), Some(made))
        };
        let places = Places {
            home: root.join("home"),
            shop: root.join("shop").join("shop.db"),
            restored: root.join("shop").join(format!("{RESTORED}.db")),
            destinations: DESTINATIONS.iter().map(|name| root.join(name)).collect(),
        };
        for directory in places.destinations.iter().chain([&root.join("shop")]) {
            std::fs::create_dir(directory).doing("cannot make the directory", directory.display())?;
        }
        let demo = Self {
            session: Session::open(Some(&places.home))?,
            shop: Shop::open(&places.shop)?,
            places,
            temporary,
        };
        demo.define().await?;
        Ok(demo)
    }

    /// Where everything is.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Starts the engine.
    pub async fn start_engine(&self) -> Result<Engine> {
        engine_process::start(&self.session, Some(&self.places.home)).await
    }

    /// One backup, proven by a restore, and given back under another name. `tell` hears of each verdict.
    pub async fn round(&self, tell: &mut (dyn FnMut(&Outcome) + Send)) -> Result<Round> {
        let backup = self
            .see_through(runs::start(&self.session, JOB, Trigger::Cli)?, tell)
            .await?;
        let id = backup
            .backup
            .as_ref()
            .ok_or_else(|| {
                Error::failed("the run made no backup").next("`backstay demo --keep DIR` leaves its log to look at")
            })?
            .id
            .to_string();
        let proof = backups::Proof {
            level: Level::Restore,
            destination: None,
            scratch: None,
        };
        let verification = self
            .see_through(backups::verify(&self.session, &id, &proof, Trigger::Cli)?, tell)
            .await?;
        let plan = restore::plan(&self.session, &wish(id)).await?;
        let restore = self
            .see_through(restore::start(&self.session, &plan, Trigger::Cli)?, tell)
            .await?;
        let comparison = self.shop.compare(&self.places.restored)?;
        if comparison.strange_rows > 0 {
            return Err(Error::failed(format!(
                "{} restored rows are not as they were",
                comparison.strange_rows
            ))
            .on(self.places.restored.display().to_string())
            .next("do not rely on this build; report it with the output of `backstay --version`"));
        }
        Ok(Round {
            backup,
            verification,
            restore,
            comparison,
        })
    }

    /// Stops the engine, closes the shop, and removes everything unless it is to be kept.
    pub async fn end(self) -> Result<()> {
        let stopped = match engine_process::stop(&self.session).await {
            Err(error) if error.kind == Kind::NotFound => Ok(()),
            other => other.map(drop),
        };
        let closed = self.shop.close();
        // The database goes before its directory does.
        drop(self.session);
        let removed = match self.temporary {
            Some(directory) => {
                let path = directory.path().to_owned();
                directory.close().doing("cannot remove", path.display())
            }
            None => Ok(()),
        };
        stopped.and(closed).and(removed)
    }

    async fn define(&self) -> Result<()> {
        let session = &self.session;
        // Nobody waits for a demo's last run.
        settings::set(session, GRACE_PERIOD.key, Some("1"))?;
        adapters::add(session, adapter(JOB, "sqlite", &self.places.shop)).await?;
        for (name, path) in DESTINATIONS.iter().zip(&self.places.destinations) {
            adapters::add(session, adapter(name, "local", path)).await?;
        }
        profiles::create(session, "demo", "made by `backstay demo`")?;
        jobs::add(session, &definition()).map(drop)
    }

    async fn see_through(&self, asked: Asked, tell: &mut (dyn FnMut(&Outcome) + Send)) -> Result<Outcome> {
        let id = asked.execution.id;
        let ended = Follow::new(&self.session, id)?.verdict().await?;
        let outcome = runs::outcome(&self.session, id)?;
        tell(&outcome);
        if ended.status == Status::Success {
            return Ok(outcome);
        }
        let why = outcome
            .error
            .as_ref()
            .map(|failure| format!(": {}", failure.message))
            .unwrap_or_default();
        Err(
            Error::failed(format!("the {} ended as {}{why}", ended.kind, ended.status)).next(
                "`backstay demo --keep DIR` leaves everything to look at, `backstay doctor` looks at this machine",
            ),
        )
    }
}

fn adapter(name: &str, driver: &str, path: &Path) -> NewAdapter {
    NewAdapter {
        name: name.to_owned(),
        driver: driver.to_owned(),
        kind: None,
        fields: Fields {
            set: vec![("path".to_owned(), path.display().to_string())],
            secrets: Vec::new(),
        },
        test: true,
    }
}

fn definition() -> Definition {
    let target = |name: &str| Target {
        adapter: name.to_owned(),
        keep: Policy::Simple {
            keep_last: 30,
            min_age: std::time::Duration::ZERO,
        },
    };
    Definition {
        name: JOB.to_owned(),
        source: JOB.to_owned(),
        schedule: "* * * * *".to_owned(),
        timezone: "UTC".to_owned(),
        enabled: true,
        compression: Compression::default(),
        profile: Some("demo".to_owned()),
        selection: Selection::default(),
        // The first round and the schedule may want the shop at the same moment.
        options: Options {
            overlap: crate::domain::job::Overlap::Queue,
            ..Options::default()
        },
        destinations: DESTINATIONS.iter().map(|name| target(name)).collect(),
        hooks: Vec::new(),
    }
}

fn wish(backup: String) -> Wish {
    Wish {
        backup,
        to: JOB.to_owned(),
        from: None,
        databases: vec![Renamed {
            database: JOB.to_owned(),
            target: RESTORED.to_owned(),
        }],
        globals: false,
        options: RestoreOptions::default(),
    }
}

/// Makes `directory`, which may be there when it is empty: the demo fills it and must not mix with anything.
fn empty_directory(directory: &Path) -> Result<PathBuf> {
    let directory = std::path::absolute(directory).doing("cannot use it", directory.display())?;
    std::fs::create_dir_all(&directory).doing("cannot make the directory", directory.display())?;
    let mut inside = std::fs::read_dir(&directory).doing("cannot read the directory", directory.display())?;
    if inside.next().is_some() {
        return Err(Error::refused("it is not empty")
            .on(directory.display().to_string())
            .next("name a new directory"));
    }
    Ok(directory)
}
