//! Which rows of the record are shown: of one person, of one action, about one thing, of a time.

use super::work::{Ask, Reply, ask};
use crate::console::layer::choose::{Choice, Choose};
use crate::console::layer::prompt;
use crate::console::message::{self, Effect};
use crate::console::ui::Ui;
use crate::domain::period::Period;
use crate::ops::audit::Wanted;

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Done by this one, or by those who are called like that.
    pub actor: Option<String>,
    /// This was done, or what is called like that.
    pub action: Option<String>,
    /// Done to this thing.
    pub entity: Option<Entity>,
    /// Done in this time.
    pub period: Period,
}

/// A thing by which rows are found, and what it is called on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its id or its name, or a part of that.
    pub key: String,
    /// For people.
    pub shown: String,
}

/// One of the filters, as a question was answered.
#[derive(Clone, Debug)]
pub enum Only {
    /// Of this one, or of anybody.
    Actor(Option<String>),
    /// This, or anything.
    Action(Option<String>),
    /// Of this time.
    Period(Period),
}

impl From<Only> for Effect {
    fn from(only: Only) -> Self {
        Self::Answer(message::Reply::Audit(Reply::Only(only)))
    }
}

impl Filters {
    /// As `ops` knows them.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            actor: self.actor.clone(),
            action: self.action.clone(),
            thing: self.entity.as_ref().map(|entity| entity.key.clone()),
            since: self.period.since,
            until: self.period.until,
        }
    }

    /// Whether any row is left out.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// Sets one.
    pub fn set(&mut self, only: Only) {
        match only {
            Only::Actor(actor) => self.actor = actor,
            Only::Action(action) => self.action = action,
            Only::Period(period) => self.period = period,
        }
    }

    /// Takes what was typed: who did it behind `actor:`, what was done behind `action:`, and all else is the thing.
    pub fn type_in(&mut self, typed: &str) {
        let mut thing = Vec::new();
        for word in typed.split_whitespace() {
            match word.split_once(':') {
                Some(("actor", name)) if !name.is_empty() => self.actor = Some(name.to_owned()),
                Some(("action", name)) if !name.is_empty() => self.action = Some(name.to_owned()),
                _ => thing.push(word),
            }
        }
        let key = thing.join(" ");
        self.entity = (!key.is_empty()).then(|| Entity {
            shown: key.clone(),
            key,
        });
    }

    /// The title of the list.
    pub fn title(&self, ui: &Ui<'_>) -> String {
        let parts = [
            Some("Audit".to_owned()),
            self.entity.as_ref().map(|entity| ui.fit(&entity.shown, 32)),
            self.actor.as_ref().map(|actor| format!("by {}", ui.fit(actor, 20))),
            self.action.clone(),
            ui.period(&self.period),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(&format!(" {} ", ui.glyphs.dot))
    }

    /// Asks for one of those who did anything.
    pub fn choose_actor(&self, actors: Vec<String>) -> Effect {
        choose(
            "Only what who did?",
            "everybody",
            actors,
            self.actor.as_ref(),
            Only::Actor,
        )
    }

    /// Asks for one of the things that were done.
    pub fn choose_action(&self, actions: Vec<String>) -> Effect {
        choose(
            "Only which action?",
            "everything",
            actions,
            self.action.as_ref(),
            Only::Action,
        )
    }

    /// Asks for a time.
    pub fn ask_period() -> Effect {
        prompt::period("What was done when?", |period| Only::Period(period).into())
    }

    /// Asks who and what is in the record, to choose from.
    pub fn ask_actors() -> Effect {
        ask(Ask::Actors)
    }

    /// The same for what was done.
    pub fn ask_actions() -> Effect {
        ask(Ask::Actions)
    }
}

fn choose(
    title: &str,
    all: &str,
    names: Vec<String>,
    now: Option<&String>,
    only: impl Fn(Option<String>) -> Only,
) -> Effect {
    let at = now.and_then(|now| names.iter().position(|name| name == now));
    let every = Choice::new(all, "", vec![only(None).into()]);
    let choices = names
        .into_iter()
        .map(|name| Choice::new(name.clone(), "", vec![only(Some(name)).into()]));
    let choices = std::iter::once(every).chain(choices).collect();
    Effect::Open(Box::new(Choose::new(title, choices).at(at.map_or(0, |at| at + 1))))
}
