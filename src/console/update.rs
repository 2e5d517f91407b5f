//! What a message does to the model: pure, with the time inside the model. What is left over for the runtime comes back.

use super::command::{Command, OVER_LAYERS, Scope};
use super::key::Key;
use super::layer::confirm::{Confirm, grace};
use super::layer::{Heard, Layer, help, messages, palette};
use super::message::{Done, Effect, Message, Place, Reply, Ticket, Toast, Weight};
use super::model::{Model, cx};
use super::pane::{PaneId, adapters, overview, system};
use super::widget::failure::addressed;
use crate::domain::{Error, Result};

/// A toast that tells of no failure goes after this.
const TOAST_SHOWN: std::time::Duration = std::time::Duration::from_secs(6);

impl Model {
    /// What is asked for when the console opens.
    pub fn begin(&mut self) -> Vec<Effect> {
        // The palette knows the adapters wherever one is.
        let mut effects = vec![overview::ask_status(), adapters::ask_list()];
        effects.extend(self.opened());
        self.settle(effects)
    }

    /// Takes a message in.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let effects = match message {
            Message::Key(key) => self.key(key),
            Message::Paste(text) => self.paste(&text),
            Message::Click { at, twice } => self.click(at, twice),
            Message::Scroll { at, rows } => self.scroll(at, rows),
            Message::Resize(columns, rows) => {
                self.start.size = (columns, rows);
                Vec::new()
            }
            Message::Changed | Message::EngineChanged => {
                let mut effects = vec![overview::ask_status()];
                effects.extend(self.refresh());
                effects
            }
            Message::TimePassed => {
                self.expire_toast();
                self.with_pane(self.pane, |pane, cx| pane.time_passed(cx))
            }
            Message::Reply(reply) => {
                let effects = self.reply(reply);
                self.name_things();
                effects
            }
            // One that cannot be read leaves the last good ones in force.
            Message::Themes(_, Some(error)) | Message::Keys(Err(error)) => vec![Effect::Toast(Toast::from(&error))],
            Message::Themes(themes, None) => {
                let name = self.theme().map(|theme| theme.name.clone());
                let place = themes.iter().position(|theme| Some(&theme.name) == name.as_ref());
                self.theme = place.unwrap_or(0);
                self.start.themes = themes;
                // In place of what was wrong with them, if anything was.
                vec![Effect::Toast(Toast::note("themes read again"))]
            }
            Message::Keys(Ok(keymap)) => {
                self.start.keymap = keymap;
                vec![Effect::Toast(Toast::note("keys read again"))]
            }
        };
        self.settle(effects)
    }

    /// Carries out what concerns the model itself; the rest is for the runtime.
    fn settle(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut left = Vec::new();
        let mut todo: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Open(layer) => {
                    self.layers.push(layer);
                    let effects = self.with_layer(|layer, cx| layer.refresh(cx));
                    todo.extend(effects.unwrap_or_default());
                }
                Effect::Close => left.extend(self.layers.pop().map(Effect::GiveUp)),
                Effect::Toast(toast) => self.tell(toast),
                Effect::TakeBack(toast) => self.toast = self.toast.take().filter(|told| told.toast != toast),
                Effect::Command(command) => todo.extend(self.command(command)),
                Effect::Go(place) => todo.extend(self.go(&place)),
                Effect::Elsewhere(pane, command) => todo.extend(self.elsewhere(pane, command)),
                Effect::Answer(reply) => todo.extend(self.reply(reply)),
                // No key leads here; should one, this is the wall behind the check of commands.
                Effect::Ask(ask) if self.start.read_only && ask.changes() => {
                    let refused = ask.refused(read_only("this"));
                    todo.extend(self.reply(refused));
                }
                effect => left.push(effect),
            }
        }
        left
    }

    fn go(&mut self, place: &Place) -> Vec<Effect> {
        let given_up = self.layers.clear();
        if self.pane != place.pane() {
            self.trail.push(self.pane);
        }
        self.pane = place.pane();
        let mut effects = self.with_pane(self.pane, |pane, cx| {
            let mut effects = pane.status_changed(cx);
            effects.extend(pane.go(place, cx));
            effects
        });
        effects.extend(given_up.into_iter().map(Effect::GiveUp));
        effects.extend(self.opened());
        effects
    }

    /// Shows the list of a pane and carries out one of its commands; where that is about a row, nobody has seen which: then it
    /// is said how to go on.
    fn elsewhere(&mut self, pane: PaneId, command: Command) -> Vec<Effect> {
        if self.pane != pane {
            self.trail.push(self.pane);
        }
        let mut effects = self.with_pane(pane, |pane, cx| pane.to_list(cx));
        effects.extend(self.enter(pane));
        effects.push(match pane.selects(command) {
            None => Effect::Command(command),
            Some(what) => {
                self.with_pane(pane, |pane, _| pane.to_select(command));
                let key = self.start.keymap.sign(&[pane.scope(), Scope::List], command);
                Effect::Toast(Toast::note(format!(
                    "select {what} and press {key} for '{}'",
                    command.name()
                )))
            }
        });
        effects
    }

    fn opened(&mut self) -> Vec<Effect> {
        self.with_pane(self.pane, |pane, cx| pane.opened(cx))
    }

    fn refresh(&mut self) -> Vec<Effect> {
        let mut effects = self.with_pane(self.pane, |pane, cx| pane.refresh(cx));
        effects.extend(self.with_layer(|layer, cx| layer.refresh(cx)).unwrap_or_default());
        if self.lists_names() && self.pane != PaneId::Runs {
            // Runs are listed as that pane has read them, which reads nothing while another one is shown.
            effects.extend(self.with_pane(PaneId::Runs, |pane, cx| pane.refresh(cx)));
        }
        effects
    }

    fn lists_names(&self) -> bool {
        self.layers.top().is_some_and(Layer::lists_names)
    }

    /// Gives what has a name to a layer that lists it.
    fn name_things(&mut self) {
        if self.lists_names() {
            let names = self.names();
            self.with_layer(|layer, _| layer.take_names(names));
        }
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        // A key answers a failure that is shown; what it does is done all the same.
        self.toast = None;
        let bound = self.bound(key);
        if let Some(second) = behind_escape(key).filter(|_| bound.is_none() && !self.takes_text()) {
            let first = self.key(Key::plain(crossterm::event::KeyCode::Esc));
            // What the first one does comes before the second: it may close what has the focus.
            let mut effects = self.settle(first);
            effects.extend(self.key(second));
            return effects;
        }
        // What a form has on such a key is about its field too.
        let of_form = bound.is_some_and(|command| command.entry().scopes.contains(&Scope::Form));
        let typed = self.takes_text() && (is_editing(key) || (is_line_editing(key) && !of_form));
        let command = if typed { None } else { bound };
        match command {
            Some(command) => self.command(command),
            None => match self.with_layer(|layer, cx| layer.key(key, cx)) {
                Some(effects) => effects,
                None => self.with_pane(self.pane, |pane, cx| pane.key(key, cx)),
            },
        }
    }

    /// The command of a key where the focus is. What makes no sense over a layer leaves its key to the layer.
    fn bound(&self, key: Key) -> Option<Command> {
        let Some(layer) = self.layers.top() else {
            return self.start.keymap.find(&self.scopes(), key);
        };
        self.start.keymap.find(&layer.scopes(), key).or_else(|| {
            let command = self.start.keymap.find(&[Scope::Everywhere], key)?;
            OVER_LAYERS.contains(&command).then_some(command)
        })
    }

    /// Carries out a command, by whatever way it came.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        if command.entry().changes && self.start.read_only {
            let refused = read_only(&format!("'{}'", command.name()));
            return vec![Effect::Toast(Toast::from(&refused))];
        }
        let answer = match self.with_layer(|layer, cx| layer.command(command, cx)) {
            Some(answer) => answer,
            None => self.with_pane(self.pane, |pane, cx| pane.command(command, cx)),
        };
        answer.unwrap_or_else(|| self.own(command))
    }

    /// What a command means when neither layer nor pane has a meaning for it.
    fn own(&mut self, command: Command) -> Vec<Effect> {
        if !self.layers.is_empty() && !OVER_LAYERS.contains(&command) {
            return Vec::new();
        }
        match command {
            Command::ShowOverview => self.show(PaneId::Overview),
            Command::ShowJobs => self.show(PaneId::Jobs),
            Command::ShowRuns => self.show(PaneId::Runs),
            Command::ShowBackups => self.show(PaneId::Backups),
            Command::ShowAdapters => self.show(PaneId::Adapters),
            Command::ShowAudit => self.show(PaneId::Audit),
            Command::ShowSystem => self.show(PaneId::System),
            Command::Back | Command::Quit if !self.layers.is_empty() => vec![Effect::Close],
            Command::Back => self.retrace().unwrap_or_default(),
            Command::Quit => match self.with_pane(self.pane, |pane, cx| pane.command(Command::Back, cx)) {
                Some(effects) => effects,
                None => self.retrace().unwrap_or_else(|| vec![self.leave()]),
            },
            Command::Palette => vec![
                Effect::Open(Box::new(palette::Palette::new(self))),
                // Somebody else may have added one; the next palette knows it.
                adapters::ask_list(),
                system::ask_profiles(),
            ],
            Command::Help => {
                let lacks = |command: Command| {
                    if self.layers.is_empty() {
                        self.shown().lacks(command)
                    } else {
                        command.entry().scopes == [Scope::Everywhere] && !OVER_LAYERS.contains(&command)
                    }
                };
                let (keymap, read_only) = (&self.start.keymap, self.start.read_only);
                let help = help::Help::new(keymap, &self.scopes(), read_only, self.takes_text(), lacks);
                vec![Effect::Open(Box::new(help))]
            }
            Command::Messages => vec![Effect::Open(Box::new(messages::Messages::new(&self.messages)))],
            Command::Copy => self.copy(),
            Command::History => match self.shown().thing() {
                Some(thing) => vec![Effect::Go(Place::History(thing))],
                None => vec![Effect::Toast(Toast::note("nothing is selected"))],
            },
            Command::NextTheme => {
                self.theme = (self.theme + 1) % self.start.themes.len().max(1);
                let name = self.theme().map(|theme| theme.name.clone()).unwrap_or_default();
                let mut effects = vec![Effect::Toast(Toast::note(format!("theme {name}")))];
                // One that may change nothing leaves no trace, and where there is but one nothing was chosen.
                if !self.start.read_only && self.start.themes.len() > 1 {
                    effects.push(Effect::Remember(name));
                }
                effects
            }
            Command::ToggleMouse => {
                self.mouse = !self.mouse;
                let text = if self.mouse {
                    "the mouse selects and scrolls"
                } else {
                    "the mouse is the terminal's again"
                };
                vec![Effect::Mouse(self.mouse), Effect::Toast(Toast::note(text))]
            }
            Command::Redraw => vec![Effect::Redraw],
            Command::Suspend => vec![Effect::Suspend],
            _ => Vec::new(),
        }
    }

    /// Leaves the console, after a question where that ends what runs.
    fn leave(&self) -> Effect {
        let engine = self.status.as_ref().map(|status| &status.engine);
        match engine.filter(|engine| engine.is_inside() && engine.runs_running > 0) {
            None => Effect::Quit,
            Some(engine) => {
                let question = Confirm::new("Leave, and stop the engine?", "Leave", vec![Effect::Quit])
                    .line("The engine runs inside this console and stops with it: no schedule is followed until another one is started.")
                    .warn(grace(engine.runs_running));
                Effect::Open(Box::new(question))
            }
        }
    }

    /// Shows a pane that was chosen, not come to: there is nothing to go back to.
    fn show(&mut self, pane: PaneId) -> Vec<Effect> {
        self.trail.clear();
        let mut effects = Vec::new();
        if self.pane == pane {
            effects = self.with_pane(pane, |pane, cx| pane.to_list(cx));
        }
        effects.extend(self.enter(pane));
        effects
    }

    /// Shows the pane that this one was come to from; `None` at the root.
    fn retrace(&mut self) -> Option<Vec<Effect>> {
        let pane = self.trail.pop()?;
        Some(self.enter(pane))
    }

    fn enter(&mut self, pane: PaneId) -> Vec<Effect> {
        self.pane = pane;
        let effects = self.opened();
        self.status_changed(effects)
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(mut thing) = self.shown().thing() else {
            return vec![Effect::Toast(Toast::note("nothing is selected"))];
        };
        for (_, text) in &mut thing.copies {
            *text = addressed(&self.start.program, text);
        }
        vec![Effect::Open(Box::new(super::layer::choose::copies(&thing)))]
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if !self.takes_text() {
            return vec![Effect::Toast(Toast::note("nothing here takes text"))];
        }
        match self.with_layer(|layer, cx| layer.paste(text, cx)) {
            Some(effects) => effects,
            None => self.with_pane(self.pane, |pane, cx| pane.paste(text, cx)),
        }
    }

    fn click(&mut self, at: ratatui::layout::Position, twice: bool) -> Vec<Effect> {
        if let Some(effects) = self.with_layer(|layer, cx| layer.click(at, twice, cx)) {
            return effects;
        }
        match super::view::tab_at(self.start.size, at) {
            Some(pane) => self.show(pane),
            None => self.with_pane(self.pane, |pane, cx| pane.click(at, twice, cx)),
        }
    }

    fn scroll(&mut self, at: ratatui::layout::Position, rows: i32) -> Vec<Effect> {
        let command = if rows > 0 { Command::Down } else { Command::Up };
        if self.layers.is_empty() {
            return self.with_pane(self.pane, |pane, cx| pane.scroll(at, rows, cx));
        }
        (0..rows.unsigned_abs())
            .filter_map(|_| self.with_layer(|layer, cx| layer.command(command, cx)).flatten())
            .flatten()
            .collect()
    }

    /// Tells the layer that asked for it what was done, whatever lies above it by now. `true` when it says itself what went wrong.
    fn hear(&mut self, ticket: Ticket, done: &Result<Done>, effects: &mut Vec<Effect>) -> bool {
        match self.layers.hear(ticket, done) {
            Some(Heard::Says(then)) => {
                effects.extend(then);
                true
            }
            Some(Heard::Stays(then)) => {
                effects.extend(then);
                false
            }
            Some(Heard::Closes) | None => false,
        }
    }

    fn reply(&mut self, reply: Reply) -> Vec<Effect> {
        let mut effects = Vec::new();
        // Layers are told whether they asked or not; a form below a question still waits for its answer.
        for (ticket, layer) in self.layers.iter_mut() {
            effects.extend(layer.reply(&reply, &cx!(self, ticket)));
        }
        let cx = cx!(self);
        match reply {
            Reply::DoneFor(ticket, done) => {
                let is_said = self.hear(ticket, &done, &mut effects);
                effects.extend(self.acted(&done));
                effects.extend(if is_said { Vec::new() } else { told(done) });
            }
            Reply::Done(done) => {
                effects.extend(self.acted(&done));
                effects.extend(told(done));
            }
            Reply::Overview(overview::Reply::Status(status)) => match status {
                Ok(status) => {
                    self.status = Some(status);
                    self.overview.status_failed(None);
                    return self.status_changed(effects);
                }
                Err(error) => {
                    effects.push(Effect::Toast(Toast::from(&error)));
                    self.overview.status_failed(Some(error));
                }
            },
            Reply::Overview(reply) => effects.extend(self.overview.reply(reply, &cx)),
            Reply::Jobs(reply) => effects.extend(self.jobs.reply(reply, &cx)),
            Reply::Runs(reply) => effects.extend(self.runs.reply(reply, &cx)),
            Reply::Backups(reply) => effects.extend(self.backups.reply(reply, &cx)),
            Reply::Adapters(reply) => effects.extend(self.adapters.reply(reply, &cx)),
            Reply::Audit(reply) => effects.extend(self.audit.reply(reply, &cx)),
            Reply::System(reply) => effects.extend(self.system.reply(reply, &cx)),
        }
        effects
    }

    /// What was found before an act may be mended by it.
    fn acted(&mut self, done: &Result<Done>) -> Vec<Effect> {
        if done.is_ok() && self.pane == PaneId::System {
            self.system.examine_again()
        } else {
            Vec::new()
        }
    }

    /// The shown pane may draw on what is known of everything.
    fn status_changed(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        effects.extend(self.with_pane(self.pane, |pane, cx| pane.status_changed(cx)));
        effects
    }

    /// When the toast goes by itself; a failure stays until a key is pressed.
    pub fn toast_ends(&self) -> Option<crate::domain::time::Timestamp> {
        self.toast
            .as_ref()
            .filter(|told| told.toast.weight != Weight::Bad)
            .map(|told| told.at.plus(TOAST_SHOWN))
    }

    fn expire_toast(&mut self) {
        if self.toast_ends().is_some_and(|end| end <= self.now) {
            self.toast = None;
        }
    }
}

