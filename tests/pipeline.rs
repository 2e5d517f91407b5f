//! The byte path there and back: whatever the compression, the sealing and the size, what comes out is what went in, and
//! nothing that was changed on the way comes out as good.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

use std::sync::Arc;

use backstay::domain::job::Compression;
use backstay::domain::{Error, Kind};
use backstay::pipeline::chunks::{self, Chunks};
use backstay::pipeline::encode::{self, Encoded, Encoding};
use backstay::pipeline::meter::Meter;
use backstay::pipeline::open::{self, Decoding, Expected, Proof};
use backstay::vault::Key;
use bytes::Bytes;
use proptest::prelude::*;

fn stream(bytes: Vec<u8>, piece: usize, verdict: Result<(), Error>) -> Chunks {
    let (sender, chunks) = chunks::channel();
    tokio::spawn(async move {
        for part in bytes.chunks(piece) {
            if sender.send(Bytes::copy_from_slice(part)).await.is_err() {
                return;
            }
        }
        sender.finish(verdict).await;
    });
    chunks
}

async fn collect(mut chunks: Chunks) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

async fn store(plain: Vec<u8>, piece: usize, encoding: Encoding) -> (Vec<u8>, Encoded) {
    let (stored, task) = encode::start(stream(plain, piece, Ok(())), encoding, Arc::new(Meter::new(0)));
    let stored = collect(stored).await.unwrap();
    (stored, task.await.unwrap().unwrap())
}

async fn fetch(stored: Vec<u8>, encoding: &Encoding, encoded: &Encoded, proof: Proof) -> Result<Vec<u8>, Error> {
    let decoding = Decoding {
        algorithm: encoding.compression.algorithm().to_owned(),
        key: encoding.key.clone(),
    };
    let expected = Expected {
        stored: Some((encoded.stored_size, encoded.sha256.clone())),
        plain: Some((encoded.plain_size, encoded.plain_sha256.clone())),
        proof,
    };
    collect(open::plain(stream(stored, 100_000, Ok(())), decoding, expected)).await
}

fn encodings() -> impl Strategy<Value = Encoding> {
    let compression = prop_oneof![
        Just(Compression::None),
        (1..=5_u8).prop_map(Compression::Zstd),
        (1..=9_u8).prop_map(Compression::Gzip),
        (0..=4_u8).prop_map(Compression::Brotli),
    ];
    (compression, any::<bool>()).prop_map(|(compression, sealed)| Encoding {
        compression,
        key: sealed.then(|| Key::generate().unwrap()),
    })
}

fn plain() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![Just(0), Just(1), Just(1 << 20), 0..3_000_000_usize];
    (size, any::<u64>()).prop_map(|(size, seed)| {
        let mut state = seed | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        // Runs of repeats and of noise, as dumps have them.
        (0..size)
            .map(|at| {
                if at / 4096 % 2 == 0 {
                    at.to_le_bytes()[0] % 61
                } else {
                    next().to_le_bytes()[0]
                }
            })
            .collect()
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_was_stored_comes_back(plain in plain(), encoding in encodings(), piece in 1_000..2_000_000_usize) {
        runtime().block_on(async {
            let (stored, encoded) = store(plain.clone(), piece, encoding.clone()).await;
            assert_eq!(encoded.stored_size, stored.len() as u64);
            for proof in [Proof::Copy, Proof::Dump] {
                assert_eq!(fetch(stored.clone(), &encoding, &encoded, proof).await.unwrap(), plain);
            }
        });
    }

    #[test]
    fn nothing_changed_comes_back_as_good(
        plain in plain(), encoding in encodings(), at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<bool>(),
    ) {
        runtime().block_on(async {
            let (mut stored, encoded) = store(plain, 50_000, encoding.clone()).await;
            if stored.is_empty() {
                stored.push(0);
            } else if cut {
                stored.truncate(at.index(stored.len()));
            } else {
                let at = at.index(stored.len());
                stored[at] ^= 1 << bit;
            }
            for proof in [Proof::Copy, Proof::Dump] {
                assert!(fetch(stored.clone(), &encoding, &encoded, proof).await.is_err());
            }
        });
    }
}

#[tokio::test]
async fn a_dump_that_failed_is_never_stored_as_whole() {
    for key in [None, Some(Key::generate().unwrap())] {
        let dump = stream(vec![7; 3_000_000], 10_000, Err(Error::failed("exit status 1")));
        let encoding = Encoding {
            compression: Compression::Zstd(1),
            key,
        };
        let (stored, task) = encode::start(dump, encoding, Arc::new(Meter::new(0)));
        assert!(collect(stored).await.is_err());
        assert_eq!(task.await.unwrap().unwrap_err().message, "exit status 1");
    }
}

#[tokio::test]
async fn what_is_read_and_not_yet_compressed_is_no_end() {
    let mut seed = 1_u64;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(seed >> 56).unwrap()
    });
    // More than waits between two stages when nobody takes what is stored, and less than the compressor takes in.
    let plain: Vec<u8> = noise.take(12 << 20).collect();
    let meter = Arc::new(Meter::new(0));
    let encoding = Encoding {
        compression: Compression::Zstd(12),
        key: None,
    };
    let (stored, task) = encode::start(stream(plain, 1 << 20, Ok(())), encoding, Arc::clone(&meter));
    while !meter.is_compressing_rest() {
        tokio::task::yield_now().await;
    }
    assert_eq!(meter.plain(), 12 << 20);
    collect(stored).await.unwrap();
    task.await.unwrap().unwrap();
    assert!(!meter.is_compressing_rest());
}

