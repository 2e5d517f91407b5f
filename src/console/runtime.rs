//! Runs the core: brings in keys, signals, changes and answers, carries out what the core asks for, and draws. Nothing ticks.
//! Whatever is ready is taken in first, input before all else, and then there is one frame; a frame that comes too soon after
//! others, or that would show "not loaded yet" for the blink of an eye, is put off. The only timer is for the moment at which a
//! text on the screen stops being true.
//!
//! It knows no terminal but a writer and three channels, so that tests drive it without one and on a clock of their own.

mod clipboard;
mod decode;
mod input;
mod keyboard;
mod modes;
mod news;
mod pace;
mod pen;
mod screen;
mod signals;
mod work;

use std::io::Write;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::layout::{Position, Rect, Size};
use rustix::io::Errno;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until, timeout};

pub use self::decode::Decoder;
pub use self::input::Input;
pub use self::keyboard::{Keyboard, read};
pub use self::modes::{Tty, Writer};
pub use self::news::follow;
use self::pace::Pace;
pub use self::screen::Screen;
pub use self::signals::{Signal, listen, stop};
use self::work::Work;
pub use self::work::broken_off;
use super::config::remembered;
use super::layer::Layer;
use super::message::{Effect, Message, Toast};
use super::model::{Model, Start};
use super::view::{Drawn, view};
use crate::domain::Result;
use crate::domain::error::from_io;
use crate::ops::Session;

/// Two clicks at one place within this are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Rows for one notch of the wheel.
const NOTCH: i32 = 3;

/// A frame waits so long for the answers to what it will show.
const SETTLE: Duration = Duration::from_millis(4);

/// The same for the first one: nobody sees that it comes later, and everybody that it comes twice.
const SETTLE_FIRST: Duration = Duration::from_millis(50);

/// Inputs that are taken before anything else gets its turn.
const BATCH: usize = 256;

/// Time that acts get to be done when the console is left.
const FINISH: Duration = Duration::from_secs(2);

/// A stop comes about within this, or not at all.
const STOP: Duration = Duration::from_millis(200);

/// What comes in from outside.
#[derive(Debug)]
pub struct Sources {
    /// Keys, pastes, the mouse.
    pub input: Receiver<Input>,
    /// Signals.
    pub signals: Receiver<Signal>,
    /// All else: changes of the database, of the engine, of the user's themes and keys.
    pub messages: Receiver<Message>,
}

/// Why it came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The operator left.
    Quit,
    /// The process was told to end.
    Terminated,
    /// The terminal is gone.
    HungUp,
    /// The operator wants back to the shell for a while.
    Suspended,
    /// The process was stopped and goes on; the terminal may be in any state.
    Continued,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that were drawn, also when nothing was different in them.
    pub frames: u64,
    /// Times the timer went off because a text on the screen was no longer true.
    pub timers: u64,
    /// Questions that were put to `ops`.
    pub asked: u64,
    /// Rows of lists that were formatted for the last frame.
    pub rows_built: usize,
}

/// The core with a terminal around it.
pub struct Runtime<W: Write> {
    model: Model,
    session: Session,
    sources: Sources,
    work: Work,
    terminal: Terminal<Screen<W>>,
    pace: Pace,
    counters: Counters,
    clicked: Option<(Position, Instant)>,
    /// Something may look different since the last frame.
    stale: bool,
    /// Something was typed since the last frame.
    typed: bool,
    /// Everything has to be written again.
    anew: bool,
    /// A frame waits until then for answers.
    settles: Option<Instant>,
    /// When a text of the last frame stops being true.
    expires: Option<Instant>,
    left: Option<Left>,
}

impl<W: Write> Runtime<W> {
    /// A console that draws at most `frames` times a second on `out`, an empty screen of the size in `start`.
    pub fn new(start: Start, session: Session, sources: Sources, out: W, frames: u32) -> Result<Self> {
        let size = Size::new(start.size.0, start.size.1);
        let terminal = Terminal::new(Screen::new(out, size)).map_err(|error| unusable(&error))?;
        Ok(Self {
            model: Model::new(start),
            work: Work::new(session.clone()),
            session,
            sources,
            terminal,
            pace: Pace::new(frames, Instant::now()),
            counters: Counters::default(),
            clicked: None,
            stale: true,
            typed: false,
            anew: false,
            settles: None,
            expires: None,
            left: None,
        })
    }

