//! What lies on top of the panes: forms, the restore wizard, what is asked before something is done, and what is the same
//! everywhere.

use backstay::clock::Clock;
use backstay::console::layer::notice::Notice;
use backstay::console::message::{Done, Message, Reply};
use backstay::console::theme::Role;
use backstay::domain::retention::Policy;

use super::{Scene, empty, history};
use crate::desk::{Desk, now};
use crate::job_form::to;
use crate::overview::unreadable;
use crate::support::engine::{JobPlan, Plant};
use crate::{adapters, apply, backups, decrypt, jobs, past, restore, runs};

/// A new adapter of that driver.
fn new_adapter(driver: &str) -> Desk {
    let mut desk = Desk::new().open();
    desk.keys("5 a");
    adapters::choose(&mut desk, driver);
    desk
}

/// A form for a new destination that is not there.
fn nowhere() -> Desk {
    let mut desk = new_adapter("local");
    desk.text("nas").keys("tab").text("/nowhere/at/all").keys("ctrl-s");
    desk
}

/// A form for a job, changed.
fn changed() -> Desk {
    let mut desk = jobs::desk();
    desk.keys("2 j j e");
    to(&mut desk, "Compression");
    desk.keys("g");
    to(&mut desk, "Level");
    desk.keys("ctrl-u").text("9");
    to(&mut desk, "Overlap");
    desk.keys("right");
    desk
}

/// A form for a new job in which much is wrong.
fn wrong() -> Desk {
    let mut desk = jobs::desk();
    desk.keys("2 a").text("crm").keys("tab");
    to(&mut desk, "Schedule");
    desk.keys("ctrl-u").text("61 * * * *").keys("tab");
    to(&mut desk, "Time limit");
    desk.keys("ctrl-u").text("soon").keys("tab ctrl-s");
    desk
}

/// The window in which hooks are written.
fn hooks() -> Desk {
    let mut desk = jobs::desk();
    desk.keys("2 j j e");
    to(&mut desk, "After");
    desk.keys("ctrl-e")
        .text("$ echo done | mail ops")
        .keys("enter")
        .text("@5m notify 'all well'");
    desk
}

/// A console with many jobs and destinations, whose names are long.
fn many() -> Desk {
    let plant = Plant::made_with(Clock::fixed(now()), |_| {});
    let source = plant.sqlite("orders", &plant.path("orders.db"));
    let names: Vec<String> = (1..=14).map(|number| format!("archive-hall-{number}")).collect();
    let places: Vec<_> = names
        .iter()
        .map(|name| (plant.local(name), name.as_str(), Policy::None))
        .collect();
    for number in 1..=14 {
        let plan = JobPlan {
            source,
            destinations: &places,
            profile: None,
            edit: &|_| {},
        };
        plant.job(&format!("orders-of-the-shop-{number:02}"), &plan);
    }
    Desk::over(plant).open()
}

/// A form for a job, at the ninth of many destinations.
fn many_destinations() -> Desk {
    let mut desk = many();
    desk.keys("2 e");
    to(&mut desk, "Destinations");
    desk.keys("down down down down down down down down");
    desk
}

pub const FORMS: &[Scene] = &[
    ("job_form_new", jobs::desk, "2 a"),
    ("job_form_edit", jobs::desk, "2 j j e"),
    ("job_form_wrong", wrong, ""),
    ("job_form_changes", changed, "ctrl-s"),
    ("job_form_leave", changed, "esc"),
    ("job_form_hooks", hooks, ""),
    ("job_apply", jobs::desk, "2 A"),
    ("job_apply_missing", jobs::desk, "2 A / n o w h e r e enter"),
    ("job_apply_wrong", apply::wrong, ""),
    ("job_apply_changes", apply::shown, ""),
    ("job_apply_nothing", apply::nothing, ""),
    ("job_form_destinations", many_destinations, ""),
    ("adapter_form_kinds", empty, "5 a"),
    ("adapter_form_new", || new_adapter("sqlite"), ""),
    ("adapter_form_wrong", || new_adapter("postgres"), "ctrl-s"),
    ("adapter_form_edit", adapters::desk, "5 j e"),
    ("adapter_form_unreachable", nowhere, ""),
    ("adapter_form_failed", nowhere, "enter"),
];

/// The restore waits for an answer of the source.
fn asking() -> Desk {
    let mut desk = backups::shop();
    desk.keys("u enter");
    desk.effects_of(Message::Key("enter".parse().unwrap()));
    desk
}

