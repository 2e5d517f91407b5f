//! The rows of an adapter's form, made from what its driver says of its settings; and the settings, read back from the rows.

use std::path::Path;

use serde_json::Value;

use crate::console::widget::form::{Form, Input, Item, Row};
use crate::domain::naming::valid_name;
use crate::domain::secret::Secret;
use crate::domain::{Error, units};
use crate::ops::adapters::{DriverField, DriverInfo};

/// The row of the name. No setting of a driver is called so, since settings have a prefix.
pub const NAME: &str = "name";

/// Chosen where a setting is left to the driver.
const UNSET: &str = "(default)";

/// The row of a setting.
fn key(field: &DriverField) -> String {
    key_of(&field.name)
}

/// The row of the setting of that name.
pub fn key_of(setting: &str) -> String {
    format!("set/{setting}")
}

/// The row that takes a stored secret away.
fn forget(field: &DriverField) -> String {
    format!("forget/{}", field.name)
}

/// The rows of a form. `config` is what is stored, with secrets masked; nothing for a new adapter, which is asked for its name.
pub fn rows(driver: &DriverInfo, config: Option<&Value>) -> Vec<Row> {
    let mut rows = Vec::new();
    if config.is_none() {
        let help = "Required. What you call it: jobs, runs and backups show this name.";
        rows.push(Row::new(NAME, "name *", Input::text(""), help));
    }
    for field in &driver.fields {
        let stored = config.and_then(|config| config.get(&field.name));
        rows.push(row(field, stored));
        if field.secret && !field.required && stored.is_some() {
            let help = format!("Takes the stored {} away.", field.name);
            let label = format!("forget {}", field.name);
            rows.push(Row::new(forget(field), label, Input::Toggle(false), help));
        }
    }
    rows
}

fn row(field: &DriverField, stored: Option<&Value>) -> Row {
    let text = stored.map(|stored| field.shown(&plain(stored))).unwrap_or_default();
    let input = if field.secret {
        Input::secret()
    } else if let Some(words) = choices(field) {
        let usual = field.default.clone().unwrap_or_default();
        let unset = (!field.required).then(|| Item::new(UNSET, usual));
        let items = unset
            .into_iter()
            .chain(words.into_iter().map(|word| Item::new(word, "")));
        Input::choice(items.collect(), if text.is_empty() { UNSET } else { &text })
    } else {
        Input::text(&text)
    };
    // What counts is said in the place of what is not typed.
    let usual = usual(field);
    let star = if field.required { " *" } else { "" };
    let mut row = Row::new(key(field), format!("{}{star}", field.name), input, help(field)).usual(usual);
    if field.secret && stored.is_some() {
        row.note = vec!["one is stored; it stays unless another is typed".to_owned()];
    }
    row.note.extend(in_units(field, &text));
    row
}

/// What counts while nothing is typed.
fn usual(field: &DriverField) -> String {
    field.shown(field.default.as_deref().unwrap_or_default())
}

/// What a size is in bytes; of one that was written in bytes, what it is in larger units.
fn in_units(field: &DriverField, value: &str) -> Option<String> {
    let value = value.trim();
    let bytes = (field.shape == "bytes").then(|| field.read(value))??;
    Some(match value.parse::<u64>() {
        Ok(bytes) => units::size(bytes),
        Err(_) => units::count(bytes, "byte"),
    })
}

/// Says below a row what the size in it is in other units.
pub fn tell_units(form: &mut Form, driver: &DriverInfo, row: &str) {
    let mut fields = driver.fields.iter();
    let Some(field) = fields.find(|field| field.shape == "bytes" && key(field) == row) else {
        return;
    };
    let size = in_units(field, &form.value(row));
    if let Some(row) = form.row_mut(row) {
        row.note = size.into_iter().collect();
    }
}

fn help(field: &DriverField) -> String {
    let mut help = String::new();
    if field.required {
        help.push_str("Required. ");
    }
    help.push_str(&field.help);
    if !help.ends_with(['.', ':']) {
        help.push('.');
    }
    if field.default.as_ref().is_some_and(|default| !default.is_empty()) && !field.help.contains("efault") {
        help = format!("{help} Default: {}.", usual(field));
    }
    if field.shape == "list" {
        help.push_str(" Several with commas between.");
    }
    help
}

