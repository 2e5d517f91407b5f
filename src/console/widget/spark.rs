//! A row of figures as a row of signs, each as high as its figure: the shape of a series at a glance.

use crate::console::ui::Ui;

/// The last `width` figures, each a sign between the least and the greatest of them; a series that does not change is flat and
/// low. Missing figures are blank.
pub fn spark(ui: &Ui<'_>, figures: &[Option<u64>], width: usize) -> String {
    let shown = figures.get(figures.len().saturating_sub(width)..).unwrap_or_default();
    let known = || shown.iter().flatten().copied();
    let (least, greatest) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let steps = ui.glyphs.spark.len() as u64;
    shown
        .iter()
        .map(|figure| {
            let Some(figure) = figure else { return " " };
            let span = u128::from(greatest - least).max(1);
            let step = u128::from(figure - least) * u128::from(steps - 1) / span;
            let step = usize::try_from(step).unwrap_or(0);
            ui.glyphs.spark.get(step).copied().unwrap_or(" ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;

    #[test]
    fn the_least_is_low_the_greatest_high_and_the_missing_blank() {
        let (theme, keymap) = (Theme::built_in().remove(0), Keymap::default());
        let ui = Ui::new(&theme, &UNICODE, Timestamp::from_millis(0), chrono_tz::UTC, &keymap);
        let figures = [Some(9), Some(0), None, Some(u64::MAX / 2), Some(u64::MAX)];
        assert_eq!(spark(&ui, &figures, 4), "▁ ▄█");
        assert_eq!(spark(&ui, &[Some(5), Some(5)], 9), "▁▁");
        assert_eq!(spark(&ui, &[], 9), "");
    }
}
