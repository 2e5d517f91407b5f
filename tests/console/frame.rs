//! What is around every pane, and what works everywhere.

use backstay::console::config::Files;
use backstay::console::keymap::Keymap;
use backstay::console::layer::notice::Notice;
use backstay::console::message::{Done, Effect, Message, Place, Reply};
use backstay::console::pane::PaneId;
use backstay::console::theme::{Role, Theme};
use backstay::domain::Error;
use backstay::domain::adapter::AdapterType;
use backstay::domain::execution::{Request, Status};
use backstay::domain::id::BackupId;
use backstay::ops::{adapters, jobs, profiles};
use ratatui::layout::Position;

use crate::desk::Desk;
use crate::past;

#[test]
fn the_first_screen_names_the_machine_the_panes_and_the_state_of_the_engine() {
    let mut desk = Desk::new().open();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("prod-db-01"), "{screen}");
    assert!(screen.contains("no engine"), "{screen}");
    assert!(screen.contains(" 7 System"), "{screen}");
}

#[test]
fn it_is_drawn_at_every_size() {
    let mut desk = Desk::new().open();
    for columns in 1..=130 {
        for rows in [1, 2, 3, 14, 15, 24, 50] {
            desk.screen(columns, rows);
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_is_told_what_is_needed() {
    let mut desk = Desk::new().open();
    assert!(desk.screen(59, 20).starts_with("Backstay needs 60×15, this is 59×20"));
}

#[test]
fn help_shows_the_keys_of_where_one_is() {
    let mut desk = Desk::new().open();
    desk.keys("2 ?");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Run the job now."), "{screen}");
    desk.keys("esc");
    assert!(!desk.screen(120, 40).contains("Run the job now."));
}

#[test]
fn the_key_of_help_is_in_every_footer_however_narrow() {
    let mut desk = Desk::over(past::plant()).open();
    for pane in ["1", "2", "3", "4", "5", "6", "7"] {
        desk.keys(pane);
        for columns in [60, 80, 100] {
            let screen = desk.screen(columns, 24);
            assert!(screen.lines().last().unwrap().contains("? help"), "{screen}");
        }
    }
}

#[test]
fn a_key_that_came_together_with_esc_is_pressed_after_it() {
    let mut desk = Desk::over(past::plant()).open();
    // As a slow line brings them, and as a terminal sends a letter with alt held.
    desk.keys("? alt-3");
    assert_eq!(desk.model.pane, PaneId::Runs);
    assert!(desk.model.layers.is_empty());
    desk.keys("2 D");
    // There it would end a text that is being typed.
    desk.keys("alt-3");
    assert_eq!(desk.model.pane, PaneId::Jobs);
    assert!(!desk.model.layers.is_empty());
}

#[test]
fn a_filter_that_nothing_matches_can_be_changed_as_the_footer_says() {
    let mut desk = Desk::over(past::plant()).open();
    for pane in ["2", "4", "5"] {
        desk.keys(pane).keys("/").text("zzz").keys("enter");
        let screen = desk.screen(80, 24);
        assert!(screen.lines().last().unwrap().contains("/ filter"), "{screen}");
    }
}

#[test]
fn help_over_a_question_lists_what_works_there() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("2 D f1");
    let help = desk.screen(120, 60);
    assert!(help.contains("Answer."), "{help}");
    // Letters are the name that is asked for.
    for beyond in [
        "Answer yes.",
        "Switch to the next theme.",
        "Move down by one.",
        "Show who did what to what is selected.",
        "Show only what contains a text.",
        "Go to the audit log.",
    ] {
        assert!(!help.contains(beyond), "{help}");
    }
}

#[test]
fn help_lists_no_sorting_where_nothing_is_sorted() {
    let mut desk = Desk::new().open();
    for (pane, sorts) in [("2", true), ("3", false), ("4", false), ("6", false)] {
        desk.keys(pane).keys("?");
        let help = desk.screen(120, 60);
        assert!(help.contains("Show only what contains a text."), "{help}");
        assert_eq!(help.contains("Sort by the next column"), sorts, "{help}");
        desk.keys("esc");
    }
}

#[test]
fn help_says_how_much_of_it_is_below_and_scrolls_at_once() {
    let mut desk = Desk::new().open();
    desk.keys("?");
    let before = desk.screen(80, 24);
    assert!(before.contains("more lines"), "{before}");
    desk.keys("j");
    assert_ne!(desk.screen(80, 24), before);
    desk.keys("G");
    let end = desk.screen(80, 24);
    assert!(!end.contains("more lines"), "{end}");
}

#[test]
fn messages_have_each_heading_of_help_once() {
    let mut desk = Desk::new().open();
    desk.keys("M ?");
    let screen = desk.screen(120, 60);
    assert_eq!(screen.matches(" everywhere").count(), 1, "{screen}");
}

#[test]
fn going_back_leads_to_where_one_came_from_and_only_then_out() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("2 l");
    assert_eq!(desk.model.pane, PaneId::Runs);
    // What one came to is narrowed to the job; that goes first.
    desk.keys("esc esc");
    assert_eq!(desk.model.pane, PaneId::Jobs);
    desk.keys("H q q");
    assert_eq!(desk.model.pane, PaneId::Jobs);
    assert!(!desk.outside.iter().any(|effect| matches!(effect, Effect::Quit)));
    desk.keys("q");
    assert!(matches!(desk.outside.last(), Some(Effect::Quit)));
}

#[test]
fn a_pane_that_was_chosen_is_the_root() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Jobs);
    desk.keys("3 esc");
    assert_eq!(desk.model.pane, PaneId::Runs);
    desk.keys("q");
    assert!(matches!(desk.outside.last(), Some(Effect::Quit)));
}

