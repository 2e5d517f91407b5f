//! What is backed up, when, to where: the list of jobs, everything about the one that is selected, and what can be done with
//! them.

mod act;
mod apply;
mod detail;
mod form;
mod keep;
mod list;
mod live;
mod revisions;
mod run;
mod view;
mod work;

use std::cell::Cell;
use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::act::Act;
use self::list::Standing;
pub use self::run::{now as run_now, warned};
pub use self::work::{Ask, Compared, Reply};
use self::work::{Detail, List, ask};
use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::confirm::Confirm;
use crate::console::layer::prompt::{self, Prompt};
use crate::console::message::{Effect, Place, Thing, Toast, Weight};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::rest::Rest;
use crate::console::widget::rows::Rows;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::split::WIDE;
use crate::domain::adapter::AdapterType;
use crate::domain::id::JobId;
use crate::domain::{Error, moment, naming, units, words};
use crate::ops::jobs::{DEFAULT_PAUSE, JobView};

/// What is known of a job beyond its row.
#[derive(Debug)]
struct Known {
    /// As it was when it was last read; a failure leaves it.
    detail: Option<Box<Detail>>,
    failed: Option<Error>,
    /// The database has changed since.
    stale: bool,
}

/// What has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    List,
    /// The detail beside the list.
    Detail,
    /// The detail, which is shown in place of the list.
    Page,
}

/// What a form is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormFor {
    /// A new job.
    New,
    /// The selected one.
    Change,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Jobs {
    rows: Rows<JobView>,
    /// Sources and destinations, and the keys; the jobs themselves are in the rows.
    parts: List,
    loaded: bool,
    failed: Option<Error>,
    known: HashMap<JobId, Known>,
    focus: Focus,
    /// The job whose detail is shown.
    shown: Rest<JobId>,
    scroll: Scroll,
    /// To be selected once the list is loaded.
    wanted: Option<String>,
    /// The list was read since the pane was opened: what a form offers is what there is.
    current: bool,
    /// The form that was asked for before that.
    form_wanted: Option<FormFor>,
    list_area: Cell<Rect>,
}

