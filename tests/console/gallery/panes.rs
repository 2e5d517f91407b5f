//! The panes and the pages below them, each as it is when all is there, when nothing is, when it waits and when it cannot be
//! read.

use backstay::console::message::{Message, Reply};
use backstay::console::pane::{adapters, audit, overview, system};
use backstay::domain::Error;
use backstay::domain::adapter::Tables;
use backstay::domain::execution::{LogLevel, Stage};
use backstay::domain::paging::Edge;
use backstay::ops::profiles;

use super::{Scene, empty, history};
use crate::desk::Desk;
use crate::overview::unreadable;
use crate::support::engine::Plant;
use crate::{adapters as sources, audit as record, browse, install, jobs, log, overview as safe, past, runs};

/// Nothing that was asked for was answered yet.
fn unanswered(pane: &str) -> Desk {
    let mut desk = Desk::over(past::plant());
    desk.model.begin();
    desk.effects_of(Message::Key(pane.parse().unwrap()));
    desk
}

/// A console at a pane, one of whose tables cannot be read any more.
fn broken(mut desk: Desk, pane: &str, table: &str) -> Desk {
    desk.keys(pane);
    let script = format!("ALTER TABLE {table} RENAME TO gone");
    let store = &desk.plant.instance.store;
    store.write(|db| Ok(db.execute_batch(&script)?)).unwrap();
    desk.changed();
    desk.model.toast = None;
    desk
}

/// A console at a pane, which gets these answers.
fn answered(mut desk: Desk, pane: &str, replies: Vec<Reply>) -> Desk {
    desk.keys(pane);
    for reply in replies {
        desk.send(Message::Reply(reply));
    }
    desk
}

pub const OVERVIEW: &[Scene] = &[
    ("overview", || Desk::over(safe::plant()).open(), ""),
    (
        "overview_running",
        || Desk::over(safe::shop_runs()).engine().open(),
        "j",
    ),
    ("overview_page", || Desk::over(safe::plant()).open(), "tab"),
    ("overview_empty", empty, ""),
    ("overview_loading", || unanswered("1"), ""),
    (
        "overview_error",
        || {
            let calendar = overview::Reply::Calendar(Err(unreadable("runs")));
            let storage = overview::Reply::Storage(Ok(Vec::new()));
            let replies = vec![Reply::Overview(calendar), Reply::Overview(storage)];
            answered(Desk::over(past::plant()).open(), "1", replies)
        },
        "",
    ),
    (
        "overview_unreadable",
        || {
            let status = overview::Reply::Status(Err(unreadable("database")));
            let mut desk = Desk::over(past::plant());
            desk.send(Message::Reply(Reply::Overview(status)));
            desk.model.toast = None;
            desk
        },
        "",
    ),
];

pub const JOBS: &[Scene] = &[
    ("jobs", jobs::desk, "2 j j"),
    ("jobs_marked", jobs::desk, "2 space j space"),
    ("jobs_filter", jobs::desk, "2 / S H O P"),
    ("jobs_nothing_like_it", jobs::desk, "2 / z z"),
    ("jobs_empty", empty, "2"),
    ("jobs_loading", || unanswered("2"), ""),
    ("jobs_error", || broken(jobs::desk(), "2", "encryption_profiles"), ""),
    ("job", jobs::desk, "2 j j enter"),
    ("job_failed", jobs::desk, "2 G enter"),
    ("job_running", jobs::desk, "2 g enter"),
    ("job_paused", jobs::desk, "2 g j enter"),
    ("revisions", jobs::desk, "2 j j v"),
    ("revisions_go_back", jobs::desk, "2 j j v j B"),
    ("retention", jobs::desk, "2 j j K"),
    ("retention_keeps_all", jobs::desk, "2 j j K tab"),
];

/// One run of each sort, and one that runs.
fn busy() -> Desk {
    let desk = runs::desk();
    past::waiting(&desk.plant);
    let run = past::running(&desk.plant);
    let lines = [
        (
            LogLevel::Info,
            Stage::Initialize,
            "sqlite 3.50 at shop.db: users, crm, web",
        ),
        (LogLevel::Info, Stage::Dump, "users read, 512.0 MiB"),
        (
            LogLevel::Warn,
            Stage::Dump,
            "nas is slow: 3.1 MiB/s over the last minute",
        ),
    ];
    past::says(&desk.plant, run, &lines);
    desk
}

/// A run that was one for real.
fn real() -> Desk {
    let mut plant = past::plant();
    past::real_backup(&mut plant, "2026-03-10T02:00:00Z");
    Desk::over(plant).open()
}

pub const RUNS: &[Scene] = &[
    ("runs", || busy().engine().open(), "3"),
    ("runs_no_engine", || busy().open(), "3"),
    ("runs_marked", || busy().engine().open(), "3 space j space"),
    ("runs_filter", || runs::desk().open(), "3 o / s h"),
    ("runs_type", || runs::desk().open(), "3 t"),
    ("runs_status", || runs::desk().open(), "3 S"),
    ("runs_time", || runs::desk().open(), "3 d s o o n enter"),
    ("runs_empty", empty, "3"),
    ("runs_none_like_it", empty, "3 o"),
    ("runs_loading", || unanswered("3"), ""),
    ("runs_error", || broken(runs::desk().open(), "3", "executions"), ""),
    ("run_running", || busy().engine().open(), "3 enter"),
    ("run_no_engine", || busy().open(), "3 enter"),
    ("run_partial", || runs::desk().open(), "3 o enter"),
    ("run_failed", || runs::desk().open(), "3 o j enter"),
    ("run_success", real, "3 enter"),
    ("run_cancel", || busy().engine().open(), "3 x"),
];