const DATABASES: [&str; 14] = [
    "accounts",
    "analytics_of_the_warehouse",
    "billing",
    "crm",
    "documents",
    "events",
    "invoices",
    "ledger",
    "mail",
    "orders",
    "people",
    "shop",
    "stock",
    "tickets",
];

pub const RESTORE: &[Scene] = &[
    ("restore_databases", backups::shop, "u"),
    ("restore_into", backups::shop, "u enter"),
    ("restore_asking", asking, ""),
    ("restore_names", backups::shop, "u enter enter"),
    ("restore_name_missing", backups::shop, "u enter enter home ctrl-k enter"),
    ("restore_plan", backups::shop, "u enter enter enter"),
    (
        "restore_blocked",
        backups::shop,
        "u enter enter home ctrl-k s h o p enter",
    ),
    (
        "restore_replace",
        backups::shop,
        "u enter enter backtab right enter enter",
    ),
    ("restore_server", restore::server, ""),
    ("restore_server_many", || restore::server_of(&DATABASES), "ctrl-d"),
    ("restore_server_unreachable", restore::server, "enter enter"),
    ("restore_server_names", restore::names, ""),
    ("restore_no_key", history, "4 j j j u"),
];

pub const ACTS: &[Scene] = &[
    ("verify", history, "4 v"),
    ("verify_restore", history, "4 v right"),
    ("lock", history, "4 L"),
    ("unlock", history, "4 j j j j L"),
    ("delete", history, "4 j D"),
    ("delete_two", history, "4 space space D"),
    ("download", history, "4 d"),
    ("downloading", || backups::downloading().0, ""),
    ("download_object", backups::shop, "d tab right"),
    ("decrypt", empty, "4 U"),
    ("decrypt_wrong", decrypt::not_there, ""),
    ("decrypting", decrypt::decrypting, ""),
    ("orphans_where", backups::left_over, "O"),
    ("orphans", backups::left_over, "O j enter space"),
    ("orphans_none", backups::shop, "O enter"),
    ("orphans_error", history, "4 O enter"),
    ("orphans_delete", backups::left_over, "O j enter space D"),
    ("scan", || backups::scanned().1, ""),
    ("adapter_remove", adapters::desk, "5 D"),
    ("adapter_forget", history, "5 D"),
    ("adapter_rename_taken", adapters::desk, "5 n ctrl-u n a s enter"),
    ("job_remove", jobs::desk, "2 g D"),
    ("job_pause", jobs::desk, "2 j j p"),
    ("jobs_run_marked", jobs::desk, "2 space j space r"),
];

/// A console at the overview with something told.
fn told(reply: Result<Done, backstay::domain::Error>) -> Desk {
    let mut desk = Desk::over(past::plant()).open();
    desk.send(Message::Reply(Reply::Done(reply)));
    desk
}

/// A console with something to read before anything else.
fn notice() -> Desk {
    let mut desk = Desk::new().open();
    let lines = [
        (Role::Text, "The master key was made: it is in the keyring of anna"),
        (Role::Text, ""),
        (
            Role::Text,
            "If this machine is lost, so is the key: keep a copy on another one.",
        ),
        (Role::Text, ""),
        (
            Role::Accent,
            "K in 7 System writes it to a file: choose the recovery kit with the master key.",
        ),
    ];
    let lines = lines.map(|(role, text)| (role, text.to_owned()));
    desk.model
        .layers
        .push(Box::new(Notice::new("First start", lines.to_vec())));
    desk
}

pub const EVERYWHERE: &[Scene] = &[
    ("palette", jobs::desk, ":"),
    ("palette_job", jobs::desk, ": n i g h"),
    ("palette_runs", || runs::desk().engine().open(), "3 : n i g h t l y"),
    ("choose_many", many, "5 g enter enter"),
    ("choose_many_middle", many, "5 g enter enter j j j j j j j j"),
    ("palette_nothing", jobs::desk, ": z z z"),
    ("help", jobs::desk, "2 ?"),
    ("help_end", jobs::desk, "2 ? G"),
    ("help_log", || Desk::over(past::plant()).open(), "3 ?"),
    ("messages", || told(Err(unreadable("settings"))), "m M"),
    ("messages_empty", empty, "M"),
    ("copy_menu", jobs::desk, "2 j j y"),
    ("notice", notice, ""),
    ("toast", || told(Ok(Done::say("a run of nightly was asked for"))), ""),
    ("toast_note", jobs::desk, "m"),
    ("toast_failure", || told(Err(unreadable("adapter nas"))), ""),
    ("read_only", || jobs::desk().read_only(), "2 D"),
];
