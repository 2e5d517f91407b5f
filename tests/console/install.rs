//! The engine as a systemd service. The unit itself is written by `console_pty`, where systemd and the home are the test's own.

use std::path::PathBuf;

use backstay::console::message::{Ask, Effect, Message, Reply};
use backstay::console::pane::system as pane;
use backstay::domain::Error;
use backstay::ops::engine_process::service::{Installed, Scope};

use crate::desk::Desk;

const UNIT: &str = "[Unit]\nDescription=Backstay, scheduled and verified database backups\n\n[Service]\nType=notify\n\
                    ExecStart=/usr/bin/backstay daemon\nUMask=0077\nNoNewPrivileges=yes\nProtectSystem=strict\n\n\
                    [Install]\nWantedBy=default.target\n";

fn installed(written: bool) -> Installed {
    let next = [
        "backstay daemon stop    # if one runs that was started by hand",
        "systemctl --user restart backstay",
        "loginctl enable-linger    # so that it runs while nobody is signed in",
    ];
    Installed {
        scope: Scope::User,
        path: PathBuf::from("/home/anna/.config/systemd/user/backstay.service"),
        unit: UNIT.to_owned(),
        written,
        next: if written {
            next.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
    }
}

/// What a key asks of the system pane, undone.
fn asks(desk: &mut Desk, key: &str) -> Vec<pane::Ask> {
    let effects = desk.effects_of(Message::Key(key.parse().unwrap()));
    let asked = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ask(Ask::For(_, ask)) => Some(*ask),
        Effect::Ask(ask) => Some(ask),
        _ => None,
    });
    let asked = asked.filter_map(|ask| match ask {
        Ask::System(ask) => Some(ask),
        _ => None,
    });
    asked.collect()
}

fn answer(desk: &mut Desk, reply: pane::Reply) {
    desk.send(Message::Reply(Reply::System(reply)));
}

/// The unit for a user's own service is shown.
pub fn planned() -> Desk {
    let mut desk = Desk::new().open();
    desk.keys("7 I");
    assert_eq!(asks(&mut desk, "enter"), [pane::Ask::PlanUnit(Scope::User)]);
    answer(
        &mut desk,
        pane::Reply::Planned(Scope::User, Ok(Box::new(installed(false)))),
    );
    desk
}

/// There is one already that runs something else.
pub fn refused() -> Desk {
    let mut desk = planned();
    assert_eq!(asks(&mut desk, "enter"), [pane::Ask::InstallUnit(Scope::User, false)]);
    let error = Error::refused("there is a unit already and it runs something else")
        .on("/home/anna/.config/systemd/user/backstay.service")
        .next("look at it, then move it away or have it replaced");
    desk.done(Err(error));
    desk
}

/// It is written, and something is left to a person.
pub fn written() -> Desk {
    let mut desk = planned();
    assert_eq!(asks(&mut desk, "enter"), [pane::Ask::InstallUnit(Scope::User, false)]);
    answer(&mut desk, pane::Reply::Installed(Box::new(installed(true))));
    desk.model.toast = None;
    desk
}

/// There can be none.
pub fn impossible() -> Desk {
    let mut desk = Desk::new().open();
    desk.keys("7 I");
    assert_eq!(asks(&mut desk, "2"), [pane::Ask::PlanUnit(Scope::System)]);
    let error = Error::refused("the master key is in the environment, which a unit does not have")
        .next("put it into a file only you can read, and set BACKSTAY_MASTER_KEY_FILE to it instead");
    answer(&mut desk, pane::Reply::Planned(Scope::System, Err(error)));
    desk
}

#[test]
fn the_unit_is_shown_before_it_is_written_and_then_what_is_left_to_do() {
    let mut desk = planned();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("/home/anna/.config/systemd/user/backstay.service") && screen.contains("ProtectSystem=strict"),
        "{screen}"
    );
    let mut desk = written();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("Wrote /home/anna") && screen.contains("systemctl --user restart backstay"),
        "{screen}"
    );
    desk.keys("y");
    assert!(matches!(desk.outside.last(), Some(Effect::Copy(text)) if text.contains("enable-linger")));
    desk.keys("enter");
    assert!(desk.model.layers.is_empty());
}

#[test]
fn a_unit_that_runs_something_else_is_replaced_only_after_a_yes() {
    let mut desk = refused();
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("runs something else") && screen.contains("Enter replaces it") && !screen.contains("--force"),
        "{screen}"
    );
    desk.keys("enter enter");
    assert!(
        asks(&mut desk, "enter").is_empty(),
        "No is the answer until it is changed"
    );
    assert_eq!(asks(&mut desk, "y"), [pane::Ask::InstallUnit(Scope::User, true)]);
    answer(&mut desk, pane::Reply::Installed(Box::new(installed(true))));
    assert!(desk.screen(120, 40).contains("What is left to do"));
}

#[test]
fn the_plan_is_that_of_the_command_line() {
    let mut desk = Desk::new().open();
    desk.keys("7 I 2");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("/etc/systemd/system/backstay.service"), "{screen}");
    assert!(screen.contains("Description=Backstay"), "{screen}");
}

#[test]
fn a_console_that_may_change_nothing_installs_nothing() {
    let mut desk = Desk::new().read_only().open();
    desk.keys("7 I");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("'install-engine' changes something"), "{screen}");
}

#[test]
fn who_holds_the_lock_of_the_engine_is_told() {
    let mut desk = Desk::new().engine().open();
    desk.keys("7");
    let screen = desk.screen(120, 40);
    let told = |label: &str, value: &str| {
        let is_told = |line: &str| line.contains(label) && line.contains(value);
        assert!(screen.lines().any(is_told), "{label} {value}: {screen}");
    };
    told("process id", &std::process::id().to_string());
    told("host", &backstay::instance::machine_name());
    told("version", env!("CARGO_PKG_VERSION"));
    told("lock", "held by it");
    told("runs since", "2026");
    desk.engine = None;
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("held by nobody"), "{screen}");
}
