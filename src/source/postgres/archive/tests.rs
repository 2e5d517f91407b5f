//! The reader against archives that `pg_dump` 15 to 18 wrote of the same small database.

use proptest::prelude::*;

use super::*;

const ARCHIVES: [(&str, &[u8]); 4] = [
    ("15", include_bytes!("../../../../tests/archives/postgresql-15.dump")),
    ("16", include_bytes!("../../../../tests/archives/postgresql-16.dump")),
    ("17", include_bytes!("../../../../tests/archives/postgresql-17.dump")),
    ("18", include_bytes!("../../../../tests/archives/postgresql-18.dump")),
];

fn read(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Stats> {
    let mut archive = Archive::default();
    for piece in pieces {
        archive.feed(piece.as_ref())?;
    }
    archive.finish()
}

fn expected() -> Stats {
    let rows = [("public.Größe \"x\"", 20), ("public.nothing", 0), ("public.orders", 3)];
    Stats {
        tables: 3,
        rows: 23,
        rows_by_table: rows.map(|(name, rows)| (name.to_owned(), rows)).into(),
    }
}

#[test]
fn a_whole_archive_is_complete_and_counted() {
    for (version, bytes) in ARCHIVES {
        assert_eq!(read([bytes]).unwrap(), expected(), "{version}");
        let mut archive = Archive::default();
        archive.feed(bytes).unwrap();
        let contents = archive.contents().unwrap();
        assert!(contents.dump_version.starts_with(version), "{}", contents.dump_version);
        let database = contents
            .entries()
            .iter()
            .find(|entry| entry.kind == "DATABASE")
            .unwrap();
        assert!(database.definition.contains("ENCODING = 'UTF8'") && database.owner == "postgres");
        assert!(!contents.is_data_only());
    }
}

#[test]
fn every_prefix_is_incomplete() {
    for (version, bytes) in ARCHIVES {
        let mut archive = Archive::default();
        for (length, byte) in bytes.iter().enumerate() {
            assert!(
                archive.finish().is_err(),
                "{version}: {length} bytes pass for a whole archive"
            );
            archive.feed(&[*byte]).unwrap();
        }
        assert_eq!(archive.finish().unwrap(), expected());
    }
}

#[test]
fn nothing_may_trail() {
    for (version, bytes) in ARCHIVES {
        for extra in 0..=u8::MAX {
            assert!(read([bytes, &[extra]]).is_err(), "{version}: {extra}");
        }
        assert!(read([bytes, bytes]).is_err());
    }
}

#[test]
fn a_block_that_lost_a_row_end_is_noticed() {
    let (_, bytes) = ARCHIVES[0];
    let at = bytes
        .windows(TRAILER.len())
        .position(|window| window == TRAILER)
        .unwrap();
    let mut changed = bytes.to_vec();
    changed[at] = b'x';
    assert!(read([changed]).unwrap_err().message.contains("in the rows of public."));
}

#[test]
fn versions_that_are_not_known_are_named() {
    let mut newer = ARCHIVES[3].1.to_vec();
    newer[6] = 17;
    assert!(read([newer]).unwrap_err().message.contains("version 1.17"));
    assert!(read([b"-- PostgreSQL database dump\n"]).is_err());
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut(version in 0..ARCHIVES.len(), sizes in prop::collection::vec(1_usize..2_000, 1..200)) {
        let mut rest = ARCHIVES[version].1;
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(read(pieces).unwrap(), expected());
    }

    #[test]
    fn damage_is_an_error_or_harmless_but_never_a_crash(version in 0..ARCHIVES.len(), at in 0_usize..18_000, bit in 0_u32..8) {
        let mut bytes = ARCHIVES[version].1.to_vec();
        bytes[at] ^= 1_u8 << bit;
        let _ = read([bytes]);
    }
}

/// What an archive says, whatever its parts are: runs of data, and what lies between them.
#[derive(Debug, Default, PartialEq)]
struct Said {
    runs: Vec<(bool, Vec<u8>)>,
    parts: usize,
}

impl Said {
    fn of(archive: &[u8]) -> Self {
        let (mut reader, mut said) = (Archive::default(), Self::default());
        reader.read(archive, &mut said).unwrap();
        said
    }

    fn put(&mut self, is_data: bool, bytes: &[u8]) {
        match self.runs.last_mut() {
            Some((last, run)) if *last == is_data => run.extend_from_slice(bytes),
            _ => self.runs.push((is_data, bytes.to_vec())),
        }
    }
}

impl Onward for Said {
    fn as_it_is(&mut self, bytes: &[u8]) {
        self.put(false, bytes);
    }

    fn data(&mut self, _: usize, bytes: &[u8]) {
        self.parts += 1;
        self.put(true, bytes);
    }
}

fn repacked<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut archive, mut to) = (Archive::default(), Vec::new());
    for piece in pieces {
        archive.repack(piece, &mut to).unwrap();
    }
    archive.finish().unwrap();
    to
}

#[test]
fn in_larger_parts_an_archive_says_the_same() {
    for (version, bytes) in ARCHIVES {
        let (before, larger) = (Said::of(bytes), repacked([bytes]));
        let after = Said::of(&larger);
        assert_eq!(after.runs, before.runs, "{version}");
        // Two tables have rows and one has none, there is one large object, and `pg_dump` made a part of each row.
        let runs = before.runs.iter().filter(|(is_data, _)| *is_data).count();
        assert!(
            after.parts == runs && before.parts > 20,
            "{version}: {} parts",
            after.parts
        );
        assert_eq!(read([&larger]).unwrap(), expected(), "{version}");
    }
}

#[test]
fn a_part_is_closed_when_it_is_large() {
    let (mut to, row) = (Vec::new(), [b'x'; 100]);
    let mut repack = Repack::new(&mut to);
    for _ in 0..1000 {
        repack.data(4, &row);
    }
    repack.close();
    // 32,800 bytes are the first multiple of 100 that is 32 KiB or more; a length of 5 bytes stands before each part.
    assert_eq!(to.len(), 100_000 + 4 * 5);
    assert_eq!(to[..5], [0, 0x20, 0x80, 0, 0]);
    assert_eq!(to[5 + 32_800..][..5], [0, 0x20, 0x80, 0, 0]);
}

proptest! {
    #[test]
    fn larger_parts_say_the_same_wherever_the_chunks_end(which in 0..ARCHIVES.len(), sizes in prop::collection::vec(1_usize..400, 1..20)) {
        let mut left = ARCHIVES[which].1;
        let mut sizes = sizes.into_iter().cycle();
        let pieces = std::iter::from_fn(|| {
            let (piece, rest) = left.split_at(sizes.next()?.min(left.len()));
            left = rest;
            (!piece.is_empty()).then_some(piece)
        });
        let larger = repacked(pieces);
        prop_assert_eq!(Said::of(&larger).runs, Said::of(ARCHIVES[which].1).runs);
        prop_assert_eq!(read([&larger]).unwrap(), expected());
    }
}
