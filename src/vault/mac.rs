//! The manifest's MAC: whoever holds the profile key can tell that a manifest was written by Backstay with that key and
//! not changed since.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::derive::derive;
use super::key::Key;
use crate::domain::{Error, Result};

/// The bytes that are authenticated: the JSON without its top-level `mac`, keys sorted at every depth, no white space.
pub fn canonical(manifest: &Value) -> Vec<u8> {
    let mut sorted = manifest.clone();
    if let Some(fields) = sorted.as_object_mut() {
        fields.remove("mac");
    }
    sorted.sort_all_objects();
    sorted.to_string().into_bytes()
}

/// HMAC-SHA256 of `canonical` under the MAC key derived from the profile's `key`, as 64 hex digits.
pub fn sign(key: &Key, canonical: &[u8]) -> Result<String> {
    Ok(hex::encode(computed(key, canonical)?.finalize().into_bytes()))
}

/// Checks what [`sign`] gave, in constant time.
pub fn verify(key: &Key, canonical: &[u8], mac: &str) -> Result<()> {
    let mac = hex::decode(mac).map_err(|_| changed())?;
    computed(key, canonical)?.verify_slice(&mac).map_err(|_| changed())
}

fn computed(key: &Key, canonical: &[u8]) -> Result<Hmac<Sha256>> {
    let mac_key = derive(key, None, &[b"backstay manifest v1"])?;
    let mac = Hmac::<Sha256>::new_from_slice(mac_key.as_bytes())
        .map_err(|error| Error::failed(format!("cannot compute the MAC: {error}")))?;
    Ok(mac.chain_update(canonical))
}

fn changed() -> Error {
    Error::failed("the manifest was changed after it was written, or was sealed with another key")
        .next("use another copy of this backup")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn canonical_sorts_at_every_depth_and_leaves_out_the_mac() {
        let manifest = json!({"z": [{"b": 1, "a": "ü\n"}], "mac": "00", "a": {"d": null, "c": {"mac": 1}}});
        let text = String::from_utf8(canonical(&manifest)).unwrap();
        assert_eq!(text, r#"{"a":{"c":{"mac":1},"d":null},"z":[{"a":"ü\n","b":1}]}"#);
    }

    #[test]
    fn the_mac_is_the_documented_one() {
        let key = Key::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        assert_eq!(
            sign(&key, b"{}").unwrap(),
            "d928ee46ab8cd693fe38a7f9b14e3fac2897ea69e75c744d1abea03bffd30f89"
        );
    }

    #[test]
    fn another_key_another_text_or_another_mac_does_not_verify() {
        let key = Key::from_bytes([1; 32]);
        let mac = sign(&key, b"text").unwrap();
        verify(&key, b"text", &mac).unwrap();
        assert!(verify(&Key::from_bytes([2; 32]), b"text", &mac).is_err());
        assert!(verify(&key, b"texu", &mac).is_err());
        assert!(verify(&key, b"text", mac.get(..62).unwrap()).is_err());
        assert!(verify(&key, b"text", "").is_err());
        assert!(verify(&key, b"text", "not hex").is_err());
    }
}