    /// The core.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// What was done so far.
    pub const fn counters(&self) -> Counters {
        Counters {
            asked: self.work.asked(),
            ..self.counters
        }
    }

    /// What it draws on.
    pub fn out(&self) -> &W {
        self.terminal.backend().out()
    }

    /// Asks for what the first screen shows.
    pub fn begin(&mut self) {
        self.model.now = self.session.now();
        let effects = self.model.begin();
        self.carry_out(effects);
        self.settles = Some(Instant::now() + SETTLE_FIRST);
    }

    /// Runs until there is a reason to come back; may be called again after that.
    pub async fn run(&mut self) -> Result<Left> {
        loop {
            if self.left.is_none() {
                self.draw_when_due()?;
            }
            if let Some(left) = self.left.take() {
                return Ok(left);
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                Some(input) = self.sources.input.recv() => self.take_input(input),
                Some(signal) = self.sources.signals.recv() => self.take_signal(signal),
                Some(message) = self.sources.messages.recv() => self.send(message),
                reply = self.work.next() => self.send(Message::Reply(reply)),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.look_at_the_time(),
            }
            self.take_what_is_ready();
        }
    }

    /// Lets what is being done come to its end, but not for ever.
    pub async fn finish(&mut self) {
        self.work.finish(FINISH).await;
    }

    /// After a stop was asked for: waits until it has come about and is over. Tells when there is a reason to leave instead.
    pub async fn stopped(&mut self) -> Option<Left> {
        let over = async {
            loop {
                match self.sources.signals.recv().await {
                    Some(Signal::Terminate) => return Some(Left::Terminated),
                    Some(Signal::HangUp) => return Some(Left::HungUp),
                    Some(Signal::Continued) | None => return None,
                    Some(Signal::Resized(_)) => {}
                }
            }
        };
        timeout(STOP, over).await.unwrap_or_default()
    }

    /// Waits until the process is told to end.
    pub async fn told_to_end(&mut self) {
        while let Some(signal) = self.sources.signals.recv().await {
            if matches!(signal, Signal::Terminate | Signal::HangUp) {
                return;
            }
        }
    }

    /// Tells the operator something.
    pub fn tell(&mut self, toast: Toast) {
        self.model.now = self.session.now();
        self.model.tell(toast);
        self.stale = true;
    }

    /// Puts a layer on top.
    pub fn show(&mut self, layer: Box<dyn Layer>) {
        self.model.layers.push(layer);
        self.stale = true;
    }

    /// Listens to `input` from here on; what nobody has taken from where it came before is forgotten.
    pub fn listen_to(&mut self, input: Receiver<Input>) {
        self.sources.input = input;
    }

    /// The terminal was taken anew, has this size, and is empty.
    pub fn resumed(&mut self, size: Size) {
        self.terminal.backend_mut().forget();
        self.resize(size);
        if self.model.mouse {
            self.terminal.backend_mut().aside(modes::MOUSE_ON);
        }
        self.anew = true;
    }

    fn take_what_is_ready(&mut self) {
        for _ in 0..BATCH {
            match self.sources.input.try_recv() {
                Ok(input) => self.take_input(input),
                Err(_) => break,
            }
        }
        while let Ok(signal) = self.sources.signals.try_recv() {
            self.take_signal(signal);
        }
        while let Ok(message) = self.sources.messages.try_recv() {
            self.send(message);
        }
        while let Some(reply) = self.work.ready() {
            self.send(Message::Reply(reply));
        }
    }

    fn take_input(&mut self, input: Input) {
        let message = match input {
            Input::Key(key) => Message::Key(key),
            Input::Paste(text) => Message::Paste(text),
            Input::Click(at) => Message::Click {
                at,
                twice: self.is_second_click(at),
            },
            Input::Wheel { at, notches } => Message::Scroll {
                at,
                rows: notches * NOTCH,
            },
            Input::Ended => return self.left = Some(Left::HungUp),
        };
        self.send(message);
        self.typed = true;
        if self.work.is_loading() {
            self.settles.get_or_insert_with(|| Instant::now() + SETTLE);
        }
    }

