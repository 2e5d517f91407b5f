//! Jobs from a file: which one, what it would change, and then it is done. What is wrong with the file is said where its name is
//! typed, so that it can be mended beside the console and read again.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::work::{Ask, Compared, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::key::Key;
use crate::console::layer::{Heard, Layer, centered};
use crate::console::message::{self, Done, Effect};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, take_bottom, wrapped};
use crate::console::widget::field::Field;
use crate::console::widget::scroll::Scroll;
use crate::console::widget::{diff, failure};
use crate::domain::{Error, Result};
use crate::ops::jobs::{Action, Applied};

/// Widest it is drawn.
const WIDEST: u16 = 90;

/// How far it is.
#[derive(Debug, Default)]
enum Step {
    /// The name of the file is typed.
    #[default]
    Naming,
    /// The file is being read.
    Reading,
    /// What it would change is shown.
    Shown(Box<Compared>),
    /// It is being done.
    Doing(Box<Compared>),
}

/// Jobs from a file.
#[derive(Debug, Default)]
pub struct Apply {
    file: Field,
    step: Step,
    wrong: Option<Error>,
    scroll: Scroll,
}

impl Apply {
    fn name(&self) -> String {
        self.file.text().trim().to_owned()
    }

    fn read(&mut self) -> Vec<Effect> {
        let name = self.name();
        if name.is_empty() {
            self.wrong = Some(Error::usage("it needs the path of a file"));
            return Vec::new();
        }
        self.wrong = None;
        self.step = Step::Reading;
        vec![ask(Ask::Compare(name))]
    }

    fn go_on(&mut self, cx: &Cx<'_>) -> Vec<Effect> {
        match std::mem::take(&mut self.step) {
            Step::Naming => self.read(),
            Step::Shown(compared) if is_nothing(&compared) => vec![Effect::Close],
            Step::Shown(compared) => {
                let act = ask(Ask::Apply(compared.clone())).told_to(cx.ticket);
                self.wrong = None;
                self.step = Step::Doing(compared);
                vec![act]
            }
            step => {
                self.step = step;
                Vec::new()
            }
        }
    }

    fn take(&mut self, answer: &Result<Box<Compared>>) {
        match answer {
            Ok(compared) => {
                if !matches!(self.step, Step::Shown(_)) {
                    self.scroll.to_top();
                }
                self.step = Step::Shown(compared.clone());
            }
            Err(error) => {
                self.wrong = Some(error.clone());
                self.step = Step::Naming;
            }
        }
    }
}

/// Whether every job is as the file says.
fn is_nothing(compared: &Compared) -> bool {
    compared.shown.iter().all(|job| job.action == Action::Unchanged)
}

impl Layer for Apply {
    fn title(&self) -> String {
        "Jobs from a file".to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.step {
            Step::Naming | Step::Reading => vec![Scope::Steps],
            Step::Shown(_) | Step::Doing(_) => vec![Scope::Steps, Scope::List],
        }
    }

    fn takes_text(&self) -> bool {
        matches!(self.step, Step::Naming)
    }

