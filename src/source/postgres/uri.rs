//! Connection URIs, as libpq understands them, taken apart here so that what is secret in them never reaches a command line.

use crate::domain::{Error, Result};

/// URI parameters that libpq also takes from its environment, and the variable for each.
const PARAMETERS: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslcrl", "PGSSLCRL"),
    ("sslsni", "PGSSLSNI"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("require_auth", "PGREQUIREAUTH"),
    ("gssencmode", "PGGSSENCMODE"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("options", "PGOPTIONS"),
];

/// Parameters that mean nothing for a backup.
const IGNORED: &[&str] = &["application_name", "fallback_application_name"];

/// Takes a URI apart into libpq's environment variables.
pub(super) fn variables(uri: &str) -> Result<Vec<(&'static str, String)>> {
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .ok_or_else(|| bad("does not begin with postgres://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (userinfo, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let (host, port) = host_and_port(address)?;

    let mut found = Vec::new();
    for (name, value) in [
        ("user", user),
        ("password", password),
        ("host", host),
        ("port", port),
        ("dbname", path),
    ] {
        if !value.is_empty() {
            set(&mut found, name, &decode(value)?)?;
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| bad("has a parameter without a value"))?;
        set(&mut found, &decode(name)?, &decode(value)?)?;
    }
    Ok(found)
}

fn set(found: &mut Vec<(&'static str, String)>, name: &str, value: &str) -> Result<()> {
    if IGNORED.contains(&name) {
        return Ok(());
    }
    if matches!(name, "host" | "hostaddr" | "port") && value.contains(',') {
        return Err(bad("names several hosts").next("make one adapter for each server"));
    }
    if name == "port" && !value.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(bad("has a port that is no number from 1 to 65535"));
    }
    let (_, variable) = PARAMETERS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| bad(&format!("has the parameter '{name}', which is not supported")))?;
    found.retain(|(earlier, _)| earlier != variable);
    found.push((variable, value.to_owned()));
    Ok(())
}

/// `host`, `host:port`, `[::1]:port`.
fn host_and_port(address: &str) -> Result<(&str, &str)> {
    if address.contains(',') {
        return Err(bad("names several hosts").next("make one adapter for each server"));
    }
    let Some(bracketed) = address.strip_prefix('[') else {
        return Ok(address.split_once(':').unwrap_or((address, "")));
    };
    let (host, rest) = bracketed.split_once(']').ok_or_else(|| bad("has a [ without its ]"))?;
    Ok((host, rest.strip_prefix(':').unwrap_or_default()))
}

fn decode(text: &str) -> Result<String> {
    let wrong = || bad("has a % that is not followed by two hex digits, or stands for no text").next("write % as %25");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let (digits, behind) = behind.split_at_checked(2).ok_or_else(wrong)?;
            bytes.extend(hex::decode(digits).map_err(|_| wrong())?);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    if text.contains('\0') {
        return Err(wrong());
    }
    Ok(text)
}

/// Says nothing of the URI itself: there may be a password in it.
fn bad(what: &str) -> Error {
    Error::usage(format!("field uri {what}"))
        .next("write postgres://user:password@host:port/database, or use the fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_taken_apart() {
        let found =
            variables("postgres://b%40ckup:p%3Aw%2F@[::1]:5433/my%20db?sslmode=require&application_name=x").unwrap();
        let expected = [
            ("PGUSER", "b@ckup"),
            ("PGPASSWORD", "p:w/"),
            ("PGHOST", "::1"),
            ("PGPORT", "5433"),
            ("PGDATABASE", "my db"),
            ("PGSSLMODE", "require"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_socket_directory_may_stand_in_either_place() {
        assert_eq!(
            variables("postgres://%2Frun%2Fpg/x").unwrap()[0],
            ("PGHOST", "/run/pg".to_owned())
        );
        assert_eq!(
            variables("postgresql:///x?host=/run/pg").unwrap()[1],
            ("PGHOST", "/run/pg".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_without_showing_the_password() {
        for uri in [
            "mysql://a:hunter22@b/c",
            "postgres://a:hunter22@b,c/d",
            "postgres://a:hunter22@b/c?service=x",
            "postgres://a:hunter22%zz@b/c",
            "postgres://a:hunter22@b:99999/c",
        ] {
            let error = variables(uri).unwrap_err().to_string();
            assert!(!error.contains("hunter22"), "{error}");
        }
    }
}
