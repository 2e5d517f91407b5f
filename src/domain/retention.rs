//! Which copies stay and which may go: judged by when a backup was taken, never by a file's time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Error, Result};

/// How long copies are kept at one destination. Written `none`, `last:N`, `smart:D,W,M,Y`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Everything stays.
    #[default]
    None,
    /// The newest N stay.
    Simple {
        /// How many.
        keep_last: u32,
    },
    /// Newest of each day, then of further weeks, months and years.
    Smart {
        /// Days.
        daily: u32,
        /// ISO weeks.
        weekly: u32,
        /// Months.
        monthly: u32,
        /// Years.
        yearly: u32,
    },
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Simple { keep_last } => write!(f, "last:{keep_last}"),
            Self::Smart {
                daily,
                weekly,
                monthly,
                yearly,
            } => write!(f, "smart:{daily},{weekly},{monthly},{yearly}"),
        }
    }
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("'{text}' is not a retention policy"))
                .next("use none, last:N, or smart:DAYS,WEEKS,MONTHS,YEARS")
        };
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            Some(("last", keep)) => keep
                .parse()
                .map(|keep_last| Self::Simple { keep_last })
                .map_err(|_| bad()),
            Some(("smart", tiers)) => {
                let tiers: Vec<u32> = tiers
                    .split(',')
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .map_err(|_| bad())?;
                match tiers[..] {
                    [daily, weekly, monthly, yearly] => Ok(Self::Smart {
                        daily,
                        weekly,
                        monthly,
                        yearly,
                    }),
                    _ => Err(bad()),
                }
            }
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
