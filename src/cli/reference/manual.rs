//! The manual page: one page with every command, in the form `man` reads.

use clap_mangen::roff::{Roff, bold, italic, roman};

use super::{Entry, Item, entries, exit_codes};
/// Variables that are read beyond those that stand for an option.
const ENVIRONMENT: [(&str, &str); 6] = [
    (
        "BACKSTAY_HOME",
        "The directory everything is kept below, as --home gives it.",
    ),
    (
        "BACKSTAY_MASTER_KEY",
        "The master key as 64 hex digits, in place of the key file.",
    ),
    (
        "BACKSTAY_MASTER_KEY_FILE",
        "A file with the master key, in place of the one in the configuration directory.",
    ),
    (
        "BACKSTAY_LOG",
        "How much the engine writes to its own log: error, warn, info, debug or trace; info unless set.",
    ),
    (
        "TZ",
        "The zone times are shown in; the machine's own unless set. Schedules follow the zone of their job.",
    ),
    (
        "SSH_CONNECTION",
        "Where somebody comes from is put on record with what they change.",
    ),
];

/// What is kept where, without a home of its own.
const FILES: [(&str, &str); 6] = [
    (
        "~/.config/backstay/master.key",
        "The master key. It opens the database and everything secret in it: keep a copy on another machine.",
    ),
    (
        "~/.local/share/backstay/backstay.db",
        "Adapters, jobs, runs, logs, sealed keys and the audit log, encrypted with the master key.",
    ),
    ("~/.local/state/backstay/engine.log", "What a background engine says."),
    (
        "~/.local/state/backstay/engine.lock",
        "Held by the engine for its life, so that there is one.",
    ),
    (
        "~/.local/state/backstay/scratch",
        "Scratch files of restores and verifications, unless the setting spool_dir puts them elsewhere.",
    ),
    (
        "DIR/config, DIR/data, DIR/state",
        "The same three places with --home DIR.",
    ),
];

/// The page.
pub fn page() -> String {
    let mut roff = Roff::default();
    let version = concat!("backstay ", env!("CARGO_PKG_VERSION"));
    roff.control("TH", ["BACKSTAY", "1", "", version, "Database backups"]);
    let all = entries();
    let Some((program, commands)) = all.split_first() else {
        return roff.render();
    };
    roff.control("SH", ["NAME"]);
    roff.text([roman("backstay - scheduled, encrypted, verified database backups")]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("backstay"), roman(" [OPTIONS] COMMAND")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(&program.about)]);
    roff.control("SH", ["OPTIONS OF EVERY COMMAND"]);
    arguments(&mut roff, program);
    roff.control("SH", ["COMMANDS"]);
    for command in commands {
        section(&mut roff, command);
    }
    let codes = exit_codes();
    let codes: Vec<(String, &str)> = codes
        .into_iter()
        .map(|(code, meaning)| (code.to_string(), meaning))
        .collect();
    table(
        &mut roff,
        "EXIT STATUS",
        codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)),
    );
    table(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    table(&mut roff, "FILES", FILES);
    roff.render()
}

fn section(roff: &mut Roff, command: &Entry) {
    roff.control("SS", [command.path.as_str()]);
    if command.is_group {
        roff.text([roman(&command.about)]);
    } else {
        roff.text([bold(&command.usage)]);
        roff.control("PP", []);
        roff.text([roman(&command.about)]);
    }
    if !command.aliases.is_empty() {
        roff.control("PP", []);
        roff.text([roman(format!("Also: {}.", command.aliases.join(", ")))]);
    }
    arguments(roff, command);
}

fn arguments(roff: &mut Roff, command: &Entry) {
    for section in &command.sections {
        roff.control("PP", []);
        roff.text([italic(&section.heading)]);
        for argument in &section.items {
            item(roff, argument);
        }
    }
}

fn item(roff: &mut Roff, argument: &Item) {
    roff.control("TP", []);
    roff.text([bold(&argument.form)]);
    let remarks = argument
        .remarks
        .iter()
        .fold(String::new(), |said, remark| said + " [" + remark + "]");
    roff.text([roman(format!("{}{remarks}", argument.help))]);
}

fn table<'a>(roff: &mut Roff, title: &str, rows: impl IntoIterator<Item = (&'a str, &'a str)>) {
    roff.control("SH", [title]);
    for (name, about) in rows {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(about)]);
    }
}
