//! `backstay doctor`, and the texts a package ships: shell completions and the manual page.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::output::column;
use super::{Cli, Cx, reference};
use crate::domain::Result;
use crate::ops::doctor::{self, Mark};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

/// Looks at everything. Exit code 0 when all is well, 1 when something does not work, 3 when something should be looked at.
pub async fn examine(cx: &Cx) -> Result<u8> {
    let findings = doctor::examine(cx.session()).await;
    let worst = findings.iter().map(|finding| finding.status).max().unwrap_or(Mark::Ok);
    if cx.output.is_json() {
        cx.output.json(&findings)?;
    } else {
        let rows = findings.into_iter().map(|finding| {
            let mark = match finding.status {
                Mark::Ok => "ok",
                Mark::Warn => "warn",
                Mark::Fail => "FAIL",
            };
            let told = if finding.next.is_empty() {
                finding.message
            } else {
                format!("{} → {}", finding.message, finding.next)
            };
            [mark.to_owned(), finding.check, told]
        });
        let columns = [column(""), column("what"), column("found").wraps()];
        cx.output.table(columns, rows, "Nothing was looked at.")?;
    }
    Ok(match worst {
        Mark::Ok => 0,
        Mark::Warn => 3,
        Mark::Fail => 1,
    })
}

/// Writes a completion script.
pub fn completions(arguments: &CompletionsArguments, cx: &Cx) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "backstay", &mut script);
    cx.output.raw(&script)?;
    Ok(0)
}

/// Writes the manual page.
pub fn manual(cx: &Cx) -> Result<u8> {
    cx.output.raw(reference::manual::page().as_bytes())?;
    Ok(0)
}
