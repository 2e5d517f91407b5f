//! The way back: from what is stored to the dump. Every digest is compared; the plain chunks end with success only when all
//! of them agree, so that whoever consumes them may commit at the end and not before.

use std::io::{self, BufRead, Read};

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::chunks::{self, CHUNK_BYTES, ChunkReader, ChunkSender, Chunks};
use crate::domain::error::in_words;
use crate::domain::{Error, Result};
use crate::vault::{Key, OpenReader};

/// Bytes of the dump handed on at a time: few enough to stay in the processor's cache until they are where they go, and to be
/// made so quickly that a tool which reads them does not wait for a processor meanwhile.
const PLAIN_BYTES: usize = 256 << 10;

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
    /// How much of it is compared.
    pub proof: Proof,
}

/// How much of what is known about an object is compared while it is read. Sizes always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// Every digest: tells what a copy is worth.
    #[default]
    Copy,
    /// What proves the dump: tells whether it may be given back. The stored bytes of a sealed object are not hashed then, as
    /// it would prove nothing more: the seal authenticates each of them, their order and their end, and that it is this object
    /// and not another one under the same key is proven by the dump's own digest. Nothing but their digest covers stored bytes
    /// in the clear, so those are hashed all the same.
    Dump,
}

impl Expected {
    /// A digest of the stored bytes, where they have to be compared.
    fn stored_hash(&self, decoding: &Decoding) -> Option<Sha256> {
        let proven = self.proof == Proof::Dump && decoding.key.is_some() && self.plain.is_some();
        (self.stored.is_some() && !proven).then(Sha256::new)
    }
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
    compare("stored", read, Some(hash), &(size, sha256.to_owned()))?;
    Ok(read)
}

fn compare(what: &str, size: u64, hash: Option<Sha256>, expected: &(u64, String)) -> Result<()> {
    let (expected_size, expected_sha256) = expected;
    let next = "use another copy; `backstay backup repair` makes this one anew from a good one";
    if size != *expected_size {
        return Err(Error::failed(format!(
            "{what} size is {size} bytes where the manifest says {expected_size}"
        ))
        .next(next));
    }
    if let Some(sha256) = hash.map(|hash| hex::encode(hash.finalize()))
        && sha256 != *expected_sha256
    {
        // As much of them as tells them apart to a reader.
        let begin = |digest: &str| digest.chars().take(12).collect::<String>();
        return Err(Error::failed(format!(
            "{what} bytes have SHA-256 {}… where the manifest says {}…",
            begin(&sha256),
            begin(expected_sha256)
        ))
        .next(next));
    }
    Ok(())
}

fn decode(stored: Chunks, decoding: &Decoding, expected: &Expected, sender: &ChunkSender) -> Result<()> {
    let mut source = Counted {
        inner: ChunkReader::new(stored),
        hash: expected.stored_hash(decoding),
        size: 0,
    };
    let outcome = through(
        &mut source,
        decoding,
        expected.plain.is_some().then(Sha256::new),
        sender,
    );
    let Counted { inner, hash, size } = source;
    // What the producer of the stored bytes said explains more than what the decoder made of its silence.
    if let Some(error) = inner.into_error() {
        return Err(error);
    }
    let (plain_size, plain_hash) = match outcome {
        Ok(counted) => counted,
        Err(Stop::Gone) => return Err(Error::interrupted("nothing reads the plain stream any more")),
        Err(Stop::Broken(error)) => return Err(error),
    };
    if let Some(expected) = &expected.stored {
        compare("stored", size, hash, expected)?;
    }
    if let Some(expected) = &expected.plain {
        compare("plain", plain_size, plain_hash, expected)?;
    }
    Ok(())
}

enum Stop {
    Gone,
    Broken(Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        // What of it is ours has a next step of its own, and there is to be one.
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let told = ours.map_or_else(|| in_words(&error), Error::without_next);
        Self::Broken(
            Error::failed(format!("it cannot be decoded: {told}"))
                .next("read another copy; `backstay backup repair` makes this one anew from a good one"),
        )
    }
}

/// Decodes all of it. Gives the dump's size, and its `hash` if one was wanted.
fn through(
    source: &mut Counted,
    decoding: &Decoding,
    hash: Option<Sha256>,
    sender: &ChunkSender,
) -> Result<(u64, Option<Sha256>), Stop> {
    let opened: Box<dyn BufRead + '_> = match &decoding.key {
        Some(key) => Box::new(OpenReader::new(&mut *source, key).map_err(Stop::Broken)?),
        None => Box::new(&mut *source),
    };
    let mut decoded: Box<dyn Read + '_> = match decoding.algorithm.as_str() {
        "none" => Box::new(opened),
        "zstd" => Box::new(zstd::Decoder::with_buffer(opened)?),
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
    let counted = pump(&mut decoded, hash, sender)?;
    drop(decoded);
    // A decoder may stop at its own end mark; what follows in the object is counted, and found out by the digest.
    io::copy(source, &mut io::sink())?;
    Ok(counted)
}

fn pump(decoded: &mut dyn Read, mut hash: Option<Sha256>, sender: &ChunkSender) -> Result<(u64, Option<Sha256>), Stop> {
    let mut size = 0;
    loop {
        let mut buffer = BytesMut::zeroed(PLAIN_BYTES);
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
            return Ok((size, hash));
        }
        buffer.truncate(filled);
        let chunk: Bytes = buffer.freeze();
        if let Some(hash) = &mut hash {
            hash.update(&chunk);
        }
        size += chunk.len() as u64;
        sender.blocking_send(chunk).map_err(|_| Stop::Gone)?;
    }
}

/// Counts what is read through it, and hashes it if that is wanted.
struct Counted {
    inner: ChunkReader,
    hash: Option<Sha256>,
    size: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        chunks::read_buffered(self, into)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(hash) = &mut self.hash {
            hash.update(self.inner.buffered().get(..amount).unwrap_or_default());
        }
        self.size += amount as u64;
        self.inner.consume(amount);
    }
}
