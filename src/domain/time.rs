//! Instants in milliseconds UTC, and how they are written: RFC 3339 for machines, the operator's zone on screens.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Error, Result};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// As a calendar instant; outside chrono's range (±262,000 years) the epoch.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or_default()
    }

    /// `2026-11-21T03:00:00.000Z`.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// `2026-11-21T03-00-00Z`, which every file system takes and which sorts by time.
    pub fn folder(self) -> String {
        self.utc().format("%Y-%m-%dT%H-%M-%SZ").to_string()
    }

    /// `2026-11-21 04:00:00 CET`, for people.
    pub fn in_zone(self, zone: Tz) -> String {
        self.utc()
            .with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S %Z")
            .to_string()
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Result<Self> {
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self(at.timestamp_millis()))
            .map_err(|error| {
                Error::usage(format!("'{text}' is not a time: {error}")).next("write it as 2026-11-21T03:00:00Z")
            })
    }

    /// How long after `earlier`; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A zone by its IANA name.
pub fn zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        Error::usage(format!("there is no time zone '{name}'")).next("use an IANA name such as Europe/Zurich or UTC")
    })
}

/// Zones that are named when a text could mean several.
const NAMED: usize = 4;

/// The zones whose name holds `text`, whatever its case. One that is called so comes first, then those that begin with it, or
/// whose town does.
pub fn zones_like(text: &str) -> Vec<&'static str> {
    let wanted = as_in_names(text);
    let begins = |name: &str| {
        let name = name.to_lowercase();
        name.starts_with(&wanted) || town(&name).starts_with(&wanted)
    };
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let mut found: Vec<&str> = names.filter(|name| name.to_lowercase().contains(&wanted)).collect();
    found.sort_by_key(|name| (name.to_lowercase() != wanted, !begins(name)));
    found
}

/// The zone that a text means: the one called so whatever its case, else the only one whose town is, else the only one whose
/// name holds it.
pub fn zone_meant(text: &str) -> Result<Tz> {
    let text = text.trim();
    let exact = zone(text);
    if exact.is_ok() || text.is_empty() {
        return exact;
    }
    let (wanted, like) = (as_in_names(text), zones_like(text));
    if let Some(called_so) = like.iter().find(|name| name.to_lowercase() == wanted) {
        return zone(called_so);
    }
    let towns = like.iter().filter(|name| town(&name.to_lowercase()) == wanted);
    let towns: Vec<&str> = towns.copied().collect();
    let could_be = if towns.is_empty() { &like } else { &towns };
    match could_be.as_slice() {
        [] => exact,
        [only] => zone(only),
        several => {
            let named: Vec<&str> = several.iter().take(NAMED).copied().collect();
            let more = match several.len() - named.len() {
                0 => String::new(),
                more => format!(", or one of {more} more"),
            };
            Err(
                Error::usage(format!("'{text}' could be any of {} time zones", several.len()))
                    .next(format!("write which: {}{more}", named.join(", "))),
            )
        }
    }
}

fn as_in_names(text: &str) -> String {
    text.trim().to_lowercase().replace(' ', "_")
}

fn town(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_means_the_only_zone_it_can() {
        for (text, meant) in [
            ("Europe/Zurich", "Europe/Zurich"),
            ("europe/zurich", "Europe/Zurich"),
            ("zurich", "Europe/Zurich"),
            (" Tokyo ", "Asia/Tokyo"),
            ("new y", "America/New_York"),
            ("utc", "UTC"),
            ("gmt", "GMT"),
        ] {
            assert_eq!(zone_meant(text).map(Tz::name), Ok(meant), "{text}");
        }
        let refused = |text: &str| zone_meant(text).unwrap_err().to_string();
        let istanbul = refused("istanbul");
        assert!(istanbul.contains("any of 2 time zones"), "{istanbul}");
        assert!(istanbul.contains("Asia/Istanbul, Europe/Istanbul"), "{istanbul}");
        assert!(refused("america").contains(", or one of "));
        assert!(refused("atlantis").contains("there is no time zone 'atlantis'"));
        assert!(refused("").contains("there is no time zone ''"));
    }
}
