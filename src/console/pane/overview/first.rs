//! The overview where there is no job: what can be restored all the same, and the way to a first job.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::Step;
use super::view::named;
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::ops::status::Jobless;

/// What there is before the first job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// No backup: the next step is what is to be done.
    Nothing,
    /// Backups that can be restored, which comes first.
    Backups,
}

/// The backups that there are where there is no job, and how one is given back.
pub(super) fn restorable(ui: &Ui<'_>, jobless: &Jobless, width: usize) -> Vec<Line<'static>> {
    let newest = format!(
        "{}; the newest is of {}, {}",
        jobless.told(|names| named(ui, names)),
        ui.fit(&jobless.newest_job, 20).trim_end(),
        ui.date(jobless.newest_taken_at)
    );
    let mut lines = failure::signed(ui, Role::Text, " ", &newest, width);
    let pane = format!("{} Backups", ui.key(&[], Command::ShowBackups));
    let next = if ui.read_only {
        format!("{pane} shows them")
    } else {
        let restore = ui.key(&[Scope::Backups, Scope::List], Command::Restore);
        format!("{restore} in {pane} restores one")
    };
    lines.extend(failure::signed(ui, Role::Text, ui.glyphs.arrow, &next, width));
    if let Some(lacking) = jobless.lacking() {
        lines.extend(failure::signed(ui, Role::Warn, ui.glyphs.warn, &lacking, width));
        let next = failure::in_the_console(ui, "`backstay profile import` takes it in");
        lines.extend(failure::signed(ui, Role::Text, ui.glyphs.arrow, &next, width));
    }
    lines
}

/// The way to a first job, with the next step marked.
pub(super) fn steps(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, next: Step, from: From) {
    let title = match from {
        From::Nothing => "Nothing is backed up yet. It takes four things:",
        From::Backups => "A new job takes four things:",
    };
    let mut lines = vec![Line::default(), ui.line(Role::Title, title), Line::default()];
    for (step, name, about) in Step::ALL {
        let (sign, role, name_role) = match step.cmp(&next) {
            std::cmp::Ordering::Less => (ui.glyphs.good, Role::Good, Role::Muted),
            std::cmp::Ordering::Equal => (ui.glyphs.running, Role::Accent, Role::Title),
            std::cmp::Ordering::Greater => (ui.glyphs.idle, Role::Muted, Role::Muted),
        };
        lines.push(Line::from(vec![
            ui.span(role, format!("  {sign} ")),
            ui.span(name_role, format!("{name:<24}")),
            ui.span(Role::Muted, about),
        ]));
    }
    lines.push(Line::default());
    let name = Step::ALL
        .into_iter()
        .find(|(step, _, _)| *step == next)
        .map_or("", |(_, name, _)| name);
    if !ui.read_only {
        let key = match (from, next) {
            (From::Nothing, _) => ui.key(&[Scope::Overview], Command::Open),
            (_, Step::Source | Step::Destination) => failure::in_the_console(ui, "`backstay adapter add`"),
            (_, Step::Profile) => failure::in_the_console(ui, "`backstay profile create`"),
            (_, Step::Job) => failure::in_the_console(ui, "`backstay job add`"),
        };
        lines.push(Line::from(vec![
            ui.span(Role::Key, key),
            Span::raw(" "),
            ui.span(Role::Text, format!("adds {name}.")),
        ]));
    }
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), area);
}
