//! Reads the terminal on a thread of its own, which does nothing but wait for bytes, decode them and hand them on. Reading
//! never holds up drawing, a sequence in pieces never holds up anything, and a terminal that is gone ends it.

use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::decode::Decoder;
use super::input::Input;
use crate::domain::error::{Context, in_words};
use crate::domain::{Error, Result};

/// What may be waiting to be taken; whoever sends faster waits.
const WAITING: usize = 1024;

/// Until room is looked for again.
const FULL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// The thread. Dropping it ends it, so that nothing takes the shell's input.
#[derive(Debug)]
pub struct Keyboard {
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// Reads `terminal`; an escape byte that stays alone for `escape` is the key Esc.
pub fn read(terminal: OwnedFd, escape: Duration) -> Result<(Keyboard, Receiver<Input>)> {
    // An engine that is started meanwhile must not hold the other end.
    let no_pipe = |error| Error::failed(format!("cannot make a pipe: {}", in_words(&error)));
    let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC).map_err(no_pipe)?;
    let (sender, receiver) = channel(WAITING);
    let thread = std::thread::Builder::new()
        .name("keyboard".to_owned())
        .spawn(move || listen(&terminal, &stopped, Decoder::new(escape), &sender))
        .doing("cannot start a thread for", "the keyboard")?;
    let keyboard = Keyboard {
        stop: Some(stop),
        thread: Some(thread),
    };
    Ok((keyboard, receiver))
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Closing its end of the pipe wakes the thread.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that broke off has ended as well.
            let _ = thread.join();
        }
    }
}

fn listen(terminal: &OwnedFd, stopped: &OwnedFd, mut decoder: Decoder, inputs: &Sender<Input>) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let heard = match wait(terminal, stopped, decoder.patience()) {
            Heard::Bytes => match rustix::io::read(terminal, &mut bytes) {
                Ok(0) => break,
                Ok(length) => decoder.feed(bytes.get(..length).unwrap_or_default()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => break,
            },
            Heard::Nothing => decoder.give_up(),
            Heard::Again => continue,
            Heard::Stop => return,
        };
        for input in heard {
            if send(inputs, input, stopped).is_none() {
                return;
            }
        }
    }
    // When nobody listens any more there is nobody to tell.
    let _ = send(inputs, Input::Ended, stopped);
}

/// Hands on. When there is no room, waits for some, until it is told to stop; `None` when nobody wants more.
fn send(inputs: &Sender<Input>, mut input: Input, stopped: &OwnedFd) -> Option<()> {
    loop {
        input = match inputs.try_send(input) {
            Ok(()) => return Some(()),
            Err(TrySendError::Closed(_)) => return None,
            Err(TrySendError::Full(input)) => input,
        };
        let mut descriptors = [PollFd::new(stopped, PollFlags::IN)];
        if matches!(poll(&mut descriptors, Some(&FULL)), Ok(1..)) {
            return None;
        }
    }
}

enum Heard {
    Bytes,
    Nothing,
    Again,
    Stop,
}

fn wait(terminal: &OwnedFd, stopped: &OwnedFd, patience: Option<Duration>) -> Heard {
    let mut descriptors = [
        PollFd::new(terminal, PollFlags::IN),
        PollFd::new(stopped, PollFlags::IN),
    ];
    let limit = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut descriptors, limit.as_ref()) {
        Ok(0) => Heard::Nothing,
        Ok(_) => {
            let [terminal, stopped] = descriptors;
            if !stopped.revents().is_empty() {
                Heard::Stop
            } else if terminal.revents().is_empty() {
                Heard::Again
            } else {
                // A hang-up too: the read tells.
                Heard::Bytes
            }
        }
        Err(Errno::INTR) => Heard::Again,
        Err(_) => Heard::Bytes,
    }
}
