//! What a backup run leaves behind: a backup, its copies, and what has been proven of each.

use serde::{Deserialize, Serialize};

use super::id::{AdapterId, BackupId, CopyId, ExecutionId, JobId, ProfileId};
use super::time::Timestamp;

/// How hard a copy was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The stored bytes were read back and their SHA-256 is the manifest's.
    Bytes,
    /// Also decrypted, decompressed, compared with the plain hash, and parsed to the end by the engine's own tool.
    Content,
    /// Also restored into a scratch database, and tables and rows counted.
    Restore,
}

text_enum!(Level, "verification level", { Bytes => "bytes", Content => "content", Restore => "restore" });

/// Whether a copy is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyState {
    /// Written and confirmed.
    Present,
    /// Never completed, or found gone.
    Missing,
    /// Found to differ from its manifest.
    Corrupt,
    /// Deleted by retention or on request.
    Deleted,
}

text_enum!(CopyState, "copy state", { Present => "present", Missing => "missing", Corrupt => "corrupt", Deleted => "deleted" });

impl CopyState {
    /// Whether something of it should lie at the destination, good or not.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Present | Self::Corrupt)
    }

    /// Whether a repair would make it anew.
    pub const fn is_broken(self) -> bool {
        matches!(self, Self::Missing | Self::Corrupt)
    }
}

/// A backup at one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// Its id.
    pub id: CopyId,
    /// The backup.
    pub backup_id: BackupId,
    /// Where it is.
    pub destination_id: AdapterId,
    /// The destination's name.
    pub destination: String,
    /// Folder below the destination's prefix.
    pub path: String,
    /// Bytes stored, all objects.
    pub stored_size: u64,
    /// Whether it is there.
    pub state: CopyState,
    /// When it was last looked at.
    pub verified_at: Option<Timestamp>,
    /// How hard.
    pub verified_level: Option<Level>,
    /// What came of it.
    pub verified_ok: Option<bool>,
    /// When it was last proven, whatever a later look found.
    pub proven_at: Option<Timestamp>,
    /// How hard it was looked at then: bytes that are found unchanged later are still those that were proven harder before.
    pub proven_level: Option<Level>,
    /// Since when its destination has not answered, where that is offline. What was proven of the copy still holds, but none of
    /// it can be read now.
    pub out_of_reach_since: Option<Timestamp>,
}

impl Copy {
    /// Whether it is there, as far as is known, and its last look did not find it bad.
    pub fn is_good(&self) -> bool {
        self.state == CopyState::Present && self.verified_ok != Some(false)
    }

    /// How hard it was proven and when, as far as that holds: one that is gone, or that its last look found bad, is not proven.
    pub fn proof(&self) -> Option<(Level, Timestamp)> {
        let holds = self.state == CopyState::Present && self.verified_ok == Some(true);
        self.proven_level.zip(self.proven_at).filter(|_| holds)
    }

    /// What was proven of it once and holds no more. Nobody asks that of a copy that was deleted.
    pub fn former_proof(&self) -> Option<(Level, Timestamp)> {
        let is_over = self.state != CopyState::Deleted && self.proof().is_none();
        self.proven_level.zip(self.proven_at).filter(|_| is_over)
    }

    /// The last look where it was later than the proof, and less hard.
    pub fn later_look(&self) -> Option<(Level, Timestamp)> {
        let (_, proven_at) = self.proof()?;
        let look = self.verified_level.zip(self.verified_at);
        look.filter(|(_, looked_at)| *looked_at > proven_at)
    }

    /// Whether its destination is not known to be offline.
    pub const fn is_in_reach(&self) -> bool {
        self.out_of_reach_since.is_none()
    }
}

/// What a backup execution produced.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backup {
    /// Its id.
    pub id: BackupId,
    /// The run that made it, unless it was found by a scan.
    pub execution_id: Option<ExecutionId>,
    /// The job, unless it was removed.
    pub job_id: Option<JobId>,
    /// The job's name when it was made.
    #[serde(rename = "job")]
    pub job_name: String,
    /// The instant the data is of.
    pub taken_at: Timestamp,
    /// The source driver.
    pub driver: String,
    /// The source engine's version.
    pub engine_version: String,
    /// What is in it.
    pub databases: Vec<String>,
    /// Whether everything that was asked for is in it.
    pub complete: bool,
    /// The profile that sealed it; absent when it is not encrypted or the profile is not known here.
    pub profile_id: Option<ProfileId>,
    /// The key that sealed it, 32 hex digits; absent when it is not encrypted.
    pub key_id: Option<String>,
    /// As in the job: `zstd:3`.
    pub compression: String,
    /// Plain bytes, all objects.
    pub logical_size: u64,
    /// A locked backup is never deleted by retention.
    pub locked: bool,
    /// Why it is locked.
    pub lock_reason: Option<String>,
    /// Where it is.
    pub copies: Vec<Copy>,
}

impl Backup {
    /// Whether it was taken by a clock that was ahead of this one: then nothing may go by when that was.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.taken_at > now
    }

    /// Plain bytes of all objects; `None` where that is sealed and its key is not here.
    pub const fn plain_size(&self) -> Option<u64> {
        let is_told = self.key_id.is_none() || self.profile_id.is_some() || self.logical_size > 0;
        if is_told { Some(self.logical_size) } else { None }
    }

    /// Whether nothing of it is left: there is nothing to be read, locked or deleted.
    pub fn is_deleted(&self) -> bool {
        self.copies.iter().all(|copy| copy.state == CopyState::Deleted)
    }

    /// Whether a repair has something to make anew, and a copy to make it from.
    pub fn is_repairable(&self) -> bool {
        self.copies.iter().any(|copy| copy.state.is_broken()) && !self.readable_copies().is_empty()
    }

    /// The copies that are there, best first: those in reach, of them those proven hardest, then in the job's order.
    pub fn readable_copies(&self) -> Vec<&Copy> {
        let mut copies: Vec<&Copy> = self
            .copies
            .iter()
            .filter(|copy| copy.state == CopyState::Present)
            .collect();
        let proven = |copy: &Copy| copy.proof().map(|(level, _)| level);
        copies.sort_by_key(|copy| std::cmp::Reverse((copy.is_in_reach(), proven(copy))));
        copies
    }

    /// The same, and behind them those that are not whole: an object of theirs may be, and each is compared byte by byte.
    pub fn copies_to_try(&self) -> Vec<&Copy> {
        let mut copies = self.readable_copies();
        for state in [CopyState::Corrupt, CopyState::Missing] {
            copies.extend(self.copies.iter().filter(|copy| copy.state == state));
        }
        copies
    }
}
