//! The server as a place to restore into: what would get in the way, and dropping what was made there.

use super::server::Server;
use super::session::Session;
use super::sql::literal;
use crate::domain::adapter::major;
use crate::domain::blocker::{Blocker, Permission};
use crate::domain::job::Contents;
use crate::domain::units::size;
use crate::domain::{Error, Result};
use crate::source::{DatabaseRestore, RestoreCheck, identifier};

/// Longest name the server keeps; longer ones are cut, which would make two names one.
const NAME_BYTES: usize = 63;

/// Refuses names that no restored database can have.
pub(super) fn check_name(name: &str) -> Result<()> {
    let wrong = if name.is_empty() || name.contains('\0') {
        "is empty or holds a zero byte"
    } else if name.len() > NAME_BYTES {
        "is longer than 63 bytes"
    } else if name == "template0" || name == "template1" {
        "is a template of the server's own"
    } else {
        return Ok(());
    };
    Err(Error::usage(format!("the name '{name}' {wrong}")).next("restore under another name"))
}

/// Statements that end every session in a database.
pub(super) fn end_sessions(database: &str) -> String {
    let name = literal(database);
    format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid();\n"
    )
}

/// Drops a database, whoever is in it. Not being there is no error.
pub(super) async fn drop_database(desk: &mut Session<'_>, name: &str, server_major: u32) -> Result<()> {
    let quoted = identifier(name);
    let statements = if server_major >= 13 {
        format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE);")
    } else {
        format!("{}DROP DATABASE IF EXISTS {quoted};", end_sessions(name))
    };
    desk.run(&statements).await
}

impl Server {
    /// What would get in the way of a restore.
    pub(super) async fn check_restore(&self, restore: &DatabaseRestore<'_>) -> Result<RestoreCheck> {
        let name = restore.names.target.as_str();
        let mut check = RestoreCheck::default();
        if let Err(error) = check_name(name) {
            check.blockers.push(error.into());
            return Ok(check);
        }
        let mut desk = self.desk(name);
        let about = self.about_by(&mut desk).await?;
        let (dump_major, server_major) = (major(restore.engine_version)?, about.major()?);
        if let Err(error) = self.clients().await?.for_restore(dump_major, server_major) {
            check.blockers.push(error.into());
        }
        if dump_major > server_major {
            check.warnings.push(format!(
                "the dump is of PostgreSQL {dump_major}, the server is {server_major}: what only {dump_major} has makes the restore \
                 fail, and settings that {server_major} does not know are left out"
            ));
        }
        if restore.object.contents == Contents::DataOnly {
            self.check_rows(&mut desk, restore, about.superuser, &mut check).await?;
            return Ok(check);
        }
        if !about.may_create {
            check.blockers.push(Blocker::new(
                format!("role {} may not create databases", about.role),
                format!(
                    "ALTER ROLE {} CREATEDB, or restore as another role",
                    identifier(&about.role)
                ),
            ));
        }
        self.check_target(&mut desk, restore, &mut check).await?;
        desk.leave();
        Ok(check)
    }

    async fn check_target(
        &self,
        desk: &mut Session<'_>,
        restore: &DatabaseRestore<'_>,
        check: &mut RestoreCheck,
    ) -> Result<()> {
        let name = restore.names.target.as_str();
        let state = self.state_by(desk, name).await?;
        if !state.exists {
            return Ok(());
        }
        if state.empty {
            check.warnings.push(format!(
                "database {name} exists and is empty: the restored one takes its place, and nothing is lost"
            ));
        } else if restore.options.replace {
            check
                .warnings
                .push(format!("database {name} ({}) is replaced", size(state.size_bytes)));
        } else {
            let what = format!("database {name} holds data already ({})", size(state.size_bytes));
            let blocker = Blocker::new(what, "restore under another name");
            check.blockers.push(blocker.unless(Permission::Replace));
        }
        if !state.in_use_by.is_empty() {
            let sessions = state.in_use_by.join(", ");
            if restore.options.force {
                check
                    .warnings
                    .push(format!("these sessions in database {name} are ended: {sessions}"));
            } else {
                let blocker = Blocker::new(format!("database {name} is in use by {sessions}"), "close them");
                check.blockers.push(blocker.unless(Permission::Force));
            }
        }
        Ok(())
    }
}
