//! How long it would take to have a job's data back, by its last restore: one of a small part says nothing about all of it, and
//! one of a larger part gives no more than an estimate.

use super::JobStatus;

/// Of so many parts of a backup, a restore that leaves out one at most is one of all of it, and a restore of less than one says
/// nothing about all of it: what it takes to begin weighs too much in it.
const LEAST_PART: u64 = 10;

/// How long it would take to have all of a job's last good backup back, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// No restore has succeeded yet.
    Unmeasured,
    /// The last restore gave back only so many bytes, too few to say anything about all of them.
    TooLittle {
        /// How many.
        bytes: u64,
    },
    /// The last restore was of as much as there is, but for a tenth of it at most.
    Measured {
        /// How long it took.
        ms: u64,
    },
    /// The last restore was of a part, and this is what all would take at its pace.
    Estimated {
        /// How long.
        ms: u64,
        /// The bytes of the part.
        bytes: u64,
    },
}

impl Back {
    /// How long, where that can be said.
    pub const fn ms(self) -> Option<u64> {
        match self {
            Self::Unmeasured | Self::TooLittle { .. } => None,
            Self::Measured { ms } | Self::Estimated { ms, .. } => Some(ms),
        }
    }
}

impl JobStatus {
    /// How long it would take to have its last good backup back.
    pub fn back(&self) -> Back {
        let whole = self.last_good.as_ref().map_or(0, |good| good.logical_size);
        match self.last_restore_ms {
            Some(ms) => of(ms, self.last_restore_bytes.unwrap_or(whole), whole),
            None => Back::Unmeasured,
        }
    }
}

/// By a restore of so many bytes that took so long, of a backup of `whole` bytes.
fn of(ms: u64, bytes: u64, whole: u64) -> Back {
    if bytes >= whole - whole / LEAST_PART {
        Back::Measured { ms }
    } else if bytes < whole / LEAST_PART {
        Back::TooLittle { bytes }
    } else {
        let all = u128::from(ms) * u128::from(whole) / u128::from(bytes.max(1));
        Back::Estimated {
            ms: u64::try_from(all).unwrap_or(u64::MAX),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_restore_of_all_measures_and_one_of_little_says_nothing() {
        assert_eq!(of(1_000, 100, 100), Back::Measured { ms: 1_000 });
        assert_eq!(of(1_000, 300, 100), Back::Measured { ms: 1_000 });
        assert_eq!(of(1_000, 90, 100), Back::Measured { ms: 1_000 });
        assert_eq!(of(1_000, 50, 100), Back::Estimated { ms: 2_000, bytes: 50 });
        assert_eq!(of(1_000, 10, 100), Back::Estimated { ms: 10_000, bytes: 10 });
        assert_eq!(of(1_000, 9, 100), Back::TooLittle { bytes: 9 });
        assert_eq!(of(193, 872_448, 325_000_000), Back::TooLittle { bytes: 872_448 });
        assert_eq!(of(1_000, 0, 0), Back::Measured { ms: 1_000 });
    }
}
