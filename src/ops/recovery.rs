//! Reading backups without an installation: the recovery kit, and decrypting a single object with a key file.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use serde::Serialize;
use serde_json::json;

use super::Session;
use super::given_key::GivenKey;
use super::private_file::{Existing, PrivateFile};
use crate::catalog::keys;
use crate::domain::audit::Event;
use crate::domain::error::Context;
use crate::domain::job::Compression;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::{self, CHUNK_BYTES, Chunks};
use crate::pipeline::open::{self, Decoding, Expected};
use crate::store::profiles;
use crate::vault::kit::{KitContents, KitKey, write_kit};

/// What a recovery kit is to hold.
#[derive(Clone, Debug, Default)]
pub struct KitRequest {
    /// Only this profile and every retired key, since any may have been this profile's before; absent means all.
    pub profile: Option<String>,
    /// Also the master key, which opens everything.
    pub with_master_key: bool,
}

/// A kit that was written.
#[derive(Clone, Debug, Serialize)]
pub struct Kit {
    /// Where it is.
    pub path: PathBuf,
    /// The profiles whose keys are in it.
    pub profiles: Vec<String>,
    /// Whether the master key is in it.
    pub master_key: bool,
}

/// The name of a kit when none is given: `backstay-recovery-kit-db1-2026-11-21.zip`.
pub fn default_kit_name(session: &Session) -> PathBuf {
    let machine: String = session
        .instance
        .name()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    PathBuf::from(format!(
        "backstay-recovery-kit-{machine}-{}.zip",
        session.now().utc().format("%Y-%m-%d")
    ))
}

/// Writes a recovery kit to a file of mode 0600.
pub fn write(session: &Session, path: &Path, existing: Existing, request: &KitRequest) -> Result<Kit> {
    let chosen = session.instance.store.read(|db| {
        let all = profiles::list(db)?;
        let Some(name) = &request.profile else { return Ok(all) };
        let wanted = profiles::find(db, name)?;
        Ok(all
            .into_iter()
            .filter(|profile| profile.id == wanted.id || profile.retired_at.is_some())
            .collect())
    })?;
    if chosen.is_empty() && !request.with_master_key {
        return Err(Error::usage("there is no key to put into it yet")
            .next("make a profile with `backstay profile create`, or have the master key put into it"));
    }
    let names: Vec<String> = chosen.iter().map(|profile| profile.name.clone()).collect();
    let keys = chosen.iter().map(|profile| {
        Ok(KitKey {
            name: profile.name.clone(),
            key: keys::of_profile(&session.instance, profile.id)?,
            retired_at: profile.retired_at,
        })
    });
    let contents = KitContents {
        instance: session.instance.name(),
        made_at: session.now(),
        keys: keys.collect::<Result<_>>()?,
        master: request.with_master_key.then_some(&session.instance.master),
    };
    let mut file = PrivateFile::create(path, existing)?;
    let facts = json!({ "file": path, "profiles": names, "master_key": request.with_master_key });
    session.instance.store.write(|db| {
        session.record(
            db,
            &Event::new("recovery-kit.write", "recovery-kit", "", "").with(facts),
        )
    })?;
    write_kit(file.file(), &contents)?;
    file.keep()?;
    Ok(Kit {
        path: path.to_owned(),
        profiles: names,
        master_key: request.with_master_key,
    })
}

/// What an object's name says there is to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The name that is left.
    pub name: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// `zstd`, `gzip`, `brotli` or `none`.
    pub compression: &'static str,
}

impl Layers {
    /// What to beware of when nothing in the file says whether it is as it was: only sealing and some ways of compressing do.
    pub fn caution(&self) -> Option<&'static str> {
        let is_checked = self.sealed || self.compression != Compression::Brotli(0).algorithm();
        (!is_checked).then_some(
            "brotli keeps no checksum, so that damage may have gone unnoticed: compare the SHA-256 of what came out with \
             plain_sha256 in the backup's manifest.json",
        )
    }
}

/// Reads the suffixes of an object's name, right to left. With `keep_compressed`, compression is left as it is.
pub fn layers(name: &str, keep_compressed: bool) -> Result<Layers> {
    let unsealed = name.strip_suffix(".enc");
    let rest = unsealed.unwrap_or(name);
    let packed = [Compression::Zstd(0), Compression::Gzip(0), Compression::Brotli(0)]
        .into_iter()
        .filter(|_| !keep_compressed)
        .find_map(|compression| Some((rest.strip_suffix(compression.suffix())?, compression.algorithm())));
    let (left, compression) = packed.unwrap_or((rest, Compression::None.algorithm()));
    if left == name || left.is_empty() {
        return Err(Error::usage("its name does not say that there is anything to undo")
            .on(name)
            .next("objects of a backup end in .enc, .zst, .gz or .br; give the file its name back"));
    }
    Ok(Layers {
        name: left.to_owned(),
        sealed: unsealed.is_some(),
        compression,
    })
}

