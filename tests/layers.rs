//! Holds the shape of the source: who may import whom, how long a file may be, where migrations live. Reads the text of
//! `src/`, so that an arrow that points up fails before anybody has to notice it.

#![allow(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the modules of ours it may name, besides itself. A module that is not here is not thought out yet.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("file_events", &[]),
    ("store", &["domain", "clock", "file_events", "disk"]),
    ("vault", &["domain"]),
    ("pipeline", &["domain", "vault"]),
    ("disk", &["domain"]),
    ("patience", &["domain"]),
    ("driver", &["domain", "pipeline", "process"]),
    ("process", &["domain", "pipeline", "driver"]),
    ("source", &["domain", "pipeline", "driver", "process", "disk"]),
    (
        "destination",
        &["domain", "pipeline", "driver", "process", "disk", "patience"],
    ),
    ("instance", &["domain", "clock", "store", "vault"]),
    ("catalog", BELOW_CATALOG),
    ("engine", BELOW_ENGINE),
    ("ops", BELOW_ENGINE),
    ("cli", &["ops", "domain"]),
    ("console", &["ops", "domain"]),
    ("build", &[]),
    ("main", &["cli", "console", "engine", "instance", "clock", "domain"]),
];

const BELOW_CATALOG: &[&str] = &[
    "instance",
    "store",
    "vault",
    "pipeline",
    "source",
    "destination",
    "driver",
    "process",
    "domain",
    "clock",
];

const BELOW_ENGINE: &[&str] = &[
    "instance",
    "catalog",
    "store",
    "vault",
    "pipeline",
    "source",
    "destination",
    "driver",
    "process",
    "disk",
    "patience",
    "file_events",
    "domain",
    "clock",
];

const LINES_OF_A_FILE: usize = 800;
const LINES_OF_MAIN: usize = 60;

