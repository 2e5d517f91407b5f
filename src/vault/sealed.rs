//! Sealed fields: the secret columns of the database. The place of a value is authenticated with it, so that a sealed value
//! copied into another row, column or table does not open there.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::key::{Key, random};
use crate::domain::{Error, Result};

const VERSION: &str = "v1";
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;

/// The column of the row that a sealed value belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's primary key, as text.
    pub id: &'a str,
    /// The column's name.
    pub column: &'a str,
}

impl Place<'_> {
    /// `table ‖ 0 ‖ id ‖ 0 ‖ column`. None of the three ever holds a zero byte.
    fn associated_data(self) -> Vec<u8> {
        [self.table, self.id, self.column].join("\0").into_bytes()
    }

    fn error(self, message: &str) -> Error {
        Error::failed(message).on(format!("{}.{} of {}", self.table, self.column, self.id))
    }
}

/// Seals and opens fields with the `fields` sub-key of the master key.
pub struct FieldSealer(Aes256Gcm);

impl FieldSealer {
    /// A sealer with `MasterKey::fields()`.
    pub fn new(key: &Key) -> Self {
        Self(Aes256Gcm::new(key.as_bytes().into()))
    }

    /// `v1:` ‖ base64(nonce 12 ‖ ciphertext ‖ tag 16), AES-256-GCM, with a random nonce.
    pub fn seal(&self, plain: &[u8], place: Place<'_>) -> Result<String> {
        let mut nonce = [0; NONCE_LENGTH];
        random(&mut nonce)?;
        let aad = place.associated_data();
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| place.error("the value is too long to seal"))?;
        Ok(format!(
            "{VERSION}:{}",
            STANDARD.encode([nonce.as_slice(), &sealed].concat())
        ))
    }

    /// Opens what [`seal`](Self::seal) gave for the same place. Tells apart an unknown version, a value that is not whole,
    /// and one that this key does not authenticate.
    pub fn open(&self, sealed: &str, place: Place<'_>) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || {
            place
                .error("the sealed value is damaged")
                .next("restore the database from a backup")
        };
        let (version, body) = sealed.split_once(':').ok_or_else(damaged)?;
        if version != VERSION {
            return Err(place
                .error(&format!(
                    "the sealed value has version '{version}', which this Backstay does not know"
                ))
                .next("use the version of Backstay that wrote it, or a newer one"));
        }
        let bytes = STANDARD.decode(body).map_err(|_| damaged())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LENGTH>().ok_or_else(damaged)?;
        if sealed.len() < TAG_LENGTH {
            return Err(damaged());
        }
        let aad = place.associated_data();
        self.0.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad }).map(Zeroizing::new).map_err(|_| {
            place
                .error("the sealed value does not open: it was sealed with another master key, for another row, or changed since")
                .next("start with the master key that this value was sealed with; the recovery kit holds it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        table: "adapters",
        id: "42",
        column: "secrets",
    };

    fn sealer(byte: u8) -> FieldSealer {
        FieldSealer::new(&Key::from_bytes([byte; 32]))
    }

    #[test]
    fn opens_what_it_sealed() {
        for plain in [b"".as_slice(), b"hunter2", &[0; 5000]] {
            let sealed = sealer(1).seal(plain, PLACE).unwrap();
            assert_eq!(sealer(1).open(&sealed, PLACE).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_alike() {
        assert_ne!(
            sealer(1).seal(b"a", PLACE).unwrap(),
            sealer(1).seal(b"a", PLACE).unwrap()
        );
    }

    #[test]
    fn opens_the_published_vector() {
        // key 01…01, nonce 02…02, plaintext "hunter2"
        let sealed = "v1:AgICAgICAgICAgICb6OnPS8l8+pfYrUx+AqxG+IfAB56GeU=";
        assert_eq!(sealer(1).open(sealed, PLACE).unwrap().as_slice(), b"hunter2");
    }

    #[test]
    fn does_not_open_in_another_place() {
        let sealed = sealer(1).seal(b"hunter2", PLACE).unwrap();
        for place in [
            Place { table: "jobs", ..PLACE },
            Place { id: "43", ..PLACE },
            Place {
                column: "config",
                ..PLACE
            },
            Place {
                table: "adapters4",
                id: "2",
                ..PLACE
            },
        ] {
            assert!(
                sealer(1)
                    .open(&sealed, place)
                    .unwrap_err()
                    .message
                    .contains("does not open")
            );
        }
    }

    #[test]
    fn errors_tell_version_damage_and_key_apart() {
        let sealed = sealer(1).seal(b"hunter2", PLACE).unwrap();
        let fault = |sealer: FieldSealer, text: &str| sealer.open(text, PLACE).unwrap_err().to_string();
        assert!(fault(sealer(2), &sealed).contains("another master key"));
        assert!(fault(sealer(1), &sealed.replacen("v1", "v9", 1)).contains("version 'v9'"));
        for text in ["", "hunter2", "v1:", "v1:!!!", "v1:AAAA", sealed.get(..30).unwrap()] {
            assert!(fault(sealer(1), text).contains("damaged"), "{text}");
        }
        assert!(fault(sealer(1), "").starts_with("adapters.secrets of 42: "));
    }

    #[test]
    fn no_changed_character_goes_unseen() {
        let sealed = sealer(1).seal(b"hunter2", PLACE).unwrap();
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(
                sealer(1).open(&String::from_utf8(bytes).unwrap(), PLACE).is_err(),
                "character {index}"
            );
        }
    }
}
