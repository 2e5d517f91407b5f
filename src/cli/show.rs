//! Small forms that several commands show things in: times in the operator's zone, changes, lists.

use std::path::Path;

use chrono_tz::Tz;
use serde_json::Value;

use crate::domain::time::{self, Timestamp};

/// A time in the operator's zone: `2026-11-21 04:00:00 CET`.
pub fn time(at: Timestamp) -> String {
    at.in_zone(operator_zone())
}

/// A time in lists, where the zone goes without saying: `2026-11-21 04:00:00`.
pub fn moment(at: Timestamp) -> String {
    at.utc()
        .with_timezone(&operator_zone())
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// The same to the minute, where a line has little room: `2026-11-21 04:00`.
pub fn minute(at: Timestamp) -> String {
    at.utc()
        .with_timezone(&operator_zone())
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

/// The time of day in the operator's zone: `04:00:00`.
pub fn clock(at: Timestamp) -> String {
    at.utc().with_timezone(&operator_zone()).format("%H:%M:%S").to_string()
}

/// The same, or a dash.
pub fn time_or_dash(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

/// The zone the operator lives in: `TZ`, else the machine's, else UTC.
pub fn operator_zone() -> Tz {
    let variable = std::env::var("TZ")
        .ok()
        .map(|name| name.trim_start_matches(':').to_owned());
    let named = variable.filter(|name| !name.is_empty()).or_else(machine_zone);
    named.and_then(|name| time::zone(&name).ok()).unwrap_or(Tz::UTC)
}

fn machine_zone() -> Option<String> {
    let by_link = std::fs::read_link("/etc/localtime").ok().and_then(|target| {
        let target = target.to_str()?.split_once("zoneinfo/")?.1;
        Some(target.to_owned())
    });
    by_link.or_else(|| {
        std::fs::read_to_string(Path::new("/etc/timezone"))
            .ok()
            .map(|name| name.trim().to_owned())
    })
}

/// What an audit row's diff says, in one line: `schedule: 0 3 * * * → 0 4 * * *`.
pub fn changes(diff: &Value) -> String {
    let fields = diff.as_object().into_iter().flatten();
    let told = fields.filter(|(_, change)| !change.is_null()).map(|(name, change)| {
        match (change.get("before"), change.get("after")) {
            (Some(Value::Null), Some(after)) => format!("{name}: {}", plain(after)),
            (Some(before), Some(Value::Null)) => format!("{name}: {} → gone", plain(before)),
            (Some(before), Some(after)) => format!("{name}: {} → {}", plain(before), plain(after)),
            _ => format!("{name}: {}", plain(change)),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// A JSON value as people write it: text without quotes, lists with commas, no braces around the whole.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let told: Vec<String> = fields.map(|(name, value)| format!("{name} {}", plain(value))).collect();
            format!("({})", told.join(", "))
        }
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_reads_without_the_marks_of_json() {
        let diff = json!({
            "schedule": { "before": "0 3 * * *", "after": "0 4 * * *" },
            "options": { "before": null, "after": { "overlap": "queue", "catch_up": true, "from": null } },
            "profile": { "before": "prod", "after": null },
        });
        assert_eq!(
            changes(&diff),
            "schedule: 0 3 * * * → 0 4 * * *; options: (overlap queue, catch_up yes); profile: prod → gone"
        );
    }
}
