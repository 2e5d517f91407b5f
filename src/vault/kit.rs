//! The recovery kit: a ZIP with all that is needed to read backups without Backstay — the keys, a script that opens the
//! stored format with nothing but Node, and a README for somebody who has a bad day.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{Seek, Write};

use chrono::{Datelike, Timelike};
use serde::Serialize;
use zeroize::Zeroizing;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::key::{Key, KeyId};
use super::master::{FILE_NAME, MasterKey};
use crate::domain::error::in_words;
use crate::domain::naming::escape;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

const SCRIPT: &str = include_str!("../../assets/recovery/backstay-recover.mjs");
const README: &str = include_str!("../../assets/recovery/README.txt");

/// Longer names make file names that some systems refuse; such a key is filed under its id.
const LONGEST_NAME: usize = 120;

/// What goes into a kit.
pub struct KitContents<'a> {
    /// The instance that the keys belong to, as its operators call it.
    pub instance: String,
    /// When the kit is made.
    pub made_at: Timestamp,
    /// Every profile key, the retired ones too: old backups need them.
    pub keys: Vec<KitKey>,
    /// The master key, when it was asked for.
    pub master: Option<&'a MasterKey>,
}

/// A profile key in a kit.
pub struct KitKey {
    /// The profile's name. Several keys may share it after a rotation.
    pub name: String,
    /// The key.
    pub key: Key,
    /// When it was retired; `None` while new backups are sealed with it.
    pub retired_at: Option<Timestamp>,
}

/// A key as `keys/keys.json` lists it.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    key_id: KeyId,
    key: &'a str,
    file: &'a str,
    retired_at: Option<Timestamp>,
}

/// Writes the kit as a ZIP to `out` and gives it back. Files with keys in them have mode 0600; `out` itself is the
/// caller's to protect.
pub fn write_kit<W: Write + Seek>(out: W, contents: &KitContents<'_>) -> Result<W> {
    let mut kit = Kit {
        zip: ZipWriter::new(out),
        modified: zip_time(contents.made_at),
    };
    let files = file_names(&contents.keys);

    kit.add("README.txt", 0o644, &readme(contents, &files))?;
    kit.add("backstay-recover.mjs", 0o755, SCRIPT)?;
    let hexes: Vec<_> = contents.keys.iter().map(|entry| entry.key.to_hex()).collect();
    for (file, hex) in files.iter().zip(&hexes) {
        kit.add_key(&format!("keys/{file}"), hex)?;
    }
    kit.add("keys/keys.json", 0o600, &index(contents, &files, &hexes)?)?;
    if let Some(master) = contents.master {
        kit.add_key(FILE_NAME, &master.key().to_hex())?;
    }
    kit.zip.finish().map_err(|error| cannot_write(&error))
}

struct Kit<W: Write + Seek> {
    zip: ZipWriter<W>,
    modified: DateTime,
}

impl<W: Write + Seek> Kit<W> {
    fn add(&mut self, name: &str, mode: u32, text: &str) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(self.modified)
            .unix_permissions(mode);
        self.zip
            .start_file(name, options)
            .map_err(|error| cannot_write(&error))?;
        self.zip
            .write_all(text.as_bytes())
            .map_err(|error| cannot_write(&error))
    }

    fn add_key(&mut self, name: &str, hex: &str) -> Result<()> {
        self.add(name, 0o600, &Zeroizing::new(format!("{hex}\n")))
    }
}

fn cannot_write(error: &dyn std::fmt::Display) -> Error {
    Error::failed(format!("cannot write the recovery kit: {}", in_words(error)))
        .next("check the free space there, then run it again")
}

/// ZIP knows the years 1980 to 2107 and no zone; outside them its own default.
fn zip_time(at: Timestamp) -> DateTime {
    let at = at.utc();
    let small = |value: u32| u8::try_from(value).unwrap_or_default();
    u16::try_from(at.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (small(at.month()), small(at.day()));
            DateTime::from_date_and_time(
                year,
                month,
                day,
                small(at.hour()),
                small(at.minute()),
                small(at.second()),
            )
            .ok()
        })
        .unwrap_or_default()
}

fn index(contents: &KitContents<'_>, files: &[String], hexes: &[Zeroizing<String>]) -> Result<Zeroizing<String>> {
    let entries: Vec<Entry<'_>> = contents
        .keys
        .iter()
        .zip(files)
        .zip(hexes)
        .map(|((kept, file), hex)| Entry {
            name: &kept.name,
            key_id: kept.key.id(),
            key: hex,
            file,
            retired_at: kept.retired_at,
        })
        .collect();
    let text = serde_json::to_string_pretty(&entries)
        .map_err(|error| Error::failed(format!("cannot list the keys of the recovery kit: {error}")))?;
    Ok(Zeroizing::new(text + "\n"))
}

fn readme(contents: &KitContents<'_>, files: &[String]) -> String {
    let mut keys = String::new();
    for (kept, file) in contents.keys.iter().zip(files) {
        let retired = kept.retired_at.map(|at| format!(", retired {at}")).unwrap_or_default();
        // Names are shown as Rust writes strings, so that a line break in one cannot pass for a line of this file.
        let _ = writeln!(
            keys,
            "  keys/{file}  {:?}, key id {}{retired}",
            kept.name,
            kept.key.id()
        );
    }
    if keys.is_empty() {
        keys.push_str("  none: this instance has no encryption profiles\n");
    }
    let (master, master_use) = match contents.master {
        Some(_) => (
            "master.key             opens the instance's own database, with everything secret in it",
            "\n   master.key goes to the new machine's configuration directory with mode 0600, when the instance's own\n   \
             database was saved as well. The backups do not need it.\n",
        ),
        None => (
            "(The master key of the instance is not in this kit; backups do not need it.)",
            "",
        ),
    };
    README
        .replace("{master}", master)
        .replace("{master_use}", master_use)
        .replace("{made_at}", &contents.made_at.rfc3339())
        .replace("{keys}", &keys)
        .replace("{instance}", &format!("{:?}", contents.instance))
}

