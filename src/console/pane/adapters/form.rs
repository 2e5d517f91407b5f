//! An adapter in a form that is made from what its driver says of its settings. It can be tried before it is saved, and saving
//! tries it; what does not work is kept only after a question.

mod rows;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use serde_json::Value;

use self::rows::{NAME, read, rows, tell_units, wrong};
use super::work::{Ask, NotSaved, Of, Proof, Reply, Wish, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::confirm::Confirm;
use crate::console::layer::{Layer, centered};
use crate::console::message::{self, Effect, Place, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};
use crate::console::widget::failure;
use crate::console::widget::form::dialog::leaving;
use crate::console::widget::form::{Did, Form};
use crate::domain::adapter::{AdapterType, Probe};
use crate::domain::id::AdapterId;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, units};
use crate::ops::adapters::{self, DriverInfo, Shown};

/// Lines of the window at least: fewer leave none for the help.
const ROOM: u16 = 12;

/// What became of what the form says.
enum Standing {
    /// Nothing was asked.
    Open,
    /// It is being tried.
    Trying(Timestamp),
    /// It is being saved.
    Saving(Timestamp),
    /// It works.
    Works(Probe),
    /// It does not.
    Fails(Error),
}

/// An adapter in a form.
pub struct AdapterForm {
    form: Form,
    driver: DriverInfo,
    /// The adapter that is changed: its id, its name, its settings with secrets masked.
    known: Option<(AdapterId, String, Value)>,
    /// Names that are taken.
    taken: Vec<String>,
    standing: Standing,
    /// What was asked for last; an answer to anything else is none to what the form says.
    asked: Option<Wish>,
}

/// Asks for a driver, one for that type or any; its form comes next.
pub fn choose_driver(kind: Option<AdapterType>) -> Effect {
    let drivers = adapters::drivers().into_iter();
    let fitting = drivers.filter(|driver| kind.is_none_or(|kind| driver.kind == kind));
    let choices = fitting.map(|driver| {
        let about = match kind {
            None => format!("{}: {}", driver.kind, driver.about),
            Some(_) => driver.about.to_owned(),
        };
        let (name, chosen) = (driver.name, Reply::Chosen(Box::new(driver)));
        Choice::new(name, about, vec![Effect::Answer(message::Reply::Adapters(chosen))])
    });
    let title = match kind {
        None => "New adapter: for what?",
        Some(AdapterType::Source) => "New source: what is it?",
        Some(AdapterType::Destination) => "New destination: where?",
        Some(AdapterType::Channel) => "New channel: by what?",
    };
    Effect::Open(Box::new(Choose::new(title, choices.collect())))
}

impl AdapterForm {
    /// For a new adapter.
    pub fn new(driver: DriverInfo, taken: Vec<String>) -> Self {
        Self::of(driver, None, taken)
    }

    /// For changes to one; `None` when this program has no such driver.
    pub fn edit(shown: &Shown) -> Option<Self> {
        let adapter = &shown.adapter;
        let driver = adapters::drivers()
            .into_iter()
            .find(|driver| driver.name == adapter.driver && driver.kind == adapter.kind)?;
        let known = (adapter.id, adapter.name.clone(), shown.config.clone());
        Some(Self::of(driver, Some(known), Vec::new()))
    }

    fn of(driver: DriverInfo, known: Option<(AdapterId, String, Value)>, taken: Vec<String>) -> Self {
        let config = known.as_ref().map(|(_, _, config)| config);
        Self {
            form: Form::new(rows(&driver, config)),
            driver,
            known,
            taken,
            standing: Standing::Open,
            asked: None,
        }
    }

    fn name(&self) -> String {
        match &self.known {
            Some((_, name, _)) => name.clone(),
            None => self.form.value(NAME),
        }
    }

    fn wish(&self) -> Wish {
        let config = self.known.as_ref().map(|(_, _, config)| config);
        let (set, secrets) = read(&self.form, &self.driver, config);
        let of = match &self.known {
            Some((id, ..)) => Of::Known(*id),
            None => Of::New {
                name: self.form.value(NAME),
                driver: self.driver.name.to_owned(),
                kind: self.driver.kind,
            },
        };
        Wish { of, set, secrets }
    }

    fn wrong(&self, row: &str) -> Option<Error> {
        wrong(&self.form, row, &self.driver, &self.taken, self.known.is_some())
    }

    /// Says what is wrong with the rows, and goes to the first that is. `false` when one is.
    fn check(&mut self) -> bool {
        let keys: Vec<String> = self.form.rows().iter().map(|row| row.key.clone()).collect();
        for key in keys {
            let wrong = self.wrong(&key);
            self.form.set_error(&key, wrong);
        }
        !self.form.focus_on_error()
    }

