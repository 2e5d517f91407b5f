//! What every kind of driver has in common: a name, settings that describe themselves, and a way to be opened.

use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::units::{exact_size, parse_size};
use crate::domain::{Error, Result};

/// One line in the list of drivers.
pub struct Driver<T: ?Sized + 'static, Context: 'static> {
    /// What adapters call it: `postgres`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// The JSON schema of its settings.
    pub schema: fn() -> Schema,
    /// Opens it; the configuration has been checked against the schema.
    pub build: fn(&Value, &Context) -> Result<Arc<T>>,
}

impl<T: ?Sized, Context> Driver<T, Context> {
    /// Opens it from a configuration.
    pub fn open(&self, config: &Value, context: &Context) -> Result<Arc<T>> {
        (self.build)(config, context)
    }
}

/// Reads a driver's settings, naming the field that is wrong.
pub fn read_config<C: DeserializeOwned>(config: &Value) -> Result<C> {
    serde_json::from_value(config.clone()).map_err(|error| {
        Error::usage(format!("the settings do not fit: {error}"))
            .next("`backstay adapter drivers NAME` lists the fields")
    })
}

/// The schema of `C`.
pub fn schema_of<C: JsonSchema>() -> Schema {
    schemars::schema_for!(C)
}

/// One field of a driver's settings, as forms, flags and help show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// `text`, `path` (which is absolute), `number`, `bytes`, `yes/no`, `list`, or the allowed words joined by `|`.
    pub shape: String,
    /// Its doc comment.
    pub help: String,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it is a secret.
    pub secret: bool,
    /// Used when it is not given.
    pub default: Option<String>,
    /// The least and the most a number may be, where there is a most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(u64, u64)>,
}

impl Field {
    /// What a number has to be, in words.
    pub fn number(&self) -> String {
        if self.shape == "bytes" {
            return "a size such as 64 MiB, 10 MB or 512k".to_owned();
        }
        match self.range {
            Some((least, most)) => format!("a whole number from {least} to {most}"),
            None => "a whole number".to_owned(),
        }
    }

    /// Reads a number, or a size as people write it; nothing where it is none or out of range.
    pub fn read(&self, value: &str) -> Option<u64> {
        let number = if self.shape == "bytes" {
            parse_size(value).ok()
        } else {
            value.parse().ok()
        };
        number.filter(|number| self.range.is_none_or(|(least, most)| (least..=most).contains(number)))
    }

    /// A plain value as it is shown to people and may be written by them: bytes with their unit.
    pub fn shown(&self, value: &str) -> String {
        match value.parse() {
            Ok(bytes) if self.shape == "bytes" => exact_size(bytes),
            _ => value.to_owned(),
        }
    }
}

/// The fields of a schema, in the order of declaration.
pub fn fields(schema: &Schema) -> Vec<Field> {
    let root = schema.as_value();
    let required: Vec<&str> = root
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = root.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| Field {
            name: name.clone(),
            shape: shape(root, property),
            help: text(root, property, "description").replace('\n', " "),
            required: required.contains(&name.as_str()),
            secret: resolve(root, property).any(|part| part.get("writeOnly") == Some(&Value::Bool(true))),
            default: property.get("default").filter(|value| !value.is_null()).map(plain),
            range: range(root, property),
        })
        .collect()
}

/// Turns `key=value` texts into typed settings on top of `base`: numbers, yes/no and lists by the schema. An empty value
/// takes the key away. Unknown keys are refused by name.
pub fn apply(schema: &Schema, base: &Value, changes: &[(String, String)]) -> Result<Value> {
    let known = fields(schema);
    let mut config = base.as_object().cloned().unwrap_or_default();
    for (key, value) in changes {
        let field = known.iter().find(|field| field.name == *key).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
            Error::usage(format!("there is no field '{key}'")).next(format!("fields are {}", names.join(", ")))
        })?;
        set(&mut config, field, value)?;
    }
    Ok(Value::Object(config))
}

