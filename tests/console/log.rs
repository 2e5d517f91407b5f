//! A run's log: followed, scrolled, searched, saved; never more of it in memory or built for a frame than is needed.

use std::time::Duration;

use backstay::console::message::Message;
use backstay::console::theme::ASCII;
use backstay::domain::execution::{LogLevel, Request, Stage, Status};
use backstay::domain::id::ExecutionId;
use backstay::domain::job::{Hook, When};
use backstay::domain::retention::Policy;

use crate::desk::Desk;
use crate::past::{self, Ran};
use crate::support::engine::{JobPlan, Plant};

/// Lines and bytes that may be in memory.
pub const LINES: usize = 5_000;
pub const BYTES: usize = 2 * 1024 * 1024;

fn snapshot(name: &str, screen: &str) {
    insta::with_settings!({filters => vec![(r"\b[0-9a-f]{8}\b", "0123abcd")]}, {
        insta::assert_snapshot!(name, screen);
    });
}

/// A desk at the log of a run that runs, with an engine.
struct Watched {
    desk: Desk,
    run: ExecutionId,
    _engine: backstay::engine::lock::EngineLock,
}

impl Watched {
    fn new(write: impl Fn(&Plant, ExecutionId)) -> Self {
        let plant = past::plant();
        let run = past::running(&plant);
        write(&plant, run);
        let engine = past::engine(&plant);
        let mut desk = Desk::over(plant).open();
        desk.screen(120, 40);
        desk.keys("3 l").screen(120, 40);
        Self {
            desk,
            run,
            _engine: engine,
        }
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            // As the runtime does: what a key does may depend on what is on the screen.
            self.desk.keys(key).screen(120, 40);
        }
        self
    }

    fn search(&mut self, text: &str) -> &mut Self {
        self.keys("/");
        self.desk.text(text);
        self.keys("enter")
    }

    fn add(&mut self, from: u32, lines: u32) -> &mut Self {
        many(&self.desk.plant, self.run, from, lines);
        self.desk.changed();
        self
    }

    fn screen(&mut self) -> String {
        self.desk.screen(120, 40)
    }

    fn shows(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(text), "no '{text}' in\n{screen}");
        self
    }

    fn shows_not(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "'{text}' in\n{screen}");
        self
    }
}

/// Lines `line 1.`, `line 2.` and so on; every thousandth is an error.
pub fn many(plant: &Plant, run: ExecutionId, from: u32, lines: u32) {
    let script = format!(
        "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {from} + {lines})
         INSERT INTO execution_logs (execution_id, at, level, stage, message)
         SELECT '{run}', 1773153898000 + i, CASE WHEN i % 1000 = 0 THEN 'error' ELSE 'info' END, 'dump', 'line ' || i || '.' FROM n"
    );
    plant.instance.store.write(|db| Ok(db.execute_batch(&script)?)).unwrap();
}

/// Lines of each level, one of them long.
pub fn few(plant: &Plant, run: ExecutionId) {
    past::says(
        plant,
        run,
        &[
            (
                LogLevel::Info,
                Stage::Initialize,
                "sqlite 3.50.4 at shop.db: users, crm, web",
            ),
            (LogLevel::Info, Stage::Initialize, "done in 2 s"),
            (
                LogLevel::Info,
                Stage::Dump,
                "users read, 512.0 MiB, in 41 s, of which compression took 12 s and the slowest destination, nas, kept everybody else waiting for 19 s",
            ),
            (
                LogLevel::Warn,
                Stage::Dump,
                "nas is slow: 3.1 MiB/s over the last minute",
            ),
            (LogLevel::Error, Stage::Dump, "web: database disk image is malformed"),
            (LogLevel::Info, Stage::Dump, "crm is being read"),
        ],
    );
}

#[test]
fn lines_are_shown_with_their_level_in_words_and_wrapped() {
    let mut log = Watched::new(few);
    snapshot("log_styled_80x15", &log.desk.styled(80, 15));
    log.keys("w t");
    snapshot("log_cut_80x15", &log.desk.screen(80, 15));
    log.keys("t L");
    snapshot("log_warnings_80x15", &log.desk.screen(80, 15));
    log.desk.model.start.glyphs = &ASCII;
    log.keys("L L w");
    snapshot("log_ascii_80x15", &log.desk.screen(80, 15));
}

