//! The second step: the source that is restored into.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Paragraph, Wrap};

use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::domain::adapter::{Adapter, Health};

/// The columns, for names of so many cells.
const fn columns(names: u16) -> [Column; 3] {
    [
        Column::new("INTO", names, 1, 0),
        Column::new("WHAT IT IS", 20, 3, 1),
        Column::new("HEALTH", 20, 0, 0),
    ]
}

/// The sources that fit.
pub struct Target {
    sources: Vec<Adapter>,
    driver: String,
    selection: Selection,
}

impl Target {
    /// Of these, all of one driver.
    pub fn new(sources: Vec<Adapter>, driver: &str) -> Self {
        Self {
            sources,
            driver: driver.to_owned(),
            selection: Selection::default(),
        }
    }

    /// Begins with the one a backup was made from.
    pub fn begin_at(&mut self, source: Option<&str>) {
        let at = self
            .sources
            .iter()
            .position(|adapter| Some(adapter.name.as_str()) == source);
        self.selection.select(at.unwrap_or(0));
    }

    /// The one that is selected.
    pub fn chosen(&self) -> Option<&Adapter> {
        self.sources.get(self.selection.at())
    }

    /// Moves. `false` when it means nothing here.
    pub fn command(&mut self, command: Command) -> bool {
        self.selection.command(command, self.sources.len())
    }

    /// Draws it.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if self.sources.is_empty() {
            let text = format!(
                "There is no {} source to restore into. {} in {} Adapters adds one; then come back.",
                self.driver,
                ui.key(&[Scope::Adapters, Scope::List], Command::Add),
                ui.key(&[], Command::ShowAdapters)
            );
            let text = Paragraph::new(ui.line(Role::Warn, text)).wrap(Wrap { trim: true });
            return frame.render_widget(text, area.inner(Margin::new(1, 0)));
        }
        let names = table::widest(self.sources.iter().map(|source| source.name.as_str()), 14..=34);
        let list = Table {
            columns: &columns(names),
            len: self.sources.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        table::draw_all_told(ui, frame, area, &list, |at| match self.sources.get(at) {
            Some(source) => Row::new([
                (Role::Text, source.name.clone()),
                (Role::Muted, source.summary.clone()),
                health(ui, source),
            ]),
            None => Row::default(),
        });
    }
}

fn health(ui: &Ui<'_>, adapter: &Adapter) -> (Role, String) {
    let (sign, role) = match adapter.last_status {
        Health::Online => (ui.glyphs.good, Role::Good),
        Health::Degraded => (ui.glyphs.warn, Role::Warn),
        Health::Offline => (ui.glyphs.bad, Role::Bad),
        Health::Unknown => return (Role::Muted, format!("{} never probed", ui.glyphs.idle)),
    };
    let ago = adapter.last_health_check.map(|at| ui.ago(at)).unwrap_or_default();
    (role, format!("{sign} {} {ago}", adapter.last_status))
}
