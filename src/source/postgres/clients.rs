//! PostgreSQL's client programs on this machine: which there are, and which fits.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::connection::bare_command;
use crate::domain::adapter::major;
use crate::domain::{Error, Result};
use crate::process;

/// A program that does not even say its version within this time is not used.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// One set of client programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    directory: PathBuf,
    /// `15.18`.
    pub(super) version: String,
    /// 15.
    pub(super) major: u32,
}

impl Client {
    /// The path of `pg_dump` and the like.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// All that may be used, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    found: Vec<Client>,
    /// The only place they may come from, where one is set.
    configured: Option<PathBuf>,
}

impl Clients {
    /// Looks in `configured` and nowhere else, since whoever names a place wants the programs that are there. Without it, where
    /// PostgreSQL is usually installed, then in `PATH`.
    pub(super) async fn find(configured: Option<&Path>) -> Result<Self> {
        let directories = match configured {
            Some(directory) => configured_directories(directory),
            None => usual_directories(),
        };
        let mut seen: Vec<PathBuf> = Vec::new();
        let asked = directories.into_iter().filter_map(|directory| {
            let real = complete(&directory).filter(|real| !seen.contains(real))?;
            seen.push(real.clone());
            Some(async move { Some((directory, version(&real).await?)) })
        });
        let mut found = Vec::new();
        for (directory, version) in join_all(asked).await.into_iter().flatten() {
            let major = major(&version)?;
            found.push(Client {
                directory,
                version,
                major,
            });
        }
        found.sort_by_key(|client| (client.major, Reverse(minor(&client.version))));
        if found.is_empty() {
            let place =
                configured.map_or_else(|| "on this machine".to_owned(), |path| format!("in {}", path.display()));
            let failed = Error::failed(format!(
                "PostgreSQL's client programs (pg_dump, pg_restore, psql) are not {place}"
            ));
            return Err(failed.next("apt-get install postgresql-client, or set client_dir to where they are"));
        }
        Ok(Self {
            found,
            configured: configured.map(Path::to_owned),
        })
    }

    /// The newest.
    pub(super) fn newest(&self) -> Result<&Client> {
        self.found.last().ok_or_else(|| self.missing("psql", 12))
    }

    /// The one to dump a server with: its own major, else the nearest newer one, since an archive of an older `pg_dump` can be
    /// restored into more servers.
    pub(super) fn for_dump(&self, server_major: u32) -> Result<&Client> {
        self.at_least(server_major)
            .ok_or_else(|| self.missing("pg_dump", server_major))
    }

    /// The one to restore an archive with: not older than the `pg_dump` that wrote it, nor, if there is such a one, than the
    /// server it goes to.
    pub(super) fn for_restore(&self, dump_major: u32, server_major: u32) -> Result<&Client> {
        let fitting = self.at_least(dump_major.max(server_major));
        let newest = self.found.last().filter(|newest| newest.major >= dump_major);
        fitting.or(newest).ok_or_else(|| self.missing("pg_restore", dump_major))
    }

    fn at_least(&self, major: u32) -> Option<&Client> {
        self.found.iter().find(|client| client.major >= major)
    }

    fn missing(&self, program: &str, major: u32) -> Error {
        let installed: Vec<String> = self.found.iter().map(|client| client.major.to_string()).collect();
        let installed = installed.join(", ");
        let (place, next) = match &self.configured {
            None => ("installed".to_owned(), "or set client_dir to where it is"),
            Some(directory) => (
                format!("in {}, the only place that is set", directory.display()),
                "and set client_dir to where it is, or to nothing",
            ),
        };
        Error::failed(format!("{program} {major} or newer is needed; {place}: {installed}"))
            .next(format!("apt-get install postgresql-client-{major}, {next}"))
    }
}

/// The configured directory itself, its `bin`, or those of the versions below it.
fn configured_directories(directory: &Path) -> Vec<PathBuf> {
    let mut directories = vec![directory.to_owned(), directory.join("bin")];
    directories.extend(children(directory).into_iter().map(|child| child.join("bin")));
    directories
}

