//! The systemd unit the engine runs under, as text. It may write to its own files, to local destinations and beside the
//! files of SQLite sources, and to nothing else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What a unit says of one installation.
#[derive(Clone, Debug)]
pub struct Facts {
    /// This program.
    pub program: PathBuf,
    /// The home it is given, if it is given one.
    pub home: Option<PathBuf>,
    /// Where the master key is read from, when that is not its usual place.
    pub key_file: Option<PathBuf>,
    /// The user it runs as, when systemd would take another.
    pub user: Option<String>,
    /// What it may write to.
    pub writable: Vec<PathBuf>,
    /// Seconds that running work gets when it is told to stop.
    pub grace_seconds: u64,
    /// Whether it belongs to the machine rather than to a user's own manager.
    pub system: bool,
}

impl Facts {
    /// Whether anything it works with lies where a private `/tmp` would hide it.
    fn needs_shared_tmp(&self) -> bool {
        let hidden = |path: &PathBuf| path.starts_with("/tmp") || path.starts_with("/var/tmp");
        self.writable
            .iter()
            .chain(&self.home)
            .chain(&self.key_file)
            .chain([&self.program])
            .any(hidden)
    }
}

/// What systemd gives the engine beyond the grace period, so that it can record what it cancelled.
const STOP_MARGIN_SECONDS: u64 = 30;

/// Restrictions that cost the engine nothing. Hooks live under them as well.
const HARDENING: &str = "\
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
ProtectSystem=strict
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
SystemCallArchitectures=native
";

/// The unit's text, see systemd.service(5) and systemd.exec(5).
pub fn text(facts: &Facts) -> String {
    let mut unit = String::from(
        "# Made by `backstay daemon install`. Make it again after adding a destination or a SQLite source\n\
         # outside of the paths below.\n\
         [Unit]\nDescription=Backstay, scheduled and verified database backups\n",
    );
    if facts.system {
        unit.push_str("Wants=network-online.target\nAfter=network-online.target\n");
    }
    unit.push_str("\n[Service]\nType=notify\nNotifyAccess=main\nWatchdogSec=120\n");
    let _ = writeln!(unit, "ExecStart={}", exec_start(facts));
    if let Some(file) = &facts.key_file {
        let assignment = format!("BACKSTAY_MASTER_KEY_FILE={}", file.display());
        let _ = writeln!(unit, "Environment={}", quoted(&assignment, Dollar::Plain));
    }
    if let Some(user) = &facts.user {
        let _ = writeln!(unit, "User={user}");
    }
    let stop = facts.grace_seconds.saturating_add(STOP_MARGIN_SECONDS);
    let _ = writeln!(
        unit,
        "Restart=on-failure\nRestartSec=5\nKillMode=mixed\nTimeoutStopSec={stop}"
    );
    unit.push_str(HARDENING);
    if !facts.needs_shared_tmp() {
        unit.push_str("PrivateTmp=yes\n");
    }
    for path in &facts.writable {
        // A destination that is not mounted must not keep the engine from starting.
        let _ = writeln!(unit, "ReadWritePaths=-{}", quoted_path(path));
    }
    let target = if facts.system {
        "multi-user.target"
    } else {
        "default.target"
    };
    let _ = write!(unit, "\n[Install]\nWantedBy={target}\n");
    unit
}

/// The line that says what is run.
pub fn exec_start(facts: &Facts) -> String {
    let mut words = vec![quoted(&facts.program.display().to_string(), Dollar::Doubled)];
    if let Some(home) = &facts.home {
        words.push("--home".to_owned());
        words.push(quoted(&home.display().to_string(), Dollar::Doubled));
    }
    words.push("daemon".to_owned());
    words.join(" ")
}

/// Whether `$` stands for itself, or begins a variable's name and has to be doubled: only in command lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dollar {
    Plain,
    Doubled,
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string(), Dollar::Plain)
}

/// A word as systemd.syntax(7) reads it back.
fn quoted(word: &str, dollar: Dollar) -> String {
    let mut text = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
    if dollar == Dollar::Doubled {
        text = text.replace('$', "$$");
    }
    if text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '\\')) {
        format!("\"{}\"", text.replace('\n', r"\n"))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            program: "/usr/bin/env".into(),
            home: Some("/srv/back stay/100%".into()),
            key_file: Some("/etc/backstay/master.key".into()),
            user: None,
            writable: vec!["/srv/back stay/100%".into(), "/mnt/nas".into()],
            grace_seconds: 30,
            system: false,
        }
    }

    #[test]
    fn the_unit_is_as_documented() {
        insta::assert_snapshot!(text(&facts()));
    }

    #[test]
    fn systemd_finds_nothing_wrong_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("backstay.service");
        for system in [false, true] {
            std::fs::write(&file, text(&Facts { system, ..facts() })).unwrap();
            let scope = if system { "--system" } else { "--user" };
            let Ok(found) = std::process::Command::new("systemd-analyze")
                .args(["verify", scope])
                .arg(&file)
                .output()
            else {
                return;
            };
            let said = String::from_utf8_lossy(&found.stderr).into_owned();
            let about_us: Vec<&str> = said.lines().filter(|line| line.contains("backstay.service")).collect();
            assert!(about_us.is_empty(), "{about_us:#?}");
        }
    }

    #[test]
    fn what_lies_in_tmp_is_not_hidden_from_it() {
        assert!(text(&facts()).contains("PrivateTmp=yes"));
        let writable = vec!["/tmp/backups".into()];
        assert!(!text(&Facts { writable, ..facts() }).contains("PrivateTmp"));
    }

    #[test]
    fn a_path_with_a_dollar_or_a_quote_stays_what_it_is() {
        assert_eq!(quoted("/a$b", Dollar::Doubled), "/a$$b");
        assert_eq!(quoted("/a$b", Dollar::Plain), "/a$b");
        assert_eq!(quoted("/a \"b\"", Dollar::Plain), r#""/a \"b\"""#);
    }
}
