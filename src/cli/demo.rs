//! `backstay demo`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Cx;
use crate::domain::error::Context;
use crate::domain::units;
use crate::domain::{Error, Kind, Result};
use crate::ops::demo::{Demo as Running, Places, Round};
use crate::ops::runs::Outcome;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Build it in this directory, which has to be new or empty, and leave it there.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Run, verify, restore, compare, tell and leave: exit code 0 when all of it worked, else 1.
    #[arg(long)]
    headless: bool,
}

/// Carries it out. Whatever happens, the engine is stopped and what was made is removed, unless it is to be kept.
pub async fn run(arguments: Demo, cx: &Cx) -> Result<u8> {
    let mut stop = Stop::new()?;
    cx.output
        .note("Setting up a shop, two destinations, a key, and a job that runs every minute …");
    let demo = Running::set_up(arguments.keep.as_deref()).await?;
    // Not interrupted half-way: an engine that is just coming up could not be stopped.
    let started = demo.start_engine().await.map(drop);
    let places = demo.places().clone();
    let shown = match started {
        Ok(()) => tokio::select! {
            shown = show(&demo, &arguments, cx) => shown,
            () = stop.requested() => Err(Error::interrupted("stopped on request").next("`backstay demo` begins a new one")),
        },
        Err(error) => Err(error),
    };
    let shown = match shown {
        Ok(()) if !arguments.headless => {
            stop.requested().await;
            cx.output.note("\nStopping …");
            Ok(())
        }
        other => other,
    };
    let ended = demo.end().await;
    if let Some(directory) = arguments.keep.filter(|_| ended.is_ok()) {
        let home = places.home.display();
        cx.output.note(&format!(
            "Everything is left in {}; `backstay --home {home} daemon start` takes it up again.",
            directory.display()
        ));
    }
    match shown.and(ended) {
        Ok(()) => Ok(0),
        Err(error) if error.kind == Kind::Interrupted => Ok(cx.output.error(&error)),
        Err(error) => {
            cx.output.error(&error);
            Ok(Kind::Failed.exit_code())
        }
    }
}

async fn show(demo: &Running, arguments: &Demo, cx: &Cx) -> Result<()> {
    let round = demo.round(&mut |outcome| cx.output.note(&told(outcome))).await?;
    if cx.output.is_json() {
        return cx.output.json(&json!({ "places": demo.places(), "round": round }));
    }
    cx.output.say(&summary(&round))?;
    if arguments.headless {
        return Ok(());
    }
    cx.output.say(&invitation(demo.places()))
}

fn told(outcome: &Outcome) -> String {
    let took = outcome
        .started_at
        .zip(outcome.ended_at)
        .map(|(from, to)| units::duration(to.since(from)));
    let took = took.map(|took| format!(" in {took}")).unwrap_or_default();
    format!("  {}: {}{took}", outcome.kind, outcome.status)
}

fn summary(round: &Round) -> String {
    let copies = round.backup.backup.iter().flat_map(|backup| &backup.copies);
    let copies: Vec<&str> = copies.map(|copy| copy.destination.as_str()).collect();
    let comparison = &round.comparison;
    format!(
        "\nBacked up, sealed, to {}; read back; restored into a scratch database and counted;\n\
         restored as shop_restored: {} rows, every one as it was. The shop has {} by now.",
        copies.join(" and "),
        comparison.restored_rows,
        comparison.living_rows
    )
}

fn invitation(places: &Places) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "backstay".to_owned());
    let destinations: Vec<String> = places
        .destinations
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    format!(
        "\n\
         The shop   {}   (an order comes in every second)\n\
         Restored   {}\n\
         Copies     {}\n\
         \n\
         Look at it from another terminal:\n\
         \u{20}   export BACKSTAY_HOME={}\n\
         \u{20}   {program}               (the console)\n\
         \u{20}   {program} status\n\
         \u{20}   {program} runs list\n\
         \u{20}   {program} logs shop\n\
         \u{20}   {program} backup show latest:shop\n\
         \u{20}   {program} restore latest:shop --to shop --database shop=shop_tuesday\n\
         \n\
         Ctrl-C ends the demo.",
        places.shop.display(),
        places.restored.display(),
        destinations.join("  "),
        places.home.display(),
    )
}

/// Everything that asks a program in a terminal to leave: Ctrl-C, `kill`, the terminal's own end.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).doing("cannot listen for signals", "demo");
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn requested(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
