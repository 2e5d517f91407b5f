//! How long copies are kept, and how that is written: `none`, `last:7`, `smart:7,4,12,2`, with `,min=3d` behind it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::error::{Error, Result};
use crate::domain::units::{count, parse_duration};

/// How long copies are kept at one destination. Written `none`, `last:N`, `smart:DAYS,WEEKS,MONTHS,YEARS`; the latter
/// two may end in `,min=DURATION`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Everything stays.
    #[default]
    None,
    /// The newest so many stay.
    Simple {
        /// How many; zero counts as no policy.
        keep_last: u32,
        /// A copy younger than this stays in any case.
        min_age: Duration,
    },
    /// The newest of each day, then of further weeks, months and years. All zero counts as no policy.
    Smart {
        /// Days.
        daily: u32,
        /// ISO weeks.
        weekly: u32,
        /// Months.
        monthly: u32,
        /// Years.
        yearly: u32,
        /// A copy younger than this stays in any case.
        min_age: Duration,
    },
}

impl Policy {
    /// Whether it keeps everything: `none`, or one that was left empty. An empty policy must never empty a destination.
    pub const fn keeps_everything(self) -> bool {
        matches!(
            self,
            Self::None
                | Self::Simple { keep_last: 0, .. }
                | Self::Smart {
                    daily: 0,
                    weekly: 0,
                    monthly: 0,
                    yearly: 0,
                    ..
                }
        )
    }

    /// Refuses a policy that was meant to let copies go and names none to stay. What is stored already may hold one, and keeps
    /// everything.
    pub fn refuse_empty(self) -> Result<Self> {
        if self.keeps_everything() && self != Self::None {
            return Err(Error::usage(format!("'{self}' names no copy to keep"))
                .next("use last:1 to keep the newest only, or none to keep every copy"));
        }
        Ok(self)
    }

    /// The age below which nothing goes; zero when there is none.
    pub const fn min_age(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Simple { min_age, .. } | Self::Smart { min_age, .. } => min_age,
        }
    }
}

