//! Where objects lie: relative paths become absolute ones here, and nowhere else, so that none leaves the directory.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::domain::error::Context as _;
use crate::domain::{Error, Result};

/// A base directory, which must exist, and a root below it, which is made when it is needed.
#[derive(Clone, Debug)]
pub(super) struct Place {
    base: PathBuf,
    root: PathBuf,
}

impl Place {
    /// `base` is absolute; `prefix` a relative path or empty.
    pub(super) fn new(base: PathBuf, prefix: &str) -> Result<Self> {
        if !base.is_absolute() {
            return Err(
                Error::usage(format!("field path: '{}' is not absolute", base.display())).next("begin it with /"),
            );
        }
        let prefix = prefix.trim_end_matches('/');
        let root = if prefix.is_empty() {
            base.clone()
        } else {
            base.join(relative(prefix).map_err(|error| error.or_on("field prefix"))?)
        };
        Ok(Self { base, root })
    }

    /// The directory that must exist.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The directory that paths are relative to.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Refuses to go on where the base is missing, so that a mount that has gone never reads as "nothing is stored here".
    pub(super) fn check_base(&self) -> Result<()> {
        let object = self.base.display().to_string();
        match std::fs::metadata(&self.base) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(Error::failed("is not a directory")
                .on(object)
                .next("point the adapter at a directory")),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::failed("the directory does not exist")
                .next(format!("mount it, or create it: install -d -m 700 '{object}'"))
                .on(object)),
            Err(error) => Err(error).doing("cannot look at the directory", object),
        }
    }

    /// The absolute path of `path`. Refuses what would leave the root, by its letters or through a symbolic link.
    pub(super) fn resolve(&self, path: &str) -> Result<PathBuf> {
        let at = self.root.join(relative(path)?);
        self.refuse_links(&at)?;
        Ok(at)
    }

    /// Refuses a path with a symbolic link in it below the base.
    pub(super) fn refuse_links(&self, at: &Path) -> Result<()> {
        let mut walked = self.base.clone();
        for part in at.strip_prefix(&self.base).unwrap_or(at).components() {
            walked.push(part);
            match std::fs::symlink_metadata(&walked) {
                Ok(found) if found.is_symlink() => {
                    return Err(Error::refused("is a symbolic link, which could lead anywhere")
                        .on(walked.display().to_string())
                        .next("replace it by a directory, or mount what it points to there"));
                }
                Ok(_) => {}
                // What is not there yet cannot lead astray; whatever else is wrong, the operation itself will say.
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Makes the directories between the base and `directory`, one by one, so that the base itself never comes into being.
    pub(super) fn make_directories(&self, directory: &Path) -> Result<()> {
        self.check_base()?;
        let below = directory.strip_prefix(&self.base).unwrap_or(directory);
        let mut made = self.base.clone();
        for part in below.components() {
            made.push(part);
            match DirBuilder::new().mode(0o700).create(&made) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => other.doing("cannot make the directory", made.display())?,
            }
        }
        Ok(())
    }

    /// `directory` and everything above it up to the base, innermost first.
    pub(super) fn up_to_base<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = &'a Path> {
        directory.ancestors().take_while(|path| path.starts_with(&self.base))
    }

    /// "Not there" as `None`, but only while the base itself is there.
    pub(super) fn unless_gone<T>(&self, outcome: io::Result<T>, what: &str, at: &Path) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.check_base()?;
                Ok(None)
            }
            Err(error) => Err(error).doing(what, at.display()),
        }
    }
}

/// Checks that a path names something below where it starts.
fn relative(path: &str) -> Result<&Path> {
    let refused = |why: &str| Err(Error::usage(format!("the path '{}' {why}", path.escape_debug())));
    if path.is_empty() {
        return refused("is empty");
    }
    if path.starts_with('/') {
        return refused("is absolute");
    }
    if path.contains('\0') {
        return refused("has a zero byte in it");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refused("has an empty part, '.' or '..' in it");
    }
    Ok(Path::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_root() {
        let place = Place::new("/srv/backups".into(), "db1/").unwrap();
        assert_eq!(place.root(), Path::new("/srv/backups/db1"));
        for path in ["", "/", "/etc", "..", "a/../../b", "a//b", "./a", "a/", "a\0b"] {
            assert!(place.resolve(path).is_err(), "{path:?}");
        }
        assert_eq!(place.resolve("a/…b").unwrap(), Path::new("/srv/backups/db1/a/…b"));
    }

    #[test]
    fn the_base_is_absolute_and_the_prefix_below_it() {
        assert!(Place::new("backups".into(), "").is_err());
        assert!(Place::new("/srv".into(), "../etc").is_err());
        assert!(Place::new("/srv".into(), "/etc").is_err());
    }

    #[test]
    fn everything_up_to_the_base_is_made_durable() {
        let place = Place::new("/srv/backups".into(), "").unwrap();
        let chain: Vec<&Path> = place.up_to_base(Path::new("/srv/backups/a/b")).collect();
        assert_eq!(
            chain,
            ["/srv/backups/a/b", "/srv/backups/a", "/srv/backups"].map(Path::new)
        );
    }
}