#[test]
fn imports_point_down_only() {
    let mut broken = Vec::new();
    for path in files("src").into_iter().filter(|path| is_rust(path)) {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        broken.extend(forbidden(relative, &fs::read_to_string(&path).unwrap()));
    }
    assert!(
        broken.is_empty(),
        "layers that may not know each other:\n{}",
        broken.join("\n")
    );
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for path in files("src")
        .into_iter()
        .chain(files("tests"))
        .filter(|path| is_rust(path))
    {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let limit = if path.ends_with("src/main.rs") {
            LINES_OF_MAIN
        } else {
            LINES_OF_A_FILE
        };
        if lines > limit {
            long.push(format!("{}: {lines} lines, {limit} are allowed", path.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_module_is_called_mod() {
    let named_mod = |path: &PathBuf| path.file_name().is_some_and(|name| name == "mod.rs");
    let found: Vec<_> = files("src")
        .into_iter()
        .chain(files("tests"))
        .filter(named_mod)
        .collect();
    assert!(
        found.is_empty(),
        "a module lives in foo.rs beside foo/, not in foo/mod.rs: {found:?}"
    );
}

#[test]
fn migrations_live_in_one_place() {
    let migrations = root().join("assets/migrations");
    let is_sql = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sql");
    let all = files("src").into_iter().chain(files("assets"));
    let strays: Vec<_> = all
        .filter(is_sql)
        .filter(|path| !path.starts_with(&migrations))
        .collect();
    assert!(strays.is_empty(), "SQL files belong in assets/migrations: {strays:?}");
}

/// What is told below the front ends is read in both, and in the console nothing is done by a flag. A whole command line
/// between backticks is another matter: the console tells the key for it.
#[test]
fn only_the_command_line_tells_of_its_flags() {
    // What only the command line reaches: where its home is, how a secret is handed in, its own choice not to connect, and the
    // unit whose text it is.
    let own = [
        "instance.rs",
        "ops.rs",
        "ops/adapters.rs",
        "ops/engine_process/unit.rs",
        "domain/blocker.rs",
    ];
    let mut told = Vec::new();
    for path in files("src").into_iter().filter(|path| is_rust(path)) {
        let relative = path.strip_prefix(root().join("src")).unwrap().to_owned();
        let is_front = ["cli", "cli.rs", "console", "main.rs"]
            .iter()
            .any(|front| relative.starts_with(front));
        if is_front
            || own
                .iter()
                .any(|name| relative.ends_with(name) && relative.starts_with(name))
        {
            continue;
        }
        told.extend(
            flags_in_prose(&fs::read_to_string(&path).unwrap()).map(|line| format!("{}: {line}", relative.display())),
        );
    }
    assert!(
        told.is_empty(),
        "say what to change, not by which flag:\n{}",
        told.join("\n")
    );
}

#[test]
fn a_flag_counts_where_it_is_prose() {
    let count = |text: &str| flags_in_prose(text).count();
    assert_eq!(count("error.next(\"restore elsewhere, or use --replace\")"), 1);
    assert_eq!(count("error.next(\"--force replaces it\")"), 1);
    assert_eq!(count("error.next(\"`--set tls=off` does it\")"), 1);
    assert_eq!(count("error.next(\"look there: backstay backup list\")"), 1);
    assert_eq!(
        count("error.next(\"`backstay backup remove {short} --force` does it\")"),
        0
    );
    assert_eq!(count("command.args([\"--no-owner\", \"--file=-\"])"), 0);
    assert_eq!(count("(\"command\", format!(\"backstay logs {run} -f\"))"), 0);
    assert_eq!(count("// as in --replace"), 0);
}

/// The lines of code in which a text names a flag, or a command line that does not stand between backticks.
fn flags_in_prose(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("mod tests {").next().unwrap_or(text).lines();
    code.filter(|line| !line.trim_start().starts_with("//")).filter(|line| {
        let quoted = line.split('`').enumerate();
        let prose: Vec<&str> = quoted
            .filter(|(at, part)| at % 2 == 0 || !part.starts_with("backstay "))
            .map(|(_, part)| part)
            .collect();
        prose.iter().enumerate().any(|(at, part)| {
            let is_flag = |found: usize| {
                let (before, rest) = (&part[..found], &part[found + 2..]);
                let word = rest
                    .split(|end: char| !end.is_ascii_lowercase() && end != '-')
                    .next()
                    .unwrap_or_default();
                let inside = before.ends_with(' ') || (before.is_empty() && at > 0);
                let begins = before.ends_with('"') && rest[word.len()..].starts_with(' ');
                !word.is_empty()
                    && !["\"backstay ", "\"systemctl"].iter().any(|own| before.contains(own))
                    && (inside || begins)
            };
            part.match_indices("--").any(|(found, _)| is_flag(found)) || part.contains(": backstay ")
        })
    })
}

#[test]
fn a_forbidden_import_is_named_with_its_place() {
    let text =
        "//! Nothing of crate::store.\nuse std::fmt;\n\nuse crate::{\n    domain::Error,\n    engine::Engine,\n};\n";
    let found = forbidden(Path::new("cli/job.rs"), text);
    assert_eq!(
        found,
        ["src/cli/job.rs:6: `cli` may name only ops, domain; this names `engine`"]
    );
}

#[test]
fn a_path_in_the_middle_of_code_counts() {
    let found = forbidden(
        Path::new("engine.rs"),
        "fn tick() {\n    crate::ops::jobs::list() // crate::cli\n}\n",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found.first().unwrap().starts_with("src/engine.rs:2: "), "{found:?}");
}

#[test]
fn a_way_out_through_super_counts() {
    assert_eq!(
        forbidden(Path::new("domain/job.rs"), "use super::super::store::Store;\n").len(),
        1
    );
    assert_eq!(
        forbidden(Path::new("vault.rs"), "use super::{clock, domain};\n").len(),
        1
    );
    assert!(forbidden(Path::new("domain/job.rs"), "use super::error::Error;\n").is_empty());
    assert!(forbidden(Path::new("vault.rs"), "mod tests {\n    use super::seal;\n}\n").is_empty());
}

/// A line for each place where the file at `relative` below `src/` names a module it may not.
fn forbidden(relative: &Path, text: &str) -> Vec<String> {
    let layer = relative
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap()
        .trim_end_matches(".rs");
    if layer == "lib" {
        return Vec::new();
    }
    let place = Path::new("src").join(relative);
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!(
            "{}: `{layer}` has no place among the layers yet: give it one here",
            place.display()
        )];
    };
    let depth = relative.components().count();
    let mut broken = Vec::new();
    for (line, named) in named_modules(text, depth) {
        if named != layer && !allowed.contains(&named.as_str()) {
            let allowed = if allowed.is_empty() {
                "nothing of ours".to_owned()
            } else {
                allowed.join(", ")
            };
            let place = place.display();
            broken.push(format!(
                "{place}:{line}: `{layer}` may name only {allowed}; this names `{named}`"
            ));
        }
    }
    broken
}

/// The top modules of this package that `text` names, each with its line number. A file's own modules are `depth` levels
/// below the root of the package, so as many times `super` leads there.
fn named_modules(text: &str, depth: usize) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let code = without_comments(text);
    for root in ["crate::", "backstay::"] {
        for (at, _) in code.match_indices(root) {
            if !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                named.extend(names_after(&code, at + root.len()));
            }
        }
    }
    // The tests of a file are one level further down, and come last in it.
    let tests = code.find("mod tests {").unwrap_or(code.len());
    for (outside, region) in [(depth, 0..tests), (depth + 1, tests..code.len())] {
        let way_out = "super::".repeat(outside);
        for (at, _) in code[region.clone()].match_indices(&way_out) {
            let at = region.start + at;
            if !code[..at].ends_with("super::") && !code[..at].ends_with(|before: char| before.is_alphanumeric()) {
                named.extend(names_after(&code, at + way_out.len()));
            }
        }
    }
    let line_of = |at: usize| code[..at].matches('\n').count() + 1;
    named.into_iter().map(|(at, name)| (line_of(at), name)).collect()
}

/// The first names of the paths at `start`: one, or those of a group in braces, each with where it stands.
fn names_after(code: &str, start: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut nested = 0_usize;
    let mut expected = true;
    for (offset, character) in code[start..].char_indices() {
        match character {
            '{' => nested += 1,
            '}' => nested = nested.saturating_sub(1),
            ',' => expected = nested == 1,
            _ if character.is_whitespace() => continue,
            _ if expected && nested <= 1 => {
                let rest = &code[start + offset..];
                let end = rest
                    .find(|after: char| !after.is_alphanumeric() && after != '_')
                    .unwrap_or(rest.len());
                // A capital letter or a macro is an item of the root itself, not a module.
                if rest[..end].starts_with(|first: char| first.is_lowercase()) {
                    names.push((start + offset, rest[..end].to_owned()));
                }
                expected = false;
            }
            _ => {}
        }
        if nested == 0 && !expected {
            break;
        }
    }
    names
}

/// `text` with its comments blank, line by line.
fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| code(line) + "\n").collect()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `directory`; none when there is no such directory.
fn files(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![root().join(directory)];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                ahead.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found
}
