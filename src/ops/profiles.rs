//! Encryption profiles: making, bringing in, rotating and giving out keys. A key leaves this module only by a reveal or an
//! export, and both are on record.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::Session;
use super::adapters::named_jobs;
use super::given_key::GivenKey;
use super::private_file::{Existing, PrivateFile};
use crate::catalog::{keys, manifest as manifests};
use crate::domain::audit::Event;
use crate::domain::error::Context;
use crate::domain::id::ProfileId;
use crate::domain::naming::valid_name;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};
use crate::store::jobs::References;
use crate::store::{Db, backups, jobs, profiles};
use crate::vault::Key;

/// A profile with the jobs that seal with it.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Its row.
    #[serde(flatten)]
    pub profile: Profile,
    /// The jobs.
    pub jobs: Vec<String>,
}

/// What a rotation did.
#[derive(Clone, Debug, Serialize)]
pub struct Rotated {
    /// The new profile, under the old name.
    pub profile: Profile,
    /// The old one, retired, under a name of its own.
    pub retired: Profile,
    /// The jobs that seal with the new key from now on.
    pub jobs: Vec<String>,
}

/// All profiles by name.
pub fn list(session: &Session) -> Result<Vec<Shown>> {
    session.instance.store.read(|db| {
        profiles::list(db)?
            .into_iter()
            .map(|profile| shown(db, profile))
            .collect()
    })
}

/// One profile.
pub fn show(session: &Session, name: &str) -> Result<Shown> {
    session.instance.store.read(|db| shown(db, profiles::find(db, name)?))
}

/// Makes a profile with a new key.
pub fn create(session: &Session, name: &str, description: &str) -> Result<Profile> {
    store(session, name, description, &Key::generate()?, "profile.create")
}

/// Brings in a key, and what is inside the backups it sealed that were found without it. Refuses one that others can read.
pub fn import(session: &Session, name: &str, description: &str, key: &GivenKey) -> Result<Profile> {
    key.refuse_exposed()?;
    store(session, name, description, key.key(), "profile.import")
}

fn store(session: &Session, name: &str, description: &str, key: &Key, action: &'static str) -> Result<Profile> {
    let new = prepared(session, name, description, key, action)?;
    session.instance.store.write(|db| new.keep(session, db))
}

/// A profile that can be kept, and is not yet.
pub(super) struct New<'a> {
    profile: Profile,
    key: &'a Key,
    sealed: String,
    action: &'static str,
}

/// A profile of that key, to be kept in a transaction; `action` is how that is recorded.
pub(super) fn prepared<'a>(
    session: &Session,
    name: &str,
    description: &str,
    key: &'a Key,
    action: &'static str,
) -> Result<New<'a>> {
    valid_name("profile", name)?;
    let profile = new_profile(session, name, description, key);
    Ok(New {
        sealed: keys::seal(&session.instance, profile.id, key)?,
        profile,
        key,
        action,
    })
}

impl New<'_> {
    /// Keeps it.
    pub(super) fn keep(&self, session: &Session, db: &Db) -> Result<Profile> {
        let profile = &self.profile;
        profiles::insert(db, profile, &self.sealed)?;
        open_up(db, profile, self.key, session.now())?;
        let event = Event::new(self.action, "profile", profile.id, profile.name.clone());
        session.record(
            db,
            &event.with(json!({ "key_id": profile.key_id, "description": profile.description })),
        )?;
        Ok(profile.clone())
    }
}

/// Backups that a scan found while their key was not here: says what is inside, now that it is. One that the key does not
/// open stays as it is; reading it will say why.
fn open_up(db: &Db, profile: &Profile, key: &Key, now: Timestamp) -> Result<()> {
    for (id, manifest) in backups::waiting_for_key(db, &profile.key_id)? {
        let genuine =
            serde_json::to_value(&manifest).is_ok_and(|value| manifests::check(&manifest, &value, key).is_ok());
        if let Ok(inside) = manifests::inside(&manifest, Some(key))
            && genuine
        {
            let (databases, logical_size) = (inside.databases(), inside.logical_size());
            backups::set_inside(db, id, profile.id, &databases, logical_size, now)?;
        }
    }
    Ok(())
}

fn new_profile(session: &Session, name: &str, description: &str, key: &Key) -> Profile {
    Profile {
        id: ProfileId::generate(session.now()),
        name: name.to_owned(),
        description: description.to_owned(),
        key_id: key.id().to_string(),
        retired_at: None,
        created_at: session.now(),
    }
}

/// Gives a profile another name. Jobs go on using it.
pub fn rename(session: &Session, name: &str, to: &str) -> Result<Profile> {
    valid_name("profile", to)?;
    session.instance.store.write(|db| {
        let profile = profiles::find(db, name)?;
        profiles::rename(db, profile.id, to, session.now())?;
        let event = Event::new("profile.rename", "profile", profile.id, to);
        session.record(
            db,
            &event.changed(&json!({ "name": profile.name }), &json!({ "name": to })),
        )?;
        profiles::get(db, profile.id)
    })
}

