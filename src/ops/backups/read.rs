//! Backups as files: one dump to wherever it is wanted, or a whole copy into a directory. Every digest is compared; what is
//! not complete and proven never carries its final name.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::{Material, named, open};
use crate::catalog::{copies, manifest as manifests};
use crate::destination::Destination;
use crate::domain::audit::Event;
use crate::domain::error::Context;
use crate::domain::manifest::{ObjectKind, StoredObject};
use crate::domain::naming::{self, MANIFEST};
use crate::domain::{Error, Result};
use crate::ops::Session;
use crate::ops::private_file::{Existing, PrivateFile};
use crate::pipeline::chunks::Chunks;
use crate::pipeline::open::{Decoding, Expected, Proof, plain};

/// What a downloaded object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is stored, with the manifest beside it: the directory is a copy of the backup.
    Stored,
    /// Decrypted and decompressed: the engine's own dumps.
    Plain,
}

/// A download that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The backup: an id, or `latest:JOB`.
    pub backup: String,
    /// Only this object: a database's name, an object's, or `globals`. All of them unless given.
    pub object: Option<String>,
    /// Read from this destination; the best copy unless given.
    pub from: Option<String>,
    /// Where the files go; it is made when it is not there.
    pub directory: PathBuf,
    /// As stored, or in the clear.
    pub form: Form,
    /// Replace files that are there.
    pub force: bool,
}

impl Fetch {
    /// Whether the directory becomes a copy of the backup, and so has its manifest too.
    const fn is_whole_copy(&self) -> bool {
        matches!(self.form, Form::Stored) && self.object.is_none()
    }

    fn objects<'a>(&self, material: &'a Material) -> Result<Vec<&'a StoredObject>> {
        match &self.object {
            Some(object) => Ok(vec![object_called(material, object)?]),
            None => Ok(material.manifest.objects.iter().collect()),
        }
    }
}

/// What a download will fetch.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Bytes there will be.
    pub bytes: u64,
    /// Files there will be.
    pub files: Vec<PathBuf>,
    /// The destination it is read from.
    pub destination: String,
    /// Newer backups that were passed over, in words, when the latest was asked for.
    pub note: Option<String>,
}

/// What was downloaded.
#[derive(Clone, Debug, Serialize)]
pub struct Download {
    /// The destination it was read from.
    pub destination: String,
    /// The files, each proven against the manifest.
    pub files: Vec<PathBuf>,
    /// Their size together, in bytes.
    pub bytes: u64,
}

/// Looks at what a download would be. Refuses files that are there unless it is to replace them.
pub fn plan_download(session: &Session, wanted: &Fetch) -> Result<Plan> {
    let material = Material::find(&session.instance, &wanted.backup)?;
    let copy = material.copy(&session.instance, wanted.from.as_deref())?;
    let mut files = Vec::new();
    let mut bytes = 0;
    for stored in wanted.objects(&material)? {
        files.push(wanted.directory.join(file_name(stored, wanted.form)?));
        bytes += match wanted.form {
            Form::Stored => stored.stored_size,
            Form::Plain => material.inside_of(stored)?.logical_size,
        };
    }
    if wanted.is_whole_copy() {
        files.push(wanted.directory.join(MANIFEST));
    }
    match files.iter().find(|file| file.exists()) {
        Some(file) if !wanted.force => Err(Error::refused("a file of that name is there already")
            .on(file.display().to_string())
            .next("choose another directory, or have it replaced")),
        _ => Ok(Plan {
            bytes,
            files,
            destination: copy.destination.clone(),
            note: material.note.clone(),
        }),
    }
}

/// Fetches the files. `moved` hears how many bytes came each time.
pub async fn download(session: &Session, wanted: &Fetch, mut moved: impl FnMut(u64)) -> Result<Download> {
    let plan = plan_download(session, wanted)?;
    let material = Material::find(&session.instance, &wanted.backup)?;
    let copy = material.copy(&session.instance, wanted.from.as_deref())?;
    let destination = open(session, copy.destination_id)?;
    let driver = destination.driver.as_ref();
    let (directory, form) = (&wanted.directory, wanted.form);
    let existing = Existing::from_force(wanted.force);
    record(session, &material, "backup.download", wanted.object.as_deref())?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .doing("cannot make the directory", directory.display())?;
    for stored in wanted.objects(&material)? {
        let chunks = chunks(driver, &copy.path, &material, stored, form).await?;
        save(chunks, &directory.join(file_name(stored, form)?), existing, &mut moved).await?;
    }
    if wanted.is_whole_copy() {
        let (_, manifest) = manifests::read(driver, &copy.path).await?;
        let text = format!("{manifest:#}\n");
        let path = directory.join(MANIFEST);
        let mut file = PrivateFile::create(path.clone(), existing)?;
        file.file()
            .write_all(text.as_bytes())
            .doing("cannot write", path.display())?;
        file.keep()?;
    }
    Ok(Download {
        destination: plan.destination,
        files: plan.files,
        bytes: plan.bytes,
    })
}

