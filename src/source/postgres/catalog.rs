//! What the server's catalogues say: versions, databases, sizes, tables, who is connected.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tokio::time::Instant;

use super::connection::APPLICATION;
use super::leftover::{Names, is_leftover};
use super::server::{Server, WORK_LIMIT};
use super::session::Session;
use super::sql::literal;
use crate::domain::adapter::{Database, Probe, major};
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};
use crate::source::{TargetState, identifier};

/// Databases looked into at once.
const AT_ONCE: usize = 4;

/// Tables counted by one query.
const TABLES_PER_QUERY: usize = 200;

/// Bytes of the database `d`; 0 where the role may not know. The server adds up its files, of which there may be many. A role that
/// does not inherit may be a member of `pg_read_all_stats` and still not know.
const SIZE: &str = "CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
    THEN pg_database_size(d.oid) ELSE 0 END";

/// The databases that a dump can be made of, in `pg_database`.
const OPEN: &str = "datallowconn AND NOT datistemplate";

/// Tables that have rows of their own and belong neither to the engine nor to an extension: those `pg_dump` copies.
pub(super) const USER_TABLES: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// What a server says of itself and of the role that asks.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct About {
    /// `15.18 (Debian …)`.
    version: String,
    /// Whether the role is a superuser.
    pub(super) superuser: bool,
    /// Whether the role may make databases.
    pub(super) may_create: bool,
    /// The role.
    pub(super) role: String,
}

impl About {
    /// `15.18`.
    pub(super) fn version(&self) -> &str {
        self.version.split_whitespace().next().unwrap_or_default()
    }

    /// 15.
    pub(super) fn major(&self) -> Result<u32> {
        major(&self.version)
    }
}

/// One database, before anybody connected to it.
#[derive(Clone, Debug, Deserialize)]
struct Listed {
    name: String,
    size: u64,
    may_connect: bool,
}

/// What is in one database.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Inside {
    /// User tables.
    pub(super) tables: u64,
    /// Bytes of tables and large objects, without indexes.
    pub(super) bytes: u64,
    /// Tables that the role may not read, so that they cannot be dumped.
    pub(super) unreadable: Vec<String>,
}

impl Server {
    /// What the server says of itself. It is asked once: neither its version nor what the role may do changes under a run.
    pub(super) async fn about(&self) -> Result<&About> {
        if let Some(about) = self.said.get() {
            return Ok(about);
        }
        let mut session = self.maintenance();
        let about = self.about_by(&mut session).await;
        session.close().await;
        about
    }

    /// The same, asked in a conversation with any database.
    pub(super) async fn about_by(&self, session: &mut Session<'_>) -> Result<&About> {
        self.said.get_or_try_init(|| ask_about(session)).await
    }

    /// Connects, measures, and says what the operator should know.
    pub(super) async fn probe(&self) -> Result<Probe> {
        let mut session = self.maintenance();
        let mut probe = self.look_by(&mut session).await?;
        // The server answers, and a backup needs no size.
        match size_of_all(&mut session).await {
            Ok(bytes) => probe.size_bytes = Some(bytes),
            Err(error) => probe.notes.push(format!("its size is not known: {}", error.message)),
        }
        session.close().await;
        Ok(probe)
    }

    /// The same without measuring anything but the time it takes to answer.
    pub(super) async fn look(&self) -> Result<Probe> {
        let mut session = self.maintenance();
        let probe = self.look_by(&mut session).await;
        session.close().await;
        probe
    }

    async fn look_by(&self, session: &mut Session<'_>) -> Result<Probe> {
        let clients = self.clients().await?;
        let asked = Instant::now();
        let about = ask_about(session).await?;
        let latency = asked.elapsed();
        let names = names(session).await?;
        let (mut notes, mut blockers) = (Vec::new(), Vec::new());
        match about.major().and_then(|major| clients.for_dump(major)) {
            Ok(client) => notes.push(format!("pg_dump {} will be used", client.version)),
            Err(error) => blockers.push(error.to_string()),
        }
        notes.extend(self.connection.tls_note());
        if !about.superuser {
            let role = &about.role;
            notes.push(format!(
                "role {role} is no superuser: it sees what it was granted, and no role's password"
            ));
        }
        let left: Vec<String> = names.into_iter().filter(|name| is_leftover(name)).collect();
        if !left.is_empty() {
            notes.push(format!(
                "left by an interrupted restore, and may be dropped unless one runs: {}",
                left.join(", ")
            ));
        }
        Ok(Probe {
            version: about.version().to_owned(),
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            size_bytes: None,
            free_bytes: None,
            notes,
            blockers,
        })
    }