fn remembered(desk: &Desk) -> Option<&str> {
    desk.outside.iter().rev().find_map(|effect| match effect {
        Effect::Remember(name) => Some(name.as_str()),
        _ => None,
    })
}

#[test]
fn a_theme_that_is_chosen_is_remembered() {
    let mut desk = Desk::new().open();
    let first = desk.model.theme().unwrap().name.clone();
    desk.keys("T");
    let second = desk.model.theme().unwrap().name.clone();
    assert_ne!(second, first);
    assert_eq!(remembered(&desk), Some(second.as_str()));
    assert!(desk.screen(120, 40).contains(&format!("theme {second}")));
}

#[test]
fn a_console_that_may_change_nothing_or_has_no_colours_remembers_no_theme() {
    let mut desk = Desk::new().read_only().open();
    desk.keys("T");
    assert_eq!(remembered(&desk), None);
    let mut desk = Desk::new().open();
    desk.model.start.themes.truncate(1);
    desk.keys("T");
    assert_eq!(remembered(&desk), None);
}

#[test]
fn themes_that_are_read_again_keep_the_one_in_force_by_its_name() {
    let mut desk = Desk::new().open();
    desk.keys("T");
    let name = desk.model.theme().unwrap().name.clone();
    let mut themes = Theme::built_in();
    themes.reverse();
    desk.send(Message::Themes(themes, None));
    assert_eq!(desk.model.theme().unwrap().name, name);
    let mut themes = Theme::built_in();
    themes.retain(|theme| theme.name != name);
    let first = themes[0].name.clone();
    desk.send(Message::Themes(themes, None));
    assert_eq!(desk.model.theme().unwrap().name, first);
}

#[test]
fn a_broken_file_leaves_the_last_good_themes_and_keys_and_says_why() {
    let mut desk = Desk::new().open();
    // A name of one length: the reason is told with it.
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let files = Files::below(directory.path());
    std::fs::create_dir(directory.path().join("themes")).unwrap();
    std::fs::write(directory.path().join("keys.toml"), "[everywhere]\nhelp = [\"f9\"]\n").unwrap();
    desk.send(Message::Keys(files.keymap())).keys("?");
    assert!(desk.model.layers.is_empty(), "`?` was taken from help");
    desk.keys("f9 esc");

    std::fs::write(directory.path().join("keys.toml"), "[everywhere]\nfly = []\n").unwrap();
    std::fs::write(directory.path().join("themes/mine.toml"), "base = 1").unwrap();
    desk.send(Message::Keys(files.keymap()));
    let screen = desk.screen(160, 40);
    assert!(screen.contains("there is no command 'fly'"), "{screen}");
    desk.keys("f9");
    assert_eq!(desk.model.layers.len(), 1, "the last good keys are in force");
    desk.keys("esc");

    let before = desk.model.start.themes.clone();
    let (themes, error) = files.themes();
    desk.send(Message::Themes(themes, error));
    assert_eq!(desk.model.start.themes, before);
    assert!(desk.screen(160, 40).contains("mine.toml"));
    desk.send(Message::Keys(Ok(Keymap::default()))).keys("?");
    assert_eq!(desk.model.layers.len(), 1);
}

