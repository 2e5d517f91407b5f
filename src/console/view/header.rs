//! The header: where one is, whether the engine is alive, what is next, what is wrong. Half a number is another number, so each
//! part is there whole or not at all; with little room the less urgent ones leave.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::console::model::Model;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::domain::adapter::Health;
use crate::domain::units;
use crate::ops::status::{Overview, State};

/// What the line begins with.
const NAME: &str = " backstay";

/// Cells between what stands on the left and on the right.
const GAP: usize = 2;

/// A part with the gap beside it.
type Part = Vec<Span<'static>>;

/// Cells that nothing has taken yet.
struct Room(usize);

impl Room {
    /// The part if there is room for all of it, else nothing.
    fn take(&mut self, part: Part) -> Part {
        match self.0.checked_sub(width(&part)) {
            Some(rest) => {
                self.0 = rest;
                part
            }
            None => Part::new(),
        }
    }
}

pub(super) fn draw(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    let mut room = Room(usize::from(area.width).saturating_sub(NAME.len() + GAP));
    let (mut engine, mut next, mut alarms) = (Part::new(), Part::new(), Part::new());
    if let Some(status) = &model.status {
        engine = room.take(engine_part(status, ui));
    }
    if model.start.read_only {
        alarms.extend(room.take(vec![ui.span(Role::Warn, "read-only"), Span::raw("   ")]));
    }
    for alarm in model.status.iter().flat_map(|status| alarm_parts(status, ui)) {
        alarms.extend(room.take(alarm));
    }
    let clock = room.take(vec![ui.span(Role::Muted, ui.clock()), Span::raw(" ")]);
    // Without an engine that takes work nothing fires.
    let takes_work = |status: &&Overview| status.engine.running && status.engine.stopping_until().is_none();
    let followed = model.status.as_ref().filter(takes_work);
    let fire = followed.and_then(next_fire).map(|(job, at)| {
        let until = ui.until(at);
        [
            next_part(ui, until.clone()),
            next_part(ui, format!("{} {until}", ui.fit(job, 20))),
        ]
    });
    if let Some([short, _]) = &fire {
        next = room.take(short.clone());
    }
    let host = room.take(vec![
        Span::raw("  "),
        ui.span(Role::Muted, ui.fit(&model.start.host, 24)),
    ]);
    if let Some([_, long]) = fire.filter(|[_, long]| width(long) <= room.0 + width(&next)) {
        next = long;
    }
    let name = vec![ui.span(Role::Header, NAME)];
    let left = [name, host, engine, next].concat();
    let right = Line::from([alarms, clock].concat());
    let wanted = u16::try_from(right.width()).unwrap_or(area.width).min(area.width);
    let right_area = Rect {
        x: area.right() - wanted,
        width: wanted,
        ..area
    };
    frame.render_widget(Line::from(left), area);
    frame.render_widget(right, right_area);
}

fn width(part: &Part) -> usize {
    part.iter().map(Span::width).sum()
}

fn engine_part(status: &Overview, ui: &Ui<'_>) -> Part {
    let engine = &status.engine;
    let (sign, role, text_role, text) = match &engine.engine {
        Some(_) if engine.stopping_until().is_some() => (
            ui.glyphs.warn,
            Role::Warn,
            Role::Warn,
            format!(" engine stopping, {}", units::count(engine.runs_running, "run")),
        ),
        Some(process) if engine.running => (
            ui.glyphs.good,
            Role::Good,
            Role::Text,
            format!(" engine up {}", ui.age(process.started_at)),
        ),
        _ if engine.running => (ui.glyphs.good, Role::Good, Role::Text, " engine up".to_owned()),
        _ => (ui.glyphs.bad, Role::Bad, Role::Bad, " no engine".to_owned()),
    };
    vec![Span::raw("  "), ui.span(role, sign), ui.span(text_role, text)]
}

