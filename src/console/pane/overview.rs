//! Is everything safe? Each job's last good and last proven backup against its schedule, what failed and is not yet repaired,
//! what runs, what is next, twelve weeks at a glance, and what lies where. Before there is anything: the way to a first backup.

mod first;
mod view;
mod work;

use std::cell::Cell;
use std::sync::Arc;

use chrono::NaiveDate;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub use self::work::{Ask, Reply, Setup, ask_status};
use super::answer::Answer;
use super::{Pane, PaneId, jobs, runs, system};
use crate::console::command::{Command, Scope};
use crate::console::message::{self, Effect, Place, Thing, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::rest::Rest;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::selection::Selection;
use crate::domain::adapter::AdapterType;
use crate::domain::execution::Execution;
use crate::domain::id::{BackupId, ExecutionId};
use crate::domain::{Error, words};
use crate::ops::backups::Storage;
use crate::ops::runs::Day;
use crate::ops::status::{self, JobStatus, Jobless};

/// Lines of a run that is not over.
const RUN_LINES: u16 = 2;

/// Which part has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Jobs,
    Open,
    /// Twelve weeks and what lies where: a page of its own where there is no room beside the jobs.
    Aside,
}

/// What calendar and storage were read for: while this is the same, so are they.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    today: NaiveDate,
    jobs: Vec<(Option<ExecutionId>, Option<BackupId>)>,
    jobless: Option<Jobless>,
}

impl Seen {
    fn of(status: &status::Overview, cx: &Cx<'_>) -> Self {
        let last = |job: &JobStatus| (job.last_run, job.last_good.as_ref().map(|good| good.backup));
        let mut jobs: Vec<_> = status.jobs.iter().map(last).collect();
        jobs.sort_unstable();
        Self {
            today: cx.now.utc().with_timezone(&cx.zone).date_naive(),
            jobs,
            jobless: status.jobless.clone(),
        }
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Overview {
    part: Part,
    jobs: Selection,
    open: Selection,
    /// The job that is said why of.
    why: Rest<usize>,
    page: Scroll,
    /// As the model knows it; views see nothing but their pane.
    status: Option<Arc<status::Overview>>,
    /// Why there is no newer one.
    status_error: Option<Error>,
    /// What is selected, by name and id, so that a list that is sorted anew keeps it.
    job: Option<String>,
    run: Option<ExecutionId>,
    setup: Answer<Setup>,
    calendar: Answer<Vec<Day>>,
    storage: Answer<Vec<Storage>>,
    seen: Option<Seen>,
    /// Nothing may be changed: then no key is named that would.
    read_only: bool,
    /// The next status answers a question that was asked together with those for all the rest.
    opening: bool,
    /// Whether calendar and storage have a page of their own, and where the lists are; learned when it is drawn.
    narrow: Cell<bool>,
    jobs_area: Cell<Rect>,
    open_area: Cell<Rect>,
}

fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Overview(ask))
}

