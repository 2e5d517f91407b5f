//! What the client programs say on their error stream, turned into what happened, to what, and what to do.

use crate::domain::{Error, Kind};

/// One kind of failure: any of these words, and what they mean.
struct Rule {
    any: &'static [&'static str],
    kind: Kind,
    transient: bool,
    next: &'static str,
}

const fn rule(any: &'static [&'static str], next: &'static str) -> Rule {
    Rule {
        any,
        kind: Kind::Failed,
        transient: false,
        next,
    }
}

const fn passing(any: &'static [&'static str], next: &'static str) -> Rule {
    Rule {
        transient: true,
        ..rule(any, next)
    }
}

/// In order; the first that fits decides. What the server says of itself comes before what the network says.
const RULES: &[Rule] = &[
    rule(
        &[
            "password authentication failed",
            "no password supplied",
            "authentication failed for user",
            "password is required",
        ],
        "correct the user and the password of this adapter",
    ),
    rule(
        &["FATAL:  role"],
        "correct the user of this adapter, or make the role on the server",
    ),
    rule(
        &["no pg_hba.conf entry"],
        "let this machine and role in, in the server's pg_hba.conf, then reload the server",
    ),
    rule(
        &["server does not support SSL", "but SSL was required"],
        "turn TLS on at the server, or set tls to prefer or disable if the network can be trusted",
    ),
    rule(
        &[
            "certificate verify failed",
            "root certificate file",
            "does not match host name",
            "SSL error",
            "tlsv1 alert",
            "could not load private key file",
            "private key file",
            "certificate file",
        ],
        "check tls, ca_file, client_cert_file and client_key_file of this adapter, and the server's certificate",
    ),
    passing(
        &[
            "the database system is starting up",
            "the database system is shutting down",
            "is not yet accepting connections",
        ],
        "wait until the server is up",
    ),
    passing(
        &["too many clients", "too many connections", "remaining connection slots"],
        "raise max_connections, or run fewer things at once",
    ),
    passing(
        &[
            "lock timeout",
            "could not obtain lock",
            "deadlock detected",
            "could not serialize",
            "conflict with recovery",
        ],
        "find what holds the lock, or run the job at another time",
    ),
    rule(
        &["due to statement timeout"],
        "find what holds a lock on it, if anything does, or try again later",
    ),
    Rule {
        kind: Kind::Busy,
        ..passing(
            &["is being accessed by other users"],
            "close the connections to it, or let the restore end them",
        )
    },
    rule(
        &["not currently accepting connections"],
        "ALTER DATABASE … ALLOW_CONNECTIONS true, or leave it out of the job",
    ),
    Rule {
        kind: Kind::NotFound,
        ..rule(
            &["FATAL:  database"],
            "`backstay adapter databases` shows which there are",
        )
    },
    rule(
        &["permission denied to create database"],
        "let the role do it: ALTER ROLE … CREATEDB, or restore as another role",
    ),
    rule(
        &["must be member of role", "must be able to SET ROLE"],
        "restore as a superuser or a member of that role, or leave out owners",
    ),
    rule(
        &["must be owner", "must be superuser", "permission denied to"],
        "use a role that may do it",
    ),
    rule(
        &["permission denied for database"],
        "let the role in: GRANT CONNECT ON DATABASE … TO …, or leave the database out of the job",
    ),
    rule(
        &["permission denied for"],
        "let the role read it: GRANT pg_read_all_data TO … (PostgreSQL 14 and later), or exclude it from the job",
    ),
    rule(
        &["cannot truncate a table referenced in a foreign key constraint"],
        "drop that constraint for the restore, or restore into another database",
    ),
    rule(
        &["server version mismatch"],
        "install a pg_dump that is not older than the server",
    ),
    rule(
        &["invalid locale name", "invalid LC_COLLATE", "invalid LC_CTYPE"],
        "make the locale on the server's machine first",
    ),
    rule(
        &["No space left on device", "could not extend file"],
        "free some space on the server, then run it again",
    ),
    rule(&["role \""], "restore the roles first, or leave out owners"),
    passing(&["Temporary failure in name resolution"], "check the name server"),
    rule(
        &["could not translate host name"],
        "check the field host of this adapter",
    ),
    passing(
        &[
            "Connection refused",
            "No such file or directory",
            "timeout expired",
            "No route to host",
            "Network is unreachable",
            "Connection timed out",
            "Connection reset",
            "Broken pipe",
            "server closed the connection unexpectedly",
            "terminating connection",
            "connection to server was lost",
            "could not receive data from server",
            "could not send data to server",
        ],
        "check that the server runs and that host and port are right",
    ),
];

/// Gives a failure of a client program its kind and its next step. A failure that is not known stays as it is.
pub(super) fn explain(error: Error) -> Error {
    if !error.next.is_empty() {
        return error;
    }
    let Some(rule) = RULES
        .iter()
        .find(|rule| rule.any.iter().any(|words| error.message.contains(words)))
    else {
        return error;
    };
    Error {
        kind: if rule.kind == Kind::Failed {
            error.kind
        } else {
            rule.kind
        },
        transient: rule.transient || error.transient,
        ..error
    }
    .next(rule.next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::adapter::with_edit;

    fn explained(said: &str) -> Error {
        explain(Error::failed(said))
    }

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        for said in [
            "connection to server at \"db1\", port 5432 failed: Connection refused",
            "FATAL:  sorry, too many clients already",
        ] {
            assert!(explained(said).transient, "{said}");
        }
        for said in [
            "FATAL:  password authentication failed for user \"x\"",
            "ERROR:  permission denied for table orders",
        ] {
            let error = explained(said);
            assert!(!error.transient && !error.next.is_empty(), "{said}");
        }
    }

    #[test]
    fn a_login_that_is_rejected_is_mended_by_the_command_that_corrects_it() {
        let error = explained("FATAL:  password authentication failed for user \"x\"");
        assert_eq!(
            with_edit(error, "pg").next,
            "correct the user and the password of this adapter: `backstay adapter edit pg`"
        );
        let full = explained("FATAL:  sorry, too many clients already");
        assert_eq!(with_edit(full.clone(), "pg"), full);
    }

    #[test]
    fn a_missing_database_is_not_found() {
        assert_eq!(explained("FATAL:  database \"x\" does not exist").kind, Kind::NotFound);
    }
}
