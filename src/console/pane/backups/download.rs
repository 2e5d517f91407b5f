//! A backup's files into a directory: where to, in which form, and then how far it is.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};

use super::acts::named;
use super::transfer::{Moved, Transfer};
use super::work::{Download, Look};
use super::{Ask, Reply, ask, look};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Layer, centered};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar;
use crate::console::widget::form::{self, Input, Item, Row};
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::{Kind, Result, units};
use crate::ops::backups::Form;

/// The choice of the copy that was proven hardest.
const BEST: &str = "the best copy";

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

/// A download on its way.
struct Going {
    directory: String,
    transfer: Arc<Transfer>,
    moved: Moved,
    /// It was told to stop.
    is_stopping: bool,
}

impl Going {
    fn further(&self) -> Effect {
        look(Look::Transferred(Arc::clone(&self.transfer), self.moved))
    }
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
                Input::text(&directory),
                "Made when it is not there, open to you alone. Without a / in front it is below where the console was started.",
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

    fn done(&mut self) -> Vec<Effect> {
        let directory = self.form.value("directory").trim().to_owned();
        if directory.is_empty() {
            let error = "name a directory for the files".to_owned();
            self.form.set_error("directory", Some(error));
            self.form.focus_on_error();
            return Vec::new();
        }
        let transfer = Arc::<Transfer>::default();
        let form = if self.form.value("form") == PLAIN {
            Form::Plain
        } else {
            Form::Stored
        };
        let download = Download {
            backup: self.backup,
            directory: PathBuf::from(&directory),
            form,
            from: Some(self.form.value("from")).filter(|from| from != BEST),
            force: self.form.is_on("force"),
            transfer: Arc::clone(&transfer),
        };
        let going = Going {
            directory,
            transfer,
            moved: Moved::default(),
            is_stopping: false,
        };
        let further = going.further();
        self.going = Some(going);
        vec![ask(Ask::Download(download)), further]
    }

    /// It has ended: well, or the form comes back with what was wrong.
    fn take_end(&mut self, answer: &Result<Done>) -> Vec<Effect> {
        match answer {
            Err(error) if error.kind != Kind::Interrupted => {
                self.going = None;
                let told = match error.kind {
                    Kind::Refused => format!("{}: {}", error.message, error.next),
                    _ => error.message.clone(),
                };
                self.form.set_error("directory", Some(told));
                self.form.focus_on_error();
                Vec::new()
            }
            _ => vec![Effect::Close],
        }
    }
}

impl Layer for Wish {
    fn title(&self) -> String {
        format!("Download {}", self.subject)
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.going {
            None => vec![Scope::Steps, Scope::Form],
            // Stopped by the key that stops a run.
            Some(_) => vec![Scope::Runs],
        }
    }

    fn takes_text(&self) -> bool {
        self.going.is_none() && self.form.takes_text()
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if let Some(going) = &mut self.going {
            if command != Command::Cancel {
                return None;
            }
            going.is_stopping = true;
            return Some(vec![look(Look::Stop(Arc::clone(&going.transfer)))]);
        }
        match command {
            Command::GoOn if !self.form.is_editing_lines() => return Some(self.done()),
            Command::Back if !self.form.is_editing_lines() => return None,
            _ => {}
        }
        match self.form.command(command) {
            form::Did::Nothing => None,
            _ => Some(Vec::new()),
        }
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
        let Some(going) = &mut self.going else {
            return Vec::new();
        };
        match reply {
            message::Reply::Backups(Reply::Transferred(transfer, moved)) if Arc::ptr_eq(transfer, &going.transfer) => {
                going.moved = *moved;
                match (moved.ended, going.is_stopping) {
                    (false, _) => vec![going.further()],
                    (true, true) => vec![Effect::Close],
                    // How it ended is still to come.
                    (true, false) => Vec::new(),
                }
            }
            message::Reply::Done(answer) => self.take_end(answer),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Command> {
        match self.going {
            None if self.form.is_editing_lines() => vec![Command::GoOn, Command::Back],
            None => vec![Command::GoOn, Command::NextField, Command::Back],
            Some(_) => vec![Command::Cancel, Command::Back],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if let Some(going) = &self.going {
            let inner = ui.popup(frame, centered(area, 76, 7), &self.title());
            going.view(ui, frame, inner.inner(Margin::new(1, 0)));
            return;
        }
        let inner = ui.popup(frame, centered(area, 76, 12), &self.title());
        self.form.view(ui, frame, inner);
    }
}

impl Going {
    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, inner: Rect) {
        let line = |y: u16| {
            Rect {
                y: inner.y + y,
                height: 1,
                ..inner
            }
            .intersection(inner)
        };
        let width = usize::from(inner.width);
        let Moved { bytes, total, ended } = self.moved;
        frame.render_widget(
            ui.line(Role::Text, ui.fit(&format!("into {}", self.directory), width)),
            line(0),
        );
        frame.render_widget(bar::bar(ui, bytes, total, inner.width), line(1));
        let told = if ended {
            "it has ended".to_owned()
        } else if total == 0 {
            format!("looking at it{}", ui.glyphs.ellipsis)
        } else {
            format!(
                "{}  {} of {}",
                bar::percent(bytes, total),
                units::size(bytes),
                units::size(total)
            )
        };
        frame.render_widget(ui.line(Role::Text, told), line(2));
        let hint = "Closed, it goes on and says when it is done.";
        frame.render_widget(ui.line(Role::Muted, ui.fit(hint, width)), line(4));
    }
}
