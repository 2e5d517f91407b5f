//! The terminal as ratatui draws on it: one write a frame, inside a synchronized update (DEC private mode 2026), and none
//! when nothing is different. ratatui finds the cells that changed; here they become bytes, with the cursor moved and the pen
//! turned by the shortest sequences, since every byte may have to cross a slow line.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr;

use super::pen::{PLAIN, Pen};

/// What is between these appears at once; a terminal that does not know them passes over them.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// A terminal of a known size. Nothing about it is ever asked of the terminal itself.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    size: Size,
    /// The frame in the making.
    frame: Vec<u8>,
    /// What goes out before the frame: the clipboard, the bell.
    aside: Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is, as far as that is certain.
    at: Option<Position>,
    /// Whether it is seen; unknown at first.
    seen: Option<bool>,
    /// Where it should be seen.
    wanted: Option<Position>,
}

impl<W: Write> Screen<W> {
    /// Writes to `out`, a terminal of `size` that was just cleared.
    pub const fn new(out: W, size: Size) -> Self {
        Self {
            out,
            size,
            frame: Vec::new(),
            aside: Vec::new(),
            pen: PLAIN,
            at: None,
            seen: None,
            wanted: None,
        }
    }

    /// What it writes to.
    pub const fn out(&self) -> &W {
        &self.out
    }

    /// The terminal has another size.
    pub const fn resized(&mut self, size: Size) {
        self.size = size;
    }

    /// Somebody else wrote to the terminal: nothing is known of cursor and pen.
    pub const fn forget(&mut self) {
        self.at = None;
        self.seen = None;
    }

    /// Writes a sequence that is no part of a frame, together with the next one.
    pub fn aside(&mut self, bytes: &[u8]) {
        self.aside.extend_from_slice(bytes);
    }

    fn go(&mut self, to: Position) {
        if self.at == Some(to) {
            return;
        }
        let steps = match self.at {
            Some(at) if at.y == to.y && at.x < to.x => match to.x - at.x {
                1 => "\x1b[C".to_owned(),
                cells => format!("\x1b[{cells}C"),
            },
            Some(at) if at.y == to.y && to.x == 0 => "\r".to_owned(),
            Some(at) if at.y + 1 == to.y && to.x == 0 => "\r\n".to_owned(),
            _ if to.x == 0 => format!("\x1b[{}H", to.y + 1),
            _ => format!("\x1b[{};{}H", to.y + 1, to.x + 1),
        };
        self.frame.extend_from_slice(steps.as_bytes());
        self.at = Some(to);
    }

    fn put(&mut self, cell: &Cell) {
        let pen = Pen::of(cell, self.pen);
        self.pen.turn(pen, &mut self.frame);
        self.frame.extend_from_slice(cell.symbol().as_bytes());
        // Terminals do not agree on wide signs, and not on what the cursor does behind the last column.
        self.at = self.at.filter(|_| cell.symbol().width() == 1).and_then(|at| {
            let x = at.x + 1;
            (x < self.size.width).then_some(Position { x, ..at })
        });
    }

    fn settle_cursor(&mut self) {
        let Some(wanted) = self.wanted else {
            if self.seen != Some(false) {
                self.frame.extend_from_slice(b"\x1b[?25l");
                self.seen = Some(false);
            }
            return;
        };
        self.go(wanted);
        if self.seen != Some(true) {
            self.frame.extend_from_slice(b"\x1b[?25h");
            self.seen = Some(true);
        }
    }
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.go(Position { x, y });
            self.put(cell);
        }
        // Whoever writes to this terminal beside us does it in plain letters.
        self.pen.turn(PLAIN, &mut self.frame);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.wanted = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.wanted = Some(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // A console has the whole screen, and only that is ever asked for.
        if clear_type != ClearType::All {
            return Err(io::ErrorKind::Unsupported.into());
        }
        // What was being made of the old screen is of no use on the empty one.
        self.frame.clear();
        self.frame.extend_from_slice(b"\x1b[m\x1b[2J");
        self.pen = PLAIN;
        self.at = None;
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.settle_cursor();
        if self.frame.is_empty() && self.aside.is_empty() {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.aside);
        if !self.frame.is_empty() {
            bytes.extend_from_slice(BEGIN);
            bytes.append(&mut self.frame);
            bytes.extend_from_slice(END);
        }
        self.out.write_all(&bytes)?;
        self.out.flush()
    }
}