/// A new key under the profile's name. The old key stays, retired, to read what it sealed; jobs go on with the new one.
pub fn rotate(session: &Session, name: &str) -> Result<Rotated> {
    let key = Key::generate()?;
    session.instance.store.write(|db| {
        let old = profiles::find(db, name)?;
        if old.retired_at.is_some() {
            return Err(Error::usage("it is retired already, and seals nothing new")
                .on(format!("profile {}", old.name))
                .next("rotate the profile that took its place"));
        }
        let new = new_profile(session, &old.name, &old.description, &key);
        profiles::rename(db, old.id, &retired_name(session, db, &old.name)?, session.now())?;
        profiles::retire(db, old.id, session.now())?;
        profiles::insert(db, &new, &keys::seal(&session.instance, new.id, &key)?)?;
        let moved = move_jobs(session, db, &old, &new)?;
        let facts = json!({ "key_id": { "before": old.key_id, "after": new.key_id }, "jobs": moved });
        session.record(
            db,
            &Event::new("profile.rotate", "profile", new.id, new.name.clone()).with(facts),
        )?;
        Ok(Rotated {
            retired: profiles::get(db, old.id)?,
            profile: new,
            jobs: moved,
        })
    })
}

/// The jobs of the old profile go on with the new one: a revision each.
fn move_jobs(session: &Session, db: &Db, old: &Profile, new: &Profile) -> Result<Vec<String>> {
    let mut moved = Vec::new();
    for job in jobs::using_profile(db, old.id)? {
        let mut definition = job.definition.clone();
        definition.profile = Some(new.name.clone());
        let references = References {
            source: job.source_id,
            profile: Some(new.id),
            destinations: job.destination_ids.clone(),
        };
        let note = format!("profile {} rotated: key {}", new.name, new.key_id);
        jobs::update(
            db,
            &job,
            &definition,
            &references,
            &session.actor.name,
            &note,
            session.now(),
        )?;
        let event = Event::new("job.update", "job", job.id, definition.name.clone())
            .changed(&json!({ "key_id": old.key_id }), &json!({ "key_id": new.key_id }));
        session.record(db, &event)?;
        moved.push(definition.name);
    }
    Ok(moved)
}

/// `prod-retired-2026-11-21`, with `-2` and so on when that is taken.
fn retired_name(session: &Session, db: &Db, name: &str) -> Result<String> {
    let taken: Vec<String> = profiles::list(db)?.into_iter().map(|profile| profile.name).collect();
    let plain = format!("{name}-retired-{}", session.now().utc().format("%Y-%m-%d"));
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    let free = std::iter::once(plain.clone())
        .chain(numbered)
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or(plain);
    valid_name("profile", &free)
        .map_err(|error| error.next("give the profile a shorter name first: `backstay profile rename`"))?;
    Ok(free)
}

/// From now on the profile only reads. Refused while jobs seal with it.
pub fn retire(session: &Session, name: &str) -> Result<Profile> {
    session.instance.store.write(|db| {
        let profile = profiles::find(db, name)?;
        if profile.retired_at.is_some() {
            return Ok(profile);
        }
        let users = shown(db, profile.clone())?.jobs;
        if !users.is_empty() {
            return Err(
                Error::refused(format!("it seals the backups of {}", named_jobs(&users)))
                    .on(format!("profile {}", profile.name))
                    .next(format!(
                        "`backstay profile rotate {}` gives them a new key, or choose another profile for them",
                        profile.name
                    )),
            );
        }
        profiles::retire(db, profile.id, session.now())?;
        session.record(
            db,
            &Event::new("profile.retire", "profile", profile.id, profile.name.clone()),
        )?;
        profiles::get(db, profile.id)
    })
}

/// The key as 64 hex digits. On record before it is given.
pub fn reveal(session: &Session, name: &str) -> Result<(Profile, Zeroizing<String>)> {
    give(session, name, &json!({}), "profile.reveal")
}

/// Writes the key as 64 hex digits to a file of mode 0600. On record before it is written.
pub fn export(session: &Session, name: &str, path: &Path, existing: Existing) -> Result<Profile> {
    let mut file = PrivateFile::create(path, existing)?;
    let (profile, key) = give(session, name, &json!({ "file": path }), "profile.export")?;
    writeln!(file.file(), "{}", key.as_str()).doing("cannot write", path.display())?;
    file.keep()?;
    Ok(profile)
}

fn give(
    session: &Session,
    name: &str,
    facts: &serde_json::Value,
    action: &str,
) -> Result<(Profile, Zeroizing<String>)> {
    let profile = session.instance.store.write(|db| {
        let profile = profiles::find(db, name)?;
        let event = Event::new(action, "profile", profile.id, profile.name.clone()).with(facts.clone());
        session.record(db, &event)?;
        Ok(profile)
    })?;
    let key = keys::of_profile(&session.instance, profile.id)?;
    Ok((profile, key.to_hex()))
}

fn shown(db: &Db, profile: Profile) -> Result<Shown> {
    let jobs = jobs::using_profile(db, profile.id)?
        .into_iter()
        .map(|job| job.definition.name)
        .collect();
    Ok(Shown { profile, jobs })
}
