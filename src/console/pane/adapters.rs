//! Where data comes from and where copies go: the list with health and latency, everything about the selected adapter, and what
//! can be done with adapters.

mod browse;
mod facts;
mod form;
mod list;
mod remove;
mod view;
mod work;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

pub use self::work::{Ask, NotSaved, Reply};
use self::work::{Detail, Of, Wish, ask};
use super::Pane;
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::prompt::Prompt;
use crate::console::message::{Effect, Place, Thing, Toast, Weight};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::rest::Rest;
use crate::console::widget::rows::Rows;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::split::WIDE;
use crate::domain::adapter::AdapterType;
use crate::domain::id::AdapterId;
use crate::domain::time::Timestamp;
use crate::domain::{Error, naming, units, words};
use crate::ops::adapters::{Listed, Tested};

/// What is known of an adapter beyond its row.
#[derive(Debug, Default)]
struct Known {
    /// As it was when it was last read; a failure leaves it.
    detail: Option<Box<Detail>>,
    failed: Option<Error>,
    /// The database has changed since.
    stale: bool,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Adapters {
    rows: Rows<Listed>,
    loaded: bool,
    failed: Option<Error>,
    known: HashMap<AdapterId, Known>,
    /// Those that are being connected to, and since when.
    testing: BTreeMap<AdapterId, Timestamp>,
    /// What was asked to be saved by a form that was left since.
    left: Vec<Wish>,
    in_detail: bool,
    /// The adapter whose detail is shown.
    shown: Rest<AdapterId>,
    scroll: Scroll,
    /// To be selected once the list is loaded.
    wanted: Option<String>,
    /// A new adapter was asked for before the list was loaded.
    add_wanted: bool,
    /// Of which type, if one was said.
    add_kind: Option<AdapterType>,
    /// To be edited once its settings are read.
    edit_wanted: Option<AdapterId>,
    list_area: Cell<Rect>,
}

/// Asks for all adapters; their names are to be known wherever one is.
pub fn ask_list() -> Effect {
    ask(Ask::List)
}

impl Adapters {
    /// The names of all adapters that are known of.
    pub fn names(&self) -> Vec<String> {
        self.rows.all().iter().map(|row| row.adapter.name.clone()).collect()
    }

    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::List(Ok(all)) => self.take_list(all),
            Reply::List(Err(error)) => {
                self.failed = Some(error);
                Vec::new()
            }
            Reply::Detail(id, answer) => {
                let known = self.known.entry(id).or_default();
                known.stale = false;
                match answer {
                    Ok(detail) => (known.detail, known.failed) = (Some(detail), None),
                    Err(error) => known.failed = Some(error),
                }
                if self.edit_wanted == Some(id) {
                    self.edit()
                } else {
                    Vec::new()
                }
            }
            Reply::Tested(id, answer) => self.take_tested(id, answer),
            Reply::Left(wish) => {
                self.left.push(*wish);
                Vec::new()
            }
            Reply::Saved(wish, answer) => self.take_saved(&wish, answer, cx),
            Reply::Chosen(driver) => {
                vec![Effect::Open(Box::new(form::AdapterForm::new(*driver, self.names())))]
            }
            Reply::Forgetting(Ok(going)) => vec![remove::forget(&going)],
            Reply::Forgetting(Err(error)) => vec![Effect::Toast(Toast::from(&error))],
            // For the layers.
            Reply::Tried(..) | Reply::Databases(..) | Reply::Tables(..) => Vec::new(),
        }
    }

    fn take_list(&mut self, all: Vec<Listed>) -> Vec<Effect> {
        self.failed = None;
        self.loaded = true;
        self.rows.take(all);
        self.known
            .retain(|id, _| self.rows.all().iter().any(|row| row.adapter.id == *id));
        if self.rows.selected().is_none() {
            self.in_detail = false;
        }
        let mut effects = self.select_wanted();
        if std::mem::take(&mut self.add_wanted) {
            effects.push(form::choose_driver(self.add_kind));
        }
        if !self.shown.is_moving() {
            effects.extend(self.settle());
        }
        effects
    }

    /// The selection rests: the detail is that of the selected adapter, and asked for unless it is known.
    fn settle(&mut self) -> Vec<Effect> {
        let selected = self.rows.selected().map(|row| row.adapter.id);
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
        self.in_detail = false;
        vec![Effect::Toast(Toast {
            weight: Weight::Bad,
            text: format!("there is no adapter {name} any more"),
            next: "what was done to it is still on record under Audit".to_owned(),
        })]
    }

    fn take_tested(&mut self, id: AdapterId, answer: Result<Tested, Error>) -> Vec<Effect> {
        self.testing.remove(&id);
        let toast = match answer {
            Ok(tested) => {
                let probe = &tested.probe;
                let row = self.rows.all().iter().find(|row| row.adapter.id == id);
                // What a source says of itself is a number without a name.
                let product = row.filter(|row| row.adapter.kind == AdapterType::Source);
                let product = product
                    .map(|row| format!("{} ", row.adapter.driver))
                    .unwrap_or_default();
                Toast::good(format!(
                    "{} answered in {}: {product}{}",
                    tested.adapter,
                    units::millis(probe.latency_ms),
                    probe.version
                ))
            }
            Err(error) => named(&self.name_of(id), &error),
        };
        if let Some(known) = self.known.get_mut(&id) {
            known.stale = true;
        }
        // The list comes first: with it the detail is read again.
        vec![Effect::Toast(toast), ask_list()]
    }

    /// What a form has asked for came about. The form says so while it is there.
    fn take_saved(&mut self, wish: &Wish, answer: Result<String, NotSaved>, cx: &Cx<'_>) -> Vec<Effect> {
        let is_left = self.left.iter().any(|left| left == wish);
        self.left.retain(|left| left != wish);
        match answer {
            Ok(name) => {
                for known in self.known.values_mut() {
                    known.stale = true;
                }
                let toast = Toast {
                    next: self.what_is_next(wish, cx),
                    ..Toast::good(format!("adapter {name} is saved"))
                };
                vec![Effect::Toast(toast), ask_list()]
            }
            Err(NotSaved::Wrong(error) | NotSaved::Unreachable(error) | NotSaved::Missing(error, _)) if is_left => {
                let name = match &wish.of {
                    Of::New { name, .. } => name.clone(),
                    Of::Known(id) => self.name_of(*id),
                };
                vec![Effect::Toast(named(&format!("{name} was not saved"), &error))]
            }
            Err(_) => Vec::new(),
        }
    }

    /// What a first backup still needs once a new adapter is there. Nothing when there are jobs already.
    fn what_is_next(&self, wish: &Wish, cx: &Cx<'_>) -> String {
        let Of::New { kind: added, .. } = &wish.of else {
            return String::new();
        };
        if cx.status.is_none_or(|status| !status.jobs.is_empty()) {
            return String::new();
        }
        let has = |kind| *added == kind || self.rows.all().iter().any(|row| row.adapter.kind == kind);
        let next = if !has(AdapterType::Source) {
            "a source"
        } else if !has(AdapterType::Destination) {
            "a destination"
        } else {
            "a key, then a job"
        };
        let overview = cx.keymap.sign(&[], Command::ShowOverview);
        format!("{next} comes next: {overview} leads on")
    }

    /// Asks about the adapter whose detail is shown, unless that is known. A question that makes way for another one in its lane
    /// is asked again when one comes back.
    fn ask_detail(&self) -> Vec<Effect> {
        let Some(id) = self.shown.of() else {
            return Vec::new();
        };
        match self.known.get(&id) {
            Some(known) if !known.stale => Vec::new(),
            _ => vec![ask(Ask::Detail(id))],
        }
    }

    fn name_of(&self, id: AdapterId) -> String {
        let mut all = self.rows.all().iter();
        let found = all.find(|row| row.adapter.id == id);
        found.map_or_else(|| id.to_string(), |row| row.adapter.name.clone())
    }

    fn test(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let ids: Vec<AdapterId> = self.rows.chosen().iter().map(|row| row.adapter.id).collect();
        let mut effects = Vec::new();
        for id in ids {
            if self.testing.insert(id, cx.now).is_none() {
                effects.push(ask(Ask::Test(id)));
            }
        }
        effects
    }

    /// Asks for the driver of a new adapter: one for that type, or any.
    fn add(&mut self, kind: Option<AdapterType>) -> Vec<Effect> {
        if !self.loaded {
            (self.add_wanted, self.add_kind) = (true, kind);
            return Vec::new();
        }
        vec![form::choose_driver(kind)]
    }

    fn edit(&mut self) -> Vec<Effect> {
        self.edit_wanted = None;
        let effects = self.settle();
        let Some(row) = self.rows.selected() else {
            return Vec::new();
        };
        let known = self.known.get(&row.adapter.id);
        let Some(detail) = known.and_then(|known| known.detail.as_ref()) else {
            if let Some(error) = known.and_then(|known| known.failed.as_ref()) {
                return vec![Effect::Toast(Toast::from(error))];
            }
            self.edit_wanted = Some(row.adapter.id);
            return effects;
        };
        if let Some(form) = form::AdapterForm::edit(&detail.shown) {
            return vec![Effect::Open(Box::new(form))];
        }
        let error = Error::not_found(format!("there is no driver '{}' here", row.adapter.driver))
            .on(format!("adapter {}", row.adapter.name))
            .next("a newer version of Backstay may have it");
        vec![Effect::Toast(Toast::from(&error))]
    }

    fn rename(&self) -> Vec<Effect> {
        let Some(row) = self.rows.selected() else {
            return Vec::new();
        };
        let (id, name) = (row.adapter.id, row.adapter.name.clone());
        let taken = self.names();
        let title = format!("Rename {name}");
        let help = "Jobs go on using it, and what lies there stays where it is.";
        let proposal = name.clone();
        let prompt = Prompt::new(title, help, &proposal, move |to, _| {
            naming::valid_name("adapter", to)?;
            if to == name {
                return Ok(Vec::new());
            }
            if taken.iter().any(|other| other == to) {
                return Err(Error::usage("that name is taken").next("choose another one"));
            }
            Ok(vec![ask(Ask::Rename(id, to.to_owned()))])
        });
        vec![Effect::Open(Box::new(prompt))]
    }

    fn browse(&self) -> Vec<Effect> {
        match self.rows.selected() {
            None => Vec::new(),
            Some(row) if row.adapter.kind == AdapterType::Source => {
                vec![Effect::Open(Box::new(browse::Browse::new(&row.adapter)))]
            }
            Some(row) => vec![Effect::Go(Place::BackupsAt(row.adapter.name.clone()))],
        }
    }

    /// In the list the detail; in the detail the jobs that use it.
    fn open(&mut self) -> Vec<Effect> {
        if !self.in_detail {
            self.in_detail = self.rows.selected().is_some();
            return self.settle();
        }
        let Some(row) = self.rows.selected() else {
            return Vec::new();
        };
        let go = |job: &String| Effect::Go(Place::Job(job.clone()));
        match row.jobs.as_slice() {
            [] => vec![Effect::Toast(Toast::note(format!("no job uses {}", row.adapter.name)))],
            [job] => vec![go(job)],
            jobs => {
                let choices = jobs.iter().map(|job| Choice::new(job, "", vec![go(job)]));
                let title = format!("Which job that uses {}?", row.adapter.name);
                vec![Effect::Open(Box::new(Choose::new(title, choices.collect())))]
            }
        }
    }

    fn back(&mut self) -> Option<Vec<Effect>> {
        if self.in_detail {
            self.in_detail = false;
            return Some(Vec::new());
        }
        self.rows.back().then(|| self.settle())
    }

    /// The adapter whose detail is shown; one that is gone makes way for the selected one.
    fn shown(&self) -> Option<&Listed> {
        let shown = self
            .rows
            .all()
            .iter()
            .find(|row| Some(row.adapter.id) == self.shown.of());
        shown.or_else(|| self.rows.selected())
    }

    fn moves(&mut self, command: Command) -> Option<Vec<Effect>> {
        if self.in_detail {
            return match command {
                Command::Filter | Command::Sort | Command::Mark | Command::MarkAll => Some(Vec::new()),
                command => self.scroll.command(command).then(Vec::new),
            };
        }
        if !self.rows.command(command) {
            return None;
        }
        self.edit_wanted = None;
        self.shown.moved();
        Some(Vec::new())
    }
}