    /// Every database that takes connections and is no template, by name. `tables` is absent where it cannot be looked into.
    pub(super) async fn list(&self) -> Result<Vec<Database>> {
        let mut session = self.maintenance();
        let listed = listed(&mut session).await?;
        session.close().await;
        let looked = stream::iter(listed).map(|listed| async move {
            let tables = if listed.may_connect {
                self.inside(&listed.name).await.ok().map(|inside| inside.tables)
            } else {
                None
            };
            Ok(Database {
                name: listed.name,
                size_bytes: listed.size,
                tables,
            })
        });
        looked.buffered(AT_ONCE).try_collect().await
    }

    /// What is in each of these databases; nothing where it cannot be looked into.
    pub(super) async fn look_inside(&self, databases: &[String]) -> Vec<Inside> {
        let looked = stream::iter(databases.to_vec())
            .map(|database| async move { self.inside(&database).await.unwrap_or_default() });
        looked.buffered(AT_ONCE).collect().await
    }

    async fn inside(&self, database: &str) -> Result<Inside> {
        let query = format!(
            "SELECT count(*) AS tables, coalesce(sum(pg_table_size(c.oid)), 0)::bigint
                + (SELECT CASE WHEN count(*) > 0 THEN pg_table_size('pg_largeobject') ELSE 0 END FROM pg_largeobject_metadata)
                AS bytes,
                coalesce(json_agg(n.nspname || '.' || c.relname ORDER BY 1) FILTER (WHERE NOT has_table_privilege(c.oid, 'SELECT')), '[]')
                AS unreadable {USER_TABLES}"
        );
        let inside = self.rows(database, &query).await?;
        inside
            .into_iter()
            .next()
            .ok_or_else(|| Error::failed("the server says nothing of what is in it").on(format!("database {database}")))
    }

    /// What stands under `name`.
    pub(super) async fn state_of(&self, name: &str) -> Result<TargetState> {
        let mut desk = self.desk(name);
        let state = self.state_by(&mut desk, name).await;
        desk.close().await;
        state
    }

    /// The same, asked in a conversation with another database.
    pub(super) async fn state_by(&self, desk: &mut Session<'_>, name: &str) -> Result<TargetState> {
        #[derive(Deserialize)]
        struct Found {
            size: u64,
            open: bool,
            sessions: Vec<String>,
        }
        let query = format!(
            "SELECT {SIZE} AS size, datallowconn AND has_database_privilege(d.oid, 'CONNECT') AS open,
                (SELECT coalesce(json_agg('pid ' || pid || ' (' || coalesce(nullif(application_name, ''), usename, '?') || ')'), '[]')
                 FROM pg_stat_activity WHERE datname = d.datname AND pid <> pg_backend_pid()
                 AND backend_type = 'client backend') AS sessions
             FROM pg_database d WHERE datname = {}",
            literal(name)
        );
        let found: Vec<Found> = desk.rows(&query).await?;
        let Some(found) = found.into_iter().next() else {
            return Ok(TargetState::default());
        };
        Ok(TargetState {
            exists: true,
            empty: found.open && self.is_empty(name).await?,
            size_bytes: found.size,
            in_use_by: found.sessions,
            file: None,
        })
    }

