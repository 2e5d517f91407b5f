//! Opening: a `BKSTAY01` stream in, plain bytes out, none before its chunk is authenticated.

use std::io::{self, BufRead, Read};

use aead_stream::{StreamBE32, StreamPrimitive};
use aes_gcm::Aes256Gcm;
use zeroize::Zeroizing;

use super::{TAG_LENGTH, read_header};
use crate::domain::{Error, Kind, Result};
use crate::vault::key::Key;

/// Opens a sealed stream. Its end of file means that the stream's true end was authenticated; everything else that stops
/// it is an error, and stays one.
pub struct OpenReader<R: Read> {
    inner: R,
    cipher: StreamBE32<Aes256Gcm>,
    chunk_size: usize,
    /// The number of the next chunk; `None` after the last number that there is.
    number: Option<u32>,
    /// The open chunk; while sealed, also its tag and one byte of the chunk after it.
    chunk: Zeroizing<Vec<u8>>,
    /// How much of the open chunk was handed on.
    given: usize,
    /// The first byte of the next chunk, read to learn that there is one.
    ahead: Option<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    Ended,
    Failed,
}

impl<R: Read> OpenReader<R> {
    /// Reads the header and prepares to open with `key`. [`Kind::WrongKey`] when the stream was sealed with another one.
    pub fn new(mut inner: R, key: &Key) -> Result<Self> {
        let header = read_header(&mut inner)?;
        if header.key_id != key.id() {
            return Err(Error::new(
                Kind::WrongKey,
                format!("sealed with key {}, not with this one ({})", header.key_id, key.id()),
            )
            .next("give the key with that id; recovery kits list their keys by id"));
        }
        let cipher = header.cipher(key)?;
        let chunk = Zeroizing::new(Vec::with_capacity(header.chunk_size() + TAG_LENGTH + 1));
        Ok(Self {
            inner,
            cipher,
            chunk_size: header.chunk_size(),
            number: Some(0),
            chunk,
            given: 0,
            ahead: None,
            state: State::More,
        })
    }

    /// Reads and opens the next chunk. Leaves nothing to hand on when it fails.
    fn open_next(&mut self) -> io::Result<()> {
        self.state = State::Failed;
        self.given = 0;
        let opened = self.open_chunk();
        match opened {
            Ok(state) => self.state = state,
            Err(_) => self.chunk.clear(),
        }
        opened.map(|_| ())
    }

    fn open_chunk(&mut self) -> io::Result<State> {
        self.fill()?;
        let whole = self.chunk_size + TAG_LENGTH;
        self.ahead = self.chunk.get(whole).copied();
        self.chunk.truncate(whole);
        let last = self.ahead.is_none();

        let number = self
            .number
            .ok_or_else(|| damaged("the sealed stream goes on after the last chunk there can be"))?;
        if self
            .cipher
            .decrypt_in_place(number, last, &[], &mut *self.chunk)
            .is_err()
        {
            return Err(self.why_not(number, last));
        }
        self.number = number.checked_add(1);
        Ok(if last { State::Ended } else { State::More })
    }

    /// Reads up to one sealed chunk and the byte after it.
    fn fill(&mut self) -> io::Result<()> {
        let wanted = self.chunk_size + TAG_LENGTH + 1;
        let mut filled = 0;
        self.chunk.resize(wanted, 0);
        if let (Some(ahead), Some(first)) = (self.ahead.take(), self.chunk.first_mut()) {
            *first = ahead;
            filled = 1;
        }
        while let Some(rest) = self.chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.inner.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.chunk.truncate(filled);
        Ok(())
    }

    /// Says what is wrong with a chunk that did not open. What it decrypts to find out is never handed on.
    fn why_not(&mut self, number: u32, last: bool) -> io::Error {
        let opens_otherwise = self
            .cipher
            .decrypt_in_place(number, !last, &[], &mut *self.chunk)
            .is_ok();
        match (last, opens_otherwise) {
            (true, true) => damaged(format!(
                "the sealed stream ends after chunk {number}, which is not its last: it was cut off"
            )),
            (false, true) => damaged(format!(
                "the sealed stream goes on after chunk {number}, its last: something was added"
            )),
            (true, false) => damaged(format!("chunk {number} of the sealed stream is damaged or cut off")),
            (false, false) => damaged(format!(
                "chunk {number} of the sealed stream is damaged or in the wrong place"
            )),
        }
    }
}

fn damaged(message: impl Into<String>) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        Error::failed(message).next("use another copy of this backup"),
    )
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for OpenReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.given >= self.chunk.len() {
            match self.state {
                State::More => self.open_next()?,
                State::Ended => break,
                State::Failed => return Err(damaged("the sealed stream failed before and cannot go on")),
            }
        }
        Ok(self.chunk.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.given = self.chunk.len().min(self.given + amount);
    }
}