    fn command(&mut self, command: Command, cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match (command, &self.step) {
            (Command::GoOn, _) => Some(self.go_on(cx)),
            (Command::Back, Step::Shown(_)) => {
                self.step = Step::Naming;
                self.wrong = None;
                Some(Vec::new())
            }
            (_, Step::Shown(_)) => self.scroll.command(command).then(Vec::new),
            _ => None,
        }
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if matches!(self.step, Step::Naming) && self.file.key(key) {
            self.wrong = None;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if matches!(self.step, Step::Naming) {
            let taken = self.file.paste(text);
            self.wrong = (!taken).then(|| Error::usage("what was pasted is too long for one line"));
        }
        Vec::new()
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        // What comes while it is being done is of before.
        if let message::Reply::Jobs(Reply::Compared(name, answer)) = reply
            && *name == self.name()
            && matches!(self.step, Step::Reading | Step::Shown(_))
        {
            self.take(answer);
        }
        Vec::new()
    }

    fn done(&mut self, answer: &Result<Done>) -> Heard {
        let Err(error) = answer else {
            return Heard::Closes;
        };
        match std::mem::take(&mut self.step) {
            Step::Doing(compared) => {
                self.wrong = Some(error.clone());
                let again = ask(Ask::CompareAgain(self.name(), compared.definitions.clone()));
                self.step = Step::Shown(compared);
                Heard::Says(vec![again])
            }
            step => {
                self.step = step;
                Heard::Stays(Vec::new())
            }
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        match &self.step {
            Step::Shown(compared) => vec![ask(Ask::CompareAgain(self.name(), compared.definitions.clone()))],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::GoOn, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        match &self.step {
            Step::Naming | Step::Reading => self.view_file(ui, frame, area),
            Step::Shown(compared) | Step::Doing(compared) => self.view_changes(ui, frame, area, compared),
        }
    }
}

impl Apply {
    fn view_file(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(centered(area, WIDEST, 0).width.saturating_sub(4));
        let told = match (&self.wrong, &self.step) {
            (Some(wrong), _) => told(ui, wrong, width),
            (None, Step::Reading) => vec![ui.line(Role::Muted, format!("reading it{}", ui.glyphs.ellipsis))],
            (None, _) => Vec::new(),
        };
        let export = ui.key(&[Scope::Jobs, Scope::List], Command::Export);
        let help = format!(
            "A file as {export} writes it in the list of jobs: one job, or several as [[job]]. What it would change is shown before \
             anything is."
        );
        let help = wrapped(&help, width).into_iter().map(|line| ui.line(Role::Muted, line));
        let lines: Vec<Line<'_>> = told.into_iter().chain(help).collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3).max(7);
        let inner = ui.popup(frame, centered(area, WIDEST, height), &self.title());
        let inner = inner.inner(Margin::new(1, 0));
        let line = Rect { height: 1, ..inner }.intersection(inner);
        self.file.view(ui, frame, line, self.takes_text());
        let below = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        frame.render_widget(Paragraph::new(lines), below.intersection(inner));
    }

    fn view_changes(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, compared: &Compared) {
        let width = usize::from(centered(area, WIDEST, 0).width.saturating_sub(4));
        // However long the changes are, what they lay open is seen.
        let mut lines: Vec<Line<'_>> = compared
            .shown
            .iter()
            .filter(|job| job.unsealed)
            .flat_map(|job| laid_open(ui, job, width))
            .collect();
        for job in &compared.shown {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.extend(changes(ui, job, width));
        }
        let wrong = self
            .wrong
            .as_ref()
            .map_or_else(Vec::new, |wrong| told(ui, wrong, width));
        let foot = u16::try_from(wrong.len()).unwrap_or(u16::MAX).saturating_add(1);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(foot + 3);
        let inner = ui.popup(frame, centered(area, WIDEST, height), &self.title());
        let mut text = inner.inner(Margin::new(1, 0));
        let mut foot = take_bottom(&mut text, foot + 1);
        let answer = take_bottom(&mut foot, 1);
        self.scroll.view(ui, frame, text, lines);
        frame.render_widget(
            Paragraph::new(wrong),
            take_bottom(&mut foot.clone(), foot.height.saturating_sub(1)),
        );
        let scopes = self.scopes();
        let (on, back) = (ui.key(&scopes, Command::GoOn), ui.key(&scopes, Command::Back));
        let words = match &self.step {
            Step::Doing(_) => format!("applying it{}", ui.glyphs.ellipsis),
            _ if is_nothing(compared) => format!("Every job is as the file says: {on} closes this."),
            _ => format!("{on} applies all of it, {back} goes back to the file."),
        };
        frame.render_widget(ui.line(Role::Muted, ui.fit(&words, width)), answer);
        ui.set_cursor(Position::new(answer.x, answer.y));
    }
}

/// What would become of one job.
fn changes(ui: &Ui<'_>, job: &Applied, width: usize) -> Vec<Line<'static>> {
    let what = match job.action {
        Action::Unchanged => "no change",
        Action::Created => "is added",
        Action::Updated => "is changed",
    };
    let head = wrapped(&format!("{}: {what}", job.job), width);
    let mut lines: Vec<Line<'static>> = head.into_iter().map(|line| ui.line(Role::Title, line)).collect();
    lines.extend(diff::lines(ui, &job.diff));
    lines
}

/// That backups of a job can be read by others.
fn laid_open(ui: &Ui<'_>, job: &Applied, width: usize) -> Vec<Line<'static>> {
    let now = match job.action {
        Action::Updated => "its encryption is taken away",
        Action::Created | Action::Unchanged => "it is not encrypted",
    };
    let text = format!(
        "{}: {now}. Whoever reaches a destination can read its backups; `profile = \"NAME\"` in the file seals them",
        job.job
    );
    failure::signed(ui, Role::Warn, ui.glyphs.warn, &text, width)
}

/// What is wrong, line by line: the reader of TOML shows the place in the file.
fn told(ui: &Ui<'_>, wrong: &Error, width: usize) -> Vec<Line<'static>> {
    let object = if wrong.object.is_empty() {
        String::new()
    } else {
        format!("{}: ", wrong.object)
    };
    let text = format!("{object}{}", wrong.message);
    let mut lines = Vec::new();
    for (at, part) in text.lines().enumerate() {
        let sign = if at == 0 { ui.glyphs.bad } else { " " };
        lines.extend(failure::signed(ui, Role::Bad, sign, part, width));
    }
    // How a file looks is said below, by the key that writes one.
    if !wrong.next.contains("--toml") {
        lines.extend(failure::signed(ui, Role::Text, ui.glyphs.arrow, &wrong.next, width));
    }
    lines
}
