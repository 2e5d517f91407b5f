//! Encryption profiles, with their sealed keys.

use rusqlite::{OptionalExtension, Row, params};

use super::Db;
use super::sql::{Columns, name_taken};
use crate::domain::id::ProfileId;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// Stores a new profile; `sealed_key` is bound to its id.
pub fn insert(db: &Db, profile: &Profile, sealed_key: &str) -> Result<()> {
    let known: Option<String> = db
        .query_row(
            "SELECT name FROM encryption_profiles WHERE key_id = ?1",
            [&profile.key_id],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(name) = known {
        return Err(Error::usage(format!("that key is here already, as profile {name}"))
            .on(format!("profile {}", profile.name)));
    }
    db.execute(
        "INSERT INTO encryption_profiles (id, name, description, secret_key, key_id, retired_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![
            profile.id,
            profile.name,
            profile.description,
            sealed_key,
            profile.key_id,
            profile.retired_at,
            profile.created_at
        ],
    )
    .map(drop)
    .map_err(|error| name_taken(error, "profile", &profile.name))
}

/// Changes a profile's name.
pub fn rename(db: &Db, id: ProfileId, name: &str, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE encryption_profiles SET name = ?2, updated_at = ?3 WHERE id = ?1",
        params![id, name, now],
    )
    .map(drop)
    .map_err(|error| name_taken(error, "profile", name))
}

/// From now on it seals nothing new.
pub fn retire(db: &Db, id: ProfileId, now: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE encryption_profiles SET retired_at = ?2, updated_at = ?2 WHERE id = ?1",
        params![id, now],
    )?;
    Ok(())
}

/// The profile of that name, or with that id or the only one whose id starts so.
pub fn find(db: &Db, name: &str) -> Result<Profile> {
    let named = db
        .query_row("SELECT * FROM encryption_profiles WHERE name = ?1", [name], read)
        .optional()?;
    let found = match named {
        Some(profile) => Some(profile),
        None => super::find_by_id_prefix(db, "encryption_profiles", name)?
            .map(|id| get(db, id))
            .transpose()?,
    };
    found.ok_or_else(|| {
        Error::not_found(format!("there is no encryption profile '{name}'"))
            .next("`backstay profile list` shows them; `backstay profile create` makes one")
    })
}

/// The profile with that id.
pub fn get(db: &Db, id: ProfileId) -> Result<Profile> {
    Ok(db.query_row("SELECT * FROM encryption_profiles WHERE id = ?1", [id], read)?)
}

/// The profile whose key has that id.
pub fn by_key_id(db: &Db, key_id: &str) -> Result<Option<Profile>> {
    Ok(db
        .query_row("SELECT * FROM encryption_profiles WHERE key_id = ?1", [key_id], read)
        .optional()?)
}

/// All profiles by name.
pub fn list(db: &Db) -> Result<Vec<Profile>> {
    let mut statement = db.prepare_cached("SELECT * FROM encryption_profiles ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sealed key.
pub fn sealed_key(db: &Db, id: ProfileId) -> Result<String> {
    Ok(db.query_row(
        "SELECT secret_key FROM encryption_profiles WHERE id = ?1",
        [id],
        |row| row.get(0),
    )?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        id: row.text("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        key_id: row.get("key_id")?,
        retired_at: row.time_or_null("retired_at")?,
        created_at: row.time("created_at")?,
    })
}
