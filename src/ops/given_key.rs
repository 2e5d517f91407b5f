//! A key that somebody hands in as a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::domain::error::Context;
use crate::domain::{Error, Result};
use crate::vault::Key;

/// More than any key file with white space around it.
const LONGEST_BYTES: u64 = 4096;

/// A key read from a file with 64 hex digits.
pub struct GivenKey(Key);

impl GivenKey {
    /// Reads the file, or with `-` standard input.
    pub fn read(path: &Path) -> Result<Self> {
        let (object, text) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), text(std::io::stdin().lock()))
        } else {
            let object = path.display().to_string();
            let file = File::open(path).doing("cannot open the key file", &object)?;
            (object, text(file))
        };
        text.and_then(|text| Key::from_hex(&text))
            .map(Self)
            .map_err(|error| error.or_on(object))
    }

    pub(super) const fn key(&self) -> &Key {
        &self.0
    }
}

fn text(from: impl Read) -> Result<Zeroizing<String>> {
    // Room for all of it at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(LONGEST_BYTES).unwrap_or_default(),
    ));
    from.take(LONGEST_BYTES).read_to_string(&mut text).map_err(|error| {
        Error::usage(format!("it cannot be read as text: {error}")).next("give a file with 64 hex digits")
    })?;
    Ok(text)
}
