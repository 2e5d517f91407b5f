//! Ids: `UUIDv7`, so that they sort by the time they were made. A newtype each, so that one cannot be taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::time::Timestamp;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id made at `now`.
            pub fn generate(now: Timestamp) -> Self {
                Self(uuid_at(now))
            }

            /// The last eight hex digits, as folders and tables show them: the random end, which differs between ids made in the same minute.
            pub fn short(&self) -> String {
                let hex = self.0.simple().to_string();
                hex.get(24..).unwrap_or_default().to_owned()
            }

            /// When it was made.
            pub fn made_at(&self) -> Timestamp {
                Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

id! {
    /// A configured endpoint.
    AdapterId,
    /// A job.
    JobId,
    /// One run of something.
    ExecutionId,
    /// What a backup execution produced.
    BackupId,
    /// A backup at one destination.
    CopyId,
    /// An encryption profile.
    ProfileId,
    /// A health probe.
    HealthCheckId,
}

/// Sorts after the text of every id made before `at`, and before that of every other: a span of time as a span of ids.
pub fn floor(at: Timestamp) -> String {
    let millis = u64::try_from(at.millis()).unwrap_or(0).min((1 << 48) - 1);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

fn uuid_at(now: Timestamp) -> Uuid {
    let seconds = now.millis().div_euclid(1000);
    let nanos = now.millis().rem_euclid(1000) * 1_000_000;
    let context = uuid::NoContext;
    Uuid::new_v7(uuid::Timestamp::from_unix(
        context,
        seconds.unsigned_abs(),
        u32::try_from(nanos).unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_is_a_span_of_ids() {
        let at = Timestamp::from_millis(1_763_694_000_123);
        let (earlier, id) = (
            ExecutionId::generate(Timestamp::from_millis(at.millis() - 1)),
            ExecutionId::generate(at),
        );
        assert!(earlier.to_string() < floor(at) && floor(at) < id.to_string());
        assert_eq!((earlier.made_at().millis() + 1, id.made_at()), (at.millis(), at));
    }
}
