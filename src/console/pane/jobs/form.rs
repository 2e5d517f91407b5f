//! A job in a form: made anew or changed. What is wrong is said beside the row once it has been left; what follows from a row
//! is said below it at each key.

mod changes;
mod hooks;
mod key;
mod names;
mod notes;
mod read;
mod rows;

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::Paragraph;

use self::changes::Changes;
use self::read::{Said, here, read};
use self::rows::{keep, levels, rows, text};
use super::work::{Ask, Kept, List, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::Layer;
use crate::console::message::{self, Effect, Lane, Toast};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::form::dialog::leaving;
use crate::console::widget::form::{Did, Form, Input, Item};
use crate::domain::adapter::{AdapterType, Database};
use crate::domain::id::JobId;
use crate::domain::job::{Compression, Definition, Options, Selection, Target, When};
use crate::domain::retention::Policy;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Timestamp, zone, zone_meant, zones_like};
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::ops::adapters::is_copied_whole;
use crate::ops::jobs::draft::{Field, FieldError};
use crate::ops::jobs::{self, JobView, Saving};

/// A job in a form.
pub struct JobForm {
    form: Form,
    /// The job that is changed.
    replacing: Option<JobId>,
    /// What the form began with.
    before: Definition,
    /// What it said then, which for a new job cannot be saved yet.
    first: Option<Said>,
    /// The definition that is about to be saved, while it is looked at.
    saving: Option<Definition>,
    /// Rows that were filled in and left: they may be called wrong.
    touched: BTreeSet<String>,
    /// What is on the source that is chosen, once it has answered.
    databases: Option<Result<Vec<Database>>>,
    /// What the policies would do to the copies there are.
    kept: Vec<Kept>,
    /// The drivers of the sources, by name.
    drivers: Vec<(String, String)>,
    /// Why it was not saved.
    failed: Option<Error>,
    /// What completes a zone.
    completing: String,
    /// The algorithm whose level is shown.
    algorithm: String,
    /// Until when its schedule is not followed, whatever it says.
    paused_until: Option<Timestamp>,
    now: Timestamp,
}

impl JobForm {
    /// For a new job. An error when there is nothing it could be made of.
    pub fn new(parts: &List, cx: &Cx<'_>) -> Result<Self> {
        let of = |kind: AdapterType| parts.adapters.iter().filter(move |adapter| adapter.kind == kind);
        let missing = |what: &str| {
            Error::usage(format!("there is no {what} yet")).next(format!("add a {what} under Adapters first"))
        };
        let source = of(AdapterType::Source).next().ok_or_else(|| missing("source"))?;
        let destination = of(AdapterType::Destination)
            .next()
            .ok_or_else(|| missing("destination"))?;
        // Where there is one to choose it is chosen.
        let only = of(AdapterType::Destination).count() == 1;
        let target = Target {
            adapter: destination.name.clone(),
            keep: Policy::Smart {
                daily: 7,
                weekly: 4,
                monthly: 12,
                yearly: 2,
                min_age: std::time::Duration::ZERO,
            },
        };
        let usable = parts.profiles.iter().find(|profile| profile.retired_at.is_none());
        let definition = Definition {
            name: String::new(),
            source: source.name.clone(),
            schedule: "0 3 * * *".to_owned(),
            timezone: cx.zone.name().to_owned(),
            enabled: true,
            compression: Compression::default(),
            profile: usable.map(|profile| profile.name.clone()),
            selection: Selection::default(),
            options: Options::default(),
            destinations: only.then_some(target).into_iter().collect(),
            hooks: Vec::new(),
        };
        Ok(Self::of(definition, None, parts, cx))
    }

    /// For changes to this one.
    pub fn edit(job: &JobView, parts: &List, cx: &Cx<'_>) -> Self {
        let mut form = Self::of(job.definition(), Some(job.id), parts, cx);
        form.paused_until = job.paused_until;
        form.follow();
        form
    }

    fn of(before: Definition, replacing: Option<JobId>, parts: &List, cx: &Cx<'_>) -> Self {
        let form = Form::new(rows(&before, parts, cx.keymap));
        let sources = parts
            .adapters
            .iter()
            .filter(|adapter| adapter.kind == AdapterType::Source);
        let mut job_form = Self {
            form,
            replacing,
            algorithm: before.compression.algorithm().to_owned(),
            before,
            first: None,
            saving: None,
            touched: BTreeSet::new(),
            databases: None,
            kept: Vec::new(),
            drivers: sources
                .map(|adapter| (adapter.name.clone(), adapter.driver.clone()))
                .collect(),
            failed: None,
            completing: cx.keymap.sign(&[Scope::Form], Command::NextField),
            paused_until: None,
            now: cx.now,
        };
        job_form.follow();
        job_form.first = Some(job_form.said());
        job_form
    }

