//! What the operator has changed about the console: themes in `themes/NAME.toml`, keys in `keys.toml`, beside the master key.

mod follow;
pub mod remembered;

use std::path::{Path, PathBuf};

pub use self::follow::follow;
use super::keymap::Keymap;
use super::theme::{MONO, Theme};
use crate::domain::error::Context;
use crate::domain::{Error, Result};

/// Where the operator's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    directory: PathBuf,
    colours: bool,
}

impl Files {
    /// Below the configuration directory of an installation.
    pub fn below(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            colours: true,
        }
    }

    /// With the theme without colours only, unless there are to be some.
    #[must_use]
    pub fn colours(self, colours: bool) -> Self {
        Self { colours, ..self }
    }

    /// The directory to watch for changes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The themes: those that come along, then the operator's by name, which may take the name of one that comes along. What
    /// cannot be read is left out, and the first reason given.
    pub fn themes(&self) -> (Vec<Theme>, Option<Error>) {
        let mut themes = Theme::built_in();
        let mut wrong = None;
        for path in self.theme_files() {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let theme = std::fs::read_to_string(&path)
                .doing("cannot read it", path.display())
                .and_then(|text| Theme::parse(&name, &text).map_err(|error| error.on(path.display().to_string())));
            match theme {
                Ok(theme) => match themes.iter_mut().find(|other| other.name == name) {
                    Some(other) => *other = theme,
                    None => themes.push(theme),
                },
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        if !self.colours {
            themes.retain(|theme| theme.name == MONO);
        }
        (themes, wrong)
    }

    /// The keys: the defaults, with the operator's changes.
    pub fn keymap(&self) -> Result<Keymap> {
        let path = self.directory.join("keys.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Keymap::patched(&text).map_err(|error| error.on(path.display().to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Keymap::default()),
            Err(error) => Err(error).doing("cannot read it", path.display()),
        }
    }

    fn theme_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.join("themes"))
            .into_iter()
            .flatten()
            .flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        paths.sort();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_counts_and_what_cannot_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::below(directory.path());
        assert_eq!(files.themes(), (Theme::built_in(), None));
        assert_eq!(files.keymap().unwrap(), Keymap::default());
        std::fs::create_dir(directory.path().join("themes")).unwrap();
        std::fs::write(directory.path().join("themes/mine.toml"), "base = \"light\"").unwrap();
        std::fs::write(directory.path().join("themes/other.toml"), "base = 1").unwrap();
        std::fs::write(directory.path().join("keys.toml"), "[jobs]\nfly = []").unwrap();
        let (themes, wrong) = files.themes();
        assert_eq!(themes.last().unwrap().name, "mine");
        assert!(wrong.unwrap().object.ends_with("other.toml"));
        assert!(files.keymap().unwrap_err().object.ends_with("keys.toml"));
    }
}
