//! Restoring one database. It always goes into a new database; only when the archive has come in whole and `pg_restore` is
//! content are the names swapped, so that whatever goes wrong, and whenever, the old database is as it was.

mod fill;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join;

use super::checked::{Checked, Framing};
use super::create::{Creation, subject};
use super::leftover::{Names, SWAPPED, is_open};
use super::server::Server;
use super::session::Session;
use super::target;
use crate::domain::execution::RestoreOptions;
use crate::domain::job::Contents;
use crate::domain::manifest::DumpFormat;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::source::{DatabaseRestore, Restored, Stop, identifier};

/// What a restore needs to know; owned, since it outlives a caller that gives up, in order to clean up.
struct Job {
    server: Arc<Server>,
    scratch: PathBuf,
    target: String,
    tag: String,
    names: Names,
    contents: Contents,
    options: RestoreOptions,
}

/// Restores one database. `stop` stops it and it drops what was made, up to the swap. So does dropping the future; that goes on
/// in the background.
pub(super) async fn restore(
    server: Arc<Server>,
    scratch: &Path,
    restore: &DatabaseRestore<'_>,
    dump: Chunks,
    stop: &Stop,
) -> Result<Restored> {
    if restore.object.dump_format != DumpFormat::PgCustom {
        return Err(Error::usage("this is no dump of a PostgreSQL database").on(restore.names.database.clone()));
    }
    let names = Names::new(restore.tag);
    for name in [&restore.names.target, &names.new] {
        target::check_name(name)?;
    }
    let (stop, _guard) = stop.until_dropped();
    let job = Job {
        server,
        scratch: scratch.to_owned(),
        target: restore.names.target.clone(),
        tag: restore.tag.to_owned(),
        names,
        contents: restore.object.contents,
        options: restore.options.clone(),
    };
    let object = format!("database {}", job.target);
    let done = tokio::spawn(async move { job.run(dump, &stop).await }).await;
    let done = done.unwrap_or_else(|error| Err(Error::failed(format!("the restore ended in the middle: {error}"))));
    done.map_err(|error| error.or_on(object))
}

impl Job {
    async fn run(&self, dump: Chunks, stop: &Stop) -> Result<Restored> {
        let mut desk = self.server.desk(&self.target);
        let looking = join(Checked::open(dump, Framing::Larger), self.refuse_unless_free(&mut desk));
        let (archive, is_free) = stop.during(looking).await?;
        let archive = archive?;
        if self.contents == Contents::DataOnly || archive.contents()?.is_data_only() {
            desk.close().await;
            let notes = self.server.add_rows(&self.target, &self.options, archive, stop).await?;
            return Ok(Restored {
                notes,
                ..Restored::default()
            });
        }
        is_free?;
        let server_major = self.server.about_by(&mut desk).await?.major()?;
        let creation = Creation::new(archive.contents()?, &self.names.new, server_major, &self.options);
        stop.check()?;
        // From here on there is something to clean up. This and the swap run to their end even when the caller gives up.
        let outcome = self
            .make_and_swap(&mut desk, archive, &creation, server_major, stop)
            .await;
        desk.close().await;
        match outcome {
            Ok(mut restored) => {
                restored.notes.splice(0..0, creation.notes);
                Ok(restored)
            }
            Err(error) => Err(self.take_back(error).await),
        }
    }

    async fn make_and_swap(
        &self,
        desk: &mut Session<'_>,
        archive: Checked,
        creation: &Creation,
        server_major: u32,
        stop: &Stop,
    ) -> Result<Restored> {
        desk.run(&creation.create).await?;
        // Its commits need not each wait for the server's disk: nothing is there before the renaming, and that commit waits for
        // all that came before it.
        let name = identifier(&self.names.new);
        desk.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off;"))
            .await?;
        // It may take hours, and a connection that is idle for hours is not one to rely on.
        desk.close().await;
        let notes = stop.during(self.fill(archive, server_major)).await??;
        desk.run(&format!("ALTER DATABASE {name} RESET synchronous_commit;"))
            .await?;
        let mut failed = Vec::new();
        for statement in &creation.after {
            failed.extend(desk.run(statement).await.err().map(|error| (statement.as_str(), error)));
        }
        failed.extend(creation.refused.iter().map(|statement| (statement.as_str(), refused())));
        let mut shortfalls = not_taken_over(&failed);
        shortfalls.extend(self.swap(desk, server_major, stop).await?);
        let object = format!("database {}", self.target);
        let shortfalls = shortfalls.into_iter().map(|error| error.on(&object)).collect();
        Ok(Restored {
            file: None,
            notes,
            shortfalls,
        })
    }

