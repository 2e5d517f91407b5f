//! Restoring rows alone, into the tables of a database that is there: all of them or nothing. `pg_restore` writes its script,
//! `psql` runs it, and what stands between them is one transaction whose last word, COMMIT, is held back until the archive's
//! sender, its format and `pg_restore` have all said that nothing is missing. An end of input before that is a rollback.

use std::collections::{BTreeSet, HashSet};
use std::process::Stdio;

use bytes::BytesMut;
use futures_util::future::try_join;
use memchr::memmem;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};

use super::archive::{Contents, Entry};
use super::checked::Checked;
use super::failure::explain;
use super::server::{Server, WORK_LIMIT};
use super::session::Session;
use super::sql::literal;
use crate::domain::adapter::major;
use crate::domain::blocker::{Blocker, Permission};
use crate::domain::error::in_words;
use crate::domain::execution::RestoreOptions;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::CHUNK_BYTES;
use crate::process::{self, Running, bulk::BulkWriter};
use crate::source::{DatabaseRestore, RestoreCheck, Stop, identifier};

/// The end of the script that is held back; what follows its COMMIT is a tenth of this.
const HELD_BYTES: usize = 8 * 1024;

/// How the script of a complete archive ends, but for a word of `psql`'s own.
const END: &[u8] = b"\nCOMMIT;\n\n--\n-- PostgreSQL database dump complete\n--\n\n";

/// A setting that `pg_restore` makes since version 17, which older servers do not know; among the first lines of the script.
const NEWER_SETTING: (u32, &[u8]) = (17, b"SET transaction_timeout = 0;\n");

/// How long tables that others use are waited for before they are emptied.
const LOCK_WAIT: &str = "5min";

/// Tables looked into by one query.
const TABLES_PER_QUERY: usize = 200;

/// Tables named in a message.
const NAMES_SHOWN: usize = 5;

/// The tables of a dump, as they are in the database the rows go to.
#[derive(Debug, Default)]
struct Tables {
    /// Those that are not there.
    missing: Vec<String>,
    /// Those that are there, quoted for SQL. An extension's own are not among them: it brings rows itself.
    own: Vec<String>,
    /// Those of them that hold rows, by name.
    filled: Vec<String>,
}

impl Server {
    /// What would get in the way of adding rows.
    pub(super) async fn check_rows(
        &self,
        desk: &mut Session<'_>,
        restore: &DatabaseRestore<'_>,
        superuser: bool,
        check: &mut RestoreCheck,
    ) -> Result<()> {
        let target = restore.names.target.as_str();
        let state = self.state_by(desk, target).await?;
        if !state.exists {
            check.blockers.push(no_database(target).into());
            return Ok(());
        }
        let wanted = restore.object.stats.rows_by_table.keys().cloned().collect();
        let tables = self.tables(target, &wanted).await?;
        if let Some(blocker) = unfit(target, &tables, restore.options) {
            check.blockers.push(blocker);
        } else if !tables.filled.is_empty() {
            let filled = shown(&tables.filled);
            check.warnings.push(format!("these tables are emptied first: {filled}"));
        }
        check.warnings.push(format!(
            "rows are added to database {target} in one transaction, by one process"
        ));
        check.warnings.push(if superuser {
            "triggers do not fire and foreign keys are not checked while the rows come in".to_owned()
        } else {
            "triggers fire and foreign keys are checked while the rows come in, as this role is no superuser: tables that refer \
             to each other in a circle cannot be restored by it"
                .to_owned()
        });
        if !state.in_use_by.is_empty() {
            let sessions = state.in_use_by.join(", ");
            check.warnings.push(format!(
                "database {target} is in use by {sessions}, and what they do may have to wait"
            ));
        }
        Ok(())
    }

    /// Adds the rows of an archive to the tables of `target`. `stop` counts until the last word, and no longer.
    pub(super) async fn add_rows(
        &self,
        target: &str,
        options: &RestoreOptions,
        archive: Checked,
        stop: &Stop,
    ) -> Result<Vec<String>> {
        let mut open = stop.during(self.bring_rows(target, options, archive)).await??;
        stop.check()?;
        open.script.write(&open.last).await;
        drop(open.script.to.take());
        let ended = tokio::time::timeout(WORK_LIMIT, open.psql.wait())
            .await
            .map_err(|_| Error::failed("psql does not come to an end").transient())??;
        ended.verdict("psql").map_err(explain)?;
        Ok(self.stale_views(target).await.into_iter().collect())
    }