    const fn is_saving(&self) -> bool {
        matches!(self.standing, Standing::Saving(_))
    }

    fn try_it(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.check() {
            return vec![Effect::Bell];
        }
        let wish = self.wish();
        self.asked = Some(wish.clone());
        self.standing = Standing::Trying(cx.now);
        vec![ask(Ask::Try(Box::new(wish)))]
    }

    fn save(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.check() {
            return vec![Effect::Bell];
        }
        let wish = self.wish();
        if self.known.is_some() && wish.set.is_empty() && wish.secrets.is_empty() {
            let text = format!("nothing about {} was changed", self.name());
            return vec![Effect::Close, Effect::Toast(Toast::note(text))];
        }
        self.asked = Some(wish.clone());
        self.standing = Standing::Saving(cx.now);
        vec![ask(Ask::Save(Box::new(wish), Proof::Connect))]
    }

    fn back(&self) -> Vec<Effect> {
        // Whoever does not wait for an answer is told of it wherever he is by then.
        if let Some(wish) = self.asked.as_ref().filter(|_| self.is_saving()) {
            let left = Reply::Left(Box::new(wish.clone()));
            return vec![Effect::Close, Effect::Answer(message::Reply::Adapters(left))];
        }
        if !self.form.is_changed() {
            return vec![Effect::Close];
        }
        leaving()
    }

    /// What follows from a key or command: an answer to what was there before is none to what is there now.
    fn after(&mut self, did: Did, left: Option<String>) {
        let now = self.form.focused().map(|row| row.key.clone());
        if did == Did::Changed {
            self.standing = Standing::Open;
            self.asked = None;
            if let Some(key) = &now {
                self.form.set_error(key, None);
                tell_units(&mut self.form, &self.driver, key);
            }
        }
        if let Some(left) = left.filter(|left| Some(left) != now.as_ref()) {
            // Whoever only passes through an empty row has not made a mistake yet.
            let wrong = self.wrong(&left).filter(|_| !self.form.value(&left).is_empty());
            self.form.set_error(&left, wrong);
        }
    }

    fn focused(&self) -> Option<String> {
        self.form.focused().map(|row| row.key.clone())
    }

    /// What the form says does not do: said at the row it is about, or else below.
    fn fails(&mut self, error: &Error) {
        let named = error
            .message
            .strip_prefix("field ")
            .and_then(|rest| rest.split_once(": "));
        let field = named.or_else(|| Some((error.object.strip_prefix("field ")?, error.message.as_str())));
        let known = field.filter(|(name, _)| self.driver.fields.iter().any(|known| known.name == *name));
        let Some((name, what)) = known else {
            self.standing = Standing::Fails(error.clone());
            return;
        };
        self.standing = Standing::Open;
        let key = rows::key_of(name);
        // What to type on the command line is of no use here.
        let next = if error.next.contains('`') {
            ""
        } else {
            error.next.as_str()
        };
        self.form.set_error(&key, Some(Error::usage(what).next(next)));
        self.form.focus_on(&key);
    }

    fn take_saved(&mut self, wish: &Wish, answer: &Result<String, NotSaved>) -> Vec<Effect> {
        match answer {
            Ok(name) => vec![Effect::Go(Place::Adapter(name.clone()))],
            Err(NotSaved::Wrong(error)) => {
                self.fails(error);
                Vec::new()
            }
            Err(NotSaved::Missing(error, directory)) => {
                self.standing = Standing::Fails(error.clone());
                let keep = |proof| vec![ask(Ask::Save(Box::new(wish.clone()), proof))];
                let choices = vec![
                    Choice::new("Create it", "for you alone, and save", keep(Proof::Made)),
                    Choice::new(
                        "Save anyway",
                        "it may be mounted later; until then runs fail",
                        keep(Proof::None),
                    ),
                    Choice::new("Go back", "to the form", Vec::new()),
                ];
                let title = format!("{} is not there", visible(&directory.display().to_string()));
                vec![Effect::Open(Box::new(Choose::new(title, choices)))]
            }
            Err(NotSaved::Unreachable(error)) => {
                self.standing = Standing::Fails(error.clone());
                let yes = vec![ask(Ask::Save(Box::new(wish.clone()), Proof::None))];
                let question = Confirm::new(format!("Save {} all the same?", self.name()), "Save anyway", yes)
                    .warn(error.message.clone())
                    .line("It could not be connected to, so nothing shows that it works. Jobs that use it may fail.");
                vec![Effect::Open(Box::new(question))]
            }
        }
    }
}

impl Layer for AdapterForm {
    fn title(&self) -> String {
        match &self.known {
            Some((_, name, _)) => format!("Edit {} {name}", self.driver.name),
            None => format!("New {}: {}", self.driver.kind, self.driver.name),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Form]
    }

    fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if self.is_saving() {
            return Some(if command == Command::Back {
                self.back()
            } else {
                Vec::new()
            });
        }
        match command {
            Command::Save | Command::Back if self.form.is_editing_lines() => {}
            Command::Save => return Some(self.save(cx)),
            Command::TestForm => return Some(self.try_it(cx)),
            Command::Back | Command::Quit => return Some(self.back()),
            _ => {}
        }
        let left = self.focused();
        let did = self.form.command(command);
        self.after(did, left);
        (did != Did::Nothing).then(Vec::new)
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.is_saving() {
            let left = self.focused();
            let did = self.form.key(key);
            self.after(did, left);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.is_saving() {
            let did = self.form.paste(text);
            self.after(did, None);
        }
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        let message::Reply::Adapters(reply) = reply else {
            return Vec::new();
        };
        match reply {
            Reply::Tried(wish, found) if self.asked.as_ref() == Some(wish) && !self.is_saving() => {
                match found {
                    Ok(probe) => self.standing = Standing::Works(probe.clone()),
                    Err(error) => self.fails(error),
                }
                Vec::new()
            }
            Reply::Saved(wish, answer) if self.asked.as_ref() == Some(wish) => self.take_saved(wish, answer),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Command> {
        if self.is_saving() {
            return vec![Command::Back];
        }
        if self.form.is_editing_lines() {
            return vec![Command::Save, Command::Back];
        }
        let ways = [Command::Save, Command::TestForm, Command::NextField];
        ways.into_iter()
            .chain(self.form.filling())
            .chain([Command::Back])
            .collect()
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = area.width.saturating_sub(2).min(88);
        let inside = usize::from(width.saturating_sub(6));
        let standing = self.standing(ui, inside);
        let below = u16::try_from(standing.len()).unwrap_or(u16::MAX).min(area.height / 3);
        let rows = self.form.rows();
        let lines = rows.iter().map(|row| {
            let told = |error: &Error| 1 + usize::from(!error.next.is_empty());
            1 + row.note.len() + row.error.as_ref().map_or(0, told)
        });
        let height = u16::try_from(lines.sum::<usize>())
            .unwrap_or(u16::MAX)
            .saturating_add(7)
            .max(ROOM)
            .saturating_add(below);
        let title = ui.fit(&self.title(), usize::from(width.saturating_sub(6)));
        let inner = ui.popup(frame, centered(area, width, height), &title);
        let inner = inner.inner(Margin::new(1, 0));
        let top = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(below + 1),
            ..inner
        };
        self.form.view(ui, frame, top.intersection(inner));
        let foot = Rect {
            x: inner.x + 1,
            y: inner.bottom() - below,
            width: inner.width.saturating_sub(2),
            height: below,
        };
        frame.render_widget(Paragraph::new(standing), foot);
    }
}

impl AdapterForm {
    /// What became of it, below the form.
    fn standing(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        match &self.standing {
            Standing::Open => Vec::new(),
            Standing::Trying(since) => {
                let text = format!("{} connecting, {}", ui.glyphs.running, ui.running_for(*since));
                vec![ui.line(Role::Running, text)]
            }
            Standing::Saving(since) => {
                let text = format!(
                    "{} connecting before it is saved, {}; {} does not wait",
                    ui.glyphs.running,
                    ui.running_for(*since),
                    ui.key(&[Scope::Form], Command::Back)
                );
                vec![ui.line(Role::Running, text)]
            }
            Standing::Works(probe) => works(ui, probe, self.driver.kind, width),
            Standing::Fails(error) => failure::lines(ui, error, width),
        }
    }
}

fn works(ui: &Ui<'_>, probe: &Probe, kind: AdapterType, width: usize) -> Vec<Line<'static>> {
    let bytes = match kind {
        AdapterType::Destination => probe.free_bytes.map(|free| format!(", {} free", units::size(free))),
        _ => probe.size_bytes.map(|size| format!(", {} of data", units::size(size))),
    };
    let (sign, role, word) = if probe.blockers.is_empty() {
        (ui.glyphs.good, Role::Good, "it works")
    } else {
        (ui.glyphs.warn, Role::Warn, "it answers, and cannot be backed up yet")
    };
    let text = format!(
        "{word}: {}, answered in {}{}",
        probe.version,
        units::millis(probe.latency_ms),
        bytes.unwrap_or_default()
    );
    let mut lines = failure::signed(ui, role, sign, &text, width);
    for blocker in &probe.blockers {
        lines.extend(failure::lines_as(ui, Role::Warn, &failure::kept_as(blocker), width));
    }
    for note in &probe.notes {
        lines.extend(failure::signed(ui, Role::Muted, ui.glyphs.dot, note, width));
    }
    lines
}
