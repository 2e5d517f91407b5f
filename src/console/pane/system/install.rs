//! The engine as a systemd service: for whom, the unit as it would be written, and then what is left to do. It is written only
//! after it was shown.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::{Ask, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::confirm::Confirm;
use crate::console::layer::{Heard, Layer, centered};
use crate::console::message::{self, Done, Effect, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom, wrapped};
use crate::console::widget::failure;
use crate::console::widget::scroll::Scroll;
use crate::domain::{Error, Kind, Result};
use crate::ops::engine_process::service::{self, Installed};

/// Widest it is drawn.
const WIDEST: u16 = 90;

/// Asks whose service it is to be.
pub fn choose() -> Vec<Effect> {
    let choice = |label: &str, about: &str, scope| {
        let then = vec![Effect::Open(Box::new(Install::new(scope)))];
        Choice::new(label, about, then)
    };
    let choices = vec![
        choice(
            "your own",
            "runs as you, without rights you do not have",
            service::Scope::User,
        ),
        choice(
            "the machine's",
            "starts with the machine; only root can write it",
            service::Scope::System,
        ),
    ];
    vec![Effect::Open(Box::new(Choose::new(
        "Whose service is the engine to be?",
        choices,
    )))]
}

/// How far it is.
enum Step {
    /// The unit is being made.
    Planning,
    /// It is shown.
    Planned(Box<Installed>),
    /// It is being written, and systemd told.
    Writing(Box<Installed>),
    /// It is there.
    Written(Box<Installed>),
}

/// The unit before and after it is written.
pub struct Install {
    scope: service::Scope,
    step: Step,
    wrong: Option<Error>,
    scroll: Scroll,
}

impl Install {
    fn new(scope: service::Scope) -> Self {
        Self {
            scope,
            step: Step::Planning,
            wrong: None,
            scroll: Scroll::default(),
        }
    }

    fn write(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let is_foreign = self.is_foreign();
        match std::mem::replace(&mut self.step, Step::Planning) {
            Step::Planned(planned) if is_foreign => {
                let path = planned.path.display().to_string();
                self.step = Step::Planned(planned);
                let question = Confirm::new(
                    "Replace the unit?",
                    "Replace",
                    vec![ask(Ask::InstallUnit(self.scope, true)).told_to(cx.ticket)],
                );
                let question = question
                    .line(path)
                    .warn("What it runs is no longer started by systemd.");
                vec![Effect::Open(Box::new(question))]
            }
            Step::Planned(planned) => {
                self.wrong = None;
                self.step = Step::Writing(planned);
                vec![ask(Ask::InstallUnit(self.scope, false)).told_to(cx.ticket)]
            }
            Step::Written(_) => vec![Effect::Close],
            step => {
                self.step = step;
                Vec::new()
            }
        }
    }

    /// Whether there is a unit of that name that runs something else.
    fn is_foreign(&self) -> bool {
        let is_refused = self.wrong.as_ref().is_some_and(|wrong| wrong.kind == Kind::Refused);
        is_refused && matches!(self.step, Step::Planned(_))
    }

    fn lines(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let text = |role, text: &str| -> Vec<Line<'static>> {
            wrapped(text, width)
                .into_iter()
                .map(|line| ui.line(role, line))
                .collect()
        };
        match &self.step {
            Step::Planning if self.wrong.is_some() => Vec::new(),
            Step::Planning => vec![ui.line(Role::Muted, ui.reading())],
            Step::Planned(planned) | Step::Writing(planned) => {
                let unit = planned.unit.lines().flat_map(|line| text(Role::Text, line));
                text(Role::Title, &planned.path.display().to_string())
                    .into_iter()
                    .chain([Line::default()])
                    .chain(unit)
                    .collect()
            }
            Step::Written(installed) => {
                let head = format!("Wrote {}.", installed.path.display());
                let mut lines = text(Role::Text, &head);
                lines.push(Line::default());
                lines.extend(text(Role::Text, "What is left to do, in a shell:"));
                for step in &installed.next {
                    lines.extend(text(Role::Accent, &format!("  {step}")));
                }
                lines
            }
        }
    }

    fn foot(&self, ui: &Ui<'_>) -> String {
        let key = |command| ui.key(&self.scopes(), command);
        let (on, back) = (key(Command::GoOn), key(Command::Back));
        match &self.step {
            Step::Planning if self.wrong.is_some() => format!("{back} closes this."),
            Step::Planning => String::new(),
            Step::Planned(_) if self.is_foreign() => format!("{on} replaces it, {back} leaves it."),
            Step::Planned(_) => format!("{on} writes it and tells systemd, {back} writes nothing."),
            Step::Writing(_) => format!("writing it and telling systemd{}", ui.glyphs.ellipsis),
            Step::Written(_) => format!("{} copies these commands, {on} closes this.", key(Command::Copy)),
        }
    }
}