impl Jobs {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::List(Ok(list)) => self.take_list(*list, cx),
            Reply::List(Err(error)) => {
                self.failed = Some(error);
                self.form_wanted = None;
                Vec::new()
            }
            Reply::Detail(id, answer) => {
                let known = self.known.entry(id).or_insert(Known {
                    detail: None,
                    failed: None,
                    stale: false,
                });
                known.stale = false;
                match answer {
                    Ok(detail) => (known.detail, known.failed) = (Some(detail), None),
                    Err(error) => known.failed = Some(error),
                }
                Vec::new()
            }
            Reply::AfterRun(Ok(jobs)) => vec![run::known(&jobs, cx)],
            Reply::AfterRun(Err(error)) => vec![Effect::Toast(Toast::from(&error))],
            // For the layers.
            Reply::Revisions(..)
            | Reply::Retention(..)
            | Reply::Databases(..)
            | Reply::Check(..)
            | Reply::Compared(..)
            | Reply::Keeps(_)
            | Reply::NotSaved(_)
            | Reply::Overtaken(..)
            | Reply::OnTop(_) => Vec::new(),
        }
    }

    fn take_list(&mut self, mut list: List, cx: &Cx<'_>) -> Vec<Effect> {
        self.failed = None;
        (self.loaded, self.current) = (true, true);
        self.rows.take(std::mem::take(&mut list.jobs));
        self.parts = list;
        self.known
            .retain(|id, _| self.rows.all().iter().any(|job| job.id == *id));
        if self.rows.selected().is_none() {
            self.focus = Focus::List;
        }
        let mut effects = self.select_wanted();
        if let Some(wanted) = self.form_wanted.take() {
            effects.extend(self.open_form(wanted, cx));
        }
        if !self.shown.is_moving() {
            effects.extend(self.settle());
        }
        effects
    }

    /// The selection rests: the detail is that of the selected job, and asked for unless it is known.
    fn settle(&mut self) -> Vec<Effect> {
        let selected = self.rows.selected().map(|job| job.id);
        if self.shown.settle(selected) {
            self.scroll.to_top();
        }
        self.ask_detail()
    }

    fn select_wanted(&mut self) -> Vec<Effect> {
        let Some(name) = self.wanted.take() else {
            return Vec::new();
        };
        if self.rows.select(&name) {
            return Vec::new();
        }
        vec![Effect::Toast(Toast {
            weight: Weight::Bad,
            text: format!("there is no job {name} any more"),
            next: "its runs and backups are still listed under its name".to_owned(),
        })]
    }

    /// Asks about the job whose detail is shown, unless that is known. A question that makes way for another one in its lane is
    /// asked again when one comes back.
    fn ask_detail(&self) -> Vec<Effect> {
        let Some(id) = self.shown.of() else {
            return Vec::new();
        };
        match self.known.get(&id) {
            Some(known) if !known.stale => Vec::new(),
            _ => vec![ask(Ask::Detail(id))],
        }
    }

    /// The job whose detail is shown with everything that is known of it; one that is gone makes way for the selected one.
    fn detail(&self) -> Option<(&JobView, Option<&Known>)> {
        let shown = self.rows.all().iter().find(|job| Some(job.id) == self.shown.of());
        let job = shown.or_else(|| self.rows.selected())?;
        Some((job, self.known.get(&job.id)))
    }

    /// Those a command is about: where one job alone is looked at it is that one, whatever is marked in the list.
    fn chosen(&self) -> Vec<&JobView> {
        if self.is_in_one() {
            self.rows.selected().into_iter().collect()
        } else {
            self.rows.chosen()
        }
    }

    /// Whether one job alone is looked at, and not the list.
    fn is_in_one(&self) -> bool {
        self.focus != Focus::List
    }

    fn chosen_ids(&self) -> Vec<JobId> {
        self.chosen().iter().map(|job| job.id).collect()
    }

    /// `job nightly`, or `3 marked jobs`.
    fn chosen_text(&self) -> String {
        match self.chosen().as_slice() {
            [job] => format!("job {}", job.name),
            several => format!("{} marked jobs", several.len()),
        }
    }

    fn back(&mut self) -> Option<Vec<Effect>> {
        if self.is_in_one() {
            self.focus = Focus::List;
            return Some(Vec::new());
        }
        self.rows.back().then(|| self.settle())
    }

    /// The driver of its source, where that is known.
    fn driver(&self, job: &JobView) -> Option<&str> {
        let source = self.parts.adapters.iter().find(|adapter| adapter.name == job.source);
        source.map(|source| source.driver.as_str())
    }

    /// What there has to be before there can be a job.
    fn missing(&self) -> Option<&'static str> {
        let has = |kind| self.parts.adapters.iter().any(|adapter| adapter.kind == kind);
        match (has(AdapterType::Source), has(AdapterType::Destination)) {
            (true, true) => None,
            (false, true) => Some("a source"),
            (true, false) => Some("a destination"),
            (false, false) => Some("a source and a destination"),
        }
    }

    /// Opens a form, once it is known what there is to choose from.
    fn open_form(&mut self, wanted: FormFor, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.current {
            self.form_wanted = Some(wanted);
            return Vec::new();
        }
        let form = match wanted {
            FormFor::New => form::JobForm::new(&self.parts, cx),
            FormFor::Change => match self.rows.selected() {
                Some(job) => Ok(form::JobForm::edit(job, &self.parts, cx)),
                None => return Vec::new(),
            },
        };
        match form {
            Ok(form) => vec![Effect::Open(Box::new(form))],
            Err(error) => vec![Effect::Toast(Toast::from(&error))],
        }
    }

    fn run(&self) -> Vec<Effect> {
        match self.chosen_ids().as_slice() {
            [] => Vec::new(),
            ids => vec![run_now(ids.iter().map(ToString::to_string).collect())],
        }
    }

    /// Ends the pause of those chosen when all of them are paused, else asks until when they are to be.
    fn pause(&self) -> Vec<Effect> {
        let chosen = self.chosen();
        let ids = self.chosen_ids();
        if ids.is_empty() {
            return Vec::new();
        }
        if chosen.iter().all(|job| job.paused_until.is_some()) {
            return vec![ask(Ask::Act(Act::Resume(ids)))];
        }
        let title = format!("Pause {} until", self.chosen_text());
        let help = format!("A pause always has an end: {}", moment::FORMS);
        let proposal = format!("{}h", DEFAULT_PAUSE.as_secs() / 3_600);
        let prompt = Prompt::new(title, help, &proposal, move |text, cx| {
            // What can be written is said below it already.
            let until = moment::to_come(text, cx.now, cx.zone).map_err(|error| error.next(""))?;
            Ok(vec![ask(Ask::Act(Act::Pause(ids.clone(), until, cx.zone)))])
        });
        let prompt = prompt.reading(|text, cx| {
            let until = moment::to_come(text, cx.now, cx.zone)?;
            let local = until.utc().with_timezone(&cx.zone).format("%a %d %b %Y %H:%M %Z");
            Ok(format!(
                "until {local}, {} from now",
                units::duration(until.since(cx.now))
            ))
        });
        vec![Effect::Open(Box::new(prompt))]
    }

    fn name_for(
        &self,
        title: &str,
        help: &'static str,
        proposal: &str,
        act: impl Fn(JobId, String) -> Act + 'static,
    ) -> Vec<Effect> {
        let Some(job) = self.rows.selected() else {
            return Vec::new();
        };
        let id = job.id;
        let taken: Vec<String> = self.rows.all().iter().map(|job| job.name.clone()).collect();
        let prompt = Prompt::new(title, help, proposal, move |name, _| {
            naming::valid_name("job", name)?;
            if taken.iter().any(|other| other == name) {
                return Err(Error::usage("that name is taken").next("choose another one"));
            }
            Ok(vec![ask(Ask::Act(act(id, name.to_owned())))])
        });
        vec![Effect::Open(Box::new(prompt))]
    }

    fn clone_job(&self) -> Vec<Effect> {
        let Some(job) = self.rows.selected() else {
            return Vec::new();
        };
        self.name_for(
            &format!("New job like {}", job.name),
            "It gets a name of its own; everything else is the same, its schedule too.",
            &format!("{}-copy", job.name),
            Act::Clone,
        )
    }

    fn rename(&self) -> Vec<Effect> {
        let Some(job) = self.rows.selected() else {
            return Vec::new();
        };
        self.name_for(
            &format!("Rename {}", job.name),
            "Backups made so far stay in the folder of the old name.",
            &job.name,
            Act::Rename,
        )
    }

    fn remove(&self) -> Vec<Effect> {
        let chosen = self.chosen();
        let act = vec![ask(Ask::Act(Act::Remove(self.chosen_ids())))];
        let (title, what) = match chosen.as_slice() {
            [] => return Vec::new(),
            [job] => {
                let revisions = match job.revision {
                    1 => "Its definition goes".to_owned(),
                    several => format!("Its definition and its {several} revisions go"),
                };
                (format!("Remove job {}?", job.name), revisions)
            }
            several => {
                let names: Vec<&str> = several.iter().map(|job| job.name.as_str()).collect();
                (
                    format!("Remove {}?", self.chosen_text()),
                    format!("The definitions and revisions of {} go", names.join(", ")),
                )
            }
        };
        let mut question = Confirm::new(title, "Remove", act)
            .line(format!("{what}, and the schedule is no longer followed."))
            .line("The backups stay where they are and can be restored. The runs and their logs stay too.");
        let others = |source: &str| {
            self.rows
                .all()
                .iter()
                .any(|job| job.source == source && !chosen.iter().any(|gone| gone.id == job.id))
        };
        let mut bare: Vec<&str> = chosen
            .iter()
            .map(|job| job.source.as_str())
            .filter(|source| !others(source))
            .collect();
        bare.dedup();
        if !bare.is_empty() {
            question = question.warn(format!("Nothing backs up {} after that.", bare.join(", ")));
        }
        let typed = match chosen.as_slice() {
            [job] => job.name.clone(),
            several => units::count(several.len(), "job"),
        };
        vec![Effect::Open(Box::new(question.typed(typed)))]
    }

    fn about_selected(&self, effect: impl FnOnce(&JobView) -> Effect) -> Vec<Effect> {
        self.rows.selected().map(effect).into_iter().collect()
    }

    fn move_or_scroll(&mut self, command: Command) -> Option<Vec<Effect>> {
        if self.is_in_one() {
            return self.scroll.command(command).then(Vec::new);
        }
        if !self.rows.command(command) {
            return None;
        }
        self.shown.moved();
        Some(Vec::new())
    }
}

