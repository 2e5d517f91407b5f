//! The sealed stream against its published vectors, and against everything that can happen to a stored file.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::*;
use crate::domain::Kind;

const CHUNK: usize = 1 << 16;
const SEALED_CHUNK: usize = CHUNK + TAG_LENGTH;

fn key() -> Key {
    Key::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

fn pattern(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}

fn header() -> Header {
    Header {
        key_id: key().id(),
        salt: std::array::from_fn(|index| u8::try_from(index + 100).unwrap()),
        chunk_log2: 16,
    }
}

fn seal(plain: &[u8]) -> Vec<u8> {
    let mut writer = SealWriter::with_header(Vec::new(), &key(), &header()).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

/// The plain bytes, or what came out before the error and the error.
fn open(sealed: &[u8]) -> Result<Vec<u8>, (Vec<u8>, String)> {
    let mut plain = Vec::new();
    let mut reader = OpenReader::new(sealed, &key()).map_err(|error| (Vec::new(), error.to_string()))?;
    match reader.read_to_end(&mut plain) {
        Ok(_) => Ok(plain),
        Err(error) => {
            assert!(
                reader.read(&mut [0; 8]).is_err(),
                "a failed reader must not report an end of file"
            );
            Err((plain, error.to_string()))
        }
    }
}

fn fault(sealed: &[u8]) -> String {
    open(sealed).unwrap_err().1
}

#[derive(Deserialize)]
struct Vectors {
    key: String,
    salt: String,
    chunk_log2: u8,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: usize,
    plain_sha256: String,
    sealed_sha256: String,
    sealed: Option<String>,
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn published_vectors_are_reproduced_and_opened() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../tests/vectors/stream.json")).unwrap();
    assert_eq!(vectors.key, key().to_hex().as_str());
    assert_eq!(vectors.salt, hex::encode(header().salt));
    assert_eq!(vectors.chunk_log2, header().chunk_log2);
    for case in vectors.cases {
        let plain = pattern(case.size);
        assert_eq!(sha256(&plain), case.plain_sha256);
        let sealed = seal(&plain);
        assert_eq!(sha256(&sealed), case.sealed_sha256, "size {}", case.size);
        if let Some(hex) = case.sealed {
            assert_eq!(hex::encode(&sealed), hex);
        }
        assert_eq!(open(&sealed).unwrap(), plain);
    }
    assert_eq!(
        open(include_bytes!("../../../tests/vectors/two-chunks.enc")).unwrap(),
        pattern(CHUNK + 1)
    );
}

#[test]
fn two_streams_of_the_same_bytes_share_nothing() {
    let sealed = || SealWriter::new(Vec::new(), &key()).unwrap().finish().unwrap();
    let (first, second) = (sealed(), sealed());
    assert_eq!(first.len(), HEADER_LENGTH + TAG_LENGTH);
    assert_ne!(first[28..60], second[28..60]);
    assert_ne!(first[64..], second[64..]);
    assert_eq!(read_header(&mut first.as_slice()).unwrap().chunk_size(), 1 << 20);
}

#[test]
fn no_cut_goes_unseen() {
    let sealed = seal(&pattern(2 * CHUNK + 100));
    let boundaries = [
        HEADER_LENGTH,
        HEADER_LENGTH + SEALED_CHUNK,
        HEADER_LENGTH + 2 * SEALED_CHUNK,
        sealed.len(),
    ];
    let near = boundaries
        .into_iter()
        .flat_map(|at| at.saturating_sub(20)..(at + 20).min(sealed.len()));
    for length in (0..sealed.len()).step_by(997).chain(0..HEADER_LENGTH).chain(near) {
        let (plain, _) = open(&sealed[..length]).unwrap_err();
        assert!(pattern(2 * CHUNK + 100).starts_with(&plain), "cut at {length}");
    }
}

#[test]
fn a_cut_at_a_chunk_boundary_is_named() {
    let sealed = seal(&pattern(2 * CHUNK));
    assert_eq!(sealed.len(), HEADER_LENGTH + 2 * SEALED_CHUNK);
    assert!(fault(&sealed[..HEADER_LENGTH + SEALED_CHUNK]).contains("ends after chunk 0, which is not its last"));
    assert!(fault(&sealed[..HEADER_LENGTH]).contains("chunk 0 of the sealed stream is damaged or cut off"));
    assert!(fault(&sealed[..40]).contains("ends inside its header"));
}

#[test]
fn bytes_after_the_last_chunk_are_refused() {
    for size in [0, 10, CHUNK, CHUNK + 1] {
        for added in [1, TAG_LENGTH, SEALED_CHUNK] {
            let mut sealed = seal(&pattern(size));
            sealed.resize(sealed.len() + added, 0);
            assert!(open(&sealed).is_err(), "{size} + {added}");
        }
    }
    let mut sealed = seal(&pattern(CHUNK));
    sealed.push(0);
    assert!(fault(&sealed).contains("goes on after chunk 0, its last"));
}

#[test]
fn two_streams_one_after_the_other_are_not_one() {
    let sealed = seal(&pattern(CHUNK));
    assert!(open(&[sealed.clone(), sealed].concat()).is_err());
}

#[test]
fn chunks_cannot_be_swapped_dropped_or_doubled() {
    let sealed = seal(&pattern(4 * CHUNK));
    let (head, body) = sealed.split_at(HEADER_LENGTH);
    let chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    for order in [
        vec![1, 0, 2, 3],
        vec![0, 2, 3],
        vec![0, 1, 1, 2, 3],
        vec![0, 1, 3, 2],
        vec![3],
        vec![1, 2, 3],
    ] {
        let forged: Vec<u8> = head
            .iter()
            .chain(order.iter().flat_map(|index| chunks[*index]))
            .copied()
            .collect();
        assert!(open(&forged).is_err(), "{order:?}");
    }
    let dropped = [head, chunks[0], chunks[2], chunks[3]].concat();
    assert!(fault(&dropped).contains("chunk 1 of the sealed stream is damaged or in the wrong place"));
}

#[test]
fn no_flipped_bit_goes_unseen() {
    let plain = pattern(CHUNK + 300);
    let sealed = seal(&plain);
    for index in (0..HEADER_LENGTH)
        .chain((HEADER_LENGTH..sealed.len()).step_by(811))
        .chain(sealed.len() - 40..sealed.len())
    {
        let mut flipped = sealed.clone();
        flipped[index] ^= 1 << (index % 8);
        let (out, _) = open(&flipped).unwrap_err();
        assert!(
            out.is_empty() || out == plain[..CHUNK],
            "byte {index}: plaintext of a chunk that is not authentic"
        );
    }
}

#[test]
fn header_faults_are_told_apart() {
    let with = |index: usize, value: u8| {
        let mut sealed = seal(b"plain");
        sealed[index] = value;
        fault(&sealed)
    };
    assert!(with(0, b'X').contains("not a sealed stream"));
    assert!(with(8, 2).contains("cipher 2"));
    for (index, value) in [(9, 15), (9, 25), (9, 255), (10, 1), (11, 1), (60, 1), (63, 1)] {
        assert!(
            with(index, value).contains("header of the sealed stream is damaged"),
            "{index} {value}"
        );
    }
    assert!(
        with(9, 17).contains("chunk 0"),
        "a chunk size that is possible, but not the one sealed with"
    );
}

#[test]
fn another_key_is_named_by_id() {
    let other = Key::from_bytes([9; 32]);
    let sealed = seal(b"plain");
    let error = OpenReader::new(sealed.as_slice(), &other).err().unwrap();
    assert_eq!(error.kind, Kind::WrongKey);
    assert!(
        error.message.contains(&format!(
            "sealed with key {}, not with this one ({})",
            key().id(),
            other.id()
        )),
        "{error}"
    );
}

#[test]
fn the_header_tells_which_key_to_take() {
    let sealed = seal(b"plain");
    let found = read_header(&mut sealed.as_slice()).unwrap();
    assert_eq!(found, header());
}

#[test]
fn dropped_without_finish_it_has_no_last_chunk() {
    for size in [0, 1, CHUNK, CHUNK + 1] {
        let mut stored = Vec::new();
        let mut writer = SealWriter::with_header(&mut stored, &key(), &header()).unwrap();
        writer.write_all(&pattern(size)).unwrap();
        writer.flush().unwrap();
        drop(writer);
        assert!(open(&stored).is_err(), "size {size}");
    }
}

#[test]
fn the_last_chunk_number_works_and_the_next_is_refused() {
    let mut writer = SealWriter::with_header(io::sink(), &key(), &header()).unwrap();
    writer.skip_to(u32::MAX);
    writer.write_all(&pattern(CHUNK)).unwrap();
    writer.finish().unwrap();

    let mut writer = SealWriter::with_header(io::sink(), &key(), &header()).unwrap();
    writer.skip_to(u32::MAX);
    writer.write_all(&pattern(2 * CHUNK)).unwrap();
    assert!(
        writer
            .finish()
            .err()
            .unwrap()
            .to_string()
            .contains("4,294,967,296 chunks")
    );
}

#[test]
fn a_failed_write_is_never_tried_again_under_the_same_nonce() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut writer = SealWriter::with_header(Full(HEADER_LENGTH), &key(), &header()).unwrap();
    let error = writer.write_all(&pattern(CHUNK + 1)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    writer.inner_mut().0 = usize::MAX;
    assert!(writer.write(b"more").is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn a_failing_source_is_an_error_and_stays_one() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let sealed = seal(&pattern(CHUNK + 10));
    let mut reader = OpenReader::new(
        Cursor::new(&sealed[..HEADER_LENGTH + SEALED_CHUNK]).chain(Broken),
        &key(),
    )
    .unwrap();
    assert_eq!(
        reader.read(&mut [0; 8]).unwrap_err().kind(),
        io::ErrorKind::ConnectionReset
    );
    assert!(reader.read(&mut [0; 8]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_in_any_pieces_come_back(plain in prop::collection::vec(any::<u8>(), 0..3 * CHUNK), piece in 1..2 * CHUNK) {
        let mut writer = SealWriter::with_header(Vec::new(), &key(), &header()).unwrap();
        for part in plain.chunks(piece) {
            writer.write_all(part).unwrap();
        }
        let sealed = writer.finish().unwrap();
        prop_assert_eq!(sealed.len(), HEADER_LENGTH + plain.len() + TAG_LENGTH * plain.len().div_ceil(CHUNK).max(1));

        let mut reader = OpenReader::new(sealed.as_slice(), &key()).unwrap();
        let mut opened = Vec::new();
        let mut buffer = vec![0; piece];
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => break,
                read => opened.extend_from_slice(&buffer[..read]),
            }
        }
        prop_assert!(opened == plain);
    }
}
