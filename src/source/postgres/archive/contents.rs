//! The header and the table of contents of an archive: what is in it, and which data must follow.

use std::collections::{HashMap, HashSet};

use super::damaged;
use crate::domain::{Error, Result};

/// The archive versions whose layout is known: 1.14 is PostgreSQL 12 to 15, 1.15 is 16, 1.16 is 17 and later.
const MINORS: std::ops::RangeInclusive<u8> = 14..=16;

/// `archCustom`.
const FORMAT_CUSTOM: u8 = 1;

/// `K_OFFSET_NO_DATA`.
const NO_DATA: u8 = 3;

/// `SECTION_NONE`: the entry belongs to the section of the one before it.
const SECTION_NONE: i64 = 1;

/// `SECTION_POST_DATA`.
const SECTION_POST_DATA: i64 = 4;

/// Grants, which `pg_restore` leaves for the end: an owner may have taken rights from itself that making an index needs.
const GRANTS: [&str; 3] = ["ACL", "ACL LANGUAGE", "DEFAULT ACL"];

/// How integers and offsets are written in this archive.
#[derive(Clone, Copy, Default)]
pub(super) struct Layout {
    minor: u8,
    /// Bytes of an integer's magnitude; 0 before the header was read.
    pub(super) integer_bytes: usize,
    offset_bytes: usize,
}

/// What an attempt to read one item came to.
pub(super) enum Parsed {
    /// More bytes are needed.
    Incomplete,
    /// It was read and took this many bytes.
    Used(usize),
}

/// The table of contents, as far as anybody here needs it.
#[derive(Default)]
pub(in super::super) struct Contents {
    /// Version of the server: `15.18 (Debian …)`.
    pub(in super::super) server_version: String,
    /// Version of the `pg_dump` that wrote it.
    pub(in super::super) dump_version: String,
    announced: u64,
    read: u64,
    /// Entries with data, those about the database itself, and where sequences stand.
    entries: Vec<Entry>,
    by_id: HashMap<i64, usize>,
    /// Ids of the tables that are defined in here.
    tables: HashSet<i64>,
    has_extension: bool,
    section: i64,
    finishing: Vec<i64>,
}

/// One entry of the table of contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Entry {
    /// What kind of thing: `TABLE DATA`, `DATABASE`, `ACL` …
    pub(in super::super) kind: String,
    /// Its name, not quoted; `DATABASE name` where an entry is about a database.
    pub(in super::super) tag: String,
    /// Its schema; empty when it is in none.
    pub(in super::super) namespace: String,
    /// Its owner; may be empty.
    pub(in super::super) owner: String,
    /// The SQL that makes it; only kept for entries about the database itself.
    pub(in super::super) definition: String,
    /// Whether a block of data must follow.
    pub(in super::super) has_data: bool,
    depends_on: Vec<i64>,
}

impl Layout {
    pub(super) const fn is_known(self) -> bool {
        self.integer_bytes > 0
    }
}

impl Entry {
    /// `schema.table`, as the engine names it.
    pub(in super::super) fn qualified_name(&self) -> String {
        if self.namespace.is_empty() {
            return self.tag.clone();
        }
        format!("{}.{}", self.namespace, self.tag)
    }

    /// Whether it holds a table's rows.
    pub(in super::super) fn is_table_data(&self) -> bool {
        self.kind == "TABLE DATA"
    }

    /// Whether it says where a sequence stands.
    pub(in super::super) fn is_sequence_state(&self) -> bool {
        self.kind == "SEQUENCE SET"
    }

    /// Whether it holds the contents of large objects.
    pub(in super::super) fn is_large_objects(&self) -> bool {
        self.has_data && self.kind == "BLOBS"
    }

    fn is_about_database(&self) -> bool {
        self.kind.starts_with("DATABASE") || (self.tag.starts_with("DATABASE ") && self.namespace.is_empty())
    }
}

