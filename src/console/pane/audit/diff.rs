//! What a row of the record says was changed, taken apart into single values: what a nested setting was and is, and nothing of
//! what stayed as it was.

use std::collections::BTreeMap;

use serde_json::Value;

/// One value that was changed, came, or went; or, where nothing was changed, a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was this before, if anything, and is that after, if anything.
    Changed {
        /// Where: `options.retries`.
        field: String,
        /// What it was.
        before: Option<String>,
        /// What it became.
        after: Option<String>,
    },
    /// What else is on record.
    Fact {
        /// Where.
        field: String,
        /// What.
        value: String,
    },
}

/// What a diff says, in its own order.
pub fn changes(diff: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    for (field, value) in diff.as_object().into_iter().flatten() {
        match (value.get("before"), value.get("after")) {
            (Some(before), Some(after)) => differences(field, before, after, &mut changes),
            _ => {
                let facts = leaves(field, value).into_iter();
                changes.extend(facts.map(|(field, value)| Change::Fact { field, value }));
            }
        }
    }
    changes
}

fn differences(field: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (mut old, new) = (leaves(field, before), leaves(field, after));
    // In the order of what is there now; what went comes last.
    let mut fields: Vec<String> = new.iter().map(|(field, _)| field.clone()).collect();
    fields.extend(
        old.iter()
            .map(|(field, _)| field.clone())
            .filter(|field| !new.iter().any(|(other, _)| other == field)),
    );
    let mut new: BTreeMap<String, String> = new.into_iter().collect();
    let mut old: BTreeMap<String, String> = old.drain(..).collect();
    for field in fields {
        let (before, after) = (old.remove(&field), new.remove(&field));
        if before != after {
            changes.push(Change::Changed { field, before, after });
        }
    }
}

/// Every value in it with the way to it. What is null or empty is not there.
fn leaves(field: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| leaves(&format!("{field}.{key}"), value))
            .collect(),
        Value::Array(items) if items.is_empty() => Vec::new(),
        Value::Array(items) if items.iter().any(Value::is_object) => items
            .iter()
            .enumerate()
            .flat_map(|(at, item)| leaves(&format!("{field}.{}", label(at, item)), item))
            .collect(),
        Value::Array(items) => vec![(field.to_owned(), items.iter().map(plain).collect::<Vec<_>>().join(", "))],
        value => vec![(field.to_owned(), plain(value))],
    }
}

/// By what an item of a list is known: the adapter or name in it, else its place.
fn label(at: usize, item: &Value) -> String {
    let named = ["adapter", "name"].into_iter().find_map(|key| item.get(key)?.as_str());
    named.map_or_else(|| (at + 1).to_string(), str::to_owned)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(field: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change::Changed {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn of_a_nested_setting_only_what_differs_is_told() {
        let diff = json!({"options": {
            "before": {"retries": 1, "hooks": ["a"], "timeout": null},
            "after": {"retries": 2, "hooks": ["a"], "timeout": "1h"},
        }});
        assert_eq!(
            changes(&diff),
            [
                changed("options.retries", Some("1"), Some("2")),
                changed("options.timeout", None, Some("1h"))
            ]
        );
    }

    #[test]
    fn what_came_and_went_has_one_side() {
        let diff = json!({
            "schedule": {"before": null, "after": "0 3 * * *"},
            "profile": {"before": "prod", "after": null},
        });
        assert_eq!(
            changes(&diff),
            [
                changed("schedule", None, Some("0 3 * * *")),
                changed("profile", Some("prod"), None)
            ]
        );
    }

    #[test]
    fn items_of_a_list_are_known_by_their_name() {
        let target = |adapter: &str, keep: u32| json!({"adapter": adapter, "keep": {"last": keep}});
        let diff = json!({"destinations": {
            "before": [target("nas", 3)],
            "after": [target("s3", 5), target("nas", 3)],
        }});
        assert_eq!(
            changes(&diff),
            [
                changed("destinations.s3.adapter", None, Some("s3")),
                changed("destinations.s3.keep.last", None, Some("5"))
            ]
        );
    }

    #[test]
    fn what_is_no_change_is_a_fact() {
        let diff = json!({"driver": "local", "copies": {"nas": 2}});
        let fact = |field: &str, value: &str| Change::Fact {
            field: field.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(changes(&diff), [fact("driver", "local"), fact("copies.nas", "2")]);
    }
}
