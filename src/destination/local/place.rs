//! Where objects lie: relative paths become absolute ones here, and nowhere else, so that none leaves the directory.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use super::super::Known;
use crate::domain::error::{Context as _, from_io};
use crate::domain::{Error, Kind, Result, units};

/// The file in the root that says that copies were written there.
const MARK: &str = ".backstay";

/// What is in it, for whoever finds it.
const MARK_TEXT: &str = "Backstay keeps copies of databases here. Where this file is missing, it takes the directory for a mount\n\
     point with nothing mounted on it, and neither reads nor writes.\n";

/// A base directory, which must exist, and a root below it, which is made when it is needed.
#[derive(Clone, Debug)]
pub(super) struct Place {
    base: PathBuf,
    root: PathBuf,
    /// Whether the mark must be there; from the first write on it must.
    marked: Arc<AtomicBool>,
    /// Copies that the catalogue has here.
    copies: u64,
}

impl Place {
    /// `base` is absolute; `prefix` a relative path or empty; `known` says whether copies were written there before.
    pub(super) fn new(base: PathBuf, prefix: &str, known: Known) -> Result<Self> {
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
        let marked = Arc::new(AtomicBool::new(known.holds_copies));
        Ok(Self {
            base,
            root,
            marked,
            copies: known.copies,
        })
    }

    /// The directory that must exist.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The directory that paths are relative to.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The root, or while that is not there yet, the nearest directory above it that is.
    pub(super) fn nearest(&self) -> &Path {
        self.root.ancestors().find(|path| path.is_dir()).unwrap_or(&self.base)
    }

    /// Where the mark is.
    pub(super) fn mark(&self) -> PathBuf {
        self.root.join(MARK)
    }

    /// Leaves the mark, unless it is there.
    pub(super) fn leave_mark(&self) -> Result<()> {
        let at = self.mark();
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at);
        match made.and_then(|mut file| file.write_all(MARK_TEXT.as_bytes()).and_then(|()| file.sync_all())) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).doing("cannot mark the directory", at.display());
            }
            _ => self.marked.store(true, Ordering::Relaxed),
        }
        Ok(())
    }

    /// Refuses to go on where the base is missing, or is there without what was written to it, so that a mount that has gone
    /// never reads as "nothing is stored here".
    pub(super) fn check(&self) -> Result<()> {
        self.check_base()?;
        let mark = self.mark();
        match std::fs::symlink_metadata(&mark) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                    && self.marked.load(Ordering::Relaxed) =>
            {
                let root = self.root.display();
                Err(
                    Error::failed("copies were written here, and the file `.backstay` that marks the place is not there: is it mounted?")
                        .on(root.to_string())
                        .next(format!("mount it; if it is the right directory all the same: touch '{}'", mark.display())),
                )
            }
            _ => Ok(()),
        }
    }

    fn check_base(&self) -> Result<()> {
        let object = self.base.display().to_string();
        match std::fs::metadata(&self.base) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(Error::failed("is not a directory")
                .on(object)
                .next("point the adapter at a directory")),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::failed("the directory does not exist")
                .next(self.way_back())
                .on(object)),
            Err(error) => Err(error).doing("cannot look at the directory", object),
        }
    }

    /// What to do where the base is not there. One that held copies is not made anew: on a mount point that would fill the disk
    /// below, and hide what is lost.
    fn way_back(&self) -> String {
        match self.copies {
            0 if self.marked.load(Ordering::Relaxed) => "mount it: copies were written to it".to_owned(),
            0 => format!("mount it, or create it: install -d -m 700 '{}'", self.base.display()),
            copies => format!("mount it; {} should be there", units::count(copies, "copy")),
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
        self.check()?;
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

    /// Takes away the directories above `folder` and below the root that are empty.
    pub(super) fn remove_empty_above(&self, folder: &Path) {
        let above = folder.ancestors().skip(1);
        for directory in above.take_while(|path| path.starts_with(&self.root) && *path != self.root) {
            // One that is not empty ends it, as does anything else that is wrong: an empty directory does no harm.
            if std::fs::remove_dir(directory).is_err() {
                return;
            }
        }
    }

    /// `directory` and everything above it up to the base, innermost first.
    pub(super) fn up_to_base<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = &'a Path> {
        directory.ancestors().take_while(|path| path.starts_with(&self.base))
    }

    /// "Not there" as `None`, but only while the place itself is there.
    pub(super) fn unless_gone<T>(&self, outcome: io::Result<T>, what: &str, at: &Path) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.check()?;
                Ok(None)
            }
            Err(error) => Err(failure(&error, what, at)),
        }
    }
}

/// What went wrong at an object. Only a medium that cannot give its bytes tells something about it; whatever else keeps them
/// from being looked at does not.
pub(super) fn failure(error: &io::Error, what: &str, at: &Path) -> Error {
    let failed = from_io(error, what, &at.display().to_string());
    if failed.kind == Kind::Failed && error.raw_os_error() != Some(Errno::IO.raw_os_error()) {
        return Error {
            kind: Kind::Inaccessible,
            ..failed
        };
    }
    failed
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
        let place = Place::new("/srv/backups".into(), "db1/", Known::default()).unwrap();
        assert_eq!(place.root(), Path::new("/srv/backups/db1"));
        for path in ["", "/", "/etc", "..", "a/../../b", "a//b", "./a", "a/", "a\0b"] {
            assert!(place.resolve(path).is_err(), "{path:?}");
        }
        assert_eq!(place.resolve("a/…b").unwrap(), Path::new("/srv/backups/db1/a/…b"));
    }

    #[test]
    fn the_base_is_absolute_and_the_prefix_below_it() {
        assert!(Place::new("backups".into(), "", Known::default()).is_err());
        assert!(Place::new("/srv".into(), "../etc", Known::default()).is_err());
        assert!(Place::new("/srv".into(), "/etc", Known::default()).is_err());
    }

    #[test]
    fn only_a_medium_that_fails_tells_something_of_an_object() {
        let kind = |errno: Errno| failure(&io::Error::from(errno), "cannot read", Path::new("/srv/a")).kind;
        for errno in [Errno::ACCESS, Errno::PERM, Errno::MFILE, Errno::STALE, Errno::NOMEM] {
            assert_eq!(kind(errno), Kind::Inaccessible, "{errno}");
        }
        assert_eq!((kind(Errno::IO), kind(Errno::NOENT)), (Kind::Failed, Kind::NotFound));
    }

    #[test]
    fn everything_up_to_the_base_is_made_durable() {
        let place = Place::new("/srv/backups".into(), "", Known::default()).unwrap();
        let chain: Vec<&Path> = place.up_to_base(Path::new("/srv/backups/a/b")).collect();
        assert_eq!(
            chain,
            ["/srv/backups/a/b", "/srv/backups/a", "/srv/backups"].map(Path::new)
        );
    }
}
