//! A console without a terminal: the model, a real installation below it, and keys as text. Whatever the model asks for is
//! done at once, so a test reads "these keys, then this screen".

#![allow(dead_code, reason = "what one part of the console does not need, another does")]

use backstay::clock::Clock;
use backstay::console::key::Key;
use backstay::console::keymap::Keymap;
use backstay::console::message::{Ask, Done, Effect, Message, Reply};
use backstay::console::model::{Model, Start};
use backstay::console::theme::{Glyphs, Theme, UNICODE};
use backstay::console::view::{Drawn, view};
use backstay::domain::Result;
use backstay::domain::time::Timestamp;
use backstay::engine::lock::EngineLock;
use backstay::ops::Session;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::runtime::Runtime;

use crate::past;
use crate::support::engine::Plant;

/// The moment at which every test console is: a Tuesday afternoon.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-03-10T14:46:02Z").unwrap()
}

/// A console over an installation.
pub struct Desk {
    pub model: Model,
    pub plant: Plant,
    pub session: Session,
    /// What was asked of the world outside, the newest last: copies, the bell, leaving.
    pub outside: Vec<Effect>,
    /// The engine that is up for as long as the desk stands, if one is.
    pub engine: Option<EngineLock>,
    runtime: Runtime,
}

impl Desk {
    /// Over an empty installation, at [`now`].
    pub fn new() -> Self {
        Self::over(Plant::made_with(Clock::fixed(now()), |_| {}))
    }

    /// Over this installation. Nothing is asked for yet, see [`Desk::open`].
    pub fn over(plant: Plant) -> Self {
        let session = plant.session();
        let start = Start {
            host: "prod-db-01".to_owned(),
            program: "backstay".to_owned(),
            zone: "Europe/Zurich".parse().unwrap(),
            read_only: false,
            themes: Theme::built_in(),
            glyphs: &UNICODE,
            keymap: Keymap::default(),
            size: (120, 40),
            now: plant.instance.clock.now(),
        };
        Self {
            model: Model::new(start),
            plant,
            session,
            outside: Vec::new(),
            engine: None,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// With other signs.
    pub fn glyphs(mut self, glyphs: &'static Glyphs) -> Self {
        self.model.start.glyphs = glyphs;
        self
    }

    /// With an engine that is up, as far as anybody can see.
    pub fn engine(mut self) -> Self {
        self.engine = Some(past::engine(&self.plant));
        self
    }

    /// Without the right to change anything.
    pub fn read_only(mut self) -> Self {
        self.model.start.read_only = true;
        self
    }

    /// Opens it, as at its start.
    pub fn open(mut self) -> Self {
        let effects = self.model.begin();
        self.carry_out(effects);
        self
    }

    /// Presses keys, written as in `keys.toml` with a space between, and rests after each.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.at_once(key).rest();
        }
        self
    }

    /// Presses keys one right after the other: the selection does not come to rest.
    pub fn at_once(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.send(Message::Key(key.parse().unwrap()));
        }
        self
    }

    /// Types text, letter by letter.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.send(Message::Key(Key::plain(crossterm::event::KeyCode::Char(letter))));
        }
        self.rest()
    }

    /// Sends a message and carries out what comes of it.
    pub fn send(&mut self, message: Message) -> &mut Self {
        self.model.now = self.plant.instance.clock.now();
        let effects = self.model.update(message);
        self.carry_out(effects);
        self
    }

    /// Sends a message and gives what it asks for, undone.
    pub fn effects_of(&mut self, message: Message) -> Vec<Effect> {
        self.model.now = self.plant.instance.clock.now();
        self.model.update(message)
    }

    /// Nothing is pressed for a moment.
    pub fn rest(&mut self) -> &mut Self {
        self.send(Message::TimePassed)
    }

    /// Asks what was not asked when the model wanted it, and takes the answer in.
    pub fn answer(&mut self, ask: Ask) -> &mut Self {
        let reply = self.reply_to(ask);
        self.send(Message::Reply(reply))
    }

    /// Asks, and gives the answer, which nobody has taken in.
    pub fn reply_to(&self, ask: Ask) -> Reply {
        self.runtime.block_on(ask.perform(&self.session))
    }

    /// What the layer on top asked for has been done, or not.
    pub fn done(&mut self, done: Result<Done>) -> &mut Self {
        let ticket = self.model.layers.ticket();
        self.send(Message::Reply(Reply::DoneFor(ticket.unwrap(), done)))
    }

    /// The installation changed behind the console's back.
    pub fn changed(&mut self) -> &mut Self {
        self.send(Message::Changed)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(ask) => {
                    self.answer(ask);
                }
                effect => self.outside.push(effect),
            }
        }
    }

    /// The cells of the screen at a size.
    pub fn draw(&mut self, columns: u16, rows: u16) -> (Buffer, Drawn) {
        self.model.start.size = (columns, rows);
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let mut drawn = Drawn::default();
        terminal.draw(|frame| drawn = view(&self.model, frame)).unwrap();
        (terminal.backend().buffer().clone(), drawn)
    }

    /// The text of the screen at a size.
    pub fn screen(&mut self, columns: u16, rows: u16) -> String {
        text_of(&self.draw(columns, rows).0)
    }

    /// The text of the screen and, below each line that has any, the styles of its parts.
    pub fn styled(&mut self, columns: u16, rows: u16) -> String {
        styles_of(&self.draw(columns, rows).0)
    }
}

/// The text of the cells, without what is blank at the end of lines.
pub fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in lines(buffer) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Text and styles: each stretch of cells that look alike as `{style|text}`; plain text as it is.
pub fn styles_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in lines(buffer) {
        let mut line = String::new();
        let mut rest = row;
        while let Some(first) = rest.first() {
            let alike = rest.iter().take_while(|cell| cell.style() == first.style()).count();
            let (stretch, tail) = rest.split_at(alike);
            let symbols: String = stretch.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.push_str(&written(first, &symbols));
            rest = tail;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn lines(buffer: &Buffer) -> impl Iterator<Item = &[ratatui::buffer::Cell]> {
    buffer.content().chunks(usize::from(buffer.area.width).max(1))
}

fn written(cell: &ratatui::buffer::Cell, symbols: &str) -> String {
    use ratatui::style::Color;
    let color = |color: Color| match color {
        Color::Indexed(number) => number.to_string(),
        color => color.to_string().to_lowercase(),
    };
    let mut style = Vec::new();
    if cell.fg != Color::Reset {
        style.push(color(cell.fg));
    }
    if cell.bg != Color::Reset {
        style.push(format!("on {}", color(cell.bg)));
    }
    if !cell.modifier.is_empty() {
        style.push(format!("{:?}", cell.modifier).to_lowercase());
    }
    if style.is_empty() {
        symbols.to_owned()
    } else {
        format!("{{{}|{symbols}}}", style.join(" "))
    }
}