/// The words a setting may be, where they are known.
fn choices(field: &DriverField) -> Option<Vec<&str>> {
    match field.shape.as_str() {
        "yes/no" => Some(vec!["yes", "no"]),
        shape if shape.contains('|') => Some(shape.split('|').collect()),
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What a row says; nothing when it is left to the driver.
fn value(form: &Form, field: &DriverField) -> String {
    let value = form.value(&key(field));
    if value == UNSET {
        return String::new();
    }
    // What is pasted often comes with spaces, and no setting but a secret means them.
    if field.secret { value } else { value.trim().to_owned() }
}

/// Settings that may be seen, and those that may not.
pub type Said = (Vec<(String, String)>, Vec<(String, Secret)>);

/// What the form says that is not so already.
pub fn read(form: &Form, driver: &DriverInfo, config: Option<&Value>) -> Said {
    let (mut set, mut secrets) = Said::default();
    for field in &driver.fields {
        let value = value(form, field);
        if field.secret {
            if !value.is_empty() {
                secrets.push((field.name.clone(), Secret::new(value)));
            } else if form.is_on(&forget(field)) {
                set.push((field.name.clone(), String::new()));
            }
            continue;
        }
        let stored = config.and_then(|config| config.get(&field.name));
        let stored = stored.map(|stored| field.shown(&plain(stored)));
        if value != stored.unwrap_or_default() {
            set.push((field.name.clone(), value));
        }
    }
    (set, secrets)
}

/// What is wrong with a row as far as the form itself can tell.
pub fn wrong(form: &Form, row: &str, driver: &DriverInfo, taken: &[String], is_change: bool) -> Option<Error> {
    if row == NAME {
        let name = form.value(NAME);
        return match valid_name("adapter", &name) {
            Err(error) => Some(error.on("")),
            Ok(()) if taken.contains(&name) => Some(Error::usage("that name is taken").next("choose another one")),
            Ok(()) => None,
        };
    }
    let field = driver.fields.iter().find(|field| key(field) == row)?;
    let value = value(form, field);
    if value.is_empty() {
        // What is stored of a secret stays.
        let missing = field.required && !(field.secret && is_change);
        return missing.then(|| Error::usage(format!("{} is required", field.name)));
    }
    if field.shape == "path" && !Path::new(&value).is_absolute() {
        return Some(Error::usage(format!("'{value}' is not absolute")).next("begin it with /"));
    }
    let is_wrong = matches!(field.shape.as_str(), "number" | "bytes") && field.read(&value).is_none();
    is_wrong.then(|| Error::usage(format!("'{value}' is not {}", field.number())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::adapter::AdapterType;

    fn field(name: &str, shape: &str) -> DriverField {
        DriverField {
            name: name.to_owned(),
            shape: shape.to_owned(),
            help: "What it is".to_owned(),
            required: name == "host",
            secret: name == "password",
            default: None,
            range: (name == "port").then_some((1, 65535)),
        }
    }

    fn driver() -> DriverInfo {
        DriverInfo {
            name: "any",
            kind: AdapterType::Source,
            about: "",
            fields: vec![
                field("host", "text"),
                field("port", "number"),
                field("tls", "off|on"),
                field("hosts", "list"),
                field("password", "text"),
            ],
        }
    }

    fn set(form: &mut Form, row: &str, value: &str) {
        let input = match row {
            "set/password" => {
                let mut field = crate::console::widget::field::Field::default().secret();
                field.set(value);
                Input::Text(Box::new(field))
            }
            _ => Input::text(value),
        };
        form.row_mut(row).unwrap().input = input;
    }

    #[test]
    fn a_form_that_was_not_touched_changes_nothing() {
        let config = json!({"host": "db1", "port": 5432, "tls": "on", "hosts": ["a", "b"], "password": "****"});
        let form = Form::new(rows(&driver(), Some(&config)));
        assert_eq!(read(&form, &driver(), Some(&config)), Said::default());
    }

    #[test]
    fn only_what_differs_is_said_and_secrets_apart() {
        let config = json!({"host": "db1", "port": 5432, "password": "****"});
        let mut form = Form::new(rows(&driver(), Some(&config)));
        set(&mut form, "set/host", " db2 ");
        set(&mut form, "set/port", "");
        set(&mut form, "set/password", " x ");
        let (seen, secret) = read(&form, &driver(), Some(&config));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(seen, [pair("host", "db2"), pair("port", "")]);
        assert_eq!(secret, [("password".to_owned(), Secret::new(" x "))]);
    }

    #[test]
    fn a_stored_secret_is_forgotten_only_when_told() {
        let config = json!({"host": "db1", "password": "****"});
        let mut form = Form::new(rows(&driver(), Some(&config)));
        form.row_mut("forget/password").unwrap().input = Input::Toggle(true);
        let (seen, secret) = read(&form, &driver(), Some(&config));
        assert_eq!(seen, [("password".to_owned(), String::new())]);
        assert!(secret.is_empty());
    }

    #[test]
    fn what_is_missing_or_no_number_is_wrong() {
        let mut form = Form::new(rows(&driver(), None));
        let taken = ["nas".to_owned()];
        let wrong = |form: &Form, row: &str| wrong(form, row, &driver(), &taken, false);
        assert!(wrong(&form, NAME).is_some());
        let said = |form: &Form, row: &str| wrong(form, row).unwrap().message;
        assert!(said(&form, "set/host").contains("required"));
        assert_eq!(wrong(&form, "set/port"), None);
        set(&mut form, "set/port", "54x");
        set(&mut form, NAME, "nas");
        assert!(said(&form, "set/port").contains("whole number"));
        assert!(said(&form, NAME).contains("taken"));
        for (port, fits) in [("0", false), ("1", true), ("65535", true), ("99999", false)] {
            set(&mut form, "set/port", port);
            assert_eq!(wrong(&form, "set/port").is_none(), fits, "{port}");
        }
        assert!(said(&form, "set/port").contains("from 1 to 65535"));
    }

    #[test]
    fn a_path_is_absolute_and_sizes_are_told_in_other_units() {
        let mut driver = driver();
        let default = Some("67108864".to_owned());
        let free = DriverField {
            default,
            ..field("min_free_bytes", "bytes")
        };
        driver.fields = vec![field("path", "path"), free];
        let mut form = Form::new(rows(&driver, Some(&json!({"min_free_bytes": 1024}))));
        let wrong = |form: &Form, row: &str| wrong(form, row, &driver, &[], true);
        set(&mut form, "set/path", "relative/path");
        assert!(wrong(&form, "set/path").unwrap().message.contains("not absolute"));
        set(&mut form, "set/path", " /srv/backups ");
        assert_eq!(wrong(&form, "set/path"), None);

        let free = |form: &mut Form| form.row_mut("set/min_free_bytes").unwrap().clone();
        assert_eq!(free(&mut form).usual, "64 MiB");
        assert_eq!(form.value("set/min_free_bytes"), "1 KiB");
        assert_eq!(free(&mut form).note, ["1024 bytes"]);
        let untouched = read(
            &form,
            &driver,
            Some(&json!({"path": "/srv/backups", "min_free_bytes": 1024})),
        );
        assert_eq!(untouched, (Vec::new(), Vec::new()));
        for (typed, note) in [
            ("1073741824", vec!["1.0 GiB"]),
            ("10MB", vec!["10000000 bytes"]),
            ("much", vec![]),
            ("", vec![]),
        ] {
            set(&mut form, "set/min_free_bytes", typed);
            tell_units(&mut form, &driver, "set/min_free_bytes");
            assert_eq!(free(&mut form).note, note);
        }
        set(&mut form, "set/min_free_bytes", "much");
        assert!(
            wrong(&form, "set/min_free_bytes")
                .unwrap()
                .message
                .contains("64 MiB, 10 MB or 512k")
        );
    }
}
