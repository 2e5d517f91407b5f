//! Files that are on their way, in the dialog that asked for them: how far they are, and the key that stops it.

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};

use super::transfer::{Moved, Transfer};
use super::work::Look;
use super::{Reply, look};
use crate::console::layer::centered;
use crate::console::message::{self, Effect};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::bar;
use crate::domain::units;

/// Files on their way. Closing the dialog stops nothing.
pub struct Going {
    /// Where they go: `into /srv/out`.
    whither: String,
    transfer: Arc<Transfer>,
    moved: Moved,
    /// It was told to stop.
    is_stopping: bool,
}

impl Going {
    /// Begins; `whither` is told above the bar.
    pub fn new(whither: String) -> Self {
        Self {
            whither,
            transfer: Arc::default(),
            moved: Moved::default(),
            is_stopping: false,
        }
    }

    /// How far it is, for whoever does the work.
    pub fn transfer(&self) -> Arc<Transfer> {
        Arc::clone(&self.transfer)
    }

    /// Asks how far it is, once it is further.
    pub fn further(&self) -> Effect {
        look(Look::Transferred(self.transfer(), self.moved))
    }

    /// Tells it to stop.
    pub fn stop(&mut self) -> Effect {
        self.is_stopping = true;
        look(Look::Stop(self.transfer()))
    }

    /// Takes in how far it is. How it ended is told by a [`message::Reply::Done`] of its own.
    pub fn reply(&mut self, reply: &message::Reply) -> Vec<Effect> {
        let message::Reply::Backups(Reply::Transferred(transfer, moved)) = reply else {
            return Vec::new();
        };
        if !Arc::ptr_eq(transfer, &self.transfer) {
            return Vec::new();
        }
        self.moved = *moved;
        if moved.ended { Vec::new() } else { vec![self.further()] }
    }

    /// Draws the dialog.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, title: &str) {
        let inner = ui.popup(frame, centered(area, 76, 7), title).inner(Margin::new(1, 0));
        let line = |y: u16| {
            Rect {
                y: inner.y + y,
                height: 1,
                ..inner
            }
            .intersection(inner)
        };
        let width = usize::from(inner.width);
        let Moved { bytes, total, ended } = self.moved;
        frame.render_widget(ui.line(Role::Text, ui.fit(&self.whither, width)), line(0));
        frame.render_widget(bar::bar(ui, bytes, total, inner.width), line(1));
        let told = if ended {
            "it has ended".to_owned()
        } else if self.is_stopping {
            format!("stopping{}", ui.glyphs.ellipsis)
        } else if total == 0 {
            format!("looking at it{}", ui.glyphs.ellipsis)
        } else {
            format!(
                "{}  {} of {}",
                bar::percent(bytes, total),
                units::size(bytes),
                units::size(total)
            )
        };
        frame.render_widget(ui.line(Role::Text, told), line(2));
        let hint = "Closed, it goes on and says when it is done.";
        frame.render_widget(ui.line(Role::Muted, ui.fit(hint, width)), line(4));
    }
}
