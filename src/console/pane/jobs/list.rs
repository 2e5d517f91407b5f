//! The list of jobs: what is shown of it, in which order, what is selected and what is marked.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use crate::console::command::Command;
use crate::console::key::Key;
use crate::console::widget::field::Field;
use crate::console::widget::selection::Selection;
use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;
use crate::ops::jobs::JobView;
use crate::ops::status::{JobStatus, Overview};

/// What the list can be sorted by, in the order of its columns.
const SORTS: usize = 5;

/// The list.
#[derive(Debug, Default)]
pub struct Rows {
    jobs: Vec<JobView>,
    standing: HashMap<String, JobStatus>,
    open: Vec<Execution>,
    /// Whether there is no engine to run what says that it runs.
    engine_gone: bool,
    /// Places among the jobs, of those that are shown, in the order they are shown in.
    shown: Vec<usize>,
    /// Which of the shown ones is selected.
    pub selection: Selection,
    /// The same by id, so that a list that is loaded or sorted anew keeps it.
    selected: Option<JobId>,
    /// The column it is sorted by, and whether downwards.
    pub sort: (usize, bool),
    /// What the shown ones contain.
    pub filter: Field,
    /// Whether the filter is being typed.
    pub typing: bool,
    marks: BTreeSet<JobId>,
}

impl Rows {
    /// Takes the jobs as they are now.
    pub fn take_jobs(&mut self, jobs: Vec<JobView>) {
        self.jobs = jobs;
        self.arrange();
    }

    /// Takes how they stand now.
    pub fn take_status(&mut self, status: &Overview) {
        self.standing = status.jobs.iter().map(|job| (job.job.clone(), job.clone())).collect();
        self.open.clone_from(&status.open);
        self.engine_gone = !status.engine.running;
        self.arrange();
    }

