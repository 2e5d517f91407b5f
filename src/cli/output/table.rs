//! Tables that fit the terminal. Where there is no room for all columns, the least important ones leave; what stays is never
//! broken inside a word or a number: ids, times and sizes are whole, sentences go on in the next line.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

/// Between two columns.
const GAP: usize = 2;

/// Sentences are not squeezed below this while a column can leave instead.
const READABLE: usize = 30;

/// Nothing is squeezed below this: a terminal that narrow may break lines itself.
const LEAST: usize = 8;

/// One column: its title, and what becomes of it where there is little room.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    /// 0 stays always; of the others the lowest is kept first.
    rank: u8,
    wraps: bool,
}

/// A column that is always shown, and whole.
pub const fn column(title: &'static str) -> Column {
    Column {
        title,
        rank: 0,
        wraps: false,
    }
}

impl Column {
    /// It may leave: the highest rank first, unless it is so narrow that it fits where a more important one does not. It leaves
    /// as well when there is nothing in it.
    pub const fn leaves(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// It holds sentences or lists, which may go on in further lines.
    pub const fn wraps(self) -> Self {
        Self { wraps: true, ..self }
    }
}

/// A column with its cells, and how wide it will be.
struct Strip {
    column: Column,
    cells: Vec<String>,
    natural: usize,
    width: usize,
    stays: bool,
}

impl Strip {
    fn new(column: Column, cells: Vec<String>) -> Self {
        let natural = cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
        let natural = natural.max(width(column.title));
        Self {
            column,
            cells,
            natural,
            width: natural,
            stays: true,
        }
    }

    fn least(&self) -> usize {
        if self.column.wraps {
            self.natural.min(READABLE)
        } else {
            self.natural
        }
    }

