//! `backstay backup scan` and `backstay backup orphans`

use clap::Args;

use crate::cli::output::column;
use crate::cli::{Cx, show};
use crate::domain::units;
use crate::domain::{Kind, Result};
use crate::ops::backups::{self, Scanned};

/// Arguments of `backup scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// The destination.
    destination: String,
}

/// Arguments of `backup orphans`.
#[derive(Debug, Args)]
pub struct Orphans {
    /// The destination.
    destination: String,
    /// Delete what is found.
    #[arg(long)]
    remove: bool,
    /// Do not ask.
    #[arg(long, requires = "remove")]
    yes: bool,
}

/// Finds backups. Exit code 3 when something there could not be used, or is gone.
pub async fn scan(arguments: &Scan, cx: &Cx) -> Result<u8> {
    let found = backups::scan(&cx.session()?, &arguments.destination).await?;
    let code = if found.unreadable.is_empty() && found.missing.is_empty() {
        0
    } else {
        Kind::Partial.exit_code()
    };
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(code);
    }
    cx.output.say(&format!(
        "{} new, {} known, {} gone, {} unreadable.",
        found.new.len(),
        found.known,
        found.missing.len(),
        found.unreadable.len()
    ))?;
    tell(&found, cx);
    Ok(code)
}

fn tell(found: &Scanned, cx: &Cx) {
    for folder in &found.missing {
        cx.output.note(&format!(
            "gone: {folder} · `backstay backup repair` makes it anew from another copy"
        ));
    }
    for folder in &found.unreadable {
        let error = &folder.error;
        cx.output.note(&format!(
            "unreadable: {}: {} · {}",
            folder.folder, error.message, error.next
        ));
    }
    if !found.without_key.is_empty() {
        cx.output.note(&format!(
            "{} of the new ones are sealed with a key that is not here · `backstay profile import NAME --key-file FILE`, then scan again",
            found.without_key.len()
        ));
    }
}

/// Finds orphans, and deletes them when told to.
pub async fn orphans(arguments: &Orphans, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let backups::Found {
        orphans: found,
        catalogued,
    } = backups::find_orphans(&session, &arguments.destination).await?;
    if arguments.remove && !found.is_empty() {
        let bytes = found.iter().map(|orphan| orphan.bytes).sum();
        let question = format!(
            "Delete {} ({}) at {}?",
            units::count(found.len(), "folder"),
            units::size(bytes),
            arguments.destination
        );
        cx.confirm(&question, "--yes", arguments.yes)?;
        backups::remove_orphans(&session, &arguments.destination, &found).await?;
    }
    for left in &catalogued {
        let short = left.backup.short();
        cx.output.note(&format!(
            "left alone: {} is of backup {short} and has lost its manifest · `backstay backup verify {short}`, then `backstay backup repair {short}`",
            left.folder
        ));
    }
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(0);
    }
    let rows = found.iter().map(|orphan| {
        [
            orphan.folder.clone(),
            show::moment(orphan.taken_at),
            orphan.files.to_string(),
            units::size(orphan.bytes),
        ]
    });
    let columns = [
        column("folder"),
        column("begun").leaves(1),
        column("files").leaves(2),
        column("stored"),
    ];
    let none = "No folder there is left over from a run that never became a backup; `backstay backup scan` reads the \
                manifests.";
    cx.output.table(columns, rows, none)?;
    if found.is_empty() {
        return Ok(0);
    }
    if arguments.remove {
        cx.output
            .note(&format!("{} deleted.", units::count(found.len(), "folder")));
    } else {
        cx.output.note("`--remove` deletes them.");
    }
    Ok(0)
}
