//! The header: where one is, whether the engine is alive, what is next, what is wrong. Half a number is another number, so each
//! part is there whole or not at all. With little room the parts get shorter first, so that each of the questions is still
//! answered, and only then the less urgent ones leave.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::model::Model;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::domain::adapter::Health;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::ops::status::{Next, Overview, State};

/// What the line begins with.
const NAME: &str = " backstay";

/// Cells between what stands on the left and on the right.
const GAP: usize = 2;

/// The gap before what is next, and after what is wrong.
const WIDE_GAP: &str = "   ";

/// A part with the gap beside it.
type Part = Vec<Span<'static>>;

/// All there is to be said, the parts that can be said shorter in both ways.
#[derive(Default)]
struct Said {
    engine: [Part; 2],
    read_only: Part,
    /// What is bad, the worst first.
    bad: Vec<Part>,
    /// Kind by kind, and in one number.
    warnings: [Part; 2],
    /// The job with its time, and the time alone.
    next: [Part; 2],
    clock: Part,
    host: Part,
}

/// What of it is on the line.
struct Laid {
    left: Part,
    right: Part,
}

/// Cells that nothing has taken yet.
struct Room(usize);

impl Room {
    /// The part if there is room for all of it, else nothing.
    fn take(&mut self, part: Part) -> Part {
        self.instead(Part::new(), part)
    }

    /// The longer part in the place of the shorter one, which has its room already, if there is room for all of it.
    fn instead(&mut self, short: Part, long: Part) -> Part {
        match (self.0 + width(&short)).checked_sub(width(&long)) {
            Some(rest) => {
                self.0 = rest;
                long
            }
            None => short,
        }
    }
}

impl Said {
    /// What there is room for in so many cells. First every question gets its short answer, the bad before the rest; then
    /// the answers get longer, the one that says most first.
    fn laid_out(self, cells: usize) -> Laid {
        let mut room = Room(cells.saturating_sub(NAME.len() + GAP));
        let ([engine, engine_short], [warnings, warnings_short], [next, next_short]) =
            (self.engine, self.warnings, self.next);
        let engine_short = room.take(engine_short);
        let read_only = room.take(self.read_only);
        let bad: Vec<Part> = self.bad.into_iter().map(|part| room.take(part)).collect();
        let warnings_short = room.take(warnings_short);
        let next_short = room.take(next_short);
        let next = room.instead(next_short, next);
        let warnings = room.instead(warnings_short, warnings);
        let engine = room.instead(engine_short, engine);
        let clock = room.take(self.clock);
        let host = room.take(self.host);
        Laid {
            left: [host, engine, next].concat(),
            right: [read_only, bad.concat(), warnings, clock].concat(),
        }
    }
}

pub(super) fn draw(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    let mut laid = said(model, ui).laid_out(usize::from(area.width));
    laid.left.insert(0, ui.span(Role::Header, NAME));
    let right = Line::from(laid.right);
    let wanted = u16::try_from(right.width()).unwrap_or(area.width).min(area.width);
    let right_area = Rect {
        x: area.right() - wanted,
        width: wanted,
        ..area
    };
    frame.render_widget(Line::from(laid.left), area);
    frame.render_widget(right, right_area);
}

/// All there is to be said now.
fn said(model: &Model, ui: &Ui<'_>) -> Said {
    let mut said = Said {
        clock: vec![ui.span(Role::Muted, ui.clock()), Span::raw(" ")],
        host: vec![Span::raw("  "), ui.span(Role::Muted, ui.fit(&model.start.host, 24))],
        ..Said::default()
    };
    if model.start.read_only {
        said.read_only = alarm(ui, Role::Warn, "read-only".to_owned());
    }
    let Some(status) = &model.status else { return said };
    said.engine = engine_parts(status, ui);
    said.bad = bad_parts(status, ui);
    said.warnings = warning_parts(status, ui);
    if let Some((at, what, job)) = next(status) {
        let until = ui.until(at);
        said.next = [format!("{what}{} {until}", ui.fit(job, 20)), until].map(|text| next_part(ui, text));
    }
    said
}

fn width(part: &Part) -> usize {
    part.iter().map(Span::width).sum()
}

/// How the engine is, with and without since when.
fn engine_parts(status: &Overview, ui: &Ui<'_>) -> [Part; 2] {
    let engine = &status.engine;
    let (sign, role, text_role, text, since) = match &engine.engine {
        Some(_) if engine.stopping_until().is_some() => (
            ui.glyphs.warn,
            Role::Warn,
            Role::Warn,
            format!(" engine stopping, {}", units::count(engine.runs_running, "run")),
            None,
        ),
        Some(process) if engine.running => (
            ui.glyphs.good,
            Role::Good,
            Role::Text,
            " engine up".to_owned(),
            Some(process.started_at),
        ),
        _ if engine.running => (ui.glyphs.good, Role::Good, Role::Text, " engine up".to_owned(), None),
        _ => (ui.glyphs.bad, Role::Bad, Role::Bad, " no engine".to_owned(), None),
    };
    let long = since.map_or_else(|| text.clone(), |since| format!("{text} {}", ui.age(since)));
    [long, text].map(|text| vec![Span::raw("  "), ui.span(role, sign), ui.span(text_role, text)])
}

