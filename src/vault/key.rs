//! A 32-byte key and its public id. The key never shows itself: it has no `Display`, its `Debug` is blank, and its memory
//! is wiped when it goes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::error::in_words;
use crate::domain::{Error, Result};

const LENGTH: usize = 32;

/// A 256-bit key: a profile's, the master key, or one derived from them.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; LENGTH]>);

impl Key {
    /// A new key from the system's random source.
    pub fn generate() -> Result<Self> {
        Self::fill_with(|bytes| random(bytes))
    }

    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 64 hex digits in either case, with or without white space around them. The error never repeats the text.
    pub fn from_hex(text: &str) -> Result<Self> {
        let text = text.trim();
        let digits = text.chars().count();
        if digits == 0 {
            return Err(not_a_key("the key is empty"));
        }
        if !text.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(not_a_key("the key holds something other than hex digits"));
        }
        if digits != 2 * LENGTH {
            return Err(not_a_key(format!(
                "the key has {digits} hex digits instead of {}",
                2 * LENGTH
            )));
        }
        Self::fill_with(|bytes| hex::decode_to_slice(text, bytes).map_err(|error| not_a_key(error.to_string())))
    }

    /// A key whose bytes `fill` writes in place, so that no copy of them stays behind on the stack.
    pub(super) fn fill_with(fill: impl FnOnce(&mut [u8; LENGTH]) -> Result<()>) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes themselves, for ciphers.
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// 64 lower-case hex digits, wiped when dropped. For key files and SQLCipher, never for messages.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// The public name of this key: the first 16 bytes of SHA-256("backstay key id" ‖ key).
    pub fn id(&self) -> KeyId {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"backstay key id")
            .chain_update(self.0.as_slice())
            .finalize()
            .into();
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest;
        KeyId(id)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn not_a_key(message: impl Into<String>) -> Error {
    Error::usage(message).next("give 64 hex digits, as a key file or a recovery kit holds them")
}

/// Fills `bytes` from the system's random source.
pub(super) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {}", in_words(&error))))
}

/// Says which key sealed something, without saying anything about the key. Written as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// An id as the header of a sealed stream holds it.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the header.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| Error::usage(format!("'{text}' is not a key id")).next("a key id has 32 hex digits"))?;
        Ok(Self(bytes))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn hex_round_trips_and_forgives_white_space_and_case() {
        for text in [HEX.to_owned(), format!("  {HEX}\r\n"), HEX.to_uppercase()] {
            assert_eq!(Key::from_hex(&text).unwrap().to_hex().as_str(), HEX);
        }
    }

    #[test]
    fn bad_text_is_named_by_its_fault_and_never_repeated() {
        let cases = [
            ("", "empty"),
            ("  \n", "empty"),
            ("0g", "other than hex"),
            ("00", "2 hex digits instead of 64"),
        ];
        for (text, fault) in cases {
            let error = Key::from_hex(text).unwrap_err();
            assert!(error.message.contains(fault), "{error}");
        }
        let secret = format!("{HEX}ff");
        assert!(!Key::from_hex(&secret).unwrap_err().to_string().contains("0001"));
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", Key::from_bytes([0xab; 32])), "Key(…)");
    }

    #[test]
    fn generated_keys_differ() {
        assert_ne!(Key::generate().unwrap().id(), Key::generate().unwrap().id());
    }

    #[test]
    fn the_id_is_the_documented_digest() {
        let id = Key::from_hex(HEX).unwrap().id();
        assert_eq!(id.to_string(), "ed58f4a12e92677f1314c3ad7188279e");
        assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<KeyId>(&json).unwrap(), id);
    }

    #[test]
    fn an_id_that_is_not_32_hex_digits_is_refused() {
        assert!("abc".parse::<KeyId>().is_err());
        assert!("zz".repeat(16).parse::<KeyId>().is_err());
    }
}
