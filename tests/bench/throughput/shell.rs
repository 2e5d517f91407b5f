//! What one would type into a shell: pipes between the same programs, with the same client and socket as Backstay uses.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::postgres::Server;

/// The shell's way.
pub struct Shell<'a> {
    server: &'a Server,
    database: String,
    directory: TempDir,
}

impl<'a> Shell<'a> {
    /// For one database.
    pub fn new(server: &'a Server, database: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key"), "correct horse battery staple\n").unwrap();
        Self {
            server,
            database: database.to_owned(),
            directory,
        }
    }

    /// Compressed and encrypted, into a file.
    pub fn back_up(&self) -> Duration {
        self.run(
            "pg_dump -Fc -Z0 $DATABASE | zstd -q -3 -T0 | openssl enc -aes-256-ctr -pbkdf2 -pass file:key > sealed",
        )
    }

    /// The same until it is on the disk, which is where Backstay's backups are when it says so.
    pub fn back_up_and_sync(&self) -> Duration {
        self.run(
            "pg_dump -Fc -Z0 $DATABASE | zstd -q -3 -T0 | openssl enc -aes-256-ctr -pbkdf2 -pass file:key > sealed && sync sealed",
        )
    }

    /// Compressed only.
    pub fn back_up_in_the_clear(&self) -> Duration {
        self.run("pg_dump -Fc -Z0 $DATABASE | zstd -q -3 -T0 > clear")
    }

    /// From the encrypted file into a new database.
    pub fn restore(&self) -> Duration {
        self.run_on_a_new_database(
            "openssl enc -d -aes-256-ctr -pbkdf2 -pass file:key < sealed | zstd -q -d | pg_restore -d restored",
        )
    }

    /// From the compressed file into a new database.
    pub fn restore_from_the_clear(&self) -> Duration {
        self.run_on_a_new_database("zstd -q -d < clear | pg_restore -d restored")
    }

    fn run_on_a_new_database(&self, pipe: &str) -> Duration {
        let took = self.run(&format!("createdb -T template0 restored && {pipe}"));
        self.server.psql("postgres", "drop database restored; checkpoint");
        took
    }

    fn run(&self, script: &str) -> Duration {
        let mut path = vec![self.server.bin()];
        path.extend(
            std::env::var_os("PATH")
                .iter()
                .flat_map(std::env::split_paths)
                .collect::<Vec<PathBuf>>(),
        );
        let reference = self.server.client("psql");
        let mut command = Command::new("bash");
        command
            .args(["-e", "-o", "pipefail", "-c", script])
            .current_dir(self.directory.path());
        command.envs(reference.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("DATABASE", &self.database);
        let start = Instant::now();
        let output = command.output().unwrap();
        let took = start.elapsed();
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        took
    }
}