impl Overview {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            // The model has taken it out, for everybody.
            Reply::Status(_) => {}
            Reply::Setup(answer) => self.setup.take(answer),
            Reply::Calendar(answer) => self.calendar.take(answer),
            Reply::Storage(answer) => self.storage.take(answer),
        }
        Vec::new()
    }

    /// How everything stands could not be read, or could again.
    pub fn status_failed(&mut self, error: Option<Error>) {
        self.status_error = error;
    }

    fn has_jobs(&self) -> bool {
        self.status.as_ref().is_some_and(|status| !status.jobs.is_empty())
    }

    /// The backups that there are, where there is no job.
    fn jobless(&self) -> Option<&Jobless> {
        self.status.as_ref()?.jobless.as_ref()
    }

    /// The step towards a first backup that is next; `None` when there is a job.
    fn next_step(&self) -> Option<Step> {
        let setup = self.setup.get().filter(|_| self.status.is_some() && !self.has_jobs())?;
        Some(if setup.sources == 0 {
            Step::Source
        } else if setup.destinations == 0 {
            Step::Destination
        } else if setup.profiles == 0 {
            Step::Profile
        } else {
            Step::Job
        })
    }

    /// The part that has the focus. The page is none where it stands beside the jobs.
    fn focus(&self) -> Part {
        match self.part {
            Part::Aside if !self.narrow.get() => Part::Jobs,
            part => part,
        }
    }

    /// The parts that can have the focus.
    fn parts(&self) -> Vec<Part> {
        let open = self.status.as_ref().is_some_and(|status| !status.open.is_empty());
        let there = |part: &Part| match part {
            Part::Jobs => true,
            Part::Open => open,
            Part::Aside => self.narrow.get(),
        };
        [Part::Jobs, Part::Open, Part::Aside]
            .into_iter()
            .filter(there)
            .collect()
    }

    fn move_focus(&mut self, by: isize) {
        let parts = self.parts();
        let at = parts.iter().position(|part| *part == self.focus()).unwrap_or(0);
        let to = (at + parts.len()).saturating_add_signed(by) % parts.len().max(1);
        self.part = parts.get(to).copied().unwrap_or_default();
    }

    fn selected_job<'a>(&self, cx: &Cx<'a>) -> Option<&'a JobStatus> {
        cx.status.and_then(|status| status.jobs.get(self.jobs.at()))
    }

    fn selected_run<'a>(&self, cx: &Cx<'a>) -> Option<&'a Execution> {
        cx.status.and_then(|status| status.open.get(self.open.at()))
    }

    fn remember(&mut self, cx: &Cx<'_>) {
        self.job = self.selected_job(cx).map(|job| job.job.clone());
        self.run = self.selected_run(cx).map(|run| run.id);
    }

    /// Runs the job that is selected, or that of the run that is.
    fn run_now(&self, cx: &Cx<'_>) -> Vec<Effect> {
        let job = match self.focus() {
            Part::Jobs => self.selected_job(cx).map(|job| &job.job),
            Part::Open => self.selected_run(cx).map(|run| &run.job_name),
            Part::Aside => None,
        };
        match job.filter(|job| !job.is_empty()) {
            Some(job) => vec![jobs::run_now(vec![job.clone()])],
            None => vec![Effect::Toast(Toast::note("no job is selected"))],
        }
    }

    /// Stops the run that is selected, or that of the job that is.
    fn cancel(&self, cx: &Cx<'_>) -> Vec<Effect> {
        let run = match self.focus() {
            Part::Jobs => self
                .selected_job(cx)
                .zip(cx.status)
                .and_then(|(job, status)| open_run(status, &job.job)),
            Part::Open => self.selected_run(cx),
            Part::Aside => None,
        };
        let Some(run) = run else {
            return vec![Effect::Toast(Toast::note("nothing of what is selected runs"))];
        };
        vec![runs::cancel(std::slice::from_ref(run), cx)]
    }

    fn open_selected(&self, cx: &Cx<'_>) -> Vec<Effect> {
        // Whoever has lost everything else wants these first; a job is made in its pane.
        if self.jobless().is_some() && self.focus() == Part::Jobs {
            return vec![Effect::Go(Place::Pane(PaneId::Backups))];
        }
        if let Some(step) = self.next_step() {
            return match step {
                // Refused before there is a form to fill in.
                _ if cx.read_only => vec![Effect::Command(Command::Add)],
                Step::Source => vec![Effect::Go(Place::NewAdapter(AdapterType::Source))],
                Step::Destination => vec![Effect::Go(Place::NewAdapter(AdapterType::Destination))],
                step => vec![Effect::Go(Place::Pane(step.pane())), Effect::Command(Command::Add)],
            };
        }
        let place = match self.focus() {
            Part::Jobs => self.selected_job(cx).map(|job| Place::Job(job.job.clone())),
            Part::Open => self.run.map(Place::Run),
            Part::Aside => None,
        };
        place.map(Effect::Go).into_iter().collect()
    }

    /// Asks again for what may be another by now.
    fn read_again(&mut self, status: &status::Overview, cx: &Cx<'_>) -> Vec<Effect> {
        if std::mem::take(&mut self.opening) {
            return Vec::new();
        }
        // What is missing for a first backup may just have been made.
        let mut effects: Vec<Effect> = status.jobs.is_empty().then(|| ask(Ask::Setup)).into_iter().collect();
        let seen = Some(Seen::of(status, cx));
        if seen != self.seen && (status.jobless.is_some() || !status.jobs.is_empty()) {
            self.seen = seen;
            effects.extend([ask(Ask::Calendar(cx.zone)), ask(Ask::Storage)]);
        }
        effects
    }
}

/// The run of a job that is not over yet.
fn open_run<'a>(status: &'a status::Overview, job: &str) -> Option<&'a Execution> {
    status.open.iter().find(|run| run.job_name == job)
}

/// What is to be done before there is a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Source,
    Destination,
    Profile,
    Job,
}

impl Step {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Source, "a source", "the database to be backed up"),
        (Self::Destination, "a destination", "where the backups are kept"),
        (Self::Profile, "an encryption profile", "the key that seals them"),
        (Self::Job, "a job", "what, when, to where, how long"),
    ];

    const fn pane(self) -> PaneId {
        match self {
            Self::Source | Self::Destination => PaneId::Adapters,
            Self::Profile => PaneId::System,
            Self::Job => PaneId::Jobs,
        }
    }
}

