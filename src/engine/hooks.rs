//! Commands before and after a run: run directly, not by a shell unless asked for, limited in time, their output in the log.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::run::Run;
use crate::domain::error::{Error, Result};
use crate::domain::job::{Hook, When};
use crate::domain::{units, words};
use crate::process::{self, Ended};

/// So many lines of a stream are logged as they come, and of those that follow the last ones once the hook has ended.
const FIRST: u64 = 1_000;

/// So many of the last ones.
const LAST: usize = 100;

/// The last lines of output that an error tells.
const TOLD: usize = 6;

/// How long a hook that has ended is listened to for what it said at last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// More of a line than this is not logged.
const LINE_BYTES: usize = 4_096;

/// Runs the hooks of one side in order; stops at the first that fails.
pub async fn run_all(run: &Run, hooks: &[Hook], when: When, status: &str) -> Result<()> {
    for hook in hooks.iter().filter(|hook| hook.when == when) {
        let line = words::join(&hook.command);
        run.info(format!("hook: {line}"));
        run.has_limit_of_its_own(true);
        let outcome = tokio::time::timeout(hook.timeout, run_one(run, hook, status)).await;
        run.has_limit_of_its_own(false);
        outcome
            .unwrap_or_else(|_| {
                Err(Error::failed(format!(
                    "it took longer than {}",
                    units::duration(hook.timeout)
                )))
            })
            .map_err(|error| {
                error
                    .on(format!("hook `{line}`"))
                    .next("run it by hand to see why, or change the job's hooks")
            })?;
    }
    Ok(())
}

async fn run_one(run: &Run, hook: &Hook, status: &str) -> Result<()> {
    let mut command = if hook.shell {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(hook.command.join(" "));
        command
    } else {
        let (program, arguments) = hook
            .command
            .split_first()
            .ok_or_else(|| Error::usage("it names no program"))?;
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    command
        .env("BACKSTAY_JOB", &run.execution.job_name)
        .env("BACKSTAY_RUN", run.id().to_string())
        .env("BACKSTAY_STATUS", status)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let (mut running, errors) = process::start_heard(&mut command)?;
    let (mut out, mut last_out) = (Heard::default(), VecDeque::new());
    let (mut err, mut last_errors) = (Heard::default(), VecDeque::new());
    let hear_out = each_line(running.stdout.take(), |line| {
        out.hear(line, |line| run.info(line));
        keep(&mut last_out, line);
    });
    let hear_errors = each_line(errors, |line| {
        err.hear(line, |line| run.warn(line));
        keep(&mut last_errors, line);
    });
    let program = running.program().to_owned();
    let mut heard = Box::pin(async { tokio::join!(hear_out, hear_errors) });
    let mut over = Box::pin(running.wait());
    let ended = tokio::select! {
        biased;
        ended = &mut over => {
            // Something it left behind may hold its output open for ever.
            let _ = tokio::time::timeout(LAST_WORDS, heard).await;
            ended?
        }
        _ = &mut heard => {
            drop(heard);
            over.await?
        }
    };
    let untold = out.untold() + err.untold();
    if untold > 0 {
        run.warn(format!(
            "{} of its output are not kept here; its last ones follow",
            units::count(untold, "line")
        ));
    }
    out.last.iter().for_each(|line| run.info(line));
    err.last.iter().for_each(|line| run.warn(line));
    // Many a script says on its standard output what is wrong.
    let last = if last_errors.is_empty() { last_out } else { last_errors };
    let ended = Ended {
        stderr: last.into_iter().rev().collect::<Vec<_>>().join("\n"),
        ..ended
    };
    ended.verdict_with_status(&program)
}

/// Keeps a line among the last ones, the newest first.
fn keep(last: &mut VecDeque<String>, line: &str) {
    if !line.trim().is_empty() {
        last.truncate(TOLD - 1);
        last.push_front(line.to_owned());
    }
}

/// What one stream said: how many lines, and the last of those that were not logged as they came.
#[derive(Default)]
struct Heard {
    lines: u64,
    last: VecDeque<String>,
}

impl Heard {
    fn hear(&mut self, line: &str, log: impl FnOnce(&str)) {
        self.lines += 1;
        if self.lines <= FIRST {
            return log(line);
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    fn untold(&self) -> u64 {
        let told = u64::try_from(self.last.len()).unwrap_or(u64::MAX);
        self.lines.saturating_sub(FIRST.saturating_add(told))
    }
}

/// Reads `stream` to its end, whatever bytes it holds; of a line no more than [`LINE_BYTES`] is kept and handed on.
async fn each_line(stream: Option<impl AsyncRead + Unpin>, mut hand_on: impl FnMut(&str)) {
    let Some(stream) = stream else { return };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(buffer) = reader.fill_buf().await
        && !buffer.is_empty()
    {
        let part = buffer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let ended = part.len() < buffer.len();
        line.extend(part.iter().take(LINE_BYTES - line.len()));
        let used = part.len() + usize::from(ended);
        reader.consume(used);
        if ended {
            hand_on(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    if !line.is_empty() {
        hand_on(&String::from_utf8_lossy(&line));
    }
}