/// Hands the plain dump of one object to `write`. `object` is a database's name, an object's, or `globals`. Success says that
/// every digest matched; after a failure what was written is worth nothing. Gives newer backups that were passed over, in words,
/// when the latest was asked for.
pub async fn cat(
    session: &Session,
    backup: &str,
    object: &str,
    from: Option<&str>,
    mut write: impl FnMut(&Bytes) -> Result<()>,
) -> Result<Option<String>> {
    let material = Material::find(&session.instance, backup)?;
    let stored = object_called(&material, object)?;
    let copy = material.copy(&session.instance, from)?;
    let destination = open(session, copy.destination_id)?;
    record(session, &material, "backup.read", Some(&stored.name))?;
    let mut chunks = chunks(destination.driver.as_ref(), &copy.path, &material, stored, Form::Plain).await?;
    while let Some(chunk) = chunks.next().await.map_err(|error| error.or_on(stored.name.clone()))? {
        write(&chunk)?;
    }
    Ok(material.note)
}

/// Puts it on record, with the object where it is about one alone.
fn record(session: &Session, material: &Material, action: &str, object: Option<&str>) -> Result<()> {
    let backup = &material.backup;
    let event = Event::new(action, "backup", backup.id, backup.id.short());
    let event = match object {
        Some(object) => event.with(json!({ "object": object })),
        None => event,
    };
    session.instance.store.write(|db| session.record(db, &event))
}

async fn chunks(
    destination: &dyn Destination,
    folder: &str,
    material: &Material,
    stored: &StoredObject,
    form: Form,
) -> Result<Chunks> {
    if form == Form::Plain {
        let inside = material.inside_of(stored)?;
        let key = material.key.as_ref();
        let (manifest, inside) = (&material.manifest, Some(inside));
        return copies::read_plain(destination, folder, manifest, stored, inside, key, Proof::Dump).await;
    }
    let decoding = Decoding {
        algorithm: "none".to_owned(),
        key: None,
    };
    let expected = Expected {
        stored: Some((stored.stored_size, stored.sha256.clone())),
        plain: None,
        proof: Proof::Copy,
    };
    Ok(plain(
        copies::read_stored(destination, folder, stored).await?,
        decoding,
        expected,
    ))
}

fn object_called<'a>(material: &'a Material, object: &str) -> Result<&'a StoredObject> {
    let fits = |stored: &&StoredObject| {
        stored.name == object
            || material.inside_of(stored).is_ok_and(|inside| match inside.kind {
                ObjectKind::Database => inside.database.as_deref() == Some(object),
                ObjectKind::Globals => object == "globals",
            })
    };
    material.manifest.objects.iter().find(fits).ok_or_else(|| {
        let there: Vec<&str> = material
            .manifest
            .objects
            .iter()
            .map(|stored| stored.name.as_str())
            .collect();
        Error::not_found(format!("there is no object '{object}' in it"))
            .on(named(&material.backup))
            .next(format!("it holds {}", there.join(", ")))
    })
}

/// The file an object becomes: plain dumps lose the suffixes of what was undone.
fn file_name(stored: &StoredObject, form: Form) -> Result<String> {
    if form == Form::Stored {
        return Ok(stored.name.clone());
    }
    naming::suffixes(&stored.name)
        .map(|parts| format!("{}{}", parts.base, parts.dump))
        .ok_or_else(|| Error::failed("its name does not say what it is").on(stored.name.clone()))
}

async fn save(mut chunks: Chunks, path: &Path, existing: Existing, moved: &mut impl FnMut(u64)) -> Result<()> {
    let mut file = PrivateFile::create(path.to_owned(), existing)?;
    let shown = path.display().to_string();
    while let Some(chunk) = chunks.next().await.map_err(|error| error.or_on(shown.clone()))? {
        moved(chunk.len() as u64);
        let shown = shown.clone();
        // Off the runtime's threads: a slow disk must not hold up the reading side.
        file = tokio::task::spawn_blocking(move || {
            file.file().write_all(&chunk).doing("cannot write", shown)?;
            Ok::<_, Error>(file)
        })
        .await
        .map_err(|error| Error::failed(format!("writing stopped: {error}")))??;
    }
    file.keep()
}
