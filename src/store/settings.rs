//! Settings that differ from their defaults.

use rusqlite::{OptionalExtension, params};

use super::Db;
use crate::domain::Result;
use crate::domain::setting::{Setting, find};
use crate::domain::time::Timestamp;

/// The setting's value, or its default.
pub fn get(db: &Db, setting: &Setting) -> Result<String> {
    let stored = db
        .query_row("SELECT value FROM settings WHERE key = ?1", [setting.key], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(stored.unwrap_or_else(|| setting.default.to_owned()))
}

/// A whole-number setting. A value that is out of range (written by another version) counts as the default.
pub fn number(db: &Db, setting: &Setting) -> Result<u64> {
    let text = get(db, setting)?;
    let fits = setting.check(&text).is_ok();
    Ok(text
        .parse()
        .ok()
        .filter(|_| fits)
        .or_else(|| setting.default.parse().ok())
        .unwrap_or(0))
}

/// Sets a value; refuses what is out of range.
pub fn set(db: &Db, key: &str, value: &str, now: Timestamp) -> Result<()> {
    find(key)?.check(value)?;
    db.execute(
        "INSERT INTO settings (key, value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![key, value, now],
    )?;
    Ok(())
}
