//! No list, page or look-up costs more because the history is longer. Each query runs on a store and on one four times as
//! large, and has to take about as many steps of SQLite's machine; so it is a matter of counting, not of time.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lists.rs"]
mod lists;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use lists::{Query, Size, fill, queries, whole_lists};
use rusqlite::Connection;
use rusqlite::StatementStatus;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

const SCHEMA: &str = concat!(
    include_str!("../assets/migrations/0001_initial.sql"),
    include_str!("../assets/migrations/0002_restores.sql"),
    include_str!("../assets/migrations/0003_housekeeping.sql"),
    include_str!("../assets/migrations/0004_removed_jobs.sql"),
    include_str!("../assets/migrations/0005_proofs.sql")
);

const SMALL: Size = Size {
    jobs: 10,
    executions: 20_000,
    lines_per_execution: 2,
    backups: 4_000,
    audit_rows: 4_000,
};

const LARGE: Size = Size {
    executions: 4 * SMALL.executions,
    backups: 4 * SMALL.backups,
    audit_rows: 4 * SMALL.audit_rows,
    ..SMALL
};

thread_local! {
    static STEPS: Cell<i64> = const { Cell::new(0) };
    /// What a statement that is run more than once had counted before.
    static COUNTED: RefCell<HashMap<String, i64>> = RefCell::default();
}

fn store(size: &Size) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    db.set_prepared_statement_cache_capacity(0);
    db.execute_batch(SCHEMA).unwrap();
    fill(&db, size);
    let count = |event: TraceEvent<'_>| {
        if let TraceEvent::Profile(statement, _) = event {
            let now = i64::from(statement.get_status(StatementStatus::VmStep));
            let before = COUNTED.with_borrow_mut(|counted| counted.insert(statement.sql().into_owned(), now));
            STEPS.set(STEPS.get() + now - before.filter(|before| *before < now).unwrap_or(0));
        }
    };
    db.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(count)).unwrap();
    db
}

/// The steps a query takes, and the rows it gives.
fn cost(db: &Connection, query: &Query) -> (i64, i64) {
    STEPS.set(0);
    COUNTED.take();
    let rows = (query.run)(db).unwrap();
    (STEPS.get(), i64::try_from(rows).unwrap())
}

#[test]
fn a_longer_history_makes_no_query_slower() {
    let (small, large) = (store(&SMALL), store(&LARGE));
    let mut slower = Vec::new();
    for (in_small, in_large) in queries(&SMALL).iter().zip(&queries(&LARGE)) {
        let ((before, rows_before), (after, rows_after)) = (cost(&small, in_small), cost(&large, in_large));
        assert!(before > 0, "{} was not counted", in_small.name);
        // A page that is fuller now may cost as much more.
        let allowed = before * (rows_after + 1).max(rows_before + 1) / (rows_before + 1);
        if after > allowed + allowed / 4 + 100 {
            slower.push(format!("{}: {before} steps, then {after}", in_small.name));
        }
    }
    assert!(slower.is_empty(), "{}", slower.join("\n"));
}

#[test]
fn whole_lists_find_what_they_look_for() {
    let db = store(&SMALL);
    for query in whole_lists() {
        assert!((query.run)(&db).unwrap() > 0, "{}", query.name);
    }
}