    fn said(&self) -> Said {
        read(&self.form, &self.before)
    }

    fn is_changed(&self) -> bool {
        self.first.as_ref() != Some(&self.said())
    }

    fn copied_whole(&self) -> bool {
        let source = self.form.value(key::SOURCE);
        self.drivers
            .iter()
            .any(|(name, driver)| *name == source && is_copied_whole(driver))
    }

    /// Shows and hides rows, and says what follows from them. Called after every change.
    fn follow(&mut self) {
        let whole = self.copied_whole();
        for key in [key::EXCLUDE_DATABASES, key::EXCLUDE_SCHEMAS, key::EXCLUDE_TABLES] {
            let shown = !whole || !self.form.value(key).is_empty();
            self.form.show(key, shown);
        }
        let these = self.form.value(key::DATABASES) == key::THESE;
        self.form.show(key::DATABASES, !whole || these);
        self.form
            .show(key::CONTENTS, !whole || self.form.value(key::CONTENTS) != "all");
        self.form.show(key::GLOBALS, !whole || !self.form.is_on(key::GLOBALS));
        let live = matches!(self.databases, Some(Ok(_)));
        self.form.show(key::PICKED, these && live);
        self.form.show(key::TYPED, these && !live);
        self.follow_destinations();
        self.follow_compression();
        let makes_profile = match self.form.row(key::PROFILE).map(|row| &row.input) {
            Some(Input::Choice { items, at }) => at + 1 == items.len(),
            _ => false,
        };
        self.form.show(key::NEW_PROFILE, makes_profile);
        let databases = notes::databases(&self.form, self.databases.as_ref());
        let schedule = notes::schedule(
            &self.form.value(key::SCHEDULE),
            &self.form.value(key::TIMEZONE),
            (self.now, self.paused_until),
        );
        let zones = notes::zones(&self.form.value(key::TIMEZONE), &self.completing);
        for (key, note) in [
            (key::DATABASES, databases),
            (key::SCHEDULE, schedule),
            (key::TIMEZONE, zones),
        ] {
            // What is called wrong is not explained once more.
            let is_wrong = self.form.row(key).is_some_and(|row| row.error.is_some());
            self.note(key, if is_wrong { Vec::new() } else { note });
        }
    }

    fn note(&mut self, key: &str, note: Vec<String>) {
        if let Some(row) = self.form.row_mut(key) {
            row.note = note;
        }
    }

    fn follow_destinations(&mut self) {
        let taken = self.form.taken(key::DESTINATIONS);
        let names: Vec<String> = match self.form.row_mut(key::DESTINATIONS).map(|row| &mut row.input) {
            Some(Input::Multi { items, .. }) => {
                for (item, _) in items.iter_mut() {
                    let place = taken.iter().position(|name| *name == item.name);
                    let about = item
                        .about
                        .split_once(" · ")
                        .map_or(item.about.as_str(), |(_, about)| about)
                        .to_owned();
                    item.about = match place {
                        Some(place) if taken.len() > 1 => format!("{} · {about}", notes::ordinal(place + 1)),
                        _ => about,
                    };
                }
                items.iter().map(|(item, _)| item.name.clone()).collect()
            }
            _ => Vec::new(),
        };
        let keys: Vec<String> = names.iter().map(|name| keep(name)).collect();
        self.form.arrange(&keys);
        for name in names {
            let key = keep(&name);
            self.form.show(&key, taken.contains(&name));
            let note = notes::policy(&self.form.value(&key), &name, &self.kept);
            self.note(&key, note);
        }
    }

    fn follow_compression(&mut self) {
        let algorithm = self.form.value(key::COMPRESSION);
        let levels = levels(&algorithm);
        self.form.show(key::LEVEL, levels.is_some());
        let Some((range, usual)) = levels else {
            self.algorithm = algorithm;
            return;
        };
        if algorithm != self.algorithm {
            let level = usual.level().map(|level| level.to_string()).unwrap_or_default();
            if let Some(row) = self.form.row_mut(key::LEVEL) {
                row.input = text(&level);
                row.error = None;
            }
        }
        self.algorithm = algorithm;
        self.note(key::LEVEL, vec![range.to_owned()]);
    }

