//! The whole state of the console. Nothing in it is read from a clock, a file or a terminal: all that came in as messages.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono_tz::Tz;

use super::command::{Command, Scope};
use super::keymap::Keymap;
use super::layer::Layer;
use super::layer::stack::Stack;
use super::message::{Place, Ticket, Toast};
use super::pane::{Pane, PaneId, adapters, audit, backups, jobs, overview, runs, system};
use super::theme::{Glyphs, Theme};
use crate::domain::time::Timestamp;
use crate::ops::status::Overview;

/// Messages of the session that are kept.
const MESSAGES: usize = 200;

/// What panes and layers may look at while they decide.
pub struct Cx<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The operator's zone.
    pub zone: Tz,
    /// The keys in force.
    pub keymap: &'a Keymap,
    /// How a command line begins that is about this installation.
    pub program: &'a str,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How everything stands, once it is known.
    pub status: Option<&'a Arc<Overview>>,
    /// That of the layer that looks at this; of no layer when it is a pane.
    pub ticket: Ticket,
}

/// The context, made of other fields than panes and layers, so that both can be held at once.
macro_rules! cx {
    ($model:expr) => {
        $crate::console::model::cx!($model, $crate::console::message::Ticket::default())
    };
    ($model:expr, $ticket:expr) => {
        $crate::console::model::Cx {
            now: $model.now,
            zone: $model.start.zone,
            keymap: &$model.start.keymap,
            program: &$model.start.program,
            read_only: $model.start.read_only,
            size: $model.start.size,
            status: $model.status.as_ref(),
            ticket: $ticket,
        }
    };
}
pub(super) use cx;

/// What has a name and can be gone to.
#[derive(Clone, Debug)]
pub enum Named {
    /// A job.
    Job(String),
    /// A run, which people know by its job, its time and how it went.
    Run(runs::Brief),
    /// An adapter.
    Adapter(String),
}

/// How the console was started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The machine's name.
    pub host: String,
    /// How a command line begins that is about this installation: `backstay`, or with its home.
    pub program: String,
    /// The operator's zone.
    pub zone: Tz,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The themes to choose from; the first is the one to begin with.
    pub themes: Vec<Theme>,
    /// The signs to use.
    pub glyphs: &'static Glyphs,
    /// The keys.
    pub keymap: Keymap,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The present moment.
    pub now: Timestamp,
}

/// A message of the session.
#[derive(Clone, Debug)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub toast: Toast,
}

/// Everything.
pub struct Model {
    /// How the console was started, and what was changed of that since.
    pub start: Start,
    /// The present moment, as of the last message.
    pub now: Timestamp,
    /// The theme in force, by its place among the themes.
    pub theme: usize,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// How everything stands, once it is known.
    pub status: Option<Arc<Overview>>,
    /// The pane that is shown.
    pub pane: PaneId,
    /// The panes it was come to from, the last one at the end: going back leads through them.
    pub trail: Vec<PaneId>,
    /// Is everything safe?
    pub overview: overview::Overview,
    /// What is backed up.
    pub jobs: jobs::Jobs,
    /// What ran.
    pub runs: runs::Runs,
    /// What there is to restore.
    pub backups: backups::Backups,
    /// Sources and destinations.
    pub adapters: adapters::Adapters,
    /// Who did what.
    pub audit: audit::Audit,
    /// Engine and settings.
    pub system: system::System,
    /// What lies on top.
    pub layers: Stack,
    /// What is told just now.
    pub toast: Option<Told>,
    /// What was told, the newest last.
    pub messages: VecDeque<Told>,
}

impl Model {
    /// The console as it starts.
    pub fn new(start: Start) -> Self {
        Self {
            now: start.now,
            theme: 0,
            mouse: false,
            status: None,
            pane: PaneId::Overview,
            trail: Vec::new(),
            overview: overview::Overview::default(),
            jobs: jobs::Jobs::default(),
            runs: runs::Runs::default(),
            backups: backups::Backups::default(),
            adapters: adapters::Adapters::default(),
            audit: audit::Audit::default(),
            system: system::System::default(),
            layers: Stack::default(),
            toast: None,
            messages: VecDeque::new(),
            start,
        }
    }

