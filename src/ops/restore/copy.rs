//! Which copy a restore reads: the best one whose destination answers while the plan is made. What the probes found before may
//! be old by now, and so each is asked.

use super::super::adapters::probe_stored;
use crate::domain::backup::Copy;
use crate::domain::blocker::Blocker;
use crate::domain::{Error, Result, words};
use crate::ops::Session;
use crate::ops::backups::Material;
use crate::store::adapters;

/// The copy that is read first, and what there is to say of that.
pub(super) struct Picked<'a> {
    /// It.
    pub(super) copy: &'a Copy,
    /// Why it cannot be read, where no other can either.
    pub(super) blocker: Option<Blocker>,
    /// Which better ones were passed over, one sentence each.
    pub(super) passed_over: Vec<String>,
}

/// The best copy that can be read, or the one at `from`.
pub(super) async fn pick<'a>(session: &Session, material: &'a Material, from: Option<&str>) -> Result<Picked<'a>> {
    let best = material.copy(&session.instance, from)?;
    let good = material.backup.readable_copies();
    // One that is not whole takes the place of a good one only where that is wished for.
    let wanted = if from.is_some() || good.is_empty() {
        vec![best]
    } else {
        good
    };
    let mut silent: Vec<(&Copy, Error)> = Vec::new();
    for copy in wanted {
        let Err(error) = answers(session, copy).await else {
            return Ok(Picked {
                copy,
                blocker: None,
                passed_over: silent.iter().map(|silent| passed_over(silent, copy)).collect(),
            });
        };
        silent.push((copy, error));
    }
    Ok(Picked {
        copy: best,
        blocker: blocker(material, &silent),
        passed_over: Vec::new(),
    })
}

async fn answers(session: &Session, copy: &Copy) -> Result<()> {
    let adapter = session
        .instance
        .store
        .read(|db| adapters::get(db, copy.destination_id))?;
    probe_stored(session, &adapter).await.map(drop)
}

fn passed_over((copy, error): &(&Copy, Error), instead: &Copy) -> String {
    let (silent, other) = (&copy.destination, &instead.destination);
    format!(
        "{silent} does not answer, and {other} is read: {}",
        error.without_next()
    )
}

fn blocker(material: &Material, silent: &[(&Copy, Error)]) -> Option<Blocker> {
    let (first, error) = silent.first()?;
    let name = &first.destination;
    let others = material.backup.readable_copies().into_iter();
    let others: Vec<&str> = others
        .filter(|other| silent.iter().all(|(copy, _)| copy.id != other.id))
        .map(|other| other.destination.as_str())
        .collect();
    let what = match (silent.len(), others.as_slice()) {
        (1, []) => format!(
            "the only copy is at {name}, which does not answer: {}",
            error.without_next()
        ),
        (1, _) => format!("{name} does not answer: {}", error.without_next()),
        _ => {
            let all = silent.iter().map(|(copy, _)| copy.destination.as_str());
            let all = all.collect::<Vec<_>>().join(", ");
            format!("none of {all} answers, where its copies are: {}", error.without_next())
        }
    };
    let next = match (others.first(), error.next.as_str()) {
        (Some(other), _) => format!("read it from {other}, or bring {name} back"),
        (None, "") => format!(
            "bring {name} back; `backstay adapter test {}` looks again",
            words::quoted(name)
        ),
        (None, next) => next.to_owned(),
    };
    Some(Blocker::new(what, next))
}
