//! Numbered migrations, each in a transaction of its own, recorded with a checksum. A newer schema than this binary's is
//! refused; before an existing database is migrated, its file is copied.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use crate::domain::error::Context;
use crate::domain::{Error, Result};

const MIGRATIONS: &[(&str, &str)] = &[("0001_initial", include_str!("../../assets/migrations/0001_initial.sql"))];

/// Brings the schema up to this binary's.
pub fn run(connection: &mut Connection, path: &Path) -> Result<()> {
    let known: Option<String> = connection
        .query_row(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '_migrations'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    let applied = if known.is_some() {
        applied(connection)?
    } else {
        Vec::new()
    };
    refuse_newer(&applied, path)?;
    let pending: Vec<_> = MIGRATIONS
        .iter()
        .filter(|(name, _)| !applied.iter().any(|(done, _)| done == name))
        .collect();
    if pending.is_empty() {
        return Ok(());
    }
    if !applied.is_empty() {
        keep_a_copy(connection, path)?;
    }
    for (name, text) in pending {
        apply(connection, name, text)?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, checksum FROM _migrations ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn refuse_newer(applied: &[(String, String)], path: &Path) -> Result<()> {
    for (name, recorded) in applied {
        let Some((_, text)) = MIGRATIONS.iter().find(|(known, _)| known == name) else {
            return Err(
                Error::refused(format!("its schema is newer than this backstay ({name})"))
                    .on(format!("database {}", path.display()))
                    .next("use the newer backstay that made it"),
            );
        };
        if *recorded != checksum(text) {
            return Err(
                Error::failed(format!("its migration {name} is not the one this backstay knows"))
                    .on(format!("database {}", path.display()))
                    .next("use the backstay that made it"),
            );
        }
    }
    Ok(())
}

fn keep_a_copy(connection: &Connection, path: &Path) -> Result<()> {
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let copy = path.with_extension("db.before-migration");
    std::fs::copy(path, &copy)
        .map(drop)
        .doing("cannot copy the database before migrating it", copy.display())
}

fn apply(connection: &mut Connection, name: &str, text: &str) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS _migrations (name TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL)",
    )?;
    // Two processes may have come here together; the second finds it done.
    let recorded = transaction.execute(
        "INSERT INTO _migrations (name, checksum, applied_at) VALUES (?1, ?2, unixepoch() * 1000) ON CONFLICT DO NOTHING",
        params![name, checksum(text)],
    )?;
    if recorded == 1 {
        transaction.execute_batch(text)?;
    }
    Ok(transaction.commit()?)
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