    /// What the source has came: names that were typed become names that are picked. Those come first and in their order, the
    /// others as the source has them.
    fn take_databases(&mut self, found: Result<Vec<Database>>) {
        if let Ok(databases) = &found {
            let mut taken = BTreeSet::new();
            let mut items = Vec::new();
            for name in names::split(&self.form.value(key::TYPED)) {
                let about = databases.iter().find(|database| database.name == name);
                let about = about.map_or_else(|| "is not there now".to_owned(), |there| size(there.size_bytes));
                let item = Item::new(&name, about);
                if taken.insert(name) {
                    items.push((item, true));
                }
            }
            let others = databases.iter().filter(|database| !taken.contains(&database.name));
            items.extend(others.map(|other| (Item::new(&other.name, size(other.size_bytes)), false)));
            if let Some(row) = self.form.row_mut(key::PICKED) {
                row.input = Input::multi(items);
            }
        }
        // Whoever is typing names goes on where they are picked now.
        let typing = self.form.focused().is_some_and(|row| row.key == key::TYPED);
        let live = found.is_ok();
        self.databases = Some(found);
        self.follow();
        if typing && live {
            self.form.focus_on(key::PICKED);
        }
    }

    /// Something was done to the form: what follows, and what has to be asked.
    fn after(&mut self, did: Did, left: Option<String>, cx: &Cx<'_>) -> Vec<Effect> {
        self.now = cx.now;
        let mut effects = Vec::new();
        let now = self.form.focused().map(|row| row.key.clone());
        if did == Did::Changed {
            self.failed = None;
            if let Some(key) = &now {
                self.form.set_error(key, None);
                self.touched.insert(key.clone());
                if key == key::SOURCE {
                    // The one before may not answer for long.
                    effects.extend(self.waits_in().map(Effect::GiveUp));
                    self.databases = None;
                    effects.push(ask(Ask::Databases(self.form.value(key::SOURCE))));
                }
                if key == key::PICKED {
                    // So that they are still there when the source stops answering.
                    let taken = names::join(&self.form.taken(key::PICKED));
                    if let Some(row) = self.form.row_mut(key::TYPED) {
                        row.input = text(&taken);
                    }
                }
            }
            self.follow();
            effects.extend(self.ask_what_goes(now.as_deref()));
        }
        if left != now
            && let Some(left) = left.filter(|left| self.touched.contains(left))
        {
            effects.extend(self.look_at(&left));
        }
        effects
    }

    /// A row was left: says what is wrong with it, and no longer what it put right elsewhere.
    fn look_at(&mut self, key: &str) -> Vec<Effect> {
        if key == key::TIMEZONE {
            self.take_zone();
        }
        let said = self.said();
        for row in [key, key::EXCLUDE_DATABASES] {
            if row == key || self.form.row(row).is_some_and(|row| row.error.is_some()) {
                let wrong = said.wrong.iter().find(|(wrong, _)| wrong == row);
                self.form.set_error(row, wrong.map(|(_, what)| what.clone()));
            }
        }
        self.follow();
        if said.wrong.is_empty() {
            vec![self.ask_check(&said)]
        } else {
            Vec::new()
        }
    }

    fn ask_check(&self, said: &Said) -> Effect {
        let mut definition = said.definition.clone();
        // A profile that is still to be made is not there yet.
        if said.new_profile.is_some() {
            definition.profile = None;
        }
        ask(Ask::Check(Box::new(definition), self.replacing))
    }

    /// Asks what the policies would do to the copies of a job that is there, once it has run again.
    fn ask_what_goes(&self, changed: Option<&str>) -> Vec<Effect> {
        let of_run = [key::DESTINATIONS, key::SCHEDULE, key::TIMEZONE, key::ENABLED];
        let concerns = changed.is_none_or(|key| of_run.contains(&key) || key.starts_with("keep/"));
        let Some(job) = self.replacing.filter(|_| concerns) else {
            return Vec::new();
        };
        let policies = self.form.taken(key::DESTINATIONS).into_iter().filter_map(|name| {
            let policy = self.form.value(&keep(&name)).trim().parse().ok()?;
            Some((name, policy))
        });
        vec![ask(Ask::Keeps(job, policies.collect(), self.next_run()))]
    }

