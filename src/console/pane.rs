//! The seven panes. Each is a module of its own: its state and what it does in the module's file, how it looks in `view`, and
//! what it asks of `ops` in `work`.

pub mod adapters;
pub mod answer;
pub mod audit;
pub mod backups;
pub mod jobs;
pub mod overview;
pub mod runs;
pub mod system;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::command::{Command, Scope};
use super::key::Key;
use super::message::{Effect, Place, Thing};
use super::model::Cx;
use super::ui::Ui;

/// Which pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaneId {
    /// Is everything safe?
    Overview,
    /// What is backed up, when, to where.
    Jobs,
    /// What ran and what runs.
    Runs,
    /// What there is to restore.
    Backups,
    /// Sources and destinations.
    Adapters,
    /// Who did what.
    Audit,
    /// Engine, settings, profiles, the database itself.
    System,
}

impl PaneId {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Jobs,
        Self::Runs,
        Self::Backups,
        Self::Adapters,
        Self::Audit,
        Self::System,
    ];

    /// The scope of its commands.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Overview => Scope::Overview,
            Self::Jobs => Scope::Jobs,
            Self::Runs => Scope::Runs,
            Self::Backups => Scope::Backups,
            Self::Adapters => Scope::Adapters,
            Self::Audit => Scope::Audit,
            Self::System => Scope::System,
        }
    }

    /// What has to be selected in it before one of its commands can be carried out; `None` for those that need nothing.
    pub const fn selects(self, command: Command) -> Option<&'static str> {
        match (self, command) {
            (
                _,
                Command::Add
                | Command::Apply
                | Command::ByDestination
                | Command::Decrypt
                | Command::Doctor
                | Command::FilterAction
                | Command::FilterActor
                | Command::FilterStatus
                | Command::FilterTime
                | Command::FilterType
                | Command::ImportKey
                | Command::InstallEngine
                | Command::OnlyFailed
                | Command::Orphans
                | Command::RecoveryKit
                | Command::Scan
                | Command::StartEngine
                | Command::StopEngine
                | Command::VerifyChain,
            )
            | (Self::Audit, Command::Export) => None,
            (Self::System, Command::Edit | Command::ResetSetting) => Some("a setting"),
            (Self::System, _) => Some("a profile"),
            (Self::Jobs, Command::GoBack) => Some("a revision of a job"),
            (Self::Overview | Self::Jobs, _) => Some("a job"),
            (Self::Runs, _) => Some("a run"),
            (Self::Backups, _) => Some("a backup"),
            (Self::Adapters, Command::Browse) => Some("a source"),
            (Self::Adapters, _) => Some("an adapter"),
            (Self::Audit, _) => Some("a row"),
        }
    }

    /// As the tab says where there is little room.
    pub const fn short_title(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::System => "Sys",
            pane => pane.title(),
        }
    }

    /// As the tab says.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Jobs => "Jobs",
            Self::Runs => "Runs",
            Self::Backups => "Backups",
            Self::Adapters => "Adapters",
            Self::Audit => "Audit",
            Self::System => "System",
        }
    }
}

/// What every pane can do. Nothing here reads a clock or waits for anything; the context has the time, and work is an effect.
pub trait Pane {
    /// What applies where the focus is, the most specific first. `Everywhere` is added by the caller.
    fn scopes(&self) -> Vec<Scope>;

    /// Whether typed letters are text just now, as in a filter line.
    fn takes_text(&self) -> bool {
        false
    }

    /// Carries out a command; `None` when it means nothing here, so that the console's own meaning applies.
    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>>;

    /// Whether a command of its scopes does nothing here: then help does not list it.
    fn lacks(&self, _command: Command) -> bool {
        false
    }

    /// A key that is bound to nothing, or text.
    fn key(&mut self, _key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// Text was pasted while letters are text here.
    fn paste(&mut self, _text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// A click at a position on the screen.
    fn click(&mut self, _at: Position, _twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// The wheel; positive rows are down. By default the selection moves.
    fn scroll(&mut self, _at: Position, rows: i32, cx: &Cx<'_>) -> Vec<Effect> {
        let command = if rows > 0 { Command::Down } else { Command::Up };
        (0..rows.unsigned_abs())
            .filter_map(|_| self.command(command, cx))
            .flatten()
            .collect()
    }

    /// The pane was opened: ask for what it shows.
    fn opened(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.refresh(cx)
    }

    /// The database changed while the pane is open: ask for what is shown.
    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect>;

    /// How everything stands was read again; it is in the context.
    fn status_changed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// A moment came that the last drawing said something would change at.
    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// The key of this pane was pressed while it is shown: from a page back to the list.
    fn to_list(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        Vec::new()
    }

    /// One of its commands was asked for elsewhere and needs something selected first: show where that is done.
    fn to_select(&mut self, _command: Command) {}

    /// Show this; it is one of this pane's places.
    fn go(&mut self, place: &Place, cx: &Cx<'_>) -> Vec<Effect>;

    /// What is selected.
    fn thing(&self) -> Option<Thing>;

    /// The commands its footer shows, the most useful first: those that do something with what is selected now.
    fn hints(&self) -> Vec<Command>;

    /// The footer's word for a command that is something else here than elsewhere.
    fn word(&self, _command: Command) -> Option<&'static str> {
        None
    }

    /// Whether something of it is open or narrowed, which `Back` undoes before it leaves the pane.
    fn is_within(&self) -> bool {
        false
    }

    /// What the right end of the footer says: `1/5 jobs`.
    fn position(&self) -> String {
        String::new()
    }

    /// Draws it.
    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect);
}
