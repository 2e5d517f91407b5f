//! A list with columns. Only the rows on the screen are formatted; columns leave by priority as the width shrinks.

use std::ops::RangeInclusive;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::selection::Selection;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::domain::units;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Cells it needs at least.
    pub min: u16,
    /// Its share of what is left over; 0 stays at the least.
    pub grow: u16,
    /// The higher, the sooner it leaves; 0 stays.
    pub leaves: u8,
    /// Where its text stands.
    pub align: Align,
}

impl Column {
    /// A column for words.
    pub const fn new(title: &'static str, min: u16, grow: u16, leaves: u8) -> Self {
        Self {
            title,
            min,
            grow,
            leaves,
            align: Align::Left,
        }
    }

    /// The same for numbers.
    #[must_use]
    pub const fn right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }
}

/// One row, a text and its role for each column.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// One a column.
    pub cells: Vec<(Role, String)>,
    /// Whether it is marked.
    pub marked: bool,
}

impl Row {
    /// A row.
    pub fn new(cells: impl IntoIterator<Item = (Role, String)>) -> Self {
        Self {
            cells: cells.into_iter().collect(),
            marked: false,
        }
    }

    /// Marked or not.
    #[must_use]
    pub fn marked(self, marked: bool) -> Self {
        Self { marked, ..self }
    }
}

/// How a table is drawn.
pub struct Table<'a> {
    /// Its columns.
    pub columns: &'a [Column],
    /// How many rows there are.
    pub len: usize,
    /// Which one is selected.
    pub selection: &'a Selection,
    /// The column it is sorted by, and whether downwards.
    pub sorted: Option<(usize, bool)>,
    /// Whether it has the focus: then the terminal's cursor is on its selected row.
    pub focused: bool,
}

/// Cells left of the first column: the sign of the selected or marked row, and a space.
pub const GUTTER: u16 = 2;

/// The width of each column in `width` cells, one cell apart; `None` for one that left.
pub fn widths(columns: &[Column], width: u16) -> Vec<Option<u16>> {
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| -> u16 {
        let present = || columns.iter().zip(shown).filter(|(_, shown)| **shown);
        let gaps = u16::try_from(present().count().saturating_sub(1)).unwrap_or(u16::MAX);
        present()
            .map(|(column, _)| column.min)
            .sum::<u16>()
            .saturating_add(gaps)
    };
    while needed(&shown) > width {
        let leaving = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.leaves > 0 && shown.get(*index) == Some(&true))
            .max_by_key(|(_, column)| column.leaves);
        match leaving.and_then(|(index, _)| shown.get_mut(index)) {
            Some(shown) => *shown = false,
            None => break,
        }
    }
    let mut spare = width.saturating_sub(needed(&shown));
    let mut shares: u16 = columns
        .iter()
        .zip(&shown)
        .filter(|(_, shown)| **shown)
        .map(|(column, _)| column.grow)
        .sum();
    columns
        .iter()
        .zip(&shown)
        .map(|(column, shown)| {
            if !shown {
                return None;
            }
            let extra = (spare * column.grow).checked_div(shares).unwrap_or(0);
            spare -= extra;
            shares -= column.grow;
            Some(column.min + extra)
        })
        .collect()
}

/// Cells for the widest of these texts, within what a column may have.
pub fn widest<'a>(texts: impl Iterator<Item = &'a str>, within: RangeInclusive<u16>) -> u16 {
    let widest = texts.map(UnicodeWidthStr::width).max().unwrap_or(0);
    let widest = u16::try_from(widest).unwrap_or(u16::MAX);
    widest.clamp(*within.start(), *within.end())
}

/// Draws the heading and the rows on the screen, each made by `row`, for a list of which nothing else tells how long it is: where
/// there are more rows below, the last line says so.
pub fn draw_all_told(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, table: &Table<'_>, row: impl Fn(usize) -> Row) {
    let (_, below) = table
        .selection
        .window_told(table.len, usize::from(area.height.saturating_sub(1)));
    if below == 0 {
        return draw(ui, frame, area, table, row);
    }
    let rows = Rect {
        height: area.height - 1,
        ..area
    };
    draw(ui, frame, rows, table, row);
    let place = Rect {
        y: rows.bottom(),
        height: 1,
        ..area
    };
    frame.render_widget(ui.line(Role::Muted, format!("  {}", more_rows(ui, below))), place);
}

