//! A server and the programs to talk to it with. SQL goes to `psql`'s standard input, rows come back as JSON, so that there is
//! one implementation of TLS and of logging in, and it is libpq's, as for dumps.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::catalog::About;
use super::clients::{Client, Clients};
use super::connection::Connection;
use super::session::{Left, Session};
use crate::domain::Result;

/// A question about catalogues that takes longer is given up.
pub(super) const QUESTION_LIMIT: Duration = Duration::from_mins(1);

/// Changes of whole databases, and exact counts, may take this long.
pub(super) const WORK_LIMIT: Duration = Duration::from_hours(6);

/// What every session of ours says first. A database's owner sets what its sessions begin with: without the path, functions and
/// operators of that owner's own would stand in for the server's, and run as the role that backs it up. So would those of a
/// policy on rows; without policies, a table that this role may see a part of is an error and not a part. A statement and not a
/// connection parameter, since poolers refuse those; it calls nothing that could be replaced.
const TRUST_NOTHING: &str = "SET search_path = pg_catalog, pg_temp; SET row_security = off";

/// A server, and the programs to talk to it with.
pub(super) struct Server {
    pub(super) connection: Connection,
    pub(super) client_directory: Option<PathBuf>,
    clients: OnceCell<Clients>,
    /// The login the last conversation left.
    pub(super) left: Left,
    /// What the server said of itself when it was asked first.
    pub(super) said: OnceCell<About>,
}

impl Server {
    pub(super) fn new(connection: Connection, client_directory: Option<PathBuf>) -> Self {
        Self {
            connection,
            client_directory,
            clients: OnceCell::new(),
            left: Left::default(),
            said: OnceCell::new(),
        }
    }

    /// The client programs of this machine; looked for once.
    pub(super) async fn clients(&self) -> Result<&Clients> {
        let find = || Clients::find(self.client_directory.as_deref());
        self.clients.get_or_try_init(find).await
    }

    /// A conversation with one database.
    pub(super) fn session(&self, database: &str) -> Session<'_> {
        Session::new(self, database)
    }

    /// A conversation with the maintenance database.
    pub(super) fn maintenance(&self) -> Session<'_> {
        self.session(&self.connection.database)
    }

    /// The rows of a single query. Nothing is connected to that database any more when it is answered.
    pub(super) async fn rows<T: DeserializeOwned>(&self, database: &str, query: &str) -> Result<Vec<T>> {
        let mut session = self.session(database);
        let rows = session.rows(query).await;
        session.close().await;
        rows
    }

    /// `psql` that reads statements from its standard input and stays silent about what went well.
    pub(super) fn psql_command(&self, client: &Client, database: &str) -> tokio::process::Command {
        let mut command = self.connection.command(&client.program("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--no-password"])
            .args(["--command", TRUST_NOTHING, "--file=-", "--dbname"])
            .arg(Connection::target(database))
            .env("PGCLIENTENCODING", "UTF8");
        command
    }
}
