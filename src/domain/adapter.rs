//! Adapters: the configured endpoints, and what a probe or a listing says of them.

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::id::AdapterId;
use super::time::Timestamp;
use super::words;

/// What an adapter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterType {
    /// A database or files that are backed up.
    Source,
    /// Storage that copies go to.
    Destination,
    /// Where notices go.
    Channel,
}

text_enum!(AdapterType, "adapter type", { Source => "source", Destination => "destination", Channel => "channel" });

/// Health, judged from the last probes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Never probed.
    #[default]
    Unknown,
    /// The last probe succeeded.
    Online,
    /// One or two probes in a row failed, or it answers and cannot be backed up from here.
    Degraded,
    /// Three or more in a row failed.
    Offline,
}

text_enum!(Health, "health", { Unknown => "unknown", Online => "online", Degraded => "degraded", Offline => "offline" });

impl Health {
    /// Health after this many failures in a row.
    pub const fn after_failures(in_a_row: u32) -> Self {
        match in_a_row {
            0 => Self::Online,
            1 | 2 => Self::Degraded,
            _ => Self::Offline,
        }
    }
}

/// An adapter as lists show it: no setting of it is in here that could be a secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adapter {
    /// Its id.
    pub id: AdapterId,
    /// Unique among adapters.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: AdapterType,
    /// The driver's name: `postgres`, `local` …
    pub driver: String,
    /// What a list may show: `backup@db1:5432`.
    pub summary: String,
    /// What the last successful probe found out (engine version …).
    pub metadata: serde_json::Value,
    /// Judged from the last probes.
    pub last_status: Health,
    /// When it was last probed.
    pub last_health_check: Option<Timestamp>,
    /// What the last failed probe said.
    pub last_error: Option<String>,
    /// How many probes in a row failed.
    pub consecutive_failures: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Adapter {
    /// Whether the last probe got an answer, or there was none yet.
    pub const fn answers(&self) -> bool {
        self.consecutive_failures == 0
    }
}

/// What a probe found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The engine's version, or what stands for one: `15.18`, `local file system`.
    pub version: String,
    /// From asking to being answered, in milliseconds.
    pub latency_ms: u64,
    /// Bytes of data on a source, where known.
    pub size_bytes: Option<u64>,
    /// Bytes still free on a destination, where known.
    pub free_bytes: Option<u64>,
    /// Whatever else the operator should know, one sentence each: the dump tool that will be used, missing rights …
    pub notes: Vec<String>,
    /// What keeps a source that answers from being backed up, one sentence each with the way out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
}

/// What one probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// When.
    pub at: Timestamp,
    /// What the adapter was taken to be from then on.
    pub status: Health,
    /// From asking to being answered, in milliseconds; absent when there was no answer.
    pub latency_ms: Option<u64>,
    /// Why there was none.
    pub error: Option<String>,
}

/// One database on a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name there.
    pub name: String,
    /// Its size by the engine's own statistics, in bytes: an estimate of what a dump will read.
    pub size_bytes: u64,
    /// Tables in it, where known without much work.
    pub tables: Option<u64>,
}

/// One table of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its schema; absent where the engine has none.
    pub schema: Option<String>,
    /// Its name there.
    pub name: String,
    /// Rows by the engine's own statistics; absent where it has none of this table.
    pub estimated_rows: Option<u64>,
    /// Its size in bytes, with its indexes and what is kept out of its rows; absent where that cannot be had without reading much.
    pub size_bytes: Option<u64>,
}

impl Table {
    /// `public.orders`, or the name alone where there are no schemas.
    pub fn path(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The tables of a database, or the largest of them where there are very many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tables {
    /// The largest first; by name where sizes are not known.
    pub tables: Vec<Table>,
    /// How many there are, those that are left out included.
    pub count: u64,
    /// Bytes of all of them, where known.
    pub size_bytes: Option<u64>,
    /// Why something is not known, one sentence each.
    pub notes: Vec<String>,
}

/// The command that changes the settings of an adapter.
pub const EDIT: &str = "backstay adapter edit";

/// How advice names the settings that are wrong: drivers do not know what the adapter is called, or whether it is there yet.
pub const OF_THIS: &str = "of this adapter";

/// A failure to use the adapter of that name: where its settings are to be corrected, with the command that does that.
#[must_use]
pub fn with_edit(error: Error, name: &str) -> Error {
    if !error.next.contains(OF_THIS) {
        return error;
    }
    let next = format!("{}: `{EDIT} {}`", error.next, words::quoted(name));
    error.next(next)
}

/// The major version at the front of an engine version: `15.18` → 15.
pub fn major(version: &str) -> Result<u32> {
    let digits: String = version.trim().chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .map_err(|_| Error::failed(format!("'{version}' is not a version")))
}