/// What is said of so many rows below.
pub fn more_rows(ui: &Ui<'_>, below: usize) -> String {
    format!("{} {}", ui.glyphs.sorted[1], units::count(below, "more row"))
}

/// Draws the heading and the rows on the screen, each made by `row`.
pub fn draw(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect, table: &Table<'_>, row: impl Fn(usize) -> Row) {
    if area.height == 0 || area.width <= GUTTER {
        return;
    }
    let widths = widths(&with_sign(ui, table), area.width - GUTTER);
    let mut lines = Vec::with_capacity(usize::from(area.height));
    lines.push(heading(ui, table, &widths));
    let height = usize::from(area.height - 1);
    for index in table.selection.window(table.len, height) {
        ui.row_built();
        let selected = index == table.selection.at();
        let y = area.y + u16::try_from(lines.len()).unwrap_or(0);
        if selected && table.focused {
            ui.set_cursor(Position::new(area.x, y));
        }
        lines.push(line(ui, &row(index), table, &widths, selected, area.width));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// What the table is sorted by is said by a sign behind the title of that column.
fn sign(ui: &Ui<'_>, table: &Table<'_>, column: usize) -> &'static str {
    match table.sorted {
        Some((sorted, downwards)) if sorted == column => ui.glyphs.sorted.get(usize::from(downwards)).copied(),
        _ => None,
    }
    .unwrap_or_default()
}

/// The columns, each with room for its title and the sign behind it.
fn with_sign(ui: &Ui<'_>, table: &Table<'_>) -> Vec<Column> {
    let columns = table.columns.iter().enumerate();
    let roomy = columns.map(|(index, column)| {
        let heading = match sign(ui, table, index) {
            "" => 0,
            sign => u16::try_from(column.title.width() + sign.width()).unwrap_or(0),
        };
        Column {
            min: column.min.max(heading),
            ..*column
        }
    });
    roomy.collect()
}

fn heading(ui: &Ui<'_>, table: &Table<'_>, widths: &[Option<u16>]) -> Line<'static> {
    let mut text = " ".repeat(usize::from(GUTTER));
    for (index, (column, width)) in table.columns.iter().zip(widths).enumerate() {
        let Some(width) = width else { continue };
        let title = format!("{}{}", column.title, sign(ui, table, index));
        text.push_str(&cell(ui, &title, *width, column.align));
        text.push(' ');
    }
    ui.line(Role::Muted, text.trim_end().to_owned())
}

fn line(
    ui: &Ui<'_>,
    row: &Row,
    table: &Table<'_>,
    widths: &[Option<u16>],
    selected: bool,
    width: u16,
) -> Line<'static> {
    let gutter = if selected && table.focused {
        ui.span(Role::Accent, ui.glyphs.cursor)
    } else if row.marked {
        ui.span(Role::Marked, ui.glyphs.mark)
    } else {
        Span::raw(" ")
    };
    let mut spans = vec![
        gutter,
        ui.span(Role::Marked, if row.marked && selected { ui.glyphs.mark } else { " " }),
    ];
    for ((column, width), (role, text)) in table.columns.iter().zip(widths).zip(&row.cells) {
        let Some(width) = width else { continue };
        // Of what is selected only a status keeps its colour: each change of colour costs as much as the word it is for, and
        // muted text on the colour of the selection is hard to read.
        let role = match role {
            Role::Muted | Role::Border if selected => Role::Text,
            role => *role,
        };
        spans.push(ui.span(role, cell(ui, text, *width, column.align)));
        spans.push(Span::raw(" "));
    }
    let mut line = Line::from(spans);
    if selected {
        let used = u16::try_from(line.width()).unwrap_or(width);
        line.push_span(Span::raw(" ".repeat(usize::from(width.saturating_sub(used)))));
        line = ui.selected(line);
    }
    line
}

