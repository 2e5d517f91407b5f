//! Asking a server: SQL goes to `psql`'s standard input, rows come back as JSON. So that there is one implementation of TLS
//! and of logging in, and it is libpq's, as for dumps.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::catalog::About;
use super::clients::{Client, Clients};
use super::connection::Connection;
use super::failure::explain;
use crate::domain::{Error, Result};
use crate::process;

/// A question about catalogues that takes longer is given up.
pub(super) const QUESTION_LIMIT: Duration = Duration::from_mins(1);

/// Changes of whole databases, and exact counts, may take this long.
pub(super) const WORK_LIMIT: Duration = Duration::from_hours(6);

/// A server, and the programs to talk to it with.
pub(super) struct Server {
    pub(super) connection: Connection,
    client_directory: Option<PathBuf>,
    clients: OnceCell<Clients>,
    /// What the server said of itself when it was asked first.
    pub(super) said: OnceCell<About>,
}

impl Server {
    pub(super) fn new(connection: Connection, client_directory: Option<PathBuf>) -> Self {
        Self {
            connection,
            client_directory,
            clients: OnceCell::new(),
            said: OnceCell::new(),
        }
    }

    /// The client programs of this machine; looked for once.
    pub(super) async fn clients(&self) -> Result<&Clients> {
        let find = || Clients::find(self.client_directory.as_deref());
        self.clients.get_or_try_init(find).await
    }

    /// The rows of one query.
    pub(super) async fn rows<T: DeserializeOwned>(&self, database: &str, query: &str) -> Result<Vec<T>> {
        self.rows_within(database, query, QUESTION_LIMIT).await
    }

    /// The same with a limit of its own.
    pub(super) async fn rows_within<T: DeserializeOwned>(
        &self,
        database: &str,
        query: &str,
        limit: Duration,
    ) -> Result<Vec<T>> {
        let script = format!(
            "SET statement_timeout = {};\nSELECT coalesce(json_agg(row_to_json(found)), '[]') FROM ({query}\n) AS found;\n",
            limit.as_millis()
        );
        let answer = self.psql(database, &script, limit).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| Error::failed(format!("the server's answer makes no sense: {error}")).on(database))
    }

    /// The only row of one query.
    pub(super) async fn row<T: DeserializeOwned>(&self, database: &str, query: &str) -> Result<T> {
        let rows = self.rows(database, query).await?;
        rows.into_iter()
            .next()
            .ok_or_else(|| Error::failed("the server answered with nothing").on(database))
    }

    /// Runs statements, one transaction each unless they say otherwise; the first that fails ends it.
    pub(super) async fn run(&self, database: &str, statements: &str) -> Result<()> {
        self.psql(database, statements, WORK_LIMIT).await.map(|_| ())
    }

    async fn psql(&self, database: &str, script: &str, limit: Duration) -> Result<Vec<u8>> {
        let client = self.clients().await?.newest()?;
        let mut command = self.psql_command(client, database);
        command.args(["--set=ON_ERROR_STOP=1", "--tuples-only", "--no-align"]);
        // Beyond the server's own limit, so that the server's word comes first.
        let limit = limit + Duration::from_secs(5);
        let answer = process::output(&mut command, script.as_bytes(), limit).await;
        answer.map_err(explain)
    }

    /// `psql` that reads statements from its standard input and stays silent about what went well.
    pub(super) fn psql_command(&self, client: &Client, database: &str) -> tokio::process::Command {
        let mut command = self.connection.command(&client.program("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--no-password", "--file=-", "--dbname"])
            .arg(Connection::target(database))
            .env("PGCLIENTENCODING", "UTF8");
        command
    }
}
