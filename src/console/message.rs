//! What reaches the core, and what it asks for. An effect is data: the runtime carries it out through `ops` and brings the
//! answer back as a message.

use ratatui::layout::Position;

use super::command::Command;
use super::key::Key;
use super::keymap::Keymap;
use super::layer::Layer;
use super::pane::{PaneId, adapters, audit, backups, jobs, overview, runs, system};
use super::theme::Theme;
use crate::domain::adapter::AdapterType;
use crate::domain::id::{BackupId, ExecutionId};
use crate::domain::{Error, Result};

/// Something happened.
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted. It is text, whatever is in it.
    Paste(String),
    /// A mouse button was pressed, once or twice.
    Click {
        /// Where.
        at: Position,
        /// The second time in short order.
        twice: bool,
    },
    /// The wheel was turned; positive is down.
    Scroll {
        /// Where the mouse is.
        at: Position,
        /// By so many rows.
        rows: i32,
    },
    /// The terminal has another size.
    Resize(u16, u16),
    /// Somebody changed the database.
    Changed,
    /// The engine's process came or went.
    EngineChanged,
    /// A text on the screen is no longer true: draw again.
    TimePassed,
    /// What was asked for.
    Reply(Reply),
    /// The user's themes were read again.
    Themes(Vec<Theme>, Option<Error>),
    /// The user's keys were read again; with the reason when the last good ones stay.
    Keys(Result<Keymap>),
}

/// An answer of `ops`.
#[derive(Debug)]
pub enum Reply {
    /// Something was done; said in a toast wherever the operator is by now.
    Done(Result<Done>),
    /// The same of what a layer asked for, which is told first.
    DoneFor(Ticket, Result<Done>),
    /// For the overview and the header.
    Overview(overview::Reply),
    /// For the jobs.
    Jobs(jobs::Reply),
    /// For the runs.
    Runs(runs::Reply),
    /// For the backups.
    Backups(backups::Reply),
    /// For the adapters.
    Adapters(adapters::Reply),
    /// For the audit log.
    Audit(audit::Reply),
    /// For the system pane.
    System(system::Reply),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// In one sentence.
    pub say: String,
    /// Where to look at it; followed at once.
    pub go: Option<Place>,
}

impl Done {
    /// Something was done, and there is nowhere to go.
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            say: text.into(),
            go: None,
        }
    }

    /// And this is where to look at it.
    #[must_use]
    pub fn go(mut self, place: Place) -> Self {
        self.go = Some(place);
        self
    }
}

/// Under which a layer asks for an act, so that it takes no other answer for its own. The first that is given out is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// Work for `ops`.
#[derive(Clone, Debug)]
pub enum Ask {
    /// An act whose answer a layer waits for.
    For(Ticket, Box<Self>),
    /// Of the overview and the header.
    Overview(overview::Ask),
    /// Of the jobs.
    Jobs(jobs::Ask),
    /// Of the runs.
    Runs(runs::Ask),
    /// Of the backups.
    Backups(backups::Ask),
    /// Of the adapters.
    Adapters(adapters::Ask),
    /// Of the audit log.
    Audit(audit::Ask),
    /// Of the system pane.
    System(system::Ask),
}

/// Questions of one lane are asked one at a time, and of those that wait only the last one is asked. The number tells apart
/// the lanes of one pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane(pub PaneId, pub u8);

/// Something to be done outside the core.
pub enum Effect {
    /// Work for `ops`.
    Ask(Ask),
    /// An answer that nobody has to be asked for: what a layer was told, for the pane it belongs to.
    Answer(Reply),
    /// Put a layer on top.
    Open(Box<dyn Layer>),
    /// Take the top layer away.
    Close,
    /// Nobody needs the answer to what is asked in this lane any more: stop asking.
    GiveUp(Lane),
    /// Show something elsewhere.
    Go(Place),
    /// A command of a pane that is not shown: go there, and carry it out where nothing has to be selected first.
    Elsewhere(PaneId, Command),
    /// Tell something without being in the way.
    Toast(Toast),
    /// Take this back where it is still told: it is no longer true.
    TakeBack(Toast),
    /// Carry out a command, as if its key had been pressed.
    Command(Command),
    /// Copy to the clipboard.
    Copy(String),
    /// Begin with this theme the next time.
    Remember(String),
    /// Leave.
    Quit,
    /// Stop, as Ctrl-Z does.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Take the mouse, or leave it.
    Mouse(bool),
    /// Ring the bell.
    Bell,
}