fn cell(ui: &Ui<'_>, text: &str, width: u16, align: Align) -> String {
    let width = usize::from(width);
    let text = ui.fit(text, width);
    let room = " ".repeat(width.saturating_sub(text.width()));
    match align {
        Align::Left => text + &room,
        Align::Right => room + &text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::Cell;

    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    const COLUMNS: [Column; 4] = [
        Column::new("NAME", 8, 2, 0),
        Column::new("SOURCE", 8, 1, 2),
        Column::new("LAST", 6, 0, 1),
        Column::new("SIZE", 6, 0, 3).right(),
    ];

    #[test]
    fn columns_leave_by_priority() {
        assert_eq!(widths(&COLUMNS, 31), [Some(8), Some(8), Some(6), Some(6)]);
        assert_eq!(widths(&COLUMNS, 30), [Some(12), Some(10), Some(6), None]);
        assert_eq!(widths(&COLUMNS, 20), [Some(13), None, Some(6), None]);
        assert_eq!(widths(&COLUMNS, 9), [Some(9), None, None, None]);
    }

    /// The names shown of so many rows in five lines, with the last one for what is below.
    fn shown(selection: &Selection, rows: usize) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(20, 5)).unwrap();
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        terminal
            .draw(|frame| {
                let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
                let table = Table {
                    columns: &[Column::new("NAME", 8, 1, 0)],
                    len: rows,
                    selection,
                    sorted: None,
                    focused: false,
                };
                let row = |at: usize| Row::new([(Role::Text, at.to_string())]);
                draw_all_told(&ui, frame, frame.area(), &table, row);
            })
            .unwrap();
        let cells = terminal.backend().buffer().content();
        let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>();
        cells
            .chunks(20)
            .skip(1)
            .map(|row| line(row).trim().to_owned())
            .collect()
    }

    #[test]
    fn rows_below_are_told_of_and_never_hide_the_selected_one() {
        let mut selection = Selection::default();
        assert_eq!(shown(&selection, 4), ["0", "1", "2", "3"]);
        assert_eq!(shown(&selection, 6), ["0", "1", "2", "▾ 3 more rows"]);
        for (at, below) in [(3, "▾ 2 more rows"), (4, "▾ 1 more row")] {
            selection.select(at);
            let rows = shown(&selection, 6);
            assert_eq!(
                rows,
                [&(at - 2).to_string(), &(at - 1).to_string(), &at.to_string(), below]
            );
        }
        selection.select(5);
        assert_eq!(shown(&selection, 6), ["2", "3", "4", "5"]);
    }

    #[test]
    fn what_it_is_sorted_by_is_told_by_a_whole_title_and_a_sign() {
        let mut terminal = Terminal::new(TestBackend::new(33, 1)).unwrap();
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let columns = [
            Column::new("NAME", 8, 1, 0),
            Column::new("LATENCY", 7, 0, 0).right(),
            Column::new("CHECKED", 7, 0, 0).right(),
        ];
        for (sorted, heading) in [
            (None, "  NAME            LATENCY CHECKED"),
            (Some((1, false)), "  NAME           LATENCY▴ CHECKED"),
            (Some((2, true)), "  NAME           LATENCY CHECKED▾"),
        ] {
            terminal
                .draw(|frame| {
                    let ui = Ui::new(&theme, &UNICODE, Timestamp::default(), chrono_tz::UTC, &keymap);
                    let table = Table {
                        columns: &columns,
                        len: 0,
                        selection: &Selection::default(),
                        sorted,
                        focused: true,
                    };
                    draw(&ui, frame, frame.area(), &table, |_| Row::default());
                })
                .unwrap();
            let cells = terminal.backend().buffer().content().iter();
            assert_eq!(cells.map(Cell::symbol).collect::<String>().trim_end(), heading);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_fits_once_the_fixed_columns_do(width in 8_u16..200) {
            let widths = widths(&COLUMNS, width);
            let shown: Vec<u16> = widths.into_iter().flatten().collect();
            let gaps = u16::try_from(shown.len() - 1).unwrap();
            prop_assert_eq!(shown.iter().sum::<u16>() + gaps, width);
        }
    }
}
