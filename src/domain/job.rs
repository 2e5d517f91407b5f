//! What to back up, when, to where, how long to keep it: the definition people write, in flags or as a file.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Error, Result};
use super::id::{AdapterId, JobId, ProfileId};
use super::retention::Policy;
use super::time::Timestamp;
use super::units::human_duration;

/// A job as its file (`job show --toml`, `job apply`) has it. Things are referred to by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Unique among jobs.
    pub name: String,
    /// The source adapter's name.
    pub source: String,
    /// Five-field cron or `@daily` …; empty means only by hand.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schedule: String,
    /// IANA zone the schedule and the retention are read in.
    #[serde(default = "utc")]
    pub timezone: String,
    /// A job that is not enabled never fires by itself.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How objects are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// The encryption profile's name; absent means stored in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Which databases, and what of them.
    #[serde(default, skip_serializing_if = "Selection::is_default")]
    pub selection: Selection,
    /// Everything else that can be set.
    #[serde(default, skip_serializing_if = "Options::is_default")]
    pub options: Options,
    /// Where copies go, in order of preference for reading back.
    pub destinations: Vec<Target>,
    /// What runs before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
}

/// A job as it is stored: its definition with what the definition's names stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What people wrote.
    pub definition: Definition,
    /// Grows with every change.
    pub revision: u32,
    /// The source adapter.
    pub source_id: AdapterId,
    /// The encryption profile, if it has one.
    pub profile_id: Option<ProfileId>,
    /// The destination adapters, in the order of [`Definition::destinations`].
    pub destination_ids: Vec<AdapterId>,
    /// It does not fire before this; a pause always has an end.
    pub paused_until: Option<Timestamp>,
    /// Fire times up to here are accounted for.
    pub scheduled_through: Timestamp,
    /// Since when its schedule has been followed as it is: it was made, switched on, resumed or given that schedule then.
    pub awake_since: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its definition became what it is.
    pub revised_at: Timestamp,
    /// When anything about it was last changed, a pause too.
    pub updated_at: Timestamp,
}

impl Job {
    /// Whether it is paused at `now`.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }
}

/// One destination of a job, with how long copies are kept there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The destination adapter's name.
    pub adapter: String,
    /// Retention at this destination.
    #[serde(default)]
    pub keep: Policy,
}

/// Which databases are dumped; worked out anew at each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Absent means all there are when the run starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub databases: Option<Vec<String>>,
    /// Taken away from the above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_databases: Vec<String>,
    /// Schema patterns left out, as the dump tool takes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_schemas: Vec<String>,
    /// Table patterns left out, as the dump tool takes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_tables: Vec<String>,
    /// Definitions, rows, or both.
    #[serde(skip_serializing_if = "Contents::is_default")]
    pub contents: Contents,
    /// Cluster-wide roles and tablespaces as an object of their own, where the source has them.
    #[serde(skip_serializing_if = "is_true")]
    pub globals: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            databases: None,
            exclude_databases: Vec::new(),
            exclude_schemas: Vec::new(),
            exclude_tables: Vec::new(),
            contents: Contents::All,
            globals: true,
        }
    }
}

impl Selection {
    /// What it is for people, a label and a sentence each; a database that `is_whole` is copied as one file, and there is no
    /// choice among others.
    pub fn told(&self, is_whole: bool) -> Vec<(&'static str, String)> {
        let mut told = match &self.databases {
            None if is_whole => Vec::new(),
            None => vec![("databases", "all there are when it runs".to_owned())],
            Some(names) => vec![("databases", names.join(", "))],
        };
        for (what, names) in [
            ("databases", &self.exclude_databases),
            ("schemas", &self.exclude_schemas),
            ("tables", &self.exclude_tables),
        ] {
            if !names.is_empty() {
                told.push(("without", format!("{what} {}", names.join(", "))));
            }
        }
        match self.contents {
            Contents::All => {}
            Contents::SchemaOnly => told.push(("contents", "definitions only, no rows".to_owned())),
            Contents::DataOnly => told.push(("contents", "rows only, no definitions".to_owned())),
        }
        if !self.globals {
            told.push(("without", "roles and tablespaces".to_owned()));
        }
        told
    }

    /// Refuses a database that is both named and left out: the run would go well without it.
    pub fn refuse_contradiction(&self) -> Result<()> {
        let named = self.databases.iter().flatten();
        let Some(both) = named.into_iter().find(|name| self.exclude_databases.contains(name)) else {
            return Ok(());
        };
        Err(Error::usage(format!("database {both} is both chosen and left out")).next("take it out of one of the two"))
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Definitions, rows, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Definitions and rows.
    #[default]
    All,
    /// Definitions only.
    SchemaOnly,
    /// Rows only.
    DataOnly,
}

impl Contents {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::All
    }
}

