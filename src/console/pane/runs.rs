//! What ran and what runs: the history with its filters, the page of one run, and its log as it is said.

mod acts;
mod brief;
mod facts;
mod filters;
mod pace;
mod view;
mod work;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub use self::acts::cancel;
pub use self::brief::Brief;
use self::filters::{Filters, JobLine, Only};
use self::pace::Pace;
pub use self::work::{Ask, Reply};
use self::work::{Known, ask};
use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Effect, Place, Thing, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::log::{Log, Step};
use crate::console::widget::paged::{Keyed, Paged};
use crate::console::widget::rest::Rest;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::split::WIDE;
use crate::domain::Error;
use crate::domain::execution::{Execution, Status};
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::domain::units;
use crate::ops::runs::waits_for;
use crate::ops::status::Overview;

impl Keyed for Execution {
    type Key = ExecutionId;

    fn key(&self) -> ExecutionId {
        self.id
    }
}

/// What has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    List,
    /// The page of one run.
    Run,
    /// Its log, over the whole pane.
    Log,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Runs {
    list: Paged<Execution>,
    filters: Filters,
    /// What the rows in the list were asked for.
    rows_of: Filters,
    job_line: Option<JobLine>,
    marked: BTreeMap<ExecutionId, Execution>,
    focus: Focus,
    /// Where the log was opened from.
    before_log: Focus,
    /// The run whose page is shown.
    page: Rest<ExecutionId>,
    known: Option<Known>,
    pace: Pace,
    facts: Scroll,
    log: Log,
    /// The run whose log is in `log`.
    log_of: Option<ExecutionId>,
    /// A run that is looked up among the others.
    seeking: Option<ExecutionId>,
    /// How everything stands, once it is known.
    status: Option<Arc<Overview>>,
    list_error: Option<Error>,
    run_error: Option<Error>,
    log_error: Option<Error>,
    /// Where the rows of the list and the page were drawn.
    drawn: Cell<(Rect, Rect)>,
}

