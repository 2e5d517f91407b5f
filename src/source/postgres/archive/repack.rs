//! An archive in larger parts. `pg_dump` makes a part of every row, `pg_restore` sends every part to the server as a message of
//! its own, and the server takes them in one by one: with many rows to a part, all three have less to do. The data, its order
//! and what lies between it stay the same.

/// Bytes after which a part is closed. More saves nothing that can be measured, and no longer fits a processor's nearest cache.
const PART_BYTES: usize = 32 << 10;

/// Where the bytes of an archive go on from its reader.
pub(super) trait Onward {
    /// What stays as it is.
    fn as_it_is(&mut self, bytes: &[u8]);

    /// A piece of a part's data, of an archive whose integers have a magnitude of `width` bytes.
    fn data(&mut self, width: usize, bytes: &[u8]);
}

/// Nowhere.
impl Onward for () {
    fn as_it_is(&mut self, _: &[u8]) {}

    fn data(&mut self, _: usize, _: &[u8]) {}
}

/// Writes the archive anew.
pub(super) struct Repack<'a> {
    to: &'a mut Vec<u8>,
    open: Option<Part>,
}

/// A part that takes in more; its length is written when it is closed.
struct Part {
    begins: usize,
    width: usize,
}

impl<'a> Repack<'a> {
    /// Puts it behind what is in `to`.
    pub(super) const fn new(to: &'a mut Vec<u8>) -> Self {
        Self { to, open: None }
    }

    /// Makes what was written whole parts.
    pub(super) fn close(&mut self) {
        let Some(Part { begins, width }) = self.open.take() else {
            return;
        };
        let length = (self.to.len() - begins) as u64;
        let magnitude = self.to.get_mut(begins.saturating_sub(width)..begins);
        for (place, byte) in magnitude.into_iter().flatten().zip(length.to_le_bytes()) {
            *place = byte;
        }
    }
}

impl Onward for Repack<'_> {
    fn as_it_is(&mut self, bytes: &[u8]) {
        self.close();
        self.to.extend_from_slice(bytes);
    }

    fn data(&mut self, width: usize, bytes: &[u8]) {
        if self.open.is_none() {
            // The sign, and room for the magnitude.
            self.to.resize(self.to.len() + 1 + width, 0);
            let begins = self.to.len();
            self.open = Some(Part { begins, width });
        }
        self.to.extend_from_slice(bytes);
        if self
            .open
            .as_ref()
            .is_some_and(|part| self.to.len() - part.begins >= PART_BYTES)
        {
            self.close();
        }
    }
}
