//! A conversation with a server through one `psql`: several questions for one login. Each is answered before the next is asked.

use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::failure::explain;
use super::server::{QUESTION_LIMIT, Server, WORK_LIMIT};
use crate::domain::error::in_words;
use crate::domain::units::duration;
use crate::domain::{Error, Result};
use crate::process::{self, Running};

/// What `psql` says when it has come to the end of a question. No line of an answer is the same: rows come as JSON.
const END: &str = "backstay: answered";

/// An answer larger than this is none.
const ANSWER_LIMIT: u64 = 64 << 20;

/// How long to wait beyond a limit the server was told, so that the server's word comes first.
const GRACE: Duration = Duration::from_secs(5);

/// How long `psql` may take to cancel a question: it connects once more for that.
const CANCEL_LIMIT: Duration = Duration::from_secs(3);

/// How long a login that was left may have waited: not long enough for a server or a firewall to have ended it.
const LEFT_LIMIT: Duration = Duration::from_secs(5);

/// Questions to one database. It is connected to when the first is asked, and anew after one that failed. Dropped with a
/// question open, its `psql` cancels that and ends, and the server rolls back.
pub(super) struct Session<'a> {
    server: &'a Server,
    database: String,
    open: Option<Open>,
}

impl<'a> Session<'a> {
    pub(super) fn new(server: &'a Server, database: &str) -> Self {
        Self {
            server,
            database: database.to_owned(),
            open: None,
        }
    }

    /// The rows of one query about catalogues.
    pub(super) async fn rows<T: DeserializeOwned>(&mut self, query: &str) -> Result<Vec<T>> {
        self.rows_within(query, QUESTION_LIMIT).await
    }

    /// The same with a limit of its own.
    pub(super) async fn rows_within<T: DeserializeOwned>(&mut self, query: &str, limit: Duration) -> Result<Vec<T>> {
        let script = format!(
            "SET statement_timeout = {};\nSELECT coalesce(json_agg(row_to_json(found)), '[]') FROM ({query}\n) AS found;\n\
             RESET statement_timeout;\n",
            limit.as_millis()
        );
        let answer = self.ask(&script, limit).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            Error::failed(format!("the server's answer makes no sense: {error}")).on(self.database.clone())
        })
    }

    /// The only row of one query.
    pub(super) async fn row<T: DeserializeOwned>(&mut self, query: &str) -> Result<T> {
        let rows = self.rows(query).await?;
        rows.into_iter()
            .next()
            .ok_or_else(|| Error::failed("the server answered with nothing").on(self.database.clone()))
    }

    /// Runs statements, one transaction each unless they say otherwise; the first that fails ends it.
    pub(super) async fn run(&mut self, statements: &str) -> Result<()> {
        self.ask(statements, WORK_LIMIT).await.map(|_| ())
    }

    /// Leaves its login to a conversation that begins right after this one.
    pub(super) fn leave(self) {
        if let Some(open) = self.open {
            self.server.left.put(open, self.database);
        }
    }

    /// Leaves the server. What is asked afterwards connects again.
    pub(super) async fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        drop(open.questions);
        // Everything that was asked has been answered; a psql that does not leave by itself is killed.
        let _ = tokio::time::timeout(GRACE, open.psql.wait()).await;
    }

    async fn ask(&mut self, script: &str, limit: Duration) -> Result<Vec<u8>> {
        // Taken, so that a psql that failed or was given up is not asked again.
        let open = match self.open.take().or_else(|| self.server.left.take(&self.database)) {
            Some(open) => open,
            None => self.connect().await?,
        };
        let answered = tokio::time::timeout(limit + GRACE, open.ask(script)).await;
        let (open, answer) = answered
            .map_err(|_| {
                let late = Error::failed(format!("no answer within {}", duration(limit + GRACE)));
                late.on(self.server.connection.summary()).transient()
            })?
            .map_err(explain)?;
        self.open = Some(open);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Open> {
        let client = self.server.clients().await?.newest()?;
        let mut command = self.server.psql_command(client, &self.database);
        command.args(["--set=ON_ERROR_STOP=1", "--tuples-only", "--no-align"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut psql = process::start(&mut command)?;
        let (Some(questions), Some(answers)) = (psql.stdin.take(), psql.stdout.take()) else {
            return Err(Error::failed("psql has no input and output"));
        };
        Ok(Open {
            psql,
            questions,
            answers: BufReader::new(answers),
        })
    }
}

/// The login that a conversation left, for the next.
#[derive(Default)]
pub(super) struct Left(Mutex<Option<(Open, String, Instant)>>);

impl Left {
    fn put(&self, open: Open, database: String) {
        *self.slot() = Some((open, database, Instant::now()));
    }

    fn take(&self, database: &str) -> Option<Open> {
        // One that does not fit ends here: it might be in the way of what is asked next.
        let (open, of, since) = self.slot().take()?;
        (of == database && since.elapsed() < LEFT_LIMIT).then_some(open)
    }

    fn slot(&self) -> MutexGuard<'_, Option<(Open, String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A `psql` that waits for a question.
struct Open {
    psql: Running,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Open {
    async fn ask(mut self, script: &str) -> Result<(Self, Vec<u8>)> {
        // A statement without its end would be taken to be answered before it is run.
        let end = if script.trim_ascii_end().ends_with(';') {
            ""
        } else {
            ";"
        };
        let question = format!("{script}{end}\n\\echo {END}\n");
        let asking = async {
            // A psql that takes no more has failed, and says why when it ends.
            let _ = self.questions.write_all(question.as_bytes()).await;
        };
        let asked = Asked(Some(self.psql));
        let ((), answer) = tokio::join!(asking, answer(&mut self.answers));
        let Some(psql) = asked.answered() else {
            return Err(Error::failed("psql is gone"));
        };
        if let Some(answer) = answer? {
            return Ok((Self { psql, ..self }, answer));
        }
        drop(self.questions);
        psql.wait().await?.verdict("psql")?;
        Err(Error::failed("psql ended in the middle of a question"))
    }
}

/// A `psql` with a question open. A server does not notice that nobody waits for its answer before it has one: dropped, this has
/// `psql` cancel the question there before it ends.
struct Asked(Option<Running>);

impl Asked {
    fn answered(mut self) -> Option<Running> {
        self.0.take()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let Some(psql) = self.0.take() else { return };
        // Where nothing can wait any more, it is killed.
        if let Ok(runtime) = Handle::try_current() {
            psql.interrupt();
            runtime.spawn(tokio::time::timeout(CANCEL_LIMIT, psql.wait()));
        }
    }
}

/// What comes before [`END`]; nothing when that does not come.
async fn answer(answers: &mut BufReader<ChildStdout>) -> Result<Option<Vec<u8>>> {
    let mut answers = answers.take(ANSWER_LIMIT);
    let mut answer = Vec::new();
    loop {
        let start = answer.len();
        let read = answers.read_until(b'\n', &mut answer).await;
        let unread = |error| Error::failed(format!("cannot read what psql says: {}", in_words(&error)));
        let read = read.map_err(unread)?;
        let line = answer.get(start..).unwrap_or_default();
        if line.trim_ascii_end() == END.as_bytes() {
            answer.truncate(start);
            return Ok(Some(answer));
        }
        if answers.limit() == 0 {
            return Err(Error::failed("the server's answer has no end"));
        }
        if read == 0 {
            return Ok(None);
        }
    }
}
