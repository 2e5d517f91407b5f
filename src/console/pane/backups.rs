//! What there is to restore: every backup by job or by destination, newest first, with its copies, what was proven of them,
//! and what can be done about it.

mod acts;
mod decrypt;
mod detail;
mod download;
mod going;
mod orphans;
mod restore;
mod scan;
pub mod transfer;
mod verify;
mod view;
pub mod work;

use std::cell::Cell;
use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub use self::view::standing;
pub use self::work::{Ask, Reply};
use self::work::{Look, Names};
use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::choose::{Choice, Choose};
use crate::console::message::{self, Effect, Place, Thing, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::field::Field;
use crate::console::widget::paged::{Keyed, Paged};
use crate::console::widget::rest::Rest;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::split::WIDE;
use crate::domain::adapter::{Adapter, AdapterType};
use crate::domain::backup::Backup;
use crate::domain::id::BackupId;
use crate::domain::{Error, Result, units};
use crate::ops::backups::{Shown, Wanted};

/// Which backups are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// By what they are browsed.
    pub by: By,
    /// Only of jobs with this text in their name.
    pub text: String,
}

/// By what backups are browsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// All there are.
    #[default]
    All,
    /// All there ever were: also those whose every copy was deleted.
    Ever,
    /// Those of a job.
    Job(String),
    /// Those with a copy at a destination.
    Destination(String),
}

impl Listing {
    /// The same in the words of `ops`.
    pub fn wanted(&self) -> Wanted {
        let (job, destination) = match &self.by {
            By::All | By::Ever => (None, None),
            By::Job(job) => (Some(job.clone()), None),
            By::Destination(name) => (None, Some(name.clone())),
        };
        Wanted {
            job,
            destination,
            job_part: Some(self.text.clone()).filter(|text| !text.is_empty()),
            deleted: self.by == By::Ever,
            ..Wanted::default()
        }
    }
}

impl Keyed for Backup {
    type Key = BackupId;

    fn key(&self) -> BackupId {
        self.id
    }
}

/// What has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    List,
    /// The detail: beside the list, or as a page of its own.
    Detail,
}

/// What is inside one backup, once it is known.
#[derive(Debug)]
struct Inside {
    id: BackupId,
    shown: Result<Box<Shown>>,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Backups {
    listing: Listing,
    list: Paged<Backup>,
    /// The list is read around this backup.
    seeking: Option<BackupId>,
    /// Rows of another listing are to be asked for with the next refresh.
    anew: bool,
    /// Why the list could not be read when it last was.
    failed: Option<Error>,
    /// The line of the filter while it is typed into.
    typing: Option<Field>,
    /// Marked backups.
    marks: BTreeMap<BackupId, Backup>,
    inside: Option<Inside>,
    names: Names,
    focus: Focus,
    /// The backup that is shown in full.
    shown: Rest<BackupId>,
    scroll: Scroll,
    /// Where list and detail were drawn.
    drawn: Cell<(Rect, Rect)>,
}

/// What is asked, as an effect.
fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::Backups(ask))
}

fn look(look: Look) -> Effect {
    ask(Ask::Look(look))
}

