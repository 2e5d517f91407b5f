//! Bytes of a terminal to keys, pastes and mouse (xterm's control sequences, as every terminal of today sends them). It takes
//! what comes in whatever pieces a slow line makes of it: what may be the beginning of a sequence is kept until the rest is
//! there, or until so much time has passed that it was a key by itself.

mod sequence;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use memchr::memmem;

use self::sequence::Meaning;
use super::input::Input;
use crate::console::key::Key;

/// A paste is cut off here, in bytes. Nothing that takes text takes as much, so that what was cut is never taken for the whole.
pub const PASTE_LIMIT: usize = 1024 * 1024;

/// Ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// A key's sequence is never longer.
const LONGEST: usize = 64;

/// How long the rest of a sequence may take; nobody types one by hand.
const SEQUENCE: Duration = Duration::from_millis(500);

/// Decodes what one terminal sends.
#[derive(Debug)]
pub struct Decoder {
    held: Vec<u8>,
    paste: Option<Vec<u8>>,
    escape: Duration,
}

/// What the beginning of the bytes is.
enum Step {
    /// So many bytes are this, or nothing that is known.
    Taken(usize, Option<Meaning>),
    /// The beginning of something.
    More,
}

impl Decoder {
    /// For a terminal that sends the rest of a sequence within `escape` after its first byte; one that stays alone is Esc.
    pub const fn new(escape: Duration) -> Self {
        Self {
            held: Vec::new(),
            paste: None,
            escape,
        }
    }

    /// Takes in what was read.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.held.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        loop {
            if self.paste.is_some() {
                match self.rest_of_paste() {
                    Some(text) => inputs.push(Input::Paste(text)),
                    None => break,
                }
            }
            match step(&self.held) {
                Step::Taken(0, _) | Step::More => break,
                Step::Taken(length, meaning) => {
                    self.held.drain(..length);
                    match meaning {
                        Some(Meaning::Input(input)) => inputs.push(input),
                        Some(Meaning::PasteBegins) => self.paste = Some(Vec::new()),
                        None => {}
                    }
                }
            }
        }
        inputs
    }

    /// How long to wait for more before [`Decoder::give_up`]; `None` when nothing is held.
    pub fn patience(&self) -> Option<Duration> {
        if self.paste.is_some() || self.held.is_empty() {
            None
        } else if self.held.len() == 1 {
            Some(self.escape)
        } else {
            Some(SEQUENCE)
        }
    }

    /// The rest did not come: an escape alone is the key Esc, and of anything else nothing can be made.
    pub fn give_up(&mut self) -> Vec<Input> {
        let held = std::mem::take(&mut self.held);
        match held.as_slice() {
            [0x1b] => vec![key(KeyCode::Esc, KeyModifiers::NONE)],
            [0x1b, letter @ (b'[' | b'O')] => vec![key(KeyCode::Char(char::from(*letter)), KeyModifiers::ALT)],
            _ => Vec::new(),
        }
    }

    /// The pasted text, once its end is there.
    fn rest_of_paste(&mut self) -> Option<String> {
        let paste = self.paste.as_mut()?;
        let end = memmem::find(&self.held, PASTE_END);
        // What may be the beginning of the end is not text yet.
        let text = end.unwrap_or_else(|| self.held.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE_LIMIT.saturating_sub(paste.len());
        paste.extend(self.held.iter().take(text.min(room)));
        self.held.drain(..text + end.map_or(0, |_| PASTE_END.len()));
        end?;
        let text = self.paste.take()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [] => Step::More,
        [0x1b, rest @ ..] => escape(rest),
        [byte, ..] if *byte < 0x20 || *byte == 0x7f => Step::Taken(1, Some(Meaning::Input(control(*byte)))),
        _ => letter(bytes),
    }
}

