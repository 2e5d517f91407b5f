//! The master key: where it is found, how it is made once, and the sub-keys that come of it. It lives apart from the data
//! directory, so that a stolen database is worth nothing.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use zeroize::Zeroizing;

use super::derive::derive;
use super::exposure::exposed;
use super::key::Key;
use crate::domain::error::Context;
use crate::domain::{Error, Result};

/// Holds the key itself, as 64 hex digits.
pub const ENV_KEY: &str = "BACKSTAY_MASTER_KEY";
/// Holds the path of the key file.
pub const ENV_KEY_FILE: &str = "BACKSTAY_MASTER_KEY_FILE";
/// The key file in the configuration directory, when the environment names none.
pub const FILE_NAME: &str = "master.key";

/// More than any key file with white space around it; keeps a wrong path from being read into memory.
const LONGEST_FILE_BYTES: u64 = 4096;

/// The key that seals Backstay's own database and everything secret in it.
#[derive(Clone, Debug)]
pub struct MasterKey(Key);

/// A master key and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The key.
    pub key: MasterKey,
    /// Where it was found.
    pub origin: Origin,
}

/// Where a master key was found. Written as the operator would look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In `BACKSTAY_MASTER_KEY`.
    Environment,
    /// In this file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(ENV_KEY),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl MasterKey {
    /// Finds the key: `BACKSTAY_MASTER_KEY`, else the file in `BACKSTAY_MASTER_KEY_FILE`, else `master.key` in
    /// `config_dir`; `None` when there is none yet. A file that others can read, or that belongs to another user, is
    /// refused, as is an environment that names two keys.
    pub fn load(config_dir: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Loaded>> {
        match (env(ENV_KEY).map(Zeroizing::new), env(ENV_KEY_FILE)) {
            (Some(_), Some(_)) => {
                Err(Error::usage(format!("{ENV_KEY} and {ENV_KEY_FILE} are both set")).next("unset one of them"))
            }
            (Some(hex), None) => {
                let key = Key::from_hex(&hex).map_err(|error| error.on(ENV_KEY))?;
                Ok(Some(Loaded {
                    key: Self(key),
                    origin: Origin::Environment,
                }))
            }
            (None, Some(path)) => Self::from_file(Path::new(&path)).map(Some),
            (None, None) => {
                let path = config_dir.join(FILE_NAME);
                if std::fs::symlink_metadata(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
                    return Ok(None);
                }
                Self::from_file(&path).map(Some)
            }
        }
    }

    /// Makes the key and `config_dir/master.key` (0600, in a directory that is made 0700), whole and on disk before the
    /// name exists. Never replaces a key: when one is there already, the error is `Busy`, and `load` finds it.
    pub fn create(config_dir: &Path) -> Result<Loaded> {
        let path = config_dir.join(FILE_NAME);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(config_dir)
            .doing("cannot make the directory", config_dir.display())?;

        let key = Key::generate()?;
        let text = Zeroizing::new(format!("{}\n", key.to_hex().as_str()));
        let mut file = tempfile::Builder::new()
            .prefix(".master.key.")
            .tempfile_in(config_dir)
            .doing("cannot make the master key", path.display())?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .doing("cannot write the master key", path.display())?;
        file.persist_noclobber(&path).map_err(|refused| {
            if refused.error.kind() == std::io::ErrorKind::AlreadyExists {
                return Error::busy("a master key was made there already")
                    .on(path.display().to_string())
                    .next("run it again");
            }
            crate::domain::error::from_io(
                &refused.error,
                "cannot make the master key",
                &path.display().to_string(),
            )
        })?;
        File::open(config_dir)
            .and_then(|directory| directory.sync_all())
            .doing("cannot flush the directory", config_dir.display())?;
        Ok(Loaded {
            key: Self(key),
            origin: Origin::File(path),
        })
    }

    fn from_file(path: &Path) -> Result<Loaded> {
        let object = path.display().to_string();
        // Without NONBLOCK, a pipe in the key's place would hang the start.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .doing("cannot open the master key", &object)?;
        check_access(&file, &object)?;

        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST_FILE_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => Error::usage("the master key file is not text")
                    .on(&object)
                    .next("give a file with 64 hex digits; the recovery kit holds one"),
                _ => crate::domain::error::from_io(&error, "cannot read the master key", &object),
            })?;
        let key = Key::from_hex(&text).map_err(|error| error.on(object))?;
        Ok(Loaded {
            key: Self(key),
            origin: Origin::File(path.to_owned()),
        })
    }

    /// The raw key of the SQLCipher database.
    pub fn database(&self) -> Result<Key> {
        self.sub_key(b"database")
    }

    /// The key of sealed columns, for [`FieldSealer`](super::sealed::FieldSealer).
    pub fn fields(&self) -> Result<Key> {
        self.sub_key(b"fields")
    }

    /// The key itself, for the recovery kit.
    pub fn key(&self) -> &Key {
        &self.0
    }

    fn sub_key(&self, purpose: &[u8]) -> Result<Key> {
        derive(&self.0, None, &[b"backstay master v1 ", purpose])
    }
}

impl From<Key> for MasterKey {
    fn from(key: Key) -> Self {
        Self(key)
    }
}

