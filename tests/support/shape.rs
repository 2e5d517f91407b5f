//! JSON answers with everything taken out that differs from run to run, for snapshots of their shape.

use std::path::Path;

use serde_json::Value;

/// `value` with ids, times, digests and versions replaced by words, and `place` by `[dir]`.
pub fn of(mut value: Value, place: &Path) -> Value {
    redact(&mut value, &place.display().to_string());
    value
}

fn redact(value: &mut Value, place: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, place)),
        Value::Object(fields) => {
            for (key, field) in fields {
                match key.as_str() {
                    "latency_ms" | "free_bytes" if field.is_number() => *field = Value::from("[number]"),
                    "version" if field.is_string() => *field = Value::from("[version]"),
                    "actor" | "author" | "client" => *field = Value::from("[who]"),
                    _ => redact(field, place),
                }
            }
        }
        Value::String(text) => *text = redacted(text, place),
        _ => {}
    }
}

fn redacted(text: &str, place: &str) -> String {
    let is_hex = |length: usize| text.len() == length && text.chars().all(|c| c.is_ascii_hexdigit());
    if uuid::Uuid::try_parse(text).is_ok() && text.contains('-') {
        return "[id]".to_owned();
    }
    if is_hex(32) || is_hex(64) {
        return "[hex]".to_owned();
    }
    if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return "[time]".to_owned();
    }
    text.replace(place, "[dir]")
}
