//! Dumping: what a selection comes to, one `pg_dump` for each database, and `pg_dumpall` for roles and tablespaces.

use std::sync::{Arc, OnceLock};

use tokio::process::Command;

use super::archive::Archive;
use super::catalog;
use super::connection::Connection;
use super::failure::explain;
use super::globals::EndMark;
use super::leftover::is_leftover;
use super::server::Server;
use crate::domain::job::{Contents, Selection};
use crate::domain::manifest::{DumpFormat, ObjectKind, Stats};
use crate::domain::{Error, Result};
use crate::pipeline::chunks::{self, ChunkSender};
use crate::process::bulk::BulkReader;
use crate::process::{self, Running};
use crate::source::{DumpPlan, DumpStream, PlannedObject};

/// What cluster-wide definitions are called among the objects of a backup.
const GLOBALS: &str = "globals";

/// How long `pg_dump` waits for a table that somebody has locked, in milliseconds.
const LOCK_WAIT_MS: u32 = 300_000;

/// A dump's own format, read as it passes by.
trait Watch: Send + Sync {
    /// Takes in the next bytes.
    fn feed(&mut self, bytes: &[u8]) -> Result<()>;
    /// What was counted, if it is complete.
    fn finish(&self) -> Result<Stats>;
}

impl Watch for Archive {
    fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        Self::feed(self, bytes)
    }

    fn finish(&self) -> Result<Stats> {
        Self::finish(self)
    }
}

impl Watch for EndMark {
    fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        Self::feed(self, bytes);
        Ok(())
    }

    fn finish(&self) -> Result<Stats> {
        Self::finish(self).map(|()| Stats::default())
    }
}

impl Server {
    /// What `selection` means right now.
    pub(super) async fn plan(&self, selection: &Selection) -> Result<DumpPlan> {
        let mut session = self.maintenance();
        let about = self.about_by(&mut session).await?;
        let client = self.clients().await?.for_dump(about.major()?)?;
        let mut notes = vec![format!(
            "pg_dump {} dumps PostgreSQL {}",
            client.version,
            about.version()
        )];
        let databases = self
            .select(
                &mut session,
                selection.databases.as_deref(),
                &selection.exclude_databases,
            )
            .await?;
        let (closed, there) = match selection.databases {
            Some(_) => (Vec::new(), Some(catalog::all(&mut session).await?)),
            None => (catalog::closed(&mut session).await?, None),
        };
        session.close().await;
        let is_gone = |name: &String| there.as_ref().is_some_and(|there| !there.contains(name));
        let (gone, mut databases): (Vec<_>, Vec<_>) = databases.into_iter().partition(is_gone);
        let closed = closed.iter().filter(|name| !is_leftover(name));
        notes.extend(closed.map(|name| format!("database {name} is left out: it takes no connections")));
        if selection.databases.is_none() {
            // What an interrupted restore left behind is nobody's data; it only counts when somebody names it.
            let (left, real): (Vec<_>, Vec<_>) = databases.into_iter().partition(|name| is_leftover(name));
            notes.extend(
                left.iter()
                    .map(|name| format!("database {name} is left out: a restore made it for a while")),
            );
            databases = real;
        }
        if databases.is_empty() {
            let missing = match gone.as_slice() {
                [] => "the selection leaves no database".to_owned(),
                gone => format!("none of the databases it names exists: {}", gone.join(", ")),
            };
            return Err(Error::not_found(missing).next("check the job's databases and exclude_databases"));
        }
        let insides = self.look_inside(&databases).await;
        let mut objects = Vec::with_capacity(databases.len() + 1);
        if selection.globals && selection.contents != Contents::DataOnly {
            objects.push(PlannedObject {
                kind: ObjectKind::Globals,
                name: GLOBALS.to_owned(),
                format: DumpFormat::Sql,
                estimated_bytes: 0,
            });
            if !about.superuser {
                notes.push(format!(
                    "role {} is no superuser: roles are saved without their passwords",
                    about.role
                ));
            }
        }
        for (name, inside) in databases.into_iter().zip(insides) {
            if let Some(first) = inside.unreadable.first() {
                let (count, role) = (inside.unreadable.len(), &about.role);
                notes.push(format!(
                    "role {role} may not read {count} tables of database {name}, {first} among them"
                ));
            }
            let is_empty = selection.contents == Contents::SchemaOnly;
            objects.push(PlannedObject {
                kind: ObjectKind::Database,
                name,
                format: DumpFormat::PgCustom,
                estimated_bytes: if is_empty { 0 } else { inside.bytes },
            });
        }
        Ok(DumpPlan {
            engine_version: about.version().to_owned(),
            objects,
            gone,
            notes,
        })
    }

