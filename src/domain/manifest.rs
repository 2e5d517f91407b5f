//! `manifest.json`: written last, so that a folder with one is a backup and a folder without is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{BackupId, JobId};
use super::job::Contents;
use super::time::Timestamp;

/// The format this version writes.
pub const FORMAT: &str = "backstay/1";

/// What lies in a backup's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// The backup's id.
    pub id: BackupId,
    /// Name and version of what wrote it.
    pub tool: String,
    /// The job it was made for.
    pub job: JobReference,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// When the last object was written.
    pub finished_at: Timestamp,
    /// The source driver.
    pub driver: String,
    /// The source engine's version.
    pub engine_version: String,
    /// How objects are compressed.
    pub compression: CompressionNote,
    /// How objects are encrypted; null when they are not.
    pub encryption: Option<EncryptionNote>,
    /// The stored objects.
    pub objects: Vec<StoredObject>,
    /// Whether everything that was asked for is in it.
    pub complete: bool,
    /// What is inside: told to key holders only when encrypted.
    pub details: Details,
    /// Set while the backup is locked.
    pub lock: Option<Lock>,
    /// HMAC-SHA256 of the canonical JSON without this field, hex; only when encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

impl Inside {
    /// The databases in it, in order.
    pub fn databases(&self) -> Vec<String> {
        let names = self.objects.iter().filter_map(|object| object.database.clone());
        names.collect()
    }

    /// Plain bytes, all objects.
    pub fn logical_size(&self) -> u64 {
        self.objects.iter().map(|object| object.logical_size).sum()
    }
}

/// The job a backup was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReference {
    /// Its id.
    pub id: JobId,
    /// Its name then.
    pub name: String,
    /// Its revision then.
    pub revision: u32,
}

/// How objects are compressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompressionNote {
    /// `zstd`, `gzip`, `brotli` or `none`.
    pub algorithm: String,
    /// Absent for `none`.
    pub level: Option<u8>,
}

/// How objects are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionNote {
    /// Always `BKSTAY01`.
    pub format: String,
    /// 32 hex digits.
    pub key_id: String,
}

/// One object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// File name in the folder.
    pub name: String,
    /// Bytes stored.
    pub stored_size: u64,
    /// SHA-256 of the stored bytes, hex.
    pub sha256: String,
    /// Parts it was cut into; empty when it is whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
}

/// One part of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// File name in the folder.
    pub name: String,
    /// Bytes stored.
    pub size: u64,
    /// SHA-256 of the stored bytes, hex.
    pub sha256: String,
}

/// What is inside: in the clear, or sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Details {
    /// Base64 of a sealed stream of the JSON.
    Sealed(String),
    /// As it is.
    Plain(Inside),
}

/// What is inside a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inside {
    /// The source adapter's name.
    pub source: String,
    /// One entry per object, in the order of [`Manifest::objects`].
    pub objects: Vec<InsideObject>,
    /// What was asked for and is not in here, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// What one object holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InsideObject {
    /// File name in the folder.
    pub name: String,
    /// A database, or cluster-wide definitions.
    pub kind: ObjectKind,
    /// The database's name; absent for globals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The dump's own format.
    pub dump_format: DumpFormat,
    /// Plain bytes.
    pub logical_size: u64,
    /// SHA-256 of the plain bytes, hex.
    pub plain_sha256: String,
    /// Definitions, rows, or both; absent means both.
    #[serde(default, skip_serializing_if = "Contents::is_default")]
    pub contents: Contents,
    /// What was counted while it was dumped.
    pub stats: Stats,
}

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// One database.
    Database,
    /// Roles and tablespaces.
    Globals,
}

/// The dump's own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DumpFormat {
    /// `pg_dump -Fc`, not compressed by `pg_dump`.
    PgCustom,
    /// SQL text.
    Sql,
    /// A SQLite database file.
    SqliteFile,
}

impl DumpFormat {
    /// The suffix of an object in this format.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::PgCustom => ".dump",
            Self::Sql => ".sql",
            Self::SqliteFile => ".db",
        }
    }
}

/// What was counted while an object was dumped; compared after a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Tables with data.
    pub tables: u64,
    /// Rows, all tables.
    pub rows: u64,
    /// Rows by table: `schema.table` as the engine names it.
    pub rows_by_table: BTreeMap<String, u64>,
}

/// A lock, kept with the data so that it survives the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Manifest {
    /// Whether both tell of the same backup, byte for byte. A lock may have been set on one of them since, which changes its
    /// signature too.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        let bare = |manifest: &Self| Self {
            lock: None,
            mac: None,
            ..manifest.clone()
        };
        bare(self) == bare(other)
    }

    /// Bytes stored, all objects.
    pub fn stored_size(&self) -> u64 {
        self.objects.iter().map(|object| object.stored_size).sum()
    }
}
