//! The settings of a PostgreSQL source.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::secret::Secret;
use crate::domain::{Error, Result};

/// The settings of a PostgreSQL source. Fields given beside a URI win over what the URI says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Host name or address; a path such as /var/run/postgresql means a Unix socket in that directory. Default: localhost
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    /// TCP port, or the number in the socket's name
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), extend("default" = 5432))]
    pub(super) port: Option<u16>,
    /// Role to log in as. Default: the operating system's user
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    /// The role's password
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Secret>,
    /// Maintenance database to connect to for questions about the server
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "postgres"))]
    pub(super) database: Option<String>,
    /// Everything in one: postgres://user:password@host:port/database?sslmode=verify-full
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri: Option<Secret>,
    /// TLS: disable, prefer (does not check whom it talks to), require, verify-ca or verify-full
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "prefer"))]
    pub(super) tls: Option<Tls>,
    /// PEM file of the authorities that may have signed the server's certificate
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(super) ca_file: Option<PathBuf>,
    /// PEM file of the client certificate to log in with
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(super) client_cert_file: Option<PathBuf>,
    /// PEM file of the client certificate's key; only its owner may be able to read it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(super) client_key_file: Option<PathBuf>,
    /// Seconds to wait for the server to accept a connection
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 15))]
    pub(super) connect_timeout: Option<u32>,
    /// Directory with `pg_dump` and its companions, or with one for each version; no others are looked for then
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(super) client_dir: Option<PathBuf>,
}

/// How much TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Tls {
    /// None.
    Disable,
    /// If the server offers it; nothing is checked.
    Prefer,
    /// Always; the certificate is only checked when `ca_file` is set.
    Require,
    /// Always; the certificate must be signed by a known authority.
    VerifyCa,
    /// Always; it must also be the certificate of this host.
    VerifyFull,
}

impl Tls {
    /// libpq's word for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl Config {
    /// Refuses what cannot work, naming the field.
    pub(super) fn check(&self) -> Result<()> {
        let texts = [("host", &self.host), ("user", &self.user), ("database", &self.database)];
        for (field, value) in texts {
            if let Some(value) = value
                && (value.is_empty() || value.contains('\0'))
            {
                return Err(bad(field, "is empty or holds a zero byte").next(format!("set {field}, or leave it out")));
            }
        }
        if self.host.as_ref().is_some_and(|host| host.contains(',')) {
            return Err(bad("host", "names several hosts").next("make one adapter for each server"));
        }
        if self.port == Some(0) {
            return Err(bad("port", "is 0").next("use 1 to 65535; PostgreSQL's own is 5432"));
        }
        if self
            .connect_timeout
            .is_some_and(|seconds| !(2..=600).contains(&seconds))
        {
            return Err(bad("connect_timeout", "is out of range").next("use 2 to 600 seconds"));
        }
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            return Err(bad("client_cert_file", "and client_key_file belong together").next("set both, or none"));
        }
        let files = [
            ("ca_file", &self.ca_file),
            ("client_cert_file", &self.client_cert_file),
            ("client_key_file", &self.client_key_file),
            ("client_dir", &self.client_dir),
        ];
        for (field, path) in files {
            if path.as_ref().is_some_and(|path| !path.is_absolute()) {
                return Err(bad(field, "is not an absolute path").next("write the path from / on"));
            }
        }
        Ok(())
    }
}

fn bad(field: &str, what: &str) -> Error {
    Error::usage(format!("field {field} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{fields, read_config, schema_of};
    use serde_json::json;

    #[test]
    fn the_schema_knows_secrets_and_words() {
        let fields = fields(&schema_of::<Config>());
        let secret: Vec<&str> = fields
            .iter()
            .filter(|field| field.secret)
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(secret, ["password", "uri"]);
        let shape = |name: &str| fields.iter().find(|field| field.name == name).unwrap().shape.clone();
        assert_eq!(shape("tls"), "disable|prefer|require|verify-ca|verify-full");
        assert_eq!((shape("port").as_str(), shape("ca_file").as_str()), ("number", "path"));
        assert!(fields.iter().all(|field| !field.help.is_empty() && !field.required));
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let wrong = [
            (json!({"host": ""}), "host"),
            (json!({"host": "a,b"}), "host"),
            (json!({"port": 0}), "port"),
            (json!({"connect_timeout": 1}), "connect_timeout"),
            (json!({"ca_file": "ca.crt"}), "ca_file"),
            (json!({"client_cert_file": "/c"}), "client_cert_file"),
        ];
        for (settings, field) in wrong {
            let error = read_config::<Config>(&settings).unwrap().check().unwrap_err();
            assert!(error.message.contains(field) && !error.next.is_empty(), "{error}");
        }
        assert!(
            read_config::<Config>(&json!({"hots": "a"}))
                .unwrap_err()
                .message
                .contains("hots")
        );
    }
}