#[test]
fn the_end_of_a_log_beside_its_run_says_which_lines_it_leaves_out() {
    let mut log = Watched::new(few);
    log.keys("L esc");
    let screen = log.desk.screen(120, 40);
    assert!(screen.contains("Log, from warn up"), "{screen}");
    log.keys("l L esc");
    let screen = log.desk.screen(120, 40);
    assert!(screen.contains("Log, only errors"), "{screen}");
    log.keys("l L esc");
    let screen = log.desk.screen(120, 40);
    assert!(!screen.contains("Log, "), "{screen}");
}

#[test]
fn an_empty_log_and_an_empty_level_say_so() {
    let mut log = Watched::new(|_, _| {});
    log.keys("L").shows("No line of level warn or above");
    log.keys("L L").shows("Nothing was said yet.");
    log.keys("g G k j pgup f f E n N w t").shows("Nothing was said yet.");
}

#[test]
fn a_hundred_thousand_lines_are_walked_in_bounded_memory_and_only_visible_ones_are_built() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 100_000));
    log.shows("line 100000.");
    let mut seen = Vec::new();
    for keys in ["pgup", "g", "pgdn", "ctrl-d", "G", "k"] {
        log.keys(keys);
        for _ in 0..400 {
            log.desk.keys(if keys == "k" || keys == "pgup" { keys } else { "pgdn" });
            let drawn = log.desk.draw(120, 40).1;
            assert!(drawn.rows_built <= 34 + 2, "{} rows built", drawn.rows_built);
            let (lines, bytes) = log.desk.model.runs.log().in_memory();
            assert!(lines <= LINES && bytes <= BYTES, "{lines} lines, {bytes} bytes");
        }
        seen.push(keys);
    }
    log.keys("g").shows(" line 1.").shows(" line 2.");
    log.keys("G").shows(" line 100000.").shows("following");
}

#[test]
fn every_line_is_seen_when_it_is_walked_through() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 7_000));
    log.keys("g");
    let mut next = 1;
    while !log.desk.model.runs.log().is_following() {
        let screen = log.screen();
        for line in screen.lines().filter_map(|line| line.split(" line ").nth(1)) {
            let number: u32 = line.split('.').next().unwrap().parse().unwrap();
            assert!(number <= next, "line {next} is missing");
            next = next.max(number + 1);
        }
        log.desk.keys("pgdn");
    }
    assert!(log.screen().contains("line 7000."));
    assert!(next > 6_960, "{next}");
    for expected in (0..6_900).rev().step_by(300) {
        while !log.screen().contains(&format!(" line {}.", expected.max(1))) {
            log.desk.keys("pgup");
        }
    }
}

#[test]
fn lines_of_a_megabyte_are_cut_and_memory_stays_bounded() {
    let mut log = Watched::new(|plant, run| {
        let long = "x".repeat(1_000_000);
        past::says(plant, run, &[(LogLevel::Info, Stage::Dump, long.as_str()); 12]);
    });
    for keys in ["k", "pgup", "g", "pgdn", "w", "G", "g"] {
        log.keys(keys);
        let (_, bytes) = log.desk.model.runs.log().in_memory();
        assert!(bytes <= BYTES, "{bytes}");
    }
}

#[test]
fn it_follows_until_it_is_scrolled_up_and_then_counts_what_comes() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 100));
    log.shows("line 100.").shows("following");
    log.add(101, 30).shows("line 130.");
    log.keys("k")
        .shows_not("line 130.")
        .shows("line 129.")
        .shows("stays here");
    log.add(131, 212)
        .shows("212 new lines")
        .shows("line 129.")
        .shows_not("line 130.");
    log.keys("f").shows("line 342.").shows("following");
    log.keys("f");
    log.add(343, 1).shows("1 new line,").shows_not("line 343.");
    log.keys("j").shows("line 343.").shows("following");
}

#[test]
fn what_comes_while_nobody_follows_neither_moves_the_screen_nor_fills_the_memory() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 1_000));
    log.keys("pgup pgup");
    let before = log.screen();
    let top = before.lines().nth(4).unwrap().to_owned();
    for step in 0..40 {
        log.add(1_001 + step * 1_000, 1_000);
    }
    let (lines, bytes) = log.desk.model.runs.log().in_memory();
    assert!(lines <= LINES && bytes <= BYTES, "{lines} lines, {bytes} bytes");
    log.shows("40000 new lines");
    assert_eq!(log.screen().lines().nth(4).unwrap(), top);
    for _ in 0..2_000 {
        log.desk.keys("pgdn").screen(120, 40);
    }
    log.shows("line 41000.").shows("following");
}

