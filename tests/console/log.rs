//! Tests of the log part.
