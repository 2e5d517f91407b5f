//! A PostgreSQL server of a test's own: loopback, a free port, a directory that goes away, stopped with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The superuser's password.
pub const PASSWORD: &str = "hunter22-marker";

/// A running server.
pub struct Server {
    /// `127.0.0.1`.
    pub host: String,
    /// A free port.
    pub port: u16,
    /// Of the role `postgres`.
    pub password: String,
    bin: PathBuf,
    process: Child,
    _directory: TempDir,
}

/// Where the programs of a major version are, if it is on this machine.
pub fn binaries(major: u32) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let candidates = [
        PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
        home.join(format!(".cache/backstay-test/postgresql/{major}/bin")),
    ];
    candidates.into_iter().find(|path| path.join("postgres").is_file())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// As a user the server accepts to run as.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(program);
    command
}

/// The programs where any user may run them: a home directory may be closed to others.
fn reachable(bin: &Path, major: u32) -> PathBuf {
    if !is_root() || bin.starts_with("/usr") {
        return bin.to_owned();
    }
    let open = PathBuf::from(format!("/var/tmp/backstay-test-postgresql-{major}"));
    if !open.join("bin/postgres").is_file() {
        let copied = Command::new("cp")
            .arg("-a")
            .arg(bin.parent().unwrap())
            .arg(&open)
            .status()
            .unwrap();
        assert!(copied.success());
    }
    open.join("bin")
}

impl Server {
    /// Starts one of this major version.
    pub fn start(major: u32) -> Self {
        let bin = reachable(
            &binaries(major).unwrap_or_else(|| panic!("PostgreSQL {major} is not installed")),
            major,
        );
        let directory = tempfile::Builder::new()
            .prefix("backstay-pg")
            .tempdir_in("/tmp")
            .unwrap();
        let data = directory.path().join("data");
        let password_file = directory.path().join("password");
        std::fs::write(&password_file, PASSWORD).unwrap();
        if is_root() {
            let owner = Command::new("chown")
                .args(["-R", "65534:65534"])
                .arg(directory.path())
                .status()
                .unwrap();
            assert!(owner.success());
        }
        let made = unprivileged(&bin.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg("--pgdata")
            .arg(&data)
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let process = unprivileged(&bin.join("postgres"))
            .args([
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_wal_size=256MB",
                "-h",
                "127.0.0.1",
            ])
            .args(["-p", &port.to_string()])
            .arg("-k")
            .arg(directory.path())
            .arg("-D")
            .arg(&data)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self {
            host: "127.0.0.1".to_owned(),
            port,
            password: PASSWORD.to_owned(),
            bin,
            process,
            _directory: directory,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !server
            .command("psql")
            .args(["-X", "-c", "SELECT 1", "postgres"])
            .output()
            .unwrap()
            .status
            .success()
        {
            assert!(Instant::now() < deadline, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Where its programs are.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// A client program of the server's own version, logged in as the superuser.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .env("PGHOST", &self.host)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGPASSWORD", &self.password);
        command
    }

    /// Runs statements; gives back what they print, without decoration.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let output = self
            .command("psql")
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .env("PGDATABASE", database)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is "fast shutdown"; the process is its own parent of all others.
        if let Ok(id) = i32::try_from(self.process.id())
            && let Some(id) = rustix::process::Pid::from_raw(id)
        {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        }
        let _ = self.process.wait();
    }
}