    /// Every job, by name.
    pub fn all(&self) -> &[JobView] {
        &self.jobs
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// The job in a row.
    pub fn get(&self, row: usize) -> Option<&JobView> {
        self.shown.get(row).and_then(|at| self.jobs.get(*at))
    }

    /// The selected job.
    pub fn selected(&self) -> Option<&JobView> {
        self.get(self.selection.at())
    }

    /// Those a command is about: the marked ones, or else the selected one.
    pub fn chosen(&self) -> Vec<&JobView> {
        if self.marks.is_empty() {
            self.selected().into_iter().collect()
        } else {
            self.jobs.iter().filter(|job| self.is_marked(job.id)).collect()
        }
    }

    /// Whether it is marked.
    pub fn is_marked(&self, id: JobId) -> bool {
        self.marks.contains(&id)
    }

    /// How many are marked.
    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// How a job stands.
    pub fn standing(&self, job: &JobView) -> Option<&JobStatus> {
        self.standing.get(&job.name)
    }

    /// The backup of a job that runs or waits.
    pub fn open_run(&self, id: JobId) -> Option<&Execution> {
        let mut runs = self.backups_open().filter(|run| run.job_id == Some(id));
        // What runs tells more than what waits behind it.
        runs.clone()
            .find(|run| run.started_at.is_some())
            .or_else(|| runs.next())
    }

    /// The first backup that runs.
    pub fn running(&self) -> Option<&Execution> {
        self.backups_open()
            .find(|run| run.started_at.is_some() && !self.is_left(run))
    }

    /// Whether it says that it runs, and there is no engine to run it.
    pub fn is_left(&self, run: &Execution) -> bool {
        self.engine_gone && run.status == Status::Running
    }

    fn backups_open(&self) -> impl Iterator<Item = &Execution> + Clone {
        self.open.iter().filter(|run| run.kind == ExecutionType::Backup)
    }

    /// Selects a job by its name, and shows it whatever the filter says. `false` when there is none of that name.
    pub fn select(&mut self, name: &str) -> bool {
        let Some(job) = self.jobs.iter().find(|job| job.name == name) else {
            return false;
        };
        self.selected = Some(job.id);
        if !self.matches(job) {
            self.filter.set("");
        }
        self.typing = false;
        self.arrange();
        true
    }

    /// Selects the row.
    pub fn select_row(&mut self, row: usize) {
        self.selection.select(row.min(self.len().saturating_sub(1)));
        self.remember();
    }

    /// Carries out what concerns the list alone. `false` when the command is nothing of the kind.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Filter => self.typing = true,
            Command::Sort => {
                self.sort = match self.sort {
                    (column, false) => (column, true),
                    (column, true) => ((column + 1) % SORTS, false),
                };
                self.arrange();
            }
            Command::Mark => {
                if let Some(id) = self.selected().map(|job| job.id)
                    && !self.marks.remove(&id)
                {
                    self.marks.insert(id);
                }
                self.selection.command(Command::Down, self.shown.len());
                self.remember();
            }
            Command::MarkAll => {
                let shown = self.shown_ids();
                if shown.is_subset(&self.marks) {
                    self.marks.clear();
                } else {
                    self.marks.extend(shown);
                }
            }
            command => {
                let moved = self.selection.command(command, self.shown.len());
                self.remember();
                return moved;
            }
        }
        true
    }

    /// Whether there is a step to go back by.
    pub fn is_narrowed(&self) -> bool {
        self.typing || !self.filter.text().is_empty() || !self.marks.is_empty()
    }

    /// Goes back by a step: out of the filter, then out of the marks. `false` when there is nothing to go back from.
    pub fn back(&mut self) -> bool {
        if self.typing || !self.filter.text().is_empty() {
            self.typing = false;
            self.filter.set("");
            self.arrange();
            return true;
        }
        let marked = !self.marks.is_empty();
        self.marks.clear();
        marked
    }

    /// Types into the filter.
    pub fn key(&mut self, key: Key) {
        if self.typing && self.filter.key(key) {
            self.arrange();
        }
    }

    /// Pastes into the filter.
    pub fn paste(&mut self, text: &str) {
        if self.typing {
            self.filter.paste(text);
            self.arrange();
        }
    }

    fn shown_ids(&self) -> BTreeSet<JobId> {
        let shown = (0..self.len()).filter_map(|row| self.get(row));
        shown.map(|job| job.id).collect()
    }

    fn remember(&mut self) {
        self.selected = self.selected().map(|job| job.id);
    }

    /// Filters and sorts anew, and keeps what is selected where it still is there.
    fn arrange(&mut self) {
        let (column, downwards) = self.sort;
        let mut shown: Vec<(usize, &JobView)> = self
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| self.matches(job))
            .collect();
        shown.sort_by(|(_, a), (_, b)| self.compare(a, b, column, downwards).then_with(|| a.name.cmp(&b.name)));
        let shown: Vec<usize> = shown.into_iter().map(|(at, _)| at).collect();
        self.shown = shown;
        // What is not to be seen is not to be acted on.
        let seen = self.shown_ids();
        self.marks.retain(|id| seen.contains(id));
        let kept = (0..self.len()).find(|row| self.get(*row).map(|job| job.id) == self.selected);
        match kept.filter(|_| self.selected.is_some()) {
            Some(row) => self.selection.select(row),
            None => self.selection.clamp(self.shown.len()),
        }
        // While a filter is typed, what was selected comes back when it is shown again.
        if !self.typing {
            self.remember();
        }
    }

    fn matches(&self, job: &JobView) -> bool {
        let wanted = self.filter.text().trim().to_lowercase();
        let destinations = job.destinations.iter().map(|target| &target.adapter);
        [&job.name, &job.source]
            .into_iter()
            .chain(destinations)
            .chain(&job.profile)
            .any(|text| text.to_lowercase().contains(&wanted))
    }

    fn compare(&self, a: &JobView, b: &JobView, column: usize, downwards: bool) -> Ordering {
        let order = |a: Ordering| if downwards { a.reverse() } else { a };
        match column {
            1 => order(a.source.cmp(&b.source)),
            2 => known_first(last(a), last(b), order),
            3 => known_first(a.next_fires.first(), b.next_fires.first(), order),
            4 => known_first(self.size(a), self.size(b), order),
            _ => order(a.name.cmp(&b.name)),
        }
    }

    fn size(&self, job: &JobView) -> Option<u64> {
        Some(self.standing(job)?.last_good.as_ref()?.stored_size)
    }
}

/// When a job's last run ended, or began where it has not ended.
pub fn last(job: &JobView) -> Option<Timestamp> {
    let run = job.last_run.as_ref()?;
    run.ended_at.or(run.started_at)
}

/// What is not known comes last in both directions.
fn known_first<T: Ord>(a: Option<T>, b: Option<T>, order: impl Fn(Ordering) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a.cmp(&b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