impl Runs {
    /// The rows that are loaded.
    pub fn loaded(&self) -> &[Execution] {
        self.list.rows()
    }

    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::Page(wanted, edge, rows) if wanted == self.filters.wanted() => self.take_page(edge, rows, cx),
            Reply::Around(id, slice) if self.seeking == Some(id) => {
                self.seeking = None;
                match slice {
                    Ok(slice) => {
                        self.list.begin_at(slice.newer, slice.run, slice.older);
                        self.rows_of = self.filters.clone();
                    }
                    // Its own page says that it is not there; the others are still worth seeing.
                    Err(_) => return self.restart(),
                }
                Vec::new()
            }
            Reply::Again(Ok(rows)) => {
                for row in rows {
                    self.marked.entry(row.id).and_modify(|marked| row.clone_into(marked));
                    self.list.replace(row);
                }
                Vec::new()
            }
            Reply::Run(id, known) if self.page.of() == Some(id) => {
                let mut effects = Vec::new();
                match known {
                    Ok(known) => {
                        if known.run.status.is_final() {
                            effects.extend(self.run().and_then(acts::not_yet).map(Effect::TakeBack));
                        }
                        self.run_error = None;
                        self.pace.look(&known.run, cx.now);
                        self.log.started(known.run.started_at);
                        self.list.replace(known.run.clone());
                        self.known = Some(*known);
                    }
                    Err(error) => self.run_error = Some(error),
                }
                effects
            }
            Reply::Log(id, level, need, given) if self.log_of == Some(id) && self.log.level() == level => {
                let steps = match given {
                    Ok(given) => {
                        self.log_error = None;
                        self.log.take(&need, given)
                    }
                    Err(error) => {
                        self.log_error = Some(error);
                        self.log.failed(&need);
                        Vec::new()
                    }
                };
                self.carry_out(steps)
            }
            Reply::AfterRetry(runs, Ok(jobs)) => vec![acts::known_again(&runs, &jobs, cx)],
            Reply::RemovedJobs(Ok(removed)) => {
                if let Some(line) = &mut self.job_line {
                    line.knows(removed, cx);
                }
                Vec::new()
            }
            Reply::AfterRetry(_, Err(error)) | Reply::RemovedJobs(Err(error)) => {
                vec![Effect::Toast(Toast::from(&error))]
            }
            Reply::Only(only) => {
                self.job_line = None;
                self.only(only)
            }
            // What is no longer wanted; a row that could not be read again is read with the next change.
            _ => Vec::new(),
        }
    }

    /// The log of the run that is shown.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    fn take_page(&mut self, edge: Edge<ExecutionId>, rows: Result<Vec<Execution>, Error>, cx: &Cx<'_>) -> Vec<Effect> {
        match rows {
            Ok(rows) => {
                for row in &rows {
                    self.marked.entry(row.id).and_modify(|marked| row.clone_into(marked));
                }
                self.list.take(edge, rows);
                self.rows_of = self.filters.clone();
                self.list_error = None;
            }
            Err(error) => {
                if self.rows_of != self.filters {
                    self.list.clear();
                }
                self.list.failed();
                self.list_error = Some(error);
            }
        }
        let mut effects = Vec::new();
        if self.list.is_due() {
            effects.extend(self.refresh_list());
        }
        if self.focus == Focus::List {
            // Another run may stand where the selection rests.
            if !self.page.is_moving() {
                effects.extend(self.settle(cx));
            }
        } else if let Some(at) = self.list.rows().iter().position(|row| Some(row.id) == self.page.of()) {
            self.list.selection.select(at);
        }
        effects
    }

    /// The selection rests: the page is that of the selected run, and is read when it was that of another one.
    fn settle(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if self.focus != Focus::List {
            return Vec::new();
        }
        let selected = self.list.selected().map(|run| run.id);
        if !self.turn_to(selected) {
            return Vec::new();
        }
        if let Some(run) = self.list.selected() {
            self.pace.look(run, cx.now);
        }
        self.read()
    }

    /// Turns to the page of a run. `true` when it is another one.
    fn turn_to(&mut self, run: Option<ExecutionId>) -> bool {
        let is_another = self.page.settle(run);
        if is_another {
            self.known = None;
            self.run_error = None;
            self.facts.to_top();
        }
        is_another
    }

    /// Reads the page and the log of the run that is shown.
    fn read(&mut self) -> Vec<Effect> {
        let Some(id) = self.page.of() else {
            return Vec::new();
        };
        let steps = if self.log_of == Some(id) {
            self.log.refresh()
        } else {
            self.log_of = Some(id);
            self.log_error = None;
            let started = self.run().and_then(|run| run.started_at);
            let first = self.log.begin();
            self.log.started(started);
            vec![first]
        };
        let mut effects = vec![ask(Ask::Run(id))];
        effects.extend(self.carry_out(steps));
        effects
    }

    fn carry_out(&self, steps: Vec<Step>) -> Vec<Effect> {
        let Some(id) = self.log_of else {
            return Vec::new();
        };
        let effect = |step: Step| match step {
            Step::Need(need) => ask(Ask::Log(id, self.log.level(), need)),
            Step::Note(text) => Effect::Toast(Toast::note(text)),
        };
        steps.into_iter().map(effect).collect()
    }

    /// The run whose page is shown, as far as it is known.
    fn run(&self) -> Option<&Execution> {
        let id = self.page.of()?;
        let known = self.known.as_ref().map(|known| &known.run).filter(|run| run.id == id);
        known.or_else(|| self.list.rows().iter().find(|run| run.id == id))
    }

    /// The run a command is about: in the list the selected one, whatever page still stands beside it.
    fn chosen(&self) -> Option<&Execution> {
        match self.focus {
            Focus::List => self.list.selected(),
            Focus::Run | Focus::Log => self.run(),
        }
    }

    /// The runs a command is about: those that are marked, else the one.
    fn meant(&self) -> Vec<Execution> {
        if self.focus == Focus::List && !self.marked.is_empty() {
            return self.marked.values().cloned().collect();
        }
        self.chosen().into_iter().cloned().collect()
    }

    /// Whether there is an engine, once that is known.
    fn engine_up(&self) -> Option<bool> {
        self.status.as_ref().map(|status| status.engine.running)
    }

    /// What a run waits for that could begin by now.
    fn waits_for(&self, run: &Execution) -> String {
        match &self.status {
            Some(status) => waits_for(run, &status.open, status.places),
            None => waits_for(run, &[], u64::MAX),
        }
    }

    fn ask_page(&self, edge: Edge<ExecutionId>) -> Effect {
        ask(Ask::Page(self.filters.wanted(), edge))
    }

    fn refresh_list(&mut self) -> Vec<Effect> {
        if self.seeking.is_some() {
            return Vec::new();
        }
        let Some(edge) = self.list.refresh() else {
            return Vec::new();
        };
        let mut effects = vec![self.ask_page(edge)];
        // Rows that are not read again with that, and may be other by now.
        let open: Vec<ExecutionId> = self
            .list
            .rows()
            .iter()
            .filter(|run| !run.status.is_final())
            .map(|run| run.id)
            .collect();
        if edge != Edge::Newest && !open.is_empty() {
            effects.push(ask(Ask::Again(open)));
        }
        effects
    }

    /// Shows other runs. What is there stays until they come.
    fn restart(&mut self) -> Vec<Effect> {
        self.seeking = None;
        let edge = self.list.restart();
        vec![self.ask_page(edge)]
    }

    fn only(&mut self, only: Only) -> Vec<Effect> {
        self.filters.set(only);
        self.marked.clear();
        self.restart()
    }

    /// What Esc does in the list: the marks go first, then the filters.
    fn clear(&mut self) -> Option<Vec<Effect>> {
        if !self.marked.is_empty() {
            self.marked.clear();
            return Some(Vec::new());
        }
        if self.filters.is_any() {
            self.filters = Filters::default();
            return Some(self.restart());
        }
        None
    }

    fn mark(&mut self) {
        if let Some(run) = self.list.selected()
            && self.marked.remove(&run.id).is_none()
        {
            self.marked.insert(run.id, run.clone());
        }
    }

    fn mark_all(&mut self) {
        if self.marked.is_empty() {
            self.marked = self.list.rows().iter().map(|run| (run.id, run.clone())).collect();
        } else {
            self.marked.clear();
        }
    }

    fn open_log(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let mut effects = self.settle(cx);
        if self.page.of().is_none() {
            return vec![Effect::Toast(Toast::note("no run is selected"))];
        }
        self.before_log = self.focus;
        self.focus = Focus::Log;
        if self.log_of != self.page.of() {
            effects.extend(self.read());
        }
        effects
    }

    fn leave_log(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.focus = self.before_log;
        // Beside the page it is the end of the log that is shown.
        let steps = if self.log.is_following() {
            Vec::new()
        } else {
            self.log.command(Command::Bottom).unwrap_or_default()
        };
        let mut effects = self.carry_out(steps);
        effects.extend(self.settle(cx));
        effects
    }

    fn in_list(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let effects = match command {
            Command::Open if self.list.selected().is_some() => {
                let effects = self.settle(cx);
                self.focus = Focus::Run;
                effects
            }
            Command::NextFocus | Command::PreviousFocus if cx.size.0 >= WIDE && self.list.selected().is_some() => {
                let effects = self.settle(cx);
                self.focus = Focus::Run;
                effects
            }
            Command::Back => return self.clear(),
            Command::Mark => {
                self.mark();
                let asked = self.list.command(Command::Down).flatten();
                self.page.moved();
                asked.map(|edge| self.ask_page(edge)).into_iter().collect()
            }
            Command::MarkAll => {
                self.mark_all();
                Vec::new()
            }
            Command::Filter => {
                let mut line = JobLine::default();
                line.changed(cx);
                self.job_line = Some(line);
                vec![ask(Ask::RemovedJobs)]
            }
            Command::Sort => vec![Effect::Toast(Toast::note(
                "runs are in the order of time, the newest first",
            ))],
            Command::OnlyFailed => {
                self.filters.toggle_failed();
                self.marked.clear();
                self.restart()
            }
            Command::FilterType => vec![self.filters.choose_kind()],
            Command::FilterStatus => vec![self.filters.choose_status()],
            Command::FilterTime => vec![Filters::ask_period()],
            command => {
                let asked = self.list.command(command)?;
                self.page.moved();
                asked.map(|edge| self.ask_page(edge)).into_iter().collect()
            }
        };
        Some(effects)
    }

    fn in_run(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Open => Some(vec![self.open_backup()]),
            Command::Back | Command::NextFocus | Command::PreviousFocus => {
                self.focus = Focus::List;
                Some(self.settle(cx))
            }
            command if self.facts.command(command) => Some(Vec::new()),
            // What is for lists is not for this.
            command if command.entry().scopes.contains(&Scope::List) => Some(Vec::new()),
            Command::OnlyFailed | Command::FilterType | Command::FilterStatus | Command::FilterTime => Some(Vec::new()),
            _ => None,
        }
    }

    fn open_backup(&self) -> Effect {
        match self.known.as_ref().and_then(|known| known.backup.as_ref()) {
            Some(backup) => Effect::Go(Place::Backup(backup.id)),
            None => Effect::Toast(
                self.run()
                    .and_then(acts::not_yet)
                    .unwrap_or_else(|| Toast::note("there is no backup to show: this run made none")),
            ),
        }
    }

    fn in_log(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if let Some(steps) = self.log.command(command) {
            return Some(self.carry_out(steps));
        }
        match command {
            Command::Back | Command::Log => Some(self.leave_log(cx)),
            Command::SaveLog => Some(self.run().map(|run| acts::save_log(run, cx)).into_iter().collect()),
            Command::Open | Command::NextFocus | Command::PreviousFocus => Some(Vec::new()),
            command if command.entry().scopes.contains(&Scope::List) => Some(Vec::new()),
            Command::OnlyFailed | Command::FilterType | Command::FilterStatus | Command::FilterTime => Some(Vec::new()),
            _ => None,
        }
    }

    fn in_job_line(&mut self, command: Command) -> Option<Vec<Effect>> {
        let line = self.job_line.as_ref()?;
        match command {
            Command::Open => Some(line.accept().into_iter().collect()),
            Command::Back => {
                self.job_line = None;
                Some(Vec::new())
            }
            _ => None,
        }
    }

    /// Of a run only what was done to it is on record, as that it was cancelled. Where there is nothing, its job has a history.
    fn history(&self) -> Option<Vec<Effect>> {
        let run = self.chosen().filter(|run| run.cancel_requested_at.is_none())?;
        let thing = Thing {
            kind: "job",
            id: run.job_id?.to_string(),
            name: run.job_name.clone(),
            copies: Vec::new(),
        };
        Some(vec![Effect::Go(Place::History(thing))])
    }

    /// A run by itself, among all the others.
    fn show(&mut self, id: ExecutionId) -> Vec<Effect> {
        self.filters = Filters::default();
        self.job_line = None;
        self.marked.clear();
        self.focus = Focus::Run;
        self.turn_to(Some(id));
        self.seeking = Some(id);
        vec![ask(Ask::Around(id))]
    }
}

