//! The console's runtime without a terminal: its keys come from a test, what it writes is counted, and its time is the test's.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

use backstay::console::keymap::Keymap;
use backstay::console::message::Message;
use backstay::console::model::Start;
use backstay::console::runtime::{Counters, Input, Left, Runtime, Signal, Sources};
use backstay::console::theme::{Theme, UNICODE};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep, timeout};

use crate::support::engine::Plant;

/// Everything that was asked for is there, and shown, after this.
const SETTLED: Duration = Duration::from_millis(500);

/// Every write, until the terminal is gone.
#[derive(Default)]
pub struct Writes(pub Vec<Vec<u8>>, pub Cell<bool>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.get() {
            return Err(rustix::io::Errno::IO.into());
        }
        self.0.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A runtime that a test drives. The test's clock must be paused; the plant's, which stands still, is moved along with it.
pub struct Rig {
    pub runtime: Runtime<Writes>,
    pub input: Sender<Input>,
    pub signals: Sender<Signal>,
    pub messages: Sender<Message>,
    pub plant: Plant,
}

impl Rig {
    /// At 120×40, with at most `frames` in a second; opened and settled.
    pub async fn over(plant: Plant, frames: u32) -> Self {
        let session = plant.session();
        let start = Start {
            host: "prod-db-01".to_owned(),
            program: "backstay".to_owned(),
            zone: "Europe/Zurich".parse().unwrap(),
            read_only: false,
            themes: vec![Theme::dark()],
            glyphs: &UNICODE,
            keymap: Keymap::default(),
            size: (120, 40),
            now: plant.instance.clock.now(),
        };
        let ((input, inputs), (signals, signalled), (messages, received)) = (channel(4096), channel(16), channel(4096));
        let sources = Sources {
            input: inputs,
            signals: signalled,
            messages: received,
        };
        let (clock, began, origin) = (plant.instance.clock.clone(), Instant::now(), plant.instance.clock.now());
        tokio::spawn(async move {
            loop {
                clock.set(origin.plus(began.elapsed()));
                sleep(Duration::from_millis(1)).await;
            }
        });
        let mut rig = Self {
            runtime: Runtime::new(start, session, sources, Writes::default(), frames).unwrap(),
            input,
            signals,
            messages,
            plant,
        };
        rig.runtime.begin();
        rig.run_for(SETTLED).await;
        rig
    }

    /// Lets it run; it must have no reason to come back.
    pub async fn run_for(&mut self, time: Duration) {
        if let Ok(left) = timeout(time, self.runtime.run()).await {
            panic!("it came back: {left:?}");
        }
    }

    /// Lets it run until it comes back.
    pub async fn left(&mut self) -> Left {
        timeout(SETTLED, self.runtime.run())
            .await
            .expect("it comes back")
            .unwrap()
    }

    /// Presses keys, written as in `keys.toml` with a space between, all at once.
    pub fn press(&self, keys: &str) {
        for key in keys.split_whitespace() {
            self.input.try_send(Input::Key(key.parse().unwrap())).unwrap();
        }
    }

    /// Presses keys one after the other, each with its answer on the screen.
    pub async fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.press(key);
            self.run_for(SETTLED).await;
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        self.runtime.counters()
    }

    /// How many writes there were.
    pub fn writes(&self) -> usize {
        self.runtime.out().0.len()
    }

    /// Bytes written by `change` and all that comes of it within `time`.
    pub async fn cost(&mut self, time: Duration, change: impl FnOnce(&Self)) -> usize {
        let before = self.writes();
        change(self);
        self.run_for(time).await;
        self.runtime.out().0.iter().skip(before).map(Vec::len).sum()
    }
}
