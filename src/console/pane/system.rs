//! Engine, settings, profiles, the database itself, and the doctor: five parts, of which one is shown.

mod install;
mod key;
mod profile;
mod view;
mod work;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::key::ShownKey;
use self::profile::NewProfile;
pub use self::work::{Ask, Change, Reply};
use super::Pane;
use super::answer::Answer;
use crate::console::command::{Command, Scope};
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::confirm::{Confirm, grace};
use crate::console::layer::prompt::{self, Prompt};
use crate::console::message::{self, Effect, Place, Thing, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::rest::Rest;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::selection::Selection;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result, naming, setting};
use crate::ops::adapters::named_jobs;
use crate::ops::doctor::Finding;
use crate::ops::status::Overview;
use crate::ops::system::Facts;
use crate::ops::{profiles, settings};

/// A part of the pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Engine,
    Settings,
    Profiles,
    Database,
    Doctor,
}

impl Part {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Engine, "Engine"),
        (Self::Settings, "Settings"),
        (Self::Profiles, "Profiles"),
        (Self::Database, "Database"),
        (Self::Doctor, "Doctor"),
    ];

    fn step(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|(part, _)| *part == self).unwrap_or(0);
        let len = Self::ALL.len();
        let to = (at + len).saturating_add_signed(by) % len;
        Self::ALL.get(to).map_or(self, |(part, _)| *part)
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct System {
    part: Part,
    status: Option<Arc<Overview>>,
    facts: Answer<Facts>,
    settings: Answer<Vec<settings::Shown>>,
    profiles: Answer<Vec<profiles::Shown>>,
    /// What the doctor found; `None` before it was asked.
    findings: Option<Vec<Finding>>,
    /// When that was.
    examined_at: Timestamp,
    examining: bool,
    /// The row of each part's list.
    setting: Selection,
    /// The setting the footer is about.
    at_rest: Rest<usize>,
    profile: Selection,
    /// The profile that is gone to, until the profiles are read.
    seeking: Option<String>,
    table: Selection,
    finding: Selection,
    /// What is said of the engine and this program.
    page: Scroll,
    /// Where the line of parts and the list are; learned when they are drawn.
    parts_area: Cell<Rect>,
    list_area: Cell<Rect>,
}

fn ask(ask: Ask) -> Effect {
    Effect::Ask(message::Ask::System(ask))
}

/// Asks for the profiles, which the palette has the names of.
pub fn ask_profiles() -> Effect {
    ask(Ask::Profiles)
}

fn change(change: Change) -> Effect {
    ask(Ask::Change(change))
}

fn open(layer: impl super::super::layer::Layer + 'static) -> Vec<Effect> {
    vec![Effect::Open(Box::new(layer))]
}

