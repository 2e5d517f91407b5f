//! What follows from what was filled in: said below the rows, and at each key.

use chrono_tz::Tz;

use super::key;
use super::read::in_words;
use crate::console::pane::jobs::work::Kept;
use crate::console::ui::fit;
use crate::console::widget::form::Form;
use crate::domain::Error;
use crate::domain::adapter::Database;
use crate::domain::retention::Policy;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Timestamp, zone, zone_meant, zones_like};
use crate::domain::units::{count, size};

/// Fires that are shown.
const FIRES: usize = 3;

/// Zones that are proposed.
const ZONES: usize = 4;

/// Cells of a message.
const MESSAGE: usize = 120;

/// Databases that are named when all are meant.
const NAMED: usize = 5;

/// The schedule in words, and when it fires next: from now on, or when a pause has ended.
pub fn schedule(text: &str, timezone: &str, (now, paused_until): (Timestamp, Option<Timestamp>)) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() {
        return vec!["only by hand: nothing runs it by itself".to_owned()];
    }
    let wrong = |error: &Error| vec![format!("not yet a schedule: {}", in_words(error))];
    let Ok(zone) = zone_meant(timezone) else {
        // In which zone it fires is not known, but what it says is.
        return Schedule::describe_anywhere(text).map_or_else(|error| wrong(&error), |read| vec![read]);
    };
    match Schedule::parse(text, zone.name()) {
        Ok(schedule) => {
            let pause = paused_until.filter(|until| *until > now);
            let fires = schedule.upcoming(pause.unwrap_or(now), FIRES);
            let mut notes = vec![schedule.describe()];
            notes.extend(pause.map(|until| format!("paused until {}, then", local(until, zone))));
            notes.extend(fires.iter().map(|fire| local(*fire, zone)));
            notes
        }
        Err(error) => wrong(&error),
    }
}

fn local(at: Timestamp, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%a %d %b %Y %H:%M %Z").to_string()
}

/// The zones that a text could mean, while it means none.
pub fn zones(text: &str, completing: &str) -> Vec<String> {
    if zone(text.trim()).is_ok() {
        return Vec::new();
    }
    let like = zones_like(text);
    match like.as_slice() {
        [] => vec!["no zone is called like that".to_owned()],
        [first] => vec![format!("{completing} takes {first}")],
        [first, others @ ..] => {
            let shown: Vec<&str> = others.iter().take(ZONES - 1).copied().collect();
            let more = if others.len() > shown.len() { ", …" } else { "" };
            vec![format!("{completing} takes {first}; also {}{more}", shown.join(", "))]
        }
    }
}

/// A policy in words, and what it would do to what is there.
pub fn policy(text: &str, destination: &str, kept: &[Kept]) -> Vec<String> {
    let policy = match text.trim().parse::<Policy>().and_then(Policy::refuse_empty) {
        Ok(policy) => policy,
        Err(error) => return vec![format!("not yet a policy: {}", in_words(&error))],
    };
    let most = policy.at_most().filter(|_| matches!(policy, Policy::Smart { .. }));
    let most = most
        .map(|most| format!(": {} at most", count(most, "copy")))
        .unwrap_or_default();
    let mut notes = vec![format!("keeps {}{most}", policy.describe())];
    let here = kept
        .iter()
        .find(|kept| kept.destination == destination && kept.policy == policy);
    notes.extend(here.map(|kept| match (kept.stay, kept.go) {
        (0, 0) => "no copy is there yet".to_owned(),
        (1, 0) => "the one copy there stays after the next run".to_owned(),
        (all, 0) => format!("all {all} copies there stay after the next run"),
        (0, 1) => "the one copy there goes with the next run".to_owned(),
        (0, all) => format!("all {all} copies there go with the next run"),
        (stay, go) => {
            let all = stay + go;
            let stays = if stay == 1 { "stays" } else { "stay" };
            let goes = if go == 1 { "goes" } else { "go" };
            format!("of {all} copies there, {stay} {stays} and {go} {goes} with the next run")
        }
    }));
    notes
}

/// What "all" means now, or why that is not known.
pub fn databases(form: &Form, found: Option<&Result<Vec<Database>, Error>>) -> Vec<String> {
    match found {
        None => vec!["asking the source …".to_owned()],
        Some(Err(error)) if form.value(key::DATABASES) == key::THESE => {
            vec![format!(
                "the source does not answer, so type the names: {}",
                beginning(&error.message)
            )]
        }
        Some(Err(error)) => vec![format!("the source does not answer: {}", beginning(&error.message))],
        Some(Ok(databases)) if form.value(key::DATABASES) == key::THESE => {
            vec![format!("{} there now", databases.len())]
        }
        Some(Ok(databases)) => {
            let mut shown: Vec<String> = databases
                .iter()
                .take(NAMED)
                .map(|database| format!("{} {}", database.name, size(database.size_bytes)))
                .collect();
            if databases.len() > NAMED {
                shown.push(format!("and {} more", databases.len() - NAMED));
            }
            if shown.is_empty() {
                vec!["there are none now".to_owned()]
            } else {
                vec![format!("now {}", shown.join(", "))]
            }
        }
    }
}

/// As much of a message as a note has room for: tools are talkative, and the whole of it is told by a test of the adapter.
fn beginning(message: &str) -> String {
    fit(message, MESSAGE, "…")
}

/// `1st`, `2nd`, `3rd`, `4th`.
pub fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_a_part_of_its_name() {
        assert_eq!(zones("zurich", "Tab"), ["Tab takes Europe/Zurich"]);
        assert!(zones("new y", "Tab")[0].starts_with("Tab takes America/New_York"));
        assert_eq!(zones("utc", "Tab")[0].split(';').next(), Some("Tab takes UTC"));
        assert!(zones("Europe/Zurich", "Tab").is_empty());
        assert_eq!(zones("atlantis", "Tab"), ["no zone is called like that"]);
    }

    #[test]
    fn what_is_no_policy_is_said_while_it_is_typed() {
        for text in ["zzz", "smart:7,4", "last:0", "smart:0,0,0,0"] {
            assert!(policy(text, "nas", &[])[0].starts_with("not yet a policy: "), "{text}");
        }
        assert!(policy("last:0", "nas", &[])[0].contains("none"), "what to say instead");
        assert_eq!(policy("none", "nas", &[]), ["keeps every copy"]);
    }

    #[test]
    fn one_copy_is_told_of_as_one() {
        let told = |text: &str, stay, go| {
            let kept = Kept {
                destination: "nas".to_owned(),
                policy: text.parse().unwrap(),
                stay,
                go,
            };
            policy(text, "nas", &[kept])
        };
        assert_eq!(
            told("smart:1,0,0,0", 0, 1),
            [
                "keeps 1 day: 1 copy at most",
                "the one copy there goes with the next run"
            ]
        );
        for (stay, go, said) in [
            (0, 0, "no copy is there yet"),
            (1, 0, "the one copy there stays after the next run"),
            (3, 0, "all 3 copies there stay after the next run"),
            (0, 3, "all 3 copies there go with the next run"),
            (1, 2, "of 3 copies there, 1 stays and 2 go with the next run"),
            (2, 1, "of 3 copies there, 2 stay and 1 goes with the next run"),
        ] {
            assert_eq!(told("last:2", stay, go)[1], said);
        }
    }

    #[test]
    fn ordinals() {
        assert_eq!(
            [1, 2, 3, 4, 11, 21].map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "21st"]
        );
    }
}
