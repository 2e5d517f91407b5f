//! The engine's process: a session of its own where that is asked for, a log, an installation opened for it alone.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::clock::Clock;
use crate::domain::error::{Context, in_words};
use crate::domain::{Error, Result};
use crate::instance::{Instance, Paths};

/// Runs the engine of the home below `home`, or of the user's own, as this process's work, until a signal ends it. It logs to
/// standard error. `detached` leaves the terminal it was started from, which may then go.
pub async fn serve(home: Option<&Path>, detached: bool) -> Result<()> {
    if detached {
        let stays = |error| Error::failed(format!("cannot leave the terminal: {}", in_words(&error)));
        rustix::process::setsid().map_err(stays)?;
    }
    log_to(std::io::stderr);
    super::run(open(home)?, super::stop_on_signals()?).await
}

/// Runs the engine inside a process that has the terminal for something else, until `stop`. It logs where an engine in the
/// background does.
pub async fn inside(home: Option<&Path>, stop: CancellationToken) -> Result<()> {
    let instance = open(home)?;
    let path = instance.paths.log();
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    log_to(Arc::new(file.doing("cannot open the engine's log", path.display())?));
    super::run(instance, stop).await
}

fn open(home: Option<&Path>) -> Result<Arc<Instance>> {
    Ok(Arc::new(Instance::open(Paths::new(home)?, Clock::System)?))
}

fn log_to(writer: impl for<'writer> MakeWriter<'writer> + Send + Sync + 'static) {
    let wanted = std::env::var("BACKSTAY_LOG").ok().and_then(|level| level.parse().ok());
    let log = tracing_subscriber::fmt()
        .with_max_level(wanted.unwrap_or(LevelFilter::INFO))
        .with_writer(writer)
        .with_ansi(false);
    // Where a log is set up already, it goes there.
    let _ = log.try_init();
}
