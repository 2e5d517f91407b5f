//! A plan in words, the same on the command line and in the console.

use std::time::Duration;

use super::{PlannedDatabase, RestorePlan};
use crate::domain::backup::CopyState;
use crate::domain::blocker::Permission;
use crate::domain::job::Contents;
use crate::domain::time::Timestamp;
use crate::domain::units;

impl RestorePlan {
    /// The plan for people: a label, which may be empty, and a sentence each; times are written by `time`, and `permit` says
    /// how something is permitted.
    pub fn told(
        &self,
        time: impl Fn(Timestamp) -> String,
        permit: impl Fn(Permission) -> &'static str,
    ) -> Vec<(&'static str, String)> {
        // The look that proved it is not the one that found it so.
        let found_at = self.looked_at.filter(|at| Some(*at) != self.proven_at);
        let proven = match (self.copy_state, self.verified_level, self.proven_at) {
            (CopyState::Present, Some(level), Some(at)) => format!("proven by {level} {}", time(at)),
            (CopyState::Present, _, Some(at)) => format!("last proven {}", time(at)),
            (CopyState::Present, ..) => "never proven".to_owned(),
            (state, ..) => match found_at {
                Some(at) => format!("found {state} {}", time(at)),
                None => format!("found {state}"),
            },
        };
        let away = self.out_of_reach_since.filter(|_| self.unread);
        let away = away.map_or_else(String::new, |since| format!("; out of reach since {}", time(since)));
        let estimate = self.estimated_ms.map(|ms| {
            let took = units::duration(Duration::from_millis(ms));
            format!(", about {took} by the last restores")
        });
        let size = units::size(self.logical_size);
        let mut lines = vec![
            (
                "What",
                format!(
                    "backup {} of {}, taken {}",
                    self.backup.short(),
                    self.job,
                    time(self.taken_at)
                ),
            ),
            ("From", format!("{}, {proven}{away}", self.from)),
            ("Into", format!("{} ({})", self.to, self.summary)),
            ("Size", format!("{size}{}", estimate.unwrap_or_default())),
        ];
        // What is in the way is told once, by what blocks it.
        let free = self.databases.iter().filter(|database| !database.in_the_way);
        lines.extend(free.map(|database| ("", database.told())));
        if self.globals {
            lines.push(("", "roles and tablespaces that are not there yet".to_owned()));
        }
        lines.extend(self.warnings.iter().map(|warning| ("Note", warning.clone())));
        lines.extend(
            self.blockers
                .iter()
                .map(|blocker| ("Blocked", blocker.refusal(&permit).to_string())),
        );
        lines
    }
}

impl PlannedDatabase {
    /// `shop as shop_tuesday, 1.2 GiB: new, file shop_tuesday.db`.
    fn told(&self) -> String {
        let names = if self.database == self.target {
            self.target.clone()
        } else {
            format!("{} as {}", self.database, self.target)
        };
        let file = self
            .file
            .as_ref()
            .map_or_else(String::new, |file| format!(", file {file}"));
        format!("{names}, {}: {}{file}", units::size(self.logical_size), self.effect())
    }

    /// `new`, `replaces 1.2 GiB`, `takes the place of an empty one`, `adds rows to the tables that are there`.
    pub fn effect(&self) -> String {
        let rows_only = self.contents == Contents::DataOnly;
        match (rows_only, self.replaces) {
            (true, true) => "replaces the rows of the tables that are there".to_owned(),
            (true, false) => "adds rows to the tables that are there".to_owned(),
            (false, true) => format!("replaces {}", units::size(self.existing_size)),
            (false, false) if self.exists => "takes the place of an empty one".to_owned(),
            (false, false) => "new".to_owned(),
        }
    }
}
