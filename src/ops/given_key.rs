//! A key that somebody hands in as a file. One that others can read is told apart: what it sealed can be read with it all the
//! same, and it is not taken in to seal anything.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::domain::error::{Context, in_words};
use crate::domain::{Error, Result};
use crate::vault::Key;
use crate::vault::exposure::exposed;

/// More than any key file with white space around it.
const LONGEST_BYTES: u64 = 4096;

/// A key read from a file with 64 hex digits.
pub struct GivenKey {
    key: Key,
    exposed: Option<Error>,
}

impl GivenKey {
    /// Reads the file, or with `-` standard input.
    pub fn read(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            let key = key_in(std::io::stdin().lock()).map_err(|error| error.or_on("standard input"))?;
            return Ok(Self { key, exposed: None });
        }
        let object = path.display().to_string();
        let file = File::open(path).doing("cannot open the key file", &object)?;
        let metadata = file
            .metadata()
            .doing("cannot read the permissions of the key file", &object)?;
        // A pipe is nobody else's, whatever its mode.
        let exposed = exposed(&metadata, "the key", &object).filter(|_| metadata.is_file());
        let key = key_in(file).map_err(|error| error.or_on(&object))?;
        Ok(Self { key, exposed })
    }

    /// What is wrong with the file when others than its owner can read it, in words.
    pub fn warning(&self) -> Option<String> {
        self.exposed.as_ref().map(ToString::to_string)
    }

    /// Refuses a key that others can read.
    pub(super) fn refuse_exposed(&self) -> Result<()> {
        match &self.exposed {
            Some(exposed) => Err(exposed.clone()),
            None => Ok(()),
        }
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }
}

fn key_in(from: impl Read) -> Result<Key> {
    // Room for all of it at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(LONGEST_BYTES).unwrap_or_default(),
    ));
    from.take(LONGEST_BYTES).read_to_string(&mut text).map_err(|error| {
        Error::usage(format!("it cannot be read as text: {}", in_words(&error))).next("give a file with 64 hex digits")
    })?;
    Key::from_hex(&text)
}
