//! The demo's shop: a SQLite database with customers, orders and items, and a clerk who takes an order every second.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;

use crate::domain::error::Context;
use crate::domain::{Error, Result};

/// An order comes in this often.
const PACE: Duration = Duration::from_secs(1);

/// The tables, each with an id that only grows.
const TABLES: [&str; 3] = ["customers", "orders", "items"];

/// 500 customers, 4,000 orders, 12,000 items.
const STOCK: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), ordered_at TEXT NOT NULL);
    CREATE TABLE items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), article TEXT NOT NULL,
        quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL);
    CREATE INDEX items_by_order ON items (order_id);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO customers SELECT i, 'Customer ' || i, CASE i % 4 WHEN 0 THEN 'Zürich' WHEN 1 THEN 'Łódź' WHEN 2 THEN 'Brno' ELSE 'Porto' END FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
        INSERT INTO orders SELECT i, 1 + i * 37 % 500, datetime('now', (i - 4000) || ' minutes') FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        INSERT INTO items SELECT i, 1 + (i - 1) / 3, 'Article ' || (i * 101 % 900), 1 + i % 5, 100 + i * 7919 % 9900 FROM n;";

/// One more order with two items.
const ORDER: &str = "
    BEGIN IMMEDIATE;
    INSERT INTO orders (customer_id, ordered_at) VALUES (1 + abs(random() % 500), datetime('now'));
    INSERT INTO items (order_id, article, quantity, price_cents)
        SELECT max(id), 'Article ' || abs(random() % 900), 1, 100 + abs(random() % 9900) FROM orders;
    INSERT INTO items (order_id, article, quantity, price_cents)
        SELECT max(id), 'Article ' || abs(random() % 900), 2, 100 + abs(random() % 9900) FROM orders;
    COMMIT;";

/// A shop that is open. Dropping it closes it.
pub struct Shop {
    path: PathBuf,
    close: Option<Sender<()>>,
    clerk: Option<JoinHandle<Result<()>>>,
}

/// How a restored shop compares with the living one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Rows in the restored shop.
    pub restored_rows: u64,
    /// Rows in the living one, which has gone on since.
    pub living_rows: u64,
    /// Rows of the restored shop that are not in the living one just so. Nothing is ever changed in a shop, so any is wrong.
    pub strange_rows: u64,
}

impl Shop {
    /// Stocks a new shop at `path` and opens it.
    pub fn open(path: &Path) -> Result<Self> {
        let stocking = Connection::open(path).and_then(|shop| shop.execute_batch(STOCK).map(|()| shop));
        let shop = stocking.map_err(|error| unusable(&error, path))?;
        let (close, closing) = mpsc::channel();
        let shown = path.to_owned();
        let clerk = move || loop {
            match closing.recv_timeout(PACE) {
                Err(RecvTimeoutError::Timeout) => {
                    shop.execute_batch(ORDER).map_err(|error| unusable(&error, &shown))?;
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        };
        let clerk = std::thread::Builder::new()
            .name("shop".to_owned())
            .spawn(clerk)
            .doing("cannot start", "the demo's shop")?;
        Ok(Self {
            path: path.to_owned(),
            close: Some(close),
            clerk: Some(clerk),
        })
    }

    /// Compares the shop restored at `path` with this one.
    pub fn compare(&self, path: &Path) -> Result<Comparison> {
        let failed = |error: rusqlite::Error| unusable(&error, path);
        let living = Connection::open(&self.path).map_err(failed)?;
        living
            .execute("ATTACH DATABASE ?1 AS restored", [path.display().to_string()])
            .map_err(failed)?;
        let count = |sql: String| {
            living
                .query_row(&sql, [], |row| row.get::<_, u32>(0))
                .map(u64::from)
                .map_err(failed)
        };
        let mut found = Comparison {
            restored_rows: 0,
            living_rows: 0,
            strange_rows: 0,
        };
        for table in TABLES {
            found.restored_rows += count(format!("SELECT count(*) FROM restored.{table}"))?;
            found.living_rows += count(format!("SELECT count(*) FROM main.{table}"))?;
            found.strange_rows += count(format!(
                "SELECT count(*) FROM (SELECT * FROM restored.{table} EXCEPT SELECT * FROM main.{table})"
            ))?;
        }
        Ok(found)
    }

    /// Closes the shop; tells of an order that could not be taken.
    pub fn close(mut self) -> Result<()> {
        self.send_home()
    }

    fn send_home(&mut self) -> Result<()> {
        drop(self.close.take());
        match self.clerk.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(Error::failed("its clerk died").on("the demo's shop")),
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Whoever wants to know how it ended has called `close`.
        let _ = self.send_home();
    }
}

fn unusable(error: &rusqlite::Error, path: &Path) -> Error {
    Error::failed(format!("cannot use it: {error}")).on(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_that_lost_or_changed_a_row_shows() {
        let directory = tempfile::tempdir().unwrap();
        let shop = Shop::open(&directory.path().join("shop.db")).unwrap();
        let copy = directory.path().join("copy.db");
        let living = Connection::open(directory.path().join("shop.db")).unwrap();
        living.execute("VACUUM INTO ?1", [copy.display().to_string()]).unwrap();
        assert_eq!(shop.compare(&copy).unwrap().strange_rows, 0);
        Connection::open(&copy)
            .unwrap()
            .execute_batch("UPDATE items SET quantity = 99 WHERE id = 7")
            .unwrap();
        let found = shop.compare(&copy).unwrap();
        assert_eq!(found.strange_rows, 1);
        assert!(found.restored_rows >= 16_500, "{found:?}");
        shop.close().unwrap();
    }
}
