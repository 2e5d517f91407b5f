//! Cluster-wide definitions, as `pg_dumpall --globals-only` writes them: whether they are complete, and bringing back those
//! that are not there.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Deserialize;

use super::failure::explain;
use super::server::{Server, WORK_LIMIT};
use super::sql::{Form, Word, is_plain, statements};
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::process;
use crate::source::{GlobalsRestored, Stop};

/// The last words of a complete one.
const END: &[u8] = b"\n-- PostgreSQL database cluster dump complete\n--\n\n";

/// Definitions of roles and tablespaces that are larger than this are none.
const SIZE_LIMIT: usize = 256 << 20;

/// Comes before what `psql` says of a statement that failed: its number, the SQLSTATE, the server's own sentence.
const FAILED: &str = "backstay failed ";

/// SQLSTATE `insufficient_privilege`.
const MAY_NOT: &str = "42501";

/// Watches for the end mark.
#[derive(Default)]
pub(super) struct EndMark {
    tail: Vec<u8>,
}

impl EndMark {
    /// Takes in the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let keep = bytes.len().saturating_sub(END.len());
        self.tail.extend_from_slice(bytes.get(keep..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(END.len());
        self.tail.drain(..surplus);
    }

    /// Fails unless the end mark came last.
    pub(super) fn finish(&self) -> Result<()> {
        if self.tail == END {
            return Ok(());
        }
        Err(Error::failed("the definitions of roles and tablespaces are cut short")
            .next("run it again; they are of no use"))
    }
}

/// Reads definitions to their end; fails unless they are complete.
pub async fn check(mut chunks: Chunks) -> Result<()> {
    let mut mark = EndMark::default();
    while let Some(chunk) = chunks.next().await? {
        mark.feed(&chunk);
    }
    mark.finish()
}

impl Server {
    /// Brings back the roles and tablespaces that are not there. What is there keeps its rights, password and settings.
    pub(super) async fn restore_globals(&self, chunks: Chunks, stop: &Stop) -> Result<GlobalsRestored> {
        let text = stop.during(read_all(chunks)).await??;
        let there = stop.during(self.existing()).await??;
        let Sorted {
            missing,
            left,
            refused: mut failed,
        } = sorted(&text, &there);
        failed.extend(self.apply(&missing).await?);
        Ok(GlobalsRestored { left, failed })
    }

    async fn existing(&self) -> Result<HashSet<Subject>> {
        let query = "SELECT 'role' AS kind, rolname AS name FROM pg_roles UNION ALL SELECT 'tablespace', spcname FROM pg_tablespace";
        let rows: Vec<Subject> = self.rows(&self.connection.database, query).await?;
        Ok(rows.into_iter().collect())
    }

    /// Runs all statements, whatever becomes of each; says of which roles and tablespaces some failed.
    async fn apply(&self, statements: &[Statement]) -> Result<Vec<Error>> {
        let client = self.clients().await?.newest()?;
        let mut command = self.psql_command(client, &self.connection.database);
        // Terse: other lines than the server's own sentence may quote a statement with a password's hash in it.
        command.args(["--tuples-only", "--no-align", "--set=VERBOSITY=terse"]);
        let answer = process::output(&mut command, script(statements).as_bytes(), WORK_LIMIT).await;
        let answer = answer.map_err(|error| explain(error).or_on(self.connection.summary()))?;
        Ok(failures(statements, &String::from_utf8_lossy(&answer)))
    }
}

async fn read_all(mut chunks: Chunks) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SIZE_LIMIT {
            return Err(Error::failed(
                "this is no dump of roles and tablespaces: it is too large",
            ));
        }
    }
    let mut mark = EndMark::default();
    mark.feed(&bytes);
    mark.finish()?;
    String::from_utf8(bytes).map_err(|_| Error::failed("the definitions of roles and tablespaces are not UTF-8"))
}

/// A role or a tablespace.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Subject {
    kind: String,
    name: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// One statement to be run.
#[derive(Debug, PartialEq, Eq)]
struct Statement {
    text: String,
    /// What it is about; `None` for settings of the session.
    subject: Option<Subject>,
    creates: bool,
}

/// The statements of a dump, by what becomes of them.
#[derive(Debug, Default)]
struct Sorted {
    /// Those about what is not there.
    missing: Vec<Statement>,
    /// A sentence about each thing that is.
    left: Vec<String>,
    /// One error about each that is not run, as nobody knows what else it would be.
    refused: Vec<Error>,
}

fn sorted(text: &str, there: &HashSet<Subject>) -> Sorted {
    // psql's word against commands in a dump. It would also be against those that ask it what failed.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut sorted = Sorted::default();
    for (text, words) in statements(&text) {
        let subject = subject(&words);
        let creates = words.first().is_some_and(|word| word.is("CREATE"));
        match subject {
            Some(subject) if there.contains(&subject) => {
                if creates {
                    let left = format!("{subject} exists already and was left as it is");
                    sorted.left.push(left);
                }
            }
            subject if !is_plain(text) => sorted.refused.push(refused(subject.as_ref())),
            subject => sorted.missing.push(Statement {
                text: text.to_owned(),
                subject,
                creates,
            }),
        }
    }
    sorted
}

fn refused(subject: Option<&Subject>) -> Error {
    Error::failed("not restored: a statement of the dump holds what pg_dumpall never writes, and psql might take it for a command")
        .on(object(subject))
        .next("look at it before any of it is run by hand: `backstay backup cat BACKUP globals`")
}

fn object(subject: Option<&Subject>) -> String {
    subject.map_or_else(|| "roles and tablespaces".to_owned(), Subject::to_string)
}

