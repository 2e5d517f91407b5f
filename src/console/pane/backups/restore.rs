//! The way from a backup to a restore, step by step: which databases, into which source, under which names, and then the plan,
//! which says what would happen before anything does. Every step leads back to the one before.

mod databases;
mod names;
mod plan;
mod target;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use self::databases::Databases;
use self::names::Names;
use self::plan::Planned;
use self::target::Target;
use super::acts::named;
use super::work::{FreeNames, Look};
use super::{Reply, look};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Heard, Layer, centered};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::domain::adapter::Adapter;
use crate::domain::backup::Backup;
use crate::domain::{Error, Result};
use crate::ops::restore::Wish;

/// Where one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Databases,
    Target,
    Names,
    Plan,
}

const STEPS: [(Step, &str); 4] = [
    (Step::Databases, "databases"),
    (Step::Target, "into"),
    (Step::Names, "names"),
    (Step::Plan, "plan"),
];

/// An answer that is waited for, or came.
enum Asked<T> {
    /// Nothing was asked.
    Not,
    /// It did not come yet.
    Waiting,
    /// It came.
    Came(Result<T>),
}

impl<T> Asked<T> {
    fn came(&self) -> Option<&T> {
        match self {
            Self::Came(Ok(what)) => Some(what),
            _ => None,
        }
    }

    const fn is_failed(&self) -> bool {
        matches!(self, Self::Came(Err(_)))
    }

    /// What can be done where this is shown: `all` of it once it came, trying again when it could not be had, else nothing.
    const fn hints(&self, all: &'static [Command]) -> &'static [Command] {
        match self {
            Self::Came(Ok(_)) => all,
            Self::Came(Err(_)) => &[Command::GoOn],
            Self::Not | Self::Waiting => &[],
        }
    }

    fn came_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Came(Ok(what)) => Some(what),
            _ => None,
        }
    }
}

/// The way.
pub struct Restore {
    backup: Backup,
    step: Step,
    databases: Asked<Databases>,
    target: Target,
    names: Asked<Names>,
    /// What the names are for.
    names_for: Option<FreeNames>,
    plan: Asked<Planned>,
    /// What the plan is of.
    plan_of: Option<Wish>,
    /// The restore was asked for, and its run is about to be shown.
    is_starting: bool,
}

