//! The commands as a document. One walk over clap's own definitions feeds the manual page and the command reference, so that
//! neither can tell of an option that is not there, or leave out one that is.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use super::output::READER_GONE;
use crate::domain::Kind;

pub mod manual;
pub mod markdown;

/// One command, or one group of commands.
pub struct Entry {
    /// `backstay adapter add`.
    pub path: String,
    /// `backstay adapter add [OPTIONS] --driver <DRIVER> <NAME>`.
    pub usage: String,
    /// Whether it does nothing without one of the commands in it.
    pub is_group: bool,
    /// What it does.
    pub about: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Its arguments under their headings, positional ones first. Those of every command are with the first entry only.
    pub sections: Vec<Section>,
    /// How many words its path has beyond the program's name.
    pub depth: usize,
}

/// Arguments under one heading.
pub struct Section {
    /// `Arguments`, `Options`, or a heading of their own.
    pub heading: String,
    /// The arguments.
    pub items: Vec<Item>,
}

/// One argument.
pub struct Item {
    /// `-o, --output <FILE>`.
    pub form: String,
    /// What it does.
    pub help: String,
    /// Whether it is needed, its default, what it may be: one remark each.
    pub remarks: Vec<String>,
}

/// Every command, groups before what is in them, in the order of `--help`. The first is the program itself.
pub fn entries() -> Vec<Entry> {
    let mut root = Cli::command();
    root.build();
    let mut all = Vec::new();
    collect(&root, 0, &mut all);
    all
}

/// Every exit code and what it says.
pub fn exit_codes() -> Vec<(u8, &'static str)> {
    let kinds = Kind::ALL.iter().map(|kind| (kind.exit_code(), kind.meaning()));
    let done = (0, "done");
    let gone = (
        READER_GONE,
        "nobody read standard output to its end (`backup cat`, `decrypt`)",
    );
    std::iter::once(done).chain(kinds).chain([gone]).collect()
}

fn collect(command: &Command, depth: usize, all: &mut Vec<Entry>) {
    all.push(entry(command, depth));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        collect(inner, depth + 1, all);
    }
}

fn entry(command: &Command, depth: usize) -> Entry {
    let usage = command.clone().render_usage().to_string();
    let about = command.get_long_about().or_else(|| command.get_about());
    Entry {
        path: command.get_bin_name().unwrap_or(command.get_name()).to_owned(),
        is_group: command.is_subcommand_required_set(),
        usage: usage.trim_start_matches("Usage: ").trim().to_owned(),
        about: about.map(ToString::to_string).unwrap_or_default(),
        aliases: command.get_visible_aliases().map(str::to_owned).collect(),
        sections: sections(command, depth == 0),
        depth,
    }
}

fn sections(command: &Command, is_root: bool) -> Vec<Section> {
    let shown = |argument: &&Arg| {
        let everywhere = argument.is_global_set() || matches!(argument.get_id().as_str(), "help" | "version");
        !argument.is_hide_set() && everywhere == is_root
    };
    let mut sections: Vec<Section> = Vec::new();
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(shown)
        .partition(|argument| argument.is_positional());
    for argument in positional.into_iter().chain(options) {
        let usual = if argument.is_positional() {
            "Arguments"
        } else {
            "Options"
        };
        let heading = argument.get_help_heading().unwrap_or(usual);
        let item = item(argument);
        match sections.iter_mut().find(|section| section.heading == heading) {
            Some(section) => section.items.push(item),
            None => sections.push(Section {
                heading: heading.to_owned(),
                items: vec![item],
            }),
        }
    }
    sections
}

fn item(argument: &Arg) -> Item {
    let long = argument.to_string();
    let form = match argument.get_short() {
        Some(short) if argument.get_long().is_some() => format!("-{short}, {long}"),
        _ => long,
    };
    let help = argument.get_long_help().or_else(|| argument.get_help());
    Item {
        form,
        help: help.map(ToString::to_string).unwrap_or_default(),
        remarks: remarks(argument),
    }
}

fn remarks(argument: &Arg) -> Vec<String> {
    let takes_value = argument.get_action().takes_values();
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| takes_value && !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    let defaults: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    let told = |holds: bool, what: String| holds.then_some(what);
    [
        told(
            argument.is_required_set() && !argument.is_positional(),
            "required".to_owned(),
        ),
        told(
            matches!(argument.get_action(), ArgAction::Append),
            "may be repeated".to_owned(),
        ),
        told(!values.is_empty(), format!("one of {}", values.join(", "))),
        told(
            takes_value && !defaults.is_empty() && !argument.is_hide_default_value_set(),
            format!("default {}", defaults.join(", ")),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_every_option_is_in_the_manual_page() {
        let page = manual::page();
        // The page's own mark-up: bold and italic, and a backslash before each dash.
        let marks = ["\\fB", "\\fR", "\\fI", "\\"];
        let plain = marks
            .iter()
            .fold(page.replace("\\*(Aq", "'"), |page, mark| page.replace(mark, ""));
        for entry in entries() {
            assert!(plain.contains(&entry.path), "{}", entry.path);
            for item in entry.sections.iter().flat_map(|section| &section.items) {
                assert!(plain.contains(&item.form), "{}: {}", entry.path, item.form);
            }
        }
        for (code, meaning) in exit_codes() {
            assert!(plain.contains(meaning), "{code}");
        }
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let all = entries();
        let mut forms = all
            .iter()
            .flat_map(|entry| &entry.sections)
            .flat_map(|section| &section.items);
        assert!(forms.all(|item| item.form != "--detached"));
    }
}