/// The job that fires next, and when.
fn next_fire(status: &Overview) -> Option<(&str, crate::domain::time::Timestamp)> {
    let fires = status.jobs.iter();
    let (at, job) = fires.filter_map(|job| Some((job.next_fire?, &job.job))).min()?;
    Some((job, at))
}

fn next_part(ui: &Ui<'_>, text: String) -> Part {
    vec![
        Span::raw("   "),
        ui.span(Role::Muted, "next "),
        ui.span(Role::Text, text),
    ]
}

/// What is wrong, the worst first.
fn alarm_parts(status: &Overview, ui: &Ui<'_>) -> Vec<Part> {
    let jobs = |wanted: State| status.jobs.iter().filter(|job| job.state == wanted).count();
    let adapters = |wanted: Health| status.unwell.iter().filter(|adapter| adapter.health == wanted).count();
    // First, since it keeps everything else from being done and from being known.
    let home = status
        .home
        .iter()
        .map(|_| vec![ui.span(Role::Bad, format!("{} disk", ui.glyphs.bad)), Span::raw("   ")]);
    let counted = [
        (jobs(State::Failed), ui.glyphs.bad, Role::Bad, "failed"),
        (jobs(State::Late), ui.glyphs.warn, Role::Warn, "late"),
        (jobs(State::Partial), ui.glyphs.warn, Role::Warn, "partial"),
        (status.damaged.len(), ui.glyphs.warn, Role::Warn, "damaged"),
        (status.ahead.len(), ui.glyphs.warn, Role::Warn, "ahead"),
        (adapters(Health::Offline), ui.glyphs.warn, Role::Warn, "offline"),
        (adapters(Health::Degraded), ui.glyphs.warn, Role::Warn, "degraded"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, sign, role, word)| vec![ui.span(role, format!("{sign} {number} {word}")), Span::raw("   ")]);
    home.chain(counted).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::console::keymap::Keymap;
    use crate::console::model::Start;
    use crate::console::theme::{Theme, UNICODE};
    use crate::domain::time::Timestamp;
    use crate::ops::engine_process::EngineStatus;
    use crate::ops::status::{JobStatus, Unwell};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn job(name: &str, state: State) -> JobStatus {
        JobStatus {
            job: name.to_owned(),
            state,
            reason: None,
            last_run: None,
            last_good: None,
            lost: None,
            proven: None,
            last_restore_ms: None,
            next_fire: Some(at("2026-03-10T17:00:00Z")),
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
            glyphs: &UNICODE,
            keymap: Keymap::default(),
            size: (120, 40),
            now: at("2026-03-10T14:46:02Z"),
        });
        let unwell = Unwell {
            adapter: "nas".to_owned(),
            health: Health::Degraded,
            error: None,
        };
        model.status = Some(Overview {
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
        });
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
            "backstay|prod-db-01|● engine up 12d|next in 2h 13m|✖ 2 failed|▲ 1 late|▲ 1 degraded|15:46 CET"
        );
        assert_eq!(
            words(&model, 100),
            "backstay|● engine up 12d|next in 2h 13m|✖ 2 failed|▲ 1 late|▲ 1 degraded|15:46 CET"
        );
        assert_eq!(
            words(&model, 80),
            "backstay|● engine up 12d|✖ 2 failed|▲ 1 late|▲ 1 degraded|15:46 CET"
        );
        assert_eq!(words(&model, 60), "backstay|● engine up 12d|✖ 2 failed|▲ 1 late");
        model.start.read_only = true;
        assert_eq!(words(&model, 60), "backstay|● engine up 12d|read-only|✖ 2 failed");
    }

    #[test]
    fn an_engine_that_is_stopping_fires_nothing_more() {
        let mut model = model();
        let engine = &mut model.status.as_mut().unwrap().engine;
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
                let short = part == "next in 2h 13m";
                assert!(short || whole.contains(part), "{columns}: '{part}'");
            }
            assert!(
                line.contains("● engine up 12d  ") && line.contains("✖ 2 failed "),
                "{columns}: {line}"
            );
        }
    }
}
