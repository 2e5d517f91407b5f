//! A streaming reader of `pg_dump`'s custom archive format (`pg_backup_archiver.c`, `pg_backup_custom.c`), fed chunk by chunk
//! while a dump passes by. It knows whether the archive is complete, which neither the end of the stream nor an exit status
//! of 0 says, and counts the rows of every table on the way. Table contents are looked at in place and never copied.
//!
//! ```text
//! archive  = header  table-of-contents  block*
//! block    = 1 id part* 0              rows of one table, as COPY text
//!          | 3 id (oid part* 0)* 0     large objects
//! part     = length bytes
//! ```

mod contents;
mod repack;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use memchr::memchr_iter;

pub(super) use self::contents::{Contents, Entry};
use self::contents::{Layout, Parsed};
use self::repack::{Onward, Repack};
use crate::domain::manifest::Stats;
use crate::domain::{Error, Result};

/// What `pg_dump` writes behind the last row of a table.
const TRAILER: &[u8; 5] = b"\\.\n\n\n";

/// Line ends in [`TRAILER`].
const TRAILER_LINES: u64 = 3;

/// Bytes of one entry of the table of contents that are buffered before it is taken for damage.
const ENTRY_LIMIT: usize = 256 << 20;

/// A length of zero, in the widest integers there are.
const NO_MORE_PARTS: &[u8] = &[0; 9];

/// Block type of one table's rows.
const ROWS: u8 = 1;

/// Block type of large objects.
const LARGE_OBJECTS: u8 = 3;

/// Reads an archive that comes in pieces.
#[derive(Default)]
pub(super) struct Archive {
    state: State,
    /// What of the header and the table of contents is not understood yet.
    pending: Vec<u8>,
    /// Bytes of the header and the table of contents, as far as they are understood.
    head_bytes: usize,
    layout: Layout,
    contents: Contents,
    /// Rows by position in [`Contents::entries`], of the blocks that have ended.
    rows: BTreeMap<usize, u64>,
}

/// Where in the archive the next byte belongs.
#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Contents,
    /// Between blocks: the only place where an archive may end.
    BlockType,
    BlockId(u8, Integer),
    ObjectId(usize, Integer),
    PartLength(Inside, Integer),
    PartBytes(Inside, u64),
}

/// What the part being read is of.
#[derive(Clone, Copy)]
enum Inside {
    Rows(Rows),
    /// A large object, of this entry.
    Object(usize),
}

/// The rows of one table, going by.
#[derive(Clone, Copy)]
struct Rows {
    entry: usize,
    lines: u64,
    tail: [u8; TRAILER.len()],
}

/// An integer of the format that may lie across chunks: one byte of sign, then the magnitude, lowest byte first.
#[derive(Clone, Copy, Default)]
struct Integer {
    seen: usize,
    negative: bool,
    magnitude: u64,
}

