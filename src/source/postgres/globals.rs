//! Cluster-wide definitions, as `pg_dumpall --globals-only` writes them: whether they are complete, and bringing back those
//! that are not there.

use std::collections::HashSet;
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use super::failure::explain;
use super::server::{Server, WORK_LIMIT};
use super::sql::{Form, Word, statements};
use crate::domain::units::duration;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::process;
use crate::source::Stop;

/// The last words of a complete one.
const END: &[u8] = b"\n-- PostgreSQL database cluster dump complete\n--\n\n";

/// Definitions of roles and tablespaces that are larger than this are none.
const SIZE_LIMIT: usize = 256 << 20;

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
    pub(super) async fn restore_globals(&self, chunks: Chunks, stop: &Stop) -> Result<Vec<String>> {
        let text = stop.during(read_all(chunks)).await??;
        let there = stop.during(self.existing()).await??;
        let (script, mut left_out) = missing(&text, &there);
        left_out.extend(self.apply(&script).await?);
        Ok(left_out)
    }

    async fn existing(&self) -> Result<HashSet<(String, String)>> {
        #[derive(Deserialize)]
        struct Existing {
            kind: String,
            name: String,
        }
        let query = "SELECT 'role' AS kind, rolname AS name FROM pg_roles UNION ALL SELECT 'tablespace', spcname FROM pg_tablespace";
        let rows: Vec<Existing> = self.rows(&self.connection.database, query).await?;
        Ok(rows.into_iter().map(|row| (row.kind, row.name)).collect())
    }

    /// Runs all statements, whatever becomes of each; says which failed.
    async fn apply(&self, script: &str) -> Result<Vec<String>> {
        let client = self.clients().await?.newest()?;
        let mut command = self.psql_command(client, &self.connection.database);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = process::start(&mut command)?;
        let work = async {
            if let Some(mut stdin) = running.stdin.take() {
                // If it does not want them, its exit status says why.
                let _ = stdin.write_all(script.as_bytes()).await;
            }
            running.wait().await
        };
        let ended = tokio::time::timeout(WORK_LIMIT, work).await.map_err(|_| {
            Error::failed(format!("no end within {}", duration(WORK_LIMIT)))
                .on("psql")
                .transient()
        })??;
        ended.verdict("psql").map_err(explain)?;
        // Only the server's own sentences: the lines around them may quote a statement with a password's hash in it.
        let failed = ended
            .stderr
            .lines()
            .filter_map(|line| line.split_once("ERROR:  "))
            .map(|(_, said)| said);
        Ok(failed.map(|said| format!("not restored: {said}")).collect())
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

/// The statements about what is not there, and a sentence about each thing that is.
fn missing(text: &str, there: &HashSet<(String, String)>) -> (String, Vec<String>) {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut script = String::new();
    let mut left_out = Vec::new();
    for (statement, words) in statements(&text) {
        match subject(&words) {
            Some(subject) if there.contains(&subject) => {
                if words.first().is_some_and(|word| word.is("CREATE")) {
                    left_out.push(format!(
                        "{} {} exists already and was left as it is",
                        subject.0, subject.1
                    ));
                }
            }
            _ => {
                script.push_str(statement);
                script.push_str(";\n");
            }
        }
    }
    (script, left_out)
}

/// Whom a statement changes: the role or tablespace it names, or the role that is granted something.
fn subject(words: &[Word]) -> Option<(String, String)> {
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
    if let Some(name) = behind("TABLESPACE") {
        return Some(("tablespace".to_owned(), name));
    }
    let name = behind("ROLE").or_else(|| behind("TO")).or_else(|| behind("FROM"))?;
    Some(("role".to_owned(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_not_touched() {
        let text = "\\restrict abc\nSET x = 1;\nCREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER PASSWORD 'SCRAM;x';\n\
                    CREATE ROLE \"Shop App\";\nALTER ROLE \"Shop App\" WITH LOGIN PASSWORD 'SCRAM;y';\n\
                    GRANT \"Shop App\" TO postgres;\nGRANT pg_monitor TO \"Shop App\" GRANTED BY postgres;\n\\unrestrict abc\n";
        let there = [("role".to_owned(), "postgres".to_owned())].into();
        let (script, left_out) = missing(text, &there);
        assert_eq!(
            script,
            "SET x = 1;\nCREATE ROLE \"Shop App\";\nALTER ROLE \"Shop App\" WITH LOGIN PASSWORD 'SCRAM;y';\n\
             GRANT pg_monitor TO \"Shop App\" GRANTED BY postgres;\n"
        );
        assert_eq!(left_out, ["role postgres exists already and was left as it is"]);
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
