//! A page of the log. Whatever it is narrowed down to, each name has an index in which its rows follow each other, so that a
//! page is put together from the first rows of each of them and costs the same however long the log is.

use std::collections::BTreeSet;

use rusqlite::ToSql;

use super::read;
use crate::domain::Result;
use crate::domain::audit::AuditRow;
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::store::Db;
use crate::store::sql::{Columns, order, to_json};

/// Which rows to list. Where names are wanted but there are none, nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what one of these did.
    pub actors: Option<Vec<String>>,
    /// Only these actions.
    pub actions: Option<Vec<String>>,
    /// Only about the things with these ids or names; of a run also that it was asked for.
    pub things: Option<Vec<String>>,
    /// Of those, only things of this type.
    pub entity_type: Option<String>,
    /// Only rows of this instant or later.
    pub since: Option<Timestamp>,
    /// Only rows of before this instant.
    pub until: Option<Timestamp>,
}

/// Where a page lies, and how far it goes.
struct Span {
    lower: i64,
    upper: i64,
    order: &'static str,
    limit: u32,
}

/// The rows next to an edge, newest first.
pub fn list(db: &Db, filter: &Filter, edge: Edge<i64>, limit: u32) -> Result<Vec<AuditRow>> {
    let span = Span::new(db, filter, edge, limit)?;
    let found = if let Some(things) = &filter.things {
        span.about(db, filter, things)?
    } else {
        span.of_all(db, filter)?
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Nearest to the edge first.
    let mut page: Vec<i64> = if edge.is_ascending() {
        found.into_iter().take(limit).collect()
    } else {
        found.into_iter().rev().take(limit).collect()
    };
    if edge.is_ascending() {
        page.reverse();
    }
    let mut statement = db.prepare_cached("SELECT * FROM audit_log WHERE seq = ?1")?;
    let rows = page.into_iter().map(|seq| statement.query_row([seq], read));
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Span {
    fn new(db: &Db, filter: &Filter, edge: Edge<i64>, limit: u32) -> Result<Self> {
        let since = filter.since.map(|since| first_at(db, since)).transpose()?;
        let until = filter.until.map(|until| first_at(db, until)).transpose()?;
        let lower = edge.lower().copied().max(since.map(|first| first - 1));
        let upper = [edge.upper().copied(), until].into_iter().flatten().min();
        Ok(Self {
            lower: lower.unwrap_or(i64::MIN),
            upper: upper.unwrap_or(i64::MAX),
            order: order(&edge),
            limit,
        })
    }

    /// The numbers of the rows of everything: of each pair of names the first.
    fn of_all(&self, db: &Db, filter: &Filter) -> Result<BTreeSet<i64>> {
        let mut found = BTreeSet::new();
        for actor in each(filter.actors.as_ref()) {
            for action in each(filter.actions.as_ref()) {
                // Left to itself SQLite takes a span of numbers to be narrower than a name is.
                let (index, condition) = match (actor, action) {
                    (None, None) => ("", "true"),
                    (Some(_), None) => ("INDEXED BY audit_log_by_actor", "actor = :actor"),
                    (None, Some(_)) => ("INDEXED BY audit_log_by_action", "action = :action"),
                    (Some(_), Some(_)) => (
                        "INDEXED BY audit_log_by_actor_action",
                        "actor = :actor AND action = :action",
                    ),
                };
                let names = [(":actor", actor), (":action", action)];
                found.extend(self.numbers(db, index, condition, &names)?);
            }
        }
        Ok(found)
    }

    /// The numbers of the rows about things. The rows of one thing are few, and found by it alone.
    fn about(&self, db: &Db, filter: &Filter, things: &[String]) -> Result<BTreeSet<i64>> {
        let actors = filter.actors.as_ref().map(to_json).transpose()?;
        let actions = filter.actions.as_ref().map(to_json).transpose()?;
        let mut narrowed = String::new();
        if actors.is_some() {
            narrowed.push_str(" AND actor IN (SELECT value FROM json_each(:actors))");
        }
        if actions.is_some() {
            narrowed.push_str(" AND action IN (SELECT value FROM json_each(:actions))");
        }
        if filter.entity_type.is_some() {
            narrowed.push_str(" AND entity_type = :type");
        }
        let ways = [
            ("INDEXED BY audit_log_by_entity", "entity_id = :thing"),
            ("INDEXED BY audit_log_by_entity_name", "entity_name = :thing"),
            // Who asks for a run does so of its backup or its job.
            (
                "INDEXED BY audit_log_by_entity",
                "entity_id IN (SELECT json_extract(request, '$.backup') FROM executions WHERE id = :thing
                     UNION ALL SELECT job_id FROM executions WHERE id = :thing) AND json_extract(diff, '$.run') = :thing",
            ),
        ];
        let mut found = BTreeSet::new();
        for thing in things {
            let names = [
                (":thing", Some(thing)),
                (":actors", actors.as_ref()),
                (":actions", actions.as_ref()),
                (":type", filter.entity_type.as_ref()),
            ];
            for (index, condition) in ways {
                found.extend(self.numbers(db, index, &format!("{condition}{narrowed}"), &names)?);
            }
        }
        Ok(found)
    }

    /// The numbers of the first rows of an index for which a condition holds.
    fn numbers(&self, db: &Db, index: &str, condition: &str, names: &[(&str, Option<&String>)]) -> Result<Vec<i64>> {
        let order = self.order;
        let mut statement = db.prepare_cached(&format!(
            "SELECT seq FROM audit_log {index} WHERE {condition} AND seq > :lower AND seq < :upper ORDER BY seq {order} LIMIT :limit"
        ))?;
        let mut values: Vec<(&str, &dyn ToSql)> = vec![
            (":lower", &self.lower),
            (":upper", &self.upper),
            (":limit", &self.limit),
        ];
        values.extend(names.iter().filter_map(|(name, value)| {
            let value = value.as_ref()?;
            Some((*name, *value as &dyn ToSql))
        }));
        let rows = statement.query_map(values.as_slice(), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Each of the names; `None` once where any will do.
fn each(names: Option<&Vec<String>>) -> Vec<Option<&String>> {
    names.map_or_else(|| vec![None], |names| names.iter().map(Some).collect())
}

/// The number of the first row of `at` or later; one more than there are when there is none. Rows follow each other in time,
/// so it is found by halving; a clock that was set back makes the place that unsharp.
fn first_at(db: &Db, at: Timestamp) -> Result<i64> {
    let last: Option<i64> = db
        .prepare_cached("SELECT max(seq) FROM audit_log")?
        .query_row([], |row| row.get(0))?;
    let mut time = db.prepare_cached("SELECT at FROM audit_log WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let (mut low, mut high) = (1, last.unwrap_or(0) + 1);
    while low < high {
        let middle = i64::midpoint(low, high);
        if time.query_row([middle], |row| row.time("at"))? < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
