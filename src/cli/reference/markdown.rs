//! The references that are kept with the sources: commands, and drivers with their settings.

use std::fmt::Write as _;

use super::{Entry, Section, entries, exit_codes};
use crate::domain::adapter::AdapterType;
use crate::ops::adapters::{self, DriverInfo};

/// Where a reference comes from, so that nobody mends it by hand.
const DRAWN: &str = "Drawn from the program itself by `BACKSTAY_DRAW=1 cargo test --test reference`; do not edit.";

/// Every command with its options, and the exit codes.
pub fn commands() -> String {
    let all = entries();
    let mut text = format!("# Commands\n\n{DRAWN}\n");
    for (index, entry) in all.iter().enumerate() {
        if index == 1 {
            codes(&mut text);
        }
        command(&mut text, entry);
    }
    text
}

fn codes(text: &mut String) {
    text.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in exit_codes() {
        let _ = writeln!(text, "| {code} | {meaning} |");
    }
}

fn command(text: &mut String, entry: &Entry) {
    let level = "#".repeat(entry.depth.clamp(1, 2) + 1);
    let _ = writeln!(text, "\n{level} {}\n\n{}", entry.path, entry.about);
    if !entry.is_group {
        let _ = writeln!(text, "\n```text\n{}\n```", entry.usage);
    }
    if !entry.aliases.is_empty() {
        let aliases: Vec<String> = entry.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = writeln!(text, "\nAlso {}.", aliases.join(", "));
    }
    entry.sections.iter().for_each(|section| arguments(text, section));
}

fn arguments(text: &mut String, section: &Section) {
    let _ = writeln!(text, "\n| {} | |\n|---|---|", section.heading);
    for item in &section.items {
        let remarks = item
            .remarks
            .iter()
            .fold(String::new(), |said, remark| said + " (" + remark + ")");
        let _ = writeln!(
            text,
            "| `{}` | {}{} |",
            cell(&item.form),
            cell(&item.help),
            cell(&remarks)
        );
    }
}

/// Every driver with its settings.
pub fn drivers() -> String {
    let mut text = format!("# Drivers\n\n{DRAWN}\n");
    let all = adapters::drivers();
    for (kind, heading) in [
        (AdapterType::Source, "Sources"),
        (AdapterType::Destination, "Destinations"),
        (AdapterType::Channel, "Channels"),
    ] {
        let of_kind: Vec<&DriverInfo> = all.iter().filter(|driver| driver.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n## {heading}");
        for driver in of_kind {
            settings(&mut text, driver);
        }
    }
    text
}

fn settings(text: &mut String, driver: &DriverInfo) {
    let _ = writeln!(text, "\n### {}\n\n{}\n", driver.name, driver.about);
    text.push_str("| setting | given by | shape | | what it is |\n|---|---|---|---|---|\n");
    for field in &driver.fields {
        let given = if field.secret { "--secret" } else { "--set" };
        let needed = match &field.default {
            _ if field.required => "required".to_owned(),
            Some(default) if !default.is_empty() => format!("default {}", field.shown(default)),
            _ => String::new(),
        };
        let cells = [&field.shape, &needed, &field.help].map(|text| cell(text));
        let [shape, needed, help] = cells;
        let _ = writeln!(text, "| `{}` | `{given}` | {shape} | {needed} | {help} |", field.name);
    }
}

/// Text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
