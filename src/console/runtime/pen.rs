//! How text looks, in the shortest escape sequence that leads from one look to the next (ECMA-48, SGR; colours as xterm has
//! them). Most of what a frame writes beside letters is this.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Colours and attributes of what is written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// As a terminal is without any of it.
pub const PLAIN: Pen = Pen {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
};

/// Attributes with the number that switches them on, and the number that switches them off.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

const SHOWN_ON_BLANKS: Modifier = Modifier::UNDERLINED
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK)
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Whether any of these attributes shows where nothing is written.
pub const fn shows_on_blanks(modifier: Modifier) -> bool {
    modifier.intersects(SHOWN_ON_BLANKS)
}

impl Pen {
    /// What `cell` is written with. A blank shows neither the colour of letters nor their weight, so that it takes those of
    /// `now` and nothing has to be written for them.
    pub fn of(cell: &Cell, now: Self) -> Self {
        let pen = Self {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        };
        if cell.symbol() != " " || shows_on_blanks(pen.modifier | now.modifier) {
            return pen;
        }
        Self { bg: pen.bg, ..now }
    }

    /// Writes what leads from this look to `next`.
    pub fn turn(&mut self, next: Self, out: &mut Vec<u8>) {
        if *self == next {
            return;
        }
        let anew = next.after_plain();
        let onward = self.onward(next);
        let shorter = if onward.len() <= anew.len() { onward } else { anew };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(shorter.as_bytes());
        out.push(b'm');
        *self = next;
    }

    /// The parameters that take everything back and set this.
    fn after_plain(self) -> String {
        let rest = PLAIN.onward(self);
        // No parameter is the same as zero.
        if rest.is_empty() { rest } else { format!("0;{rest}") }
    }

    /// The parameters that change only what is different in `next`.
    fn onward(self, next: Self) -> String {
        let mut text = String::new();
        let mut add = |number: &str| {
            if !text.is_empty() {
                text.push(';');
            }
            text.push_str(number);
        };
        let mut kept = self.modifier;
        for (attribute, _, off) in ATTRIBUTES {
            if kept.contains(attribute) && !next.modifier.contains(attribute) {
                add(&off.to_string());
                // One number ends both of a pair.
                for (other, _, other_off) in ATTRIBUTES {
                    kept.set(other, kept.contains(other) && other_off != off);
                }
            }
        }
        for (attribute, on, _) in ATTRIBUTES {
            if next.modifier.contains(attribute) && !kept.contains(attribute) {
                add(&on.to_string());
            }
        }
        if self.fg != next.fg {
            add(&color(next.fg, 30));
        }
        if self.bg != next.bg {
            add(&color(next.bg, 40));
        }
        text
    }
}

/// The parameters of a colour; `base` is 30 for letters and 40 for what is behind them.
fn color(color: Color, base: u8) -> String {
    let bright = base + 60;
    let number = match color {
        Color::Reset => base + 9,
        Color::Black => base,
        Color::Red => base + 1,
        Color::Green => base + 2,
        Color::Yellow => base + 3,
        Color::Blue => base + 4,
        Color::Magenta => base + 5,
        Color::Cyan => base + 6,
        Color::Gray => base + 7,
        Color::DarkGray => bright,
        Color::LightRed => bright + 1,
        Color::LightGreen => bright + 2,
        Color::LightYellow => bright + 3,
        Color::LightBlue => bright + 4,
        Color::LightMagenta => bright + 5,
        Color::LightCyan => bright + 6,
        Color::White => bright + 7,
        Color::Indexed(index) => return format!("{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => {
            let mut text = format!("{};2", base + 8);
            for part in [red, green, blue] {
                // Writing to a string does not fail.
                let _ = write!(text, ";{part}");
            }
            return text;
        }
    };
    number.to_string()
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn pen(style: Style) -> Pen {
        let mut cell = Cell::new("x");
        cell.set_style(style);
        Pen::of(&cell, PLAIN)
    }

    fn turned(from: Style, to: Style) -> String {
        let mut out = Vec::new();
        pen(from).turn(pen(to), &mut out);
        String::from_utf8(out).unwrap().replace('\x1b', "")
    }

    #[test]
    fn the_way_back_to_plain_is_the_shortest_there_is() {
        assert_eq!(turned(Style::new().red().bold(), Style::new()), "[m");
    }

    #[test]
    fn only_what_is_different_is_written() {
        assert_eq!(turned(Style::new().red().bold(), Style::new().blue().bold()), "[34m");
        assert_eq!(turned(Style::new().bold(), Style::new().bold().on_yellow()), "[43m");
        assert_eq!(turned(Style::new(), Style::new().fg(Color::Indexed(245))), "[38;5;245m");
        assert_eq!(
            turned(Style::new(), Style::new().bg(Color::Rgb(1, 2, 3))),
            "[48;2;1;2;3m"
        );
    }

    #[test]
    fn bold_and_dim_end_together_and_the_one_that_stays_is_set_again() {
        assert_eq!(
            turned(
                Style::new().bold().dim().fg(Color::Indexed(200)),
                Style::new().dim().fg(Color::Indexed(200))
            ),
            "[22;2m"
        );
    }

    #[test]
    fn a_blank_costs_nothing_in_another_colour_of_letters() {
        let bold = pen(Style::new().bold().red());
        assert_eq!(Pen::of(&Cell::new(" "), bold), bold);
        let underlined = pen(Style::new().underlined());
        assert_eq!(Pen::of(&Cell::new(" "), underlined), PLAIN);
    }
}