    /// When it runs next as it is filled in; now, where only a hand would run it.
    fn next_run(&self) -> Timestamp {
        let wanted = self.said().definition;
        let schedule = Schedule::parse(&wanted.schedule, &wanted.timezone).ok();
        let awake = self.paused_until.map_or(self.now, |until| until.max(self.now));
        let next = schedule
            .filter(|_| wanted.enabled)
            .and_then(|schedule| schedule.next_after(awake));
        next.unwrap_or(self.now)
    }

    /// A part of a zone's name becomes the whole of it. `false` when there is nothing to complete.
    fn complete_zone(&mut self) -> bool {
        let text = self.form.value(key::TIMEZONE);
        let is_here = self.form.focused().is_some_and(|row| row.key == key::TIMEZONE);
        if !is_here || text.trim().is_empty() || zone(text.trim()).is_ok() {
            return false;
        }
        let Some(first) = zones_like(&text).first().copied() else {
            return false;
        };
        if let Some(row) = self.form.row_mut(key::TIMEZONE) {
            row.input = rows::text(first);
        }
        true
    }

    /// The name of the zone that is meant takes the place of a part of it.
    fn take_zone(&mut self) {
        let text = self.form.value(key::TIMEZONE);
        if let Ok(meant) = zone_meant(&text)
            && meant.name() != text
            && let Some(row) = self.form.row_mut(key::TIMEZONE)
        {
            row.input = rows::text(meant.name());
        }
    }

    fn save(&mut self) -> Vec<Effect> {
        if self.saving.is_some() {
            return Vec::new();
        }
        self.take_zone();
        self.form.clear_errors();
        self.failed = None;
        let said = self.said();
        for (key, what) in &said.wrong {
            self.form.set_error(key, Some(what.clone()));
            self.touched.insert(key.clone());
        }
        self.follow();
        if self.form.focus_on_error() {
            return vec![Effect::Bell];
        }
        self.saving = Some(said.definition.clone());
        vec![self.ask_check(&said)]
    }

    /// Nothing is wrong: a new job is saved, a change is shown first.
    fn go_on_saving(&mut self) -> Vec<Effect> {
        let said = self.said();
        let saving = Saving {
            definition: said.definition,
            replacing: self.replacing.map(|id| (id, self.before.clone())),
            new_profile: said.new_profile,
        };
        if self.replacing.is_none() {
            return vec![ask(Ask::Save(Box::new(saving)))];
        }
        self.saving = None;
        let name = &self.before.name;
        let diff = jobs::diff(("now", Some(&self.before)), ("then", &saving.definition));
        match diff {
            Ok(diff) if diff.is_empty() => {
                vec![
                    Effect::Close,
                    Effect::Toast(Toast::note(format!("nothing about job {name} was changed"))),
                ]
            }
            Ok(diff) => vec![Effect::Open(Box::new(Changes::to_be_saved(name, diff, saving)))],
            Err(error) => {
                self.failed = Some(error);
                Vec::new()
            }
        }
    }

    fn take_check(&mut self, looked_at: &Definition, answer: &Result<Vec<FieldError>>) -> Vec<Effect> {
        let said = self.said();
        let mut now = said.definition;
        if said.new_profile.is_some() {
            now.profile = None;
        }
        // It was typed on meanwhile.
        if now != *looked_at {
            return Vec::new();
        }
        let saving = self.saving.is_some();
        let errors = match answer {
            Ok(errors) => errors,
            Err(error) => {
                self.saving = None;
                if saving {
                    self.failed = Some(error.clone());
                }
                return Vec::new();
            }
        };
        for error in errors {
            let key = self.row_of(error.field, looked_at);
            if saving || self.touched.contains(&key) {
                let wrong = Error::usage(error.message.clone()).next(error.next.clone());
                self.form.set_error(&key, Some(here(&wrong)));
            }
        }
        match (saving, errors.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => self.go_on_saving(),
            (true, false) => {
                self.saving = None;
                self.form.focus_on_error();
                vec![Effect::Bell]
            }
        }
    }

