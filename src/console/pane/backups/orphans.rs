//! What unfinished runs left at a destination: listed, and deleted when told to.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Paragraph, Wrap};

use super::detail::counted;
use super::work::Look;
use super::{Ask, Reply, ask, look};
use crate::console::command::{Command, Scope};
use crate::console::layer::confirm::Confirm;
use crate::console::layer::{Heard, Layer, centered};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::Result;
use crate::domain::units;
use crate::ops::backups::{Found, Orphan};

const COLUMNS: [Column; 4] = [
    Column::new("FOLDER", 24, 1, 0),
    Column::new("BEGUN", 16, 0, 2),
    Column::new("FILES", 5, 0, 1).right(),
    Column::new("STORED", 9, 0, 0).right(),
];

/// The list.
pub struct Orphans {
    destination: String,
    found: Option<Result<Found>>,
    is_asked: bool,
    selection: Selection,
    marks: BTreeSet<String>,
}

impl Orphans {
    /// At this destination.
    pub fn new(destination: &str) -> Self {
        Self {
            destination: destination.to_owned(),
            found: None,
            is_asked: false,
            selection: Selection::default(),
            marks: BTreeSet::new(),
        }
    }

    fn orphans(&self) -> &[Orphan] {
        match &self.found {
            Some(Ok(found)) => &found.orphans,
            _ => &[],
        }
    }

    fn chosen(&self) -> Vec<Orphan> {
        let orphans = self.orphans();
        if self.marks.is_empty() {
            return orphans.get(self.selection.at()).cloned().into_iter().collect();
        }
        let is_marked = |orphan: &&Orphan| self.marks.contains(&orphan.folder);
        orphans.iter().filter(is_marked).cloned().collect()
    }

    fn mark(&mut self) {
        let Some(folder) = self
            .orphans()
            .get(self.selection.at())
            .map(|orphan| orphan.folder.clone())
        else {
            return;
        };
        if !self.marks.remove(&folder) {
            self.marks.insert(folder);
        }
        let len = self.orphans().len();
        self.selection.command(Command::Down, len);
    }

    fn mark_all(&mut self) {
        self.marks = if self.marks.is_empty() {
            self.orphans().iter().map(|orphan| orphan.folder.clone()).collect()
        } else {
            BTreeSet::new()
        };
    }

    fn delete(&self, cx: &Cx<'_>) -> Vec<Effect> {
        let orphans = self.chosen();
        if orphans.is_empty() {
            return Vec::new();
        }
        let bytes = orphans.iter().map(|orphan| orphan.bytes).sum();
        let files: usize = orphans.iter().map(|orphan| orphan.files).sum();
        let destination = self.destination.clone();
        let title = format!("Delete what is left over at {destination}?");
        let mut lines: Vec<String> = orphans.iter().take(8).map(|orphan| orphan.folder.clone()).collect();
        if orphans.len() > lines.len() {
            lines.push(format!("and {} more", orphans.len() - lines.len()));
        }
        let counted = format!("{}, {} in all.", counted(files, "file"), units::size(bytes));
        let removal = ask(Ask::RemoveOrphans {
            destination: destination.clone(),
            orphans,
        });
        let yes = vec![removal.told_to(cx.ticket)];
        let confirm = lines
            .into_iter()
            .fold(Confirm::new(title, "Delete", yes), Confirm::line);
        let confirm = confirm
            .warn(format!(
                "{counted} They are of runs that never became a backup, and cannot be brought back."
            ))
            .typed(destination);
        vec![Effect::Open(Box::new(confirm))]
    }
}

impl Layer for Orphans {
    fn title(&self) -> String {
        format!("Left over at {}", self.destination)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List, Scope::Backups]
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Delete => Some(self.delete(cx)),
            Command::Mark => {
                self.mark();
                Some(Vec::new())
            }
            Command::MarkAll => {
                self.mark_all();
                Some(Vec::new())
            }
            Command::Back if !self.marks.is_empty() => {
                self.marks.clear();
                Some(Vec::new())
            }
            _ => {
                let len = self.orphans().len();
                self.selection.command(command, len).then(Vec::new)
            }
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_asked, true) {
            return Vec::new();
        }
        vec![look(Look::Orphans(self.destination.clone()))]
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            message::Reply::Backups(Reply::Orphans { destination, found }) if *destination == self.destination => {
                self.found = Some(found.clone());
                self.marks.clear();
                let len = self.orphans().len();
                self.selection.clamp(len);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn done(&mut self, _answer: &Result<Done>) -> Heard {
        Heard::Stays(vec![look(Look::Orphans(self.destination.clone()))])
    }

    fn hints(&self) -> Vec<Command> {
        if self.orphans().is_empty() {
            return vec![Command::Back];
        }
        vec![Command::Delete, Command::Mark, Command::MarkAll, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 96, 22), &self.title());
        let below = inner.inner(Margin::new(1, 0));
        let found = match &self.found {
            None => {
                let text = format!("asking {}{}", self.destination, ui.glyphs.ellipsis);
                return frame.render_widget(ui.line(Role::Muted, text), below);
            }
            Some(Err(error)) => {
                return frame.render_widget(
                    Paragraph::new(failure::lines(ui, error, usize::from(below.width))),
                    below,
                );
            }
            Some(Ok(found)) => found,
        };
        let repair = ui.key(&self.scopes(), Command::Repair);
        let left_alone = match found.catalogued.as_slice() {
            [] => String::new(),
            [one] => format!(
                "{} is of backup {} and has lost its manifest: it is left alone. {repair} in the list of backups repairs it.",
                one.folder,
                one.backup.short()
            ),
            many => format!(
                "{} folders are of known backups that have lost their manifest: they are left alone. {repair} in the list of \
                 backups repairs them.",
                many.len()
            ),
        };
        let left_alone = if left_alone.is_empty() {
            Vec::new()
        } else {
            let (width, most) = (usize::from(below.width), usize::from(inner.height / 2));
            failure::kept(ui, (Role::Warn, &left_alone), Vec::new(), width, most)
        };
        // And a blank line above it.
        let foot = left_alone.len() + usize::from(!left_alone.is_empty());
        let foot = u16::try_from(foot).unwrap_or(inner.height);
        let list = Rect {
            height: inner.height.saturating_sub(foot),
            ..inner
        };
        if found.orphans.is_empty() {
            // What was looked at are the folders' names and files, and not what is in their manifests.
            let scan = ui.key(&self.scopes(), Command::Scan);
            let text = format!(
                "No folder older than a day is left over here from a run that never became a backup. Whether each manifest can \
                 be read, {scan} in the list of backups tells."
            );
            let text = Paragraph::new(ui.line(Role::Good, text)).wrap(Wrap { trim: true });
            frame.render_widget(text, list.inner(Margin::new(1, 0)));
        } else {
            let table = Table {
                columns: &COLUMNS,
                len: found.orphans.len(),
                selection: &self.selection,
                sorted: None,
                focused: true,
            };
            table::draw_all_told(ui, frame, list, &table, |at| match found.orphans.get(at) {
                Some(orphan) => Row::new([
                    (Role::Text, orphan.folder.clone()),
                    (Role::Muted, ui.date(orphan.taken_at)),
                    (Role::Text, orphan.files.to_string()),
                    (Role::Text, units::size(orphan.bytes)),
                ])
                .marked(self.marks.contains(&orphan.folder)),
                None => Row::default(),
            });
        }
        if foot > 0 {
            let place = Rect {
                y: inner.bottom() - foot + 1,
                height: foot - 1,
                ..below
            };
            frame.render_widget(Paragraph::new(left_alone), place);
        }
    }
}
