//! An object of a backup that lies as a file somewhere, decrypted with a key file: which, with what, where to, and then how far
//! it is. The catalogue need not know of it.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::going::Going;
use super::work::Decrypt;
use super::{Ask, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Heard, Layer};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::ui::Ui;
use crate::console::widget::form::dialog::Step;
use crate::console::widget::form::{self, Input, Row};
use crate::domain::{Error, Kind, Result};
use crate::ops::private_file::Existing;
use crate::ops::recovery;

/// The question which file, with which key. What was filled in comes back when it fails. Closing it stops nothing.
pub struct Wish {
    form: form::Form,
    /// What is on its way.
    going: Option<Going>,
}

impl Default for Wish {
    fn default() -> Self {
        let rows = vec![
            Row::new(
                "file",
                "File",
                Input::text(""),
                "An object of a backup as it is stored: app.dump.zst.enc.",
            ),
            Row::new(
                "key",
                "Key file",
                Input::text(""),
                "A file with the profile's key as 64 hex digits, as the recovery kit has it. Not needed where nothing is sealed.",
            ),
            Row::new(
                "out",
                "Write to",
                Input::text(""),
                "Open to you alone. Without a / in front it is below where the console was started.",
            ),
            Row::new(
                "packed",
                "Leave it packed",
                Input::Toggle(false),
                "Undoes the sealing only, and leaves it compressed.",
            ),
            Row::new(
                "force",
                "Replace the file",
                Input::Toggle(false),
                "A file of that name is replaced, once the new one is whole.",
            ),
        ];
        Self {
            form: form::Form::new(rows),
            going: None,
        }
    }
}

impl Wish {
    fn typed(&self, key: &str) -> Option<String> {
        Some(self.form.value(key).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What becomes of the file, by its name.
    fn layers(&self) -> Option<Result<recovery::Layers>> {
        let file = self.typed("file")?;
        let name = file.rsplit('/').next().unwrap_or_default();
        Some(recovery::layers(name, self.form.is_on("packed")))
    }

    /// Something else was filled in.
    fn changed(&mut self) {
        self.form.clear_errors();
        let layers = self.layers().and_then(Result::ok);
        if let Some(row) = self.form.row_mut("out") {
            row.usual = layers.as_ref().map(|layers| layers.name.clone()).unwrap_or_default();
        }
        if let Some(row) = self.form.row_mut("file") {
            row.note = layers.as_ref().map(undone).into_iter().collect();
        }
    }

    fn wrong(&mut self, key: &str, error: &Error) {
        let next = match error.next.as_str() {
            "" => String::new(),
            _ if error.kind == Kind::Refused => "choose another name, or switch 'Replace the file' on".to_owned(),
            next => next.to_owned(),
        };
        self.form
            .set_error(key, Some(Error::usage(error.message.clone()).next(next)));
        self.form.focus_on_error();
    }

    fn begin(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let (Some(file), Some(layers)) = (self.typed("file"), self.layers()) else {
            self.wrong("file", &Error::usage("name the file to decrypt"));
            return Vec::new();
        };
        let layers = match layers {
            Ok(layers) => layers,
            Err(error) => {
                self.wrong("file", &error);
                return Vec::new();
            }
        };
        let key_file = self.typed("key");
        if layers.sealed && key_file.is_none() {
            self.wrong("key", &Error::usage("it is sealed").next("name the file with its key"));
            return Vec::new();
        }
        let out = self.typed("out").unwrap_or(layers.name);
        let going = Going::new(format!("to {out}"));
        let decrypt = Decrypt {
            file,
            key_file,
            out,
            keep_compressed: self.form.is_on("packed"),
            existing: Existing::from_force(self.form.is_on("force")),
            transfer: going.transfer(),
        };
        let further = going.further();
        self.going = Some(going);
        vec![ask(Ask::Decrypt(decrypt)).told_to(cx.ticket), further]
    }

    /// The row that an error is about: that of the file it names, unless the key was another one.
    fn row_of(&self, error: &Error) -> &'static str {
        let is_named = |key: &str| {
            self.typed(key)
                .is_some_and(|typed| error.object.ends_with(typed.trim_start_matches(['~', '.'])))
        };
        // It names the file, and is about the key.
        if error.kind == Kind::WrongKey {
            "key"
        } else if is_named("file") {
            "file"
        } else if is_named("key") {
            "key"
        } else {
            "out"
        }
    }
}

/// What is undone, in words.
fn undone(layers: &recovery::Layers) -> String {
    let packed = (layers.compression != "none").then(|| format!("unpacked from {}", layers.compression));
    let parts: Vec<String> = [layers.sealed.then(|| "unsealed".to_owned()), packed]
        .into_iter()
        .flatten()
        .collect();
    format!("is {}", parts.join(" and "))
}

impl Layer for Wish {
    fn title(&self) -> String {
        "Decrypt a file".to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.going {
            None => form::Form::scopes(),
            // Stopped by the key that stops a run.
            Some(_) => vec![Scope::Runs],
        }
    }

    fn takes_text(&self) -> bool {
        self.going.is_none() && self.form.takes_text()
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        if let Some(going) = &mut self.going {
            return (command == Command::Cancel).then(|| vec![going.stop()]);
        }
        match self.form.heed(command) {
            Step::GoOn => return Some(self.begin(cx)),
            Step::Changed => self.changed(),
            Step::Taken => {}
            Step::Passed => return None,
        }
        Some(Vec::new())
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.going.is_none() && self.form.key(key) == form::Did::Changed {
            self.changed();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.going.is_none() {
            self.form.paste(text);
            self.changed();
        }
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        self.going.as_mut().map_or_else(Vec::new, |going| going.reply(reply))
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        self.going = None;
        match answer {
            Err(error) if error.kind != Kind::Interrupted => {
                self.wrong(self.row_of(error), error);
                Heard::Says(Vec::new())
            }
            _ => Heard::Closes,
        }
    }

    fn hints(&self) -> Vec<Command> {
        match self.going {
            None => self.form.hints(),
            Some(_) => vec![Command::Cancel, Command::Back],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if let Some(going) = &self.going {
            going.view(ui, frame, area, &self.title());
            return;
        }
        self.form.popup(ui, frame, area, &self.title(), 13);
    }
}
