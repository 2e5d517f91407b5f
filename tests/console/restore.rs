//! Tests of the restore part.
