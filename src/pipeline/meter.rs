//! Counters of a run that goes on: plain bytes in, stored bytes out per copy. Cheap to add to, read from outside.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a run has moved so far. Bytes, summed over all objects.
#[derive(Debug, Default)]
pub struct Meter {
    plain: AtomicU64,
    read_back: AtomicU64,
    compressing_rest: AtomicBool,
    copies: Vec<AtomicU64>,
}

impl Meter {
    /// A meter for this many copies.
    pub fn new(copies: usize) -> Self {
        Self {
            plain: AtomicU64::new(0),
            read_back: AtomicU64::new(0),
            compressing_rest: AtomicBool::new(false),
            copies: (0..copies).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Counts plain bytes.
    pub fn add_plain(&self, bytes: usize) {
        self.plain.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes written to the copy with this index.
    pub fn add_copy(&self, copy: usize, bytes: usize) {
        if let Some(counter) = self.copies.get(copy) {
            counter.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Counts stored bytes that were read back.
    pub fn add_read(&self, bytes: usize) {
        self.read_back.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Says whether an object was read to its end while the compressor still has some of it: a strong one holds a lot.
    pub fn compresses_rest(&self, is_so: bool) {
        self.compressing_rest.store(is_so, Ordering::Relaxed);
    }

    /// Whether nothing is left to be read of the object, and some of it to be compressed.
    pub fn is_compressing_rest(&self) -> bool {
        self.compressing_rest.load(Ordering::Relaxed)
    }

    /// Plain bytes so far.
    pub fn plain(&self) -> u64 {
        self.plain.load(Ordering::Relaxed)
    }

    /// Stored bytes so far, by copy.
    pub fn copies(&self) -> Vec<u64> {
        self.copies
            .iter()
            .map(|counter| counter.load(Ordering::Relaxed))
            .collect()
    }

    /// Grows whenever anything moves: what stuck detection watches.
    pub fn total(&self) -> u64 {
        self.plain() + self.read_back.load(Ordering::Relaxed) + self.copies().iter().sum::<u64>()
    }
}
