//! A terminal's screen as a picture: an SVG of its cells, and what of its text can be compared from run to run.

use std::fmt::Write as _;

/// The size of a cell, in tenths of a pixel.
const CELL: (usize, usize) = (84, 180);
const MARGIN: usize = 14;
const FOREGROUND: &str = "#d7dae0";
const BACKGROUND: &str = "#16181d";

/// Words of dates and times.
const CALENDAR: &str = "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec CET CEST UTC";

/// The screen as an SVG.
pub fn draw(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = usize::from(columns) * CELL.0 / 10 + 2 * MARGIN;
    let height = usize::from(rows) * CELL.1 / 10 + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" \
         fill=\"{FOREGROUND}\" xml:space=\"preserve\">\n"
    );
    for row in 0..rows {
        let top = MARGIN + usize::from(row) * CELL.1 / 10;
        let mut text = String::new();
        for (column, symbols, style) in stretches(screen, row, columns) {
            let x = MARGIN + usize::from(column) * CELL.0 / 10;
            let cells = symbols.chars().count();
            if let Some(fill) = &style.behind {
                let wide = cells * CELL.0 / 10;
                let high = CELL.1 / 10;
                writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\" fill=\"{fill}\"/>"
                )
                .unwrap();
            }
            let bold = if style.bold { " font-weight=\"bold\"" } else { "" };
            let fill = style.fill.map(|fill| format!(" fill=\"{fill}\"")).unwrap_or_default();
            let long = cells * CELL.0 / 10;
            let safe = symbols.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            write!(
                text,
                "<tspan x=\"{x}\" textLength=\"{long}\"{bold}{fill}>{safe}</tspan>"
            )
            .unwrap();
        }
        writeln!(svg, "<text y=\"{}\">{text}</text>", top + CELL.1 / 10 - 4).unwrap();
    }
    svg + "</g>\n</svg>\n"
}

#[derive(Clone, PartialEq)]
struct Style {
    fill: Option<String>,
    behind: Option<String>,
    bold: bool,
}

/// Where each stretch of cells that look alike begins, its text and its look.
fn stretches(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<(u16, String, Style)> {
    let mut stretches: Vec<(u16, String, Style)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        let (mut fill, mut behind) = (color(cell.fgcolor()), color(cell.bgcolor()));
        if cell.inverse() {
            (fill, behind) = (
                Some(behind.unwrap_or_else(|| BACKGROUND.to_owned())),
                Some(fill.unwrap_or_else(|| FOREGROUND.to_owned())),
            );
        }
        let style = Style {
            fill,
            behind,
            bold: cell.bold(),
        };
        let symbol = if cell.contents().is_empty() {
            " "
        } else {
            cell.contents()
        };
        match stretches.last_mut() {
            Some((_, text, last)) if *last == style => text.push_str(symbol),
            _ => stretches.push((column, symbol.to_owned(), style)),
        }
    }
    stretches.retain(|(_, text, style)| !text.trim().is_empty() || style.behind.is_some());
    stretches
}

/// A colour of xterm's 256.
fn color(color: vt100::Color) -> Option<String> {
    match color {
        vt100::Color::Default => None,
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        vt100::Color::Idx(index @ 16..=231) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + part * 40 };
            let index = index - 16;
            Some(format!(
                "#{:02x}{:02x}{:02x}",
                level(index / 36),
                level(index / 6 % 6),
                level(index % 6)
            ))
        }
        vt100::Color::Idx(index @ 232..) => {
            let grey = 8 + (index - 232) * 10;
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        vt100::Color::Idx(index) => {
            const NAMED: [&str; 16] = [
                "#1d1f21", "#cc6666", "#8ccf7e", "#e5c07b", "#6cb6ff", "#b294bb", "#8abeb7", "#c5c8c6", "#969896",
                "#de935f", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#ffffff",
            ];
            Some(NAMED[usize::from(index)].to_owned())
        }
    }
}

/// The text of a picture made by [`draw`], line by line.
pub fn text_of(svg: &str) -> Vec<String> {
    let lines = svg
        .lines()
        .filter_map(|line| line.strip_prefix("<text ")?.split_once('>'));
    lines
        .map(|(_, body)| {
            let mut plain = String::new();
            let mut tag = false;
            for letter in body.chars() {
                match letter {
                    '<' => {
                        tag = true;
                        plain.push(' ');
                    }
                    '>' => tag = false,
                    _ if !tag => plain.push(letter),
                    _ => {}
                }
            }
            plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        })
        .collect()
}

/// A line without what differs from run to run: numbers and what stands beside them, ids, bars and spark lines.
pub fn lasting(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let bare = word.trim_matches(|letter: char| letter.is_ascii_punctuation());
        let id = bare.len() == 8 && bare.chars().all(|letter| letter.is_ascii_hexdigit());
        let drawn = word.chars().all(|letter| ('\u{2500}'..='\u{259f}').contains(&letter));
        let unit = ["ms", "s", "KiB", "MiB", "GiB", "B", "now", "ago", "in"].contains(&bare);
        let named = CALENDAR.split(' ').any(|name| name == bare);
        if id || drawn || unit || named || bare.contains(|letter: char| letter.is_ascii_digit()) {
            "…"
        } else {
            word
        }
    });
    let mut words: Vec<&str> = words.collect();
    words.dedup();
    words.join(" ").replace("… …", "…")
}