#[test]
fn a_text_is_found_wherever_in_the_log_it_is() {
    let mut log = Watched::new(|plant, run| {
        many(plant, run, 1, 30_000);
        past::says(plant, run, &[(LogLevel::Info, Stage::Dump, "the Needle in the middle")]);
        many(plant, run, 30_001, 30_000);
        past::says(plant, run, &[(LogLevel::Info, Stage::Dump, "a NEEDLE at the end")]);
    });
    log.search("needle").shows("a NEEDLE at the end").shows("/needle");
    log.keys("N").shows("the Needle in the middle").shows("line 30001.");
    log.keys("N").shows("a NEEDLE at the end").shows("went on from the end");
    log.keys("n")
        .shows("the Needle in the middle")
        .shows("went on from the beginning");
    log.search("nowhere").shows("'nowhere' is not in this log");
    log.keys("esc").shows_not("/nowhere");
    log.keys("n").shows("nothing is searched for yet");
}

#[test]
fn a_search_says_which_of_how_many_lines_it_is_at() {
    let mut log = Watched::new(few);
    log.search("NAS").shows("/NAS  2 of 2");
    log.keys("N").shows("/NAS  1 of 2");
    log.keys("N").shows("/NAS  2 of 2").shows("went on from the end");
    let (desk, run) = (&mut log.desk, log.run);
    past::says(&desk.plant, run, &[(LogLevel::Info, Stage::Dump, "nas is fast again")]);
    desk.changed();
    log.shows("/NAS  2 of 3");
    log.keys("n").shows("/NAS  3 of 3");
    log.search("malformed").shows("/malformed  1 of 1");
    log.keys("E").shows("/malformed  1 of 1");
    log.search("users").keys("E").shows("/users  in 2 lines");
    log.search("nowhere")
        .shows("/nowhere  in no line")
        .shows("'nowhere' is not in this log");
    log.keys("esc").shows_not("in no line");
}

#[test]
fn what_is_not_in_memory_is_not_counted_as_if_it_were() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 30_000));
    // The last 500 lines; a hundred of them end so, and there may be more before them.
    log.search("7.").shows("/7.  in 50+ lines");
    log.search("line 29").shows("/line 29  in 499+ lines");
    log.keys("g n").shows("/line 29  1 of 11+");
    log.keys("n n").shows("/line 29  3 of 11+");
    // All that is known is that it is in none of these.
    log.search("nowhere").shows_not("in no line  ");
}

#[test]
fn a_long_text_that_is_searched_for_leaves_room_for_the_count() {
    let mut log = Watched::new(few);
    log.search("the slowest destination, nas, kept");
    log.add(1, 212);
    snapshot("log_search_long_60x15", &log.desk.screen(60, 15));
}

#[test]
fn matches_on_the_screen_are_marked_also_across_the_break_of_a_line() {
    let mut log = Watched::new(few);
    log.search("compression took");
    snapshot("log_search_80x24", &log.desk.styled(80, 24));
    log.keys("/");
    snapshot("log_search_line_80x24", &log.desk.screen(80, 24));
}

#[test]
fn errors_are_gone_to_one_after_the_other_and_round_again() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 30_500));
    log.keys("g E").shows(" line 1000.");
    log.keys("E").shows(" line 2000.");
    for _ in 0..28 {
        log.keys("E");
    }
    log.shows(" line 30000.");
    log.keys("E").shows(" line 1000.").shows("went on from the beginning");
    log.keys("G k E");
    log.shows(" line 1000.");
}

#[test]
fn a_log_without_errors_says_so() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 900));
    log.keys("E").shows("this log has no error");
}

#[test]
fn another_level_leaves_the_reader_where_he_is() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 20_000));
    log.keys("g");
    for _ in 0..30 {
        log.keys("E");
    }
    log.keys("G k");
    for _ in 0..60 {
        log.keys("pgup");
    }
    log.keys("L L")
        .shows(" line 18000.")
        .shows_not("line 18001.")
        .shows("only errors");
    log.keys("L").shows("all lines").shows(" line 18000.");
}

