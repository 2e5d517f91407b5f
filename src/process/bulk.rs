//! Pipes for what tools write and read in bulk. A tool moves a few KiB at a time, and being woken for each costs more than
//! the work on it; so pipes are large, and whoever finds little to do waits a moment for more. That wants blocking reads and
//! writes, on a thread of their own: an event loop is woken by each write, whatever it does then.

use std::io::{self, PipeReader, PipeWriter};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::domain::error::in_words;
use crate::domain::{Error, Result};
use crate::pipeline::chunks::CHUNK_BYTES;

/// How long to let a pipe fill. A fast tool writes a quarter of [`CHUNK_BYTES`] in this time, so it never waits for us.
const FILLING: Duration = Duration::from_millis(1);

/// How long to let a pipe drain. A fast tool reads a third of [`CHUNK_BYTES`] in this time.
const DRAINING: Duration = Duration::from_millis(2);

/// What a tool writes to its standard output.
pub struct BulkReader {
    pipe: PipeReader,
    filling: Duration,
}

impl BulkReader {
    /// A new pipe, and the end of it that goes to the tool.
    pub fn new() -> Result<(Self, Stdio)> {
        let (pipe, tool) = std::io::pipe().map_err(|error| no_pipe(&error))?;
        // Of a small pipe there is nothing to wait for.
        let filling = match rustix::pipe::fcntl_setpipe_size(&pipe, CHUNK_BYTES) {
            Ok(_) => FILLING,
            Err(_) => Duration::ZERO,
        };
        Ok((Self { pipe, filling }, tool.into()))
    }

    /// Waits for the next bytes, at most [`CHUNK_BYTES`]; none once the tool has closed its end.
    pub fn next_chunk(&mut self) -> Result<Bytes> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        loop {
            match rustix::io::read(&self.pipe, spare_capacity(&mut chunk)) {
                Ok(0) => break,
                Ok(_) if chunk.len() >= CHUNK_BYTES / 2 => break,
                Ok(_) => std::thread::sleep(self.filling),
                Err(Errno::INTR) => {}
                Err(error) => {
                    let told = in_words(&error);
                    return Err(Error::failed(format!("cannot read the tool's output: {told}")));
                }
            }
        }
        Ok(chunk.into())
    }
}

/// What a tool reads from its standard input. Dropping it ends that input.
pub struct BulkWriter {
    pipe: PipeWriter,
}

impl BulkWriter {
    /// A new pipe, and the end of it that goes to the tool.
    pub fn new() -> Result<(Self, Stdio)> {
        let (tool, pipe) = std::io::pipe().map_err(|error| no_pipe(&error))?;
        if rustix::pipe::fcntl_setpipe_size(&pipe, CHUNK_BYTES).is_ok() {
            rustix::fs::fcntl_setfl(&pipe, OFlags::NONBLOCK).map_err(|error| no_pipe(&error.into()))?;
        }
        Ok((Self { pipe }, tool.into()))
    }

    /// Writes all of it, or fails because the tool reads no more.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut waited = false;
        while !bytes.is_empty() {
            match rustix::io::write(&self.pipe, bytes) {
                Ok(written) => {
                    bytes = bytes.get(written..).unwrap_or_default();
                    waited = false;
                }
                Err(Errno::AGAIN) => {
                    // A tool that took nothing meanwhile is busy with something else, who knows for how long.
                    if waited {
                        self.wait_until_read()?;
                    }
                    std::thread::sleep(DRAINING);
                    waited = true;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until something was taken out of a full pipe, or nobody is there any more to take it.
    fn wait_until_read(&self) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.pipe, PollFlags::OUT)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn no_pipe(error: &io::Error) -> Error {
    Error::failed(format!("cannot make a pipe: {}", in_words(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::start;
    use tokio::process::Command;

    #[tokio::test]
    async fn everything_goes_through_a_tool_and_back() {
        let (mut reader, stdout) = BulkReader::new().unwrap();
        let (mut writer, stdin) = BulkWriter::new().unwrap();
        let running = start(Command::new("cat").stdin(stdin).stdout(stdout)).unwrap();
        let sent: Vec<u8> = (0..5_000_011_u32).map(|number| (number % 251) as u8).collect();
        let bytes = sent.clone();
        let writing = std::thread::spawn(move || writer.write_all(&bytes));
        let reading = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            loop {
                match reader.next_chunk().unwrap() {
                    chunk if chunk.is_empty() => return all,
                    chunk => all.extend_from_slice(&chunk),
                }
            }
        });
        assert!(reading.await.unwrap() == sent);
        assert!(writing.join().unwrap().is_ok());
        assert!(running.wait().await.unwrap().success);
    }

    #[tokio::test]
    async fn a_tool_that_ends_while_it_is_waited_for_is_noticed() {
        let (mut writer, stdin) = BulkWriter::new().unwrap();
        let running = start(Command::new("sleep").arg("1000").stdin(stdin).stdout(Stdio::null())).unwrap();
        assert!(writer.write_all(&vec![0; CHUNK_BYTES]).is_ok());
        let writing = tokio::task::spawn_blocking(move || writer.write_all(&[0]));
        drop(running);
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_tool_that_reads_no_more_is_noticed() {
        let (mut writer, stdin) = BulkWriter::new().unwrap();
        let running = start(Command::new("true").stdin(stdin).stdout(Stdio::null())).unwrap();
        let writing = tokio::task::spawn_blocking(move || writer.write_all(&vec![0; 5_000_000]));
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(running.wait().await.unwrap().success);
    }
}
