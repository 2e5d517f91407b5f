//! How the pane looks: the list, and beside it or in its place the selected backup.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::merge::MergeStrategy;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Backups, By, Focus, detail};
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::table::{self, Column, Row, Table};
use crate::console::widget::{failure, filter, split};
use crate::domain::adapter::AdapterType;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::units;

/// Date and age, in cells.
const TAKEN: usize = 17;

/// Level and age, in cells.
const PROVEN: usize = 11;

const COLUMNS: [Column; 7] = [
    Column::new("TAKEN", 17, 0, 0),
    Column::new("JOB", 10, 3, 0),
    Column::new("DATABASES", 9, 2, 4),
    Column::new("SIZE", 9, 0, 3).right(),
    Column::new("COPIES", 6, 0, 0),
    Column::new("PROVEN", 11, 0, 2),
    Column::new("", 2, 0, 0),
];

impl Backups {
    pub(super) fn draw(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        self.shown.note(ui);
        let (mut list, mut detail) = (Rect::default(), Rect::default());
        split::draw(
            frame,
            area,
            self.focus == Focus::Detail,
            |frame, area| list = self.draw_list(ui, frame, area),
            |frame, area| detail = self.draw_detail(ui, frame, area),
        );
        self.drawn.set((list, detail));
    }

    fn title(&self) -> String {
        match &self.listing.by {
            By::All => "Backups".to_owned(),
            By::Ever => "Backups, also the deleted".to_owned(),
            By::Job(job) => format!("Backups of {job}"),
            By::Destination(name) => format!("Backups at {name}"),
        }
    }

    fn draw_list(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let focused = self.focus == Focus::List;
        let title = ui.fit(&self.title(), usize::from(area.width.saturating_sub(6)));
        let block = ui.block(&title, focused).merge_borders(MergeStrategy::Exact);
        let mut inner = block.inner(area);
        frame.render_widget(block, area);
        if self.typing.is_some() || !self.listing.text.is_empty() {
            self.draw_filter(ui, frame, inner);
            inner.height = inner.height.saturating_sub(1);
        }
        if let Some(error) = &self.failed {
            failure::below(ui, frame, &mut inner, error);
        }
        let rows = self.list.rows();
        if rows.is_empty() {
            if self.failed.is_none() {
                self.draw_empty(ui, frame, inner);
            }
            return inner;
        }
        let list = Table {
            columns: &COLUMNS,
            len: rows.len(),
            selection: &self.list.selection,
            sorted: None,
            focused: focused && self.typing.is_none(),
        };
        table::draw(ui, frame, inner, &list, |at| match rows.get(at) {
            Some(backup) => row(ui, backup).marked(self.marks.contains_key(&backup.id)),
            None => Row::default(),
        });
        inner
    }

    fn draw_filter(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, inner: Rect) {
        let line = Rect {
            y: inner.bottom().saturating_sub(1),
            height: 1,
            ..inner
        };
        match &self.typing {
            Some(text) => filter::typing(ui, frame, line, text, (Role::Muted, "in the name of the job")),
            None => filter::taken(ui, frame, line, &self.listing.text),
        }
    }

    /// One sentence what this is, and which key begins.
    fn draw_empty(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, inner: Rect) {
        let scopes = [Scope::Backups, Scope::List];
        let (back, scan) = (ui.key(&scopes, Command::Back), ui.key(&scopes, Command::Scan));
        let text = if !self.list.is_loaded() {
            ui.reading().to_owned()
        } else if !self.listing.text.is_empty() {
            format!(
                "No job with '{}' in its name has a backup. {back} shows all.",
                self.listing.text
            )
        } else {
            match &self.listing.by {
                By::All | By::Ever if ui.read_only || self.adapters(AdapterType::Destination).next().is_none() => {
                    "Every backup appears here once a job has run.".to_owned()
                }
                By::All | By::Ever => format!(
                    "Every backup appears here once a job has run. {scan} takes up backups that lie at a destination already."
                ),
                By::Job(job) => format!("There is no backup of {job} yet. {back} shows all."),
                By::Destination(name) if ui.read_only => format!("No copy is known at {name}. {back} shows all."),
                By::Destination(name) => {
                    format!("No copy is known at {name}. {back} shows all; {scan} looks for backups there.")
                }
            }
        };
        let inner = inner.inner(Margin::new(1, 1));
        let text = Paragraph::new(ui.line(Role::Muted, text)).wrap(Wrap { trim: true });
        frame.render_widget(text, inner);
    }

