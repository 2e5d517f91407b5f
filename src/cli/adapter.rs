//! `backstay adapter …`

use clap::{Args, Subcommand};

use super::output::column;
use super::{Cx, secrets, show};
use crate::domain::adapter::{Adapter, AdapterType, Probe};
use crate::domain::units::{self, count, size};
use crate::domain::{Error, Result};
use crate::ops::adapters::{self, Fields, NewAdapter};
use crate::ops::backups;

/// What can be done with adapters.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a source or a destination; it is connected to first and kept only when that works.
    Add(Add),
    /// Show all adapters with their health.
    List,
    /// Show one adapter: its settings (secrets masked), its health, and the jobs that use it.
    Show {
        /// The adapter.
        name: String,
    },
    /// Change settings of an adapter; it is connected to first and changed only when that works.
    Edit(Edit),
    /// Connect to an adapter and say what was found; nothing is changed there.
    Test {
        /// The adapter.
        name: String,
    },
    /// Show the databases of a source with their sizes, or the tables of one of them.
    Databases {
        /// The adapter.
        name: String,
        /// Show the tables of this database, the largest first.
        #[arg(long)]
        database: Option<String>,
    },
    /// Give an adapter another name; jobs go on using it.
    Rename {
        /// The adapter.
        name: String,
        /// Its new name.
        to: String,
    },
    /// Remove an adapter that no job uses.
    Remove {
        /// The adapter.
        name: String,
        /// Also where copies of backups lie: for a destination that is gone for good. Nothing is deleted there, and its copies are
        /// no longer counted on; `backstay backup scan` finds what still lies there once it is added again.
        #[arg(long)]
        forget_copies: bool,
        /// Do it without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Show the drivers there are, or the settings of one.
    Drivers {
        /// The driver.
        name: Option<String>,
    },
}

/// Arguments of `adapter add`.
#[derive(Debug, Args)]
pub struct Add {
    /// What to call it.
    name: String,
    /// The driver; `backstay adapter drivers` shows them all.
    #[arg(long)]
    driver: String,
    /// What it is for, with a driver that can be both.
    #[arg(long = "type", value_name = "source|destination")]
    kind: Option<AdapterType>,
    #[command(flatten)]
    settings: Settings,
}

/// Arguments of `adapter edit`.
#[derive(Debug, Args)]
pub struct Edit {
    /// The adapter.
    name: String,
    #[command(flatten)]
    settings: Settings,
}

/// The settings of an adapter, as flags.
#[derive(Debug, Args)]
struct Settings {
    /// A setting of the driver; an empty value takes it away. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// A secret setting and where its value is: `env:NAME`, `file:PATH`, `stdin` or `prompt`. May be repeated.
    #[arg(long = "secret", value_name = "KEY=WHERE")]
    secrets: Vec<String>,
    /// Keep it without connecting.
    #[arg(long)]
    no_test: bool,
}

impl Settings {
    fn read(self) -> Result<Fields> {
        Ok(Fields {
            set: self.set,
            secrets: secrets::read_all(&self.secrets)?,
        })
    }
}

/// Carries it out.
pub async fn run(command: Command, cx: &Cx) -> Result<u8> {
    match command {
        Command::Add(arguments) => add(arguments, cx).await,
        Command::List => list(cx),
        Command::Show { name } => show(&name, cx),
        Command::Edit(arguments) => edit(arguments, cx).await,
        Command::Test { name } => test(&name, cx).await,
        Command::Databases { name, database: None } => databases(&name, cx).await,
        Command::Databases {
            name,
            database: Some(database),
        } => tables(&name, &database, cx).await,
        Command::Rename { name, to } => {
            let adapter = adapters::rename(&cx.session()?, &name, &to)?;
            done(&adapter, &format!("Adapter {name} is now called {}.", adapter.name), cx)
        }
        Command::Remove {
            name,
            forget_copies: true,
            yes,
        } => forget(&name, yes, cx),
        Command::Remove { name, yes, .. } => remove(&name, yes, cx),
        Command::Drivers { name } => drivers(name.as_deref(), cx),
    }
}

async fn add(arguments: Add, cx: &Cx) -> Result<u8> {
    let session = cx.beginning()?;
    let new = NewAdapter {
        name: arguments.name,
        driver: arguments.driver,
        kind: arguments.kind,
        test: !arguments.settings.no_test,
        fields: arguments.settings.read()?,
    };
    let (adapter, probe) = adapters::add(&session, new).await?;
    let said = format!(
        "Added {} {}: {}.{}",
        adapter.kind,
        adapter.name,
        adapter.summary,
        found(probe.as_ref())
    );
    done(&adapter, &said, cx)
}