/// A failure with the adapter it is about, which the failure itself may only know by a path or a host.
fn named(adapter: &str, error: &Error) -> Toast {
    let toast = Toast::from(error);
    Toast {
        text: format!(
            "adapter {adapter}: {}",
            toast.text.trim_start_matches(&format!("adapter {adapter}: "))
        ),
        ..toast
    }
}

impl Pane for Adapters {
    fn scopes(&self) -> Vec<Scope> {
        if self.rows.typing {
            vec![Scope::List]
        } else {
            vec![Scope::Adapters, Scope::List]
        }
    }

    fn takes_text(&self) -> bool {
        self.rows.typing
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        Some(match command {
            Command::Back => return self.back(),
            Command::Open if self.rows.typing => {
                self.rows.stop_typing();
                self.settle()
            }
            Command::Open => self.open(),
            Command::NextFocus | Command::PreviousFocus => {
                self.in_detail = !self.in_detail && cx.size.0 >= WIDE && self.rows.selected().is_some();
                self.settle()
            }
            Command::Test => self.test(cx),
            Command::Add => self.add(None),
            Command::Edit => self.edit(),
            Command::Rename => self.rename(),
            Command::Delete => remove::remove(&self.rows.chosen(), cx.keymap),
            Command::Browse => self.browse(),
            command => return self.moves(command),
        })
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
        // The first line is the heading.
        if !area.contains(at) || at.y == area.y {
            return Vec::new();
        }
        let row = self.rows.selection.row_at(at.y - area.y - 1);
        if row >= self.rows.len() {
            return Vec::new();
        }
        self.rows.select_row(row);
        self.in_detail = twice;
        self.settle()
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        for known in self.known.values_mut() {
            known.stale = true;
        }
        vec![ask_list()]
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.shown.is_moving() {
            self.settle()
        } else {
            Vec::new()
        }
    }

