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
use crate::console::message::{self, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar;
use crate::console::widget::form::{self, Input, Item, Row};
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::units;
use crate::ops::backups::Form;

/// The choice of the copy that was proven hardest.
const BEST: &str = "the best copy";

/// The form in which the engine's own tools read the dumps.
const PLAIN: &str = "plain";

/// The question where to.
pub struct Wish {
    backup: BackupId,
    subject: String,
    form: form::Form,
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
        let progress = Progress {
            subject: self.subject.clone(),
            directory,
            transfer,
            moved: Moved::default(),
            is_asked: false,
        };
        vec![
            Effect::Close,
            ask(Ask::Download(download)),
            Effect::Open(Box::new(progress)),
        ]
    }
}

impl Layer for Wish {
    fn title(&self) -> String {
        format!("Download {}", self.subject)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Steps, Scope::Form]
    }

    fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
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
        if self.form.key(key) == form::Did::Changed {
            self.form.clear_errors();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        self.form.paste(text);
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::GoOn, Command::NextField, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 76, 12), &self.title());
        self.form.view(ui, frame, inner);
    }
}

/// How far a download is. Closing it stops nothing.
struct Progress {
    subject: String,
    directory: String,
    transfer: Arc<Transfer>,
    moved: Moved,
    is_asked: bool,
}

impl Progress {
    fn further(&self) -> Effect {
        look(Look::Transferred(Arc::clone(&self.transfer), self.moved))
    }
}

impl Layer for Progress {
    fn title(&self) -> String {
        format!("Download {}", self.subject)
    }

    fn scopes(&self) -> Vec<Scope> {
        // Stopped by the key that stops a run.
        vec![Scope::Runs]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Cancel => Some(vec![look(Look::Stop(Arc::clone(&self.transfer)))]),
            _ => None,
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_asked, true) {
            return Vec::new();
        }
        vec![self.further()]
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            message::Reply::Backups(Reply::Transferred(transfer, moved)) if Arc::ptr_eq(transfer, &self.transfer) => {
                self.moved = *moved;
                vec![if moved.ended { Effect::Close } else { self.further() }]
            }
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Cancel, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 76, 7), &self.title());
        let inner = inner.inner(Margin::new(1, 0));
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