    /// The theme in force.
    pub fn theme(&self) -> Option<&Theme> {
        self.start.themes.get(self.theme).or(self.start.themes.first())
    }

    /// The pane that is shown.
    pub fn shown(&self) -> &dyn Pane {
        match self.pane {
            PaneId::Overview => &self.overview,
            PaneId::Jobs => &self.jobs,
            PaneId::Runs => &self.runs,
            PaneId::Backups => &self.backups,
            PaneId::Adapters => &self.adapters,
            PaneId::Audit => &self.audit,
            PaneId::System => &self.system,
        }
    }

    /// The pane that is shown and the context, for a change.
    pub fn with_pane<T>(&mut self, pane: PaneId, change: impl FnOnce(&mut dyn Pane, &Cx<'_>) -> T) -> T {
        let cx = cx!(self);
        let pane: &mut dyn Pane = match pane {
            PaneId::Overview => &mut self.overview,
            PaneId::Jobs => &mut self.jobs,
            PaneId::Runs => &mut self.runs,
            PaneId::Backups => &mut self.backups,
            PaneId::Adapters => &mut self.adapters,
            PaneId::Audit => &mut self.audit,
            PaneId::System => &mut self.system,
        };
        change(pane, &cx)
    }

    /// The topmost layer and the context, for a change; `None` when nothing lies on top.
    pub fn with_layer<T>(&mut self, change: impl FnOnce(&mut dyn Layer, &Cx<'_>) -> T) -> Option<T> {
        let (ticket, layer) = self.layers.top_mut()?;
        Some(change(layer, &cx!(self, ticket)))
    }

    /// What applies where the focus is, the most specific first.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = match self.layers.top() {
            Some(layer) => layer.scopes(),
            None => self.shown().scopes(),
        };
        if !scopes.contains(&Scope::Everywhere) {
            scopes.push(Scope::Everywhere);
        }
        scopes
    }

    /// Whether typed letters are text just now.
    pub fn takes_text(&self) -> bool {
        match self.layers.top() {
            Some(layer) => layer.takes_text(),
            None => self.shown().takes_text(),
        }
    }

    /// The commands the footer shows, the way back at the end.
    pub fn hints(&self) -> Vec<Command> {
        let Some(layer) = self.layers.top() else {
            let pane = self.shown();
            let mut hints = pane.hints();
            if (pane.is_within() || !self.trail.is_empty()) && !hints.contains(&Command::Back) {
                hints.push(Command::Back);
            }
            return hints;
        };
        layer.hints()
    }

    /// The footer's word for a command, where the focus is.
    pub fn word(&self, command: Command) -> &'static str {
        let own = match self.layers.top() {
            Some(layer) => layer.word(command),
            // Below a list what was typed is applied, and nothing is opened.
            None if command == Command::Open && self.takes_text() => Some("apply"),
            None => self.shown().word(command),
        };
        let entry = command.entry();
        let usual = if entry.hint.is_empty() { entry.name } else { entry.hint };
        own.unwrap_or(usual)
    }

    /// Everything that has a name and can be gone to, and where it is shown.
    pub fn names(&self) -> Vec<(Named, Place)> {
        let status = self.status.as_ref();
        let jobs = status.iter().flat_map(|status| &status.jobs);
        let open = status.iter().flat_map(|status| &status.open);
        // Those that are over are known as far as the list of runs has loaded them.
        let over = self.runs.loaded().iter().filter(|run| run.status.is_final());
        let runs = open.chain(over);
        jobs.map(|job| (Named::Job(job.job.clone()), Place::Job(job.job.clone())))
            .chain(runs.map(|run| (Named::Run(self.runs.brief(run)), Place::Run(run.id))))
            .chain(
                self.adapters
                    .names()
                    .into_iter()
                    .map(|name| (Named::Adapter(name.clone()), Place::Adapter(name))),
            )
            .collect()
    }

    /// Tells something and keeps it.
    pub fn tell(&mut self, toast: Toast) {
        let told = Told { at: self.now, toast };
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(told.clone());
        self.toast = Some(told);
    }
}