impl Restore {
    /// From this backup into one of these sources.
    pub fn new<'a>(backup: &Backup, sources: impl Iterator<Item = &'a Adapter>) -> Self {
        let fitting = sources.filter(|source| source.driver == backup.driver).cloned();
        Self {
            step: Step::Databases,
            databases: Asked::Not,
            target: Target::new(fitting.collect(), &backup.driver),
            names: Asked::Not,
            names_for: None,
            plan: Asked::Not,
            plan_of: None,
            is_starting: false,
            backup: backup.clone(),
        }
    }

    fn go_on(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        match self.step {
            Step::Databases => match &self.databases {
                Asked::Came(Ok(databases)) if databases.taken().is_empty() => vec![Effect::Bell],
                Asked::Came(Ok(_)) => {
                    self.step = Step::Target;
                    Vec::new()
                }
                Asked::Came(Err(_)) => self.ask_inside(),
                _ => Vec::new(),
            },
            Step::Target => self.show_names(cx),
            Step::Names => match &self.names {
                Asked::Came(Ok(_)) => self.show_plan(),
                Asked::Came(Err(_)) => {
                    self.names_for = None;
                    self.show_names(cx)
                }
                _ => Vec::new(),
            },
            Step::Plan => self.start(cx),
        }
    }

    fn ask_inside(&mut self) -> Vec<Effect> {
        self.databases = Asked::Waiting;
        vec![look(Look::Contents(self.backup.id))]
    }

    /// Asks for names that are free, unless those that were asked for are for the same.
    fn show_names(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        let (Some(target), Some(databases)) = (self.target.chosen(), self.databases.came()) else {
            return vec![Effect::Bell];
        };
        let local = self.backup.taken_at.utc().with_timezone(&cx.zone);
        let wanted = FreeNames {
            to: target.name.clone(),
            databases: databases.taken(),
            suffix: local.format("_%Y_%m_%d").to_string(),
        };
        self.step = Step::Names;
        if self.names_for.as_ref() == Some(&wanted) {
            return Vec::new();
        }
        self.names_for = Some(wanted.clone());
        self.names = Asked::Waiting;
        vec![look(Look::FreeNames(wanted))]
    }

    fn show_plan(&mut self) -> Vec<Effect> {
        let (Some(target), Some(databases)) = (self.target.chosen(), self.databases.came()) else {
            return vec![Effect::Bell];
        };
        let (to, globals) = (target.name.clone(), databases.globals());
        let Some(filled_in) = self.names.came_mut().and_then(Names::filled_in) else {
            return vec![Effect::Bell];
        };
        let wish = Wish {
            backup: self.backup.id.to_string(),
            to,
            from: filled_in.from,
            databases: filled_in.databases,
            globals,
            options: filled_in.options,
        };
        self.step = Step::Plan;
        self.plan = Asked::Waiting;
        self.plan_of = Some(wish.clone());
        vec![look(Look::Plan(wish))]
    }

    /// Has the plan done, after a question where something is replaced; or goes to where it can be mended.
    fn start(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        match &self.plan {
            Asked::Came(Ok(planned)) if planned.is_blocked() => {
                self.step = if planned.is_mended_by_names() {
                    Step::Names
                } else {
                    Step::Target
                };
                self.plan_of = None;
                Vec::new()
            }
            Asked::Came(Ok(_)) if self.is_starting => Vec::new(),
            Asked::Came(Ok(planned)) => {
                let (effects, is_starting) = planned.start(cx.zone, cx.ticket);
                self.is_starting = is_starting;
                effects
            }
            Asked::Came(Err(_)) => self.show_plan(),
            _ => Vec::new(),
        }
    }

    fn back(&mut self) -> Option<Vec<Effect>> {
        self.step = match self.step {
            Step::Databases => return None,
            Step::Target => Step::Databases,
            Step::Names => Step::Target,
            Step::Plan => {
                // An answer that comes now is of no interest any more.
                self.plan_of = None;
                Step::Names
            }
        };
        if !matches!(self.names, Asked::Came(Ok(_))) {
            self.names_for = None;
        }
        Some(Vec::new())
    }

    /// What can be done here.
    fn foot(&self, ui: &Ui<'_>) -> String {
        let key = |command| ui.key(&self.scopes(), command);
        let (on, back) = (key(Command::GoOn), key(Command::Back));
        match self.step {
            Step::Databases => match &self.databases {
                Asked::Came(Ok(databases)) if databases.taken().is_empty() => "mark at least one database".to_owned(),
                Asked::Came(Ok(_)) => {
                    let mark = key(Command::Mark);
                    format!("{mark} takes one or leaves it out of the restore")
                }
                Asked::Came(Err(_)) => format!("{on} tries again"),
                _ => String::new(),
            },
            Step::Target if self.target.chosen().is_none() => format!("{back} goes back"),
            Step::Target => "Nothing is touched before the plan was shown".to_owned(),
            Step::Names => match &self.names {
                Asked::Came(Ok(_)) => format!("{on} shows what would happen; nothing is touched yet"),
                Asked::Came(Err(_)) => format!("{on} tries again, {back} goes back to the sources"),
                _ => format!("{back} goes back"),
            },
            Step::Plan => match &self.plan {
                Asked::Came(Ok(planned)) => planned.foot(&on),
                Asked::Came(Err(_)) => format!("{on} tries again, {back} goes back to the names"),
                _ => format!("{back} goes back; nothing was begun"),
            },
        }
    }

    fn view_step(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let target = self.target.chosen().map_or("", |target| target.name.as_str());
        match self.step {
            Step::Databases => match &self.databases {
                Asked::Came(Ok(databases)) => databases.view(ui, frame, area),
                Asked::Came(Err(error)) => view_error(ui, frame, area, error),
                _ => waiting(ui, frame, area, "reading what is inside"),
            },
            Step::Target => self.target.view(ui, frame, area),
            Step::Names => match &self.names {
                Asked::Came(Ok(names)) => names.view(ui, frame, area),
                Asked::Came(Err(error)) => view_error(ui, frame, area, error),
                _ => waiting(ui, frame, area, &format!("asking {target}")),
            },
            Step::Plan => match &self.plan {
                Asked::Came(Ok(planned)) => planned.view(ui, frame, area),
                Asked::Came(Err(error)) => view_error(ui, frame, area, error),
                _ => waiting(ui, frame, area, &format!("asking {target}")),
            },
        }
    }

    /// The steps, with where one is among them.
    fn steps(&self, ui: &Ui<'_>) -> Line<'static> {
        let mut spans = vec![Span::raw(" ")];
        for (number, (step, name)) in STEPS.into_iter().enumerate() {
            if number > 0 {
                spans.push(ui.span(Role::Border, format!(" {} ", ui.glyphs.arrow)));
            }
            let role = match step.cmp(&self.step) {
                std::cmp::Ordering::Less => Role::Text,
                std::cmp::Ordering::Equal => Role::Accent,
                std::cmp::Ordering::Greater => Role::Muted,
            };
            spans.push(ui.span(role, format!("{} {name}", number + 1)));
        }
        Line::from(spans)
    }
}

