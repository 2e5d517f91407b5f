//! What becomes of the terminal when the console has a defect. The product has no key for one, so that this program starts
//! itself once more in a terminal, opens the console there as `main` does, and lets the engine inside it, or whatever polls the
//! console, break off while the terminal is the console's.

use std::ffi::OsStr;

use backstay::console::open::{Arguments, Engine, open};
use tokio::sync::oneshot;

use crate::house::{House, is_the_shells, open_gate, shows};
use crate::support::terminal::{Setting, Terminal};

/// Set in the process that is the console: what it waits at before it breaks off.
const GATE: &str = "BACKSTAY_TEST_GATE";

/// Whose defect it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    TheConsole,
    ATask,
}

/// The console, until it is left or breaks off.
fn console_with_a_defect(of: Of, gate: &OsStr) {
    let (tell, told) = oneshot::channel();
    let gate = gate.to_owned();
    let engine = async move {
        tokio::fs::read(gate).await.unwrap();
        assert!(of == Of::TheConsole, "a defect of a task");
        tell.send(()).unwrap();
        Ok(())
    };
    let arguments = Arguments {
        home: std::env::var_os("BACKSTAY_HOME").map(Into::into),
        engine: Engine::Inside,
        ..Arguments::default()
    };
    // Polled on the console's thread, while the terminal is the console's.
    let breaks = async {
        assert!(told.await.is_err(), "a defect of the console");
        std::future::pending::<()>().await;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let code = runtime.block_on(async {
        tokio::select! {
            () = breaks => None,
            code = open(arguments, Box::new(|_| Box::pin(engine))) => Some(code.unwrap()),
        }
    });
    assert_eq!(code, Some(0));
}

/// A shell in whose terminal such a console was opened and has broken off; the terminal's modes before that.
fn broken(house: &House, test: &str) -> (Terminal, String) {
    let gate = house.0.beside("gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status().unwrap();
    assert!(made.success());
    let terminal = Setting::shell(&house.0).size(200, 40).open();
    terminal.wait_for_text("$");
    let modes = terminal.modes();
    let this = std::env::current_exe().unwrap();
    terminal.send(format!(
        "{GATE}={} {} --exact {test} --nocapture; echo code=$?\r",
        gate.display(),
        this.display()
    ));
    terminal.wait_for_text("no engine");
    terminal.send("m");
    terminal.wait_for("the mouse is ours", |screen| {
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    });
    assert!(terminal.seen().screen().alternate_screen());
    assert_ne!(terminal.modes(), modes);
    open_gate(&gate);
    (terminal, modes)
}

/// The shell's screen, once the console is gone.
fn shell_after(terminal: &Terminal) -> String {
    terminal.wait_for("the shell's screen", |screen| {
        is_the_shells(screen) && shows("\ncode=")(screen)
    })
}

#[test]
fn a_panic_of_the_console_gives_the_shell_back_and_is_read_there() {
    if let Some(gate) = std::env::var_os(GATE) {
        return console_with_a_defect(Of::TheConsole, &gate);
    }
    let house = House::new();
    let (terminal, modes) = broken(
        &house,
        "panics::a_panic_of_the_console_gives_the_shell_back_and_is_read_there",
    );
    let screen = shell_after(&terminal);
    assert_eq!(terminal.modes(), modes);
    assert!(screen.contains("panicked at tests/console_pty/panics.rs:"), "{screen}");
    assert!(screen.contains("\na defect of the console\n"), "{screen}");
    assert!(screen.contains("code=101"), "{screen}");
}

#[test]
fn a_panic_of_a_task_is_told_in_the_console_and_with_its_place_in_the_shell() {
    if let Some(gate) = std::env::var_os(GATE) {
        return console_with_a_defect(Of::ATask, &gate);
    }
    let house = House::new();
    let (terminal, modes) = broken(
        &house,
        "panics::a_panic_of_a_task_is_told_in_the_console_and_with_its_place_in_the_shell",
    );
    let screen = terminal.wait_for_text("a defect of a task");
    assert!(
        screen.contains("it broke off") && !screen.contains("panics.rs"),
        "it is not written across the screen:\n{screen}"
    );
    terminal.send("q");
    let screen = shell_after(&terminal);
    assert_eq!(terminal.modes(), modes);
    assert!(
        screen.contains("a task panicked at tests/console_pty/panics.rs:"),
        "{screen}"
    );
    assert!(screen.contains("\na defect of a task\n"), "{screen}");
    assert!(screen.contains("code=0"), "{screen}");
}
