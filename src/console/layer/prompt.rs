//! One line asked for.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Paragraph, Wrap};

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Effect, Reply};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};
use crate::console::widget::field::Field;
use crate::domain::period::Period;

/// What is done with the line: effects, or what is wrong with it.
pub type Then = Box<dyn Fn(&str, &Cx<'_>) -> Result<Vec<Effect>, String>>;

/// What the line is understood as while it is typed, or why it is not.
pub type Reading = Box<dyn Fn(&str, &Cx<'_>) -> Result<String, String>>;

/// One line asked for.
pub struct Prompt {
    title: String,
    help: String,
    field: Field,
    wrong: Option<String>,
    reading: Option<Reading>,
    understood: Option<Result<String, String>>,
    then: Then,
    /// It stays until what was asked for was done, so that what was typed is not lost with a failure.
    stays: bool,
    /// What was asked for is being done.
    is_waiting: bool,
}

impl Prompt {
    /// Asks `title`, with a line of help below the field.
    pub fn new(
        title: impl Into<String>,
        help: impl Into<String>,
        field: Field,
        then: impl Fn(&str, &Cx<'_>) -> Result<Vec<Effect>, String> + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            help: help.into(),
            field,
            wrong: None,
            reading: None,
            understood: None,
            then: Box::new(then),
            stays: false,
            is_waiting: false,
        }
    }

    /// Closes only when what was asked for was done; what went wrong is said where it was typed.
    #[must_use]
    pub fn staying(mut self) -> Self {
        self.stays = true;
        self
    }

    /// Says at each key what the line is understood as, above the help.
    #[must_use]
    pub fn reading(mut self, reading: impl Fn(&str, &Cx<'_>) -> Result<String, String> + 'static) -> Self {
        self.reading = Some(Box::new(reading));
        self
    }

    fn read(&mut self, cx: &Cx<'_>) {
        self.understood = self
            .reading
            .as_ref()
            .map(|reading| reading(self.field.text().trim(), cx));
    }
}

/// Asks for the name of a file to be written.
pub fn file(
    title: impl Into<String>,
    help: impl Into<String>,
    proposal: &str,
    then: impl Fn(String) -> Effect + 'static,
) -> Effect {
    let prompt = Prompt::new(title, help, Field::new(proposal), move |text, _| match text {
        "" => Err("a file needs a name".to_owned()),
        text => Ok(vec![then(text.to_owned())]),
    });
    Effect::Open(Box::new(prompt.staying()))
}

/// Asks for a stretch of time.
pub fn period(title: &str, then: impl Fn(Period) -> Effect + 'static) -> Effect {
    let help = "today, yesterday, 7d, 2026-03-09, 2026-03-01..2026-03-09; nothing is all of time";
    Effect::Open(Box::new(Prompt::new(
        title,
        help,
        Field::default(),
        move |text, cx| match Period::parse(text, cx.now, cx.zone) {
            Ok(period) => Ok(vec![then(period)]),
            Err(error) => Err(format!("{}; {}", error.message, error.next)),
        },
    )))
}

impl Layer for Prompt {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog]
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept if self.is_waiting => Some(Vec::new()),
            Command::Accept => Some(match (self.then)(self.field.text().trim(), cx) {
                Ok(effects) if self.stays => {
                    self.is_waiting = true;
                    effects
                }
                Ok(mut effects) => {
                    effects.insert(0, Effect::Close);
                    effects
                }
                Err(wrong) => {
                    self.wrong = Some(wrong);
                    Vec::new()
                }
            }),
            _ => None,
        }
    }

    fn key(&mut self, key: Key, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.is_waiting && self.field.key(key) {
            self.wrong = None;
            self.read(cx);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.field.paste(text) {
            self.wrong = Some("what was pasted is too long for one line".to_owned());
        }
        self.read(cx);
        Vec::new()
    }

    fn reply(&mut self, reply: &Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            Reply::Done(answer) if std::mem::take(&mut self.is_waiting) => match answer {
                Ok(_) => return vec![Effect::Close],
                Err(error) => self.wrong = Some(error.message.clone()),
            },
            _ => {}
        }
        Vec::new()
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.read(cx);
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Accept, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let mut lines = Vec::new();
        match (&self.wrong, &self.understood) {
            (Some(wrong), _) => lines.push(ui.line(Role::Bad, visible(wrong))),
            (None, Some(Err(not_yet))) => lines.push(ui.line(Role::Warn, visible(not_yet))),
            (None, Some(Ok(understood))) => lines.push(ui.line(Role::Text, visible(understood))),
            (None, None) => {}
        }
        if self.wrong.is_none() {
            lines.push(ui.line(Role::Muted, visible(&self.help)));
        }
        let height = if self.reading.is_some() { 6 } else { 5 };
        let inner = ui.popup(frame, centered(area, 64, height), &self.title);
        let inner = inner.inner(Margin::new(1, 0));
        let line = Rect { height: 1, ..inner };
        self.field.view(ui, frame, line.intersection(inner), true);
        let below = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        frame.render_widget(
            Paragraph::new(lines).wrap(Wrap { trim: true }),
            below.intersection(inner),
        );
    }
}
