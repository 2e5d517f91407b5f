//! Is everything safe? Each job's last good and last proven backup against its schedule, what failed and is not yet repaired,
//! what runs, what is next, twelve weeks at a glance, and what lies where. Before there is anything: the way to a first backup.

mod view;
mod work;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub use self::work::{Ask, Reply, Setup, ask_status};
use super::{Pane, PaneId};
use crate::console::command::{Command, Scope};
use crate::console::layer::confirm::Confirm;
use crate::console::message::{self, Effect, Place, Thing};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::rest::Rest;
use crate::console::widget::selection::Selection;
use crate::domain::Error;
use crate::domain::adapter::AdapterType;
use crate::domain::id::ExecutionId;
use crate::ops::backups::Storage;
use crate::ops::runs::Day;
use crate::ops::status::{self, JobStatus};

/// Which part has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Jobs,
    Open,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Overview {
    part: Part,
    jobs: Selection,
    open: Selection,
    /// The job that is said why of.
    why: Rest<usize>,
    /// As the model knows it; views see nothing but their pane.
    status: Option<status::Overview>,
    /// What is selected, by name and id, so that a list that is sorted anew keeps it.
    job: Option<String>,
    run: Option<ExecutionId>,
    setup: Option<Setup>,
    calendar: Vec<Day>,
    storage: Vec<Storage>,
    error: Option<Error>,
}

impl Overview {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        self.error = None;
        match reply {
            // The model has taken it out, for everybody.
            Reply::Status(_) => {}
            Reply::Setup(Ok(setup)) => self.setup = Some(setup),
            Reply::Calendar(Ok(days)) => self.calendar = days,
            Reply::Storage(Ok(storage)) => self.storage = storage,
            Reply::Setup(Err(error)) | Reply::Calendar(Err(error)) | Reply::Storage(Err(error)) => {
                self.error = Some(error);
            }
        }
        Vec::new()
    }

    /// The step towards a first backup that is next; `None` when there is a job.
    fn next_step(&self) -> Option<Step> {
        let setup = self.setup.as_ref().filter(|setup| setup.jobs == 0)?;
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

    fn selected_job<'a>(&self, cx: &Cx<'a>) -> Option<&'a JobStatus> {
        cx.status.and_then(|status| status.jobs.get(self.jobs.at()))
    }

    fn remember(&mut self, cx: &Cx<'_>) {
        self.job = self.selected_job(cx).map(|job| job.job.clone());
        self.run = cx
            .status
            .and_then(|status| status.open.get(self.open.at()))
            .map(|run| run.id);
    }

    fn run_now(&self, cx: &Cx<'_>) -> Vec<Effect> {
        match self.selected_job(cx) {
            Some(job) => vec![Effect::Ask(message::Ask::Overview(Ask::Run(job.job.clone())))],
            None => Vec::new(),
        }
    }

    fn cancel(&self, cx: &Cx<'_>) -> Vec<Effect> {
        let open = cx.status.map(|status| status.open.as_slice()).unwrap_or_default();
        let Some(run) = open.get(self.open.at()) else {
            return Vec::new();
        };
        let yes = vec![Effect::Ask(message::Ask::Overview(Ask::Cancel(run.id)))];
        let title = format!("Cancel the {} of {}?", run.kind, run.job_name);
        let question =
            Confirm::new(title, "Cancel it", yes).line("It is stopped, and what it has written so far is taken back.");
        vec![Effect::Open(Box::new(question))]
    }

    fn open_selected(&self, cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(step) = self.next_step() {
            return match step {
                Step::Source => vec![Effect::Go(Place::NewAdapter(AdapterType::Source))],
                Step::Destination => vec![Effect::Go(Place::NewAdapter(AdapterType::Destination))],
                step => vec![Effect::Go(Place::Pane(step.pane())), Effect::Command(Command::Add)],
            };
        }
        let place = match self.part {
            Part::Jobs => self.selected_job(cx).map(|job| Place::Job(job.job.clone())),
            Part::Open => self.run.map(Place::Run),
        };
        place.map(Effect::Go).into_iter().collect()
    }
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
        (Self::Source, "a source", "the database that is to be backed up"),
        (Self::Destination, "a destination", "where the backups are kept"),
        (Self::Profile, "an encryption profile", "the key that seals them"),
        (Self::Job, "a job", "what, when, to where, and how long it is kept"),
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
            Command::NextFocus | Command::PreviousFocus => {
                self.part = match self.part {
                    Part::Jobs if open > 0 => Part::Open,
                    _ => Part::Jobs,
                };
                Vec::new()
            }
            Command::Open => self.open_selected(cx),
            Command::Run => self.run_now(cx),
            Command::Cancel => self.cancel(cx),
            _ => {
                let (selection, len) = match self.part {
                    Part::Jobs => (&mut self.jobs, jobs),
                    Part::Open => (&mut self.open, open),
                };
                if !selection.command(command, len) {
                    return None;
                }
                self.why.moved();
                Vec::new()
            }
        };
        self.remember(cx);
        Some(effects)
    }

    fn click(&mut self, _at: Position, twice: bool, cx: &Cx<'_>) -> Vec<Effect> {
        if twice { self.open_selected(cx) } else { Vec::new() }
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        [Ask::Setup, Ask::Calendar(cx.zone), Ask::Storage]
            .into_iter()
            .map(|ask| Effect::Ask(message::Ask::Overview(ask)))
            .collect()
    }

    fn status_changed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let Some(status) = cx.status else { return Vec::new() };
        self.status = Some(status.clone());
        // The order is that of urgency and changes; whoever has a job in view keeps it.
        if self.jobs.at() > 0
            && let Some(at) = status.jobs.iter().position(|job| Some(&job.job) == self.job.as_ref())
        {
            self.jobs.select(at);
        }
        if let Some(at) = status.open.iter().position(|run| Some(run.id) == self.run) {
            self.open.select(at);
        }
        self.jobs.clamp(status.jobs.len());
        self.open.clamp(status.open.len());
        if status.open.is_empty() {
            self.part = Part::Jobs;
        }
        self.remember(cx);
        if !self.why.is_moving() {
            self.why.settle(Some(self.jobs.at()));
        }
        Vec::new()
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.why.settle(Some(self.jobs.at()));
        Vec::new()
    }

    fn go(&mut self, _place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    fn thing(&self) -> Option<Thing> {
        match self.part {
            Part::Jobs => self.job.as_ref().map(|job| Thing {
                kind: "job",
                id: String::new(),
                name: job.clone(),
                copies: vec![("command that runs it", format!("backstay run {job}"))],
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
        if self.next_step().is_some() {
            return vec![Command::Open];
        }
        match self.part {
            Part::Jobs => vec![Command::Open, Command::Run],
            Part::Open => vec![Command::Open, Command::Cancel],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
