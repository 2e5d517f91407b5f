//! Copying through the terminal (OSC 52): it reaches the clipboard of the machine the operator sits at, over any number of
//! SSH hops, where a clipboard tool would reach only that of the machine the console runs on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The sequence that puts `text` on the clipboard.
pub fn copy(text: &str) -> Vec<u8> {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_copied_cannot_end_the_sequence() {
        let bytes = super::copy("a\x07b\x1b");
        assert_eq!(bytes, b"\x1b]52;c;YQdiGw==\x07");
    }
}
