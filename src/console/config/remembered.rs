//! The theme that was chosen last. It lies with what the program keeps for itself, not beside the operator's own files: those
//! are watched, and nobody but the operator writes there.

use std::path::Path;

use crate::domain::Result;
use crate::domain::error::Context;

/// The file, below the directory of the installation's state.
const FILE: &str = "theme";

/// The name of the theme that was chosen last, if one was and it can be read.
pub fn read(state: &Path) -> Option<String> {
    let text = std::fs::read_to_string(state.join(FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Remembers a theme by its name. Another console that reads at this moment sees the old name or the new one.
pub fn write(state: &Path, name: &str) -> Result<()> {
    let path = state.join(FILE);
    let part = state.join(format!("{FILE}.{}.part", std::process::id()));
    std::fs::write(&part, format!("{name}\n")).doing("cannot write it", part.display())?;
    std::fs::rename(&part, &path).doing("cannot write it", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_is_read_back_and_nothing_else_is_left() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(read(state.path()), None);
        write(state.path(), "light").unwrap();
        write(state.path(), "my own").unwrap();
        assert_eq!(read(state.path()).as_deref(), Some("my own"));
        assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 1);
        std::fs::write(state.path().join(FILE), "\n").unwrap();
        assert_eq!(read(state.path()), None);
    }

    #[test]
    fn where_nothing_can_be_written_that_is_said() {
        let state = tempfile::tempdir().unwrap();
        assert!(write(&state.path().join("gone"), "light").is_err());
    }
}
