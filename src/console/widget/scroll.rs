//! Text that may be longer than its place: it is scrolled, and says how much of it there is when not all of it is shown.

use std::cell::Cell;
use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::console::command::Command;
use crate::console::theme::Role;
use crate::console::ui::Ui;

/// How far a text is scrolled. Length and height are learned when it is drawn.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    from: Cell<usize>,
    len: Cell<usize>,
    height: Cell<usize>,
}

impl Scroll {
    /// Shows the beginning, as for another text.
    pub fn to_top(&mut self) {
        self.from.set(0);
    }

    /// Scrolls. `false` when the command is no move.
    pub fn command(&mut self, command: Command) -> bool {
        let (from, page) = (self.from.get(), self.height.get().max(1));
        let to = match command {
            Command::Down => from + 1,
            Command::Up => from.saturating_sub(1),
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            Command::HalfDown => from + page.div_ceil(2),
            Command::HalfUp => from.saturating_sub(page.div_ceil(2)),
            Command::PageDown => from + page,
            Command::PageUp => from.saturating_sub(page),
            _ => return false,
        };
        self.from.set(to.min(self.furthest()));
        true
    }

    fn furthest(&self) -> usize {
        self.len.get().saturating_sub(self.height.get())
    }

    /// Whether there is more than can be shown.
    pub fn is_needed(&self) -> bool {
        self.len.get() > self.height.get()
    }

    /// The lines to draw of `len` in `height`.
    pub fn window(&self, len: usize, height: usize) -> Range<usize> {
        self.len.set(len);
        self.height.set(height);
        self.from.set(self.from.get().min(self.furthest()));
        let from = self.from.get();
        from..len.min(from + height)
    }

    /// Draws the lines that are in sight; where there are more below, the last line of `area` says so.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
        let window = self.window(lines.len(), usize::from(area.height));
        let below = lines.len() - window.end;
        let shown: Vec<Line<'_>> = lines.into_iter().skip(window.start).take(window.len()).collect();
        frame.render_widget(Paragraph::new(shown), area);
        if below > 0 {
            let text = format!(" {} {} more lines ", ui.glyphs.sorted[1], below + 1);
            let place = Rect {
                y: area.bottom().saturating_sub(1),
                height: 1,
                ..area
            };
            ui.clear(frame, place);
            frame.render_widget(ui.line(Role::Muted, text), place);
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    fn shown(scroll: &Scroll, lines: usize) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(20, 3)).unwrap();
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        terminal
            .draw(|frame| {
                let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
                let text = (0..lines).map(|line| Line::from(line.to_string())).collect();
                scroll.view(&ui, frame, frame.area(), text);
            })
            .unwrap();
        let cells = terminal.backend().buffer().content();
        cells
            .chunks(20)
            .map(|row| {
                row.iter()
                    .map(ratatui::buffer::Cell::symbol)
                    .collect::<String>()
                    .trim()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn it_says_how_much_is_below_until_the_end_is_in_sight() {
        let mut scroll = Scroll::default();
        assert_eq!(shown(&scroll, 3), ["0", "1", "2"]);
        assert_eq!(shown(&scroll, 6), ["0", "1", "▾ 4 more lines"]);
        scroll.command(Command::Down);
        assert_eq!(shown(&scroll, 6), ["1", "2", "▾ 3 more lines"]);
        scroll.command(Command::Bottom);
        assert_eq!(shown(&scroll, 6), ["3", "4", "5"]);
        assert_eq!(shown(&scroll, 4), ["1", "2", "3"]);
    }
}
