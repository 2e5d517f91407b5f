//! What each control sequence means: xterm's function keys, with modifiers as xterm numbers them; letters as numbers, as
//! xterm's modifyOtherKeys and the kitty protocol send them; the mouse.

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Position;

use super::super::input::Input;
use super::key;

/// What a sequence means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something came in.
    Input(Input),
    /// What follows is pasted.
    PasteBegins,
}

/// A control sequence: what is between `ESC [` and its last byte, and that.
pub fn csi(parameters: &[u8], last: u8) -> Option<Meaning> {
    let text = std::str::from_utf8(parameters).ok()?;
    if let Some(mouse) = text.strip_prefix('<') {
        return self::mouse(mouse, last);
    }
    let mut numbers = text.split(';').map(number);
    let first = numbers.next().flatten();
    let second = numbers.next().flatten();
    let held = modifiers(second);
    let code = match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'Z' => KeyCode::BackTab,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        // With two numbers where the cursor is, which nobody asked for, unless the first is 1.
        b'R' if first.is_none_or(|first| first == 1) => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        b'u' => return numbered(first?, held),
        b'~' => match first? {
            1 | 7 => KeyCode::Home,
            2 => KeyCode::Insert,
            3 => KeyCode::Delete,
            4 | 8 => KeyCode::End,
            5 => KeyCode::PageUp,
            6 => KeyCode::PageDown,
            function @ 11..=15 => KeyCode::F(u8::try_from(function - 10).ok()?),
            function @ 17..=21 => KeyCode::F(u8::try_from(function - 11).ok()?),
            function @ 23..=24 => KeyCode::F(u8::try_from(function - 12).ok()?),
            27 => return numbered(numbers.next().flatten()?, held),
            200 => return Some(Meaning::PasteBegins),
            _ => return None,
        },
        _ => return None,
    };
    Some(Meaning::Input(key(code, held)))
}

/// A function key or arrow in application mode: what follows `ESC O`.
pub fn ss3(last: u8) -> Option<Meaning> {
    match last {
        b'M' => Some(Meaning::Input(key(KeyCode::Enter, KeyModifiers::NONE))),
        last => csi(b"", last),
    }
}

/// F1 to F5 of the Linux console: what follows `ESC [ [`.
pub fn linux_function(last: u8) -> Option<Meaning> {
    let number = last.checked_sub(b'A').filter(|number| *number < 5)?;
    Some(Meaning::Input(key(KeyCode::F(number + 1), KeyModifiers::NONE)))
}

/// A mouse report of a terminal that does not know the newer form: what follows `ESC [ M`.
pub fn old_mouse(button: u8, x: u8, y: u8) -> Option<Meaning> {
    let at = Position::new(u16::from(x.checked_sub(33)?), u16::from(y.checked_sub(33)?));
    pointed(u32::from(button.checked_sub(32)?), at)
}

/// `<button;column;row`, and `M` for a press.
fn mouse(text: &str, last: u8) -> Option<Meaning> {
    let mut numbers = text.split(';').map(number);
    let mut next = || numbers.next().flatten();
    let (button, x, y) = (next()?, next()?, next()?);
    let at = Position::new(
        u16::try_from(x.checked_sub(1)?).ok()?,
        u16::try_from(y.checked_sub(1)?).ok()?,
    );
    if last == b'M' { pointed(button, at) } else { None }
}

fn pointed(button: u32, at: Position) -> Option<Meaning> {
    // Shift, alt and control held with it are no matter; a motion is no press.
    let input = match button & !0b1_1100 {
        0 => Input::Click(at),
        64 => Input::Wheel { at, notches: -1 },
        65 => Input::Wheel { at, notches: 1 },
        _ => return None,
    };
    Some(Meaning::Input(input))
}

/// A key by the number of its character.
fn numbered(number: u32, held: KeyModifiers) -> Option<Meaning> {
    let code = match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        number => KeyCode::Char(char::from_u32(number).filter(|letter| !letter.is_control())?),
    };
    Some(Meaning::Input(key(code, held)))
}

/// One more than a bit for each of shift, alt and control.
fn modifiers(number: Option<u32>) -> KeyModifiers {
    let bits = number.unwrap_or(1).saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
    ] {
        held.set(modifier, bits & bit != 0);
    }
    held
}

fn number(text: &str) -> Option<u32> {
    // A colon begins what is told beside it.
    text.split(':').next()?.parse().ok()
}