impl Pane for Runs {
    fn scopes(&self) -> Vec<Scope> {
        match self.focus {
            Focus::Log => vec![Scope::Log, Scope::Runs, Scope::List],
            Focus::List | Focus::Run => vec![Scope::Runs, Scope::List],
        }
    }

    fn takes_text(&self) -> bool {
        self.job_line.is_some() || (self.focus == Focus::Log && self.log.takes_text())
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if let Some(effects) = self.in_job_line(command) {
            return Some(effects);
        }
        match command {
            Command::Log if self.focus != Focus::Log => return Some(self.open_log(cx)),
            Command::Cancel => return Some(vec![acts::cancel(&self.meant(), cx)]),
            Command::History => return self.history(),
            Command::RunAgain => return Some(vec![acts::again(&self.meant(), self.known.as_ref())]),
            _ => {}
        }
        match self.focus {
            Focus::List => self.in_list(command, cx),
            Focus::Run => self.in_run(command, cx),
            Focus::Log => self.in_log(command, cx),
        }
    }

    fn lacks(&self, command: Command) -> bool {
        command == Command::Sort
    }

    fn key(&mut self, key: Key, cx: &Cx<'_>) -> Vec<Effect> {
        match &mut self.job_line {
            Some(line) => {
                line.field.key(key);
                line.changed(cx);
            }
            None => self.log.key(key),
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, cx: &Cx<'_>) -> Vec<Effect> {
        let taken = match &mut self.job_line {
            Some(line) => {
                let taken = line.field.paste(text);
                line.changed(cx);
                taken
            }
            None => self.log.paste(text),
        };
        if taken { Vec::new() } else { vec![Effect::Bell] }
    }

    fn click(&mut self, at: Position, twice: bool, cx: &Cx<'_>) -> Vec<Effect> {
        let (list, page) = self.drawn.get();
        // The first line is the heading.
        let line = at.y.checked_sub(list.y + 1).filter(|_| list.contains(at));
        let row = line.map(|line| self.list.selection.row_at(line));
        let Some(row) = row.filter(|row| *row < self.list.rows().len()) else {
            if page.contains(at) && self.list.selected().is_some() {
                let effects = self.settle(cx);
                self.focus = Focus::Run;
                return effects;
            }
            return Vec::new();
        };
        self.focus = Focus::List;
        self.list.selection.select(row);
        let mut effects = self.settle(cx);
        if twice {
            effects.extend(self.in_list(Command::Open, cx).unwrap_or_default());
        }
        effects
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.status = cx.status.cloned();
        let mut effects = self.refresh_list();
        effects.extend(self.read());
        effects
    }

    fn status_changed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.status = cx.status.cloned();
        Vec::new()
    }