    fn draw_detail(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let Some(backup) = self.shown() else {
            frame.render_widget(ui.block("", false).merge_borders(MergeStrategy::Exact), area);
            return Rect::default();
        };
        let room = usize::from(area.width.saturating_sub(6));
        let title = ui.fit(&format!("{} {}", backup.job_name, backup.id.short()), room);
        let block = ui
            .block(&title, self.focus == Focus::Detail)
            .merge_borders(MergeStrategy::Exact);
        let inner = block.inner(area).inner(Margin::new(1, 0));
        frame.render_widget(block, area);
        let inside = self.inside.as_ref().filter(|inside| inside.id == backup.id);
        let facts = detail::Facts {
            backup,
            inside: inside.map(|inside| inside.shown.as_ref().map(AsRef::as_ref)),
            profiles: &self.names.profiles,
            width: usize::from(inner.width),
        };
        self.scroll.view(ui, frame, inner, facts.lines(ui));
        if self.focus == Focus::Detail {
            ui.set_cursor(ratatui::layout::Position::new(inner.x, inner.y));
        }
        inner
    }
}

fn row(ui: &Ui<'_>, backup: &Backup) -> Row {
    Row::new([
        (Role::Text, taken(ui, backup)),
        (Role::Text, backup.job_name.clone()),
        databases(backup),
        (Role::Text, size(backup)),
        copies(ui, backup),
        proven(ui, backup),
        flags(ui, backup),
    ])
}

/// `10 Mar 03:00  11h`, or the date alone where it has a year.
fn taken(ui: &Ui<'_>, backup: &Backup) -> String {
    let (date, age) = (ui.date(backup.taken_at), ui.age(backup.taken_at));
    let room = TAKEN.saturating_sub(date.chars().count());
    if age.chars().count() < room {
        format!("{date}{age:>room$}")
    } else {
        date
    }
}

fn databases(backup: &Backup) -> (Role, String) {
    match backup.databases.as_slice() {
        // What is inside is told to key holders only.
        [] if backup.key_id.is_some() => (Role::Muted, "sealed".to_owned()),
        names => (Role::Text, names.join(", ")),
    }
}

/// Plain bytes, as the size is everywhere; what is stored is told copy by copy.
fn size(backup: &Backup) -> String {
    backup.plain_size().map_or_else(|| "sealed".to_owned(), units::size)
}

/// Sign, role and word of a copy.
pub fn standing(ui: &Ui<'_>, copy: &Copy) -> (&'static str, Role, &'static str) {
    match (copy.state, copy.verified_ok) {
        (CopyState::Present, _) if copy.is_good() && !copy.is_in_reach() => {
            (ui.glyphs.warn, Role::Warn, "out of reach")
        }
        (CopyState::Present, Some(true)) => (ui.glyphs.good, Role::Good, "present"),
        (CopyState::Present, None) => (ui.glyphs.pending, Role::Text, "present"),
        (CopyState::Present, Some(false)) | (CopyState::Corrupt, _) => (ui.glyphs.bad, Role::Bad, "corrupt"),
        (CopyState::Missing, _) => (ui.glyphs.warn, Role::Warn, "missing"),
        (CopyState::Deleted, _) => (ui.glyphs.dot, Role::Muted, "deleted"),
    }
}

/// One sign a copy; the worst gives the colour.
fn copies(ui: &Ui<'_>, backup: &Backup) -> (Role, String) {
    let standings = || backup.copies.iter().map(|copy| standing(ui, copy));
    let signs: Vec<&str> = standings().map(|(sign, ..)| sign).collect();
    let order = [Role::Bad, Role::Warn, Role::Good, Role::Text, Role::Muted];
    let role = order
        .into_iter()
        .find(|role| standings().any(|(_, of, _)| of == *role))
        .unwrap_or(Role::Muted);
    (role, signs.concat())
}

/// What was proven of the best copy, and how long ago.
fn proven(ui: &Ui<'_>, backup: &Backup) -> (Role, String) {
    let readable = backup.readable_copies();
    let Some(best) = readable.first() else {
        return if backup.copies.is_empty() {
            (Role::Muted, "no copy".to_owned())
        } else if backup.is_deleted() {
            (Role::Muted, "deleted".to_owned())
        } else {
            (Role::Bad, "none good".to_owned())
        };
    };
    if let Some(since) = best.out_of_reach_since {
        return (Role::Warn, format!("offline {}", ui.age(since)));
    }
    match best.proof() {
        Some((level, at)) => {
            let text = format!("{level} {}", ui.age(at));
            // An age that was cut would be another age.
            let fits = text.len() <= PROVEN;
            (Role::Good, if fits { text } else { level.to_string() })
        }
        None => (
            Role::Muted,
            if best.proven_at.is_some() { "not now" } else { "never" }.to_owned(),
        ),
    }
}

/// Locked, and not complete or dated ahead of the clock.
fn flags(ui: &Ui<'_>, backup: &Backup) -> (Role, String) {
    let lock = if backup.locked { ui.glyphs.lock } else { "" };
    if backup.complete && !backup.is_ahead(ui.now) {
        (Role::Accent, lock.to_owned())
    } else {
        (Role::Warn, format!("{}{lock}", ui.glyphs.warn))
    }
}