    /// Hands all rows to `psql`, in a transaction that is still open. Dropped, it is rolled back.
    async fn bring_rows(&self, target: &str, options: &RestoreOptions, archive: Checked) -> Result<Open> {
        if !self.state_of(target).await?.exists {
            return Err(no_database(target));
        }
        let about = self.about().await?;
        let contents = archive.contents()?;
        let wanted = contents.entries().iter().filter(|entry| entry.is_table_data());
        let tables = self
            .tables(target, &wanted.map(Entry::qualified_name).collect())
            .await?;
        if let Some(blocker) = unfit(target, &tables, options) {
            return Err(blocker.refusal(Permission::in_general));
        }
        let has_objects = contents.entries().iter().any(Entry::is_large_objects);
        if has_objects && !options.replace && self.has_large_objects(target).await? {
            return Err(Error::refused("it holds large objects already, and so does the dump")
                .next("remove them first, or let the restore replace what is there"));
        }
        let (dump_major, server_major) = (major(&contents.dump_version)?, about.major()?);
        let client = self.clients().await?.for_restore(dump_major, server_major)?;

        let mut restore = self.connection.command(&client.program("pg_restore"));
        restore.args(["--data-only", "--single-transaction", "--exit-on-error", "--file=-"]);
        let choices = [
            (options.no_owner, "--no-owner"),
            (options.no_privileges, "--no-privileges"),
        ];
        restore.args(
            choices
                .iter()
                .filter(|(chosen, _)| *chosen)
                .map(|(_, argument)| argument),
        );
        let (input, stdin) = BulkWriter::new()?;
        restore.stdin(stdin).stdout(Stdio::piped());
        let mut psql = self.psql_command(client, target);
        psql.arg("--set=ON_ERROR_STOP=1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null());

        let beginning = beginning(contents, &tables, about.superuser, has_objects && options.replace);
        let unknown = (server_major < NEWER_SETTING.0).then_some(NEWER_SETTING.1);
        let mut running = process::start(&mut psql)?;
        let mut script = Script {
            to: running.stdin.take(),
            held: BytesMut::new(),
        };
        script.write(beginning.as_bytes()).await;
        let mut restoring = process::start(&mut restore)?;
        let from = restoring.stdout.take();
        let work = try_join(archive.feed(restoring, input), script.hand_on(from, unknown));
        let ((ended, _), end) = work.await?;
        // A psql that takes no more has failed, and says why when it ends.
        let mut last = BytesMut::new();
        if script.to.is_some() {
            ended
                .verdict(&format!("pg_restore {}", client.version))
                .map_err(explain)?;
            complete(&end)?;
            last = end;
        }
        Ok(Open {
            psql: running,
            script,
            last,
        })
    }

    /// A sentence about the materialized views, which `pg_dump` refreshes only along with their definitions. The rows are in:
    /// failing to ask is no failure.
    async fn stale_views(&self, database: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct View {
            name: String,
        }
        let query = "SELECT schemaname || '.' || matviewname AS name FROM pg_matviews ORDER BY 1";
        let views: Vec<View> = self.rows(database, query).await.ok()?;
        let views: Vec<String> = views.into_iter().map(|view| view.name).collect();
        (!views.is_empty()).then(|| {
            format!(
                "materialized views do not show these rows before REFRESH MATERIALIZED VIEW: {}",
                shown(&views)
            )
        })
    }

    async fn tables(&self, database: &str, wanted: &BTreeSet<String>) -> Result<Tables> {
        #[derive(Deserialize)]
        struct Found {
            schema: String,
            name: String,
            of_extension: bool,
        }
        #[derive(Deserialize)]
        struct Filled {
            at: usize,
        }
        let query = "SELECT n.nspname AS schema, c.relname AS name, EXISTS (SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS of_extension
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f')";
        let found: Vec<Found> = self.rows(database, query).await?;
        let key = |found: &Found| format!("{}.{}", found.schema, found.name);
        let there: HashSet<String> = found.iter().map(key).collect();
        let missing = wanted.iter().filter(|name| !there.contains(*name)).cloned().collect();
        let own: Vec<(String, String)> = found
            .iter()
            .filter(|found| !found.of_extension && wanted.contains(&key(found)))
            .map(|found| {
                (
                    format!("{}.{}", identifier(&found.schema), identifier(&found.name)),
                    key(found),
                )
            })
            .collect();
        let mut filled = Vec::new();
        for tables in own.chunks(TABLES_PER_QUERY) {
            let questions: Vec<String> = tables
                .iter()
                .enumerate()
                .map(|(at, (path, _))| format!("SELECT {at} AS at WHERE EXISTS (SELECT FROM ONLY {path})"))
                .collect();
            let answers: Vec<Filled> = self.rows(database, &questions.join("\nUNION ALL ")).await?;
            filled.extend(
                answers
                    .iter()
                    .filter_map(|answer| Some(tables.get(answer.at)?.1.clone())),
            );
        }
        let own = own.into_iter().map(|(path, _)| path).collect();
        Ok(Tables { missing, own, filled })
    }

    async fn has_large_objects(&self, database: &str) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            any: bool,
        }
        let query = "SELECT EXISTS (SELECT FROM pg_largeobject_metadata) AS any";
        Ok(self
            .rows::<Answer>(database, query)
            .await?
            .iter()
            .any(|answer| answer.any))
    }
}

