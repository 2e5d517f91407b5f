//! How fast a PostgreSQL database is backed up and restored, beside what one would otherwise type into a shell, on the same
//! server and disk and in turns; how much memory the engine takes for it; and that it keeps no temporary copy.
//!
//! `cargo bench --bench throughput`. `BACKSTAY_BENCH_MIB=256,1024` says how large the databases are as dumps,
//! `BACKSTAY_BENCH_ROUNDS=3` how often each way is taken. Figures depend on the machine and fail nothing; a way that does
//! not come out right does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot do its work stops, and its report goes to the terminal"
)]

#[path = "throughput/contest.rs"]
mod contest;
#[path = "throughput/database.rs"]
mod database;
#[path = "throughput/product.rs"]
mod product;
#[path = "throughput/shell.rs"]
mod shell;
#[path = "../support/lib.rs"]
mod support;

use contest::Contest;
use product::{Product, ReadBack};
use shell::Shell;
use support::postgres::{Server, majors};

const MIB: u64 = 1 << 20;

fn main() {
    if let Some(home) = std::env::var_os(product::ENGINE_HOME) {
        return product::run_engine(home.as_ref());
    }
    // `cargo test --all-targets` runs this file too, and without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return println!("run this by `cargo bench --bench throughput`");
    }
    let server = Server::start(majors().into_iter().next_back().unwrap());
    println!("{}", machine(&server));
    let rounds = numbers("BACKSTAY_BENCH_ROUNDS", &[3]).into_iter().next().unwrap_or(3);
    for mib in numbers("BACKSTAY_BENCH_MIB", &[256, 1024]) {
        measure(&server, mib, rounds);
    }
}

fn measure(server: &Server, mib: u64, rounds: u64) {
    let name = format!("bench_{mib}");
    database::make(server, &name, mib * MIB);
    let product = Product::start(server, &name);
    let shell = Shell::new(server, &name);

    let sample = product.back_up(ReadBack::No);
    println!(
        "\n{mib} MiB wanted; the dump has {} MB, stored {} MB ({:.1} : 1)",
        sample.plain_bytes / 1_000_000,
        sample.stored_bytes / 1_000_000,
        sample.plain_bytes as f64 / sample.stored_bytes as f64
    );
    println!("stages of a first backup, in ms: {:?}", sample.stages);
    shell.back_up_in_the_clear();
    Contest::new("backup", sample.plain_bytes)
        .way("backstay, zstd:3, sealed, hashed", || {
            product.back_up(ReadBack::No).took
        })
        .way("pg_dump | zstd -3 -T0 | openssl enc > file", || shell.back_up())
        .way("the same, then sync", || shell.back_up_and_sync())
        .way("backstay, also reading back", || product.back_up(ReadBack::Yes).took)
        .run(rounds);
    let peak = product.peak_memory_kib();
    Contest::new("restore", sample.plain_bytes)
        .way("backstay", || product.restore())
        .way("openssl enc -d | zstd -d | pg_restore", || shell.restore())
        .way("zstd -d | pg_restore", || shell.restore_from_the_clear())
        .run(rounds);
    println!(
        "engine's peak memory: {:.1} MiB after backups, {:.1} MiB after restores; largest temporary files: {} bytes",
        peak as f64 / 1024.0,
        product.peak_memory_kib() as f64 / 1024.0,
        product.largest_scratch_bytes()
    );
}

/// Numbers from the environment, separated by commas.
fn numbers(variable: &str, default: &[u64]) -> Vec<u64> {
    match std::env::var(variable) {
        Ok(text) => text.split(',').map(|number| number.trim().parse().unwrap()).collect(),
        Err(_) => default.to_vec(),
    }
}

fn machine(server: &Server) -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.unwrap_or_default().trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{cores} cores {model}, PostgreSQL {}",
        server.psql("postgres", "show server_version")
    )
}