    /// Whether a session of ours in the database, or in what a restore of this tag makes of it, is at work: it neither waits
    /// for somebody's lock nor for us. A backup's sessions are ours too, which is why it is asked about one database.
    pub(super) async fn is_at_work(&self, database: &str, tag: &str) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            working: bool,
        }
        let names = [database, &Names::new(tag).new].map(literal).join(", ");
        let query = format!(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname IN ({names}) AND application_name = {}
                AND state = 'active' AND pid <> pg_backend_pid()
                AND coalesce(wait_event_type, '') NOT IN ('Lock', 'Client', 'IPC', 'Timeout', 'Activity')) AS working",
            literal(APPLICATION)
        );
        let answers: Vec<Answer> = self.rows(&self.connection.database, &query).await?;
        Ok(answers.iter().any(|answer| answer.working))
    }

    async fn is_empty(&self, database: &str) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            empty: bool,
        }
        let own = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
        let query = format!(
            "SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own})
                AND NOT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {own})
                AND NOT EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {own})
                AND NOT EXISTS (SELECT FROM pg_namespace n WHERE {own} AND n.nspname <> 'public')
                AND NOT EXISTS (SELECT FROM pg_largeobject_metadata) AS empty"
        );
        let answer: Vec<Answer> = self.rows(database, &query).await?;
        Ok(answer.iter().any(|answer| answer.empty))
    }

    /// Counts the rows of every user table exactly. Comparable with what is counted while dumping: a parent's rows without
    /// its children's, nothing of extensions, views or foreign tables.
    pub(super) async fn count_rows(&self, database: &str) -> Result<Stats> {
        #[derive(Deserialize)]
        struct Table {
            schema: String,
            name: String,
        }
        #[derive(Deserialize)]
        struct Count {
            name: String,
            rows: u64,
        }
        let mut session = self.session(database);
        let query = format!("SELECT n.nspname AS schema, c.relname AS name {USER_TABLES}");
        let tables: Vec<Table> = session.rows(&query).await?;
        let mut stats = Stats::default();
        for tables in tables.chunks(TABLES_PER_QUERY) {
            let counts: Vec<String> = tables
                .iter()
                .map(|table| {
                    let key = literal(&format!("{}.{}", table.schema, table.name));
                    let path = format!("{}.{}", identifier(&table.schema), identifier(&table.name));
                    format!("SELECT {key} AS name, count(*) AS rows FROM ONLY {path}")
                })
                .collect();
            let counted: Vec<Count> = session.rows_within(&counts.join("\nUNION ALL "), WORK_LIMIT).await?;
            stats
                .rows_by_table
                .extend(counted.into_iter().map(|count| (count.name, count.rows)));
        }
        session.close().await;
        stats.tables = stats.rows_by_table.len() as u64;
        stats.rows = stats.rows_by_table.values().sum();
        Ok(stats)
    }

    /// The databases a selection means, in the server's order for "all" and in the given order otherwise.
    pub(super) async fn select(
        &self,
        session: &mut Session<'_>,
        named: Option<&[String]>,
        excluded: &[String],
    ) -> Result<Vec<String>> {
        let all = match named {
            Some(_) => Vec::new(),
            None => names(session).await?,
        };
        let wanted = named.unwrap_or(&all);
        Ok(wanted.iter().filter(|name| !excluded.contains(name)).cloned().collect())
    }
}

async fn ask_about(session: &mut Session<'_>) -> Result<About> {
    let query = "SELECT current_setting('server_version') AS version, rolsuper AS superuser,
            rolsuper OR rolcreatedb AS may_create, rolname AS role
         FROM pg_roles WHERE rolname = current_user";
    session.row(query).await
}

/// Bytes of all databases that a dump can be made of, where they can be measured.
async fn size_of_all(session: &mut Session<'_>) -> Result<u64> {
    #[derive(Deserialize)]
    struct Answer {
        bytes: u64,
    }
    let query = format!("SELECT coalesce(sum({SIZE}), 0)::bigint AS bytes FROM pg_database d WHERE {OPEN}");
    session.row::<Answer>(&query).await.map(|answer| answer.bytes)
}

async fn listed(session: &mut Session<'_>) -> Result<Vec<Listed>> {
    let query = format!(
        "SELECT datname AS name, {SIZE} AS size, has_database_privilege(d.oid, 'CONNECT') AS may_connect
         FROM pg_database d WHERE {OPEN} ORDER BY datname"
    );
    session.rows(&query).await
}

/// Databases that nobody may connect to, which no dump can be made of.
pub(super) async fn closed(session: &mut Session<'_>) -> Result<Vec<String>> {
    names_of(session, "NOT datallowconn AND NOT datistemplate").await
}

/// Every database there is.
pub(super) async fn all(session: &mut Session<'_>) -> Result<Vec<String>> {
    names_of(session, "true").await
}

async fn names(session: &mut Session<'_>) -> Result<Vec<String>> {
    names_of(session, OPEN).await
}

async fn names_of(session: &mut Session<'_>, which: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let query = format!("SELECT datname AS name FROM pg_database WHERE {which} ORDER BY datname");
    let rows: Vec<Named> = session.rows(&query).await?;
    Ok(rows.into_iter().map(|named| named.name).collect())
}
