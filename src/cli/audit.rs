//! `backstay audit …`

use clap::{Args, Subcommand};

use super::output::column;
use super::{Cx, show};
use crate::domain::paging::Edge;
use crate::domain::period::Period;
use crate::domain::{Result, units};
use crate::ops::audit::{self, Wanted};

/// Arguments of `audit`. Without a verb it lists.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what was done lately, the newest first.
    List(List),
    /// Check that no row was changed, removed or slipped in; exit code 1 names the first that was.
    Verify,
    /// Write every row as one JSON object a line, the oldest first.
    Export,
}

/// Arguments of `audit list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only what this user did; a part of a name finds everybody who has it.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action; a part of a name finds every action that has it: job.update, remove, adapter …
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to the thing with this id or name; a part of a name finds everything that has it, and what is gone
    /// where its name begins so. job:night finds only jobs.
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Only what was done in this time: today, yesterday, 7d, 2026-03-09, 2026-03-01..2026-03-09.
    #[arg(long, value_name = "TIME")]
    when: Option<String>,
    /// How many rows at most.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Only rows before this number: the last one of the page before.
    #[arg(long, value_name = "SEQ")]
    before: Option<i64>,
}

/// Carries it out.
pub fn run(arguments: Audit, cx: &Cx) -> Result<u8> {
    match arguments.command.unwrap_or(Command::List(arguments.list)) {
        Command::List(arguments) => list(arguments, cx),
        Command::Verify => verify(cx),
        Command::Export => {
            let session = cx.session()?;
            audit::export(&session, |row| cx.output.json_line(&row))?;
            Ok(0)
        }
    }
}

fn list(arguments: List, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let when = arguments.when.unwrap_or_default();
    let period = Period::parse(&when, session.now(), show::operator_zone())?;
    let everything = arguments.actor.is_none()
        && arguments.action.is_none()
        && arguments.on.is_none()
        && arguments.before.is_none()
        && when.is_empty();
    let wanted = Wanted {
        actor: arguments.actor,
        action: arguments.action,
        thing: arguments.on,
        since: period.since,
        until: period.until,
    };
    let edge = arguments.before.map_or(Edge::Newest, Edge::Before);
    let rows = audit::page(&session, &wanted, edge, arguments.limit)?;
    if cx.output.is_json() {
        cx.output.json(&rows)?;
        return Ok(0);
    }
    let rows = rows.into_iter().map(|row| {
        let from = if row.client.is_empty() {
            row.actor
        } else {
            format!("{} ({})", row.actor, row.client)
        };
        [
            row.seq.to_string(),
            show::moment(row.at),
            from,
            row.action,
            row.entity_name,
            show::changes(&row.diff),
        ]
    });
    let columns = [
        column("seq").leaves(4),
        column("when").leaves(3),
        column("who").leaves(2),
        column("action"),
        column("on"),
        column("what").wraps().leaves(1),
    ];
    let none = if everything {
        "Nothing is on record yet."
    } else {
        "Nothing on record is like that; `backstay audit list` shows all."
    };
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

fn verify(cx: &Cx) -> Result<u8> {
    let verdict = audit::verify(&cx.session()?)?;
    let code = u8::from(verdict.broken.is_some());
    if cx.output.is_json() {
        cx.output.json(&verdict)?;
        return Ok(code);
    }
    match &verdict.broken {
        None => cx
            .output
            .say(&format!("The chain holds: {}.", units::count(verdict.rows, "row")))?,
        Some(broken) => cx.output.say(&format!(
            "The chain is broken at row {}: {}.\nRows before it are as they were written; trust none from it on.",
            broken.seq, broken.reason
        ))?,
    }
    Ok(code)
}
