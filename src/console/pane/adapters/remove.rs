//! Removing adapters: what says no before anything is asked, and the questions, of which one is about a destination that is gone
//! for good.

use super::work::{Ask, ask};
use crate::console::command::{Command, Scope};
use crate::console::keymap::Keymap;
use crate::console::layer::confirm::Confirm;
use crate::console::message::{Effect, Toast};
use crate::domain::Error;
use crate::domain::id::AdapterId;
use crate::ops::adapters::{Forgetting, Listed, held_by_copies, named_jobs};

/// Asks whether these go. One that copies lie at goes alone, and what that means is looked up first.
pub(super) fn remove(meant: &[&Listed], keymap: &Keymap) -> Vec<Effect> {
    if let Some(used) = meant.iter().find(|row| !row.jobs.is_empty()) {
        let error = Error::refused(format!("it is used by {}", named_jobs(&used.jobs)))
            .on(format!("adapter {}", used.adapter.name))
            .next("give those jobs another one, or remove them first");
        return vec![Effect::Toast(Toast::from(&error))];
    }
    let mut held = meant
        .iter()
        .filter_map(|row| Some((row.adapter.id, held_by_copies(&row.adapter.name, row.copies)?)));
    match (held.next(), meant) {
        (Some((id, _)), [_]) => vec![ask(Ask::PlanForgetting(id))],
        (Some((_, held)), _) => {
            let delete = keymap.sign(&[Scope::Adapters, Scope::List], Command::Delete);
            let next = format!("take its mark away; {delete} on it alone says what would be lost with it");
            vec![Effect::Toast(Toast::from(&held.next(next)))]
        }
        (None, meant) => ask_whether(meant),
    }
}

fn ask_whether(meant: &[&Listed]) -> Vec<Effect> {
    let ids: Vec<AdapterId> = meant.iter().map(|row| row.adapter.id).collect();
    let names: Vec<&str> = meant.iter().map(|row| row.adapter.name.as_str()).collect();
    let title = match names.as_slice() {
        [] => return Vec::new(),
        [name] => format!("Remove adapter {name}?"),
        names => format!("Remove {} adapters?", names.len()),
    };
    let mut question = Confirm::new(title, "Remove", vec![ask(Ask::Remove(ids))]);
    if names.len() > 1 {
        question = question.line(format!("{}.", names.join(", ")));
    }
    question = question
        .warn("Settings, stored secrets and the history of checks go.")
        .line("Nothing is touched at the other end.");
    if let [name] = names.as_slice() {
        question = question.typed(*name);
    }
    vec![Effect::Open(Box::new(question))]
}

/// Asks whether a destination is gone for good, with what is lost with it.
pub(super) fn forget(going: &Forgetting) -> Effect {
    let adapter = &going.adapter;
    let title = format!("Is {} gone for good?", adapter.name);
    let mut question = Confirm::new(title, "Forget", vec![ask(Ask::Forget(adapter.id))]);
    // What is lost has to be seen however small the screen is.
    for loss in going.losses() {
        question = question.warn(loss);
    }
    for note in going.notes() {
        question = question.line(note);
    }
    let question = question
        .warn("Settings, stored secrets and the history of checks go.")
        .typed(adapter.name.clone());
    Effect::Open(Box::new(question))
}
