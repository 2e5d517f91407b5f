//! Executions: one run of something, its states, stages, progress, and what was asked for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::backup::Level;
use super::error::Error;
use super::id::{AdapterId, BackupId, ExecutionId, JobId};
use super::time::Timestamp;

/// What kind of run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionType {
    /// Makes a backup.
    Backup,
    /// Gives data back.
    Restore,
    /// Proves a backup.
    Verify,
    /// Makes a failed copy anew from a good one.
    Repair,
}

text_enum!(ExecutionType, "run type", { Backup => "backup", Restore => "restore", Verify => "verify", Repair => "repair" });

impl ExecutionType {
    /// What its bytes were, as in "12 MiB stored". The size of data is something else: a backup stores it compressed.
    pub const fn moved(self) -> &'static str {
        match self {
            Self::Backup | Self::Repair => "stored",
            Self::Restore => "restored",
            Self::Verify => "read",
        }
    }
}

/// Where a run stands. `Pending → Running → Success | Partial | Failed | Cancelled`, `Pending → Skipped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for the engine.
    Pending,
    /// An engine works on it.
    Running,
    /// Everything asked for was done and proven.
    Success,
    /// The data is safe somewhere, but not everything asked for was done.
    Partial,
    /// No complete copy exists.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// Never started: overlap, pause, or cancelled before start.
    Skipped,
}

text_enum!(Status, "status", {
    Pending => "pending", Running => "running", Success => "success", Partial => "partial",
    Failed => "failed", Cancelled => "cancelled", Skipped => "skipped",
});

impl Status {
    /// Whether nothing will change it any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// The exit code of a command that waited for this verdict.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Success | Self::Pending | Self::Running => 0,
            Self::Partial => 3,
            Self::Failed => 1,
            Self::Skipped => 5,
            Self::Cancelled => 130,
        }
    }
}

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The schedule.
    Schedule,
    /// A person in the console.
    Manual,
    /// A person or script on the command line.
    Cli,
    /// A failure before it that may pass.
    Retry,
    /// A fire missed while the engine was down.
    CatchUp,
}

text_enum!(Trigger, "trigger", {
    Schedule => "schedule", Manual => "manual", Cli => "cli", Retry => "retry", CatchUp => "catch_up",
});

/// The stages of a run, as its log names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Settings, selection, free space, hooks before.
    Initialize,
    /// Reading a database.
    Dump,
    /// Writing a copy.
    Upload,
    /// Reading back and comparing.
    Verify,
    /// Reading a backup and handing it to a server.
    Restore,
    /// Deleting what the policy lets go.
    Retention,
    /// Hooks after, notices.
    Notify,
}

text_enum!(Stage, "stage", {
    Initialize => "initialize", Dump => "dump", Upload => "upload", Verify => "verify",
    Restore => "restore", Retention => "retention", Notify => "notify",
});

/// How much a log line matters. The schema takes `debug` too, which nothing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What happens.
    Info,
    /// What should be looked at.
    Warn,
    /// Why it failed.
    Error,
}

text_enum!(LogLevel, "log level", { Info => "info", Warn => "warn", Error => "error" });

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Grows with every line; lines are followed by `id > last`.
    pub id: i64,
    /// When it was said.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// The stage it was said in.
    pub stage: Stage,
    /// One line of text, without control characters.
    pub message: String,
}

/// Why a run did not do all it was asked for: the last word in its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened; of several failures the first, and what else failed.
    pub message: String,
    /// The thing it happened to.
    pub object: String,
    /// What to do.
    pub next: String,
    /// Each failure by itself, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Self>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            message: error.message.clone(),
            object: error.object.clone(),
            next: error.next.clone(),
            parts: error.parts.iter().map(Self::from).collect(),
        }
    }
}

/// How far a run is. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The stage it is in.
    pub stage: Option<Stage>,
    /// The object being worked on.
    pub object: String,
    /// Objects done, of `objects_total`.
    pub objects_done: u32,
    /// Objects there will be.
    pub objects_total: u32,
    /// Plain bytes read so far, over all objects; stored ones in a verification that compares those.
    pub plain_bytes: u64,
    /// An estimate of all plain bytes, from the engine's statistics; 0 when there is none.
    pub estimated_bytes: u64,
    /// Whether nothing is left to be read of the object, and the rest of it is being compressed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub compressing_rest: bool,
    /// Bytes written so far, by destination name.
    pub copies: BTreeMap<String, u64>,
    /// How long each stage that ended took, in milliseconds.
    pub stages: Vec<(Stage, u64)>,
    /// Whether the last of these was only last heard of then: its engine died, and nobody knows when it stopped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ends_unseen: bool,
}