    fn go(&mut self, place: &Place, cx: &Cx<'_>) -> Vec<Effect> {
        let name = match place {
            Place::Adapter(name) => name,
            Place::NewAdapter(kind) => return self.add(Some(*kind)),
            _ => return Vec::new(),
        };
        self.rows.stop_typing();
        self.scroll.to_top();
        self.in_detail = cx.size.0 < WIDE;
        // What was just added is in no list yet, and what was just renamed is in it under its old name.
        if !self.rows.select(name) {
            self.wanted = Some(name.clone());
            return Vec::new();
        }
        self.settle()
    }

    fn to_list(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.in_detail = false;
        self.settle()
    }

    fn thing(&self) -> Option<Thing> {
        let adapter = &self.rows.selected()?.adapter;
        let name = words::join(std::slice::from_ref(&adapter.name));
        Some(Thing {
            kind: "adapter",
            id: adapter.id.to_string(),
            name: adapter.name.clone(),
            copies: vec![
                ("address", adapter.summary.clone()),
                ("command that tests it", format!("backstay adapter test {name}")),
                ("command that shows it", format!("backstay adapter show {name}")),
            ],
        })
    }

    fn hints(&self) -> Vec<Command> {
        if self.rows.typing {
            return vec![Command::Open, Command::Back];
        }
        let Some(row) = self.rows.selected() else {
            // What is narrowed to nothing may be narrowed to something else.
            let filter = self.rows.is_filtered().then_some(Command::Filter);
            return filter.into_iter().chain(self.loaded.then_some(Command::Add)).collect();
        };
        let mut hints = vec![Command::Test, Command::Edit];
        if row.adapter.kind == AdapterType::Source {
            hints.push(Command::Browse);
        }
        if self.in_detail {
            hints.extend((!row.jobs.is_empty()).then_some(Command::Open));
            return hints;
        }
        hints.extend([Command::Add, Command::Open, Command::Filter]);
        hints
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        let is_job = command == Command::Open && self.in_detail;
        is_job.then(|| match self.rows.selected().map(|row| row.jobs.len()) {
            Some(1) => "its job",
            _ => "its jobs",
        })
    }

    fn is_within(&self) -> bool {
        self.in_detail || self.rows.is_narrowed()
    }

    fn position(&self) -> String {
        let (shown, all) = (self.rows.len(), self.rows.all().len());
        let marked = match self.rows.marked() {
            0 => String::new(),
            marks => format!("{marks} marked  "),
        };
        let all_text = units::count(all, "adapter");
        match (shown, all) {
            (0, 0) => return String::new(),
            (0, _) => return format!("0 of {all_text}"),
            _ => {}
        }
        let at = self.rows.selection.at() + 1;
        if shown == all {
            format!("{marked}{at}/{all_text}")
        } else {
            format!("{marked}{at}/{shown} of {all_text}")
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