    fn is_second_click(&mut self, at: Position) -> bool {
        let now = Instant::now();
        let before = self.clicked.replace((at, now));
        let twice = before.is_some_and(|(place, then)| place == at && now - then <= DOUBLE_CLICK);
        if twice {
            // A third click begins anew.
            self.clicked = None;
        }
        twice
    }

    fn take_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Terminate => self.left = Some(Left::Terminated),
            Signal::HangUp => self.left = Some(Left::HungUp),
            Signal::Continued => self.left = self.left.or(Some(Left::Continued)),
            Signal::Resized(size) => self.resize(size),
        }
    }

    fn resize(&mut self, size: Size) {
        self.terminal.backend_mut().resized(size);
        self.send(Message::Resize(size.width, size.height));
    }

    fn send(&mut self, message: Message) {
        self.model.now = self.session.now();
        let effects = self.model.update(message);
        self.stale = true;
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let screen = self.terminal.backend_mut();
            match effect {
                Effect::Ask(ask) => self.work.ask(ask),
                Effect::GiveUp(lane) => self.work.give_up(lane),
                Effect::Copy(text) => screen.aside(&clipboard::copy(&text)),
                Effect::Bell => screen.aside(b"\x07"),
                Effect::Mouse(true) => screen.aside(modes::MOUSE_ON),
                Effect::Mouse(false) => screen.aside(modes::MOUSE_OFF),
                Effect::Redraw => self.anew = true,
                Effect::Remember(name) => self.remember(&name),
                Effect::Quit => self.left = Some(Left::Quit),
                Effect::Suspend => self.left = Some(Left::Suspended),
                // The model has seen to these itself.
                Effect::Open(_)
                | Effect::Close
                | Effect::Go(_)
                | Effect::Elsewhere(..)
                | Effect::Toast(_)
                | Effect::TakeBack(_)
                | Effect::Command(_)
                | Effect::Answer(_) => {}
            }
        }
    }

    /// A theme that cannot be remembered is one key away the next time.
    fn remember(&mut self, theme: &str) {
        if let Err(error) = remembered::write(&self.session.instance.paths.state, theme) {
            self.model
                .tell(Toast::note(format!("the theme is not remembered: {}", error.message)));
        }
    }

    fn wake(&self) -> Option<Instant> {
        if self.stale {
            Some(self.frame_at())
        } else {
            self.expires
        }
    }

    fn frame_at(&self) -> Instant {
        let next = if self.typed {
            self.pace.next_for_input()
        } else {
            self.pace.next()
        };
        self.settles.map_or(next, |settled| settled.max(next))
    }

    fn look_at_the_time(&mut self) {
        if self.expires.is_some_and(|expires| expires <= Instant::now()) {
            self.expires = None;
            self.counters.timers += 1;
            self.send(Message::TimePassed);
        }
    }

    fn draw_when_due(&mut self) -> Result<()> {
        if !self.work.is_loading() {
            self.settles = None;
        }
        if !self.stale || self.frame_at() > Instant::now() {
            return Ok(());
        }
        self.settles = None;
        self.look_at_the_time();
        match self.draw() {
            // A terminal that is gone takes nothing any more, which may show before the signal comes.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => self.left = Some(Left::HungUp),
            drawn => drawn.map_err(|error| unusable(&error))?,
        }
        Ok(())
    }

    fn draw(&mut self) -> std::io::Result<()> {
        let now = Instant::now();
        if std::mem::take(&mut self.anew) {
            let (columns, rows) = self.model.start.size;
            self.terminal.resize(Rect::new(0, 0, columns, rows))?;
        }
        self.model.now = self.session.now();
        let mut drawn = Drawn::default();
        self.terminal.draw(|frame| drawn = view(&self.model, frame))?;
        self.stale = false;
        self.typed = false;
        self.pace.drawn(now);
        self.counters.frames += 1;
        self.counters.rows_built = drawn.rows_built;
        let rest = |until: crate::domain::time::Timestamp| until.since(self.model.now) + Duration::from_millis(1);
        self.expires = drawn.valid_until.map(|until| now + rest(until));
        Ok(())
    }
}

fn unusable(error: &std::io::Error) -> crate::domain::Error {
    from_io(error, "cannot draw on it", "terminal")
}
