//! Sealing: plain bytes in, a `BKSTAY01` stream out.

use std::io::{self, Write};

use aead_stream::{StreamBE32, StreamPrimitive};
use aes_gcm::Aes256Gcm;
use zeroize::Zeroizing;

use super::{DEFAULT_CHUNK_LOG2, Header, SALT_LENGTH, TAG_LENGTH};
use crate::domain::{Error, Result};
use crate::vault::key::{Key, random};

/// Seals what is written to it and passes it on, a chunk at a time. The stream is whole only once [`finish`](Self::finish)
/// has returned: dropped before, it lacks its last chunk, and no reader accepts it.
pub struct SealWriter<W: Write> {
    inner: W,
    cipher: StreamBE32<Aes256Gcm>,
    chunk_size: usize,
    /// The number of the chunk being filled; `None` after the last number that there is.
    number: Option<u32>,
    /// The chunk being filled, with room for its tag. A full one waits for the next byte or the end, as only then is it
    /// known whether it is the last.
    chunk: Zeroizing<Vec<u8>>,
    failed: bool,
}

impl<W: Write> SealWriter<W> {
    /// Begins a stream under `key` with chunks of 1 MiB, and writes its header.
    pub fn new(inner: W, key: &Key) -> Result<Self> {
        let mut salt = [0; SALT_LENGTH];
        random(&mut salt)?;
        Self::with_header(
            inner,
            key,
            &Header {
                key_id: key.id(),
                salt,
                chunk_log2: DEFAULT_CHUNK_LOG2,
            },
        )
    }

    /// Begins a stream with a given salt, for the published vectors. A salt used twice would use a nonce twice.
    pub(super) fn with_header(mut inner: W, key: &Key, header: &Header) -> Result<Self> {
        let cipher = header.cipher(key)?;
        inner
            .write_all(&header.to_bytes())
            .map_err(|error| crate::domain::error::from_io(&error, "cannot write the sealed stream", ""))?;
        let chunk = Zeroizing::new(Vec::with_capacity(header.chunk_size() + TAG_LENGTH));
        Ok(Self {
            inner,
            cipher,
            chunk_size: header.chunk_size(),
            number: Some(0),
            chunk,
            failed: false,
        })
    }

    /// Seals the last chunk and gives back what the stream was written to, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.refuse_after_failure()?;
        self.seal_chunk(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        // Until the chunk is passed on whole, trying again would use its nonce for something else.
        self.failed = true;
        let number = self.number.ok_or_else(too_long)?;
        self.cipher
            .encrypt_in_place(number, last, &[], &mut *self.chunk)
            .map_err(|_| too_long())?;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number = number.checked_add(1);
        self.failed = false;
        Ok(())
    }

    fn refuse_after_failure(&self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("the sealed stream failed before and cannot go on"));
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn skip_to(&mut self, number: u32) {
        self.number = Some(number);
    }

    #[cfg(test)]
    pub(super) fn inner_mut(&mut self) -> &mut W {
        &mut self.inner
    }
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        Error::failed("the sealed stream has 4,294,967,296 chunks, and more cannot be numbered")
            .next("back it up as several objects"),
    )
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.refuse_after_failure()?;
        if self.chunk.len() == self.chunk_size && !plain.is_empty() {
            self.seal_chunk(false)?;
        }
        let room = self.chunk_size - self.chunk.len();
        let taken = plain.get(..room).unwrap_or(plain);
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// Flushes the chunks that are sealed; an unfinished one stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
