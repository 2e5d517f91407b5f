//! What the environment says about the terminal and the operator: colours, signs, the zone, the line in between.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use super::theme::{ASCII, Glyphs, UNICODE};

/// Looks up what the environment says.
pub struct Environment<'a> {
    /// A variable; empty is as good as none.
    variable: &'a dyn Fn(&str) -> Option<String>,
    /// Where the machine's own zone is kept: `/etc`.
    machine: PathBuf,
}

impl<'a> Environment<'a> {
    /// With this lookup of variables, and with `machine` in place of `/etc`.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>, machine: impl Into<PathBuf>) -> Self {
        Self {
            variable,
            machine: machine.into(),
        }
    }

    /// Whether the operator is at another machine.
    pub fn is_remote(&self) -> bool {
        self.has("SSH_CONNECTION") || self.has("SSH_TTY")
    }

    /// Whether colours are unwanted: <https://no-color.org>.
    pub fn wants_no_color(&self) -> bool {
        self.has("NO_COLOR")
    }

    /// Signs the terminal can show, by the locale as `setlocale` finds it.
    pub fn glyphs(&self) -> &'static Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| self.get(name));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let speaks_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        if speaks_utf8 && self.get("TERM").as_deref() != Some("dumb") {
            &UNICODE
        } else {
            &ASCII
        }
    }

    /// The operator's zone: of `TZ`, else the machine's, else UTC.
    pub fn zone(&self) -> Tz {
        let named = match self.get("TZ") {
            Some(text) => zone_in(Path::new(text.trim_start_matches(':'))),
            None => self.machine_zone(),
        };
        named.unwrap_or(Tz::UTC)
    }

    fn machine_zone(&self) -> Option<Tz> {
        let link = std::fs::read_link(self.machine.join("localtime")).ok();
        link.and_then(|path| zone_in(&path)).or_else(|| {
            let name = std::fs::read_to_string(self.machine.join("timezone")).ok()?;
            name.trim().parse().ok()
        })
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }
}

/// The zone a path or name ends in: `Europe/Zurich`, `/usr/share/zoneinfo/Europe/Zurich`.
fn zone_in(path: &Path) -> Option<Tz> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    (1..=parts.len().min(3))
        .rev()
        .find_map(|length| parts.get(parts.len() - length..)?.join("/").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(variables: &[(&str, &str)], machine: &Path, look: impl FnOnce(&Environment<'_>) -> T) -> T {
        let find = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        look(&Environment::new(&find, machine))
    }

    fn ascii(variables: &[(&str, &str)]) -> bool {
        with(variables, Path::new("/nowhere"), |environment| {
            environment.glyphs().ascii
        })
    }

    #[test]
    fn signs_go_by_the_first_variable_that_says_something() {
        assert!(!ascii(&[("LANG", "de_CH.UTF-8")]));
        assert!(!ascii(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(ascii(&[("LC_ALL", "C"), ("LANG", "de_CH.UTF-8")]));
        assert!(ascii(&[("LANG", "de_CH.ISO-8859-1")]));
        assert!(ascii(&[]));
        assert!(ascii(&[("LANG", "de_CH.UTF-8"), ("TERM", "dumb")]));
    }

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is not general enough in its lifetime"
    )]
    #[test]
    fn the_zone_is_the_operators_else_the_machines_else_utc() {
        let machine = tempfile::tempdir().unwrap();
        let zone = |variables: &[(&str, &str)]| with(variables, machine.path(), |environment| environment.zone());
        assert_eq!(zone(&[]), Tz::UTC);
        std::fs::write(machine.path().join("timezone"), "Asia/Kolkata\n").unwrap();
        assert_eq!(zone(&[]), Tz::Asia__Kolkata);
        std::os::unix::fs::symlink(
            "../usr/share/zoneinfo/America/Argentina/Salta",
            machine.path().join("localtime"),
        )
        .unwrap();
        assert_eq!(zone(&[]), Tz::America__Argentina__Salta);
        assert_eq!(zone(&[("TZ", "Europe/Zurich")]), Tz::Europe__Zurich);
        assert_eq!(zone(&[("TZ", ":/usr/share/zoneinfo/Asia/Tokyo")]), Tz::Asia__Tokyo);
        assert_eq!(zone(&[("TZ", "<+03>-3")]), Tz::UTC);
    }

    #[test]
    fn ssh_is_told_by_either_of_its_variables() {
        let remote = |name| {
            with(&[(name, "x")], Path::new("/nowhere"), |environment| {
                environment.is_remote()
            })
        };
        assert!(remote("SSH_CONNECTION") && remote("SSH_TTY"));
        assert!(!remote("DISPLAY"));
    }
}
