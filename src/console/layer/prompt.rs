//! One line asked for.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::{Heard, Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Done, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::failure;
use crate::console::widget::field::Field;
use crate::domain::period::Period;
use crate::domain::{Error, Result};

/// What is done with the line: effects, or what is wrong with it.
pub type Then = Box<dyn Fn(&str, &Cx<'_>) -> Result<Vec<Effect>>>;

/// What the line is understood as while it is typed, or why it is not.
pub type Reading = Box<dyn Fn(&str, &Cx<'_>) -> Result<String>>;

/// Said of a line that has a proposal in it.
const REPLACED: &str = "Typing replaces it, arrows keep it, Ctrl-u empties it.";

/// One line asked for.
pub struct Prompt {
    title: String,
    help: String,
    field: Field,
    /// It began with a proposal.
    proposes: bool,
    wrong: Option<Error>,
    reading: Option<Reading>,
    understood: Option<Result<String>>,
    then: Then,
    waits: Waits,
}

/// When the prompt goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// As soon as the line makes sense.
    Never,
    /// Once what was asked for has been done: what was typed stays until then.
    ForTheAnswer,
    /// The same, and it has been asked for.
    Now,
}

impl Prompt {
    /// Asks `title`, with a line of help below the field. A proposal can be taken as it is; what is typed replaces it.
    pub fn new(
        title: impl Into<String>,
        help: impl Into<String>,
        proposal: &str,
        then: impl Fn(&str, &Cx<'_>) -> Result<Vec<Effect>> + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            help: help.into(),
            field: Field::proposal(proposal),
            proposes: !proposal.is_empty(),
            wrong: None,
            reading: None,
            understood: None,
            then: Box::new(then),
            waits: Waits::Never,
        }
    }

    /// Stays until what was asked for has been done, and says here why it was not: nothing has to be typed twice. For a line that
    /// becomes one act, which is answered as done or not.
    #[must_use]
    pub fn until_done(mut self) -> Self {
        self.waits = Waits::ForTheAnswer;
        self
    }

    /// Says at each key what the line is understood as, above the help.
    #[must_use]
    pub fn reading(mut self, reading: impl Fn(&str, &Cx<'_>) -> Result<String> + 'static) -> Self {
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
    let prompt = Prompt::new(title, help, proposal, move |text, _| match text {
        "" => Err(Error::usage("a file needs a name")),
        text => Ok(vec![then(text.to_owned())]),
    });
    Effect::Open(Box::new(prompt.until_done()))
}

/// Asks for a stretch of time.
pub fn period(title: &str, then: impl Fn(Period) -> Effect + 'static) -> Effect {
    let help = "today, yesterday, 7d, 2026-03-09, 2026-03-01..2026-03-09; nothing is all of time";
    Effect::Open(Box::new(Prompt::new(
        title,
        help,
        "",
        move |text, cx| match Period::parse(text, cx.now, cx.zone) {
            Ok(period) => Ok(vec![then(period)]),
            // What can be written is said below it already.
            Err(error) => Err(error.next("")),
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

    fn word(&self, command: Command) -> Option<&'static str> {
        (command == Command::Accept).then_some("ok")
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            // It was asked for already.
            Command::Accept if self.waits == Waits::Now => Some(Vec::new()),
            Command::Accept => Some(match (self.then)(self.field.text().trim(), cx) {
                Ok(effects) if self.waits == Waits::ForTheAnswer => {
                    self.waits = Waits::Now;
                    effects.into_iter().map(|effect| effect.told_to(cx.ticket)).collect()
                }
                Ok(mut effects) => {
                    effects.insert(0, Effect::Close);
                    effects
                }
                Err(wrong) => {
                    self.wrong = Some(wrong.on(""));
                    Vec::new()
                }
            }),
            _ => None,
        }
    }

    fn key(&mut self, key: Key, cx: &Cx<'_>) -> Vec<Effect> {
        if self.waits != Waits::Now && self.field.key(key) {
            self.wrong = None;
            self.read(cx);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, cx: &Cx<'_>) -> Vec<Effect> {
        if !self.field.paste(text) {
            self.wrong = Some(Error::usage("what was pasted is too long for one line"));
        }
        self.read(cx);
        Vec::new()
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        self.waits = Waits::ForTheAnswer;
        match answer {
            Ok(_) => Heard::Closes,
            Err(error) => {
                // What it happened to was typed, and is seen.
                self.wrong = Some(error.clone().on(""));
                Heard::Says(Vec::new())
            }
        }
    }

    fn refresh(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        self.read(cx);
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        match self.waits {
            Waits::Now => vec![Command::Back],
            Waits::Never | Waits::ForTheAnswer => vec![Command::Accept, Command::Back],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let place = centered(area, 64, 3);
        let width = usize::from(place.width.saturating_sub(4));
        let lines_of = |role: Role, text: &str| -> Vec<Line<'static>> {
            wrapped(text, width)
                .into_iter()
                .map(|line| ui.line(role, line))
                .collect()
        };
        let mut lines = match (&self.wrong, &self.understood) {
            (Some(wrong), _) => failure::lines(ui, wrong, width),
            (None, Some(Err(not_yet))) => lines_of(Role::Warn, &not_yet.message),
            (None, Some(Ok(understood))) => lines_of(Role::Text, understood),
            (None, None) => Vec::new(),
        };
        // What is allowed is needed most when something was not.
        lines.extend(lines_of(Role::Muted, &failure::in_the_console(ui, &self.help)));
        if self.proposes {
            lines.extend(lines_of(Role::Muted, REPLACED));
        }
        // One line more or less of what is said does not move the field.
        let least = if self.reading.is_some() { 6 } else { 5 };
        let height = u16::try_from(lines.len())
            .unwrap_or(u16::MAX)
            .saturating_add(3)
            .max(least);
        let inner = ui.popup(frame, centered(area, 64, height), &self.title);
        let inner = inner.inner(Margin::new(1, 0));
        let line = Rect { height: 1, ..inner };
        self.field.view(ui, frame, line.intersection(inner), true);
        let below = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        frame.render_widget(Paragraph::new(lines), below.intersection(inner));
    }
}
