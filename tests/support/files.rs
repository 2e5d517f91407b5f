//! File systems for tests: directories that go away, and small mounts that fill up or turn read-only. Mounting needs root;
//! a test that cannot mount fails, since skipping it would prove nothing.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A tmpfs of its own, unmounted when dropped.
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts `megabytes` of memory.
    pub fn mount(megabytes: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(directory.path()));
        Self { directory }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Makes it read-only, or writable again. Linux refuses while a file is open for writing.
    pub fn remount(&self, mode: &str) -> bool {
        let options = format!("remount,{mode}");
        let outcome = Command::new("mount").args(["-o", &options]).arg(self.path()).output();
        outcome.unwrap().status.success()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

/// Every file below `directory`, at any depth, but the mark of a destination.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.file_name().is_some_and(|name| name != ".backstay") {
            found.push(path);
        }
    }
    found
}

fn run(command: &mut Command) {
    let outcome = command.output().unwrap();
    assert!(
        outcome.status.success(),
        "{command:?} needs root: {}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}