/// An object that is to become a file in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The object.
    pub file: PathBuf,
    /// The file it becomes; below the working directory and under the object's name without the suffixes unless given. Not beside
    /// the object: what is kept sealed there is not to lie open there.
    pub out: Option<PathBuf>,
    /// Undo the sealing only.
    pub keep_compressed: bool,
    /// What happens when there is a file of that name.
    pub existing: Existing,
}

impl Opening {
    /// What there is to undo, by the object's name.
    pub fn layers(&self) -> Result<Layers> {
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        layers(&name.unwrap_or_default(), self.keep_compressed)
    }
}

/// A file in the clear that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// Undoes sealing and compression of a file and writes what is inside to another one, of mode 0600. It is there only when all of
/// it is, and right as far as the file can tell: see [`Layers::caution`]. `moved` hears how many stored bytes were read each time.
pub async fn decrypt_to_file(
    opening: &Opening,
    key: Option<&GivenKey>,
    moved: impl FnMut(u64) + Send + 'static,
) -> Result<Opened> {
    let layers = opening.layers()?;
    let path = opening.out.clone().unwrap_or_else(|| PathBuf::from(&layers.name));
    let mut out = PrivateFile::create(&path, opening.existing)?;
    let size = decrypt(&opening.file, &layers, key, out.file(), moved).await?;
    out.keep()?;
    Ok(Opened { path, size })
}

/// Undoes sealing and compression of a file and hands the plain bytes to `out`. Gives their number. Only when it succeeds are
/// they all there, and right as far as the file can tell: see [`Layers::caution`]. `moved` hears how many stored bytes were read each time.
pub async fn decrypt(
    file: &Path,
    layers: &Layers,
    key: Option<&GivenKey>,
    out: &mut (dyn Write + Send),
    moved: impl FnMut(u64) + Send + 'static,
) -> Result<u64> {
    let object = file.display().to_string();
    let key = match (layers.sealed, key) {
        (false, _) => None,
        (true, Some(given)) => Some(given.key().clone()),
        (true, None) => {
            return Err(Error::usage("it is sealed, and no key was given")
                .on(object)
                .next("name the file with its key; the recovery kit has the keys"));
        }
    };
    let decoding = Decoding {
        algorithm: layers.compression.to_owned(),
        key,
    };
    let mut plain = open::plain(read(file, moved)?, decoding, Expected::default());
    let mut written = 0;
    while let Some(chunk) = plain.next().await.map_err(|error| error.or_on(&object))? {
        out.write_all(&chunk).doing("cannot write", "the plain data")?;
        written += chunk.len() as u64;
    }
    out.flush().doing("cannot write", "the plain data")?;
    Ok(written)
}

/// A file as chunks, read on a thread where that may block.
fn read(path: &Path, mut moved: impl FnMut(u64) + Send + 'static) -> Result<Chunks> {
    let object = path.display().to_string();
    let mut file = File::open(path).doing("cannot open it", &object)?;
    let (sender, stored) = chunks::channel();
    tokio::task::spawn_blocking(move || {
        loop {
            let mut buffer = BytesMut::zeroed(CHUNK_BYTES);
            match file.read(&mut buffer).doing("cannot read it", &object) {
                Ok(0) => return sender.blocking_finish(Ok(())),
                Ok(read) => {
                    buffer.truncate(read);
                    moved(read as u64);
                    if sender.blocking_send(buffer.freeze()).is_err() {
                        return;
                    }
                }
                Err(error) => return sender.blocking_finish(Err(error)),
            }
        }
    });
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_undone_right_to_left() {
        let of = |name, keep| {
            layers(name, keep)
                .map(|layers| (layers.name, layers.sealed, layers.compression))
                .ok()
        };
        assert_eq!(
            of("app.dump.zst.enc", false),
            Some(("app.dump".to_owned(), true, "zstd"))
        );
        assert_eq!(
            of("app.dump.zst.enc", true),
            Some(("app.dump.zst".to_owned(), true, "none"))
        );
        assert_eq!(of("app.db.gz", false), Some(("app.db".to_owned(), false, "gzip")));
        assert_eq!(of("app.db.gz", true), None);
        assert_eq!(of("app.db", false), None);
        assert_eq!(of(".enc", false), None);
    }
}
