//! Who has a database open, by the descriptors in `/proc`.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::mounts::Mounts;

/// What SQLite keeps beside a database file.
pub(super) const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file beside `path` with this suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Every other process that has the database or a file beside it open: `pid 4242 (shop)`. Processes of other users are seen
/// by root only; their transactions still show as locks. Nothing is asked of a file system that is not the database's own: it
/// may be one of those that never answer.
pub(super) fn users_of(path: &Path) -> Vec<String> {
    let names: Vec<PathBuf> = std::iter::once(path.to_owned())
        .chain(SIDE_FILES.iter().map(|suffix| beside(path, suffix)))
        .collect();
    let files: HashSet<(u64, u64)> = names.iter().filter_map(|file| identity(file)).collect();
    if files.is_empty() {
        return Vec::new();
    }
    let own = std::process::id();
    let mut pids: Vec<u32> = entries(Path::new("/proc"))
        .filter_map(|process| process.file_name()?.to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .collect();
    pids.sort_unstable();
    let mounts = Mounts::seen_by(&pids, path);
    pids.retain(|pid| {
        let descriptors = PathBuf::from(format!("/proc/{pid}/fd"));
        entries(&descriptors).any(|open| {
            let is_near = mounts
                .has_beneath(*pid, &open)
                .unwrap_or_else(|| is_named(&open, &names));
            is_near && identity(&open).is_some_and(|file| files.contains(&file))
        })
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

/// Whether a descriptor's file was called like one of these, wherever.
fn is_named(descriptor: &Path, names: &[PathBuf]) -> bool {
    let text = std::fs::read_link(descriptor).unwrap_or_default();
    let name = text.file_name();
    name.is_some() && names.iter().any(|file| file.file_name() == name)
}

/// Device and inode, which stay the same whatever path a process came by.
fn identity(file: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.dev(), found.ino()))
}
