//! A home with whatever engine the console starts in it, and what a test asks of a screen.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Pid;

use crate::support::home::Home;
use crate::support::shop::Shop;
use crate::support::terminal::{Setting, Terminal, text_of};

/// What the engine does is done within this.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A home that has seen its first start. Whatever engine it has in the end is stopped.
pub struct House(pub Home);

impl House {
    pub fn new() -> Self {
        Self::over(Home::new())
    }

    pub fn over(home: Home) -> Self {
        home.run(&["setting", "set", "max_concurrent_jobs", "2"]).ok();
        Self(home)
    }

    pub fn console(&self, arguments: &[&str]) -> Setting {
        Setting::console(&self.0, arguments)
    }

    /// A shell that has said `before`, with the console in front of it.
    pub fn console_in_shell(&self, arguments: &str) -> (Terminal, String) {
        let terminal = Setting::shell(&self.0).open();
        terminal.wait_for_text("$");
        // What is typed is not what is said.
        terminal.send("echo be'f'ore\r");
        terminal.wait_for_text("before");
        let modes = terminal.modes();
        terminal.send(format!("backstay {arguments}; echo code=$?\r"));
        terminal.wait_for_text("1 Overview");
        (terminal, modes)
    }

    pub fn engine_pid(&self) -> Pid {
        let status = self.0.json(&["daemon", "status"]);
        Pid::from_raw(i32::try_from(status["engine"]["pid"].as_i64().unwrap()).unwrap()).unwrap()
    }

    /// The verdict on the newest run, or where it stands.
    pub fn status(&self) -> String {
        let runs = self.0.json(&["runs", "list"]);
        runs[0]["status"].as_str().unwrap().to_owned()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // There may be none.
        self.0.run(&["daemon", "stop"]);
    }
}

/// A house with a job `nightly` before whose backups a shell runs the script: it holds them up at the gates it reads from,
/// until something is written there. The script is a file, so that a log that names the hook does not say what it says.
pub fn held(script: impl FnOnce(&[PathBuf; 2]) -> String) -> (House, [PathBuf; 2]) {
    let Shop { home } = Shop::new();
    let gates = ["gate-1", "gate-2"].map(|name| home.beside(name));
    assert!(Command::new("mkfifo").args(&gates).status().unwrap().success());
    std::fs::write(home.beside("hook"), script(&gates)).unwrap();
    let hook = format!("sh {}", home.beside("hook").display());
    let job = "job add nightly --source shop --destination files --before";
    let arguments: Vec<&str> = job.split(' ').chain([hook.as_str()]).collect();
    home.run(&arguments).ok();
    (House::over(home), gates)
}

/// Lets through what waits at a gate.
pub fn open_gate(gate: &Path) {
    std::fs::write(gate, "go\n").unwrap();
}

/// Whether the terminal is as a shell wants it.
pub fn is_the_shells(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

pub fn shows(text: &str) -> impl Fn(&vt100::Screen) -> bool {
    let text = text.to_owned();
    move |screen| text_of(screen).contains(&text)
}

/// Shows all of these at once.
pub fn shows_all<const N: usize>(texts: [&'static str; N]) -> impl Fn(&vt100::Screen) -> bool {
    move |screen| {
        let text = text_of(screen);
        texts.iter().all(|wanted| text.contains(wanted))
    }
}

/// Presses a key until what has the focus, or is selected, begins so.
pub fn go_down_to(terminal: &Terminal, key: &str, name: &str) {
    // What lies behind a popup is marked, too.
    let marked = |text: &str| -> Vec<String> {
        let marked = text.lines().filter_map(|line| line.split_once('▌'));
        marked.map(|(_, rest)| rest.trim_start().to_owned()).collect()
    };
    for _ in 0..60 {
        let before = marked(&terminal.text());
        if before.iter().any(|marked| marked.starts_with(name)) {
            return;
        }
        terminal.send(key);
        terminal.wait_for("the next one", |screen| marked(&text_of(screen)) != before);
    }
    panic!("there is no {name} to go to:\n{}", terminal.text());
}
