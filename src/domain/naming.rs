//! What things are called at a destination: names people chose, escaped so that every file system and object store
//! takes them and gives them back, and suffixes that say what to undo.

#[cfg(test)]
mod tests;

use uuid::Uuid;

use super::error::{Error, Result};
use super::id::BackupId;
use super::job::Compression;
use super::time::Timestamp;

/// Written last: a folder without it is not a backup.
pub const MANIFEST: &str = "manifest.json";

/// The longest escaped name, in bytes. File systems take 255; the rest is for suffixes, volume numbers and temporary names.
const LONGEST: usize = 200;

/// The longest name of a job, an adapter or a profile, in characters.
const LONGEST_GIVEN: usize = 100;

/// On objects that are a sealed stream.
const SEALED: &str = ".enc";

/// What dumps are called after, one for each format an engine writes. None ends in another suffix of an object's name.
const DUMPS: [&str; 8] = [".dump", ".sql", ".db", ".rdb", ".archive", ".fbk", ".bak", ".tar"];

/// Writes a name in `[A-Za-z0-9._-]`, every other byte of its UTF-8 as `%` and two upper-case hex digits, and a leading
/// dot as `%2E`. Different names stay different; [`unescape`] gives the name back.
///
/// A usage error when the name is empty, holds a NUL, or is longer than 200 bytes when escaped: nothing is cut off.
pub fn escape(name: &str) -> Result<String> {
    escape_where(name, |at, byte| byte == b'.' && at == 0)
}

/// Reads what [`escape`] wrote. A usage error when it is not that.
pub fn unescape(escaped: &str) -> Result<String> {
    let bad = || {
        Error::usage(format!("'{escaped}' is not an escaped name"))
            .next("it was not written by Backstay, or was renamed; give it its old name back")
    };
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).map_err(|_| bad())?;
                bytes.extend(hex::decode(digits).map_err(|_| bad())?);
                rest = after;
            }
            _ if is_plain(first) => bytes.push(first),
            _ => return Err(bad()),
        }
    }
    let name = String::from_utf8(bytes).map_err(|_| bad())?;
    if name.is_empty() || name.contains('\0') || escaped.starts_with('.') {
        Err(bad())
    } else {
        Ok(name)
    }
}

/// Escapes names that will lie in one folder, in their order, so that they stay apart where case does not count (`App`
/// and `app` on some file systems): names that differ in case only have their upper-case letters escaped as well.
///
/// For objects of one kind, that is with the same dump suffix. A usage error when a name is there twice.
pub fn escape_all(names: &[&str]) -> Result<Vec<String>> {
    let clashes = |at: usize, name: &str| {
        names
            .iter()
            .enumerate()
            .any(|(other, other_name)| other != at && other_name.eq_ignore_ascii_case(name))
    };
    names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            if names.iter().take(at).any(|earlier| earlier == name) {
                return Err(Error::usage("a backup cannot hold two objects of one name").on(format!("'{name}'")));
            }
            if !clashes(at, name) {
                return escape(name);
            }
            escape_where(name, |at, byte| byte.is_ascii_uppercase() || (byte == b'.' && at == 0))
        })
        .collect()
}

/// The folder of a backup below the destination's prefix: `<job>/<2026-11-21T03-00-00Z>-<8 hex of the id>`.
pub fn backup_folder(job_name: &str, taken_at: Timestamp, backup: BackupId) -> Result<String> {
    Ok(format!(
        "{}/{}-{}",
        escape(job_name)?,
        taken_at.folder(),
        backup.short()
    ))
}

/// The name of an object in that folder: `app.dump.zst.enc`. `base` comes from [`escape`] or [`escape_all`],
/// `dump_suffix` is one of the known ones (`.dump`, `.sql`, `.db`, …). A usage error when either is not.
pub fn object_name(base: &str, dump_suffix: &str, compression: Compression, sealed: bool) -> Result<String> {
    unescape(base)?;
    if !DUMPS.contains(&dump_suffix) {
        return Err(
            Error::usage(format!("'{dump_suffix}' is not the suffix of a dump format"))
                .on(format!("object '{base}'"))
                .next(format!("use one of {}", DUMPS.join(", "))),
        );
    }
    let seal = if sealed { SEALED } else { "" };
    Ok(format!("{base}{dump_suffix}{}{seal}", compression.suffix()))
}

