//! The sealed stream `BKSTAY01`: how a backup is stored. AES-256-GCM in chunks by the STREAM construction
//! (Hoang, Reyhanitabar, Rogaway, Vizár 2015), under a key of its own per stream, derived from the profile's key, a random
//! salt and the header. A chunk cannot be changed, moved, dropped or cut off unseen, and the memory needed is one chunk.
//!
//! ```text
//! 0   8   "BKSTAY01"
//! 8   1   cipher: 1 = AES-256-GCM
//! 9   1   log2 of the chunk size
//! 10  2   zero
//! 12  16  key id
//! 28  32  salt
//! 60  4   zero
//! 64  …   chunks: ciphertext ‖ tag 16; nonce = 0^7 ‖ u32be(number) ‖ (1 on the last chunk, else 0)
//! ```

mod open;
mod seal;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use aead_stream::{NewStream, StreamBE32};
use aes_gcm::{Aes256Gcm, KeyInit};

use super::derive::derive;
use super::key::{Key, KeyId};
use crate::domain::{Error, Result};

pub use open::OpenReader;
pub use seal::SealWriter;

/// Bytes before the first chunk.
pub const HEADER_LENGTH: usize = 64;
/// Bytes that a chunk is longer sealed than plain.
pub const TAG_LENGTH: usize = 16;

const MAGIC: &[u8; 8] = b"BKSTAY01";
const AES_256_GCM: u8 = 1;
const SALT_LENGTH: usize = 32;
const CHUNK_LOG2: std::ops::RangeInclusive<u8> = 16..=24;
const DEFAULT_CHUNK_LOG2: u8 = 20;

/// The first 64 bytes of a sealed stream: says which key opens it. Authenticated by every chunk, as the stream's key is
/// derived from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The profile key that the stream was sealed with.
    pub key_id: KeyId,
    /// Random, makes the stream's own key.
    pub salt: [u8; SALT_LENGTH],
    chunk_log2: u8,
}

impl Header {
    /// Plain bytes in each chunk but the last, 64 KiB to 16 MiB.
    pub const fn chunk_size(&self) -> usize {
        1 << self.chunk_log2
    }

    fn to_bytes(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        let fields: [&[u8]; 5] = [
            MAGIC,
            &[AES_256_GCM, self.chunk_log2, 0, 0],
            self.key_id.as_bytes(),
            &self.salt,
            &[0; 4],
        ];
        for (byte, value) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *byte = *value;
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; HEADER_LENGTH]) -> Result<Self> {
        let mut rest = bytes.as_slice();
        if take::<8>(&mut rest)? != *MAGIC {
            return Err(
                Error::failed("this is not a sealed stream: it does not begin with BKSTAY01")
                    .next("check that this is an object with the suffix .enc"),
            );
        }
        let [cipher, chunk_log2, zeros @ ..] = take::<4>(&mut rest)?;
        if cipher != AES_256_GCM {
            return Err(Error::failed(format!(
                "the stream is sealed with cipher {cipher}, which this Backstay does not know"
            ))
            .next("use the version of Backstay that wrote it, or a newer one"));
        }
        let key_id = KeyId::from_bytes(take(&mut rest)?);
        let salt = take(&mut rest)?;
        if !CHUNK_LOG2.contains(&chunk_log2) || zeros != [0; 2] || take::<4>(&mut rest)? != [0; 4] {
            return Err(
                Error::failed("the header of the sealed stream is damaged").next("use another copy of this backup")
            );
        }
        Ok(Self {
            key_id,
            salt,
            chunk_log2,
        })
    }

    /// The cipher of this stream alone: HKDF-SHA256(profile key, salt, "backstay stream v1" ‖ header).
    fn cipher(&self, key: &Key) -> Result<StreamBE32<Aes256Gcm>> {
        let file_key = derive(key, Some(&self.salt), &[b"backstay stream v1", &self.to_bytes()])?;
        // The key differs for each stream, so the nonce need not: only the counter and the last mark vary in it.
        Ok(StreamBE32::from_aead(
            Aes256Gcm::new(file_key.as_bytes().into()),
            &[0; 7].into(),
        ))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(cut_in_header)?;
    *rest = after;
    Ok(*taken)
}

fn cut_in_header() -> Error {
    Error::failed("the sealed stream ends inside its header: it was cut off").next("use another copy of this backup")
}

/// Reads the header and leaves `inner` at the first chunk.
fn read_header(inner: &mut impl Read) -> Result<Header> {
    let mut bytes = [0; HEADER_LENGTH];
    inner.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => cut_in_header(),
        _ => crate::domain::error::from_io(&error, "cannot read the sealed stream", ""),
    })?;
    Header::from_bytes(&bytes)
}
