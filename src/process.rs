//! Child processes: each in a process group of its own that dies with its owner, error output drained and bounded, and an
//! exit status that somebody waits for.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use self::left::{OWNER, Owner};
use crate::domain::error::in_words;
use crate::domain::{Error, Result};

pub mod bulk;
pub mod left;

/// The end of a child's error output that is kept.
const STDERR_KEPT: usize = 64 * 1024;

/// The last lines of what a tool said that make a message.
const SAID_LINES: usize = 6;

/// A child's standard output a query may return before it is taken for runaway.
const OUTPUT_LIMIT: usize = 64 << 20;

/// A running child with its process group. Dropping it kills the whole group.
pub struct Running {
    program: String,
    child: tokio::process::Child,
    group: Option<Pid>,
    stderr: Option<JoinHandle<String>>,
    /// The child's standard input, if it was piped.
    pub stdin: Option<ChildStdin>,
    /// The child's standard output, if it was piped.
    pub stdout: Option<ChildStdout>,
}

/// How a child ended.
pub struct Ended {
    /// Whether its exit status was 0.
    pub success: bool,
    /// `exit status 1`, `signal: 9 (SIGKILL)`.
    pub status: String,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The end of what it wrote to its error stream.
    pub stderr: String,
}

/// When a process was born, in ticks of the kernel's clock since the machine was started (`starttime` in `proc_pid_stat(5)`):
/// with its number it names a process for good. Nothing when there is no such process.
pub fn born(pid: i32) -> Option<u64> {
    stat(pid, 22)?.parse().ok()
}

/// The `field`th of what the kernel says of a process.
fn stat(pid: i32, field: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, in which anything may stand.
    let (_, from_the_third) = stat.rsplit_once(") ")?;
    from_the_third.split(' ').nth(field.checked_sub(3)?).map(str::to_owned)
}

/// Whether a process was killed, or has ended and is still to be taken apart or waited for (`proc_pid_status(5)`): it does
/// nothing more, whatever it holds yet.
pub fn is_ending(pid: i32) -> bool {
    /// The bit of SIGKILL, signal 9. The set is of what is pending for the process as a whole, and keeps it to the end.
    const KILLED: u64 = 1 << 8;
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else {
        return false;
    };
    status.lines().any(|line| match line.split_once(":\t") {
        Some(("State", state)) => state.starts_with(['Z', 'X']),
        Some(("ShdPnd", set)) => u64::from_str_radix(set, 16).is_ok_and(|set| set & KILLED != 0),
        _ => false,
    })
}

/// Starts `command` in a process group of its own, its error output drained from the start. Standard streams other than
/// the error stream are as the caller set them on `command`.
pub fn start(command: &mut Command) -> Result<Running> {
    let (mut running, stderr) = start_heard(command)?;
    running.stderr = stderr.map(|stream| tokio::spawn(tail(stream)));
    Ok(running)
}

/// The same for a caller that reads the error output itself, to its end; how the child ended then tells nothing of it.
pub fn start_heard(command: &mut Command) -> Result<(Running, Option<ChildStderr>)> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    // The key that opens everything is nobody else's business.
    command
        .env_remove("BACKSTAY_MASTER_KEY")
        .env(OWNER, Owner::this().map(|owner| owner.to_string()).unwrap_or_default())
        .process_group(0)
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        let failed = Error::failed(format!("cannot start it: {}", in_words(&error))).on(program.clone());
        failed.next("check that the program is installed and may be run")
    })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // The command still holds the child's ends of pipes that were made for it, and a pipe ends only when nobody does.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let running = Running {
        program,
        child,
        group,
        stderr: None,
        stdin,
        stdout,
    };
    Ok((running, stderr))
}

impl Running {
    /// The program's path, for messages.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Tells the child and what it has started to stop, as Ctrl-C does; they may still have something to put in order.
    pub fn interrupt(&self) {
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, Signal::INT);
        }
    }

    /// Waits for the child to end; closes its standard input first.
    pub async fn wait(mut self) -> Result<Ended> {
        drop(self.stdin.take());
        let status = self.child.wait().await.map_err(|error| {
            Error::failed(format!("cannot learn how it ended: {}", in_words(&error))).on(self.program.clone())
        })?;
        let stderr = match self.stderr.take() {
            Some(task) => task.await.unwrap_or_default(),
            None => String::new(),
        };
        Ok(Ended {
            success: status.success(),
            status: status.to_string(),
            signal: status.signal(),
            stderr,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The leader may be gone while others of its group are not; a group that is gone altogether is what we want.
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a short command to its end: writes `input`, gives its standard output back. Fails on a non-zero exit, with the
/// last lines of its error output as the message.
pub async fn output(command: &mut Command, input: &[u8], limit: Duration) -> Result<Vec<u8>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = start(command)?;
    let program = running.program.clone();
    let work = async move {
        let stdin = running.stdin.take();
        let stdout = running.stdout.take();
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A child that does not want its input says why on its error stream.
                let _ = stdin.write_all(input).await;
            }
        };
        let collect = async {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(OUTPUT_LIMIT as u64).read_to_end(&mut bytes).await?;
            }
            Ok::<_, std::io::Error>(bytes)
        };
        let ((), bytes) = tokio::join!(feed, collect);
        let ended = running.wait().await?;
        ended.verdict(&program)?;
        bytes
            .map_err(|error| Error::failed(format!("cannot read its output: {}", in_words(&error))).on(program.clone()))
    };
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(
            Error::failed(format!("no answer within {}", crate::domain::units::duration(limit)))
                .on(command.as_std().get_program().to_string_lossy())
                .transient(),
        ),
    }
}

