//! A run in a few words, as it is named where its row in the list is not: its job, its id, and how it stands.

use unicode_width::UnicodeWidthStr;

use super::Runs;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::domain::execution::{Execution, ExecutionType, Status};
use crate::domain::time::Timestamp;

/// What is said of it.
#[derive(Clone, Debug)]
pub struct Brief {
    job: String,
    id: String,
    kind: ExecutionType,
    status: Status,
    /// It says that it runs, and there is no engine to run it.
    is_left: bool,
    word: String,
    /// When it began, or was given up without.
    at: Option<Timestamp>,
    not_before: Timestamp,
}

impl Runs {
    /// A run in a few words.
    pub fn brief(&self, run: &Execution) -> Brief {
        Brief {
            job: run.job_name.clone(),
            id: run.id.short(),
            kind: run.kind,
            status: run.status,
            is_left: self.is_left(run),
            word: self.word(run),
            at: run.started_at.or(run.ended_at),
            not_before: run.not_before,
        }
    }
}

impl Brief {
    /// Its job and its id, for a search.
    pub fn name(&self) -> String {
        format!("{} {}", self.job, self.id)
    }

    /// Its status and its type, for a search.
    pub fn about(&self) -> String {
        format!("{} {}", self.word, self.kind)
    }

    /// Its name in `width` cells. Of two runs only the id tells which is which, so it is the job's name that is cut.
    pub fn name_in(&self, ui: &Ui<'_>, width: usize) -> String {
        let room = width.saturating_sub(self.id.width() + 1);
        format!("{} {}", ui.fit(&self.job, room), self.id)
    }

    /// How it stands and since when in `width` cells, and of which type it is where there is room for that.
    pub fn stands_in(&self, ui: &Ui<'_>, width: usize) -> (Role, String) {
        let (sign, role) = if self.is_left {
            (ui.glyphs.warn, Role::Warn)
        } else {
            ui.status(self.status)
        };
        let when = match self.at {
            Some(at) => format!(" {}", ui.ago(at)),
            None if self.status == Status::Pending && self.not_before > ui.now => {
                format!(" {}", ui.until(self.not_before))
            }
            None => String::new(),
        };
        let text = format!("{sign} {}{when}", self.word);
        let whole = format!("{text}, {}", self.kind);
        (role, if whole.width() <= width { whole } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::theme::{Theme, UNICODE};

    #[test]
    fn with_little_room_the_id_and_how_it_stands_are_what_stays() {
        let (theme, keymap) = (Theme::dark(), Keymap::default());
        let now = Timestamp::parse("2026-03-10T14:46:02Z").unwrap();
        let ui = Ui::new(&theme, &UNICODE, now, chrono_tz::UTC, &keymap);
        let run = Brief {
            job: "orders-of-the-shop".to_owned(),
            id: "01234567".to_owned(),
            kind: ExecutionType::Backup,
            status: Status::Success,
            is_left: false,
            word: "success".to_owned(),
            at: Some(Timestamp::parse("2026-03-10T03:46:02Z").unwrap()),
            not_before: now,
        };
        assert_eq!(run.name_in(&ui, 27), "orders-of-the-shop 01234567");
        assert_eq!(run.name_in(&ui, 20), "orders-of-… 01234567");
        assert_eq!(
            run.stands_in(&ui, 25),
            (Role::Good, "● success 11h ago, backup".to_owned())
        );
        assert_eq!(run.stands_in(&ui, 24), (Role::Good, "● success 11h ago".to_owned()));
    }
}