impl Backups {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::Page { listing, edge, rows } if listing == self.listing => match rows {
                Ok(rows) => {
                    self.failed = None;
                    self.list.take(edge, rows);
                    self.stay();
                    self.settle_marks();
                    let mut effects = if self.shown.is_moving() {
                        Vec::new()
                    } else {
                        self.settle()
                    };
                    effects.extend(self.catch_up());
                    return effects;
                }
                Err(error) => {
                    self.list.failed();
                    self.failed = Some(error);
                    return self.catch_up();
                }
            },
            Reply::Around { id, around } if self.seeking == Some(id) => {
                self.seeking = None;
                match around {
                    Ok(around) => {
                        self.failed = None;
                        self.list.begin_at(around.newer, around.backup, around.older);
                        return self.settle();
                    }
                    Err(error) => {
                        self.focus = Focus::List;
                        let effects = self.restart();
                        let toast = Effect::Toast(Toast::from(&error));
                        return effects.into_iter().chain([toast]).collect();
                    }
                }
            }
            Reply::Inside { id, shown } if self.shown.of() == Some(id) => {
                if let Ok(shown) = &shown {
                    self.list.replace(shown.backup.clone());
                }
                self.inside = Some(Inside { id, shown });
            }
            Reply::Names(Ok(names)) => self.names = names,
            Reply::Names(Err(error)) | Reply::Removal(Err(error)) => {
                return vec![Effect::Toast(Toast::from(&error))];
            }
            Reply::Removal(Ok(found)) => return acts::confirm_removal(&found, cx.zone),
            Reply::Browse(by) => {
                let text = self.listing.text.clone();
                self.focus = Focus::List;
                return self.browse(Listing { by, text });
            }
            Reply::Scanned { destination, scanned } => return vec![scan::told(&destination, &scanned)],
            _ => {}
        }
        Vec::new()
    }

    /// Whoever reads one backup goes on reading it, whatever comes in above it; when it is gone, the list is shown.
    fn stay(&mut self) {
        let Some(id) = self.shown.of().filter(|_| self.focus == Focus::Detail) else {
            return;
        };
        match self.list.rows().iter().position(|row| row.id == id) {
            Some(row) => self.list.selection.select(row),
            None => self.focus = Focus::List,
        }
    }

    fn selected_id(&self) -> Option<BackupId> {
        self.list.selected().map(|backup| backup.id)
    }

    /// The selection rests: the backup is shown in full, and what is inside is asked for when it is another one.
    fn settle(&mut self) -> Vec<Effect> {
        let selected = self.selected_id();
        let is_another = self.shown.settle(selected);
        if is_another {
            self.scroll.to_top();
        }
        let is_known = self.inside.as_ref().map(|inside| inside.id) == selected;
        selected
            .filter(|_| is_another || !is_known)
            .map(|id| look(Look::Inside(id)))
            .into_iter()
            .collect()
    }

    /// The backup that is shown in full; one that is no longer in the list makes way for the selected one.
    fn shown(&self) -> Option<&Backup> {
        let of = self.shown.of();
        let shown = self.list.rows().iter().find(|backup| Some(backup.id) == of);
        shown.or_else(|| self.list.selected())
    }

    /// Reads the list again where it changed while rows of it were on their way.
    fn catch_up(&mut self) -> Vec<Effect> {
        let edge = if self.list.is_due() { self.list.refresh() } else { None };
        edge.map(|edge| self.page(edge)).into_iter().collect()
    }

    fn page(&self, edge: crate::domain::paging::Edge<BackupId>) -> Effect {
        look(Look::Page {
            listing: self.listing.clone(),
            edge,
        })
    }

    /// Reads the list from its beginning.
    fn restart(&mut self) -> Vec<Effect> {
        self.seeking = None;
        self.anew = false;
        let edge = self.list.restart();
        vec![self.page(edge)]
    }

    /// Lists other backups.
    fn browse(&mut self, listing: Listing) -> Vec<Effect> {
        self.turn_to(listing);
        self.restart()
    }

    fn turn_to(&mut self, listing: Listing) {
        if listing != self.listing {
            self.listing = listing;
            self.failed = None;
            self.marks.clear();
        }
    }

    /// Marked backups are as they were last read.
    fn settle_marks(&mut self) {
        for row in self.list.rows() {
            if let Some(marked) = self.marks.get_mut(&row.id) {
                marked.clone_from(row);
            }
        }
    }

    /// The marked backups, or the selected one.
    fn chosen(&self) -> Vec<Backup> {
        if self.marks.is_empty() {
            return self.list.selected().cloned().into_iter().collect();
        }
        // Ids grow with time, and lists begin with the newest.
        self.marks.values().rev().cloned().collect()
    }

    fn is_wide(cx: &Cx<'_>) -> bool {
        cx.size.0 >= WIDE
    }

    fn adapters(&self, of: AdapterType) -> impl Iterator<Item = &Adapter> {
        self.names.adapters.iter().filter(move |adapter| adapter.kind == of)
    }

    fn moves(&mut self, command: Command) -> Option<Vec<Effect>> {
        if self.focus == Focus::Detail {
            return self.scroll.command(command).then(Vec::new);
        }
        let edge = self.list.command(command)?;
        self.shown.moved();
        Some(edge.map(|edge| self.page(edge)).into_iter().collect())
    }

    fn open(&mut self) -> Vec<Effect> {
        if self.typing.take().is_some() {
            return Vec::new();
        }
        match self.focus {
            Focus::List if self.list.selected().is_some() => {
                self.focus = Focus::Detail;
                self.settle()
            }
            Focus::List => Vec::new(),
            Focus::Detail => self.to_run(),
        }
    }

    fn to_run(&self) -> Vec<Effect> {
        let run = self.list.selected().and_then(|backup| backup.execution_id);
        vec![match run {
            Some(run) => Effect::Go(Place::Run(run)),
            None => Effect::Toast(Toast::note(
                "no run of this catalogue made it: a scan found it, or its run was cleaned away",
            )),
        }]
    }

    /// Undoes the last narrowing: the page, the filter, the marks, the choice of what is browsed.
    fn back(&mut self) -> Option<Vec<Effect>> {
        if self.typing.take().is_some() || (self.focus == Focus::List && !self.listing.text.is_empty()) {
            let listing = Listing {
                text: String::new(),
                ..self.listing.clone()
            };
            return Some(if listing == self.listing {
                Vec::new()
            } else {
                self.browse(listing)
            });
        }
        if self.focus == Focus::Detail {
            self.focus = Focus::List;
            return Some(Vec::new());
        }
        if !self.marks.is_empty() {
            self.marks.clear();
            return Some(Vec::new());
        }
        (self.listing.by != By::All).then(|| self.browse(Listing::default()))
    }

    fn filter(&mut self) -> Vec<Effect> {
        self.focus = Focus::List;
        self.typing = Some(Field::new(&self.listing.text));
        Vec::new()
    }

    /// The filter is another text.
    fn filtered(&mut self) -> Vec<Effect> {
        let Some(text) = self.typing.as_ref().map(|field| field.text().trim().to_owned()) else {
            return Vec::new();
        };
        if text == self.listing.text {
            return Vec::new();
        }
        let by = self.listing.by.clone();
        self.browse(Listing { by, text })
    }

    fn mark(&mut self) -> Vec<Effect> {
        let Some(backup) = self.list.selected().cloned() else {
            return Vec::new();
        };
        if self.marks.remove(&backup.id).is_none() {
            self.marks.insert(backup.id, backup);
        }
        self.moves(Command::Down).unwrap_or_default()
    }

    fn mark_all(&mut self) {
        if self.marks.is_empty() {
            self.marks = self.list.rows().iter().map(|row| (row.id, row.clone())).collect();
        } else {
            self.marks.clear();
        }
    }

    /// A list of what can be browsed.
    fn choose_listing(&self) -> Vec<Effect> {
        let all = (By::All, "all backups".to_owned(), String::new());
        let jobs = self.names.jobs.iter();
        let jobs = jobs.map(|job| (By::Job(job.clone()), job.clone(), "job".to_owned()));
        let destinations = self.adapters(AdapterType::Destination).map(|adapter| {
            let about = format!("destination {}", adapter.summary);
            (By::Destination(adapter.name.clone()), adapter.name.clone(), about)
        });
        let ever = (By::Ever, "also the deleted".to_owned(), "what there was".to_owned());
        let all: Vec<_> = [all]
            .into_iter()
            .chain(jobs)
            .chain(destinations)
            .chain([ever])
            .collect();
        let at = all.iter().position(|(by, ..)| *by == self.listing.by).unwrap_or(0);
        let choices = all.into_iter().map(|(by, label, about)| {
            let answer = message::Reply::Backups(Reply::Browse(by));
            Choice::new(label, about, vec![Effect::Answer(answer)])
        });
        let choose = Choose::new("Browse backups", choices.collect()).at(at);
        vec![Effect::Open(Box::new(choose))]
    }

    /// A list of destinations, each of which leads to a layer.
    fn choose_destination(
        &self,
        title: &str,
        cx: &Cx<'_>,
        then: impl Fn(&str) -> Box<dyn crate::console::layer::Layer>,
    ) -> Vec<Effect> {
        let destinations: Vec<&Adapter> = self.adapters(AdapterType::Destination).collect();
        if destinations.is_empty() {
            return vec![Effect::Toast(Toast::note(format!(
                "there is no destination yet: {} in {} Adapters adds one",
                cx.keymap.sign(&[Scope::Adapters, Scope::List], Command::Add),
                cx.keymap.sign(&[], Command::ShowAdapters)
            )))];
        }
        let browsed = destinations
            .iter()
            .position(|adapter| self.listing.by == By::Destination(adapter.name.clone()));
        let choices = destinations.iter().map(|adapter| {
            let then = vec![Effect::Open(then(&adapter.name))];
            Choice::new(adapter.name.clone(), adapter.summary.clone(), then)
        });
        let choose = Choose::new(title, choices.collect()).at(browsed.unwrap_or(0));
        vec![Effect::Open(Box::new(choose))]
    }

    /// What can be done with the chosen backups.
    fn act(&self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let chosen = self.chosen();
        let Some(first) = chosen.first() else {
            return ACTS
                .contains(&command)
                .then(|| vec![Effect::Toast(Toast::note("no backup is selected"))]);
        };
        if ACTS.contains(&command) && chosen.iter().all(Backup::is_deleted) {
            return Some(vec![Effect::Toast(Toast::note(gone(&chosen)))]);
        }
        Some(match command {
            Command::Verify => {
                let sources = self.adapters(AdapterType::Source);
                vec![Effect::Open(Box::new(verify::Verify::new(&chosen, sources)))]
            }
            Command::Lock => acts::lock(&chosen),
            Command::Repair => acts::repair(&chosen, cx.keymap),
            Command::Delete => vec![
                acts::refuse_locked(&chosen, cx.keymap)
                    .unwrap_or_else(|| look(Look::Removal(chosen.iter().map(|backup| backup.id).collect()))),
            ],
            Command::Download | Command::Restore if chosen.len() > 1 => {
                let back = cx.keymap.sign(&self.scopes(), Command::Back);
                let text = format!("one backup at a time: {back} takes the marks away");
                vec![Effect::Toast(Toast::note(text))]
            }
            Command::Download => vec![Effect::Open(Box::new(download::Wish::new(first)))],
            Command::Restore => {
                let sources = self.adapters(AdapterType::Source);
                vec![Effect::Open(Box::new(restore::Restore::new(first, sources)))]
            }
            _ => return None,
        })
    }
}

