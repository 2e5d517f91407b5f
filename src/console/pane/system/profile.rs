//! A new encryption profile, with a key of its own or with one that exists. What was filled in stays until it is there.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{Change, change};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Heard, Layer};
use crate::console::message::{Done, Effect};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::form::dialog::Step;
use crate::console::widget::form::{self, Input, Row};
use crate::domain::{Error, Result};

/// Whether a name is one for a new profile, or why not.
pub type Check = Box<dyn Fn(&str) -> Result<()>>;

/// What a new profile is made of.
pub struct NewProfile {
    form: form::Form,
    check: Check,
    /// Its key is in a file.
    is_import: bool,
    /// It was asked for.
    is_asked: bool,
}

impl NewProfile {
    /// With a key of its own.
    pub fn create(check: Check) -> Self {
        Self::of(check, false)
    }

    /// With a key that exists.
    pub fn import(check: Check) -> Self {
        Self::of(check, true)
    }

    fn of(check: Check, is_import: bool) -> Self {
        let help = if is_import {
            "The name of the new profile."
        } else {
            "A name for the new key, such as prod. Its recovery kit belongs on another machine."
        };
        let name = Row::new("name", "Name", Input::text(""), help);
        let key = Row::new(
            "key",
            "Key file",
            Input::text(""),
            "A file that only you can read, with the key as 64 hex digits.",
        );
        let about = Row::new(
            "description",
            "Description",
            Input::text(""),
            "What it is for; may stay empty.",
        );
        let rows = [Some(name), is_import.then_some(key), Some(about)];
        Self {
            form: form::Form::new(rows.into_iter().flatten().collect()),
            check,
            is_import,
            is_asked: false,
        }
    }

    fn save(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        if self.is_asked {
            return Vec::new();
        }
        let value = |key: &str| self.form.value(key).trim().to_owned();
        let (name, key, description) = (value("name"), value("key"), value("description"));
        let name_error = (self.check)(&name).err().map(|error| error.on(""));
        let key_error = (self.is_import && key.is_empty()).then(|| Error::usage("it needs a path"));
        self.form.set_error("name", name_error);
        self.form.set_error("key", key_error);
        if self.form.focus_on_error() {
            return Vec::new();
        }
        self.is_asked = true;
        let change = change(if self.is_import {
            Change::Import(name, description, key)
        } else {
            Change::Create(name, description)
        });
        vec![change.told_to(cx.ticket)]
    }
}

impl Layer for NewProfile {
    fn title(&self) -> String {
        if self.is_import {
            "Import a key"
        } else {
            "New encryption profile"
        }
        .to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        form::Form::scopes()
    }

    fn takes_text(&self) -> bool {
        self.form.takes_text()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match self.form.heed(command) {
            Step::GoOn => return Some(self.save(cx)),
            Step::Changed => self.form.clear_errors(),
            Step::Taken => {}
            Step::Passed => return None,
        }
        Some(Vec::new())
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.is_asked && self.form.key(key) == form::Did::Changed {
            self.form.clear_errors();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if !self.is_asked {
            self.form.paste(text);
            self.form.clear_errors();
        }
        Vec::new()
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        self.is_asked = false;
        let Err(error) = answer else {
            return Heard::Closes;
        };
        let row = if self.is_import { "key" } else { "name" };
        self.form.set_error(row, Some(error.clone().on("")));
        self.form.focus_on_error();
        Heard::Says(Vec::new())
    }

    fn hints(&self) -> Vec<Command> {
        self.form.hints()
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.form.popup(ui, frame, area, &self.title(), 11);
    }
}