#[test]
fn what_was_told_is_kept_and_can_be_copied() {
    let mut desk = Desk::new().open();
    desk.keys("M");
    assert!(desk.screen(120, 40).contains("no messages yet"));
    desk.keys("esc T m M");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("the mouse selects") && screen.contains("theme "),
        "{screen}"
    );
    desk.keys("y");
    assert!(matches!(desk.outside.last(), Some(Effect::Copy(text)) if text.starts_with("the mouse")));
}

#[test]
fn the_mouse_is_taken_and_left_by_one_key() {
    let mut desk = Desk::new().open();
    desk.keys("m");
    assert!(matches!(desk.outside.last(), Some(Effect::Mouse(true))));
    desk.keys("m");
    assert!(matches!(desk.outside.last(), Some(Effect::Mouse(false))));
}

/// Where a text is on the screen.
fn place_of(screen: &str, text: &str) -> Position {
    let (y, line) = screen
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .unwrap();
    let x = line.split_once(text).unwrap().0.chars().count();
    Position::new(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
}

#[test]
fn a_click_in_a_list_to_choose_from_selects_and_a_second_one_chooses() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("y");
    let at = place_of(&desk.screen(120, 40), "command that runs it");
    desk.send(Message::Click { at, twice: false });
    assert_eq!(desk.model.layers.len(), 1);
    desk.send(Message::Click { at, twice: true });
    assert!(matches!(desk.outside.last(), Some(Effect::Copy(text)) if text.starts_with("backstay run ")));
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_command_that_is_copied_is_about_the_home_of_this_console() {
    let mut desk = Desk::over(past::plant()).open();
    desk.model.start.program = desk.plant.instance.paths.program();
    let home = desk.plant.instance.paths.home.clone().unwrap();
    desk.keys("2 y");
    let at = place_of(&desk.screen(200, 40), "command that runs it");
    desk.send(Message::Click { at, twice: true });
    let copied = format!("backstay --home {} run nightly", home.display());
    assert!(
        matches!(desk.outside.last(), Some(Effect::Copy(text)) if *text == copied),
        "{:?} and not {copied}",
        desk.outside.last()
    );
}

#[test]
fn what_a_row_of_a_list_to_choose_from_cuts_stands_below_it_while_it_is_selected() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("2 y j");
    let id = jobs::show(&desk.session, "nightly", 0).unwrap().id.to_string();
    assert!(desk.screen(60, 15).contains(&id), "{}", desk.screen(60, 15));
    desk.keys("j j");
    let screen = desk.screen(60, 15);
    assert!(!screen.contains(&id), "{screen}");
}

#[test]
fn the_wheel_moves_what_lies_on_top() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("?");
    let before = desk.screen(80, 24);
    let at = Position::new(10, 10);
    desk.send(Message::Scroll { at, rows: 3 });
    assert_ne!(desk.screen(80, 24), before);
    desk.send(Message::Scroll { at, rows: -3 });
    assert_eq!(desk.screen(80, 24), before);
}

#[test]
fn a_command_of_another_pane_leads_there_and_says_what_to_select_for_it() {
    let desk = &mut Desk::over(past::plant()).open();
    desk.keys(":");
    assert!(!desk.screen(120, 40).contains("Jobs: "), "nobody has asked for one");
    desk.text("paus");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("Jobs: Pause the job until a time"), "{screen}");
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Jobs);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("select a job and press p for 'pause'"), "{screen}");
    desk.keys("p");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("nightly until"), "{screen}");
    // What needs nothing selected is done there, and Esc leads back.
    desk.keys("esc esc");
    assert_eq!(desk.model.pane, PaneId::Overview);
    desk.keys(":").text("go-back").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("select a revision of a job and press B"), "{screen}");
    desk.keys("esc");
    assert_eq!(desk.model.pane, PaneId::Overview);
    desk.keys(":").text("only-failed").keys("enter");
    assert_eq!(desk.model.pane, PaneId::Runs);
    assert!(desk.screen(120, 40).contains("Runs · only failed"));
    // One name, several panes.
    desk.keys("esc esc :").text("add");
    let screen = desk.screen(120, 40);
    for pane in ["Jobs: Add", "Adapters: Add", "System: Add"] {
        assert!(screen.contains(pane), "{screen}");
    }
    desk.keys("down enter");
    assert_eq!(desk.model.pane, PaneId::Adapters);
    assert!(!desk.model.layers.is_empty(), "its form is open");
    desk.keys("esc");
    desk.model.start.read_only = true;
    desk.keys("1 :").text("pause");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("this console is read-only"), "{screen}");
}

