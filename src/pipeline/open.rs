//! The way back: from what is stored to the dump. Every digest is compared; the plain chunks end with success only when all
//! of them agree, so that whoever consumes them may commit at the end and not before.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::chunks::{self, CHUNK_BYTES, ChunkReader, ChunkSender, Chunks};
use crate::domain::{Error, Result};
use crate::vault::{Key, OpenReader};

/// How an object was stored.
#[derive(Clone, Debug)]
pub struct Decoding {
    /// `zstd`, `gzip`, `brotli` or `none`.
    pub algorithm: String,
    /// The key it was sealed with; `None` when it is in the clear.
    pub key: Option<Key>,
}

/// What the bytes have to be. Sizes in bytes, digests SHA-256 in hex.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The stored object's size and digest.
    pub stored: Option<(u64, String)>,
    /// The dump's size and digest.
    pub plain: Option<(u64, String)>,
}

/// Undoes sealing and compression. A mismatch anywhere ends the plain chunks with an error.
pub fn plain(stored: Chunks, decoding: Decoding, expected: Expected) -> Chunks {
    let (sender, plain) = chunks::channel();
    tokio::task::spawn_blocking(move || {
        let verdict = decode(stored, &decoding, &expected, &sender);
        sender.blocking_finish(verdict);
    });
    plain
}

/// Reads to the end and compares with what is expected of the stored bytes. Gives their number.
pub async fn check_stored(mut stored: Chunks, size: u64, sha256: &str, mut moved: impl FnMut(usize)) -> Result<u64> {
    let mut hash = Sha256::new();
    let mut read = 0;
    while let Some(chunk) = stored.next().await? {
        read += chunk.len() as u64;
        moved(chunk.len());
        hash.update(&chunk);
    }
    compare("stored", read, &hex::encode(hash.finalize()), size, sha256)?;
    Ok(read)
}

fn compare(what: &str, size: u64, sha256: &str, expected_size: u64, expected_sha256: &str) -> Result<()> {
    let next = "use another copy; `backstay backup repair` makes this one anew from a good one";
    if size != expected_size {
        return Err(Error::failed(format!(
            "{what} size is {size} bytes where the manifest says {expected_size}"
        ))
        .next(next));
    }
    if sha256 != expected_sha256 {
        return Err(Error::failed(format!(
            "{what} bytes have SHA-256 {sha256} where the manifest says {expected_sha256}"
        ))
        .next(next));
    }
    Ok(())
}

fn decode(stored: Chunks, decoding: &Decoding, expected: &Expected, sender: &ChunkSender) -> Result<()> {
    let mut source = Counted {
        inner: ChunkReader::new(stored),
        hash: Sha256::new(),
        size: 0,
    };
    let outcome = through(&mut source, decoding, sender);
    let Counted { inner, hash, size } = source;
    // What the producer of the stored bytes said explains more than what the decoder made of its silence.
    if let Some(error) = inner.into_error() {
        return Err(error);
    }
    let (plain_size, plain_sha256) = match outcome {
        Ok(counted) => counted,
        Err(Stop::Gone) => return Err(Error::interrupted("nothing reads the plain stream any more")),
        Err(Stop::Broken(error)) => return Err(error),
    };
    if let Some((expected_size, expected_sha256)) = &expected.stored {
        compare(
            "stored",
            size,
            &hex::encode(hash.finalize()),
            *expected_size,
            expected_sha256,
        )?;
    }
    if let Some((expected_size, expected_sha256)) = &expected.plain {
        compare("plain", plain_size, &plain_sha256, *expected_size, expected_sha256)?;
    }
    Ok(())
}

enum Stop {
    Gone,
    Broken(Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(Error::failed(format!("it cannot be decoded: {error}")).next(
            "read another copy with --from DESTINATION; `backstay backup repair` makes this one anew from a good one",
        ))
    }
}

fn through(source: &mut Counted, decoding: &Decoding, sender: &ChunkSender) -> Result<(u64, String), Stop> {
    let opened: Box<dyn Read + '_> = match &decoding.key {
        Some(key) => Box::new(OpenReader::new(&mut *source, key).map_err(Stop::Broken)?),
        None => Box::new(&mut *source),
    };
    let mut decoded: Box<dyn Read + '_> = match decoding.algorithm.as_str() {
        "none" => opened,
        "zstd" => Box::new(zstd::Decoder::new(opened)?),
        "gzip" => Box::new(MultiGzDecoder::new(opened)),
        "brotli" => Box::new(brotli::Decompressor::new(opened, CHUNK_BYTES)),
        other => {
            return Err(Stop::Broken(
                Error::failed(format!(
                    "it is compressed with {other}, which this backstay does not know"
                ))
                .next("use the newer backstay that made it"),
            ));
        }
    };
    let counted = pump(&mut decoded, sender)?;
    drop(decoded);
    // A decoder may stop at its own end mark; what follows in the object is counted, and found out by the digest.
    io::copy(source, &mut io::sink())?;
    Ok(counted)
}

fn pump(decoded: &mut dyn Read, sender: &ChunkSender) -> Result<(u64, String), Stop> {
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let mut buffer = BytesMut::zeroed(CHUNK_BYTES);
        let mut filled = 0;
        while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
            match decoded.read(space) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        buffer.truncate(filled);
        let chunk: Bytes = buffer.freeze();
        hash.update(&chunk);
        size += chunk.len() as u64;
        sender.blocking_send(chunk).map_err(|_| Stop::Gone)?;
    }
}

/// Counts and hashes what is read through it.
struct Counted {
    inner: ChunkReader,
    hash: Sha256,
    size: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hash.update(into.get(..read).unwrap_or_default());
        self.size += read as u64;
        Ok(read)
    }
}