/// What `psql` runs: after each statement it says whether that failed, in words that do not depend on the server's language.
fn script(statements: &[Statement]) -> String {
    let numbered = statements.iter().enumerate();
    let asked = numbered.map(|(number, Statement { text, .. })| {
        format!("{text};\n\\if :ERROR\n\\echo {FAILED}{number} :SQLSTATE :LAST_ERROR_MESSAGE\n\\endif\n")
    });
    asked.collect()
}

/// One error a role or tablespace, from what `psql` said.
fn failures(statements: &[Statement], said: &str) -> Vec<Error> {
    let failed = said.lines().filter_map(|line| {
        let mut fields = line.strip_prefix(FAILED)?.splitn(3, ' ');
        let statement = statements.get(fields.next()?.parse::<usize>().ok()?)?;
        Some((statement, fields.next()?, fields.next()?))
    });
    // What follows from a role that could not be made is not worth more than a number.
    let mut by_subject: BTreeMap<_, (Error, usize)> = BTreeMap::new();
    for (statement, state, sentence) in failed {
        let first = || (failure(statement, state, sentence), 0);
        by_subject.entry(&statement.subject).or_insert_with(first).1 += 1;
    }
    let counted = by_subject.into_values().map(|(error, count)| match count {
        1 => error,
        _ => Error {
            message: format!("{} (and {} more of its statements failed)", error.message, count - 1),
            ..error
        },
    });
    counted.collect()
}

fn failure(statement: &Statement, state: &str, sentence: &str) -> Error {
    let (what, next) = if !statement.creates {
        // A second restore would find it there and leave it alone.
        let by_hand = "put it right by hand; `backstay backup cat BACKUP globals` shows how it was defined";
        ("not restored in full", by_hand)
    } else if state == MAY_NOT {
        let as_another =
            "let this adapter's role do it, or give the adapter a superuser, then restore roles and tablespaces again";
        ("not restored", as_another)
    } else {
        let again = "put right what the server names, then restore roles and tablespaces again";
        ("not restored", again)
    };
    Error::failed(format!("{what}: {sentence}"))
        .on(object(statement.subject.as_ref()))
        .next(next)
}

/// Whom a statement changes: the role or tablespace it names, or the role that is granted something.
fn subject(words: &[Word]) -> Option<Subject> {
    let behind = |keyword: &str| {
        let name = words.iter().skip_while(|word| !word.is(keyword)).nth(1)?;
        (name.form != Form::Text)
            .then(|| name.as_name().map(str::to_owned))
            .flatten()
    };
    let first = words.first()?;
    let changes = ["CREATE", "ALTER", "COMMENT", "SECURITY", "GRANT", "REVOKE"];
    if !changes.iter().any(|keyword| first.is(keyword)) {
        return None;
    }
    let named = |kind: &str, name| Subject {
        kind: kind.to_owned(),
        name,
    };
    if let Some(name) = behind("TABLESPACE") {
        return Some(named("tablespace", name));
    }
    let name = behind("ROLE").or_else(|| behind("TO")).or_else(|| behind("FROM"))?;
    Some(named("role", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_not_touched() {
        let text = "\\restrict abc\nSET x = 1;\nCREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER PASSWORD 'SCRAM;x';\n\
                    CREATE ROLE \"Shop App\";\nALTER ROLE \"Shop App\" WITH LOGIN PASSWORD 'SCRAM;y';\n\
                    GRANT \"Shop App\" TO postgres;\nGRANT pg_monitor TO \"Shop App\" GRANTED BY postgres;\n\\unrestrict abc\n";
        let there = [role("postgres")].into();
        let Sorted { missing, left, refused } = sorted(text, &there);
        assert!(refused.is_empty());
        let texts: Vec<&str> = missing.iter().map(|statement| statement.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "SET x = 1",
                "CREATE ROLE \"Shop App\"",
                "ALTER ROLE \"Shop App\" WITH LOGIN PASSWORD 'SCRAM;y'",
                "GRANT pg_monitor TO \"Shop App\" GRANTED BY postgres"
            ]
        );
        assert_eq!(left, ["role postgres exists already and was left as it is"]);
    }

    #[test]
    fn a_role_that_failed_is_one_error_with_its_first_reason() {
        let text =
            "SET x = 1;\nCREATE ROLE app;\nALTER ROLE app WITH LOGIN;\nCREATE ROLE web;\nALTER ROLE web SET y = 2;\n";
        let statements = sorted(text, &HashSet::new()).missing;
        let said = format!(
            "{FAILED}1 42501 permission denied to create role\n{FAILED}2 42704 role \"app\" does not exist\n\
             {FAILED}4 42704 unrecognized configuration parameter\nof two lines\n"
        );
        let told: Vec<String> = failures(&statements, &said).iter().map(Error::to_string).collect();
        assert_eq!(
            told,
            [
                "role app: not restored: permission denied to create role (and 1 more of its statements failed) · let this \
                 adapter's role do it, or give the adapter a superuser, then restore roles and tablespaces again",
                "role web: not restored in full: unrecognized configuration parameter · put it right by hand; `backstay backup \
                 cat BACKUP globals` shows how it was defined"
            ]
        );
    }

    fn role(name: &str) -> Subject {
        Subject {
            kind: "role".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn every_prefix_is_incomplete() {
        let whole = [b"CREATE ROLE x;\n\n--".as_slice(), END].concat();
        for end in 0..whole.len() {
            let mut mark = EndMark::default();
            whole[..end].chunks(7).for_each(|chunk| mark.feed(chunk));
            assert!(mark.finish().is_err(), "{end}");
        }
        let mut mark = EndMark::default();
        mark.feed(&whole);
        assert!(mark.finish().is_ok());
    }
}