/// An object's name taken apart: what to undo, from right to left, and what is left then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suffixes<'a> {
    /// The escaped name, see [`unescape`].
    pub base: &'a str,
    /// The dump format's suffix, with its dot.
    pub dump: &'static str,
    /// The algorithm, as [`Compression::algorithm`] has it: `none`, `zstd`, `gzip`, `brotli`.
    pub compression: &'static str,
    /// Whether it is a sealed stream.
    pub sealed: bool,
}

/// Takes an object's name apart; nothing when it is not one (the manifest, a stranger's file).
pub fn suffixes(name: &str) -> Option<Suffixes<'_>> {
    let unsealed = name.strip_suffix(SEALED);
    let rest = unsealed.unwrap_or(name);
    let compressions = [Compression::Zstd(0), Compression::Gzip(0), Compression::Brotli(0)];
    let (rest, compression) = compressions
        .into_iter()
        .find_map(|compression| Some((rest.strip_suffix(compression.suffix())?, compression)))
        .unwrap_or((rest, Compression::None));
    let (base, dump) = DUMPS
        .into_iter()
        .find_map(|dump| Some((rest.strip_suffix(dump)?, dump)))?;
    let suffixes = Suffixes {
        base,
        dump,
        compression: compression.algorithm(),
        sealed: unsealed.is_some(),
    };
    (!base.is_empty()).then_some(suffixes)
}

/// Checks a name as a person gives it to a job, an adapter or a profile (`kind` is that word, for the message): not
/// empty, no control characters, at most 100 characters, no space at its ends, short enough to be escaped, and nothing
/// that reads as an id, since names and ids are accepted in the same places.
pub fn valid_name(kind: &str, name: &str) -> Result<()> {
    let refuse = |what: &str, next: &str| {
        Err(Error::usage(what)
            .on(format!("{kind} '{}'", name.escape_debug()))
            .next(next))
    };
    if name.is_empty() {
        return Err(Error::usage(format!("the {kind} needs a name")).next("give it one"));
    }
    if name.chars().any(char::is_control) {
        return refuse(
            "the name holds a control character",
            "leave out line ends, tabs and the like",
        );
    }
    if name.trim() != name {
        return refuse("the name begins or ends with a space", "leave out the space");
    }
    if name.chars().count() > LONGEST_GIVEN {
        return refuse("the name is longer than 100 characters", "choose a shorter name");
    }
    if name.starts_with("latest:") {
        return refuse(
            "the name begins with latest:, which stands for the newest backup of a job",
            "leave that out",
        );
    }
    if Uuid::try_parse(name).is_ok() {
        return refuse("the name reads as an id", "choose a name that is not a UUID");
    }
    escape(name)
        .map(|_| ())
        .map_err(|error| error.on(format!("{kind} '{name}'")))
}

fn escape_where(name: &str, also: impl Fn(usize, u8) -> bool) -> Result<String> {
    if name.is_empty() || name.contains('\0') {
        return Err(
            Error::usage("a name must hold at least one character and no NUL").on(format!("'{}'", name.escape_debug()))
        );
    }
    let mut escaped = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        if is_plain(byte) && !also(at, byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push_str(&hex::encode_upper([byte]));
        }
    }
    if escaped.len() > LONGEST {
        return Err(Error::usage(format!(
            "the name takes {} bytes at a destination, {LONGEST} is the most",
            escaped.len()
        ))
        .on(format!("'{name}'"))
        .next("choose a shorter name; letters outside A-Z and a-z take six bytes or more"));
    }
    Ok(escaped)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