async fn edit(arguments: Edit, cx: &Cx) -> Result<u8> {
    if arguments.settings.set.is_empty() && arguments.settings.secrets.is_empty() {
        return Err(Error::usage("nothing to change was given")
            .on(format!("adapter {}", arguments.name))
            .next("give --set KEY=VALUE or --secret KEY=WHERE"));
    }
    let session = cx.session()?;
    let test = !arguments.settings.no_test;
    let fields = arguments.settings.read()?;
    let (adapter, probe) = adapters::edit(&session, &arguments.name, fields, test).await?;
    let said = format!(
        "Changed {}: {}.{}",
        adapter.name,
        adapter.summary,
        found(probe.as_ref())
    );
    done(&adapter, &said, cx)
}

fn list(cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let all = adapters::list(&session)?;
    if cx.output.is_json() {
        cx.output.json(&all)?;
        return Ok(0);
    }
    let stored = backups::storage(&session)?;
    let rows = all.into_iter().map(|adapter| {
        let place = stored.iter().find(|place| place.adapter == adapter.name);
        let broken = place.and_then(|place| Some((place.broken()?, place.mend.as_deref()?)));
        let broken = broken.map(|(broken, mend)| format!("{broken}: `{mend}`"));
        let trouble = adapter.last_error.into_iter().chain(broken).collect::<Vec<_>>();
        let checked = adapter.last_health_check.map(show::moment);
        [
            adapter.name,
            adapter.kind.to_string(),
            adapter.driver,
            adapter.summary,
            adapter.last_status.to_string(),
            checked.unwrap_or_default(),
            trouble.join("; "),
        ]
    });
    let columns = [
        column("name"),
        column("type").leaves(1),
        column("driver").leaves(3),
        column("where").leaves(2),
        column("health"),
        column("looked at").leaves(4),
        column("trouble").wraps().leaves(1),
    ];
    let none = "No adapters yet. `backstay adapter add` makes one, `backstay adapter drivers` shows for what.";
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

fn show(name: &str, cx: &Cx) -> Result<u8> {
    let shown = adapters::show(&cx.session()?, name)?;
    if cx.output.is_json() {
        cx.output.json(&shown)?;
        return Ok(0);
    }
    let adapter = &shown.adapter;
    let settings = shown.config.as_object().into_iter().flatten();
    let settings: Vec<String> = settings
        .map(|(key, value)| format!("{key} = {}", adapters::shown(&adapter.driver, key, &show::plain(value))))
        .collect();
    let version = adapter.metadata.get("version").map(show::plain).unwrap_or_default();
    cx.output.facts(&[
        ("name", adapter.name.clone()),
        ("id", adapter.id.to_string()),
        ("type", adapter.kind.to_string()),
        ("driver", adapter.driver.clone()),
        ("where", adapter.summary.clone()),
        ("settings", settings.join("\n")),
        ("health", adapter.last_status.to_string()),
        ("looked at", show::time_or_dash(adapter.last_health_check)),
        ("error", adapter.last_error.clone().unwrap_or_default()),
        ("version", version),
        ("used by", shown.jobs.join(", ")),
        ("changed", show::time(adapter.updated_at)),
    ])?;
    Ok(0)
}

async fn test(name: &str, cx: &Cx) -> Result<u8> {
    let tested = adapters::test(&cx.session()?, name).await?;
    let code = u8::from(!tested.probe.blockers.is_empty());
    if cx.output.is_json() {
        cx.output.json(&tested)?;
        return Ok(code);
    }
    let probe = &tested.probe;
    cx.output.facts(&[
        ("adapter", tested.adapter.clone()),
        ("health", tested.status.to_string()),
        ("version", probe.version.clone()),
        ("answered in", units::millis(probe.latency_ms)),
        ("size", probe.size_bytes.map(size).unwrap_or_default()),
        ("free", probe.free_bytes.map(size).unwrap_or_default()),
        ("note", probe.notes.join("\n")),
        ("blocked", probe.blockers.join("\n")),
    ])?;
    Ok(code)
}

async fn databases(name: &str, cx: &Cx) -> Result<u8> {
    let found = adapters::databases(&cx.session()?, name).await?;
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(0);
    }
    let rows = found.into_iter().map(|database| {
        let tables = database
            .tables
            .map_or_else(|| "-".to_owned(), |count| count.to_string());
        [database.name, size(database.size_bytes), tables]
    });
    let columns = [column("database"), column("size"), column("tables").leaves(1)];
    let none = "There are no databases on it, or none that its user may see.";
    cx.output.table(columns, rows, none)?;
    Ok(0)
}

