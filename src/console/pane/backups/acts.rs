//! What is done with backups after one question: locks, repairs, deletion.

use chrono_tz::Tz;

use super::work::Removable;
use super::{Ask, ask};
use crate::console::command::{Command, Scope};
use crate::console::keymap::Keymap;
use crate::console::layer::confirm::Confirm;
use crate::console::layer::prompt::Prompt;
use crate::console::message::{Effect, Toast};
use crate::domain::Error;
use crate::domain::backup::{Backup, Copy, CopyState};
use crate::domain::id::BackupId;
use crate::domain::units;

/// Where what is done here has its keys.
const SCOPES: [Scope; 2] = [Scope::Backups, Scope::List];

/// Backups that a question lists one by one.
const LISTED: usize = 6;

/// `backup 0123abcd of nightly`
pub fn named(backup: &Backup) -> String {
    format!("backup {} of {}", backup.id.short(), backup.job_name)
}

/// `backup 0123abcd of nightly`, or `3 backups`.
pub fn named_all(backups: &[Backup]) -> String {
    match backups {
        [backup] => named(backup),
        backups => format!("{} backups", backups.len()),
    }
}

fn ids<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Vec<BackupId> {
    backups.into_iter().map(|backup| backup.id).collect()
}

/// A message of an error as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

/// Asks why, and locks those that are not locked; or, where all are, asks whether to unlock them.
pub fn lock(chosen: &[Backup]) -> Vec<Effect> {
    let open: Vec<Backup> = chosen.iter().filter(|backup| !backup.locked).cloned().collect();
    if open.is_empty() {
        return unlock(chosen);
    }
    let ids = ids(&open);
    let help = "Why it has to stay. Retention and people leave it alone until it is unlocked.";
    let title = format!("Lock {}", named_all(&open));
    let prompt = Prompt::new(title, help, "", move |reason, _| {
        if reason.is_empty() {
            return Err(Error::usage("it needs a reason").next("say why: whoever wants to delete it will read this"));
        }
        Ok(vec![ask(Ask::Lock {
            ids: ids.clone(),
            reason: reason.to_owned(),
        })])
    });
    vec![Effect::Open(Box::new(prompt))]
}

fn unlock(chosen: &[Backup]) -> Vec<Effect> {
    let title = format!("Unlock {}?", named_all(chosen));
    let mut confirm = Confirm::new(title, "Unlock", vec![ask(Ask::Unlock(ids(chosen)))]);
    for backup in chosen.iter().take(LISTED) {
        let reason = backup.lock_reason.as_deref().unwrap_or("no reason given");
        confirm = confirm.line(format!("{} is locked: {reason}", named(backup)));
    }
    let confirm =
        more(confirm, chosen.len()).line("The retention of its job decides about it again, and people may delete it.");
    vec![Effect::Open(Box::new(confirm))]
}

/// Asks for repairs where a copy is missing or corrupt.
pub fn repair(chosen: &[Backup], keymap: &Keymap) -> Vec<Effect> {
    let is_broken = |copy: &Copy| copy.state.is_broken();
    let broken = chosen.iter().filter(|backup| backup.copies.iter().any(is_broken));
    let ids = ids(broken);
    vec![if ids.is_empty() {
        let verify = keymap.sign(&SCOPES, Command::Verify);
        Effect::Toast(Toast::note(format!(
            "nothing to repair: no copy is missing or corrupt as far as it is known; {verify} looks again"
        )))
    } else {
        ask(Ask::Repair(ids))
    }]
}

/// What says no before anything is asked: a lock.
pub fn refuse_locked(chosen: &[Backup], keymap: &Keymap) -> Option<Effect> {
    let locked = chosen.iter().find(|backup| backup.locked)?;
    let reason = locked.lock_reason.as_deref().unwrap_or("no reason given");
    let error = Error::refused(format!("it is locked: {reason}"))
        .on(named(locked))
        .next(format!("unlock it with {} first", keymap.sign(&SCOPES, Command::Lock)));
    Some(Effect::Toast(Toast::from(&error)))
}

/// Says what would be deleted where, and has it confirmed by what is typed.
pub fn confirm_removal(found: &[Removable], zone: Tz) -> Vec<Effect> {
    let backups: Vec<Backup> = found.iter().map(|one| one.backup.clone()).collect();
    let todo = found.iter().map(|one| (one.backup.id, one.against.is_some())).collect();
    let title = format!("Delete {}?", named_all(&backups));
    let confirm = Confirm::new(title, "Delete", vec![ask(Ask::Remove(todo))]);
    let confirm = match found {
        [] => return Vec::new(),
        [one] => one_removal(confirm, one, zone).typed(one.backup.id.short()),
        several => several_removals(confirm, several, zone).typed(format!("{} backups", several.len())),
    };
    vec![Effect::Open(Box::new(confirm))]
}

/// The copies of a backup that there are to be deleted.
fn kept(backup: &Backup) -> impl Iterator<Item = &Copy> {
    backup.copies.iter().filter(|copy| copy.state != CopyState::Deleted)
}

fn one_removal(confirm: Confirm, one: &Removable, zone: Tz) -> Confirm {
    let mut confirm = confirm.line(format!("taken {}", one.backup.taken_at.in_zone(zone)));
    for copy in kept(&one.backup) {
        let size = units::size(copy.stored_size);
        confirm = confirm.line(format!("{size} {} at {}", copy.state, copy.destination));
    }
    if let Some(against) = &one.against {
        confirm = confirm.warn(sentence(&against.message));
    }
    confirm.warn("What is deleted cannot be brought back.")
}

/// Of several the sum stands first, for it has to be seen however many there are.
fn several_removals(confirm: Confirm, several: &[Removable], zone: Tz) -> Confirm {
    let copies = || several.iter().flat_map(|one| kept(&one.backup));
    let bytes = copies().map(|copy| copy.stored_size).sum();
    let sum = format!(
        "{}, {} in all",
        units::count(copies().count(), "copy"),
        units::size(bytes)
    );
    let mut confirm = confirm.line(sum);
    let newest = several.iter().filter(|one| one.against.is_some()).count();
    if newest > 0 {
        confirm = confirm.warn(format!("{newest} of them the newest good backup of a job."));
    }
    confirm = confirm.warn("What is deleted cannot be brought back.");
    for one in several.iter().take(LISTED) {
        let backup = &one.backup;
        let at: Vec<&str> = kept(backup).map(|copy| copy.destination.as_str()).collect();
        let taken = backup.taken_at.in_zone(zone);
        let line = format!(
            "{} of {}, {taken}, at {}",
            backup.id.short(),
            backup.job_name,
            at.join(", ")
        );
        confirm = confirm.line(line);
    }
    more(confirm, several.len())
}

/// Says how many are not listed.
fn more(confirm: Confirm, of: usize) -> Confirm {
    match of.saturating_sub(LISTED) {
        0 => confirm,
        more => confirm.line(format!("and {more} more")),
    }
}
