//! Manifests at destinations: sealed, signed, written last, read back and checked.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::destination::Destination;
use crate::domain::error::in_words;
use crate::domain::manifest::{Details, FORMAT, Inside, Manifest};
use crate::domain::naming::MANIFEST;
use crate::domain::{Error, Kind, Result};
use crate::pipeline::chunks::CHUNK_BYTES;
use crate::vault::{Key, OpenReader, SealWriter, mac};

/// A manifest is a few KiB; more than this is not one.
const LIMIT: usize = 64 << 20;

/// The path of the manifest in a backup's folder.
pub fn path_in(folder: &str) -> String {
    format!("{folder}/{MANIFEST}")
}

/// Puts what is inside into the form it is stored in.
pub fn details(inside: Inside, key: Option<&Key>) -> Result<Details> {
    let Some(key) = key else {
        return Ok(Details::Plain(inside));
    };
    let text = serde_json::to_vec(&inside).map_err(|error| unwritable(&error))?;
    let mut writer = SealWriter::new(Vec::new(), key)?;
    let sealed = writer.write_all(&text).and_then(|()| writer.finish());
    Ok(Details::Sealed(
        STANDARD.encode(sealed.map_err(|error| unwritable(&error))?),
    ))
}

/// What is inside a backup. Needs the key when it is encrypted.
pub fn inside(manifest: &Manifest, key: Option<&Key>) -> Result<Inside> {
    let damaged = |what: &str| Error::failed(format!("the manifest's details {what}")).next("use another copy");
    match (&manifest.details, key) {
        (Details::Plain(inside), _) => Ok(inside.clone()),
        (Details::Sealed(_), None) => Err(Error::failed("the manifest is sealed and there is no key")),
        (Details::Sealed(text), Some(key)) => {
            let sealed = STANDARD.decode(text).map_err(|_| damaged("are not base64"))?;
            let mut plain = Vec::new();
            OpenReader::new(sealed.as_slice(), key)?
                .read_to_end(&mut plain)
                .map_err(|error| damaged(&format!("cannot be opened: {error}")))?;
            serde_json::from_slice(&plain).map_err(|error| damaged(&format!("cannot be read: {error}")))
        }
    }
}

/// Signs a manifest with the key that seals the backup; without a key there is nothing to sign with.
pub fn sign(manifest: &mut Manifest, key: Option<&Key>) -> Result<()> {
    manifest.mac = None;
    if let Some(key) = key {
        let value = serde_json::to_value(&*manifest).map_err(|error| unwritable(&error))?;
        manifest.mac = Some(mac::sign(key, &mac::canonical(&value))?);
    }
    Ok(())
}

/// Writes a manifest into a backup's folder, replacing one that is there, and reads it back.
pub async fn write(destination: &dyn Destination, folder: &str, manifest: &Manifest) -> Result<()> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| unwritable(&error))?;
    let path = path_in(folder);
    let mut sink = destination.write(&path).await?;
    for chunk in text.chunks(CHUNK_BYTES) {
        sink.write(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await?;
    if fetch(destination, &path).await? == text {
        Ok(())
    } else {
        Err(Error::failed("the manifest reads back differently from what was written").on(path))
    }
}

/// Reads a folder's manifest. `NotFound` when there is none; anything else wrong with it is a failure that names it.
pub async fn read(destination: &dyn Destination, folder: &str) -> Result<(Manifest, Value)> {
    let path = path_in(folder);
    let text = fetch(destination, &path).await?;
    let damaged = |error: &dyn std::fmt::Display| {
        Error::failed(format!("the manifest is damaged: {error}"))
            .on(path.clone())
            .next("`backstay backup repair` writes it anew from a good copy")
    };
    let value: Value = serde_json::from_slice(&text).map_err(|error| damaged(&error))?;
    match value.get("format").and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => {
            return Err(
                Error::failed(format!("it has format '{other}', which this backstay does not know"))
                    .on(path)
                    .next("use the newer backstay that made it"),
            );
        }
        None => return Err(damaged(&"it names no format")),
    }
    let manifest: Manifest = serde_json::from_value(value.clone()).map_err(|error| damaged(&error))?;
    let plain_folder = manifest.objects.iter().all(|object| is_plain_name(&object.name));
    if plain_folder {
        Ok((manifest, value))
    } else {
        Err(damaged(&"an object's name leads out of the folder"))
    }
}

/// Checks the signature of a manifest as it was read.
pub fn check(manifest: &Manifest, value: &Value, key: &Key) -> Result<()> {
    let mac = manifest.mac.as_deref().ok_or_else(|| {
        Error::failed("the manifest of an encrypted backup is not signed").next("use another copy of this backup")
    })?;
    mac::verify(key, &mac::canonical(value), mac)
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

async fn fetch(destination: &dyn Destination, path: &str) -> Result<Vec<u8>> {
    let mut chunks = destination.read(path, None).await?;
    let mut text = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        text.extend_from_slice(&chunk);
        if text.len() > LIMIT {
            return Err(Error::new(Kind::Failed, "it is far too large for a manifest").on(path));
        }
    }
    Ok(text)
}

fn unwritable(error: &dyn std::fmt::Display) -> Error {
    Error::failed(format!("cannot write the manifest: {}", in_words(error)))
}
