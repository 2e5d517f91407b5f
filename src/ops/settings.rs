//! Settings of an installation: all of them with what they mean, and changing one.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::domain::audit::Event;
use crate::domain::setting::{self, Range, Setting};
use crate::domain::{Error, Result};
use crate::store::settings;

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its name.
    pub key: &'static str,
    /// Its value now.
    pub value: String,
    /// Its value until it is set.
    pub default: &'static str,
    /// What it may be, for people: `1 to 64`, `text`.
    pub range: String,
    /// What it does.
    pub help: &'static str,
}

/// Every setting.
pub fn list(session: &Session) -> Result<Vec<Shown>> {
    session.instance.store.read(|db| {
        setting::ALL
            .iter()
            .map(|setting| Ok(shown(setting, settings::get(db, setting)?)))
            .collect()
    })
}

/// One setting.
pub fn get(session: &Session, key: &str) -> Result<Shown> {
    let setting = setting::find(key)?;
    let value = session.instance.store.read(|db| settings::get(db, setting))?;
    Ok(shown(setting, value))
}

/// Changes a setting; `None` goes back to the default. The engine takes it up by itself.
pub fn set(session: &Session, key: &str, value: Option<&str>) -> Result<Shown> {
    let setting = setting::find(key)?;
    let value = value.unwrap_or(setting.default);
    setting.check(value)?;
    if setting.range == Range::Directory && !value.is_empty() && !Path::new(value).is_dir() {
        return Err(
            Error::usage(format!("'{value}' is no directory, or may not be looked at"))
                .on(format!("setting {key}"))
                .next(format!("make it first: install -d -m 700 '{value}'")),
        );
    }
    session.instance.store.write(|db| {
        let before = settings::get(db, setting)?;
        settings::set(db, key, value, session.now())?;
        if before != value {
            let event = Event::new("setting.set", "setting", key, key);
            session.record(db, &event.changed(&json!({ key: before }), &json!({ key: value })))?;
        }
        Ok(())
    })?;
    Ok(shown(setting, value.to_owned()))
}

fn shown(setting: &Setting, value: String) -> Shown {
    Shown {
        key: setting.key,
        value,
        default: setting.default,
        range: match setting.range {
            Range::Integer { min, max } => format!("{min} to {max}"),
            Range::Directory => "a directory".to_owned(),
        },
        help: setting.help,
    }
}