impl Contents {
    /// Entries with data, those about the database itself, and where sequences stand; in the archive's order.
    pub(in super::super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Ids of the entries that are restored when all rows are there: indexes, constraints, triggers, grants. In the archive's
    /// order.
    pub(in super::super) fn finishing(&self) -> &[i64] {
        &self.finishing
    }

    /// Whether it defines no table but holds rows.
    pub(in super::super) fn is_data_only(&self) -> bool {
        self.tables.is_empty() && !self.has_extension && self.entries.iter().any(Entry::is_table_data)
    }

    /// Whether the entry at `index` holds COPY text.
    pub(super) fn holds_rows(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(Entry::is_table_data)
    }

    /// Whether a table's rows count. Those of an extension's own tables do not: the extension brings some of them itself, so
    /// that what is in the archive is not what is in the table.
    pub(super) fn counts(&self, entry: &Entry) -> bool {
        entry.is_table_data() && (!self.has_extension || entry.depends_on.iter().any(|id| self.tables.contains(id)))
    }

    pub(super) fn index_of(&self, id: i64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.read == self.announced
    }

    /// Reads the header, up to the number of entries.
    pub(super) fn read_header(&mut self, layout: &mut Layout, bytes: &[u8]) -> Result<Parsed> {
        let mut cursor = Cursor::new(bytes, Layout::default());
        let header = cursor.header();
        cursor.outcome(header, |header| {
            *layout = header.layout;
            self.server_version = header.server_version;
            self.dump_version = header.dump_version;
            self.announced = header.entries;
            Ok(())
        })
    }

    /// Reads one entry.
    pub(super) fn read_entry(&mut self, layout: Layout, bytes: &[u8]) -> Result<Parsed> {
        let mut cursor = Cursor::new(bytes, layout);
        let entry = cursor.entry();
        cursor.outcome(entry, |(id, section, entry)| self.add(id, section, entry))
    }

    fn add(&mut self, id: i64, section: i64, entry: Entry) -> Result<()> {
        self.read += 1;
        if section != SECTION_NONE {
            self.section = section;
        }
        if self.section == SECTION_POST_DATA || GRANTS.contains(&entry.kind.as_str()) {
            self.finishing.push(id);
        }
        match entry.kind.as_str() {
            "TABLE" => {
                self.tables.insert(id);
            }
            "EXTENSION" => self.has_extension = true,
            _ => {}
        }
        if !entry.has_data && !entry.is_about_database() && !entry.is_sequence_state() {
            return Ok(());
        }
        if self.by_id.insert(id, self.entries.len()).is_some() {
            return Err(damaged(&format!("two entries have the number {id}")));
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// Why an item could not be read.
enum Stop {
    Incomplete,
    Damaged(Error),
}

/// What the header says.
struct Header {
    layout: Layout,
    server_version: String,
    dump_version: String,
    entries: u64,
}

/// Reads the format's items from what has come so far.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    layout: Layout,
}

impl<'a> Cursor<'a> {
    const fn new(bytes: &'a [u8], layout: Layout) -> Self {
        Self {
            bytes,
            position: 0,
            layout,
        }
    }

    /// Hands what was read to `keep`, unless more bytes are needed first.
    fn outcome<T>(&self, read: Result<T, Stop>, keep: impl FnOnce(T) -> Result<()>) -> Result<Parsed> {
        match read {
            Ok(item) => keep(item).map(|()| Parsed::Used(self.position)),
            Err(Stop::Incomplete) => Ok(Parsed::Incomplete),
            Err(Stop::Damaged(error)) => Err(error),
        }
    }

    fn header(&mut self) -> Result<Header, Stop> {
        if self.take(5)? != b"PGDMP" {
            return Err(Stop::Damaged(damaged("it does not begin with PGDMP")));
        }
        let (major, minor, _revision) = (self.byte()?, self.byte()?, self.byte()?);
        if major != 1 || !MINORS.contains(&minor) {
            return Err(Stop::Damaged(unknown_version(major, minor)));
        }
        let (integer_bytes, offset_bytes, format) = (self.byte()?, self.byte()?, self.byte()?);
        if format != FORMAT_CUSTOM || !(4..=8).contains(&integer_bytes) || !(4..=8).contains(&offset_bytes) {
            return Err(Stop::Damaged(damaged("its header makes no sense")));
        }
        self.layout = Layout {
            minor,
            integer_bytes: integer_bytes.into(),
            offset_bytes: offset_bytes.into(),
        };
        let compression = if minor >= 15 {
            self.byte()?.into()
        } else {
            self.integer()?
        };
        if compression != 0 {
            return Err(Stop::Damaged(damaged(
                "pg_dump has compressed it, which Backstay never asks for",
            )));
        }
        // Second, minute, hour, day, month, year, daylight saving.
        for _ in 0..7 {
            self.integer()?;
        }
        let _database = self.bytes()?;
        let (server_version, dump_version) = (self.text()?, self.text()?);
        let entries =
            u64::try_from(self.integer()?).map_err(|_| Stop::Damaged(damaged("its number of entries is negative")))?;
        Ok(Header {
            layout: self.layout,
            server_version,
            dump_version,
            entries,
        })
    }

    fn entry(&mut self) -> Result<(i64, i64, Entry), Stop> {
        let id = self.integer()?;
        let _has_dumper = self.integer()?;
        let (_catalogue, _object) = (self.bytes()?, self.bytes()?);
        let (tag, kind) = (self.text()?, self.text()?);
        let section = self.integer()?;
        let definition = self.bytes()?;
        let (_drop, _copy) = (self.bytes()?, self.bytes()?);
        let namespace = self.text()?;
        let (_tablespace, _access_method) = (self.bytes()?, self.bytes()?);
        if self.layout.minor >= 16 {
            let _relation_kind = self.integer()?;
        }
        let owner = self.text()?;
        let _with_oids = self.bytes()?;
        let mut depends_on = Vec::new();
        while let Some(number) = self.bytes()? {
            depends_on.extend(
                std::str::from_utf8(number)
                    .ok()
                    .and_then(|text| text.parse::<i64>().ok()),
            );
        }
        let data_state = self.byte()?;
        let _offset = self.take(self.layout.offset_bytes)?;
        let mut entry = Entry {
            kind,
            tag,
            namespace,
            owner,
            definition: String::new(),
            has_data: data_state != NO_DATA,
            depends_on,
        };
        if entry.is_about_database() {
            entry.definition = text_of(definition);
        }
        Ok((id, section, entry))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let end = self.position.saturating_add(count);
        let taken = self.bytes.get(self.position..end).ok_or(Stop::Incomplete)?;
        self.position = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.take(1)?.first().copied().ok_or(Stop::Incomplete)
    }

    fn integer(&mut self) -> Result<i64, Stop> {
        let width = self.layout.integer_bytes;
        let mut integer = super::Integer::default();
        integer.take(width, self.take(1 + width)?);
        Ok(integer.value())
    }

    /// A text as it is; `None` is the null text, which is not the empty one.
    fn bytes(&mut self) -> Result<Option<&'a [u8]>, Stop> {
        let length = self.integer()?;
        if length == -1 {
            return Ok(None);
        }
        match usize::try_from(length) {
            Ok(length) if length <= super::ENTRY_LIMIT => self.take(length).map(Some),
            _ => Err(Stop::Damaged(damaged(
                "a text in its table of contents has an impossible length",
            ))),
        }
    }

    fn text(&mut self) -> Result<String, Stop> {
        Ok(text_of(self.bytes()?))
    }
}

/// Names are shown and compared, so that a character which is not UTF-8 may be replaced: what is then looked for in a database
/// is not found there, which is said.
fn text_of(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

fn unknown_version(major: u8, minor: u8) -> Error {
    let (oldest, newest) = (MINORS.start(), MINORS.end());
    Error::failed(format!(
        "the archive has version {major}.{minor}; this Backstay reads 1.{oldest} to 1.{newest}"
    ))
    .next("install a newer Backstay, or set client_dir to a pg_dump it knows")
}
