//! How our types travel to and from columns: ids and enums as TEXT, times as INTEGER, everything structured as JSON.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::str::FromStr;

use rusqlite::types::{FromSqlError, ToSqlOutput, Type};
use rusqlite::{Row, RowIndex, Rows, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::adapter::{AdapterType, Health};
use crate::domain::backup::{CopyState, Level};
use crate::domain::execution::{ExecutionType, LogLevel, Stage, Status, Trigger};
use crate::domain::id::{AdapterId, BackupId, CopyId, ExecutionId, HealthCheckId, JobId, ProfileId, floor};
use crate::domain::paging::Edge;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

macro_rules! as_text {
    ($($name:ty),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.to_string()))
            }
        }
    )+};
}

as_text!(
    AdapterId,
    BackupId,
    CopyId,
    ExecutionId,
    HealthCheckId,
    JobId,
    ProfileId
);
as_text!(
    AdapterType,
    CopyState,
    ExecutionType,
    Health,
    Level,
    LogLevel,
    Stage,
    Status,
    Trigger
);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.millis()))
    }
}

/// A column's name, or its position.
pub(super) trait Column: RowIndex + Display + Copy {}

impl<T: RowIndex + Display + Copy> Column for T {}

/// Reading columns as our types.
pub(super) trait Columns {
    /// A TEXT column as an id or an enum.
    fn text<T: FromStr>(&self, column: impl Column) -> rusqlite::Result<T>;
    /// The same where NULL is allowed.
    fn text_or_null<T: FromStr>(&self, column: impl Column) -> rusqlite::Result<Option<T>>;
    /// An INTEGER column as an instant.
    fn time(&self, column: impl Column) -> rusqlite::Result<Timestamp>;
    /// The same where NULL is allowed.
    fn time_or_null(&self, column: impl Column) -> rusqlite::Result<Option<Timestamp>>;
    /// A JSON column.
    fn json<T: DeserializeOwned>(&self, column: impl Column) -> rusqlite::Result<T>;
    /// An INTEGER column that holds a count or a size.
    fn count(&self, column: impl Column) -> rusqlite::Result<u64>;
}

impl Columns for Row<'_> {
    fn text<T: FromStr>(&self, column: impl Column) -> rusqlite::Result<T> {
        let text = self.get_ref(column)?.as_str()?;
        text.parse().map_err(|_| unreadable(column, text))
    }

    fn text_or_null<T: FromStr>(&self, column: impl Column) -> rusqlite::Result<Option<T>> {
        let text = self.get_ref(column)?.as_str_or_null()?;
        text.map(|text| text.parse().map_err(|_| unreadable(column, text)))
            .transpose()
    }

    fn time(&self, column: impl Column) -> rusqlite::Result<Timestamp> {
        self.get(column).map(Timestamp::from_millis)
    }

    fn time_or_null(&self, column: impl Column) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    fn json<T: DeserializeOwned>(&self, column: impl Column) -> rusqlite::Result<T> {
        let text = self.get_ref(column)?.as_str()?;
        serde_json::from_str(text).map_err(|error| unreadable(column, &error.to_string()))
    }

    fn count(&self, column: impl Column) -> rusqlite::Result<u64> {
        let value: i64 = self.get(column)?;
        u64::try_from(value).map_err(|_| unreadable(column, "a negative count"))
    }
}

/// The first row of each job, read by `read`, until `jobs` jobs were found. The job's id is at position `job`; rows of none are
/// passed over.
pub(super) fn first_of_each_job<T>(
    mut rows: Rows<'_>,
    job: usize,
    jobs: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<BTreeMap<JobId, T>> {
    let mut found = BTreeMap::new();
    while found.len() < jobs
        && let Some(row) = rows.next()?
    {
        if let Some(id) = row.text_or_null(job)?
            && let Entry::Vacant(vacant) = found.entry(id)
        {
            vacant.insert(read(row)?);
        }
    }
    Ok(found)
}

fn unreadable(column: impl Column, what: &str) -> rusqlite::Error {
    let told = FromSqlError::Other(format!("column {column}: {what}").into());
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(told))
}

/// A value as JSON text for a column.
pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::failed(format!("cannot write JSON: {error}")))
}

/// A size for an INTEGER column.
pub(super) fn to_integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The order a page is read in.
pub(super) const fn order<K>(edge: &Edge<K>) -> &'static str {
    if edge.is_ascending() { "ASC" } else { "DESC" }
}

/// The texts between which lie the ids of rows made in a span of time and beyond an edge.
pub(super) fn span<I: Display>(since: Option<Timestamp>, until: Option<Timestamp>, edge: &Edge<I>) -> (String, String) {
    let lower = [since.map(floor), edge.lower().map(ToString::to_string)];
    let upper = [until.map(floor), edge.upper().map(ToString::to_string)];
    // Ids begin with hexadecimal digits: nothing sorts before, and this after all of them.
    let beyond = || "g".to_owned();
    (
        lower.into_iter().flatten().max().unwrap_or_default(),
        upper.into_iter().flatten().min().unwrap_or_else(beyond),
    )
}

/// Turns the violation of a UNIQUE name into words.
pub(super) fn name_taken(error: rusqlite::Error, what: &str, name: &str) -> Error {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
        && error.to_string().contains("UNIQUE")
    {
        return Error::usage("that name is taken")
            .on(format!("{what} {name}"))
            .next("choose another name");
    }
    error.into()
}

/// Turns a RESTRICT violation into words.
pub(super) fn still_used(error: rusqlite::Error, what: &str, name: &str) -> Error {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) {
        return Error::refused("it is still in use")
            .on(format!("{what} {name}"))
            .next("remove or change what uses it first");
    }
    error.into()
}
