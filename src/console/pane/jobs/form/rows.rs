//! A definition as rows to be filled in.

use super::{hooks, key, names};
use crate::console::command::{Command, Scope};
use crate::console::keymap::Keymap;
use crate::console::pane::jobs::work::List;
use crate::console::widget::form::{Input, Item, Row};
use crate::domain::adapter::{Adapter, AdapterType};
use crate::domain::job::{Compression, Contents, Definition, Overlap, When};
use crate::domain::units::exact_duration;

const COMPRESSIONS: [(&str, &str); 4] = [
    ("zstd", "fast and small; what is usual"),
    ("gzip", "when other tools have to read it"),
    ("brotli", "small and slow"),
    (key::UNCOMPRESSED, "as it comes"),
];

/// The row of how long copies stay at a destination.
pub fn keep(destination: &str) -> String {
    format!("keep/{destination}")
}

/// The rows of a definition; their help names keys.
pub fn rows(definition: &Definition, parts: &List, keymap: &Keymap) -> Vec<Row> {
    let mut rows = what(definition, parts, keymap);
    rows.extend(when(definition));
    rows.extend(to_where(definition, parts, keymap));
    rows.extend(how_stored(definition, parts));
    rows.extend(how_run(definition));
    rows
}

fn what(definition: &Definition, parts: &List, keymap: &Keymap) -> Vec<Row> {
    let selection = &definition.selection;
    let list = |key: &str, label: &str, names: &[String], help: &str| {
        Row::new(key, label, Input::text(&names::join(names)), help)
    };
    let databases = if selection.databases.is_some() {
        key::THESE
    } else {
        key::ALL
    };
    let contents = match selection.contents {
        Contents::All => "all",
        Contents::SchemaOnly => "definitions",
        Contents::DataOnly => "rows",
    };
    vec![
        Row::new(
            key::NAME,
            "Name",
            Input::text(&definition.name),
            "What the job is called; its backups are kept under this name.",
        ),
        Row::new(
            key::SOURCE,
            "Source",
            Input::choice(adapters(parts, AdapterType::Source), &definition.source),
            "What is backed up. Sources are made under Adapters.",
        )
        .section("What"),
        Row::new(
            key::DATABASES,
            "Databases",
            Input::choice(
                vec![
                    Item::new(key::ALL, "all there are when it runs, new ones too"),
                    Item::new(key::THESE, "the ones that are named"),
                ],
                databases,
            ),
            "All databases of the source, or only some.",
        ),
        Row::new(
            key::PICKED,
            "Which",
            Input::multi(Vec::new()),
            format!(
                "{} takes a database or leaves it out.",
                keymap.sign(&[Scope::Form], Command::Toggle)
            ),
        ),
        list(
            key::TYPED,
            "Which",
            selection.databases.as_deref().unwrap_or_default(),
            "Names with commas between them.",
        ),
        list(
            key::EXCLUDE_DATABASES,
            "Without databases",
            &selection.exclude_databases,
            "Databases that are left out; names with commas between them.",
        ),
        list(
            key::EXCLUDE_SCHEMAS,
            "Without schemas",
            &selection.exclude_schemas,
            "Schemas that are left out, as the dump tool takes them: audit, tmp_*.",
        ),
        list(
            key::EXCLUDE_TABLES,
            "Without tables",
            &selection.exclude_tables,
            "Tables that are left out, as the dump tool takes them: public.cache, log_*.",
        ),
        Row::new(
            key::CONTENTS,
            "Contents",
            Input::choice(
                vec![
                    Item::new("all", "definitions and rows"),
                    Item::new("definitions", "no rows"),
                    Item::new("rows", "no definitions"),
                ],
                contents,
            ),
            "Definitions, rows, or both.",
        ),
        Row::new(
            key::GLOBALS,
            "Roles",
            Input::Toggle(selection.globals),
            "Roles and tablespaces of the server too, as an object of their own.",
        ),
    ]
}

fn when(definition: &Definition) -> Vec<Row> {
    vec![
        Row::new(
            key::SCHEDULE,
            "Schedule",
            Input::text(&definition.schedule),
            "Minute, hour, day of month, month, day of week, as in crontab; or @daily, @weekly. Empty: only by hand.",
        )
        .section("When"),
        Row::new(
            key::TIMEZONE,
            "Time zone",
            Input::text(&definition.timezone),
            "The zone in which schedule and retention are read: Europe/Zurich. A part of a name is enough.",
        ),
        Row::new(
            key::ENABLED,
            "Enabled",
            Input::Toggle(definition.enabled),
            "Whether the schedule is followed.",
        ),
    ]
}

fn to_where(definition: &Definition, parts: &List, keymap: &Keymap) -> Vec<Row> {
    let all = adapters(parts, AdapterType::Destination);
    let place = |name: &str| definition.destinations.iter().position(|target| target.adapter == name);
    let mut items: Vec<(Item, bool)> = all
        .iter()
        .map(|item| (item.clone(), place(&item.name).is_some()))
        .collect();
    // Those it has come first and in their order; the others stay by name.
    items.sort_by_key(|(item, _)| place(&item.name).unwrap_or(usize::MAX));
    let help = format!(
        "Where copies go, the one to be read from first on top: {} and {} move one.",
        keymap.sign(&[Scope::Form], Command::MoveUp),
        keymap.sign(&[Scope::Form], Command::MoveDown)
    );
    let mut rows = vec![Row::new(key::DESTINATIONS, "Destinations", Input::multi(items), help).section("Where")];
    rows.extend(all.iter().map(|item| {
        let target = definition.destinations.iter().find(|target| target.adapter == item.name);
        let policy = target.map_or_else(|| "smart:7,4,12,2".to_owned(), |target| target.keep.to_string());
        Row::new(
            keep(&item.name),
            format!("Keep at {}", item.name),
            Input::text(&policy),
            "none keeps all, last:7 the newest 7, smart:DAYS,WEEKS,MONTHS,YEARS one of each; ,min=3d behind it keeps young ones.",
        )
    }));
    rows
}