/// What comes next by itself, when, and of which job.
fn next(status: &Overview) -> Option<(Timestamp, &'static str, &str)> {
    let all = status.jobs.iter().filter_map(|job| match status.next(job) {
        Next::Fires(at) => Some((at, "", job.job.as_str())),
        Next::Retries(at) => Some((at, "retry of ", job.job.as_str())),
        _ => None,
    });
    all.min()
}

fn next_part(ui: &Ui<'_>, text: String) -> Part {
    vec![
        Span::raw(WIDE_GAP),
        ui.span(Role::Muted, "next "),
        ui.span(Role::Text, text),
    ]
}

fn alarm(ui: &Ui<'_>, role: Role, text: String) -> Part {
    vec![ui.span(role, text), Span::raw(WIDE_GAP)]
}

/// What is bad, the worst first: the disk keeps everything else from being done and from being known.
fn bad_parts(status: &Overview, ui: &Ui<'_>) -> Vec<Part> {
    let bad = ui.glyphs.bad;
    let disk = status.home.iter().map(|_| format!("{bad} disk"));
    let counted = [(State::Failed, "failed"), (State::OutOfReach, "out of reach")].map(|(state, word)| {
        let number = Some(jobs(status, state)).filter(|number| *number > 0);
        number.map(|number| format!("{bad} {number} {word}"))
    });
    disk.chain(counted.into_iter().flatten())
        .map(|text| alarm(ui, Role::Bad, text))
        .collect()
}

