//! The dump: every page as one read transaction sees it. In WAL mode readers hold up nobody, so pages go straight into the
//! stream. With a rollback journal a reader keeps writers out, so the pages are first copied aside as fast as the disk takes
//! them, and streamed from there.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tempfile::NamedTempFile;

use super::super::DumpStream;
use super::check::{self, MAGIC};
use super::connect::{self, Shape, explain};
use crate::disk;
use crate::domain::error::Context as _;
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::{self, CHUNK_BYTES, ChunkSender};

/// Pages copied aside between two looks at whether anybody still wants them.
const PAGES_PER_STEP: i32 = 4096;

/// Opens the database and starts the dump on a thread of its own.
pub(super) fn start(path: PathBuf, scratch: PathBuf) -> Result<DumpStream> {
    let reader = connect::reader(&path)?;
    let (sender, chunks) = chunks::channel();
    let stats = Arc::new(OnceLock::new());
    let counted = Arc::clone(&stats);
    tokio::task::spawn_blocking(move || {
        let verdict = Dump {
            reader: &reader,
            path: &path,
            sender: &sender,
        }
        .run(&scratch)
        .map(|found| {
            // Set once, here.
            let _ = counted.set(found);
        });
        sender.blocking_finish(verdict);
    });
    Ok(DumpStream {
        chunks,
        stats,
        warnings: Arc::default(),
        notes: vec![format!("read by SQLite {}", rusqlite::version())],
    })
}

struct Dump<'a> {
    reader: &'a Connection,
    path: &'a Path,
    sender: &'a ChunkSender,
}

impl Dump<'_> {
    fn run(&self, scratch: &Path) -> Result<Stats> {
        // Rolled back when dropped; it has read and nothing else.
        let snapshot = self.reader.unchecked_transaction().map_err(explain(self.path))?;
        let shape = connect::shape(&snapshot, self.path)?;
        // A file without a single page is a valid, empty database.
        if shape.pages == 0 {
            return Ok(Stats::default());
        }
        if shape.journal_mode == "wal" && self.has_page_table()? {
            self.send_pages(&shape)?;
            return check::count(&snapshot, self.path, &|| !self.sender.is_gone());
        }
        let copy = self.copy_aside(&shape, scratch)?;
        drop(snapshot);
        self.send_file(&copy, &shape)?;
        let reader = connect::private(copy.path())?;
        check::count(&reader, self.path, &|| !self.sender.is_gone())
    }

    /// `sqlite_dbpage` is only there when SQLite was built with it.
    fn has_page_table(&self) -> Result<bool> {
        let sql = "SELECT count(*) FROM pragma_module_list WHERE name = 'sqlite_dbpage'";
        connect::number(self.reader, sql)
            .map(|found| found > 0)
            .map_err(explain(self.path))
    }

    fn send_pages(&self, shape: &Shape) -> Result<()> {
        let mut sent = Sent::default();
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let sql = "SELECT data FROM sqlite_dbpage('main') ORDER BY pgno";
        let mut statement = self.reader.prepare(sql).map_err(explain(self.path))?;
        let mut pages = statement.query([]).map_err(explain(self.path))?;
        while let Some(page) = pages.next().map_err(explain(self.path))? {
            let data = page.get_ref(0).map_err(explain(self.path))?;
            let data = data
                .as_blob()
                .map_err(|_| Error::failed("SQLite gave no page").on(self.path.display().to_string()))?;
            chunk.extend_from_slice(data);
            if chunk.len() >= CHUNK_BYTES {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_BYTES));
                sent.send(self.sender, full)?;
            }
        }
        if !chunk.is_empty() {
            sent.send(self.sender, chunk)?;
        }
        sent.check(shape, self.path)
    }

    fn copy_aside(&self, shape: &Shape, scratch: &Path) -> Result<NamedTempFile> {
        disk::require_free(scratch, shape.size_bytes()).map_err(|error| {
            error.next("free some space there, or set spool_dir to a larger disk; WAL mode needs no copy")
        })?;
        let copy = check::scratch_file(scratch)?;
        let explain_copy = explain(copy.path());
        let mut into = connect::writer(copy.path()).map_err(&explain_copy)?;
        into.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            .map_err(&explain_copy)?;
        let backup = Backup::new(self.reader, &mut into).map_err(&explain_copy)?;
        loop {
            // The open transaction keeps the lock between steps, so that all of them copy the same state.
            match backup.step(PAGES_PER_STEP).map_err(&explain_copy)? {
                StepResult::Done => break,
                StepResult::More if self.sender.is_gone() => {
                    return Err(Error::interrupted("the reading side stopped"));
                }
                StepResult::More => {}
                _ => {
                    return Err(
                        Error::busy("another process holds a lock on the database").on(self.path.display().to_string())
                    );
                }
            }
        }
        drop(backup);
        Ok(copy)
    }

    fn send_file(&self, copy: &NamedTempFile, shape: &Shape) -> Result<()> {
        let shown = copy.path().display();
        let mut file = File::open(copy.path()).doing("cannot read", &shown)?;
        let mut sent = Sent::default();
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let part = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
            if part.doing("cannot read", &shown)? == 0 {
                return sent.check(shape, self.path);
            }
            sent.send(self.sender, chunk)?;
        }
    }
}

/// What went out, for the verdict.
#[derive(Default)]
struct Sent {
    bytes: u64,
    is_database: bool,
}

impl Sent {
    fn send(&mut self, sender: &ChunkSender, chunk: Vec<u8>) -> Result<()> {
        if self.bytes == 0 {
            self.is_database = chunk.starts_with(MAGIC);
        }
        self.bytes += chunk.len() as u64;
        Ok(sender.blocking_send(Bytes::from(chunk))?)
    }

    /// Everything there was, and a database.
    fn check(&self, shape: &Shape, path: &Path) -> Result<()> {
        let wrong = |what: String| Err(Error::failed(what).on(path.display().to_string()));
        if self.bytes != shape.size_bytes() {
            return wrong(format!("{} of {} bytes could be read", self.bytes, shape.size_bytes()));
        }
        if !self.is_database {
            return wrong("what was read does not begin as a SQLite database does".to_owned());
        }
        Ok(())
    }
}
