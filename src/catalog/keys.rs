//! Profile keys: sealed into their rows, found again by key id and nothing else.

use crate::domain::id::ProfileId;
use crate::domain::profile::Profile;
use crate::domain::{Error, Result};
use crate::instance::Instance;
use crate::store::profiles;
use crate::vault::Key;
use crate::vault::sealed::Place;

/// The key of a profile.
pub fn of_profile(instance: &Instance, id: ProfileId) -> Result<Key> {
    let sealed = instance.store.read(|db| profiles::sealed_key(db, id))?;
    let text = id.to_string();
    let plain = instance.sealer.open(&sealed, place(&text))?;
    let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| {
        Error::failed("the stored key is damaged")
            .on(format!("profile {id}"))
            .next("bring it in again from the recovery kit: `backstay profile import NAME --key-file FILE`")
    })?;
    Ok(Key::from_bytes(bytes))
}

/// Seals a key for the profile with that id.
pub fn seal(instance: &Instance, id: ProfileId, key: &Key) -> Result<String> {
    instance.sealer.seal(key.as_bytes(), place(&id.to_string()))
}

/// The key with that id, from whichever profile has it, retired or not.
pub fn by_key_id(instance: &Instance, key_id: &str) -> Result<(Profile, Key)> {
    let profile = instance
        .store
        .read(|db| profiles::by_key_id(db, key_id))?
        .ok_or_else(|| {
            Error::failed(format!("the key {key_id} that sealed it is not here"))
                .next("bring it in with `backstay profile import NAME --key-file FILE`; the recovery kit has it")
        })?;
    let key = of_profile(instance, profile.id)?;
    Ok((profile, key))
}

fn place(id: &str) -> Place<'_> {
    Place {
        table: "encryption_profiles",
        id,
        column: "secret_key",
    }
}