/// A file name for each key: safe everywhere, and unique also where case does not count.
fn file_names(keys: &[KitKey]) -> Vec<String> {
    let mut taken = HashSet::new();
    keys.iter()
        .map(|kept| {
            let escaped = escape(&kept.name).ok().filter(|name| name.len() <= LONGEST_NAME);
            let stem = escaped.unwrap_or_else(|| kept.key.id().to_string());
            let numbered = (2_u32..).map(|number| format!("{stem}.{number}.key"));
            let candidates = std::iter::once(format!("{stem}.key")).chain(numbered);
            let mut free = candidates.filter(|name| taken.insert(name.to_lowercase()));
            free.next().unwrap_or_default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn kept(name: &str, byte: u8) -> KitKey {
        KitKey {
            name: name.to_owned(),
            key: Key::from_bytes([byte; 32]),
            retired_at: None,
        }
    }

    fn write(keys: Vec<KitKey>, master: Option<&MasterKey>) -> zip::ZipArchive<Cursor<Vec<u8>>> {
        let made_at = Timestamp::parse("2026-11-21T03:00:00Z").unwrap();
        let contents = KitContents {
            instance: "db\nhost".to_owned(),
            made_at,
            keys,
            master,
        };
        zip::ZipArchive::new(write_kit(Cursor::new(Vec::new()), &contents).unwrap()).unwrap()
    }

    fn text(kit: &mut zip::ZipArchive<Cursor<Vec<u8>>>, name: &str) -> String {
        let mut text = String::new();
        kit.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn holds_readme_script_and_keys_but_the_master_key_only_when_asked() {
        let mut kit = write(vec![kept("prod", 1)], None);
        let mut names: Vec<_> = kit.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort();
        assert_eq!(
            names,
            ["README.txt", "backstay-recover.mjs", "keys/keys.json", "keys/prod.key"]
        );
        assert_eq!(text(&mut kit, "keys/prod.key"), format!("{}\n", "01".repeat(32)));
        assert_eq!(
            kit.by_name("keys/prod.key").unwrap().unix_mode().unwrap() & 0o777,
            0o600
        );

        let master = MasterKey::from(Key::from_bytes([9; 32]));
        let mut kit = write(vec![], Some(&master));
        assert_eq!(text(&mut kit, "master.key"), format!("{}\n", "09".repeat(32)));
        assert!(text(&mut kit, "README.txt").contains("no encryption profiles"));
    }

    #[test]
    fn the_index_lists_retired_keys_by_id() {
        let retired_at = Some(Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
        let mut kit = write(
            vec![
                kept("prod", 1),
                KitKey {
                    retired_at,
                    ..kept("prod", 2)
                },
            ],
            None,
        );
        let index: serde_json::Value = serde_json::from_str(&text(&mut kit, "keys/keys.json")).unwrap();
        assert_eq!(index[0]["key_id"], Key::from_bytes([1; 32]).id().to_string());
        assert_eq!(index[0]["retired_at"], serde_json::Value::Null);
        assert_eq!(index[1]["retired_at"], "2026-01-01T00:00:00.000Z");
        assert_eq!(index[1]["key"], "02".repeat(32));
        let file = index[1]["file"].as_str().unwrap().to_owned();
        assert_eq!(text(&mut kit, &format!("keys/{file}")).trim(), "02".repeat(32));
    }

    #[test]
    fn file_names_are_safe_and_unique() {
        let long = "x".repeat(200);
        let names = [
            "prod",
            "PROD",
            "prod",
            "../../etc/passwd",
            "",
            ".hidden",
            "prüd",
            long.as_str(),
            "a b\n",
        ];
        let keys: Vec<_> = names
            .into_iter()
            .zip(1..)
            .map(|(name, byte)| kept(name, byte))
            .collect();
        let files = file_names(&keys);
        let distinct: HashSet<_> = files.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), files.len());
        assert_eq!(files[3], "%2E.%2F..%2Fetc%2Fpasswd.key");
        assert_eq!(files[6], "pr%C3%BCd.key");
        for file in &files {
            assert!(
                !file.starts_with('.') && !file.contains('/') && file.len() < 200,
                "{file}"
            );
        }
        let same = [kept("a", 1), kept("a", 1), kept("a", 1)];
        assert_eq!(file_names(&same).iter().collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn the_readme_has_no_gaps_and_no_lines_of_somebody_elses_making() {
        let mut kit = write(vec![kept("x\n  keys/evil.key", 1)], None);
        let readme = text(&mut kit, "README.txt");
        assert!(
            !readme.contains('{') && !readme.contains("\nhost") && !readme.contains("\n  keys/evil.key"),
            "{readme}"
        );
        assert!(readme.contains(&Key::from_bytes([1; 32]).id().to_string()));
        assert!(!readme.contains(&"01".repeat(32)), "the readme shows no key");
    }
}
