//! Arguments in, exit code out.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use backstay::cli::{self, Cli, Outcome};
use backstay::clock::Clock;
use backstay::domain::error::Context;
use backstay::domain::{Error, Result};
use backstay::engine;
use backstay::instance::{Instance, Paths};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

/// Time that file work in the background gets to take its unfinished files away.
const TIDY_UP: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    let output = cli.output();
    let code = run(cli).unwrap_or_else(|error| output.error(&error));
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result<u8> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing("cannot start", "backstay")?;
    let code = runtime.block_on(cli::run(cli)).and_then(|outcome| match outcome {
        Outcome::Done(code) => Ok(code),
        Outcome::Engine(arguments) => engine(&runtime, &arguments),
    });
    runtime.shutdown_timeout(TIDY_UP);
    code
}

fn engine(runtime: &Runtime, arguments: &cli::EngineArguments) -> Result<u8> {
    if arguments.detached {
        // A session of its own, so that the terminal it was started from may go.
        rustix::process::setsid().map_err(|error| Error::failed(format!("cannot leave the terminal: {error}")))?;
    }
    let filter = EnvFilter::try_from_env("BACKSTAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let instance = Instance::open(Paths::new(arguments.home.as_deref())?, Clock::System)?;
    runtime.block_on(async { engine::run(Arc::new(instance), engine::stop_on_signals()?).await })?;
    Ok(0)
}
