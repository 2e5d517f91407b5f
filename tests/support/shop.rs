//! A home with a SQLite source and two local destinations: what the command line's tests start from.

use std::path::PathBuf;

use super::home::{Home, Ran};

/// A home with adapters `shop`, `files` and `nas`.
pub struct Shop {
    pub home: Home,
}

impl Shop {
    pub fn new() -> Self {
        let home = Home::new();
        for directory in ["files", "nas", "data"] {
            std::fs::create_dir(home.beside(directory)).unwrap();
        }
        let shop = Self { home };
        let database = rusqlite::Connection::open(shop.database()).unwrap();
        database
            .execute_batch(
                "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT); INSERT INTO orders VALUES (1, 'rope')",
            )
            .unwrap();
        shop.run(&[
            "adapter",
            "add",
            "shop",
            "--driver",
            "sqlite",
            "--set",
            &shop.set_path("data/shop.db"),
        ])
        .ok();
        shop.run(&[
            "adapter",
            "add",
            "files",
            "--driver",
            "local",
            "--set",
            &shop.set_path("files"),
        ])
        .ok();
        shop.run(&[
            "adapter",
            "add",
            "nas",
            "--driver",
            "local",
            "--set",
            &shop.set_path("nas"),
        ])
        .ok();
        shop
    }

    /// The same with a job `nightly`.
    pub fn with_job() -> Self {
        let shop = Self::new();
        shop.run(&[
            "job",
            "add",
            "nightly",
            "--source",
            "shop",
            "--destination",
            "files",
            "--schedule",
            "0 3 * * *",
        ])
        .ok();
        shop
    }

    pub fn database(&self) -> PathBuf {
        self.home.beside("data/shop.db")
    }

    /// `path=…` for a path beside the home.
    pub fn set_path(&self, name: &str) -> String {
        format!("path={}", self.home.beside(name).display())
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(arguments)
    }

    /// Runs a command line written as one text; no argument of it holds a space.
    pub fn line(&self, line: &str) -> Ran {
        self.home.run(&line.split_whitespace().collect::<Vec<_>>())
    }
}
