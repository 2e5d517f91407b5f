//! A console in a terminal, with a clock beside it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::home::Home;
use crate::support::terminal::{Setting, Terminal, text_of};

/// An open console.
pub struct Desk {
    pub terminal: Terminal,
    /// When everything was on its first screen.
    pub full_at: Instant,
}

impl Desk {
    /// Opens one that starts no engine, and waits for all of its first screen.
    pub fn open(home: &Home) -> Self {
        let terminal = Setting::console(home, &["--no-engine"]).open();
        terminal.wait_for("all of the first screen", |screen| {
            let text = text_of(screen);
            [
                "1 Overview",
                "LAST GOOD",
                "Twelve weeks",
                "Storage",
                "adapter 1",
                "? help",
            ]
            .iter()
            .all(|part| text.contains(part))
        });
        let full_at = Instant::now();
        Self { terminal, full_at }
    }

    /// How often something came out of it.
    pub fn arrivals(&self) -> usize {
        self.terminal.seen().arrivals.len()
    }

    /// Bytes that came out of it.
    pub fn written(&self) -> usize {
        self.terminal.seen().bytes.len()
    }

    /// Types, and gives it some time.
    pub fn press(&self, keys: &str, time: Duration) {
        self.terminal.send(keys);
        sleep(time);
    }

    /// Goes to a pane and waits until it is there.
    pub fn pane(&self, key: &str, sign: &str) {
        self.terminal.send(key);
        self.terminal.wait_for_text(sign);
    }

    /// From a key to the first byte of its answer. The next key comes `pause` after this one.
    pub fn answer_to(&self, key: &str, pause: Duration) -> Duration {
        let before = self.arrivals();
        let sent = Instant::now();
        self.terminal.send(key);
        self.terminal.wait_for_more(before);
        let answered = self.terminal.seen().arrivals[before].0;
        sleep(pause.saturating_sub(sent.elapsed()));
        answered.saturating_duration_since(sent)
    }
}