impl Pane for Overview {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Overview]
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let (jobs, open) = cx
            .status
            .map_or((0, 0), |status| (status.jobs.len(), status.open.len()));
        let effects = match command {
            Command::NextFocus => {
                self.move_focus(1);
                Vec::new()
            }
            Command::PreviousFocus => {
                self.move_focus(-1);
                Vec::new()
            }
            Command::Back if self.focus() != Part::Jobs => {
                self.part = Part::Jobs;
                Vec::new()
            }
            Command::Open => self.open_selected(cx),
            Command::Run => self.run_now(cx),
            Command::Cancel => self.cancel(cx),
            Command::StartEngine => vec![Effect::Ask(message::Ask::System(system::Ask::StartEngine))],
            _ => {
                let moved = match self.focus() {
                    Part::Jobs => self.jobs.command(command, jobs),
                    Part::Open => self.open.command(command, open),
                    Part::Aside => self.page.command(command),
                };
                if !moved {
                    return None;
                }
                self.why.moved();
                Vec::new()
            }
        };
        self.remember(cx);
        Some(effects)
    }

    fn click(&mut self, at: Position, twice: bool, cx: &Cx<'_>) -> Vec<Effect> {
        let (jobs, open) = cx
            .status
            .map_or((0, 0), |status| (status.jobs.len(), status.open.len()));
        let runs = self.open_area.get();
        if let Some(row) = self.jobs.clicked(self.jobs_area.get(), at, jobs) {
            self.part = Part::Jobs;
            self.jobs.select(row);
        } else if runs.contains(at) && self.open.row_at((at.y - runs.y) / RUN_LINES) < open {
            self.part = Part::Open;
            self.open.select(self.open.row_at((at.y - runs.y) / RUN_LINES));
        } else if self.next_step().is_none() {
            return Vec::new();
        }
        self.remember(cx);
        if twice { self.open_selected(cx) } else { Vec::new() }
    }

    fn opened(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.opening = cx.status.is_none();
        self.seen = cx.status.map(|status| Seen::of(status, cx));
        let mut effects = vec![ask(Ask::Calendar(cx.zone)), ask(Ask::Storage)];
        // Otherwise a status that is known says whether it is needed.
        if self.opening {
            effects.push(ask(Ask::Setup));
        }
        effects
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        // How everything stands is read at each change, and says whether the rest may be another.
        Vec::new()
    }

    fn status_changed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let Some(status) = cx.status else { return Vec::new() };
        self.status = Some(Arc::clone(status));
        self.read_only = cx.read_only;
        // The order is that of urgency and changes; whoever has a job in view keeps it, the first one too: the next key is
        // about the job that was seen.
        if let Some(at) = status.jobs.iter().position(|job| Some(&job.job) == self.job.as_ref()) {
            self.jobs.select(at);
        }
        if let Some(at) = status.open.iter().position(|run| Some(run.id) == self.run) {
            self.open.select(at);
        }
        self.jobs.clamp(status.jobs.len());
        self.open.clamp(status.open.len());
        if status.open.is_empty() && self.part == Part::Open {
            self.part = Part::Jobs;
        }
        self.remember(cx);
        if !self.why.is_moving() {
            self.why.settle(Some(self.jobs.at()));
        }
        self.read_again(status, cx)
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.why.settle(Some(self.jobs.at()));
        Vec::new()
    }

    fn go(&mut self, _place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn thing(&self) -> Option<Thing> {
        match self.focus() {
            Part::Aside => None,
            Part::Jobs => self.job.as_ref().map(|job| Thing {
                kind: "job",
                id: String::new(),
                name: job.clone(),
                copies: vec![(
                    "command that runs it",
                    words::join(&["backstay", "run", job].map(str::to_owned)),
                )],
            }),
            Part::Open => self.run.map(|run| Thing {
                kind: "execution",
                id: run.to_string(),
                name: run.short(),
                copies: vec![("command that follows it", format!("backstay logs {} -f", run.short()))],
            }),
        }
    }

    fn hints(&self) -> Vec<Command> {
        if self.jobless().is_some() {
            let mut hints = vec![Command::Open];
            if self.parts().len() > 1 {
                hints.push(Command::NextFocus);
            }
            return hints;
        }
        if self.next_step().is_some() {
            return if self.read_only {
                Vec::new()
            } else {
                vec![Command::Open]
            };
        }
        let mut hints = match self.focus() {
            Part::Jobs if !self.has_jobs() => return Vec::new(),
            Part::Jobs => vec![Command::Open, Command::Run],
            Part::Open => vec![Command::Open, Command::Cancel],
            Part::Aside => Vec::new(),
        };
        // Of the job the selection rests on, as all that is said beside the list: a move costs two rows and no footer.
        let runs = |status: &status::Overview| {
            let job = self.why.of().and_then(|at| status.jobs.get(at));
            job.is_some_and(|job| open_run(status, &job.job).is_some())
        };
        if self.focus() == Part::Jobs && self.status.as_deref().is_some_and(runs) {
            hints.push(Command::Cancel);
        }
        if self.parts().len() > 1 {
            hints.push(Command::NextFocus);
        }
        hints
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        if self.jobless().is_some() && command == Command::Open && self.focus() == Part::Jobs {
            return Some("the backups");
        }
        let step = self.next_step().filter(|_| command == Command::Open)?;
        Some(match step {
            Step::Source => "add a source",
            Step::Destination => "add a destination",
            Step::Profile => "make a key",
            Step::Job => "add a job",
        })
    }

    fn is_within(&self) -> bool {
        self.focus() != Part::Jobs
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
