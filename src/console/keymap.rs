//! Keys to commands, by scope. The defaults come from the command list; `keys.toml` is a patch over them: `[jobs]`, then
//! `run = ["r", "f9"]`, and an empty list takes all keys from a command.

use std::collections::HashMap;

use toml::Table;

use super::command::{self, Command, Scope};
use super::key::Key;
use super::view::key_sign;
use crate::domain::{Error, Result};

/// Which key does what, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of the command list; the first key of a command is the one that is shown.
    bindings: Vec<Binding>,
    by_key: HashMap<(Scope, Key), Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Binding {
    scope: Scope,
    key: Key,
    command: Command,
}

/// A key that one command takes from another.
#[derive(Clone, Copy, Debug)]
struct Taking {
    by: Binding,
    from: Binding,
}

impl Taking {
    /// Whether another key of the same two commands is taken in the same place: what the defaults do is meant.
    fn is_like(&self, other: &Self) -> bool {
        let place = |binding: &Binding| (binding.scope, binding.command);
        place(&self.by) == place(&other.by) && place(&self.from) == place(&other.from)
    }

    fn refused(&self) -> Error {
        let Self { by, from } = self;
        let (one, other) = (by.command.name(), from.command.name());
        let place = if by.scope == from.scope {
            format!("'{one}' and of '{other}' in [{}]", by.scope)
        } else {
            format!(
                "'{one}' in [{}] and of '{other}' in [{}], which apply together",
                by.scope, from.scope
            )
        };
        Error::usage(format!("{} is the key of {place}", by.key)).next(format!(
            "give '{one}' or '{other}' another key in the same file; until then the keys stay as they were"
        ))
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let bindings = command::ALL.iter().flat_map(|entry| {
            entry.scopes.iter().flat_map(move |scope| {
                entry.keys.iter().filter_map(move |key| {
                    Some(Binding {
                        scope: *scope,
                        key: key.parse().ok()?,
                        command: entry.command,
                    })
                })
            })
        });
        Self::of(bindings.collect())
    }
}

impl Keymap {
    /// The defaults with the patch in `text`, the content of a `keys.toml`. All of it or, with the reason, nothing.
    pub fn patched(text: &str) -> Result<Self> {
        let table: Table = toml::from_str(text).map_err(|error| {
            Error::usage(format!("it cannot be read: {}", error.message()))
                .next("write [scope], then command = [\"key\"]")
        })?;
        let usual = Self::default();
        let mut bindings = usual.bindings.clone();
        for (scope_name, commands) in &table {
            let scope = scope(scope_name)?;
            let commands = commands.as_table().ok_or_else(|| {
                Error::usage(format!("'{scope_name}' is not a section")).next(format!("write [{scope_name}]"))
            })?;
            for (name, keys) in commands {
                let command = command_in(scope, name)?;
                let keys = keys_of(name, keys)?;
                bindings.retain(|binding| binding.scope != scope || binding.command != command);
                bindings.extend(keys.into_iter().map(|key| Binding { scope, key, command }));
            }
        }
        let patched = Self::of(bindings);
        let allowed: Vec<Taking> = usual.takings().collect();
        let taken = patched
            .takings()
            .find(|taking| !allowed.iter().any(|usual| usual.is_like(taking)));
        match taken {
            Some(taking) => Err(taking.refused()),
            None if !patched.leads_out() => Err(Error::usage("no key would be left that leads out").next(
                "give 'quit' or 'palette' a key, and 'back' or 'quit' one that types no letter; until then the keys stay as they were",
            )),
            None => Ok(patched),
        }
    }

    /// Whether the console can be left, and whatever lies on top of it too, where letters are text.
    fn leads_out(&self) -> bool {
        let has = |commands: [Command; 2], fits: fn(Key) -> bool| {
            self.bindings.iter().any(|binding| {
                binding.scope == Scope::Everywhere && commands.contains(&binding.command) && fits(binding.key)
            })
        };
        has([Command::Quit, Command::Palette], |_| true)
            && has([Command::Back, Command::Quit], |key| key.text().is_none())
    }

    /// Where a key that a command has is taken from another one that is reached in the same place.
    fn takings(&self) -> impl Iterator<Item = Taking> {
        self.bindings.iter().flat_map(move |by| {
            let from = self.bindings.iter().filter(move |from| {
                from.key == by.key
                    && from.command != by.command
                    && (from.scope == by.scope
                        || (by.scope.enclosing().contains(&from.scope) && by.scope.reaches(from.scope, from.command)))
            });
            from.map(|from| Taking { by: *by, from: *from })
        })
    }