impl System {
    /// Takes in an answer.
    pub fn reply(&mut self, reply: Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::Facts(answer) => self.facts.take(answer.map(|facts| *facts)),
            Reply::Settings(answer) => {
                self.settings.take(answer);
                self.at_rest.settle(Some(self.setting.at()));
            }
            Reply::Profiles(answer) => {
                self.profiles.take(answer);
                self.profile.clamp(self.profiles.rows().len());
                self.seek();
            }
            Reply::Examined(findings) => {
                self.examining = false;
                self.finding.clamp(findings.len());
                self.findings = Some(findings);
                self.examined_at = cx.now;
            }
            // For the layer, which may be closed by now.
            Reply::Planned(..) => {}
            Reply::Installed(installed) => {
                let text = format!("the unit is written to {}", installed.path.display());
                let mut effects = self.examine_again();
                effects.push(Effect::Toast(Toast::good(text)));
                return effects;
            }
            Reply::Revealed(Ok((name, key))) => return open(ShownKey::new(name, key)),
            Reply::Revealed(Err(error)) => return vec![Effect::Toast(Toast::from(&error))],
        }
        Vec::new()
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        match self.part {
            Part::Engine => None,
            Part::Settings => Some((&mut self.setting, self.settings.rows().len())),
            Part::Profiles => Some((&mut self.profile, self.profiles.rows().len())),
            Part::Database => {
                let tables = self.facts.get().map_or(0, |facts| facts.tables.len());
                Some((&mut self.table, tables))
            }
            Part::Doctor => {
                let findings = self.findings.as_ref().map_or(0, Vec::len);
                Some((&mut self.finding, findings))
            }
        }
    }

    fn selected_setting(&self) -> Option<&settings::Shown> {
        self.settings
            .rows()
            .get(self.setting.at())
            .filter(|_| self.part == Part::Settings)
    }

    fn selected_profile(&self) -> Option<&profiles::Shown> {
        self.profiles
            .rows()
            .get(self.profile.at())
            .filter(|_| self.part == Part::Profiles)
    }

    /// What can be done with the engine now. One inside of this console stops with it.
    fn engine_hint(&self) -> Option<Command> {
        let engine = &self.status.as_ref()?.engine;
        if engine.running {
            (!engine.is_inside() && engine.stopping_until().is_none()).then_some(Command::StopEngine)
        } else {
            Some(Command::StartEngine)
        }
    }

    fn profile_hints(&self) -> Vec<Command> {
        if self.profiles.is_unanswered() {
            return vec![Command::NextFocus];
        }
        let Some(shown) = self.selected_profile() else {
            return vec![Command::NextFocus, Command::Add, Command::ImportKey];
        };
        let mut hints = vec![Command::NextFocus, Command::Add, Command::RecoveryKit, Command::Reveal];
        if shown.profile.retired_at.is_none() {
            hints.push(Command::Rotate);
            hints.extend(shown.jobs.is_empty().then_some(Command::Retire));
        }
        hints.push(Command::ImportKey);
        hints
    }

    fn examine(&mut self) -> Vec<Effect> {
        self.part = Part::Doctor;
        self.examining = true;
        vec![ask(Ask::Examine)]
    }

    /// Something was done: what the doctor found is looked at again where it is shown, and is no longer told elsewhere.
    pub fn examine_again(&mut self) -> Vec<Effect> {
        match self.findings {
            Some(_) if self.part == Part::Doctor => self.examine(),
            _ => {
                self.findings = None;
                Vec::new()
            }
        }
    }

    /// Selects the profile that is gone to, once it is there.
    fn seek(&mut self) {
        let rows = self.profiles.rows();
        let found = rows
            .iter()
            .position(|shown| self.seeking.as_ref() == Some(&shown.profile.name));
        if let Some(found) = found {
            self.seeking = None;
            self.profile.select(found);
        }
    }

    fn edit_setting(&self) -> Option<Vec<Effect>> {
        let setting = self.selected_setting()?;
        let key = setting.key;
        let help = format!("{}. Allowed: {}.", setting.help, setting.range);
        let prompt = Prompt::new(key, help, &setting.value, move |value, _| {
            setting::find(key).and_then(|setting| setting.check(value))?;
            Ok(vec![change(Change::Set(key, Some(value.to_owned())))])
        });
        Some(open(prompt.until_done()))
    }

    fn reset_setting(&self) -> Option<Vec<Effect>> {
        let setting = self.selected_setting()?;
        if setting.value == setting.default {
            return Some(vec![Effect::Toast(Toast::note("it is the default already"))]);
        }
        Some(vec![change(Change::Set(setting.key, None))])
    }

    fn stop_engine(&self, cx: &Cx<'_>) -> Vec<Effect> {
        let engine = self.status.as_ref().map(|status| &status.engine);
        let Some(engine) = engine.filter(|engine| engine.running) else {
            return vec![Effect::Toast(Toast::note("no engine runs"))];
        };
        if engine.stopping_until().is_some() {
            return vec![Effect::Toast(Toast::note("it is stopping already"))];
        }
        if engine.is_inside() {
            let error = Error::refused("the engine runs inside this console, and stops with it")
                .next(format!("leave with {}", cx.keymap.sign(&self.scopes(), Command::Quit)));
            return vec![Effect::Toast(Toast::from(&error))];
        }
        let mut question = Confirm::new("Stop the engine?", "Stop it", vec![ask(Ask::StopEngine)])
            .line("No schedule is followed until one is started again.");
        if engine.runs_running > 0 {
            question = question.warn(grace(engine.runs_running));
        }
        open(question)
    }

    /// Whether a name is one for another profile.
    fn new_name(&self) -> impl Fn(&str) -> Result<()> + 'static {
        let taken: Vec<String> = self
            .profiles
            .rows()
            .iter()
            .map(|shown| shown.profile.name.clone())
            .collect();
        move |name| {
            if name.is_empty() {
                return Err(Error::usage("it needs a name"));
            }
            naming::valid_name("profile", name)?;
            if taken.iter().any(|other| other == name) {
                return Err(
                    Error::usage(format!("there is a profile called {name} already")).next("choose another name")
                );
            }
            Ok(())
        }
    }

    fn new_profile(&self) -> Vec<Effect> {
        open(NewProfile::create(Box::new(self.new_name())))
    }

    fn import_key(&self) -> Vec<Effect> {
        open(NewProfile::import(Box::new(self.new_name())))
    }

    fn rename_profile(&self) -> Option<Vec<Effect>> {
        let name = self.selected_profile()?.profile.name.clone();
        let proposal = name.clone();
        let check = self.new_name();
        let prompt = Prompt::new(
            format!("Rename profile {name}"),
            "Another name.",
            &proposal,
            move |to, _| {
                if to == name {
                    return Err(Error::usage("it needs another name"));
                }
                check(to)?;
                Ok(vec![change(Change::Rename(name.clone(), to.to_owned()))])
            },
        );
        Some(open(prompt.until_done()))
    }

    fn rotate_profile(&self) -> Option<Vec<Effect>> {
        let shown = self.selected_profile()?;
        let name = &shown.profile.name;
        let yes = vec![change(Change::Rotate(name.clone()))];
        Some(open(
            Confirm::new(format!("Give profile {name} a new key?"), "Rotate", yes)
                .line(format!(
                    "Jobs that seal with it from the next run on: {}.",
                    listed(&shown.jobs)
                ))
                .line("The old key is kept, retired, and reads the backups it sealed.")
                .warn("Every recovery kit written before lacks the new key: write a new one."),
        ))
    }

    fn retire_profile(&self, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let shown = self.selected_profile()?;
        let name = &shown.profile.name;
        if shown.profile.retired_at.is_some() {
            return Some(vec![Effect::Toast(Toast::note(format!(
                "profile {name} is retired already"
            )))]);
        }
        if !shown.jobs.is_empty() {
            let rotate = cx.keymap.sign(&self.scopes(), Command::Rotate);
            let error = Error::refused(format!("it seals the backups of {}", named_jobs(&shown.jobs)))
                .on(format!("profile {name}"))
                .next(format!(
                    "{rotate} gives them a new key, or choose another profile for them"
                ));
            return Some(vec![Effect::Toast(Toast::from(&error))]);
        }
        let yes = vec![change(Change::Retire(name.clone()))];
        Some(open(
            Confirm::new(format!("Retire profile {name}?"), "Retire", yes)
                .line("It seals nothing new. Backups it sealed can still be read."),
        ))
    }

    fn reveal(&self) -> Option<Vec<Effect>> {
        let name = &self.selected_profile()?.profile.name;
        let yes = vec![ask(Ask::Reveal(name.clone()))];
        Some(open(
            Confirm::new(format!("Show the key of profile {name}?"), "Show", yes).line(
                "Whoever sees it can read every backup it sealed. That it was shown is recorded, with your name.",
            ),
        ))
    }

    fn export_key(&self) -> Option<Vec<Effect>> {
        let name = self.selected_profile()?.profile.name.clone();
        Some(vec![prompt::file(
            format!("Write the key of {name} to"),
            "Whoever has the file can read every backup the key sealed. That it was written is recorded. A file that exists stays.",
            &format!("{name}.key"),
            move |file| change(Change::ExportKey(name.clone(), file)),
        )])
    }

    fn kit(&self) -> Vec<Effect> {
        let profile = self.selected_profile().map(|shown| shown.profile.name.clone());
        let what = match &profile {
            Some(name) => format!("profile {name} and every retired key"),
            None => "every profile".to_owned(),
        };
        let choice = move |label: &str, about: &str, with_master_key: bool| {
            let profile = profile.clone();
            let help = "A ZIP file that only you can read. An existing file is left alone.";
            let prompt = Prompt::new(
                "Recovery kit: file",
                help,
                "backstay-recovery-kit.zip",
                move |path, _| {
                    if path.is_empty() {
                        return Err(Error::usage("it needs a path"));
                    }
                    let path = PathBuf::from(path);
                    Ok(vec![change(Change::WriteKit(path, profile.clone(), with_master_key))])
                },
            );
            Choice::new(label, about, vec![Effect::Open(Box::new(prompt.until_done()))])
        };
        let choices = vec![
            choice("the keys of backups", &what, false),
            choice("and the master key", "which also opens Backstay's own database", true),
        ];
        open(Choose::new("What is to be in the recovery kit?", choices))
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

impl Pane for System {
    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::System, Scope::List]
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::NextFocus => self.part = self.part.step(1),
            Command::PreviousFocus => self.part = self.part.step(-1),
            Command::StartEngine => return Some(vec![ask(Ask::StartEngine)]),
            Command::StopEngine => return Some(self.stop_engine(cx)),
            Command::InstallEngine => return Some(install::choose()),
            Command::Doctor => return Some(self.examine()),
            // By the command that says it changes something, so that it is refused where nothing may be changed.
            Command::Open if self.part == Part::Settings => return Some(vec![Effect::Command(Command::Edit)]),
            Command::Edit => return self.edit_setting(),
            Command::ResetSetting => return self.reset_setting(),
            Command::Add => {
                self.part = Part::Profiles;
                return Some(self.new_profile());
            }
            Command::ImportKey => return Some(self.import_key()),
            Command::Rename => return self.rename_profile(),
            Command::Rotate => return self.rotate_profile(),
            Command::Retire => return self.retire_profile(cx),
            Command::Reveal => return self.reveal(),
            Command::Export => return self.export_key(),
            Command::RecoveryKit => return Some(self.kit()),
            _ if self.part == Part::Engine => return self.page.command(command).then(Vec::new),
            _ => {
                let (selection, len) = self.list()?;
                let is_move = selection.command(command, len);
                self.at_rest.moved();
                return is_move.then(Vec::new);
            }
        }
        Some(Vec::new())
    }

    fn click(&mut self, at: Position, twice: bool, cx: &Cx<'_>) -> Vec<Effect> {
        if let Some(part) = view::part_at(self.parts_area.get(), at) {
            self.part = part;
            return Vec::new();
        }
        let area = self.list_area.get();
        let Some((selection, len)) = self.list() else {
            return Vec::new();
        };
        let Some(row) = selection.clicked(area, at, len) else {
            return Vec::new();
        };
        selection.select(row);
        self.at_rest.moved();
        if twice {
            self.command(Command::Open, cx).unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    fn lacks(&self, command: Command) -> bool {
        matches!(
            command,
            Command::Filter | Command::Sort | Command::Mark | Command::MarkAll
        )
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        vec![ask(Ask::Facts), ask(Ask::Settings), ask(Ask::Profiles)]
    }

    fn time_passed(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        self.at_rest.settle(Some(self.setting.at()));
        Vec::new()
    }

    fn status_changed(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.status = cx.status.cloned();
        Vec::new()
    }

    fn to_select(&mut self, command: Command) {
        self.part = match command {
            Command::Edit | Command::ResetSetting => Part::Settings,
            _ => Part::Profiles,
        };
    }

    fn go(&mut self, place: &Place, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Place::Profile(name) = place {
            self.part = Part::Profiles;
            self.seeking = Some(name.clone());
            self.seek();
        }
        Vec::new()
    }

    fn thing(&self) -> Option<Thing> {
        if let Some(shown) = self.selected_profile() {
            return Some(Thing {
                kind: "profile",
                id: shown.profile.id.to_string(),
                name: shown.profile.name.clone(),
                copies: vec![("key id", shown.profile.key_id.clone())],
            });
        }
        self.selected_setting().map(|setting| Thing {
            kind: "setting",
            id: setting.key.to_owned(),
            name: setting.key.to_owned(),
            copies: vec![("value", setting.value.clone())],
        })
    }

    fn hints(&self) -> Vec<Command> {
        let mut hints = vec![Command::NextFocus];
        match self.part {
            Part::Engine => {
                hints.extend(self.engine_hint());
                hints.extend([Command::InstallEngine, Command::Doctor]);
            }
            Part::Settings => {
                // Of the setting the selection rests on: a move costs two rows and no footer.
                let setting = self.at_rest.of().and_then(|at| self.settings.rows().get(at));
                hints.extend(setting.map(|_| Command::Edit));
                hints.extend(
                    setting
                        .filter(|it| it.value != it.default)
                        .map(|_| Command::ResetSetting),
                );
            }
            Part::Profiles => return self.profile_hints(),
            Part::Doctor if self.examining => {}
            Part::Database | Part::Doctor => hints.push(Command::Doctor),
        }
        hints
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.draw(ui, frame, area);
    }
}