#[tokio::test]
async fn what_was_changed_does_not_open_to_something_else_without_its_manifest_either() {
    let plain: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> (n % 7)).to_le_bytes())
        .collect();
    for compression in [Compression::Zstd(3), Compression::Gzip(6)] {
        let encoding = Encoding { compression, key: None };
        let (stored, _) = store(plain.clone(), 50_000, encoding).await;
        for at in (0..stored.len()).step_by(stored.len() / 300) {
            let mut changed = stored.clone();
            changed[at] ^= 1 << (at % 8);
            let decoding = Decoding {
                algorithm: compression.algorithm().to_owned(),
                key: None,
            };
            let opened = open::plain(stream(changed, 100_000, Ok(())), decoding, Expected::default());
            // Some bits say nothing of the data: when a gzip file was made, and by which program.
            if let Ok(opened) = collect(opened).await {
                assert!(opened == plain, "{compression}: byte {at}");
            }
        }
    }
}

#[tokio::test]
async fn a_sealed_stream_that_was_changed_is_told_of_with_one_next_step() {
    let encoding = Encoding {
        compression: Compression::Zstd(3),
        key: Some(Key::generate().unwrap()),
    };
    let (mut stored, encoded) = store(vec![7; 100_000], 10_000, encoding.clone()).await;
    let last = stored.len() - 1;
    stored[last] ^= 1;
    let error = fetch(stored, &encoding, &encoded, Proof::Dump).await.unwrap_err();
    assert!(error.message.contains("is damaged"), "{error}");
    assert!(!error.message.contains("another copy"), "{error}");
    assert!(error.next.contains("another copy"), "{error}");
}

#[tokio::test]
async fn another_key_opens_nothing_and_says_so() {
    let encoding = Encoding {
        compression: Compression::None,
        key: Some(Key::generate().unwrap()),
    };
    let (stored, encoded) = store(b"secret".to_vec(), 10, encoding.clone()).await;
    let other = Encoding {
        key: Some(Key::generate().unwrap()),
        ..encoding
    };
    let error = fetch(stored, &other, &encoded, Proof::Dump).await.unwrap_err();
    assert_eq!(error.kind, Kind::WrongKey, "{error}");
}

#[tokio::test]
async fn another_object_under_the_same_key_is_not_the_dump() {
    for compression in [Compression::None, Compression::Zstd(3)] {
        let encoding = Encoding {
            compression,
            key: Some(Key::generate().unwrap()),
        };
        let (_, tuesday) = store(vec![2; 100_000], 10_000, encoding.clone()).await;
        let (monday, _) = store(vec![1; 100_000], 10_000, encoding.clone()).await;
        for proof in [Proof::Copy, Proof::Dump] {
            let error = fetch(monday.clone(), &encoding, &tuesday, proof).await.unwrap_err();
            assert!(error.message.contains("the manifest says"), "{error}");
        }
    }
}
