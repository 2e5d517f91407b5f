//! A question before something that cannot be taken back: it says exactly what happens to what, its answer is No until it is
//! changed, and where data would go, the name of the thing has to be typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Layer, centered};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::field::Field;
use crate::domain::units;

/// Cells of a question at most.
const WIDEST: u16 = 72;

/// What becomes of so many runs when their engine is stopped.
pub fn grace(runs: usize) -> String {
    format!("{runs} running now: each gets the grace period, then it is cancelled and recorded so.")
}

/// What has to be typed before something is done to all of these: the name of the only one, or how many they are.
pub fn to_type(names: &[&str], what: &str) -> Option<String> {
    match names {
        [] => None,
        [one] => Some((*one).to_owned()),
        several => Some(units::count(several.len(), what)),
    }
}

/// A question.
pub struct Confirm {
    title: String,
    lines: Vec<(Role, String)>,
    /// The word of the answer that does it: `Delete`, `Replace`.
    yes_word: &'static str,
    yes: Vec<Effect>,
    is_yes: bool,
    typed: Option<(String, Field)>,
    /// Something else was typed, and Enter pressed.
    mistyped: bool,
}

impl Confirm {
    /// Asks `title`; the answer `yes_word` has `yes` done.
    pub fn new(title: impl Into<String>, yes_word: &'static str, yes: Vec<Effect>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
            yes_word,
            yes,
            is_yes: false,
            typed: None,
            mistyped: false,
        }
    }

    /// One more line of what will happen.
    #[must_use]
    pub fn line(mut self, text: impl Into<String>) -> Self {
        self.lines.push((Role::Text, text.into()));
        self
    }

    /// One more line of what will be lost.
    #[must_use]
    pub fn warn(mut self, text: impl Into<String>) -> Self {
        self.lines.push((Role::Warn, text.into()));
        self
    }

    /// Only who types this name can say yes.
    #[must_use]
    pub fn typed(mut self, name: impl Into<String>) -> Self {
        self.typed = Some((name.into(), Field::default()));
        self
    }

    fn is_typed(&self) -> bool {
        self.typed.as_ref().is_none_or(|(name, field)| field.text() == name)
    }

    fn answer(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::Close];
        let yes = self.is_yes || self.typed.is_some();
        if yes && self.is_typed() {
            effects.append(&mut self.yes);
        } else if self.typed.as_ref().is_some_and(|(_, field)| !field.text().is_empty()) {
            self.mistyped = true;
            return vec![Effect::Bell];
        }
        effects
    }
}

impl Layer for Confirm {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog]
    }

    fn takes_text(&self) -> bool {
        self.typed.is_some()
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept => Some(self.answer()),
            Command::NextButton | Command::PreviousButton => {
                self.is_yes = !self.is_yes;
                Some(Vec::new())
            }
            Command::Yes => {
                self.is_yes = true;
                Some(self.answer())
            }
            Command::No => Some(vec![Effect::Close]),
            _ => None,
        }
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Some((_, field)) = &mut self.typed {
            field.key(key);
            self.mistyped = false;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        // Whoever copied the name has read it.
        let taken = match &mut self.typed {
            Some((_, field)) => field.paste(text.trim()),
            None => false,
        };
        self.mistyped = false;
        if taken { Vec::new() } else { vec![Effect::Bell] }
    }

    fn hints(&self) -> Vec<Command> {
        if self.typed.is_some() {
            vec![Command::Accept, Command::Back]
        } else {
            vec![Command::Accept, Command::NextButton, Command::Back]
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inside = usize::from(centered(area, WIDEST, 0).width.saturating_sub(4));
        // What is to be typed can be read whole, also where the line to type in has no room for it.
        let cut = self.typed.as_ref().filter(|(name, _)| name.width() > inside / 2);
        let name = cut.map(|(name, _)| (Role::Accent, name.clone()));
        let lines: Vec<Line<'_>> = self
            .lines
            .iter()
            .chain(&name)
            .flat_map(|(role, text)| wrapped(text, inside).into_iter().map(|line| ui.line(*role, line)))
            .collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(5);
        let popup = ui.popup(frame, centered(area, WIDEST, height), &self.title);
        let popup = popup.inner(ratatui::layout::Margin::new(1, 0));
        let text_height = popup.height.saturating_sub(3);
        let text_height = text_height.min(u16::try_from(lines.len()).unwrap_or(text_height));
        frame.render_widget(
            Paragraph::new(lines),
            Rect {
                height: text_height,
                ..popup
            },
        );
        let y = popup.y + text_height;
        if let Some((name, field)) = &self.typed {
            let label = format!("Type {} to confirm: ", ui.fit(name, usize::from(popup.width / 2)));
            let used = u16::try_from(label.width()).unwrap_or(0).min(popup.width);
            frame.render_widget(
                ui.line(Role::Muted, label),
                Rect {
                    y: y + 1,
                    height: 1,
                    ..popup
                }
                .intersection(popup),
            );
            let rest = Rect {
                x: popup.x + used,
                y: y + 1,
                width: popup.width - used,
                height: 1,
            };
            field.view(ui, frame, rest.intersection(popup), true);
            if self.mistyped {
                let wrong = ui.fit(&format!("That is not {name}."), usize::from(popup.width));
                let below = Rect {
                    y: y + 2,
                    height: 1,
                    ..popup
                };
                frame.render_widget(ui.line(Role::Bad, wrong), below.intersection(popup));
            }
        } else {
            let button = |word: &str, chosen: bool| -> Span<'static> {
                if chosen {
                    ui.span(Role::Selected, format!("[ {word} ]"))
                } else {
                    ui.span(Role::Muted, format!("  {word}  "))
                }
            };
            let line = Line::from(vec![
                button("No", !self.is_yes),
                Span::raw("   "),
                button(self.yes_word, self.is_yes),
            ]);
            let at = Rect {
                y: y + 1,
                height: 1,
                ..popup
            }
            .intersection(popup);
            frame.render_widget(line, at);
            ui.set_cursor(ratatui::layout::Position::new(at.x, at.y));
        }
    }
}
