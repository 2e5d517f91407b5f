//! `backstay recovery-kit` and `backstay decrypt`: what is left to do when an installation is lost.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::READER_GONE;
use super::{Cx, Output};
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::ops::given_key::GivenKey;
use crate::ops::private_file::Existing;
use crate::ops::recovery::{self, KitRequest, Layers, Opening};

/// Arguments of `recovery-kit`.
#[derive(Debug, Args)]
pub struct KitArguments {
    /// Only the key of this profile, and all that are retired: backups made before may need them.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Also the master key, which opens Backstay's database and everything secret in it.
    #[arg(long)]
    with_master_key: bool,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file of that name.
    #[arg(long)]
    force: bool,
}

/// Arguments of `decrypt`.
#[derive(Debug, Args)]
pub struct DecryptArguments {
    /// An object of a backup: app.dump.zst.enc.
    file: PathBuf,
    /// A file with the profile's key as 64 hex digits, as the recovery kit has it.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The file to write; - is standard output. Without it, beside the object, under its name without the suffixes.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Undo the sealing only and leave it compressed.
    #[arg(long)]
    keep_compressed: bool,
    /// Replace a file of that name.
    #[arg(long)]
    force: bool,
}

/// Writes a recovery kit.
pub fn kit(arguments: &KitArguments, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let path = arguments
        .output
        .clone()
        .unwrap_or_else(|| recovery::default_kit_name(&session));
    let request = KitRequest {
        profile: arguments.profile.clone(),
        with_master_key: arguments.with_master_key,
    };
    let kit = recovery::write(&session, &path, Existing::from_force(arguments.force), &request)?;
    if cx.output.is_json() {
        cx.output.json(&kit)?;
        return Ok(0);
    }
    let keys = if kit.profiles.is_empty() {
        "no profile".to_owned()
    } else {
        kit.profiles.join(", ")
    };
    let master = if kit.master_key { ", and the master key" } else { "" };
    cx.output.say(&format!(
        "Wrote {}: the keys of {keys}{master}, and a script that reads backups without Backstay.\n\
         Whoever has it can read those backups. Move it to where the backups are not, and off this machine.",
        std::path::absolute(&kit.path).unwrap_or(kit.path).display()
    ))?;
    Ok(0)
}

/// Decrypts and decompresses one object. Needs no home.
pub async fn decrypt(arguments: &DecryptArguments, cx: &Cx) -> Result<u8> {
    let opening = Opening {
        file: arguments.file.clone(),
        out: arguments.output.clone(),
        keep_compressed: arguments.keep_compressed,
        existing: Existing::from_force(arguments.force),
    };
    let layers = opening.layers()?;
    let key = arguments.key_file.as_deref().map(GivenKey::read).transpose()?;
    if let Some(warning) = key.as_ref().and_then(GivenKey::warning) {
        cx.output.note(&format!("warning: {warning}"));
    }
    if arguments.output.as_deref() == Some(Path::new("-")) {
        return to_stdout(&opening.file, &layers, key.as_ref(), &cx.output).await;
    }
    let opened = recovery::decrypt_to_file(&opening, key.as_ref(), |_| {}).await?;
    beware(&layers, &cx.output);
    if cx.output.is_json() {
        cx.output.json(&opened)?;
    } else {
        cx.output
            .say(&format!("Wrote {} ({}).", opened.path.display(), size(opened.size)))?;
    }
    Ok(0)
}

async fn to_stdout(file: &Path, layers: &Layers, key: Option<&GivenKey>, output: &Output) -> Result<u8> {
    if output.is_json() {
        return Err(Error::usage("standard output cannot hold the data and a JSON document")
            .next("leave out --json, or give -o FILE"));
    }
    let decrypted = recovery::decrypt(file, layers, key, &mut Stdout(output), |_| {}).await;
    let incomplete = "what came out before is not to be used";
    match decrypted {
        Ok(_) => {
            beware(layers, output);
            Ok(0)
        }
        Err(_) if output.is_closed() => Ok(READER_GONE),
        Err(error) if error.next.is_empty() => Err(error.next(incomplete)),
        Err(error) => Err(Error {
            next: format!("{}; {incomplete}", error.next),
            ..error
        }),
    }
}

fn beware(layers: &Layers, output: &Output) {
    if let Some(caution) = layers.caution() {
        output.note(&format!("warning: {caution}"));
    }
}

/// Standard output that ends the work when its reader went away.
struct Stdout<'a>(&'a Output);

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.raw(bytes).map_err(io::Error::other)?;
        if self.0.is_closed() {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            Ok(bytes.len())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
