//! The question how hard backups are to be proven, and which of their copies.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::acts::named_all;
use super::{Ask, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::Layer;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::form::dialog::Step;
use crate::console::widget::form::{Did, Form, Input, Item, Row};
use crate::domain::Error;
use crate::domain::adapter::Adapter;
use crate::domain::backup::{Backup, CopyState, Level};
use crate::domain::id::BackupId;
use crate::ops::backups::Proof;

/// The choice of all copies.
const EVERY: &str = "every copy";

/// What that choice is by restore: one good copy restored proves the backup.
const BEST: &str = "the best copy";

/// The choice of the source a backup was made from.
const OWN: &str = "its own source";

/// The question.
pub struct Verify {
    title: String,
    ids: Vec<BackupId>,
    /// Where they have copies.
    destinations: Vec<String>,
    form: Form,
}

impl Verify {
    /// About these backups; a scratch database may be made on one of the sources.
    pub fn new<'a>(chosen: &[Backup], sources: impl Iterator<Item = &'a Adapter>) -> Self {
        let levels = vec![
            Item::new("bytes", "stored bytes read back"),
            Item::new("content", "also decrypted, unpacked, parsed"),
            Item::new("restore", "into a scratch database"),
        ];
        let mut destinations: Vec<String> = chosen
            .iter()
            .flat_map(|backup| &backup.copies)
            .filter(|copy| copy.state != CopyState::Deleted)
            .map(|copy| copy.destination.clone())
            .collect();
        destinations.sort();
        destinations.dedup();
        let is_of_all = |source: &&Adapter| chosen.iter().all(|backup| backup.driver == source.driver);
        let has_own = chosen.iter().all(|backup| backup.job_id.is_some());
        let own = has_own.then(|| Item::new(OWN, "dropped again afterwards"));
        let scratch = sources
            .filter(is_of_all)
            .map(|source| Item::new(source.name.clone(), source.summary.clone()));
        let rows = vec![
            Row::new(
                "level",
                "How hard",
                Input::choice(levels, "content"),
                "Left and right choose. Each level proves what the ones before it do, and is kept with the copy.",
            ),
            Row::new(
                "copies",
                "Copies",
                choice_of_copies(EVERY, &destinations, EVERY),
                "By restore, the best copy is enough when no destination is chosen: the others are as good as their bytes.",
            ),
            Row::new(
                "scratch",
                "Scratch on",
                Input::choice(own.into_iter().chain(scratch).collect(), OWN),
                "The server that a scratch database is made on and dropped again.",
            ),
        ];
        let mut form = Form::new(rows);
        form.show("scratch", false);
        Self {
            title: format!("Verify {}", named_all(chosen)),
            ids: chosen.iter().map(|backup| backup.id).collect(),
            destinations,
            form,
        }
    }

    fn level(&self) -> Level {
        self.form.value("level").parse().unwrap_or(Level::Content)
    }

    fn done(&mut self) -> Vec<Effect> {
        let scratch = self.form.row("scratch").map(|row| &row.input);
        if self.level() == Level::Restore && matches!(scratch, Some(Input::Choice { items, .. }) if items.is_empty()) {
            let wrong = Error::usage("no source fits").next("add one among the adapters, or choose another level");
            self.form.set_error("scratch", Some(wrong));
            return Vec::new();
        }
        let given = |key: &str, none: &str| Some(self.form.value(key)).filter(|name| name != none && !name.is_empty());
        let proof = Proof {
            level: self.level(),
            destination: given("copies", self.all_copies()),
            scratch: given("scratch", OWN).filter(|_| self.level() == Level::Restore),
        };
        let ids = self.ids.clone();
        vec![Effect::Close, ask(Ask::Verify { ids, proof })]
    }

    fn changed(&mut self) {
        self.form.clear_errors();
        let shown = self.level() == Level::Restore;
        self.form.show("scratch", shown);
        let all = self.all_copies();
        let chosen = self.form.value("copies");
        let chosen = if self.destinations.contains(&chosen) {
            chosen
        } else {
            all.to_owned()
        };
        let choice = choice_of_copies(all, &self.destinations, &chosen);
        if let Some(row) = self.form.row_mut("copies") {
            row.input = choice;
        }
    }

    /// What is chosen where no destination is.
    fn all_copies(&self) -> &'static str {
        if self.level() == Level::Restore { BEST } else { EVERY }
    }
}

/// All copies in the words of `all`, or the one at a destination.
fn choice_of_copies(all: &'static str, destinations: &[String], chosen: &str) -> Input {
    let each = destinations
        .iter()
        .map(|name| Item::new(name.clone(), "only the copy there"));
    Input::choice([Item::new(all, "")].into_iter().chain(each).collect(), chosen)
}

impl Layer for Verify {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        Form::scopes()
    }

    fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match self.form.heed(command) {
            Step::GoOn => return Some(self.done()),
            Step::Changed => self.changed(),
            Step::Taken => {}
            Step::Passed => return None,
        }
        Some(Vec::new())
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.form.key(key) == Did::Changed {
            self.changed();
        }
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        self.form.hints()
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.form.popup(ui, frame, area, &self.title, 10);
    }
}