impl Effect {
    /// What is asked is answered to the layer that has this ticket.
    #[must_use]
    pub fn told_to(self, ticket: Ticket) -> Self {
        match self {
            Self::Ask(ask) => Self::Ask(Ask::For(ticket, Box::new(ask))),
            effect => effect,
        }
    }
}

impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ask(ask) => f.debug_tuple("Ask").field(ask).finish(),
            Self::Answer(reply) => f.debug_tuple("Answer").field(reply).finish(),
            Self::Open(layer) => f.debug_tuple("Open").field(&layer.title()).finish(),
            Self::GiveUp(lane) => f.debug_tuple("GiveUp").field(lane).finish(),
            Self::Close => f.write_str("Close"),
            Self::Go(place) => f.debug_tuple("Go").field(place).finish(),
            Self::Elsewhere(pane, command) => f.debug_tuple("Elsewhere").field(pane).field(command).finish(),
            Self::Toast(toast) => f.debug_tuple("Toast").field(toast).finish(),
            Self::TakeBack(toast) => f.debug_tuple("TakeBack").field(toast).finish(),
            Self::Command(command) => f.debug_tuple("Command").field(command).finish(),
            Self::Copy(text) => f.debug_tuple("Copy").field(text).finish(),
            Self::Remember(name) => f.debug_tuple("Remember").field(name).finish(),
            Self::Quit => f.write_str("Quit"),
            Self::Suspend => f.write_str("Suspend"),
            Self::Redraw => f.write_str("Redraw"),
            Self::Mouse(on) => f.debug_tuple("Mouse").field(on).finish(),
            Self::Bell => f.write_str("Bell"),
        }
    }
}

/// How much a toast matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It went well.
    Good,
    /// It should be known.
    Note,
    /// It did not work. Stays until a key is pressed.
    Bad,
}

/// Something told without being in the way; kept in the messages of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// How much it matters.
    pub weight: Weight,
    /// What.
    pub text: String,
    /// What to do; may be empty.
    pub next: String,
}

impl Toast {
    /// It went well.
    pub fn good(text: impl Into<String>) -> Self {
        Self {
            weight: Weight::Good,
            text: text.into(),
            next: String::new(),
        }
    }

    /// It should be known.
    pub fn note(text: impl Into<String>) -> Self {
        Self {
            weight: Weight::Note,
            ..Self::good(text)
        }
    }
}

impl From<&Error> for Toast {
    fn from(error: &Error) -> Self {
        let object = if error.object.is_empty() {
            String::new()
        } else {
            format!("{}: ", error.object)
        };
        Self {
            weight: Weight::Bad,
            text: format!("{object}{}", error.message),
            next: error.next.clone(),
        }
    }
}

/// Something that can be shown in a pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A pane as it is.
    Pane(PaneId),
    /// A job, by name.
    Job(String),
    /// A run.
    Run(ExecutionId),
    /// The runs of a job.
    RunsOfJob(String),
    /// A backup.
    Backup(BackupId),
    /// The backups of a job.
    BackupsOfJob(String),
    /// The backups with a copy at a destination, by its name.
    BackupsAt(String),
    /// An adapter, by name.
    Adapter(String),
    /// The choice of a driver for a new adapter of that type.
    NewAdapter(AdapterType),
    /// A profile, by name.
    Profile(String),
    /// What was done to one thing: its type, id and name.
    History(Thing),
}

impl Place {
    /// The pane that shows it.
    pub const fn pane(&self) -> PaneId {
        match self {
            Self::Pane(pane) => *pane,
            Self::Job(_) => PaneId::Jobs,
            Self::Run(_) | Self::RunsOfJob(_) => PaneId::Runs,
            Self::Backup(_) | Self::BackupsOfJob(_) | Self::BackupsAt(_) => PaneId::Backups,
            Self::Adapter(_) | Self::NewAdapter(_) => PaneId::Adapters,
            Self::Profile(_) => PaneId::System,
            Self::History(_) => PaneId::Audit,
        }
    }
}

/// What is selected, as the audit log and the copy menu know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Its type in the audit log: `job`, `execution`, `backup`, `adapter`, `profile`, `setting`.
    pub kind: &'static str,
    /// Its id there.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What can be copied of it: a word for it, and the text. Its id and name need not be in it.
    pub copies: Vec<(&'static str, String)>,
}
