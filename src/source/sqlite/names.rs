//! Which file a database's name stands for: the adapter's own, one beside it, or a scratch file.

use std::path::{Path, PathBuf};

use crate::domain::{Error, Result};
use crate::source::tagged;

const SCRATCH_PREFIX: &str = "backstay_verify_";

/// The files around one adapter.
pub(super) struct Names {
    own_path: PathBuf,
    own_name: String,
    scratch: PathBuf,
}

impl Names {
    /// `path` is the adapter's database file, absolute.
    pub(super) fn new(path: PathBuf, scratch: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        if !path.is_absolute() {
            return Err(Error::usage(format!("field path: '{shown}' is not absolute")).next("begin it with /"));
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let own_name = stem
            .ok_or_else(|| Error::usage(format!("field path: '{shown}' names no file")))?
            .to_owned();
        Ok(Self {
            own_path: path,
            own_name,
            scratch: scratch.to_owned(),
        })
    }

    /// The adapter's own file.
    pub(super) fn own_path(&self) -> &Path {
        &self.own_path
    }

    /// Its name as a database: the file's, without the last extension.
    pub(super) fn own_name(&self) -> &str {
        &self.own_name
    }

    /// The file that `name` stands for: an absolute path is itself, the own name the own file, a scratch name a scratch file,
    /// and any other a file of that name and the own extension beside the own file.
    pub(super) fn path_of(&self, name: &str) -> Result<PathBuf> {
        if is_scratch(name) {
            return Ok(self.scratch.join(format!("{name}.db")));
        }
        if name == self.own_name {
            return Ok(self.own_path.clone());
        }
        if name.contains('\0') || name.is_empty() || name.ends_with('/') {
            return Err(bad(name));
        }
        if name.starts_with('/') {
            return Ok(PathBuf::from(name));
        }
        if name.contains('/') || name == "." || name == ".." {
            return Err(bad(name));
        }
        let extension = self.own_path.extension().and_then(|own| own.to_str()).unwrap_or("db");
        let has_it = Path::new(name).extension().is_some_and(|its| its == extension);
        let file = if has_it {
            name.to_owned()
        } else {
            format!("{name}.{extension}")
        };
        Ok(self.own_path.with_file_name(file))
    }
}

/// The scratch name for `tag`.
pub(super) fn scratch_name(tag: &str) -> String {
    tagged(SCRATCH_PREFIX, tag)
}

fn is_scratch(name: &str) -> bool {
    name.strip_prefix(SCRATCH_PREFIX)
        .is_some_and(|tag| !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn bad(name: &str) -> Error {
    Error::usage(format!("'{}' does not name a database file", name.escape_debug()))
        .next("give a plain name, or an absolute path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_files() {
        let names = Names::new("/srv/shop.sqlite".into(), Path::new("/scratch")).unwrap();
        let path = |name: &str| names.path_of(name).map(|path| path.display().to_string());
        assert_eq!(path("shop").unwrap(), "/srv/shop.sqlite");
        assert_eq!(path("shop.sqlite").unwrap(), "/srv/shop.sqlite");
        assert_eq!(path("copy").unwrap(), "/srv/copy.sqlite");
        assert_eq!(path("/tmp/x.db").unwrap(), "/tmp/x.db");
        assert_eq!(path(&scratch_name("a-1")).unwrap(), "/scratch/backstay_verify_a_1.db");
        for bad in ["", ".", "..", "../shop", "a/b", "/tmp/", "a\0"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_scratch_names_are_scratch() {
        assert!(is_scratch(&scratch_name("A-1")));
        for name in ["shop", "backstay_verify_", "backstay_verify_../shop", "/srv/shop.db"] {
            assert!(!is_scratch(name), "{name}");
        }
    }
}