fn waiting(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, what: &str) {
    let text = ui.fit(&format!(" {what}{}", ui.glyphs.ellipsis), usize::from(area.width));
    frame.render_widget(ui.line(Role::Muted, text), area);
}

fn view_error(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, error: &Error) {
    let area = area.inner(Margin::new(1, 0));
    frame.render_widget(Paragraph::new(failure::lines(ui, error, usize::from(area.width))), area);
}

impl Layer for Restore {
    fn title(&self) -> String {
        format!("Restore {}", named(&self.backup))
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.step {
            Step::Names => vec![Scope::Steps, Scope::Form],
            _ => vec![Scope::Steps, Scope::List],
        }
    }

    fn takes_text(&self) -> bool {
        self.step == Step::Names && self.names.came().is_some_and(Names::takes_text)
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let in_window = self.step == Step::Names && self.names.came().is_some_and(Names::is_editing_lines);
        match command {
            _ if in_window => {}
            Command::GoOn => return Some(self.go_on(cx)),
            Command::Back => return self.back(),
            _ => {}
        }
        let did = match self.step {
            Step::Databases => self.databases.came_mut().is_some_and(|step| step.command(command)),
            Step::Target => self.target.command(command),
            Step::Names => self.names.came_mut().is_some_and(|step| step.command(command)),
            Step::Plan => self.plan.came_mut().is_some_and(|step| step.command(command)),
        };
        did.then(Vec::new)
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if let (Step::Names, Some(names)) = (self.step, self.names.came_mut()) {
            names.key(key);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if let (Step::Names, Some(names)) = (self.step, self.names.came_mut()) {
            names.paste(text);
        }
        Vec::new()
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        match self.databases {
            Asked::Not => self.ask_inside(),
            _ => Vec::new(),
        }
    }

    fn reply(&mut self, reply: &message::Reply, cx: &Cx<'_>) -> Vec<Effect> {
        match reply {
            message::Reply::Backups(Reply::Inside { id, shown })
                if *id == self.backup.id && matches!(self.databases, Asked::Waiting) =>
            {
                if let Ok(shown) = shown {
                    self.target.begin_at(shown.source.as_deref());
                }
                self.databases = Asked::Came(
                    shown
                        .as_ref()
                        .map_err(Error::clone)
                        .and_then(|shown| Databases::of(shown)),
                );
            }
            message::Reply::Backups(Reply::FreeNames { asked, names }) if self.names_for.as_ref() == Some(asked) => {
                let build = |names: &Vec<String>| Names::new(&self.backup, asked, names);
                self.names = Asked::Came(names.as_ref().map(build).map_err(Error::clone));
            }
            message::Reply::Backups(Reply::Plan { wish, plan }) if self.plan_of.as_ref() == Some(wish) => {
                let has_engine = cx.status.is_none_or(|status| status.engine.running);
                let planned = |plan: &crate::ops::restore::RestorePlan| Planned::new(plan, wish, has_engine);
                self.plan = Asked::Came(plan.as_deref().map(planned).map_err(Error::clone));
            }
            _ => {}
        }
        Vec::new()
    }

    fn done(&mut self, _answer: &Result<Done>) -> Heard {
        self.is_starting = false;
        Heard::Stays(Vec::new())
    }

    fn hints(&self) -> Vec<Command> {
        let own: &[Command] = match self.step {
            Step::Databases => self.databases.hints(&[Command::GoOn, Command::Mark, Command::MarkAll]),
            Step::Target if self.target.chosen().is_none() => &[],
            Step::Target => &[Command::GoOn],
            Step::Names => self.names.hints(&[Command::GoOn, Command::NextField]),
            Step::Plan if self.is_starting => &[],
            Step::Plan => self.plan.hints(&[Command::GoOn]),
        };
        [own, &[Command::Back]].concat()
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        let is_failed = match self.step {
            Step::Databases => self.databases.is_failed(),
            Step::Target => false,
            Step::Names => self.names.is_failed(),
            Step::Plan => self.plan.is_failed(),
        };
        (command == Command::GoOn && is_failed).then_some("try again")
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 92, 20), &self.title());
        if inner.height < 4 {
            return;
        }
        let line = |y: u16| Rect { y, height: 1, ..inner };
        frame.render_widget(self.steps(ui), line(inner.y));
        let foot = ui.fit(&self.foot(ui), usize::from(inner.width.saturating_sub(2)));
        let place = line(inner.bottom() - 1).inner(Margin::new(1, 0));
        frame.render_widget(ui.line(Role::Muted, foot), place);
        // The lines that only give air are the first to go.
        let air = u16::from(inner.height >= 14);
        let body = Rect {
            y: inner.y + 1 + air,
            height: inner.height - 2 - 2 * air,
            ..inner
        };
        self.view_step(ui, frame, body);
    }
}
