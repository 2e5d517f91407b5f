//! What a process has used, as Linux tells it in /proc (proc(5)).

use std::collections::HashMap;

use rustix::process::Pid;

/// What was used so far, by all threads.
pub struct Usage {
    /// Hundredths of a second of processor time.
    ticks: u64,
    /// Times each thread gave way to another, or slept and was woken.
    switches: HashMap<String, u64>,
}

/// What was used between two moments.
pub struct Spent {
    /// Hundredths of a second of processor time.
    pub ticks: u64,
    /// Times a thread that was there all the time gave way to another, or slept and was woken.
    pub switches: u64,
}

impl Usage {
    pub fn of(pid: Pid) -> Self {
        let process = format!("/proc/{}", pid.as_raw_nonzero());
        let stat = std::fs::read_to_string(format!("{process}/stat")).unwrap();
        // After the name in parentheses, which may hold anything; user and system time are fields 14 and 15.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let threads = std::fs::read_dir(format!("{process}/task")).unwrap();
        let switches = threads.map(|thread| {
            let thread = thread.unwrap();
            let status = std::fs::read_to_string(thread.path().join("status")).unwrap();
            let switches = field(&status, "voluntary_ctxt_switches:") + field(&status, "nonvoluntary_ctxt_switches:");
            (thread.file_name().into_string().unwrap(), switches)
        });
        Self {
            ticks: fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap(),
            switches: switches.collect(),
        }
    }

    /// What was used since `before`.
    pub fn since(&self, before: &Self) -> Spent {
        let switches = self.switches.iter();
        Spent {
            ticks: self.ticks - before.ticks,
            switches: switches
                .filter_map(|(thread, now)| Some(now - before.switches.get(thread)?))
                .sum(),
        }
    }
}

/// What a process has in memory, in KiB.
pub struct Memory {
    /// The most there was at once.
    pub peak: u64,
    /// What is its own now.
    pub own: u64,
    /// Pages of the program and its libraries, which all processes that run it share.
    pub shared: u64,
}

impl Memory {
    pub fn of(pid: Pid) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
        Self {
            peak: field(&status, "VmHWM:"),
            own: field(&status, "RssAnon:"),
            shared: field(&status, "RssFile:"),
        }
    }
}

/// The number behind a name at the beginning of a line.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
