//! The last step: what would happen, what stands in the way, and the question before something is replaced.

use chrono_tz::Tz;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::command::{Command, Scope};
use crate::console::layer::confirm::{Confirm, to_type};
use crate::console::message::{Effect, Ticket};
use crate::console::pane::backups::{Ask, ask};
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::widget::failure;
use crate::console::widget::scroll::Scroll;
use crate::domain::blocker::Permission;
use crate::ops::restore::{RestorePlan, Wish};

/// Cells of the labels.
const LABEL: usize = 9;

/// A plan that came.
pub struct Planned {
    plan: RestorePlan,
    /// Two databases were given one name.
    clashes: bool,
    has_engine: bool,
    scroll: Scroll,
}

impl Planned {
    /// The plan for a wish.
    pub fn new(plan: &RestorePlan, wish: &Wish, has_engine: bool) -> Self {
        let mut targets: Vec<&str> = wish.databases.iter().map(|names| names.target.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        Self {
            plan: plan.clone(),
            clashes: targets.len() < wish.databases.len(),
            has_engine,
            scroll: Scroll::default(),
        }
    }

    /// Whether something stands in the way.
    pub fn is_blocked(&self) -> bool {
        !self.plan.blockers.is_empty()
    }

    /// Whether another name, mode or option could help, and not only another source.
    pub fn is_mended_by_names(&self) -> bool {
        self.clashes || self.plan.databases.iter().any(|database| database.exists)
    }

    /// What the key that goes on does.
    pub fn foot(&self, on: &str) -> String {
        if self.is_blocked() && self.is_mended_by_names() {
            format!("Not like this: {on} goes to names and options")
        } else if self.is_blocked() {
            format!("Not like this: {on} goes to the sources")
        } else if self.plan.replaced().is_empty() {
            format!("{on} starts the restore")
        } else {
            format!("{on} asks once more, because something is replaced")
        }
    }

    /// Scrolls. `false` when it means nothing here.
    pub fn command(&mut self, command: Command) -> bool {
        self.scroll.command(command)
    }

    /// Has it done, or asks first; and whether it is being done.
    pub fn start(&self, zone: Tz, ticket: Ticket) -> (Vec<Effect>, bool) {
        let start = ask(Ask::Restore(Box::new(self.plan.clone()))).told_to(ticket);
        let replaced = self.plan.replaced();
        let Some(name) = to_type(&replaced, "database") else {
            return (vec![start], true);
        };
        let title = format!("Replace {} on {}?", replaced.join(", "), self.plan.to);
        let mut confirm = Confirm::new(title, "Replace", vec![start]).line(format!(
            "The state of {} takes the place of what is there now:",
            self.plan.taken_at.in_zone(zone)
        ));
        for database in self.plan.databases.iter().filter(|database| database.replaces) {
            confirm = confirm.warn(format!(
                "  {} on {}: {}",
                database.target,
                self.plan.to,
                database.effect()
            ));
        }
        let confirm = confirm
            .line("It stays as it is until the new one is whole. Afterwards it is gone.")
            .typed(name);
        (vec![Effect::Open(Box::new(confirm))], false)
    }

    /// Draws it.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let room = usize::from(area.width).saturating_sub(LABEL + 2).max(1);
        let mut lines = Vec::new();
        for (label, text) in self.told(ui) {
            let (sign, role) = match label {
                "Blocked" => (ui.glyphs.bad, Role::Bad),
                "Note" => (ui.glyphs.warn, Role::Warn),
                _ => ("", Role::Text),
            };
            for (at, part) in wrapped(&text, room).into_iter().enumerate() {
                let label = if at == 0 { label } else { "" };
                let sign = if at == 0 { sign } else { "" };
                let label_role = if sign.is_empty() { Role::Muted } else { role };
                let head = if sign.is_empty() {
                    format!(" {label}")
                } else {
                    format!(" {sign} {label}")
                };
                lines.push(Line::from(vec![
                    ui.span(label_role, format!("{head:<width$}", width = LABEL + 1)),
                    Span::raw(" "),
                    ui.span(role, ui.fit(&part, room)),
                ]));
            }
        }
        self.scroll.view(ui, frame, area, lines);
    }

    /// The plan in words, what stands in the way first.
    fn told(&self, ui: &Ui<'_>) -> Vec<(&'static str, String)> {
        let told = self.plan.told(|at| ui.instant(at), permit);
        let mut told: Vec<(&'static str, String)> = told
            .into_iter()
            .map(|(label, text)| (label, failure::in_the_console(ui, &text)))
            .collect();
        if !self.has_engine {
            told.push((
                "Note",
                format!(
                    "no engine runs: the restore begins once one does; {} in {} System starts one",
                    ui.key(&[Scope::System, Scope::List], Command::StartEngine),
                    ui.key(&[], Command::ShowSystem)
                ),
            ));
        }
        told.sort_by_key(|(label, _)| *label != "Blocked");
        told
    }
}

/// How something is permitted in the form.
const fn permit(permission: Permission) -> &'static str {
    match permission {
        Permission::Replace => "choose the mode replace",
        Permission::Force => "switch 'Although in use' on",
    }
}
