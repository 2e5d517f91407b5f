//! `backstay daemon …`

use clap::{Args, Subcommand};

use super::{Cx, EngineArguments, Outcome, show};
use crate::domain::Result;
use crate::domain::execution::Status;
use crate::domain::paging::Edge;
use crate::domain::setting::GRACE_PERIOD;
use crate::ops::engine_process::service::{self, Installed, Scope};
use crate::ops::engine_process::{self, EngineStatus};
use crate::ops::runs::{self, Wanted};
use crate::ops::{Session, settings};

/// Runs that are named when something waits for them.
const NAMED: u32 = 3;

/// Arguments of `daemon`.
#[derive(Debug, Args)]
pub struct Daemon {
    /// Leave the terminal and its session; for `daemon start`.
    #[arg(long, hide = true)]
    detached: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What can be done with the engine. Without any of it, the engine runs in the foreground.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the engine in the background; it goes on when you leave.
    Start,
    /// Stop the engine: running work gets a grace period, then is cancelled.
    Stop,
    /// Say whether the engine runs; exit code 1 when it does not.
    Status,
    /// Make the engine a systemd service.
    Install(Install),
}

/// Arguments of `daemon install`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Install {
    /// A service of your own user; the default unless you are root.
    #[arg(long, conflicts_with = "system")]
    user: bool,
    /// A service of the machine.
    #[arg(long)]
    system: bool,
    /// Print the unit and write nothing.
    #[arg(long)]
    print: bool,
    /// Replace a unit that runs something else.
    #[arg(long, conflicts_with = "print")]
    force: bool,
}

/// Carries it out.
pub async fn run(arguments: Daemon, cx: &Cx) -> Result<Outcome> {
    let code = match arguments.command {
        None => {
            return Ok(Outcome::Engine(EngineArguments {
                home: cx.home.clone(),
                detached: arguments.detached,
            }));
        }
        Some(Command::Start) => start(cx).await?,
        Some(Command::Stop) => stop(cx).await?,
        Some(Command::Status) => status(cx)?,
        Some(Command::Install(arguments)) => install(&arguments, cx).await?,
    };
    Ok(Outcome::Done(code))
}

async fn start(cx: &Cx) -> Result<u8> {
    let engine = engine_process::start(&cx.beginning()?, cx.home.as_deref()).await?;
    if cx.output.is_json() {
        cx.output.json(&engine)?;
    } else {
        cx.output
            .say(&format!("The engine runs, with process id {}.", engine.pid))?;
    }
    Ok(0)
}

async fn stop(cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    if let Some(waiting) = awaited(&session)? {
        cx.output.note(&waiting);
    }
    let engine = engine_process::stop(&session).await?;
    if cx.output.is_json() {
        cx.output.json(&engine)?;
    } else {
        cx.output
            .say(&format!("The engine with process id {} has stopped.", engine.pid))?;
    }
    Ok(0)
}

/// What stopping has to wait for, when something runs.
fn awaited(session: &Session) -> Result<Option<String>> {
    if !engine_process::status(session)?.running {
        return Ok(None);
    }
    let wanted = Wanted {
        statuses: vec![Status::Running],
        ..Wanted::default()
    };
    let running = runs::page(session, &wanted, Edge::Newest, NAMED + 1)?;
    if running.is_empty() {
        return Ok(None);
    }
    let named = running.iter().take(NAMED as usize);
    let named: Vec<String> = named.map(|run| format!("{} {}", run.kind, run.job_name)).collect();
    let more = if running.len() > named.len() { " and others" } else { "" };
    let grace = settings::get(session, GRACE_PERIOD.key)?.value;
    Ok(Some(format!(
        "Waiting for {}{more}; what has not ended in {grace} s is cancelled. `backstay setting set {} SECONDS` changes that.",
        named.join(", "),
        GRACE_PERIOD.key
    )))
}

fn status(cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let status = engine_process::status(&session)?;
    if cx.output.is_json() {
        cx.output.json(&status)?;
    } else {
        cx.output.facts(&facts(&status))?;
        if let Some(version) = status.other_version() {
            cx.output.note(&format!(
                "note: it is version {version}; `backstay daemon stop` and `start` bring it up to this one"
            ));
        }
    }
    Ok(u8::from(!status.running))
}

fn facts(status: &EngineStatus) -> Vec<(&'static str, String)> {
    let mut facts = vec![(
        "engine",
        match status.stopping_until() {
            Some(_) => "stopping, begins nothing new",
            None if status.running => "running",
            None => "not running",
        }
        .to_owned(),
    )];
    if let Some(engine) = &status.engine {
        facts.push(("process id", engine.pid.to_string()));
        facts.push(("since", show::time(engine.started_at)));
        facts.push(("version", engine.version.clone()));
        facts.push(("host", engine.host.clone()));
    }
    facts.push((
        "runs",
        format!("{} running, {} waiting", status.runs_running, status.runs_pending),
    ));
    if let Some(until) = status.stopping_until() {
        let waits = format!(
            "what runs; it is cancelled if it has not ended by {}",
            show::time(until)
        );
        facts.push(("waits for", waits));
        facts.push(("next", "`backstay daemon start` once it has ended".to_owned()));
    }
    if !status.running {
        facts.push((
            "next",
            "`backstay daemon start`, or `backstay daemon install` for systemd".to_owned(),
        ));
    }
    facts
}

async fn install(arguments: &Install, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let system = arguments.system || (!arguments.user && session.is_root());
    let scope = if system { Scope::System } else { Scope::User };
    let home = cx.home.as_deref();
    let installed = if arguments.print {
        service::plan(&session, home, scope)?
    } else {
        service::install(&session, home, scope, arguments.force).await?
    };
    if cx.output.is_json() {
        cx.output.json(&installed)?;
    } else if arguments.print {
        cx.output.raw(installed.unit.as_bytes())?;
    } else {
        cx.output.say(&written(&installed))?;
    }
    Ok(0)
}

fn written(installed: &Installed) -> String {
    let steps: Vec<String> = installed.next.iter().map(|step| format!("    {step}")).collect();
    format!(
        "Wrote {}.\nWhat is left to do:\n{}",
        installed.path.display(),
        steps.join("\n")
    )
}