impl Layer for Install {
    fn title(&self) -> String {
        match self.scope {
            service::Scope::User => "The engine as your service",
            service::Scope::System => "The engine as the machine's service",
        }
        .to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        // Everywhere for the key that copies.
        vec![Scope::Steps, Scope::List, Scope::Everywhere]
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match (command, &self.step) {
            (Command::GoOn, _) => Some(self.write(cx)),
            (Command::Copy, Step::Written(installed)) => Some(vec![
                Effect::Copy(installed.next.join("\n")),
                Effect::Toast(Toast::note("commands copied")),
            ]),
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            message::Reply::System(Reply::Planned(scope, planned)) if *scope == self.scope => match planned {
                Ok(planned) if matches!(self.step, Step::Planning) => self.step = Step::Planned(planned.clone()),
                Ok(_) => {}
                Err(error) => self.wrong = Some(error.clone()),
            },
            message::Reply::System(Reply::Installed(installed)) if installed.scope == self.scope => {
                self.wrong = None;
                self.scroll.to_top();
                self.step = Step::Written(installed.clone());
            }
            _ => {}
        }
        Vec::new()
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        let Err(error) = answer else {
            return Heard::Stays(Vec::new());
        };
        // One that was to be replaced is asked about in a question of its own.
        let is_ours = self.is_foreign() || matches!(self.step, Step::Writing(_));
        match std::mem::replace(&mut self.step, Step::Planning) {
            Step::Writing(planned) | Step::Planned(planned) if is_ours => {
                self.step = Step::Planned(planned);
                self.wrong = Some(error.clone());
                Heard::Says(Vec::new())
            }
            step => {
                self.step = step;
                Heard::Stays(Vec::new())
            }
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        match self.step {
            Step::Planning => vec![ask(Ask::PlanUnit(self.scope))],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Command> {
        match self.step {
            Step::Written(_) => vec![Command::Copy, Command::Back],
            Step::Planning => vec![Command::Back],
            _ => vec![Command::GoOn, Command::Back],
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(centered(area, WIDEST, 0).width.saturating_sub(4));
        let lines = self.lines(ui, width);
        let wrong = self.wrong.as_ref().map_or_else(Vec::new, |wrong| {
            // What the command line's flags do is done by keys here, and said below.
            let wrong = if self.is_foreign() {
                wrong.clone().next("")
            } else {
                wrong.clone()
            };
            failure::lines(ui, &wrong, width)
        });
        let below = u16::try_from(wrong.len()).unwrap_or(u16::MAX);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(below + 4);
        let inner = ui.popup(frame, centered(area, WIDEST, height), &self.title());
        let mut text = inner.inner(Margin::new(1, 0));
        let answer = take_bottom(&mut text, 1);
        let place = take_bottom(&mut text, below);
        frame.render_widget(Paragraph::new(wrong), place);
        take_bottom(&mut text, 1);
        self.scroll.view(ui, frame, text, lines);
        frame.render_widget(ui.line(Role::Muted, ui.fit(&self.foot(ui), width)), answer);
        ui.set_cursor(Position::new(answer.x, answer.y));
    }
}