/// The log of a run that runs.
fn told(write: impl Fn(&Plant, backstay::domain::id::ExecutionId)) -> Desk {
    let plant = past::plant();
    let run = past::running(&plant);
    write(&plant, run);
    Desk::over(plant).engine().open()
}

pub const LOG: &[Scene] = &[
    ("log", || told(log::few), "3 l"),
    ("log_cut", || told(log::few), "3 l w t"),
    ("log_warnings", || told(log::few), "3 l L"),
    ("log_search", || told(log::few), "3 l / n a s enter"),
    ("log_search_line", || told(log::few), "3 l / n a s"),
    ("log_save", || told(log::few), "3 l ctrl-s"),
    ("log_empty", || told(|_, _| {}), "3 l"),
    ("log_error", || broken(told(log::few), "3 l", "execution_logs"), ""),
];

pub const BACKUPS: &[Scene] = &[
    ("backups", history, "4"),
    ("backups_marked", history, "4 space space"),
    ("backups_filter", history, "4 / S H O P enter"),
    ("backups_browse", history, "4 b"),
    ("backups_deleted", history, "4 b G enter"),
    ("backups_empty", empty, "4"),
    ("backups_loading", || unanswered("4"), ""),
    ("backups_error", || broken(history(), "4", "backups"), ""),
    ("backup", history, "4 j j j j enter"),
    ("backup_sealed", history, "4 j j j enter"),
];

pub const ADAPTERS: &[Scene] = &[
    ("adapters", sources::desk, "5"),
    ("adapters_filter", sources::desk, "5 / o f f"),
    ("adapters_empty", empty, "5"),
    ("adapters_loading", || unanswered("5"), ""),
    (
        "adapters_error",
        || {
            let list = adapters::Reply::List(Err(unreadable("database")));
            answered(sources::desk(), "5", vec![Reply::Adapters(list)])
        },
        "",
    ),
    ("adapter", sources::desk, "5 j enter"),
    ("adapter_new", sources::desk, "5 enter"),
    ("adapter_offline", sources::desk, "5 G enter"),
    ("adapter_databases", || Desk::over(past::plant()).open(), "5 b"),
    ("adapter_databases_error", sources::desk, "5 b"),
    (
        "adapter_databases_wait",
        || {
            let mut desk = sources::desk();
            desk.keys("5 j");
            desk.effects_of(Message::Key("b".parse().unwrap()));
            desk
        },
        "",
    ),
    ("adapter_tables", || browse::tables(Ok(browse::shop_tables())), ""),
    ("adapter_tables_file", || Desk::over(past::plant()).open(), "5 b enter"),
    (
        "adapter_tables_filter",
        || browse::tables(Ok(browse::shop_tables())),
        "/ o r d e r",
    ),
    ("adapter_tables_many", || browse::tables(Ok(browse::many_tables())), "G"),
    ("adapter_tables_empty", || browse::tables(Ok(Tables::default())), ""),
    ("adapter_tables_wait", browse::asking_for_tables, ""),
    (
        "adapter_tables_error",
        || {
            let refused = Error::failed("FATAL:  permission denied for database \"shop\"")
                .on("database shop")
                .next("let the role in: GRANT CONNECT ON DATABASE … TO …, or leave the database out of the job");
            browse::tables(Err(refused))
        },
        "",
    ),
];

pub const AUDIT: &[Scene] = &[
    ("audit", record::desk, "6"),
    ("audit_change", record::desk, "6 enter"),
    ("audit_who", record::desk, "6 u"),
    ("audit_what", record::desk, "6 a"),
    ("audit_when", record::desk, "6 d"),
    ("audit_nothing_like_it", record::desk, "6 / z z enter"),
    ("audit_empty", empty, "6"),
    ("audit_loading", || unanswered("6"), ""),
    (
        "audit_error",
        || {
            let mut desk = record::desk();
            desk.keys("6");
            // It is waited for an answer again.
            desk.effects_of(Message::Changed);
            let page = audit::Reply::Page(
                backstay::ops::audit::Wanted::default(),
                Edge::Newest,
                Err(unreadable("database")),
            );
            desk.send(Message::Reply(Reply::Audit(page)));
            desk
        },
        "",
    ),
];

fn with_profile() -> Desk {
    let desk = Desk::new().open();
    profiles::create(&desk.session, "prod", "").unwrap();
    desk
}

pub const SYSTEM: &[Scene] = &[
    ("system_engine", with_profile, "7"),
    ("system_engine_up", || Desk::over(past::plant()).engine().open(), "7"),
    ("system_install", empty, "7 I"),
    ("system_install_unit", install::planned, ""),
    ("system_install_refused", install::refused, ""),
    ("system_install_done", install::written, ""),
    ("system_install_impossible", install::impossible, ""),
    ("system_settings", with_profile, "7 tab"),
    ("system_profiles", with_profile, "7 tab tab"),
    ("system_database", with_profile, "7 tab tab tab"),
    ("system_profiles_empty", empty, "7 tab tab"),
    ("system_loading", || unanswered("7"), ""),
    (
        "system_error",
        || {
            let settings = system::Reply::Settings(Err(unreadable("settings")));
            answered(with_profile(), "7 tab", vec![Reply::System(settings)])
        },
        "",
    ),
    ("system_setting", with_profile, "7 tab enter"),
    ("system_setting_wrong", with_profile, "7 tab enter 0 0 0 0 enter"),
    ("system_profile_new", empty, "7 a"),
    ("system_profile_taken", with_profile, "7 a p r o d enter"),
    ("system_import", empty, "7 i"),
    ("system_import_wrong", empty, "7 i p r o d tab / n o enter"),
    ("system_show_key", with_profile, "7 tab tab v"),
    ("system_retire", with_profile, "7 tab tab D"),
];
