//! The third step: under which names, beside what is there or in its place, and how.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::console::command::Command;
use crate::console::key::Key;
use crate::console::pane::backups::work::FreeNames;
use crate::console::ui::Ui;
use crate::console::widget::form::{Did, Form, Input, Item, Row};
use crate::domain::Error;
use crate::domain::backup::Backup;
use crate::domain::execution::{Renamed, RestoreOptions};

/// Under new names.
const NEW: &str = "new";

/// In place of what is there.
const REPLACE: &str = "replace";

/// The choice of the copy that was proven hardest.
const BEST: &str = "the best copy";

/// The most parallel jobs.
const MOST_JOBS: u32 = 64;

/// The form.
pub struct Names {
    form: Form,
    /// Each database with the name that is free for it.
    databases: Vec<(String, String)>,
    /// The mode the names are of.
    mode: String,
}

/// What was filled in.
pub struct FilledIn {
    /// Database in the backup → name it gets.
    pub databases: Vec<Renamed>,
    /// Read from this destination.
    pub from: Option<String>,
    /// How.
    pub options: RestoreOptions,
}

impl Names {
    /// For these databases, with the names that are free.
    pub fn new(backup: &Backup, asked: &FreeNames, free: &[String]) -> Self {
        let databases: Vec<(String, String)> = asked.databases.iter().cloned().zip(free.iter().cloned()).collect();
        let modes = vec![
            Item::new(NEW, "beside what is there"),
            Item::new(REPLACE, "in place of what is there"),
        ];
        let mut rows = vec![Row::new(
            "mode",
            "Mode",
            Input::choice(modes, NEW),
            "Whatever the mode: what is there stays until the new database is whole, and is never mixed with it.",
        )];
        rows.extend(databases.iter().enumerate().map(|(at, (database, name))| {
            let help = format!("The name {database} gets on {}.", asked.to);
            Row::new(name_key(at), database.clone(), Input::proposal(name), help)
        }));
        rows.extend(options(backup));
        let mut form = Form::new(rows);
        form.focus_on(&name_key(0));
        Self {
            form,
            databases,
            mode: NEW.to_owned(),
        }
    }

    /// Whether a field is edited in a larger window, which is left before the step is.
    pub const fn is_editing_lines(&self) -> bool {
        self.form.is_editing_lines()
    }

    /// Whether typed letters are text here.
    pub fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    /// Carries out a command. `false` when it means nothing here.
    pub fn command(&mut self, command: Command) -> bool {
        let did = self.form.command(command);
        self.settle(did);
        did != Did::Nothing
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) {
        let did = self.form.key(key);
        self.settle(did);
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        let did = self.form.paste(text);
        self.settle(did);
    }

    /// Another mode has other names, but for those that were typed.
    fn settle(&mut self, did: Did) {
        if did != Did::Changed {
            return;
        }
        self.form.clear_errors();
        let mode = self.form.value("mode");
        if mode == self.mode {
            return;
        }
        let was = std::mem::replace(&mut self.mode, mode);
        for (at, (database, free)) in self.databases.iter().enumerate() {
            let (old, new) = if was == NEW { (free, database) } else { (database, free) };
            if self.form.value(&name_key(at)) != *old {
                continue;
            }
            if let Some(row) = self.form.row_mut(&name_key(at)) {
                row.input = Input::proposal(new);
            }
        }
    }

    /// What was filled in; `None` while something is wrong, which is then said where it is.
    pub fn filled_in(&mut self) -> Option<FilledIn> {
        self.form.clear_errors();
        let mut names: Vec<Renamed> = Vec::new();
        for (at, (database, _)) in self.databases.iter().enumerate() {
            let target = self.form.value(&name_key(at)).trim().to_owned();
            let wrong = if target.is_empty() {
                Some(Error::usage("it needs a name"))
            } else {
                let same = names.iter().find(|names| names.target == target);
                same.map(|names| Error::usage(format!("{} gets that name already", names.database)))
            };
            self.form.set_error(&name_key(at), wrong);
            names.push(Renamed {
                database: database.clone(),
                target,
            });
        }
        let jobs = match self.form.row("jobs") {
            Some(row) if !row.hidden => self.form.value("jobs").trim().parse().ok(),
            _ => Some(1),
        };
        let jobs = jobs.filter(|jobs| (1..=MOST_JOBS).contains(jobs));
        if jobs.is_none() {
            let wrong = Error::usage(format!("it is not a number from 1 to {MOST_JOBS}"));
            self.form.set_error("jobs", Some(wrong));
        }
        if self.form.focus_on_error() {
            return None;
        }
        Some(FilledIn {
            databases: names,
            from: Some(self.form.value("from")).filter(|from| from != BEST),
            options: RestoreOptions {
                replace: self.form.value("mode") == REPLACE,
                force: self.form.is_on("force"),
                jobs: jobs.unwrap_or(1),
                no_owner: self.form.is_on("no_owner"),
                no_privileges: self.form.is_on("no_privileges"),
                no_tablespaces: self.form.is_on("no_tablespaces"),
            },
        })
    }

    /// Draws it.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.form.view(ui, frame, area);
    }
}

fn name_key(at: usize) -> String {
    format!("name {at}")
}

/// How it is done. What a file has none of is not asked for.
fn options(backup: &Backup) -> Vec<Row> {
    let copies = backup.readable_copies().into_iter();
    let copies = copies.map(|copy| {
        let about = if copy.is_in_reach() {
            "the copy there"
        } else {
            "the copy there, out of reach"
        };
        Item::new(copy.destination.clone(), about)
    });
    let copies = [Item::new(BEST, "")].into_iter().chain(copies);
    let mut rows = vec![
        Row::new(
            "from",
            "Read from",
            Input::choice(copies.collect(), BEST),
            "Every byte is compared with the manifest, wherever it comes from.",
        )
        .section("How"),
        Row::new(
            "force",
            "Although in use",
            Input::Toggle(false),
            "Go ahead although others have the target open; on a server their sessions are ended.",
        ),
    ];
    if backup.driver == "postgres" {
        rows.extend([
            Row::new(
                "jobs",
                "Parallel jobs",
                Input::proposal("1"),
                "More than 1 is faster on large databases and needs scratch space for the whole dump.",
            ),
            Row::new(
                "no_owner",
                "Leave out owners",
                Input::Toggle(false),
                "Everything belongs to the role that restores.",
            ),
            Row::new(
                "no_privileges",
                "Leave out grants",
                Input::Toggle(false),
                "No GRANT or REVOKE is restored.",
            ),
            Row::new(
                "no_tablespaces",
                "Leave out tablespaces",
                Input::Toggle(false),
                "Everything goes into the default tablespace.",
            ),
        ]);
    }
    rows
}
