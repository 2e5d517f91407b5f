//! What the retention of a job would keep and delete now, copy by copy, with the reason.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::work::{Ask, Reply, ask};
use crate::console::command::{Command, Scope};
use crate::console::layer::Layer;
use crate::console::message::{self, Effect, Place};
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible};
use crate::console::widget::failure;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::Error;
use crate::domain::id::JobId;
use crate::domain::units::size;
use crate::ops::jobs::{JobView, Preview};

const COLUMNS: [Column; 5] = [
    Column::new("", 8, 0, 0),
    Column::new("OF", 16, 0, 0),
    Column::new("AGE", 5, 0, 2),
    Column::new("STORED", 9, 0, 1).right(),
    Column::new("WHY", 20, 1, 0),
];

/// The preview of a job's retention.
pub struct Retention {
    job: JobId,
    name: String,
    places: Option<Vec<Preview>>,
    failed: Option<Error>,
    /// Which destination is shown.
    place: usize,
    selection: Selection,
}

impl Retention {
    /// Of this job.
    pub fn new(job: &JobView) -> Self {
        Self {
            job: job.id,
            name: job.name.clone(),
            places: None,
            failed: None,
            place: 0,
            selection: Selection::default(),
        }
    }

    fn shown(&self) -> Option<&Preview> {
        self.places.as_ref()?.get(self.place)
    }

    fn len(&self) -> usize {
        self.shown().map_or(0, |place| place.copies.len())
    }

    fn turn(&mut self, by: isize) {
        let places = self.places.as_ref().map_or(0, Vec::len);
        if places > 1 {
            self.place = (self.place + places).saturating_add_signed(by) % places;
            self.selection = Selection::default();
        }
    }

    /// The destinations; the one that is shown stands out.
    fn tabs(&self, ui: &Ui<'_>) -> Line<'static> {
        let mut spans = Vec::new();
        for (index, place) in self.places.iter().flatten().enumerate() {
            let role = if index == self.place {
                Role::Selected
            } else {
                Role::Muted
            };
            spans.push(ui.span(role, format!(" {} ", visible(&place.destination))));
            spans.push(Span::raw(" "));
        }
        Line::from(spans)
    }

    fn summary(ui: &Ui<'_>, place: &Preview, width: usize) -> Vec<Line<'static>> {
        let going: Vec<u64> = place
            .copies
            .iter()
            .filter(|copy| !copy.keep)
            .map(|copy| copy.stored_size)
            .collect();
        let stay = place.copies.len() - going.len();
        let what = match going.len() {
            0 if stay == 1 => ui.line(Role::Good, format!("{} the one copy stays", ui.glyphs.good)),
            0 => ui.line(Role::Good, format!("{} all {stay} copies stay", ui.glyphs.good)),
            go => ui.line(
                Role::Warn,
                format!(
                    "{} {stay} of {} copies stay, {go} would go and free {}",
                    ui.glyphs.warn,
                    place.copies.len(),
                    size(going.iter().sum())
                ),
            ),
        };
        let policy = format!("keeps {}", place.keep.describe());
        let written = format!("{policy}  ({})", place.keep);
        let policy = if written.width() <= width {
            written
        } else {
            ui.fit(&policy, width)
        };
        vec![ui.line(Role::Muted, policy), what]
    }
}

impl Layer for Retention {
    fn title(&self) -> String {
        format!("What the retention of {} would do now", self.name)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::NextFocus => self.turn(1),
            Command::PreviousFocus => self.turn(-1),
            Command::Open => {
                let backup = self.shown().and_then(|place| place.copies.get(self.selection.at()));
                return Some(
                    backup
                        .map(|copy| Effect::Go(Place::Backup(copy.backup)))
                        .into_iter()
                        .collect(),
                );
            }
            _ => {
                let len = self.len();
                return self.selection.command(command, len).then(Vec::new);
            }
        }
        Some(Vec::new())
    }

    fn reply(&mut self, reply: &message::Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        let message::Reply::Jobs(Reply::Retention(job, answer)) = reply else {
            return Vec::new();
        };
        if *job != self.job {
            return Vec::new();
        }
        match answer {
            Ok(places) => {
                self.places = Some(places.clone());
                self.failed = None;
                self.place = self.place.min(places.len().saturating_sub(1));
                let len = self.len();
                self.selection.clamp(len);
            }
            Err(error) => self.failed = Some(error.clone()),
        }
        Vec::new()
    }

    fn refresh(&mut self, _cx: &Cx<'_>) -> Vec<Effect> {
        vec![ask(Ask::Retention(self.job))]
    }

    fn hints(&self) -> Vec<Command> {
        let mut hints = Vec::new();
        hints.extend((self.len() > 0).then_some(Command::Open));
        let places = self.places.as_ref().map_or(0, Vec::len);
        hints.extend((self.failed.is_none() && places > 1).then_some(Command::NextFocus));
        hints.push(Command::Back);
        hints
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::Open => Some("its backup"),
            Command::NextFocus => Some("next destination"),
            _ => None,
        }
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(
            frame,
            area,
            &ui.fit(&self.title(), usize::from(area.width.saturating_sub(6))),
        );
        let text = inner.inner(Margin::new(1, 0));
        if let Some(error) = &self.failed {
            let told = failure::lines(ui, error, usize::from(text.width));
            frame.render_widget(Paragraph::new(told), text);
            return;
        }
        let Some(place) = self.shown() else {
            frame.render_widget(ui.line(Role::Muted, ui.reading()), text);
            return;
        };
        frame.render_widget(self.tabs(ui), Rect { height: 1, ..inner });
        let head = Rect {
            y: text.y + 1,
            height: text.height.saturating_sub(1).min(2),
            ..text
        };
        frame.render_widget(Paragraph::new(Self::summary(ui, place, usize::from(head.width))), head);
        let below = Rect {
            y: head.bottom() + 1,
            height: inner.bottom().saturating_sub(head.bottom() + 1),
            ..inner
        };
        if place.copies.is_empty() {
            frame.render_widget(ui.line(Role::Muted, "  No copy of it is there yet."), below);
            return;
        }
        let list = Table {
            columns: &COLUMNS,
            len: place.copies.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        table::draw_all_told(ui, frame, below, &list, |row| {
            let Some(copy) = place.copies.get(row) else {
                return Row::default();
            };
            let (role, word) = if copy.keep {
                (Role::Good, format!("{} stays", ui.glyphs.good))
            } else {
                (Role::Warn, format!("{} goes", ui.glyphs.bad))
            };
            Row::new([
                (role, word),
                (Role::Text, ui.date(copy.taken_at)),
                (Role::Muted, ui.age(copy.taken_at)),
                (Role::Muted, size(copy.stored_size)),
                (Role::Text, copy.reason.clone()),
            ])
        });
    }
}