impl Archive {
    /// Takes in the next bytes. Fails at the first that cannot be part of an archive, after which it is of no more use.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        self.read(chunk, &mut ())
    }

    /// The same, and puts behind `to` what they are in larger parts. Has to be used from the beginning.
    pub(super) fn repack(&mut self, chunk: &[u8], to: &mut Vec<u8>) -> Result<()> {
        // At most a part that began in the chunk before it needs a length anew.
        to.reserve(chunk.len() + NO_MORE_PARTS.len());
        let mut onward = Repack::new(to);
        self.read(chunk, &mut onward)?;
        onward.close();
        Ok(())
    }

    fn read(&mut self, chunk: &[u8], onward: &mut impl Onward) -> Result<()> {
        if !matches!(self.state, State::Contents) {
            return self.read_blocks(chunk, onward);
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(chunk);
        let used = self.read_contents(&pending)?;
        self.head_bytes += used;
        let (understood, left) = pending.split_at_checked(used).unwrap_or_default();
        onward.as_it_is(understood);
        if !matches!(self.state, State::Contents) {
            return self.read_blocks(left, onward);
        }
        if left.len() > ENTRY_LIMIT {
            return Err(damaged("an entry of its table of contents has no end"));
        }
        pending.drain(..used);
        self.pending = pending;
        Ok(())
    }

    /// The table of contents, as soon as all of it has been read.
    pub(super) fn contents(&self) -> Option<&Contents> {
        (!matches!(self.state, State::Contents)).then_some(&self.contents)
    }

    /// Bytes in front of the data: the header and, once it is known, the table of contents.
    pub(super) const fn head_bytes(&self) -> usize {
        self.head_bytes
    }

    /// What was counted. Fails when the archive is not complete: it must end between blocks, and all data that the table of
    /// contents promises must have come.
    pub(super) fn finish(&self) -> Result<Stats> {
        match self.state {
            State::BlockType => {}
            State::Contents => return Err(cut("in its table of contents")),
            State::BlockId(..) => return Err(cut("between two tables")),
            State::PartLength(Inside::Rows(rows), _) | State::PartBytes(Inside::Rows(rows), _) => {
                return Err(self.cut_in_rows(rows.entry));
            }
            State::ObjectId(..) | State::PartLength(..) | State::PartBytes(..) => {
                return Err(cut("in its large objects"));
            }
        }
        let entries = self.contents.entries().iter().enumerate();
        let mut missing = entries.filter(|(index, entry)| entry.has_data && !self.rows.contains_key(index));
        if let Some((index, _)) = missing.next() {
            let more = match missing.count() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            return Err(cut(&format!("before the data of {}{more}", self.name(index))));
        }
        Ok(self.stats())
    }

    fn stats(&self) -> Stats {
        let rows_by_table: BTreeMap<String, u64> = (self.rows.iter())
            .filter_map(|(index, rows)| Some((self.contents.entries().get(*index)?, *rows)))
            .filter(|(entry, _)| self.contents.counts(entry))
            .map(|(entry, rows)| (entry.qualified_name(), rows))
            .collect();
        Stats {
            tables: rows_by_table.len() as u64,
            rows: rows_by_table.values().sum(),
            rows_by_table,
        }
    }

    /// Reads whole items; says how many bytes they were.
    fn read_contents(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let parsed = if !self.layout.is_known() {
                self.contents.read_header(&mut self.layout, rest)?
            } else if self.contents.is_whole() {
                self.state = State::BlockType;
                return Ok(used);
            } else {
                self.contents.read_entry(self.layout, rest)?
            };
            match parsed {
                Parsed::Incomplete => return Ok(used),
                Parsed::Used(count) => used += count,
            }
        }
    }

    fn read_blocks(&mut self, mut bytes: &[u8], onward: &mut impl Onward) -> Result<()> {
        let width = self.layout.integer_bytes;
        let mut state = self.state;
        while let Some((first, behind_first)) = bytes.split_first() {
            match &mut state {
                State::Contents => return Err(damaged("its table of contents is not whole")),
                State::BlockType => {
                    onward.as_it_is(&[*first]);
                    state = State::BlockId(*first, Integer::default());
                    bytes = behind_first;
                }
                State::BlockId(kind, id) => {
                    let (taken, rest) = id.take(width, bytes);
                    onward.as_it_is(taken);
                    bytes = rest;
                    if id.is_whole(width) {
                        state = self.begin(*kind, id.value())?;
                    }
                }
                State::ObjectId(entry, id) => {
                    let (taken, rest) = id.take(width, bytes);
                    onward.as_it_is(taken);
                    bytes = rest;
                    if id.is_whole(width) {
                        state = self.begin_object(*entry, *id);
                    }
                }
                State::PartLength(inside, length) => {
                    (_, bytes) = length.take(width, bytes);
                    if length.is_whole(width) {
                        state = match length.as_length()? {
                            0 => {
                                onward.as_it_is(NO_MORE_PARTS.get(..=width).unwrap_or(NO_MORE_PARTS));
                                self.end(*inside)?
                            }
                            length => State::PartBytes(*inside, length),
                        };
                    }
                }
                State::PartBytes(inside, left) => {
                    let take = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    let (part, rest) = bytes.split_at_checked(take).unwrap_or((bytes, &[]));
                    if let Inside::Rows(rows) = inside {
                        rows.look_at(part);
                    }
                    onward.data(width, part);
                    bytes = rest;
                    *left -= part.len() as u64;
                    if *left == 0 {
                        state = State::PartLength(*inside, Integer::default());
                    }
                }
            }
        }
        self.state = state;
        Ok(())
    }

    fn begin(&self, kind: u8, id: i64) -> Result<State> {
        let unknown = || damaged(&format!("it holds data that belongs to no entry ({id})"));
        let entry = self.contents.index_of(id).ok_or_else(unknown)?;
        if self.rows.contains_key(&entry) {
            return Err(damaged(&format!("it holds the data of {} twice", self.name(entry))));
        }
        match kind {
            ROWS => {
                let rows = Rows {
                    entry,
                    lines: 0,
                    tail: [0; TRAILER.len()],
                };
                Ok(State::PartLength(Inside::Rows(rows), Integer::default()))
            }
            LARGE_OBJECTS => Ok(State::ObjectId(entry, Integer::default())),
            other => Err(damaged(&format!("a block has the unknown type {other}"))),
        }
    }

    /// An object id of zero ends the large objects.
    fn begin_object(&mut self, entry: usize, id: Integer) -> State {
        if id.magnitude != 0 {
            return State::PartLength(Inside::Object(entry), Integer::default());
        }
        self.rows.insert(entry, 0);
        State::BlockType
    }

    fn end(&mut self, inside: Inside) -> Result<State> {
        match inside {
            Inside::Object(entry) => Ok(State::ObjectId(entry, Integer::default())),
            Inside::Rows(rows) if self.contents.holds_rows(rows.entry) && rows.tail != *TRAILER => {
                Err(self.cut_in_rows(rows.entry))
            }
            Inside::Rows(rows) => {
                self.rows.insert(rows.entry, rows.lines.saturating_sub(TRAILER_LINES));
                Ok(State::BlockType)
            }
        }
    }

    fn cut_in_rows(&self, entry: usize) -> Error {
        cut(&format!("in the rows of {}", self.name(entry)))
    }

    fn name(&self, entry: usize) -> String {
        self.contents
            .entries()
            .get(entry)
            .map(Entry::qualified_name)
            .unwrap_or_default()
    }
}