#[test]
fn it_is_saved_whole_and_never_over_a_file() {
    let mut log = Watched::new(|plant, run| many(plant, run, 1, 12_000));
    let path = log.desk.plant.path("saved.log");
    log.keys("ctrl-s");
    snapshot("log_save_80x24", &log.desk.screen(80, 24));
    let save = |log: &mut Watched| {
        log.keys("ctrl-u");
        log.desk.text(path.to_str().unwrap()).keys("enter");
        log.screen()
    };
    let screen = save(&mut log);
    assert!(screen.contains("12000 lines written to"), "{screen}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 12_000);
    assert!(text.lines().last().unwrap().ends_with("line 12000."), "{text}");
    log.keys("ctrl-s");
    let screen = save(&mut log);
    assert!(screen.contains("file of that name already"), "{screen}");
}

#[test]
fn what_would_steer_a_terminal_is_shown_as_text() {
    let mut log = Watched::new(|plant, run| {
        past::says(
            plant,
            run,
            &[(
                LogLevel::Warn,
                Stage::Dump,
                "\u{1b}[2J\u{1b}]0;gone\u{7} and \u{202e}reversed\r\nnext",
            )],
        );
    });
    let screen = log.screen();
    assert!(screen.contains("[2J"), "{screen}");
    assert!(
        !screen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{screen:?}"
    );
}

#[test]
fn a_log_that_cannot_be_read_says_why() {
    let mut log = Watched::new(few);
    let break_it = "ALTER TABLE execution_logs RENAME TO gone";
    log.desk
        .plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(break_it)?))
        .unwrap();
    log.desk.changed();
    log.shows("no such table").shows("crm is being read");
    let mend = "ALTER TABLE gone RENAME TO execution_logs";
    log.desk
        .plant
        .instance
        .store
        .write(|db| Ok(db.execute_batch(mend)?))
        .unwrap();
    log.desk.changed();
    log.shows_not("no such table");
}

#[test]
fn the_log_of_another_run_begins_at_its_end() {
    let plant = past::plant();
    let old = past::add(&plant, &Ran::default());
    let run = past::running(&plant);
    many(&plant, run, 1, 300);
    many(&plant, old, 5_001, 300);
    let mut desk = Desk::over(plant).open();
    desk.keys("3 l g esc j l");
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains(" line 5300.") && screen.contains("end of the log"),
        "{screen}"
    );
}

#[test]
fn a_real_run_is_followed_to_its_verdict() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut plant = Plant::new();
    past::add_jobs(&plant);
    // A gate each: a reader that comes while the writer before it is still there would find its end.
    let gates = [plant.path("first gate"), plant.path("second gate")];
    for gate in &gates {
        let made = std::process::Command::new("mkfifo").arg(gate).status().unwrap();
        assert!(made.success());
    }
    let [first, second] = [gates[0].display(), gates[1].display()];
    let script = format!(
        "echo it begins; read x < '{first}'; for i in 1 2 3 4 5 6 7 8 9; do echo step $i; done; read x < '{second}'"
    );
    let hook = Hook {
        when: When::Before,
        command: vec![script],
        shell: true,
        timeout: Duration::from_mins(1),
    };
    let source = past::adapter(&plant, "shop-db");
    let nas = past::adapter(&plant, "nas");
    let job = plant.job(
        "live",
        &JobPlan {
            source,
            destinations: &[(nas, "nas", Policy::None)],
            profile: None,
            edit: &|definition| definition.hooks = vec![hook.clone()],
        },
    );
    runtime.block_on(async { plant.start() });
    let run = plant.ask(Some(job), Request::Backup);
    let said = |plant: &Plant, text: &str| {
        let told = || plant.log_text(&plant.execution(run)).contains(text).then_some(());
        runtime.block_on(plant.when(text, told));
    };
    said(&plant, "it begins");

    let mut desk = Desk::over(plant).open();
    desk.keys("3 l");
    let screen = desk.screen(60, 15);
    assert!(screen.contains("it begins") && screen.contains("following"), "{screen}");
    std::fs::write(&gates[0], "go\n").unwrap();
    said(&desk.plant, "step 9");
    desk.changed();
    let screen = desk.screen(60, 15);
    assert!(screen.contains("step 9") && screen.contains("following"), "{screen}");
    desk.keys("k k k");
    std::fs::write(&gates[1], "go\n").unwrap();
    let ended = runtime.block_on(desk.plant.verdict(run));
    assert_eq!(ended.status, Status::Success);
    desk.send(Message::Changed);
    let screen = desk.screen(60, 15);
    assert!(screen.contains("new line") && screen.contains("success"), "{screen}");
    desk.keys("f");
    let screen = desk.screen(60, 15);
    assert!(screen.contains("end of the log"), "{screen}");
    runtime.block_on(desk.plant.stop());
}