/// Why nothing can be done with any of these.
fn gone(chosen: &[Backup]) -> String {
    match chosen {
        [one] if one.copies.is_empty() => format!("nothing is left of backup {}: it has no copy", one.id.short()),
        [one] => format!(
            "nothing is left of backup {}: every copy of it was deleted",
            one.id.short()
        ),
        _ => "nothing is left of the marked backups: every copy of them was deleted".to_owned(),
    }
}

/// What is done with backups and not with the list.
const ACTS: [Command; 6] = [
    Command::Verify,
    Command::Lock,
    Command::Repair,
    Command::Delete,
    Command::Download,
    Command::Restore,
];

impl Pane for Backups {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Backups, Scope::List]
    }

    fn takes_text(&self) -> bool {
        self.typing.is_some()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        Some(match command {
            Command::Open => self.open(),
            Command::Back => return self.back(),
            Command::NextFocus | Command::PreviousFocus if Self::is_wide(cx) && !self.list.rows().is_empty() => {
                self.focus = match self.focus {
                    Focus::List => Focus::Detail,
                    Focus::Detail => Focus::List,
                };
                self.settle()
            }
            Command::Filter => self.filter(),
            Command::Sort => vec![Effect::Toast(Toast::note(
                "backups are in the order of time, the newest first",
            ))],
            Command::Mark if self.focus == Focus::List => self.mark(),
            Command::MarkAll if self.focus == Focus::List => {
                self.mark_all();
                Vec::new()
            }
            Command::ByDestination => self.choose_listing(),
            Command::BackupRun => self.to_run(),
            Command::Decrypt => vec![Effect::Open(Box::new(decrypt::Wish::default()))],
            Command::Orphans => self.choose_destination("Look for what is left over at", cx, |name| {
                Box::new(orphans::Orphans::new(name))
            }),
            Command::Scan => self.choose_destination("Take up the backups that lie at", cx, |name| {
                Box::new(scan::Scan::new(name))
            }),
            command => return self.act(command, cx).or_else(|| self.moves(command)),
        })
    }

    fn lacks(&self, command: Command) -> bool {
        command == Command::Sort
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(field) = &mut self.typing {
            field.key(key);
        }
        self.filtered()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(field) = &mut self.typing {
            field.paste(text);
        }
        self.filtered()
    }

    fn click(&mut self, at: Position, twice: bool, _cx: &Cx<'_>) -> Vec<Effect> {
        let (list, detail) = self.drawn.get();
        if detail.contains(at) {
            self.focus = Focus::Detail;
            return self.settle();
        }
        // The first line is the heading.
        let rows = Rect {
            y: list.y + 1,
            height: list.height.saturating_sub(1),
            ..list
        };
        if !rows.contains(at) {
            return Vec::new();
        }
        self.focus = Focus::List;
        let row = self.list.selection.row_at(at.y - rows.y);
        if row < self.list.rows().len() {
            self.list.selection.select(row);
        }
        if twice {
            return self.open();
        }
        self.settle()
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        let list = match self.seeking {
            Some(id) => Some(look(Look::Around(id))),
            None if self.anew => return self.restart().into_iter().chain([look(Look::Names)]).collect(),
            None => self.list.refresh().map(|edge| self.page(edge)),
        };
        let inside = self.shown.of().map(|id| look(Look::Inside(id)));
        [list, Some(look(Look::Names)), inside].into_iter().flatten().collect()
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.shown.is_moving() {
            self.settle()
        } else {
            Vec::new()
        }
    }

    fn go(&mut self, place: &Place, cx: &Cx<'_>) -> Vec<Effect> {
        let (by, seeking) = match place {
            Place::Backup(id) => (By::All, Some(*id)),
            Place::BackupsOfJob(job) => (By::Job(job.clone()), None),
            Place::BackupsAt(name) => (By::Destination(name.clone()), None),
            _ => return Vec::new(),
        };
        self.seeking = seeking;
        self.typing = None;
        let text = String::new();
        self.focus = if self.seeking.is_some() && !Self::is_wide(cx) {
            Focus::Detail
        } else {
            Focus::List
        };
        // The pane is refreshed once this place is shown: that asks for it.
        self.turn_to(Listing { by, text });
        self.anew = self.seeking.is_none();
        Vec::new()
    }

    fn to_list(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.focus = Focus::List;
        self.settle()
    }

    fn thing(&self) -> Option<Thing> {
        self.list.selected().map(|backup| self.thing_of(backup))
    }

    fn hints(&self) -> Vec<Command> {
        if self.typing.is_some() {
            return vec![Command::Open, Command::Back];
        }
        // Of the backup the selection rests on: a move costs two rows and no footer.
        let Some(shown) = self.shown() else {
            let has_destination = self.adapters(AdapterType::Destination).next().is_some();
            let places = [Command::Scan, Command::Orphans, Command::ByDestination];
            // What is narrowed to nothing may be narrowed to something else.
            let filter = (!self.listing.text.is_empty()).then_some(Command::Filter);
            let places = if has_destination { places.as_slice() } else { &[] };
            return filter
                .into_iter()
                .chain(places.iter().copied())
                .chain([Command::Decrypt])
                .collect();
        };
        let is_gone = match self.focus {
            Focus::List if self.marks.len() > 1 => self.marks.values().all(Backup::is_deleted),
            _ => shown.is_deleted(),
        };
        let mut hints = vec![Command::Restore, Command::Verify, Command::Lock];
        match self.focus {
            Focus::List if self.marks.len() > 1 => {
                hints.remove(0);
                hints.extend([Command::Delete, Command::Mark, Command::MarkAll]);
            }
            Focus::List => hints.extend([Command::ByDestination, Command::Filter, Command::Open]),
            Focus::Detail => {
                hints.extend(shown.execution_id.map(|_| Command::BackupRun));
                hints.extend([Command::Download, Command::Copy]);
            }
        }
        let is_repairable = match self.focus {
            Focus::List if self.marks.len() > 1 => self.marks.values().any(Backup::is_repairable),
            _ => shown.is_repairable(),
        };
        if is_repairable {
            hints.insert(0, Command::Repair);
        }
        hints.retain(|hint| !is_gone || !ACTS.contains(hint));
        hints
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        let is_locked = if self.marks.is_empty() {
            self.shown().is_some_and(|backup| backup.locked)
        } else {
            self.marks.values().all(|backup| backup.locked)
        };
        (command == Command::Lock && is_locked).then_some("unlock")
    }

    fn is_within(&self) -> bool {
        let is_narrowed = self.listing != Listing::default() || !self.marks.is_empty();
        self.typing.is_some() || self.focus == Focus::Detail || is_narrowed
    }

    fn position(&self) -> String {
        let marked = match self.marks.len() {
            0 => String::new(),
            marks => format!("{marks} marked  "),
        };
        let rows = self.list.rows().len();
        if rows == 0 {
            return String::new();
        }
        let at = (self.list.selection.at() + 1).min(rows);
        let rows = units::count(rows, "backup");
        if self.list.is_whole() {
            format!("{marked}{at}/{rows}")
        } else {
            format!("{marked}more than {rows}")
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}

impl Backups {
    /// A backup as the audit log and the copy menu know it.
    fn thing_of(&self, backup: &Backup) -> Thing {
        let short = backup.id.short();
        let paths = backup.copies.iter().map(|copy| {
            let at = self
                .names
                .adapters
                .iter()
                .find(|adapter| adapter.id == copy.destination_id);
            let path = match at {
                Some(adapter) if adapter.driver == "local" => format!("{}/{}", adapter.summary, copy.path),
                _ => copy.path.clone(),
            };
            ("path", path)
        });
        let commands = [
            ("command", format!("backstay backup show {short}")),
            ("restore", format!("backstay restore {short} --plan --to ADAPTER")),
        ];
        Thing {
            kind: "backup",
            id: backup.id.to_string(),
            name: short,
            copies: paths.chain(commands).collect(),
        }
    }
}
