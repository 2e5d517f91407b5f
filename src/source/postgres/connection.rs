//! How the client programs reach the server: through libpq's environment variables, set for the child alone. Nothing of a
//! connection but a database's name is ever on a command line, and nothing of the caller's own `PG…` variables gets through.

use std::path::Path;

use tokio::process::Command;

use super::config::Config;
use super::{sql, uri};
use crate::domain::Result;
use crate::domain::secret::Secret;

/// Seconds to wait for the server to accept a connection, unless set otherwise.
const CONNECT_TIMEOUT: u32 = 15;

/// What our sessions are called on the server.
pub(super) const APPLICATION: &str = "backstay";

/// A peer that vanished is noticed after two minutes of silence.
const KEEPALIVES: &str = "keepalives_idle=60 keepalives_interval=10 keepalives_count=6";

/// Where a server is and how to log in.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    variables: Vec<(&'static str, Secret)>,
    /// The maintenance database.
    pub(super) database: String,
}

impl Connection {
    /// Puts the settings together; a field wins over the URI.
    pub(super) fn new(config: &Config) -> Result<Self> {
        config.check()?;
        let mut variables = match &config.uri {
            Some(uri) => uri::variables(uri.expose())?,
            None => Vec::new(),
        };
        let path = |path: &Option<std::path::PathBuf>| path.as_deref().map(Path::to_string_lossy).map(String::from);
        let fields = [
            ("PGHOST", config.host.clone()),
            ("PGPORT", config.port.map(|port| port.to_string())),
            ("PGUSER", config.user.clone()),
            (
                "PGPASSWORD",
                config.password.as_ref().map(|password| password.expose().to_owned()),
            ),
            ("PGDATABASE", config.database.clone()),
            ("PGSSLMODE", config.tls.map(|tls| tls.as_str().to_owned())),
            ("PGSSLROOTCERT", path(&config.ca_file)),
            ("PGSSLCERT", path(&config.client_cert_file)),
            ("PGSSLKEY", path(&config.client_key_file)),
            (
                "PGCONNECT_TIMEOUT",
                config.connect_timeout.map(|seconds| seconds.to_string()),
            ),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                variables.retain(|(earlier, _)| *earlier != name);
                variables.push((name, value));
            }
        }
        let defaults = [
            ("PGHOST", "localhost".to_owned()),
            ("PGPORT", "5432".to_owned()),
            ("PGDATABASE", "postgres".to_owned()),
            ("PGSSLMODE", "prefer".to_owned()),
            ("PGCONNECT_TIMEOUT", CONNECT_TIMEOUT.to_string()),
        ];
        for (name, value) in defaults {
            if !variables.iter().any(|(known, _)| *known == name) {
                variables.push((name, value));
            }
        }
        let database = variables
            .iter()
            .find(|(name, _)| *name == "PGDATABASE")
            .map(|(_, value)| value.clone());
        Ok(Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
            database: database.unwrap_or_default(),
        })
    }

    /// `backup@db1:5432`.
    pub(super) fn summary(&self) -> String {
        let address = match (self.variable("PGHOST"), self.variable("PGPORT")) {
            (host, port) if host.contains(':') => format!("[{host}]:{port}"),
            (host, port) => format!("{host}:{port}"),
        };
        match self.variable("PGUSER") {
            "" => address,
            user => format!("{user}@{address}"),
        }
    }

    /// A client program, told where the server is.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = bare_command(program);
        for (name, value) in &self.variables {
            command.env(name, value.expose());
        }
        command
    }

    /// A database as the programs' `--dbname` takes it. Always a whole connection string, so that a name that looks like one
    /// is not taken for one.
    pub(super) fn target(database: &str) -> String {
        format!("dbname={} {KEEPALIVES}", sql::connection_value(database))
    }

    /// What should be known of how safe the way to the server is; nothing when its certificate is checked, or when the way is a
    /// socket on this machine.
    pub(super) fn tls_note(&self) -> Option<String> {
        if self.variable("PGHOST").starts_with('/') {
            return None;
        }
        let mode = self.variable("PGSSLMODE");
        let told = match mode {
            "disable" => "the connection is not encrypted",
            "allow" | "prefer" => {
                "the connection is encrypted only when the server offers it, and the server's certificate is not verified"
            }
            // With a file of authorities libpq verifies it all the same.
            "require" if self.variable("PGSSLROOTCERT").is_empty() => {
                "the connection is encrypted, and the server's certificate is not verified"
            }
            _ => return None,
        };
        Some(format!(
            "tls={mode}: {told}; set tls to verify-full to have it verified"
        ))
    }

    fn variable(&self, wanted: &str) -> &str {
        let found = self.variables.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| value.expose())
    }
}

/// A client program that is to connect to nothing: English messages, and none of the caller's `PG…` variables.
pub(super) fn bare_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("PGAPPNAME", APPLICATION)
        // Files that cannot exist: one that is no regular file makes libpq complain.
        .env("PGPASSFILE", "/dev/null/none")
        .env("PGSERVICEFILE", "/dev/null/none")
        .env("PGSYSCONFDIR", "/dev/null/none");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn a_field_wins_over_the_uri_and_no_secret_is_shown() {
        let config = Config {
            uri: Some(Secret::new("postgres://app:hunter22@db1:5433/shop")),
            user: Some("backup".to_owned()),
            ..Config::default()
        };
        let connection = Connection::new(&config).unwrap();
        assert_eq!(connection.summary(), "backup@db1:5433");
        assert_eq!(connection.database, "shop");
        assert!(!format!("{connection:?}").contains("hunter22"));
        let command = connection.command(Path::new("psql"));
        assert!(command.as_std().get_args().next().is_none());
    }

    #[test]
    fn a_server_whose_certificate_is_not_verified_is_pointed_out() {
        let note = |uri: &str| {
            let config = Config {
                uri: Some(Secret::new(uri)),
                ..Config::default()
            };
            Connection::new(&config).unwrap().tls_note().unwrap_or_default()
        };
        assert!(note("postgres://db1/shop").starts_with("tls=prefer: "));
        assert!(note("postgres://db1/shop?sslmode=disable").contains("not encrypted"));
        assert!(note("postgres://db1/shop?sslmode=require").contains("not verified"));
        assert_eq!(note("postgres://db1/shop?sslmode=verify-full"), "");
        assert_eq!(note("postgres:///shop?host=/var/run/postgresql"), "");
    }

    #[test]
    fn a_name_that_looks_like_a_connection_string_is_a_name() {
        assert!(Connection::target("host=evil dbname='x'").starts_with("dbname='host=evil dbname=\\'x\\'' "));
        assert!(Connection::target("postgres://evil/x").starts_with("dbname='postgres://evil/x' "));
    }
}
