//! What the system pane asks of `ops`.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::console::message::{self, Done};
use crate::console::work::{file_named, reading};
use crate::domain::Result;
use crate::ops::doctor::{self, Finding};
use crate::ops::engine_process::service::{self, Installed, Scope};
use crate::ops::given_key::GivenKey;
use crate::ops::private_file::{Existing, another_name};
use crate::ops::recovery::{self, KitRequest};
use crate::ops::system::{self, Facts};
use crate::ops::{Session, engine_process, profiles, settings};

/// What the pane asks of `ops`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Where everything is, and how large it has become.
    Facts,
    /// Every setting.
    Settings,
    /// Every profile.
    Profiles,
    /// Look at everything.
    Examine,
    /// The key of a profile.
    Reveal(String),
    /// Start the engine.
    StartEngine,
    /// Stop it.
    StopEngine,
    /// The systemd unit for this installation.
    PlanUnit(Scope),
    /// Write it and tell systemd; `true` replaces one that runs something else.
    InstallUnit(Scope, bool),
    /// Change something.
    Change(Change),
}

/// A change of what the pane shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another value for a setting; `None` goes back to the default.
    Set(&'static str, Option<String>),
    /// A profile of that name, for that, with a new key.
    Create(String, String),
    /// A profile of that name, for that, of the key in a file.
    Import(String, String, String),
    /// Another name for a profile.
    Rename(String, String),
    /// A new key for a profile's jobs.
    Rotate(String),
    /// Use a profile for nothing new.
    Retire(String),
    /// The key of a profile in a file of that name.
    ExportKey(String, String),
    /// A recovery kit there, for one profile or all; with the master key or without.
    WriteKit(PathBuf, Option<String>, bool),
}

/// What it is answered.
#[derive(Debug)]
pub enum Reply {
    /// Where everything is.
    Facts(Result<Box<Facts>>),
    /// Every setting.
    Settings(Result<Vec<settings::Shown>>),
    /// Every profile.
    Profiles(Result<Vec<profiles::Shown>>),
    /// What was found.
    Examined(Vec<Finding>),
    /// The systemd unit for this installation.
    Planned(Scope, Result<Box<Installed>>),
    /// The unit was written; why it was not is a [`Done`].
    Installed(Box<Installed>),
    /// A profile's name and key.
    Revealed(Result<(String, Zeroizing<String>)>),
}

impl Ask {
    /// Questions of one lane are asked one at a time; `None` for what must be done whatever else is asked.
    pub const fn lane(&self) -> Option<u8> {
        match self {
            Self::Facts => Some(0),
            Self::Settings => Some(1),
            Self::Profiles => Some(2),
            Self::Examine => Some(3),
            Self::PlanUnit(_) => Some(4),
            Self::Reveal(_) | Self::StartEngine | Self::StopEngine | Self::InstallUnit(..) | Self::Change(_) => None,
        }
    }

    /// Whether it leaves a trace: one that may change nothing does not ask it.
    pub const fn changes(&self) -> bool {
        matches!(
            self,
            Self::Reveal(_) | Self::StartEngine | Self::StopEngine | Self::InstallUnit(..) | Self::Change(_)
        )
    }

    /// Carries it out.
    pub async fn perform(self, session: &Session) -> message::Reply {
        message::Reply::System(match self {
            Self::Facts => Reply::Facts(reading(session, system::facts).await.map(Box::new)),
            Self::Settings => Reply::Settings(reading(session, settings::list).await),
            Self::Profiles => Reply::Profiles(reading(session, profiles::list).await),
            Self::Examine => Reply::Examined(doctor::examine(Ok(session.clone())).await),
            Self::Reveal(name) => Reply::Revealed(
                reading(session, move |session| profiles::reveal(session, &name))
                    .await
                    .map(|(profile, key)| (profile.name, key)),
            ),
            Self::StartEngine => {
                let home = session.instance.paths.home.clone();
                let engine = engine_process::start(session, home.as_deref()).await;
                return done(engine.map(|engine| format!("the engine runs, with process id {}", engine.pid)));
            }
            Self::StopEngine => {
                let engine = engine_process::stop(session).await;
                return done(engine.map(|engine| format!("the engine with process id {} has stopped", engine.pid)));
            }
            Self::PlanUnit(scope) => {
                let planned = reading(session, move |session| {
                    service::plan(session, session.instance.paths.home.as_deref(), scope)
                });
                Reply::Planned(scope, planned.await.map(Box::new))
            }
            Self::InstallUnit(scope, replace) => {
                let home = session.instance.paths.home.clone();
                match service::install(session, home.as_deref(), scope, replace).await {
                    Ok(installed) => Reply::Installed(Box::new(installed)),
                    Err(error) => return done(Err(error)),
                }
            }
            Self::Change(change) => return done(reading(session, move |session| change.carry_out(session)).await),
        })
    }
}

fn done(said: Result<String>) -> message::Reply {
    message::Reply::Done(said.map(Done::say))
}

impl Change {
    /// Makes it, and says what was done.
    fn carry_out(self, session: &Session) -> Result<String> {
        Ok(match self {
            Self::Set(key, value) => {
                let shown = settings::set(session, key, value.as_deref())?;
                format!("{key} is {}", shown.value)
            }
            Self::Create(name, description) => {
                let profile = profiles::create(session, &name, &description)?;
                format!(
                    "profile {} made: write a recovery kit and keep it elsewhere",
                    profile.name
                )
            }
            Self::Import(name, description, file) => {
                let path = file_named(&file)?;
                let profile = profiles::import(session, &name, &description, &GivenKey::read(&path)?)?;
                format!("profile {} has the key of {}", profile.name, path.display())
            }
            Self::Rename(name, to) => {
                let profile = profiles::rename(session, &name, &to)?;
                format!("profile {name} is now called {}", profile.name)
            }
            Self::Rotate(name) => {
                let rotated = profiles::rotate(session, &name)?;
                format!(
                    "profile {name} has a new key; {} keeps the old one",
                    rotated.retired.name
                )
            }
            Self::Retire(name) => {
                profiles::retire(session, &name)?;
                format!("profile {name} is retired")
            }
            Self::ExportKey(name, file) => {
                let path = file_named(&file)?;
                let profile = profiles::export(session, &name, &path, Existing::Keep).map_err(another_name)?;
                format!("the key of profile {} is in {}", profile.name, path.display())
            }
            Self::WriteKit(path, profile, with_master_key) => {
                let request = KitRequest {
                    profile,
                    with_master_key,
                };
                let kit = recovery::write(session, &path, Existing::Keep, &request).map_err(another_name)?;
                format!(
                    "recovery kit written to {}: keep it where the backups are not",
                    kit.path.display()
                )
            }
        })
    }
}
