//! Sub-keys: HKDF-SHA256 (RFC 5869), always to 32 bytes.

use hkdf::Hkdf;
use sha2::Sha256;

use super::key::Key;
use crate::domain::{Error, Result};

/// The 32-byte key that `ikm` gives for `info`, which is the concatenation of its parts. Without a salt, RFC 5869's
/// string of zeros.
pub(super) fn derive(ikm: &Key, salt: Option<&[u8]>, info: &[&[u8]]) -> Result<Key> {
    Key::fill_with(|bytes| {
        Hkdf::<Sha256>::new(salt, ikm.as_bytes())
            .expand_multi_info(info, bytes)
            .map_err(|error| Error::failed(format!("cannot derive a key: {error}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_info_are_only_concatenated() {
        let key = Key::from_bytes([7; 32]);
        let whole = derive(&key, None, &[b"ab", b"c"]).unwrap();
        let parts = derive(&key, None, &[b"a", b"bc"]).unwrap();
        assert_eq!(whole.to_hex(), parts.to_hex());
    }
}