/// What happens when a run is due and the last one has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// The due run is recorded as skipped.
    #[default]
    Skip,
    /// The due run waits; at most one waits.
    Queue,
}

/// Rarely changed settings of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When a run is due and the last one still runs.
    pub overlap: Overlap,
    /// Run once at start for fires missed while the engine was down.
    pub catch_up: bool,
    /// Run again when the engine died under a run.
    pub rerun_interrupted: bool,
    /// How often a failure that may pass is tried again.
    pub retries: u32,
    /// Wait before the first retry; doubled each time, one hour at most.
    #[serde(with = "human_duration")]
    pub retry_delay: Duration,
    /// A run that takes longer is stopped. Zero means no limit.
    #[serde(with = "human_duration")]
    pub timeout: Duration,
    /// Read every stored byte back and compare after writing.
    pub read_back: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            overlap: Overlap::Skip,
            catch_up: true,
            rerun_interrupted: false,
            retries: 2,
            retry_delay: Duration::from_mins(1),
            timeout: Duration::from_hours(6),
            read_back: true,
        }
    }
}

impl Options {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A command around a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Before the first byte is read, or after everything.
    pub when: When,
    /// Program and arguments. Run directly, unless `shell` is set.
    pub command: Vec<String>,
    /// Hand the (single) command to `/bin/sh -c`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shell: bool,
    /// The hook is stopped after this long.
    #[serde(default = "hook_timeout", with = "human_duration")]
    pub timeout: Duration,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Before the first byte is read; its failure fails the run.
    Before,
    /// After everything, whatever the verdict; its failure makes a success partial.
    After,
}

/// How objects are compressed. Written `zstd:3`, `gzip:6`, `brotli:5`, `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it comes.
    None,
    /// Zstandard, level 1 to 19.
    Zstd(u8),
    /// gzip, level 1 to 9.
    Gzip(u8),
    /// Brotli, quality 0 to 11.
    Brotli(u8),
}

impl Compression {
    /// The algorithm's name, as manifests and tables have it.
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Zstd(_) => "zstd",
            Self::Gzip(_) => "gzip",
            Self::Brotli(_) => "brotli",
        }
    }

    /// The level, where the algorithm has one.
    pub const fn level(self) -> Option<u8> {
        match self {
            Self::None => None,
            Self::Zstd(level) | Self::Gzip(level) | Self::Brotli(level) => Some(level),
        }
    }

    /// The suffix on an object's name, empty when there is nothing to undo.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Zstd(_) => ".zst",
            Self::Gzip(_) => ".gz",
            Self::Brotli(_) => ".br",
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd(3)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level() {
            None => f.write_str(self.algorithm()),
            Some(level) => write!(f, "{}:{level}", self.algorithm()),
        }
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a compression"))
                .next("use zstd:1..19, gzip:1..9, brotli:0..11 or none")
        };
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level.parse::<u8>().map_err(|_| bad())?)),
            None => (text, None),
        };
        match (name, level) {
            ("none", None) => Ok(Self::None),
            ("zstd", level) if (1..=19).contains(&level.unwrap_or(3)) => Ok(Self::Zstd(level.unwrap_or(3))),
            ("gzip", level) if (1..=9).contains(&level.unwrap_or(6)) => Ok(Self::Gzip(level.unwrap_or(6))),
            ("brotli", level) if level.unwrap_or(5) <= 11 => Ok(Self::Brotli(level.unwrap_or(5))),
            _ => Err(bad()),
        }
    }
}

impl Serialize for Compression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Compression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

const fn yes() -> bool {
    true
}

const fn hook_timeout() -> Duration {
    Duration::from_mins(1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_not_both_chosen_and_left_out() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let refused = |databases: Option<&[&str]>, left_out: &[&str]| {
            let selection = Selection {
                databases: databases.map(names),
                exclude_databases: names(left_out),
                ..Selection::default()
            };
            selection.refuse_contradiction().err().map(|error| error.message)
        };
        let shop = Some("database shop is both chosen and left out".to_owned());
        assert_eq!(refused(Some(&["shop"]), &["shop"]), shop);
        assert_eq!(refused(Some(&["app", "shop"]), &["big", "shop"]), shop);
        assert_eq!(refused(Some(&["app"]), &["shop"]), None);
        assert_eq!(refused(None, &["shop"]), None);
    }
}
