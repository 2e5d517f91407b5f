//! One installation: where its files are, its open database, and the key that seals what is secret in it. Made once a process
//! and shared by everything above.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::ProjectDirs;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::domain::error::Context;
use crate::domain::{Error, Kind, Result, words};
use crate::store::{DatabaseKey, Store};
use crate::vault::MasterKey;
use crate::vault::master::Origin;
use crate::vault::sealed::FieldSealer;

/// Where an installation keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The directory that was given to keep everything below; none means the platform's own places.
    pub home: Option<PathBuf>,
    /// The master key.
    pub config: PathBuf,
    /// The database.
    pub data: PathBuf,
    /// The engine's lock and log, and scratch files.
    pub state: PathBuf,
}

impl Paths {
    /// Below `home` when one is given, else where the platform keeps such things for this user.
    pub fn new(home: Option<&Path>) -> Result<Self> {
        if let Some(home) = home {
            let home = std::path::absolute(home).doing("cannot use it as home", home.display())?;
            return Ok(Self {
                config: home.join("config"),
                data: home.join("data"),
                state: home.join("state"),
                home: Some(home),
            });
        }
        let dirs = ProjectDirs::from("", "", "backstay").ok_or_else(|| {
            Error::failed("there is no home directory to keep Backstay's files in").next("set HOME, or give --home DIR")
        })?;
        Ok(Self {
            home: None,
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_dir()).to_owned(),
        })
    }

    /// How a command line begins that is about this installation wherever it is typed: `backstay`, or `backstay --home DIR`.
    pub fn program(&self) -> String {
        match &self.home {
            None => "backstay".to_owned(),
            Some(home) => format!("backstay --home {}", words::quoted(&home.display().to_string())),
        }
    }

    /// Held by the engine for its life.
    pub fn lock(&self) -> PathBuf {
        self.state.join("engine.lock")
    }

    /// What a detached engine says.
    pub fn log(&self) -> PathBuf {
        self.state.join("engine.log")
    }

    /// Scratch files: a directory of this home's own, since whatever is in it when the engine starts is cleared away. It lies in
    /// `spool`, which may be others' too, or where that is empty below the home.
    pub fn scratch(&self, spool: &str) -> PathBuf {
        if spool.is_empty() {
            return self.state.join("scratch");
        }
        let mut own = hex::encode(Sha256::digest(self.state.as_os_str().as_encoded_bytes()));
        own.truncate(12);
        Path::new(spool).join(format!("backstay-scratch-{own}"))
    }
}

/// An open installation.
pub struct Instance {
    /// Where its files are.
    pub paths: Paths,
    /// Its database.
    pub store: Arc<Store>,
    /// Seals and opens secret columns.
    pub sealer: FieldSealer,
    /// The master key, for the recovery kit.
    pub master: MasterKey,
    /// Where the master key came from.
    pub key_origin: Origin,
    /// Set when this very call made the master key.
    pub first_start: bool,
    /// The time.
    pub clock: Clock,
}

impl Instance {
    /// Opens it, making key and database at the first start. A database without its key is never given a new one.
    pub fn open(paths: Paths, clock: Clock) -> Result<Self> {
        Self::open_with(paths, clock, Store::open)
    }

    /// Opens it for somebody who only looks: a database of an older schema is refused and stays as it is.
    pub fn look(paths: Paths, clock: Clock) -> Result<Self> {
        Self::open_with(paths, clock, Store::look)
    }

    fn open_with(paths: Paths, clock: Clock, open: fn(&Path, &DatabaseKey) -> Result<Store>) -> Result<Self> {
        for directory in [&paths.data, &paths.state] {
            make_private(directory)?;
        }
        let (loaded, first_start) = load_key(&paths)?;
        let store = Arc::new(open(&paths.data, &database_key(&loaded.key)?)?);
        Ok(Self {
            sealer: FieldSealer::new(&loaded.key.fields()?),
            store,
            master: loaded.key,
            key_origin: loaded.origin,
            first_start,
            clock,
            paths,
        })
    }

    /// A second connection to the same database, for watching it.
    pub fn another_connection(&self) -> Result<Arc<Store>> {
        Ok(Arc::new(Store::open(&self.paths.data, &database_key(&self.master)?)?))
    }

    /// What operators call this installation: the machine's name.
    pub fn name(&self) -> String {
        machine_name()
    }
}

/// This machine's name.
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn database_key(master: &MasterKey) -> Result<DatabaseKey> {
    let key = master.database()?;
    Ok(DatabaseKey {
        hex: key.to_hex().to_string(),
        id: key.id().to_string(),
    })
}

fn load_key(paths: &Paths) -> Result<(crate::vault::master::Loaded, bool)> {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(loaded) = MasterKey::load(&paths.config, &environment)? {
        return Ok((loaded, false));
    }
    if Store::exists(&paths.data) {
        return Err(Error::not_found("the database is there and its master key is not")
            .on(format!("{}", paths.config.join("master.key").display()))
            .next("put the key file back, or set BACKSTAY_MASTER_KEY_FILE; the recovery kit holds it"));
    }
    match MasterKey::create(&paths.config) {
        Ok(loaded) => Ok((loaded, true)),
        // Another process made it in the meantime: that one counts.
        Err(error) if error.kind == Kind::Busy => MasterKey::load(&paths.config, &environment)?
            .map(|loaded| (loaded, false))
            .ok_or(error),
        Err(error) => Err(error),
    }
}

fn make_private(directory: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .doing("cannot make the directory", directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_names_a_home_that_is_not_the_usual_one_as_a_shell_takes_it() {
        let program = |home: Option<&str>| Paths::new(home.map(Path::new)).unwrap().program();
        assert_eq!(program(None), "backstay");
        assert_eq!(program(Some("/srv/backstay")), "backstay --home /srv/backstay");
        assert_eq!(
            program(Some("/srv/it's $HOME")),
            r"backstay --home '/srv/it'\''s $HOME'"
        );
    }
}
