//! A backup's files into a directory: where to, in which form, and then how far it is.

use std::path::PathBuf;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::acts::named;
use super::going::Going;
use super::work::{Download, Look};
use super::{Ask, Reply, ask, look};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Heard, Layer};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::form::dialog::Step;
use crate::console::widget::form::{self, Input, Item, Row};
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::manifest::ObjectKind;
use crate::domain::{Error, Kind, Result};
use crate::ops::backups::{Fetch, Form, Shown};

/// The choice of the copy that was proven hardest.
const BEST: &str = "the best copy";

/// The choice of all there is.
const ALL: &str = "everything";

/// The form in which the engine's own tools read the dumps.
const PLAIN: &str = "plain";

/// The question where to, and then how far it is. What was filled in comes back when it fails. Closing it stops nothing.
pub struct Wish {
    backup: BackupId,
    subject: String,
    form: form::Form,
    /// What is on its way.
    going: Option<Going>,
}

fn everything() -> Item {
    Item::new(ALL, "all the backup consists of")
}

impl Wish {
    /// About this backup.
    pub fn new(backup: &Backup) -> Self {
        let forms = vec![
            Item::new(PLAIN, "decrypted and unpacked"),
            Item::new("stored", "as it lies there, with its manifest"),
        ];
        let copies = backup.readable_copies().into_iter();
        let copies = copies.map(|copy| Item::new(copy.destination.clone(), "the copy there"));
        let copies = [Item::new(BEST, "")].into_iter().chain(copies).collect();
        let directory = format!("{}-{}", backup.job_name, backup.id.short());
        let rows = vec![
            Row::new(
                "directory",
                "Directory",
                Input::proposal(&directory),
                "Made when it is not there, open to you alone. Without a / in front it is below where the console was started.",
            ),
            Row::new(
                "object",
                "What",
                Input::choice(vec![everything()], ALL),
                "All of the backup, or one of the files it consists of.",
            ),
            Row::new(
                "form",
                "Form",
                Input::choice(forms, PLAIN),
                "Plain dumps are read by pg_restore or sqlite3. As stored, the directory is a copy of the backup.",
            ),
            Row::new(
                "from",
                "From",
                Input::choice(copies, BEST),
                "Every byte is compared with the manifest, wherever it comes from.",
            ),
            Row::new(
                "force",
                "Replace files",
                Input::Toggle(false),
                "Files of the same names that are in the directory are replaced.",
            ),
        ];
        Self {
            backup: backup.id,
            subject: named(backup),
            form: form::Form::new(rows),
            going: None,
        }
    }

    fn begin(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let directory = self.form.value("directory").trim().to_owned();
        if directory.is_empty() {
            let error = Error::usage("the files need a directory").next("name one");
            self.form.set_error("directory", Some(error));
            self.form.focus_on_error();
            return Vec::new();
        }
        let form = if self.form.value("form") == PLAIN {
            Form::Plain
        } else {
            Form::Stored
        };
        let going = Going::new(format!("into {directory}"));
        let download = Download {
            wanted: Fetch {
                backup: self.backup.to_string(),
                object: Some(self.form.value("object")).filter(|object| object != ALL),
                from: Some(self.form.value("from")).filter(|from| from != BEST),
                directory: PathBuf::from(directory),
                form,
                force: self.form.is_on("force"),
            },
            transfer: going.transfer(),
        };
        let further = going.further();
        self.going = Some(going);
        vec![ask(Ask::Download(download)).told_to(cx.ticket), further]
    }

    /// What is inside is known: any of it can be chosen.
    fn take_objects(&mut self, shown: &Shown) {
        let chosen = self.form.value("object");
        let objects = shown.objects.iter().map(|object| {
            let what = match (&object.database, object.kind) {
                (Some(database), _) => format!("database {database}"),
                (None, Some(ObjectKind::Globals)) => "roles and tablespaces".to_owned(),
                (None, _) => "sealed".to_owned(),
            };
            Item::new(object.name.clone(), what)
        });
        let items = [everything()].into_iter().chain(objects).collect();
        if let Some(row) = self.form.row_mut("object") {
            row.input = Input::choice(items, &chosen);
        }
    }
}

impl Layer for Wish {
    fn title(&self) -> String {
        format!("Download {}", self.subject)
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.going {
            None => form::Form::scopes(),
            // Stopped by the key that stops a run.
            Some(_) => vec![Scope::Runs],
        }
    }

    fn takes_text(&self) -> bool {
        self.going.is_none() && self.form.takes_text()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if let Some(going) = &mut self.going {
            return (command == Command::Cancel).then(|| vec![going.stop()]);
        }
        match self.form.heed(command) {
            Step::GoOn => return Some(self.begin(cx)),
            Step::Changed => self.form.clear_errors(),
            Step::Taken => {}
            Step::Passed => return None,
        }
        Some(Vec::new())
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.going.is_none() && self.form.key(key) == form::Did::Changed {
            self.form.clear_errors();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.going.is_none() {
            self.form.paste(text);
        }
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match (reply, &mut self.going) {
            (reply, Some(going)) => going.reply(reply),
            (message::Reply::Backups(Reply::Inside { id, shown: Ok(shown) }), None) if *id == self.backup => {
                self.take_objects(shown);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        match self.going {
            None => vec![look(Look::Contents(self.backup))],
            Some(_) => Vec::new(),
        }
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        self.going = None;
        match answer {
            Err(error) if error.kind != Kind::Interrupted => {
                self.form.set_error("directory", Some(error.clone().on("")));
                self.form.focus_on_error();
                Heard::Says(Vec::new())
            }
            _ => Heard::Closes,
        }
    }

    fn hints(&self) -> Vec<Command> {
        match self.going {
            None => self.form.hints(),
            Some(_) => vec![Command::Cancel, Command::Back],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if let Some(going) = &self.going {
            going.view(ui, frame, area, &self.title());
            return;
        }
        self.form.popup(ui, frame, area, &self.title(), 13);
    }
}
