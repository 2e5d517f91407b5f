//! Which tables are in a database, and how large they are.

use serde::Deserialize;

use super::catalog::USER_TABLES;
use super::server::Server;
use crate::domain::Result;
use crate::domain::adapter::{Table, Tables};
use crate::source::TABLES_LISTED;

/// A table, and what is the same in the answer about each: how many there are, and the bytes of all.
#[derive(Deserialize)]
struct Listed {
    schema: String,
    name: String,
    estimated_rows: Option<u64>,
    size_bytes: u64,
    count: u64,
    all_bytes: u64,
}

impl Server {
    /// The largest tables of a database. A partition is a table; its parent has no rows of its own and is none.
    pub(super) async fn largest_tables(&self, database: &str) -> Result<Tables> {
        // One that was dropped meanwhile has no size. One that nobody has analysed has no number of rows: -1, and 0 before 14.
        let query = format!(
            "SELECT measured.*, count(*) OVER () AS count, (sum(size_bytes) OVER ())::bigint AS all_bytes
             FROM (SELECT n.nspname AS schema, c.relname AS name,
                 CASE WHEN c.reltuples > 0 OR c.reltuples = 0 AND current_setting('server_version_num')::int >= 140000
                     THEN c.reltuples::bigint END AS estimated_rows,
                 coalesce(pg_total_relation_size(c.oid), 0) AS size_bytes {USER_TABLES}) AS measured
             ORDER BY size_bytes DESC, schema, name LIMIT {TABLES_LISTED}"
        );
        let listed = self.rows(database, &query).await;
        let listed: Vec<Listed> = listed.map_err(|error| error.or_on(format!("database {database}")))?;
        let first = listed.first();
        Ok(Tables {
            count: first.map_or(0, |table| table.count),
            size_bytes: Some(first.map_or(0, |table| table.all_bytes)),
            tables: listed
                .into_iter()
                .map(|table| Table {
                    schema: Some(table.schema),
                    name: table.name,
                    estimated_rows: table.estimated_rows,
                    size_bytes: Some(table.size_bytes),
                })
                .collect(),
            notes: Vec::new(),
        })
    }
}
