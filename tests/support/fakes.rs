//! PostgreSQL's client programs in a directory of their own, where `pg_dump` ends the way a test says and the others are
//! the real ones. Told by a file beside the programs, since a driver does not hand its environment on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the fake `pg_dump` ends, once it has written what it was told to.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// Exits with this status.
    Exit(u8),
    /// Kills itself by this signal, named as kill(1) names it: `KILL`, `SEGV`.
    Signal(&'static str),
    /// Closes its standard output, then, a moment later, exits with this status.
    CloseThenExit(u8),
    /// Keeps its standard output open and does nothing more.
    Hang,
}

/// What the fake `pg_dump` does.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Runs the real program.
    Real,
    /// Writes the first `bytes` of `file` to its standard output, then ends.
    Cut { file: PathBuf, bytes: u64, ending: Ending },
}

/// A directory of client programs. What is in it goes with the directory.
pub struct Fakes {
    directory: PathBuf,
    real: PathBuf,
}

/// Asked for its version, the fake answers as the real program, so that it is chosen like one.
const PG_DUMP: &str = r#"#!/bin/sh
here=$(dirname "$0")
. "$here/behaviour"
for argument; do
  case $argument in --version|-V) exec "$real/pg_dump" "$@" ;; esac
done
if [ "$ending" = real ]; then exec "$real/pg_dump" "$@"; fi
head -c "$bytes" "$file"
echo "pg_dump: error: told to end by $ending $value" >&2
case $ending in
  exit) exit "$value" ;;
  signal) kill -s "$value" $$ ;;
  close) exec >&-; sleep 0.2; exit "$value" ;;
  hang) exec sleep 3600 ;;
esac
"#;

/// Puts `pg_dump` with this `behaviour`, and the real `pg_dumpall`, `pg_restore` and `psql`, into `directory`.
pub fn install(directory: &Path, real_bin: &Path, behaviour: &Behaviour) -> Fakes {
    fs::create_dir_all(directory).unwrap();
    program(directory, "pg_dump", PG_DUMP);
    for name in ["pg_dumpall", "pg_restore", "psql"] {
        let real = quoted(&real_bin.join(name));
        program(directory, name, &format!("#!/bin/sh\nexec {real} \"$@\"\n"));
    }
    fs::write(directory.join("real"), format!("real={}\n", quoted(real_bin))).unwrap();
    let fakes = Fakes {
        directory: directory.to_owned(),
        real: real_bin.to_owned(),
    };
    fakes.behave(behaviour);
    fakes
}

impl Fakes {
    /// Makes the next `pg_dump` behave so. One that runs already is not touched.
    pub fn behave(&self, behaviour: &Behaviour) {
        let text = match behaviour {
            Behaviour::Real => "ending=real\n".to_owned(),
            Behaviour::Cut { file, bytes, ending } => {
                let (ending, value) = match ending {
                    Ending::Exit(status) => ("exit", status.to_string()),
                    Ending::Signal(name) => ("signal", (*name).to_owned()),
                    Ending::CloseThenExit(status) => ("close", status.to_string()),
                    Ending::Hang => ("hang", String::new()),
                };
                let file = quoted(file);
                format!("file={file}\nbytes={bytes}\nending={ending}\nvalue={value}\n")
            }
        };
        let real = fs::read_to_string(self.directory.join("real")).unwrap();
        let fresh = self.directory.join("behaviour.new");
        fs::write(&fresh, real + &text).unwrap();
        fs::rename(&fresh, self.directory.join("behaviour")).unwrap();
    }

    /// Puts a shell script in the place of a program. Asked for its version, it answers as the real program, which it finds as
    /// `$real`.
    pub fn script(&self, name: &str, text: &str) {
        let real = quoted(&self.real.join(name));
        let answer = "for argument; do case $argument in --version|-V) exec \"$real\" \"$@\" ;; esac; done";
        program(
            &self.directory,
            name,
            &format!("#!/bin/sh\nreal={real}\n{answer}\n{text}\n"),
        );
    }

    /// Where the programs are.
    pub fn path(&self) -> &Path {
        &self.directory
    }
}

/// Another process writes the program: were it this one, a child that another test is just starting could still hold the
/// file open for writing, and then nobody may execute it.
fn program(directory: &Path, name: &str, text: &str) {
    let source = directory.join(format!("{name}.sh"));
    fs::write(&source, text).unwrap();
    let status = Command::new("install")
        .arg("-m755")
        .arg(&source)
        .arg(directory.join(name))
        .status()
        .unwrap();
    assert!(status.success());
}

/// `path` as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_str().unwrap().replace('\'', r"'\''"))
}