#[test]
fn the_palette_knows_the_runs_that_the_list_has_loaded() {
    let plant = past::plant();
    let run = past::add(&plant, &past::Ran::default());
    let mut desk = Desk::over(plant).open();
    let name = format!("nightly {}", run.short());
    desk.keys(":").text(&run.short());
    assert!(!desk.screen(120, 40).contains(&name), "nothing has loaded it yet");
    desk.keys("esc 3 1 :").text(&run.short());
    let screen = desk.screen(120, 40);
    assert!(screen.contains(&name), "{screen}");
    desk.keys("enter");
    assert_eq!(desk.model.pane, PaneId::Runs);
}

#[test]
fn the_palette_finds_a_run_by_its_job_and_how_it_went_and_says_when_that_was() {
    let plant = past::plant();
    let failed = past::Ran {
        status: Status::Failed,
        error: Some(("connection refused", "db1", "look whether it runs")),
        ..past::Ran::default()
    };
    let failed = past::add(&plant, &failed);
    past::add(&plant, &past::Ran::default());
    let mut desk = Desk::over(plant).open();
    desk.keys("3 1 :").text("nightly failed");
    let screen = desk.screen(120, 40);
    let found: Vec<&str> = screen.lines().filter(|line| line.contains("ago, backup")).collect();
    assert_eq!(found.len(), 1, "{screen}");
    assert!(found[0].contains(&format!("nightly {}", failed.short())), "{screen}");
    assert!(found[0].contains("✖ failed "), "{screen}");
}

#[test]
fn the_palette_follows_what_becomes_of_a_run_and_keeps_what_is_selected() {
    let plant = past::plant();
    let run = past::running(&plant);
    let mut desk = Desk::over(plant).engine().open();
    desk.keys("3 1 :").text("shop").keys("down");
    let screen = desk.screen(120, 40);
    let selected = |screen: &str| screen.lines().rfind(|line| line.contains('▌')).unwrap().to_owned();
    assert!(selected(&screen).contains(&run.short()), "{screen}");
    assert!(selected(&screen).contains("running"), "{screen}");
    past::ends(&desk.plant, run);
    // Another one comes before it.
    past::add(
        &desk.plant,
        &past::Ran {
            job: "shop",
            status: Status::Running,
            ..past::Ran::default()
        },
    );
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(selected(&screen).contains(&run.short()), "{screen}");
    assert!(selected(&screen).contains("success"), "{screen}");
    assert!(screen.contains("▶ running"), "{screen}");
}

#[test]
fn the_palette_goes_to_a_profile() {
    let mut desk = Desk::over(past::plant());
    for name in ["alpha", "demo"] {
        profiles::create(&desk.session, name, "").unwrap();
    }
    desk = desk.open();
    desk.keys(":").text("demo").keys("enter");
    assert_eq!(desk.model.pane, PaneId::System);
    assert_eq!(desk.model.shown().thing().unwrap().name, "demo");
}

#[test]
fn the_name_of_a_command_means_the_command_and_not_a_run_or_a_sentence_that_has_the_word() {
    let plant = past::plant();
    let repair = past::Ran {
        request: Request::Repair {
            backup: BackupId::generate(crate::desk::now()),
        },
        ..past::Ran::default()
    };
    past::add(&plant, &repair);
    let mut desk = Desk::over(plant).open();
    // The run was a repair, and the audit is spoken of as a log.
    for (typed, pane) in [
        ("repair", PaneId::Backups),
        ("rep", PaneId::Backups),
        ("log", PaneId::Runs),
    ] {
        desk.keys("3 1 :").text(typed).keys("enter");
        assert_eq!(desk.model.pane, pane, "{typed}");
        desk.keys("esc esc");
    }
}

#[test]
fn a_command_of_the_system_leads_to_the_part_in_which_its_thing_is_selected() {
    let mut desk = Desk::over(past::plant());
    profiles::create(&desk.session, "demo", "").unwrap();
    desk = desk.open();
    for (typed, part) in [
        ("rotate", "Profiles"),
        ("reveal", "Profiles"),
        ("reset-setting", "Settings"),
    ] {
        desk.keys("1 :").text(typed).keys("enter");
        let screen = desk.screen(120, 40);
        assert!(screen.contains(&format!("▌{part}")), "{typed}: {screen}");
        assert!(desk.model.shown().thing().is_some(), "{typed}: {screen}");
    }
}

