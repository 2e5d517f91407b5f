//! `backstay backup download` and `backstay backup cat`

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::READER_GONE;
use crate::cli::{Cx, waiting};
use crate::domain::units;
use crate::domain::{Error, Result};
use crate::ops::backups::{self, Fetch, Form};
use crate::ops::private_file::only_last_is_made;

const BAR: &str = "{wide_bar} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}";

/// Arguments of `backup download`.
#[derive(Debug, Args)]
pub struct Download {
    /// The backup.
    backup: String,
    /// The directory; it is made when it is not there, and the one above it has to be.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Decrypt and decompress: the engine's own dumps, without the manifest.
    #[arg(long)]
    decrypt: bool,
    /// Read the copy at this destination; the best one unless given.
    #[arg(long, value_name = "DESTINATION")]
    from: Option<String>,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

/// Arguments of `backup cat`.
#[derive(Debug, Args)]
pub struct Cat {
    /// The backup.
    backup: String,
    /// The database, `globals`, or the object's file name.
    object: String,
    /// Read the copy at this destination; the best one unless given.
    #[arg(long, value_name = "DESTINATION")]
    from: Option<String>,
}

/// Fetches a copy.
pub async fn download(arguments: Download, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    only_last_is_made(&arguments.directory)?;
    let wanted = Fetch {
        backup: arguments.backup,
        object: None,
        from: arguments.from,
        directory: arguments.directory,
        form: if arguments.decrypt { Form::Plain } else { Form::Stored },
        force: arguments.force,
    };
    let plan = backups::plan_download(&session, &wanted)?;
    waiting::tell_notes(cx, plan.note.as_slice());
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(plan.bytes)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    let fetched = backups::download(&session, &wanted, |bytes| bar.inc(bytes)).await;
    bar.finish_and_clear();
    let fetched = fetched?;
    if cx.output.is_json() {
        cx.output.json(&fetched)?;
    } else {
        cx.output.say(&format!(
            "{}, {}, from {} in {}; every digest matched.",
            units::count(fetched.files.len(), "file"),
            units::size(fetched.bytes),
            fetched.destination,
            wanted.directory.display()
        ))?;
    }
    Ok(0)
}

/// Writes one dump to standard output.
pub async fn cat(arguments: Cat, cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        return Err(Error::usage("a dump is not JSON").next("leave --json out; what goes wrong is on stderr"));
    }
    if std::io::stdout().is_terminal() {
        return Err(Error::usage("a dump does not belong on a terminal").next("redirect it into a file or a pipe"));
    }
    let session = cx.session()?;
    let read = backups::cat(
        &session,
        &arguments.backup,
        &arguments.object,
        arguments.from.as_deref(),
        |chunk| {
            cx.output.raw(chunk)?;
            if cx.output.is_closed() {
                return Err(Error::interrupted("nobody reads on"));
            }
            Ok(())
        },
    )
    .await;
    if cx.output.is_closed() {
        return Ok(READER_GONE);
    }
    waiting::tell_notes(cx, read?.as_slice());
    Ok(0)
}
