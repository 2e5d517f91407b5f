//! A list beside the page of what is selected in it; where there is no room for both, the one that has the focus.

use ratatui::Frame;
use ratatui::layout::Rect;

/// From this width on they stand side by side.
pub const WIDE: u16 = 100;

/// Of a hundred cells these are the list's.
const SHARE: u16 = 55;

/// Where the two are drawn; one that has no room has an empty place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The list.
    pub list: Rect,
    /// The page.
    pub page: Rect,
}

/// Where the two are in `area`. Side by side they share the line between them, so that each has a border of its own.
pub fn places(area: Rect, in_page: bool) -> Places {
    let none = Rect::default();
    match (area.width >= WIDE, in_page) {
        (false, true) => Places { list: none, page: area },
        (false, false) => Places { list: area, page: none },
        (true, _) => {
            let width = area.width * SHARE / 100;
            Places {
                list: Rect { width, ..area },
                page: Rect {
                    x: area.x + width - 1,
                    width: area.width - width + 1,
                    ..area
                },
            }
        }
    }
}

/// Draws those that have a place. What has the focus comes last: the line between them is of its colour, and the terminal's
/// cursor is its.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    in_page: bool,
    list: impl FnOnce(&mut Frame<'_>, Rect),
    page: impl FnOnce(&mut Frame<'_>, Rect),
) {
    let places = places(area, in_page);
    if !in_page && !places.page.is_empty() {
        page(frame, places.page);
        list(frame, places.list);
        return;
    }
    if !places.list.is_empty() {
        list(frame, places.list);
    }
    if !places.page.is_empty() {
        page(frame, places.page);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn order(width: u16, in_page: bool) -> String {
        let order = std::cell::RefCell::new(String::new());
        let mut terminal = Terminal::new(TestBackend::new(width, 10)).unwrap();
        let drawn = terminal.draw(|frame| {
            let area = frame.area();
            let note = |what: char| order.borrow_mut().push(what);
            draw(frame, area, in_page, |_, _| note('l'), |_, _| note('p'));
        });
        drawn.unwrap();
        order.into_inner()
    }

    #[test]
    fn what_has_the_focus_is_drawn_last_and_alone_where_there_is_no_room() {
        assert_eq!(order(WIDE, false), "pl");
        assert_eq!(order(WIDE, true), "lp");
        assert_eq!(order(WIDE - 1, false), "l");
        assert_eq!(order(WIDE - 1, true), "p");
    }

    #[test]
    fn side_by_side_they_share_a_line() {
        let both = places(Rect::new(0, 2, 120, 30), false);
        assert_eq!(both.list.right() - 1, both.page.x);
        assert_eq!(both.page.right(), 120);
    }
}
