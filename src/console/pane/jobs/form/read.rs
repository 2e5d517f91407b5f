//! What the rows say: a definition, and what is wrong with the rows of which that can be told without asking anybody.

use std::time::Duration;

use super::rows::{keep, levels};
use super::{hooks, key, names};
use crate::console::widget::form::{Form, Input};
use crate::domain::job::{Compression, Contents, Definition, Hook, Options, Overlap, Selection, Target, When};
use crate::domain::naming::valid_name;
use crate::domain::retention::Policy;
use crate::domain::schedule::Schedule;
use crate::domain::time::zone_meant;
use crate::domain::units::parse_duration;
use crate::domain::{Error, Result};

/// What the rows say.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The definition, with what it was before where a row cannot be read.
    pub definition: Definition,
    /// The profile that is to be made first.
    pub new_profile: Option<String>,
    /// What is wrong, by the key of its row.
    pub wrong: Vec<(String, Error)>,
}

/// Reads the rows. `before` is what the form began with.
pub fn read(form: &Form, before: &Definition) -> Said {
    let mut reader = Reader {
        form,
        wrong: Vec::new(),
    };
    let (profile, new_profile) = reader.profile();
    let definition = Definition {
        name: reader.name(),
        source: form.value(key::SOURCE),
        schedule: reader.schedule(),
        timezone: reader.timezone(),
        enabled: form.is_on(key::ENABLED),
        compression: reader.compression(before.compression),
        profile,
        selection: reader.selection(),
        options: reader.options(&before.options),
        destinations: reader.destinations(before),
        hooks: reader.hooks(&before.hooks),
    };
    Said {
        definition,
        new_profile,
        wrong: reader.wrong,
    }
}

