//! A home with a long history that ends now, as an installation has after some years.

use std::thread::sleep;
use std::time::{Duration, Instant};

use backstay::clock::Clock;
use backstay::instance::{Instance, Paths};

use crate::lists::{Size, fill_since};
use crate::support::home::Home;

const MINUTE_MS: u64 = 60_000;

/// A home with so many runs, one a minute until now, of so many jobs, and backups and audit rows to match.
pub fn home(runs: u64, jobs: u64) -> Home {
    let home = Home::new();
    let size = Size {
        jobs,
        executions: runs,
        // And as many once more in one long log.
        lines_per_execution: 1,
        backups: (runs / 10).max(400),
        audit_rows: (runs / 10).max(100),
    };
    let began = Instant::now();
    let instance = Instance::open(Paths::new(Some(&home.path())).unwrap(), Clock::System).unwrap();
    // On whole minutes: all ages on a screen change along with the clock in its header.
    let start_ms = (now_ms() / MINUTE_MS - runs) * MINUTE_MS;
    instance
        .store
        .write(|db| {
            fill_since(db, &size, start_ms);
            Ok(())
        })
        .unwrap();
    let path = instance.store.path().to_owned();
    // Whatever is in the write-ahead log goes into the database with the last connection.
    drop(instance);
    println!(
        "{} runs of {jobs} jobs, {} log lines, {} backups with two copies each, {} audit rows: {} MB, made in {:.0} s",
        size.executions,
        2 * size.executions * size.lines_per_execution,
        size.backups,
        size.audit_rows,
        path.metadata().unwrap().len() / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    home
}

/// Waits, when a minute would end within `time`, for the beginning of the next one.
pub fn well_within_a_minute(time: Duration) {
    let left = Duration::from_millis(MINUTE_MS - now_ms() % MINUTE_MS);
    if left <= time {
        sleep(left);
    }
}

fn now_ms() -> u64 {
    u64::try_from(Clock::System.now().millis()).unwrap()
}
