//! What a process that was killed left running. Children end with their owner because it ends them, which one that is killed
//! cannot do, and the kernel would tie them to the thread that started them, not to the process. So each child, and whatever it
//! starts itself, carries its owner's name in its environment, and whoever takes the owner's place ends what carries it.

use std::fmt;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};

use super::{born, stat};

/// Where `proc_pid_stat(5)` has the state.
const STATE: usize = 3;

/// Where it has the session, which is 0 for one that is not seen from here.
const SESSION: usize = 6;

/// The variable that names a child's owner.
pub const OWNER: &str = "BACKSTAY_OWNER";

/// How often what is left is looked for, since what is just being started may be missed; killed processes are gone long before.
const LOOKS: u32 = 100;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A process that starts others, named for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its number.
    pub pid: i32,
    /// When it was born, as [`born`] says.
    pub born: u64,
    /// Its session. What is meant to outlive it has left that: a server that a hook starts.
    pub session: u64,
}

impl Owner {
    /// This process. Nothing where the kernel does not tell.
    pub fn this() -> Option<Self> {
        let pid = getpid().as_raw_pid();
        Some(Self {
            pid,
            born: born(pid)?,
            session: session(pid)?,
        })
    }

    fn lives(self) -> bool {
        // One that has ended keeps its number until somebody has asked how, and in a container that may be nobody, ever.
        let has_ended = || stat(self.pid, STATE).is_none_or(|state| matches!(state.as_str(), "Z" | "X"));
        born(self.pid) == Some(self.born) && !has_ended()
    }

    /// Ends what a process that is gone has left running, as far as this user may see it, and gives the programs' names. A process
    /// that lives sees to its children itself.
    pub fn end_what_it_left(self) -> Vec<String> {
        let mut ended = Vec::new();
        if self.lives() {
            return ended;
        }
        let mark = format!("{OWNER}={self}").into_bytes();
        for _ in 0..LOOKS {
            let left = self.left(&mark);
            if left.is_empty() {
                break;
            }
            for pid in left {
                let name = format!("{} (process {})", name(pid), pid.as_raw_pid());
                // One that has just ended by itself is gone, which is what we want.
                if kill_process(pid, Signal::KILL).is_ok() && !ended.contains(&name) {
                    ended.push(name);
                }
            }
            std::thread::sleep(PAUSE);
        }
        ended
    }

    fn left(self, mark: &[u8]) -> Vec<Pid> {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let pid = |name: &std::ffi::OsStr| Pid::from_raw(name.to_str()?.parse().ok()?);
        processes
            .flatten()
            .filter_map(|entry| pid(&entry.file_name()))
            .filter(|pid| session(pid.as_raw_pid()) == Some(self.session))
            .filter(|pid| {
                std::fs::read(format!("/proc/{}/environ", pid.as_raw_pid()))
                    .is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|variable| variable == mark))
            })
            .collect()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pid, self.born)
    }
}

fn session(pid: i32) -> Option<u64> {
    stat(pid, SESSION)?.parse().ok()
}

fn name(pid: Pid) -> String {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_pid()));
    name.map_or_else(|_| "a program".to_owned(), |name| name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use rustix::process::{WaitId, WaitIdOptions, waitid};

    use super::*;

    #[test]
    fn whoever_has_ended_lives_no_more_though_nobody_has_asked_how() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let owner = Owner {
            pid: pid.as_raw_pid(),
            born: born(pid.as_raw_pid()).unwrap(),
            session: session(pid.as_raw_pid()).unwrap(),
        };
        assert!(owner.lives());
        drop(child.stdin.take());
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert_eq!(born(owner.pid), Some(owner.born), "its number is still taken");
        assert!(!owner.lives());
        child.wait().unwrap();
    }
}
