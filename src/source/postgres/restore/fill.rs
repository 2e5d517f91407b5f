//! Handing an archive to `pg_restore`, in one of two ways. Streamed: the rows go in while they arrive, and what follows them
//! (indexes, constraints, triggers, grants) is then made by parallel jobs, which need nothing of the archive but its table of
//! contents. Spooled: the rows too are loaded by parallel jobs, which need the whole archive as a file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use tempfile::{Builder, NamedTempFile};
use tokio::process::Command;

use super::super::checked::Checked;
use super::super::clients::Client;
use super::super::connection::Connection;
use super::super::failure::explain;
use super::Job;
use crate::domain::adapter::major;
use crate::domain::error::{Context as _, Error, Result};
use crate::process::bulk::BulkWriter;
use crate::process::{self, Ended};

/// Jobs that make what follows the rows. More would help a large server, and take a small one from those it serves.
const FINISHING_JOBS: u32 = 2;

/// What is said of settings that a newer `pg_restore` made and an older server does not know.
const TOO_OLD: &str = "settings that this server is too old to know were left out: ";

/// The program, and how far what it says is let go.
struct Tool<'a> {
    client: &'a Client,
    /// It is newer than the server, sets what that does not know, and has to be let go on after that.
    lenient: bool,
}

impl Job {
    /// Fills the new database; gives what was left out, one sentence each.
    pub(super) async fn fill(&self, mut archive: Checked, server_major: u32) -> Result<Vec<String>> {
        let dump_major = major(&archive.contents()?.dump_version)?;
        let clients = self.server.clients().await?;
        let client = clients.for_restore(dump_major, server_major)?;
        let lenient = client.major > server_major;
        let tool = Tool { client, lenient };
        if self.options.jobs > 1 {
            let spool = self.spool(&mut archive).await?;
            let mut command = self.pg_restore(&tool);
            command.arg(format!("--jobs={}", self.options.jobs)).arg(spool.path());
            return tool.run(&mut command).await;
        }
        let finishing = self.finishing(&archive)?;
        let (input, stdin) = BulkWriter::new()?;
        let mut command = self.pg_restore(&tool);
        command.args(["--section=pre-data", "--section=data", "--no-privileges"]);
        let (ended, _) = archive.feed(process::start(command.stdin(stdin))?, input).await?;
        let mut warnings = tool.judge(&ended)?;
        if let Some((list, head)) = finishing {
            let mut command = self.pg_restore(&tool);
            command.arg(format!("--jobs={FINISHING_JOBS}"));
            command.arg("--use-list").arg(list.path()).arg(head.path());
            warnings.extend(tool.run(&mut command).await?);
            warnings.dedup();
        }
        Ok(warnings)
    }

    fn pg_restore(&self, tool: &Tool<'_>) -> Command {
        let program = tool.client.program("pg_restore");
        let mut command = self.server.connection.command(&program);
        command
            .args(["--no-password", "--dbname"])
            .arg(Connection::target(&self.names.new))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let choices = [
            (!tool.lenient, "--exit-on-error"),
            (self.options.no_owner, "--no-owner"),
            (self.options.no_privileges, "--no-privileges"),
            (self.options.no_tablespaces, "--no-tablespaces"),
        ];
        let chosen = choices.iter().filter(|(chosen, _)| *chosen);
        command.args(chosen.map(|(_, argument)| argument));
        command
    }

    /// What `pg_restore` reads in order to make what follows the rows: the list of it, and the archive without its data. Nothing
    /// when nothing follows them.
    fn finishing(&self, archive: &Checked) -> Result<Option<(NamedTempFile, NamedTempFile)>> {
        let ids = archive.contents()?.finishing();
        if ids.is_empty() {
            return Ok(None);
        }
        let mut list = String::new();
        for id in ids {
            let _ = writeln!(list, "{id};");
        }
        let file = |content: &[u8]| -> Result<NamedTempFile> {
            let mut file = self.scratch_file()?;
            let written = file.write_all(content);
            written.doing("cannot write down what to restore", self.scratch.display())?;
            Ok(file)
        };
        Ok(Some((file(list.as_bytes())?, file(&archive.head())?)))
    }

    /// Writes the archive to a file: parallel jobs need to seek.
    async fn spool(&self, archive: &mut Checked) -> Result<NamedTempFile> {
        let mut file = self.scratch_file()?;
        while let Some(chunk) = archive.next().await? {
            let written = tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file)).await;
            let written = written.map_err(|error| Error::failed(format!("cannot spool the dump: {error}")))?;
            file = written.doing("cannot spool the dump for parallel restore", self.scratch.display())?;
        }
        Ok(file)
    }

    /// A file that only its owner can read and that goes away by itself.
    fn scratch_file(&self) -> Result<NamedTempFile> {
        let file = Builder::new().prefix("backstay-restore-").tempfile_in(&self.scratch);
        file.doing("cannot make a temporary file", self.scratch.display())
    }
}

impl Tool<'_> {
    async fn run(&self, command: &mut Command) -> Result<Vec<String>> {
        self.judge(&process::start(command)?.wait().await?)
    }

    /// Whether `pg_restore` did all of it. When lenient, settings that an older server does not know may have failed, and nothing
    /// else: each error it told of must be of that kind, and it must have counted no more than it told.
    fn judge(&self, ended: &Ended) -> Result<Vec<String>> {
        let program = format!("pg_restore {}", self.client.version);
        if ended.success || !self.lenient {
            ended.verdict(&program).map_err(explain)?;
            return Ok(Vec::new());
        }
        let counted = ended
            .stderr
            .lines()
            .find_map(|line| line.split_once("errors ignored on restore: "));
        let counted = counted.and_then(|(_, count)| count.trim().parse::<usize>().ok());
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let mut unknown: Vec<&str> = lines
            .windows(2)
            .filter_map(|pair| match pair {
                [error, command] if command.starts_with("Command was: SET ") => error
                    .split_once("ERROR:  unrecognized configuration parameter ")
                    .map(|(_, name)| name.trim_matches('"')),
                _ => None,
            })
            .collect();
        let serious: Vec<&str> = lines
            .iter()
            .filter(|line| line.contains("error: ") && !line.contains("unrecognized configuration parameter"))
            .copied()
            .collect();
        // Each job connects anew and fails at the same settings; only the first such failures are counted.
        if serious.is_empty() && counted.is_some_and(|counted| counted <= unknown.len()) {
            unknown.sort_unstable();
            unknown.dedup();
            return Ok(vec![format!("{TOO_OLD}{}", unknown.join(", "))]);
        }
        if serious.is_empty() {
            return ended.verdict(&program).map_err(explain).map(|()| Vec::new());
        }
        let said = serious.into_iter().take(3).collect::<Vec<_>>().join(" / ");
        Err(explain(Error::failed(said)))
    }
}
