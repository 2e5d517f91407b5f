//! Real PostgreSQL servers: each in a temporary directory, on a free loopback port and a Unix socket, for one test.
//! `tests/setup` installs the programs; a missing one fails the test, since a skipped test says nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::{stop, tethered, wait_for};

/// Password of the superuser `postgres`.
pub const PASSWORD: &str = "test-superuser";

/// The role a client certificate stands for, on a server with TLS.
pub const CERTIFIED: &str = "certified";

/// Whom servers run as when the tests run as root.
const SERVER_USER: &str = "backstay-test";

/// A server is up, or gone after it was told to stop, within this.
const LIMIT: Duration = Duration::from_mins(1);

/// Durability is for data that matters; speed is for tests.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n\
                        max_connections = 50\nshared_buffers = 64MB\nlogging_collector = off\n";

/// A running server. Dropping it stops it and removes its data. It belongs to the thread that started it and dies with it.
pub struct Server {
    major: u32,
    port: u16,
    tls: Option<Tls>,
    process: Child,
    directory: TempDir,
}

/// What a client needs for TLS: files in PEM.
pub struct Tls {
    /// The authority that signed the server's certificate, for `localhost` and `127.0.0.1`, and the client's.
    pub authority: PathBuf,
    /// A certificate for the role [`CERTIFIED`].
    pub client_certificate: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
    directory: TempDir,
}

/// The PostgreSQL majors there are to test with, ascending: the distribution's newest and at least one more.
pub fn majors() -> Vec<u32> {
    trees().keys().copied().collect()
}

/// The directory of server and client programs of `major`.
pub fn bin(major: u32) -> PathBuf {
    let tree = trees().get(&major);
    tree.unwrap_or_else(|| panic!("PostgreSQL {major} is not installed: run tests/setup"))
        .join("bin")
}

impl Server {
    /// Starts a server of `major` that takes passwords over TCP and over the socket.
    pub fn start(major: u32) -> Self {
        Self::start_on(major, None)
    }

    /// Starts a server of `major` that takes TLS connections only, with passwords, and the role [`CERTIFIED`] by its
    /// certificate.
    pub fn start_with_tls(major: u32) -> Self {
        let server = Self::start_on(major, Some(Tls::make()));
        server.psql("postgres", &format!("create role {CERTIFIED} login superuser"));
        server
    }

    fn start_on(major: u32, tls: Option<Tls>) -> Self {
        // The path is short, as that of a Unix socket must be.
        let directory = tempfile::Builder::new().prefix("bst-pg-").tempdir_in("/tmp").unwrap();
        let data = directory.path().join("data");
        done(
            Command::new("cp")
                .args(["--archive", "--reflink=auto"])
                .arg(cluster(major))
                .arg(&data),
        );
        let mut settings = format!("unix_socket_directories = '{}'\n{SETTINGS}", directory.path().display());
        if let Some(tls) = &tls {
            settings.push_str("ssl = on\nssl_ca_file = 'authority.crt'\n");
            for name in ["authority.crt", "server.crt", "server.key"] {
                fs::copy(tls.directory.path().join(name), data.join(name)).unwrap();
            }
            let rules = format!(
                "local all all scram-sha-256\nhostssl all {CERTIFIED} 127.0.0.1/32 cert\n\
                 hostssl all all 127.0.0.1/32 scram-sha-256\n"
            );
            fs::write(data.join("pg_hba.conf"), rules).unwrap();
        }
        fs::write(data.join("postgresql.auto.conf"), settings).unwrap();
        own(directory.path());
        // Another process may take the port between our look and the server's: then the server ends, and we look again.
        for _ in 0..5 {
            let port = free_port();
            if let Some(process) = launch(major, directory.path(), port) {
                return Self {
                    major,
                    port,
                    tls,
                    process,
                    directory,
                };
            }
        }
        panic!("PostgreSQL {major} does not start:\n{}", log_of(directory.path()));
    }

    /// Its major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Its TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its Unix socket.
    pub fn socket(&self) -> &Path {
        self.directory.path()
    }

    /// The directory of its own programs.
    pub fn bin(&self) -> PathBuf {
        bin(self.major)
    }

    /// Client files for TLS, when it was started so.
    pub fn tls(&self) -> &Tls {
        self.tls.as_ref().expect("a server started with TLS")
    }

    /// `postgresql://postgres:…@127.0.0.1:PORT/postgres`.
    pub fn uri(&self) -> String {
        format!("postgresql://postgres:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        log_of(self.directory.path())
    }

    /// One of its own client programs, pointed at it as the superuser over the socket.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin().join(program));
        command
            .env_clear()
            .env("PGPASSWORD", PASSWORD)
            .env("PGPORT", self.port.to_string());
        command
            .env("PGHOST", self.socket())
            .env("PGUSER", "postgres")
            .env("PGCLIENTENCODING", "UTF8");
        command
    }

