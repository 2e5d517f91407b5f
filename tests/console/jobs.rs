//! Tests of the jobs part.