    fn of(bindings: Vec<Binding>) -> Self {
        let mut by_key = HashMap::new();
        for binding in &bindings {
            by_key.entry((binding.scope, binding.key)).or_insert(binding.command);
        }
        Self { bindings, by_key }
    }

    /// What `key` does where `scopes` apply, the most specific first.
    pub fn find(&self, scopes: &[Scope], key: Key) -> Option<Command> {
        scopes.iter().find_map(|scope| self.by_key.get(&(*scope, key)).copied())
    }

    /// The keys of `command` in `scope`, the one to be shown first.
    pub fn keys(&self, scope: Scope, command: Command) -> impl Iterator<Item = Key> {
        self.bindings
            .iter()
            .filter(move |binding| binding.scope == scope && binding.command == command)
            .map(|binding| binding.key)
    }

    /// The key to show for `command` where `scopes` apply: one that really leads to it there.
    pub fn shown(&self, scopes: &[Scope], command: Command) -> Option<Key> {
        scopes
            .iter()
            .flat_map(|scope| self.keys(*scope, command))
            .find(|key| self.find(scopes, *key) == Some(command))
    }

    /// How `command` is reached where `scopes` apply, for a text: its key as people write it, or `:name` when it has none.
    pub fn sign(&self, scopes: &[Scope], command: Command) -> String {
        let mut scopes = scopes.to_vec();
        scopes.push(Scope::Everywhere);
        match self.shown(&scopes, command) {
            Some(key) => key_sign(&key.to_string()),
            None => format!(":{}", command.name()),
        }
    }
}

fn scope(name: &str) -> Result<Scope> {
    Scope::ALL
        .into_iter()
        .find(|scope| scope.name() == name)
        .ok_or_else(|| {
            let names: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
            Error::usage(format!("there is no section '{name}'")).next(format!("one of {}", names.join(", ")))
        })
}

fn command_in(scope: Scope, name: &str) -> Result<Command> {
    Command::find(name)
        .filter(|command| command.entry().scopes.contains(&scope))
        .ok_or_else(|| {
            Error::usage(format!("there is no command '{name}' in [{scope}]"))
                .next(format!("one of {}", names_in(scope).join(", ")))
        })
}

/// The names of the commands of a section.
fn names_in(scope: Scope) -> Vec<&'static str> {
    let entries = command::ALL.iter().filter(|entry| entry.scopes.contains(&scope));
    entries.map(|entry| entry.name).collect()
}

