//! Secrets: text that cannot be printed by accident, and the masking of a run's own secrets in everything it says.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A credential. `Debug` and `Display` show nothing of it; its JSON schema says `writeOnly`, which is what forms, flags and
/// redaction go by. Serialising it gives the value, since a configuration is only ever serialised in order to be sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("writeOnly" = true))]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The credential itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Replaces the secret values of a run, exactly, in whatever is about to be stored or shown.
#[derive(Clone, Default)]
pub struct Redactor {
    values: Vec<String>,
}

impl Redactor {
    /// Knows these values. Those under four characters are left out: masking them would only scramble the text.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().filter(|value| value.chars().count() >= 4).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// `text` with every known value replaced by `****`.
    pub fn mask(&self, text: &str) -> String {
        self.values
            .iter()
            .fold(text.to_owned(), |text, value| text.replace(value.as_str(), "****"))
    }

    /// The same error, masked.
    #[must_use]
    pub fn mask_error(&self, error: &super::Error) -> super::Error {
        super::Error {
            message: self.mask(&error.message),
            object: self.mask(&error.object),
            next: self.mask(&error.next),
            parts: error.parts.iter().map(|part| self.mask_error(part)).collect(),
            ..*error
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} values)", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_is_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter22")), "Secret(…)");
    }

    #[test]
    fn the_longer_secret_is_masked_first() {
        let redactor = Redactor::new(["pass".to_owned(), "password1".to_owned(), "ab".to_owned()]);
        assert_eq!(redactor.mask("ab: password1, pass"), "ab: ****, ****");
    }
}