/// What is not well, kind by kind, and in one number where there is more than one kind.
fn warning_parts(status: &Overview, ui: &Ui<'_>) -> [Part; 2] {
    let adapters = |wanted: Health| status.unwell.iter().filter(|adapter| adapter.health == wanted).count();
    let kinds: Vec<(usize, &str)> = [
        (jobs(status, State::Late), "late"),
        (jobs(status, State::Partial), "partial"),
        (status.damaged.len(), "damaged"),
        (status.ahead.len(), "ahead"),
        (adapters(Health::Offline), "offline"),
        (adapters(Health::Degraded), "degraded"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .collect();
    let said = |number: usize, word: &str| alarm(ui, Role::Warn, format!("{} {number} {word}", ui.glyphs.warn));
    let each = kinds
        .iter()
        .flat_map(|(number, word)| said(*number, word))
        .collect::<Part>();
    let together = match kinds.as_slice() {
        [] | [_] => each.clone(),
        several => said(several.iter().map(|(number, _)| number).sum(), "warnings"),
    };
    [each, together]
}

fn jobs(status: &Overview, wanted: State) -> usize {
    status.jobs.iter().filter(|job| job.state == wanted).count()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use unicode_width::UnicodeWidthStr;

    use std::sync::Arc;

    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::model::Start;
    use crate::console::theme::{Theme, UNICODE};
    use crate::ops::engine_process::EngineStatus;
    use crate::ops::status::{Following, JobStatus, Unwell};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn job(name: &str, state: State) -> JobStatus {
        JobStatus {
            out_of_reach: None,
            job: name.to_owned(),
            state,
            reason: None,
            last_run: None,
            last_good: None,
            lost: None,
            proven: None,
            last_restore_ms: None,
            last_restore_bytes: None,
            following: Following::Followed,
            restore_failed: None,
            next_fire: Some(at("2026-03-10T17:00:00Z")),
            retry_at: None,
            late_since: None,
            paused_until: None,
        }
    }

    fn model() -> Model {
        let engine = r#"{"pid": 42, "started_at": "2026-02-26T14:46:02Z", "version": "0.1.0"}"#;
        let mut model = Model::new(Start {
            host: "prod-db-01".to_owned(),
            zone: "Europe/Zurich".parse().unwrap(),
            read_only: false,
            themes: vec![Theme::dark()],
            program: "backstay".to_owned(),
            glyphs: &UNICODE,
            keymap: Keymap::default(),
            size: (120, 40),
            now: at("2026-03-10T14:46:02Z"),
        });
        let unwell = Unwell {
            adapter: "nas".to_owned(),
            health: Health::Degraded,
            since: None,
            error: None,
            next: String::new(),
        };
        model.status = Some(Arc::new(Overview {
            exit_code: 1,
            engine: EngineStatus {
                running: true,
                engine: serde_json::from_str(engine).unwrap(),
                runs_running: 0,
                runs_pending: 0,
            },
            engine_missing: false,
            home: None,
            jobs: vec![
                job("nightly-pg", State::Failed),
                job("shop", State::Failed),
                job("old", State::Late),
            ],
            open: Vec::new(),
            damaged: Vec::new(),
            ahead: Vec::new(),
            unwell: vec![unwell],
            sources_without_job: Vec::new(),
            jobless: None,
            places: 2,
        }));
        model
    }

    fn header(model: &Model, columns: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, 15)).unwrap();
        terminal
            .draw(|frame| {
                crate::console::view::view(model, frame);
            })
            .unwrap();
        let row = terminal.backend().buffer().content().iter().take(usize::from(columns));
        row.map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn with_room_there_is_everything_and_with_less_the_less_urgent_leaves() {
        let mut model = model();
        let words = |model: &Model, columns| {
            let line = header(model, columns);
            line.split("  ")
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(
            words(&model, 120),
            "backstay|prod-db-01|● engine up 12d|next nightly-pg in 2h 13m|✖ 2 failed|▲ 1 late|▲ 1 degraded|15:46 CET"
        );
        assert_eq!(
            words(&model, 110),
            "backstay|● engine up 12d|next nightly-pg in 2h 13m|✖ 2 failed|▲ 1 late|▲ 1 degraded|15:46 CET"
        );
        assert_eq!(
            words(&model, 100),
            "backstay|● engine up 12d|next nightly-pg in 2h 13m|✖ 2 failed|▲ 1 late|▲ 1 degraded"
        );
        assert_eq!(
            words(&model, 80),
            "backstay|● engine up|next nightly-pg in 2h 13m|✖ 2 failed|▲ 2 warnings"
        );
        assert_eq!(words(&model, 60), "backstay|● engine up 12d|✖ 2 failed|▲ 2 warnings");
        model.start.read_only = true;
        assert_eq!(words(&model, 60), "backstay|● engine up 12d|read-only|✖ 2 failed");
    }

    /// What is laid out in so many cells, with everything wrong that can be.
    fn laid(cells: usize) -> (String, String) {
        let part = |text: &str| vec![Span::raw(text.to_owned())];
        let said = Said {
            engine: ["  ● engine up 12d", "  ● engine up"].map(part),
            read_only: Part::new(),
            bad: vec![part("✖ 2 failed   ")],
            warnings: [
                "▲ 1 late   ▲ 1 partial   ▲ 2 damaged   ▲ 1 offline   ",
                "▲ 5 warnings   ",
            ]
            .map(part),
            next: ["   next nightly-pg in 2h 13m", "   next in 2h 13m"].map(part),
            clock: part("15:46 CET "),
            host: part("  prod-db-01"),
        };
        let Laid { left, right } = said.laid_out(cells);
        let text = |part: Part| part.into_iter().map(|span| span.content.into_owned()).collect();
        (text(left), text(right))
    }

    #[test]
    fn however_much_is_wrong_the_next_job_keeps_its_name() {
        let at_80 = (
            "  ● engine up   next nightly-pg in 2h 13m",
            "✖ 2 failed   ▲ 5 warnings   ",
        );
        assert_eq!(laid(80), (at_80.0.to_owned(), at_80.1.to_owned()));
        let at_120 = (
            "  ● engine up   next nightly-pg in 2h 13m",
            "✖ 2 failed   ▲ 1 late   ▲ 1 partial   ▲ 2 damaged   ▲ 1 offline   ",
        );
        assert_eq!(laid(120), (at_120.0.to_owned(), at_120.1.to_owned()));
        for cells in 60..200 {
            let (left, right) = laid(cells);
            assert!(NAME.len() + left.width() + GAP + right.width() <= cells, "{cells}");
            assert!(left.contains("engine up") && right.contains("failed"), "{cells}");
            assert!(left.contains("nightly-pg") || cells < 80, "{cells}");
        }
    }

    #[test]
    fn a_retry_is_next_where_it_comes_before_every_fire() {
        let shown = |retry_at: &str| {
            let mut model = model();
            let job = &mut Arc::get_mut(model.status.as_mut().unwrap()).unwrap().jobs[1];
            job.retry_at = Some(at(retry_at));
            header(&model, 120)
        };
        let line = shown("2026-03-10T14:50:30Z");
        assert!(line.contains("   next retry of shop in 4m   "), "{line}");
        let line = shown("2026-03-10T17:00:30Z");
        assert!(line.contains("   next nightly-pg in 2h 13m   "), "{line}");
    }

    #[test]
    fn an_engine_that_is_stopping_fires_nothing_more() {
        let mut model = model();
        let engine = &mut Arc::get_mut(model.status.as_mut().unwrap()).unwrap().engine;
        engine.engine.as_mut().unwrap().stopping_until = Some(at("2026-03-10T14:46:32Z"));
        engine.runs_running = 1;
        let line = header(&model, 120);
        assert!(line.contains("▲ engine stopping, 1 run  "), "{line}");
        assert!(!line.contains("next"), "{line}");
    }

    #[test]
    fn no_part_is_ever_cut() {
        let model = model();
        let whole = header(&model, 200);
        for columns in 60..200 {
            let line = header(&model, columns);
            for part in line.split("  ").map(str::trim).filter(|part| !part.is_empty()) {
                let short = matches!(part, "next in 2h 13m" | "▲ 2 warnings");
                assert!(short || whole.contains(part), "{columns}: '{part}'");
            }
            assert!(
                line.contains("● engine up") && line.contains("✖ 2 failed "),
                "{columns}: {line}"
            );
        }
    }
}
