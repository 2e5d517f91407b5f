//! What a look at a destination took up: backups that were not known, copies that are gone, folders that cannot be used.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::work::Look;
use super::{Reply, look};
use crate::console::command::{Command, Scope};
use crate::console::layer::{Layer, centered};
use crate::console::message::{self, Effect, Toast};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::failure;
use crate::console::widget::scroll::Scroll;
use crate::domain::{Error, Result, units};
use crate::ops::backups::Scanned;

/// What came of it, in one sentence.
pub fn told(destination: &str, scanned: &Result<Scanned>) -> Effect {
    Effect::Toast(match scanned {
        Ok(scanned) => Toast::good(format!("{destination}: {}", summary(scanned))),
        Err(error) => Toast::from(error),
    })
}

fn summary(scanned: &Scanned) -> String {
    format!(
        "{} taken up, {} known, {} gone, {} unreadable",
        scanned.new.len(),
        scanned.known,
        scanned.missing.len(),
        scanned.unreadable.len()
    )
}

/// The result, once it is there.
pub struct Scan {
    destination: String,
    scanned: Option<Result<Scanned>>,
    is_asked: bool,
    scroll: Scroll,
}

impl Scan {
    /// Of this destination.
    pub fn new(destination: &str) -> Self {
        Self {
            destination: destination.to_owned(),
            scanned: None,
            is_asked: false,
            scroll: Scroll::default(),
        }
    }

    fn lines(&self, ui: &Ui<'_>, width: usize) -> Vec<Line<'static>> {
        let scanned = match &self.scanned {
            None => {
                let text = format!(" reading what lies at {}{}", self.destination, ui.glyphs.ellipsis);
                return vec![ui.line(Role::Muted, text)];
            }
            Some(Err(error)) => {
                let lines = failure::lines(ui, error, width.saturating_sub(2));
                return lines.into_iter().map(indented).collect();
            }
            Some(Ok(scanned)) => scanned,
        };
        let mut lines = Vec::new();
        let signed = |sign: &str, role: Role, text: String| -> Vec<Line<'static>> {
            let parts = wrapped(&text, width.saturating_sub(4)).into_iter().enumerate();
            parts
                .map(|(at, part)| {
                    let sign = if at == 0 { sign } else { " " };
                    Line::from(vec![ui.span(role, format!(" {sign} ")), ui.span(Role::Text, part)])
                })
                .collect()
        };
        let mut tell = |sign: &str, role: Role, text: String, next: String| {
            lines.extend(signed(sign, role, text));
            if !next.is_empty() {
                lines.extend(signed(ui.glyphs.arrow, Role::Text, next));
            }
        };
        let glyphs = ui.glyphs;
        tell(
            glyphs.good,
            Role::Good,
            format!(
                "{} taken up, {} known already and there",
                units::count(scanned.new.len(), "backup"),
                scanned.known
            ),
            String::new(),
        );
        if !scanned.without_key.is_empty() {
            let text = format!(
                "{} of them sealed with a key that is not here",
                scanned.without_key.len()
            );
            let next = format!(
                "{} in {} System imports it; then scan again",
                ui.key(&[Scope::System, Scope::List], Command::ImportKey),
                ui.key(&[], Command::ShowSystem)
            );
            tell(glyphs.warn, Role::Warn, text, next);
        }
        for folder in &scanned.missing {
            let repair = ui.key(&[Scope::Backups, Scope::List], Command::Repair);
            let next = format!("{repair} on its backup makes it anew from another copy");
            tell(glyphs.warn, Role::Warn, format!("gone: {folder}"), next);
        }
        for folder in &scanned.unreadable {
            let error = &folder.error;
            let error = Error::failed(error.message.clone())
                .on(folder.folder.clone())
                .next(error.next.clone());
            let told = failure::lines(ui, &error, width.saturating_sub(2));
            lines.extend(told.into_iter().map(indented));
        }
        lines
    }
}

/// A cell further to the right.
fn indented(mut line: Line<'static>) -> Line<'static> {
    line.spans.insert(0, Span::raw(" "));
    line
}

impl Layer for Scan {
    fn title(&self) -> String {
        format!("What lies at {}", self.destination)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List, Scope::Dialog]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Accept => Some(vec![Effect::Close]),
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        if std::mem::replace(&mut self.is_asked, true) {
            return Vec::new();
        }
        vec![look(Look::Scan(self.destination.clone()))]
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        if let message::Reply::Backups(Reply::Scanned { destination, scanned }) = reply
            && *destination == self.destination
        {
            self.scanned = Some(scanned.clone());
        }
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 84, 16), &self.title());
        self.scroll
            .view(ui, frame, inner, self.lines(ui, usize::from(inner.width)));
    }
}
