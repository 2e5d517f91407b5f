//! Sizes and durations as people read and write them.

use std::fmt::Display;
use std::time::Duration;

use super::error::{Error, Result};

/// `4.1 GiB`; whole bytes below one KiB.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in UNITS.into_iter().skip(1) {
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// `850 ms`, `42 s`, `3m 20s`, `2h 14m`, `12d 3h`: two units at most.
pub fn duration(of: Duration) -> String {
    let seconds = of.as_secs();
    match seconds {
        0 => format!("{} ms", of.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// `6h`, `1m 30s`: all of it, as [`parse_duration`] reads it.
pub fn exact_duration(of: Duration) -> String {
    humantime::format_duration(of).to_string()
}

/// `1 row`, `2 rows`, `3 copies`.
pub fn count(number: impl TryInto<u64> + Display + Copy, of: &str) -> String {
    format!("{number} {}", plural(number, of))
}

/// The word alone, where its number stands elsewhere or is written in another way: `row`, `rows`, `copies`, `days`.
pub fn plural(number: impl TryInto<u64>, of: &str) -> String {
    // What does not fit is not one of them either.
    if matches!(number.try_into(), Ok(1)) {
        return of.to_owned();
    }
    match of.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{of}s"),
    }
}

/// Reads `90s`, `15m`, `2h`, `1d 12h`.
pub fn parse_duration(text: &str) -> Result<Duration> {
    humantime::parse_duration(text.trim()).map_err(|error| {
        Error::usage(format!("'{text}' is not a duration: {error}")).next("write it as 90s, 15m, 2h or 1d")
    })
}

/// Durations in job files and settings: `"2h"`.
pub mod human_duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes `2h`.
    pub fn serialize<S: Serializer>(of: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::exact_duration(*of))
    }

    /// Reads `2h`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_duration(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_switch_units_before_they_read_as_1024() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(size(4_402_341_478), "4.1 GiB");
    }

    #[test]
    fn one_is_told_apart_from_none_and_several_whatever_integer_it_is() {
        assert_eq!(count(0_usize, "row"), "0 rows");
        assert_eq!(count(1_u64, "row"), "1 row");
        assert_eq!(count(2_u32, "further attempt"), "2 further attempts");
        assert_eq!(count(-1_i64, "row"), "-1 rows");
        assert_eq!(plural(1_usize, "job"), "job");
    }

    #[test]
    fn a_y_behind_a_consonant_becomes_ies() {
        assert_eq!(count(1_u64, "copy"), "1 copy");
        assert_eq!(count(3_u64, "copy"), "3 copies");
        assert_eq!(plural(2_u64, "day"), "days");
    }

    #[test]
    fn durations_keep_two_units() {
        assert_eq!(duration(Duration::from_millis(850)), "850 ms");
        assert_eq!(duration(Duration::from_secs(200)), "3m 20s");
        assert_eq!(duration(Duration::from_mins(134)), "2h 14m");
        assert_eq!(parse_duration("2h").unwrap(), Duration::from_hours(2));
    }
}
