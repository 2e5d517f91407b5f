//! The typed registry of settings: each with its default, its range and a word of help.

use super::error::{Error, Result};

/// What a setting's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// A whole number within bounds.
    Integer {
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// The absolute path of a directory that is there; empty for none.
    Directory,
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// Used until it is set.
    pub default: &'static str,
    /// What it may be.
    pub range: Range,
    /// What it does.
    pub help: &'static str,
}

/// Backups that run at the same time.
pub const MAX_CONCURRENT_JOBS: Setting = Setting {
    key: "max_concurrent_jobs",
    default: "2",
    range: Range::Integer { min: 1, max: 64 },
    help: "backups that run at the same time; restores and verifications have a lane of their own",
};
/// Time running work gets when the engine is told to stop.
pub const GRACE_PERIOD: Setting = Setting {
    key: "grace_period_seconds",
    default: "30",
    range: Range::Integer { min: 0, max: 86_400 },
    help: "seconds running work gets to finish when the engine is told to stop, before it is cancelled",
};
/// No progress for this long means stuck.
pub const STUCK_TIMEOUT: Setting = Setting {
    key: "stuck_timeout_seconds",
    default: "1800",
    range: Range::Integer { min: 1, max: 604_800 },
    help: "a run that reports no progress for this many seconds is stopped",
};
/// Pause between health probes.
pub const HEALTH_INTERVAL: Setting = Setting {
    key: "health_interval_seconds",
    default: "60",
    range: Range::Integer { min: 0, max: 86_400 },
    help: "seconds between probes of each adapter; 0 turns probing off",
};
/// How long log lines are kept.
pub const KEEP_LOGS: Setting = Setting {
    key: "keep_logs_days",
    default: "365",
    range: Range::Integer { min: 0, max: 36_500 },
    help: "days that log lines are kept; runs, their verdicts and their errors stay for ever; 0 keeps the lines too",
};
/// The place of PostgreSQL's client programs, where it is not one that is looked at anyway.
pub const POSTGRES_CLIENT_DIR: Setting = Setting {
    key: "postgres_client_dir",
    default: "",
    range: Range::Directory,
    help: "a directory with pg_dump, pg_restore and psql, in place of /usr/lib/postgresql/*/bin and PATH",
};
/// Where files are that are needed for a while.
pub const SPOOL_DIR: Setting = Setting {
    key: "spool_dir",
    default: "",
    range: Range::Directory,
    help: "scratch files of parallel restores, verifications, SQLite without WAL; empty means below the home",
};

/// Every setting, in the order they are listed.
pub const ALL: &[Setting] = &[
    MAX_CONCURRENT_JOBS,
    GRACE_PERIOD,
    STUCK_TIMEOUT,
    HEALTH_INTERVAL,
    KEEP_LOGS,
    POSTGRES_CLIENT_DIR,
    SPOOL_DIR,
];

/// The setting called `key`.
pub fn find(key: &str) -> Result<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key).ok_or_else(|| {
        Error::not_found(format!("there is no setting '{key}'")).next("`backstay setting list` shows all of them")
    })
}

impl Setting {
    /// Refuses a value outside the range.
    pub fn check(&self, value: &str) -> Result<()> {
        match self.range {
            Range::Directory if value.is_empty() || value.starts_with('/') => Ok(()),
            Range::Directory => Err(Error::usage(format!("'{value}' is not allowed"))
                .on(format!("setting {}", self.key))
                .next("use the whole path of a directory, from / on")),
            Range::Integer { min, max } => match value.parse::<u64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(()),
                _ => Err(Error::usage(format!("'{value}' is not allowed"))
                    .on(format!("setting {}", self.key))
                    .next(format!("use a whole number from {min} to {max}"))),
            },
        }
    }
}