async fn tables(name: &str, database: &str, cx: &Cx) -> Result<u8> {
    let found = adapters::tables(&cx.session()?, name, database).await?;
    if cx.output.is_json() {
        cx.output.json(&found)?;
        return Ok(0);
    }
    let listed = found.tables.len() as u64;
    let rows = found.tables.into_iter().map(|table| {
        let size = table.size_bytes.map_or_else(|| "-".to_owned(), size);
        let rows = table
            .estimated_rows
            .map_or_else(|| "-".to_owned(), |rows| rows.to_string());
        [table.path(), size, rows]
    });
    let columns = [column("table"), column("size"), column("est. rows").leaves(1)];
    cx.output.table(columns, rows, "There are no tables in it.")?;
    if found.count > listed {
        let left = count(found.count - listed, "more table");
        cx.output.note(&format!("{left}: only the first {listed} are listed."));
    }
    for note in &found.notes {
        cx.output.note(&format!("Note: {note}."));
    }
    Ok(0)
}

fn remove(name: &str, yes: bool, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    // What cannot be removed says so before anybody is asked.
    let shown = adapters::show(&session, name)?;
    if shown.jobs.is_empty() {
        cx.confirm(
            &format!("Remove adapter {} and its settings?", shown.adapter.name),
            "--yes",
            yes,
        )
        .map_err(|error| error.or_on(format!("adapter {}", shown.adapter.name)))?;
    }
    let adapter = adapters::remove(&session, name)?;
    done(&adapter, &format!("Removed adapter {}.", adapter.name), cx)
}

/// What is lost is told before anybody is asked, and also where nobody is.
fn forget(name: &str, yes: bool, cx: &Cx) -> Result<u8> {
    let session = cx.session()?;
    let planned = adapters::plan_forgetting(&session, name)?;
    let name = planned.adapter.name.clone();
    for line in planned.notes().into_iter().chain(planned.losses()) {
        cx.output.note(&line);
    }
    let refused =
        Error::refused("its copies would be forgotten, which was not confirmed").on(format!("adapter {name}"));
    Cx::confirm_by_name(&format!("This removes adapter {name}."), &name, yes, refused)?;
    let done = adapters::forget(&session, &planned.adapter.id.to_string())?;
    if cx.output.is_json() {
        cx.output.json(&done)?;
        return Ok(0);
    }
    let copies = units::count(done.forgotten.copies, "copy");
    cx.output.say(&format!("Removed adapter {name}; {copies} forgotten."))?;
    Ok(0)
}

fn drivers(name: Option<&str>, cx: &Cx) -> Result<u8> {
    let Some(name) = name else {
        let all = adapters::drivers();
        if cx.output.is_json() {
            cx.output.json(&all)?;
            return Ok(0);
        }
        let rows = all
            .into_iter()
            .map(|driver| [driver.name.to_owned(), driver.kind.to_string(), driver.about.to_owned()]);
        let columns = [column("driver"), column("type"), column("about").wraps()];
        cx.output.table(columns, rows, "There are no drivers.")?;
        return Ok(0);
    };
    let driver = adapters::driver_info(name)?;
    if cx.output.is_json() {
        cx.output.json(&driver)?;
        return Ok(0);
    }
    cx.output
        .say(&format!("{} ({}): {}", driver.name, driver.kind, driver.about))?;
    let rows = driver.fields.into_iter().map(|field| {
        let given = if field.secret { "--secret" } else { "--set" };
        let needed = match &field.default {
            _ if field.required => "required".to_owned(),
            Some(default) if !default.is_empty() => format!("default {}", field.shown(default)),
            _ => String::new(),
        };
        [field.name, given.to_owned(), field.shape, needed, field.help]
    });
    let columns = [
        column("field"),
        column("given by").leaves(2),
        column("shape").leaves(3),
        column("").leaves(1),
        column("what it is").wraps(),
    ];
    cx.output.table(columns, rows, "It has no settings.")?;
    Ok(0)
}

fn done(adapter: &Adapter, said: &str, cx: &Cx) -> Result<u8> {
    if cx.output.is_json() {
        cx.output.json(adapter)?;
    } else {
        cx.output.say(said)?;
    }
    Ok(0)
}

fn found(probe: Option<&Probe>) -> String {
    let Some(probe) = probe else {
        return " It was not connected to.".to_owned();
    };
    let connected = format!(
        "\nConnected: {}, answered in {}.",
        probe.version,
        units::millis(probe.latency_ms)
    );
    let notes = probe.notes.iter().map(|note| format!("Note: {note}"));
    let blocked = probe
        .blockers
        .iter()
        .map(|blocker| format!("It cannot be backed up yet: {blocker}"));
    notes.chain(blocked).fold(connected, |said, line| said + "\n" + &line)
}

fn pair(text: &str) -> Result<(String, String)> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| Error::usage("there is no '=' in it").next("write it as KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
