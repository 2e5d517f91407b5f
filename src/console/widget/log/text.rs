//! One line of a log as rows of the screen: where it is broken, and where a text that is looked for stands in it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The stretches of `text` that fill rows of `width` cells, broken after a space where one is near enough. A space behind a word
/// that fills its row ends that row, where it is not seen: no row begins with it.
pub fn rows(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    if text.width() <= width {
        rows.push(0..text.len());
        return rows;
    }
    let mut start = 0;
    // Cells since the start of the row, and after its last space: the byte there and the cells up to it.
    let mut used = 0;
    let mut space = (0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let cells = cluster.width();
        while used + cells > width && at > start {
            let (cut, cells_before) = if space.0 > start && space.1 * 2 >= width {
                space
            } else if cluster == " " && used == width {
                break;
            } else {
                (at, used)
            };
            rows.push(start..cut);
            start = cut;
            used -= cells_before;
        }
        used += cells;
        if cluster == " " {
            space = (at + 1, used);
        }
    }
    rows.push(start..text.len());
    rows
}

/// As much of `text` as a row of `width` cells holds.
pub fn head(text: &str, width: usize) -> Range<usize> {
    let mut used = 0;
    let mut fits = |cluster: &str| {
        used += cluster.width();
        used <= width
    };
    let fitting = text
        .graphemes(true)
        .map_while(|cluster| fits(cluster).then_some(cluster.len()));
    0..fitting.sum()
}

/// How many rows that are.
pub fn count(text: &str, width: usize) -> usize {
    rows(text, width).len()
}

/// Where `wanted`, which is in lower case, stands in `text`, whatever the case there.
pub fn matches(text: &str, wanted: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for (start, _) in text.char_indices() {
        if found.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        if let Some(length) = prefix(rest, wanted) {
            found.push(start..start + length);
        }
    }
    found
}

/// The bytes of `text` that are `wanted` when they are in lower case, if it begins with that.
fn prefix(text: &str, wanted: &str) -> Option<usize> {
    let mut wanted = wanted.chars();
    for (at, letter) in text.char_indices() {
        for lower in letter.to_lowercase() {
            match wanted.next() {
                Some(next) if next == lower => {}
                // A letter whose lower case is longer than what is left of the wanted text.
                None => return Some(at + letter.len_utf8()),
                Some(_) => return None,
            }
        }
        if wanted.as_str().is_empty() {
            return Some(at + letter.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken(text: &str, width: usize) -> Vec<&str> {
        rows(text, width).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_are_broken_after_spaces_and_within_words_that_are_too_long() {
        assert_eq!(broken("reading 4.1 GiB", 20), ["reading 4.1 GiB"]);
        assert_eq!(broken("reading 4.1 GiB of it", 12), ["reading 4.1 ", "GiB of it"]);
        assert_eq!(broken("a 0123456789abcdef", 8), ["a 012345", "6789abcd", "ef"]);
        assert_eq!(broken("", 8), [""]);
        assert_eq!(
            broken("I postgres.dump.zst from nas", 19),
            ["I postgres.dump.zst ", "from nas"]
        );
        assert_eq!(broken("数据库数据库", 5), ["数据", "库数", "据库"]);
    }

    proptest! {
        #[test]
        fn a_row_that_is_not_broken_holds_as_much_as_it_can(text in "[ a-zé数]{0,80}", width in 2..30_usize) {
            let end = head(&text, width).end;
            prop_assert!(text[..end].width() <= width);
            let next = text[end..].chars().next();
            prop_assert!(next.is_none_or(|next| text[..end + next.len_utf8()].width() > width));
        }

        #[test]
        fn rows_hold_all_of_the_text_and_fit(text in "[ a-zé数]{0,80}", width in 2..30_usize) {
            let rows = broken(&text, width);
            prop_assert_eq!(rows.concat(), text.as_str());
            prop_assert!(rows.iter().all(|row| row.strip_suffix(' ').unwrap_or(row).width() <= width));
        }

        #[test]
        fn a_match_is_what_is_wanted_but_for_its_case(text in "[aAbBßÄäİ ]{0,30}", wanted in "[abßä]{1,3}") {
            for found in matches(&text, &wanted) {
                prop_assert!(text[found].to_lowercase().starts_with(&wanted));
            }
        }
    }

    #[test]
    fn every_match_is_found_once() {
        assert_eq!(matches("Error: ERROR eerror", "error"), [0..5, 7..12, 14..19]);
        assert_eq!(matches("aaaa", "aa"), [0..2, 2..4]);
        assert!(matches("abc", "").is_empty());
    }
}
