//! The engine as a systemd service: works out the unit for this installation and puts it where systemd looks.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::BaseDirs;
use serde::Serialize;
use tokio::process::Command;

use super::unit::{self, Facts};
use crate::catalog::endpoints;
use crate::domain::adapter::AdapterType;
use crate::domain::audit::Event;
use crate::domain::error::Context;
use crate::domain::setting::GRACE_PERIOD;
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::process;
use crate::store::{adapters, settings};
use crate::vault::master::Origin;

/// The unit's name.
const UNIT: &str = "backstay.service";

/// Where the machine's units are put by people, systemd.unit(5).
const SYSTEM_UNITS: &str = "/etc/systemd/system";

/// `systemctl` answers within this.
const SYSTEMCTL_LIMIT: Duration = Duration::from_secs(20);

/// Whose manager runs the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The user's own.
    User,
    /// The machine's.
    System,
}

/// A unit, where it belongs, and what is left to do.
#[derive(Clone, Debug, Serialize)]
pub struct Installed {
    /// Whose manager.
    pub scope: Scope,
    /// Where the unit belongs.
    pub path: PathBuf,
    /// Its text.
    pub unit: String,
    /// Whether it was written there.
    pub written: bool,
    /// What the operator does next, one command each.
    pub next: Vec<String>,
}

/// The unit for this installation, written nowhere. `home` is the one this program was given.
pub fn plan(session: &Session, home: Option<&Path>, scope: Scope) -> Result<Installed> {
    let path = match scope {
        Scope::System => Path::new(SYSTEM_UNITS).join(UNIT),
        Scope::User => user_units()?.join(UNIT),
    };
    Ok(Installed {
        scope,
        unit: unit::text(&facts(session, home, scope)?),
        path,
        written: false,
        next: Vec::new(),
    })
}

/// Writes the unit and tells systemd. A unit of that name that runs something else is refused unless `force` is set.
pub async fn install(session: &Session, home: Option<&Path>, scope: Scope, force: bool) -> Result<Installed> {
    let mut installed = plan(session, home, scope)?;
    let line = format!("ExecStart={}", unit::exec_start(&facts(session, home, scope)?));
    let object = installed.path.display().to_string();
    let foreign = std::fs::read_to_string(&installed.path).is_ok_and(|old| !old.lines().any(|old| old == line));
    if foreign && !force {
        return Err(Error::refused("there is a unit already and it runs something else")
            .on(object)
            .next("look at it, then move it away or have it replaced"));
    }
    if let Some(directory) = installed.path.parent() {
        std::fs::create_dir_all(directory).doing("cannot make the directory", directory.display())?;
    }
    std::fs::write(&installed.path, &installed.unit).doing("cannot write the unit", &object)?;
    installed.written = true;
    let event = Event::new("engine.install", "engine", UNIT, object);
    session.instance.store.write(|db| session.record(db, &event))?;
    installed.next = tell_systemd(session, scope).await;
    Ok(installed)
}

/// Reloads systemd and switches the unit on; gives the commands that are left to a person.
async fn tell_systemd(session: &Session, scope: Scope) -> Vec<String> {
    let manager: &[&str] = if scope == Scope::User { &["--user"] } else { &[] };
    let shown = if scope == Scope::User {
        "systemctl --user"
    } else {
        "systemctl"
    };
    let mut left = Vec::new();
    let steps: [(&[&str], &str); 2] = [
        (&["daemon-reload"], "daemon-reload"),
        (&["enable", UNIT], "enable backstay"),
    ];
    for (arguments, text) in steps {
        let mut command = Command::new("systemctl");
        command.args(manager).args(arguments);
        if process::output(&mut command, b"", SYSTEMCTL_LIMIT).await.is_err() {
            left.push(format!("{shown} {text}"));
        }
    }
    left.push(format!(
        "{} daemon stop    # if one runs that was started by hand",
        session.instance.paths.program()
    ));
    left.push(format!("{shown} restart backstay"));
    if scope == Scope::User {
        left.push("loginctl enable-linger    # so that it runs while nobody is signed in".to_owned());
    }
    left
}

fn facts(session: &Session, home: Option<&Path>, scope: Scope) -> Result<Facts> {
    let instance = &session.instance;
    let key_file = match &instance.key_origin {
        Origin::Environment => {
            return Err(
                Error::refused("the master key is in the environment, which a unit does not have")
                    .next("put it into a file only you can read, and set BACKSTAY_MASTER_KEY_FILE to it instead"),
            );
        }
        Origin::File(file) => Some(file.clone()).filter(|file| !file.starts_with(&instance.paths.config)),
    };
    let owner = std::fs::metadata(&instance.paths.data)
        .doing("cannot look at it", instance.paths.data.display())?
        .uid();
    Ok(Facts {
        program: std::env::current_exe().doing("cannot find this program", "backstay")?,
        home: home
            .map(std::path::absolute)
            .transpose()
            .doing("cannot use it", "home")?,
        key_file,
        user: (scope == Scope::System && owner != 0).then(|| owner.to_string()),
        writable: writable(session)?,
        grace_seconds: instance.store.read(|db| settings::number(db, &GRACE_PERIOD))?,
        system: scope == Scope::System,
    })
}

/// The home's own directories, local destinations, and the directories of sources that are files: reading a SQLite database
/// that others write to makes files beside it, and a restore swaps it.
fn writable(session: &Session) -> Result<Vec<PathBuf>> {
    let paths = &session.instance.paths;
    let mut found = vec![paths.config.clone(), paths.data.clone(), paths.state.clone()];
    // What it lies in: somebody may take it away while the engine runs, and then it is made again.
    let scratch = endpoints::tools(&session.instance)?.scratch;
    found.extend(scratch.parent().map(Path::to_owned));
    for adapter in session.instance.store.read(adapters::list)? {
        // One that cannot be opened now is as well left out: the unit is made again when it has been put right.
        let path = match adapter.kind {
            AdapterType::Destination => endpoints::destination(&session.instance, adapter.id)
                .ok()
                .and_then(|opened| opened.driver.local_path().map(Path::to_owned)),
            AdapterType::Source => endpoints::source(&session.instance, adapter.id)
                .ok()
                .and_then(|opened| opened.driver.local_path().and_then(Path::parent).map(Path::to_owned)),
            AdapterType::Channel => None,
        };
        found.extend(path);
    }
    found.sort();
    found.dedup();
    let all = found.clone();
    found.retain(|path| !all.iter().any(|other| other != path && path.starts_with(other)));
    Ok(found)
}

fn user_units() -> Result<PathBuf> {
    let directories = BaseDirs::new()
        .ok_or_else(|| Error::failed("there is no home directory for a user's units").next("set HOME"))?;
    Ok(directories.config_dir().join("systemd/user"))
}
