//! A bar that shows how much of something is done, to an eighth of a cell.

use ratatui::text::{Line, Span};

use crate::console::theme::Role;
use crate::console::ui::Ui;

/// `done` of `total` as a bar `width` cells wide. More than all is all.
pub fn bar(ui: &Ui<'_>, done: u64, total: u64, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let share = if total == 0 {
        0.0
    } else {
        (done as f64 / total as f64).clamp(0.0, 1.0)
    };
    let eighths = eighths(share, width);
    let (full, part) = (eighths / 8, eighths % 8);
    let sign = |eighth: usize| ui.glyphs.bar.get(eighth).copied().unwrap_or_default();
    let mut filled = sign(7).repeat(full);
    if part > 0 {
        filled.push_str(sign(part - 1));
    }
    let rest = width.saturating_sub(full + usize::from(part > 0));
    Line::from(vec![
        ui.span(Role::Running, filled),
        Span::styled(ui.glyphs.bar_rest.repeat(rest), ui.style(Role::Border)),
    ])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1 of the cells of a screen"
)]
fn eighths(share: f64, width: usize) -> usize {
    (share * (width * 8) as f64).floor() as usize
}

/// `62 %`, never 100 before all is done.
pub fn percent(done: u64, total: u64) -> String {
    let whole = u128::from(done) * 100 / u128::from(total.max(1));
    let shown = if done < total { whole.min(99) } else { 100 };
    format!("{shown} %")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{ASCII, Theme, UNICODE};
    use crate::domain::time::Timestamp;

    proptest! {
        #[test]
        fn it_is_always_as_wide_as_it_should_be(done in 0..3_000_u64, total in 0..2_000_u64, width in 0..60_u16) {
            for glyphs in [&UNICODE, &ASCII] {
                let (theme, keymap) = (Theme::built_in().remove(0), Keymap::default());
                let ui = Ui::new(&theme, glyphs, Timestamp::from_millis(0), chrono_tz::UTC, &keymap);
                prop_assert_eq!(bar(&ui, done, total, width).width(), usize::from(width));
            }
        }
    }

    #[test]
    fn it_says_all_only_when_it_is_all() {
        assert_eq!(percent(999, 1_000), "99 %");
        assert_eq!(percent(1_000, 1_000), "100 %");
        assert_eq!(percent(0, 0), "100 %");
    }
}
