//! Signals, as the runtime takes them.

use ratatui::layout::Size;
use rustix::process::{Signal as Number, kill_current_process_group};
use rustix::termios::tcgetwinsize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};

use crate::domain::error::{Context, in_words};
use crate::domain::{Error, Result};

/// What is told by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Leave.
    Terminate,
    /// The terminal is gone.
    HangUp,
    /// The terminal has another size.
    Resized(Size),
    /// It goes on after a stop.
    Continued,
}

/// Listens to all of them, and asks `terminal` for its size.
pub fn listen(terminal: std::os::fd::OwnedFd) -> Result<Receiver<Signal>> {
    let listen = |kind| signal(kind).doing("cannot listen for signals", "console");
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    let mut resized = listen(SignalKind::window_change())?;
    let mut continued = listen(SignalKind::from_raw(Number::CONT.as_raw()))?;
    let (sender, receiver) = channel(16);
    tokio::spawn(async move {
        loop {
            let told = tokio::select! {
                _ = terminate.recv() => Signal::Terminate,
                _ = interrupt.recv() => Signal::Terminate,
                _ = hang_up.recv() => Signal::HangUp,
                _ = continued.recv() => Signal::Continued,
                _ = resized.recv() => match tcgetwinsize(&terminal) {
                    Ok(size) => Signal::Resized(Size::new(size.ws_col, size.ws_row)),
                    Err(_) => continue,
                },
            };
            if sender.send(told).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Stops everything that was started together with this process, as Ctrl-Z does. It may take a moment to come about, and a
/// process without a shell that could let it go on is not stopped at all.
pub fn stop() -> Result<()> {
    kill_current_process_group(Number::TSTP)
        .map_err(|error| Error::failed(format!("cannot stop: {}", in_words(&error))))
}