#[test]
fn a_letter_or_two_are_of_a_name_and_where_a_command_works_is_said_in_full() {
    let mut desk = Desk::over(past::plant()).open();
    let found = |desk: &mut Desk, text: &str| {
        desk.keys("esc :").text(text);
        desk.screen(120, 40)
    };
    desk.keys("2");
    let screen = found(&mut desk, "G");
    assert!(!screen.contains("Show every revision"), "{screen}");
    // Of a sentence a word is found by how it begins.
    assert!(found(&mut desk, "every rev").contains("Show every revision"));
    assert!(!found(&mut desk, "very rev").contains("Show every revision"));
    desk.keys("esc 4");
    let screen = found(&mut desk, "move-up");
    assert!(screen.contains("'move-up' works in forms, not here"), "{screen}");
    let screen = found(&mut desk, "next-answer");
    assert!(screen.contains("'next-answer' works in dialogs, not here"), "{screen}");
}

#[test]
fn the_selected_row_has_one_ground_in_every_theme() {
    let mut desk = Desk::over(past::plant()).open();
    for theme in 0..desk.model.start.themes.len() {
        desk.model.theme = theme;
        for pane in ["1", "2", "5"] {
            desk.keys(pane);
            let name = desk.model.theme().unwrap().name.clone();
            let (cells, _) = desk.draw(80, 24);
            let row = (0..24)
                .find(|y| (0..4).any(|x| cells[(x, *y)].symbol() == "▌"))
                .unwrap();
            let from = (0..80).find(|x| cells[(*x, row)].symbol() == "▌").unwrap();
            let ground = |x: u16| {
                let cell = &cells[(x, row)];
                (cell.bg, cell.modifier.contains(ratatui::style::Modifier::REVERSED))
            };
            for x in from..60 {
                assert_eq!(ground(x), ground(from), "{name}, pane {pane}, column {x}");
            }
        }
    }
}

#[test]
fn a_popup_lies_on_the_ground_of_the_theme() {
    let mut desk = Desk::new().open();
    let names = desk.model.start.themes.iter().map(|theme| theme.name.as_str());
    desk.model.theme = names.clone().position(|name| name == "high-contrast").unwrap();
    desk.keys("?");
    let (cells, _) = desk.draw(80, 24);
    let plain = cells
        .content()
        .iter()
        .find(|cell| cell.bg == ratatui::style::Color::Reset);
    assert_eq!(plain, None);
}

#[test]
fn a_failure_is_told_in_full_however_long_it_is() {
    let mut desk = Desk::new().open();
    let error = Error::failed("the server does not answer ".repeat(20).trim())
        .on("source db1")
        .next("look at its log, then press the key again");
    desk.send(Message::Reply(Reply::Done(Err(error))));
    let screen = desk.screen(60, 15);
    assert_eq!(screen.matches("does").count(), 20, "{screen}");
    assert!(
        screen.contains("source db1") && screen.contains("press the key again"),
        "{screen}"
    );
    assert!(screen.lines().last().unwrap().contains("help"), "{screen}");
    desk.keys("M");
    assert!(
        desk.screen(80, 24)
            .contains("→ look at its log, then press the key again")
    );
}

#[test]
fn a_command_by_its_whole_name_goes_before_what_begins_so() {
    let mut desk = Desk::over(past::plant()).open();
    desk.keys("2 :").text("run");
    let screen = desk.screen(80, 24);
    let row = screen.lines().find(|line| line.contains("▌ run ")).unwrap();
    assert!(row.contains("Run the job now."), "{screen}");
    // What works here goes before what does elsewhere.
    desk.keys("esc :").text("verif");
    let screen = desk.screen(80, 24);
    let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(place("Backups: Prove") > place("NAME"), "{screen}");
    desk.keys("esc :").text("v");
    let screen = desk.screen(80, 24);
    let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(place("revisions") < place("verify"), "{screen}");
    desk.keys("esc :").text("follow");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("'follow' works in log, not here"), "{screen}");
    desk.keys("ctrl-u").text("nothing of that");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("nothing here is called that"), "{screen}");
}