/// What follows an escape.
fn escape(rest: &[u8]) -> Step {
    match rest {
        [] | [b'[' | b'O'] | [b'[', b'['] => Step::More,
        // Two escapes are two keys, or a key with alt and the sequence of another; the first is one in any case.
        [0x1b, ..] => Step::Taken(1, Some(Meaning::Input(key(KeyCode::Esc, KeyModifiers::NONE)))),
        // F1 to F5 of the Linux console.
        [b'[', b'[', last, ..] => Step::Taken(4, sequence::linux_function(*last)),
        [b'[', b'M', mouse @ ..] => match mouse {
            [button, x, y, ..] => Step::Taken(6, sequence::old_mouse(*button, *x, *y)),
            _ => Step::More,
        },
        [b'[', parameters @ ..] => csi(parameters),
        [b'O', last, ..] => Step::Taken(3, sequence::ss3(*last)),
        _ => with_alt(rest),
    }
}

/// A control sequence after its `ESC [`.
fn csi(bytes: &[u8]) -> Step {
    let length = bytes.iter().take_while(|byte| (0x20..=0x3f).contains(*byte)).count();
    match (bytes.get(..length), bytes.get(length)) {
        (Some(parameters), Some(last @ 0x40..=0x7e)) => Step::Taken(length + 3, sequence::csi(parameters, *last)),
        // Broken off by what cannot be in it: that begins something new.
        (_, Some(_)) => Step::Taken(length + 2, None),
        (_, None) if length > LONGEST => Step::Taken(length + 2, None),
        (_, None) => Step::More,
    }
}

/// A key with alt held is the key's own bytes after an escape.
fn with_alt(rest: &[u8]) -> Step {
    match step(rest) {
        Step::Taken(length, Some(Meaning::Input(Input::Key(held)))) => {
            let event = KeyEvent::new(held.code, held.modifiers | KeyModifiers::ALT);
            Step::Taken(length + 1, Some(Meaning::Input(Input::Key(Key::from(event)))))
        }
        Step::Taken(length, _) => Step::Taken(length + 1, None),
        Step::More => Step::More,
    }
}

/// A character in UTF-8.
fn letter(bytes: &[u8]) -> Step {
    let length = match bytes.first() {
        Some(0x00..=0x7f) => 1,
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return Step::Taken(1, None),
    };
    let Some(letter) = bytes.get(..length) else {
        return Step::More;
    };
    match std::str::from_utf8(letter).ok().and_then(|text| text.chars().next()) {
        Some(letter) => Step::Taken(
            length,
            Some(Meaning::Input(key(KeyCode::Char(letter), KeyModifiers::NONE))),
        ),
        None => Step::Taken(1, None),
    }
}