fn usual_directories() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = children(Path::new("/usr/lib/postgresql"))
        .into_iter()
        .chain(
            children(Path::new("/usr"))
                .into_iter()
                .filter(|child| is_named(child, "pgsql-")),
        )
        .map(|version| version.join("bin"))
        .collect();
    directories.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    directories
}

fn is_named(path: &Path, prefix: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The real path of a directory's `pg_dump`, if its companions are beside it. Debian's wrapper in `/usr/bin` is left out: it
/// chooses a version by rules of its own.
fn complete(directory: &Path) -> Option<PathBuf> {
    let all = ["pg_dump", "pg_restore", "pg_dumpall", "psql"];
    let real = directory.join("pg_dump").canonicalize().ok()?;
    let usable = all.iter().all(|name| directory.join(name).is_file()) && !is_named(&real, "pg_wrapper");
    usable.then_some(real)
}

/// What it says of its version. Asked once for each state of the file: health looks every minute, and a restore should not wait.
async fn version(pg_dump: &Path) -> Option<String> {
    /// Path, inode, and time of the last change in seconds and nanoseconds.
    type File = (PathBuf, u64, i64, i64);
    static SAID: Mutex<BTreeMap<File, String>> = Mutex::new(BTreeMap::new());
    let said = || SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let about = pg_dump.metadata().ok()?;
    let file = (pg_dump.to_owned(), about.ino(), about.ctime(), about.ctime_nsec());
    if let Some(version) = said().get(&file) {
        return Some(version.clone());
    }
    let version = ask_version(pg_dump).await?;
    said().insert(file, version.clone());
    Some(version)
}

/// `pg_dump (PostgreSQL) 15.18 (Debian …)` → `15.18`.
async fn ask_version(pg_dump: &Path) -> Option<String> {
    let mut command = bare_command(pg_dump);
    let said = process::output(command.arg("--version"), &[], VERSION_LIMIT)
        .await
        .ok()?;
    let said = String::from_utf8_lossy(&said);
    said.split_whitespace()
        .nth(2)
        .map(str::to_owned)
        .filter(|version| major(version).is_ok())
}

fn minor(version: &str) -> u32 {
    version
        .split('.')
        .nth(1)
        .and_then(|minor| minor.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(versions: &[&str]) -> Clients {
        let client = |version: &&str| Client {
            directory: PathBuf::from("/none"),
            version: (*version).to_owned(),
            major: major(version).unwrap(),
        };
        Clients {
            found: versions.iter().map(client).collect(),
            configured: None,
        }
    }

    #[test]
    fn a_server_is_dumped_by_its_own_major_or_the_nearest_newer() {
        let clients = installed(&["13.1", "15.18", "17.11"]);
        let picked = |server| clients.for_dump(server).map(|client| client.major).ok();
        assert_eq!(
            [12, 13, 14, 15, 16, 17, 18].map(picked),
            [Some(13), Some(13), Some(15), Some(15), Some(17), Some(17), None]
        );
        let error = clients.for_dump(18).unwrap_err();
        assert_eq!(error.message, "pg_dump 18 or newer is needed; installed: 13, 15, 17");
        // Others may be installed elsewhere, and are not asked for.
        let configured = Some(PathBuf::from("/opt/pg"));
        let error = Clients { configured, ..clients }.for_dump(18).unwrap_err();
        assert!(
            error
                .message
                .ends_with("; in /opt/pg, the only place that is set: 13, 15, 17"),
            "{error}"
        );
        assert!(error.next.contains("or to nothing"), "{error}");
    }

    #[test]
    fn an_archive_is_restored_by_what_can_read_it() {
        let clients = installed(&["15.18", "17.11"]);
        let picked = |dump, server| clients.for_restore(dump, server).map(|client| client.major).ok();
        assert_eq!(picked(15, 15), Some(15));
        assert_eq!(picked(17, 15), Some(17));
        assert_eq!(picked(15, 17), Some(17));
        assert_eq!(picked(15, 18), Some(17));
        assert_eq!(picked(18, 15), None);
    }
}