impl Rows {
    fn look_at(&mut self, part: &[u8]) {
        self.lines += memchr_iter(b'\n', part).count() as u64;
        if let Some(last) = part.last_chunk() {
            self.tail = *last;
            return;
        }
        for byte in part {
            self.tail.rotate_left(1);
            if let Some(last) = self.tail.last_mut() {
                *last = *byte;
            }
        }
    }
}

impl Integer {
    /// Takes what belongs to it; says what that was, and what is left.
    fn take<'a>(&mut self, width: usize, bytes: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        // Nearly always: all of it is there, in the usual width. A row has one of these, so it has to be quick.
        if let (0, 4, Some((all @ [sign, magnitude @ ..], rest))) = (self.seen, width, bytes.split_first_chunk::<5>()) {
            *self = Self {
                seen: 5,
                negative: *sign != 0,
                magnitude: u32::from_le_bytes(*magnitude).into(),
            };
            return (all, rest);
        }
        let missing = (width + 1).saturating_sub(self.seen);
        let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        for byte in taken {
            match self.seen.checked_sub(1) {
                None => self.negative = *byte != 0,
                // Magnitudes wider than 64 bits do not exist: the header's check refuses them.
                Some(place) => self.magnitude |= u64::from(*byte) << (8 * place),
            }
            self.seen += 1;
        }
        (taken, rest)
    }

    const fn is_whole(self, width: usize) -> bool {
        self.seen > width
    }

    fn value(self) -> i64 {
        let magnitude = i64::try_from(self.magnitude).unwrap_or(i64::MAX);
        if self.negative { -magnitude } else { magnitude }
    }

    fn as_length(self) -> Result<u64> {
        if self.negative {
            return Err(damaged("a part of it has a negative length"));
        }
        Ok(self.magnitude)
    }
}

fn cut(place: &str) -> Error {
    Error::failed(format!("the archive is cut short {place}")).next("run it again; the dump is of no use")
}

fn damaged(how: &str) -> Error {
    Error::failed(format!("this is no valid archive of pg_dump: {how}"))
}
