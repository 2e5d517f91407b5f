//! Databases for the tests of the SQLite source, and other processes that use them.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use backstay::domain::job::Selection;
use backstay::domain::manifest::Stats;
use backstay::domain::{Error, Result};
use backstay::pipeline::chunks::{self, Chunks};
use backstay::source::{self, Source, Tools};
use bytes::Bytes;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

/// A directory with a database in it, and a scratch directory.
pub struct Place {
    pub directory: TempDir,
    scratch: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("shop.db")
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub fn source(&self) -> Arc<dyn Source> {
        open(&self.path(), self.scratch())
    }

    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Names of the files beside the database and of itself, sorted.
    pub fn files(&self) -> Vec<String> {
        let listing = std::fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<String> = listing
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A WAL or rollback-journal database with some of everything.
    pub fn fill(&self, journal_mode: &str) {
        let made = format!("PRAGMA page_size = 1024; PRAGMA journal_mode = {journal_mode}; {EVERYTHING}");
        self.connect().execute_batch(&made).unwrap();
    }
}

const EVERYTHING: &str = "
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, doubled REAL AS (price * 2) STORED);
    CREATE INDEX by_name ON items (name);
    CREATE TABLE pairs (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB);
    CREATE TABLE \"odd \"\"name\" (x);
    CREATE VIRTUAL TABLE notes USING fts5(body);
    CREATE VIEW cheap AS SELECT * FROM items WHERE price < 10;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      INSERT INTO items (name, price) SELECT 'item ' || i || ' größe', i / 4.0 FROM n;
    INSERT INTO pairs VALUES ('x', 1), ('x', 2), ('y', 3);
    INSERT INTO files (body) VALUES (zeroblob(0)), (randomblob(70000)), (NULL), (x'00FF00');
    INSERT INTO \"odd \"\"name\" VALUES (9223372036854775807), (-0.0), ('\u{1F5C4}');
    INSERT INTO notes VALUES ('the quick brown fox');
    DELETE FROM items WHERE id % 7 = 0;";

/// A source for any file, with any scratch directory.
pub fn open(path: &Path, scratch: &Path) -> Arc<dyn Source> {
    let tools = Tools {
        postgres_client_dir: None,
        scratch: scratch.to_owned(),
    };
    source::open("sqlite", &json!({"path": path}), &tools).unwrap()
}

/// A whole dump, with what was counted.
pub async fn dump(source: &dyn Source) -> Result<(Vec<u8>, Stats)> {
    let plan = source.plan(&Selection::default()).await?;
    let mut stream = source.dump(&plan.objects[0], &Selection::default()).await?;
    let mut all = Vec::new();
    while let Some(chunk) = stream.chunks.next().await? {
        all.extend_from_slice(&chunk);
    }
    Ok((all, stream.stats.get().unwrap().clone()))
}

/// A stream of `bytes` that ends with `verdict`.
pub fn stream(bytes: &[u8], verdict: Result<()>) -> Chunks {
    let (sender, chunks) = chunks::channel();
    let parts: Vec<Bytes> = bytes.chunks(40_000).map(Bytes::copy_from_slice).collect();
    tokio::spawn(async move {
        for part in parts {
            if sender.send(part).await.is_err() {
                return;
            }
        }
        sender.finish(verdict).await;
    });
    chunks
}

/// The error a broken producer ends with.
pub fn cut() -> Result<()> {
    Err(Error::failed("the producer broke off"))
}

/// The `sqlite3` program as another process on a database.
pub struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    pub fn open(path: &Path) -> Self {
        let mut child = Command::new("sqlite3")
            .args(["-batch", "-bail"])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need the sqlite3 program");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output: BufReader::new(output),
        }
    }

    /// Runs SQL and waits until it is done.
    pub fn run(&mut self, sql: &str) {
        writeln!(self.input, "{sql}\n.print done").unwrap();
        let mut line = String::new();
        while line != "done\n" {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "sqlite3 ended at: {sql}");
        }
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
