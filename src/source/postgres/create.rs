//! Making a database as the one in an archive was: encoding, collation, owner, settings, grants. `pg_restore` brings these
//! back only under the old name, so its statements are read word by word and given the new one.

use super::archive::{Contents, Entry};
use super::sql::{Form, Word, is_plain, literal, statements, words};
use crate::domain::execution::RestoreOptions;
use crate::source::identifier;

/// The statements that make a database like the one in an archive.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Creation {
    /// `CREATE DATABASE …`.
    pub(super) create: String,
    /// What belongs to the database but lies outside of it, for after the restore; each can fail alone.
    pub(super) after: Vec<String>,
    /// Of these, what is not run, as nobody knows what else it would be.
    pub(super) refused: Vec<String>,
    /// What the operator should know, one sentence each.
    pub(super) notes: Vec<String>,
}

impl Creation {
    /// For a database called `name` on a server of `server_major`.
    pub(super) fn new(contents: &Contents, name: &str, server_major: u32, options: &RestoreOptions) -> Self {
        let mut creation = Self::default();
        let database = contents.entries().iter().find(|entry| entry.kind == "DATABASE");
        let definition = database.map_or("", |entry| entry.definition.as_str());
        creation.create = creation.statement(definition, name, server_major, options);
        let Some(database) = database else {
            return creation;
        };
        for entry in contents.entries().iter().filter(|entry| belongs(entry, options)) {
            for (statement, words) in statements(&entry.definition) {
                creation.after.extend(retarget(statement, &words, &database.tag, name));
            }
        }
        if !options.no_owner && !database.owner.is_empty() {
            let owner = identifier(&database.owner);
            creation
                .after
                .push(format!("ALTER DATABASE {} OWNER TO {owner}", identifier(name)));
        }
        let (plain, other): (Vec<_>, Vec<_>) = creation.after.into_iter().partition(|statement| is_plain(statement));
        creation.after = plain;
        creation.refused = other;
        creation
    }

    fn statement(&mut self, definition: &str, name: &str, server_major: u32, options: &RestoreOptions) -> String {
        let found = settings(definition);
        let of = |key: &str| {
            found
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value.as_str())
        };
        let mut sql = format!("CREATE DATABASE {} TEMPLATE = template0", identifier(name));
        let mut add = |key: &str, value: Option<&str>| {
            sql.extend(value.map(|value| format!(" {key} = {}", literal(value))));
        };
        add("ENCODING", of("ENCODING"));
        add("LC_COLLATE", of("LC_COLLATE").or(of("LOCALE")));
        add("LC_CTYPE", of("LC_CTYPE").or(of("LOCALE")));
        if let Some(provider) = of("LOCALE_PROVIDER") {
            let since = if provider == "builtin" { 17 } else { 15 };
            if server_major >= since {
                add("LOCALE_PROVIDER", Some(provider));
                add("ICU_LOCALE", of("ICU_LOCALE"));
                add("BUILTIN_LOCALE", of("BUILTIN_LOCALE"));
                if server_major >= 16 {
                    add("ICU_RULES", of("ICU_RULES"));
                }
            } else if provider != "libc" {
                self.notes.push(format!(
                    "PostgreSQL {server_major} has no {provider} collations: text sorts as the operating system's locale says"
                ));
            }
        }
        if !options.no_tablespaces {
            sql.extend(of("TABLESPACE").map(|name| format!(" TABLESPACE = {}", identifier(name))));
        }
        sql
    }
}

fn belongs(entry: &Entry, options: &RestoreOptions) -> bool {
    match entry.kind.as_str() {
        "DATABASE" => false,
        "ACL" => !options.no_privileges,
        kind => kind == "DATABASE PROPERTIES" || entry.tag.starts_with("DATABASE "),
    }
}

/// What a statement that belongs to a database is about, in the words of a message.
pub(super) fn subject(statement: &str) -> &'static str {
    let words = words(statement);
    match words.first() {
        Some(first) if first.is("GRANT") || first.is("REVOKE") => "grants",
        Some(first) if first.is("COMMENT") => "comment",
        Some(first) if first.is("SECURITY") => "security label",
        _ if words.iter().any(|word| word.is("OWNER")) => "owner",
        _ => "settings",
    }
}

/// The settings of a `CREATE DATABASE`: `KEY = value` each.
fn settings(definition: &str) -> Vec<(String, String)> {
    let words = words(definition);
    let triples = words.windows(3).filter_map(|triple| match triple {
        [key, sign, value] if sign.form == Form::Sign && sign.text == "=" && key.form == Form::Bare => {
            Some((key.text.to_ascii_uppercase(), value.text.clone()))
        }
        _ => None,
    });
    triples.collect()
}

/// The same statement about `DATABASE to` where it says `DATABASE from`; nothing if it does not.
fn retarget(statement: &str, words: &[Word], from: &str, to: &str) -> Option<String> {
    let pair = words.windows(2).find_map(|pair| match pair {
        [keyword, name] if keyword.is("DATABASE") && name.as_name() == Some(from) => Some(name),
        _ => None,
    })?;
    let mut changed = statement.to_owned();
    changed.replace_range(pair.range.clone(), &identifier(to));
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_collation_are_taken_over() {
        let definition = "CREATE DATABASE \"Shop\" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = builtin \
                          LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8' TABLESPACE = \"Fast\";";
        let options = RestoreOptions::default();
        let mut creation = Creation::default();
        assert_eq!(
            creation.statement(definition, "new", 17, &options),
            "CREATE DATABASE \"new\" TEMPLATE = template0 ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C' \
             LOCALE_PROVIDER = 'builtin' BUILTIN_LOCALE = 'C.UTF-8' TABLESPACE = \"Fast\""
        );
        assert!(creation.notes.is_empty());
        let older = creation.statement(definition, "new", 15, &options);
        assert!(!older.contains("builtin"), "{older}");
        assert_eq!(creation.notes.len(), 1);
    }

    #[test]
    fn a_statement_gets_the_new_name_and_its_texts_stay() {
        let sql = "ALTER ROLE app IN DATABASE shop SET search_path TO 'shop; DATABASE shop', 'x';";
        let found = statements(sql);
        let (statement, words) = &found[0];
        assert_eq!(
            retarget(statement, words, "shop", "new").unwrap(),
            "ALTER ROLE app IN DATABASE \"new\" SET search_path TO 'shop; DATABASE shop', 'x'"
        );
        assert_eq!(retarget(statement, words, "other", "new"), None);
    }
}