fn control(byte: u8) -> Input {
    match byte {
        0 => key(KeyCode::Char(' '), KeyModifiers::CONTROL),
        b'\t' => key(KeyCode::Tab, KeyModifiers::NONE),
        b'\r' => key(KeyCode::Enter, KeyModifiers::NONE),
        0x7f => key(KeyCode::Backspace, KeyModifiers::NONE),
        // Control takes the upper bits away: ^A is 1.
        letter @ 1..=0x1a => key(KeyCode::Char(char::from(letter + 0x60)), KeyModifiers::CONTROL),
        other => key(KeyCode::Char(char::from(other + 0x18)), KeyModifiers::CONTROL),
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(Key::from(KeyEvent::new(code, modifiers)))
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Position;

    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(Duration::from_millis(25))
    }

    /// The keys in `bytes`: the same whether they come at once or byte by byte.
    fn keys(bytes: &[u8]) -> String {
        let decoded = |pieces: Vec<&[u8]>| {
            let mut decoder = decoder();
            let mut inputs: Vec<Input> = pieces.into_iter().flat_map(|piece| decoder.feed(piece)).collect();
            inputs.extend(decoder.give_up());
            inputs
        };
        let inputs = decoded(vec![bytes]);
        assert_eq!(inputs, decoded(bytes.chunks(1).collect()));
        let name = |input: Input| match input {
            Input::Key(key) => key.to_string(),
            other => format!("{other:?}"),
        };
        inputs.into_iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn letters_and_controls() {
        assert_eq!(keys("aGé→😀".as_bytes()), "a G é → 😀");
        assert_eq!(
            keys(b"\x01\x1a\x00\r\t\x7f\x0a"),
            "ctrl-a ctrl-z ctrl-space enter tab backspace ctrl-j"
        );
    }

    #[test]
    fn keys_of_xterm_and_its_kin() {
        assert_eq!(keys(b"\x1b[A\x1bOB\x1b[C\x1b[D"), "up down right left");
        assert_eq!(
            keys(b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~"),
            "home end home end home end"
        );
        assert_eq!(
            keys(b"\x1b[2~\x1b[3~\x1b[5~\x1b[6~\x1b[Z"),
            "insert delete pgup pgdn backtab"
        );
        assert_eq!(keys(b"\x1bOP\x1b[15~\x1b[24~\x1b[[A"), "f1 f5 f12 f1");
        assert_eq!(keys(b"\x1b[1;5A\x1b[1;2B\x1b[3;3~"), "ctrl-up shift-down alt-delete");
    }

    #[test]
    fn alt_with_a_letter_is_one_key_and_an_escape_alone_another() {
        assert_eq!(keys(b"\x1bx"), "alt-x");
        assert_eq!(keys(b"\x1b"), "esc");
        assert_eq!(keys(b"\x1b\x1b"), "esc esc");
    }

    #[test]
    fn letters_that_a_terminal_sends_as_numbers() {
        assert_eq!(keys(b"\x1b[97;5u\x1b[27;5;97~\x1b[13u"), "ctrl-a ctrl-a enter");
    }

    #[test]
    fn what_is_not_known_is_passed_over_whole() {
        assert_eq!(keys(b"\x1b[?1;2c\x1b[12;40R\x1b[Ia\x1b[99~b"), "a b");
        assert_eq!(keys(b"a\xff\xfeb"), "a b");
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it() {
        let pasted = "q\r\x1b[A:quit\x03é";
        let bytes = format!("\x1b[200~{pasted}\x1b[201~x");
        assert_eq!(
            keys(bytes.as_bytes()),
            format!("{:?} x", Input::Paste(pasted.to_owned()))
        );
    }

    #[test]
    fn a_paste_without_end_is_not_kept_without_end() {
        let mut decoder = decoder();
        decoder.feed(b"\x1b[200~");
        for _ in 0..100 {
            assert_eq!(decoder.feed(&vec![b'x'; 100_000]), []);
        }
        let Some(Input::Paste(text)) = decoder.feed(PASTE_END).pop() else {
            panic!("no paste");
        };
        assert_eq!(text.len(), PASTE_LIMIT);
        assert!(decoder.held.capacity() < 1_000_000);
    }

    #[test]
    fn only_presses_of_the_left_button_and_the_wheel_count() {
        let inputs = decoder().feed(b"\x1b[<0;3;2M\x1b[<0;3;2m\x1b[<2;3;2M\x1b[<35;9;9M\x1b[<64;1;1M\x1b[<65;1;1M");
        assert_eq!(
            inputs,
            [
                Input::Click(Position::new(2, 1)),
                Input::Wheel {
                    at: Position::ORIGIN,
                    notches: -1
                },
                Input::Wheel {
                    at: Position::ORIGIN,
                    notches: 1
                },
            ]
        );
    }

    #[test]
    fn it_waits_for_the_rest_only_where_there_may_be_one() {
        let mut decoder = decoder();
        decoder.feed(b"a");
        assert_eq!(decoder.patience(), None);
        decoder.feed(b"\x1b");
        assert_eq!(decoder.patience(), Some(Duration::from_millis(25)));
        decoder.feed(b"[1;");
        assert_eq!(decoder.patience(), Some(SEQUENCE));
        assert_eq!(decoder.give_up(), []);
        assert_eq!(decoder.patience(), None);
    }
}