impl Progress {
    /// The stages that ended: how long each took, in milliseconds, and whether it was only last heard of then.
    pub fn ended_stages(&self) -> impl Iterator<Item = (Stage, u64, bool)> {
        let last = self.stages.len();
        let each = self.stages.iter().zip(1..);
        each.map(move |((stage, ms), at)| (*stage, *ms, self.ends_unseen && at == last))
    }
}

/// What was asked for, beyond "run this job".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Request {
    /// Run the job as its current revision says.
    Backup,
    /// Give data back.
    Restore(RestoreRequest),
    /// Prove a backup.
    Verify(VerifyRequest),
    /// Make missing or corrupt copies anew.
    Repair {
        /// The backup.
        backup: BackupId,
    },
}

impl Request {
    /// The backup it is about, for requests that are about one.
    pub const fn backup(&self) -> Option<BackupId> {
        match self {
            Self::Backup => None,
            Self::Restore(request) => Some(request.backup),
            Self::Verify(request) => Some(request.backup),
            Self::Repair { backup } => Some(*backup),
        }
    }

    /// The type of a run that does this.
    pub const fn kind(&self) -> ExecutionType {
        match self {
            Self::Backup => ExecutionType::Backup,
            Self::Restore(_) => ExecutionType::Restore,
            Self::Verify(_) => ExecutionType::Verify,
            Self::Repair { .. } => ExecutionType::Repair,
        }
    }
}

/// What to restore, into what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreRequest {
    /// The backup.
    pub backup: BackupId,
    /// Read from this destination; absent means the best copy there is.
    pub from: Option<AdapterId>,
    /// The source adapter restored into.
    pub to: AdapterId,
    /// Database in the backup → name it gets. Never empty: "all" is written out when the plan is made.
    pub databases: Vec<Renamed>,
    /// Restore roles and tablespaces first.
    pub globals: bool,
    /// How it is done.
    pub options: RestoreOptions,
}

/// One database on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// Its name in the backup.
    pub database: String,
    /// Its name in the target.
    pub target: String,
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.database == self.target {
            f.write_str(&self.target)
        } else {
            write!(f, "{} as {}", self.database, self.target)
        }
    }
}

/// How a restore is done.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestoreOptions {
    /// Replace what is there; without it anything that exists is a blocker.
    pub replace: bool,
    /// Go ahead although another process has the target open.
    pub force: bool,
    /// Load the rows with this many parallel jobs; more than 1 spools to disk first. What follows the rows is made in parallel in
    /// any case.
    pub jobs: u32,
    /// Leave out ownership.
    pub no_owner: bool,
    /// Leave out grants.
    pub no_privileges: bool,
    /// Leave out tablespaces.
    pub no_tablespaces: bool,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            replace: false,
            force: false,
            jobs: 1,
            no_owner: false,
            no_privileges: false,
            no_tablespaces: false,
        }
    }
}

/// What to prove, and how hard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifyRequest {
    /// The backup.
    pub backup: BackupId,
    /// Only the copy at this destination; absent means every copy (for `restore` the best one).
    pub destination: Option<AdapterId>,
    /// How hard.
    pub level: Level,
    /// Where the scratch database is made, for `restore`; may be absent for sources that are files.
    pub scratch: Option<AdapterId>,
}

/// One run, as lists and pages show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The job, unless it was removed or there never was one.
    pub job_id: Option<JobId>,
    /// The job's name when the run was made; it outlives the job.
    #[serde(rename = "job")]
    pub job_name: String,
    /// The revision that ran.
    pub revision: Option<u32>,
    /// What kind of run.
    #[serde(rename = "type")]
    pub kind: ExecutionType,
    /// Where it stands.
    pub status: Status,
    /// What started it.
    pub trigger: Trigger,
    /// Who asked, or what for.
    pub triggered_by: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// The source a dump reads from: two dumps of one source do not run together.
    #[serde(skip)]
    pub source_id: Option<AdapterId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// It does not start before this.
    pub not_before: Timestamp,
    /// When an engine took it.
    pub started_at: Option<Timestamp>,
    /// When it got its verdict.
    pub ended_at: Option<Timestamp>,
    /// Set when somebody asked for it to stop.
    pub cancel_requested_at: Option<Timestamp>,
    /// Bytes it moved, counted where its kind has them [`moved`](ExecutionType::moved).
    pub size: Option<u64>,
    /// The backup's folder below the destination's prefix.
    pub path: Option<String>,
    /// Why it did not do all it was asked for.
    pub error: Option<Failure>,
    /// How far it is, or was.
    pub progress: Progress,
    /// What was asked for.
    pub request: Request,
}