    /// Runs `sql` in `database` as the superuser; rows as lines, fields separated by `|`. The first error fails the test.
    #[track_caller]
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut command = self.client("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // No deadlock: psql reads the script line by line, and the answers to what a test asks fit a pipe.
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Makes an empty database.
    #[track_caller]
    pub fn create_database(&self, name: &str) {
        self.psql("postgres", &format!("create database {}", identifier(name)));
    }

    /// Makes a role that may log in with `password`; `attributes` as in SQL: `createdb`, `superuser`, or nothing.
    #[track_caller]
    pub fn create_role(&self, name: &str, password: &str, attributes: &str) {
        let (name, password) = (identifier(name), password.replace('\'', "''"));
        self.psql(
            "postgres",
            &format!("create role {name} login password '{password}' {attributes}"),
        );
    }

    /// `database` as SQL text, equal for two databases with equal content: what differs from run to run is left out.
    #[track_caller]
    pub fn dump(&self, database: &str) -> String {
        let output = self.client("pg_dump").arg(database).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let random = |line: &&str| line.starts_with(r"\restrict ") || line.starts_with(r"\unrestrict ");
        text.lines().filter(|line| !random(line)).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
        stop(&mut self.process, Signal::INT, LIMIT);
    }
}

impl Tls {
    fn make() -> Self {
        let directory = tempfile::Builder::new().prefix("bst-tls-").tempdir().unwrap();
        let path = directory.path();
        fs::write(
            path.join("openssl.cnf"),
            "[req]\ndistinguished_name = subject\n[subject]\n",
        )
        .unwrap();
        let certified = format!("/CN={CERTIFIED}");
        certify(
            path,
            "authority",
            "/CN=Backstay test authority",
            "basicConstraints=critical,CA:TRUE",
            &[],
        );
        let signed = ["-CA", "authority.crt", "-CAkey", "authority.key"];
        certify(
            path,
            "server",
            "/CN=localhost",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            &signed,
        );
        certify(
            path,
            "client",
            &certified,
            "basicConstraints=critical,CA:FALSE",
            &signed,
        );
        Self {
            authority: path.join("authority.crt"),
            client_certificate: path.join("client.crt"),
            client_key: path.join("client.key"),
            directory,
        }
    }
}

/// Makes `NAME.key` and `NAME.crt` in `directory`, signed by itself unless `signed` says by whom.
fn certify(directory: &Path, name: &str, subject: &str, extension: &str, signed: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-nodes",
        "-days",
        "30",
        "-newkey",
        "ec",
        "-config",
        "openssl.cnf",
    ]);
    openssl.args([
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        subject,
        "-addext",
        extension,
    ]);
    openssl
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .args(signed);
    done(openssl.current_dir(directory));
}

/// Installed trees with a `bin/postgres`, by major version.
fn trees() -> &'static BTreeMap<u32, PathBuf> {
    static TREES: OnceLock<BTreeMap<u32, PathBuf>> = OnceLock::new();
    TREES.get_or_init(|| {
        let newest = installed(Path::new("/usr/lib/postgresql")).into_iter().next_back();
        let mut trees = installed(&cache().join("postgresql"));
        trees.extend(newest);
        assert!(
            trees.len() > 1,
            "two PostgreSQL majors are needed, there are {trees:?}: run tests/setup"
        );
        trees
    })
}

fn installed(place: &Path) -> BTreeMap<u32, PathBuf> {
    let entries = fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let servers = entries.filter(|tree| tree.join("bin/postgres").exists());
    servers
        .filter_map(|tree| Some((tree.file_name()?.to_str()?.parse().ok()?, tree)))
        .collect()
}

/// Where `tests/setup` puts what it unpacks.
fn cache() -> PathBuf {
    match std::env::var_os("BACKSTAY_TEST_CACHE") {
        Some(chosen) if !chosen.is_empty() => chosen.into(),
        _ if is_root() => "/var/cache/backstay-test".into(),
        _ => PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cache/backstay-test"),
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// A fresh cluster of `major` to copy from: made once a machine, since making one takes longer than a test does.
fn cluster(major: u32) -> PathBuf {
    let clusters = cache().join("clusters");
    let made = clusters.join(major.to_string());
    if made.exists() {
        return made;
    }
    fs::create_dir_all(&clusters).unwrap();
    let directory = tempfile::Builder::new()
        .prefix("making-")
        .tempdir_in(&clusters)
        .unwrap();
    let password = directory.path().join("password");
    fs::write(&password, PASSWORD).unwrap();
    own(directory.path());
    let mut initdb = as_server_user(&bin(major).join("initdb"));
    initdb.args([
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    initdb
        .arg("--pwfile")
        .arg(&password)
        .arg("--pgdata")
        .arg(directory.path().join("data"));
    done(initdb.current_dir("/"));
    // When another test was faster, its cluster is as good.
    let renamed = fs::rename(directory.path().join("data"), &made);
    assert!(renamed.is_ok() || made.exists(), "{renamed:?}");
    made
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The running server, once it says that it is ready; `None` when it ended instead.
fn launch(major: u32, directory: &Path, port: u16) -> Option<Child> {
    let data = directory.join("data");
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("log"))
        .unwrap();
    let mut command = as_server_user(&bin(major).join("postgres"));
    command
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string()])
        .current_dir("/");
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let mut process = command.spawn().unwrap();
    // The last line of this file is where pg_ctl reads it, too.
    let state = data.join("postmaster.pid");
    let mut ended = false;
    wait_for(&format!("PostgreSQL {major} in {}", directory.display()), LIMIT, || {
        ended = process.try_wait().unwrap().is_some();
        let said = fs::read_to_string(&state).unwrap_or_default();
        ended || said.lines().nth(7).is_some_and(|line| line.trim() == "ready")
    });
    (!ended).then_some(process)
}

fn log_of(directory: &Path) -> String {
    fs::read_to_string(directory.join("log")).unwrap_or_default()
}

/// `program` as a user PostgreSQL agrees to run as.
fn as_server_user(program: &Path) -> Command {
    if !is_root() {
        return tethered(program, &[]);
    }
    let (user, group) = (format!("--reuid={SERVER_USER}"), format!("--regid={SERVER_USER}"));
    tethered(program, &[&user, &group, "--clear-groups"])
}

/// Gives everything in `directory` to the user servers run as.
fn own(directory: &Path) {
    if is_root() {
        let owner = format!("{SERVER_USER}:{SERVER_USER}");
        done(Command::new("chown").args(["--recursive", &owner]).arg(directory));
    }
}

/// `name` as a quoted SQL identifier.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Runs `command` to its end, which must be a good one.
#[track_caller]
fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
