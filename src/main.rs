//! Arguments in, exit code out.

use std::process::ExitCode;
use std::time::Duration;

use backstay::cli::{self, Cli, ConsoleArguments, Outcome};
use backstay::console::open::{Arguments, Engine, open};
use backstay::domain::Result;
use backstay::domain::error::Context;
use backstay::engine::process;
use tokio::runtime::Builder;

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
    let code = runtime.block_on(async {
        match cli::run(cli).await? {
            Outcome::Done(code) => Ok(code),
            Outcome::Engine(engine) => process::serve(engine.home.as_deref(), engine.detached)
                .await
                .map(|()| 0),
            Outcome::Console(console) => open_console(console).await,
        }
    });
    runtime.shutdown_timeout(TIDY_UP);
    code
}

async fn open_console(ConsoleArguments { home, console }: ConsoleArguments) -> Result<u8> {
    let engine = match (console.inline, console.no_engine) {
        (true, _) => Engine::Inside,
        (false, true) => Engine::Any,
        (false, false) => Engine::Process,
    };
    let arguments = Arguments {
        home: home.clone(),
        read_only: console.read_only,
        ascii: console.ascii,
        theme: console.theme,
        engine,
    };
    let inside = |stop| async move { process::inside(home.as_deref(), stop).await };
    open(arguments, Box::new(|stop| Box::pin(inside(stop)))).await
}