impl Policy {
    /// In words: `every copy`, `the newest 7`, `7 days, 4 weeks, 12 months and 2 years`.
    pub fn describe(self) -> String {
        if self.keeps_everything() {
            return "every copy".to_owned();
        }
        let rule = match self {
            Self::None => String::new(),
            Self::Simple { keep_last: 1, .. } => "the newest one".to_owned(),
            Self::Simple { keep_last, .. } => format!("the newest {keep_last}"),
            Self::Smart {
                daily,
                weekly,
                monthly,
                yearly,
                ..
            } => {
                let tiers = [(daily, "day"), (weekly, "week"), (monthly, "month"), (yearly, "year")];
                let tiers = tiers.into_iter().filter(|(number, _)| *number > 0);
                let parts: Vec<String> = tiers.map(|(number, unit)| count(number, unit)).collect();
                match parts.as_slice() {
                    [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
                    parts => parts.concat(),
                }
            }
        };
        match self.min_age() {
            Duration::ZERO => rule,
            age => format!("{rule}, and all younger than {}", Age(age)),
        }
    }

    /// How many complete, unlocked copies it keeps at most once there are enough; `None` when there is no such number.
    pub fn at_most(self) -> Option<u64> {
        match self {
            _ if self.keeps_everything() || !self.min_age().is_zero() => None,
            Self::None => None,
            Self::Simple { keep_last, .. } => Some(u64::from(keep_last)),
            Self::Smart {
                daily,
                weekly,
                monthly,
                yearly,
                ..
            } => Some([daily, weekly, monthly, yearly].into_iter().map(u64::from).sum()),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Simple { keep_last, .. } => write!(f, "last:{keep_last}"),
            Self::Smart {
                daily,
                weekly,
                monthly,
                yearly,
                ..
            } => write!(f, "smart:{daily},{weekly},{monthly},{yearly}"),
        }?;
        match self.min_age() {
            Duration::ZERO => Ok(()),
            age => write!(f, ",min={}", Age(age)),
        }
    }
}

/// `3d`, `36h`: the largest unit that leaves nothing over.
pub(super) struct Age(pub(super) Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let (length, unit) = units
            .into_iter()
            .find(|(length, _)| seconds.is_multiple_of(*length))
            .unwrap_or((1, 's'));
        write!(f, "{}{unit}", seconds / length)
    }
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a retention policy"))
                .next("use none, last:N or smart:DAYS,WEEKS,MONTHS,YEARS, and ,min=3d behind it to keep young copies")
        };
        if text == "none" {
            return Ok(Self::None);
        }
        let (rule, min_age) = match text.split_once(",min=") {
            Some((rule, age)) => (rule, parse_duration(age)?),
            None => (text, Duration::ZERO),
        };
        if min_age.subsec_nanos() > 0 {
            return Err(bad());
        }
        let (kind, numbers) = rule.split_once(':').ok_or_else(bad)?;
        let numbers: Vec<u32> = numbers
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| bad())?;
        match (kind, numbers.as_slice()) {
            ("last", &[keep_last]) => Ok(Self::Simple { keep_last, min_age }),
            ("smart", &[daily, weekly, monthly, yearly]) => Ok(Self::Smart {
                daily,
                weekly,
                monthly,
                yearly,
                min_age,
            }),
            _ => Err(bad()),
        }
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_policy_reads_as_it_is_written() {
        for text in [
            "none",
            "last:7",
            "smart:7,4,12,2",
            "smart:7,4,12,2,min=3d",
            "last:7,min=36h",
            "last:1,min=90s",
        ] {
            assert_eq!(text.parse::<Policy>().unwrap().to_string(), text);
        }
        assert_eq!("last:7,min=24h".parse::<Policy>().unwrap().to_string(), "last:7,min=1d");
    }

    #[test]
    fn what_is_not_a_policy_is_refused() {
        let texts = [
            "",
            "all",
            "last",
            "last:",
            "last:-1",
            "last:x",
            "last:1,2",
            "smart:7,4,12",
            "smart:1,2,3,4,5",
        ];
        for text in texts.into_iter().chain([
            "none:",
            "none,min=3d",
            "last:7,min=",
            "last:7,min=500ms",
            "last:7,max=3d",
        ]) {
            assert!(text.parse::<Policy>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_is_told_in_words() {
        for (text, words) in [
            ("none", "every copy"),
            ("last:0", "every copy"),
            ("last:1", "the newest one"),
            ("last:7,min=36h", "the newest 7, and all younger than 36h"),
            ("smart:7,4,12,2", "7 days, 4 weeks, 12 months and 2 years"),
            ("smart:0,1,0,0", "1 week"),
            ("smart:14,0,6,0", "14 days and 6 months"),
        ] {
            assert_eq!(text.parse::<Policy>().unwrap().describe(), words);
        }
        assert_eq!("smart:7,4,12,2".parse::<Policy>().unwrap().at_most(), Some(25));
    }

    #[test]
    fn an_empty_policy_keeps_everything() {
        for text in ["none", "last:0", "smart:0,0,0,0", "last:0,min=3d"] {
            let policy = text.parse::<Policy>().unwrap();
            assert!(policy.keeps_everything(), "{text}");
            assert_eq!(policy.refuse_empty().is_ok(), text == "none", "{text}");
        }
        assert!(!"smart:0,0,0,1".parse::<Policy>().unwrap().keeps_everything());
    }

    proptest! {
        #[test]
        fn every_policy_survives_being_written(
            tiers in any::<[u32; 4]>(), keep_last in any::<u32>(), seconds in 0_u64..10_000_000,
        ) {
            let min_age = Duration::from_secs(seconds);
            let [daily, weekly, monthly, yearly] = tiers;
            for policy in [Policy::Simple { keep_last, min_age }, Policy::Smart { daily, weekly, monthly, yearly, min_age }] {
                prop_assert_eq!(policy.to_string().parse::<Policy>().unwrap(), policy);
            }
        }
    }
}
