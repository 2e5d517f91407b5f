//! Whether a key file is its owner's alone.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::domain::Error;

/// What is wrong with the mode of a file that holds `what`, when others than its owner have access to it.
pub fn exposed(metadata: &Metadata, what: &str, object: &str) -> Option<Error> {
    let mode = metadata.mode() & 0o7777;
    (mode & 0o077 != 0).then(|| {
        Error::refused(format!("others than its owner have access to {what} (mode {mode:04o})"))
            .on(object)
            .next(format!("run: chmod 600 '{object}'"))
    })
}