#[test]
fn a_line_is_edited_as_in_a_shell_wherever_one_is_typed() {
    let mut desk = Desk::over(past::plant()).open();
    for pane in ["2", "3", "4", "5"] {
        desk.keys(pane)
            .keys("/")
            .text("zebra")
            .keys("ctrl-u")
            .text("lion tiger")
            .keys("ctrl-w");
        let screen = desk.screen(120, 40);
        assert!(screen.contains("lion"), "pane {pane}: {screen}");
        assert!(
            !screen.contains("zebra") && !screen.contains("tiger"),
            "pane {pane}: {screen}"
        );
        desk.keys("esc esc");
    }
}

#[test]
fn a_name_that_is_typed_wrong_is_said_to_be() {
    let desk = Desk::new();
    let database = desk.plant.path("shop.db");
    desk.plant.sqlite("shop", &database);
    let mut desk = desk.open();
    desk.keys("5 D").text("shp").keys("enter");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("That is not shop."), "{screen}");
    assert!(!screen.contains("other answer"), "{screen}");
    desk.keys("backspace");
    assert!(!desk.screen(80, 24).contains("That is not"));
}

#[test]
fn keys_that_are_good_again_take_the_place_of_what_was_wrong() {
    let mut desk = Desk::new().open();
    desk.send(Message::Keys(Err(Error::usage("there is no command 'fly'"))));
    desk.send(Message::Keys(Ok(Keymap::default())));
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("keys read again") && !screen.contains("fly"),
        "{screen}"
    );
}

#[test]
fn a_form_that_is_reached_all_the_same_saves_nothing_where_nothing_may_be_changed() {
    let mut desk = Desk::new().read_only().open();
    let go = Done::say("look").go(Place::NewAdapter(AdapterType::Destination));
    desk.send(Message::Reply(Reply::Done(Ok(go)))).keys("enter");
    let place = desk.plant.path("nas");
    std::fs::create_dir(&place).unwrap();
    desk.text("nas")
        .keys("tab")
        .text(&place.to_string_lossy())
        .keys("ctrl-s");
    // The form says so itself, and waits for nothing.
    desk.model.toast = None;
    let screen = desk.screen(120, 40);
    assert!(screen.contains("this console is read-only"), "{screen}");
    assert!(screen.contains("Ctrl-t test"), "{screen}");
    assert_eq!(adapters::list(&desk.session).unwrap(), []);
}

#[test]
fn a_line_that_waits_for_its_answer_takes_no_other_for_it() {
    let mut desk = Desk::new().open();
    desk.keys("7 tab e ctrl-u 8");
    let mut asked = desk.effects_of(Message::Key("enter".parse().unwrap()));
    desk.send(Message::Reply(Reply::Done(Ok(Done::say("something else was done")))));
    desk.send(Message::Reply(Reply::Done(Err(Error::failed("and that was not")))));
    assert_eq!(desk.model.layers.len(), 1);
    let screen = desk.screen(80, 24);
    assert!(screen.contains("and that was not"), "{screen}");
    // Also when it is not on top any more.
    desk.keys("f1");
    assert_eq!(desk.model.layers.len(), 2);
    let Some(Effect::Ask(ask)) = asked.pop() else {
        panic!("nothing was asked: {asked:?}");
    };
    desk.answer(ask);
    assert!(desk.screen(80, 24).contains("max_concurrent_jobs is 8"));
    desk.keys("esc");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn nothing_is_offered_that_would_be_refused() {
    let mut desk = Desk::new().read_only().open();
    for keys in ["1", "2", "3", "4", "5", "6", "7", "tab tab"] {
        desk.keys(keys);
        let screen = desk.screen(80, 24);
        for promise in ["adds", "makes one", "takes up", "takes in", "starts", "runs a job"] {
            assert!(!screen.contains(promise), "'{promise}' after {keys}\n{screen}");
        }
    }
}

#[test]
fn a_notice_is_read_to_its_end_on_the_smallest_screen() {
    let mut desk = Desk::new().open();
    let text = format!("{} the last word", "what has to be known ".repeat(60).trim());
    desk.model
        .layers
        .push(Box::new(Notice::new("First start", vec![(Role::Text, text)])));
    let screen = desk.screen(60, 15);
    assert!(
        screen.contains("Enter goes on.") && screen.contains("more lines"),
        "{screen}"
    );
    desk.keys("G");
    let screen = desk.screen(60, 15);
    assert!(
        screen.contains("the last word") && screen.contains("Enter goes on."),
        "{screen}"
    );
    desk.keys("enter");
    assert!(desk.model.layers.is_empty());
}
