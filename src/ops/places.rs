//! Directories on this machine, compared as the disk sees them: through symbolic links and under several mounts.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The path with its symbolic links followed as far as it exists.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let existing = path
        .ancestors()
        .find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    let Some((ancestor, canonical)) = existing else {
        return path.to_owned();
    };
    let rest = path.strip_prefix(ancestor).into_iter().flat_map(Path::components);
    rest.fold(canonical, |path, part| path.join(part))
}

/// Whether two resolved paths are one place, or one lies in the other.
pub(super) fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one) || is_same_directory(one, other)
}

/// A directory may be mounted in two places.
fn is_same_directory(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    number(one).is_some_and(|found| number(other) == Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_link_leads_to_counts_and_a_name_that_begins_alike_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["disk", "disk2"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::os::unix::fs::symlink(at("disk"), at("link")).unwrap();
        let meet = |one: &str, other: &str| overlap(&resolved(&at(one)), &resolved(&at(other)));
        assert!(meet("disk", "link") && meet("link/not/there/yet", "disk"));
        assert!(!meet("disk", "disk2"));
    }
}