    fn time_passed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if self.page.is_moving() {
            self.settle(cx)
        } else {
            Vec::new()
        }
    }

    fn go(&mut self, place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        match place {
            Place::Run(id) => self.show(*id),
            Place::RunsOfJob(job) => {
                self.focus = Focus::List;
                self.job_line = None;
                self.filters = Filters::default();
                self.only(Only::Job(Some(job.clone())))
            }
            _ => Vec::new(),
        }
    }

    fn to_list(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let effects = if self.focus == Focus::Log {
            self.leave_log(cx)
        } else {
            Vec::new()
        };
        self.focus = Focus::List;
        effects.into_iter().chain(self.settle(cx)).collect()
    }

    fn thing(&self) -> Option<Thing> {
        let run = self.chosen()?;
        let mut copies = vec![
            ("command that shows its log", format!("backstay logs {}", run.id)),
            ("folder of the backup", run.path.clone().unwrap_or_default()),
        ];
        if let Some(error) = &run.error {
            copies.push(("error", error.message.clone()));
        }
        Some(Thing {
            kind: "execution",
            id: run.id.to_string(),
            name: run.job_name.clone(),
            copies,
        })
    }

    fn hints(&self) -> Vec<Command> {
        if self.takes_text() {
            return vec![Command::Open, Command::Back];
        }
        // While the selection moves they are those of where it was, as the page is.
        let act = match self.run().map(|run| run.status) {
            Some(Status::Pending | Status::Running) => Command::Cancel,
            _ => Command::RunAgain,
        };
        let narrow = [Command::OnlyFailed, Command::Filter, Command::FilterTime];
        match self.focus {
            Focus::List if !self.list.rows().is_empty() => {
                [&[Command::Open, Command::Log, act], narrow.as_slice()].concat()
            }
            // What is narrowed to nothing may be narrowed to something else.
            Focus::List if self.filters.is_any() => narrow.to_vec(),
            Focus::List => Vec::new(),
            Focus::Run if self.run().is_none() => Vec::new(),
            Focus::Run if self.known.as_ref().is_some_and(|known| known.backup.is_some()) => {
                vec![Command::Log, Command::Open, act, Command::Copy]
            }
            Focus::Run => vec![Command::Log, act, Command::Copy],
            Focus::Log if !self.log.is_loaded() => Vec::new(),
            Focus::Log => vec![
                Command::Follow,
                Command::Search,
                Command::NextError,
                Command::LogLevel,
                Command::Wrap,
                Command::SaveLog,
            ],
        }
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::OnlyFailed if self.filters.failed => Some("all"),
            Command::Open if self.focus == Focus::Run => Some("its backup"),
            Command::Follow if self.log.is_following() => Some("stay"),
            _ => None,
        }
    }

    fn is_within(&self) -> bool {
        self.focus != Focus::List || !self.marked.is_empty() || self.filters.is_any()
    }

    fn position(&self) -> String {
        let len = self.list.rows().len();
        match self.focus {
            _ if !self.marked.is_empty() => format!("{} marked", self.marked.len()),
            Focus::Log => String::new(),
            _ if len == 0 => String::new(),
            _ if self.list.is_whole() => format!("{}/{}", self.list.selection.at() + 1, units::count(len, "run")),
            _ => format!("more than {}", units::count(len, "run")),
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
