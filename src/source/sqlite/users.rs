//! Who has a database open, by the descriptors in `/proc`.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database file.
pub(super) const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file beside `path` with this suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Every other process that has the database or a file beside it open: `pid 4242 (shop)`. Processes of other users are seen
/// by root only; their transactions still show as locks.
pub(super) fn users_of(path: &Path) -> Vec<String> {
    let files: HashSet<(u64, u64)> = std::iter::once(path.to_owned())
        .chain(SIDE_FILES.iter().map(|suffix| beside(path, suffix)))
        .filter_map(|file| identity(&file))
        .collect();
    if files.is_empty() {
        return Vec::new();
    }
    let own = std::process::id();
    let mut pids: Vec<u32> = entries(Path::new("/proc"))
        .filter_map(|process| process.file_name()?.to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .collect();
    pids.sort_unstable();
    pids.retain(|pid| {
        let descriptors = PathBuf::from(format!("/proc/{pid}/fd"));
        entries(&descriptors).any(|open| identity(&open).is_some_and(|file| files.contains(&file)))
    });
    pids.into_iter().map(described).collect()
}

fn described(pid: u32) -> String {
    let command = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("pid {pid} ({})", command.trim())
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let listing = std::fs::read_dir(directory).into_iter().flatten();
    listing.filter_map(|item| Some(item.ok()?.path()))
}

/// Device and inode, which stay the same whatever path a process came by.
fn identity(file: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.dev(), found.ino()))
}
