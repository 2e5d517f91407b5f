//! Reading an archive without a server: by `pg_restore`, which understands all of it, and by our own reader, which notices
//! where it ends.

use std::process::Stdio;
use std::time::Duration;

use super::checked::{Checked, Framing};
use super::clients::Clients;
use super::connection::bare_command;
use super::failure::explain;
use crate::domain::adapter::major;
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::Chunks;
use crate::process::{self, bulk::BulkWriter};
use crate::source::Tools;

/// The whole reading, fed as it may be from a slow copy, must be done in this time.
const END_LIMIT: Duration = Duration::from_hours(24);

/// Reads an archive to its end and counts its rows. Both readers must find it complete.
pub async fn parse_archive(chunks: Chunks, tools: &Tools) -> Result<Stats> {
    let archive = Checked::open(chunks, Framing::AsItIs).await?;
    let clients = Clients::find(tools.postgres_client_dir.as_deref()).await?;
    let dump_major = major(&archive.contents()?.dump_version)?;
    let client = clients.for_restore(dump_major, dump_major)?;
    let mut command = bare_command(&client.program("pg_restore"));
    let (input, stdin) = BulkWriter::new()?;
    command.args(["--file", "/dev/null"]).stdin(stdin).stdout(Stdio::null());
    let work = archive.feed(process::start(&mut command)?, input);
    let (ended, stats) = tokio::time::timeout(END_LIMIT, work)
        .await
        .map_err(|_| Error::failed("pg_restore does not come to an end").transient())??;
    ended.verdict("pg_restore").map_err(explain)?;
    Ok(stats)
}