fn how_stored(definition: &Definition, parts: &List) -> Vec<Row> {
    let compressions = COMPRESSIONS.map(|(name, about)| Item::new(name, about)).to_vec();
    let level = definition.compression.level().map(|level| level.to_string());
    let mut profiles = vec![Item::new("none", "stored in the clear")];
    profiles.extend(
        parts
            .profiles
            .iter()
            .filter(|profile| profile.retired_at.is_none() || Some(&profile.name) == definition.profile.as_ref())
            .map(|profile| Item::new(&profile.name, &profile.description)),
    );
    let at = definition.profile.as_ref().and_then(|name| {
        let own = profiles.iter().skip(1).position(|item| item.name == *name)?;
        Some(own + 1)
    });
    profiles.push(Item::new("a new one", "made when the job is saved"));
    vec![
        Row::new(
            key::COMPRESSION,
            "Compression",
            Input::choice(compressions, definition.compression.algorithm()),
            "How the dumps are compressed on their way.",
        )
        .section("How it is stored"),
        Row::new(
            key::LEVEL,
            "Level",
            Input::text(&level.unwrap_or_default()),
            "More is smaller and slower.",
        ),
        Row::new(
            key::PROFILE,
            "Encryption",
            Input::Choice {
                items: profiles,
                at: at.unwrap_or(0),
            },
            "The key that seals the copies. Who has no key cannot read them, you included: write a recovery kit.",
        ),
        Row::new(
            key::NEW_PROFILE,
            "Its name",
            Input::text(""),
            "The new encryption profile gets a key of its own.",
        ),
    ]
}

fn how_run(definition: &Definition) -> Vec<Row> {
    let options = &definition.options;
    let overlap = match options.overlap {
        Overlap::Skip => "skip",
        Overlap::Queue => "queue",
    };
    let hooks = |key: &str, label: &str, when: When, help: &str| {
        let lines = hooks::to_lines(&definition.hooks, when);
        let how = "One command a line, without a shell; `$ ` in front hands it to the shell, `@5m ` sets a time limit.";
        Row::new(key, label, Input::Lines(lines), format!("{help} {how}"))
    };
    vec![
        Row::new(
            key::OVERLAP,
            "Overlap",
            Input::choice(
                vec![
                    Item::new("skip", "the run that is due is left out"),
                    Item::new("queue", "the run that is due waits"),
                ],
                overlap,
            ),
            "When a run is due and the last one still goes on.",
        )
        .section("How it runs"),
        Row::new(
            key::CATCH_UP,
            "Catch up",
            Input::Toggle(options.catch_up),
            "Run once, when the engine starts, for what was missed while it was down.",
        ),
        Row::new(
            key::RERUN,
            "Run again",
            Input::Toggle(options.rerun_interrupted),
            "Run again when the engine died under a run.",
        ),
        Row::new(
            key::RETRIES,
            "Retries",
            Input::text(&options.retries.to_string()),
            "How often a failure that may pass is tried again: network, lock, busy.",
        ),
        Row::new(
            key::RETRY_DELAY,
            "First retry after",
            Input::text(&exact_duration(options.retry_delay)),
            "The wait before the first retry; it doubles each time, one hour at most.",
        ),
        Row::new(
            key::TIMEOUT,
            "Time limit",
            Input::text(&exact_duration(options.timeout)),
            "A run that takes longer is stopped. 0s means no limit.",
        ),
        Row::new(
            key::READ_BACK,
            "Read back",
            Input::Toggle(options.read_back),
            "Read every stored byte back and compare. Without it nobody knows that a copy can be read.",
        ),
        hooks(key::BEFORE, "Before", When::Before, "Its failure fails the run.").section("Hooks"),
        hooks(key::AFTER, "After", When::After, "Run whatever the verdict."),
    ]
}

fn adapters(parts: &List, kind: AdapterType) -> Vec<Item> {
    let of_kind = parts.adapters.iter().filter(|adapter| adapter.kind == kind);
    of_kind
        .map(|adapter| Item::new(&adapter.name, about(adapter)))
        .collect()
}

/// What is said of an adapter beside its name.
pub fn about(adapter: &Adapter) -> String {
    format!("{} {}", adapter.driver, adapter.summary)
}

/// What a level may be, and what is usual; `None` where there is none.
pub fn levels(algorithm: &str) -> Option<(&'static str, Compression)> {
    match algorithm {
        "zstd" => Some(("1 to 19; 3 is usual", Compression::Zstd(3))),
        "gzip" => Some(("1 to 9; 6 is usual", Compression::Gzip(6))),
        "brotli" => Some(("0 to 11; 5 is usual", Compression::Brotli(5))),
        _ => None,
    }
}

/// A line that holds `text`.
pub fn text(text: &str) -> Input {
    Input::text(text)
}