fn no_database(target: &str) -> Error {
    Error::not_found(format!(
        "the dump holds rows only, and there is no database {target} to add them to"
    ))
    .next("restore a backup of the definitions (contents schema-only, or all) under that name first")
}

/// What keeps rows out of the tables that are there.
fn unfit(target: &str, tables: &Tables, options: &RestoreOptions) -> Option<Blocker> {
    if !tables.missing.is_empty() {
        let missing = shown(&tables.missing);
        return Some(Blocker::new(
            format!("database {target} does not have these tables of the dump: {missing}"),
            "restore a backup of the definitions under that name first",
        ));
    }
    if tables.filled.is_empty() || options.replace {
        return None;
    }
    let filled = shown(&tables.filled);
    let what = format!("these tables of database {target} hold rows already: {filled}");
    Some(Blocker::new(what, "restore into another database").unless(Permission::Replace))
}

fn shown(names: &[String]) -> String {
    let listed = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

/// What comes before the script, in the same transaction.
fn beginning(contents: &Contents, tables: &Tables, superuser: bool, remove_objects: bool) -> String {
    let mut statements = vec![
        "BEGIN".to_owned(),
        format!("SET LOCAL lock_timeout = {}", literal(LOCK_WAIT)),
    ];
    if superuser {
        // Tables refer to each other in any order. Unlike pg_restore's own way of turning triggers off, this one does not turn
        // on again what their owner had turned off.
        statements.push("SET LOCAL session_replication_role = replica".to_owned());
    }
    if !tables.filled.is_empty() {
        // All of them, empty or not: a table that another refers to is only emptied together with it.
        let own: Vec<String> = tables.own.iter().map(|path| format!("ONLY {path}")).collect();
        statements.push(format!("TRUNCATE TABLE {}", own.join(", ")));
    }
    if remove_objects {
        statements.push("SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata".to_owned());
    }
    // Where a sequence stands is not part of a transaction, unless the sequence itself was written anew in it.
    let sequences = contents.entries().iter().filter(|entry| entry.is_sequence_state());
    statements.extend(sequences.map(|sequence| {
        let (schema, name) = (identifier(&sequence.namespace), identifier(&sequence.tag));
        format!("ALTER SEQUENCE {schema}.{name} RESTART")
    }));
    statements.join(";\n") + ";\n"
}

/// Rows that are in, but for the last word.
struct Open {
    psql: Running,
    script: Script,
    /// The script's end, with COMMIT.
    last: BytesMut,
}

/// A script on its way into `psql`.
struct Script {
    /// Gone once `psql` takes no more; its exit status says why.
    to: Option<ChildStdin>,
    held: BytesMut,
}

impl Script {
    async fn write(&mut self, bytes: &[u8]) {
        if let Some(to) = &mut self.to
            && to.write_all(bytes).await.is_err()
        {
            self.to = None;
        }
    }

    /// Hands on all but the end, which it gives back. Leaves out the `unknown` setting.
    async fn hand_on(&mut self, from: Option<ChildStdout>, unknown: Option<&[u8]>) -> Result<BytesMut> {
        let mut from = from.ok_or_else(|| Error::failed("pg_restore has no output"))?;
        let mut unknown = unknown;
        while self.to.is_some() {
            self.held.reserve(CHUNK_BYTES);
            let read = from.read_buf(&mut self.held).await;
            let unread = |error| Error::failed(format!("cannot read what pg_restore writes: {}", in_words(&error)));
            let read = read.map_err(unread)?;
            if read > 0 && self.held.len() < HELD_BYTES * 2 {
                continue;
            }
            if let Some(setting) = unknown.take()
                && let Some(at) = memmem::find(&self.held, setting)
            {
                let behind = self.held.split_off(at + setting.len());
                self.held.truncate(at);
                self.held.unsplit(behind);
            }
            if read == 0 {
                break;
            }
            let ready = self.held.split_to(self.held.len().saturating_sub(HELD_BYTES));
            self.write(&ready).await;
        }
        Ok(std::mem::take(&mut self.held))
    }
}

/// Fails unless this is the end of a script.
fn complete(end: &[u8]) -> Result<()> {
    memmem::rfind(end, END)
        .map(|_| ())
        .ok_or_else(|| Error::failed("the script that pg_restore wrote has no end"))
}