    /// Gives the new database its name, and drops the one that had it; says so if that cannot be. `stop` counts until the
    /// renaming, and no longer.
    async fn swap(&self, desk: &mut Session<'_>, server_major: u32, stop: &Stop) -> Result<Option<Error>> {
        let (to, old) = (identifier(&self.target), identifier(&self.names.old));
        let mut from = identifier(&self.names.new);
        let is_new = !self.refuse_unless_free(desk).await?;
        stop.check()?;
        if is_new {
            desk.run(&format!("ALTER DATABASE {from} RENAME TO {to};")).await?;
            return Ok(None);
        }
        if self.options.force && is_open(desk, &self.target).await? == Some(true) {
            // Clients that reconnect at once must not win the race against the renaming. The new name is the mark that the old
            // database was closed here, and not by its owner.
            let ready = identifier(&self.names.ready);
            let closed = format!(
                "BEGIN;\nALTER DATABASE {from} RENAME TO {ready};\nALTER DATABASE {to} ALLOW_CONNECTIONS false;\nCOMMIT;\n{}",
                target::end_sessions(&self.target)
            );
            desk.run(&closed).await?;
            from = ready;
            stop.check()?;
        }
        let rename =
            format!("BEGIN;\nALTER DATABASE {to} RENAME TO {old};\nALTER DATABASE {from} RENAME TO {to};\nCOMMIT;");
        desk.run(&rename).await?;
        let dropped = target::drop_database(desk, &self.names.old, server_major).await;
        let old = &self.names.old;
        Ok(dropped.err().map(|error| {
            Error::failed(format!(
                "the replaced database is still there as {old}: {}",
                error.message
            ))
            .next(format!("drop it when nobody needs it: DROP DATABASE {old}"))
        }))
    }

    /// Says whether something stands under the target's name; fails if it must stay.
    async fn refuse_unless_free(&self, desk: &mut Session<'_>) -> Result<bool> {
        let state = self.server.state_by(desk, &self.target).await?;
        if state.exists && !state.empty && !self.options.replace {
            return Err(Error::refused("it exists and is not empty")
                .next("restore under another name, or let it replace what is there"));
        }
        if !state.in_use_by.is_empty() && !self.options.force {
            let sessions = state.in_use_by.join(", ");
            return Err(Error::busy(format!("it is in use by {sessions}"))
                .next("close these connections, or let the restore end them"));
        }
        Ok(state.exists)
    }

    /// The failure, after everything the restore made was taken back.
    async fn take_back(&self, error: Error) -> Error {
        match self.server.clean_up(&self.tag, &self.target).await {
            // The last word of the server may have been lost on its way.
            Ok(done) => match done.into_iter().find(|what| what.contains(SWAPPED)) {
                Some(swapped) => Error {
                    message: format!("{}; {swapped}", error.message),
                    ..error
                },
                None => error,
            },
            Err(left) => Error {
                message: format!(
                    "{}; and what the restore made ({}) could not be taken back: {}",
                    error.message, self.names.new, left.message
                ),
                ..error
            },
        }
    }
}

/// One error for each reason, of the statements that belong to a database and could not be run.
fn not_taken_over(failed: &[(&str, Error)]) -> Vec<Error> {
    let mut reasons: Vec<(&Error, Vec<&str>)> = Vec::new();
    for (statement, error) in failed {
        let what = subject(statement);
        match reasons.iter_mut().find(|(known, _)| known.message == error.message) {
            Some((_, named)) if named.contains(&what) => {}
            Some((_, named)) => named.push(what),
            None => reasons.push((error, vec![what])),
        }
    }
    let errors = reasons.into_iter().map(|(error, named)| {
        let message = format!("{} not taken over: {}", named.join(" and "), error.message);
        let next = match error.next.as_str() {
            "" => "the database is there without it; put it right by hand",
            next => next,
        };
        Error::failed(message).next(next)
    });
    errors.collect()
}

fn refused() -> Error {
    Error::failed("the dump says it in words that pg_dump never writes, and psql might take them for a command")
}