impl Ended {
    /// `Ok` for exit status 0; else an error with the last lines of the error output. For tools that say there why they failed:
    /// their exit status is told where they did not.
    pub fn verdict(&self, program: &str) -> Result<()> {
        let tells_why = self.signal.is_none() && self.said_by(program).iter().any(|line| !is_remark(line));
        if self.success || !tells_why {
            return self.verdict_with_status(program);
        }
        Err(Error::failed(last_lines(&self.said_by(program).join("\n"), SAID_LINES)))
    }

    /// The same for a program of which nothing is known: what it said last need not be why it failed.
    pub fn verdict_with_status(&self, program: &str) -> Result<()> {
        if self.success {
            return Ok(());
        }
        let name = base_name(program);
        let said = last_lines(&self.said_by(program).join("\n"), SAID_LINES);
        let status = &self.status;
        // The cause comes first; how the program ended says little.
        let failed = Error::failed(if said.is_empty() {
            format!("{name} ended with {status} and said nothing")
        } else {
            format!("{said} ({name} ended with {status})")
        });
        Err(if self.signal == Some(Signal::KILL.as_raw()) {
            failed.next("something on this machine ended it: `dmesg` says whether memory had run out")
        } else {
            failed
        })
    }

    /// The lines of the error output without the program's name.
    fn said_by(&self, program: &str) -> Vec<&str> {
        let name = base_name(program);
        self.stderr.lines().map(|line| without_name(line, name)).collect()
    }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether a line tells of something that stops no tool, or of nothing at all.
fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    let marks = [
        "warning:", "WARNING:", "NOTICE:", "detail:", "DETAIL:", "hint:", "HINT:",
    ];
    line.is_empty() || marks.iter().any(|mark| line.starts_with(mark))
}

/// A line of an error stream without what a program puts before its messages: `pg_dump: error: `, `psql:<stdin>:3: `.
fn without_name<'a>(line: &'a str, name: &str) -> &'a str {
    let bare = name.split(' ').next().unwrap_or(name);
    let Some(rest) = line.strip_prefix(bare).and_then(|rest| rest.strip_prefix(':')) else {
        return line;
    };
    let rest = match rest.strip_prefix("<stdin>:") {
        Some(place) => place.split_once(':').map_or(rest, |(_, said)| said),
        None => rest,
    };
    let rest = rest.trim_start();
    rest.strip_prefix("error: ").unwrap_or(rest)
}

/// The last `count` lines that say something, joined with ` / `.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(count))
        .copied()
        .collect::<Vec<_>>()
        .join(" / ")
}

async fn tail(mut stream: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 8192];
    while let Ok(read) = stream.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        kept.extend(buffer.iter().take(read));
        if kept.len() > STDERR_KEPT {
            kept.drain(..kept.len() - STDERR_KEPT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(stderr: &str) -> Ended {
        Ended {
            success: false,
            status: "exit status: 1".to_owned(),
            signal: None,
            stderr: stderr.to_owned(),
        }
    }

    fn told(program: &str, stderr: &str) -> String {
        ended(stderr).verdict(program).unwrap_err().message
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_without_the_systems_number() {
        let asked = output(&mut Command::new("/no/such/tool"), b"", Duration::from_secs(9)).await;
        let error = asked.unwrap_err();
        assert_eq!(error.message, "cannot start it: No such file or directory");
        assert_eq!(error.object, "/no/such/tool");
    }

    #[test]
    fn what_a_tool_said_is_told_without_its_name_and_status() {
        assert_eq!(
            told(
                "/usr/bin/psql",
                "psql: error: connection to server failed: FATAL:  no such role\n"
            ),
            "connection to server failed: FATAL:  no such role"
        );
        assert_eq!(
            told("psql", "psql:<stdin>:12: ERROR:  relation: gone"),
            "ERROR:  relation: gone"
        );
    }

    #[test]
    fn the_status_is_told_where_nothing_else_says_why() {
        assert_eq!(told("true", "\n"), "true ended with exit status: 1 and said nothing");
        assert_eq!(
            told("pg_dump", "pg_dump: warning: loops\npg_dump: detail: orders"),
            "warning: loops / detail: orders (pg_dump ended with exit status: 1)"
        );
        let killed = Ended {
            status: "signal: 9 (SIGKILL)".to_owned(),
            signal: Some(9),
            ..ended("reading orders")
        };
        let error = killed.verdict("pg_dump").unwrap_err();
        assert_eq!(error.message, "reading orders (pg_dump ended with signal: 9 (SIGKILL))");
        assert!(error.next.contains("dmesg"), "{error}");
        let hook = ended("two\nthree").verdict_with_status("sh").unwrap_err();
        assert_eq!(hook.message, "two / three (sh ended with exit status: 1)");
    }
}
