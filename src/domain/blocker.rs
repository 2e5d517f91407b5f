//! What stands in the way of a restore. What the restore could be permitted instead is no part of the text, for the command
//! line and the console each have a name of their own for it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::error::Error;

/// Something a restore does only when it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// [`replace`](super::execution::RestoreOptions::replace).
    Replace,
    /// [`force`](super::execution::RestoreOptions::force).
    Force,
}

impl Permission {
    /// How it is given, as an instruction that is right wherever it is read: what a run failed with is stored, and read at the
    /// command line and in the console.
    pub const fn in_general(self) -> &'static str {
        match self {
            Self::Replace => "let the restore replace what is there",
            Self::Force => "let the restore go ahead all the same",
        }
    }

    /// How it is given on the command line, as an instruction.
    pub const fn on_the_command_line(self) -> &'static str {
        match self {
            Self::Replace => "use --replace",
            Self::Force => "use --force",
        }
    }
}

/// Something that makes a restore impossible or dangerous, with the way out. As text, and so in JSON, it is in the words of
/// the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// What it is, one sentence without a full stop.
    what: String,
    /// What to do about it, as an instruction; empty when there is nothing.
    next: String,
    /// What the restore could be permitted instead.
    unless: Option<Permission>,
}

impl Blocker {
    /// What it is, and what to do about it.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: next.into(),
            unless: None,
        }
    }

    /// It is none once this is permitted.
    #[must_use]
    pub fn unless(mut self, permission: Permission) -> Self {
        self.unless = Some(permission);
        self
    }

    /// As a refusal; `permit` says how something is permitted, as an instruction.
    pub fn refusal(&self, permit: impl Fn(Permission) -> &'static str) -> Error {
        let next = match self.unless {
            None => self.next.clone(),
            Some(permission) => format!("{}, or {}", self.next, permit(permission)),
        };
        Error::refused(self.what.clone()).next(next)
    }
}

impl From<Error> for Blocker {
    fn from(error: Error) -> Self {
        Self::new(error.without_next(), error.next)
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal(Permission::on_the_command_line).fmt(f)
    }
}

impl Serialize for Blocker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_permitted_is_called_as_the_reader_calls_it() {
        let blocker = Blocker::new("shop is in use", "stop it first").unless(Permission::Force);
        assert_eq!(blocker.to_string(), "shop is in use · stop it first, or use --force");
        assert_eq!(
            serde_json::to_value(&blocker).unwrap(),
            "shop is in use · stop it first, or use --force"
        );
        let told = blocker.refusal(|_| "tick the box");
        assert_eq!(told.next, "stop it first, or tick the box");
    }

    #[test]
    fn an_error_in_the_way_keeps_its_object_and_its_next_step() {
        let blocker = Blocker::from(Error::failed("no such tool").on("pg_restore").next("install it"));
        assert_eq!(blocker.to_string(), "pg_restore: no such tool · install it");
    }
}
