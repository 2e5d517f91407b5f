//! What a job was: its revisions, what each of them changed, and the way back to one.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::Paragraph;

use super::act::Act;
use super::work::{Ask, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::layer::Layer;
use crate::console::layer::confirm::Confirm;
use crate::console::message::{self, Effect, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::diff;
use crate::console::widget::failure;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::Error;
use crate::domain::id::JobId;
use crate::ops::jobs::{self, JobView, Revision};

const COLUMNS: [Column; 4] = [
    Column::new("REV", 4, 0, 0).right(),
    Column::new("WHEN", 8, 0, 0),
    Column::new("WHO", 8, 1, 1),
    Column::new("WHAT", 10, 3, 0),
];

/// From this width on the change stands beside the list.
const WIDE: u16 = 96;

/// Changed lines that a question shows.
const SHOWN: usize = 5;

/// The revisions of a job.
pub struct Revisions {
    job: JobId,
    name: String,
    known: Option<Vec<Revision>>,
    failed: Option<Error>,
    selection: Selection,
    /// What the selected one changed.
    diff: String,
    scroll: Scroll,
    /// The change has the focus.
    in_diff: bool,
}

impl Revisions {
    /// Of this job.
    pub fn new(job: &JobView) -> Self {
        Self {
            job: job.id,
            name: job.name.clone(),
            known: None,
            failed: None,
            selection: Selection::default(),
            diff: String::new(),
            scroll: Scroll::default(),
            in_diff: false,
        }
    }

    fn all(&self) -> &[Revision] {
        self.known.as_deref().unwrap_or_default()
    }

    fn compare(&mut self) {
        let at = self.selection.at();
        let text = match (self.all().get(at), self.all().get(at + 1)) {
            (Some(this), Some(before)) => between(before, this),
            (Some(this), None) => Ok(format!(
                "The first revision:\n\n{}",
                jobs::to_toml(&this.definition).unwrap_or_default()
            )),
            (None, _) => Ok(String::new()),
        };
        self.diff = text.unwrap_or_else(|error| error.to_string());
        if self.diff.is_empty() {
            "Nothing in the definition is another.".clone_into(&mut self.diff);
        }
        self.scroll.to_top();
    }

    fn go_back(&self) -> Vec<Effect> {
        let (Some(now), Some(then)) = (self.all().first(), self.all().get(self.selection.at())) else {
            return Vec::new();
        };
        if now.definition == then.definition {
            return vec![Effect::Toast(Toast::note(format!("job {} is so already", self.name)))];
        }
        let title = format!("Make {} what it was at revision {}?", self.name, then.version);
        let act = vec![ask(Ask::Act(Act::GoBack(self.job, then.version)))];
        let mut question = Confirm::new(title, "Go back", act);
        let change = between(now, then).unwrap_or_else(|error| error.to_string());
        let is_change = |line: &&str| {
            let rest = line.strip_prefix(['+', '-']);
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with("--") && !rest.starts_with("++"))
        };
        let changed: Vec<&str> = change.lines().filter(is_change).collect();
        for line in changed.iter().take(SHOWN) {
            question = question.line(*line);
        }
        if changed.len() > SHOWN {
            question = question.line(format!("and {} lines more", changed.len() - SHOWN));
        }
        let last = format!("That is revision {}; no revision goes away.", now.version + 1);
        vec![Effect::Open(Box::new(question.line(last)))]
    }

    fn list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let list = Table {
            columns: &COLUMNS,
            len: self.all().len(),
            selection: &self.selection,
            sorted: None,
            focused: !self.in_diff,
        };
        table::draw_all_told(ui, frame, area, &list, |row| {
            let Some(revision) = self.all().get(row) else {
                return Row::default();
            };
            Row::new([
                (Role::Text, revision.version.to_string()),
                (Role::Muted, ui.ago(revision.created_at)),
                (Role::Text, revision.author.clone()),
                (Role::Text, revision.note.clone()),
            ])
        });
    }
}

fn between(from: &Revision, to: &Revision) -> crate::domain::Result<String> {
    let heading = |revision: &Revision| format!("revision {}", revision.version);
    jobs::diff((&heading(from), Some(&from.definition)), (&heading(to), &to.definition))
}

impl Layer for Revisions {
    fn title(&self) -> String {
        format!("Revisions of {}", self.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Jobs, Scope::List]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::NextFocus | Command::PreviousFocus => self.in_diff = !self.in_diff,
            Command::Open => self.in_diff = true,
            Command::Back if self.in_diff => self.in_diff = false,
            Command::GoBack => return Some(self.go_back()),
            _ if self.in_diff => return self.scroll.command(command).then(Vec::new),
            _ => {
                let len = self.all().len();
                if !self.selection.command(command, len) {
                    return None;
                }
                self.compare();
            }
        }
        Some(Vec::new())
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        let message::Reply::Jobs(Reply::Revisions(job, answer)) = reply else {
            return Vec::new();
        };
        if *job != self.job {
            return Vec::new();
        }
        match answer {
            Ok(revisions) => {
                let came = revisions.len().saturating_sub(self.all().len());
                if self.known.is_some() && self.selection.at() > 0 {
                    self.selection.shift(isize::try_from(came).unwrap_or(0));
                }
                self.selection.clamp(revisions.len());
                if self.known.as_ref() != Some(revisions) {
                    self.known = Some(revisions.clone());
                    self.compare();
                }
                self.failed = None;
            }
            Err(error) => self.failed = Some(error.clone()),
        }
        Vec::new()
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        vec![ask(Ask::Revisions(self.job))]
    }

    fn hints(&self) -> Vec<Command> {
        let all = self.all();
        let (now, then) = (all.first(), all.get(self.selection.at()));
        let is_another = now
            .zip(then)
            .is_some_and(|(now, then)| now.definition != then.definition);
        let mut hints = Vec::new();
        hints.extend(is_another.then_some(Command::GoBack));
        hints.extend((!all.is_empty() && self.failed.is_none()).then_some(Command::NextFocus));
        hints.push(Command::Back);
        hints
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::NextFocus if self.in_diff => Some("revisions"),
            Command::NextFocus => Some("what changed"),
            _ => None,
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(
            frame,
            area,
            &ui.fit(&self.title(), usize::from(area.width.saturating_sub(6))),
        );
        if let Some(error) = &self.failed {
            let place = inner.inner(Margin::new(1, 0));
            let told = failure::lines(ui, error, usize::from(place.width));
            frame.render_widget(Paragraph::new(told), place);
            return;
        }
        if self.known.is_none() {
            frame.render_widget(ui.line(Role::Muted, ui.reading()), inner.inner(Margin::new(1, 0)));
            return;
        }
        let (list, change) = if inner.width >= WIDE {
            let width = inner.width * 45 / 100;
            (
                Rect { width, ..inner },
                Rect {
                    x: inner.x + width + 1,
                    width: inner.width - width - 1,
                    ..inner
                },
            )
        } else {
            let rows = u16::try_from(self.all().len()).unwrap_or(u16::MAX).saturating_add(1);
            let height = rows.min(inner.height / 3).max(3);
            (
                Rect { height, ..inner },
                Rect {
                    y: inner.y + height + 1,
                    height: inner.height.saturating_sub(height + 1),
                    ..inner
                },
            )
        };
        self.list(ui, frame, list.intersection(inner));
        let change = change.inner(Margin::new(1, 0)).intersection(inner);
        self.scroll.view(ui, frame, change, diff::lines(ui, &self.diff));
        if self.in_diff {
            ui.set_cursor(ratatui::layout::Position::new(change.x, change.y));
        }
    }
}