    /// Starts dumping one object.
    pub(super) async fn dump(&self, object: &PlannedObject, selection: &Selection) -> Result<DumpStream> {
        let about = self.about().await?;
        let client = self.clients().await?.for_dump(about.major()?)?;
        let (program, command, watch): (_, _, Box<dyn Watch>) = match object.kind {
            ObjectKind::Database => {
                let mut command = self.connection.command(&client.program("pg_dump"));
                database_arguments(&mut command, &object.name, selection);
                ("pg_dump", command, Box::new(Archive::default()))
            }
            ObjectKind::Globals => {
                let mut command = self.connection.command(&client.program("pg_dumpall"));
                globals_arguments(&mut command, &self.connection.database, about.superuser);
                ("pg_dumpall", command, Box::new(EndMark::default()))
            }
        };
        let mut stream = watched(command, watch, object.name.clone())?;
        stream
            .notes
            .push(format!("dumping {} with {program} {}", object.name, client.version));
        Ok(stream)
    }
}

fn database_arguments(command: &mut Command, database: &str, selection: &Selection) {
    command.args(["--format=custom", "--compress=0", "--no-password"]);
    command.arg(format!("--lock-wait-timeout={LOCK_WAIT_MS}"));
    match selection.contents {
        Contents::All => {}
        Contents::SchemaOnly => {
            command.arg("--schema-only");
        }
        Contents::DataOnly => {
            command.arg("--data-only");
        }
    }
    command.args(
        selection
            .exclude_schemas
            .iter()
            .map(|pattern| format!("--exclude-schema={pattern}")),
    );
    command.args(
        selection
            .exclude_tables
            .iter()
            .map(|pattern| format!("--exclude-table={pattern}")),
    );
    command.arg("--dbname").arg(Connection::target(database));
}

fn globals_arguments(command: &mut Command, database: &str, superuser: bool) {
    command.args(["--globals-only", "--no-password"]);
    if !superuser {
        command.arg("--no-role-passwords");
    }
    command.arg("--dbname").arg(Connection::target(database));
    command.arg(format!("--database={database}"));
}

/// Starts `command` and hands its output on, watched.
fn watched(mut command: Command, watch: Box<dyn Watch>, object: String) -> Result<DumpStream> {
    let (output, stdout) = BulkReader::new()?;
    let running = process::start(command.stdin(std::process::Stdio::null()).stdout(stdout))?;
    let (sender, chunks) = chunks::channel();
    let (stats, warnings) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
    let (counted, said) = (Arc::clone(&stats), Arc::clone(&warnings));
    let gone = sender.closed();
    let dump = async move {
        // A thread that breaks off takes the sender with it, which the reader understands.
        let handing_on = tokio::task::spawn_blocking(move || hand_on(output, watch, sender));
        if let Ok((watch, sender, handed_on)) = handing_on.await {
            let verdict = verdict(running, watch.as_ref(), handed_on)
                .await
                .map(|(found, warned)| {
                    // Nobody else sets them.
                    let _ = counted.set(found);
                    let _ = said.set(warned);
                });
            sender.finish(verdict.map_err(|error| error.or_on(object))).await;
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            // Perhaps while the tool waits for a lock: dropping the child's handle ends it, and so what is read from it.
            () = gone => {}
            () = dump => {}
        }
    });
    Ok(DumpStream {
        chunks,
        stats,
        warnings,
        notes: Vec::new(),
    })
}

/// Success only if the tool says so and the format does too. What the tool says of a failure explains more than where its
/// output ended.
async fn verdict(running: Running, watch: &dyn Watch, handed_on: Result<()>) -> Result<(Stats, Vec<String>)> {
    handed_on?;
    let program = running.program().to_owned();
    let ended = running.wait().await?;
    ended.verdict(&program).map_err(explain)?;
    Ok((watch.finish()?, warnings(&ended.stderr)))
}

/// What a tool that succeeded had to say: one text for each warning, with the details and hints that follow it, which tools before
/// PostgreSQL 15 do not mark.
fn warnings(stderr: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in stderr.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (_, said) = line.split_once(": ").unwrap_or(("", line));
        let begins = ["warning: ", "error: "].iter().any(|mark| said.starts_with(mark));
        match found.last_mut().filter(|_| !begins) {
            Some(last) => {
                last.push_str(" / ");
                last.push_str(said.trim_start());
            }
            None => found.push(line.to_owned()),
        }
    }
    found
}

/// Hands on all there is, and gives back what it was lent.
fn hand_on(
    mut output: BulkReader,
    mut watch: Box<dyn Watch>,
    sender: ChunkSender,
) -> (Box<dyn Watch>, ChunkSender, Result<()>) {
    let mut next = || -> Result<bool> {
        let chunk = output.next_chunk()?;
        watch.feed(&chunk)?;
        let more = !chunk.is_empty();
        if more {
            sender.blocking_send(chunk)?;
        }
        Ok(more)
    };
    let handed_on = loop {
        match next() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    (watch, sender, handed_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_keeps_its_details_and_hints() {
        let said = "pg_dump: warning: there are circular constraints:\npg_dump: detail: a\npg_dump: hint: use it\npg_dump:   older\n\n\
                    pg_dump: warning: typed\n";
        assert_eq!(
            warnings(said),
            [
                "pg_dump: warning: there are circular constraints: / detail: a / hint: use it / older",
                "pg_dump: warning: typed"
            ]
        );
    }
}