    fn is_empty(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

/// The lines of a table: at most `limit` columns of the terminal wide where that can be had, as wide as needed without one.
pub fn lines<const N: usize>(
    columns: [Column; N],
    rows: impl IntoIterator<Item = [String; N]>,
    limit: Option<usize>,
) -> Vec<String> {
    let mut cells: [Vec<String>; N] = std::array::from_fn(|_| Vec::new());
    for row in rows {
        cells.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
    }
    let mut strips: Vec<Strip> = columns
        .into_iter()
        .zip(cells)
        .map(|(column, cells)| Strip::new(column, cells))
        .filter(|strip| strip.column.rank == 0 || !strip.is_empty())
        .collect();
    if let Some(limit) = limit {
        fit(&mut strips, limit);
    }
    drawn(strips)
}

/// Keeps the columns there is room for, the most important ones first, and shares what is left among those that wrap.
fn fit(strips: &mut Vec<Strip>, limit: usize) {
    let mut ranks: Vec<u8> = strips.iter().map(|strip| strip.column.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut taken = 0;
    for rank in ranks {
        for strip in strips.iter_mut().filter(|strip| strip.column.rank == rank) {
            strip.stays = rank == 0 || taken + strip.least() <= limit;
            taken += if strip.stays { strip.least() + GAP } else { 0 };
        }
    }
    strips.retain(|strip| strip.stays);

    let gaps = GAP * strips.len().saturating_sub(1);
    let whole = strips.iter().filter(|strip| !strip.column.wraps);
    let mut room = limit.saturating_sub(whole.map(|strip| strip.natural).sum::<usize>() + gaps);
    let mut wrapping: Vec<&mut Strip> = strips.iter_mut().filter(|strip| strip.column.wraps).collect();
    // The narrow ones first: what they do not need is for the others.
    wrapping.sort_by_key(|strip| strip.natural);
    let mut left = wrapping.len();
    for strip in wrapping {
        strip.width = strip.natural.min((room / left).max(LEAST));
        room = room.saturating_sub(strip.width);
        left -= 1;
    }
}

fn drawn(strips: Vec<Strip>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(strips.iter().map(|strip| strip.column.title.to_uppercase()));
    let height = strips.first().map_or(0, |strip| strip.cells.len());
    let mut cells: Vec<_> = strips
        .into_iter()
        .map(|strip| {
            let width = strip.width;
            strip
                .cells
                .into_iter()
                .map(move |cell| wrapped(&cell, width).join("\n"))
        })
        .collect();
    for _ in 0..height {
        table.add_row(cells.iter_mut().filter_map(Iterator::next));
    }
    let gap = u16::try_from(GAP).unwrap_or(1);
    for column in table.column_iter_mut() {
        column.set_padding((0, gap));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The text in lines of at most `limit` columns, broken between words, not between a number and its unit, and not inside a
/// command in backticks that fits into a line. A word that is longer goes on behind a `/` or a comma of its own; without one
/// it sticks out.
pub fn wrapped(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text, limit) {
        if !line.is_empty() && width(&line) + 1 + width(&word) > limit {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for part in word.split_inclusive(['/', ',']) {
            if !line.is_empty() && width(&line) + width(part) > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(part);
        }
    }
    lines.push(line);
    lines
}

/// What a text may not be broken inside of.
fn words(text: &str, limit: usize) -> Vec<String> {
    let split: Vec<&str> = text.split(' ').collect();
    let mut words = Vec::new();
    let mut rest = split.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let joined = after.get(..held(first, after)).unwrap_or_default();
        let word = std::iter::once(first)
            .chain(joined)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        if width(&word) <= limit {
            words.push(word);
            rest = after.get(joined.len()..).unwrap_or_default();
        } else {
            words.push((*first).to_owned());
            rest = after;
        }
    }
    words
}

/// How many of the words that follow belong to this one: up to the closing backtick, or what a number counts.
fn held(word: &str, after: &[&str]) -> usize {
    let turns = |word: &str| word.matches('`').count() % 2 == 1;
    let is_number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    match after.iter().position(|word| turns(word)) {
        Some(closing) if turns(word) => closing + 1,
        _ => usize::from(is_number && !after.is_empty()),
    }
}

/// The text cut to `limit` columns, between words where it has several, and said to be cut.
pub fn cut(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(1);
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept) > room {
            kept.pop();
            break;
        }
    }
    let next = text.chars().nth(kept.chars().count());
    // A word that would be cut goes as a whole, unless it is all there is.
    if next.is_some_and(|c| c != ' ')
        && let Some((words, _)) = kept.trim_start().rsplit_once(' ')
    {
        let indent = kept.len() - kept.trim_start().len();
        kept.truncate(indent + words.len());
    }
    format!("{}…", kept.trim_end())
}

/// Columns of a terminal that the text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut ruler = Table::new();
    ruler.add_row([text]);
    ruler
        .column_max_content_widths()
        .first()
        .map_or(0, |width| usize::from(*width))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: [Column; 5] = [
        column("run"),
        column("job"),
        column("size").leaves(2),
        column("took").leaves(1),
        column("why").wraps(),
    ];

    const WHY: &str = "cannot write there: no space left on device";

    fn run() -> [String; 5] {
        ["0123abcd", "nightly", "1023.9 MiB", "12m 03s", WHY].map(str::to_owned)
    }

    #[test]
    fn columns_leave_by_rank_and_nothing_is_broken_inside_a_word() {
        let shown = |limit| lines(RUNS, [run()], limit);
        let heads = |limit| shown(limit).first().cloned().unwrap_or_default();
        assert!(heads(None).contains("SIZE") && shown(None).len() == 2);
        assert!(heads(Some(80)).contains("SIZE"));
        assert!(!heads(Some(60)).contains("SIZE") && heads(Some(60)).contains("TOOK"));
        assert!(!heads(Some(50)).contains("TOOK"));
        for limit in 30..120 {
            let all = shown(Some(limit));
            let words = ["0123abcd", "nightly"].into_iter().chain(WHY.split(' '));
            let text = all.join("\n");
            assert!(words.into_iter().all(|word| text.contains(word)), "{limit}:\n{text}");
            assert!(
                limit < 51 || all.iter().all(|line| width(line) <= limit),
                "{limit}:\n{text}"
            );
        }
    }

    #[test]
    fn a_column_that_may_leave_does_when_it_is_empty() {
        let rows = [["a".to_owned(), String::new()]];
        assert_eq!(
            lines([column("name"), column("error").leaves(1)], rows, None),
            ["NAME", "a"]
        );
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("日本"), 4);
        let rows = [
            ["日本".to_owned(), "x".to_owned()],
            ["abcde".to_owned(), "y".to_owned()],
        ];
        let shown = lines([column("job"), column("to")], rows, None);
        assert_eq!(shown, ["JOB    TO", "日本   x", "abcde  y"]);
    }

    #[test]
    fn what_fits_stays_where_something_more_important_does_not() {
        let columns = [column("id"), column("what").leaves(1), column("size").leaves(2)];
        let rows = [["0123".to_owned(), "x".repeat(30), "7 B".to_owned()]];
        assert_eq!(lines(columns, rows, Some(20)), ["ID    SIZE", "0123  7 B"]);
    }

    #[test]
    fn long_paths_go_on_behind_a_slash_and_numbers_keep_their_unit() {
        assert_eq!(wrapped("it is 193.7 KiB", 11), ["it is", "193.7 KiB"]);
        assert_eq!(
            wrapped("at /srv/backups/nightly now", 13),
            ["at", "/srv/backups/", "nightly now"]
        );
        assert_eq!(wrapped("0123456789", 4), ["0123456789"]);
    }

    #[test]
    fn a_command_stays_in_one_line_where_it_fits() {
        let text = "all is well, or `backstay run nightly` does it";
        assert_eq!(
            wrapped(text, 25),
            ["all is well, or", "`backstay run nightly`", "does it"]
        );
        assert_eq!(
            wrapped("or `backstay run nightly`", 15),
            ["or `backstay", "run nightly`"]
        );
    }

    #[test]
    fn a_text_is_cut_between_words() {
        assert_eq!(cut("nightly: no space left", 15), "nightly: no…");
        assert_eq!(cut("nightly: no space left", 12), "nightly: no…");
        assert_eq!(cut("nightly-of-the-shop", 8), "nightly…");
        assert_eq!(cut("  nightly: it failed", 12), "  nightly:…");
        assert_eq!(cut("short", 5), "short");
    }
}
