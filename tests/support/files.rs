//! File systems for tests: directories that go away, and small mounts that fill up or turn read-only. Mounting needs root;
//! a test that cannot mount fails, since skipping it would prove nothing.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// A file system whose server never answers, so that whoever asks it anything waits, and a process that has a descriptor on it
/// all the same. Gone when dropped.
pub struct DeadMount {
    directory: TempDir,
    server: Child,
    user: Child,
}

impl DeadMount {
    /// Mounts one.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // FUSE: whoever has this descriptor is the server, and this one reads nothing from it.
        let serve = "exec 9<>/dev/fuse && mount --internal-only -t fuse \
             -o fd=9,rootmode=40000,user_id=0,group_id=0 backstay-test \"$1\" && echo mounted && read -r _";
        let mut server = Command::new("sh")
            .args(["-c", serve, "sh"])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut stdout = BufReader::new(server.stdout.take().unwrap());
        stdout.read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n", "mounting needs root");
        // Only a name is looked up for such a descriptor, and the name of a mount is known without its server.
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(directory.path(), flags, rustix::fs::Mode::empty()).unwrap();
        let user = Command::new("sleep").arg("600").stdin(descriptor).spawn().unwrap();
        Self {
            directory,
            server,
            user,
        }
    }
}

impl Drop for DeadMount {
    fn drop(&mut self) {
        for child in [&mut self.user, &mut self.server] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // Without its server it answers at once, with an error.
        run(Command::new("umount").arg("--lazy").arg(self.directory.path()));
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
