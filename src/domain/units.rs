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

/// `64 MiB`, `10 MB`, `1234567 B`: all of it, as [`parse_size`] reads it.
pub fn exact_size(bytes: u64) -> String {
    let units = |base: u64, names: [&'static str; 5]| {
        let mut powers = names.into_iter().zip(1_u32..6).rev();
        powers.find_map(|(name, power)| {
            let scale = base.pow(power);
            (bytes > 0 && bytes.is_multiple_of(scale)).then_some((scale, name))
        })
    };
    let binary = units(1024, ["KiB", "MiB", "GiB", "TiB", "PiB"]);
    match binary.or_else(|| units(1000, ["kB", "MB", "GB", "TB", "PB"])) {
        Some((scale, unit)) => format!("{} {unit}", bytes / scale),
        None => format!("{bytes} B"),
    }
}

/// Reads `64 MiB`, `10MB`, `512k`, `1.5 GiB` or plain bytes. `MB` is a million, `MiB` and `M` alone are 1024 × 1024, whatever
/// the case of their letters. There is no half of a byte: whoever writes `1.5` has left the unit out.
pub fn parse_size(text: &str) -> Result<u64> {
    let text = text.trim();
    let ends = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(ends.unwrap_or(text.len()));
    let bytes = scale(&unit.trim().to_ascii_lowercase()).and_then(|scale| times(number, scale));
    bytes.ok_or_else(|| {
        Error::usage(format!("'{text}' is not a size")).next("write it as 64 MiB, 10 MB, 512k or in bytes")
    })
}

/// The bytes of a unit in lower case.
fn scale(unit: &str) -> Option<u64> {
    if matches!(unit, "" | "b" | "byte" | "bytes") {
        return Some(1);
    }
    let (letter, rest) = unit.split_at_checked(1)?;
    let base: u64 = match rest {
        "" | "i" | "ib" => 1024,
        "b" => 1000,
        _ => return None,
    };
    let power = "kmgtp".find(letter)?;
    base.checked_pow(u32::try_from(power).ok()? + 1)
}

/// A number, maybe with decimals, times whole bytes; what is less than a byte is left out.
fn times(number: &str, scale: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if scale == 1 && number.contains('.') {
        return None;
    }
    let parts = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let whole: u128 = whole.parse().ok()?;
    let decimals: u128 = decimals.parse().ok()?;
    let all = whole.checked_mul(parts)?.checked_add(decimals)?;
    u64::try_from(all.checked_mul(u128::from(scale))? / parts).ok()
}

/// `850 ms`, `42 s`, `3m 20s`, `2h 14m`, `12d 3h`: two units at most.
pub fn duration(of: Duration) -> String {
    let seconds = of.as_secs();
    match seconds {
        0 => millis(of.subsec_millis().into()),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// `<1 ms`, `8 ms`, `1500 ms`: what an answer took. Nothing takes none.
pub fn millis(ms: u64) -> String {
    match ms {
        0 => "<1 ms".to_owned(),
        ms => format!("{ms} ms"),
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
        for (bytes, exact) in [
            (67_108_864, "64 MiB"),
            (10_000_000, "10 MB"),
            (1_234_567, "1234567 B"),
            (0, "0 B"),
        ] {
            assert_eq!(exact_size(bytes), exact);
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("67108864", 67_108_864),
            ("64 MiB", 67_108_864),
            ("64m", 67_108_864),
            (" 64Mi ", 67_108_864),
            ("10MB", 10_000_000),
            ("10 mb", 10_000_000),
            ("512k", 524_288),
            ("512 KB", 512_000),
            ("1.5 GiB", 1_610_612_736),
            ("0", 0),
            ("7 B", 7),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "much",
            "MiB",
            "-1",
            "1 XB",
            "1.2.3",
            "64 Mib/s",
            "99999999999 PiB",
            "ü",
            "1e3",
            "1 é",
            "1.5",
            "0.5 B",
            "1.",
            ".5k",
            "+5",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_exact_size_is_read_as_what_it_was(bytes: u64, small in 0_u64..10_000, power in 0_u32..4) {
            for bytes in [bytes, small * 1024_u64.pow(power), small * 1000_u64.pow(power)] {
                proptest::prop_assert_eq!(parse_size(&exact_size(bytes)), Ok(bytes));
            }
        }
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
        assert_eq!(duration(Duration::ZERO), "<1 ms");
        assert_eq!(duration(Duration::from_secs(200)), "3m 20s");
        assert_eq!(duration(Duration::from_mins(134)), "2h 14m");
        assert_eq!(parse_duration("2h").unwrap(), Duration::from_hours(2));
    }
}
