//! One backup in full: where its copies are and what was proven of them, what is inside, and how it was made.

use std::fmt::Display;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::view::standing;
use crate::console::command::{Command, Scope};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::failure;
use crate::console::widget::sheet::Sheet;
use crate::domain::Error;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::manifest::ObjectKind;
use crate::domain::profile::Profile;
use crate::domain::units;
use crate::ops::backups::{Shown, ShownObject};

/// Cells of the labels.
const LABEL: usize = 13;

/// What is told of a backup.
pub struct Facts<'a> {
    /// The backup as it is in the list.
    pub backup: &'a Backup,
    /// What is inside, once it is known.
    pub inside: Option<Result<&'a Shown, &'a Error>>,
    /// All profiles, for the name of its key.
    pub profiles: &'a [Profile],
    /// Cells of a line.
    pub width: usize,
}

impl Facts<'_> {
    /// All of it.
    pub fn lines(&self, ui: &Ui<'_>) -> Vec<Line<'static>> {
        let mut sheet = Sheet::new(ui, LABEL, self.width);
        self.facts(&mut sheet);
        let mut lines = sheet.lines;
        lines.push(Line::default());
        lines.push(heading(ui, "COPIES", "STORED", self.width));
        for copy in &self.backup.copies {
            self.copy(ui, copy, &mut lines);
        }
        lines.extend(self.next_step(ui));
        lines.push(Line::default());
        self.inside(ui, &mut lines);
        lines
    }

    fn facts(&self, sheet: &mut Sheet<'_>) {
        let (ui, backup) = (sheet.ui, self.backup);
        let (role, ago) = if backup.is_ahead(ui.now) {
            (
                Role::Warn,
                "ahead of this machine's clock: nothing counts on it".to_owned(),
            )
        } else {
            (Role::Text, ui.ago(backup.taken_at))
        };
        sheet.fact("taken", role, &format!("{}, {ago}", ui.instant(backup.taken_at)));
        let engine = format!("{} {}", backup.driver, backup.engine_version);
        let source = match &self.inside {
            Some(Ok(Shown {
                source: Some(source), ..
            })) => format!("{source}, {engine}"),
            _ => engine,
        };
        sheet.fact("source", Role::Text, &source);
        let size = backup.plain_size().map(units::size);
        sheet.fact(
            "size",
            Role::Text,
            size.as_deref().unwrap_or("not known without the key"),
        );
        sheet.fact("compression", Role::Text, &backup.compression);
        sheet.fact("encryption", Role::Text, &self.key());
        let missing = match &self.inside {
            Some(Ok(shown)) if !shown.missing.is_empty() => shown.missing.join("; "),
            _ => "something that was asked for is not in it".to_owned(),
        };
        if !backup.complete {
            sheet.fact("incomplete", Role::Warn, &missing);
        }
        if backup.locked {
            let reason = backup.lock_reason.as_deref().unwrap_or("no reason given");
            sheet.fact("locked", Role::Accent, &format!("{} {reason}", ui.glyphs.lock));
        }
        match backup.execution_id {
            Some(run) => {
                let key = ui.key(&[Scope::Backups, Scope::List], Command::BackupRun);
                sheet.fact("made by", Role::Text, &format!("run {}  ({key} shows it)", run.short()));
            }
            None => sheet.fact("made by", Role::Muted, "a run this catalogue does not know"),
        }
    }

    /// The profile whose key it is, or the key's own name.
    fn key(&self) -> String {
        let Some(key) = &self.backup.key_id else {
            return "none".to_owned();
        };
        let short: String = key.chars().take(8).collect();
        match self.profiles.iter().find(|profile| profile.key_id == *key) {
            Some(profile) => format!("{}, key {short}", profile.name),
            None => format!("key {short}, which is not here"),
        }
    }

    fn copy(&self, ui: &Ui<'_>, copy: &Copy, lines: &mut Vec<Line<'static>>) {
        let (sign, role, word) = standing(ui, copy);
        let is_deleted = copy.state == CopyState::Deleted;
        let size = if is_deleted {
            String::new()
        } else {
            units::size(copy.stored_size)
        };
        let told = match (
            copy.proof(),
            copy.verified_ok,
            copy.verified_level.zip(copy.verified_at),
        ) {
            _ if is_deleted => word.to_owned(),
            (Some((level, at)), ..) => format!("proven by {level} {}", ui.ago(at)),
            (None, Some(false), Some((level, at))) => format!("{word}, found by {level} {}", ui.ago(at)),
            (None, None, _) if copy.state == CopyState::Present => match copy.former_proof() {
                Some(_) => format!("{word}, not looked at since it came back"),
                None => format!("{word}, never looked at"),
            },
            _ => word.to_owned(),
        };
        let away = copy.out_of_reach_since.filter(|_| copy.state.is_held());
        let head = format!("{sign} {}", copy.destination);
        let rest = format!("  {told}");
        let room = self.width.saturating_sub(size.width() + 1);
        let head = ui.fit(&head, room);
        let rest = ui.fit(&rest, room.saturating_sub(head.width()));
        let gap = self.width.saturating_sub(head.width() + rest.width() + size.width());
        lines.push(Line::from(vec![
            ui.span(role, head),
            ui.span(Role::Text, rest),
            Span::raw(" ".repeat(gap)),
            ui.span(Role::Text, size),
        ]));
        if let Some(since) = away {
            let text = format!("out of reach since {}: {} is offline", ui.date(since), copy.destination);
            let text = ui.fit(&text, self.width.saturating_sub(2));
            lines.push(ui.line(Role::Warn, format!("  {text}")));
        }
        let later = copy.later_look();
        let later = later.map(|(level, at)| format!("looked at by {level} {}", ui.ago(at)));
        let former = copy.former_proof();
        let former = former.map(|(level, at)| format!("last proven by {level} {}", ui.ago(at)));
        for text in later.into_iter().chain(former) {
            let text = ui.fit(&text, self.width.saturating_sub(2));
            lines.push(ui.line(Role::Text, format!("  {text}")));
        }
        lines.push(ui.line(
            Role::Muted,
            format!("  {}", ui.fit(&copy.path, self.width.saturating_sub(2))),
        ));
    }

    /// What to do where a copy is missing or corrupt.
    fn next_step(&self, ui: &Ui<'_>) -> Vec<Line<'static>> {
        if !self.backup.copies.iter().any(|copy| copy.state.is_broken()) || ui.read_only {
            return Vec::new();
        }
        let key = |command| ui.key(&[Scope::Backups, Scope::List], command);
        let text = if self.backup.is_repairable() {
            let readable = self.backup.readable_copies();
            let away = readable.first().filter(|copy| !copy.is_in_reach());
            let back = away.map_or_else(String::new, |copy| format!("once {} is back, ", copy.destination));
            format!("{back}{} makes the copy anew from a good one", key(Command::Repair))
        } else {
            let mend = match &self.inside {
                Some(Ok(shown)) => shown.mend.as_deref().unwrap_or_default(),
                _ => "",
            };
            let mend = match failure::in_the_console(ui, mend) {
                mend if mend.is_empty() => mend,
                mend => format!(", then {mend}"),
            };
            format!(
                "no good copy is left; {} looks at each again{mend}",
                key(Command::Verify)
            )
        };
        failure::signed(ui, Role::Text, ui.glyphs.arrow, &text, self.width)
    }

    fn inside(&self, ui: &Ui<'_>, lines: &mut Vec<Line<'static>>) {
        match self.inside {
            None => lines.push(ui.line(Role::Muted, ui.reading())),
            Some(Err(error)) => lines.extend(failure::lines(ui, error, self.width)),
            Some(Ok(shown)) => {
                lines.push(heading(ui, "INSIDE", "SIZE", self.width));
                for object in &shown.objects {
                    self.object(ui, object, lines);
                }
                if let Some(sealed) = &shown.sealed {
                    lines.extend(failure::lines_as(ui, Role::Warn, &failure::kept_as(sealed), self.width));
                }
            }
        }
    }

    fn object(&self, ui: &Ui<'_>, object: &ShownObject, lines: &mut Vec<Line<'static>>) {
        let name = match (object.kind, &object.database) {
            (Some(ObjectKind::Globals), _) => "roles and tablespaces".to_owned(),
            (_, Some(database)) => database.clone(),
            _ => "sealed".to_owned(),
        };
        let counted = match &object.stats {
            Some(stats) if stats.tables > 0 => {
                format!("  {}, {}", counted(stats.tables, "table"), counted(stats.rows, "row"))
            }
            _ => String::new(),
        };
        let size = units::size(object.logical_size.unwrap_or(object.stored_size));
        let room = self.width.saturating_sub(size.width() + 1);
        let name = ui.fit(&name, room);
        let counted = ui.fit(&counted, room.saturating_sub(name.width()));
        let gap = self.width.saturating_sub(name.width() + counted.width() + size.width());
        lines.push(Line::from(vec![
            ui.span(Role::Text, name),
            ui.span(Role::Muted, counted),
            Span::raw(" ".repeat(gap)),
            ui.span(Role::Text, size),
        ]));
        let stored = format!("{}, {} stored", object.name, units::size(object.stored_size));
        lines.push(ui.line(
            Role::Muted,
            format!("  {}", ui.fit(&stored, self.width.saturating_sub(2))),
        ));
    }
}

fn heading(ui: &Ui<'_>, left: &str, right: &str, width: usize) -> Line<'static> {
    let gap = width.saturating_sub(left.len() + right.len());
    ui.line(Role::Muted, format!("{left}{}{right}", " ".repeat(gap)))
}

/// `1 row`, `5,000 rows`.
pub fn counted(number: impl TryInto<u64> + Display, of: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} {}", units::plural(number, of))
}