/// The key that came right behind Esc: over a slow line both arrive at once, which looks the same as the key with alt held.
fn behind_escape(key: Key) -> Option<Key> {
    use crossterm::event::KeyModifiers;
    key.modifiers.contains(KeyModifiers::ALT).then(|| Key {
        modifiers: key.modifiers.difference(KeyModifiers::ALT),
        ..key
    })
}

/// Whether a key edits text where text is taken: letters, and the keys that move in and change a line.
fn is_editing(key: Key) -> bool {
    use crossterm::event::KeyCode;
    key.text().is_some()
        || matches!(
            key.code,
            KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
        )
}

/// Whether a key edits a line as in a shell: where text is taken, it is not for moving in the list below.
fn is_line_editing(key: Key) -> bool {
    ['u', 'w', 'a', 'e', 'k']
        .into_iter()
        .any(|letter| key == Key::ctrl(letter))
}

/// What follows from what was done, or why it was not.
fn told(done: Result<Done>) -> Vec<Effect> {
    match done {
        Ok(done) => {
            let go = done.go.map(Effect::Go);
            go.into_iter().chain([Effect::Toast(Toast::good(done.say))]).collect()
        }
        Err(error) => vec![Effect::Toast(Toast::from(&error))],
    }
}

/// Why `what` is not done.
fn read_only(what: &str) -> Error {
    Error::refused(format!("{what} changes something, and this console is read-only"))
        .next("start it without --read-only")
}