fn set(config: &mut Map<String, Value>, field: &Field, value: &str) -> Result<()> {
    if value.is_empty() {
        config.shift_remove(&field.name);
        return Ok(());
    }
    let bad = |wanted: &str| {
        Error::usage(format!("field {}: '{value}' is not {wanted}", field.name))
            .next("`backstay adapter drivers NAME` tells what each field takes")
    };
    let typed = match field.shape.as_str() {
        "number" | "bytes" => Value::from(field.read(value).ok_or_else(|| bad(&field.number()))?),
        "yes/no" => match value {
            "true" | "yes" | "on" | "1" => Value::Bool(true),
            "false" | "no" | "off" | "0" => Value::Bool(false),
            _ => return Err(bad("yes or no")),
        },
        "list" => value.split(',').map(|item| Value::from(item.trim())).collect(),
        _ => Value::from(value),
    };
    config.insert(field.name.clone(), typed);
    Ok(())
}

/// The values of a configuration that are secret, for masking.
pub fn secret_values(schema: &Schema, config: &Value) -> Vec<String> {
    fields(schema)
        .iter()
        .filter(|field| field.secret)
        .filter_map(|field| config.get(&field.name).and_then(Value::as_str))
        .flat_map(|value| std::iter::once(value.to_owned()).chain(uri_passwords(value)))
        .collect()
}

/// The password in a URI, as it is written there and as it is sent.
fn uri_passwords(value: &str) -> Vec<String> {
    let password = value
        .split_once("://")
        .and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'))
        .map(|(_, password)| password);
    let Some(written) = password else {
        return Vec::new();
    };
    let mut sent = Vec::new();
    let mut rest = written.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.split_at_checked(2).filter(|_| *first == b'%');
        if let Some((bytes, after)) = escaped.and_then(|(digits, after)| Some((hex::decode(digits).ok()?, after))) {
            sent.extend(bytes);
            rest = after;
        } else {
            sent.push(*first);
            rest = tail;
        }
    }
    vec![written.to_owned(), String::from_utf8_lossy(&sent).into_owned()]
}

/// A configuration as it may be shown: secret values replaced by `****`, what the schema does not know left out.
pub fn masked(schema: &Schema, config: &Value) -> Value {
    let shown = fields(schema).into_iter().filter_map(|field| {
        let value = config.get(&field.name)?;
        Some((
            field.name.clone(),
            if field.secret {
                Value::from("****")
            } else {
                value.clone()
            },
        ))
    });
    Value::Object(shown.collect())
}

/// A property and what it refers to, since schemars puts shared types behind `$ref`, `allOf` or `anyOf` (optional ones).
fn resolve<'a>(root: &'a Value, property: &'a Value) -> impl Iterator<Item = &'a Value> {
    let alternatives = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|key| property.get(key).and_then(Value::as_array))
        .flatten();
    std::iter::once(property).chain(alternatives).flat_map(move |part| {
        let target = part
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| root.pointer(path.trim_start_matches('#')));
        std::iter::once(part).chain(target)
    })
}

fn text(root: &Value, property: &Value, key: &str) -> String {
    resolve(root, property)
        .find_map(|part| part.get(key).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}

fn range(root: &Value, property: &Value) -> Option<(u64, u64)> {
    let bound = |key: &str| resolve(root, property).find_map(|part| part.get(key)?.as_u64());
    Some((bound("minimum").unwrap_or(0), bound("maximum")?))
}

fn shape(root: &Value, property: &Value) -> String {
    let words: Vec<&str> = resolve(root, property)
        .flat_map(|part| {
            let listed = part.get("enum").and_then(Value::as_array).into_iter().flatten();
            let constants = part
                .get("oneOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|one| one.get("const"));
            listed.chain(constants)
        })
        .chain(resolve(root, property).filter_map(|part| part.get("const")))
        .filter_map(Value::as_str)
        .collect();
    if !words.is_empty() {
        return words.join("|");
    }
    let kind = resolve(root, property).find_map(|part| match part.get("type") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => None,
    });
    let format = text(root, property, "format");
    match (kind, format.as_str()) {
        (Some("integer" | "number"), "bytes") => "bytes",
        (Some("integer" | "number"), _) => "number",
        (Some("boolean"), _) => "yes/no",
        (Some("array"), _) => "list",
        (_, "path") => "path",
        _ => "text",
    }
    .to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