    fn row_of(&self, field: Field, definition: &Definition) -> String {
        let key = match field {
            Field::Name => key::NAME,
            Field::Source => key::SOURCE,
            Field::Profile => key::PROFILE,
            Field::Schedule => key::SCHEDULE,
            Field::Timezone => key::TIMEZONE,
            Field::Databases => [key::PICKED, key::TYPED]
                .into_iter()
                .find(|key| self.form.row(key).is_some_and(|row| !row.hidden))
                .unwrap_or(key::DATABASES),
            Field::Destinations | Field::Destination(_) => key::DESTINATIONS,
            Field::Hook(at) => match definition.hooks.get(at).map(|hook| hook.when) {
                Some(When::After) => key::AFTER,
                _ => key::BEFORE,
            },
        };
        key.to_owned()
    }

    fn leave(&self) -> Option<Vec<Effect>> {
        if !self.is_changed() {
            return None;
        }
        Some(leaving())
    }
}

impl Layer for JobForm {
    fn title(&self) -> String {
        match self.replacing {
            None => "New job".to_owned(),
            Some(_) => format!("Edit {}", self.before.name),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Form]
    }

    fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let left = self.form.focused().map(|row| row.key.clone());
        if !self.form.is_editing_lines() {
            match command {
                Command::Save => return Some(self.save()),
                Command::Back | Command::Quit => return self.leave(),
                Command::NextField | Command::Open if self.complete_zone() => {
                    return Some(self.after(Did::Changed, left, cx));
                }
                _ => {}
            }
        }
        match self.form.command(command) {
            Did::Nothing => None,
            did => Some(self.after(did, left, cx)),
        }
    }

    fn key(&mut self, key: Key, cx: &Cx<'_>) -> Vec<Effect> {
        let left = self.form.focused().map(|row| row.key.clone());
        let did = self.form.key(key);
        self.after(did, left, cx)
    }

    fn paste(&mut self, text: &str, cx: &Cx<'_>) -> Vec<Effect> {
        let did = self.form.paste(text);
        let here = self.form.focused().map(|row| row.key.clone());
        self.after(did, here, cx)
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        let message::Reply::Jobs(reply) = reply else {
            return Vec::new();
        };
        match reply {
            Reply::Databases(source, found) if *source == self.form.value(key::SOURCE) => {
                self.take_databases(found.clone());
            }
            Reply::Check(looked_at, answer) => return self.take_check(looked_at, answer),
            Reply::Keeps(Ok(kept)) => {
                self.kept.clone_from(kept);
                self.follow();
            }
            Reply::NotSaved(error) => {
                self.saving = None;
                self.failed = Some(error.clone());
            }
            Reply::Overtaken(error, overtaken) => {
                self.saving = None;
                self.failed = Some(error.clone());
                let changes = Changes::overtaken(&self.before.name, overtaken);
                return vec![Effect::Open(Box::new(changes))];
            }
            Reply::OnTop(now) => {
                self.before = (**now).clone();
                return self.save();
            }
            _ => {}
        }
        Vec::new()
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.now = cx.now;
        let mut effects = self.ask_what_goes(None);
        if self.databases.is_none() {
            effects.push(ask(Ask::Databases(self.form.value(key::SOURCE))));
        }
        effects
    }

    fn waits_in(&self) -> Option<Lane> {
        let asked = message::Ask::Jobs(Ask::Databases(self.form.value(key::SOURCE)));
        self.databases.is_none().then(|| asked.lane()).flatten()
    }

    fn hints(&self) -> Vec<Command> {
        if self.form.is_editing_lines() {
            return vec![Command::Save, Command::Back];
        }
        let mut hints = vec![Command::Save, Command::NextField];
        hints.extend(self.form.filling());
        hints.push(Command::Back);
        hints
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let mut inner = ui.popup(
            frame,
            area,
            &ui.fit(&self.title(), usize::from(area.width.saturating_sub(6))),
        );
        if let Some(error) = &self.failed {
            let object = match error.object.as_str() {
                "" => "not saved".to_owned(),
                object => format!("not saved: {object}"),
            };
            let error = error.clone().on(object);
            let told = failure::lines(ui, &error, usize::from(inner.width.saturating_sub(2)));
            let height = u16::try_from(told.len()).unwrap_or(u16::MAX).min(inner.height / 3);
            let place = Rect { height, ..inner };
            frame.render_widget(Paragraph::new(told), place.inner(Margin::new(1, 0)));
            inner = Rect {
                y: inner.y + height,
                height: inner.height - height,
                ..inner
            };
        }
        self.form.view(ui, frame, inner);
    }
}