struct Reader<'a> {
    form: &'a Form,
    wrong: Vec<(String, Error)>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> String {
        self.form.value(key).trim().to_owned()
    }

    fn wrong(&mut self, key: &str, error: &Error) {
        self.wrong.push((key.to_owned(), here(error)));
    }

    /// The value, or `otherwise` with what is wrong beside the row.
    fn or<T>(&mut self, key: &str, read: Result<T>, otherwise: T) -> T {
        read.unwrap_or_else(|error| {
            self.wrong(key, &error);
            otherwise
        })
    }

    fn name(&mut self) -> String {
        let name = self.text(key::NAME);
        if name.is_empty() {
            self.wrong(key::NAME, &Error::usage("it needs a name"));
        } else if let Err(error) = valid_name("job", &name) {
            self.wrong(key::NAME, &error);
        }
        name
    }

    fn schedule(&mut self) -> String {
        let schedule = self.text(key::SCHEDULE);
        if !schedule.is_empty()
            && let Err(error) = Schedule::describe_anywhere(&schedule)
        {
            self.wrong(key::SCHEDULE, &error);
        }
        schedule
    }

    /// A part of a name stands for the whole of it where it can be no other.
    fn timezone(&mut self) -> String {
        let text = self.text(key::TIMEZONE);
        let read = zone_meant(&text).map(|zone| zone.name().to_owned());
        self.or(key::TIMEZONE, read, text)
    }

    fn compression(&mut self, before: Compression) -> Compression {
        let algorithm = self.form.value(key::COMPRESSION);
        let Some((range, usual)) = levels(&algorithm) else {
            return Compression::None;
        };
        let level = self.text(key::LEVEL);
        format!("{algorithm}:{level}").parse().unwrap_or_else(|_| {
            let error = Error::usage(format!("'{level}' is no level of {algorithm}")).next(range);
            self.wrong(key::LEVEL, &error);
            if before.algorithm() == usual.algorithm() {
                before
            } else {
                usual
            }
        })
    }

    fn profile(&mut self) -> (Option<String>, Option<String>) {
        let Some(Input::Choice { items, at }) = self.form.row(key::PROFILE).map(|row| &row.input) else {
            return (None, None);
        };
        match *at {
            0 => (None, None),
            at if at + 1 == items.len() => {
                let name = self.text(key::NEW_PROFILE);
                let taken = items.iter().take(at).skip(1).any(|item| item.name == name);
                if name.is_empty() {
                    self.wrong(key::NEW_PROFILE, &Error::usage("the new profile needs a name"));
                } else if taken {
                    self.wrong(
                        key::NEW_PROFILE,
                        &Error::usage("there is a profile of that name")
                            .next("choose it, or give this one another name"),
                    );
                } else if let Err(error) = valid_name("profile", &name) {
                    self.wrong(key::NEW_PROFILE, &error);
                }
                (Some(name.clone()), Some(name))
            }
            at => (items.get(at).map(|item| item.name.clone()), None),
        }
    }

    fn selection(&mut self) -> Selection {
        let all = self.form.value(key::DATABASES) != key::THESE;
        let picked = self.form.row(key::PICKED).is_some_and(|row| !row.hidden);
        let databases = if picked {
            self.form.taken(key::PICKED)
        } else {
            names::split(&self.form.value(key::TYPED))
        };
        if !all && databases.is_empty() {
            self.wrong(
                if picked { key::PICKED } else { key::TYPED },
                &Error::usage("none is named").next("name one at least, or choose all"),
            );
        }
        let list = |key: &str| names::split(&self.form.value(key));
        let selection = Selection {
            databases: (!all).then_some(databases),
            exclude_databases: list(key::EXCLUDE_DATABASES),
            exclude_schemas: list(key::EXCLUDE_SCHEMAS),
            exclude_tables: list(key::EXCLUDE_TABLES),
            contents: match self.form.value(key::CONTENTS).as_str() {
                "definitions" => Contents::SchemaOnly,
                "rows" => Contents::DataOnly,
                _ => Contents::All,
            },
            globals: self.form.is_on(key::GLOBALS),
        };
        if let Err(error) = selection.refuse_contradiction() {
            self.wrong(key::EXCLUDE_DATABASES, &error);
        }
        selection
    }

    fn destinations(&mut self, before: &Definition) -> Vec<Target> {
        let taken = self.form.taken(key::DESTINATIONS);
        if taken.is_empty() {
            self.wrong(
                key::DESTINATIONS,
                &Error::usage("none is chosen").next("choose one at least"),
            );
        }
        let target = |name: String| {
            let key = keep(&name);
            let was = before.destinations.iter().find(|target| target.adapter == name);
            let read = self.text(&key).parse::<Policy>().and_then(Policy::refuse_empty);
            Target {
                keep: self.or(&key, read, was.map(|target| target.keep).unwrap_or_default()),
                adapter: name,
            }
        };
        taken.into_iter().map(target).collect()
    }

    fn options(&mut self, before: &Options) -> Options {
        let retries = self.text(key::RETRIES);
        let number = retries.parse().map_err(|_| {
            Error::usage(format!("'{retries}' is not a number of retries")).next("0 or more, without a sign")
        });
        Options {
            overlap: if self.form.value(key::OVERLAP) == "queue" {
                Overlap::Queue
            } else {
                Overlap::Skip
            },
            catch_up: self.form.is_on(key::CATCH_UP),
            rerun_interrupted: self.form.is_on(key::RERUN),
            retries: self.or(key::RETRIES, number, before.retries),
            retry_delay: self.length(key::RETRY_DELAY, before.retry_delay),
            timeout: self.length(key::TIMEOUT, before.timeout),
            read_back: self.form.is_on(key::READ_BACK),
        }
    }

    fn length(&mut self, key: &str, before: Duration) -> Duration {
        let read = parse_duration(&self.text(key));
        self.or(key, read, before)
    }

    /// In the order they had where nothing but that could be another.
    fn hooks(&mut self, before: &[Hook]) -> Vec<Hook> {
        let mut read = Vec::new();
        let mut same = true;
        for (key, when) in [(key::BEFORE, When::Before), (key::AFTER, When::After)] {
            let was: Vec<Hook> = before.iter().filter(|hook| hook.when == when).cloned().collect();
            let lines: Vec<String> = match self.form.row(key).map(|row| &row.input) {
                Some(Input::Lines(lines)) => lines.clone(),
                _ => Vec::new(),
            };
            let now = self.or(key, hooks::from_lines(&lines, when), was.clone());
            same &= now == was;
            read.extend(now);
        }
        if same { before.to_vec() } else { read }
    }
}

/// What is wrong and what to do, without what only makes sense on a command line. What it is wrong with is the row it stands at.
pub fn here(error: &Error) -> Error {
    let is_for_here = !error.next.contains("--") && !error.next.contains('`');
    let next = if is_for_here { error.next.as_str() } else { "" };
    Error::usage(error.message.clone()).next(next)
}

/// The same in one sentence.
pub fn in_words(error: &Error) -> String {
    let error = here(error);
    if error.next.is_empty() {
        error.message
    } else {
        format!("{}: {}", error.message, error.next)
    }
}