/// Asked of the open file, not of the path, which somebody may swap in between.
fn check_access(file: &File, object: &str) -> Result<()> {
    let metadata = file
        .metadata()
        .doing("cannot read the permissions of the master key", object)?;
    if !metadata.is_file() {
        return Err(Error::usage("the master key is not a regular file")
            .on(object)
            .next("give the path of a key file"));
    }
    if let Some(exposed) = exposed(&metadata, "the master key", object) {
        return Err(exposed);
    }
    let (owner, us) = (metadata.uid(), geteuid().as_raw());
    if owner != us && owner != 0 {
        return Err(
            Error::refused(format!("the master key belongs to user {owner}, and this is user {us}"))
                .on(object)
                .next(format!("run as that user, or: chown {us} '{object}'")),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::Kind;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn load(config: &Path, env: &[(&str, &str)]) -> Result<Option<Loaded>> {
        MasterKey::load(config, &|name| {
            env.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn first_start_makes_a_key_that_the_next_start_finds() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("a/b");
        assert!(load(&config, &[]).unwrap().is_none());
        let made = MasterKey::create(&config).unwrap();
        let found = load(&config, &[]).unwrap().unwrap();
        assert_eq!(made.key.key().id(), found.key.key().id());
        assert_eq!(found.origin, Origin::File(config.join("master.key")));
        assert_eq!(fs::metadata(config.join("master.key")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&config).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&config).unwrap().count(), 1);
    }

    #[test]
    fn a_key_is_never_replaced() {
        let config = tempfile::tempdir().unwrap();
        let first = MasterKey::create(config.path()).unwrap();
        assert_eq!(MasterKey::create(config.path()).unwrap_err().kind, Kind::Busy);
        assert_eq!(
            load(config.path(), &[]).unwrap().unwrap().key.key().id(),
            first.key.key().id()
        );
        assert_eq!(fs::read_dir(config.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let config = tempfile::tempdir().unwrap();
        MasterKey::create(config.path()).unwrap();
        let loaded = load(config.path(), &[(ENV_KEY, HEX)]).unwrap().unwrap();
        assert_eq!(loaded.origin, Origin::Environment);
        assert_eq!(loaded.key.key().to_hex().as_str(), HEX);

        let elsewhere = config.path().join("elsewhere");
        write(&elsewhere, format!("{HEX}\n"), 0o400);
        let loaded = load(config.path(), &[(ENV_KEY_FILE, elsewhere.to_str().unwrap())])
            .unwrap()
            .unwrap();
        assert_eq!(loaded.origin, Origin::File(elsewhere));
        assert_eq!(loaded.key.key().to_hex().as_str(), HEX);
    }

    #[test]
    fn two_keys_in_the_environment_are_refused() {
        let error = load(Path::new("/nowhere"), &[(ENV_KEY, HEX), (ENV_KEY_FILE, "/x")]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
    }

    #[test]
    fn an_environment_that_is_set_but_wrong_never_falls_back_to_the_file() {
        let config = tempfile::tempdir().unwrap();
        MasterKey::create(config.path()).unwrap();
        assert!(
            load(config.path(), &[(ENV_KEY, "")])
                .unwrap_err()
                .to_string()
                .starts_with("BACKSTAY_MASTER_KEY: ")
        );
        let missing = load(config.path(), &[(ENV_KEY_FILE, "/nowhere/k")]).unwrap_err();
        assert_eq!((missing.kind, missing.object.as_str()), (Kind::NotFound, "/nowhere/k"));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_fix() {
        let config = tempfile::tempdir().unwrap();
        let path = config.path().join(FILE_NAME);
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            write(&path, HEX, mode);
            let error = load(config.path(), &[]).unwrap_err();
            assert_eq!(error.kind, Kind::Refused, "{mode:o}");
            assert!(error.next.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn bad_content_is_told_apart() {
        let config = tempfile::tempdir().unwrap();
        let path = config.path().join(FILE_NAME);
        let long = "0".repeat(10_000);
        let cases: [(&[u8], &str); 5] = [
            (b"", "empty"),
            (b"0001", "4 hex digits instead of 64"),
            (b"not a key", "other than hex"),
            (b"\xff\xfe", "not text"),
            (long.as_bytes(), "4096 hex digits"),
        ];
        for (text, fault) in cases {
            write(&path, text, 0o600);
            let error = load(config.path(), &[]).unwrap_err();
            assert!(error.message.contains(fault), "{error}");
            assert_eq!(error.object, path.display().to_string());
        }
    }

    #[test]
    fn what_is_not_a_file_is_refused_without_waiting() {
        let config = tempfile::tempdir().unwrap();
        let path = config.path().join(FILE_NAME);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(
            load(config.path(), &[])
                .unwrap_err()
                .message
                .contains("not a regular file")
        );
    }

    #[test]
    fn a_dangling_link_is_an_error_and_not_a_first_start() {
        let config = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/key", config.path().join(FILE_NAME)).unwrap();
        assert_eq!(load(config.path(), &[]).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn sub_keys_are_the_documented_ones() {
        let master = MasterKey::from(Key::from_hex(HEX).unwrap());
        assert_eq!(
            master.database().unwrap().to_hex().as_str(),
            "24a2459633eaef08c4ea1c84daea5eccc137f6752fd6a22e88a183c4492afa55"
        );
        assert_eq!(
            master.fields().unwrap().to_hex().as_str(),
            "144dcacfb8144a808656c87363f45f4013e0f878540fa6229003ff671f2c80b2"
        );
    }
}