fn export(job: &JobView) -> Effect {
    let id = job.id;
    prompt::file(
        format!("Write the definition of {} to", job.name),
        "As TOML, for `backstay job apply`. A file that exists stays.",
        &format!("{}.toml", job.name),
        move |name| ask(Ask::Act(Act::Export(id, name))),
    )
}

impl Pane for Jobs {
    fn scopes(&self) -> Vec<Scope> {
        if self.rows.typing {
            vec![Scope::List]
        } else {
            vec![Scope::Jobs, Scope::List]
        }
    }

    fn takes_text(&self) -> bool {
        self.rows.typing
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let effects = match command {
            Command::Back => return self.back(),
            Command::Open if self.rows.typing => {
                self.rows.stop_typing();
                self.settle()
            }
            Command::Open => {
                if self.rows.selected().is_some() {
                    self.focus = Focus::Page;
                }
                self.settle()
            }
            Command::NextFocus | Command::PreviousFocus => {
                let effects = self.settle();
                self.focus = match self.focus {
                    Focus::List if cx.size.0 >= WIDE && self.rows.selected().is_some() => Focus::Detail,
                    Focus::Page => Focus::Page,
                    _ => Focus::List,
                };
                effects
            }
            Command::Add => self.open_form(FormFor::New, cx),
            Command::Edit => self.open_form(FormFor::Change, cx),
            Command::Clone => self.clone_job(),
            Command::Rename => self.rename(),
            Command::Delete => self.remove(),
            Command::Run => self.run(),
            Command::Pause => self.pause(),
            Command::Revisions | Command::GoBack => {
                self.about_selected(|job| Effect::Open(Box::new(revisions::Revisions::new(job))))
            }
            Command::Retention => self.about_selected(|job| Effect::Open(Box::new(keep::Retention::new(job)))),
            Command::Export => self.about_selected(export),
            Command::Apply => vec![Effect::Open(Box::new(apply::Apply::default()))],
            Command::JobRuns => self.about_selected(|job| Effect::Go(Place::RunsOfJob(job.name.clone()))),
            Command::JobBackups => self.about_selected(|job| Effect::Go(Place::BackupsOfJob(job.name.clone()))),
            Command::Filter | Command::Sort | Command::Mark | Command::MarkAll if self.focus == Focus::Page => {
                Vec::new()
            }
            command => return self.move_or_scroll(command),
        };
        Some(effects)
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        self.rows.key(key);
        self.shown.moved();
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.rows.paste(text) {
            return vec![Effect::Bell];
        }
        self.settle()
    }