fn keys_of(name: &str, keys: &toml::Value) -> Result<Vec<Key>> {
    let shape = || {
        Error::usage(format!("the keys of '{name}' are not a list of texts")).next(format!("write {name} = [\"g\"]"))
    };
    keys.as_array()
        .ok_or_else(shape)?
        .iter()
        .map(|key| key.as_str().ok_or_else(shape)?.parse())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn the_defaults_written_out_are_no_change() {
        let map = Keymap::default();
        let mut text = String::new();
        for scope in Scope::ALL {
            writeln!(text, "[{scope}]").unwrap();
            for entry in command::ALL.iter().filter(|entry| entry.scopes.contains(&scope)) {
                writeln!(text, "{} = {:?}", entry.name, entry.keys).unwrap();
            }
        }
        assert_eq!(Keymap::patched(&text).unwrap().by_key, map.by_key);
        assert_eq!(Keymap::patched("").unwrap(), map);
    }

    #[test]
    fn the_specific_scope_wins() {
        let map = Keymap::default();
        let scopes = [Scope::Log, Scope::Runs, Scope::List, Scope::Everywhere];
        assert_eq!(map.find(&scopes, key("/")), Some(Command::Search));
        assert_eq!(map.find(&scopes, key("t")), Some(Command::Times));
        assert_eq!(map.find(&scopes, key("x")), Some(Command::Cancel));
    }

    #[test]
    fn a_patch_moves_a_key_and_leaves_the_rest() {
        let map = Keymap::patched("[jobs]\nrun = [\"f9\"]\npause = [\"r\"]\n").unwrap();
        assert_eq!(map.find(&[Scope::Jobs], key("f9")), Some(Command::Run));
        assert_eq!(map.find(&[Scope::Jobs], key("r")), Some(Command::Pause));
        assert_eq!(map.find(&[Scope::Jobs], key("p")), None);
        assert_eq!(map.find(&[Scope::Jobs], key("e")), Some(Command::Edit));
    }

    #[test]
    fn a_key_that_another_command_has_is_refused_unless_that_one_gets_another() {
        for (patch, names) in [
            ("[jobs]\nrun = [\"j\"]\n", ["run", "down"]),
            ("[jobs]\nrun = [\"e\"]\n", ["run", "edit"]),
            ("[jobs]\nrun = [\"q\"]\n", ["run", "quit"]),
            ("[lists]\nfilter = [\"r\"]\n", ["filter", "run"]),
            ("[log]\nfollow = [\"x\"]\n", ["follow", "cancel"]),
            ("[dialogs]\nyes = [\"esc\"]\n", ["yes", "back"]),
            ("[dialogs]\nyes = [\"G\"]\n", ["yes", "bottom"]),
            ("[jobs]\nrun = [\"f5\"]\npause = [\"f5\"]\n", ["run", "pause"]),
        ] {
            let error = Keymap::patched(patch).unwrap_err();
            for name in names {
                assert!(error.message.contains(&format!("'{name}'")), "{patch}: {error}");
            }
        }
        for patch in [
            "[jobs]\nrun = [\"j\"]\n[lists]\ndown = [\"f2\"]\n",
            "[lists]\ndown = [\"f2\"]\n[jobs]\nrun = [\"j\"]\n",
            "[jobs]\nrun = [\"e\"]\nedit = []\n",
            "[jobs]\nrun = [\"o\"]\n",
            "[dialogs]\naccept = [\"enter\", \"space\"]\n",
            "[log]\ntimes = [\"f6\"]\n[runs]\nonly-type = [\"f6\"]\n",
        ] {
            assert!(Keymap::patched(patch).is_ok(), "{patch}");
        }
    }

    /// What lies over a pane has keys of its own, and the log two; a pane takes none from what applies in it.
    #[test]
    fn by_default_only_what_lies_on_top_takes_keys() {
        let map = Keymap::default();
        let mut taking: Vec<String> = map
            .takings()
            .map(|Taking { by, from }| format!("{} {} {} from {}", by.scope, by.key, by.command.name(), from.scope))
            .collect();
        taking.sort();
        assert_eq!(
            taking,
            [
                "dialogs down next-answer from lists",
                "dialogs up previous-answer from lists",
                "log / search from lists",
                "log t times from runs",
                "steps ctrl-s go-on from forms",
                "steps enter go-on from forms",
            ]
        );
    }

    #[test]
    fn a_command_that_a_section_lacks_is_refused_with_those_it_has() {
        let error = Keymap::patched("[steps]\nrunn = [\"f9\"]\n").unwrap_err();
        assert_eq!(error.without_next(), "there is no command 'runn' in [steps]");
        assert_eq!(error.next, "one of go-on");
    }

    #[test]
    fn an_empty_list_takes_the_keys_away() {
        let map = Keymap::patched("[everywhere]\nquit = []\n").unwrap();
        assert_eq!(map.find(&[Scope::Everywhere], key("q")), None);
        assert_eq!(map.shown(&[Scope::Everywhere], Command::Quit), None);
    }

    #[test]
    fn keys_that_lock_somebody_in_are_refused() {
        for text in [
            "[everywhere]\nquit = []\npalette = []\n",
            "[everywhere]\nback = []\nquit = [\"q\"]\n",
        ] {
            let error = Keymap::patched(text).unwrap_err();
            assert!(error.next.contains("'quit'"), "{error}");
        }
        assert!(Keymap::patched("[everywhere]\nback = []\n").is_ok());
    }

    #[test]
    fn a_text_names_the_key_that_is_bound_and_else_the_command() {
        let of = |patch: &str, command| {
            Keymap::patched(patch)
                .unwrap()
                .sign(&[Scope::Backups, Scope::List], command)
        };
        assert_eq!(of("", Command::Scan), "S");
        assert_eq!(of("", Command::Back), "Esc");
        assert_eq!(of("[backups]\nscan = [\"ctrl-s\"]\n", Command::Scan), "Ctrl-s");
        assert_eq!(of("[backups]\nscan = []\n", Command::Scan), ":scan");
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, word) in [
            ("[nowhere]\n", "nowhere"),
            ("[jobs]\nfly = [\"f\"]\n", "fly"),
            ("[jobs]\nrun = \"r\"\n", "run"),
            ("[jobs]\nrun = [\"hyper-x\"]\n", "hyper-x"),
            ("jobs = 1\n", "jobs"),
        ] {
            let error = Keymap::patched(text).unwrap_err();
            assert!(error.message.contains(word), "{error}");
            assert!(!error.next.is_empty(), "{error}");
        }
    }
}
