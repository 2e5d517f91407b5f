//! `backstay restore …`

use clap::Args;

use super::waiting::{self, Wait};
use super::{Cx, show};
use crate::domain::blocker::Permission;
use crate::domain::execution::{Renamed, RestoreOptions, Trigger};
use crate::domain::{Error, Result};
use crate::ops::restore::{self, RestorePlan, Wish};

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Restore {
    /// The backup: id, the start or end of one, or latest:JOB.
    #[arg(value_name = "BACKUP|latest:JOB")]
    backup: String,
    /// The source adapter to restore into.
    #[arg(long, value_name = "ADAPTER")]
    to: String,
    /// Read the copy at this destination; the best one unless given.
    #[arg(long, value_name = "DESTINATION")]
    from: Option<String>,
    /// Only this database, under another name when one follows `=`; may be given several times.
    #[arg(long = "database", value_name = "NAME[=NEW NAME]", value_parser = renamed)]
    databases: Vec<Renamed>,
    /// Replace databases that are there and hold data.
    #[arg(long)]
    replace: bool,
    /// Go ahead although another process has the target open.
    #[arg(long)]
    force: bool,
    /// Restore with this many parallel jobs; more than 1 needs scratch space for the dump.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: u32,
    /// Leave ownership out.
    #[arg(long)]
    no_owner: bool,
    /// Leave grants out.
    #[arg(long)]
    no_privileges: bool,
    /// Leave tablespaces out.
    #[arg(long)]
    no_tablespaces: bool,
    /// Restore roles and tablespaces first.
    #[arg(long)]
    globals: bool,
    /// Only show what would be done.
    #[arg(long)]
    plan: bool,
    /// Do not ask before replacing.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
}

fn renamed(text: &str) -> Result<Renamed> {
    let (database, target) = text.split_once('=').unwrap_or((text, text));
    if database.is_empty() || target.is_empty() {
        return Err(Error::usage(format!("'{text}' names no database")).next("write NAME, or NAME=NEW_NAME"));
    }
    Ok(Renamed {
        database: database.to_owned(),
        target: target.to_owned(),
    })
}

/// Carries it out.
pub async fn run(arguments: Restore, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let (plan_only, yes, wait) = (arguments.plan, arguments.yes, arguments.wait);
    let plan = restore::plan(&session, &wish(arguments)).await?;
    if plan_only && cx.output.is_json() {
        cx.output.json(&plan)?;
    } else {
        tell(&plan, cx)?;
    }
    if plan_only && cx.output.is_json() && !plan.blockers.is_empty() {
        return Ok(crate::domain::Kind::Refused.exit_code());
    }
    plan.refuse_blocked(Permission::on_the_command_line)?;
    if plan_only {
        return Ok(0);
    }
    confirm(&plan, yes)?;
    let asked = restore::start(&session, &plan, Trigger::Cli)?;
    waiting::wait(cx, &session, asked, &wait).await
}

fn wish(arguments: Restore) -> Wish {
    Wish {
        backup: arguments.backup,
        to: arguments.to,
        from: arguments.from,
        databases: arguments.databases,
        globals: arguments.globals,
        options: RestoreOptions {
            replace: arguments.replace,
            force: arguments.force,
            jobs: arguments.jobs,
            no_owner: arguments.no_owner,
            no_privileges: arguments.no_privileges,
            no_tablespaces: arguments.no_tablespaces,
        },
    }
}

fn tell(plan: &RestorePlan, cx: &Cx) -> Result<()> {
    let told = plan.told(show::time, Permission::on_the_command_line);
    if !cx.output.is_json() {
        return cx.output.facts(&told);
    }
    for (label, text) in &told {
        cx.output.note(&format!("{label:<8}{text}"));
    }
    Ok(())
}

/// Replacing is confirmed by the name of what goes, typed in full.
fn confirm(plan: &RestorePlan, yes: bool) -> Result<()> {
    let replaced = plan.replaced();
    let Some(first) = replaced.first() else {
        return Ok(());
    };
    let all = replaced.join(", ");
    let refused = Error::refused(format!("{all} would be replaced, which was not confirmed"))
        .on(format!("restore into {}", plan.to));
    Cx::confirm_by_name(&format!("This replaces {all}."), first, yes, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_renamed_after_the_first_equals_sign() {
        let names = |text| renamed(text).map(|names| (names.database, names.target)).ok();
        assert_eq!(names("shop"), Some(("shop".into(), "shop".into())));
        assert_eq!(names("shop=/tmp/a=b.db"), Some(("shop".into(), "/tmp/a=b.db".into())));
        assert_eq!(names("=shop"), None);
        assert_eq!(names("shop="), None);
    }
}
