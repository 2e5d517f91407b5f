//! What comes in from the keyboard's side, as the runtime takes it: keys, pastes and mouse, decoded.

use ratatui::layout::Position;

use crate::console::key::Key;

/// Something came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// The left button was pressed.
    Click(Position),
    /// The wheel was turned.
    Wheel {
        /// Where the mouse is.
        at: Position,
        /// By so many notches; positive is down.
        notches: i32,
    },
    /// Nothing will come any more: the terminal is gone.
    Ended,
}