    fn click(&mut self, at: Position, twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        let area = self.list_area.get();
        if self.focus == Focus::Page || !area.contains(at) || at.y == area.y {
            return Vec::new();
        }
        let row = self.rows.selection.row_at(at.y - area.y - 1);
        if row >= self.rows.len() {
            return Vec::new();
        }
        self.focus = if twice { Focus::Page } else { Focus::List };
        self.rows.select_row(row);
        self.settle()
    }

    fn opened(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        // Nobody told it what changed while another pane was shown.
        self.current = false;
        self.refresh(cx)
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        for known in self.known.values_mut() {
            known.stale = true;
        }
        let mut effects = self.status_changed(cx);
        effects.insert(0, ask(Ask::List));
        effects
    }

    fn status_changed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(status) = cx.status {
            self.rows.take_known(Standing::new(status));
        }
        Vec::new()
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.shown.is_moving() {
            self.settle()
        } else {
            Vec::new()
        }
    }

    fn go(&mut self, place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        let Place::Job(name) = place else {
            return Vec::new();
        };
        if self.focus == Focus::Detail {
            self.focus = Focus::List;
        }
        self.scroll.to_top();
        // What was just added is in no list yet.
        if !self.rows.select(name) {
            self.wanted = Some(name.clone());
            return Vec::new();
        }
        self.settle()
    }

    fn to_list(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.focus = Focus::List;
        self.settle()
    }

    fn thing(&self) -> Option<Thing> {
        let job = self.rows.selected()?;
        let name = words::join(std::slice::from_ref(&job.name));
        Some(Thing {
            kind: "job",
            id: job.id.to_string(),
            name: job.name.clone(),
            copies: vec![
                ("command that runs it", format!("backstay run {name}")),
                ("command that shows it", format!("backstay job show {name}")),
                (
                    "command that writes it as a file",
                    format!("backstay job show {name} --toml"),
                ),
            ],
        })
    }

    fn hints(&self) -> Vec<Command> {
        if self.rows.typing {
            return vec![Command::Open, Command::Back];
        }
        if self.rows.selected().is_none() {
            let can_add = self.loaded && self.missing().is_none();
            // What is narrowed to nothing may be narrowed to something else.
            let offered = [
                (self.rows.is_filtered(), Command::Filter),
                (can_add, Command::Add),
                (self.loaded, Command::Apply),
            ];
            return offered
                .into_iter()
                .filter_map(|(is, command)| is.then_some(command))
                .collect();
        }
        if self.is_in_one() {
            return vec![
                Command::Run,
                Command::Edit,
                Command::JobRuns,
                Command::JobBackups,
                Command::Retention,
                Command::Revisions,
            ];
        }
        vec![
            Command::Run,
            Command::Pause,
            Command::Edit,
            Command::Add,
            Command::Open,
            Command::Filter,
        ]
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        if command != Command::Pause {
            return None;
        }
        let are_paused = if self.is_in_one() || self.rows.marked() == 0 {
            // The job the selection rests on: a move costs two rows and no footer.
            self.detail()?.0.paused_until.is_some()
        } else {
            self.rows.chosen().iter().all(|job| job.paused_until.is_some())
        };
        are_paused.then_some("resume")
    }

    fn is_within(&self) -> bool {
        self.is_in_one() || self.rows.is_narrowed()
    }

    fn position(&self) -> String {
        let (shown, all) = (self.rows.len(), self.rows.all().len());
        let noun = units::plural(all, "job");
        match (shown, all) {
            (0, 0) => return String::new(),
            (0, _) => return format!("0 of {all} {noun}"),
            _ => {}
        }
        let at = self.rows.selection.at() + 1;
        let of = if shown == all {
            format!("{all}")
        } else {
            format!("{shown} of {all}")
        };
        match self.rows.marked() {
            _ if self.is_in_one() => format!("{at}/{of} {noun}"),
            0 => format!("{at}/{of} {noun}"),
            marked => format!("{marked} marked  {at}/{of} {noun}"),
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
