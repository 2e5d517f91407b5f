//! What a question was answered: the last good answer, and why there is no newer one. Several questions are answered at about
//! the same time, so each keeps its own failure.

use crate::domain::{Error, Result};

/// An answer that is asked for again and again.
#[derive(Debug)]
pub struct Answer<T> {
    value: Option<T>,
    error: Option<Error>,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self {
            value: None,
            error: None,
        }
    }
}

impl<T> Answer<T> {
    /// Takes a newer one in; a failure leaves the last good one.
    pub fn take(&mut self, answer: Result<T>) {
        match answer {
            Ok(value) => {
                *self = Self {
                    value: Some(value),
                    error: None,
                }
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// The last good one.
    pub const fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Whether there was no answer at all yet, not even that there is none.
    pub const fn is_unanswered(&self) -> bool {
        self.value.is_none() && self.error.is_none()
    }

    /// Why there is no newer one.
    pub const fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl<T> Answer<Vec<T>> {
    /// The rows of the last good one; none before there is one.
    pub fn rows(&self) -> &[T] {
        self.value.as_deref().unwrap_or_default()
    }
}
