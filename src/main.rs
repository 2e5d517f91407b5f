//! Arguments in, exit code out.

use std::process::ExitCode;
use std::time::Duration;

use backstay::cli::{self, Cli, Outcome};
use backstay::domain::error::Context;
use backstay::domain::{Error, Result};
use tokio::runtime::{Builder, Runtime};

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

fn engine(_runtime: &Runtime, _arguments: &cli::EngineArguments) -> Result<u8> {
    Err(Error::failed("this build has no engine"))
}
