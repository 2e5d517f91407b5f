//! The terminal as ratatui draws on it: one write a frame, inside a synchronized update (DEC private mode 2026), and none
//! when nothing is different. ratatui finds the cells that changed; here they become bytes, with the cursor moved and the pen
//! turned by the shortest sequences, since every byte may have to cross a slow line.

use std::collections::BTreeSet;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::pen::{PLAIN, Pen, shows_on_blanks};

/// What is between these appears at once; a terminal that does not know them passes over them.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// So many blanks are shorter as a sequence, and a move over them behind it.
const ERASED: u16 = 12;

/// Cells of one line that become blank.
#[derive(Clone, Copy, Debug, Default)]
struct Blanks {
    from: Position,
    count: u16,
}

impl Blanks {
    /// The cell behind them.
    const fn end(self) -> Position {
        Position {
            x: self.from.x + self.count,
            y: self.from.y,
        }
    }
}

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
    /// Rows in which a wide sign stood since the screen was cleared.
    wide: BTreeSet<u16>,
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
            wide: BTreeSet::new(),
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
        if cell.symbol().width() == 1 {
            self.advance(1);
        } else {
            // Nor on wide signs.
            self.wide.extend(self.at.map(|at| at.y));
            self.at = None;
        }
    }

    /// Makes cells blank, by one sequence where that is shorter: to the end of the line (EL), or as many as there are (ECH).
    /// In a row that has wide signs the last of so many is written: where it is the first half of one, tmux (3.3a) would keep
    /// the other half when it is erased, and show the rest of the line a cell too far to the left.
    fn erase(&mut self, blanks: Blanks) {
        if blanks.count == 0 {
            return;
        }
        self.go(blanks.from);
        self.pen.turn(Pen::of(&Cell::EMPTY, self.pen), &mut self.frame);
        if blanks.count < ERASED {
            self.frame.extend(std::iter::repeat_n(b' ', usize::from(blanks.count)));
            self.advance(blanks.count);
        } else if blanks.end().x >= self.size.width {
            self.frame.extend_from_slice(b"\x1b[K");
        } else {
            let written = u16::from(self.wide.contains(&blanks.from.y));
            let erased = blanks.count - written;
            self.frame.extend_from_slice(format!("\x1b[{erased}X").as_bytes());
            if written > 0 {
                self.go(Position {
                    x: blanks.from.x + erased,
                    ..blanks.from
                });
                self.frame.push(b' ');
                self.advance(1);
            }
        }
    }

    /// The cursor moved by what was written, unless that was the last column: there terminals do not agree.
    fn advance(&mut self, cells: u16) {
        self.at = self.at.and_then(|at| {
            let x = at.x + cells;
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
        let mut blanks = Blanks::default();
        for (x, y, cell) in content {
            let at = Position { x, y };
            let is_blank = cell.symbol() == " " && cell.bg == Color::Reset && !shows_on_blanks(cell.modifier);
            if !is_blank || blanks.end() != at {
                self.erase(blanks);
                blanks = Blanks { from: at, count: 0 };
            }
            if is_blank {
                blanks.count += 1;
            } else {
                self.go(at);
                self.put(cell);
            }
        }
        self.erase(blanks);
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
        self.wide.clear();
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};

    use super::*;

    const SIZE: Size = Size::new(12, 5);

    /// Each write to it.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Piece = (u16, u16, &'static str, Style);

    fn draw(terminal: &mut Terminal<Screen<Writes>>, pieces: &[Piece], cursor: Option<Position>) -> Buffer {
        let drawn = terminal.draw(|frame| {
            for (x, y, text, style) in pieces {
                frame.buffer_mut().set_string(*x, *y, text, *style);
            }
            if let Some(at) = cursor {
                frame.set_cursor_position(at);
            }
        });
        drawn.unwrap().buffer.clone()
    }

    fn terminal() -> Terminal<Screen<Writes>> {
        Terminal::new(Screen::new(Writes::default(), SIZE)).unwrap()
    }

    fn emulator() -> vt100::Parser {
        let size = |cells| NonZeroU16::new(cells).unwrap();
        vt100::Parser::new(size(SIZE.height), size(SIZE.width), 0)
    }

    fn color(color: Color) -> vt100::Color {
        match color {
            Color::Reset => vt100::Color::Default,
            Color::Red => vt100::Color::Idx(1),
            Color::LightBlue => vt100::Color::Idx(12),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
            other => panic!("not among those tried: {other}"),
        }
    }

    fn assert_shown(emulator: &vt100::Parser, buffer: &Buffer) {
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let (shown, wanted) = (emulator.screen().cell(y, x).unwrap(), &buffer[(x, y)]);
                if shown.is_wide_continuation() {
                    continue;
                }
                let symbol = if shown.has_contents() { shown.contents() } else { " " };
                assert_eq!(symbol, wanted.symbol(), "at {x},{y}");
                assert_eq!(shown.bgcolor(), color(wanted.bg), "behind '{symbol}' at {x},{y}");
                let has = |modifier| wanted.modifier.contains(modifier);
                assert_eq!(shown.underline(), has(Modifier::UNDERLINED), "'{symbol}' at {x},{y}");
                assert_eq!(shown.inverse(), has(Modifier::REVERSED), "'{symbol}' at {x},{y}");
                if symbol != " " || has(Modifier::REVERSED) {
                    assert_eq!(shown.fgcolor(), color(wanted.fg), "'{symbol}' at {x},{y}");
                }
                if symbol != " " {
                    assert_eq!(shown.bold(), has(Modifier::BOLD), "'{symbol}' at {x},{y}");
                    assert_eq!(shown.italic(), has(Modifier::ITALIC), "'{symbol}' at {x},{y}");
                }
            }
        }
    }

    fn colors() -> impl Strategy<Value = Color> {
        prop::sample::select(vec![
            Color::Reset,
            Color::Reset,
            Color::Red,
            Color::LightBlue,
            Color::Indexed(245),
            Color::Rgb(1, 2, 3),
        ])
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let modifiers = prop::sample::select(vec![
            Modifier::empty(),
            Modifier::BOLD,
            Modifier::BOLD | Modifier::ITALIC,
            Modifier::UNDERLINED,
            Modifier::REVERSED,
        ]);
        let texts = prop::sample::select(vec!["a", "text", "   ", "● x", "世界", "e\u{301}"]);
        let style = (colors(), colors(), modifiers)
            .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier));
        let piece = (0..SIZE.width, 0..SIZE.height - 1, texts, style).prop_map(|(x, y, text, style)| {
            // Nothing stands over half of a wide sign, where neither ratatui nor terminals agree on what is left of it.
            if text == "世界" {
                (x / 4 * 4, SIZE.height - 1, text, style)
            } else {
                (x, y, text, style)
            }
        });
        prop::collection::vec(piece, 0..8)
    }

    proptest! {
        #[test]
        fn a_terminal_shows_what_was_drawn(frames in prop::collection::vec((pieces(), any::<bool>()), 1..5)) {
            let (mut terminal, mut emulator) = (terminal(), emulator());
            for (pieces, anew) in frames {
                if anew {
                    terminal.resize(Rect::from((Position::ORIGIN, SIZE))).unwrap();
                }
                let before = terminal.backend().out().0.len();
                let cursor = Position::new(3, 2);
                let buffer = draw(&mut terminal, &pieces, Some(cursor));
                for write in &terminal.backend().out().0[before..] {
                    emulator.process(write);
                }
                assert_shown(&emulator, &buffer);
                prop_assert_eq!(emulator.screen().cursor_position(), (cursor.y, cursor.x));
                prop_assert!(!emulator.screen().hide_cursor());
            }
        }
    }

    #[test]
    fn a_wide_sign_at_the_end_of_what_becomes_blank_is_written_over_and_not_half_erased() {
        let size = Size::new(40, 1);
        let mut terminal = Terminal::new(Screen::new(Writes::default(), size)).unwrap();
        draw(
            &mut terminal,
            &[(0, 0, "fourteen-signs世界 and more", Style::new())],
            None,
        );
        draw(
            &mut terminal,
            &[(0, 0, "                  and more", Style::new())],
            None,
        );
        let write = String::from_utf8(terminal.backend().out().0.last().unwrap().clone()).unwrap();
        assert!(write.contains("\x1b[14X\x1b[14C "), "{write:?}");
    }

    const TEXT: Piece = (0, 0, "text", Style::new());

    #[test]
    fn a_frame_is_one_write_and_one_update() {
        let mut terminal = terminal();
        terminal.backend_mut().aside(b"\x07");
        draw(&mut terminal, &[TEXT, (2, 3, "more", Style::new().bold())], None);
        let [write] = terminal.backend().out().0.as_slice() else {
            panic!("not one write");
        };
        let text = String::from_utf8(write.clone()).unwrap();
        assert!(
            text.starts_with("\x07\x1b[?2026h") && text.ends_with("\x1b[?2026l"),
            "{text:?}"
        );
    }

    #[test]
    fn nothing_is_written_when_nothing_is_different() {
        let mut terminal = terminal();
        for cursor in [None, Some(Position::new(1, 1))] {
            draw(&mut terminal, &[TEXT], cursor);
            let before = terminal.backend().out().0.len();
            draw(&mut terminal, &[TEXT], cursor);
            assert_eq!(terminal.backend().out().0.len(), before);
        }
    }

    #[test]
    fn a_cursor_that_moves_alone_costs_its_move() {
        let mut terminal = terminal();
        draw(&mut terminal, &[TEXT], Some(Position::new(1, 1)));
        draw(&mut terminal, &[TEXT], Some(Position::new(3, 1)));
        assert_eq!(
            terminal.backend().out().0.last().unwrap().as_slice(),
            b"\x1b[?2026h\x1b[2C\x1b[?2026l"
        );
    }
}
