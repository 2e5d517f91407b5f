//! Files that hold keys or data in the clear: readable by their owner only, whole under their name or not there at all.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::domain::error::{Context, from_io};
use crate::domain::{Error, Kind, Result};

/// What happens when there is a file of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// It is replaced, once the new one is whole.
    Replace,
}

impl Existing {
    /// By a `--force` flag.
    pub const fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

/// A file on its way to its name. Dropping it leaves nothing behind.
pub struct PrivateFile {
    file: NamedTempFile,
    path: PathBuf,
    existing: Existing,
}

impl PrivateFile {
    /// Starts a file (mode 0600) beside `path`. Refuses at once what could not be kept in the end.
    pub fn create(path: impl Into<PathBuf>, existing: Existing) -> Result<Self> {
        let path = path.into();
        if existing == Existing::Keep && path.symlink_metadata().is_ok() {
            return Err(taken(&path));
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".backstay-")
            .tempfile_in(directory)
            .doing("cannot make a file there", directory.display())?;
        Ok(Self { file, path, existing })
    }

    /// What is written to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Flushes it to the disk and gives it its name.
    pub fn keep(self) -> Result<()> {
        let shown = self.path.display().to_string();
        self.file.as_file().sync_all().doing("cannot write", &shown)?;
        let kept = match self.existing {
            Existing::Keep => self.file.persist_noclobber(&self.path),
            Existing::Replace => self.file.persist(&self.path),
        };
        match kept {
            Ok(_) => Ok(()),
            Err(refused) if refused.error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(&self.path)),
            Err(refused) => Err(from_io(&refused.error, "cannot write", &shown)),
        }
    }
}

/// Refuses a directory to be made below one that is not there: a mistyped path must not become a tree of its own.
pub fn only_last_is_made(directory: &Path) -> Result<()> {
    let above = directory
        .parent()
        .filter(|above| !above.as_os_str().is_empty() && !above.is_dir());
    match above {
        None => Ok(()),
        Some(above) => Err(Error::not_found("there is no such directory")
            .on(above.display().to_string())
            .next(format!("check the path, or make it: mkdir -p {}", above.display()))),
    }
}

/// Where nothing can be replaced, only another name helps.
pub fn another_name(error: Error) -> Error {
    match error.kind {
        Kind::Refused => error.next("choose another name"),
        _ => error,
    }
}

fn taken(path: &Path) -> Error {
    Error::refused("there is a file of that name already")
        .on(path.display().to_string())
        .next("choose another name, or have it replaced")
}
