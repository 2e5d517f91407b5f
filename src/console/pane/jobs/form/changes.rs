//! What saving would change, shown before it is saved; and what somebody else changed, shown before it is saved on top of that.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;

use crate::console::command::{Command, Scope};
use crate::console::layer::{Layer, centered};
use crate::console::message::{self, Effect};
use crate::console::model::Cx;
use crate::console::pane::jobs::work::{Ask, Reply, ask};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::diff;
use crate::console::widget::scroll::Scroll;
use crate::domain::units;
use crate::ops::jobs::{Overtaken, Revision, Saving};

/// Widest it is drawn.
const WIDEST: u16 = 90;

/// Revisions that are told of at most.
const TOLD: usize = 5;

/// A change, and what may be done about it.
pub struct Changes {
    title: String,
    /// Who made it, the newest first.
    since: Vec<Revision>,
    diff: String,
    /// What the key does.
    word: &'static str,
    yes: Vec<Effect>,
    scroll: Scroll,
}

impl Changes {
    /// Shows `diff` before `saving` is done.
    pub fn to_be_saved(job: &str, diff: String, saving: Saving) -> Self {
        Self {
            title: format!("Change {job}?"),
            since: Vec::new(),
            diff,
            word: "saves it",
            yes: vec![ask(Ask::Save(Box::new(saving)))],
            scroll: Scroll::default(),
        }
    }

    /// Shows what somebody else made of the job meanwhile. Going on shows what is then changed about that, and saves nothing yet.
    pub fn overtaken(job: &str, overtaken: &Overtaken) -> Self {
        let now = Box::new(overtaken.now.clone());
        Self {
            title: format!("Changed while the form was open: {job}"),
            since: overtaken.since.clone(),
            diff: overtaken.diff.clone(),
            word: "shows what saving yours on top of it changes",
            yes: vec![Effect::Answer(message::Reply::Jobs(Reply::OnTop(now)))],
            scroll: Scroll::default(),
        }
    }

    /// Who changed it when.
    fn told(&self, ui: &Ui<'_>) -> Vec<Line<'static>> {
        let mut lines: Vec<Line<'static>> = self
            .since
            .iter()
            .take(TOLD)
            .map(|revision| {
                let (author, version, at) = (&revision.author, revision.version, ui.ago(revision.created_at));
                ui.line(Role::Warn, format!("{author} made revision {version} {at}"))
            })
            .collect();
        if self.since.len() > TOLD {
            let more = units::count(self.since.len() - TOLD, "earlier one");
            lines.push(ui.line(Role::Muted, format!("and {more}")));
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines
    }
}

impl Layer for Changes {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List, Scope::Form, Scope::Dialog]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept | Command::Open | Command::Save => {
                let mut effects = vec![Effect::Close];
                effects.append(&mut self.yes);
                Some(effects)
            }
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Save, Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let mut lines = self.told(ui);
        lines.extend(diff::lines(ui, &self.diff));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let place = centered(area, WIDEST, height);
        let inner = ui.popup(
            frame,
            place,
            &ui.fit(&self.title, usize::from(place.width.saturating_sub(6))),
        );
        let inner = inner.inner(Margin::new(1, 0));
        let text = Rect {
            height: inner.height.saturating_sub(2),
            ..inner
        };
        self.scroll.view(ui, frame, text, lines);
        let answer = Rect {
            y: inner.bottom().saturating_sub(1),
            height: 1,
            ..inner
        };
        let scopes = self.scopes();
        let (save, back) = (ui.key(&scopes, Command::Save), ui.key(&scopes, Command::Back));
        let words = format!("{save} {}, {back} goes back to the form.", self.word);
        frame.render_widget(ui.line(Role::Muted, words), answer.intersection(inner));
        ui.set_cursor(ratatui::layout::Position::new(answer.x, answer.y));
    }
}
