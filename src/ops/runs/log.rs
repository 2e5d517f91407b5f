//! A run's log, however long: a page of it from anywhere, its next error, a word in it, all of it as a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::LINES;
use crate::domain::Result;
use crate::domain::error::Context;
use crate::domain::execution::{LogLevel, LogLine};
use crate::domain::id::ExecutionId;
use crate::domain::paging::Edge;
use crate::ops::Session;
use crate::ops::private_file::{Existing, PrivateFile, another_name};
use crate::store::logs;

/// Where in a log a page lies; lines are known by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogEdge {
    /// The end of it.
    #[default]
    Last,
    /// Its beginning.
    First,
    /// The lines right before this one.
    Before(i64),
    /// The lines right after this one.
    After(i64),
}

impl From<LogEdge> for Edge<i64> {
    fn from(edge: LogEdge) -> Self {
        match edge {
            LogEdge::Last => Self::Newest,
            LogEdge::First => Self::Oldest,
            LogEdge::Before(line) => Self::Before(line),
            LogEdge::After(line) => Self::After(line),
        }
    }
}

/// Which way a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forwards,
    /// Towards the beginning.
    Backwards,
}

/// What is looked for in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// A part of a line's message; upper and lower case are the same.
    pub text: String,
    /// The line to go on from; it is not looked at itself. `0` is before the first one, `i64::MAX` behind the last one.
    pub from: i64,
    /// Which way.
    pub direction: Direction,
    /// Only lines of this level or above.
    pub level: LogLevel,
    /// Lines looked at before it pauses.
    pub at_most_lines: u32,
}

/// What came of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    /// The next line with the text.
    Found(i64),
    /// There is none up to the end.
    NotFound,
    /// So many lines were looked at; the same search goes on from this line.
    Unfinished {
        /// The last line that was looked at.
        from: i64,
    },
}

/// The lines next to an edge, at most `limit`, of `level` or above, oldest first.
pub fn log_page(
    session: &Session,
    id: ExecutionId,
    edge: LogEdge,
    level: LogLevel,
    limit: u32,
) -> Result<Vec<LogLine>> {
    session
        .instance
        .store
        .read(|db| logs::list(db, id, edge.into(), level, limit))
}

/// The first line after the line `after` that tells of an error.
pub fn log_next_error(session: &Session, id: ExecutionId, after: i64) -> Result<Option<i64>> {
    let next = log_page(session, id, LogEdge::After(after), LogLevel::Error, 1)?;
    Ok(next.first().map(|line| line.id))
}

/// Looks for a text in a log.
pub fn log_search(session: &Session, id: ExecutionId, search: &Search) -> Result<Searched> {
    let text = search.text.to_lowercase();
    let mut from = search.from;
    let mut left = search.at_most_lines;
    while left > 0 {
        let limit = left.min(LINES);
        let mut lines = match search.direction {
            Direction::Forwards => log_page(session, id, LogEdge::After(from), search.level, limit)?,
            Direction::Backwards => log_page(session, id, LogEdge::Before(from), search.level, limit)?,
        };
        if search.direction == Direction::Backwards {
            lines.reverse();
        }
        let looked = u32::try_from(lines.len()).unwrap_or(limit);
        if let Some(line) = lines.iter().find(|line| line.message.to_lowercase().contains(&text)) {
            return Ok(Searched::Found(line.id));
        }
        match lines.last() {
            Some(last) if looked == limit => from = last.id,
            _ => return Ok(Searched::NotFound),
        }
        left -= looked;
    }
    Ok(Searched::Unfinished { from })
}

/// Writes a log as far as it goes to a file that only its owner may read, and says how many lines that are. A file that is
/// there already stays.
pub fn save_log(session: &Session, id: ExecutionId, path: &Path) -> Result<u64> {
    let mut file = PrivateFile::create(path, Existing::Keep).map_err(another_name)?;
    let mut written = 0;
    let mut out = BufWriter::new(file.file());
    each_page(session, id, LogLevel::Info, |lines| {
        for line in lines {
            writeln!(
                out,
                "{}  {:5}  {:10}  {}",
                line.at, line.level, line.stage, line.message
            )
            .doing("cannot write", path.display())?;
            written += 1;
        }
        Ok(())
    })?;
    out.flush().doing("cannot write", path.display())?;
    drop(out);
    file.keep().map_err(another_name)?;
    Ok(written)
}

/// Hands over the whole log, oldest lines first, a page at a time.
pub(super) fn each_page(
    session: &Session,
    id: ExecutionId,
    level: LogLevel,
    mut each: impl FnMut(Vec<LogLine>) -> Result<()>,
) -> Result<()> {
    let mut edge = LogEdge::First;
    loop {
        let lines = log_page(session, id, edge, level, LINES)?;
        let Some(last) = lines.last() else {
            return Ok(());
        };
        edge = LogEdge::After(last.id);
        each(lines)?;
    }
}
