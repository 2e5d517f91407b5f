//! Which runs are shown: only those that failed, of one job, of one type, of a time. And the line at the bottom of the list in
//! which a job's name is typed.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::work::Reply;
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::prompt;
use crate::console::message::{self, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::field::Field;
use crate::console::widget::filter;
use crate::domain::execution::{ExecutionType, Status};
use crate::domain::period::Period;
use crate::ops::runs::Wanted;

/// Which runs are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Of this job.
    pub job: Option<String>,
    /// Only those that failed or are partial.
    pub failed: bool,
    /// With this status.
    pub status: Option<Status>,
    /// Of this type.
    pub kind: Option<ExecutionType>,
    /// Of this time.
    pub period: Period,
}

/// One of them, as a question was answered.
#[derive(Clone, Debug)]
pub enum Only {
    /// Of this job, or of any.
    Job(Option<String>),
    /// With this status, or with any.
    Status(Option<Status>),
    /// Of this type, or of any.
    Kind(Option<ExecutionType>),
    /// Of this time.
    Period(Period),
}

impl From<Only> for Effect {
    fn from(only: Only) -> Self {
        Self::Answer(message::Reply::Runs(Reply::Only(only)))
    }
}

impl Filters {
    /// As `ops` knows them.
    pub fn wanted(&self) -> Wanted {
        let failed = [Status::Failed, Status::Partial].into_iter().filter(|_| self.failed);
        Wanted {
            job: self.job.clone(),
            statuses: failed.chain(self.status).collect(),
            kind: self.kind,
            since: self.period.since,
            until: self.period.until,
        }
    }

    /// Whether any run is left out.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// Sets one.
    pub fn set(&mut self, only: Only) {
        match only {
            Only::Job(job) => self.job = job,
            Only::Status(status) => {
                self.status = status;
                self.failed = false;
            }
            Only::Kind(kind) => self.kind = kind,
            Only::Period(period) => self.period = period,
        }
    }

    /// Only those that failed or are partial, or all.
    pub const fn toggle_failed(&mut self) {
        self.failed = !self.failed;
        self.status = None;
    }

    /// The title of the list.
    pub fn title(&self, ui: &Ui<'_>) -> String {
        let parts = [
            Some("Runs".to_owned()),
            self.failed.then(|| "only failed".to_owned()),
            self.status.map(|status| format!("only {status}")),
            self.job.as_ref().map(|job| ui.fit(job, 24)),
            self.kind.map(|kind| format!("only {kind}")),
            ui.period(&self.period),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(&format!(" {} ", ui.glyphs.dot))
    }

    /// Asks for a type.
    pub fn choose_kind(&self) -> Effect {
        let kinds = std::iter::once(None).chain(ExecutionType::ALL.iter().copied().map(Some));
        let choices = kinds.clone().map(|kind| {
            let (label, about) = match kind {
                None => ("all".to_owned(), "runs of every type"),
                Some(kind) => (kind.to_string(), about(kind)),
            };
            Choice::new(label, about, vec![Only::Kind(kind).into()])
        });
        let at = kinds.clone().position(|kind| kind == self.kind).unwrap_or(0);
        Effect::Open(Box::new(Choose::new("Only which runs?", choices.collect()).at(at)))
    }

    /// Asks for a status.
    pub fn choose_status(&self) -> Effect {
        let statuses = std::iter::once(None).chain(Status::ALL.iter().copied().map(Some));
        let choices = statuses.clone().map(|status| {
            let label = status.map_or_else(|| "all".to_owned(), |status| status.to_string());
            Choice::new(label, "", vec![Only::Status(status).into()])
        });
        let at = statuses.clone().position(|status| status == self.status).unwrap_or(0);
        let choose = Choose::new("Only runs with which status?", choices.collect());
        Effect::Open(Box::new(choose.at(at)))
    }

    /// Asks for a time.
    pub fn ask_period() -> Effect {
        prompt::period("Runs asked for when?", |period| Only::Period(period).into())
    }
}

const fn about(kind: ExecutionType) -> &'static str {
    match kind {
        ExecutionType::Backup => "those that make one",
        ExecutionType::Restore => "those that give data back",
        ExecutionType::Verify => "those that prove a backup",
        ExecutionType::Repair => "those that make a copy anew",
    }
}

/// The line in which a job's name is typed.
#[derive(Debug, Default)]
pub struct JobLine {
    /// What is typed.
    pub field: Field,
    /// Jobs that were removed and have runs.
    removed: Vec<String>,
    /// Jobs with that in their name.
    found: Vec<String>,
}

impl JobLine {
    /// Jobs that were removed have runs too.
    pub fn knows(&mut self, removed: Vec<String>, cx: &Cx<'_>) {
        self.removed = removed;
        self.changed(cx);
    }

    /// What was typed is another.
    pub fn changed(&mut self, cx: &Cx<'_>) {
        let wanted = self.field.text().trim().to_lowercase();
        let jobs = cx.status.iter().flat_map(|status| &status.jobs);
        let jobs = jobs.map(|job| &job.job).chain(&self.removed);
        let mut found: Vec<String> = jobs
            .filter(|job| job.to_lowercase().contains(&wanted))
            .cloned()
            .collect();
        found.sort();
        found.dedup();
        self.found = found;
    }

    /// The answer: the job, or which of several. `None` while there is no such job.
    pub fn accept(&self) -> Option<Effect> {
        let typed = self.field.text().trim();
        let of = |job: &str| Effect::from(Only::Job(Some(job.to_owned())));
        match self.found.as_slice() {
            _ if typed.is_empty() => Some(Only::Job(None).into()),
            [] => None,
            [one] => Some(of(one)),
            several if several.iter().any(|job| job == typed) => Some(of(typed)),
            several => {
                let choices = several.iter().map(|job| Choice::new(job, "", vec![of(job)]));
                Some(Effect::Open(Box::new(Choose::new(
                    "Runs of which job?",
                    choices.collect(),
                ))))
            }
        }
    }

    /// Draws it, with the jobs it means on the right.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let found = self.found.join(", ");
        let about = match self.found.len() {
            _ if self.field.text().trim().is_empty() => (Role::Muted, "in the name of the job"),
            0 => (Role::Warn, "no job has that in its name"),
            _ => (Role::Muted, found.as_str()),
        };
        filter::typing(ui, frame, area, &self.field, about);
    }
}
