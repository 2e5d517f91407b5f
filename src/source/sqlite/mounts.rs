//! Which file system an open file of another process is on, by what the kernel says of descriptors and mounts. None of it is
//! asked of the file system itself, which may be a server that is gone: whoever asks that anything waits for good.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The mounts of all mount namespaces there are, as seen from one path.
pub(super) struct Mounts {
    /// The device beneath each mount, by the mount's number; of bind mounts and of containers it is the same.
    devices: HashMap<u64, String>,
    /// The device beneath the path.
    own: Option<String>,
}

/// A line of `/proc/PID/mountinfo`, as far as anybody here needs it (`proc_pid_mountinfo(5)`).
struct Mount<'a> {
    number: u64,
    device: &'a str,
    point: PathBuf,
}

impl Mounts {
    /// What these processes and this one see.
    pub(super) fn seen_by(pids: &[u32], path: &Path) -> Self {
        let seen = read("self");
        let own = mounts(&seen).filter(|mount| path.starts_with(&mount.point));
        // Of mounts on one another the last covers the others, which `max_by_key` gives.
        let own = own.max_by_key(|mount| mount.point.components().count());
        let own = own.map(|mount| mount.device.to_owned());
        let mut devices = HashMap::new();
        let mut namespaces = HashSet::new();
        for pid in pids {
            // That of a process whose descriptors may not be looked at cannot be read either.
            let namespace = std::fs::read_link(format!("/proc/{pid}/ns/mnt"));
            if namespace.is_ok_and(|namespace| namespaces.insert(namespace)) {
                let seen = read(&pid.to_string());
                devices.extend(mounts(&seen).map(|mount| (mount.number, mount.device.to_owned())));
            }
        }
        Self { devices, own }
    }

    /// Whether what a descriptor of this process is open on lies on the path's file system. Nothing when there is no telling: on
    /// a mount that is not in any list any more, or in none that can be read.
    pub(super) fn has_beneath(&self, pid: u32, descriptor: &Path) -> Option<bool> {
        let number = descriptor.file_name()?.to_str()?;
        let about = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
        let mount = about.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
        let device = self.devices.get(&mount.trim().parse().ok()?)?;
        Some(*device == *self.own.as_ref()?)
    }
}

fn read(pid: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn mounts(listing: &str) -> impl Iterator<Item = Mount<'_>> {
    listing.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some(Mount {
            number: fields.next()?.parse().ok()?,
            device: fields.nth(1)?,
            point: unescaped(fields.nth(1)?),
        })
    })
}

/// Blanks, line ends and backslashes are written as octal numbers there.
fn unescaped(point: &str) -> PathBuf {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    let plain = escapes
        .iter()
        .fold(point.to_owned(), |text, (escape, letter)| text.replace(escape, letter));
    PathBuf::from(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = r"36 35 98:0 /mnt1 /mnt\040two rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let listing = format!("{line}\nnonsense\n");
        let found: Vec<Mount<'_>> = mounts(&listing).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].number, found[0].device), (36, "98:0"));
        assert_eq!(found[0].point, Path::new("/mnt two"));
    }
}
